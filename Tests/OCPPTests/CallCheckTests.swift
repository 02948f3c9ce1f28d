import Domain
import Testing
import Wire

@testable import OCPP

@Suite struct CallCheckTests {
  private func flaw(_ action: String, _ payload: String) throws -> CallFlaw? {
    Dialect16().flaw(in: try JSON.parse(Bytes(utf8: payload)), of: action)
  }

  @Test(arguments: [
    ("Reset", #"{"type":"Hard"}"#), ("ClearCache", "{}"), ("GetConfiguration", "{}"),
    ("GetConfiguration", #"{"key":["A","B"]}"#), ("ChangeConfiguration", #"{"key":"A","value":""}"#),
    ("RemoteStopTransaction", #"{"transactionId":-1}"#), ("DataTransfer", #"{"vendorId":"v"}"#),
    // Nonsense of the right form is what support staff may want to send.
    ("ChangeConfiguration", #"{"key":"HeartbeatInterval","value":"soon"}"#),
  ])
  func aCallOfTheDeclaredFormIsFine(_ action: String, _ payload: String) throws {
    #expect(try flaw(action, payload) == nil)
  }

  @Test(arguments: [
    ("Reset", "{}", "type"), ("Reset", #"{"type":"Warm"}"#, "type"), ("Reset", #"{"type":1}"#, "type"),
    ("Reset", #"{"type":"Hard","soft":true}"#, "soft"), ("UnlockConnector", #"{"connectorId":"1"}"#, "connectorId"),
    ("UnlockConnector", #"{"connectorId":0}"#, "connectorId"), ("GetConfiguration", #"{"key":"A"}"#, "key"),
    ("GetConfiguration", #"{"key":[1]}"#, "key[0]"),
    (
      "RemoteStartTransaction",
      #"{"idTag":"A","chargingProfile":{"chargingProfileId":1,"stackLevel":0,"chargingProfilePurpose":"TxProfile","#
        + #""chargingProfileKind":"Absolute","chargingSchedule":{"chargingSchedulePeriod":[]}}}"#,
      "chargingProfile.chargingSchedule.chargingRateUnit"
    ),
    ("ChangeConfiguration", #"{"key":"\#(String(repeating: "k", count: 51))","value":""}"#, "key"),
  ])
  func aFieldThatIsNotAsDeclaredIsNamed(_ action: String, _ payload: String, _ field: String) throws {
    guard case .field(let path, let what)? = try flaw(action, payload) else {
      Issue.record("\(action) \(payload) has no flaw")
      return
    }
    #expect(path == field)
    #expect(!what.isEmpty)
  }

  @Test(arguments: ["NoSuchAction", "BootNotification", "reset", ""])
  func anActionThatNoStationIsAskedForIsUnknown(_ action: String) throws {
    #expect(try flaw(action, "{}") == .unknownAction)
  }

  @Test(
    arguments: [
      (Dialect16(), "ChangeConfiguration", #"{"key":"K","value":"7"}"#, #"{"status":"Accepted"}"#, "7"),
      (Dialect16(), "ChangeConfiguration", #"{"key":"K","value":"7"}"#, #"{"status":"RebootRequired"}"#, nil),
      (
        Dialect16(), "GetConfiguration", #"{"key":["K"]}"#,
        #"{"configurationKey":[{"key":"K","readonly":true,"value":"7"}]}"#, "7"
      ),
      (
        Dialect2.v21, "SetVariables",
        #"{"setVariableData":[{"attributeValue":"7","component":{"name":"C"},"variable":{"name":"K"}}]}"#,
        #"{"setVariableResult":[{"attributeStatus":"Accepted","component":{"name":"C"},"variable":{"name":"k"}}]}"#, "7"
      ),
      (
        Dialect2.v201, "SetVariables",
        #"{"setVariableData":[{"attributeValue":"7","component":{"name":"C"},"variable":{"name":"K"}}]}"#,
        #"{"setVariableResult":[{"attributeStatus":"Rejected","component":{"name":"C"},"variable":{"name":"K"}}]}"#, nil
      ),
      (
        Dialect2.v201, "GetVariables", "{}",
        #"{"getVariableResult":[{"attributeStatus":"Accepted","attributeValue":"7","component":{"name":"C"},"#
          + #""variable":{"name":"K"}}]}"#, "7"
      ),
      (Dialect2.v201, "Reset", #"{"type":"OnIdle"}"#, #"{"status":"Accepted"}"#, nil),
    ] as [(any Dialect, String, String, String, String?)])
  func whatACallByHandTellsOfSettingsIsUnderstood(
    _ dialect: any Dialect, _ action: String, _ payload: String, _ answer: String, _ value: String?
  ) throws {
    let told = dialect.settings(
      told: try JSON.parse(Bytes(utf8: answer)), to: action, with: try JSON.parse(Bytes(utf8: payload)))
    #expect(told?["settings"]?[0]?["value"]?.string == value)
  }

  @Test func everyActionIsCountedOnce() {
    let actions = Dialect16().actions
    #expect(Set(actions).count == actions.count)
    #expect(actions.contains("DataTransfer") && actions.contains("BootNotification") && actions.contains("Reset"))
  }
}
