import Domain
import Testing
import Wire

@testable import Store

@Suite struct TokensTests {
  @Test func aTokenComesBackAsItWasMadeAndChanged() throws {
    let house = try SmallHouse()
    let tokens = house.books.tokens
    var token = Token.sample("04 AA bb", owner: house.role.id)
    token.visualNumber = "V1"
    token.groupID = "G"
    token.language = "nl"
    token.validUntil = t(100)
    token.whitelist = .allowedOffline
    token.preference = .green
    let made = try tokens.create(token)
    #expect(try tokens.token(made.id) == made)
    var changed = made
    changed.isValid = false
    changed.kind = .appUser
    changed.preference = nil
    changed.updatedAt = t(1)
    try tokens.update(changed)
    #expect(try tokens.token(made.id) == changed)
    try tokens.remove(made.id)
    #expect(try tokens.token(made.id) == nil)
  }

  @Test func aUidIsFoundWithoutCaseAndSpacesOursFirst() throws {
    let house = try SmallHouse()
    let tokens = house.books.tokens
    let theirs = try tokens.create(.sample("04AABB", owner: house.role.id))
    let ours = try tokens.create(.sample("04 aa bb"))
    #expect(try tokens.tokens(folded: Token.fold("04AaBb ")) == [ours, theirs])
    #expect(try tokens.token("04aabb", .rfid, owner: nil) == ours)
    #expect(try tokens.token("04aabb", .rfid, owner: house.role.id) == theirs)
    #expect(try tokens.token("04aabb", .appUser, owner: nil) == nil)
    #expect(throws: StoreFault.self) { try tokens.create(.sample("04AABB")) }
  }

  @Test func aPartnersKeyFindsItsOwnTokensOnly() throws {
    let house = try SmallHouse()
    let tokens = house.books.tokens
    var other = Partner.sample("Other", with: house.party.id)
    other.roles = [
      PartnerRole(
        id: ID(0), partner: ID(0), name: PartyID(country: "BE", party: "XYZ"), role: "EMSP", businessName: "X")
    ]
    let stranger = try house.books.partners.create(other)
    let theirs = try tokens.create(.sample("AB", owner: house.role.id))
    let key = TokenKey(party: house.role.name, uid: "ab", kind: .rfid)
    #expect(try tokens.token(key, from: house.partner.id) == theirs)
    #expect(try tokens.token(key, from: stranger.id) == nil)
  }

  @Test func anOlderTokenThanOursIsIgnored() throws {
    let house = try SmallHouse()
    let tokens = house.books.tokens
    guard case .created(let id) = try tokens.put(.sample("A", owner: house.role.id, at: t(10))) else {
      Issue.record("it was new")
      return
    }
    var older = Token.sample("a", owner: house.role.id, at: t(9))
    older.isValid = false
    #expect(try tokens.put(older) == .ignored(id))
    #expect(try tokens.token(id)?.isValid == true)
    var same = Token.sample("a", owner: house.role.id, at: t(10))
    same.isValid = false
    #expect(try tokens.put(same) == .replaced(id), "the same again is no harm")
    #expect(try tokens.token(id)?.isValid == false)
    #expect(try tokens.list(limit: 10).count == 1)
  }

  @Test func theListIsFilteredAndContinuesAfterItsCursor() throws {
    let house = try SmallHouse()
    let tokens = house.books.tokens
    let a = try tokens.create(.sample("AAA"))
    let b = try tokens.create(.sample("BBB", owner: house.role.id))
    let c = try tokens.create(.sample("CCC"))
    #expect(try tokens.list(limit: 2) == [a, b])
    #expect(try tokens.list(after: b.id, limit: 2) == [c])
    #expect(try tokens.list(TokenFilter(isOurs: true), limit: 9) == [a, c])
    #expect(try tokens.list(TokenFilter(isOurs: false), limit: 9) == [b])
    #expect(try tokens.list(TokenFilter(partner: house.partner.id), limit: 9) == [b])
    #expect(try tokens.list(TokenFilter(text: "c-c"), limit: 9) == [c])
  }

  @Test func aPartnersTokensGoWithIt() throws {
    let house = try SmallHouse()
    let token = try house.books.tokens.create(.sample("A", owner: house.role.id))
    try house.books.partners.remove(house.partner.id)
    #expect(try house.books.tokens.token(token.id) == nil)
  }

  @Test func anAliasHoldsAtItsStationAndBeginsOneSession() throws {
    let house = try SmallHouse()
    let tokens = house.books.tokens
    let other = try house.books.stations.create(.sample("CS-2", at: nil))
    try tokens.makeAlias("A1B2C3D4E5F60718", for: "cmd-1", at: house.station.id, at: t(1))
    #expect(try tokens.alias("a1b2c3d4e5f60718", at: house.station.id)?.command == "cmd-1")
    // Some stations give a tag back with spaces in or around it.
    #expect(try tokens.alias(" a1b2 c3d4 e5f6 0718", at: house.station.id)?.command == "cmd-1")
    #expect(try tokens.alias("a1b2c3d4e5f60718", at: other.id) == nil)
    #expect(try tokens.useAlias("A1B2C3D4E5F60718", for: "s1"))
    #expect(try !tokens.useAlias("A1B2C3D4E5F60718", for: "s2"))
    #expect(try tokens.alias("A1B2C3D4E5F60718", at: house.station.id)?.session == "s1")
    #expect(try tokens.pruneAliases(before: t(1)).removed == 0)
    #expect(try tokens.pruneAliases(before: t(2)).removed == 1)
  }

