import Domain
import Testing
import Wire

@testable import OCPI

/// Who speaks to whom where a hub stands between, and where several parties of ours stand behind one door.
@Suite struct HubTests {
  private static let hub = PartyID(country: "NL", party: "HUB")
  private static let other = PartyID(country: "FR", party: "OTH")

  private func terms(_ roles: [(PartyID, String)], ours: [Party] = [Sample.party]) -> PartnerTerms {
    var partner = Sample.partner()
    partner.roles = roles.enumerated().map { place, role in
      PartnerRole(id: ID(Int64(place)), partner: partner.id, name: role.0, role: role.1, businessName: "x")
    }
    return PartnerTerms(partner: partner, ourParty: ours[0], parties: ours)
  }

  private func session(of owner: PartyID) -> Bytes {
    Bytes(
      utf8: "{\"cdr_token\":{\"country_code\":\"\(owner.country)\",\"party_id\":\"\(owner.party)\",\"uid\":\"1\"}}")
  }

  @Test func whatIsForEverybodyGoesToTheHubAndASessionToItsDriversParty() {
    let terms = terms([(Self.hub, "HUB")])
    #expect(terms.hub == Self.hub)
    #expect(terms.receiver(of: Bytes(utf8: "{\"id\":\"L1\"}")) == Self.hub)
    #expect(terms.receiver(of: session(of: Self.other)) == Self.other)
  }

  @Test func onePartyIsAlwaysTheReceiverAndOfSeveralTheOneWhoseDriverItIs() {
    let one = terms([(Sample.theirs, "EMSP")])
    #expect(one.receiver(of: session(of: Self.other)) == Sample.theirs)
    let two = terms([(Sample.theirs, "EMSP"), (Self.other, "EMSP")])
    #expect(two.receiver(of: session(of: Self.other)) == Self.other)
    #expect(two.receiver(of: Bytes(utf8: "{}")) == nil)
    #expect(two.receiver(of: session(of: PartyID(country: "ES", party: "XXX"))) == nil)
  }

  @Test func aPartnerThatIsBothIsSpokenToAsWhatIsMeant() {
    let drivers = Party(id: ID(3), name: PartyID(country: "NL", party: "DRV"), role: .emsp, businessName: "Drivers")
    var both = terms([(Self.other, "CPO"), (Sample.theirs, "EMSP")])
    both.provider = drivers
    let location = Bytes(utf8: "{\"id\":\"L1\"}")
    #expect(both.receiver(of: location) == Sample.theirs && both.speaker(of: location) == Sample.ours)
    #expect(both.receiver(of: [], from: .ofProvider) == Self.other)
    #expect(both.speaker(of: [], as: .ofProvider) == drivers.name)
    // One name in two roles is one party.
    let one = terms([(Sample.theirs, "CPO"), (Sample.theirs, "EMSP")])
    #expect(one.receiver(of: location) == Sample.theirs && one.receiver(of: [], from: .ofProvider) == Sample.theirs)
  }

  @Test func ofSeveralPartiesOfOursTheOwnerSpeaks() {
    let second = Party(id: ID(2), name: PartyID(country: "BE", party: "OST"), role: .cpo, businessName: "Ostler BE")
    let both = terms([(Sample.theirs, "EMSP")], ours: [Sample.party, second])
    #expect(both.speaker(of: Bytes(utf8: "{\"country_code\":\"BE\",\"party_id\":\"OST\"}")) == second.name)
    #expect(both.speaker(of: Bytes(utf8: "{\"country_code\":\"ES\",\"party_id\":\"XXX\"}")) == Sample.ours)
    #expect(terms([(Sample.theirs, "EMSP")]).speaker(of: Bytes(utf8: "{\"country_code\":\"BE\"}")) == Sample.ours)
  }

  @Test func aRequestForOneOfOurPartiesIsForThatOneAndAHubAsksForSomebody() async throws {
    let house = try await EndpointsTests.House()
    let second = Party(id: ID(2), name: PartyID(country: "BE", party: "OST"), role: .cpo, businessName: "Ostler BE")
    await MainActor.run {
      var partner = Sample.partner()
      partner.roles = [PartnerRole(id: ID(9), partner: partner.id, name: Self.hub, role: "HUB", businessName: "Hub")]
      house.service.callers["token-B"] = PartnerCaller(
        terms: PartnerTerms(partner: partner, ourParty: Sample.party, parties: [Sample.party, second]), token: "token-B"
      )
    }
    let answer = try await house.ask(
      .get, "/ocpi/2.2.1/locations",
      headers: [
        "OCPI-to-country-code": "BE", "OCPI-to-party-id": "OST", "OCPI-from-country-code": "FR",
        "OCPI-from-party-id": "OTH",
      ])
    #expect(answer.response.headers["OCPI-from-country-code"] == "BE")
    #expect(answer.response.headers["OCPI-to-party-id"] == "OTH")
    let asked = try #require(await house.service.lastCaller)
    #expect(asked.terms.parties == [second] && asked.behalf == Self.other)
    _ = try await house.ask(
      .get, "/ocpi/2.2.1/locations", headers: ["OCPI-from-country-code": "NL", "OCPI-from-party-id": "HUB"])
    let itself = try #require(await house.service.lastCaller)
    #expect(itself.terms.parties.count == 2 && itself.behalf == nil)
    let credentials = try await house.ask(.get, "/ocpi/2.2.1/credentials").data?["roles"]?.array ?? []
    #expect(credentials.map { $0["country_code"] } == ["NL", "BE"])
    // 2.1.1 knows one party.
    #expect(try await house.ask(.get, "/ocpi/2.1.1/credentials").data?["country_code"] == "NL")
  }
}
