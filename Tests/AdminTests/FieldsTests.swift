import Domain
import Testing
import Wire

@testable import Admin

@Suite struct FieldsTests {
  private func fields(_ text: String) throws -> Fields { try Fields(body: Bytes(utf8: text)) }

  private func field(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch {
      return (error as? Problem)?.field
    }
  }

  @Test func anEmptyBodyHasNoFields() throws {
    var empty = try fields("")
    #expect(try empty.maybeText("a") == nil)
    try empty.finish()
  }

  @Test(arguments: ["[]", "1", "\"a\"", "{", "{\"a\":1}{", "nul"])
  func whatIsNoObjectIsMalformed(_ text: String) {
    #expect(throws: Problem.self) { _ = try fields(text) }
  }

  @Test func absentAndNullAreTheSameWhenRead() throws {
    var both = try fields(#"{"a":null}"#)
    #expect(try both.maybeText("a") == nil && both.maybeText("b") == nil)
    #expect(field { _ = try both.text("a") } == "a")
    #expect(field { _ = try both.whole("b") } == "b")
  }

  @Test func absentLeavesAValueAndNullClearsIt() throws {
    var given = try fields(#"{"cleared":null,"set":"x"}"#)
    var (cleared, left, set): (String?, String?, String?) = ("old", "old", "old")
    try given.change("cleared", &cleared)
    try given.change("left", &left)
    try given.change("set", &set)
    #expect(cleared == nil && left == "old" && set == "x")
    // What must have a value cannot be cleared.
    var name = "old"
    #expect(field { try given.change("cleared", &name) } == "cleared")
  }

  @Test(arguments: [
    #"{"a":1.5}"#, #"{"a":"1"}"#, #"{"a":true}"#, #"{"a":99999999999999999999}"#,
  ])
  func aNumberIsAWholeNumber(_ text: String) throws {
    var given = try fields(text)
    #expect(field { _ = try given.whole("a") } == "a")
  }

  @Test func aNameThatNobodyReadsIsRefused() throws {
    var given = try fields(#"{"a":"x","b":1}"#)
    _ = try given.text("a")
    #expect(field { try given.finish() } == "b")
  }

  @Test func aFieldWithinAListIsNamedByItsPlace() throws {
    var given = try fields(#"{"list":[{"n":1},{"n":"two"}]}"#)
    var numbers: [Int] = []
    #expect(
      field {
        try given.each("list") { inner throws(Problem) in numbers.append(try inner.whole("n")) }
      } == "list[1].n")
    #expect(numbers == [1])
    var unknown = try fields(#"{"list":[{"n":1,"m":2}]}"#)
    #expect(field { try unknown.each("list") { inner throws(Problem) in _ = try inner.whole("n") } } == "list[0].m")
    var wrong = try fields(#"{"list":[1]}"#)
    #expect(field { try wrong.each("list") { _ throws(Problem) in } } == "list[0]")
  }

  @Test func aTextWithNULIsRefused() throws {
    var given = try fields(#"{"a":"x\u0000y"}"#)
    #expect(field { _ = try given.text("a") } == "a")
  }

  @Test func aPayloadIsReadStrictly() throws {
    let quirks: PartnerQuirks = try Fields.payload(Bytes(utf8: #"{"token_form":"raw"}"#))
    #expect(quirks.tokenForm == .raw)
    #expect(
      field { let _: PartnerQuirks = try Fields.payload(Bytes(utf8: #"{"tokn":1}"#), path: "quirks.") } == "quirks.tokn"
    )
    #expect(
      field { let _: PartnerQuirks = try Fields.payload(Bytes(utf8: #"{"token_form":"rot13"}"#)) } == "token_form")
  }

  @Test func aCursorComesBackAsItWas() {
    for place in ["1", "CS-1", "ä/€"] { #expect(Cursor.place(in: Cursor.text(of: place)) == place) }
    #expect(Cursor.place(in: "!!") == nil)
  }
}
