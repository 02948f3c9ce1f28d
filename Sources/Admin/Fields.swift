import Domain
import Wire

/// The fields of a request's body, read strictly: a name that nobody knows is a mistake of the caller, and is told.
nonisolated struct Fields {
  private let members: JSONObject
  /// `connectors[0].`
  private let path: String
  private var read: Set<String> = []

  /// The body of a request; an empty one has no fields.
  init(body: [UInt8]) throws(Problem) {
    guard !body.isEmpty else {
      self.init(JSONObject(), path: "")
      return
    }
    let json: JSON
    do { json = try JSON.parse(body) } catch { throw Problem(.malformed, "the body is not JSON: \(error)") }
    guard let object = json.object else { throw Problem(.malformed, "the body must be a JSON object") }
    self.init(object, path: "")
  }

  private init(_ members: JSONObject, path: String) { (self.members, self.path) = (members, path) }

  /// Refuses what was given and not read.
  func finish() throws(Problem) {
    for name in members.keys where !read.contains(name) {
      throw .invalid(path + name, "there is no such field")
    }
  }

  /// Where a field stands in the body, for whoever is told of it.
  func path(of name: String) -> String { path + name }

  // MARK: Required

  mutating func text(_ name: String) throws(Problem) -> String { try required(maybeText(name), name) }
  mutating func whole(_ name: String) throws(Problem) -> Int { try required(maybeWhole(name), name) }
  mutating func flag(_ name: String) throws(Problem) -> Bool { try required(maybeFlag(name), name) }
  mutating func decimal(_ name: String) throws(Problem) -> Decimal { try required(maybeDecimal(name), name) }
  mutating func word<W: Word>(_ name: String) throws(Problem) -> W { try required(maybeWord(name), name) }

  private func required<V>(_ value: V?, _ name: String) throws(Problem) -> V {
    guard let value else { throw .invalid(path + name, "this field is required") }
    return value
  }

  // MARK: Optional: absent and null are the same

  mutating func maybeText(_ name: String) throws(Problem) -> String? {
    guard let value = take(name) else { return nil }
    guard let text = value.string else { throw .invalid(path + name, "a text is expected") }
    guard !text.unicodeScalars.contains("\0") else { throw .invalid(path + name, "a text without NUL is expected") }
    return text
  }

  mutating func maybeWhole(_ name: String) throws(Problem) -> Int? {
    guard let value = take(name) else { return nil }
    guard let number = value.int else { throw .invalid(path + name, "a whole number is expected") }
    return Int(number)
  }

  mutating func maybeFlag(_ name: String) throws(Problem) -> Bool? {
    guard let value = take(name) else { return nil }
    guard let flag = value.bool else { throw .invalid(path + name, "true or false is expected") }
    return flag
  }

  /// A decimal as text, as money and energy are in this API, or a number as it is written.
  mutating func maybeDecimal(_ name: String) throws(Problem) -> Decimal? {
    guard let value = take(name) else { return nil }
    guard let decimal = (value.decimal ?? value.string.flatMap { Decimal($0) })?.figure else {
      throw .invalid(path + name, "decimal text such as 31.5 is expected")
    }
    return decimal
  }

  mutating func maybeWord<W: Word>(_ name: String) throws(Problem) -> W? {
    guard let text = try maybeText(name) else { return nil }
    guard let word = W(rawValue: text) else {
      throw .invalid(path + name, "one of \(W.allCases.map(\.rawValue).joined(separator: ", ")) is expected")
    }
    return word
  }

  mutating func maybeTime(_ name: String) throws(Problem) -> Timestamp? {
    guard let text = try maybeText(name) else { return nil }
    guard let time = Timestamp(text) else { throw .invalid(path + name, "a time as 2026-11-03T09:15:00Z is expected") }
    return time
  }

  mutating func maybeID<Of>(_ name: String, of type: Of.Type) throws(Problem) -> ID<Of>? {
    try maybeWhole(name).map { ID<Of>(Int64($0)) }
  }

  mutating func maybeTexts(_ name: String, most: Int = Limits.listedItems) throws(Problem) -> [String]? {
    guard let value = take(name) else { return nil }
    guard let items = value.array, items.count <= most, items.allSatisfy({ $0.string != nil }) else {
      throw .invalid(path + name, "a list of at most \(most) texts is expected")
    }
    return items.compactMap(\.string)
  }

  /// Stations; none where the field is absent.
  mutating func identities(_ name: String, most: Int) throws(Problem) -> [StationIdentity] {
    try (maybeTexts(name, most: most) ?? []).map { text throws(Problem) in
      guard let identity = StationIdentity(text) else { throw Problem.invalid(path + name, "\(text) is no identity") }
      return identity
    }
  }

  /// A transaction as its station knows it: a number in OCPP 1.6, a text in 2.x.
  mutating func maybeTransaction(_ name: String) throws(Problem) -> TransactionName? {
    guard let value = take(name) else { return nil }
    if let number = value.int { return .number(number) }
    guard let text = value.string else { throw .invalid(path + name, "a number or a text is expected") }
    return .text(text)
  }

  mutating func wholes(_ name: String) throws(Problem) -> [Int] {
    guard let value = take(name) else { return [] }
    guard let items = value.array, items.count <= Limits.listedItems, items.allSatisfy({ $0.int != nil }) else {
      throw .invalid(path + name, "a list of at most \(Limits.listedItems) whole numbers is expected")
    }
    return items.compactMap { $0.int.map { Int($0) } }
  }

  mutating func ids<Of>(_ name: String) throws(Problem) -> [ID<Of>] { try wholes(name).map { ID<Of>(Int64($0)) } }

  /// An object as it is, for what the protocol names itself.
  mutating func maybeObject(_ name: String) throws(Problem) -> JSON? {
    guard let value = take(name) else { return nil }
    guard value.object != nil else { throw .invalid(path + name, "an object is expected") }
    return value
  }

  /// An object of settings by their names; nil where it is absent.
  mutating func settings(_ name: String) throws(Problem) -> [SettingName: String]? {
    guard let value = take(name) else { return nil }
    guard let object = value.object, object.count <= Limits.listedItems else {
      throw .invalid(path + name, "an object of at most \(Limits.listedItems) settings is expected")
    }
    var settings: [SettingName: String] = [:]
    for member in object.members {
      guard let text = member.value.string else {
        throw .invalid("\(path)\(name).\(member.key)", "a text is expected")
      }
      settings[SettingName(reading: member.key)] = text
    }
    return settings
  }

  /// Where a session ends by itself; nil where nothing is said.
  mutating func maybeLimit(_ name: String) throws(Problem) -> SessionLimit? {
    guard has(name) else { return nil }
    var limit = SessionLimit()
    try change(within: name) { fields throws(Problem) in limit = try SessionLimit(&fields) }
    return limit
  }

  /// An object that is declared as a payload, such as a tariff.
  mutating func maybePayload<P: Payload>(_ name: String) throws(Problem) -> P? {
    guard let value = take(name) else { return nil }
    return try Fields.payload(value.bytes, path: path + name + ".")
  }

  static func payload<P: Payload>(_ bytes: [UInt8], path: String = "") throws(Problem) -> P {
    let read: Read<P>
    do { read = try P.read(bytes) } catch {
      if case .malformed = error.kind { throw Problem(.malformed, "the body is not JSON: \(error.detail)") }
      throw .invalid(path + error.path, error.detail)
    }
    // Whoever writes prices by hand wants to hear of a misspelt name, not to lose what it meant.
    if let oddity = read.oddities.first(where: { $0.kind != .numberAsText }) {
      throw .invalid(path + oddity.path, "\(oddity.raw) does not fit here (\(oddity.kind.rawValue))")
    }
    return read.value
  }

  /// A list of objects, each read by `body`.
  mutating func each(
    _ name: String, _ body: (inout Fields) throws(Problem) -> Void
  ) throws(Problem) {
    guard let value = take(name) else { return }
    guard let items = value.array, items.count <= Limits.listedItems else {
      throw .invalid(path + name, "a list of at most \(Limits.listedItems) is expected")
    }
    for (place, item) in items.enumerated() {
      guard let object = item.object else { throw .invalid("\(path)\(name)[\(place)]", "an object is expected") }
      var fields = Fields(object, path: "\(path)\(name)[\(place)].")
      try body(&fields)
      try fields.finish()
    }
  }

  // MARK: Changes: absent leaves as it is, null clears where that makes sense

  func has(_ name: String) -> Bool { members[name] != nil }

  func isNull(_ name: String) -> Bool { members[name]?.isNull ?? false }

  mutating func change(_ name: String, _ value: inout String) throws(Problem) {
    if has(name) { value = try text(name) }
  }
  mutating func change(_ name: String, _ value: inout String?) throws(Problem) {
    if has(name) { value = try maybeText(name) }
  }
  mutating func change(_ name: String, _ value: inout Int) throws(Problem) { if has(name) { value = try whole(name) } }
  mutating func change(_ name: String, _ value: inout Int?) throws(Problem) {
    if has(name) { value = try maybeWhole(name) }
  }
  mutating func change(_ name: String, _ value: inout Bool) throws(Problem) { if has(name) { value = try flag(name) } }
  mutating func change(_ name: String, _ value: inout Bool?) throws(Problem) {
    if has(name) { value = try maybeFlag(name) }
  }
  mutating func change(_ name: String, _ value: inout Timestamp?) throws(Problem) {
    if has(name) { value = try maybeTime(name) }
  }
  mutating func change<W: Word>(_ name: String, word value: inout W) throws(Problem) {
    if has(name) { value = try word(name) }
  }
  mutating func change<W: Word>(_ name: String, word value: inout W?) throws(Problem) {
    if has(name) { value = try maybeWord(name) }
  }
  mutating func change<Of>(_ name: String, id value: inout ID<Of>?) throws(Problem) {
    if has(name) { value = try maybeID(name, of: Of.self) }
  }

  /// Changes the members of an object that are named, such as quirks.
  mutating func change(
    within name: String, _ body: (inout Fields) throws(Problem) -> Void
  ) throws(Problem) {
    guard let value = take(name) else { return }
    guard let object = value.object else { throw .invalid(path + name, "an object is expected") }
    var fields = Fields(object, path: path + name + ".")
    try body(&fields)
    try fields.finish()
  }

  /// Changes the members of a payload that are named, as a JSON merge patch does (RFC 7396): null takes one away. Its
  /// declaration has the bounds.
  mutating func merge<P: Payload>(_ name: String, into value: inout P) throws(Problem) {
    guard let given = take(name) else { return }
    guard given.object != nil else { throw .invalid(path + name, "an object is expected") }
    value = try Fields.payload(value.json.merged(with: given).bytes, path: path + name + ".")
  }

  /// The same for something that may be absent as a whole, which null makes it.
  mutating func merged<P: Payload>(_ name: String, with value: P?) throws(Problem) -> P? {
    guard let given = take(name) else { return nil }
    guard given.object != nil else { throw .invalid(path + name, "an object is expected") }
    return try Fields.payload((value?.json ?? [:]).merged(with: given).bytes, path: path + name + ".")
  }

  /// A member that is read elsewhere.
  mutating func leave(_ name: String) { read.insert(name) }

  private mutating func take(_ name: String) -> JSON? {
    read.insert(name)
    guard let value = members[name], !value.isNull else { return nil }
    return value
  }
}

