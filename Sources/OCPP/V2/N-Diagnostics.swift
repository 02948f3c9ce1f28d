// OCPP 2.x block N, Diagnostics: logs, and what a station knows about a customer.

import Domain
import Wire

// MARK: - GetLog (N01)

extension V2 {
  /// The station uploads a log.
  public struct GetLog: Message {
    public static let action = "GetLog"

    public enum LogType: String, Word {
      case diagnosticsLog = "DiagnosticsLog", securityLog = "SecurityLog", dataCollectorLog = "DataCollectorLog"

      public var since: Edition {
        self == .dataCollectorLog ? .v21 : .first
      }
    }

    public var log = LogParameters(), logType = LogType.diagnosticsLog, requestId = 0, retries: Int?
    public var retryInterval: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("log", &log)
      try w.visit("logType", &logType)
      try w.visit("requestId", &requestId)
      try w.visit("retries", &retries, w.natural)
      try w.visit("retryInterval", &retryInterval)
    }

    public struct Reply: Verdict {
      public enum Status: String, Answering {
        case accepted = "Accepted", rejected = "Rejected", acceptedCanceled = "AcceptedCanceled"

        public var isYes: Bool { self == .accepted || self == .acceptedCanceled }
      }

      public var status = Loose<Status>.known(.rejected), statusInfo: StatusInfo?, filename: String?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("status", &status)
        try w.visit("statusInfo", &statusInfo)
        try w.visit("filename", &filename, max: 255)
      }

      public var refusal: String? { status.refusal }
    }
  }

  /// Where a log goes, and from when to when it is.
  public struct LogParameters: Payload {
    public var remoteLocation = "", oldestTimestamp: Timestamp?, latestTimestamp: Timestamp?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("remoteLocation", &remoteLocation, max: w.limit(512, v21: 2000))
      try w.visit("oldestTimestamp", &oldestTimestamp)
      try w.visit("latestTimestamp", &latestTimestamp)
    }
  }

  /// How far an upload is.
  public struct LogStatusNotification: Message {
    public static let action = "LogStatusNotification"

    public enum Status: String, Word {
      case badMessage = "BadMessage", idle = "Idle", notSupportedOperation = "NotSupportedOperation"
      case permissionDenied = "PermissionDenied", uploaded = "Uploaded", uploadFailure = "UploadFailure"
      case uploading = "Uploading", acceptedCanceled = "AcceptedCanceled"
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

// MARK: - CustomerInformation (N09, N10)

extension V2 {
  /// What a station knows about a customer: told, forgotten, or both.
  public struct CustomerInformation: Message {
    public static let action = "CustomerInformation"
    public var customerCertificate: CertificateHashData?, idToken: IdToken?, requestId = 0, report = false
    public var clear = false, customerIdentifier: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("customerCertificate", &customerCertificate)
      try w.visit("idToken", &idToken)
      try w.visit("requestId", &requestId, w.natural)
      try w.visit("report", &report)
      try w.visit("clear", &clear)
      try w.visit("customerIdentifier", &customerIdentifier, max: 64)
    }

    public enum Status: String, Answering { case accepted = "Accepted", rejected = "Rejected", invalid = "Invalid" }

    public typealias Reply = Answer<Status>
  }

  /// A part of what it knows, as text for people.
  public struct NotifyCustomerInformation: Message {
    public static let action = "NotifyCustomerInformation"
    public var data = "", tbc: Bool?, seqNo = 0, generatedAt = Timestamp.epoch, requestId = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("data", &data, max: 512)
      try w.visit("tbc", &tbc)
      try w.visit("seqNo", &seqNo, w.natural)
      try w.visit("generatedAt", &generatedAt)
      try w.visit("requestId", &requestId, w.natural)
    }

    public typealias Reply = Nothing
  }
}

extension V2 {
  static func request(_ command: CustomerCommand, _ edition: Edition) throws(Unspeakable) -> CommandRequest {
    var call = CustomerInformation()
    call.requestId = Int(command.id)
    (call.report, call.clear) = (command.isTold, command.isForgotten)
    switch command.person {
    case .token(let uid, let kind):
      var token = IdToken()
      token.idToken = uid
      token.type = kind.map { OpenWord($0) } ?? .known(.iso14443)
      call.idToken = token
    case .identifier(let text): call.customerIdentifier = text
    case .certificate(let hashes):
      do throws(Flaw) {
        call.customerCertificate = try CertificateHashData.read(hashes, edition: edition).value
      } catch {
        throw Unspeakable("the certificate is not named as OCPP names it: \(error.path) \(error.detail)")
      }
    }
    return try CommandRequest(call, edition)
  }
}

extension V2.NotifyCustomerInformation {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    try station.report(
      customer: call.data,
      in: ReportPart(request: Int64(call.requestId), number: call.seqNo, isLast: call.tbc != true))
    return .reply(Reply())
  }
}
