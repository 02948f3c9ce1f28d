// OCPP 2.x block D, Local Authorization List Management.

import Domain
import Wire

// MARK: - SendLocalList (D01)

extension V2 {
  /// The tokens that a station lets charge while it is offline: all of them, or what changed.
  public struct SendLocalList: Message {
    public static let action = "SendLocalList"

    public enum UpdateType: String, Word { case differential = "Differential", full = "Full" }

    public var localAuthorizationList: [AuthorizationData]?
    public var versionNumber = 0, updateType = UpdateType.full

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("localAuthorizationList", &localAuthorizationList, count: 1...)
      try w.visit("versionNumber", &versionNumber)
      try w.visit("updateType", &updateType)
    }

    public enum Status: String, Answering {
      case accepted = "Accepted", failed = "Failed", versionMismatch = "VersionMismatch"
    }

    public typealias Reply = Answer<Status>
  }

  /// A token of the local list; without `idTokenInfo` it is removed from it.
  public struct AuthorizationData: Payload {
    public var idToken = IdToken(), idTokenInfo: IdTokenInfo?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("idToken", &idToken)
      try w.visit("idTokenInfo", &idTokenInfo)
    }
  }
}

// MARK: - GetLocalListVersion (D02)

extension V2 {
  /// Which list the station has; 0 is none.
  public struct GetLocalListVersion: Message {
    public static let action = "GetLocalListVersion"

    public init() {}
    public mutating func walk(_ w: inout some Walker) throws(Flaw) {}

    public struct Reply: Verdict {
      public var versionNumber = 0

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("versionNumber", &versionNumber) }

      public var refusal: String? { nil }
    }
  }
}

// MARK: - The house's words

extension V2 {
  static func request(_ command: LocalListCommand, _ edition: Edition) throws(Unspeakable) -> CommandRequest {
    switch command {
    case .version:
      return try CommandRequest(GetLocalListVersion(), edition) { ["version": .number(JSONNumber($0.versionNumber))] }
    case .send(let update):
      var call = SendLocalList()
      call.versionNumber = update.version
      call.updateType = update.isFull ? .full : .differential
      let entries = update.entries.map(AuthorizationData.init)
      // D01.FR.06: an empty whole list has no field.
      call.localAuthorizationList = entries.isEmpty ? nil : entries
      return try CommandRequest(call, edition)
    }
  }
}

extension V2.AuthorizationData {
  init(_ entry: LocalListEntry) {
    self.init()
    idToken = V2.IdToken(entry.tag, entry.kind)
    guard entry.standing != .removed else { return }
    var info = V2.IdTokenInfo()
    info.status = entry.standing == .accepted ? .accepted : .blocked
    info.cacheExpiryDateTime = entry.validUntil
    info.groupIdToken = entry.groupID.flatMap { V2.IdToken(group: $0) }
    idTokenInfo = info
  }
}

extension V2.IdToken {
  /// A token that the house lists: cards are read by ISO 14443 readers, and others are known to us alone.
  init(_ tag: String, _ kind: Token.Kind) {
    self.init()
    idToken = tag
    type = .known(kind == .rfid ? .iso14443 : .central)
  }
}
