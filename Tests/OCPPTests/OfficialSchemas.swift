import Glibc
@testable import OCPP
import Testing
import Wire

/// The official JSON Schemas of one version, as the PyPI package `ocpp` carries them; they are not ours to keep here.
struct OfficialSchemas: Sendable {
  /// The folder of that package, below which `v16/schemas` and the others lie.
  static let package = getenv("OCPP_SCHEMAS").flatMap { $0.pointee == 0 ? nil : String(cString: $0) }
  static let absent: Comment = "set OCPP_SCHEMAS to the folder of the Python package ocpp"

  let edition: Edition
  private let folder: String

  init(_ edition: Edition) {
    self.edition = edition
    let version =
      switch edition {
      case .v16: "v16"
      case .v201: "v201"
      default: "v21"
      }
    folder = "\(Self.package ?? "")/\(version)/schemas"
  }

  /// The schema of a call, or of its reply.
  func schema(_ action: String, reply: Bool = false) throws -> Schema {
    let call = edition == .v16 || action == "NotifyPeriodicEventStream" ? action : action + "Request"
    let path = "\(folder)/\(reply ? action + "Response" : call).json"
    let root = try JSON.parse(#require(contents(of: path), "\(path)"))
    return Schema(root: root, node: root, hasBounds: edition != .v16)
  }
}

/// A file as it is, without a byte order mark; nil where there is none.
func contents(of path: String) -> Bytes? {
  guard let file = fopen(path, "rb") else { return nil }
  defer { fclose(file) }
  var bytes: Bytes = []
  var buffer = Bytes(repeating: 0, count: 65_536)
  while true {
    let count = fread(&buffer, 1, buffer.count, file)
    if count == 0 { return bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Bytes(bytes.dropFirst(3)) : bytes }
    bytes += buffer[..<count]
  }
}

/// A JSON Schema of draft 4 or 6, as far as these files use it.
struct Schema {
  let root: JSON
  let node: JSON
  /// Those of 1.6 bound no numbers and no arrays, where its text does.
  let hasBounds: Bool

  /// What this one says, or the definition that it refers to.
  private func resolved(_ node: JSON?) -> Schema {
    guard let name = node?["$ref"]?.string?.split(separator: "/").last else {
      return Schema(root: root, node: node ?? .null, hasBounds: hasBounds)
    }
    return Schema(root: root, node: root["definitions"]?[String(name)] ?? .null, hasBounds: hasBounds)
  }

  private var properties: JSONObject { node["properties"]?.object ?? JSONObject() }
  private var required: Set<String> { Set((node["required"]?.array ?? []).compactMap(\.string)) }
  private var words: [String]? { node["enum"]?.array?.compactMap(\.string) }
  private func number(_ key: String) -> Int64? { node[key]?.decimal?.asInt64(scaledBy: 0) }

  // MARK: What we declare beside what is official

  func differences(from shape: Shape, _ path: String = "") -> [String] {
    var found: [String] = []
    // Vendors may add data of their own to anything: it is kept with the raw payload and declared by no walk.
    let official = Set(properties.keys).subtracting(["customData"])
    for name in official.symmetricDifference(shape.fields.map(\.name)).sorted() {
      found.append("\(path).\(name) is on one side only")
    }
    for field in shape.fields where official.contains(field.name) {
      if field.required != required.contains(field.name) {
        found.append("\(path).\(field.name) required: \(field.required)")
      }
      found += resolved(properties[field.name]).differences(from: field.kind, "\(path).\(field.name)")
    }
    return found
  }

  private func differences(from kind: Shape.Kind, _ path: String) -> [String] {
    switch kind {
    case .string(let max): check("string", path) + bound("maxLength", max.map { Int64($0) }, path, always: true)
    case .integer(let least, let most):
      check("integer", path) + bound("minimum", least, path) + bound("maximum", most, path)
    case .decimal(let least, let most):
      check("number", path) + bound("minimum", least, path) + bound("maximum", most, path)
    case .boolean: check("boolean", path)
    case .timestamp: node["format"] == "date-time" ? [] : ["\(path) is no time there"]
    case .word(let ours): compare(ours, path)
    case .object(let shape): check("object", path) + differences(from: shape, path)
    case .array(let element, let fewest, let most):
      check("array", path) + bound("minItems", fewest == 0 ? nil : Int64(fewest), path)
        + bound("maxItems", most.map { Int64($0) }, path)
        + resolved(node["items"]).differences(from: element, path + "[]")
    case .any: node["type"] == nil ? [] : check("any", path)
    case .again(let name): ["\(path) is \(name) inside itself"]
    }
  }

  private func compare(_ ours: [String], _ path: String) -> [String] {
    guard let words else { return ["\(path) is no list of words there"] }
    // The package's own addition: 1.6 has no unit for frequency.
    let odd = Set(words).symmetricDifference(ours).subtracting(hasBounds ? [] : ["Hertz"]).sorted()
    return odd.isEmpty ? [] : ["\(path) differs in \(odd)"]
  }

