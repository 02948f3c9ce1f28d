import Domain
import Wire

/// A provider of drivers in memory, as far as operators of stations see it.
@MainActor
final class FakeProvider: ProviderService {
  var tokens: [OfferedToken] = []
  var verdicts: [String: PartnerAuthorization.Allowed] = [:]
  private(set) var questions: [TokenQuestion] = []
  private(set) var locations: [RoamingKey: RoamingLocation] = [:]
  private(set) var tariffs: [RoamingKey: RoamingTariff] = [:]
  private(set) var sessions: [RoamingKey: RoamingSession] = [:]
  private(set) var cdrs: [RoamingKey: RoamingCDR] = [:]
  private(set) var results: [String] = []
  private(set) var schedules: [ChargingProfile.Schedule?] = []
  private(set) var messages: [String] = []
  var seconds: Int?
  private(set) var plans: [String: ChargingProfile.Schedule] = [:]

  init() {}

  func tellActiveProfile(
    _ schedule: ChargingProfile.Schedule, of session: String, from caller: PartnerCaller
  ) async throws(PartnerFault) {
    guard session == "S1" else { throw .unknownObject }
    plans[session] = schedule
  }

  private static func folded(_ key: RoamingKey) -> RoamingKey {
    RoamingKey(partner: key.partner, party: key.party, ref: key.ref.lowercased())
  }

  func offeredTokens(
    _ query: PageQuery, for caller: PartnerCaller
  ) async throws(PartnerFault) -> Page<OfferedToken> {
    Page(items: Array(tokens.dropFirst(query.offset).prefix(query.limit)), total: tokens.count)
  }

  func authorize(_ question: TokenQuestion, for caller: PartnerCaller) async throws(PartnerFault) -> TokenVerdict {
    questions.append(question)
    guard let allowed = verdicts[question.uid], let token = tokens.first else { throw .unknownToken }
    return TokenVerdict(
      allowed: allowed, token: token, reference: allowed == .allowed ? "REF-1" : nil,
      location: allowed == .allowed ? question.location : nil, evses: question.evses,
      info: allowed == .allowed ? nil : "no")
  }

  func roamingLocation(_ key: RoamingKey) async throws(PartnerFault) -> JSON {
    guard let held = locations[Self.folded(key)] else { throw .unknownObject }
    return held.raw
  }

  func keepLocation(
    _ key: RoamingKey, from caller: PartnerCaller,
    _ change: @escaping @Sendable (JSON?) throws(PartnerFault) -> RoamingLocation
  ) async throws(PartnerFault) -> Bool {
    let held = locations[Self.folded(key)]
    locations[Self.folded(key)] = try change(held?.raw)
    return held == nil
  }

  func roamingTariff(_ key: RoamingKey) async throws(PartnerFault) -> JSON {
    guard let held = tariffs[Self.folded(key)] else { throw .unknownObject }
    return held.raw
  }

  func keepTariff(
    _ key: RoamingKey, from caller: PartnerCaller,
    _ change: @escaping @Sendable (JSON?) throws(PartnerFault) -> RoamingTariff
  ) async throws(PartnerFault) -> Bool {
    let held = tariffs[Self.folded(key)]
    tariffs[Self.folded(key)] = try change(held?.raw)
    return held == nil
  }

  func removeTariff(_ key: RoamingKey, from caller: PartnerCaller) async throws(PartnerFault) {
    guard tariffs.removeValue(forKey: Self.folded(key)) != nil else { throw .unknownObject }
  }

  func roamingSession(_ key: RoamingKey) async throws(PartnerFault) -> JSON {
    guard let held = sessions[Self.folded(key)] else { throw .unknownObject }
    return held.raw
  }

  func keepSession(
    _ key: RoamingKey, from caller: PartnerCaller,
    _ change: @escaping @Sendable (JSON?) throws(PartnerFault) -> RoamingSession
  ) async throws(PartnerFault) -> Bool {
    let held = sessions[Self.folded(key)]
    let session = try change(held?.raw)
    guard session.token.uid != "WHO" else { throw .unknownToken }
    sessions[Self.folded(key)] = session
    return held == nil
  }

  func roamingCDR(_ key: RoamingKey) async throws(PartnerFault) -> JSON {
    guard let held = cdrs[Self.folded(key)] else { throw .unknownObject }
    return held.raw
  }

  func keepCDR(_ cdr: RoamingCDR, from caller: PartnerCaller) async throws(PartnerFault) -> Bool {
    guard cdr.token.uid != "WHO" else { throw .unknownToken }
    let key = Self.folded(RoamingKey(partner: caller.terms.partner.id, party: cdr.party, ref: cdr.ref))
    if let held = cdrs[key] {
      guard held.raw == cdr.raw else { throw .invalid("something else was said under this id before") }
      return false
    }
    cdrs[key] = cdr
    return true
  }

  private(set) var places: [RoamingKey: RoamingBookingLocation] = [:]
  private(set) var bookings: [RoamingKey: RoamingBooking] = [:]

  func roamingBookingLocation(_ key: RoamingKey) async throws(PartnerFault) -> JSON {
    guard let held = places[Self.folded(key)] else { throw .unknownObject }
    return held.raw
  }

  func keepBookingLocation(
    _ key: RoamingKey, from caller: PartnerCaller,
    _ change: @escaping @Sendable (JSON?) throws(PartnerFault) -> RoamingBookingLocation
  ) async throws(PartnerFault) -> Bool {
    let held = places[Self.folded(key)]
    places[Self.folded(key)] = try change(held?.raw)
    return held == nil
  }

  func roamingBooking(_ key: RoamingKey) async throws(PartnerFault) -> JSON {
    guard let held = bookings[Self.folded(key)] else { throw .unknownObject }
    return held.raw
  }

  func keepBooking(
    _ key: RoamingKey, from caller: PartnerCaller,
    _ change: @escaping @Sendable (JSON?) throws(PartnerFault) -> RoamingBooking
  ) async throws(PartnerFault) -> Bool {
    let held = bookings[Self.folded(key)]
    bookings[Self.folded(key)] = try change(held?.raw)
    return held == nil
  }

  func resulted(
    _ command: String, _ result: RoamingCommand.Result, from caller: PartnerCaller
  ) async throws(PartnerFault) {
    guard command == "CMD-1" else { throw .unknownObject }
    results.append(result.word)
    schedules.append(result.schedule)
    if let message = result.message { messages.append(message) }
  }

  func pause(for caller: PartnerCaller) -> Int? { seconds }
}
