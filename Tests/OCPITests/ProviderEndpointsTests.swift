import Domain
import HTTP
import Testing
import Wire

@testable import OCPI

/// The way in for operators of stations, over a real connection, in every version.
@Suite struct ProviderEndpointsTests {
  final class House: Sendable {
    let loopback: Loopback
    let provider: FakeProvider
    let version: String

    init(_ version: String = "2.2.1") async throws {
      self.version = version
      loopback = try await Loopback()
      let door = try OCPIDoor(
        publicURL: loopback.url, http: loopback.http, zones: zones, frames: Frames(),
        clock: Clock { at("2026-03-10T12:00:00Z") })
      let made: (FakeService, FakeProvider) = await MainActor.run {
        let service = FakeService()
        service.callers["cpo"] = PartnerCaller(terms: Self.terms(version), token: "cpo")
        service.callers["both"] = PartnerCaller(terms: Self.terms(version, operated: true), token: "both")
        service.invite("emsp", Sample.partner())
        let provider = FakeProvider()
        provider.tokens = (1...3).map { OfferedToken(token: Sample.token("CARD-\($0)"), party: Self.drivers.name) }
        return (service, provider)
      }
      provider = made.1
      let endpoints = door.endpoints(for: made.0, provider: made.1)
      loopback.serve { endpoints.handle($0, $1) }
    }

    static let drivers = Party(
      id: ID(2), name: PartyID(country: "NL", party: "DRV"), role: .emsp, businessName: "Drivers")

    static func terms(_ version: String = "2.2.1", operated: Bool = false) -> PartnerTerms {
      var partner = Sample.partner()
      partner.version = version
      partner.roles = [
        PartnerRole(
          id: ID(1), partner: ID(3), name: PartyID(country: "BE", party: "CPO"), role: "CPO", businessName: "Other")
      ]
      return PartnerTerms(partner: partner, ourParty: operated ? Sample.party : drivers, provider: drivers)
    }

    func ask(
      _ method: HTTP.Method, _ path: String, as token: String = "cpo", body: String = ""
    ) async throws -> (status: Int, code: Int64?, data: JSON?, response: ClientResponse) {
      let response = try await loopback.ask(method, "/ocpi/\(version)/\(path)", token: token, body: body)
      let envelope = response.body.json
      return (response.status.rawValue, envelope["status_code"]?.int, envelope["data"], response)
    }
  }

  static let versions = ["2.1.1", "2.2.1", "2.3.0"]

  // MARK: What we are

