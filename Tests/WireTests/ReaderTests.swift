// Each leniency and each refusal of the Reader, one test a rule.

import Testing
import Wire

/// One optional and one required field of each kind that can be odd.
private struct Odd: Payload {
  var text: String?
  var number: Int?
  var big: Int64?
  var price: Decimal?
  var flag: Bool?
  var time: Timestamp?
  var colour: Colour?
  var colours: [Colour]?
  var texts: [String]?
  var any: JSON?
  var inner: Inner?
  var inners: [Inner]?

  mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("text", &text, max: 5)
    try w.visit("number", &number, -10...10)
    try w.visit("big", &big)
    try w.visit("price", &price)
    try w.visit("flag", &flag)
    try w.visit("time", &time)
    try w.visit("colour", &colour)
    try w.visit("colours", &colours)
    try w.visit("texts", &texts, max: 3, count: 1...2)
    try w.visit("any", &any)
    try w.visit("inner", &inner)
    try w.visit("inners", &inners)
  }
}

private struct Required: Payload {
  var colour = Colour.green
  var time = Timestamp.epoch
  var id = 1
  var list: [Int] = [1]

  mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("colour", &colour)
    try w.visit("time", &time)
    try w.visit("id", &id)
    try w.visit("list", &list, count: 1...)
  }
}

private func read(_ text: String) throws(Flaw) -> Read<Odd> { try Odd.read(Bytes(utf8: text)) }

private func refusal(_ text: String) -> Flaw? {
  do {
    _ = try read(text)
    return nil
  } catch {
    return error
  }
}

struct ReaderTests {
  // MARK: Accepted and noted

