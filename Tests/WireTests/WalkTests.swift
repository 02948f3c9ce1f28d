// The walk and its visitors: one declaration, read, written and drawn.

import Testing
import Wire

extension Edition {
  static let old = Edition(1)
  static let middle = Edition(2)
  static let new = Edition(3)
}

enum Colour: String, Word {
  case red = "Red"
  case green = "Green"
  case blue = "Blue"
}

struct Inner: Payload {
  var name = ""
  var size: Int?
  var colours: [Colour]?

  mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("name", &name, max: 5)
    try w.visit("size", &size, 0...100)
    try w.visit("colours", &colours, count: 1...)
  }
}

struct Sample: Payload {
  var connector = 7
  var big: Int64 = 0
  var ratio = Decimal.zero
  var isOpen = false
  var at = Timestamp.epoch
  var colour = Colour.green
  var inner = Inner()
  var lines: [Inner] = []
  var info: String?
  var note: String?
  var level: Int?
  var count: Int64?
  var price: Decimal?
  var flag: Bool?
  var until: Timestamp?
  var shade: Colour?
  var extra: JSON?
  var numbers: [Int]?
  var words: [String]?
  var other: Inner?

  mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("connector", &connector, 0...)
    try w.visit("big", &big)
    try w.visit("ratio", &ratio)
    try w.visit("isOpen", &isOpen)
    try w.visit("at", &at)
    try w.visit("colour", &colour)
    try w.visit("inner", &inner)
    try w.visit("lines", &lines)
    try w.visit("info", &info, max: 50)
    try w.visit("note", &note, max: 4, cut: true)
    try w.visit("level", &level, -5...5)
    try w.visit("count", &count, ...10)
    try w.visit("price", &price)
    try w.visit("flag", &flag)
    try w.visit("until", &until)
    try w.visit("shade", &shade, since: .middle)
    try w.visit("extra", &extra)
    try w.visit("numbers", &numbers, 0..., count: 1...3)
    try w.visit("words", &words, max: 3, count: 0...2)
    try w.visit("other", &other, until: .new)
  }
}

extension Inner {
  static func random(_ random: inout Seeded) -> Inner {
    Inner(
      name: randomText(&random, 0...5),
      size: Bool.random(using: &random) ? Int.random(in: 0...100, using: &random) : nil,
      colours: Bool.random(using: &random)
        ? (1...Int.random(in: 1...4, using: &random)).map { _ in Colour.allCases.randomElement(using: &random) ?? .red }
        : nil)
  }
}

extension Sample {
  static func random(_ random: inout Seeded) -> Sample {
    func maybe<T>(_ value: T) -> T? { Bool.random(using: &random) ? value : nil }
    var sample = Sample()
    sample.connector = Int.random(in: 0 ... .max, using: &random)
    sample.big = Int64.random(in: .min ... .max, using: &random)
    sample.ratio = Decimal(
      Int64.random(in: .min ... .max, using: &random), places: Int.random(in: 0...12, using: &random))
    sample.isOpen = Bool.random(using: &random)
    sample.at = Timestamp(milliseconds: Int64.random(in: 0..<7_258_118_400_000, using: &random))
    sample.colour = Colour.allCases.randomElement(using: &random) ?? .red
    sample.inner = Inner.random(&random)
    sample.lines = (0..<Int.random(in: 0...3, using: &random)).map { _ in Inner.random(&random) }
    sample.info = maybe(randomText(&random, 0...50))
    sample.note = maybe(randomText(&random, 0...4))
    sample.level = maybe(Int.random(in: -5...5, using: &random))
    sample.count = maybe(Int64.random(in: .min...10, using: &random))
    sample.price = maybe(Decimal(Int.random(in: -99999...99999, using: &random), places: 4))
    sample.flag = maybe(Bool.random(using: &random))
    sample.until = maybe(Timestamp(seconds: Int64.random(in: 0..<7_258_118_400, using: &random)))
    sample.shade = maybe(.blue)
    sample.extra = maybe(JSON.random(&random, depth: 3)).flatMap { $0 == .null ? nil : $0 }
    sample.numbers = maybe([1, 2, 3].prefix(Int.random(in: 1...3, using: &random)).map { $0 * 1000 })
    sample.words = maybe((0..<Int.random(in: 0...2, using: &random)).map { _ in randomText(&random, 0...3) })
    sample.other = maybe(Inner.random(&random))
    return sample
  }
}

struct WalkTests {
  @Test func anEmptyOptionalIsLeftOut() throws {
    #expect(
      String(decoding: Sample().encoded(), as: UTF8.self)
        == #"{"connector":7,"big":0,"ratio":0,"isOpen":false,"at":"1970-01-01T00:00:00Z","colour":"Green","#
        + #""inner":{"name":""},"lines":[]}"#)
  }

