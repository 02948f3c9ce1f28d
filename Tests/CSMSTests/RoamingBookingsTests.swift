import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// Our drivers book at another network (OCPI 2.3.0 bookings).
@MainActor @Suite struct RoamingBookingsTests {
  private let house: HouseUnderTest
  private let network: Partner
  private let token: Token
  private let place: ID<RoamingBookingLocation>
  private let owner = PartyID(country: "BE", party: "CPO")
  private let period = BookingPeriod(
    Timestamp("2026-05-05T10:00:00Z") ?? .epoch, Timestamp("2026-05-05T11:00:00Z") ?? .epoch)

  init() async throws {
    house = try HouseUnderTest().furnish()
    network = try house.addNetwork()
    token = try house.addToken("04A1")
    let (made, caller) = (house, try house.caller(network))
    let told = RoamingBookingLocation(
      party: owner, ref: "BL1", location: "L1", isGone: false, updatedAt: made.now, raw: ["id": "BL1"])
    let key = RoamingKey(partner: network.id, party: owner, ref: "BL1")
    async let kept = made.csms.keepBookingLocation(key, from: caller) { _ in told }
    await made.settleAll()
    #expect(try await kept)
    place = try #require(try made.books.roamingBookings.place(key)?.id)
  }

  private func command(_ wish: RoamingWish) async throws -> RoamingCommandRecord {
    async let record = house.csms.command(wish, by: "operator:anna")
    await house.settleAll()
    return try await record
  }

  private func told(
    _ request: BookingRequest, _ status: Booking.Status, _ verdict: BookingRequestStatus.Status,
    at time: Timestamp? = nil
  ) -> RoamingBooking {
    RoamingBooking(
      party: owner, ref: "B1", requestID: request.id, status: status.rawValue, period: request.period,
      updatedAt: time ?? house.now,
      raw: [
        "id": "B1", "request_id": .string(request.id),
        "booking_requests": [["request_status": .string(verdict.rawValue), "booking_request": request.json]],
      ])
  }

