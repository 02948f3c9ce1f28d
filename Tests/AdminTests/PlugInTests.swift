import CSMS
import Domain
import HTTP
import Testing
import Wire

@testable import Admin

/// Plugging in, counted by the hours and days of clocks that change, against the history of statuses and the sessions.
@MainActor @Suite struct PlugInTests {
  /// A clock, when it changes, and by how many seconds it is ahead of UTC before and after.
  struct Night: Sendable, CustomTestStringConvertible {
    let zone: String
    let footer: String
    let change: String
    let before: Int
    let after: Int
    var testDescription: String { "\(zone) \(change)" }

    func local(_ second: Int64) -> Int64 { second + Int64(second < at ? before : after) }
    var at: Int64 { (Timestamp(change) ?? .epoch).seconds(since: .epoch) }
  }

  private nonisolated static let berlin = ("Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3")
  private nonisolated static let newYork = ("America/New_York", "EST5EDT,M3.2.0,M11.1.0")
  private nonisolated static let adelaide = ("Australia/Adelaide", "ACST-9:30ACDT,M10.1.0,M4.1.0/3")
  private nonisolated static let kathmandu = ("Asia/Kathmandu", "<+0545>-5:45")

  nonisolated static let nights: [Night] = [
    (berlin, "2027-03-28T01:00:00Z", 3_600, 7_200), (berlin, "2027-10-31T01:00:00Z", 7_200, 3_600),
    (newYork, "2027-03-14T07:00:00Z", -18_000, -14_400), (newYork, "2027-11-07T06:00:00Z", -14_400, -18_000),
    (adelaide, "2027-04-03T16:30:00Z", 37_800, 34_200), (adelaide, "2027-10-02T16:30:00Z", 34_200, 37_800),
    (kathmandu, "2027-06-01T00:00:00Z", 20_700, 20_700),
  ].map { Night(zone: $0.0.0, footer: $0.0.1, change: $0.1, before: $0.2, after: $0.3) }

  @Test(arguments: nights) func plugInsAreThoseOfTheHistoryInTheNightOfTheChange(_ night: Night) async throws {
    let rules = try ZoneRules(tzif: zoneFile(footer: night.footer))
    let charged = try await ChargedHouse(zones: [night.zone: rules])
    let (house, desk) = (charged.house, charged.desk)
    func tell(_ status: EVSE.Status) async throws {
      try await house.turn { () throws(TurnFault) in try desk.report(StatusReport(evse: 1, status: status)) }
    }
    // From thirty hours before the change on, about every other hour; every third driver gives up.
    house.time.pass(Int(night.at - house.time.clock.now().seconds(since: .epoch)) - 30 * 3_600)
    for turn in 0..<24 {
      house.time.pass(1_000 + turn * 1_373 % 4_001)
      try await tell(.preparing)
      if turn % 3 < 2 { try await charged.charge(4) } else { house.time.pass(211 + turn * 7) }
      try await tell(.available)
    }
    // What happens at this very moment is not over yet.
    house.time.pass(60)
    let (from, to) = (night.at - 33 * 3_600, night.at + 60 * 3_600)
    let span = "from=\(Timestamp(seconds: from).text)&to=\(Timestamp(seconds: to).text)"

    // The cables, by the history and the sessions.
    let history = try await house.ask(.get, "/stations/CS-1/status-history?\(span)", as: charged.owner).items
    let sessions = try await house.ask(.get, "/sessions?limit=100", as: charged.owner).items
    func second(_ text: JSON?) throws -> Int64 {
      try #require(text?.string.flatMap { Timestamp($0) }).seconds(since: .epoch)
    }
    var cables: [(since: Int64, isServed: Bool)] = []
    var since: Int64?
    for change in history {
      let at = try second(change["at"])
      if change["status"] == "preparing" { since = at }
      guard change["status"] == "available", let begin = since else { continue }
      let isServed = try sessions.contains {
        try second($0["started_at"]) >= begin && second($0["ended_at"]) <= at && $0["energy_kwh"]?.string == "4"
      }
      cables.append((begin, isServed))
      since = nil
    }
    #expect(cables.count == 24 && cables.count(where: \.isServed) == 16)
    #expect(cables.contains { $0.since < night.at } && cables.contains { $0.since >= night.at })

    func expect(_ item: JSON, _ chosen: @MainActor (Int64) -> Bool, _ what: String) {
      let own = cables.filter { chosen($0.since / 900 * 900) }
      #expect(item["plug_ins"]?.int == Int64(own.count), "\(what)")
      #expect(item["plug_ins_served"]?.int == Int64(own.count(where: \.isServed)), "\(what)")
    }
    for (by, length) in [("hour", 3_600), ("day", 86_400)] as [(String, Int64)] {
      let view = try await house.ask(.get, "/insight/usage?by=\(by)&\(span)&zone=\(night.zone)", as: charged.owner)
      var edge = from
      for item in view.json["items"]?.array ?? [] {
        let (start, end) = (try second(item["start"]), try second(item["end"]))
        #expect(start == edge && start < end)
        #expect(start == from || night.local(start) % length == 0, "\(by) begins at \(start)")
        expect(item, { start <= $0 && $0 < end }, "\(by) of \(start)")
        edge = end
      }
      #expect(edge == to)
      expect(try #require(view.json["total"]), { _ in true }, "all")
    }
    let week = try await house.ask(.get, "/insight/heatmap?\(span)&zone=\(night.zone)", as: charged.owner)
    #expect(week.items.count == 168)
    for item in week.items {
      let (weekday, hour) = (item["weekday"]?.int, item["hour"]?.int)
      expect(
        item,
        {
          let local = night.local($0)
          // The first of January 1970 was a Thursday.
          return (local / 86_400 + 3) % 7 + 1 == weekday && local % 86_400 / 3_600 == hour
        }, "\(weekday ?? 0) \(hour ?? 0)")
    }
  }
}

/// A TZif file of version 2 without transitions, which leaves all to its footer.
private func zoneFile(footer: String) -> Bytes {
  let counts: Bytes = [0, 0, 0, 0, 1, 4].flatMap { [0, 0, 0, $0] as Bytes }
  let block = Bytes("TZif2".utf8) + Bytes(repeating: 0, count: 15) + counts + [0, 0, 0, 0, 0, 0] + Bytes("LMT\0".utf8)
  return block + block + Bytes("\n\(footer)\n".utf8)
}