  @Test(arguments: UInt64(1)...30)
  func whatIsWrittenIsReadAgainWithoutAnyOddity(_ seed: UInt64) throws {
    var random = Seeded(seed)
    for _ in 0..<30 {
      let sample = Sample.random(&random)
      #expect(try Sample.read(sample.encoded()) == Sample.read(sample.json), "seed \(seed)")
      let read = try Sample.read(sample.encoded())
      #expect(read.value == sample, "seed \(seed)")
      #expect(read.oddities.isEmpty, "seed \(seed)")
      let explicit = try Sample.read(sample.encoded(options: WriterOptions(explicitNulls: true)))
      #expect(explicit == read, "seed \(seed)")
    }
  }

  @Test(arguments: UInt64(1)...10)
  func theOrderOfMembersDoesNotMatter(_ seed: UInt64) throws {
    var random = Seeded(seed)
    for _ in 0..<20 {
      let sample = Sample.random(&random)
      guard case .object(var object) = sample.json else { continue }
      object.members.shuffle(using: &random)
      #expect(try Sample.read(.object(object)).value == sample, "seed \(seed)")
    }
  }

  @Test func aFieldExistsOnlyInItsEditions() throws {
    var sample = Sample()
    sample.shade = .red
    sample.other = Inner(name: "x")
    #expect(sample.json(edition: .old)["shade"] == nil)
    #expect(sample.json(edition: .old)["other"] != nil)
    #expect(sample.json(edition: .middle)["shade"] == "Red")
    #expect(sample.json(edition: .middle)["other"] != nil)
    #expect(sample.json(edition: .new)["shade"] == "Red")
    #expect(sample.json(edition: .new)["other"] == nil)
    #expect(sample.json["shade"] == "Red")
    #expect(sample.json["other"] != nil)

    let bytes = sample.encoded()
    let old = try Sample.read(bytes, edition: .old)
    #expect(old.value.shade == nil)
    #expect(old.value.other == sample.other)
    #expect(old.oddities == [Oddity(path: "shade", kind: .unknownField, raw: #""Red""#)])
    let new = try Sample.read(bytes, edition: .new)
    #expect(new.value.other == nil)
    #expect(new.oddities == [Oddity(path: "other", kind: .unknownField, raw: #"{"name":"x"}"#)])
  }

  @Test func theShapeSaysWhatTheWalkDeclares() {
    let inner = Shape([
      .init("name", required: true, .string(max: 5)),
      .init("size", required: false, .integer(least: 0, most: 100)),
      .init("colours", required: false, .array(of: .word(["Red", "Green", "Blue"]), min: 1, max: nil)),
    ])
    let fields: [Shape.Field] = [
      .init("connector", required: true, .integer(least: 0, most: nil)),
      .init("big", required: true, .integer(least: nil, most: nil)),
      .init("ratio", required: true, .decimal(least: nil, most: nil)),
      .init("isOpen", required: true, .boolean),
      .init("at", required: true, .timestamp),
      .init("colour", required: true, .word(["Red", "Green", "Blue"])),
      .init("inner", required: true, .object(inner)),
      .init("lines", required: true, .array(of: .object(inner), min: 0, max: nil)),
      .init("info", required: false, .string(max: 50)),
      .init("note", required: false, .string(max: 4)),
      .init("level", required: false, .integer(least: -5, most: 5)),
      .init("count", required: false, .integer(least: nil, most: 10)),
      .init("price", required: false, .decimal(least: nil, most: nil)),
      .init("flag", required: false, .boolean),
      .init("until", required: false, .timestamp),
      .init("shade", required: false, .word(["Red", "Green", "Blue"])),
      .init("extra", required: false, .any),
      .init("numbers", required: false, .array(of: .integer(least: 0, most: nil), min: 1, max: 3)),
      .init("words", required: false, .array(of: .string(max: 3), min: 0, max: 2)),
      .init("other", required: false, .object(inner)),
    ]
    #expect(Sample.shape() == Shape(fields))
    #expect(Sample.shape(edition: .old) == Shape(fields.filter { $0.name != "shade" }))
    #expect(Sample.shape(edition: .middle) == Shape(fields))
    #expect(Sample.shape(edition: .new)["other"] == nil)
  }

  @Test func aPayloadInsideItselfEnds() throws {
    #expect(
      Tree.shape()
        == Shape([
          .init("name", required: true, .string(max: nil)),
          .init("branches", required: false, .array(of: .again("Tree"), min: 0, max: nil)),
        ]))
    let tree = Tree(name: "a", branches: [Tree(name: "b"), Tree(name: "c", branches: [Tree(name: "d")])])
    #expect(try Tree.read(tree.encoded()).value == tree)
  }
}

struct Tree: Payload {
  var name = ""
  var branches: [Tree]?

  init() {}
  init(name: String, branches: [Tree]? = nil) {
    self.name = name
    self.branches = branches
  }

  mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("name", &name)
    try w.visit("branches", &branches)
  }
}
