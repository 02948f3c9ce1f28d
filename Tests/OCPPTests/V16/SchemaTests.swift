import Domain
import Glibc
@testable import OCPP
import Testing
import Wire

/// The folder of the official schemas of OCPP 1.6 (files such as `Authorize.json`), which are not ours to keep here.
private let folder = getenv("OCPP_SCHEMAS").map { String(cString: $0) }

private struct Declared: Sendable {
  let file: String
  let shape: Shape

  init<P: Payload>(_ file: String, _ type: P.Type) { (self.file, shape) = (file, P.shape(edition: .v16)) }

  static func both<M: Message>(_ type: M.Type) -> [Declared] {
    [Declared(M.action, M.self), Declared(M.action + "Response", M.Reply.self)]
  }
}

private let declared: [Declared] = [
  Declared.both(V16.BootNotification.self), Declared.both(V16.Heartbeat.self),
  Declared.both(V16.StatusNotification.self),
  Declared.both(V16.Authorize.self), Declared.both(V16.DataTransfer.self), Declared.both(V16.StartTransaction.self),
  Declared.both(V16.MeterValues.self), Declared.both(V16.StopTransaction.self),
  Declared.both(V16.RemoteStartTransaction.self),
  Declared.both(V16.RemoteStopTransaction.self), Declared.both(V16.Reset.self), Declared.both(V16.ClearCache.self),
  Declared.both(V16.UnlockConnector.self), Declared.both(V16.ChangeAvailability.self),
  Declared.both(V16.ChangeConfiguration.self),
  Declared.both(V16.GetConfiguration.self), Declared.both(V16.TriggerMessage.self),
].flatMap { $0 }

@Suite(.enabled(if: folder != nil, "set OCPP_SCHEMAS to the folder of the official OCPP 1.6 schemas"))
struct SchemaTests {
  @Test(arguments: declared.map(\.file)) func whatWeDeclareIsTheOfficialSchema(_ file: String) throws {
    let ours = try #require(declared.first { $0.file == file })
    #expect(differences(ours.shape, try official(file), "") == [])
  }

  @Test(arguments: [
    StationCommand.remoteStart(evse: 2, tag: "04A1"), .remoteStart(evse: nil, tag: "04A1"),
    .remoteStop(transaction: 4711),
    .reset(hard: true), .unlock(evse: 1), .setAvailability(evse: 0, operative: false),
    .setConfiguration(key: "K", value: "v"), .getConfiguration(keys: []), .getConfiguration(keys: ["A"]), .clearCache,
    .trigger(.status, evse: 1), .transferData(vendor: "acme", message: "m", data: "x"),
  ])
  func everyCallThatWeSendIsValid(_ command: StationCommand) throws {
    let request = try Dialect16().request(for: command)
    #expect(try flaws(JSON.parse(request.payload), official(request.action), "") == [])
  }

