import Domain
import Testing
import Wire

@testable import Store

@Suite struct PartiesTests {
  @Test func aPartyComesBackAsItWasMadeAndChanged() throws {
    let house = try SmallHouse()
    #expect(try house.books.parties.all() == [house.party])
    #expect(try house.books.parties.cpo() == house.party)
    var changed = house.party
    changed.businessName = "Other"
    changed.website = "https://example.org"
    try house.books.parties.update(changed)
    #expect(try house.books.parties.party(house.party.id) == changed)
    #expect(try house.books.parties.party(PartyID(country: "nl", party: "ost")) == changed)
  }

  @Test func aPartyHasARoleOnce() throws {
    let house = try SmallHouse()
    #expect(throws: StoreFault.self) { try house.books.parties.create(house.party) }
  }
}

@Suite struct LocationsTests {
  @Test func aLocationComesBackAsItWasMadeAndChanged() throws {
    let house = try SmallHouse()
    let books = house.books
    #expect(try books.locations.location(house.location.id) == house.location)
    var changed = house.location
    changed.postalCode = "1012"
    changed.isPublished = false
    changed.parkingType = nil
    changed.coordinates = try #require(Coordinates(latitude: "-1.5", longitude: "170"))
    changed.updatedAt = t(5)
    try books.locations.update(changed)
    #expect(try books.locations.location(house.location.id) == changed)
    #expect(try books.locations.first() == changed)
  }

  @Test func partnersIdsAreComparedWithoutCaseWithinOneParty() throws {
    let house = try SmallHouse()
    #expect(try house.books.locations.location("loc1", of: house.party.id)?.id == house.location.id)
    #expect(try house.books.locations.location("LOC1", of: ID(99)) == nil)
    #expect(throws: StoreFault.self) { try house.books.locations.create(.sample(of: house.party.id, ref: "Loc1")) }
  }

