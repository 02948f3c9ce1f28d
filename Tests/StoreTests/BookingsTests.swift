import Domain
import Testing
import Wire

@testable import Store

/// What can be booked and what is, in the books.
@Suite struct BookingsBooksTests {
  private let house: SmallHouse
  private let place: BookingLocation
  private var bookings: Bookings { house.books.bookings }

  init() throws {
    house = try SmallHouse()
    place = try house.books.bookings.create(BookingLocation(ref: "BL1", location: house.location.id, at: t(0)))
  }

  private func request(_ id: String, from start: Int64, seconds: Int = 3_600, token: String = "T1") -> BookingRequest {
    var request = BookingRequest()
    (request.country, request.party, request.id) = ("DE", "ABC", id)
    (request.location, request.place, request.authorizationReference) = ("LOC1", "BL1", "A-\(id)")
    request.period = BookingPeriod(t(start), t(start) + .seconds(seconds))
    request.tokens = [
      TokenReference(party: PartyID(country: "DE", party: "ABC"), uid: token, kind: .rfid, contractID: "C")
    ]
    return request
  }

  @discardableResult
  private func reserve(_ id: String, from start: Int64, token: String = "T1", at now: Int64 = 0) throws -> Booking {
    let asked = request(id, from: start, token: token)
    var booking = Booking(
      id: id, of: asked, at: place, partner: house.partner.id, owner: house.role.id, at: t(now))
    booking.accept(asked, at: house.evse.id, now: t(now))
    let made = try bookings.create(booking)
    return try #require(try bookings.booking(made.id))
  }

  @Test(arguments: BookingColumn.allCases, [false, true])
  func bookingsHaveEachOrder(_ column: BookingColumn, _ isDown: Bool) throws {
    try reserve("B1", from: 7_200)
    try reserve("B2", from: 3_600, token: "T2")
    let order = Sorting(by: column, isDown: isDown)
    let found = try #require(try bookings.list(at: nil, isOpen: true, by: order, limit: 1)).first
    let first = try #require(found)
    let rest = Sorting(by: column, isDown: isDown, after: first.rank)
    let second = try #require(try bookings.list(at: house.location.id, isOpen: nil, by: rest, limit: 5))
    // Equals follow their numbers.
    let isTurned = column == .from || column == .to
    #expect([first.item.id] + second.map(\.item.id) == (isTurned != isDown ? ["B2", "B1"] : ["B1", "B2"]))
    #expect(try bookings.list(at: house.location.id, isOpen: false, by: order, limit: 5)?.isEmpty == true)
  }

  @Test func aPlaceComesBackAsItWasMadeAndChanged() throws {
    #expect(try bookings.place("bl1") == place)
    var changed = place
    (changed.isOpen, changed.evses, changed.updatedAt, changed.rollsAt) = (false, [house.evse.id], t(9), t(99))
    (changed.terms.noShow, changed.rules.slot) = (20, 30)
    try bookings.save(changed)
    #expect(try bookings.place(place.id) == changed)
    #expect(try bookings.published(from: nil, to: nil, of: [house.party.id]).isEmpty, "it is closed")
    #expect(try bookings.rolling(at: t(1_000), limit: 10).isEmpty)
    try bookings.remove(place.id)
    #expect(try bookings.placeCount() == 0)
  }

  @Test func placesArePublishedByTheTimeOfTheirChange() throws {
    #expect(try bookings.published(from: t(0), to: t(1), of: [house.party.id]).map(\.ref) == ["BL1"])
    #expect(try bookings.published(from: t(1), to: nil, of: [house.party.id]).isEmpty)
    #expect(try bookings.published(from: nil, to: t(0), of: [house.party.id]).isEmpty, "the end is excluded")
    #expect(try bookings.published(from: nil, to: nil, of: [ID(99)]).isEmpty)
  }

  @Test func aBookingComesBackAsItWasMadeAndOutlivesItsPlace() throws {
    let booking = try reserve("B1", from: 7_200)
    #expect(booking.status == .reserved && booking.asker == PartyID(country: "DE", party: "ABC"))
    #expect(booking.details.requests.map(\.status) == [.accepted] && booking.evse == house.evse.id)
    #expect(try bookings.booking("b1", asked: PartyID(country: "DE", party: "ABC"), of: house.partner.id) == booking)
    #expect(try bookings.booking("B1", asked: PartyID(country: "DE", party: "XYZ"), of: house.partner.id) == nil)
    try bookings.remove(place.id)
    #expect(try bookings.booking("B1")?.place == nil)
  }

