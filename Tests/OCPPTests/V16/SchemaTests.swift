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
    let schema = try JSON.parse(read("\(try #require(folder))/\(file).json"))
    #expect(differences(ours.shape, schema, "") == [])
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

  private func read(_ path: String) throws -> Bytes {
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
