@testable import Wire

extension Harness {
  /// What is accepted is written and read again without a change, and lies within its bounds.
  static let json = Harness(name: "json") { bytes in
    let tape: JSONTape
    do throws(JSONFault) { tape = try JSONTape(bytes) } catch { return }
    let value = tape.root.json
    require(depth(of: value) <= WireLimits.depth, "no value is deeper than the limit")
    require((try? JSON.parse(value.bytes)) == value, "a value is the same after writing and reading")
    require((try? JSON.parse(value.pretty)) == value, "a value is the same after writing for people and reading")
    visit(tape.root)
  }

  private static func depth(of value: JSON) -> Int {
    switch value {
    case .null, .bool, .number, .string: 0
    case .array(let elements): 1 + (elements.map { depth(of: $0) }.max() ?? 0)
    case .object(let object): 1 + (object.members.map { depth(of: $0.value) }.max() ?? 0)
    }
  }

  /// Every value by its handle: what the handle says is what the tree says.
  private static func visit(_ element: JSONTape.Element) {
    let value = element.json
    require((try? JSON.parse(Array(element.raw))) == value, "a part's own text is that part")
    require(element.string == value.string && element.bool == value.bool, "handle and tree agree")
    require(element.int == value.int && element.decimal == value.decimal, "handle and tree agree about numbers")
    if let decimal = element.decimal {
      require(Decimal(decimal.description) == decimal, "a decimal is the same after writing and reading")
    }
    require(
      element["a"]?.json == value["a"] && element["ab"]?.json == value["ab"] && element[""]?.json == value[""],
      "a name leads to its last member, also where it is written with escapes")
    for part in element.elements { visit(part) }
    for (place, member) in element.members.enumerated() {
      require(member.key == value.object?.members[place].key, "handle and tree agree about names")
      visit(member.value)
    }
  }

  /// What is understood lies within the years, and means the same after it is written.
  static let time = Harness(name: "time") { bytes in
    guard let (time, forms) = Timestamp.parse(bytes) else { return }
    let civil = time.civil
    require(WireLimits.years.contains(civil.year), "no time stamp lies outside the years")
    require(
      Timestamp(
        year: civil.year, month: civil.month, day: civil.day, hour: civil.hour, minute: civil.minute,
        second: civil.second, millisecond: civil.millisecond) == time, "calendar and moment agree")
    require(Timestamp(time.text) == time, "a moment is the same after writing and reading")
    require(Timestamp(time.text(fraction: .seconds)) == time.wholeSecond, "whole seconds drop milliseconds only")
    let canonical = Timestamp.parse(Array(time.text.utf8))
    require(canonical?.1 == [], "we write RFC 3339 in its usual spelling")
    if bytes == Array(time.text.utf8) { require(forms.isEmpty, "our own spelling is no oddity") }
  }
}
