import Domain
@testable import OCPP
import Testing
import Wire

@Suite(.enabled(if: OfficialSchemas.package != nil, OfficialSchemas.absent))
struct SchemaTests {
  @Test(arguments: [
    StationCommand.remoteStart(RemoteStart(evse: 2, tag: "04A1", number: 1)),
    .remoteStart(RemoteStart(evse: nil, tag: "04A1", number: 1)),
    .remoteStop(.number(4711)),
    .reset(.hard), .unlock(evse: 1), .setAvailability(evse: 0, operative: false),
    .setConfiguration(key: "K", value: "v"), .getConfiguration(keys: []), .getConfiguration(keys: ["A"]), .clearCache,
    .trigger(.status, evse: 1), .transferData(vendor: "acme", message: "m", data: "x"), .trigger(.log, evse: nil),
    .capacity(), .list(.version), .list(.send(ProfileTests.update)), .reservation(.reserve(ProfileTests.wish)),
    .reservation(.cancel(number: 7)), .profile(.set(ProfileTests.profile, number: 7, evse: 1)),
    .profile(.clear(ProfileFilter())), .profile(.clear(ProfileFilter(number: 7, purpose: .station))),
    .profile(.composite(evse: 1, seconds: 60, unit: .watts)), .firmware(.update(ProfileTests.firmware)),
    .firmware(.update(ProfileTests.signedFirmware)), .firmware(.log(ProfileTests.log)),
    .firmware(.log(ProfileTests.securityLog)),
    .trigger(.certificate, evse: nil),
    .security(.deliver(chain: "PEM", .station, request: 7)), .security(.install(.manufacturer, pem: "PEM")),
    .security(.list(.csms)), .security(.remove(someCertificate, nil)), .security(.setKey("0123456789abcdef")),
    .security(.setProfile(.certificate, slot: 3, url: "wss://csms/ocpp", over: .any)),
  ])
  func everyCallThatWeSendIsValid(_ command: StationCommand) throws {
    let request = try Dialect16().request(for: command)
    #expect(try schema(request.action).flaws(in: JSON.parse(request.payload)) == [])
  }

  @MainActor
  @Test(arguments: [
    ("BootNotification", #"{"chargePointVendor":"A","chargePointModel":"M"}"#), ("Heartbeat", "{}"),
    ("StatusNotification", #"{"connectorId":1,"errorCode":"NoError","status":"Available"}"#),
    ("Authorize", #"{"idTag":"A"}"#), ("DataTransfer", #"{"vendorId":"acme"}"#),
    ("StartTransaction", #"{"connectorId":1,"idTag":"A","meterStart":0,"timestamp":"2026-03-01T12:00:00Z"}"#),
    ("StartTransaction", #"{"parked":true}"#), ("MeterValues", #"{"parked":true}"#),
    ("StopTransaction", #"{"parked":true}"#),
    ("FirmwareStatusNotification", #"{"status":"Idle"}"#), ("DiagnosticsStatusNotification", #"{"status":"Idle"}"#),
    ("SignedFirmwareStatusNotification", #"{"status":"Idle"}"#), ("LogStatusNotification", #"{"status":"Idle"}"#),
    ("StopTransaction", #"{"meterStop":1,"idTag":"A","timestamp":"2026-03-01T12:00:00Z","transactionId":1}"#),
  ])
  func everyReplyThatWeSendIsValid(_ action: String, _ payload: String) throws {
    let reply = try JSON.parse(try answer(action, payload, Desk()))
    #expect(try schema(action, reply: true).flaws(in: reply) == [])
  }

  private nonisolated func schema(_ action: String, reply: Bool = false) throws -> Schema {
    try OfficialSchemas(.v16).schema(action, reply: reply)
  }
}