  @Test func oneRequestOfAPartnerIsOneBooking() throws {
    try reserve("B1", from: 7_200)
    var twin = Booking(
      id: "B2", of: request("B1", from: 7_200), at: place, partner: house.partner.id, owner: nil, at: t(0))
    twin.accept(request("B1", from: 7_200), at: house.evse.id, now: t(0))
    let second = twin
    #expect(throws: StoreFault.self) { try bookings.create(second) }
  }

  @Test func holdsTouchOnlyWhatTheyOverlap() throws {
    try reserve("B1", from: 7_200)
    func holds(_ from: Int64, _ until: Int64, besides id: String? = nil) throws -> [String] {
      try bookings.holds(at: house.evse.id, in: BookingPeriod(t(from), t(until)), besides: id).map(\.id)
    }
    #expect(try holds(0, 7_200).isEmpty && holds(10_800, 14_400).isEmpty, "one ends where the other begins")
    #expect(try holds(7_199, 7_201) == ["B1"] && holds(10_799, 10_900) == ["B1"])
    #expect(try holds(0, 20_000, besides: "B1").isEmpty)
  }

  @Test func whoeverCameHoldsAnEVSEUntilTheSessionIsOver() throws {
    var booking = try reserve("B1", from: 7_200)
    let span = BookingPeriod(t(7_200), t(10_800))
    let session = house.running("S1", 1, at: t(7_300))
    try house.books.sessions.insert(session)
    _ = booking.fulfil(by: "S1", at: house.evse.id, now: t(7_300))
    try bookings.save(booking)
    #expect(try bookings.holds(at: house.evse.id, in: span).map(\.id) == ["B1"])
    var over = session
    _ = over.stop(at: t(8_000), meter: .zero, because: .local, received: t(8_000))
    try house.books.sessions.save(over)
    #expect(try bookings.holds(at: house.evse.id, in: span).isEmpty)
  }

  @Test func aTokenIsBookedInItsPeriodAtItsPartner() throws {
    try reserve("B1", from: 7_200, token: "Card")
    func isBooked(_ uid: String, _ from: Int64, of partner: ID<Partner>?, besides id: String = "") throws -> Bool {
      try bookings.isBooked(uid, of: partner, in: BookingPeriod(t(from), t(from + 60)), besides: id)
    }
    #expect(try isBooked("CARD", 7_200, of: house.partner.id))
    #expect(try !isBooked("CARD", 10_800, of: house.partner.id) && !isBooked("CARD", 7_200, of: nil))
    #expect(try !isBooked("CARD", 7_200, of: house.partner.id, besides: "B1") && !isBooked("OTHER", 7_200, of: nil))
  }

  @Test func aPartnersBookingsAreWalkedFromMarkToMark() throws {
    for number in 1...5 { try reserve("B\(number)", from: Int64(number) * 7_200, at: Int64(number / 2)) }
    var (found, query): ([String], PageQuery) = ([], PageQuery(limit: 2))
    for _ in 0..<3 {
      let page = try bookings.page(query, of: house.partner.id)
      #expect(page.total == 5)
      found += page.items.map(\.id)
      guard case .after(let mark) = page.rest else { break }
      query.after = mark
    }
    #expect(found == ["B1", "B2", "B3", "B4", "B5"])
    #expect(try bookings.page(PageQuery(from: t(1), to: t(2), limit: 10), of: house.partner.id).items.count == 2)
    let behalf = PartyID(country: "DE", party: "XYZ")
    #expect(try bookings.page(PageQuery(limit: 10), of: house.partner.id, behalf: behalf).items.isEmpty)
    #expect(try bookings.page(PageQuery(limit: 10), of: ID(99)).total == 0)
  }

  @Test func whatIsOverGoesWhenItsTimeIsPastWhateverItWasFor() throws {
    let kept = try reserve("B1", from: 7_200)
    let asked = request("B2", from: 4_000_000_000)
    var refused = Booking(id: "B2", of: asked, at: place, partner: house.partner.id, owner: nil, at: t(0))
    refused.decline(asked, because: "too far ahead", now: t(0))
    _ = try bookings.create(refused)
    #expect(try bookings.prune(before: t(0)).removed == 0)
    #expect(try bookings.prune(before: t(1)).removed == 1)
    #expect(try bookings.list(limit: 10).map(\.id) == [kept.id], "what stands stays")
  }
}

