import Wire

/// Something that takes a station a while: new firmware, or a file of its logs. What it says on the way is kept.
public struct StationJob: Sendable, Equatable {
  public enum Kind: String, Word { case firmware, diagnostics, security }

  public enum State: String, Word {
    case sent
    /// The file is on its way: to the station for firmware, from it for logs.
    case transferring
    /// The station has the firmware, and did not install it yet.
    case downloaded
    case installing
    /// Firmware is installed; the log is here, or where it was sent.
    case done
    case failed
    /// Another one took its place, or the operator gave it up.
    case cancelled

    public var isOpen: Bool {
      switch self {
      case .sent, .transferring, .downloaded, .installing: true
      case .done, .failed, .cancelled: false
      }
    }
  }

  public var id: String
  /// What the station knows it by: requestId.
  public var number: Int64
  public var station: ID<Station>
  public var kind: Kind
  public var state: State
  /// The station's own words, or the reason.
  public var word: String?
  /// Where the file comes from, or goes to.
  public var url: String
  /// The file at our own door, where it is that.
  public var file: String?
  /// What the station named its file.
  public var fileName: String?
  public var request: JSON
  public var campaign: String?
  public var command: String?
  public var origin: String
  public var createdAt: Timestamp
  public var updatedAt: Timestamp

  public init(
    id: String, number: Int64, station: ID<Station>, kind: Kind, url: String, file: String?, request: JSON,
    campaign: String?, origin: String, at now: Timestamp
  ) {
    (self.id, self.number, self.station, self.kind) = (id, number, station, kind)
    (self.url, self.file, self.request) = (url, file, request)
    (self.campaign, self.origin, createdAt, updatedAt) = (campaign, origin, now, now)
    state = .sent
  }
}

/// What the house asks about firmware and logs (OCPP 1.6 §5.19 and §5.9 and its security extension; OCPP 2.0.1 L01–L04,
/// N01).
public enum FirmwareCommand: Sendable, Equatable {
  case update(FirmwareWish)
  case log(LogWish)
  /// OCPP 2.x: a local controller offers the firmware to the stations behind it (L03).
  case publish(FirmwareWish, md5: String)
  /// It offers it no longer (L04).
  case unpublish(md5: String)

  public var verb: String {
    switch self {
    case .update: "update-firmware"
    case .log: "get-log"
    case .publish: "publish-firmware"
    case .unpublish: "unpublish-firmware"
    }
  }

  public var detail: JSON {
    switch self {
    case .update(let wish): ["request": .number(JSONNumber(wish.request)), "signed": .bool(wish.signature != nil)]
    case .log(let wish): ["request": .number(JSONNumber(wish.request)), "kind": .string(wish.kind.rawValue)]
    case .publish(let wish, let md5): ["request": .number(JSONNumber(wish.request)), "md5": .string(md5)]
    case .unpublish(let md5): ["md5": .string(md5)]
    }
  }
}

/// New firmware.
public struct FirmwareWish: Sendable, Equatable {
  public var request: Int64
  public var url: String
  public var retrieveAt: Timestamp
  public var installAt: Timestamp?
  public var retries: Int?
  public var retrySeconds: Int?
  /// Base64, and the certificate in PEM by which it is checked: both, or none.
  public var signature: String?
  public var certificate: String?

  public init(request: Int64, url: String, retrieveAt: Timestamp) {
    (self.request, self.url, self.retrieveAt) = (request, url, retrieveAt)
  }
}

/// A file of a station's logs.
public struct LogWish: Sendable, Equatable {
  public enum Kind: String, Word { case diagnostics, security }

  public var request: Int64
  public var kind: Kind
  public var url: String
  public var from: Timestamp?
  public var to: Timestamp?
  public var retries: Int?
  public var retrySeconds: Int?

  public init(request: Int64, kind: Kind, url: String) {
    (self.request, self.kind, self.url) = (request, kind, url)
  }
}

/// What a station tells of firmware and logs by itself.
@MainActor
public protocol MaintenanceReports: AnyObject {
  /// `request` is nil where the version has no number for it.
  func firmware(_ report: FirmwareReport) throws(TurnFault)
  func log(_ report: LogReport) throws(TurnFault)
}

public struct FirmwareReport: Sendable, Equatable {
  /// How far it is.
  public enum Step: Sendable, Equatable {
    case idle, transferring, downloaded, installing, installed
    case failed
  }

  public var step: Step
  /// The station's own word.
  public var word: String
  public var request: Int64?
  public var info: String?

  public init(_ step: Step, word: String, request: Int64?, info: String? = nil) {
    (self.step, self.word, self.request, self.info) = (step, word, request, info)
  }
}

public struct LogReport: Sendable, Equatable {
  public enum Step: Sendable, Equatable { case idle, transferring, uploaded, failed, cancelled }

  public var step: Step
  public var word: String
  public var request: Int64?
  public var info: String?

  public init(_ step: Step, word: String, request: Int64?, info: String? = nil) {
    (self.step, self.word, self.request, self.info) = (step, word, request, info)
  }
}
