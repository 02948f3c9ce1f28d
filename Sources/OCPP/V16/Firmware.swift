// OCPP 1.6 FirmwareManagement: new firmware for a station, and its diagnostics for us.

import Domain
import Wire

extension V16 {
  static let firmwareRoutes = [
    FirmwareStatusNotification.route, DiagnosticsStatusNotification.route, SignedFirmwareStatusNotification.route,
    LogStatusNotification.route,
  ]
  static let firmwareCalls: [any Message.Type] = [
    UpdateFirmware.self, GetDiagnostics.self, SignedUpdateFirmware.self, GetLog.self,
  ]

  static func request(_ command: FirmwareCommand) throws(Unspeakable) -> CommandRequest {
    switch command {
    case .update(let wish):
      if let signature = wish.signature, let certificate = wish.certificate {
        return try CommandRequest(SignedUpdateFirmware(wish, signature, certificate), .v16)
      }
      return try CommandRequest(UpdateFirmware(wish), .v16)
    case .log(let wish):
      switch wish.kind {
      case .diagnostics: return try CommandRequest(GetDiagnostics(wish), .v16) { ["file_name": fileName($0.fileName)] }
      case .security: return try CommandRequest(GetLog(wish), .v16) { ["file_name": fileName($0.filename)] }
      }
    case .publish, .unpublish: throw Unspeakable("OCPP 1.6 has no local controllers that publish firmware")
    }
  }

  private static func fileName(_ name: String?) -> JSON { name.map { .string($0) } ?? .null }

  /// The reply to what a station tells, which is empty.
  public struct Noted: Payload {
    public init() {}
    public mutating func walk(_ w: inout some Walker) throws(Flaw) {}
  }
}

// MARK: - UpdateFirmware (§5.19), FirmwareStatusNotification (§4.5)

extension V16 {
  /// Fetch that firmware and install it.
  public struct UpdateFirmware: Message {
    public static let action = "UpdateFirmware"
    public var location = "", retries: Int?, retrieveDate = Timestamp.epoch, retryInterval: Int?

    public init() {}

    init(_ wish: FirmwareWish) {
      (location, retrieveDate) = (wish.url, wish.retrieveAt)
      (retries, retryInterval) = (wish.retries, wish.retrySeconds)
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("location", &location)
      try w.visit("retries", &retries, 0...)
      try w.visit("retrieveDate", &retrieveDate)
      try w.visit("retryInterval", &retryInterval, 0...)
    }

    /// Whether it will be done, the status tells.
    public struct Reply: Verdict {
      public init() {}
      public mutating func walk(_ w: inout some Walker) throws(Flaw) {}
      public var refusal: String? { nil }
    }
  }

  /// How far an update is.
  public struct FirmwareStatusNotification: Message {
    public static let action = "FirmwareStatusNotification"
    public enum Status: String, Word {
      case downloaded = "Downloaded", downloadFailed = "DownloadFailed", downloading = "Downloading", idle = "Idle"
      case installationFailed = "InstallationFailed", installing = "Installing", installed = "Installed"
    }

    public var status = Loose<Status>.known(.idle)

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("status", &status) }

    public typealias Reply = Noted

    static let route = Route(Self.self) { (call, station) throws(TurnFault) in
      if let step = call.status.word?.step {
        try station.firmware(FirmwareReport(step, word: call.status.text, request: nil))
      }
      return .reply(Reply())
    }
  }
}

extension V16.FirmwareStatusNotification.Status {
  var step: FirmwareReport.Step {
    switch self {
    case .idle: .idle
    case .downloading: .transferring
    case .downloaded: .downloaded
    case .installing: .installing
    case .installed: .installed
    case .downloadFailed, .installationFailed: .failed
    }
  }
}

// MARK: - GetDiagnostics (§5.9), DiagnosticsStatusNotification (§4.4)

extension V16 {
  /// Send your log there.
  public struct GetDiagnostics: Message {
    public static let action = "GetDiagnostics"
    public var location = "", retries: Int?, retryInterval: Int?, startTime: Timestamp?, stopTime: Timestamp?

    public init() {}

    init(_ wish: LogWish) {
      (location, retries, retryInterval) = (wish.url, wish.retries, wish.retrySeconds)
      (startTime, stopTime) = (wish.from, wish.to)
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("location", &location)
      try w.visit("retries", &retries, 0...)
      try w.visit("retryInterval", &retryInterval, 0...)
      try w.visit("startTime", &startTime)
      try w.visit("stopTime", &stopTime)
    }

    public struct Reply: Verdict {
      /// Absent where the station has nothing to send.
      public var fileName: String?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("fileName", &fileName, max: 255) }

      public var refusal: String? { nil }
    }
  }

  /// How far the sending of a log is.
  public struct DiagnosticsStatusNotification: Message {
    public static let action = "DiagnosticsStatusNotification"
    public enum Status: String, Word {
      case idle = "Idle", uploaded = "Uploaded", uploadFailed = "UploadFailed", uploading = "Uploading"
    }

    public var status = Loose<Status>.known(.idle)

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("status", &status) }

    public typealias Reply = Noted

    static let route = Route(Self.self) { (call, station) throws(TurnFault) in
      let step: LogReport.Step? =
        switch call.status.word {
        case .idle: .idle
        case .uploading: .transferring
        case .uploaded: .uploaded
        case .uploadFailed: .failed
        case nil: nil
        }
      if let step { try station.log(LogReport(step, word: call.status.text, request: nil)) }
      return .reply(Reply())
    }
  }
}
