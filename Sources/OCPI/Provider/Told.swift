import Domain
import Wire

/// An object that a partner told, read field by field. Versions of OCPI give the same thing other names, and partners
/// mix them; so a field is asked for by all its names, numbers may be texts, and what is missing or cannot be read is
/// named (2001). The object itself is kept as it came.
struct Told {
  let json: JSON
  private let path: String

  init(_ json: JSON, path: String = "") throws(PartnerFault) {
    guard json.object != nil else {
      throw .invalid("\(path.isEmpty ? "the object" : path) is expected to be an object")
    }
    (self.json, self.path) = (json, path)
  }

  /// Whether one of the names has a value.
  func has(_ names: String...) -> Bool { first(names) != nil }

  // MARK: Texts

  func text(_ names: String..., max: Int = 255) throws(PartnerFault) -> String {
    guard let text = try read(names, max) else { throw missing(names) }
    guard !text.isEmpty else { throw flaw(names, "is empty") }
    return text
  }

  func maybeText(_ names: String..., max: Int = 255) throws(PartnerFault) -> String? {
    try read(names, max).flatMap { $0.isEmpty ? nil : $0 }
  }

  /// An id that must come back unchanged one day.
  func id(_ names: String..., max: Int = 36) throws(PartnerFault) -> String {
    guard let text = try read(names, Limits.toldText) else { throw missing(names) }
    try demandID(path + names[0], text, max: max)
    return text
  }

  func maybeID(_ names: String..., max: Int = 36) throws(PartnerFault) -> String? {
    guard let text = try read(names, Limits.toldText), !text.isEmpty else { return nil }
    try demandID(path + names[0], text, max: max)
    return text
  }

  /// Words that people read are cut; some tell a number where a text belongs.
  private func read(_ names: [String], _ max: Int) throws(PartnerFault) -> String? {
    guard let (name, value) = first(names) else { return nil }
    guard let text = value.string ?? value.number?.text else { throw flaw([name], "is expected to be a text") }
    guard !text.unicodeScalars.contains("\0") else { throw flaw([name], "holds a NUL") }
    return text.unicodeScalars.count <= max ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(max)))
  }

  func texts(_ name: String) throws(PartnerFault) -> [String] {
    guard let (_, value) = first([name]) else { return [] }
    guard let items = value.array, items.count <= Limits.toldItems else {
      throw flaw([name], "is expected to be a list of at most \(Limits.toldItems)")
    }
    return items.compactMap { $0.string.map { String($0.prefix(255)) } }
  }

  // MARK: Times and numbers

  func time(_ names: String...) throws(PartnerFault) -> Timestamp {
    guard let time = try time(names) else { throw missing(names) }
    return time
  }

  func maybeTime(_ names: String...) throws(PartnerFault) -> Timestamp? { try time(names) }

  private func time(_ names: [String]) throws(PartnerFault) -> Timestamp? {
    guard let (name, value) = first(names) else { return nil }
    guard let time = value.string.flatMap({ Timestamp($0) }) else {
      throw flaw([name], "\(value.text.excerpt) is no time stamp")
    }
    return time
  }

  func number(_ names: String...) throws(PartnerFault) -> Decimal {
    guard let number = try number(names) else { throw missing(names) }
    return number
  }

  func maybeNumber(_ names: String...) throws(PartnerFault) -> Decimal? { try number(names) }

  private func number(_ names: [String]) throws(PartnerFault) -> Decimal? {
    guard let (name, value) = first(names) else { return nil }
    return try Self.number(value, path + name)
  }

  /// Within what can be added up without a thought: the rest is no number of any meter or bill.
  private static func number(_ value: JSON, _ place: String) throws(PartnerFault) -> Decimal {
    guard let read = value.decimal ?? value.string.flatMap({ Decimal($0) }) else {
      throw .invalid("\(place): \(value.text.excerpt) is no number")
    }
    let number = read.rounded(toPlaces: Limits.toldPlaces, .halfUp)
    guard number.magnitude <= Limits.toldNumber else {
      throw .invalid("\(place): \(value.text.excerpt) is out of range")
    }
    return number
  }

  func maybeWhole(_ names: String...) throws(PartnerFault) -> Int? {
    guard let number = try number(names) else { return nil }
    return number.rounded(toPlaces: 0, .halfUp).asInt64(scaledBy: 0).map { Int($0) }
  }

  func maybeFlag(_ name: String) -> Bool? { first([name])?.value.bool }

  /// kWh.
  func energy(_ name: String) throws(PartnerFault) -> Energy {
    guard let energy = Energy(wattHours: try number(name) * 1000) else {
      throw flaw([name], "is out of any meter's range")
    }
    return energy
  }

  /// An amount as versions write it: a number (2.1.1), before and after VAT (2.2.1), before and with its taxes (2.3.0).
  func maybePrice(_ name: String) throws(PartnerFault) -> Price? {
    guard let (_, value) = first([name]) else { return nil }
    func money(_ amount: Decimal) throws(PartnerFault) -> Money {
      guard let money = Money(read: amount) else { throw flaw([name], "is out of range") }
      return money
    }
    guard value.object != nil else { return Price(beforeTax: try money(try Self.number(value, path + name))) }
    let told = try Told(value, path: "\(path)\(name).")
    let before = try told.number("excl_vat", "before_taxes")
    var after = try told.maybeNumber("incl_vat")
    let taxes = try told.list("taxes")
    if !taxes.isEmpty {
      var sum = before
      for tax in taxes { sum += try tax.number("amount") }
      after = sum
    }
    return Price(
      beforeTax: try money(before), afterTax: try after.map { amount throws(PartnerFault) in try money(amount) })
  }

  func price(_ name: String) throws(PartnerFault) -> Price {
    guard let price = try maybePrice(name) else { throw missing([name]) }
    return price
  }

  // MARK: Objects

  func object(_ name: String) throws(PartnerFault) -> Told {
    guard let object = try maybeObject(name) else { throw missing([name]) }
    return object
  }

  func maybeObject(_ name: String) throws(PartnerFault) -> Told? {
    guard let (_, value) = first([name]) else { return nil }
    return try Told(value, path: "\(path)\(name).")
  }

  func list(_ name: String) throws(PartnerFault) -> [Told] {
    guard let (_, value) = first([name]) else { return [] }
    guard let items = value.array, items.count <= Limits.toldItems else {
      throw flaw([name], "is expected to be a list of at most \(Limits.toldItems)")
    }
    var list: [Told] = []
    for (place, item) in items.enumerated() { list.append(try Told(item, path: "\(path)\(name)[\(place)].")) }
    return list
  }

  // MARK: Small things

  private func first(_ names: [String]) -> (name: String, value: JSON)? {
    for name in names { if let value = json[name], !value.isNull, !value.isHollow { return (name, value) } }
    return nil
  }

  private func missing(_ names: [String]) -> PartnerFault { flaw(names, "is missing") }

  private func flaw(_ names: [String], _ what: String) -> PartnerFault { .invalid("\(path)\(names[0]) \(what)") }
}

extension JSON {
  /// This object with the members of another one in the place of its own: what a PATCH does (OCPI 2.2.1 §4.1.5).
  func patched(by change: JSON) -> JSON {
    guard let members = change.object?.members else { return self }
    var patched = self
    for member in members { patched[member.key] = member.value }
    return patched
  }
}
