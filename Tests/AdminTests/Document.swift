// The OpenAPI document, and what a value must be to be what it says. Only the words that the document uses are
// understood; an unknown one fails the test, so that none is believed to be checked that is not.
import HTTP
import Testing
import Wire

@testable import Admin

struct Document: Sendable {
  static let shared = Document()

  let root: JSON

  init() { root = (Assets.document.flatMap { try? JSON.parse($0.bytes) }) ?? .null }

  struct Operation {
    let method: HTTP.Method
    let path: String
    let item: JSON
    let value: JSON
    var id: String { value["operationId"]?.string ?? "" }
    var isOpen: Bool { value["security"]?.array?.isEmpty ?? false }
    var isAtRoot: Bool { item["servers"] != nil }
    var parameters: [JSON] { (item["parameters"]?.array ?? []) + (value["parameters"]?.array ?? []) }
  }

  var operations: [Operation] {
    (root["paths"]?.object?.members ?? []).flatMap { path in
      (path.value.object?.members ?? []).compactMap { member in
        HTTP.Method(rawValue: member.key.uppercased()).map {
          Operation(method: $0, path: path.key, item: path.value, value: member.value)
        }
      }
    }
  }

  /// Follows references.
  func resolve(_ value: JSON) -> JSON {
    guard let reference = value["$ref"]?.string else { return value }
    var found: JSON? = root
    for part in reference.split(separator: "/").dropFirst() { found = found?[String(part)] }
    return found.map(resolve) ?? .null
  }

  /// Every reference in the document, with whether it leads somewhere.
  func references(in value: JSON) -> [(String, Bool)] {
    switch value {
    case .array(let items): items.flatMap(references)
    case .object(let object):
      object.members.flatMap { member in
        member.key == "$ref"
          ? [(member.value.string ?? "", resolve(.object(object)) != .null)] : references(in: member.value)
      }
    case .null, .bool, .number, .string: []
    }
  }

  // MARK: Answers

  func check(_ reply: Reply, _ method: HTTP.Method, _ path: String, sourceLocation: SourceLocation = #_sourceLocation) {
    let bare = path.split(separator: "?")[0]
    guard let operation = operation(method, String(bare)) else { return }
    let responses = operation.value["responses"] ?? .null
    let response = resolve(responses["\(reply.status)"] ?? responses["default"] ?? .null)
    let isProblem = responses["\(reply.status)"] == nil || reply.status >= 400
    if isProblem { #expect(reply.status >= 400, "\(method.rawValue) \(path): \(reply.status) is not described") }
    guard let content = response["content"]?.object else {
      #expect(
        reply.bytes.isEmpty, "\(method.rawValue) \(path) has a body that is not described",
        sourceLocation: sourceLocation)
      return
    }
    let type = reply.headers["content-type"].map { String($0.prefix { $0 != ";" }) } ?? ""
    guard let media = content[type] else {
      Issue.record("\(method.rawValue) \(path): \(reply.status) \(type) is not described: \(reply.text)")
      return
    }
    if type.hasSuffix("json"), let schema = media["schema"] {
      for flaw in flaws(of: reply.json, against: schema, at: "") {
        Issue.record("\(method.rawValue) \(path): \(flaw)", sourceLocation: sourceLocation)
      }
    }
    if response["headers"]?["ETag"] != nil {
      #expect(reply.headers["etag"] != nil, "\(method.rawValue) \(path) has no ETag", sourceLocation: sourceLocation)
    }
  }

  private func operation(_ method: HTTP.Method, _ path: String) -> Operation? {
    let segments = path.split(separator: "/")
    let fitting = operations.filter { operation in
      let parts = operation.path.split(separator: "/")
      return operation.method == method && parts.count == segments.count
        && zip(parts, segments).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }
    return fitting.min { $0.path.filter { $0 == "{" }.count < $1.path.filter { $0 == "{" }.count }
  }

  // MARK: Schemas

  func flaws(of value: JSON, against schema: JSON, at path: String) -> [String] {
    let schema = resolve(schema)
    guard let words = schema.object else { return ["\(path): no schema"] }
    var flaws: [String] = []
    for word in words.members {
      switch word.key {
      case "description", "examples", "title", "default", "format", "minLength", "maxLength", "minItems", "required",
        "properties",
        "pattern", "minimum", "maximum":
        break
      case "type":
        let types = word.value.array ?? [word.value]
        if !types.contains(where: { fits(value, $0.string ?? "") }) {
          flaws.append("\(path): \(value.text) is no \(word.value.text)")
        }
      case "enum":
        if !(word.value.array ?? []).contains(value) {
          flaws.append("\(path): \(value.text) is none of \(word.value.text)")
        }
      case "items":
        for (place, item) in (value.array ?? []).enumerated() {
          flaws += self.flaws(of: item, against: word.value, at: "\(path)[\(place)]")
        }
      case "oneOf":
        let each = (word.value.array ?? []).map { self.flaws(of: value, against: $0, at: path) }
        if each.count(where: \.isEmpty) == 0 { flaws += each.min { $0.count < $1.count } ?? [] }
      case "allOf", "additionalProperties": break
      default: flaws.append("the schema word \(word.key) is not understood")
      }
    }
    if let object = value.object, fits(value, "object") { flaws += objectFlaws(of: object, schema, at: path) }
    return flaws
  }

  /// Members are those of all schemas that are joined by `allOf`.
  private func objectFlaws(of object: JSONObject, _ schema: JSON, at path: String) -> [String] {
    let parts = [schema] + (schema["allOf"]?.array ?? []).map(resolve)
    let known = parts.flatMap { $0["properties"]?.object?.members ?? [] }
    var flaws: [String] = []
    for name in parts.flatMap({ $0["required"]?.array ?? [] }).compactMap(\.string) where object[name] == nil {
      flaws.append("\(path): \(name) is missing")
    }
    guard !known.isEmpty else { return flaws }
    for member in object.members {
      guard let inner = known.first(where: { $0.key == member.key }) else {
        flaws.append("\(path): \(member.key) is not described")
        continue
      }
      flaws += self.flaws(of: member.value, against: inner.value, at: "\(path).\(member.key)")
    }
    return flaws
  }

  private func fits(_ value: JSON, _ type: String) -> Bool {
    switch (type, value) {
    case ("null", .null), ("boolean", .bool), ("number", .number), ("string", .string), ("array", .array),
      ("object", .object):
      true
    case ("integer", .number(let number)): number.int != nil
    default: false
    }
  }
}
