import Domain
import Glibc
import HTTP
import Testing
import Wire

@testable import OCPI

/// Every address of ours where we run the stations, in every version: who may ask, how it answers what is wrong, and
/// what it answers what is right.
@Suite struct EndpointTableTests {
  struct Line: Sendable, CustomStringConvertible {
    let method: HTTP.Method
    /// Behind the version's address.
    let path: String
    let body: String
    /// HTTP's and OCPI's answer.
    let status: Int
    let code: Int64
    /// Nil: all.
    let since: String

    init(
      _ method: HTTP.Method, _ path: String, _ status: Int, _ code: Int64, body: String = "", since: String = "2.1.1"
    ) {
      (self.method, self.path, self.body) = (method, path, body)
      (self.status, self.code, self.since) = (status, code, since)
    }

    var description: String { "\(method.rawValue) \(path)" }
  }

  static let token = Sample.tokenJSON.replacing(
    "\"contract_id\"", with: "\"auth_id\":\"DE-ABC-C1\",\"contract_id\"")
  static let plan = """
    {"response_url":"https://emsp.example.org/r","charging_profile":{"charging_rate_unit":"W",\
    "charging_profile_period":[{"start_period":0,"limit":7400}]}}
    """
  static let client = """
    {"country_code":"DE","party_id":"XYZ","role":"EMSP","status":"CONNECTED","last_updated":"2026-03-05T00:00:00Z"}
    """
  static let terminal = "{\"terminal_id\":\"T-1\",\"last_updated\":\"2026-03-05T00:00:00Z\"}"
  static let advice = """
    {"id":"F1","authorization_reference":"AUTH-1","total_costs":{"before_taxes":10},"currency":"EUR",\
    "eft_data":["VISA"],"capture_status_code":"SUCCESS","last_updated":"2026-03-02T12:00:00Z"}
    """
  static let record = """
    {"country_code":"DE","party_id":"ABC","id":"R1","invoice_id":"2026-0042","cdrs":["C1","C2"],\
    "last_updated":"2026-03-05T00:00:00Z"}
    """
  static func booking(_ more: String = "") -> String {
    """
    {"country_code":"DE","party_id":"ABC","request_id":"R1","location_id":"L1","booking_location_id":"BL1",\
    "period":{"start_date_time":"2026-03-11T10:00:00Z","end_date_time":"2026-03-11T11:00:00Z"},\
    "tokens":[{"country_code":"DE","party_id":"ABC","uid":"04AABBCC","type":"RFID","contract_id":"C1"}],\
    "authorization_reference":"A1"\(more)}
    """
  }
  static func command(_ more: String) -> String {
    "{\"response_url\":\"https://emsp.example.org/r\",\(more)}"
  }