  private func check(_ wanted: String, _ path: String) -> [String] {
    let type = node["type"]?.string ?? "?"
    // An address is a text that a station reads as it likes.
    let isFree = node["format"] == nil || node["format"] == "uri"
    return type == wanted && words == nil && isFree ? [] : ["\(path) is \(wanted) here, \(type) there"]
  }

  private func bound(_ key: String, _ ours: Int64?, _ path: String, always: Bool = false) -> [String] {
    guard hasBounds || always else { return [] }
    let official = number(key)
    return ours == official ? [] : ["\(path) \(key) is \(ours.text) here, \(official.text) there"]
  }

  // MARK: What is wrong with a value

  func flaws(in value: JSON, _ path: String = "") -> [String] {
    if let words, !words.contains(value.string ?? "") { return ["\(path) is none of \(words.count) words"] }
    switch node["type"]?.string {
    case "object":
      guard let object = value.object else { return ["\(path) is no object"] }
      let missing = required.filter { object[$0] == nil }.sorted()
      let isClosed = node["additionalProperties"] == false
      return missing.map { "\(path).\($0) is missing" }
        + object.members.flatMap { member in
          properties[member.key].map { resolved($0).flaws(in: member.value, "\(path).\(member.key)") }
            ?? (isClosed ? ["\(path).\(member.key) is unknown"] : [])
        }
    case "array":
      guard let elements = value.array else { return ["\(path) is no array"] }
      let isTooShort = number("minItems").map { elements.count < $0 } ?? false
      let isTooLong = number("maxItems").map { elements.count > $0 } ?? false
      return (isTooShort || isTooLong ? ["\(path) has \(elements.count) elements"] : [])
        + elements.flatMap { resolved(node["items"]).flaws(in: $0, path + "[]") }
    case "string":
      guard let text = value.string else { return ["\(path) is no text"] }
      if node["format"] == "date-time", Timestamp(text) == nil { return ["\(path) is no time"] }
      let isTooLong = number("maxLength").map { text.unicodeScalars.count > $0 } ?? false
      return isTooLong ? ["\(path) is too long"] : []
    case "integer": return value.int.map { outside(Decimal($0), path) } ?? ["\(path) is no whole number"]
    case "number": return value.decimal.map { outside($0, path) } ?? ["\(path) is no number"]
    case "boolean": return value.bool == nil ? ["\(path) is no boolean"] : []
    case nil: return []
    default: return ["\(path) has an unknown type"]
    }
  }

  private func outside(_ value: Decimal, _ path: String) -> [String] {
    let isBelow = number("minimum").map { value < Decimal($0) } ?? false
    let isAbove = number("maximum").map { value > Decimal($0) } ?? false
    return isBelow || isAbove ? ["\(path) is out of bounds"] : []
  }

  // MARK: Values that are valid

  /// How much of what is allowed a value has.
  enum Extent: CaseIterable {
    /// Only what is required, as short and small as can be.
    case least
    /// Everything, as long as can be, with data of vendors in every object.
    case most
  }

  func example(_ extent: Extent) -> JSON {
    // "Hertz" is the package's own addition to 1.6.
    if let words = words?.filter({ hasBounds || $0 != "Hertz" }) {
      return .string((extent == .least ? words.first : words.last) ?? "")
    }
    switch node["type"]?.string {
    case "object":
      var object = JSONObject()
      for member in properties.members where extent == .most || required.contains(member.key) {
        object[member.key] = resolved(member.value).example(extent)
      }
      if object["customData"] != nil { object["customData"] = ["vendorId": "acme", "deep": ["er": [1, nil]]] }
      return .object(object)
    case "array":
      let least = max(1, number("minItems") ?? 0)
      let count = extent == .least ? least : min(number("maxItems") ?? 3, 24)
      return .array(Array(repeating: resolved(node["items"]).example(extent), count: Int(count)))
    case "string":
      if node["format"] == "date-time" { return "2026-03-01T12:00:00Z" }
      let longest = number("maxLength") ?? 40
      return .string(String(repeating: "é", count: extent == .least ? 0 : Int(longest)))
    case "integer":
      let bound = number(extent == .least ? "minimum" : "maximum")
      return .number(JSONNumber(bound ?? (extent == .most ? 7 : hasBounds ? -1 : 1)))
    case "number":
      let bound = number(extent == .least ? "minimum" : "maximum").map { Decimal($0) }
      return .number(JSONNumber(bound ?? Decimal(-125, places: 2)))
    case "boolean": return .bool(extent == .most)
    default: return extent == .least ? "text" : ["any": [1, 2.5, nil, true]]
    }
  }
}

extension Optional<Int64> {
  fileprivate var text: String { map { "\($0)" } ?? "none" }
}
