import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// A partner books, and what it has booked becomes a reservation, a session and a bill (OCPI 2.3.0 bookings).
@MainActor @Suite struct BookingsTests {
  private let house: HouseUnderTest
  private let partner: Partner
  private let place: BookingLocation
  /// Two hours from now: the house begins at 08:00 UTC.
  private var ten: Timestamp { Timestamp("2026-05-04T10:00:00Z") ?? .epoch }

  init() async throws {
    house = try HouseUnderTest().furnish(evses: 2)
    partner = try Self.addBookingPartner(to: house)
    try house.addToken("DE-1", of: partner)
    house.stations.answer = { command, _ in
      if case .reservation = command { .accepted(answer: ["status": "Accepted"]) } else { nil }
    }
    let made = house
    let location = try #require(try made.books.locations.first())
    var draft = BookingLocation(ref: "BL1", location: location.id, at: made.now)
    (draft.rules.slot, draft.rules.days, draft.rules.lead) = (30, 7, 15)
    (draft.terms.noShow, draft.terms.changeUntil, draft.terms.cancelUntil) = (20, 60, 30)
    let wish = draft
    async let opened = made.csms.addBookingLocation(wish, by: "operator:anna")
    await made.settleAll()
    place = try await opened
    made.pass(5)
    made.partners.clear()
  }

  private static func addBookingPartner(to house: HouseUnderTest) throws -> Partner {
    var partner = try house.addPartner()
    partner.endpoints.append(Partner.Endpoint(module: "booking", role: "RECEIVER", url: "https://Roamer/b"))
    let booking = partner
    try house.write { books throws(StoreFault) in try books.partners.update(booking) }
    return partner
  }

  private func request(
    _ id: String = "R1", from start: Timestamp? = nil, hours: Int = 1, token: String = "DE-1", evse: String? = nil
  ) -> BookingRequest {
    var request = BookingRequest()
    (request.country, request.party, request.id) = ("DE", "ABC", id)
    (request.location, request.place, request.authorizationReference) = ("LOC1", "BL1", "AUTH-\(id)")
    request.period = BookingPeriod(start ?? ten, (start ?? ten) + .seconds(hours * 3_600))
    request.tokens = [TokenReference(party: PartyID("DE*ABC")!, uid: token, kind: .rfid, contractID: "C-\(token)")]
    if let evse {
      request.option = BookingOption()
      request.option?.evse = evse
    }
    return request
  }

  @discardableResult
  private func book(_ request: BookingRequest, as partner: Partner? = nil) async throws -> PublishedBooking {
    let caller = try house.caller(partner ?? self.partner)
    async let answer = house.csms.book(request, from: caller)
    await house.settleAll()
    return try await answer.booking
  }

  private func changePlace(
    _ edit: @escaping @MainActor @Sendable (inout BookingLocation) throws(Refusal) -> Void
  ) async throws {
    let id = place.id
    async let changed = house.csms.changeBookingLocation(id, by: "operator:anna", edit)
    await house.settleAll()
    _ = try await changed
  }

  private func booking(_ shown: PublishedBooking) throws -> Booking {
    try #require(try house.books.bookings.booking(shown.id))
  }

  private func free() async throws -> [BookingPeriod] {
    let shown = try await house.csms.bookingLocation("BL1", for: try house.caller(partner))
    return shown.calendars?.first?.slots.map(\.period) ?? []
  }

  /// What the partner was told of bookings, in order; their places are told beside them.
  private var told: [JSON] { house.partners.sent("booking").map(\.body).filter { $0["booking"] != nil } }

  /// How often a station was asked to hold an EVSE, or to let it go.
  private var asks: Int {
    house.stations.commands.count { if case .reservation = $0 { true } else { false } }
  }

  private func pass(until time: Timestamp) { house.pass(Int(time.seconds(since: house.now)), beat: 30) }

  // MARK: Asking

  @Test func whatIsFreeIsReservedAtOnceAndNoLongerFree() async throws {
    #expect(try await free().count == 1)
    let first = try await book(request())
    #expect(first.status == .reserved && first.requests.map(\.status) == [.accepted])
    #expect(first.option?.evse == "uid-CS-1-1" && first.authorizationReference == "AUTH-R1")
    let second = try await book(request("R2", token: "DE-2"))
    #expect(second.status == .reserved && second.option?.evse == "uid-CS-1-2")
    let third = try await book(request("R3", token: "DE-3"))
    #expect(third.status == .rejected && third.requests.map(\.status) == [.declined])
    #expect(try await !free().contains { $0.overlaps(BookingPeriod(ten, ten + .seconds(3_600))) })
    #expect(try house.count("booking.reserved") == 2 && house.count("booking.rejected") == 1)
  }

