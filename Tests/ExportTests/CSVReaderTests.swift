import Export
import Testing
import Wire

@Suite struct CSVReaderTests {
  @Test(arguments: [
    "id,name\nA,one\nB,two\n", "id;name\r\nA;one\r\nB;two", "\u{FEFF}id\tname\rA\tone\rB\ttwo\r",
    "\"id\",\"name\"\n\n\"A\",one\n,\n B , two \n",
  ])
  func tablesOfAllMakesAreTheSame(_ text: String) throws {
    let table = try CSVTable(text)
    #expect(table.columns == ["id", "name"])
    #expect(table.rows.map(\.cells) == [["A", "one"], ["B", "two"]])
  }

  @Test func quotesHoldSeparatorsLinesAndQuotes() throws {
    let table = try CSVTable("a,b\n\"x,\"\"y\"\"\nz\",2\n3,4")
    #expect(table.rows.map(\.cells) == [["x,\"y\"\nz", "2"], ["3", "4"]])
    #expect(table.rows.map(\.line) == [2, 4])
  }

  @Test func whatWasMadeSafeForSpreadsheetsComesBackAsItWas() throws {
    var csv = CSV(columns: ["a"])
    for text in ["=1+1", "-5", "@x", "it's", "'quoted"] { csv.add([.text(text)]) }
    let table = try CSVTable(String(decoding: csv.take(), as: UTF8.self))
    #expect(table.rows.map { $0.cells[0] } == ["=1+1", "-5", "@x", "it's", "'quoted"])
  }

  @Test func columnsAreFoundHoweverTheyAreWritten() throws {
    let table = try CSVTable("ChargeBox ID,Parent ID-Tag\nCS-1,\n")
    #expect(table.cell(table.rows[0], "id", "charge_box_id") == "CS-1")
    #expect(table.cell(table.rows[0], "parentIdTag") == nil)
    #expect(table.has("parent_id_tag") && !table.has("uid"))
  }

  @Test(arguments: [
    ("", CSVTable.Flaw.empty), ("a\n\"x", .quote(line: 2)), ("a\n\"x\"y\n", .quote(line: 2)),
    (String(repeating: "a,", count: CSVTable.mostColumns), .tooManyColumns),
    ("a\n" + String(repeating: "x", count: CSVTable.longestCell + 1), .tooLong(line: 2)),
    ("a\n" + String(repeating: "x\n", count: CSVTable.mostRows + 1), .tooManyRows),
  ])
  func whatIsNoTableIsRefused(_ text: String, _ flaw: CSVTable.Flaw) {
    #expect(throws: flaw) { try CSVTable(text) }
  }

  @Test func theBoundsThemselvesAreTaken() throws {
    #expect(try CSVTable("a\n" + String(repeating: "x\n", count: CSVTable.mostRows)).rows.count == CSVTable.mostRows)
    #expect(
      try CSVTable(String(repeating: "a,", count: CSVTable.mostColumns - 1)).columns.count == CSVTable.mostColumns)
    #expect(try CSVTable("a\n" + String(repeating: "x", count: CSVTable.longestCell)).rows.count == 1)
  }
}
