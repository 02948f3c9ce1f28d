import Domain
import HTTP
import Testing
import Wire

@testable import OCPI

private let edition230 = Edition230(zones: zones)

extension Sample {
  static func bookingRequest(_ id: String = "R1") -> BookingRequest {
    var request = BookingRequest()
    (request.country, request.party, request.id) = ("DE", "ABC", id)
    (request.location, request.place, request.authorizationReference) = ("L1", "BL1", "A1")
    request.period = BookingPeriod(at("2026-03-11T10:00:00Z"), at("2026-03-11T11:00:00Z"))
    request.tokens = [TokenReference(party: theirs, uid: "04AABBCC", kind: .rfid, contractID: "DE-ABC-C1")]
    var option = BookingOption()
    (option.evse, option.connector, option.formats) = ("E1", "1", [.socket])
    (option.standards, option.powerTypes, option.vehicles) = ([.type2], [.ac3], [.van])
    (option.positions, option.maxWeight, option.isDriveThrough) = ([.left], 3500, true)
    request.option = option
    var access = AccessInformation()
    (access.method, access.value) = (.licensePlate, "ABC12D")
    (request.access, request.power) = ([access], 22)
    return request
  }

  static func booking(_ request: BookingRequest = bookingRequest()) -> PublishedBooking {
    var terms = BookingTerms()
    (terms.noShow, terms.allowsEarlyStart, terms.earlyStart) = (20, true, 10)
    (terms.accessMethods, terms.url) = ([.token, .licensePlate], "https://example.com/terms")
    var made = PublishedBooking()
    (made.id, made.country, made.party, made.requestID) = ("B1", "NL", "OST", request.id)
    (made.option, made.location, made.tokens, made.tariffs) = (request.option, "L1", request.tokens, ["T1"])
    (made.slot, made.status, made.access) = (Timeslot(request.period), .reserved, request.access)
    (made.authorizationReference, made.terms) = (request.authorizationReference, terms)
    made.requests = [BookingRequestStatus(.accepted, request, at: at("2026-03-10T09:00:00Z"))]
    made.updatedAt = at("2026-03-10T09:00:00Z")
    return made
  }

  static func bookingLocation(_ id: String = "BL1") -> PublishedBookingLocation {
    var place = PublishedBookingLocation()
    (place.country, place.party, place.id, place.location) = ("NL", "OST", id, "L1")
    (place.option, place.tariffs, place.terms) = (bookingRequest().option, ["T1"], booking().terms)
    var calendar = PublishedCalendar()
    (calendar.id, calendar.increment, calendar.updatedAt) = (id, 15, at("2026-03-10T09:00:00Z"))
    calendar.span = BookingPeriod(at("2026-03-10T00:00:00Z"), at("2026-03-24T00:00:00Z"))
    let free = BookingPeriod(at("2026-03-11T08:00:00Z"), at("2026-03-11T18:00:00Z"))
    calendar.slots = [Timeslot(free, maxPower: 22_000, isGreen: true)]
    (place.calendars, place.updatedAt) = ([calendar], at("2026-03-10T09:00:00Z"))
    return place
  }
}

/// Bookings of OCPI 2.3.0: what is written and read, and the addresses in both spellings.
@Suite struct BookingsTests {
  private func tree(_ object: some Payload) throws -> JSON { try edition230.strict(object, seconds).json }

