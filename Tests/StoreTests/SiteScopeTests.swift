import Domain
import Testing
import Wire

@testable import Store

@Suite struct SiteScopeTests {
  /// Tables of which nobody who is limited to sites sees a row: people, secrets, other networks, and the house's own things.
  private let hidden: Set = [
    "setting", "partner_token", "user", "login", "api_key", "setup_link", "idempotency", "recovery_code", "audit",
    "user_site", "saved_view", "key_site", "known_address", "remembered_authorization", "listed_token", "expiry_notice",
    "trusted_root", "ocsp_answer", "transaction_moment", "file_address", "campaign", "campaign_station", "invoice",
    "invoice_record", "energy_cost_due", "webhook", "webhook_delivery", "alarm", "letter", "partner_note",
    "hub_client", "terminal",
    "roaming_location", "roaming_tariff", "roaming_tariff_version", "roaming_session", "roaming_cdr",
    "roaming_authorization", "roaming_command", "roaming_pull", "roaming_booking_location", "roaming_booking",
  ]

  private func limited(_ house: SmallHouse, _ locations: Set<ID<Location>>) throws -> Books {
    let db = try Database(file: house.scratch.file, access: .limitedRead)
    try db.script("BEGIN")
    try SiteScope(locations).enter(db)
    return Books(db: db)
  }

  @Test func everyTableIsKnownToBelongToSitesOrToNobodyWhoIsLimited() throws {
    let house = try SmallHouse()
    let db = try Database(file: house.scratch.file, access: .limitedRead)
    let empty = try db.rows("SELECT name FROM sqlite_temp_schema WHERE type = 'view' AND sql LIKE '% WHERE 0'") {
      (row) throws(StoreFault) in try row.get("name") as String
    }
    #expect(Set(empty).subtracting(hidden).isEmpty, "say in SiteScope what of these belongs to a site")
    #expect(hidden.subtracting(empty).isEmpty, "these are seen")
  }

  @Test func theOwnSiteIsSeenAndAnotherIsNot() throws {
    let house = try SmallHouse()
    let other = try house.books.locations.create(.sample(of: house.party.id, ref: "LOC2"))
    _ = try house.books.stations.create(.sample("CS-2", at: other.id))
    let here = try limited(house, [house.location.id])
    #expect(try here.stations.list(limit: 10).map(\.identity.text) == ["CS-1"])
    #expect(try here.locations.list(limit: 10).map(\.ref) == ["LOC1"])
    #expect(try here.stations.evses(of: house.station.id).count == 1)
    let there = try limited(house, [other.id])
    #expect(try there.stations.list(limit: 10).map(\.identity.text) == ["CS-2"])
    #expect(try there.stations.evses(of: house.station.id).isEmpty)
    #expect(try limited(house, []).stations.count() == 0)
  }

  /// What is said of all places holds at each of them, whoever asks.
  @Test func whatIsOfTheWholeHouseIsOfEachSite() throws {
    let house = try SmallHouse()
    let now = Timestamp(seconds: 1_800_000_000)
    try house.books.carbon.keep([CarbonFactor(beginsAt: now, milligrams: 300_000)], of: nil)
    _ = try house.books.downtimes.create(
      Downtime(
        id: ID(0), beginsAt: now, endsAt: nil, cause: .scheduledMaintenance, note: nil, origin: "anna", createdAt: now))
    let here = try limited(house, [house.location.id])
    #expect(try here.carbon.factors(of: nil, from: now, to: now + .seconds(1)).count == 1)
    #expect(try here.downtimes.list(limit: 10).count == 1)
  }

  @Test func figuresOfTheHouseAreTheSumOfTheSites() throws {
    let house = try SmallHouse()
    let other = try house.books.locations.create(.sample(of: house.party.id, ref: "LOC2"))
    var figures = UsageFigures()
    (figures.energy, figures.sessions) = (Energy(tenthsOfWattHour: 100), 1)
    for location in [house.location.id, other.id] {
      try house.books.usage.add([(1_990_000, figures)], in: "EUR", to: [.house, .location(location)])
    }
    let here = try limited(house, [house.location.id])
    #expect(try here.usage.sum(of: .house, from: 1_990_000, to: 1_990_100).figures == figures)
    #expect(try here.usage.sum(of: .location(other.id), from: 1_990_000, to: 1_990_100).figures == UsageFigures())
    let both = try limited(house, [house.location.id, other.id])
    #expect(try both.usage.sum(of: .house, from: 1_990_000, to: 1_990_100).figures.sessions == 2)
  }

  @Test func eventsAreThoseOfTheSitesThings() throws {
    let house = try SmallHouse()
    let other = try house.books.locations.create(.sample(of: house.party.id, ref: "LOC2"))
    let far = try house.books.stations.create(.sample("CS-2", at: other.id))
    let happened: [Event] = [
      .stationFlapping(house.station.id), .stationFlapping(far.id), .keyChanged(name: "k", by: "b"),
      .locationChanged(house.location.id, by: "b"), .locationChanged(other.id, by: "b"),
    ]
    for event in happened { try house.books.events.append(event, at: t(0)) }
    let here = try limited(house, [house.location.id])
    #expect(
      try here.events.after(0, limit: 10).map(\.subject)
        == ["station/\(house.station.id)", "location/\(house.location.id)"])
  }

  @Test func aScopeGoesWithItsSnapshot() async throws {
    let scratch = Scratch()
    let (readers, location) = try await MainActor.run {
      let store = try Store(folder: scratch.folder)
      try store.begin()
      let party = try store.books.parties.create(
        Party(id: ID(0), name: PartyID(country: "NL", party: "OST"), role: .cpo, businessName: "Ostler"))
      let location = try store.books.locations.create(.sample(of: party.id, ref: "LOC1"))
      try store.commit()
      return (store.readers, location.id)
    }
    func count(_ scope: SiteScope?) async throws -> Int {
      try await readers.read(within: scope) { books throws(StoreFault) in try books.locations.list(limit: 10).count }
    }
    #expect(try await count(SiteScope([location])) == 1)
    #expect(try await count(SiteScope([])) == 0)
    #expect(try await count(SiteScope([location])) == 1)
    #expect(try await count(nil) == 1)
  }
}
