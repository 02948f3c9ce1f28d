// OCPP 2.x block M, ISO 15118 Certificate Management.

import Domain
import Wire

// MARK: - InstallCertificate (M05), DeleteCertificate (M04), GetInstalledCertificateIds (M03)

extension V2 {
  /// A root certificate that the station shall trust.
  public struct InstallCertificate: Message {
    public static let action = "InstallCertificate"

    public enum CertificateType: String, Word {
      case v2gRoot = "V2GRootCertificate", moRoot = "MORootCertificate", csmsRoot = "CSMSRootCertificate"
      case manufacturerRoot = "ManufacturerRootCertificate", oemRoot = "OEMRootCertificate"

      public var since: Edition {
        self == .oemRoot ? .v21 : .first
      }
    }

    public var certificateType = CertificateType.v2gRoot, certificate = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("certificateType", &certificateType)
      try w.visit("certificate", &certificate, max: w.limit(5500, v21: 10000))
    }

    public enum Status: String, Answering { case accepted = "Accepted", rejected = "Rejected", failed = "Failed" }

    public typealias Reply = Answer<Status>
  }

  /// The station no longer trusts it.
  public struct DeleteCertificate: Message {
    public static let action = "DeleteCertificate"
    public var certificateHashData = CertificateHashData()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("certificateHashData", &certificateHashData)
    }

    public enum Status: String, Answering { case accepted = "Accepted", failed = "Failed", notFound = "NotFound" }

    public typealias Reply = Answer<Status>
  }

  /// Which certificates the station has.
  public struct GetInstalledCertificateIds: Message {
    public static let action = "GetInstalledCertificateIds"
    public var certificateType: [Loose<CertificateUse>]?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("certificateType", &certificateType, count: 1...)
    }

    public struct Reply: Verdict {
      public enum Status: String, Answering { case accepted = "Accepted", notFound = "NotFound" }

      public var status = Loose<Status>.known(.accepted), statusInfo: StatusInfo?
      public var certificateHashDataChain: [CertificateHashDataChain]?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("status", &status)
        try w.visit("statusInfo", &statusInfo)
        try w.visit("certificateHashDataChain", &certificateHashDataChain, count: 1...)
      }

      public var refusal: String? { status.refusal }
    }
  }
}

// MARK: - Get15118EVCertificate (M01, M02)

extension V2 {
  /// A vehicle wants its contract certificate: passed on to who makes them.
  public struct Get15118EVCertificate: Message {
    public static let action = "Get15118EVCertificate"

    public enum Action: String, Word { case install = "Install", update = "Update" }

    public var iso15118SchemaVersion = "", errand = Loose<Action>.known(.install), exiRequest = ""
    public var maximumContractCertificateChains: Int?, prioritizedEMAIDs: [String]?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("iso15118SchemaVersion", &iso15118SchemaVersion, max: 50)
      try w.visit("action", &errand)
      try w.visit("exiRequest", &exiRequest, max: w.limit(5600, v21: 11000))
      try w.visit("maximumContractCertificateChains", &maximumContractCertificateChains, 0..., since: .v21)
      try w.visit("prioritizedEMAIDs", &prioritizedEMAIDs, max: 255, count: 1...8, since: .v21)
    }

    public struct Reply: Payload {
      public enum Status: String, Word { case accepted = "Accepted", failed = "Failed" }

      public var status = Status.failed, statusInfo: StatusInfo?, exiResponse = "", remainingContracts: Int?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("status", &status)
        try w.visit("statusInfo", &statusInfo)
        try w.visit("exiResponse", &exiResponse, max: w.limit(7500, v21: 17000))
        try w.visit("remainingContracts", &remainingContracts, 0..., since: .v21)
      }
    }
  }
}

// MARK: - GetCertificateStatus (M06), GetCertificateChainStatus (M07)

extension V2 {
  /// Is a certificate revoked? Asked of its OCSP responder.
  public struct GetCertificateStatus: Message {
    public static let action = "GetCertificateStatus"
    public var ocspRequestData = OCSPRequestData()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("ocspRequestData", &ocspRequestData) }

