import Wire

/// What a station asks on behalf of a vehicle that pays by its contract (ISO 15118 Plug & Charge; OCPP 2.0.1 C07 and M,
/// and the same messages within 1.6's DataTransfer).
@MainActor
public protocol ContractReports: AnyObject, Sendable {
  /// Is a certificate revoked? The responder's own answer, to be passed on (M06).
  func ask(about question: CertificateQuestion) throws(TurnFault) -> Eventually<ResponderAnswer>
  /// Are certificates revoked? Looked at by the house (M07).
  func states(of questions: [CertificateQuestion]) throws(TurnFault) -> Eventually<[CertificateState]>
  /// A vehicle wants a contract certificate, or a newer one (M01, M02).
  func contractCertificate(_ wish: ContractWish) throws(TurnFault) -> Eventually<ContractAnswer>
  /// May this contract charge, and does its certificate hold (C07)?
  func authorize(_ contract: ContractReport) throws(TurnFault) -> Eventually<ContractAuthorization>
}

/// A certificate, and where its state can be asked, the best place first.
public struct CertificateQuestion: Sendable, Equatable {
  public var id: CertificateID
  public var urls: [String]
  /// Whether the places are OCSP responders; else they are revocation lists.
  public var isForResponder: Bool

  public init(_ id: CertificateID, urls: [String], isForResponder: Bool = true) {
    (self.id, self.urls, self.isForResponder) = (id, urls, isForResponder)
  }
}

public enum ResponderAnswer: Sendable, Equatable {
  /// DER of an OCSPResponse.
  case answered(Bytes)
  /// The reason is for people.
  case failed(String)
}

public struct CertificateState: Sendable, Equatable {
  public enum State: Sendable { case good, revoked, unknown, failed }

  public var state: State
  /// Until when that holds.
  public var until: Timestamp

  public init(_ state: State, until: Timestamp) { (self.state, self.until) = (state, until) }
}

public struct ContractWish: Sendable, Equatable {
  public enum Action: String, Sendable { case install, update }

  public var action: Action
  /// Such as `urn:iso:15118:2:2013:MsgDef`.
  public var schemaVersion: String
  /// The vehicle's request, EXI in base64; nobody here reads it.
  public var request: String
  public var mostChains: Int?
  public var contracts: [String]?

  public init(
    action: Action, schemaVersion: String, request: String, mostChains: Int? = nil, contracts: [String]? = nil
  ) {
    (self.action, self.schemaVersion, self.request) = (action, schemaVersion, request)
    (self.mostChains, self.contracts) = (mostChains, contracts)
  }
}

public enum ContractAnswer: Sendable, Equatable {
  /// EXI in base64, and how many more contracts the vehicle can fetch.
  case answered(String, remaining: Int?)
  case failed(String)
}

/// A contract as a station shows it.
public struct ContractReport: Sendable, Equatable {
  /// The contract's id (EMAID).
  public var contract: String
  /// The vehicle's chain in PEM, where the station leaves it to us to look at.
  public var chain: String?
  /// The chain's certificates, where the station looked at it and only their revocation is open.
  public var questions: [CertificateQuestion]

  public init(contract: String, chain: String?, questions: [CertificateQuestion]) {
    (self.contract, self.chain, self.questions) = (contract, chain, questions)
  }
}

public struct ContractAuthorization: Sendable, Equatable {
  /// What a contract's certificate is worth.
  public enum Verdict: Sendable {
    case accepted, expired, revoked, untrusted
    /// It holds, and its contract does not.
    case cancelled
    /// Its state could not be learnt.
    case unavailable
  }

  public var authorization: Authorization
  /// Nil where the station showed no certificate.
  public var certificate: Verdict?

  public init(_ authorization: Authorization, certificate: Verdict?) {
    (self.authorization, self.certificate) = (authorization, certificate)
  }
}
