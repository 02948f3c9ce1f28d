import Wire

/// The way out to partners. The OCPI room implements it; the household hands it values and never sees a version.
public protocol PartnerLink: Sendable {
  /// Writes an object as the partner's version wants it: always the same bytes for the same values. For a CDR these
  /// bytes are put on disk before they are sent, so that every attempt sends the same.
  func request(for object: PushObject, terms: PartnerTerms) throws(PushFault) -> PushRequest

  /// Sends once and says how it went, once, on the main actor. No retry: the push queue does that.
  func send(_ request: PushRequest, terms: PartnerTerms, done: @escaping @MainActor @Sendable (PushOutcome) -> Void)

  /// Asks the partner whether its driver may charge (OCPI 2.2.1 §12.2.2.2, real-time authorization). Nil: no usable
  /// answer within `deadline` seconds.
  func authorize(
    uid: String, kind: Token.Kind, location: String?, evse: String?, terms: PartnerTerms, deadline seconds: Int,
    done: @escaping @MainActor @Sendable (PartnerAuthorization?) -> Void)

  /// Registers at a partner that gave us a token A: versions, details, POST credentials with `token`, which is on disk
  /// before the request leaves. PUT where we are registered already (rotation).
  func register(
    versionsURL: String, with tokenA: String, offering token: String, terms: PartnerTerms,
    step: @escaping @Sendable (HandshakeStep) -> Void
  ) async throws(RegistrationFault) -> PartnerRegistration

  /// DELETE credentials at the partner.
  func unregister(terms: PartnerTerms) async throws(RegistrationFault)
}

/// What a push row speaks of, read from the books when the request is built: the current state, never a replay.
public enum PushObject: Sendable {
  case location(LocationView)
  /// One EVSE of a location: status changes travel alone.
  case evse(PublishedEVSE, of: LocationView)
  case tariff(TariffView)
  case tariffRemoved(ref: String, party: PartyID)
  case session(SessionView)
  case cdr(CDR)
  /// A token of ours, for whoever has stations.
  case token(OfferedToken)
  /// Which CDRs an invoice of ours asks for.
  case invoice(InvoiceRecord)
  case booking(PublishedBooking)
  case bookingLocation(PublishedBookingLocation)
  case bookingLocationRemoved(ref: String, party: PartyID, at: Timestamp)
  case commandResult(url: String, result: CommandResult, message: String?)
  /// The late answer to a partner's wish about a session's charging profile.
  case profileResult(url: String, ProfileResult)
  /// What a session's charging comes to now, for the partner that plans it.
  case activeProfile(session: String, ChargingProfile.Schedule)
}

/// The late result of a partner's command (OCPI 2.2.1 §13.3.2), as far as the house can tell.
public enum CommandResult: String, Word {
  case accepted = "ACCEPTED", evseOccupied = "EVSE_OCCUPIED", evseInoperative = "EVSE_INOPERATIVE", failed = "FAILED"
  case notSupported = "NOT_SUPPORTED", rejected = "REJECTED", timeout = "TIMEOUT"
  case canceledReservation = "CANCELED_RESERVATION", unknownReservation = "UNKNOWN_RESERVATION"
}

/// A request that is ready to go.
public struct PushRequest: Sendable, Equatable {
  public var method: String
  public var url: String
  public var body: Bytes
  /// For humans and logs: `sessions`, `cdrs`…
  public var module: String
  /// What the partner's version has no words for, and was left out.
  public var unsaid: [String]

  public init(method: String, url: String, body: Bytes, module: String, unsaid: [String] = []) {
    (self.method, self.url, self.body, self.module, self.unsaid) = (method, url, body, module, unsaid)
  }
}

/// Why an object cannot be sent to this partner at all.
public enum PushFault: Error, Equatable, Sendable {
  /// The partner has no endpoint for it: not an error, there is nothing to do.
  case notWanted
  /// The version cannot express it, or a field breaks its rules.
  case unfit(String)
}

/// How one attempt went.
public enum PushOutcome: Sendable, Equatable {
  /// 2xx with an OCPI 1xxx, or "exists already" for a CDR.
  case accepted(milliseconds: Int)
  /// The partner understood and said no (OCPI 2xxx, HTTP 4xx): repeating will not help.
  case refused(String)
  /// Down, slow or overloaded: try again, not before `after` seconds where it said so.
  case retry(after: Int?, why: String)
  /// It was reached and failed over this object (HTTP 500, OCPI 3xxx, no OCPI at all); it may take others.
  case failed(String)
}

/// A partner's word about one of its tokens.
public struct PartnerAuthorization: Sendable, Equatable {
  public enum Allowed: String, Word {
    case allowed = "ALLOWED", blocked = "BLOCKED", expired = "EXPIRED", noCredit = "NO_CREDIT", notAllowed =
      "NOT_ALLOWED"
  }

  public var allowed: Allowed
  /// The token as the partner holds it, where it sent it.
  public var token: Token?
  public var key: TokenKey?
  public var authorizationReference: String?

  public init(allowed: Allowed, token: Token? = nil, key: TokenKey? = nil, authorizationReference: String? = nil) {
    self.allowed = allowed
    self.token = token
    self.key = key
    self.authorizationReference = authorizationReference
  }
}

/// Where a registration stopped, for the person who watches the trace.
public struct RegistrationFault: Error, Equatable, Sendable {
  /// `versions`, `details`, `credentials`.
  public var step: String
  public var reason: String

  public init(step: String, reason: String) { (self.step, self.reason) = (step, reason) }
}
