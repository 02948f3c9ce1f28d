// OCPP 2.x block A, Security: certificates of a station, and what it reports of attacks.

import Domain
import Wire

// MARK: - SignCertificate, CertificateSigned (A02, A03)

extension V2 {
  /// A station wants its key signed.
  public struct SignCertificate: Message {
    public static let action = "SignCertificate"
    public var csr = "", certificateType: Loose<CertificateSigningUse>?, hashRootCertificate: CertificateHashData?
    public var requestId: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("csr", &csr, max: 5500)
      try w.visit("certificateType", &certificateType)
      try w.visit("hashRootCertificate", &hashRootCertificate, since: .v21)
      try w.visit("requestId", &requestId, since: .v21)
    }

    public typealias Reply = YesOrNo
  }

  /// The signed certificate, with the chain below the root.
  public struct CertificateSigned: Message {
    public static let action = "CertificateSigned"
    public var certificateChain = "", certificateType: Loose<CertificateSigningUse>?, requestId: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("certificateChain", &certificateChain, max: 10000)
      try w.visit("certificateType", &certificateType)
      try w.visit("requestId", &requestId, since: .v21)
    }

    public typealias Reply = YesOrNo
  }
}

// MARK: - SecurityEventNotification (A04)

extension V2 {
  /// Something happened that matters for security. The critical ones are sent also when the station was offline.
  public struct SecurityEventNotification: Message {
    public static let action = "SecurityEventNotification"
    public var type = "", timestamp = Timestamp.epoch, techInfo: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("type", &type, max: 50)
      try w.visit("timestamp", &timestamp)
      try w.visit("techInfo", &techInfo, max: 255)
    }

    public typealias Reply = Nothing
  }
}

// MARK: - What they mean to the house

extension V2 {
  /// What stations ask and tell in block A.
  static let securityRoutes = [SignCertificate.route, SecurityEventNotification.route]

  /// Commands about keys and certificates.
  static func security(_ command: SecurityCommand, _ edition: Edition) throws(Unspeakable) -> CommandRequest {
    switch command {
    case .deliver(let chain, let kind, let request):
      var call = CertificateSigned()
      call.certificateChain = chain
      call.certificateType = .known(CertificateSigningUse(kind))
      call.requestId = request.map { Int($0) }
      return try CommandRequest(call, edition)
    case .install(let use, let pem): return try install(use, pem, edition)
    case .list(let use): return try list(use, edition)
    case .remove(let id, _):
      var call = DeleteCertificate()
      call.certificateHashData = CertificateHashData(id)
      return try CommandRequest(call, edition)
    case .setKey(let key): return try set("SecurityCtrlr", "BasicAuthPassword", to: key, edition)
    case .setProfile(let profile, let slot, let url, let interface):
      var call = SetNetworkProfile()
      call.configurationSlot = slot
      call.connectionData.ocppCsmsUrl = url.hasSuffix("/") ? String(url.dropLast()) : url
      call.connectionData.securityProfile = profile.rawValue
      call.connectionData.messageTimeout = OCPPLimits.messageTimeoutSeconds
      call.connectionData.ocppInterface = NetworkConnectionProfile.Interface(interface, edition)
      // Ignored by 2.1; the only word that a 2.0.1 station knows for itself (errata 2.0.1, NetworkConnectionProfile).
      call.connectionData.ocppVersion = edition < .v21 ? .ocpp20 : nil
      return try CommandRequest(call, edition) { _ in ["status": "Accepted", "needs": "preference"] }
    case .preferProfile(let wish):
      let order = wish.slots.map { "\($0)" }.joined(separator: ",")
      return try set("OCPPCommCtrlr", "NetworkConfigurationPriority", to: order, edition)
    }
  }

  /// One variable that the house sets by itself. The answer stands in the books as the word alone.
  private static func set(
    _ component: String, _ variable: String, to value: String, _ edition: Edition
  ) throws(Unspeakable) -> CommandRequest {
    var data = SetVariableData()
    data.component.name = component
    data.variable.name = variable
    data.attributeValue = value
    var call = SetVariables()
    call.setVariableData = [data]
    return try CommandRequest(call, edition) { reply in
      ["status": .string(reply.setVariableResult.first?.attributeStatus.text ?? "")]
    }
  }
}

extension V2.CertificateSigningUse {
  init(_ kind: StationCertificateKind) {
    switch kind {
    case .station: self = .chargingStation
    case .v2g: self = .v2g
    case .v2g20: self = .v2g20
    }
  }

  var kind: StationCertificateKind {
    switch self {
    case .chargingStation: .station
    case .v2g: .v2g
    case .v2g20: .v2g20
    }
  }
}

extension V2.SignCertificate {
  /// Without a kind it is the station's own (A02.FR.14).
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    guard let kind = (call.certificateType ?? .known(.chargingStation)).word?.kind else {
      return .reply(Reply(.rejected, V2.StatusInfo("InvalidValue", "no such kind of certificate is signed here")))
    }
    let report = CertificateRequestReport(kind: kind, request: call.csr, number: call.requestId.map { Int64($0) })
    switch try station.requestCertificate(report) {
    case .accepted: return .reply(Reply(.accepted))
    case .refused(let why): return .reply(Reply(.rejected, V2.StatusInfo("InvalidCSR", why)))
    }
  }
}

extension V2.SecurityEventNotification {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    try station.report(
      SecurityEventReport(type: call.type, at: call.plausible(call.timestamp), info: call.techInfo))
    return .reply(Reply())
  }
}
