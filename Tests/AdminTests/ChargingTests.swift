import CSMS
import Domain
import HTTP
import Testing
import Wire

@testable import Admin
@testable import Store

@MainActor @Suite struct ChargingTests {
  /// A connected station with one EVSE and a token, and a tariff of 0.25 EUR a kWh.
  private func ready() async throws -> (Fixture, Proof, any StationService) {
    let (house, owner) = try await Fixture.open()
    #expect(try await house.ask(.post, "/stations", ["id": "CS-1", "evses": 1], as: owner).status == 201)
    let price = JSONNumber(Decimal(25, places: 2))
    let tariff = try await house.ask(
      .post, "/tariffs",
      [
        "id": "T1", "currency": "EUR",
        "elements": [["price_components": [["type": "ENERGY", "price": .number(price), "vat": 20, "step_size": 1]]]],
      ],
      as: owner)
    #expect(tariff.status == 201)
    let wired = try await house.ask(
      .patch, "/stations/CS-1/evses/1", ["connectors": [["number": 1, "tariff": tariff.json["id"] ?? .null]]], as: owner
    )
    #expect(wired.status == 200)
    #expect(try await house.ask(.post, "/tokens", ["uid": "04A1B2C3"], as: owner).status == 201)
    let desk = try await house.connect("CS-1")
    try await house.turn { () throws(TurnFault) in try desk.report(StatusReport(evse: 1, status: .available)) }
    return (house, owner, desk)
  }

  private func start(_ house: Fixture, _ desk: any StationService) async throws -> Int64 {
    let now = house.time.clock.now()
    let energy = try #require(Energy(wattHours: 1_000))
    let verdict = try await house.turn { () throws(TurnFault) in
      try desk.start(StartReport(evse: 1, tag: "04A1B2C3", meterStart: energy, at: now, raw: ["n": 1]))
    }
    return verdict.transaction
  }

  private func meter(_ house: Fixture, _ desk: any StationService, _ transaction: Int64, wattHours: Decimal)
    async throws
  {
    let reading = Reading(
      at: house.time.clock.now(), register: Energy(wattHours: wattHours), power: 7_360, context: .periodic,
      raw: [.string("\(wattHours)")])
    try await house.turn { () throws(TurnFault) in
      try desk.meter(MeterReport(evse: 1, transaction: transaction, readings: [reading]))
    }
  }

  private func stop(_ house: Fixture, _ desk: any StationService, _ transaction: Int64, wattHours: Decimal) async throws
  {
    let now = house.time.clock.now()
    let report = StopReport(
      transaction: transaction, tag: nil, meterStop: Energy(wattHours: wattHours), at: now, ending: .local,
      readings: [], raw: ["n": 2])
    _ = try await house.turn { () throws(TurnFault) in try desk.stop(report) }
  }

  @Test func aSessionIsShownWithWhatItCostsSoFarAndThenWithItsCDR() async throws {
    let (house, owner, desk) = try await ready()
    let transaction = try await start(house, desk)
    house.time.pass(1_800)
    try await meter(house, desk, transaction, wattHours: 5_000)
    let open = try await house.ask(.get, "/sessions?state=open", as: owner)
    #expect(open.items.count == 1)
    let running = try #require(open.items.first)
    #expect(running["state"] == "active" && running["energy_kwh"] == "4" && running["power_kw"] == "7.36")
    #expect(running["cost"] == ["currency": "EUR", "excl_vat": "1.00", "incl_vat": "1.20"])
    #expect(
      running["duration_seconds"] == 1_800 && running["cdr"] == .null && running["station"] == "CS-1"
        && running["evse"] == 1)
    #expect(try await house.ask(.get, "/stations/CS-1", as: owner).json["evses"]?[0]?["session"]?["energy_kwh"] == "4")
    let overview = try await house.ask(.get, "/overview", as: owner).json
    #expect(overview["power_kw"] == "7.36" && overview["sessions"]?["active"] == 1)

