@testable import OCPP
import Testing
import Wire

/// A message in one version.
private struct Declared: Sendable, CustomTestStringConvertible {
  let edition: Edition
  let message: any Message.Type

  var testDescription: String { "\(message.action) \(edition.order)" }

  static let all = of(.v16, messages16) + of(.v201, messages2) + of(.v21, messages2)

  private static func of(_ edition: Edition, _ messages: [any Message.Type]) -> [Declared] {
    messages.filter { $0.since <= edition }.map { Declared(edition: edition, message: $0) }
  }
}

/// All that is said in OCPP 1.6, and all that is said in 2.x.
let messages16: [any Message.Type] =
  Dialect16().calls + [
    V16.BootNotification.self, V16.Heartbeat.self, V16.StatusNotification.self, V16.Authorize.self,
    V16.StartTransaction.self, V16.MeterValues.self, V16.StopTransaction.self, V16.FirmwareStatusNotification.self,
    V16.DiagnosticsStatusNotification.self, V16.SignedFirmwareStatusNotification.self, V16.LogStatusNotification.self,
    V16.SignCertificate.self, V16.SecurityEventNotification.self,
  ]

let messages2 = V2.houseCalls + V2.stationCalls.filter { $0.action != "DataTransfer" }

@Suite(.enabled(if: OfficialSchemas.package != nil, OfficialSchemas.absent))
struct DeclarationTests {
  @Test(arguments: Declared.all)
  private func aMessageIsDeclaredAsItsOfficialSchema(_ declared: Declared) throws {
    try compare(declared.message, declared.edition)
  }

  private func compare<M: Message>(_ message: M.Type, _ edition: Edition) throws {
    let schemas = OfficialSchemas(edition)
    let call = M.shape(edition: edition)
    #expect(try schemas.schema(M.action).differences(from: call) == [])
    guard M.action != "NotifyPeriodicEventStream" else { return }
    #expect(try schemas.schema(M.action, reply: true).differences(from: M.Reply.shape(edition: edition)) == [])
  }

  @Test(arguments: Declared.all, Schema.Extent.allCases)
  private func whatIsValidIsReadWithoutANoteAndLosesNothing(_ declared: Declared, _ extent: Schema.Extent) throws {
    try read(declared.message, declared.edition, extent)
  }

  private func read<M: Message>(_ message: M.Type, _ edition: Edition, _ extent: Schema.Extent) throws {
    let schemas = OfficialSchemas(edition)
    try read(M.self, schemas.schema(M.action), edition, extent)
    guard M.action != "NotifyPeriodicEventStream" else { return }
    try read(M.Reply.self, schemas.schema(M.action, reply: true), edition, extent)
  }

  private func read<P: Payload>(_: P.Type, _ schema: Schema, _ edition: Edition, _ extent: Schema.Extent) throws {
    let sent = schema.example(extent)
    #expect(schema.flaws(in: sent) == [])
    let read = try P.read(sent, edition: edition)
    #expect(read.oddities == [])
    #expect(read.value.json(edition: edition).plain == sent.plain)
  }

  @Test func allActionsOfTheThreeVersionsAreDeclared() {
    #expect(messages16.count == 39 && Set(messages16.map { $0.action }).count == 39)
    #expect(messages2.count == 91)
    #expect(messages2.filter { $0.since <= .v201 }.count == 64)
    #expect(Set(messages2.map { $0.action }).count == 91)
    // One schema for each call and one for each reply; the one message that is only sent has none.
    #expect(2 * Declared.all.count - 1 == 387)
  }
}

extension JSON {
  /// Without vendors' data, and with its keys in order: for comparison.
  fileprivate var plain: JSON {
    switch self {
    case .object(let object):
      let members = object.members.filter { $0.key != "customData" }.sorted { $0.key < $1.key }
      return .object(JSONObject(members.map { JSONObject.Member($0.key, $0.value.plain) }))
    case .array(let elements): return .array(elements.map(\.plain))
    case .null, .bool, .number, .string: return self
    }
  }
}