  @Test func theSameRequestAgainIsTheSameBooking() async throws {
    let first = try await book(request())
    #expect(try await book(request()) == first)
    #expect(try house.books.bookings.list(limit: 10).count == 1)
  }

  @Test func aChangeMovesIt() async throws {
    let first = try await book(request())
    let moved = try await book(request(from: ten + .seconds(7_200), hours: 2))
    #expect(moved.id == first.id && moved.status == .reserved)
    #expect(moved.slot.period == BookingPeriod(ten + .seconds(7_200), ten + .seconds(14_400)))
    #expect(moved.requests.map(\.status) == [.accepted, .accepted])
    #expect(try await book(request("R2", token: "DE-2", evse: "uid-CS-1-1")).status == .reserved, "10:00 is free again")
  }

  @Test func whatCannotBeChangedStaysAsItWas() async throws {
    try await book(request())
    try await book(request("R2", from: ten + .seconds(3_600), token: "DE-2", evse: "uid-CS-1-1"))
    try await book(request("R3", from: ten + .seconds(3_600), token: "DE-3"))
    let declined = try await book(request(from: ten + .seconds(3_600)))
    #expect(declined.status == .reserved && declined.slot.period.start == ten)
    #expect(declined.requests.map(\.status) == [.accepted, .declined])
  }

  @Test func aChangeToAPlaceThatIsNotThereIsRefused() async throws {
    try await book(request())
    var nowhere = request()
    nowhere.place = "BL9"
    await #expect(throws: PartnerFault.unknownLocation) { try await book(nowhere) }
    #expect(try house.books.bookings.list(limit: 10).map(\.details.requests.count) == [1])
  }

  @Test func itIsGivenUpInTimeAndNotLater() async throws {
    let first = try await book(request())
    try await book(request("R2", from: ten, token: "DE-2"))
    var cancellation = request()
    cancellation.canceled = Cancellation(.traffic, by: .emsp)
    let cancelled = try await book(cancellation)
    #expect(cancelled.id == first.id && cancelled.status == .canceled && cancelled.canceled?.reason == .traffic)
    #expect(try await book(request("R3", token: "DE-3")).status == .reserved, "its place is free again")
    pass(until: ten - .seconds(29 * 60))
    var late = request("R2", from: ten, token: "DE-2")
    late.canceled = Cancellation(.traffic, by: .emsp)
    let kept = try await book(late)
    #expect(kept.status == .reserved && kept.requests.last?.status == .declined)
  }

  @Test func whatIsBookedIsGivenUpAlsoWhereNothingCanBeBookedAnyMore() async throws {
    let first = try await book(request())
    let second = try await book(request("R2", token: "DE-2"))
    try await changePlace { $0.isOpen = false }
    let repeated = try await book(request("R2", token: "DE-2"))
    #expect(repeated == second, "its answer was lost")
    let moved = try await book(request("R2", from: ten + .seconds(7_200), token: "DE-2"))
    #expect(moved.status == .reserved && moved.slot.period.start == ten && moved.requests.last?.status == .declined)
    var cancellation = request()
    cancellation.canceled = Cancellation(.traffic, by: .cpo)
    let cancelled = try await book(cancellation)
    #expect(cancelled.id == first.id && cancelled.status == .canceled)
    #expect(cancelled.canceled?.by == .emsp, "we do not give it up, whatever they say")
    let id = place.id
    async let removed: Void = house.csms.removeBookingLocation(id, by: "operator:anna")
    await house.settleAll()
    try await removed
    var other = request("R2", token: "DE-2")
    other.canceled = Cancellation(.brokenVehicle, by: .emsp)
    #expect(try await book(other).status == .canceled)
  }

  @Test func aChangeThatWasDeclinedIsAskedForAgainOnceItIsFree() async throws {
    let later = ten + .seconds(7_200)
    try await book(request(evse: "uid-CS-1-1"))
    try await book(request("R2", from: later, token: "DE-2", evse: "uid-CS-1-1"))
    let change = request(from: later, evse: "uid-CS-1-1")
    #expect(try await book(change).requests.map(\.status) == [.accepted, .declined])
    var given = request("R2", from: later, token: "DE-2", evse: "uid-CS-1-1")
    given.canceled = Cancellation(.traffic, by: .emsp)
    try await book(given)
    let moved = try await book(change)
    #expect(moved.slot.period.start == later && moved.requests.map(\.status) == [.accepted, .declined, .accepted])
  }

