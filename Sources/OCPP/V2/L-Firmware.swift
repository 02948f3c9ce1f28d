// OCPP 2.x block L, Firmware Management.

import Domain
import Wire

// MARK: - UpdateFirmware (L01, L02)

extension V2 {
  /// Get this and install it.
  public struct UpdateFirmware: Message {
    public static let action = "UpdateFirmware"
    public var retries: Int?, retryInterval: Int?, requestId = 0, firmware = Firmware()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("retries", &retries, w.natural)
      try w.visit("retryInterval", &retryInterval)
      try w.visit("requestId", &requestId)
      try w.visit("firmware", &firmware)
    }

    public enum Status: String, Answering {
      case accepted = "Accepted", rejected = "Rejected", acceptedCanceled = "AcceptedCanceled"
      case invalidCertificate = "InvalidCertificate", revokedCertificate = "RevokedCertificate"

      public var isYes: Bool { self == .accepted || self == .acceptedCanceled }
    }

    public typealias Reply = Answer<Status>
  }

  /// Where the firmware is, and when it is fetched and installed.
  public struct Firmware: Payload {
    public var location = "", retrieveDateTime = Timestamp.epoch, installDateTime: Timestamp?
    /// PEM; the signature is Base64.
    public var signingCertificate: String?
    public var signature: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("location", &location, max: w.limit(512, v21: 2000))
      try w.visit("retrieveDateTime", &retrieveDateTime)
      try w.visit("installDateTime", &installDateTime)
      try w.visit("signingCertificate", &signingCertificate, max: 5500)
      try w.visit("signature", &signature, max: 800)
    }
  }

  /// How far an update is.
  public struct FirmwareStatusNotification: Message {
    public static let action = "FirmwareStatusNotification"

    public enum Status: String, Word {
      case downloaded = "Downloaded", downloadFailed = "DownloadFailed", downloading = "Downloading"
      case downloadScheduled = "DownloadScheduled", downloadPaused = "DownloadPaused", idle = "Idle"
      case installationFailed = "InstallationFailed", installing = "Installing", installed = "Installed"
      case installRebooting = "InstallRebooting", installScheduled = "InstallScheduled"
      case installVerificationFailed = "InstallVerificationFailed", invalidSignature = "InvalidSignature"
      case signatureVerified = "SignatureVerified"
    }

    public var status = Loose<Status>.known(.idle), requestId: Int?, statusInfo: StatusInfo?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("status", &status)
      try w.visit("requestId", &requestId)
      try w.visit("statusInfo", &statusInfo, since: .v21)
    }

    public typealias Reply = Nothing
  }
}

// MARK: - PublishFirmware (L03), UnpublishFirmware (L04)

extension V2 {
  /// A local controller fetches the firmware and offers it to the stations behind it.
  public struct PublishFirmware: Message {
    public static let action = "PublishFirmware"
    public var location = "", retries: Int?, checksum = "", requestId = 0, retryInterval: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("location", &location, max: w.limit(512, v21: 2000))
      try w.visit("retries", &retries, w.natural)
      try w.visit("checksum", &checksum, max: 32)
      try w.visit("requestId", &requestId, w.natural)
      try w.visit("retryInterval", &retryInterval, w.natural)
    }

    public typealias Reply = YesOrNo
  }

  /// How far a local controller is, and where the firmware can be fetched from.
  public struct PublishFirmwareStatusNotification: Message {
    public static let action = "PublishFirmwareStatusNotification"

    public enum Status: String, Word {
      case idle = "Idle", downloadScheduled = "DownloadScheduled", downloading = "Downloading"
      case downloaded = "Downloaded", published = "Published", downloadFailed = "DownloadFailed"
      case downloadPaused = "DownloadPaused", invalidChecksum = "InvalidChecksum"
      case checksumVerified = "ChecksumVerified", publishFailed = "PublishFailed"
    }

    public var status = Loose<Status>.known(.idle), location: [String]?
    public var requestId: Int?, statusInfo: StatusInfo?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("status", &status)
      try w.visit("location", &location, max: w.limit(512, v21: 2000), count: 1...)
      try w.visit("requestId", &requestId, w.natural)
      try w.visit("statusInfo", &statusInfo, since: .v21)
    }

    public typealias Reply = Nothing
  }

  /// The local controller offers it no longer.
  public struct UnpublishFirmware: Message {
    public static let action = "UnpublishFirmware"
    public var checksum = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("checksum", &checksum, max: 32) }

    public struct Reply: Verdict {
      public enum Status: String, Answering {
        case downloadOngoing = "DownloadOngoing", noFirmware = "NoFirmware", unpublished = "Unpublished"

        public var isYes: Bool { self == .unpublished }
      }

      public var status = Loose<Status>.known(.downloadOngoing)

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("status", &status) }

      public var refusal: String? { status.refusal }
    }
  }
}