  /// The command was answered with a booking.
  private func answer(
    _ status: Booking.Status, _ verdict: BookingRequestStatus.Status
  ) async throws -> (request: BookingRequest, booking: KeptRoamingBooking) {
    let asked = try #require(house.networks.asked.last)
    guard case .book(let request, _) = asked.command else { throw TestFault("no booking was asked for") }
    let booking = told(request, status, verdict)
    asked.answer(.success(RoamingCommand.Answer(word: status.rawValue, booking: booking)))
    await house.settleAll()
    let key = RoamingKey(partner: network.id, party: owner, ref: "B1")
    return (request, try #require(try house.books.roamingBookings.booking(key)))
  }

  private func phase(_ record: RoamingCommandRecord) throws -> CommandRecord.Phase? {
    try house.books.roamingCommands.command(record.id)?.phase
  }

  @Test func aBookingIsAskedForWithOurTokenAndKept() async throws {
    let record = try await command(.book(token.id, at: place, period, evse: "E1"))
    #expect(record.verb == .book && record.detail["booking_location"] == "BL1")
    let (request, booking) = try await answer(.reserved, .accepted)
    #expect(request.id == record.id && request.asker == PartyID(country: "NL", party: "DRV"))
    #expect(request.tokens?.map(\.uid) == ["04A1"] && request.option?.evse == "E1" && request.period == period)
    #expect(booking.status == "RESERVED" && booking.period == period)
    #expect(try phase(record) == .done)
    #expect(try house.books.roamingUses.authorized(request.authorizationReference, for: network.id) == token.id)
    #expect(try house.count("roaming.booking_told") == 1)
  }

  @Test func whatIsPendingIsDecidedByAPush() async throws {
    let record = try await command(.book(token.id, at: place, period, evse: nil))
    let (request, _) = try await answer(.pending, .pending)
    #expect(try phase(record) == .accepted)
    let key = RoamingKey(partner: network.id, party: owner, ref: "B1")
    let news = told(request, .rejected, .declined, at: house.now + .seconds(5))
    let caller = try house.caller(network)
    async let isNew = house.csms.keepBooking(key, from: caller) { _ in news }
    await house.settleAll()
    #expect(try await isNew == false)
    #expect(try phase(record) == .refused)
    #expect(try house.books.roamingBookings.booking(key)?.status == "REJECTED")
  }

  @Test func aChangeAndACancellationGoUnderTheFirstRequest() async throws {
    let first = try await command(.book(token.id, at: place, period, evse: nil))
    let (request, booking) = try await answer(.reserved, .accepted)
    let later = BookingPeriod(period.start + .seconds(3_600), period.end + .seconds(3_600))
    let change = try await command(.changeBooking(booking.id, later))
    house.clock.now += .seconds(1)
    #expect(try await answer(.reserved, .declined).request.id == request.id)
    #expect(change.verb == .changeBooking && change.id != first.id)
    #expect(try phase(change) == .refused, "what stands is not what was asked")
    let end = try await command(.cancelBooking(booking.id, because: .brokenVehicle))
    house.clock.now += .seconds(1)
    let given = try await answer(.canceled, .accepted)
    #expect(given.request.id == request.id && given.request.canceled == Cancellation(.brokenVehicle, by: .emsp))
    #expect(given.booking.status == "CANCELED")
    #expect(try phase(end) == .done)
  }

  @Test func olderNewsChangeNothing() async throws {
    _ = try await command(.book(token.id, at: place, period, evse: nil))
    let (request, booking) = try await answer(.reserved, .accepted)
    let old = told(request, .pending, .pending, at: house.now - .seconds(60))
    let (key, caller) = (booking.key, try house.caller(network))
    async let isNew = house.csms.keepBooking(key, from: caller) { _ in old }
    await house.settleAll()
    #expect(try await isNew == false)
    #expect(try house.books.roamingBookings.booking(key)?.status == "RESERVED")
  }

  @Test func whatIsGoneOrPastIsNotBooked() async throws {
    await #expect(throws: Refusal.self) {
      try await command(
        .book(token.id, at: place, BookingPeriod(house.now - .seconds(7_200), house.now - .seconds(3_600)), evse: nil))
    }
    let gone = RoamingBookingLocation(
      party: owner, ref: "BL1", location: "L1", isGone: true, updatedAt: house.now, raw: ["id": "BL1"])
    let (key, caller) = (RoamingKey(partner: network.id, party: owner, ref: "BL1"), try house.caller(network))
    async let kept = house.csms.keepBookingLocation(key, from: caller) { _ in gone }
    await house.settleAll()
    _ = try await kept
    await #expect(throws: Refusal.notFound("no such booking location")) {
      try await command(.book(token.id, at: place, period, evse: nil))
    }
    #expect(house.networks.asked.isEmpty)
    #expect(try house.books.roamingBookings.places(limit: 10).isEmpty)
  }

  // MARK: Their lists

  private func page(_ places: [String], _ bookings: [RoamingBooking] = []) -> PulledPage {
    var page = PulledPage()
    page.bookingLocations = places.map {
      RoamingBookingLocation(
        party: owner, ref: $0, location: "L1", isGone: false, updatedAt: house.now, raw: ["id": .string($0)])
    }
    page.bookings = bookings
    return page
  }

  private func pull(_ module: PullModule, whole: Bool = true) async throws {
    try await house.csms.pull(network.id, module, whole: whole, by: "operator:anna")
    for _ in 0..<4 {
      house.pass(30, beat: 30)
      await house.settleAll()
    }
  }

  @Test func theirListsAreReadAndWhatTheyHaveNoMoreIsGone() async throws {
    var offering = network
    offering.endpoints.append(Partner.Endpoint(module: "booking", role: "SENDER", url: "https://Roamer/bookings"))
    let changed = offering
    try house.write { books throws(StoreFault) in try books.partners.update(changed) }
    let record = try await command(.book(token.id, at: place, period, evse: nil))
    let (request, _) = try await answer(.pending, .pending)
    #expect(try phase(record) == .accepted)
    // The push that says yes was lost.
    let decided = told(request, .reserved, .accepted, at: house.now + .seconds(1))
    house.networks.pages = { [page] module in
      switch module {
      case .bookingLocations: [page(["BL1", "BL2"], [])]
      case .bookings: [page([], [decided])]
      case .locations, .tariffs, .sessions, .cdrs, .tokens: []
      }
    }
    try await pull(.bookingLocations)
    try await pull(.bookings)
    #expect(try house.books.roamingBookings.places(limit: 10).map(\.key.ref) == ["BL1", "BL2"])
    #expect(try house.books.roamingBookings.list(limit: 10).map(\.status) == ["RESERVED"])
    #expect(try phase(record) == .done)
    // What changed since is no list of all; a whole one is.
    house.networks.pages = { [page] in $0 == .bookingLocations ? [page(["BL2"], [])] : [] }
    try await pull(.bookingLocations, whole: false)
    #expect(try house.books.roamingBookings.places(limit: 10).count == 2)
    try await pull(.bookingLocations)
    try await pull(.bookings)
    #expect(try house.books.roamingBookings.places(limit: 10).map(\.key.ref) == ["BL2"])
    #expect(try house.books.roamingBookings.list(limit: 10).first?.goneAt != nil)
    #expect(house.networks.pulls.contains { $0.module == .bookingLocations && $0.since != nil })
  }

  @Test func nothingIsReadOfWhomNobodyWantsToBookAt() async throws {
    var quiet = network
    quiet.endpoints.append(Partner.Endpoint(module: "booking", role: "SENDER", url: "https://Roamer/bookings"))
    quiet.quirks.takesBookings = false
    let changed = quiet
    try house.write { books throws(StoreFault) in try books.partners.update(changed) }
    await #expect(throws: Refusal.self) { try await pull(.bookings) }
    #expect(!house.networks.pulls.contains { $0.module == .bookings })
  }
}
