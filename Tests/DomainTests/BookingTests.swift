import Testing
import Wire

@testable import Domain

private let noon = Timestamp("2026-05-04T12:00:00Z") ?? .epoch

/// The life of a booking: one line per event.
@Suite struct BookingTests {
  private func request(_ id: String = "R1", from start: Timestamp = noon) -> BookingRequest {
    var request = BookingRequest()
    (request.country, request.party, request.id) = ("DE", "ABC", id)
    (request.location, request.place, request.authorizationReference) = ("L1", "BL1", "A1")
    request.period = BookingPeriod(start, start + .seconds(3_600))
    request.tokens = [
      TokenReference(party: PartyID(country: "DE", party: "ABC"), uid: "04a1", kind: .rfid, contractID: "C")
    ]
    return request
  }

  private func booking(_ edit: (inout BookingTerms) -> Void = { _ in }) -> Booking {
    var place = BookingLocation(id: ID(1), ref: "BL1", location: ID(1), at: noon - .seconds(86_400))
    (place.terms.changeUntil, place.terms.cancelUntil, place.terms.noShow) = (60, 30, 20)
    (place.terms.allowsEarlyStart, place.terms.earlyStart) = (true, 10)
    edit(&place.terms)
    var booking = Booking(
      id: "B1", of: request(), at: place, partner: ID(1), owner: ID(1), at: noon - .seconds(86_400))
    booking.accept(request(), at: ID(7), now: noon - .seconds(86_400))
    return booking
  }

  private func minutes(_ count: Int) -> Timestamp { noon + .seconds(count * 60) }

  @Test func itIsHeldWithItsEarlyStartAndPlacedBeforeThat() {
    let booking = booking()
    #expect(booking.status == .reserved && booking.evse == ID(7))
    #expect(booking.held == BookingPeriod(minutes(-10), minutes(60)))
    #expect(booking.placedFrom == minutes(-15) && booking.dueAt == minutes(-15))
    #expect(booking.noShowAt == minutes(20))
    #expect(self.booking { $0.noShow = nil }.noShowAt == minutes(60))
    #expect(self.booking { $0.earlyStart = 40 }.placedFrom == minutes(-40))
  }

  @Test func changesAndCancellationsKeepTheirTerms() {
    let booking = booking()
    var (change, cancellation) = (request(from: minutes(120)), request())
    cancellation.canceled = Cancellation(.traffic, by: .emsp)
    #expect(booking.refusal(of: change, at: minutes(-60)) == nil)
    #expect(booking.refusal(of: change, at: minutes(-59)) == "it is too late to change it")
    #expect(booking.refusal(of: cancellation, at: minutes(-30)) == nil)
    #expect(booking.refusal(of: cancellation, at: minutes(-29)) == "it is too late to give it up")
    #expect(self.booking { $0.isFixed = true }.refusal(of: change, at: minutes(-600)) == "its terms allow no change")
    var over = booking
    let isMissed = over.missed(now: minutes(20))
    #expect(isMissed)
    change.id = "R1"
    #expect(over.refusal(of: change, at: minutes(-600)) == "the booking is over: NO_SHOW")
  }

  @Test func whatIsDeclinedLeavesABookingAsItWas() {
    var booking = booking()
    booking.decline(request(from: minutes(120)), because: "taken", now: minutes(-90))
    #expect(booking.status == .reserved && booking.period.start == noon)
    #expect(booking.details.requests.map(\.status) == [.accepted, .declined])
    var new = Booking(
      id: "B2", of: request("R2"), at: BookingLocation(ref: "BL1", location: ID(1), at: noon), partner: ID(1),
      owner: ID(1),
      at: noon)
    new.decline(request("R2"), because: "taken", now: noon)
    #expect(new.status == .rejected && new.dueAt == nil)
  }

  @Test func theSameRequestAgainIsARepeat() {
    let booking = booking()
    #expect(booking.isRepeat(request()))
    #expect(!booking.isRepeat(request(from: minutes(30))))
  }