  static let lines = [
    Line(.get, "", 200, 1000), Line(.get, "/credentials", 200, 1000),
    Line(.post, "/credentials", 405, 2000, body: "{}"),
    Line(.put, "/credentials", 200, 2001, body: "{}"), Line(.put, "/credentials", 400, 2001, body: "{"),
    Line(.delete, "/credentials", 200, 1000),
    Line(.get, "/locations", 200, 1000), Line(.get, "/locations?limit=1000000000", 200, 1000),
    Line(.get, "/locations?limit=0", 200, 2001), Line(.get, "/locations?offset=-1", 200, 2001),
    Line(.get, "/locations?date_from=yesterday", 200, 2001), Line(.get, "/locations/L1", 200, 1000),
    Line(.get, "/locations/L1/E1", 200, 1000), Line(.get, "/locations/L1/E1/1", 200, 1000),
    Line(.get, "/locations/L1/E1/9", 404, 2000), Line(.get, "/locations/NOWHERE", 404, 2003),
    Line(.put, "/locations/L1", 405, 2000, body: "{}"), Line(.get, "/tariffs", 200, 1000),
    Line(.get, "/tariffs/T1", 200, 1000), Line(.get, "/tariffs/T9", 404, 2000), Line(.get, "/sessions", 200, 2001),
    Line(.get, "/sessions?date_from=2026-01-01T00:00:00Z", 200, 1000), Line(.get, "/sessions/S1", 200, 1000),
    Line(.get, "/sessions/S9", 404, 2000), Line(.get, "/cdrs", 200, 1000), Line(.get, "/cdrs/C1", 200, 1000),
    Line(.get, "/cdrs/C9", 404, 2000), Line(.post, "/cdrs", 405, 2000, body: "{}"),
    Line(.get, "/tokens/DE/ABC/UNKNOWN", 404, 2004),
    Line(.put, "/tokens/DE/ABC/04AABBCC", 201, 1000, body: token),
    Line(.put, "/tokens/DE/ABC/04AABBCC?type=RFID", 201, 1000, body: token),
    Line(.put, "/tokens/DE/ABC/04AABBCC", 400, 2001, body: "{"),
    Line(.put, "/tokens/DE/ABC/OTHERUID", 200, 2001, body: token),
    Line(.put, "/tokens/DE/ABC/04AABBCC?type=NOTHING", 200, 2001, body: token),
    Line(.patch, "/tokens/DE/ABC/UNKNOWN", 404, 2004, body: "{\"valid\":false}"),
    Line(.delete, "/tokens/DE/ABC/04AABBCC", 405, 2000),
    Line(
      .post, "/commands/START_SESSION", 200, 1000, body: command("\"token\":\(token),\"location_id\":\"L1\"")),
    Line(.post, "/commands/START_SESSION", 200, 2001, body: command("\"location_id\":\"L1\"")),
    Line(.post, "/commands/STOP_SESSION", 200, 1000, body: command("\"session_id\":\"S1\"")),
    Line(
      .post, "/commands/UNLOCK_CONNECTOR", 200, 1000,
      body: command("\"location_id\":\"L1\",\"evse_uid\":\"E1\",\"connector_id\":\"1\"")),
    Line(
      .post, "/commands/RESERVE_NOW", 200, 1000,
      body: command(
        "\"token\":\(token),\"location_id\":\"L1\",\"expiry_date\":\"2026-03-10T13:00:00Z\",\"reservation_id\":\"7\"")),
    Line(.post, "/commands/CANCEL_RESERVATION", 200, 1000, body: command("\"reservation_id\":\"7\"")),
    Line(.post, "/commands/MAKE_COFFEE", 200, 1000, body: command("\"sugar\":2")),
    Line(.get, "/commands/START_SESSION", 405, 2000),
    Line(
      .put, "/sessions/S1/charging_preferences", 200, 1000, body: "{\"profile_type\":\"FAST\"}", since: "2.2.1"),
    Line(.put, "/sessions/S9/charging_preferences", 404, 2000, body: "{\"profile_type\":\"FAST\"}", since: "2.2.1"),
    Line(.put, "/sessions/S1/charging_preferences", 200, 2001, body: "{}", since: "2.2.1"),
    Line(.put, "/sessions/S1/charging_preferences", 200, 1000, body: "{\"profile_type\":\"TURBO\"}", since: "2.2.1"),
    Line(
      .get, "/chargingprofiles/S1?duration=900&response_url=https%3A%2F%2Femsp.example.org%2Fr", 200, 1000,
      since: "2.2.1"),
    Line(.get, "/chargingprofiles/S1?duration=900", 200, 2001, since: "2.2.1"),
    Line(.get, "/chargingprofiles/S1?response_url=https%3A%2F%2Femsp.example.org%2Fr", 200, 2001, since: "2.2.1"),
    Line(.put, "/chargingprofiles/S1", 200, 1000, body: plan, since: "2.2.1"),
    Line(.put, "/chargingprofiles/S1", 400, 2001, body: "no", since: "2.2.1"),
    Line(.delete, "/chargingprofiles/S1?response_url=https%3A%2F%2Femsp.example.org%2Fr", 200, 1000, since: "2.2.1"),
    Line(.put, "/hubclientinfo/DE/XYZ", 201, 1000, body: client, since: "2.2.1"),
    Line(.put, "/hubclientinfo/DE/ABC", 200, 2001, body: client, since: "2.2.1"),
    Line(.get, "/hubclientinfo/DE/NOT", 404, 2000, since: "2.2.1"),
    Line(.post, "/payments/terminals", 201, 1000, body: terminal, since: "2.3.0"),
    Line(.get, "/payments/terminals/T-9", 404, 2000, since: "2.3.0"),
    Line(.post, "/payments/financial-advice-confirmations", 201, 1000, body: advice, since: "2.3.0"),
    Line(.get, "/payments/financial-advice-confirmations/F9", 404, 2000, since: "2.3.0"),
    Line(.get, "/invoicereconciliation", 200, 1000, since: "2.3.0"),
    Line(.post, "/invoicereconciliation", 201, 1000, body: record, since: "2.3.0"),
    Line(.post, "/invoicereconciliation", 200, 2001, body: "{}", since: "2.3.0"),
    Line(
      .post, "/invoicereconciliation", 200, 2001, body: record.replacing("\"DE\"", with: "\"FR\""), since: "2.3.0"),
    Line(.put, "/invoicereconciliation/DE/ABC/R1", 201, 1000, body: record, since: "2.3.0"),
    Line(.put, "/invoicereconciliation/DE/ABC/R2", 200, 2001, body: record, since: "2.3.0"),
    Line(.get, "/invoicereconciliation/DE/ABC/R9", 404, 2000, since: "2.3.0"),
    Line(.get, "/invoicereconciliation/FR/ABC/R1", 404, 2001, since: "2.3.0"),
    Line(.delete, "/invoicereconciliation/DE/ABC/R9", 404, 2000, since: "2.3.0"),
    Line(.patch, "/invoicereconciliation/DE/ABC/R1", 405, 2000, body: "{}", since: "2.3.0"),
    Line(.get, "/bookings", 200, 1000, since: "2.3.0"), Line(.get, "/bookings?limit=0", 200, 2001, since: "2.3.0"),
    Line(.get, "/bookings?date_from=soon", 200, 2001, since: "2.3.0"),
    Line(.get, "/bookings/booking_locations", 200, 1000, since: "2.3.0"),
    Line(.get, "/bookings/bookinglocations", 200, 1000, since: "2.3.0"),
    Line(.get, "/bookings/booking_locations?timeslot_from=soon", 200, 2001, since: "2.3.0"),
    Line(
      .get, "/bookings/booking_locations?timeslot_from=2026-03-11T10:00:00Z&timeslot_to=2026-03-11T11:00:00Z", 200,
      1000,
      since: "2.3.0"),
    Line(.get, "/bookings/booking_locations/BL1", 200, 1000, since: "2.3.0"),
    Line(.get, "/bookings/booking_locations/BL1/BL1", 200, 1000, since: "2.3.0"),
    Line(.get, "/bookings/booking_locations/BL1/NONE", 404, 2000, since: "2.3.0"),
    Line(.get, "/bookings/booking_locations/NONE", 404, 2003, since: "2.3.0"),
    Line(.put, "/bookings/booking_locations/BL1", 405, 2000, body: "{}", since: "2.3.0"),
    Line(.post, "/bookings", 201, 1000, body: booking(), since: "2.3.0"),
    Line(.post, "/bookings", 400, 2001, body: "{", since: "2.3.0"),
    Line(.post, "/bookings", 200, 2001, body: "{}", since: "2.3.0"),
    Line(.post, "/bookings", 200, 2001, body: booking().replacing("\"DE\"", with: "\"FR\""), since: "2.3.0"),
    Line(.post, "/bookings", 200, 2003, body: booking().replacing("BL1", with: "BL9"), since: "2.3.0"),
    Line(.post, "/bookings", 200, 2001, body: booking().replacing("11T10", with: "31T30"), since: "2.3.0"),
    Line(.delete, "/bookings", 405, 2000, since: "2.3.0"),
    Line(.patch, "/bookings", 405, 2000, body: "{}", since: "2.3.0"),
  ]

