import Domain
import Testing
import Wire

@testable import OCPP

/// Times without a zone, by the clock on a station's wall.
@Suite struct LocalTimesTests {
  private let east = ZoneRules(secondsEast: 8 * 3_600)

  private func mended(_ text: String, _ zone: ZoneRules) -> String? {
    withZones(Bytes(utf8: text), zone).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func anOffsetIsWrittenBehindEachTimeThatHasNone() {
    #expect(
      mended(#"{"a":"2023-10-19T15:28:07","b":"2023-10-19 15:28:07.123","c":1}"#, east)
        == #"{"a":"2023-10-19T15:28:07+08:00","b":"2023-10-19 15:28:07.123+08:00","c":1}"#)
    #expect(mended(#"["2023-10-19T15:28:07"]"#, ZoneRules(secondsEast: -12_600)) == #"["2023-10-19T15:28:07-03:30"]"#)
  }

  @Test(arguments: [
    #"{"a":"2023-10-19T15:28:07Z"}"#, #"{"a":"2023-10-19T15:28:07+02:00"}"#, #"{"a":"2023-10-19"}"#, "{}", "",
    #"{"a":"2023-10-19T15:28:0x"}"#, #"{"a":"2023-02-30T15:28:07"}"#, #"{"a":"2023-10-19T15:28:07"#, "\"",
  ])
  func everythingElseStaysAsItIs(_ text: String) {
    #expect(mended(text, east) == nil)
  }
}
