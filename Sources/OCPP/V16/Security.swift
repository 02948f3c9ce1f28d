// OCPP 1.6 security (whitepaper "Improved security for OCPP 1.6-J", edition 3): certificates of stations, roots in their
// stores, and what they tell of their own security. Numbers of sections are the whitepaper's.

import Domain
import Wire

extension V16 {
  /// What the security messages of a station mean to the house.
  static let securityRoutes = [SignCertificate.route, SecurityEventNotification.route]

  static let securityCalls: [any Message.Type] = [
    CertificateSigned.self, InstallCertificate.self, DeleteCertificate.self,
    GetInstalledCertificateIds.self,
  ]
}

// MARK: - SignCertificate (§5.11): the station asks

extension V16 {
  /// A request for a certificate that the station has made for a new key.
  public struct SignCertificate: Message {
    public static let action = "SignCertificate"
    /// PKCS#10 in PEM.
    public var csr = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("csr", &csr, max: 5500) }

    public struct Reply: Payload {
      public var status = YesOrNo.Status.rejected

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("status", &status) }
    }

    static let route = Route(Self.self) { (call, station) throws(TurnFault) in
      var reply = Reply()
      let report = CertificateRequestReport(kind: .station, request: call.csr)
      if try station.requestCertificate(report) == .accepted { reply.status = .accepted }
      return .reply(reply)
    }
  }
}

// MARK: - SecurityEventNotification (§5.10)

extension V16 {
  /// What a station noticed of its own security.
  public struct SecurityEventNotification: Message {
    public static let action = "SecurityEventNotification"
    public var type = "", timestamp = Timestamp.epoch, techInfo: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("type", &type, max: 50)
      try w.visit("timestamp", &timestamp)
      try w.visit("techInfo", &techInfo, max: 255)
    }

    public struct Reply: Payload {
      public init() {}
      public mutating func walk(_ w: inout some Walker) throws(Flaw) {}
    }

    static let route = Route(Self.self) { (call, station) throws(TurnFault) in
      try station.report(
        SecurityEventReport(type: call.type, at: call.plausible(call.timestamp), info: call.techInfo))
      return .reply(Reply())
    }
  }
}

// MARK: - CertificateSigned (§5.1)

extension V16 {
  /// The certificate that was asked for, with its chain.
  public struct CertificateSigned: Message {
    public static let action = "CertificateSigned"
    /// Leaf first, PEM.
    public var certificateChain = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("certificateChain", &certificateChain, max: 10_000)
    }

    public typealias Reply = YesOrNo
  }
}

// MARK: - InstallCertificate (§5.7), DeleteCertificate (§5.2), GetInstalledCertificateIds (§5.5)

extension V16 {
  /// The two stores that a station of 1.6 has (§6.2).
  public enum CertificateUseWord: String, Word {
    case centralSystemRoot = "CentralSystemRootCertificate", manufacturerRoot = "ManufacturerRootCertificate"

    /// Nil for the uses of ISO 15118, which travel another way.
    init?(_ use: CertificateUse) {
      switch use {
      case .csms: self = .centralSystemRoot
      case .manufacturer: self = .manufacturerRoot
      case .v2g, .mobilityOperator, .vehicleMaker, .v2gChain: return nil
      }
    }
  }

  /// §6.1.
  public struct CertificateHashData: Payload {
    public enum Algorithm: String, Word { case sha256 = "SHA256", sha384 = "SHA384", sha512 = "SHA512" }

    public var hashAlgorithm = Algorithm.sha256, issuerNameHash = "", issuerKeyHash = "", serialNumber = ""

    public init() {}

    init(_ id: CertificateID) {
      switch id.algorithm {
      case .sha256: hashAlgorithm = .sha256
      case .sha384: hashAlgorithm = .sha384
      case .sha512: hashAlgorithm = .sha512
      }
      (issuerNameHash, issuerKeyHash, serialNumber) = (id.issuerName, id.issuerKey, id.serial)
    }