    public struct Reply: Payload {
      public enum Status: String, Word { case accepted = "Accepted", failed = "Failed" }

      public var status = Status.failed, statusInfo: StatusInfo?
      /// Base64 of the DER.
      public var ocspResult: String?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("status", &status)
        try w.visit("statusInfo", &statusInfo)
        try w.visit("ocspResult", &ocspResult, max: w.limit(5500, v21: 18000))
      }
    }
  }

  /// Are certificates revoked? Asked of OCSP responders or revocation lists.
  public struct GetCertificateChainStatus: Message {
    public static let action = "GetCertificateChainStatus"
    public static let since = Edition.v21
    public var certificateStatusRequests: [CertificateStatusRequestInfo] = []

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("certificateStatusRequests", &certificateStatusRequests, count: 1...4)
    }

    public struct Reply: Payload {
      public var certificateStatus: [CertificateStatus] = []

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("certificateStatus", &certificateStatus, count: 1...4)
      }
    }
  }

  /// A certificate, and where its standing is asked for.
  public struct CertificateStatusRequestInfo: Payload {
    public var certificateHashData = CertificateHashData(), source = Loose<CertificateStatusSource>.known(.crl)
    public var urls: [String] = []

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("certificateHashData", &certificateHashData)
      try w.visit("source", &source)
      try w.visit("urls", &urls, max: 2000, count: 1...5)
    }
  }

  /// Its standing, and until when that counts.
  public struct CertificateStatus: Payload {
    public enum Status: String, Word {
      case good = "Good", revoked = "Revoked", unknown = "Unknown", failed = "Failed"
    }

    public var certificateHashData = CertificateHashData(), source = Loose<CertificateStatusSource>.known(.crl)
    public var status = Status.unknown
    /// Until when the answer holds.
    public var nextUpdate = Timestamp.epoch

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("certificateHashData", &certificateHashData)
      try w.visit("source", &source)
      try w.visit("status", &status)
      try w.visit("nextUpdate", &nextUpdate)
    }
  }

  public enum CertificateStatusSource: String, Word { case crl = "CRL", ocsp = "OCSP" }
}

// MARK: - What they mean to the house

extension V2 {
  /// What stations ask in block M.
  static let certificateRoutes = [
    Get15118EVCertificate.route, GetCertificateStatus.route, GetCertificateChainStatus.route,
  ]

  static func install(_ use: Domain.CertificateUse, _ pem: String, _ edition: Edition) throws(Unspeakable)
    -> CommandRequest
  {
    var call = InstallCertificate()
    call.certificateType =
      switch use {
      case .csms: .csmsRoot
      case .manufacturer: .manufacturerRoot
      case .v2g: .v2gRoot
      case .mobilityOperator: .moRoot
      case .vehicleMaker: .oemRoot
      case .v2gChain: throw Unspeakable("a station's own chain is sent to it when it asks for one, and is no root")
      }
    call.certificate = pem
    return try CommandRequest(call, edition)
  }

  /// The answer stands in the books in the house's words. A certificate for a use that nobody knows is left out.
  static func list(_ use: Domain.CertificateUse?, _ edition: Edition) throws(Unspeakable) -> CommandRequest {
    var call = GetInstalledCertificateIds()
    call.certificateType = use.map { [.known(CertificateUse($0))] }
    return try CommandRequest(call, edition) { reply in
      HeldCertificates(
        (reply.certificateHashDataChain ?? []).compactMap { chain in
          guard let use = chain.certificateType.word?.use, let id = chain.certificateHashData.id else { return nil }
          return HeldCertificate(use, id, children: chain.childCertificateHashData?.compactMap(\.id))
        }
      ).json
    }
  }
}

extension V2.GetInstalledCertificateIds.Reply.Status {
  /// To hold none is an answer too.
  public var isYes: Bool { true }
}

extension V2.CertificateUse {
  init(_ use: Domain.CertificateUse) {
    switch use {
    case .csms: self = .csmsRoot
    case .manufacturer: self = .manufacturerRoot
    case .v2g: self = .v2gRoot
    case .mobilityOperator: self = .moRoot
    case .vehicleMaker: self = .oemRoot
    case .v2gChain: self = .v2gChain
    }
  }

