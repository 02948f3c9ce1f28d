// OCPP 1.6 LocalAuthListManagement: the tokens that a station may take without asking.

import Domain
import Wire

extension V16 {
  static let localAuthCalls: [any Message.Type] = [GetLocalListVersion.self, SendLocalList.self]

  static func request(_ command: LocalListCommand) throws(Unspeakable) -> CommandRequest {
    switch command {
    case .version:
      try CommandRequest(GetLocalListVersion(), .v16) { ["version": .number(JSONNumber($0.listVersion))] }
    case .send(let update): try CommandRequest(SendLocalList(update), .v16)
    }
  }
}

// MARK: - GetLocalListVersion (§5.10)

extension V16 {
  /// Which version of the list do you have?
  public struct GetLocalListVersion: Message {
    public static let action = "GetLocalListVersion"

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {}

    public struct Reply: Verdict {
      /// 0 is an empty list, and -1 says that there is none.
      public var listVersion = 0

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("listVersion", &listVersion) }

      public var refusal: String? { listVersion < 0 ? "NotSupported" : nil }
    }
  }
}

// MARK: - SendLocalList (§5.15)

extension V16 {
  /// The list, or what changed in it.
  public struct SendLocalList: Message {
    public static let action = "SendLocalList"
    public enum Update: String, Word { case differential = "Differential", full = "Full" }

    public var listVersion = 1, localAuthorizationList: [AuthorizationData]?, updateType = Update.full

    public init() {}

    /// A tag that is too long for this version cannot be shown at its readers, and is left out.
    init(_ update: LocalListUpdate) {
      listVersion = update.version
      updateType = update.isFull ? .full : .differential
      localAuthorizationList = update.entries.filter { $0.tag.unicodeScalars.count <= 20 }.map { entry in
        AuthorizationData(entry, isFull: update.isFull)
      }
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("listVersion", &listVersion)
      try w.visit("localAuthorizationList", &localAuthorizationList)
      try w.visit("updateType", &updateType)
    }

    public struct Reply: Verdict {
      public enum Status: String, Word {
        case accepted = "Accepted", failed = "Failed", notSupported = "NotSupported"
        case versionMismatch = "VersionMismatch"
      }

      public var status = Loose<Status>.known(.failed)

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("status", &status) }

      public var refusal: String? { status.word == .accepted ? nil : status.text }
    }
  }

  /// §7.1. Without `idTagInfo` it takes the tag off the list.
  public struct AuthorizationData: Payload {
    public var idTag = "", idTagInfo: IdTagInfo?

    public init() {}

    init(_ entry: LocalListEntry, isFull: Bool) {
      idTag = entry.tag
      switch entry.standing {
      case .accepted: idTagInfo = IdTagInfo(Authorization(.accepted, groupID: entry.groupID))
      case .blocked: idTagInfo = IdTagInfo(Authorization(.blocked, groupID: entry.groupID))
      case .removed: idTagInfo = nil
      }
      idTagInfo?.expiryDate = entry.validUntil
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("idTag", &idTag, max: 20)
      try w.visit("idTagInfo", &idTagInfo)
    }
  }
}