  @Test(arguments: ["2.1.1", "2.2.1", "2.3.0"])
  func everyAddressAnswersAsItsTextSays(version: String) async throws {
    let house = try await EndpointsTests.House()
    for line in Self.lines {
      await MainActor.run { house.service.forget() }
      let answer = try await house.ask(line.method, "/ocpi/\(version)\(line.path)", body: line.body)
      guard line.since <= version else {
        #expect(answer.status == 404 || answer.status == 405, "\(version) \(line) came later")
        continue
      }
      #expect(answer.status == line.status, "\(version) \(line)")
      // 2.1.1 has no code of its own for a token that is not there.
      let code = version == "2.1.1" && line.code == 2004 ? 2000 : line.code
      #expect(answer.code == code, "\(version) \(line): \(answer.response.body.text)")
      #expect(answer.response.headers["X-Request-ID"] != nil)
      // A stranger, and somebody who has not registered yet, are told apart from all of this.
      let stranger = try await house.ask(line.method, "/ocpi/\(version)\(line.path)", token: "token-X", body: line.body)
      #expect(stranger.status == 401, "\(version) \(line)")
      if !line.path.isEmpty, !line.path.hasPrefix("/credentials"), line.status != 405 {
        let invited = try await house.ask(
          line.method, "/ocpi/\(version)\(line.path)", token: "token-A", body: line.body)
        #expect(invited.status == 401, "\(version) \(line)")
      }
    }
  }