  var use: Domain.CertificateUse {
    switch self {
    case .csmsRoot: .csms
    case .manufacturerRoot: .manufacturer
    case .v2gRoot: .v2g
    case .moRoot: .mobilityOperator
    case .oemRoot: .vehicleMaker
    case .v2gChain: .v2gChain
    }
  }
}

extension V2.HashAlgorithm {
  init(_ algorithm: CertificateID.Algorithm) {
    switch algorithm {
    case .sha256: self = .sha256
    case .sha384: self = .sha384
    case .sha512: self = .sha512
    }
  }

  var algorithm: CertificateID.Algorithm {
    switch self {
    case .sha256: .sha256
    case .sha384: .sha384
    case .sha512: .sha512
    }
  }
}

extension V2.CertificateHashData {
  init(_ id: CertificateID) {
    self.init()
    hashAlgorithm = .known(V2.HashAlgorithm(id.algorithm))
    (issuerNameHash, issuerKeyHash, serialNumber) = (id.issuerName, id.issuerKey, id.serial)
  }

  /// Nil where the digest is of a kind that nobody knows.
  var id: CertificateID? {
    hashAlgorithm.word.map {
      CertificateID($0.algorithm, issuerName: issuerNameHash, issuerKey: issuerKeyHash, serial: serialNumber)
    }
  }
}

extension V2.OCSPRequestData {
  var question: CertificateQuestion? {
    hashAlgorithm.word.map {
      CertificateQuestion(
        CertificateID($0.algorithm, issuerName: issuerNameHash, issuerKey: issuerKeyHash, serial: serialNumber),
        urls: [responderURL])
    }
  }
}

extension V2.Get15118EVCertificate {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    guard let action = call.errand.word else {
      return .reply(Reply(failed: "InvalidValue", "a contract is installed or updated"))
    }
    let wish = ContractWish(
      action: action == .install ? .install : .update, schemaVersion: call.iso15118SchemaVersion,
      request: call.exiRequest, mostChains: call.maximumContractCertificateChains, contracts: call.prioritizedEMAIDs)
    return try station.contractCertificate(wish).map { answer in
      switch answer {
      case .answered(let response, let remaining):
        var reply = Reply()
        (reply.status, reply.exiResponse, reply.remainingContracts) = (.accepted, response, remaining)
        return reply
      case .failed(let why): return Reply(failed: "NotFound", why)
      }
    }
  }
}

extension V2.Get15118EVCertificate.Reply {
  init(failed code: String, _ why: String) {
    self.init()
    statusInfo = V2.StatusInfo(code, why)
  }
}

extension V2.GetCertificateStatus {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    func failed(_ why: String) -> Reply {
      var reply = Reply()
      reply.statusInfo = V2.StatusInfo("NotFound", why)
      return reply
    }
    guard let question = call.ocspRequestData.question else {
      return .reply(failed("the digest is of a kind that nobody knows"))
    }
    return try station.ask(about: question).map { answer in
      switch answer {
      case .answered(let der):
        var reply = Reply()
        (reply.status, reply.ocspResult) = (.accepted, der.base64)
        return reply
      case .failed(let why): return failed(why)
      }
    }
  }
}

extension V2.GetCertificateChainStatus {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    let asked = call.certificateStatusRequests
    let questions = asked.map { request in
      CertificateQuestion(
        request.certificateHashData.id ?? CertificateID(), urls: request.urls,
        isForResponder: request.source.word == .ocsp)
    }
    return try station.states(of: questions).map { states in
      var reply = Reply()
      reply.certificateStatus = zip(asked, states).map { request, state in
        var status = V2.CertificateStatus()
        (status.certificateHashData, status.source) = (request.certificateHashData, request.source)
        status.status =
          switch state.state {
          case .good: .good
          case .revoked: .revoked
          case .unknown: .unknown
          case .failed: .failed
          }
        status.nextUpdate = state.until
        return status
      }
      return reply
    }
  }
}
