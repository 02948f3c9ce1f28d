import Testing
import Wire

struct JSONTests {
  @Test(arguments: [
    "null", "true", "false", "0", "-0", "1", "-1", "10", "1.5", "1e5", "1E-05", "-0.0e+0",
    "123456789012345678901234567890",
    #""""#, #""a""#, #""\"\\\/\b\f\n\r\t""#, #""\u0041\u00e4\u20AC\uD83D\uDE97""#, #""ä€🚗""#, "\"\u{7F}\u{2028}\"",
    "[]", "[ ]", "[1]", "[1,2 , 3]", "[[],[[]],{}]", "{}", "{ }", #"{"a":1}"#, #"{"a":1,"a":2}"#, #"{"":{"b":[null]}}"#,
    " \t\r\n1 \t\r\n", #"{"a" : 1 , "b" : [ 2 ] }"#, #""\u0000""#, #""\uD800""#, #""\uDC00x\uD800\u0041""#,
    #""12345678""#, #""1234567\n""#, #""1234567ä""#,
  ])
  func whatTheGrammarAllowsIsAccepted(_ text: String) throws {
    let json = try JSON.parse(text)
    #expect(try JSON.parse(json.text) == json)
    #expect(try JSON.parse(json.pretty) == json)
  }

  @Test(arguments: [
    ("", JSONFault.truncated), (" ", .truncated), ("[", .truncated), ("[1", .truncated), ("{", .truncated),
    (#"{"a""#, .truncated), (#"{"a":"#, .truncated), (#"{"a":1"#, .truncated), ("\"", .truncated),
    ("\"abc", .truncated),
    ("\"\\", .truncated), ("\"\\u12", .truncated), ("tru", .truncated), ("[1,", .truncated),
    ("nul1", .unexpected(at: 3)), ("True", .unexpected(at: 0)), ("NaN", .unexpected(at: 0)),
    ("1 2", .unexpected(at: 2)),
    ("[]]", .unexpected(at: 2)), ("[1,]", .unexpected(at: 3)), ("[,1]", .unexpected(at: 1)),
    ("[1 2]", .unexpected(at: 3)),
    ("[1}", .unexpected(at: 2)), (#"{"a":1]"#, .unexpected(at: 6)), (#"{"a":1,}"#, .unexpected(at: 7)),
    (#"{"a" 1}"#, .unexpected(at: 5)), ("{1:1}", .unexpected(at: 1)), ("{a:1}", .unexpected(at: 1)),
    (#"{"a":}"#, .unexpected(at: 5)), (#"{,}"#, .unexpected(at: 1)), ("'a'", .unexpected(at: 0)),
    ("[1]//", .unexpected(at: 3)), ("\u{A0}1", .unexpected(at: 0)), ("\u{0B}1", .unexpected(at: 0)),
    ("01", .badNumber(at: 1)), ("-", .badNumber(at: 1)), ("-a", .badNumber(at: 1)), ("1.", .badNumber(at: 2)),
    ("1.e1", .badNumber(at: 2)), ("1e", .badNumber(at: 2)), ("1e+", .badNumber(at: 3)), ("-01", .badNumber(at: 2)),
    ("1a", .unexpected(at: 1)), (".5", .unexpected(at: 0)), ("+1", .unexpected(at: 0)),
    (#""\a""#, .badEscape(at: 1)), (#""\u12g4""#, .badEscape(at: 1)), (#""\U0041""#, .badEscape(at: 1)),
    ("\"\n\"", .controlCharacter(at: 1)), ("\"abcdefgh\u{1F}\"", .controlCharacter(at: 9)),
    ("\"\u{0}\"", .controlCharacter(at: 1)), ("\u{FEFF}{}", .byteOrderMark), ("\u{FEFF}", .byteOrderMark),
  ])
  func whatTheGrammarForbidsIsRefusedAtItsPlace(_ text: String, _ fault: JSONFault) {
    #expect(throws: fault) { try JSON.parse(text) }
  }

  @Test(
    arguments: [
      [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xE0, 0x9F, 0xBF], [0xE2, 0x82],
      [0xED, 0xA0, 0x80],
      [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xF0, 0x9F, 0x9A],
      [0xE1, 0x80, 0xC0],
    ] as [[UInt8]])
  func brokenUTF8IsRefused(_ bytes: [UInt8]) {
    #expect(throws: JSONFault.badUTF8(at: 2)) { try JSON.parse([0x22, 0x61] + bytes + [0x22]) }
    #expect(throws: JSONFault.badUTF8(at: 9)) { try JSON.parse([UInt8](#""abcdefgh"#.utf8) + bytes + [0x22]) }
  }

  @Test func everyCharacterOfUnicodePasses() throws {
    for value in stride(from: UInt32(0x80), through: 0x10FFFF, by: 61) {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let text = "x" + String(scalar)
      #expect(try JSON.parse("\"\(text)\"") == .string(text))
    }
  }

  @Test func escapesAreResolved() throws {
    #expect(try JSON.parse(#""\"\\\/\b\f\n\r\t\u0041\u00e4\uD83D\uDE97""#) == "\"\\/\u{8}\u{C}\n\r\tAä🚗")
    #expect(try JSON.parse(#""\uD800""#) == "\u{FFFD}")
    #expect(try JSON.parse(#""\uD800\uD83D\uDE97""#) == "\u{FFFD}🚗")
    #expect(try JSON.parse(#""a\uDE97b""#) == "a\u{FFFD}b")
    #expect(try JSON.parse(#"{"\u0061":1}"#)["a"] == 1)
  }

  @Test func controlCharactersAreWrittenEscaped() {
    #expect(JSON.string("\u{0}\u{1F}\"\\\n\r\t\u{8}\u{C}/ä").text == #""\u0000\u001f\"\\\n\r\t\b\f/ä""#)
  }

  @Test func numbersKeepTheirDigits() throws {
    let json = try JSON.parse("[1.10,12345678901234567890.123456789,1E400,-0,9223372036854775807,9223372036854775808]")
    #expect(json.text == "[1.10,12345678901234567890.123456789,1E400,-0,9223372036854775807,9223372036854775808]")
    #expect(json[0]?.decimal == Decimal("1.1"))
    #expect(json[0]?.int == nil)
    #expect(json[2]?.decimal == nil)
    #expect(json[3]?.int == 0)
    #expect(json[4]?.int == .max)
    #expect(json[5]?.int == nil)
    #expect(json[5]?.decimal == Decimal("9223372036854775808"))
  }

  @Test func objectsKeepTheirOrderAndTheirDoubles() throws {
    var json = try JSON.parse(#"{"z":1,"a":2,"z":3}"#)
    #expect(json.object?.keys == ["z", "a", "z"])
    #expect(json["z"] == 3)
    json["a"] = "new"
    json["b"] = nil
    json["c"] = [1, 2.5, true, nil, ["k": "v"]]
    #expect(json.text == #"{"z":1,"a":"new","z":3,"c":[1,2.5,true,null,{"k":"v"}]}"#)
    json["z"] = nil
    #expect(json.object?.keys == ["a", "c"])
  }

  @Test func lookingInTheWrongPlaceFindsNothing() {
    let json: JSON = [1]
    #expect(json["a"] == nil)
    #expect(json[1] == nil)
    #expect(json[-1] == nil)
    #expect(json.string == nil)
    #expect(json.bool == nil)
    #expect(json.object == nil)
    #expect(JSON.null.isNull)
  }

  @Test func prettyIsForPeople() {
    let json: JSON = ["a": [1, []], "b": JSON.object([:]), "c": ["d": "e"]]
    #expect(
      json.pretty == """
        {
          "a": [
            1,
            []
          ],
          "b": {},
          "c": {
            "d": "e"
          }
        }
        """)
  }

  @Test func aNumberOfTextIsChecked() {
    #expect(JSONNumber("1.50")?.text == "1.50")
    for text in ["", " 1", "1 ", "01", "1,5", "abc", "\"1\"", "[1]", "1 2", "--1"] { #expect(JSONNumber(text) == nil) }
  }

  // MARK: Limits

  @Test(arguments: [("[", "]"), (#"{"a":"#, "}")])
  func depthEndsAtItsLimit(_ open: String, _ close: String) throws {
    func nested(_ depth: Int) -> String {
      let inside = open == "[" ? "" : "1"
      return String(repeating: open, count: depth) + inside + String(repeating: close, count: depth)
    }
    #expect(throws: Never.self) { try JSON.parse(nested(WireLimits.depth - 1)) }
    #expect(throws: Never.self) { try JSON.parse(nested(WireLimits.depth)) }
    #expect(throws: JSONFault.tooDeep(at: WireLimits.depth * open.utf8.count)) {
      try JSON.parse(nested(WireLimits.depth + 1))
    }
    // Closed ones do not count.
    let many = "[" + String(repeating: nested(WireLimits.depth - 1) + ",", count: 3) + "1]"
    #expect(throws: Never.self) { try JSON.parse(many) }
  }

  @Test func aBombOfBracketsEndsEarly() {
    #expect(throws: JSONFault.tooDeep(at: 32)) {
      try JSON.parse([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000))
    }
  }

  @Test func numbersEndAtTheirLimit() throws {
    let digits = String(repeating: "1", count: WireLimits.numberBytes - 1)
    #expect(try JSON.parse(digits).number?.text == digits)
    #expect(try JSON.parse(digits + "1").number?.text == digits + "1")
    #expect(throws: JSONFault.badNumber(at: 1)) { try JSON.parse("[" + digits + "11]") }
  }

  @Test func documentsEndAtTheirLimitOfBytes() {
    func padded(_ count: Int) -> [UInt8] { [UInt8](repeating: 0x20, count: count - 1) + [UInt8(ascii: "1")] }
    #expect(throws: Never.self) { try JSONTape(padded(WireLimits.documentBytes - 1)) }
    #expect(throws: Never.self) { try JSONTape(padded(WireLimits.documentBytes)) }
    #expect(throws: JSONFault.tooLarge) { try JSONTape(padded(WireLimits.documentBytes + 1)) }
  }

  @Test func documentsEndAtTheirLimitOfValues() {
    func values(_ count: Int) -> [UInt8] {
      var bytes = [UInt8(ascii: "[")]
      for place in 0..<count { bytes.append(UInt8(ascii: place.isMultiple(of: 2) ? "1" : ",")) }
      bytes.append(UInt8(ascii: "]"))
      return bytes
    }
    // The array itself is one value; every second byte between the brackets is another.
    #expect(throws: Never.self) { try JSONTape(values((WireLimits.documentNodes - 2) * 2 - 1)) }
    #expect(throws: Never.self) { try JSONTape(values((WireLimits.documentNodes - 1) * 2 - 1)) }
    #expect(throws: JSONFault.tooLarge) { try JSONTape(values(WireLimits.documentNodes * 2 - 1)) }
  }

  // MARK: Others' cases, and none of ours

  @Test(.enabled(if: reference != nil, "OSTLER_REFERENCE does not name the folder of reference data"))
  func theReferenceCasesAreJudgedAsTheyShouldBe() throws {
    let folder = try #require(reference) + "/json/test_parsing"
    let names = files(in: folder)
    #expect(names.count > 300, "the folder \(folder) is not what it should be")
    for name in names {
      let bytes = try #require(contents(of: folder + "/" + name))
      let accepted = (try? JSON.parse(bytes)) != nil
      if name.hasPrefix("y_") { #expect(accepted, "\(name) must be accepted") }
      if name.hasPrefix("n_") { #expect(!accepted, "\(name) must be refused") }
    }
  }

  @Test(arguments: UInt64(1)...40)
  func noBytesWhateverEndTheProcess(_ seed: UInt64) throws {
    var random = Seeded(seed)
    let start = Bytes(utf8: #"[2,"id\u00e4\uD83D\uDE97","Call",{"a":[1.5e3,true,null,{"b":"ä€🚗 12345678"}]}]"#)
    for _ in 0..<400 {
      var bytes = start
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(Array(#"[]{},:"\0u"#.utf8).randomElement(using: &random) ?? 0, at: place)
        default: bytes.removeLast(Int.random(in: 0..<(bytes.count / 2), using: &random))
        }
      }
      if let json = try? JSON.parse(bytes) { #expect(try JSON.parse(json.bytes) == json, "seed \(seed)") }
    }
  }

  @Test(arguments: UInt64(1)...20)
  func whatIsWrittenIsReadAgain(_ seed: UInt64) throws {
    var random = Seeded(seed)
    for _ in 0..<50 {
      let json = JSON.random(&random, depth: 4)
      #expect(try JSON.parse(json.bytes) == json, "seed \(seed)")
    }
  }
}

extension JSON {
  static func random(_ random: inout Seeded, depth: Int) -> JSON {
    switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
    case 0: .null
    case 1: .bool(.random(using: &random))
    case 2: .number(JSONNumber(Int64.random(in: .min ... .max, using: &random)))
    case 3: .number(JSONNumber(Decimal(Int.random(in: -9999...9999, using: &random), places: 3)))
    case 4: .string(randomText(&random, 0...12))
    case 5: .array((0..<Int.random(in: 0...4, using: &random)).map { _ in JSON.random(&random, depth: depth - 1) })
    default:
      .object(
        JSONObject(
          (0..<Int.random(in: 0...4, using: &random)).map { _ in
            JSONObject.Member(randomText(&random, 0...6), JSON.random(&random, depth: depth - 1))
          }))
    }
  }
}

/// Texts with everything that has to be escaped or takes several bytes, but without NUL.
func randomText(_ random: inout Seeded, _ length: ClosedRange<Int>) -> String {
  let letters: [Unicode.Scalar] = [
    "a", "Z", "0", " ", "\"", "\\", "/", "\n", "\t", "\u{1}", "\u{7F}", "ä", "€", "🚗", "\u{301}",
  ]
  var text = ""
  for _ in 0..<Int.random(in: length, using: &random) {
    text.unicodeScalars.append(letters.randomElement(using: &random) ?? "a")
  }
  return text
}