nonisolated extension JSON {
  /// RFC 7396.
  fileprivate func merged(with patch: JSON) -> JSON {
    guard let changes = patch.object else { return patch }
    var merged: JSON = object == nil ? [:] : self
    for member in changes.members {
      merged[member.key] = member.value.isNull ? nil : (merged[member.key] ?? .null).merged(with: member.value)
    }
    return merged
  }
}

nonisolated extension Decimal {
  /// The number, where it is one that somebody may write; each decimal of a request's body, query or file passes here.
  var figure: Decimal? { magnitude <= Limits.figure && places <= Limits.figurePlaces ? self : nil }
}

nonisolated extension SessionLimit {
  /// Amounts are decimals in quotes.
  init(_ fields: inout Fields) throws(Problem) {
    let (cost, energy) = try (fields.maybeDecimal("cost"), fields.maybeDecimal("energy_kwh"))
    self.init(seconds: try fields.maybeWhole("seconds"), stateOfCharge: try fields.maybeWhole("soc"))
    if let cost {
      guard let money = Money(read: cost) else {
        throw .invalid("cost", "an amount such as 25.00 is expected")
      }
      self.cost = money
    }
    if let energy {
      guard let amount = Energy(wattHours: energy * 1_000) else {
        throw .invalid("energy_kwh", "an energy such as 12.5 is expected")
      }
      self.energy = amount
    }
  }
}