  @Test(.enabled(if: Catalogue.folder != nil)) func allThatIsWrittenIsValidByTheCatalogue() throws {
    let catalogue = try Catalogue("2.3.0")
    #expect(catalogue.judge(try tree(Sample.bookingRequest()), as: "BookingRequest") == [])
    #expect(catalogue.judge(try tree(Sample.booking()), as: "Booking") == [])
    #expect(catalogue.judge(try tree(Sample.bookingLocation()), as: "BookingLocation") == [])
    var given = Sample.bookingRequest()
    given.canceled = Cancellation(.traffic, by: .emsp)
    #expect(catalogue.judge(try tree(given), as: "BookingRequest") == [])
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let request = Sample.bookingRequest()
    #expect(try BookingRequest.received(try tree(request), in: .v230) == request)
    #expect(try PublishedBooking.received(try tree(Sample.booking()), in: .v230) == Sample.booking())
    #expect(
      try PublishedBookingLocation.received(try tree(Sample.bookingLocation()), in: .v230) == Sample.bookingLocation())
  }

  @Test func aPlaceIsShownWhereSomethingIsFreeInTheSpan() {
    let place = Sample.bookingLocation()
    #expect(place.hasSlot(from: nil, to: nil))
    #expect(place.hasSlot(from: at("2026-03-11T17:00:00Z"), to: at("2026-03-12T00:00:00Z")))
    #expect(!place.hasSlot(from: at("2026-03-11T18:00:00Z"), to: nil))
    #expect(!place.hasSlot(from: nil, to: at("2026-03-11T08:00:00Z")))
  }

  @Test func theLinkOfAPageKeepsTheSpanThatIsAskedFor() async throws {
    let house = try await EndpointsTests.House()
    await MainActor.run { house.service.places = (1...5).map { Sample.bookingLocation("BL\($0)") } }
    let query = "limit=2&timeslot_from=2026-03-11T09:00:00Z"
    let page = try await house.ask(.get, "/ocpi/2.3.0/bookings/bookinglocations?\(query)")
    #expect(page.data?.array?.count == 2 && page.response.headers["X-Total-Count"] == "5")
    let link = page.response.headers["Link"] ?? ""
    #expect(link.contains("/bookings/booking_locations?timeslot_from=") && link.contains("offset=2"))
  }

  @Test func aBookingIsAnsweredWithItself() async throws {
    let house = try await EndpointsTests.House()
    let answer = try await house.ask(.post, "/ocpi/2.3.0/bookings", body: try tree(Sample.bookingRequest()).text)
    #expect(answer.status == 201)
    #expect(answer.data == (try tree(Sample.booking())))
  }

  @Test func partnersNameTheModuleAsTheyLike() {
    for name in ["Booking", "booking", "bookings", "BOOKINGS"] { #expect(OCPIModule.Name.canonical(name) == "booking") }
    #expect(OCPIModule.Name.canonical("bookinglocations") == "booking_locations")
    #expect(OCPIModule.Name.canonical("ChargingProfiles") == "chargingprofiles")
  }

  // MARK: Where we provide the drivers

  @Test func whatOperatorsTellIsKeptInBothSpellings() async throws {
    let house = try await ProviderEndpointsTests.House("2.3.0")
    func say(_ object: some Payload) throws -> String {
      try tree(object).text.replacing("\"NL\"", with: "\"BE\"").replacing("\"OST\"", with: "\"CPO\"")
    }
    let place = try say(Sample.bookingLocation())
    let first = "emsp/bookings/BE/CPO/booking_locations/BL1"
    let other = "emsp/bookings/bookinglocations/BE/CPO/BL1"
    #expect(try await house.ask(.get, first).status == 404)
    #expect(try await house.ask(.put, first, body: place).status == 201)
    #expect(try await house.ask(.put, other, body: place).status == 200)
    #expect(try await house.ask(.get, other).data == json(place))
    #expect(try await house.ask(.get, "\(other)/BL1").data?["timeslot_increment"] == 15)
    #expect(try await house.ask(.get, "\(other)/NONE").status == 404)
    // A change of the calendar is a change of the place.
    let change = "{\"timeslot_increment\":30,\"last_updated\":\"2026-03-10T10:00:00Z\"}"
    #expect(try await house.ask(.patch, "\(first)/BL1", body: change).code == 1000)
    #expect(try await house.ask(.get, first).data?["last_updated"] == "2026-03-10T10:00:00Z")
    #expect(try await house.ask(.get, "\(first)/BL1").data?["timeslot_increment"] == 30)
    #expect(try await house.ask(.patch, first, body: "{\"policy\":null}").code == 2001, "it says no time")
    #expect(try await house.ask(.put, "emsp/bookings/BE/CPO/booking_locations/BL2", body: place).code == 2001)
    #expect(try await house.ask(.put, "emsp/bookings/FR/XXX/booking_locations/BL1", body: place).status == 404)
    #expect(try await house.ask(.delete, first).status == 405)
    let gone = "{\"status\":\"REMOVED\",\"last_updated\":\"2026-03-10T11:00:00Z\"}"
    #expect(try await house.ask(.patch, first, body: gone).code == 1000)
    #expect(await house.provider.places.values.first?.isGone == true)
    #expect(try await house.ask(.put, first, as: "emsp", body: place).status == 404, "a provider runs no stations")
  }

  @Test func aBookingIsKeptUnderItsOwnIdAndUnderThatOfItsRequest() async throws {
    let house = try await ProviderEndpointsTests.House("2.3.0")
    let booking = try tree(Sample.booking()).text.replacing("\"NL\"", with: "\"BE\"")
      .replacing("\"OST\"", with: "\"CPO\"")
    #expect(try await house.ask(.put, "emsp/bookings/BE/CPO/B1", body: booking).status == 201)
    #expect(try await house.ask(.put, "emsp/bookings/BE/CPO/R1", body: booking).code == 1000)
    #expect(try await house.ask(.get, "emsp/bookings/BE/CPO/B1").data == json(booking))
    let change = "{\"reservation_status\":\"FULFILLED\",\"last_updated\":\"2026-03-11T10:05:00Z\"}"
    #expect(try await house.ask(.patch, "emsp/bookings/BE/CPO/B1", body: change).code == 1000)
    #expect(await house.provider.bookings.values.contains { $0.status == "FULFILLED" })
    #expect(try await house.ask(.patch, "emsp/bookings/BE/CPO/B9", body: change).status == 404)
    #expect(try await house.ask(.put, "emsp/bookings/BE/CPO/B9", body: booking).code == 2001)
    #expect(try await house.ask(.put, "emsp/bookings/BE/CPO/B1", body: "{}").code == 2001)
    #expect(try await house.ask(.put, "emsp/bookings/BE/CPO/B1", body: "{").status == 400)
  }

  // MARK: Pushes

  private func request(_ object: PushObject, at endpoints: [Partner.Endpoint]) async throws -> PushRequest {
    var partner = Sample.partner()
    (partner.version, partner.endpoints) = ("2.3.0", endpoints)
    let link = try OCPIDoor(
      publicURL: "https://charge.example.com", http: try await Loopback().http, zones: zones, frames: Frames()
    ).link
    return try link.request(for: object, terms: PartnerTerms(partner: partner, ourParty: Sample.party))
  }

  @Test func eachObjectGoesWhereItsTextSays() async throws {
    let own = Partner.Endpoint(module: "booking", role: "RECEIVER", url: "https://e.example/b")
    let booking = try await request(.booking(Sample.booking()), at: [own])
    #expect(booking.method == "PUT" && booking.url == "https://e.example/b/NL/OST/B1")
    let place = try await request(.bookingLocation(Sample.bookingLocation()), at: [own])
    #expect(place.method == "PUT" && place.url == "https://e.example/b/NL/OST/booking_locations/BL1")
    let gone = try await request(
      .bookingLocationRemoved(ref: "BL1", party: Sample.ours, at: at("2026-03-10T09:00:00Z")), at: [own])
    #expect(gone.method == "PATCH" && gone.body.json == ["status": "REMOVED", "last_updated": "2026-03-10T09:00:00Z"])
    // One that has an address for places has them there.
    let apart = Partner.Endpoint(module: "booking_locations", role: "RECEIVER", url: "https://e.example/places")
    let there = try await request(.bookingLocation(Sample.bookingLocation()), at: [own, apart])
    #expect(there.url == "https://e.example/places/NL/OST/BL1")
    await #expect(throws: PushFault.notWanted) { try await request(.booking(Sample.booking()), at: []) }
  }

  @Test func aRequestOfOursIsPostedAtTheOperatorsDoor() throws {
    let command = RoamingCommand.book(Sample.bookingRequest(), isChange: false)
    #expect(command.verb == .book && command.form.side == .sender && command.form.method == .post)
    let body = try edition230.command(command, respondTo: "", seconds).json
    #expect(body == (try tree(Sample.bookingRequest())))
    let answer = try RoamingCommand.Answer(booking: try tree(Sample.booking()))
    #expect(answer.word == "RESERVED" && answer.booking?.requestID == "R1" && answer.booking?.verdict == "ACCEPTED")
    #expect(throws: PushFault.self) { try Edition211(zones: zones).command(command, respondTo: "", seconds) }
  }

  /// Most have one address for both; some give the places one of their own.
  @Test(arguments: [("/b", nil, ["/b/booking_locations", "/b"]), ("/b", "/places", ["/places", "/b"])])
  func theListsOfAnotherOperatorAreReadWhereItSaysTheyAre(
    bookings: String, places: String?, asked: [String]
  ) async throws {
    let loopback = try await Loopback()
    let (paths, odd): (Lines, JSON) = (Lines(), ["id": "ODD"])
    loopback.serve { request, exchange in
      paths.add(request.target.path)
      let object: JSON =
        request.target.path == bookings
        ? [
          "country_code": "BE", "party_id": "CPO", "id": "B1", "request_id": "R1", "reservation_status": "reserved",
          "period": ["start_date_time": "2026-03-11T10:00:00Z", "end_date_time": "2026-03-11T11:00:00Z"],
          "last_updated": "2026-03-01T00:00:00Z",
        ]
        : [
          "country_code": "BE", "party_id": "CPO", "id": "BL1", "location_id": "L1",
          "last_updated": "2026-03-01T00:00:00Z",
        ]
      exchange.respond(.json(Envelope(list: [object.bytes, odd.bytes]).bytes(at: .epoch)))
    }
    var terms = ProviderEndpointsTests.House.terms()
    terms.partner.quirks.allowPrivate = true
    terms.partner.endpoints = [.init(module: "booking", role: "SENDER", url: loopback.url + bookings)]
    if let places {
      terms.partner.endpoints.append(.init(module: "booking_locations", role: "SENDER", url: loopback.url + places))
    }
    let link = try OCPIDoor(publicURL: "https://us", http: loopback.http, zones: zones, frames: Frames()).link
    let found = Lines()
    for module in [PullModule.bookingLocations, .bookings] {
      let outcome = await link.pull(module, since: nil, terms: terms) { page in
        for place in page.bookingLocations { found.add("\(place.ref) at \(place.location)") }
        for booking in page.bookings { found.add("\(booking.ref) \(booking.status)") }
        #expect(page.unread == ["ODD"])
        return true
      }
      #expect(outcome.isComplete && outcome.flawed == 1)
    }
    #expect(paths.all == asked && found.all == ["BL1 at L1", "B1 RESERVED"])
  }
}