  @Test func aLocationWithAStationIsNotRemoved() throws {
    let house = try SmallHouse()
    #expect(throws: StoreFault.constraint("something stands there")) {
      try house.books.locations.remove(house.location.id, at: t(1))
    }
    try house.books.stations.remove(house.station.id, at: t(1))
    try house.books.locations.remove(house.location.id, at: t(1))
    #expect(try house.books.locations.list(limit: 10).isEmpty)
  }

  @Test func aLocationThatIsGoneIsShownAsGoneToThoseWhoAskForChanges() throws {
    let house = try SmallHouse()
    let (locations, us) = (house.books.locations, [house.party.id])
    let known = try #require(try locations.view(house.location.id))
    for evse in known.evses { try locations.bury(PublishedEVSE(evse), at: house.location.id, on: t(4)) }
    try house.books.stations.remove(house.station.id, at: t(4))
    try locations.remove(house.location.id, at: t(5))
    #expect(try locations.location(house.location.id) == nil && locations.first() == nil)
    #expect(try locations.location("LOC1", of: house.party.id) == nil)
    #expect(try locations.views(PageQuery(limit: 10), of: us).total == 0)
    let changed = try locations.views(PageQuery(from: t(5), limit: 10), of: us, goneToo: true)
    let gone = try #require(changed.items.first)
    #expect(changed.total == 1 && gone.updatedAt == t(5) && !gone.location.isPublished)
    #expect(PublishedLocation(gone).evses.map(\.status) == [.removed])
    #expect(try locations.view("LOC1", of: us) == gone)
    #expect(try locations.views(PageQuery(from: t(6), limit: 10), of: us, goneToo: true).total == 0)
    // Its name is that of one place for good, and so are those of its EVSEs.
    let back = try locations.create(.sample(of: house.party.id, ref: "LOC1"))
    #expect(back.id == house.location.id)
    #expect(try locations.location(back.id)?.removedAt == nil)
    #expect(try locations.view(back.id)?.gone.map(\.uid) == known.evses.map(\.evse.uid))
  }

  @Test func aStationThatIsLetInNoLongerIsOutOfServiceAndNotGone() throws {
    let house = try SmallHouse()
    var station = house.station
    (station.registration, station.updatedAt) = (.rejected, t(9))
    try house.books.stations.update(station)
    let evses = PublishedLocation(try #require(try house.books.locations.view(house.location.id))).evses
    #expect(evses.map(\.uid) == [house.evse.uid])
    #expect(evses.map(\.status) == [.inoperative] && evses[0].updatedAt == t(9))
  }

  @Test func aViewHoldsAcceptedStationsWithTheirTariffs() throws {
    let house = try SmallHouse()
    let books = house.books
    var pending = Station.sample("CS-2", at: house.location.id)
    pending.registration = .pending
    try books.stations.create(.sample(1, of: try books.stations.create(pending).id, uid: "hidden"))
    let view = try #require(try books.locations.view(house.location.id))
    #expect(view.party == house.party.name)
    #expect(view.operatorName == "Ostler Test")
    #expect(view.evses.map(\.evse) == [house.evse])
    #expect(view.evses[0].station.text == "CS-1")
    #expect(view.evses[0].tariffRefs == [house.connector.id: ["T1"]])
    #expect(try books.locations.view("LOC1", of: [house.party.id]) == view)
  }

  @Test func anUnpublishedLocationIsNotInWhatPartnersSee() throws {
    let house = try SmallHouse()
    var hidden = house.location
    hidden.isPublished = false
    try house.books.locations.update(hidden)
    #expect(try house.books.locations.view("LOC1", of: [house.party.id]) == nil)
    #expect(try house.books.locations.views(PageQuery(limit: 10), of: [house.party.id]).total == 0)
    #expect(try house.books.locations.view(house.location.id) != nil)
  }

  /// Each change of something that stands there is a change of the location.
  @Test func changesBubbleUp() throws {
    let house = try SmallHouse()
    let books = house.books
    func changedAt() throws -> Timestamp? { try books.locations.view(house.location.id)?.updatedAt }

    try books.stations.setStatus(house.evse.id, .charging, at: t(10), reason: nil)
    #expect(try changedAt() == t(10))
    var connector = house.connector
    connector.maxAmperage = 16
    connector.updatedAt = t(20)
    try books.stations.update(connector)
    #expect(try changedAt() == t(20))
    #expect(try books.stations.evse(house.evse.id)?.updatedAt == t(20))
    var evse = house.evse
    evse.physicalReference = "7"
    evse.updatedAt = t(30)
    try books.stations.update(evse)
    #expect(try changedAt() == t(30))
    try books.stations.create(.sample(2, of: house.station.id, uid: "evse-2"))
    #expect(try changedAt() == t(30), "an older change does not set the time back")
    try books.locations.touch(house.location.id, at: t(40))
    #expect(try changedAt() == t(40))
    try books.stations.remove(house.station.id, at: t(50))
    #expect(try changedAt() == t(50))
  }

  @Test func aStationThatMovesChangesBothPlaces() throws {
    let house = try SmallHouse()
    let other = try house.books.locations.create(.sample(of: house.party.id, ref: "LOC2"))
    var station = house.station
    station.location = other.id
    station.updatedAt = t(9)
    try house.books.stations.update(station)
    #expect(try house.books.locations.view(house.location.id)?.updatedAt == t(9))
    #expect(try house.books.locations.view(other.id)?.updatedAt == t(9))
  }

  @Test func whatMovesWhileSomebodyWalksThePagesIsNotPassedOver() throws {
    let house = try SmallHouse()
    for number in 2...6 {
      try house.books.locations.create(.sample(of: house.party.id, ref: "LOC\(number)", at: t(Int64(number))))
    }
    var query = PageQuery(limit: 2)
    var seen: [String] = []
    while true {
      let page = try house.books.locations.views(query, of: [house.party.id])
      #expect(page.total == 6)
      seen += page.items.map(\.location.ref)
      if seen.count == 2 { try house.books.locations.touch(house.location.id, at: t(100)) }
      guard case .after(let mark) = page.rest else { break }
      (query.offset, query.after) = (query.offset + page.items.count, mark)
    }
    // The one that moved comes again, and the five others once.
    #expect(seen == ["LOC1", "LOC2", "LOC3", "LOC4", "LOC5", "LOC6", "LOC1"])
  }

  @Test func aPageGoesByTheNewestChange() throws {
    let house = try SmallHouse()
    for number in 2...6 {
      try house.books.locations.create(.sample(of: house.party.id, ref: "LOC\(number)", at: t(Int64(number))))
    }
    func refs(_ query: PageQuery) throws -> [String] {
      try house.books.locations.views(query, of: [house.party.id]).items.map(\.location.ref)
    }
    #expect(try refs(PageQuery(limit: 10)) == ["LOC1", "LOC2", "LOC3", "LOC4", "LOC5", "LOC6"])
    // From inclusive, to exclusive.
    let query = PageQuery(from: t(3), to: t(5), limit: 10)
    #expect(try refs(query) == ["LOC3", "LOC4"])
    #expect(try house.books.locations.views(query, of: [house.party.id]).total == 2)
    #expect(try refs(PageQuery(offset: 4, limit: 1)) == ["LOC5"])
    #expect(try house.books.locations.views(PageQuery(offset: 4, limit: 1), of: [house.party.id]).total == 6)
    #expect(try refs(PageQuery(limit: 0)) == [])
    #expect(try refs(PageQuery(limit: -1)) == [])
    try house.books.locations.touch(house.location.id, at: t(100))
    #expect(try refs(PageQuery(limit: 10)).last == "LOC1")
    #expect(try house.books.locations.views(PageQuery(limit: 10), of: [ID(99)]).total == 0)
  }
}

