import Domain
import Glibc
@testable import OCPP
import Testing
import Wire

/// Every message of OCPP as our Writer writes it, beside `Tests/peers/frames`, where other people's validators judge
/// the same lines. `OSTLER_WRITE_FRAMES=1` writes them anew.
struct GoldenFrameTests {
  private static let folder =
    "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/") + "/peers/frames"

  @Test(arguments: [("1.6", Edition.v16), ("2.0.1", .v201), ("2.1", .v21)])
  func whatWeWriteIsWhatOthersHaveJudged(_ version: String, _ edition: Edition) throws {
    let messages = edition == .v16 ? messages16 : messages2
    let lines = messages.filter { $0.since <= edition }.flatMap { frames($0, edition) }
    let path = "\(Self.folder)/ocpp\(version).jsonl"
    if getenv("OSTLER_WRITE_FRAMES") != nil {
      let file = try #require(fopen(path, "wb"))
      for line in lines { fputs(line + "\n", file) }
      fclose(file)
    }
    let text = String(decoding: try #require(contents(of: path), "\(path)"), as: UTF8.self)
    let golden = text.split(separator: "\n").map(String.init)
    #expect(golden.count == lines.count)
    for (ours, theirs) in zip(lines, golden) { #expect(ours == theirs) }
  }

  /// The call and its reply with every field, by the action as their id.
  private func frames<M: Message>(_ message: M.Type, _ edition: Edition) -> [String] {
    let id = MessageID(M.action)
    let call = Frame.encodeCall(id, M.sample(edition), edition: edition)
    let reply = Frame.encodeResult(id, M.Reply.sample(edition), edition: edition)
    return [call, reply].map { String(decoding: $0, as: UTF8.self) }
  }
}

extension Payload {
  /// A value with every field that the edition has.
  fileprivate static func sample(_ edition: Edition) -> Self {
    var value = Self()
    var filler = Filler(edition: edition)
    do {
      try value.walk(&filler)
    } catch {
      preconditionFailure("a walk throws only what its visits throw: \(error)")
    }
    return value
  }
}

/// The walker that fills every field: texts with their own names, numbers with what is allowed, arrays with as few
/// elements as may be.
private struct Filler: Walker {
  let edition: Edition

  mutating func field<V: WireValue>(_ name: StaticString, _ value: inout V, _ rule: FieldRule) {
    if rule.isCarried(by: edition) { value = sample(name, value, rule) }
  }

  mutating func field<V: WireValue>(_ name: StaticString, _ value: inout V?, _ rule: FieldRule) {
    if rule.isCarried(by: edition) { value = sample(name, nil, rule) }
  }

  mutating func list<V: WireValue>(_ name: StaticString, _ values: inout [V], _ rule: FieldRule) {
    if rule.isCarried(by: edition) { values = Array(repeating: sample(name, nil, rule), count: max(1, rule.fewest)) }
  }

  mutating func list<V: WireValue>(_ name: StaticString, _ values: inout [V]?, _ rule: FieldRule) {
    if rule.isCarried(by: edition) { values = Array(repeating: sample(name, nil, rule), count: max(1, rule.fewest)) }
  }

  private func sample<V: WireValue>(_ name: StaticString, _ value: V?, _ rule: FieldRule) -> V {
    let number = max(rule.least == .min ? 0 : rule.least, min(rule.most, 1))
    let found: Any? =
      switch V.self {
      case is String.Type: String("\(name)".unicodeScalars.prefix(rule.max))
      case is Int.Type: Int(number)
      case is Int64.Type: number
      case is Decimal.Type: Decimal(number)
      case is Measured.Type: Measured(Decimal(number))
      case is Bool.Type: true
      case is Timestamp.Type: Timestamp("2026-03-01T12:00:00Z")
      case is JSON.Type: JSON.string("\(name)")
      case is FreeData.Type: FreeData(.string("\(name)"))
      case let payload as any Payload.Type: payload.sample(edition)
      case let word as any Sampled.Type: word.sample(edition)
      case let word as any Word.Type: word.last(edition)
      default: value
      }
    guard let found = found as? V else { preconditionFailure("no sample for \(V.self)") }
    return found
  }
}

private protocol Sampled { static func sample(_ edition: Edition) -> Self }

extension Word {
  fileprivate static func last(_ edition: Edition) -> Self? { allCases.reversed().first { $0.since <= edition } }
}

extension Loose: Sampled {
  fileprivate static func sample(_ edition: Edition) -> Loose { W.last(edition).map { .known($0) } ?? .other("") }
}

extension OpenWord: Sampled {
  fileprivate static func sample(_ edition: Edition) -> OpenWord { W.last(edition).map { .known($0) } ?? .other("") }
}

extension Measure: Sampled {
  fileprivate static func sample(_ edition: Edition) -> Measure { Measure(Decimal(125, places: 1)) }
}
