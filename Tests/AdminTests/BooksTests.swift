import CSMS
import Domain
import HTTP
import Store
import Testing
import Wire

@testable import Admin

@MainActor @Suite struct BooksTests {
  private static let place: JSON = [
    "name": "Town hall", "address": "Market 1", "city": "Delft", "country": "NLD", "latitude": "52.0116",
    "longitude": "4.3571",
    "time_zone": "Europe/Amsterdam",
  ]
  private static let tariff: JSON = [
    "id": "T1", "currency": "EUR",
    "elements": [
      [
        "price_components": [
          ["type": "ENERGY", "price": .number(JSONNumber(Decimal(25, places: 2))), "vat": 21, "step_size": 1]
        ]
      ]
    ],
  ]

  // MARK: Locations

  @Test func aLocationIsKeptShownChangedAndRemoved() async throws {
    let (house, owner) = try await Fixture.open()
    let made = try await house.ask(.post, "/locations", Self.place, as: owner)
    #expect(made.status == 201)
    #expect(made.json["latitude"] == "52.011600")
    #expect(made.json["party"] == ["country_code": "NL", "party_id": "OST"])
    let id = try #require(made.json["id"]?.int)
    let shown = try await house.ask(.get, "/locations/\(id)", as: owner)
    #expect(shown.json == made.json && shown.headers["etag"] == made.headers["etag"])
    let changed = try await house.ask(
      .patch, "/locations/\(id)", ["name": "City hall", "postal_code": "2611"], as: owner)
    #expect(
      changed.json["name"] == "City hall" && changed.json["city"] == "Delft" && changed.json["postal_code"] == "2611")
    let cleared = try await house.ask(.patch, "/locations/\(id)", ["postal_code": nil], as: owner)
    #expect(cleared.json["postal_code"] == .null)
    #expect(try await house.ask(.get, "/locations?q=hall", as: owner).items.count == 1)
    #expect(try await house.ask(.get, "/locations?q=airport", as: owner).items.isEmpty)
    #expect(try await house.ask(.delete, "/locations/\(id)", as: owner).status == 204)
    #expect(try await house.ask(.get, "/locations/\(id)", as: owner).problem == "not-found")
  }

  @Test(arguments: [
    ("name", JSON.null), ("name", ""), ("country", "NL"), ("country", "nld"), ("time_zone", "Mars/Olympus"),
    ("latitude", "91"),
    ("address", .string(String(repeating: "x", count: 256))), ("published", "yes"), ("parking_type", "SKY"),
    ("colour", "red"),
    ("city", "a\u{0007}b"),
  ])
  func aFieldThatIsWrongIsNamed(_ field: String, _ value: JSON) async throws {
    let (house, owner) = try await Fixture.open()
    var body = Self.place
    body[field] = value
    let reply = try await house.ask(.post, "/locations", body, as: owner)
    #expect(reply.status == 422 && reply.problem == "invalid")
    #expect(reply.json["field"] == .string(field))
  }

  @Test func twoWhoChangeTheSameThingDoNotOverwriteEachOther() async throws {
    let (house, owner) = try await Fixture.open()
    let made = try await house.ask(.post, "/locations", Self.place, as: owner)
    let id = try #require(made.json["id"]?.int)
    let tag = try #require(made.headers["etag"])
    // The clock stands still, and still every change has a tag of its own.
    let first = try await house.ask(.patch, "/locations/\(id)", ["name": "A"], as: owner, headers: ["If-Match": tag])
    #expect(first.status == 200 && first.headers["etag"] != tag)
    let second = try await house.ask(.patch, "/locations/\(id)", ["name": "B"], as: owner, headers: ["If-Match": tag])
    #expect(second.status == 412 && second.problem == "stale")
    #expect(try await house.ask(.delete, "/locations/\(id)", as: owner, headers: ["If-Match": tag]).status == 412)
    #expect(try await house.ask(.get, "/locations/\(id)", as: owner).json["name"] == "A")
    let any = try await house.ask(.patch, "/locations/\(id)", ["name": "C"], as: owner, headers: ["If-Match": "*"])
    #expect(any.status == 200)
  }

  @Test func aListComesInPagesWithoutGapOrRepeat() async throws {
    let (house, owner) = try await Fixture.open()
    for number in 1...7 {
      #expect(try await house.ask(.post, "/stations", ["id": .string("CS-\(number)")], as: owner).status == 201)
      #expect(try await house.ask(.post, "/tokens", ["uid": .string("0\(number)AA")], as: owner).status == 201)
    }
    for path in ["/stations", "/tokens"] {
      var seen: [JSON] = []
      var sizes: [Int] = []
      var next: String?
      repeat {
        let page = try await house.ask(.get, path + "?limit=3" + (next.map { "&cursor=\($0)" } ?? ""), as: owner)
        seen += page.items.compactMap { $0["id"] }
        sizes.append(page.items.count)
        next = page.next
      } while next != nil
      #expect(sizes == [3, 3, 1])
      #expect(Set(seen.map(\.text)).count == 7)
    }
  }

  @Test(arguments: ["limit=0", "limit=501", "limit=x", "cursor=%21%21"])
  func aPageThatCannotBeIsRefused(_ query: String) async throws {
    let (house, owner) = try await Fixture.open()
    let reply = try await house.ask(.get, "/stations?\(query)", as: owner)
    #expect(reply.status == 422 && reply.problem == "invalid")
  }

  @Test(arguments: ["sessions", "cdrs", "alerts", "parked"])
  func aListOfAStationThatCannotBeIsRefusedAndOfOneThatIsNotIsEmpty(_ list: String) async throws {
    let (house, owner) = try await Fixture.open()
    #expect(try await house.ask(.get, "/\(list)?station=a%20b", as: owner).json["field"] == "station")
    #expect(try await house.ask(.get, "/\(list)?station=NOBODY", as: owner).json["items"] == [])
  }

  // MARK: Stations

  @Test func aStationIsLaidOutBeforeItCalls() async throws {
    let (house, owner) = try await Fixture.open()
    let made = try await house.ask(
      .post, "/stations", ["id": "CS-1", "evses": 2, "password": "0123456789abcdef"], as: owner)
    #expect(made.status == 201)
    #expect(made.json["has_password"] == true && made.json["online"] == false && made.json["evses"]?.array?.count == 2)
    #expect(made.json["evses"]?[0]?["connectors"]?[0]?["assumed"] == true)
    #expect(!made.text.contains("0123456789abcdef"))
    #expect(try await house.ask(.post, "/stations", ["id": "CS-1"], as: owner).status == 409)
    // It stands at a place that the house made up.
    #expect(made.json["location"]?["name"] == "First site")
  }

  /// What is wrong with a part of it leaves the whole as it was.
  @Test(
    arguments: [
      ["serial_number": "S-2", "evses": [["number": 0]]],
      ["serial_number": "S-2", "evses": [["number": 1, "evse_id": "no id"]]],
      ["serial_number": "S-2", "evses": [["number": 1], ["number": 1]]],
      ["serial_number": "S-2", "evses": "two"],
      ["serial_number": "S-2", "password": "two"],
      ["serial_number": "S-2", "password": 7],
      ["serial_number": "S-2", "password": "fedcba9876543210", "evses": [["number": 2, "connectors": "none"]]],
    ] as [JSON])
  func aStationIsChangedAsAWholeOrNotAtAll(_ change: JSON) async throws {
    let (house, owner) = try await Fixture.open()
    _ = try await house.ask(
      .post, "/stations", ["id": "CS-1", "evses": 2, "password": "0123456789abcdef", "serial_number": "S-1"], as: owner)
    let before = try await house.ask(.get, "/stations/CS-1", as: owner)
    #expect(try await house.ask(.patch, "/stations/CS-1", change, as: owner).status == 422)
    let after = try await house.ask(.get, "/stations/CS-1", as: owner)
    #expect(after.bytes == before.bytes && after.headers["etag"] == before.headers["etag"])
  }

  @Test func aStationsPartsAreChangedTogether() async throws {
    let (house, owner) = try await Fixture.open()
    _ = try await house.ask(.post, "/stations", ["id": "CS-1", "evses": 2], as: owner)
    let change: JSON = [
      "serial_number": "S-2", "password": "fedcba9876543210",
      "evses": [["number": 2, "physical_reference": "B"], ["number": 3]],
    ]
    let changed = try await house.ask(.patch, "/stations/CS-1", change, as: owner)
    #expect(changed.json["serial_number"] == "S-2" && changed.json["has_password"] == true)
    #expect(changed.json["evses"]?.array?.map { $0["number"] } == [2, 3])
    #expect(changed.json["evses"]?[0]?["physical_reference"] == "B")
    let without = try await house.ask(.patch, "/stations/CS-1", ["password": .null], as: owner)
    #expect(without.json["has_password"] == false && without.json["evses"]?.array?.count == 2)
  }

  @Test(arguments: ["", "a:b", "a/b", "a b", "ä", "<script>".padding(49)])
  func anIdentityThatCannotBeIsRefused(_ identity: String) async throws {
    let (house, owner) = try await Fixture.open()
    let reply = try await house.ask(.post, "/stations", ["id": .string(identity)], as: owner)
    #expect(reply.status == 422 && reply.json["field"] == "id")
  }

  @Test func textsFromOutsideComeBackAsJSONTextAndNothingElse() async throws {
    let (house, owner) = try await Fixture.open()
    let hostile = "<script>alert(1)</script>"
    let made = try await house.ask(.post, "/stations", ["id": .string(hostile.replacing("/", with: "_"))], as: owner)
    #expect(made.status == 201 && made.headers["content-type"] == "application/json")
    let name = try #require(made.json["id"]?.string)
    let shown = try await house.ask(.get, "/stations/\(name.percentEncoded)", as: owner)
    #expect(shown.json["id"]?.string == name)
    let located = try await house.ask(.post, "/locations", Self.place.with("name", .string(hostile)), as: owner)
    #expect(located.json["name"]?.string == hostile)
    let missing = try await house.ask(.get, "/stations/%3Cscript%3E", as: owner)
    #expect(missing.status == 404 && missing.headers["content-type"] == "application/problem+json")
  }

  @Test func anEVSEAndItsConnectorsAreChangedAndNoLongerAssumed() async throws {
    let (house, owner) = try await Fixture.open()
    #expect(try await house.ask(.post, "/stations", ["id": "CS-1", "evses": 1], as: owner).status == 201)
    let tariff = try await house.ask(.post, "/tariffs", Self.tariff, as: owner)
    let changed = try await house.ask(
      .patch, "/stations/CS-1/evses/1",
      [
        "evse_id": "NL*OST*E1",
        "connectors": [
          [
            "number": 1, "standard": "IEC_62196_T2_COMBO", "format": "CABLE", "power_type": "DC", "max_voltage": 920,
            "max_amperage": 500,
            "max_power": 150_000, "tariff": tariff.json["id"] ?? .null,
          ], ["number": 2, "standard": "CHADEMO"],
        ],
      ], as: owner)
    #expect(changed.status == 200)
    let evse = changed.json["evses"]?[0]
    #expect(evse?["evse_id"] == "NL*OST*E1")
    #expect(evse?["connectors"]?[0]?["assumed"] == false && evse?["connectors"]?[0]?["rated_power"] == 150_000)
    #expect(evse?["connectors"]?[0]?["tariff"]?["ref"] == "T1")
    #expect(evse?["connectors"]?[1]?["standard"] == "CHADEMO" && evse?["connectors"]?[1]?["assumed"] == false)
    let wrong = try await house.ask(
      .patch, "/stations/CS-1/evses/1", ["connectors": [["number": 1, "max_voltage": 0]]], as: owner)
    #expect(wrong.status == 422 && wrong.json["field"] == "connectors[0].max_voltage")
    let nobody = try await house.ask(
      .patch, "/stations/CS-1/evses/1", ["connectors": [["number": 1, "tariff": 99]]], as: owner)
    #expect(nobody.json["field"] == "connectors[0].tariff")
    // The tariff is in use, and says where.
    let kept = try await house.ask(.delete, "/tariffs/\(tariff.json["id"]?.int ?? 0)", as: owner)
    #expect(kept.status == 409 && kept.json["detail"]?.string?.contains("CS-1") == true)
  }

  @Test func quirksAreBoundedAndKept() async throws {
    let (house, owner) = try await Fixture.open()
    #expect(try await house.ask(.post, "/stations", ["id": "CS-1"], as: owner).status == 201)
    let changed = try await house.ask(
      .patch, "/stations/CS-1", ["quirks": ["ping_seconds": 60, "free_vend": true]], as: owner)
    #expect(changed.json["quirks"]?["ping_seconds"] == 60)
    let more = try await house.ask(.patch, "/stations/CS-1", ["quirks": ["ping_seconds": nil]], as: owner)
    #expect(more.json["quirks"]?["ping_seconds"] == nil && more.json["quirks"]?["free_vend"] == true)
    let wrong = try await house.ask(.patch, "/stations/CS-1", ["quirks": ["heartbeat_seconds": 0]], as: owner)
    #expect(wrong.status == 422 && wrong.json["field"] == "quirks.heartbeat_seconds")
    let unknown = try await house.ask(.patch, "/stations/CS-1", ["quirks": ["colour": 1]], as: owner)
    #expect(unknown.json["field"] == "quirks.colour")
  }

  @Test func aStrangerKnocksAndIsLetIn() async throws {
    let (house, owner) = try await Fixture.open()
    _ = try await house.connect("CS-9")
    let knocks = try await house.ask(.get, "/knocks", as: owner)
    #expect(knocks.items.count == 1 && knocks.items[0]["id"] == "CS-9")
    #expect(try await house.ask(.get, "/overview", as: owner).json["stations"]?["knocking"] == 1)
    let accepted = try await house.ask(.post, "/knocks/CS-9/accept", [:], as: owner)
    #expect(accepted.status == 201 && accepted.json["online"] == true && accepted.json["version"] == "1.6")
    #expect(try await house.ask(.get, "/knocks", as: owner).items.isEmpty)
    #expect(try await house.ask(.post, "/knocks/CS-9/accept", [:], as: owner).status == 404)
    #expect(try await house.ask(.get, "/stations?status=online", as: owner).items.count == 1)
    #expect(try await house.ask(.get, "/stations?status=offline", as: owner).items.isEmpty)
  }

  @Test func aPasswordIsMadeByTheHouseAndShownOnce() async throws {
    let (house, owner) = try await Fixture.open()
    #expect(try await house.ask(.post, "/stations", ["id": "CS-1"], as: owner).status == 201)
    let set = try await house.ask(.put, "/stations/CS-1/password", [:], as: owner)
    let password = try #require(set.json["password"]?.string)
    #expect(password.count == 40)
    #expect(try await house.ask(.get, "/stations/CS-1", as: owner).json["has_password"] == true)
    let short = try await house.ask(.put, "/stations/CS-1/password", ["password": "abc"], as: owner)
    #expect(short.json["field"] == "password")
    let chosen = try await house.ask(.put, "/stations/CS-1/password", ["password": "0123456789abcdef"], as: owner)
    #expect(chosen.json["password"] == .null)
  }

  @Test func aPasswordThatIsSentIsKeptOnlyOnceTheStationTookIt() async throws {
    let (house, owner) = try await Fixture.open()
    _ = try await house.connect("CS-1")
    #expect(try await house.ask(.post, "/knocks/CS-1/accept", [:], as: owner).status == 201)
    house.stations.outcome.withLock { $0 = .refused(word: "Rejected", answer: ["status": "Rejected"]) }
    let refused = try await house.ask(.put, "/stations/CS-1/password", ["send": true], as: owner)
    #expect(refused.status == 409)
    #expect(try await house.ask(.get, "/stations/CS-1", as: owner).json["has_password"] == false)
    house.stations.outcome.withLock { $0 = .accepted(answer: ["status": "Accepted"]) }
    let taken = try await house.ask(.put, "/stations/CS-1/password", ["send": true], as: owner)
    let password = try #require(taken.json["password"]?.string)
    #expect(house.stations.asked.withLock { $0.last } == .security(.setKey(password)))
    #expect(taken.json["command"]?.text.contains(password) == false)
    #expect(try await house.ask(.get, "/stations/CS-1", as: owner).json["has_password"] == true)
  }

  @Test func aStationThatIsRemovedIsHungUpOn() async throws {
    let (house, owner) = try await Fixture.open()
    _ = try await house.connect("CS-1")
    #expect(try await house.ask(.post, "/knocks/CS-1/accept", [:], as: owner).status == 201)
    #expect(try await house.ask(.delete, "/stations/CS-1", as: owner).status == 204)
    #expect(house.stations.closed.withLock { $0.count } == 1)
    #expect(try await house.ask(.get, "/stations/CS-1", as: owner).status == 404)
  }

  // MARK: Tokens

  @Test func aTokenOfOursGetsWhatIsLeftOut() async throws {
    let (house, owner) = try await Fixture.open()
    let made = try await house.ask(.post, "/tokens", ["uid": "04 A1 B2 C3"], as: owner)
    #expect(made.status == 201)
    #expect(
      made.json["contract_id"] == "NL-OST-C04A1B2C3" && made.json["issuer"] == "Ostler" && made.json["owner"] == .null)
    #expect(made.json["whitelist"] == "ALWAYS" && made.json["valid"] == true && made.json["type"] == "RFID")
    // The same card as a reader writes it.
    #expect(try await house.ask(.post, "/tokens", ["uid": "04a1b2c3"], as: owner).status == 409)
    let id = try #require(made.json["id"]?.int)
    let blocked = try await house.ask(
      .patch, "/tokens/\(id)", ["valid": false, "valid_until": "2026-12-24T18:00:00Z"], as: owner)
    #expect(blocked.json["valid"] == false && blocked.json["valid_until"] == "2026-12-24T18:00:00Z")
    #expect(try await house.ask(.patch, "/tokens/\(id)", ["uid": "other"], as: owner).json["field"] == "uid")
    #expect(try await house.ask(.get, "/tokens?q=a1&owner=ours", as: owner).items.count == 1)
    #expect(try await house.ask(.get, "/tokens?owner=partners", as: owner).items.isEmpty)
    #expect(try await house.ask(.delete, "/tokens/\(id)", as: owner).status == 204)
  }

  @Test func anUnknownTagIsListedUntilItIsAToken() async throws {
    let (house, owner) = try await Fixture.open()
    let made = try await house.ask(.post, "/stations", ["id": "CS-1"], as: owner)
    let station = ID<Station>(try #require(made.json["key"]?.int))
    try house.write { try $0.tokens.noteUnknownTag("DEADBEEF", at: station, at: house.time.clock.now()) }
    let tags = try await house.ask(.get, "/unknown-tags", as: owner)
    #expect(tags.items.count == 1 && tags.items[0]["uid"] == "DEADBEEF" && tags.items[0]["station"] == "CS-1")
    for place in ["\(Int64.max)", "-1", "100001"] {
      let cursor = Bytes(utf8: place).base64URL
      #expect(try await house.ask(.get, "/unknown-tags?cursor=\(cursor)", as: owner).json["field"] == "cursor")
    }
    let beyond = Bytes(utf8: "100000").base64URL
    #expect(try await house.ask(.get, "/unknown-tags?cursor=\(beyond)", as: owner).items.isEmpty)
    #expect(try await house.ask(.post, "/tokens", ["uid": "deadbeef"], as: owner).status == 201)
    #expect(try await house.ask(.get, "/unknown-tags", as: owner).items.isEmpty)
  }

  // MARK: Tariffs

  @Test func aTariffHasVersions() async throws {
    let (house, owner) = try await Fixture.open()
    let made = try await house.ask(.post, "/tariffs", Self.tariff, as: owner)
    #expect(made.status == 201 && made.json["version"] == 1)
    #expect(made.json["tariff"]?["elements"]?[0]?["price_components"]?[0]?["price"]?.decimal == Decimal(25, places: 2))
    let id = try #require(made.json["id"]?.int)
    var dearer = Self.tariff
    dearer["id"] = nil
    dearer["currency"] = "CHF"
    let changed = try await house.ask(.patch, "/tariffs/\(id)", dearer, as: owner)
    #expect(changed.json["version"] == 2 && changed.json["ref"] == "T1" && changed.json["tariff"]?["currency"] == "CHF")
    let renamed = try await house.ask(.patch, "/tariffs/\(id)", Self.tariff.with("id", "T2"), as: owner)
    #expect(renamed.status == 422 && renamed.json["field"] == "id")
    #expect(try await house.ask(.post, "/tariffs", Self.tariff, as: owner).status == 409)
    let nameless = try await house.ask(.post, "/tariffs", dearer, as: owner)
    #expect(nameless.status == 201 && nameless.json["ref"]?.string?.count == 36)
    #expect(try await house.ask(.delete, "/tariffs/\(id)", as: owner).status == 204)
  }

  @Test func aTariffWithAnErrorIsNotKeptAndSaysWhere() async throws {
    let (house, owner) = try await Fixture.open()
    let tried = try await house.ask(.post, "/tariffs", Self.tariff.with("id", "TRY"), as: owner)
    let trial: JSON = [
      "start": "2026-06-01T10:00:00Z", "end": "2026-06-01T11:00:00Z", "energy_kwh": 20, "time_zone": "Europe/Amsterdam",
    ]
    let path = "/tariffs/\(tried.json["id"]?.int ?? 0)/simulate"
    let bill = try await house.ask(.post, path, trial, as: owner)
    #expect(bill.json["totals"]?["cost"]?["excl_vat"] == "5.00")
    #expect(bill.json["periods"]?[0]?["seconds"] == 3600)
    #expect(
      try await house.ask(.post, path, trial.with("end", "2026-06-01T09:00:00Z"), as: owner).json["field"] == "end")
    #expect(try await house.ask(.post, path, trial.with("time_zone", "Mars"), as: owner).json["field"] == "time_zone")
    let wrong = Self.tariff.with("currency", "euro")
    let checked = try await house.ask(.post, "/tariffs/validate", wrong, as: owner)
    #expect(checked.status == 200 && checked.json["ok"] == false)
    #expect(checked.json["flaws"]?[0]?["path"] == "currency")
    let refused = try await house.ask(.post, "/tariffs", wrong, as: owner)
    #expect(refused.status == 422 && refused.json["field"] == "currency")
    let misspelt = try await house.ask(.post, "/tariffs", Self.tariff.with("elemnts", []), as: owner)
    #expect(misspelt.status == 422 && misspelt.json["field"] == "elemnts")
    #expect(try await house.ask(.post, "/tariffs/validate", Self.tariff, as: owner).json["ok"] == true)
  }

  // MARK: Who we are, and partners

  @Test func ourNameIsFixedWhileAPartnerKnowsIt() async throws {
    let (house, owner) = try await Fixture.open()
    let party = try #require(try await house.ask(.get, "/parties", as: owner).items.first)
    let id = try #require(party["id"]?.int)
    let renamed = try await house.ask(.patch, "/parties/\(id)", ["party_id": "ABC", "business_name": "New"], as: owner)
    #expect(renamed.json["party_id"] == "ABC" && renamed.json["business_name"] == "New")
    #expect(try await house.ask(.patch, "/parties/\(id)", ["party_id": "AB"], as: owner).json["field"] == "party_id")
    try house.write { books in
      try books.partners.create(
        Partner(id: ID(0), name: "Known", party: ID(id), state: .registered, createdAt: .epoch, updatedAt: .epoch))
    }
    #expect(try await house.ask(.patch, "/parties/\(id)", ["party_id": "XYZ"], as: owner).status == 409)
    #expect(try await house.ask(.patch, "/parties/\(id)", ["business_name": "Newer"], as: owner).status == 200)
  }

  @Test func aPartnerIsInvitedChangedAndRemovedAndItsTokenIsShownOnce() async throws {
    let (house, owner) = try await Fixture.open()
    let invited = try await house.ask(
      .post, "/partners", ["name": "Demo Mobility", "quirks": ["allow_private": true]], as: owner)
    #expect(invited.status == 201)
    let token = try #require(invited.json["token"]?.string)
    #expect(invited.json["versions_url"] == "http://127.0.0.1:9000/ocpi/versions")
    let id = try #require(invited.json["partner"]?["id"]?.int)
    let listed = try await house.ask(.get, "/partners", as: owner)
    #expect(listed.items.count == 1 && !listed.text.contains(token))
    let changed = try await house.ask(
      .patch, "/partners/\(id)", ["name": "Demo", "quirks": ["token_form": "raw"]], as: owner)
    #expect(changed.json["name"] == "Demo" && changed.json["quirks"] == ["token_form": "raw", "allow_private": true])
    #expect(try await house.ask(.get, "/partners/\(id)/pushes", as: owner).items.isEmpty)
    #expect(try await house.ask(.post, "/partners/\(id)/pause", [:], as: owner).status == 409)
    #expect(try await house.ask(.delete, "/partners/\(id)", as: owner).status == 204)
    #expect(try await house.ask(.get, "/partners/\(id)", as: owner).status == 404)
  }

  @Test func aRegistrationThatFailsLeavesItsTrace() async throws {
    let (house, owner) = try await Fixture.open()
    let failed = try await house.ask(
      .post, "/partners/register", ["versions_url": "http://127.0.0.1:1/ocpi/versions", "token": "A"], as: owner)
    #expect(failed.status == 409 && failed.json["detail"]?.string?.contains("nobody listens there") == true)
    let partner = try #require(try await house.ask(.get, "/partners", as: owner).items.first)
    #expect(partner["name"] == "127.0.0.1:1" && partner["state"] == "invited")
    try await house.house.turn { () throws(HouseRefusal) in }
    let trace = try await house.ask(.get, "/partners/\(partner["id"]?.int ?? 0)/trace", as: owner)
    #expect(trace.items.map { $0["step"] } == ["versions"] && trace.items.first?["ok"] == false)
  }
}

extension String {
  fileprivate func padding(_ count: Int) -> String { self + String(repeating: "x", count: max(0, count - self.count)) }
}

extension JSON {
  func with(_ key: String, _ value: JSON) -> JSON {
    var copy = self
    copy[key] = value
    return copy
  }
}
