import Domain
import Testing
import Wire

@testable import Admin

/// The page's texts in all its languages.
@Suite struct WordsTests {
  private let languages = ["de", "nl", "fr"]

  private func words(_ language: String) -> [String: String] {
    let json = Assets()[["i18n", "\(language).json"]].flatMap { try? JSON.parse($0.bytes) }
    return Dictionary(
      uniqueKeysWithValues: (json?.object?.members ?? []).map { ($0.key, $0.value.string ?? "") })
  }

  /// What is filled in, such as `{n}`.
  private func places(_ text: String) -> [String] {
    text.split(separator: "{", omittingEmptySubsequences: false).dropFirst().compactMap {
      $0.split(separator: "}").first.map(String.init)
    }.sorted()
  }

  @Test func everyLanguageSaysEverything() {
    let english = words("en")
    #expect(english.count > 1_000)
    for language in languages {
      let keys = Set(words(language).keys)
      #expect(keys.subtracting(english.keys).isEmpty, "\(language) says more")
      #expect(Set(english.keys).subtracting(keys).isEmpty, "\(language) is silent")
    }
  }

  @Test func everyTextKeepsWhatIsFilledIn() {
    let english = words("en")
    for language in languages {
      for (key, text) in words(language) {
        #expect(places(text) == places(english[key] ?? ""), "\(language) \(key)")
        #expect(!text.isEmpty, "\(language) \(key)")
      }
    }
  }

  @Test func whyACarGetsWhatItGetsIsSaidInEveryLanguage() {
    let bounds: [ShareBound] = [.circuit("B"), .limitedCircuit("B"), .station, .limitedStation, .sun]
    let reasons: [ShareReason] = [
      .asWanted, .asAllowed, .departure, .waits(bound: .sun), .belowLeast, .idle, .afterOthers, .offline, .uncontrolled,
      .refused, .takesNoLimits, .free,
    ]
    let keys =
      reasons.flatMap { ["load.why.\($0.code)", "load.reason.\($0.code)"] } + bounds.map { "load.bound.\($0.code)" }
      + ["load.why.bound_full.one", "load.why.bound_full.other", "load.reason.bound_full", "load.why.idle_kept"]
    for language in ["en"] + languages {
      let told = words(language)
      for key in keys { #expect(told[key] != nil, "\(language) \(key)") }
    }
  }

  /// Their events are told by one text each and the word for where they stand.
  @Test func everyStateOfADutyHasItsWord() {
    let english = words("en")
    func check<State: Word>(_ event: String, _ family: String, _: State.Type) {
      #expect(english["event.\(event)"] != nil, "event.\(event)")
      for key in State.allCases.map({ "\(family).\($0.rawValue)" }) { #expect(english[key] != nil, "\(key)") }
    }
    check("profile", "duty", KeptProfile.State.self)
    check("reservation", "duty", Reservation.State.self)
    check("job", "duty", StationJob.State.self)
    check("campaign", "duty", Campaign.State.self)
    check("bulk", "duty", BulkRun.State.self)
    check("list", "list", LocalListState.Phase.self)
    check("file", "file", StoredFile.State.self)
  }

  @Test func aTextIsNoPlaceForMarkup() {
    for language in ["en"] + languages {
      for (key, text) in words(language) { #expect(!text.contains("</") && !text.contains("<b"), "\(language) \(key)") }
    }
  }
}
