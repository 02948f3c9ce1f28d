import Wire

/// The way out to operators of stations where our drivers charge. The OCPI room implements it, beside `PartnerLink`.
public protocol ProviderLink: Sendable {
  /// Sends a command, once, and says what was answered, once, on the main actor. `id` comes back with the result.
  func send(
    _ command: RoamingCommand, id: String, terms: PartnerTerms,
    done: @escaping @MainActor @Sendable (Result<RoamingCommand.Answer, RoamingFault>) -> Void)

  /// Asks that a session be charged as its driver prefers (OCPI 2.2.1 §9.2.1.3).
  func prefer(
    _ preferences: ChargingPreferences, in session: String, terms: PartnerTerms
  ) async throws(RoamingFault) -> PreferencesAnswer

  /// Walks a partner's versions and details as a registration would, and sends no credentials: a step that failed is
  /// tried by itself.
  func probe(
    versionsURL: String, with token: String, terms: PartnerTerms, step: @escaping @Sendable (HandshakeStep) -> Void
  ) async throws(RegistrationFault)

  /// Reads a list of the partner's, page by page, from `since` on where that is given (OCPI 2.2.1 §4.1.4). `take` keeps
  /// each page before the next is asked for, and says whether to go on. Links that lead nowhere, in circles or
  /// elsewhere are not followed; the list is then asked for by offset.
  func pull(
    _ module: PullModule, since: Timestamp?, terms: PartnerTerms,
    take: @escaping @MainActor @Sendable (PulledPage) async -> Bool
  ) async -> PullOutcome
}

/// What is pulled: at operators of stations all but `tokens`, which providers have.
public enum PullModule: String, Word {
  case locations, tariffs, sessions, cdrs, tokens
  case bookingLocations = "booking_locations", bookings = "booking"
}

/// One page of a list, read. What could not be read is counted and named, and the others do not suffer for it.
public struct PulledPage: Sendable {
  public var locations: [RoamingLocation] = []
  public var tariffs: [RoamingTariff] = []
  public var sessions: [RoamingSession] = []
  public var cdrs: [RoamingCDR] = []
  public var tokens: [(Token, TokenKey)] = []
  public var bookingLocations: [RoamingBookingLocation] = []
  public var bookings: [RoamingBooking] = []
  public var flaws: [String] = []
  /// The ids of those that could not be read: they exist all the same.
  public var unread: [String] = []

  public init() {}

  public var count: Int {
    locations.count + tariffs.count + sessions.count + cdrs.count + tokens.count + bookingLocations.count
      + bookings.count
  }
}

/// How a pull ended.
public struct PullOutcome: Sendable, Equatable {
  /// Objects that came.
  public var count = 0
  public var pages = 0
  /// Objects that could not be read.
  public var flawed = 0
  /// The whole list came: what was not in it does not exist any more.
  public var isComplete = false
  /// Its page links lied: see `PartnerQuirks.pagesByOffset`.
  public var hasLyingLinks = false
  /// Why it ended early; nil where it did not.
  public var fault: String?
  /// Seconds that the partner wants to be left alone.
  public var retryAfter: Int?

  public init() {}
}

/// Why a command could not be sent, or was not understood.
public enum RoamingFault: Error, Equatable, Sendable {
  /// The partner has no endpoint for it, or its version has no words for it: repeating will not help.
  case impossible(String)
  /// No usable answer: whether it was heard is not known.
  case silent(String)
  /// The partner understood and said no (OCPI 2xxx, HTTP 4xx).
  case refused(String)
}