    house.time.pass(1_800)
    try await stop(house, desk, transaction, wattHours: 9_000)
    let id = try #require(running["id"]?.string)
    let ended = try await house.ask(.get, "/sessions/\(id)", as: owner)
    #expect(ended.json["state"] == "completed" && ended.json["energy_kwh"] == "8")
    #expect(ended.json["cost"] == ["currency": "EUR", "excl_vat": "2.00", "incl_vat": "2.40"])
    let registers = ended.json["readings"]?.array?.compactMap { $0["energy_kwh"]?.string } ?? []
    #expect(registers.contains("4") && ended.json["periods"]?.array?.isEmpty == false)
    let kinds = ended.json["timeline"]?.array?.compactMap { $0["kind"]?.string } ?? []
    #expect(kinds.first == "session.started" && kinds.contains("session.ended") && kinds.contains("cdr.made"))
    #expect(try await house.ask(.get, "/sessions?state=open", as: owner).items.isEmpty)

    let cdr = try #require(ended.json["cdr"]?.string)
    let bill = try await house.ask(.get, "/cdrs/\(cdr)", as: owner)
    #expect(bill.json["cost"] == ended.json["cost"] && bill.json["session"] == .string(id))
    #expect(bill.json["costs"]?["energy"]?["excl_vat"] == "2.00" && bill.json["costs"]?["time"] == .null)
    #expect(try await house.ask(.get, "/cdrs?month=2026-11", as: owner).items.count == 1)
    #expect(try await house.ask(.get, "/cdrs?month=2026-12", as: owner).items.isEmpty)
    #expect(try await house.ask(.get, "/cdrs?month=November", as: owner).json["field"] == "month")
  }

  @Test func aMonthIsExportedAsCSV() async throws {
    let (house, owner, desk) = try await ready()
    let transaction = try await start(house, desk)
    house.time.pass(3_600)
    try await stop(house, desk, transaction, wattHours: 9_000)
    let reply = try await house.ask(.get, "/cdrs.csv?month=2026-11", as: owner)
    #expect(reply.headers["content-type"] == "text/csv; charset=utf-8")
    #expect(reply.headers["content-disposition"] == "attachment; filename=\"cdrs-2026-11.csv\"")
    let lines = reply.text.split(separator: "\r\n").map(String.init)
    #expect(lines.count == 2)
    #expect(lines[0] == CDRTable.columns.joined(separator: ","))
    let cells = lines[1].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    // The place that nobody named has the address "-", which a spreadsheet would take for a formula.
    #expect(
      Array(cells[2...9]) == [
        "2026-11-03T10:00:00Z", "2026-11-03T11:00:00Z", "3600", "0", "First site", "\"'-\"", "\"'-\"", "CS-1",
      ])
    #expect(
      Array(cells[11...]) == [
        "1", "04A1B2C3", "NL-OST-C04A1B2C3", "", "8", "EUR", "2", "2.4", "false", "", "0", "", "", "0", "",
      ])
    let empty = try await house.ask(.get, "/cdrs.csv?month=2026-10", as: owner)
    #expect(empty.text == CDRTable.columns.joined(separator: ",") + "\r\n")
    #expect(try await house.ask(.get, "/cdrs.csv", as: owner).json["field"] == "month")
  }

  @Test func listsAreExportedAsCSV() async throws {
    let (house, owner, desk) = try await ready()
    let transaction = try await start(house, desk)
    house.time.pass(3_600)
    try await stop(house, desk, transaction, wattHours: 9_000)
    #expect(
      try await house.ask(.post, "/tokens", ["uid": "04A1B2C4", "visual_number": "=1+1"], as: owner).status == 201)

    func table(_ path: String) async throws -> [[String: String]] {
      let reply = try await house.ask(.get, path, as: owner)
      #expect(reply.headers["content-type"] == "text/csv; charset=utf-8")
      let lines = reply.text.split(separator: "\r\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      }
      return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(lines[0], $0)) }
    }
    let station = try #require(try await table("/stations.csv").first)
    #expect(station["id"] == "CS-1" && station["evses"] == "1" && station["statuses"] == "1 available")
    #expect(try await table("/stations.csv?q=nowhere").isEmpty)
    #expect(try await table("/stations.csv?status=online").count == 1)
    #expect(try await table("/stations.csv?status=offline").isEmpty)

    let session = try #require(try await table("/sessions.csv").first)
    #expect(session["state"] == "completed" && session["token_uid"] == "04A1B2C3" && session["energy_kwh"] == "8")
    #expect(session["currency"] == "EUR" && session["cost_incl_vat"] == "2.4" && session["cdr"]?.isEmpty == false)
    #expect(try await table("/sessions.csv?state=invalid").isEmpty)
    #expect(try await table("/sessions.csv?station=CS-9").isEmpty)

    let tokens = try await table("/tokens.csv?owner=ours")
    #expect(tokens.map { $0["uid"] } == ["04A1B2C3", "04A1B2C4"])
    // A spreadsheet must not run what somebody was called.
    #expect(tokens[1]["visual_number"] == "\"'=1+1\"")
    #expect(try await table("/tokens.csv?owner=partners").isEmpty)
  }

  @Test func whatIsExportedCanBeImported() async throws {
    let (house, owner, _) = try await ready()
    for (kind, path) in [("stations", "/stations.csv"), ("tokens", "/tokens.csv")] {
      let text = try await house.ask(.get, path, as: owner).text
      let found = try await house.ask(.post, "/imports/\(kind)", ["text": .string(text), "dry_run": true], as: owner)
      #expect(found.json["existing"] == 1 && found.json["failed"] == 0, "\(kind): \(found.text)")
    }
  }

  /// Two sites of one name, of which the second has the station; a token with all that can be said of one.
  @Test func whatIsExportedIsTheSameAfterAnImportElsewhere() async throws {
    func sites(_ house: Fixture, _ owner: Proof, refs: [String]) async throws {
      for ref in refs {
        let site = try await house.ask(
          .post, "/locations",
          [
            "ref": .string(ref), "name": "Yard", "address": "Dam 1", "city": "Amsterdam", "country": "NLD",
            "latitude": "52.1", "longitude": "4.1", "time_zone": "Etc/UTC",
          ], as: owner)
        #expect(site.status == 201, "\(site.text)")
      }
    }
    let (here, owner) = try await Fixture.open()
    try await sites(here, owner, refs: ["YARD-A", "YARD-B"])
    let second = try #require(
      try await here.ask(.get, "/locations", as: owner).items.first { $0["ref"] == "YARD-B" }?["id"])
    let station = try await here.ask(
      .post, "/stations",
      ["id": "CS-7", "location": second, "evses": 2, "serial_number": "S-7", "security_profile": 2], as: owner)
    #expect(station.status == 201, "\(station.text)")
    let token = try await here.ask(
      .post, "/tokens",
      [
        "uid": "04FF", "type": "KEY_CODE", "visual_number": "=Anna, \"A\"", "issuer": "Us", "group_id": "G",
        "valid": false,
        "valid_until": "2027-01-01T00:00:00Z", "whitelist": "NEVER", "language": "nl", "credit": "12.5", "priority": -3,
        "sessions_at_once": 2, "preference": "GREEN", "energy_transfers": ["dc"],
        "places": [["location": second], ["station": "CS-7", "evse": 2]],
      ], as: owner)
    #expect(token.status == 201, "\(token.text)")

    let (there, other) = try await Fixture.open()
    // Numbers are others in another house.
    try await sites(there, other, refs: ["YARD-C", "YARD-B", "YARD-A"])
    for kind in ["stations", "tokens"] {
      let text = try await here.ask(.get, "/\(kind).csv", as: owner).text
      let again = try await here.ask(.post, "/imports/\(kind)", ["text": .string(text)], as: owner)
      #expect(again.json["existing"] == 1 && again.json["created"] == 0 && again.json["failed"] == 0, "\(again.text)")
      let moved = try await there.ask(.post, "/imports/\(kind)", ["text": .string(text)], as: other)
      #expect(moved.json["created"] == 1 && moved.json["failed"] == 0, "\(moved.text)")
      #expect(try await there.ask(.get, "/\(kind).csv", as: other).text == text)
    }
    let ambiguous = try await there.ask(
      .post, "/imports/stations", ["text": "id,location\r\nCS-8,Yard\r\n", "dry_run": true], as: other)
    #expect(ambiguous.json["rows"]?[0]?["why"] == "location: 3 locations are called Yard", "\(ambiguous.text)")
    let theirs = try await there.ask(
      .post, "/imports/tokens", ["text": "uid,partner\r\n04AA,Roamer\r\n", "dry_run": true], as: other)
    #expect(theirs.json["existing"] == 1 && theirs.json["created"] == 0, "a partner's token does not become ours")
  }

  // MARK: Commands

  @Test func aCommandIsSentAndItsOutcomeCanBeWaitedFor() async throws {
    let (house, owner, _) = try await ready()
    let sent = try await house.ask(.post, "/stations/CS-1/commands/reset?wait=5", ["hard": true], as: owner)
    #expect(sent.status == 200 && sent.json["phase"] == "done" && sent.json["origin"] == "operator:anna")
    #expect(house.stations.asked.withLock { $0.last } == .reset(.hard))
    let listed = try await house.ask(.get, "/stations/CS-1/commands", as: owner)
    #expect(listed.items.first?["id"] == sent.json["id"])
    let shown = try await house.ask(.get, "/commands/\(sent.json["id"]?.string ?? "")", as: owner)
    #expect(shown.json["phase"] == "done" && shown.json["station"] == "CS-1")
  }

  @Test func aCommandThatIsStillOutIsAccepted() async throws {
    let (house, owner, _) = try await ready()
    house.stations.outcome.withLock { $0 = nil }
    let sent = try await house.ask(.post, "/stations/CS-1/commands/clear-cache", [:], as: owner)
    #expect(sent.status == 202 && sent.json["phase"] == "sent")
    let waited = try await house.ask(.post, "/stations/CS-1/commands/clear-cache?wait=1", [:], as: owner)
    #expect(waited.status == 202)
  }

  @Test(
    arguments: [
      ("unlock", ["evse": 1], .unlock(evse: 1)),
      ("availability", ["operative": false], .setAvailability(evse: 0, operative: false)),
      (
        "set-configuration", ["key": "HeartbeatInterval", "value": "60"],
        .setConfiguration(key: "HeartbeatInterval", value: "60")
      ),
      ("get-configuration", [:], .getConfiguration(keys: [])),
      ("get-configuration", ["keys": ["A"]], .getConfiguration(keys: ["A"])),
      ("clear-cache", [:], .clearCache),
      ("trigger", ["what": "meter_values", "evse": 1], .trigger(.meterValues, evse: 1)),
      ("data-transfer", ["vendor": "v", "data": "d"], .transferData(vendor: "v", message: nil, data: "d")),
    ] as [(String, JSON, StationCommand)])
  func everyVerbReachesTheStation(_ verb: String, _ body: JSON, _ command: StationCommand) async throws {
    let (house, owner, _) = try await ready()
    #expect(try await house.ask(.post, "/stations/CS-1/commands/\(verb)", body, as: owner).status == 202)
    #expect(house.stations.asked.withLock { $0.last } == command)
  }

  @Test(
    arguments: [
      ("unlock", [:], 422), ("unlock", ["evse": "1"], 422), ("reset", ["hard": true, "soft": 1], 422),
      ("dance", [:], 404),
      ("start", [:], 422), ("start", ["token": "unknown"], 422), ("stop", [:], 422), ("trigger", ["what": "luck"], 422),
    ] as [(String, JSON, Int)])
  func aCommandThatMakesNoSenseIsNotSent(_ verb: String, _ body: JSON, _ status: Int) async throws {
    let (house, owner, _) = try await ready()
    let before = house.stations.asked.withLock { $0.count }
    #expect(try await house.ask(.post, "/stations/CS-1/commands/\(verb)", body, as: owner).status == status)
    #expect(house.stations.asked.withLock { $0.count } == before)
  }

  @Test func aRemoteStartAndStopGoByTokenAndSession() async throws {
    let (house, owner, desk) = try await ready()
    let started = try await house.ask(
      .post, "/stations/CS-1/commands/start?wait=5", ["token": "04 a1 b2 c3", "evse": 1], as: owner)
    #expect(started.status == 200 && started.json["phase"] == "accepted")
    guard case .remoteStart(let wish) = house.stations.asked.withLock({ $0.last }) else {
      Issue.record("no start was sent")
      return
    }
    #expect(wish.evse == 1 && wish.tag == "04A1B2C3")
    let session = try #require(started.json["session"]?.string)
    #expect(try await house.ask(.get, "/sessions/\(session)", as: owner).json["state"] == "pending")
    let transaction = try await start(house, desk)
    #expect(try await house.ask(.get, "/sessions/\(session)", as: owner).json["state"] == "active")
    #expect(
      try await house.ask(.get, "/commands/\(started.json["id"]?.string ?? "")", as: owner).json["phase"] == "done")
    let stopped = try await house.ask(.post, "/sessions/\(session)/stop?wait=5", as: owner)
    #expect(stopped.status == 200)
    #expect(house.stations.asked.withLock { $0.last } == .remoteStop(.number(transaction)))
  }

  @Test func aStaleSessionIsClosedWithAReason() async throws {
    let (house, _, desk) = try await ready()
    // A key, because a login would end meanwhile.
    let owner = try await house.key(.owner)
    _ = try await start(house, desk)
    house.time.pass(13 * 3_600)
    let overview = try await house.ask(.get, "/overview", as: owner).json
    let stuck = overview["needs_attention"]?.array?.first { $0["kind"] == "session_stuck" }
    let id = try #require(stuck?["session"]?.string)
    #expect(try await house.ask(.post, "/sessions/\(id)/close", [:], as: owner).json["field"] == "reason")
    let closed = try await house.ask(.post, "/sessions/\(id)/close", ["reason": "the car left"], as: owner)
    #expect(closed.json["state"] == "completed" && closed.json["ending"] == "closed_by_operator")
    #expect(closed.json["cdr_detail"]?["estimated"] == true)
  }

  // MARK: Once

  @Test func aRepeatedCommandIsSentOnce() async throws {
    let (house, owner, _) = try await ready()
    let before = house.stations.asked.withLock { $0.count }
    let key: Headers = ["Idempotency-Key": "k-1"]
    let first = try await house.ask(.post, "/stations/CS-1/commands/reset", ["hard": false], as: owner, headers: key)
    let again = try await house.ask(.post, "/stations/CS-1/commands/reset", ["hard": false], as: owner, headers: key)
    #expect(first.bytes == again.bytes && first.status == again.status)
    #expect(house.stations.asked.withLock { $0.count } == before + 1)
    let other = try await house.ask(.post, "/stations/CS-1/commands/reset", ["hard": true], as: owner, headers: key)
    #expect(other.status == 422 && other.problem == "idempotency-mismatch")
    // Another caller's key is another key.
    let program = try await house.key(.operator)
    #expect(
      try await house.ask(.post, "/stations/CS-1/commands/reset", ["hard": true], as: program, headers: key).status
        == 202)
  }

  @Test func aCommandWhoseAnswerCannotBeKeptIsAnsweredAllTheSame() async throws {
    let (house, owner, _) = try await ready()
    try house.write { books in
      _ = try books.keys.db.run(
        "CREATE TRIGGER no_room BEFORE INSERT ON idempotency BEGIN SELECT RAISE(ABORT, 'the table is full'); END")
    }
    let before = house.stations.asked.withLock { $0.count }
    let key: Headers = ["Idempotency-Key": "k-1"]
    let answer = try await house.ask(.post, "/stations/CS-1/commands/reset", ["hard": false], as: owner, headers: key)
    #expect(answer.status == 202, "a failure would be tried again, and the station would be reset twice")
    #expect(house.stations.asked.withLock { $0.count } == before + 1)
  }

  @Test func aRefusalIsRememberedToo() async throws {
    let (house, owner) = try await Fixture.open()
    #expect(try await house.ask(.post, "/stations", ["id": "CS-1"], as: owner).status == 201)
    let key: Headers = ["Idempotency-Key": "k-1"]
    let first = try await house.ask(.post, "/stations/CS-1/commands/reset", [:], as: owner, headers: key)
    #expect(first.status == 409)
    let again = try await house.ask(.post, "/stations/CS-1/commands/reset", [:], as: owner, headers: key)
    #expect(again.bytes == first.bytes && again.headers["content-type"] == "application/problem+json")
  }

  @Test(arguments: [("", 202), (String(repeating: "k", count: 128), 202), (String(repeating: "k", count: 129), 422)])
  func anIdempotencyKeyIsShort(_ key: String, _ status: Int) async throws {
    let (house, owner, _) = try await ready()
    let headers: Headers = key.isEmpty ? [:] : ["Idempotency-Key": key]
    #expect(
      try await house.ask(.post, "/stations/CS-1/commands/reset", [:], as: owner, headers: headers).status == status)
  }
}