  @Test(arguments: versions) func theDetailsNameWhatWeAreToThisPartner(version: String) async throws {
    let house = try await House(version)
    func modules(_ token: String) async throws -> [String] {
      let shown = try await house.ask(.get, "", as: token)
      return (shown.data?["endpoints"]?.array ?? []).map {
        "\($0["identifier"]?.string ?? "") \($0["role"]?.string ?? "-")"
      }
    }
    let provider = try await modules("cpo")
    let sides = version != "2.1.1"
    for (module, side) in [
      ("locations", "RECEIVER"), ("tariffs", "RECEIVER"), ("sessions", "RECEIVER"), ("cdrs", "RECEIVER"),
      ("tokens", "SENDER"), ("commands", "SENDER"),
    ] {
      #expect(provider.contains("\(module) \(sides ? side : "-")"), "\(version) \(module)")
      if sides { #expect(!provider.contains("\(module) \(side == "SENDER" ? "RECEIVER" : "SENDER")")) }
    }
    #expect(provider.count { $0.hasPrefix("credentials") } == 1)
    // Whoever knows us as an operator only is told of nothing else, and one that knows us as both is told of both.
    let operatorOnly = try await modules("emsp")
    if sides {
      #expect(!operatorOnly.contains("tokens SENDER"))
      let both = try await modules("both")
      #expect(both.contains("tokens SENDER") && both.contains("tokens RECEIVER"))
    }
    #expect(try await house.ask(.get, "emsp/tokens", as: "emsp").status == 404)
  }

  // MARK: Tokens

  @Test(arguments: versions) func tokensArePagedByTheLinkToTheEnd(version: String) async throws {
    let house = try await House(version)
    var next: String? = "\(house.loopback.url)/ocpi/\(version)/emsp/tokens?limit=2"
    var uids: [String] = []
    while let url = next {
      let response = try await house.loopback.ask(.get, url, token: "cpo")
      uids += (response.body.json["data"]?.array ?? []).compactMap { $0["uid"]?.string }
      #expect(response.headers["X-Total-Count"] == "3")
      next = response.headers["Link"].flatMap(PageWalk.next)
    }
    #expect(uids == ["CARD-1", "CARD-2", "CARD-3"])
  }

  @Test(arguments: versions) func aDriverIsJudgedWithTheWordsOfTheVersion(version: String) async throws {
    let house = try await House(version)
    await MainActor.run { house.provider.verdicts = ["CARD-1": .allowed, "BLOCKED": .blocked] }
    let place = #"{"location_id":"L1","evse_uids":["E1"]}"#
    let yes = try await house.ask(.post, "emsp/tokens/CARD-1/authorize?type=RFID", body: place)
    #expect(yes.status == 200 && yes.code == 1000 && yes.data?["allowed"]?.string == "ALLOWED")
    #expect(yes.data?["location"]?["location_id"]?.string == "L1")
    #expect((yes.data?["token"] != nil) == (version != "2.1.1"))
    #expect(yes.data?["authorization_reference"]?.string == (version == "2.1.1" ? nil : "REF-1"))
    let no = try await house.ask(.post, "emsp/tokens/BLOCKED/authorize")
    #expect(no.data?["allowed"]?.string == "BLOCKED" && no.data?["info"]?["text"]?.string == "no")
    let who = try await house.ask(.post, "emsp/tokens/WHO/authorize")
    #expect(who.status == 404 && who.code == (version == "2.1.1" ? 2000 : 2004))
    #expect(try await house.ask(.post, "emsp/tokens/CARD-1/authorize", body: "{").status == 400)
    #expect(try await house.ask(.post, "emsp/tokens/CARD-1/authorize?type=BADGE").code == 2001)
    #expect(
      await house.provider.questions.first
        == TokenQuestion(
          uid: "CARD-1", kind: .rfid, location: "L1", evses: ["E1"]))
  }

  // MARK: Locations

  static let location = """
    {"country_code":"BE","party_id":"CPO","id":"L1","publish":true,"name":"Zoo","address":"Weg 1","city":"Gent",\
    "country":"BEL","coordinates":{"latitude":"51.05","longitude":"3.72"},"time_zone":"Europe/Brussels",\
    "evses":[{"uid":"E1","status":"AVAILABLE","connectors":[{"id":"1","standard":"IEC_62196_T2","format":"SOCKET",\
    "power_type":"AC_3_PHASE","max_voltage":230,"max_amperage":32,"tariff_ids":["T1"],\
    "last_updated":"2026-03-01T00:00:00Z"}],"last_updated":"2026-03-01T00:00:00Z"}],\
    "surprise":{"kept":[1,2]},"last_updated":"2026-03-01T00:00:00Z"}
    """

  @Test(arguments: versions) func aLocationIsKeptWholeAndChangedInParts(version: String) async throws {
    let house = try await House(version)
    let path = "emsp/locations/BE/CPO/L1"
    #expect(try await house.ask(.get, path).status == 404)
    #expect(try await house.ask(.put, path, body: Self.location).status == 201)
    #expect(try await house.ask(.put, path, body: Self.location).status == 200)
    let shown = try await house.ask(.get, "emsp/locations/be/cpo/l1")
    #expect(shown.data == json(Self.location))
    // An EVSE alone, then one that is new, then its connector.
    let status = #"{"status":"CHARGING","last_updated":"2026-03-02T00:00:00Z"}"#
    #expect(try await house.ask(.patch, "\(path)/E1", body: status).code == 1000)
    let other = """
      {"uid":"E2","status":"AVAILABLE","connectors":[{"id":"1","standard":"CHADEMO","format":"CABLE","power_type":"DC",\
      "max_voltage":500,"max_amperage":100,"last_updated":"2026-03-03T00:00:00Z"}],"last_updated":"2026-03-03T00:00:00Z"}
      """
    #expect(try await house.ask(.put, "\(path)/E2", body: other).code == 1000)
    let plug = #"{"max_amperage":200,"last_updated":"2026-03-04T00:00:00Z"}"#
    #expect(try await house.ask(.patch, "\(path)/e2/1", body: plug).code == 1000)
    let kept = try #require(await house.provider.locations.values.first)
    #expect(kept.evses.map(\.status) == ["CHARGING", "AVAILABLE"])
    #expect(kept.evses[0].connectors[0].maxPower == 22_080 && kept.evses[1].connectors[0].maxPower == 100_000)
    // The change of a part moves the whole.
    #expect(kept.updatedAt == at("2026-03-04T00:00:00Z"))
    #expect(try await house.ask(.get, "\(path)/E2/1").data?["max_amperage"]?.int == 200)
    #expect(try await house.ask(.get, "\(path)/E1").data?["uid"]?.string == "E1")
    #expect(try await house.ask(.get, "\(path)/E9").status == 404)
  }