  @Test func itIsAcceptedWithTheTariffsOfItsEVSE() async throws {
    let shown = try await book(request())
    let tariffs = try house.evse(1).connectors.flatMap(\.tariffs)
      .compactMap { try house.books.tariffs.tariff($0)?.tariff.ref }
    #expect(!tariffs.isEmpty && shown.tariffs == tariffs)
  }

  @Test func whatIsInUseIsNotShownAsFreeSoon() async throws {
    let station = try house.connect("CS-1")
    let soon = house.now + .seconds(1_900)
    for evse in [1, 2] { try station.report(.available, evse: evse) }
    #expect(try await free().contains { $0.start < soon })
    for evse in [1, 2] { try station.report(.charging, evse: evse) }
    #expect(try await !free().contains { $0.start < soon })
    let next = try #require(try await free().first?.start)
    #expect(try await book(request("R1", from: next)).status == .reserved, "what is shown can be booked")
  }

  @Test func aTokenHasOneBookingAtATimeUnlessItsTermsSayOtherwise() async throws {
    try await book(request())
    #expect(try await book(request("R2")).status == .rejected)
    try await changePlace { $0.terms.allowsOverlaps = true }
    #expect(try await book(request("R3")).status == .reserved)
  }

  @Test func aTokenThatIsBlockedBooksNothing() async throws {
    try house.addToken("DE-9", of: partner, valid: false)
    #expect(try await book(request(token: "DE-9")).status == .rejected)
  }

  @Test func whatIsNotTheCallersIsRefused() async throws {
    var foreign = request()
    foreign.party = "XYZ"
    await #expect(throws: PartnerFault.self) { try await book(foreign) }
    var token = request()
    token.tokens?[0].party = "XYZ"
    await #expect(throws: PartnerFault.self) { try await book(token) }
    var nowhere = request()
    nowhere.place = "BL9"
    await #expect(throws: PartnerFault.unknownLocation) { try await book(nowhere) }
    var elsewhere = request()
    elsewhere.location = "LOC9"
    await #expect(throws: PartnerFault.self) { try await book(elsewhere) }
    var unknown = request()
    unknown.canceled = Cancellation(.traffic, by: .emsp)
    await #expect(throws: PartnerFault.self) { try await book(unknown) }
    #expect(try house.books.bookings.list(limit: 10).isEmpty)
  }