  @Test func unknownTagsAreCountedAndTheOldestGo() throws {
    let house = try SmallHouse()
    let tokens = house.books.tokens
    try tokens.noteUnknownTag("Ab", at: house.station.id, at: t(1))
    try tokens.noteUnknownTag("aB", at: house.station.id, at: t(2))
    #expect(
      try tokens.unknownTags(limit: 9) == [UnknownTag(uid: "Ab", station: house.station.id, count: 2, lastAt: t(2))])
    try house.books.db.transaction { () throws(StoreFault) in
      for number in 0..<Limits.unknownTags {
        try tokens.noteUnknownTag("tag \(number)", at: house.station.id, at: t(10 + Int64(number)))
      }
    }
    let count: Int? = try house.books.db.value("SELECT count(*) FROM unknown_tag")
    #expect(count == Limits.unknownTags)
    let first: Int? = try house.books.db.value("SELECT count(*) FROM unknown_tag WHERE folded_uid = 'ab'")
    #expect(first == 0)
    try tokens.forgetUnknownTag("TAG 5")
    let forgotten: Int? = try house.books.db.value("SELECT count(*) FROM unknown_tag WHERE folded_uid = 'tag5'")
    #expect(forgotten == 0)
  }

  @Test func aPartnersVerdictHoldsForAWhileAtItsStation() throws {
    let house = try SmallHouse()
    let authorizations = house.books.authorizations
    let verdict = Authorization(.accepted, holder: house.theirs, groupID: "G2", validUntil: t(500))
    try authorizations.remember(verdict, station: house.station.id, tag: "DE 1", until: t(60))
    #expect(try authorizations.remembered("de1", at: house.station.id, at: t(59)) == verdict)
    #expect(try authorizations.remembered("de1", at: house.station.id, at: t(60)) == nil)
    #expect(try authorizations.remembered("de1", at: ID(99), at: t(0)) == nil)
    try authorizations.remember(Authorization(.blocked), station: house.station.id, tag: "DE1", until: t(60))
    #expect(try authorizations.remembered("de1", at: house.station.id, at: t(0)) == Authorization(.blocked))
    #expect(try authorizations.prune(at: t(60)).removed == 1)
  }
}

@Suite struct TariffsTests {
  @Test func aChangeMakesAVersionAndTheOldOneStays() throws {
    let house = try SmallHouse()
    let tariffs = house.books.tariffs
    #expect(try tariffs.tariff(house.tariff.id) == house.tariff)
    #expect(house.tariff.version == 1)
    var dearer = Tariff.sample("renamed", perKWh: "0.45")
    dearer.minimum = Price(beforeTax: Money(tenThousandths: 5_000))
    let changed = try #require(try tariffs.update(house.tariff.id, to: dearer, at: t(10)))
    #expect(changed.version == 2)
    #expect(changed.tariff.ref == "T1", "the id that partners know never changes")
    #expect(changed.createdAt == t(0))
    #expect(try tariffs.tariff("t1", of: house.party.id) == changed)
    #expect(try tariffs.tariff(house.tariff.id, version: 1) == house.tariff.tariff)
    #expect(try tariffs.tariff(house.tariff.id, version: 2) == changed.tariff)
    // As it was at a time: before its first version there was none other.
    for (second, version) in [(-5, 1), (0, 1), (9, 1), (10, 2), (99, 2)] {
      #expect(
        try tariffs.tariff(house.tariff.id, at: t(Int64(second)))
          == tariffs.tariff(house.tariff.id, version: version), "\(second)")
    }
    #expect(try tariffs.tariff(ID(99), at: t(10)) == nil)
    #expect(try tariffs.update(ID(99), to: dearer, at: t(11)) == nil)
  }

  @Test func aTariffInUseIsNotRemoved() throws {
    let house = try SmallHouse()
    let tariffs = house.books.tariffs
    #expect(
      try tariffs.whereUsed(house.tariff.id) == [
        PricedConnector(
          connector: house.connector.id, number: 1, evse: house.evse.id, evseNumber: 1, station: house.station.identity,
          location: house.location.id)
      ])
    #expect(
      try tariffs.use(of: house.tariff.id) == [
        TariffUse(country: house.location.country, connectors: 1, watts: house.connector.ratedPower)
      ])
    #expect(throws: StoreFault.constraint("FOREIGN KEY constraint failed")) { try tariffs.remove(house.tariff.id) }
    var free = house.connector
    free.tariff = nil
    try house.books.stations.update(free)
    try tariffs.remove(house.tariff.id)
    #expect(try tariffs.tariff(house.tariff.id) == nil)
    #expect(try tariffs.tariff(house.tariff.id, version: 1) != nil)
  }

  @Test func aPageGoesByTheNewestChange() throws {
    let house = try SmallHouse()
    let tariffs = house.books.tariffs
    try tariffs.create(.sample("T2"), of: house.party.id, at: t(5))
    try tariffs.update(house.tariff.id, to: .sample("T1", perKWh: "0.10"), at: t(10))
    let page = try tariffs.page(PageQuery(limit: 10), of: [house.party.id])
    #expect(page.items.map(\.version.tariff.ref) == ["T2", "T1"])
    #expect(page.items[0].party == house.party.name)
    #expect(
      try tariffs.page(PageQuery(from: t(6), limit: 10), of: [house.party.id]).items.map(\.version.tariff.ref) == ["T1"]
    )
    #expect(try tariffs.list(limit: 1).map(\.tariff.ref) == ["T1"])
    #expect(throws: StoreFault.self) { try tariffs.create(.sample("t2"), of: house.party.id, at: t(6)) }
  }
}
