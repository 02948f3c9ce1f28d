import Domain
import Testing
import Wire

struct SettingNameTests {
  @Test(arguments: [
    ("HeartbeatInterval", SettingName(component: nil, variable: "HeartbeatInterval")),
    ("OCPPCommCtrlr.HeartbeatInterval", SettingName(component: "OCPPCommCtrlr", variable: "HeartbeatInterval")),
    (
      "DeviceDataCtrlr.ItemsPerMessage[SetVariables]",
      SettingName(component: "DeviceDataCtrlr", variable: "ItemsPerMessage", instance: "SetVariables")
    ),
    ("Connector#1/2.Available", SettingName(component: "Connector", evse: 1, connector: 2, variable: "Available")),
    (
      "Fan[left]#3.Speed[rear]",
      SettingName(component: "Fan", componentInstance: "left", evse: 3, variable: "Speed", instance: "rear")
    ),
    ("Acme\\.Box.Light\\[1\\]", SettingName(component: "Acme.Box", variable: "Light[1]")),
    ("Light[2]", SettingName(component: nil, variable: "Light", instance: "2")),
  ])
  func aNameIsReadAndWritten(_ text: String, _ name: SettingName) throws {
    #expect(SettingName(text) == name)
    #expect(name.description == text)
  }

  @Test(arguments: ["", ".A", "A.", "A[", "A[].B", "A#.B", "A#1", "A#x.B", "A.B.C", "A.B[1]x", "A\\"])
  func whatIsNoNameIsABareWord(_ text: String) {
    #expect(SettingName(text) == nil)
    #expect(SettingName(reading: text).component == nil)
    #expect(SettingName(reading: text).plain == text)
  }

  @Test func letterCaseDoesNotCount() {
    #expect(SettingName(reading: "ocppcommctrlr.HEARTBEATINTERVAL") == SettingName("OCPPCommCtrlr.HeartbeatInterval"))
    #expect(SettingName(reading: "A.B") != SettingName(reading: "A.B[1]"))
  }

  @Test(arguments: [
    ("AuthorizationKey", true), ("SecurityCtrlr.BasicAuthPassword", true), ("BasicAuthPassword", true),
    ("NetworkConfiguration[2].BasicAuthPassword", false), ("Proxy.BasicAuthPassword", false),
  ])
  func aPasswordOfAnotherConnectionIsNotTheStationsKey(_ name: String, _ isKey: Bool) {
    #expect(SettingName(reading: name).isStationKey == isKey)
    let word = SettingName(reading: name)
    guard let component = word.component else { return }
    let call: JSON = [
      "setVariableData": [
        [
          "component": ["name": .string(component)], "variable": ["name": .string(word.variable)],
          "attributeValue": "a-new-password",
        ]
      ]
    ]
    #expect(call.newStationKey == (isKey ? "a-new-password" : nil))
  }

  @Test(arguments: [
    ("AuthorizationKey", true), ("SecurityCtrlr.BasicAuthPassword", true), ("WebPaymentsCtrlr.SharedSecret", true),
    ("CpoName", false), ("AcmeModem.ApnPassword", true), ("wifi_passphrase", true), ("Acme-PSK", true),
    ("PasswordLength", false), ("PublicKey", false), ("IdToken", false),
  ])
  func aPasswordIsASecret(_ name: String, _ isSecret: Bool) { #expect(SettingName(reading: name).isSecret == isSecret) }
}