  @Test func aPatchOfALocationMergesItsEVSEs() async throws {
    let house = try await House()
    let path = "emsp/locations/BE/CPO/L1"
    _ = try await house.ask(.put, path, body: Self.location)
    let change = """
      {"name":"New","evses":[{"uid":"E2","status":"PLANNED","connectors":[]},{"uid":"E1","status":"REMOVED"}],\
      "last_updated":"2026-03-05T00:00:00Z"}
      """
    #expect(try await house.ask(.patch, path, body: change).code == 1000)
    let kept = try #require(await house.provider.locations.values.first)
    #expect(kept.name == "New" && kept.evses.map { "\($0.uid) \($0.status)" } == ["E1 REMOVED", "E2 PLANNED"])
    #expect(kept.evses[0].connectors.count == 1)
  }

  @Test func whatIsWrongWithALocationIsNamed() async throws {
    let house = try await House()
    let path = "emsp/locations/BE/CPO/L1"
    func code(_ method: HTTP.Method, _ path: String, _ body: String) async throws -> Int64? {
      try await house.ask(method, path, body: body).code
    }
    #expect(try await house.ask(.put, path, body: "{").status == 400)
    #expect(try await code(.put, path, "[]") == 2001)
    #expect(try await code(.put, path, Self.location.replacing("\"51.05\"", with: "\"91\"")) == 2001)
    #expect(try await code(.put, path, Self.location.replacing("2026-03-01T00:00:00Z\"}\n", with: "x")) == 1000)
    #expect(try await code(.put, "emsp/locations/BE/CPO/L2", Self.location) == 2001)
    #expect(try await code(.put, "emsp/locations/FR/XXX/L1", Self.location) == 2001)
    #expect(try await code(.put, path, Self.location.replacing("\"CPO\"", with: "\"XXX\"")) == 2001)
    #expect(try await code(.patch, "\(path)/E1", #"{"status":"CHARGING"}"#) == 2001)
    #expect(
      try await code(.patch, "\(path)/E9", #"{"status":"CHARGING","last_updated":"2026-03-02T00:00:00Z"}"#) == 2000)
    #expect(
      try await code(.patch, "emsp/locations/BE/CPO/L9", #"{"name":"x","last_updated":"2026-03-02T00:00:00Z"}"#) == 2003
    )
    // Another partner's object does not exist for this one.
    #expect(try await house.ask(.get, "emsp/locations/FR/XXX/L1").status == 404)
    #expect(try await house.ask(.get, "emsp/locations/NL/DRV/L1").status == 404)
  }

  @Test func partnersOfOldMayPatchWithoutATime() async throws {
    let house = try await House("2.1.1")
    let path = "emsp/locations/BE/CPO/L1"
    _ = try await house.ask(.put, path, body: Self.location)
    #expect(try await house.ask(.patch, "\(path)/E1", body: #"{"status":"CHARGING"}"#).code == 1000)
  }

  // MARK: Numbers of no size

  /// Each number of a body in turn is one that no meter shows and no bill holds. It is refused by name, or read as what
  /// is nearest to it, and the house is there afterwards.
  @Test(
    arguments: versions, ["1e40", "-1e40", "1e-40", "-1e-40", "1e20", "-1e19", "9999999999999999999999999999999999"])
  func aNumberOfAnySizeIsAnswered(version: String, number: String) async throws {
    let house = try await House(version)
    let dear = Self.tariff(version).replacing(
      "\"elements\"",
      with: version == "2.1.1"
        ? "\"elements\""
        : #""min_price":{"excl_vat":1,"incl_vat":2,"before_taxes":1},"max_price":{"excl_vat":9,"before_taxes":9},"elements""#
    )
    for (method, path, body) in [
      (HTTP.Method.put, "emsp/locations/BE/CPO/L1", Self.location), (.put, "emsp/tariffs/BE/CPO/T1", dear),
      (.put, "emsp/sessions/BE/CPO/S1", Self.session(version)), (.post, "emsp/cdrs", Self.cdr(version)),
    ] as [(HTTP.Method, String, String)] {
      for odd in body.variants(number) {
        let answer = try await house.ask(method, path, body: odd)
        #expect([200, 201].contains(answer.status) && [1000, 2000, 2001].contains(answer.code), "\(odd): \(answer)")
      }
    }
    // What was kept can be priced.
    for cdr in await house.provider.cdrs.values { _ = cdr.doubts(CDRContext(zone: .utc, isAuthorized: true)) }
  }

  @Test(arguments: versions) func aTariffWithPricesWithoutEndIsRefused(version: String) async throws {
    let house = try await House(version)
    let element = #"{"price_components":[{"type":"ENERGY","price":0.3,"step_size":1}]}"#
    let component = #"{"type":"ENERGY","price":0.3,"step_size":1}"#
    func code(elements: Int, components: Int) async throws -> Int64? {
      let one = "{\"price_components\":[\(Array(repeating: component, count: components).joined(separator: ","))]}"
      let all = ([one] + Array(repeating: element, count: elements - 1)).joined(separator: ",")
      let owner = version == "2.1.1" ? "" : #""country_code":"BE","party_id":"CPO","tax_included":"NO","#
      let body = #"{\#(owner)"id":"T1","currency":"EUR","elements":[\#(all)],"last_updated":"2026-03-01T00:00:00Z"}"#
      return try await house.ask(.put, "emsp/tariffs/BE/CPO/T1", body: body).code
    }
    #expect(try await code(elements: 99, components: 19) == 1000)
    #expect(try await code(elements: 100, components: 20) == 1000)
    #expect(try await code(elements: 101, components: 20) == 2001)
    #expect(try await code(elements: 100, components: 21) == 2001)
  }

  // MARK: Tariffs

  static func tariff(_ version: String) -> String {
    let owner = version == "2.1.1" ? "" : #""country_code":"BE","party_id":"CPO","#
    let taxes = version == "2.3.0" ? #""tax_included":"NO","# : ""
    return """
      {\(owner)\(taxes)"id":"T1","currency":"EUR","elements":[{"price_components":[{"type":"ENERGY","price":0.30,\
      "step_size":1}]}],"last_updated":"2026-03-01T00:00:00Z"}
      """
  }

  @Test(arguments: versions) func aTariffIsKeptReplacedAndDeleted(version: String) async throws {
    let house = try await House(version)
    let path = "emsp/tariffs/BE/CPO/T1"
    #expect(try await house.ask(.put, path, body: Self.tariff(version)).status == 201)
    #expect(try await house.ask(.get, path).data == json(Self.tariff(version)))
    let kept = try #require(await house.provider.tariffs.values.first)
    #expect(kept.tariff.elements[0].components[0].price == Decimal(3, places: 1))
    let change = try await house.ask(.patch, path, body: #"{"currency":"SEK"}"#)
    #expect(change.status == (version == "2.1.1" ? 200 : 405))
    #expect(try await house.ask(.delete, path).code == 1000)
    #expect(try await house.ask(.get, path).status == 404)
    #expect(try await house.ask(.delete, path).status == 404)
    #expect(try await house.ask(.put, path, body: #"{"id":"T1"}"#).code == 2001)
  }

  // MARK: Sessions and CDRs

  static func session(_ version: String, uid: String = "CARD-1", kwh: String = "1.5") -> String {
    version == "2.1.1"
      ? """
      {"id":"S1","start_datetime":"2026-03-02T10:00:00Z","kwh":\(kwh),"auth_id":"\(uid)","auth_method":"WHITELIST",\
      "location":{"id":"L1","evses":[{"uid":"E1","connectors":[{"id":"1"}]}]},"currency":"EUR",\
      "charging_periods":[],"total_cost":0.45,"status":"ACTIVE","last_updated":"2026-03-02T10:05:00Z"}
      """
      : """
      {"country_code":"BE","party_id":"CPO","id":"S1","start_date_time":"2026-03-02T10:00:00Z","kwh":"\(kwh)",\
      "cdr_token":{"country_code":"NL","party_id":"DRV","uid":"\(uid)","type":"RFID","contract_id":"C"},\
      "auth_method":"AUTH_REQUEST","authorization_reference":"REF-1","location_id":"L1","evse_uid":"E1",\
      "connector_id":"1","currency":"EUR","charging_periods":[{"start_date_time":"2026-03-02T10:00:00Z",\
      "dimensions":[{"type":"ENERGY","volume":1}]}],"total_cost":\
      \(version == "2.3.0" ? #"{"before_taxes":0.45,"taxes":[{"name":"VAT","amount":0.09}]}"# : #"{"excl_vat":0.45,"incl_vat":0.54}"#),\
      "status":"ACTIVE","last_updated":"2026-03-02T10:05:00Z"}
      """
  }

  @Test(arguments: versions) func aSessionIsReadInTheWordsOfItsVersion(version: String) async throws {
    let house = try await House(version)
    let path = "emsp/sessions/BE/CPO/S1"
    #expect(try await house.ask(.put, path, body: Self.session(version)).status == 201)
    let kept = try #require(await house.provider.sessions.values.first)
    #expect(kept.energy == kWh("1.5") && kept.location == "L1" && kept.evse == "E1" && kept.connector == "1")
    #expect(kept.cost?.beforeTax == Money(tenThousandths: 4_500))
    if version == "2.1.1" {
      #expect(kept.token.contractID == "CARD-1" && kept.cost?.afterTax == nil)
      // A PATCH of this version replaces what it names.
      let all = """
        {"kwh":3,"charging_periods":[{"start_date_time":"2026-03-02T10:05:00Z","dimensions":[{"type":"ENERGY",\
        "volume":3}]}]}
        """
      for _ in 0..<2 { #expect(try await house.ask(.patch, path, body: all).code == 1000) }
      #expect(try await house.ask(.get, path).data?["charging_periods"]?.array?.count == 1)
    } else {
      #expect(kept.token.uid == "CARD-1" && kept.cost?.afterTax == Money(tenThousandths: 5_400))
      #expect(kept.authorizationReference == "REF-1")
      // A PATCH of periods adds to them.
      let more = """
        {"kwh":3,"charging_periods":[{"start_date_time":"2026-03-02T10:05:00Z","dimensions":[{"type":"ENERGY",\
        "volume":2}]}],"last_updated":"2026-03-02T10:10:00Z"}
        """
      #expect(try await house.ask(.patch, path, body: more).code == 1000)
      #expect(try await house.ask(.get, path).data?["charging_periods"]?.array?.count == 2)
      let stranger = try await house.ask(.put, path, body: Self.session(version, uid: "WHO"))
      #expect(stranger.status == 200 && stranger.code == 2004)
    }
    let unknown = try await house.ask(
      .patch, "emsp/sessions/BE/CPO/S9", body: #"{"kwh":3,"last_updated":"2026-03-02T10:10:00Z"}"#)
    #expect(unknown.status == 404)
  }

  static func cdr(_ version: String, uid: String = "CARD-1", cost: String = "3") -> String {
    let periods = """
      "charging_periods":[{"start_date_time":"2026-03-02T10:00:00Z","dimensions":[{"type":"ENERGY","volume":10},\
      {"type":"TIME","volume":1}]}]
      """
    return version == "2.1.1"
      ? """
      {"id":"C1","start_date_time":"2026-03-02T10:00:00Z","stop_date_time":"2026-03-02T11:00:00Z","auth_id":"\(uid)",\
      "auth_method":"WHITELIST","location":{"id":"L1","evses":[{"uid":"E1","connectors":[{"id":"1"}]}]},\
      "currency":"EUR","tariffs":[\(tariff(version))],\(periods),"total_cost":"\(cost)","total_energy":10,\
      "total_time":1,"last_updated":"2026-03-02T11:00:05Z"}
      """
      : """
      {"country_code":"BE","party_id":"CPO","id":"C1","start_date_time":"2026-03-02T10:00:00Z",\
      "end_date_time":"2026-03-02T11:00:00Z","session_id":"S1","cdr_token":{"country_code":"NL","party_id":"DRV",\
      "uid":"\(uid)","type":"RFID","contract_id":"C"},"auth_method":"WHITELIST","cdr_location":{"id":"L1",\
      "evse_uid":"E1","connector_id":"1"},"currency":"EUR","tariffs":[\(tariff(version))],\(periods),\
      "total_cost":\(version == "2.3.0" ? #"{"before_taxes":\#(cost)}"# : #"{"excl_vat":\#(cost)}"#),\
      "total_energy":10,"total_time":1,"last_updated":"2026-03-02T11:00:05Z"}
      """
  }

  @Test(arguments: versions) func aCDRIsKeptOnceAndShownAtTheAddressThatIsTold(version: String) async throws {
    let house = try await House(version)
    let first = try await house.ask(.post, "emsp/cdrs", body: Self.cdr(version))
    #expect(first.status == 201 && first.code == 1000)
    let place = try #require(first.response.headers["Location"])
    let shown = try await house.loopback.ask(.get, place, token: "cpo")
    #expect(shown.body.json["data"] == json(Self.cdr(version)))
    let again = try await house.ask(.post, "emsp/cdrs", body: Self.cdr(version))
    #expect(again.status == 200 && again.code == 1000 && again.response.headers["Location"] == place)
    #expect(try await house.ask(.post, "emsp/cdrs", body: Self.cdr(version, cost: "4")).code == 2001)
    let kept = try #require(await house.provider.cdrs.values.first)
    #expect(kept.cost.beforeTax == Money(tenThousandths: 30_000) && kept.tariffs.count == 1 && kept.periods.count == 1)
    #expect(kept.evse == "E1" && kept.location == "L1" && kept.connector == "1")
    if version != "2.1.1" {
      let stranger = try await house.ask(.post, "emsp/cdrs", body: Self.cdr(version, uid: "WHO"))
      #expect(stranger.status == 200 && stranger.code == 2004)
      let foreign = Self.cdr(version).replacing("\"CPO\"", with: "\"XXX\"")
      #expect(try await house.ask(.post, "emsp/cdrs", body: foreign).code == 2001)
    }
    for method in [HTTP.Method.put, .patch, .delete] {
      #expect(try await house.ask(method, "emsp/cdrs/BE/CPO/C1", body: "{}").status == 405)
    }
  }

  // MARK: Commands, and too much of everything

  @Test(arguments: versions) func aResultIsHeardAtItsAddressOnly(version: String) async throws {
    let house = try await House(version)
    let path = "emsp/commands/START_SESSION/CMD-1"
    #expect(try await house.ask(.post, path, body: #"{"result":"ACCEPTED"}"#).code == 1000)
    // Some wrap it as an answer.
    #expect(try await house.ask(.post, path, body: #"{"data":{"result":"TIMEOUT"},"status_code":1000}"#).code == 1000)
    #expect(await house.provider.results == ["ACCEPTED", "TIMEOUT"])
    #expect(try await house.ask(.post, "emsp/commands/START_SESSION/CMD-2", body: #"{"result":"X"}"#).status == 404)
    #expect(try await house.ask(.post, path, body: #"{"word":"X"}"#).code == 2001)
  }

  @Test(arguments: versions) func whatASessionsPlanComesToIsHeard(version: String) async throws {
    let house = try await House(version)
    let plan = """
      {"start_date_time":"2026-03-02T10:00:00Z","charging_profile":{"charging_rate_unit":"A",\
      "charging_profile_period":[{"start_period":0,"limit":16.0}]}}
      """
    let path = "emsp/chargingprofiles/S1"
    guard version != "2.1.1" else { return #expect(try await house.ask(.put, path, body: plan).status == 404) }
    #expect(try await house.ask(.put, path, body: plan).code == 1000)
    let heard = try #require(await house.provider.plans["S1"])
    #expect(
      heard.unit == .amperes && heard.periods.map(\.limit) == [16] && heard.startsAt == at("2026-03-02T10:00:00Z"))
    #expect(try await house.ask(.put, "emsp/chargingprofiles/S9", body: plan).status == 404)
    #expect(try await house.ask(.put, path, body: "{}").code == 2001)
    #expect(try await house.ask(.get, path).status == 405)
  }

  @Test(arguments: versions) func whatAStationSaysToAProfileIsHeard(version: String) async throws {
    let house = try await House(version)
    let place = "emsp/chargingprofiles/results/CMD-1"
    guard version != "2.1.1" else {
      return #expect(try await house.ask(.post, place, body: #"{"result":"ACCEPTED"}"#).status == 404)
    }
    let profile = """
      "profile":{"start_date_time":"2026-03-02T10:00:00Z","charging_profile":{"charging_rate_unit":"W",\
      "charging_profile_period":[{"start_period":0,"limit":7400.0}]}}
      """
    for body in [
      #"{"result":"ACCEPTED"}"#, #"{"result":"REJECTED","profile":null}"#, "{\"result\":\"ACCEPTED\",\(profile)}",
      "{\"data\":{\"result\":\"ACCEPTED\",\(profile)},\"status_code\":1000}",
      #"{"result":"ACCEPTED","profile":{"start_date_time":"soon"}}"#,
    ] {
      #expect(try await house.ask(.post, place, body: body).code == 1000, "\(body)")
    }
    #expect(await house.provider.results == ["ACCEPTED", "REJECTED", "ACCEPTED", "ACCEPTED", "ACCEPTED"])
    let heard = await house.provider.schedules
    #expect(heard.map { $0?.periods.first?.limit } == [nil, nil, 7_400, 7_400, nil])
    #expect(heard[2]?.startsAt == at("2026-03-02T10:00:00Z") && heard[2]?.unit == .watts)
    #expect(await house.provider.messages.count == 1)
    #expect(try await house.ask(.post, place, body: "{}").code == 2001)
    #expect(try await house.ask(.post, place, body: "{").status == 400)
    #expect(
      try await house.ask(.post, "emsp/chargingprofiles/results/NONE", body: #"{"result":"ACCEPTED"}"#).status == 404)
    #expect(try await house.ask(.get, place).status == 405)
  }

  @Test func aPartnerThatAsksTooMuchIsToldWhenToComeBack() async throws {
    let house = try await House()
    await MainActor.run { house.provider.seconds = 17 }
    let answer = try await house.ask(.get, "emsp/tokens")
    #expect(answer.status == 429 && answer.response.headers["Retry-After"] == "17")
  }

  /// What partners may send is without end: nothing of it ends the process, all is answered.
  @Test(arguments: [
    #"{"id":1e999}"#, #"{"id":"C1","total_cost":1e400}"#, #"{"charging_periods":[{"dimensions":[{}]}]}"#,
    #"{"last_updated":"2026-13-40T99:00:00Z"}"#, #"{"cdr_token":[]}"#, "null", "3", #""x""#, "[[[[]]]]",
    #"{"total_energy":"9999999999999999999999999999999999999999"}"#,
  ]) func nonsenseIsNamed(body: String) async throws {
    let house = try await House()
    for path in ["emsp/cdrs", "emsp/tokens/CARD-1/authorize"] {
      #expect((2000..<3000).contains(try await house.ask(.post, path, body: body).code ?? 0), "\(path)")
    }
    for path in ["emsp/locations/BE/CPO/L1", "emsp/sessions/BE/CPO/S1", "emsp/tariffs/BE/CPO/T1"] {
      #expect((2000..<3000).contains(try await house.ask(.put, path, body: body).code ?? 0), "\(path)")
    }
  }
}