    var id: CertificateID {
      let algorithm: CertificateID.Algorithm =
        switch hashAlgorithm {
        case .sha256: .sha256
        case .sha384: .sha384
        case .sha512: .sha512
        }
      return CertificateID(algorithm, issuerName: issuerNameHash, issuerKey: issuerKeyHash, serial: serialNumber)
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("hashAlgorithm", &hashAlgorithm)
      try w.visit("issuerNameHash", &issuerNameHash, max: 128)
      try w.visit("issuerKeyHash", &issuerKeyHash, max: 128)
      try w.visit("serialNumber", &serialNumber, max: 40)
    }
  }

  /// Trust this authority.
  public struct InstallCertificate: Message {
    public static let action = "InstallCertificate"
    public var certificateType = CertificateUseWord.centralSystemRoot, certificate = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("certificateType", &certificateType)
      try w.visit("certificate", &certificate, max: 5500)
    }

    public struct Reply: Verdict {
      public enum Status: String, Word { case accepted = "Accepted", failed = "Failed", rejected = "Rejected" }

      public var status = Loose<Status>.known(.rejected)

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("status", &status) }

      public var refusal: String? { status.word == .accepted ? nil : status.text }
    }
  }

  /// Trust it no longer.
  public struct DeleteCertificate: Message {
    public static let action = "DeleteCertificate"
    public var certificateHashData = CertificateHashData()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("certificateHashData", &certificateHashData)
    }

    public struct Reply: Verdict {
      public enum Status: String, Word { case accepted = "Accepted", failed = "Failed", notFound = "NotFound" }

      public var status = Loose<Status>.known(.failed)

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("status", &status) }

      public var refusal: String? { status.word == .accepted ? nil : status.text }
    }
  }

  /// Which authorities do you trust?
  public struct GetInstalledCertificateIds: Message {
    public static let action = "GetInstalledCertificateIds"
    public var certificateType = CertificateUseWord.centralSystemRoot

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("certificateType", &certificateType)
    }

    public struct Reply: Verdict {
      public enum Status: String, Word { case accepted = "Accepted", notFound = "NotFound" }

      public var status = Loose<Status>.known(.notFound), certificateHashData: [CertificateHashData]?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("status", &status)
        try w.visit("certificateHashData", &certificateHashData, count: 1...)
      }

      /// To hold none is an answer too.
      public var refusal: String? { status.word == nil ? status.text : nil }
    }
  }
}

// MARK: - What the house asks

extension V16 {
  /// Commands about keys and certificates.
  static func security(_ command: SecurityCommand) throws(Unspeakable) -> CommandRequest {
    switch command {
    case .deliver(let chain, let kind, _):
      guard kind == .station else { return try PlugAndCharge.wrapped(V2.security(command, .v201)) }
      var call = CertificateSigned()
      call.certificateChain = chain
      return try CommandRequest(call, .v16)
    case .install(let use, let pem):
      guard let word = CertificateUseWord(use) else { return try PlugAndCharge.wrapped(V2.security(command, .v201)) }
      var call = InstallCertificate()
      (call.certificateType, call.certificate) = (word, pem)
      return try CommandRequest(call, .v16)
    case .list(let use):
      guard let use else { throw Unspeakable("OCPP 1.6 lists one use at a time") }
      guard let word = CertificateUseWord(use) else { return try PlugAndCharge.wrapped(V2.security(command, .v201)) }
      var call = GetInstalledCertificateIds()
      call.certificateType = word
      return try CommandRequest(
        call, .v16,
        told: { reply in
          HeldCertificates((reply.certificateHashData ?? []).map { HeldCertificate(use, $0.id) }).json
        })
    case .remove(let id, let use):
      if let use, CertificateUseWord(use) == nil { return try PlugAndCharge.wrapped(V2.security(command, .v201)) }
      var call = DeleteCertificate()
      call.certificateHashData = CertificateHashData(id)
      return try CommandRequest(call, .v16)
    case .setKey(let key): return try setConfiguration(key: "AuthorizationKey", value: key)
    case .setProfile(let profile, _, _, _):
      return try setConfiguration(key: "SecurityProfile", value: "\(profile.rawValue)")
    case .preferProfile: throw Unspeakable("a station of OCPP 1.6 keeps one way to us")
    }
  }
}
