import Domain
@testable import OCPP
import Testing
import Wire

@Suite struct Dialect16Tests {
  private let dialect = Dialect16()

  @Test(arguments: [
    (
      StationCommand.remoteStart(RemoteStart(evse: 2, tag: "04A1", number: 1)), "RemoteStartTransaction",
      #"{"connectorId":2,"idTag":"04A1"}"#
    ),
    (.remoteStart(RemoteStart(evse: nil, tag: "04A1", number: 1)), "RemoteStartTransaction", #"{"idTag":"04A1"}"#),
    (.remoteStop(.number(4711)), "RemoteStopTransaction", #"{"transactionId":4711}"#),
    (.reset(.hard), "Reset", #"{"type":"Hard"}"#), (.reset(.soft), "Reset", #"{"type":"Soft"}"#),
    (.unlock(evse: 1), "UnlockConnector", #"{"connectorId":1}"#),
    (.setAvailability(evse: 0, operative: false), "ChangeAvailability", #"{"connectorId":0,"type":"Inoperative"}"#),
    (.setAvailability(evse: 3, operative: true), "ChangeAvailability", #"{"connectorId":3,"type":"Operative"}"#),
    (.setConfiguration(key: "K", value: "v"), "ChangeConfiguration", #"{"key":"K","value":"v"}"#),
    (.getConfiguration(keys: []), "GetConfiguration", "{}"),
    (.getConfiguration(keys: ["A", "B"]), "GetConfiguration", #"{"key":["A","B"]}"#),
    (.clearCache, "ClearCache", "{}"),
    (.trigger(.boot, evse: nil), "TriggerMessage", #"{"requestedMessage":"BootNotification"}"#),
    (.trigger(.status, evse: 1), "TriggerMessage", #"{"requestedMessage":"StatusNotification","connectorId":1}"#),
    (.trigger(.meterValues, evse: 1), "TriggerMessage", #"{"requestedMessage":"MeterValues","connectorId":1}"#),
    (.trigger(.heartbeat, evse: nil), "TriggerMessage", #"{"requestedMessage":"Heartbeat"}"#),
    (
      .transferData(vendor: "acme", message: "m", data: "x"), "DataTransfer",
      #"{"vendorId":"acme","messageId":"m","data":"x"}"#
    ),
    (.raw(action: "SendLocalList", payload: ["listVersion": 1]), "SendLocalList", #"{"listVersion":1}"#),
  ])
  func everyCommandHasItsCall(_ command: StationCommand, _ action: String, _ payload: String) throws {
    let request = try dialect.request(for: command)
    #expect(request.action == action)
    #expect(String(decoding: request.payload, as: UTF8.self) == payload)
  }

  @Test(arguments: [
    StationCommand.remoteStart(RemoteStart(evse: nil, tag: String(repeating: "A", count: 21), number: 1)),
    .remoteStart(RemoteStart(evse: 0, tag: "A", number: 1)),
    .unlock(evse: 0),
    .setAvailability(evse: -1, operative: true), .setConfiguration(key: String(repeating: "K", count: 51), value: ""),
    .setConfiguration(key: "K", value: String(repeating: "v", count: 501)), .trigger(.status, evse: 0),
    .raw(action: "", payload: [:]), .raw(action: "Reset", payload: "Hard"), .raw(action: "a b", payload: [:]),
    .transferData(vendor: "acme", message: nil, data: "a\u{0}"),
  ])
  func whatTheProtocolCannotCarryIsRefusedHere(_ command: StationCommand) {
    #expect(throws: Unspeakable.self) { try dialect.request(for: command) }
  }

  @Test func theLongestThatFitsIsCarried() throws {
    _ = try dialect.request(for: .remoteStart(RemoteStart(evse: 1, tag: String(repeating: "A", count: 20), number: 1)))
    _ = try dialect.request(
      for: .setConfiguration(key: String(repeating: "K", count: 50), value: String(repeating: "v", count: 500)))
  }

  @Test(
    arguments: [
      (StationCommand.clearCache, "Accepted", nil), (.clearCache, "Rejected", "Rejected"),
      (.clearCache, "accepted", nil),
      (.clearCache, "Maybe", "Maybe"), (.unlock(evse: 1), "Unlocked", nil),
      (.unlock(evse: 1), "UnlockFailed", "UnlockFailed"),
      (.unlock(evse: 1), "NotSupported", "NotSupported"),
      (.setAvailability(evse: 1, operative: true), "Scheduled", nil),
      (.setAvailability(evse: 1, operative: true), "Rejected", "Rejected"),
      (.trigger(.boot, evse: nil), "NotImplemented", "NotImplemented"),
      (.transferData(vendor: "a", message: nil, data: nil), "UnknownVendorId", "UnknownVendorId"),
      (.raw(action: "X", payload: [:]), "Scheduled", nil), (.raw(action: "X", payload: [:]), "Occupied", "Occupied"),
    ] as [(StationCommand, String, String?)])
  func theStationsWordDecides(_ command: StationCommand, _ status: String, _ refusal: String?) throws {
    let answer: JSON = ["status": .string(status)]
    let outcome = try dialect.request(for: command).outcome(answer)
    #expect(outcome == refusal.map { .refused(word: $0, answer: answer) } ?? .accepted(answer: answer))
  }

  @Test func anAnswerWithoutItsStatusIsAFailure() throws {
    let outcome = try dialect.request(for: .clearCache).outcome([:])
    #expect(
      outcome
        == .failed(
          code: "OccurenceConstraintViolation", description: "the station's answer: status: the field is required"))
  }

  @Test(arguments: [("Accepted", true), ("RebootRequired", true), ("Rejected", false), ("NotSupported", false)])
  func aSettingIsTakenOrNot(_ status: String, _ isTaken: Bool) throws {
    let outcome = try dialect.request(for: .setConfiguration(key: "K", value: "")).outcome(["status": .string(status)])
    let told: JSON = [
      "status": .string(status),
      "settings": [["key": "K", "accepted": .bool(isTaken), "status": .string(status)]],
    ]
    #expect(outcome == (isTaken ? .accepted(answer: told) : .refused(word: status, answer: told)))
  }

  @Test func settingsAreToldInTheHousesWords() throws {
    let long = String(repeating: "9", count: 600)
    let outcome = try dialect.request(for: .getConfiguration(keys: [])).outcome(
      [
        "configurationKey": [["key": "HeartbeatInterval", "readonly": false, "value": .string(long)]],
        "unknownKey": ["Colour"],
      ])
    #expect(
      outcome
        == .accepted(answer: [
          "settings": [["key": "HeartbeatInterval", "value": .string(long), "read_only": false]],
          "unknown": [["key": "Colour"]],
        ]))
  }

  @Test func aRawAnswerWithoutStatusIsAYes() throws {
    #expect(try dialect.request(for: .raw(action: "X", payload: [:])).outcome(["a": 1]) == .accepted(answer: ["a": 1]))
  }
}
