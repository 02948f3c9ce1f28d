import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// What the operator does with partners.
@MainActor
struct PartneringTests {
  let house: HouseUnderTest

  init() throws { house = try HouseUnderTest().furnish() }

  private func registration(_ outbound: String = "their-token") -> PartnerRegistration {
    PartnerRegistration(
      versionsURL: "https://P/versions", version: "2.2.1", endpoints: HouseUnderTest.endpoints(at: "P"),
      outboundToken: outbound,
      roles: [PartnerRegistration.Role(name: PartyID("DE*PPP")!, role: "EMSP", businessName: "P")])
  }

  @Test func aRegistrationKeepsWhatThePartnerTold() async throws {
    house.partners.registration = .success(registration())
    let partner = try await house.csms.register(
      versionsURL: "https://P/versions", token: "A", name: "P", party: nil, quirks: PartnerQuirks(), by: "anna")
    #expect(partner.state == .registered && partner.outboundToken == "their-token")
    #expect(partner.roles.map(\.name) == [PartyID("DE*PPP")!])
    // The token that it was offered is on file, and works.
    let offered = try #require(house.partners.registrations.first)
    #expect(offered.token == "A")
    #expect(try await house.csms.identify([offered.offered])?.terms.partner.id == partner.id)
    house.settle()
    #expect(house.partners.sent("locations").count == 1)
  }

  @Test func aRegistrationThatFailsCanGoOnFromThere() async throws {
    await #expect(throws: Refusal.self) {
      try await house.csms.register(
        versionsURL: "https://P/versions", token: "A", name: "P", party: nil, quirks: PartnerQuirks(), by: "anna")
    }
    let kept = try #require(try house.books.partners.all().first)
    #expect(kept.state == .invited)
    house.partners.registration = .success(registration())
    let partner = try await house.csms.register(again: kept.id, versionsURL: nil, token: nil)
    #expect(partner.state == .registered)
    #expect(house.partners.registrations.map(\.token) == ["A", "A"])
  }

  @Test func aRotationThatFailsLeavesTheTokensThatWork() async throws {
    house.partners.registration = .success(registration())
    let partner = try await house.csms.register(
      versionsURL: "https://P/versions", token: "A", name: "P", party: nil, quirks: PartnerQuirks(), by: "anna")
    let inUse = try #require(house.partners.registrations.last).offered
    house.clock.now += .seconds(1)
    #expect(try await house.csms.identify([inUse]) != nil)
    house.settle()
    house.partners.registration = .failure(RegistrationFault(step: "credentials", reason: "500"))
    house.clock.now += .seconds(1)
    await #expect(throws: Refusal.self) {
      try await house.csms.register(again: partner.id, versionsURL: nil, token: "B")
    }
    #expect(try house.books.partners.partner(partner.id)?.outboundToken == "their-token")
    #expect(try await house.csms.identify([inUse]) != nil)
    // The new one may have arrived all the same.
    let offered = try #require(house.partners.registrations.last)
    #expect(offered.token == "B")
    house.clock.now += .seconds(1)
    #expect(try await house.csms.identify([offered.offered]) != nil)
    house.settle()
    #expect(try await house.csms.identify([inUse]) == nil)
  }

  @Test func aPartnerIsUnregisteredAlsoWhereItDoesNotAnswer() async throws {
    let partner = try house.addPartner()
    house.partners.unregistration = .failure(RegistrationFault(step: "credentials", reason: "down"))
    try await house.csms.unregister(partner.id, by: "anna")
    #expect(try house.books.partners.partner(partner.id)?.state == .unregistered)
    house.settle()
    #expect(try house.count("partner.step") == 1)
    try await house.csms.remove(partner.id, by: "anna")
    #expect(try house.books.partners.all().isEmpty)
  }

  @Test func aRegisteredPartnerIsNotRemoved() async throws {
    let partner = try house.addPartner()
    await #expect(throws: Refusal.self) { try await house.csms.remove(partner.id, by: "anna") }
    #expect(try house.books.partners.all().count == 1)
  }

  @Test func aPartnerWhoseDriverChargesIsNotRemoved() async throws {
    let partner = try house.addPartner()
    try house.addToken("DE-1", of: partner)
    let station = try house.connect("CS-1")
    let transaction = try station.start("DE-1").transaction
    try await house.csms.unregister(partner.id, by: "anna")
    await #expect(throws: Refusal.self) { try await house.csms.remove(partner.id, by: "anna") }
    house.clock.now += .seconds(60)
    try station.stop(transaction, meter: 1_000)
    try await house.csms.remove(partner.id, by: "anna")
    #expect(try house.books.cdrs.cdr(session: house.session(transaction).id)?.partner == partner.id)
  }

  @Test func aRegistrationThatIsBegunAnewLeavesNoSecondPartner() async throws {
    func register(_ url: String, _ token: String) async throws {
      _ = try await house.csms.register(
        versionsURL: url, token: token, name: "P", party: nil, quirks: PartnerQuirks(), by: "anna")
    }
    await #expect(throws: Refusal.self) { try await register("https://P/versions", "wrong") }
    await #expect(throws: Refusal.self) { try await register("https://P/versions", "wrong, too") }
    await #expect(throws: Refusal.self) { try await register("https://Q/versions", "A") }
    #expect(try house.books.partners.all().count == 2)
    house.partners.registration = .success(registration())
    try await register("https://P/versions", "A")
    #expect(try house.books.partners.all().map(\.state) == [.registered, .invited])
  }

  @Test func onlyARegisteredPartnerIsPausedAndOnlyAPausedOneResumed() async throws {
    let partner = try house.addPartner()
    await #expect(throws: Refusal.self) { try await house.csms.resume(partner.id, by: "anna") }
    try await house.csms.pause(partner.id, by: "anna")
    await #expect(throws: Refusal.self) { try await house.csms.pause(partner.id, by: "anna") }
    try await house.csms.resume(partner.id, by: "anna")
    #expect(try house.books.partners.partner(partner.id)?.state == .registered)
  }
}