@Suite struct StationsTests {
  @Test func aStationComesBackAsItWasMadeAndChanged() throws {
    let house = try SmallHouse()
    let books = house.books
    #expect(try books.stations.station(house.station.identity) == house.station)
    var changed = house.station
    changed.vendor = "ACME"
    changed.quirks.tagLength = 16
    changed.quirks.isFreeVend = true
    changed.registration = .rejected
    changed.bootedAt = t(3)
    changed.passwordHash = "hash"
    changed.updatedAt = t(4)
    try books.stations.update(changed)
    #expect(try books.stations.station(house.station.id) == changed)
  }

  @Test func anIdentityIsTakenOnce() throws {
    let house = try SmallHouse()
    #expect(throws: StoreFault.constraint("UNIQUE constraint failed: station.identity")) {
      try house.books.stations.create(.sample("CS-1", at: nil))
    }
  }

  @Test func lastSeenGoesForwardOnly() throws {
    let house = try SmallHouse()
    let stations = house.books.stations
    try stations.seen([(house.station.id, t(10)), (house.station.id, t(5))])
    #expect(try stations.station(house.station.id)?.lastSeenAt == t(10))
    // An update of what was read before does not undo it.
    try stations.update(house.station)
    #expect(try stations.station(house.station.id)?.lastSeenAt == t(10))
    try stations.connected(house.station.id, version: "ocpp1.6", at: t(20))
    #expect(try stations.station(house.station.id)?.lastSeenAt == t(20))
    #expect(try stations.station(house.station.id)?.lastVersion == "ocpp1.6")
  }

  @Test func theListIsFilteredAndContinuesAfterItsCursor() throws {
    let house = try SmallHouse()
    let stations = house.books.stations
    for number in 2...5 { try stations.create(.sample("CS-\(number)", at: nil)) }
    var odd = Station.sample("X_1", at: nil)
    odd.vendor = "100%"
    odd.registration = .pending
    try stations.create(odd)
    func names(_ filter: StationFilter, after cursor: String? = nil, limit: Int = 10) throws -> [String] {
      try stations.list(filter, after: cursor.flatMap { StationIdentity($0) }, limit: limit).map(\.identity.text)
    }
    #expect(try names(StationFilter()) == ["CS-1", "CS-2", "CS-3", "CS-4", "CS-5", "X_1"])
    #expect(try names(StationFilter(), after: "CS-2", limit: 2) == ["CS-3", "CS-4"])
    #expect(try names(StationFilter(text: "cs-")) == ["CS-1", "CS-2", "CS-3", "CS-4", "CS-5"])
    #expect(try names(StationFilter(text: "_")) == ["X_1"], "an underscore is no wildcard")
    #expect(try names(StationFilter(text: "%")) == ["X_1"])
    #expect(try names(StationFilter(registration: .pending)) == ["X_1"])
    #expect(try names(StationFilter(location: house.location.id)) == ["CS-1"])
    #expect(try names(StationFilter(status: .available)) == ["CS-1"])
    #expect(try names(StationFilter(status: .faulted)) == [])
    #expect(try stations.count() == 6)
  }

  @Test func odditiesAreCountedAndNewOnce() throws {
    let house = try SmallHouse()
    let stations = house.books.stations
    #expect(try stations.noteOddity(house.station.id, what: "a", sample: "1", at: t(1)))
    #expect(try !stations.noteOddity(house.station.id, what: "a", sample: "2", at: t(2)))
    #expect(try stations.noteOddity(house.station.id, what: "b", sample: nil, at: t(3)))
    #expect(
      try stations.oddities(of: house.station.id) == [
        StationOddity(what: "b", count: 1, sample: nil, lastAt: t(3)),
        StationOddity(what: "a", count: 2, sample: "2", lastAt: t(2)),
      ])
    try stations.forgetOddities(of: house.station.id)
    #expect(try stations.oddities(of: house.station.id).isEmpty)
  }

  @Test func aStationCannotFillTheBooksWithOddities() throws {
    let house = try SmallHouse()
    let stations = house.books.stations
    for number in 0..<Limits.odditiesPerStation {
      #expect(try stations.noteOddity(house.station.id, what: "kind \(number)", sample: nil, at: t(1)))
    }
    #expect(
      try stations.noteOddity(house.station.id, what: "one more", sample: "x", at: t(2)),
      "the first of the rest is news")
    #expect(try !stations.noteOddity(house.station.id, what: "and another", sample: nil, at: t(3)))
    #expect(try !stations.noteOddity(house.station.id, what: "kind 7", sample: nil, at: t(4)))
    let all = try stations.oddities(of: house.station.id)
    #expect(all.count == Limits.odditiesPerStation + 1)
    #expect(all.first { $0.what == Stations.otherOddities }?.count == 2)
    let long = String(repeating: "é", count: 500)
    let house2 = try SmallHouse()
    try house2.books.stations.noteOddity(house2.station.id, what: long, sample: long, at: t(1))
    #expect(try house2.books.stations.oddities(of: house2.station.id)[0].what.count == Limits.oddityCharacters)
  }
}

