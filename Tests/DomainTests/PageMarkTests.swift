import Testing
import Wire

@testable import Domain

/// Places in lists, as links name them.
@Suite struct PageMarkTests {
  private let time = Timestamp(milliseconds: 1_772_000_000_123)

  @Test func aPlaceIsReadAsItIsWritten() {
    var mark = PageMark(time: time, id: "0195-with.dots")
    #expect(PageMark(mark.text) == mark)
    mark.counted = PageMark.Counted(count: 1_000_000, before: time)
    #expect(PageMark(mark.text) == mark)
  }

  @Test(arguments: ["", "5", "5...", "x...id", "5.1..id", "5..6.id", "5.-1.6.id", "5.99999999999.6.id", "5.one.6.id"])
  func whatIsNoPlaceIsNone(text: String) { #expect(PageMark(text) == nil) }
}
