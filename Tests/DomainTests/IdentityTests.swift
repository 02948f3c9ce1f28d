import Testing

@testable import Domain

@Suite struct IdentityTests {
  @Test(arguments: ["NL*OST", "nl-ost", "NLOST", "nlOst"])
  func aPartyIsReadInItsUsualSpellings(_ text: String) {
    #expect(PartyID(text) == PartyID(country: "NL", party: "OST"))
    #expect(PartyID(text)?.description == "NL*OST")
  }

  @Test(arguments: ["", "NL*OS", "NL*OSTX", "NL OST", "N\u{cf}*OST", "NL*\u{e9}ST"])
  func whatIsNoPartyIsRefused(_ text: String) { #expect(PartyID(text) == nil) }

  @Test func aStationsNameHasItsLimit() {
    #expect(StationIdentity(String(repeating: "x", count: 47)) != nil)
    #expect(StationIdentity(String(repeating: "x", count: 48)) != nil)
    #expect(StationIdentity(String(repeating: "x", count: 49)) == nil)
  }

  @Test(arguments: ["", "a:b", "a/b", "a b", "caf\u{e9}", "a\u{7f}", "a\nb"])
  func whatCannotStandInAnAddressOrAUserNameIsNoIdentity(_ text: String) { #expect(StationIdentity(text) == nil) }

  @Test(arguments: ["CS-1", "NL*OST*E1", "a", "=@%._~"])
  func aNameWithoutControlCharactersIsAnIdentity(_ text: String) { #expect(StationIdentity(text)?.text == text) }

  @Test func numbersOfDifferentThingsAreDifferentTypes() {
    #expect(ID<Station>(3) == ID<Station>(3))
    #expect(Set([ID<Token>(1), ID<Token>(1), ID<Token>(2)]).count == 2)
  }
}