/// What other networks tell of bookings, in the books.
@Suite struct RoamingBookingsBooksTests {
  private let house: SmallHouse
  private let owner = PartyID(country: "BE", party: "CPO")
  private var kept: RoamingBookings { house.books.roamingBookings }

  init() throws { house = try SmallHouse() }

  private func offer(_ ref: String = "BL1", at time: Int64, isGone: Bool = false) -> RoamingBookingLocation {
    RoamingBookingLocation(
      party: owner, ref: ref, location: "L1", isGone: isGone, updatedAt: t(time),
      raw: ["id": .string(ref), "at": .string(t(time).text)])
  }

  private func booking(_ ref: String = "B1", _ status: String = "RESERVED", at time: Int64) -> RoamingBooking {
    RoamingBooking(
      party: owner, ref: ref, requestID: "R-\(ref)", status: status, period: BookingPeriod(t(7_200), t(10_800)),
      updatedAt: t(time), raw: ["id": .string(ref), "reservation_status": .string(status)])
  }

  private func key(_ ref: String) -> RoamingKey { RoamingKey(partner: house.partner.id, party: owner, ref: ref) }

  @Test func olderNewsChangeNothing() throws {
    #expect(try kept.put(offer(at: 10), of: house.partner.id, at: t(10)) == .created)
    #expect(try kept.put(offer(at: 9), of: house.partner.id, at: t(11)) == .unchanged)
    #expect(try kept.put(offer(at: 12), of: house.partner.id, at: t(12)) == .replaced)
    #expect(try kept.place(key("bl1"))?.updatedAt == t(12))
    #expect(try kept.put(booking(at: 10), of: house.partner.id, at: t(10)) == .created)
    #expect(try kept.put(booking("B1", "CANCELED", at: 9), of: house.partner.id, at: t(11)) == .unchanged)
    #expect(try kept.booking(key("B1"))?.status == "RESERVED")
  }

  @Test func aBookingIsFoundByTheIdOfItsRequestToo() throws {
    #expect(try kept.put(booking(at: 10), of: house.partner.id, at: t(10)) == .created)
    #expect(try kept.booking(at: key("r-b1"))?.key.ref == nil, "ids of requests are ours, and spelled as we spell them")
    #expect(try kept.booking(at: key("R-B1"))?.key.ref == "B1" && kept.booking(at: key("b1"))?.key.ref == "B1")
    #expect(try kept.booking(key("R-B1")) == nil)
  }

  @Test func whatAWholeListHasNoMoreIsGoneUntilItIsToldAgain() throws {
    for ref in ["BL1", "BL2"] { _ = try kept.put(offer(ref, at: 10), of: house.partner.id, at: t(10)) }
    _ = try kept.put(offer("BL1", at: 10), of: house.partner.id, at: t(20))
    #expect(try kept.endPlaces(of: house.partner.id, unseenSince: t(20), at: t(21)) == 1)
    #expect(try kept.places(limit: 10).map(\.key.ref) == ["BL1"])
    #expect(try kept.prunePlaces(goneBefore: t(21)).removed == 0)
    _ = try kept.put(offer("BL2", at: 10), of: house.partner.id, at: t(30))
    #expect(try kept.places(limit: 10).map(\.key.ref) == ["BL1", "BL2"])
    _ = try kept.put(offer("BL2", at: 31, isGone: true), of: house.partner.id, at: t(31))
    #expect(try kept.places(limit: 10).map(\.key.ref) == ["BL1"])
    #expect(try kept.prunePlaces(goneBefore: t(32)).removed == 1)
  }

  @Test func bookingsThatAreListedNoMoreHoldNoMore() throws {
    for ref in ["B1", "B2", "B3"] { _ = try kept.put(booking(ref, at: 10), of: house.partner.id, at: t(10)) }
    _ = try kept.put(booking("B1", at: 10), of: house.partner.id, at: t(20))
    try kept.saw("B3", of: house.partner.id, at: t(20))
    #expect(try kept.end(of: house.partner.id, unseenSince: t(20), at: t(21)) == 1)
    #expect(try kept.list(limit: 10).filter { $0.goneAt != nil }.map(\.key.ref) == ["B2"])
    #expect(try kept.end(of: house.partner.id, unseenSince: t(20_000), at: t(20_001)) == 0, "their time is over")
    #expect(try kept.prune(before: t(20)).removed == 1, "what nobody has named for so long")
    #expect(try kept.prune(before: t(10_801)).removed == 2)
  }
}
