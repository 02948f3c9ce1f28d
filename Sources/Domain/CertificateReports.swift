import Wire

/// What a station asks and tells about its own certificates and its security (OCPP 2.0.1 A02 to A04, and the same
/// messages of the 1.6 security whitepaper).
@MainActor
public protocol CertificateReports: AnyObject, Sendable {
  /// It asks to be certified. Answered at once; the certificate follows in a call of its own.
  func requestCertificate(_ report: CertificateRequestReport) throws(TurnFault) -> CertificateRequestVerdict
  func report(_ event: SecurityEventReport) throws(TurnFault)
}

public struct CertificateRequestReport: Sendable {
  public var kind: StationCertificateKind
  /// PKCS#10 in PEM.
  public var request: String
  /// The number by which the station knows its request again; only newer versions have one.
  public var number: Int64?

  public init(kind: StationCertificateKind, request: String, number: Int64? = nil) {
    (self.kind, self.request, self.number) = (kind, request, number)
  }
}

public enum CertificateRequestVerdict: Sendable, Equatable {
  /// It will be sent.
  case accepted
  /// The reason is for people.
  case refused(String)
}

public struct SecurityEventReport: Sendable {
  /// The standard's word, or the maker's.
  public var type: String
  /// The station's clock; nil where it was not plausible.
  public var at: Timestamp?
  public var info: String?

  public init(type: String, at: Timestamp?, info: String?) {
    (self.type, self.at, self.info) = (kept(type), at, info.map(kept))
  }

  /// Whether it must be looked at now: somebody is at the box, hides what was done, or breaks it. The standard calls
  /// more of them critical (OCPP 2.0.1 appendix 1), among them each start; those are shown, and wake nobody.
  public var isAlarming: Bool {
    Self.alarms.contains(type.ciFolded)
  }

  private static let alarms: Set<String> = [
    "tamperdetectionactivated", "securitylogwascleared", "memoryexhaustion", "attemptedreplayattacks",
    "maintenanceloginfailed", "invalidfirmwaresignature", "invalidfirmwaresigningcertificate",
    "invalidcentralsystemcertificate", "invalidcsmscertificate", "invalidchargepointcertificate",
    "invalidchargingstationcertificate",
  ]
}
