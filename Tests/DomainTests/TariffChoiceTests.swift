import Testing
import Wire

@testable import Domain

@Suite struct TariffChoiceTests {
  private let noon = at("2026-06-01T12:00:00Z")

  private func tariff(_ ref: String, _ kind: Tariff.Kind? = nil, from: String? = nil, until: String? = nil) -> Tariff {
    var tariff = Tariff()
    (tariff.ref, tariff.kind) = (ref, kind)
    (tariff.validFrom, tariff.validUntil) = (from.map(at), until.map(at))
    return tariff
  }

  private func choice(_ all: [Tariff], _ kind: Tariff.Kind = .regular) -> String? {
    Tariff.choose(from: all, for: kind, at: noon)?.ref
  }

  @Test func theOneForItsWayOfChargingGoesFirst() {
    let all = [tariff("any"), tariff("card", .adHoc), tariff("green", .profileGreen), tariff("regular", .regular)]
    #expect(choice(all) == "regular")
    #expect(choice(all, .adHoc) == "card")
    #expect(choice(all, .profileGreen) == "green")
    #expect(choice(all, .profileFast) == "any")
  }

  @Test func withoutOneForEveryWayTheRegularOneHolds() {
    let all = [tariff("card", .adHoc), tariff("regular", .regular)]
    #expect(choice(all, .profileCheap) == "regular")
    #expect(choice([tariff("card", .adHoc)]) == "card", "a connector with a price is not free by accident")
  }

  @Test func onlyValidOnesCount() {
    let old = tariff("old", until: "2026-06-01T12:00:00Z")
    let new = tariff("new", from: "2026-06-01T12:00:00Z")
    #expect(choice([old, new]) == "new", "the end is not included, the begin is")
    #expect(choice([old]) == nil)
    #expect(choice([tariff("later", from: "2026-06-01T12:00:01Z"), tariff("any")]) == "any")
    #expect(choice([]) == nil)
  }

  @Test func whoPaysAtTheStationHasATariffOfTheirOwn() {
    #expect(Tariff.Kind(.adHocUser) == .adHoc)
    #expect(Tariff.Kind(.rfid) == .regular)
  }

  @Test func whoSaysHowToBeChargedHasTheTariffForThat() {
    let kinds: [(ChargingPreferences.Kind, Tariff.Kind)] = [
      (.cheap, .profileCheap), (.fast, .profileFast), (.green, .profileGreen), (.regular, .regular),
    ]
    for (preference, kind) in kinds {
      #expect(Tariff.Kind(.rfid, preferring: preference) == kind && kind.isOfPreference == (kind != .regular))
    }
    #expect(Tariff.Kind(.adHocUser, preferring: .green) == .profileGreen)
    #expect(Tariff.Kind(.adHocUser, preferring: .regular) == .adHoc)
  }
}
