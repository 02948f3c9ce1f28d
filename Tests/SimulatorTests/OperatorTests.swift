import Domain
import HTTP
import OCPI
import Testing
import Wire

@testable import Simulator

/// The virtual partner's stations, as a value: what it answers and what it will do.
struct OperatorTests {
  private static let party = PartyID(country: "BE", party: "SIM")
  private static let base = try? HTTPURL("http://127.0.0.1/ocpi/2.2.1")
  private static let now = Timestamp("2026-05-04T10:00:00Z") ?? .epoch

  private static func desk(_ version: String = "2.2.1") -> OperatorDesk {
    OperatorDesk(party: party, version: version, evses: 3, at: now)
  }

  private static func ask(
    _ desk: inout OperatorDesk, _ method: HTTP.Method, _ path: String, _ body: JSON = .null
  ) throws -> (PartnerDesk.Reply, [OperatorDesk.Errand])? {
    desk.answer(
      method, try Target(path), body.isNull ? [] : body.bytes, base: try #require(base), at: now)
  }

  private static func data(_ reply: PartnerDesk.Reply) -> JSON {
    reply.envelope.data.flatMap { try? JSON.parse($0) } ?? .null
  }

  @Test(arguments: ["2.1.1", "2.2.1", "2.3.0"]) func itsListsAreSpelledAsItsVersionHasThem(version: String) throws {
    var desk = Self.desk(version)
    let place = Self.data(try #require(try Self.ask(&desk, .get, "/locations")).0)[0]
    #expect(place?["evses"]?.array?.count == 3)
    let plug = place?["evses"]?[0]?["connectors"]?[0]
    #expect((plug?["max_voltage"] != nil) == (version != "2.1.1"))
    #expect((plug?["tariff_id"] != nil) == (version == "2.1.1"))
    #expect((place?["country_code"] != nil) == (version != "2.1.1"))
    let tariff = Self.data(try #require(try Self.ask(&desk, .get, "/tariffs")).0)[0]
    #expect((tariff?["tax_included"] != nil) == (version == "2.3.0"))
  }

  @Test func aStartIsAnsweredAndItsResultAndSessionFollow() throws {
    var desk = Self.desk()
    let wish: JSON = [
      "response_url": "https://us/r", "location_id": "SIM-1", "evse_uid": "SIM-E2", "authorization_reference": "REF",
      "token": ["uid": "CARD", "type": "RFID", "contract_id": "C", "country_code": "NL", "party_id": "DRV"],
    ]
    let (reply, errands) = try #require(try Self.ask(&desk, .post, "/commands/START_SESSION", wish))
    #expect(Self.data(reply)["result"]?.string == "ACCEPTED" && errands.count == 2)
    guard case .result(let url, let word) = errands[0], case .begin(let token, let evse, let reference) = errands[1]
    else {
      Issue.record("\(errands)")
      return
    }
    #expect(url == "https://us/r" && word == "ACCEPTED" && evse == "SIM-E2" && reference == "REF")
    let session = desk.begin(token: token, evse: evse, reference: reference, at: Self.now)
    // The place is taken now.
    let second = try #require(try Self.ask(&desk, .post, "/commands/START_SESSION", wish)).1
    guard case .result(_, let refusal) = second[0] else {
      Issue.record("\(second)")
      return
    }
    #expect(refusal == "EVSE_OCCUPIED")
    _ = desk.charged(Decimal(4), in: session.id, at: Self.now + .seconds(1_800))
    let end = desk.end(session.id, at: Self.now + .seconds(3_600))
    let (ended, cdr) = try #require(end)
    #expect(desk.json(ended)["status"]?.string == "COMPLETED")
    #expect(cdr["total_cost"]?["excl_vat"]?.decimal == Decimal(12, places: 1))
    #expect(cdr["total_time"]?.decimal == Decimal(1) && cdr["authorization_reference"]?.string == "REF")
    let again = desk.end(session.id, at: Self.now)
    #expect(again == nil)
    let unknown = try #require(
      try Self.ask(&desk, .post, "/commands/STOP_SESSION", ["response_url": "https://us/r", "session_id": "S9"]))
    #expect(Self.data(unknown.0)["result"]?.string == "UNKNOWN_SESSION" && unknown.1.isEmpty)
  }

  @Test func aProfileIsKeptToldAndTakenBack() throws {
    var desk = Self.desk()
    let session = desk.begin(token: ["uid": "CARD"], evse: "SIM-E1", reference: nil, at: Self.now)
    let place = "/chargingprofiles/\(session.id)"
    let profile: JSON = ["charging_rate_unit": "A", "charging_profile_period": [["start_period": 0, "limit": 16]]]
    func ask(_ method: HTTP.Method, _ path: String, _ body: JSON = .null) throws -> (String?, [JSON], Int) {
      let (reply, errands) = try #require(try Self.ask(&desk, method, path, body))
      let told = errands.compactMap { if case .outcome("https://us/r", let body) = $0 { body } else { nil } }
      return (Self.data(reply)["result"]?.string, told, errands.count)
    }
    let wish: JSON = ["response_url": "https://us/r", "charging_profile": profile]
    let back = "?response_url=https%3A%2F%2Fus%2Fr"
    let none = try ask(.delete, place + back)
    #expect(none.0 == "ACCEPTED" && none.1[0]["result"]?.string == "UNKNOWN" && none.2 == 1)
    let set = try ask(.put, place, wish)
    #expect(set.0 == "ACCEPTED" && set.1[0]["result"]?.string == "ACCEPTED" && set.2 == 2, "the plan is told too")
    let shown = try ask(.get, place + back + "&duration=900")
    #expect(shown.1[0]["profile"]?["charging_profile"] == profile)
    #expect(shown.1[0]["profile"]?["start_date_time"]?.string == "2026-05-04T10:00:00Z")
    #expect(try ask(.delete, place + back).1[0]["result"]?.string == "ACCEPTED")
    #expect(try ask(.put, "/chargingprofiles/S9", wish).0 == "UNKNOWN_SESSION")
    let missing = try #require(try Self.ask(&desk, .get, place)).0
    #expect(missing.envelope.code == .invalid)
    var old = Self.desk("2.1.1")
    #expect(try Self.ask(&old, .get, place + back) == nil)
  }

  @Test func tokensAreKeptAndChanged() throws {
    var desk = Self.desk()
    let token: JSON = ["uid": "CARD", "valid": true]
    _ = try Self.ask(&desk, .put, "/tokens/NL/DRV/CARD", token)
    _ = try Self.ask(&desk, .patch, "/tokens/NL/DRV/card", ["valid": false])
    #expect(desk.tokens["card"]?["valid"]?.bool == false)
    let wrong = try #require(try Self.ask(&desk, .put, "/tokens/NL/DRV/OTHER", token))
    #expect(wrong.0.envelope.code == .invalid)
  }

  // MARK: Bookings

  private static func request(_ id: String, hours: Int, token: String = "CARD") -> BookingRequest {
    var request = BookingRequest()
    (request.country, request.party, request.id) = ("NL", "DRV", id)
    (request.location, request.place, request.authorizationReference) = ("SIM-1", OperatorBookings.place, "REF-\(id)")
    let start = now + .seconds(hours * 3_600)
    request.period = BookingPeriod(start, start + .seconds(3_600))
    request.tokens = [TokenReference(party: PartyID("NL*DRV")!, uid: token, kind: .rfid, contractID: "C")]
    return request
  }

  @Test func aDriversPreferenceIsTakenWhileThereIsTimeForIt() throws {
    var desk = Self.desk()
    let session = desk.begin(token: ["uid": "NL-1"], evse: "SIM-E1", reference: nil, at: Self.now)
    let place = "/sessions/\(session.id)/charging_preferences"
    func answer(_ place: String, _ wish: JSON) throws -> JSON? {
      try Self.ask(&desk, .put, place, wish).flatMap { try JSON.parse($0.0.envelope.data ?? Bytes()) }
    }
    #expect(try answer(place, ["profile_type": "GREEN"]) == "ACCEPTED")
    #expect(desk.sessions[session.id]?.preference == "GREEN")
    #expect(try answer(place, ["profile_type": "FAST", "departure_time": "2020-01-01T00:00:00Z"]) == "NOT_POSSIBLE")
    #expect(
      try Self.ask(&desk, .put, "/sessions/S9/charging_preferences", ["profile_type": "FAST"])?.0.status == .notFound)
    var old = Self.desk("2.1.1")
    #expect(try Self.ask(&old, .put, place, ["profile_type": "FAST"]) == nil)
  }

  @discardableResult
  private static func book(_ desk: inout OperatorDesk, _ request: BookingRequest) throws -> JSON {
    let (reply, errands) = try #require(try ask(&desk, .post, "/bookings", request.json))
    if case .tellBookingLocation = errands.first {} else { Issue.record("the calendar is not told") }
    return data(reply)
  }

  private static func free(_ desk: inout OperatorDesk) throws -> JSON? {
    data(try #require(try ask(&desk, .get, "/bookings/booking_locations/\(OperatorBookings.place)")).0)["calendars"]?[0]
  }

  @Test func onlyTheLastVersionHasBookings() throws {
    for (version, isThere) in [("2.1.1", false), ("2.2.1", false), ("2.3.0", true)] {
      var desk = Self.desk(version)
      #expect(try (Self.ask(&desk, .get, "/bookings/booking_locations") != nil) == isThere)
      #expect(try (Self.ask(&desk, .get, "/bookings") != nil) == isThere)
    }
  }

  @Test func whatIsFreeIsReservedChangedAndGivenUp() throws {
    var desk = Self.desk("2.3.0")
    let first = try Self.book(&desk, Self.request("R1", hours: 2))
    #expect(first["reservation_status"] == "RESERVED" && first["booking_option"]?["evse_uid"] == "SIM-E1")
    #expect(try Self.book(&desk, Self.request("R1", hours: 2)) == first, "its answer was lost")
    for id in ["R2", "R3"] {
      #expect(try Self.book(&desk, Self.request(id, hours: 2))["reservation_status"] == "RESERVED")
    }
    #expect(
      try Self.book(&desk, Self.request("R4", hours: 2))["reservation_status"] == "REJECTED", "it has three EVSEs")
    let slots = try Self.free(&desk)?["available_timeslots"]?.array ?? []
    #expect(slots.count == 2 && slots[0]["end_date_time"] == "2026-05-04T11:45:00Z")
    let moved = try Self.book(&desk, Self.request("R1", hours: 4))
    #expect(moved["id"] == first["id"] && moved["booking_requests"]?.array?.count == 2)
    var given = Self.request("R1", hours: 4)
    given.canceled = Cancellation(.traffic, by: .emsp)
    #expect(try Self.book(&desk, given)["reservation_status"] == "CANCELED")
    let listed = Self.data(try #require(try Self.ask(&desk, .get, "/bookings")).0)
    #expect(listed.array?.count == 4)
  }

  @Test func whatNobodyOffersIsNotBooked() throws {
    var desk = Self.desk("2.3.0")
    var elsewhere = Self.request("R1", hours: 2)
    elsewhere.place = "OTHER"
    let unknown = try #require(try Self.ask(&desk, .post, "/bookings", elsewhere.json)).0
    #expect(unknown.envelope.code == .unknownLocation)
    let none = try #require(try Self.ask(&desk, .post, "/bookings", ["request_id": 7])).0
    #expect(none.envelope.code == .invalid)
    let far = try Self.book(&desk, Self.request("R2", hours: 24 * 30))
    #expect(far["reservation_status"] == "REJECTED")
    let nowhere = try #require(try Self.ask(&desk, .get, "/bookings/booking_locations/OTHER")).0
    #expect(nowhere.status == .notFound)
  }

  @Test func aDriverWhoComesHasHisBookingAndTheOperatorMayTakeOneBack() throws {
    var desk = Self.desk("2.3.0")
    let start = Self.now + .seconds(7_200)
    try Self.book(&desk, Self.request("R1", hours: 2))
    let second = try Self.book(&desk, Self.request("R2", hours: 2, token: "OTHER"))
    let session = desk.begin(token: ["uid": "card"], evse: "SIM-E3", reference: nil, at: start)
    let told = desk.bookings?.fulfil(by: session)
    #expect(told?["request_id"] == "R1" && told?["reservation_status"] == "FULFILLED")
    #expect(told?["booking_option"]?["evse_uid"] == "SIM-E3")
    let again = desk.bookings?.fulfil(by: session)
    #expect(again == nil)
    let id = second["id"]?.string ?? ""
    let back = desk.bookings?.takeBack(id, because: .powerOutage, at: start)
    #expect(back?["canceled"] == ["cancellation_reason": "POWER_OUTAGE", "who_canceled": "CPO"])
    let twice = desk.bookings?.takeBack(id, because: .powerOutage, at: start)
    #expect(twice == nil)
  }

  @Test func everyMoodHasAName() {
    #expect(
      Set(PartnerMood.allCases.map(\.rawValue)) == [
        "well", "down", "slow", "429", "500", "half-json", "lying-links", "wrong-base64", "duplicates", "late",
      ])
  }
}