@Suite struct EVSEsTests {
  @Test func anEVSEComesBackWithItsConnectors() throws {
    let house = try SmallHouse()
    let stations = house.books.stations
    var wide = EVSE.sample(2, of: house.station.id, uid: "evse-2")
    wide.evseID = "NL*OST*E2"
    wide.connectors.append(
      Connector(
        id: ID(0), number: 2, standard: .ccs2, format: .cable, powerType: .dc, maxVoltage: 900, maxAmperage: 400,
        maxPower: 350_000, isAssumed: true, updatedAt: t(1)))
    let made = try stations.create(wide)
    #expect(made.connectors.map(\.number) == [1, 2])
    #expect(try stations.evse(made.id) == made)
    #expect(try stations.evse("EVSE-2") == made)
    #expect(try stations.evse(house.station.id, number: 2) == made)
    #expect(try stations.evses(of: house.station.id) == [house.evse, made])
    #expect(try stations.evse(house.station.id, number: 3) == nil)
  }

  @Test func aNumberAndAUidAreTakenOnce() throws {
    let house = try SmallHouse()
    #expect(throws: StoreFault.self) { try house.books.stations.create(.sample(1, of: house.station.id, uid: "other")) }
    #expect(throws: StoreFault.self) {
      try house.books.stations.create(.sample(2, of: house.station.id, uid: "Evse-1"))
    }
  }

  @Test func aStatusIsHistoryWhenItIsNews() throws {
    let house = try SmallHouse()
    let stations = house.books.stations
    #expect(try stations.setStatus(house.evse.id, .charging, at: t(10), reason: "start"))
    #expect(try !stations.setStatus(house.evse.id, .charging, at: t(20), reason: "again"))
    #expect(try stations.evse(house.evse.id)?.statusSince == t(10))
    #expect(try stations.setStatus(house.evse.id, .available, at: t(30), reason: nil))
    #expect(
      try stations.history(of: house.evse.id, from: t(0), to: t(100)) == [
        StatusChange(evse: house.evse.id, status: .available, at: t(0), reason: nil),
        StatusChange(evse: house.evse.id, status: .charging, at: t(10), reason: "start"),
        StatusChange(evse: house.evse.id, status: .available, at: t(30), reason: nil),
      ])
    // A span begins with what held when it began, and ends before its end.
    #expect(try stations.history(of: house.evse.id, from: t(15), to: t(30)).map(\.status) == [.charging])
    #expect(try stations.history(of: house.evse.id, from: t(-10), to: t(5)).map(\.status) == [.available])
    #expect(try stations.history(of: house.evse.id, from: t(-10), to: t(0)).isEmpty)
  }

  @Test func offlineIsUnknownAndWhatWasBeforeIsRemembered() throws {
    let house = try SmallHouse()
    let stations = house.books.stations
    let second = try stations.create(.sample(2, of: house.station.id, uid: "evse-2"))
    try stations.setStatus(second.id, .faulted, at: t(1), reason: nil)
    for evse in [house.evse.id, second.id] {
      #expect(try stations.setStatus(evse, .unknown, at: t(10), reason: "offline"))
      #expect(try !stations.setStatus(evse, .unknown, at: t(20), reason: "offline"))
    }
    #expect(try stations.statusBeforeUnknown(second.id) == .faulted)
    #expect(try stations.statusBeforeUnknown(house.evse.id) == .available)
    #expect(try stations.withKnownStatus().isEmpty)
    let statuses = try stations.statuses(of: [house.station.id, ID(99)])
    #expect(statuses[house.station.id]?.map(\.status) == [.unknown, .unknown])
    #expect(statuses[house.station.id]?.map(\.since) == [t(10), t(10)])
    #expect(statuses[ID(99)] == nil)
  }

  @Test func connectorsAreAddedChangedAndRemoved() throws {
    let house = try SmallHouse()
    let stations = house.books.stations
    let second = try stations.create(Connector(id: ID(0), number: 2, updatedAt: t(1)), at: house.evse.id)
    var changed = second
    changed.standard = .chademo
    changed.maxPower = 50_000
    changed.tariff = house.tariff.id
    changed.updatedAt = t(2)
    try stations.update(changed)
    #expect(try stations.evse(house.evse.id)?.connectors == [house.connector, changed])
    try stations.remove(house.connector.id, at: t(3))
    #expect(try stations.evse(house.evse.id)?.connectors == [changed])
    try stations.remove(house.evse.id, at: t(4))
    #expect(try stations.evses(of: house.station.id).isEmpty)
    #expect(try stations.history(of: house.evse.id, from: t(0), to: t(9)).count == 1, "the history outlives it")
  }

  @Test func oldHistoryIsRemovedFromItsBeginning() throws {
    let house = try SmallHouse()
    let stations = house.books.stations
    try stations.setStatus(house.evse.id, .charging, at: t(10), reason: nil)
    try stations.setStatus(house.evse.id, .available, at: t(20), reason: nil)
    #expect(try stations.pruneHistory(before: t(20)) == Pruned(removed: 2))
    #expect(try stations.history(of: house.evse.id, from: t(0), to: t(100)).map(\.at) == [t(20)])
  }

  /// Some months of changes, some quick and some with weeks between them, at moments that follow no pattern.
  private func live(_ house: borrowing SmallHouse, changes: Int) throws -> [Timestamp] {
    let statuses = EVSE.Status.allCases
    var (place, second) = (0, Int64(0))
    return try (0..<changes).map { number in
      place = (place + 1 + number * 7 % (statuses.count - 1)) % statuses.count
      second += number % 41 == 0 ? 2_000_000 : Int64(1 + number * 7_919 % 60_000)
      try house.books.stations.setStatus(house.evse.id, statuses[place], at: t(second), reason: nil)
      return t(second)
    }
  }

  /// What the whole history says of a span.
  private func counted(_ house: borrowing SmallHouse, _ span: Uptime.Span) throws -> [Uptime.Stretch] {
    let history = try house.books.stations.history(of: house.evse.id, from: span.begin, to: span.end)
    return Uptime.stretches(of: history.map { Uptime.Change(at: $0.at, status: $0.status) }, in: span)
  }

  private func expectTrueSums(_ house: borrowing SmallHouse, between times: [Timestamp]) throws {
    for (number, begin) in times.enumerated().filter({ $0.offset % 17 == 0 }) {
      for end in times[number...].enumerated().filter({ $0.offset % 23 == 1 }).map(\.element) {
        let span = Uptime.Span(begin: begin - .seconds(1), end: end + .seconds(2))
        let stretches = try counted(house, span)
        let sums = Dictionary(stretches.map { ($0.status, $0.span.length) }, uniquingKeysWith: +)
        let told = try house.books.stations.statusTime(of: house.evse.id, in: span).filter { $0.value > 0 }
        #expect(told == sums, "\(span)")
        let out = stretches.filter { [.unavailable, .faulted, .unknown].contains($0.status) }
        #expect(try house.books.stations.outages(of: house.evse.id, in: span) == out, "\(span)")
      }
    }
  }

  private func sumsKept(_ house: borrowing SmallHouse) throws -> Int {
    try house.books.db.value("SELECT count(*) FROM status_time") ?? 0
  }

  @Test func theSumsOfItsTimeAreThoseOfItsHistory() throws {
    let house = try SmallHouse()
    let times = try live(house, changes: 400)
    #expect(try sumsKept(house) > 30)
    try expectTrueSums(house, between: times)
    let before = Uptime.Span(begin: t(-5_000), end: t(0))
    #expect(try house.books.stations.statusTime(of: house.evse.id, in: before).isEmpty, "it was not known then")
  }

  @Test func aChangeThatIsToldLateMakesTheSumsAnew() throws {
    let house = try SmallHouse()
    let times = try live(house, changes: 300)
    let kept = try sumsKept(house)
    try house.books.db.run(
      "INSERT INTO status_history (evse, status, at) VALUES (?1, 'faulted', ?2)", house.evse.id,
      times[100] + .seconds(1))
    let left = try sumsKept(house)
    #expect(left > 0 && left < kept)
    try expectTrueSums(house, between: times)
    let last = try #require(times.last)
    let status = try house.books.stations.evse(house.evse.id)?.status
    try house.books.stations.setStatus(
      house.evse.id, status == .faulted ? .available : .faulted, at: last + .seconds(400_000), reason: nil)
    #expect(try sumsKept(house) > left)
    try expectTrueSums(house, between: times)
  }

  @Test func theSumsOfWhatIsForgottenGoWithIt() throws {
    let house = try SmallHouse()
    let times = try live(house, changes: 300)
    let kept = try sumsKept(house)
    #expect(try house.books.stations.pruneHistory(before: times[150]).removed == 151)
    #expect(try sumsKept(house) < kept)
    try expectTrueSums(house, between: Array(times[150...]))
  }
}
