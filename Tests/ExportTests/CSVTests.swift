import Export
import Testing
import Wire

private func line(_ cells: [CSV.Cell]) -> String {
  var table = CSV(columns: cells.map { _ in "c" })
  _ = table.take()
  table.add(cells)
  return String(decoding: table.take(), as: UTF8.self)
}

@Suite struct CSVTests {
  @Test func aTableBeginsWithItsNamesAndEveryLineEndsWithCRLF() {
    var table = CSV(columns: ["id", "energy_kwh"])
    table.add([.text("a"), .number(Decimal(123456, places: 4))])
    #expect(String(decoding: table.take(), as: UTF8.self) == "id,energy_kwh\r\na,12.3456\r\n")
  }

  @Test func pagesFollowEachOtherWithoutRepeatingTheNames() {
    var table = CSV(columns: ["id"])
    table.add([.text("a")])
    #expect(table.take() == Bytes(utf8: "id\r\na\r\n"))
    #expect(table.take().isEmpty)
    table.add([.text("b")])
    #expect(table.take() == Bytes(utf8: "b\r\n"))
  }

  @Test(arguments: [
    ("plain", "plain"), ("a,b", "\"a,b\""), ("say \"hi\"", "\"say \"\"hi\"\"\""), ("two\nlines", "\"two\nlines\""),
    ("two\r\nlines", "\"two\r\nlines\""), ("", ""), ("Zürich", "Zürich"), (" spaced ", " spaced "), ("1-2", "1-2"),
  ])
  func quotesStandWhereTheyMust(_ text: String, _ written: String) { #expect(line([.text(text)]) == written + "\r\n") }

  @Test(arguments: [
    "=1+1", "+49", "-1", "@SUM(A1)", "\t1", "\r1", "\n1", "  =1", "=cmd|' /C calc'!A0", "\u{FF1D}1", "\u{A0}=1",
  ])
  func aTextThatASpreadsheetWouldRunIsDefused(_ text: String) {
    #expect(line([.text(text)]) == "\"'\(text)\"\r\n")
  }

  /// A semicolon ends a cell in half of Europe, whatever quotes stand around it, and so does a line break.
  @Test(arguments: [
    ("X;=cmd|' /C calc'!A0", "X;'=cmd|' /C calc'!A0"), ("a\n=1+1", "a\n'=1+1"), ("a\r\n @x", "a\r\n '@x"),
    ("a;;-1", "a;;'-1"), ("a\t+1", "a\t'+1"), ("\t=1", "'\t'=1"), ("a; \u{FF1D}1", "a; '\u{FF1D}1"),
  ])
  func aFormulaBehindAnothersSeparatorIsDefused(_ text: String, _ written: String) {
    #expect(line([.text(text)]) == "\"\(written)\"\r\n")
  }

  @Test func whatIsNoFormulaBehindASeparatorStaysAsItIs() {
    #expect(line([.text("a; b-c; 1=1")]) == "a; b-c; 1=1\r\n")
  }

  @Test(arguments: ["X;=1", "a\n=1+1", "=1;-2", "a\t +b", "plain; text", "'=1"])
  func aTableIsReadBackAsItWas(_ text: String) throws {
    var table = CSV(columns: ["name", "more"])
    table.add([.text(text), .text("x")])
    let read = try CSVTable(String(decoding: table.take(), as: UTF8.self))
    // An apostrophe of somebody's own before a sign cannot be told from ours.
    #expect(read.rows.first?.cells.first == (text == "'=1" ? "=1" : text))
  }

  @Test func aCellDoesNotTurnTheRestOfItsLine() {
    var table = CSV(columns: ["a", "b"])
    _ = table.take()
    table.add([.text("\u{202E}gnp.exe"), .text("x\u{2066}\u{85}\ny")])
    #expect(String(decoding: table.take(), as: UTF8.self) == "\\u202egnp.exe,\"x\\u2066\\u0085\ny\"\r\n")
  }

  @Test func aFormulaWithQuotesKeepsThemDoubled() {
    #expect(line([.text("=HYPERLINK(\"http://x\",\"y\")")]) == "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"\r\n")
  }

  @Test func numbersStayNumbersAlsoBelowZero() {
    #expect(line([.number(Decimal(-15, places: 1)), .whole(-7), .number(Decimal(0))]) == "-1.5,-7,0\r\n")
  }

  @Test func timesAreUTCAndFlagsAreWordsAndNothingIsNothing() {
    let row: [CSV.Cell] = [
      .time(Timestamp(seconds: 1_793_696_400)), .flag(true), .flag(false), .empty, .text(nil as String?),
    ]
    #expect(line(row) == "2026-11-03T09:00:00Z,true,false,,\r\n")
  }
}