  @Test func anUnknownFieldIsNoted() throws {
    let odd = try read(#"{"vendor":{"a":[1, 2]},"number":1,"x\u0041":null}"#)
    #expect(odd.value.number == 1)
    #expect(
      odd.oddities == [
        Oddity(path: "vendor", kind: .unknownField, raw: #"{"a":[1, 2]}"#),
        Oddity(path: "xA", kind: .unknownField, raw: "null"),
      ])
  }

  @Test func aTextIsKeptWholeBeyondItsLimit() throws {
    #expect(try read(#"{"text":"1234"}"#).oddities.isEmpty)
    #expect(try read(#"{"text":"12345"}"#).oddities.isEmpty)
    #expect(try read(#"{"text":"äääää"}"#).oddities.isEmpty)
    let odd = try read(#"{"text":"123456"}"#)
    #expect(odd.value.text == "123456")
    #expect(odd.oddities == [Oddity(path: "text", kind: .tooLong, raw: #""123456""#)])
    #expect(try read(#"{"texts":["abcd"]}"#).oddities.map(\.path) == ["texts[0]"])
  }

  @Test(arguments: [("5", "5"), ("1.50", "1.50"), ("true", "true"), ("-1e3", "-1e3")])
  func aTextMayComeAsNumberOrBool(_ sent: String, _ text: String) throws {
    let odd = try read(#"{"text":\#(sent)}"#)
    #expect(odd.value.text == text)
    #expect(odd.oddities == [Oddity(path: "text", kind: .notText, raw: sent)])
  }

  @Test(arguments: [
    (#""5""#, 5, Oddity.Kind.numberAsText), (#""-7""#, -7, .numberAsText), (#""5.0""#, 5, .numberAsText),
    ("5.0", 5, .wholeDecimal), ("1e1", 10, .wholeDecimal), ("50e-1", 5, .wholeDecimal), ("-0.0", 0, .wholeDecimal),
  ])
  func aWholeNumberMayComeInDisguise(_ sent: String, _ number: Int, _ kind: Oddity.Kind) throws {
    let odd = try read(#"{"number":\#(sent)}"#)
    #expect(odd.value.number == number)
    #expect(odd.oddities == [Oddity(path: "number", kind: kind, raw: sent)])
  }

  @Test func aDecimalMayComeAsText() throws {
    let odd = try read(#"{"price":"12.50"}"#)
    #expect(odd.value.price == Decimal("12.5"))
    #expect(odd.oddities == [Oddity(path: "price", kind: .numberAsText, raw: #""12.50""#)])
  }

  @Test(arguments: [("true", true), ("false", false), ("True", true), ("FALSE", false)])
  func aBoolMayComeAsText(_ word: String, _ flag: Bool) throws {
    let odd = try read(#"{"flag":"\#(word)"}"#)
    #expect(odd.value.flag == flag)
    #expect(odd.oddities == [Oddity(path: "flag", kind: .boolAsText, raw: #""\#(word)""#)])
  }

  @Test(arguments: [#""Purple""#, #""red""#, #""""#, "3", "true"])
  func anUnknownWordIsNoWord(_ sent: String) throws {
    let odd = try read(#"{"colour":\#(sent)}"#)
    #expect(odd.value.colour == nil)
    #expect(odd.oddities == [Oddity(path: "colour", kind: .unknownWord, raw: sent)])
    let required = try Required.read(
      Bytes(utf8: #"{"colour":\#(sent),"time":"2026-01-01T00:00:00Z","id":1,"list":[1]}"#))
    #expect(required.value.colour == .green)
    #expect(required.oddities == [Oddity(path: "colour", kind: .unknownWord, raw: sent)])
  }

  @Test func unknownWordsOfAListAreDropped() throws {
    let odd = try read(#"{"colours":["Red","Pink","Blue",null]}"#)
    #expect(odd.value.colours == [.red, .blue])
    #expect(
      odd.oddities == [
        Oddity(path: "colours[1]", kind: .unknownWord, raw: #""Pink""#),
        Oddity(path: "colours[3]", kind: .nullElement, raw: "null"),
      ])
  }

  @Test(arguments: [#""2022-02-29T00:00:00Z""#, #""yesterday""#, #""""#, "1700000000", "false"])
  func aBadTimestampIsNoTimestamp(_ sent: String) throws {
    let odd = try read(#"{"time":\#(sent)}"#)
    #expect(odd.value.time == nil)
    #expect(odd.oddities == [Oddity(path: "time", kind: .badTimestamp, raw: sent)])
    let required = try Required.read(Bytes(utf8: #"{"colour":"Red","time":\#(sent),"id":1,"list":[1]}"#))
    #expect(required.value.time == .epoch)
    #expect(required.oddities.map(\.kind) == [.badTimestamp])
  }

  @Test func anUnusualTimestampIsUnderstoodAndNoted() throws {
    let odd = try read(#"{"time":"2023-10-19T15:28:07"}"#)
    #expect(odd.value.time == Timestamp("2023-10-19T15:28:07Z"))
    #expect(odd.oddities == [Oddity(path: "time", kind: .timestampForm, raw: #""2023-10-19T15:28:07""#)])
    #expect(try read(#"{"time":"2023-10-19\u005415:28:07Z"}"#) == read(#"{"time":"2023-10-19T15:28:07Z"}"#))
    #expect(try read(#"{"time":"2023-10-19T17:28:07.000+02:00"}"#).oddities.isEmpty)
  }

  @Test func listsOfAnotherLengthAreKept() throws {
    #expect(try read(#"{"texts":["a"]}"#).oddities.isEmpty)
    #expect(try read(#"{"texts":["a","b"]}"#).oddities.isEmpty)
    let empty = try read(#"{"texts":[]}"#)
    #expect(empty.value.texts == [])
    #expect(empty.oddities == [Oddity(path: "texts", kind: .count, raw: "[]")])
    let long = try read(#"{"texts":["a","b","c"]}"#)
    #expect(long.value.texts == ["a", "b", "c"])
    #expect(long.oddities.map(\.kind) == [.count])
  }

  @Test func nullCountsAsAbsent() throws {
    let odd = try read(#"{"text":null,"number":null,"any":null,"inner":null,"inners":null,"texts":null}"#)
    #expect(odd.value == Odd())
    #expect(odd.oddities.isEmpty)
  }

  @Test func anyValueIsKeptAsItIs() throws {
    #expect(try read(#"{"any":{"z":1.50,"a":[null]}}"#).value.any?.text == #"{"z":1.50,"a":[null]}"#)
  }

  @Test func anEscapedKeyIsTheSameKey() throws {
    let odd = try read(#"{"n\u0075mber":5}"#)
    #expect(odd.value.number == 5)
    #expect(odd.oddities.isEmpty)
  }

  // MARK: Refused

  @Test(arguments: ["colour", "time", "id", "list"])
  func aRequiredFieldMustBeThere(_ name: String) throws {
    var json: JSON = ["colour": "Red", "time": "2026-01-01T00:00:00Z", "id": 1, "list": [1]]
    let missing = Flaw(path: name, kind: .missing, detail: "the field is required")
    json[name] = JSON.null
    #expect(throws: missing) { try Required.read(json) }
    json[name] = nil
    #expect(throws: missing) { try Required.read(json) }
  }

  @Test func theRequiredFieldOfAnInnerObjectIsNamedWithItsPath() {
    #expect(refusal(#"{"inner":{}}"#)?.path == "inner.name")
    #expect(refusal(#"{"inners":[{"name":"a"},{"name":"b","size":2},{"size":1}]}"#)?.path == "inners[2].name")
  }

  @Test(arguments: [
    (#"{"text":{}}"#, "text"), (#"{"text":[]}"#, "text"), (#"{"number":"x"}"#, "number"), (#"{"number":""}"#, "number"),
    (#"{"number":" 5"}"#, "number"), (#"{"number":5.5}"#, "number"), (#"{"number":true}"#, "number"),
    (#"{"price":"1,5"}"#, "price"), (#"{"price":""}"#, "price"), (#"{"price":false}"#, "price"),
    (#"{"flag":1}"#, "flag"),
    (#"{"flag":"yes"}"#, "flag"), (#"{"time":{}}"#, "time"), (#"{"colour":["Red"]}"#, "colour"),
    (#"{"colours":"Red"}"#, "colours"), (#"{"texts":{}}"#, "texts"), (#"{"texts":["a",[]]}"#, "texts[1]"),
    (#"{"inner":[]}"#, "inner"), (#"{"inner":"{}"}"#, "inner"), (#"{"inners":[{"name":"a"},1]}"#, "inners[1]"),
    ("[]", ""), ("1", ""), ("null", ""),
  ])
  func whatCannotBeConvertedIsRefused(_ text: String, _ path: String) {
    #expect(refusal(text)?.kind == .wrongType)
    #expect(refusal(text)?.path == path)
  }

  @Test func rangesEndWhereTheyEnd() throws {
    for number in [-10, -9, 9, 10] { #expect(try read(#"{"number":\#(number)}"#).value.number == number) }
    for number in ["-11", "11", #""11""#, "11.0", "99999999999999999999", "1e30", "1e300"] {
      #expect(refusal(#"{"number":\#(number)}"#)?.kind == .outOfRange)
    }
    #expect(try read(#"{"big":9223372036854775807}"#).value.big == .max)
    #expect(refusal(#"{"big":9223372036854775808}"#)?.kind == .outOfRange)
    let counted = { (id: String) in
      Bytes(utf8: #"{"colour":"Green","time":"2026-11-22T10:02:11Z","list":[1],"id":\#(id)}"#)
    }
    #expect(try Required.read(counted("9007199254740991"), edition: Edition(1)).value.id == 1 << 53 - 1)
    for beyond in ["9007199254740992", "-9007199254740992", "9223372036854775807", "-9223372036854775808"] {
      #expect(throws: Flaw.self, "what others count can be counted on from") {
        try Required.read(counted(beyond), edition: Edition(1))
      }
    }
    #expect(refusal(#"{"price":1e41}"#)?.kind == .outOfRange)
    #expect(refusal(#"{"price":"1e41"}"#)?.kind == .outOfRange)
    #expect(refusal(#"{"inners":[{"name":"a","size":101}]}"#)?.path == "inners[0].size")
  }

  @Test func aDeclaredFieldMayNotOccurTwice() throws {
    for text in [
      #"{"number":1,"number":1}"#, #"{"text":"a","number":1,"n\u0075mber":2}"#, #"{"number":1,"x":0,"number":null}"#,
    ] {
      #expect(refusal(text) == Flaw(path: "number", kind: .duplicateKey, detail: "it occurs more than once"))
    }
    #expect(refusal(#"{"inners":[{"name":"a","size":1,"name":"b"}]}"#)?.path == "inners[0].name")
    let unknown = try read(#"{"x":1,"x":2}"#)
    #expect(unknown.oddities.map(\.raw) == ["1", "2"])
  }

  @Test(arguments: [
    (#"{"text":"a\u0000b"}"#, "text"), (#"{"text":"\uD800"}"#, "text"), (#"{"text":"\uDC00"}"#, "text"),
    (#"{"texts":["a","\uD83Dx"]}"#, "texts[1]"), (#"{"any":{"a":["\u0000"]}}"#, "any.a[0]"),
    (#"{"any":{"b\u0000":1}}"#, #"any.b\u0000"#), (#"{"inner":{"name":"\u0000"}}"#, "inner.name"),
  ])
  func textThatNobodyShouldStoreIsRefused(_ text: String, _ path: String) {
    #expect(refusal(text)?.kind == .forbiddenText)
    #expect(refusal(text)?.path == path)
  }

  @Test func forbiddenTextElsewhereDoesNotMatter() throws {
    #expect(try read(#"{"vendor":"\u0000\uD800"}"#).oddities.map(\.kind) == [.unknownField])
    #expect(try read(#"{"text":"\uD83D\uDE97"}"#).value.text == "🚗")
  }

  @Test func whatIsNoJSONIsMalformed() {
    for text in ["", "{", "{]", #"{"a":,}"#, "\u{FEFF}{}", "{}x"] { #expect(refusal(text)?.kind == .malformed) }
  }

  @Test func refusalsQuoteWhatStoodThere() {
    #expect(refusal(#"{"number":[1]}"#)?.detail == "a whole number is expected, not [1]")
  }

  // MARK: Places and limits

  @Test func aPayloadIsReadFromTheFrameThatCarriesIt() throws {
    let tape = try JSONTape(Bytes(utf8: #"[2,"7","Odd",{"number":1,"inner":{"name":"a","x":1}},{}]"#))
    let odd = try Odd.read(#require(tape.root[3]))
    #expect(odd.value.inner?.name == "a")
    #expect(odd.oddities.map(\.path) == ["inner.x"])
    #expect(try Odd.read(#require(tape.root[4])).value == Odd())
    #expect(throws: Flaw(path: "", kind: .wrongType, detail: #"an object is expected, not "7""#)) {
      try Odd.read(#require(tape.root[1]))
    }
  }

  @Test func allDoorsReadTheSame() throws {
    let expected = try read(#"{"number":5}"#)
    #expect(try Odd.read(["number": 5]) == expected)
    #expect(try Odd.read(JSONTape(Bytes(utf8: #"{"number":5}"#)).root) == expected)
  }

  @Test func onlySoManyOdditiesAreKept() throws {
    for (sent, kept) in [(31, 31), (32, 32), (33, 32), (500, 32)] {
      let members = (0..<sent).map { #""x\#($0)":\#($0)"# }.joined(separator: ",")
      let odd = try read("{\(members)}")
      #expect(odd.oddities.count == kept)
      #expect(odd.oddityCount == sent)
      #expect(odd.oddities.first?.path == "x0")
    }
  }

  @Test func rawTextIsCutAtItsLimitBetweenCharacters() throws {
    for length in [97, 98, 99, 5000] {
      let odd = try read(#"{"x":"\#(String(repeating: "🚗", count: length))"}"#)
      let whole = "\"" + String(repeating: "🚗", count: length) + "\""
      #expect(odd.oddities.first?.raw == String(whole.prefix(WireLimits.oddityCharacters)))
    }
  }

  @Test func namesInPathsAreCutAtTheSameLimit() throws {
    for length in [99, 100, 101, 5000] {
      let name = String(repeating: "n", count: length)
      let odd = try read(#"{"\#(name)":1}"#)
      #expect(odd.oddities.first?.path == String(name.prefix(WireLimits.oddityCharacters)))
    }
    #expect(try read(#"{"a\u0000\uD800":1}"#).oddities.first?.path == #"a\u0000\uD800"#)
  }

  @Test func aReadThatFillsEveryKindOfField() throws {
    let sample = try Sample.read(
      Bytes(
        utf8: """
          {"other":{"name":"o"},"words":["a"],"numbers":[1,2],"extra":[{}],"shade":"Blue",
           "until":"2030-01-01T00:00:00.5Z","flag":true,"price":1.25,"count":-3,"level":0,"note":"n","info":"i","lines":[{"name":"l","colours":["Red"]}],
           "inner":{"name":"in","size":9},"colour":"Red","at":"2026-11-22T10:02:11Z","isOpen":true,"ratio":-0.5,"big":2,
           "connector":3}
          """))
    #expect(sample.oddities.isEmpty)
    var expected = Sample()
    expected.connector = 3
    expected.big = 2
    expected.ratio = Decimal(-5, places: 1)
    expected.isOpen = true
    expected.at = Timestamp(seconds: 1_795_341_731)
    expected.colour = .red
    expected.inner = Inner(name: "in", size: 9)
    expected.lines = [Inner(name: "l", colours: [.red])]
    expected.info = "i"
    expected.note = "n"
    expected.level = 0
    expected.count = -3
    expected.price = Decimal(125, places: 2)
    expected.flag = true
    expected.until = Timestamp(milliseconds: 1_893_456_000_500)
    expected.shade = .blue
    expected.extra = [JSON.object([:])]
    expected.numbers = [1, 2]
    expected.words = ["a"]
    expected.other = Inner(name: "o")
    #expect(sample.value == expected)
  }

  @Test(arguments: UInt64(1)...20)
  func noMessageWhateverEndsTheProcess(_ seed: UInt64) {
    var random = Seeded(seed)
    for _ in 0..<200 {
      var bytes = Sample.random(&random).encoded()
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        let token =
          ["null", "1e999", "\"\"", "[]", "{}", "-1", "\"\\u0000\"", ",", "\"a\":1,"].randomElement(using: &random)
          ?? ""
        bytes.replaceSubrange(place..<min(place + Int.random(in: 0...4, using: &random), bytes.count), with: token.utf8)
      }
      guard var value = (try? Sample.read(bytes))?.value else { continue }
      // The one field that is cut when it is written.
      if let note = value.note { value.note = String(note.unicodeScalars.prefix(1)) }
      #expect((try? Sample.read(value.encoded()))?.value == value, "seed \(seed)")
    }
  }
}