  @Test func aDeclinedChangeIsARepeatOnlyOnceTheBookingIsOver() {
    var booking = booking()
    let change = request(from: minutes(120))
    booking.decline(change, because: "taken", now: minutes(-90))
    #expect(!booking.isRepeat(change))
    _ = booking.missed(now: minutes(20))
    #expect(booking.isRepeat(change))
  }

  @Test func whatIsOverStaysAsItEnded() {
    var booking = booking()
    let came = booking.fulfil(by: "S1", at: ID(8), now: noon)
    #expect(
      came && booking.status == .fulfilled && booking.session == "S1" && booking.evse == ID(8) && booking.dueAt == nil)
    let isMissed = booking.missed(now: minutes(20))
    let isCancelled = booking.cancel(Cancellation(.full, by: .cpo), now: minutes(20))
    #expect(!isMissed && !isCancelled && booking.status == .fulfilled && booking.details.canceled == nil)
  }

  @Test func itIsForItsTokensInItsTimeOnly() {
    let booking = booking()
    #expect(booking.isFor(tag: "04A1", at: noon))
    #expect(booking.isFor(tag: "04A1", at: minutes(-10)))
    #expect(!booking.isFor(tag: "04A1", at: minutes(-11)))
    #expect(!booking.isFor(tag: "04A1", at: minutes(60)))
    #expect(!booking.isFor(tag: "04A2", at: noon))
  }

  @Test func requestsAreCountedAndTheLastIsKept() {
    var booking = booking()
    for number in 1...Limits.bookingRequests + 5 {
      booking.decline(request(from: minutes(60 + number)), because: "taken", now: minutes(-600))
    }
    #expect(booking.details.requests.count == Limits.bookingRequests)
    #expect(booking.details.requests.last?.request == request(from: minutes(60 + Limits.bookingRequests + 5)))
    #expect(booking.refusal(of: request(from: minutes(90)), at: minutes(-600)) == "it was changed too often")
    var given = request()
    given.canceled = Cancellation(.traffic, by: .emsp)
    #expect(booking.refusal(of: given, at: minutes(-600)) == nil, "it can be given up all the same")
  }

  @Test func aWishForSuchAPlugFitsWhatHasOne() {
    var evse = EVSE(
      id: ID(1), station: ID(1), number: 1, uid: "E1", status: .available, statusSince: noon,
      connectors: [Connector(id: ID(1), number: 1, standard: .ccs2, format: .cable, powerType: .dc, updatedAt: noon)],
      updatedAt: noon)
    var wish = BookingOption()
    #expect(wish.fits(evse))
    (wish.evse, wish.standards, wish.formats, wish.powerTypes) = (BookingOption.unassigned, [.ccs2], [.cable], [.dc])
    #expect(wish.fits(evse))
    wish.evse = "e1"
    #expect(wish.fits(evse))
    wish.connector = "2"
    #expect(!wish.fits(evse))
    (wish.connector, wish.standards) = (nil, [.type2])
    #expect(!wish.fits(evse))
    evse.connectors = []
    #expect(!BookingOption().fits(evse))
  }

  @Test func termsThatContradictThemselvesAreNamed() {
    var terms = BookingTerms()
    #expect(terms.flaw == nil)
    (terms.shortest, terms.longest) = (120, 60)
    #expect(terms.flaw?.field == "min_booking_duration")
    (terms.longest, terms.noShow) = (nil, 180)
    #expect(terms.flaw?.field == "noshow_timeout")
    (terms.noShow, terms.url) = (nil, "javascript:alert(1)")
    #expect(terms.flaw?.field == "booking_terms")
    (terms.url, terms.accessMethods) = (nil, [])
    #expect(terms.flaw?.field == "supported_access_methods")
    var rules = BookingRules()
    rules.slot = 7
    #expect(rules.flaw?.field == "slot_minutes")
  }
}