  @MainActor
  @Test(arguments: [
    ("BootNotification", #"{"chargePointVendor":"A","chargePointModel":"M"}"#), ("Heartbeat", "{}"),
    ("StatusNotification", #"{"connectorId":1,"errorCode":"NoError","status":"Available"}"#),
    ("Authorize", #"{"idTag":"A"}"#), ("DataTransfer", #"{"vendorId":"acme"}"#),
    ("StartTransaction", #"{"connectorId":1,"idTag":"A","meterStart":0,"timestamp":"2026-03-01T12:00:00Z"}"#),
    ("StartTransaction", #"{"parked":true}"#), ("MeterValues", #"{"parked":true}"#),
    ("StopTransaction", #"{"parked":true}"#),
    ("StopTransaction", #"{"meterStop":1,"idTag":"A","timestamp":"2026-03-01T12:00:00Z","transactionId":1}"#),
  ])
  func everyReplyThatWeSendIsValid(_ action: String, _ payload: String) throws {
    let reply = try JSON.parse(try answer(action, payload, Desk()))
    #expect(try flaws(reply, official(action + "Response"), "") == [])
  }

  private nonisolated func official(_ file: String) throws -> JSON {
    try JSON.parse(read("\(try #require(folder))/\(file).json"))
  }

  /// What a JSON Schema of draft 4 finds wrong, as far as these files use it.
  private nonisolated func flaws(_ value: JSON, _ schema: JSON, _ path: String) -> [String] {
    if let words = schema["enum"]?.array, !words.contains(value) { return ["\(path) is none of \(words.count) words"] }
    switch schema["type"]?.string {
    case "object":
      guard let object = value.object else { return ["\(path) is no object"] }
      let properties = schema["properties"]?.object ?? JSONObject()
      let missing = (schema["required"]?.array ?? []).compactMap(\.string).filter { object[$0] == nil }
      return missing.map { "\(path).\($0) is missing" }
        + object.members.flatMap { member in
          properties[member.key].map { flaws(member.value, $0, "\(path).\(member.key)") } ?? [
            "\(path).\(member.key) is unknown"
          ]
        }
    case "array":
      guard let elements = value.array else { return ["\(path) is no array"] }
      return elements.flatMap { flaws($0, schema["items"] ?? .null, path + "[]") }
    case "string":
      guard let text = value.string else { return ["\(path) is no text"] }
      if schema["format"] == "date-time", Timestamp(text) == nil { return ["\(path) is no time"] }
      let isTooLong = schema["maxLength"]?.int.map { text.unicodeScalars.count > $0 } ?? false
      return isTooLong ? ["\(path) is too long"] : []
    case "integer": return value.int == nil ? ["\(path) is no whole number"] : []
    case "number": return value.decimal == nil ? ["\(path) is no number"] : []
    case "boolean": return value.bool == nil ? ["\(path) is no boolean"] : []
    default: return ["\(path) has an unknown type"]
    }
  }

  private func differences(_ shape: Shape, _ schema: JSON, _ path: String) -> [String] {
    let properties = schema["properties"]?.object ?? JSONObject()
    let required = Set((schema["required"]?.array ?? []).compactMap(\.string))
    var found: [String] = []
    for name in Set(properties.keys).symmetricDifference(shape.fields.map(\.name)).sorted() {
      found.append("\(path).\(name) is on one side only")
    }
    for field in shape.fields {
      guard let official = properties[field.name] else { continue }
      if field.required != required.contains(field.name) {
        found.append("\(path).\(field.name) required: \(field.required)")
      }
      found += differences(field.kind, official, "\(path).\(field.name)")
    }
    return found
  }

  private func differences(_ kind: Shape.Kind, _ schema: JSON, _ path: String) -> [String] {
    let type = schema["type"]?.string
    func check(_ wanted: String) -> [String] {
      type == wanted ? [] : ["\(path) is \(wanted) here and \(type ?? "?") there"]
    }
    switch kind {
    case .string(let max):
      let official = schema["maxLength"]?.int.map { Int($0) }
      return check("string") + (max == official ? [] : ["\(path) length \(max ?? 0) here, \(official ?? 0) there"])
    case .integer: return check("integer")
    case .boolean: return check("boolean")
    case .decimal: return check("number")
    case .timestamp: return schema["format"]?.string == "date-time" ? [] : ["\(path) is no time there"]
    case .word(let words):
      // The package's own addition: 1.6 has no unit for frequency.
      let official = Set((schema["enum"]?.array ?? []).compactMap(\.string)).subtracting(["Hertz"])
      let odd = official.symmetricDifference(words).sorted()
      return odd.isEmpty ? [] : ["\(path) differs in \(odd)"]
    case .object(let shape): return check("object") + differences(shape, schema, path)
    case .array(let element, _, _): return check("array") + differences(element, schema["items"] ?? .null, path + "[]")
    case .any, .again: return []
    }
  }

  private nonisolated func read(_ path: String) throws -> Bytes {
    let file = try #require(fopen(path, "rb"), "\(path)")
    defer { fclose(file) }
    var bytes: Bytes = []
    var buffer = Bytes(repeating: 0, count: 65_536)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      if count == 0 { return bytes }
      bytes += buffer[..<count]
    }
  }
}
