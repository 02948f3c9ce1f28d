import Domain
import Testing
import Wire

@testable import Store

@Suite struct PartnersTests {
  @Test func aPartnerComesBackAsItWasMadeAndChanged() throws {
    let house = try SmallHouse()
    let partners = house.books.partners
    #expect(try partners.partner(house.partner.id) == house.partner)
    var changed = house.partner
    changed.state = .paused
    changed.version = "2.2.1"
    changed.endpoints.append(.init(module: "sessions", role: nil, url: "https://example.org/s"))
    changed.quirks.tokenForm = .raw
    changed.outboundToken = nil
    changed.updatedAt = t(9)
    try partners.update(changed)
    #expect(try partners.all() == [changed])
    try partners.touchContact(changed.id, at: t(50))
    try partners.touchContact(changed.id, at: t(40))
    #expect(try partners.partner(changed.id)?.lastContactAt == t(50))
    let terms = try #require(try partners.terms(of: changed.id))
    #expect(terms.ourParty == house.party)
    #expect(terms.partner.name == "Roamer")
    try partners.remove(changed.id)
    #expect(try partners.partner(changed.id) == nil)
    #expect(try partners.terms(of: changed.id) == nil)
  }

  @Test func aRoleThatComesAgainKeepsItsIdAndItsTokens() throws {
    let house = try SmallHouse()
    let partners = house.books.partners
    let token = try house.books.tokens.create(.sample("A", owner: house.role.id))
    let hub = PartyID(country: "DE", party: "HUB")
    let roles = try partners.replaceRoles(
      of: house.partner.id,
      by: [
        .init(name: house.role.name, role: "EMSP", businessName: "Renamed"),
        .init(name: house.role.name, role: "CPO", businessName: "Renamed"),
        .init(name: hub, role: "HUB", businessName: "Hub"),
      ], at: t(1))
    #expect(roles.map(\.role) == ["EMSP", "CPO", "HUB"])
    #expect(roles[0].id == house.role.id)
    #expect(roles[0].businessName == "Renamed")
    #expect(try house.books.tokens.token(token.id) != nil)
    #expect(try partners.role(house.role.name, of: house.partner.id)?.role == "EMSP")
    #expect(try partners.role(roles[2].id)?.name == hub)
    let fewer = try partners.replaceRoles(
      of: house.partner.id, by: [.init(name: hub, role: "HUB", businessName: "Hub")], at: t(2))
    #expect(fewer == [roles[2]])
    // Its drivers' tokens stay, and nobody pays for them; a role that has none is forgotten.
    #expect(try house.books.tokens.token(token.id) != nil)
    #expect(try partners.role(house.role.id)?.name == house.role.name)
    #expect(try partners.role(roles[1].id) == nil && partners.role(house.role.name, of: house.partner.id) == nil)
    #expect(try !partners.pays(house.role.id))
    let again = try partners.replaceRoles(
      of: house.partner.id, by: [.init(name: house.role.name, role: "EMSP", businessName: "Back")], at: t(3))
    #expect(again.map(\.id) == [house.role.id])
    #expect(try partners.pays(house.role.id))
  }

  @Test func aPartyThatCallsItsRoleOtherwiseIsTheSameOne() throws {
    let house = try SmallHouse()
    let roles = try house.books.partners.replaceRoles(
      of: house.partner.id, by: [.init(name: house.role.name, role: "NSP", businessName: "Roamer")], at: t(1))
    #expect(roles.map(\.id) == [house.role.id] && roles[0].role == "NSP")
  }

  @Test func aTokenNamesItsPartnerUntilItEnds() throws {
    let house = try SmallHouse()
    let partners = house.books.partners
    try partners.addDigest("old", of: house.partner.id, for: .registration, at: t(1))
    try partners.addDigest("new", of: house.partner.id, for: .credentials, at: t(2))
    let found = try #require(try partners.partner(forDigest: "old"))
    #expect(found == (house.partner.id, .registration))
    #expect(try partners.partner(forDigest: "none") == nil)
    #expect(throws: StoreFault.self) {
      try partners.addDigest("old", of: house.partner.id, for: .credentials, at: t(3))
    }
    // The old one is used once more, which ends nothing; the new one ends the old.
    #expect(try partners.endDigests(of: house.partner.id, olderThan: "old") == 0)
    #expect(try partners.partner(forDigest: "new") != nil)
    #expect(try partners.endDigests(of: house.partner.id, olderThan: "new") == 1)
    #expect(try partners.partner(forDigest: "old") == nil)
    try partners.addDigest("third", of: house.partner.id, for: .credentials, at: t(4))
    try partners.endDigests(of: house.partner.id, keeping: "third")
    #expect(try partners.partner(forDigest: "new") == nil)
    #expect(try partners.partner(forDigest: "third") != nil)
    try partners.endDigests(of: house.partner.id)
    #expect(try partners.partner(forDigest: "third") == nil)
  }
}