  @Test func anotherPartnerSeesNeitherBookingsNorHiddenPlaces() async throws {
    try await book(request())
    var other = try house.addPartner("Other", party: "FR*XYZ")
    other.publishing.hiddenLocations = ["LOC1"]
    let hidden = other
    try house.write { books throws(StoreFault) in try books.partners.update(hidden) }
    let caller = try house.caller(other)
    #expect(try await house.csms.bookings(PageQuery(limit: 10), for: caller).total == 0)
    #expect(
      try await house.csms.bookingLocations(PageQuery(limit: 10), slotFrom: nil, slotTo: nil, for: caller).total == 0)
    await #expect(throws: PartnerFault.unknownLocation) { try await house.csms.bookingLocation("BL1", for: caller) }
    #expect(try await house.csms.bookings(PageQuery(limit: 10), for: try house.caller(partner)).total == 1)
  }

  @Test func placesAreWalkedPageByPage() async throws {
    let location = place.location
    for number in 2...5 {
      let draft = BookingLocation(ref: "BL\(number)", location: location, at: house.now)
      async let made = house.csms.addBookingLocation(draft, by: "operator:anna")
      await house.settleAll()
      _ = try await made
    }
    var (found, query): ([String], PageQuery) = ([], PageQuery(limit: 2))
    for _ in 0..<3 {
      let page = try await house.csms.bookingLocations(
        query, slotFrom: nil, slotTo: nil, for: try house.caller(partner))
      #expect(page.total == 5)
      found += page.items.map(\.id)
      guard case .after(let mark) = page.rest else { break }
      query.after = mark
    }
    #expect(Set(found).count == 5)
    let past = try await house.csms.bookingLocations(
      PageQuery(limit: 10), slotFrom: ten + .seconds(30 * 86_400), slotTo: nil, for: try house.caller(partner))
    #expect(past.total == 0, "nothing is free so far ahead")
  }

  // MARK: From the booking to the bill

  @Test func itBecomesAReservationASessionAndABill() async throws {
    let station = try house.connect("CS-1")
    let shown = try await book(request())
    pass(until: ten - .seconds(16 * 60))
    #expect(asks == 0)
    pass(until: ten - .seconds(14 * 60))
    let reservation = try #require(try house.books.reservations.open(of: try house.station("CS-1").id).first)
    #expect(reservation.state == .placed && reservation.evse == 1 && reservation.token.uid == "DE-1")
    #expect(reservation.expiresAt == ten + .seconds(20 * 60))
    house.partners.clear()
    pass(until: ten + .seconds(5 * 60))
    let transaction = try station.start("DE-1", meter: 1_000).transaction
    #expect(try booking(shown).status == .fulfilled)
    #expect(try booking(shown).session == (try house.session(transaction).id))
    #expect(try house.books.reservations.reservation(reservation.id)?.state == .used)
    house.pass(3)
    #expect(told.map { $0["status"] }.contains("FULFILLED"))
    house.clock.now += .seconds(1_800)
    try station.stop(transaction, meter: 9_000)
    let bill = try house.cdr(of: transaction)
    #expect(bill.booking == shown.id && bill.authorizationReference == "AUTH-R1")
  }

  @Test func whoeverDoesNotComeIsMissed() async throws {
    _ = try house.connect("CS-1")
    let shown = try await book(request())
    pass(until: ten + .seconds(19 * 60))
    #expect(try booking(shown).status == .reserved)
    pass(until: ten + .seconds(21 * 60))
    #expect(try booking(shown).status == .noShow)
    #expect(try house.books.reservations.open(of: try house.station("CS-1").id).isEmpty)
    #expect(told.map { $0["status"] }.contains("NO_SHOW"))
  }

  @Test func aDriverAtTheOtherEVSEOfThePlaceHasHisBookingToo() async throws {
    let station = try house.connect("CS-1")
    let shown = try await book(request())
    pass(until: ten)
    try station.start("DE-1", evse: 2)
    #expect(try booking(shown).status == .fulfilled)
    #expect(try booking(shown).evse == (try house.evse(2).id))
    house.pass(3)
    #expect(try house.books.reservations.open(of: try house.station("CS-1").id).isEmpty, "the first is let go")
  }

  @Test func whoeverLeavesEarlyHoldsThePlaceNoMore() async throws {
    let station = try house.connect("CS-1")
    try await book(request(evse: "uid-CS-1-1"))
    pass(until: ten)
    let transaction = try station.start("DE-1", meter: 1_000).transaction
    let again = BookingPeriod(ten + .seconds(1_800), ten + .seconds(3_600))
    pass(until: ten + .seconds(600))
    try station.stop(transaction, meter: 2_000)
    try station.report(.available)
    house.partners.clear()
    house.pass(3)
    var next = request("R2", token: "DE-2", evse: "uid-CS-1-1")
    next.period = again
    #expect(try await book(next).status == .reserved)
  }

  @Test func aSessionThatIsToldLateIsNoneOfABookingThatStandsNow() async throws {
    let station = try house.connect("CS-1")
    let shown = try await book(request())
    pass(until: ten)
    try station.start("DE-1", at: ten - .seconds(3_600), evse: 2)
    #expect(try booking(shown).status == .reserved)
  }

  @Test func itsGroupMayUseItWhereItsTermsSaySo() async throws {
    try house.addToken("DE-2", of: partner, group: "FLEET")
    try house.addToken("DE-3", of: partner, group: "FLEET")
    let station = try house.connect("CS-1")
    let alone = try await book(request(token: "DE-2"))
    try await changePlace { $0.terms.takesTokenGroups = true }
    pass(until: ten)
    try station.start("DE-3", evse: 2)
    #expect(try booking(alone).status == .reserved, "it was agreed for its own token alone")
    let next = ten + .seconds(7_200)
    let shared = try await book(request("R2", from: next, token: "DE-2"))
    pass(until: next)
    try station.start("DE-3", evse: 1)
    #expect(try booking(shared).status == .fulfilled)
  }

  @Test func anEVSEThatFailsGivesWayToAnotherAndTheProviderHearsOfIt() async throws {
    let station = try house.connect("CS-1")
    let shown = try await book(request())
    pass(until: ten - .seconds(600))
    house.partners.clear()
    try station.report(.faulted, evse: 1)
    house.pass(5)
    #expect(try booking(shown).evse == (try house.evse(2).id))
    #expect(try house.books.reservations.open(of: try house.station("CS-1").id).map(\.evse) == [2])
    #expect(told.last?["booking"]?["booking_option"]?["evse_uid"] == "uid-CS-1-2")
  }

  @Test func aStationThatMovedAwayIsNotWhereTheBookingIs() async throws {
    _ = try house.connect("CS-1")
    let shown = try await book(request())
    try house.write { [now = house.now, location = place.location] books throws(StoreFault) in
      guard var other = try books.locations.location(location), var station = try books.stations.list(limit: 1).first
      else { return }
      (other.ref, other.createdAt) = ("LOC2", now)
      station.location = try books.locations.create(other).id
      try books.stations.update(station)
    }
    pass(until: ten)
    #expect(asks == 0)
    pass(until: ten + .seconds(21 * 60))
    #expect(try booking(shown).status == .canceled && booking(shown).details.canceled?.by == .cpo)
  }

  @Test func aLocationStaysWhileItIsBooked() async throws {
    func remove() async throws {
      let location = place.location
      async let removed: Void = house.csms.removeLocation(location, by: "operator:anna")
      await house.settleAll()
      try await removed
    }
    try house.write { books throws(StoreFault) in
      for station in try books.stations.list(limit: 10) { try books.stations.remove(station.id, at: .epoch) }
    }
    await #expect(throws: Refusal.conflict("it can be booked, or is: end that first")) { try await remove() }
    let id = place.id
    async let ended: Void = house.csms.removeBookingLocation(id, by: "operator:anna")
    await house.settleAll()
    try await ended
    try await remove()
  }

  @Test func whereNoEVSECanBeHadTheOperatorCancels() async throws {
    let station = try house.connect("CS-1")
    let shown = try await book(request())
    for evse in [1, 2] { try station.report(.faulted, evse: evse) }
    pass(until: ten + .seconds(21 * 60))
    #expect(try booking(shown).status == .canceled)
    #expect(try booking(shown).details.canceled == Cancellation(.brokenCharger, by: .cpo))
  }

  @Test func aStationThatSaysNoIsAskedAgainAndWhoeverStandsThereMakesItFull() async throws {
    house.stations.answer = { _, _ in .refused(word: "Occupied", answer: [:]) }
    let station = try house.connect("CS-1")
    let shown = try await book(request())
    pass(until: ten - .seconds(13 * 60))
    #expect(asks == 2, "once a minute")
    for evse in [1, 2] { try station.report(.charging, evse: evse) }
    pass(until: ten + .seconds(21 * 60))
    #expect(try booking(shown).details.canceled == Cancellation(.full, by: .cpo))
  }

  @Test func theOperatorTakesItBack() async throws {
    _ = try house.connect("CS-1")
    let shown = try await book(request())
    pass(until: ten)
    let reservation = try #require(try house.books.reservations.open(of: try house.station("CS-1").id).first)
    await #expect(throws: Refusal.self) {
      async let wrong = house.csms.cancelReservation(reservation.id, by: "operator:anna")
      await house.settleAll()
      _ = try await wrong
    }
    async let cancelled = house.csms.cancelBooking(shown.id, because: .powerOutage, by: "operator:anna")
    await house.settleAll()
    #expect(try await cancelled.status == .canceled)
    house.pass(3)
    #expect(try house.books.reservations.open(of: try house.station("CS-1").id).isEmpty)
    #expect(told.last?["booking"]?["canceled"]?["cancellation_reason"] == "POWER_OUTAGE")
  }

  @Test func nobodyReservesWhatIsBookedNorBooksWhatIsReserved() async throws {
    _ = try house.connect("CS-1")
    let token = try house.addToken("04A1").id
    try await book(request(evse: "uid-CS-1-1"))
    func reserve(evse: Int, until end: Timestamp) async throws {
      async let made = house.csms.reserve(
        at: StationIdentity("CS-1")!, evse: evse, token: token, until: end, by: "operator:anna")
      await house.settleAll()
      _ = try await made
      house.settle()
    }
    try await reserve(evse: 1, until: ten)
    await #expect(throws: Refusal.self) { try await reserve(evse: 1, until: ten + .seconds(60)) }
    try await reserve(evse: 2, until: ten + .seconds(60))
    #expect(try await book(request("R2", token: "DE-2")).status == .rejected)
  }

  @Test func aRestartForgetsNoBooking() async throws {
    _ = try house.connect("CS-1")
    let shown = try await book(request())
    try house.restart()
    let station = try house.connect("CS-1")
    pass(until: ten)
    #expect(try house.books.reservations.open(of: try house.station("CS-1").id).map(\.state) == [.placed])
    try house.restart()
    let again = try house.connect("CS-1")
    _ = station
    try again.start("DE-1")
    #expect(try booking(shown).status == .fulfilled)
  }

  // MARK: Telling

  @Test func aPartnerThatIsDownHearsTheLastStateOnce() async throws {
    _ = try house.connect("CS-1")
    let shown = try await book(request())
    house.partners.mood = { _, _ in .fails(after: nil) }
    async let cancelled = house.csms.cancelBooking(shown.id, because: .blocked, by: "operator:anna")
    await house.settleAll()
    _ = try await cancelled
    house.pass(60)
    house.partners.mood = { _, _ in .accepts }
    house.partners.clear()
    house.pass(7_200, beat: 30)
    let told = house.partners.sent("booking").filter { $0.request.url.hasSuffix(shown.id) }
    #expect(told.count == 1 && told.first?.body["status"] == "CANCELED")
    #expect(try house.row(.bookings, shown.id, of: partner)?.isDone == true)
  }

  @Test func aPlaceIsToldAsItIsAndGoesAsRemoved() async throws {
    try await book(request())
    house.pass(3)
    let told = try #require(house.partners.sent("booking").last)
    #expect(told.body["id"] == "BL1" && told.body["calendars"]?[0]?["timeslot_increment"] == 30)
    house.partners.clear()
    let id = place.id
    async let closed = house.csms.changeBookingLocation(id, by: "operator:anna") { $0.isOpen = false }
    await house.settleAll()
    _ = try await closed
    house.pass(3)
    #expect(house.partners.sent("booking").last?.body == ["status": "REMOVED"])
    await #expect(throws: PartnerFault.unknownLocation) { try await book(request("R2", token: "DE-2")) }
  }

  @Test func aPlaceGoesWithItsLocationFromPartnersThatSeeItNoMore() async throws {
    house.pass(3)
    house.partners.clear()
    let location = place.location
    async let hidden = house.csms.changeLocation(location, by: "operator:anna") { $0.isPublished = false }
    await house.settleAll()
    _ = try await hidden
    house.pass(3)
    #expect(house.partners.sent("booking").map(\.body) == [["status": "REMOVED"]])
    async let shown = house.csms.changeLocation(location, by: "operator:anna") { $0.isPublished = true }
    await house.settleAll()
    _ = try await shown
    house.pass(3)
    #expect(house.partners.sent("booking").last?.body["id"] == "BL1")
  }

  @Test func aNewDayIsANewCalendar() async throws {
    house.partners.clear()
    // Midnight in Amsterdam is 22:00 UTC.
    pass(until: Timestamp("2026-05-04T22:01:00Z") ?? .epoch)
    #expect(house.partners.sent("booking").count == 1)
  }

  @Test func whoeverHasNoAddressForBookingsOrDoesNotWantThemHearsNothing() async throws {
    try house.addPartner("Silent", party: "FR*XYZ")
    try await book(request())
    var quiet = partner
    quiet.quirks.takesBookings = false
    let changed = quiet
    try house.write { books throws(StoreFault) in try books.partners.update(changed) }
    house.pass(5)
    house.partners.clear()
    let id = place.id
    async let moved = house.csms.changeBookingLocation(id, by: "operator:anna") { $0.rules.days = 3 }
    await house.settleAll()
    _ = try await moved
    house.pass(5)
    #expect(house.partners.sent("booking").isEmpty)
  }

  @Test func ourOwnDriversAreBookedByTheOperator() async throws {
    _ = try house.connect("CS-1")
    let token = try house.addToken("04A1").id
    let (id, start) = (place.id, ten)
    func book() async throws -> Booking {
      async let made = house.csms.book(
        token, at: id, from: start, to: start + .seconds(3_600), evse: nil, by: "operator:anna")
      await house.settleAll()
      return try await made
    }
    let booking = try await book()
    #expect(booking.status == .reserved && booking.partner == nil)
    await #expect(throws: Refusal.conflict("tokens: 04A1 has another booking at that time")) { try await book() }
    pass(until: ten)
    #expect(try house.books.reservations.open(of: try house.station("CS-1").id).map(\.token.uid) == ["04A1"])
  }
}
