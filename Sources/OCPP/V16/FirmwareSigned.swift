// OCPP 1.6 security extension (whitepaper, edition 3): signed firmware, and logs by number.

import Domain
import Wire

// MARK: - SignedUpdateFirmware, SignedFirmwareStatusNotification

extension V16 {
  /// Fetch that firmware, and install it if its signature is right.
  public struct SignedUpdateFirmware: Message {
    public static let action = "SignedUpdateFirmware"
    public var retries: Int?, retryInterval: Int?, requestId: Int64 = 0, firmware = Firmware()

    public init() {}

    init(_ wish: FirmwareWish, _ signature: String, _ certificate: String) {
      (retries, retryInterval, requestId) = (wish.retries, wish.retrySeconds, wish.request)
      (firmware.location, firmware.signature, firmware.signingCertificate) = (wish.url, signature, certificate)
      (firmware.retrieveDateTime, firmware.installDateTime) = (wish.retrieveAt, wish.installAt)
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("retries", &retries, 0...)
      try w.visit("retryInterval", &retryInterval, 0...)
      try w.visit("requestId", &requestId)
      try w.visit("firmware", &firmware)
    }

    /// Where firmware is fetched, when, and what proves it.
    public struct Firmware: Payload {
      public var location = "", retrieveDateTime = Timestamp.epoch, installDateTime: Timestamp?
      public var signingCertificate = "", signature = ""

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("location", &location, max: 512)
        try w.visit("retrieveDateTime", &retrieveDateTime)
        try w.visit("installDateTime", &installDateTime)
        try w.visit("signingCertificate", &signingCertificate, max: 5500)
        try w.visit("signature", &signature, max: 800)
      }
    }

    public struct Reply: Verdict {
      public enum Status: String, Word {
        case accepted = "Accepted", rejected = "Rejected", acceptedCanceled = "AcceptedCanceled"
        case invalidCertificate = "InvalidCertificate", revokedCertificate = "RevokedCertificate"
      }

      public var status = Loose<Status>.known(.rejected)

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("status", &status) }

      /// AcceptedCanceled is a yes: another update was given up for this one.
      public var refusal: String? {
        switch status.word {
        case .accepted, .acceptedCanceled: nil
        case .rejected, .invalidCertificate, .revokedCertificate, nil: status.text
        }
      }
    }
  }

  /// How far such an update is.
  public struct SignedFirmwareStatusNotification: Message {
    public static let action = "SignedFirmwareStatusNotification"
    public enum Status: String, Word {
      case downloaded = "Downloaded", downloadFailed = "DownloadFailed", downloading = "Downloading"
      case downloadScheduled = "DownloadScheduled", downloadPaused = "DownloadPaused", idle = "Idle"
      case installationFailed = "InstallationFailed", installing = "Installing", installed = "Installed"
      case installRebooting = "InstallRebooting", installScheduled = "InstallScheduled"
      case installVerificationFailed = "InstallVerificationFailed", invalidSignature = "InvalidSignature"
      case signatureVerified = "SignatureVerified"
    }

    public var status = Loose<Status>.known(.idle), requestId: Int64?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("status", &status)
      try w.visit("requestId", &requestId)
    }

    public typealias Reply = Noted

    static let route = Route(Self.self) { (call, station) throws(TurnFault) in
      if let step = call.status.word?.step {
        try station.firmware(FirmwareReport(step, word: call.status.text, request: call.requestId))
      }
      return .reply(Reply())
    }
  }
}

extension V16.SignedFirmwareStatusNotification.Status {
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

// MARK: - GetLog, LogStatusNotification

extension V16 {
  /// Send that log there.
  public struct GetLog: Message {
    public static let action = "GetLog"
    public enum Kind: String, Word { case diagnostics = "DiagnosticsLog", security = "SecurityLog" }

    public var log = Parameters(), logType = Kind.diagnostics, requestId: Int64 = 0
    public var retries: Int?, retryInterval: Int?

    public init() {}

    init(_ wish: LogWish) {
      switch wish.kind {
      case .diagnostics: logType = .diagnostics
      case .security: logType = .security
      }
      (requestId, retries, retryInterval) = (wish.request, wish.retries, wish.retrySeconds)
      (log.remoteLocation, log.oldestTimestamp, log.latestTimestamp) = (wish.url, wish.from, wish.to)
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("log", &log)
      try w.visit("logType", &logType)
      try w.visit("requestId", &requestId)
      try w.visit("retries", &retries, 0...)
      try w.visit("retryInterval", &retryInterval, 0...)
    }

    /// Where a log goes, and from when to when it is.
    public struct Parameters: Payload {
      public var remoteLocation = "", oldestTimestamp: Timestamp?, latestTimestamp: Timestamp?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("remoteLocation", &remoteLocation, max: 512)
        try w.visit("oldestTimestamp", &oldestTimestamp)
        try w.visit("latestTimestamp", &latestTimestamp)
      }
    }

    public struct Reply: Verdict {
      public enum Status: String, Word {
        case accepted = "Accepted", rejected = "Rejected", acceptedCanceled = "AcceptedCanceled"
      }

      public var status = Loose<Status>.known(.rejected), filename: String?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("status", &status)
        try w.visit("filename", &filename, max: 255)
      }

      /// AcceptedCanceled is a yes: another upload was given up for this one.
      public var refusal: String? {
        switch status.word {
        case .accepted, .acceptedCanceled: nil
        case .rejected, nil: status.text
        }
      }
    }
  }

  /// How far the sending of a log is.
  public struct LogStatusNotification: Message {
    public static let action = "LogStatusNotification"
    public enum Status: String, Word {
      case badMessage = "BadMessage", idle = "Idle", notSupportedOperation = "NotSupportedOperation"
      case permissionDenied = "PermissionDenied", uploaded = "Uploaded", uploadFailure = "UploadFailure"
      case uploading = "Uploading"
    }

    public var status = Loose<Status>.known(.idle), requestId: Int64?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("status", &status)
      try w.visit("requestId", &requestId)
    }

    public typealias Reply = Noted

    static let route = Route(Self.self) { (call, station) throws(TurnFault) in
      let step: LogReport.Step? =
        switch call.status.word {
        case .idle: .idle
        case .uploading: .transferring
        case .uploaded: .uploaded
        case .badMessage, .notSupportedOperation, .permissionDenied, .uploadFailure: .failed
        case nil: nil
        }
      if let step { try station.log(LogReport(step, word: call.status.text, request: call.requestId)) }
      return .reply(Reply())
    }
  }
}