// MARK: - The house's words

extension V2 {
  static let firmwareRoutes = [
    FirmwareStatusNotification.route, PublishFirmwareStatusNotification.route, LogStatusNotification.route,
  ]

  static func request(_ command: FirmwareCommand, _ edition: Edition) throws(Unspeakable) -> CommandRequest {
    switch command {
    case .update(let wish):
      var call = UpdateFirmware()
      (call.requestId, call.retries, call.retryInterval) = (Int(wish.request), wish.retries, wish.retrySeconds)
      (call.firmware.location, call.firmware.retrieveDateTime) = (wish.url, wish.retrieveAt)
      (call.firmware.installDateTime, call.firmware.signature) = (wish.installAt, wish.signature)
      call.firmware.signingCertificate = wish.certificate
      return try CommandRequest(call, edition)
    case .log(let wish):
      var call = GetLog()
      (call.requestId, call.retries, call.retryInterval) = (Int(wish.request), wish.retries, wish.retrySeconds)
      call.logType = wish.kind == .security ? .securityLog : .diagnosticsLog
      (call.log.remoteLocation, call.log.oldestTimestamp, call.log.latestTimestamp) = (wish.url, wish.from, wish.to)
      return try CommandRequest(call, edition) { reply in
        ["file_name": reply.filename.map { .string($0) } ?? .null]
      }
    case .publish(let wish, let md5):
      var call = PublishFirmware()
      (call.location, call.checksum, call.requestId) = (wish.url, md5, Int(wish.request))
      (call.retries, call.retryInterval) = (wish.retries, wish.retrySeconds)
      return try CommandRequest(call, edition)
    case .unpublish(let md5):
      var call = UnpublishFirmware()
      call.checksum = md5
      return try CommandRequest(call, edition)
    }
  }
}

extension V2.FirmwareStatusNotification {
  /// A request below zero says that there is none (L01.FR.20).
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    if let step = call.status.word?.step {
      try station.firmware(
        FirmwareReport(
          step, word: call.status.text, request: call.requestId.map { Int64($0) }, info: call.statusInfo?.words))
    }
    return .reply(Reply())
  }
}

extension V2.FirmwareStatusNotification.Status {
  var step: FirmwareReport.Step {
    switch self {
    case .idle: .idle
    case .downloading, .downloadScheduled, .downloadPaused: .transferring
    case .downloaded, .signatureVerified, .installScheduled: .downloaded
    case .installing, .installRebooting: .installing
    case .installed: .installed
    case .downloadFailed, .installationFailed, .installVerificationFailed, .invalidSignature: .failed
    }
  }
}

extension V2.PublishFirmwareStatusNotification {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    let step: FirmwareReport.Step? =
      switch call.status.word {
      case .idle: .idle
      case .downloading, .downloadScheduled, .downloadPaused: .transferring
      case .downloaded, .checksumVerified: .downloaded
      case .published: .installed
      case .downloadFailed, .invalidChecksum, .publishFailed: .failed
      case nil: nil
      }
    if let step {
      let places = call.location?.joined(separator: " ")
      try station.firmware(
        FirmwareReport(
          step, word: call.status.text, request: call.requestId.map { Int64($0) },
          info: places ?? call.statusInfo?.words))
    }
    return .reply(Reply())
  }
}

extension V2.LogStatusNotification {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    let step: LogReport.Step? =
      switch call.status.word {
      case .idle: .idle
      case .uploading: .transferring
      case .uploaded: .uploaded
      case .acceptedCanceled: .cancelled
      case .badMessage, .notSupportedOperation, .permissionDenied, .uploadFailure: .failed
      case nil: nil
      }
    if let step {
      try station.log(
        LogReport(
          step, word: call.status.text, request: call.requestId.map { Int64($0) }, info: call.statusInfo?.words))
    }
    return .reply(Reply())
  }
}
