import Domain
import Testing
import Wire

@testable import OCPI

/// What a partner of 2.1.1 is, whose version has no words for it.
@Suite struct PartnerSidesTests {
  private static let told = [PartnerRegistration.Role(name: Sample.theirs, role: "", businessName: "ABC")]

  private func endpoints(_ base: String, _ modules: [String] = ["locations", "tokens", "commands", "credentials"])
    -> [Partner.Endpoint]
  {
    modules.map { Partner.Endpoint(module: $0, role: nil, url: "https://abc.example.org/\(base)/2.1.1/\($0)") }
  }

  private func terms(_ side: PartnerQuirks.Side? = nil, operated: Bool = true) -> PartnerTerms {
    var terms = ProviderEndpointsTests.House.terms("2.1.1", operated: operated)
    terms.partner.quirks.side = side
    return terms
  }

  private func roles(_ endpoints: [Partner.Endpoint], _ terms: PartnerTerms) -> [String] {
    PartnerSides.roles(of: Self.told, at: endpoints, for: terms).map(\.role)
  }

  @Test func itsAddressesSayWhatItIs() {
    #expect(roles(endpoints("ocpi/cpo"), terms()) == ["CPO"])
    #expect(roles(endpoints("ocpi/emsp"), terms()) == ["EMSP"])
    #expect(roles(endpoints("MSP/ocpi"), terms()) == ["EMSP"])
    #expect(roles(endpoints("cpo") + endpoints("emsp"), terms()) == ["CPO", "EMSP"])
    // Part of a word is none.
    #expect(roles(endpoints("cpos-and-more"), terms()) == ["EMSP"])
  }

  @Test func whoDealsWithOurProviderAloneRunsStationsAndTheOperatorKnowsBest() {
    #expect(roles(endpoints("ocpi"), terms(operated: false)) == ["CPO"])
    #expect(roles(endpoints("ocpi/cpo"), terms(.emsp)) == ["EMSP"])
    #expect(roles(endpoints("ocpi"), terms(.both)) == ["CPO", "EMSP"])
  }

  private func sides(_ base: String, _ roles: [String]) -> [String?] {
    let named = roles.map { PartnerRegistration.Role(name: Sample.theirs, role: $0, businessName: "ABC") }
    return PartnerSides.sided(endpoints(base), of: named).map(\.role)
  }

  @Test func eachOfItsAddressesIsOfOneInterface() {
    #expect(sides("ocpi/cpo", ["CPO"]) == ["SENDER", "RECEIVER", "RECEIVER", nil])
    #expect(sides("ocpi", ["EMSP"]) == ["RECEIVER", "SENDER", "SENDER", nil])
    // Both at one address: it may be either.
    #expect(sides("ocpi", ["CPO", "EMSP"]) == [nil, nil, nil, nil])
    #expect(sides("ocpi/emsp", ["CPO", "EMSP"]) == ["RECEIVER", "SENDER", "SENDER", nil])
  }
}
