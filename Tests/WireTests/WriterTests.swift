import Testing
import Wire

private struct Line: Payload {
  var note = ""
  var id: String?
  var time: Timestamp?
  var number: Int?
  var price: Decimal?
  var list: [Int]?

  mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("note", &note, max: 4, cut: true)
    try w.visit("id", &id, max: 2)
    try w.visit("time", &time)
    try w.visit("number", &number)
    try w.visit("price", &price)
    try w.visit("list", &list, count: 1...)
  }
}

struct WriterTests {
  @Test(arguments: [
    ("", ""), ("abc", "abc"), ("abcd", "abcd"), ("abcde", "abcd"), ("ääääää", "ääää"),
    // An accent counts and stays with its letter.
    ("abce\u{301}", "abc"), ("abe\u{301}x", "abe\u{301}"), ("🇩🇪🇩🇪🇩🇪", "🇩🇪🇩🇪"),
  ])
  func aTextForPeopleIsCutWhereItIsDeclared(_ note: String, _ written: String) {
    #expect(Line(note: note).json["note"] == .string(written))
  }

  @Test func anIdIsNeverCut() { #expect(Line(id: "abcdef").json["id"] == "abcdef") }

  @Test func fractionsOfSecondsAreAnOption() {
    let line = Line(time: Timestamp(milliseconds: 1_795_341_731_224))
    #expect(line.json["time"] == "2026-11-22T10:02:11.224Z")
    #expect(line.json(options: WriterOptions(timestampFraction: .seconds))["time"] == "2026-11-22T10:02:11Z")
  }

  @Test func nullsAreAnOption() {
    let nulls = Line().encoded(options: WriterOptions(explicitNulls: true))
    #expect(text(nulls) == #"{"note":"","id":null,"time":null,"number":null,"price":null,"list":null}"#)
    #expect(text(Line().encoded()) == #"{"note":""}"#)
  }

  @Test func aPayloadIsAppendedToAFrame() {
    var frame = Bytes(utf8: #"[3,"id","#)
    Line(note: "a").encode(into: &frame)
    frame.append(UInt8(ascii: "]"))
    #expect(text(frame) == #"[3,"id",{"note":"a"}]"#)
  }

  @Test(arguments: [0, 1, -1, 9, 10, 99, 100, -100, 1_234_567_890, .max, .min, .max / 10, .max / 10 * 10])
  func wholeNumbersAreWrittenInFull(_ number: Int) {
    #expect(text(Line(number: number).encoded()) == #"{"note":"","number":\#(number)}"#)
  }

  @Test func decimalsHaveNoExponent() throws {
    let price = try #require(Decimal("12.5e-6"))
    #expect(text(Line(price: price).encoded()) == #"{"note":"","price":0.0000125}"#)
  }

  @Test func anEmptyListIsWritten() { #expect(text(Line(list: []).encoded()) == #"{"note":"","list":[]}"#) }
}