  @Test(arguments: ["2.1.1", "2.2.1", "2.3.0"]) func pagesAreWalkedByTheirLinks(version: String) async throws {
    let house = try await EndpointsTests.House()
    await MainActor.run { house.service.locations = (1...7).map { Sample.location("L\($0)") } }
    var found: [String] = []
    var next: String? = "/ocpi/\(version)/locations?limit=3&date_from=2026-01-01T00:00:00Z"
    while let url = next {
      let page = try await house.ask(.get, url)
      found += (page.data?.array ?? []).compactMap { $0["id"]?.string }
      #expect(page.response.headers["X-Total-Count"] == "7")
      #expect(page.response.headers["X-Limit"] == "100")
      next = page.response.headers["Link"].map { String($0.dropFirst().prefix { $0 != ">" }) }
      if let next { #expect(next.contains("date_from=") && next.contains("limit=3")) }
    }
    #expect(found == (1...7).map { "L\($0)" })
  }

  @Test func whatAPageCannotSayIsTold() async throws {
    let house = try await EndpointsTests.House()
    await MainActor.run { house.service.locations = [Sample.richLocation] }
    _ = try await house.ask(.get, "/ocpi/2.3.0/locations")
    #expect(await house.service.lost == [])
    _ = try await house.ask(.get, "/ocpi/2.2.1/locations")
    #expect(await house.service.lost.contains("locations help_phone"))
  }

  @Test func endpointsOf211HaveNoSides() async throws {
    let house = try await EndpointsTests.House()
    let endpoints = try await house.ask(.get, "/ocpi/2.1.1").data?["endpoints"]?.array ?? []
    #expect(endpoints.count == 7)
    #expect(endpoints.allSatisfy { $0["role"] == nil && $0["url"] != nil })
    let answer = try await house.ask(
      .get, "/ocpi/2.1.1/locations", headers: ["OCPI-from-country-code": "DE", "OCPI-from-party-id": "ABC"])
    #expect(answer.response.headers["OCPI-to-party-id"] == nil)
  }

  /// All that the official text lists for whoever runs stations stands in the table above.
  @Test(.enabled(if: Catalogue.folder != nil)) func theTableLeavesNothingOut() throws {
    let path = "\(Catalogue.folder ?? "")/ocpi/endpoints.json"
    let list = try JSON.parse(try #require(contents(of: path)))["endpoints"]?.array ?? []
    #expect(list.count > 50)
    for entry in list {
      let (module, role) = (entry["module"]?.string ?? "", entry["implemented_by"]?.string ?? "")
      guard role.contains("CPO") || role == "all", module != "versions" else { continue }
      let method = entry["method"]?.string ?? ""
      let versions = entry["versions"]?.array?.compactMap(\.string) ?? []
      let name = (entry["path"]?.string ?? "").split(separator: "/").last.map(String.init) ?? ""
      let rows = Self.lines.filter { row in
        guard row.method.rawValue == method,
          row.path.hasPrefix(module == "Booking" ? "/bookings" : "/\(module)"),
          row.code == 1000 || row.status > 400 || module == "credentials"
        else { return false }
        return module != "commands" || row.path.hasSuffix(name)
      }
      for version in versions {
        #expect(rows.contains { $0.since <= version }, "\(method) \(module) \(name) of \(version)")
      }
    }
  }
}

private func contents(of path: String) -> [UInt8]? {
  guard let handle = fopen(path, "rb") else { return nil }
  defer { fclose(handle) }
  var bytes: [UInt8] = []
  var part = [UInt8](repeating: 0, count: 65_536)
  while case let count = fread(&part, 1, part.count, handle), count > 0 { bytes += part[..<count] }
  return bytes
}
