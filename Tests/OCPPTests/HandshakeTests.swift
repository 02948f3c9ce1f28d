@testable import Domain
import HTTP
@testable import OCPP
import Testing
import Wire

@Suite struct HandshakeTests {
  private let station = StationIdentity("CP_1")!

  @Test(arguments: [
    ("/CP_1", "CP_1"), ("/ocpp/CP_1", "CP_1"), ("/ocpp/CP_1/", "CP_1"), ("/ocpp/CP_1///", "CP_1"), ("//CP_1", "CP_1"),
    ("/a/b/c/d/CP_1?x=1", "CP_1"), ("/ocpp/CP%5F1", "CP_1"), ("/ws://192.168.1.2:9000/CP_1/SERIAL_1234", "SERIAL_1234"),
    ("ws://example.com/ocpp/CP_1", "CP_1"), ("/ocpp/CP_1/CP_1", "CP_1"),
  ])
  func theLastSegmentIsTheIdentity(_ target: String, _ identity: String) throws {
    #expect(StationIdentity(try Target(target))?.text == identity)
  }

  @Test(arguments: [
    "/", "//", "/ocpp/a%3Ab", "/ocpp/a%20b", "/ocpp/a%2Fb", "/ocpp/\(String(repeating: "x", count: 49))", "/%C3%A9",
  ])
  func aPathWithoutAnIdentityHasNone(_ target: String) throws {
    #expect(StationIdentity(try Target(target)) == nil)
  }

  private func credentials(_ value: String) -> Credentials { Credentials(["Authorization": value], for: station) }

  @Test func thePasswordIsBytes() {
    let binary: Bytes = [0, 1, 0xFF, 0x3A, 0x80]
    #expect(credentials("Basic " + Bytes(utf8: "CP_1:secret").base64) == .password(Bytes(utf8: "secret")))
    #expect(credentials("basic " + (Bytes(utf8: "CP_1:") + binary).base64) == .password(binary))
    #expect(credentials("Basic " + Bytes(utf8: "CP_1:").base64) == .password([]))
    #expect(credentials("Basic " + Bytes(utf8: "CP_1:a:b").base64) == .password(Bytes(utf8: "a:b")))
    #expect(Credentials([:], for: station) == .none)
  }

  @Test(arguments: [
    "", "Basic", "Basic !!!", "Bearer abc", "Basic " + Bytes(utf8: "CP_2:secret").base64,
    "Basic " + Bytes(utf8: "cp_1:x").base64,
    "Basic " + Bytes(utf8: "CP_1").base64, "Basic " + Bytes(utf8: ":secret").base64,
  ])
  func credentialsThatAreNotTheStationsAreWrong(_ value: String) {
    #expect(credentials(value) == .wrong)
  }

  @Test func aRefusedStationIsToldHowToAuthenticate() {
    #expect(Admission.unauthorized.refusal?.headers["WWW-Authenticate"]?.hasPrefix("Basic ") == true)
    #expect(Admission.crowded.refusal?.headers["Retry-After"] == "60")
  }

  @Test func twoAuthorizationFieldsAreWrong() {
    var headers = Headers()
    headers.add("Authorization", "Basic " + Bytes(utf8: "CP_1:a").base64)
    headers.add("Authorization", "Basic " + Bytes(utf8: "CP_1:b").base64)
    #expect(Credentials(headers, for: station) == .wrong)
  }

  @Test(
    arguments: [
      (["ocpp1.6"], nil, "ocpp1.6"), (["ocpp2.0.1", "ocpp1.6"], nil, "ocpp1.6"), (["OCPP1.6"], nil, "OCPP1.6"),
      (["ocpp1.5", "ocpp1.6"], "2.0.1", "ocpp1.6"),
    ] as [([String], String?, String)])
  func theFirstOfferThatWeSpeakIsTaken(_ offered: [String], _ assumed: String?, _ answer: String) {
    guard
      case .speak(let dialect, let said) = VersionChoice(offered: offered, assumed: assumed, dialects: [Dialect16()])
    else {
      Issue.record("nothing in common")
      return
    }
    #expect(dialect.version == "1.6")
    #expect(said == answer)
  }

  @Test(arguments: ["1.6", "ocpp1.6"]) func withoutAnOfferTheAssumedVersionIsSpoken(_ assumed: String) {
    guard case .speak(_, let said) = VersionChoice(offered: [], assumed: assumed, dialects: [Dialect16()]) else {
      Issue.record("nothing in common")
      return
    }
    #expect(said == nil)
  }

  @Test(
    arguments: [
      ([], nil, "no Sec-WebSocket-Protocol"), ([], "2.0.1", "no Sec-WebSocket-Protocol"),
      (["ocpp2.0.1"], "1.6", "ocpp2.0.1"),
    ] as [([String], String?, String)])
  func withoutACommonVersionTheReasonIsTold(_ offered: [String], _ assumed: String?, _ word: String) {
    guard case .nothingInCommon(let why) = VersionChoice(offered: offered, assumed: assumed, dialects: [Dialect16()])
    else {
      Issue.record("something in common")
      return
    }
    #expect(why.contains(word))
  }
}

@Suite struct SecretsTests {
  @Test(arguments: [
    (
      #"[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"0011"}]"#,
      #"[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"***"}]"#
    ),
    (
      #"[2,"1","ChangeConfiguration",{"value":"0011","key":"authorizationkey"}]"#,
      #"[2,"1","ChangeConfiguration",{"value":"***","key":"authorizationkey"}]"#
    ),
    (
      #"[2,"1","ChangeConfiguration",{"key":"BASICAuthPassword","value":"0011"}]"#,
      #"[2,"1","ChangeConfiguration",{"key":"BASICAuthPassword","value":"***"}]"#
    ),
    (
      #"[2,"1","ChangeConfiguration",{"key":"\u0041uthorizationKey","value":"0011"}]"#,
      #"[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"***"}]"#
    ),
    (
      #"[3,"1",{"configurationKey":[{"key":"AuthorizationKey","readonly":false,"value":"0011"},{"key":"B","value":"1"}]}]"#,
      #"[3,"1",{"configurationKey":[{"key":"AuthorizationKey","readonly":false,"value":"***"},{"key":"B","value":"1"}]}]"#
    ),
    (
      #"[2,"1","SetVariables",{"setVariableData":[{"attributeValue":"0011","component":{"name":"SecurityCtrlr"},"#
        + #""variable":{"name":"BasicAuthPassword"}},{"attributeValue":"1","variable":{"name":"B"}}]}]"#,
      #"[2,"1","SetVariables",{"setVariableData":[{"attributeValue":"***","component":{"name":"SecurityCtrlr"},"#
        + #""variable":{"name":"BasicAuthPassword"}},{"attributeValue":"1","variable":{"name":"B"}}]}]"#
    ),
    (
      #"[2,"1","SetVariables",{"setVariableData":[{"attributeValue":"0011","component":{"name":"WebPaymentsCtrlr"},"#
        + #""variable":{"name":"SharedSecret"}}]}]"#,
      #"[2,"1","SetVariables",{"setVariableData":[{"attributeValue":"***","component":{"name":"WebPaymentsCtrlr"},"#
        + #""variable":{"name":"SharedSecret"}}]}]"#
    ),
    (
      #"[2,"1","NotifyReport",{"reportData":[{"variable":{"name":"BasicAuthPassword"},"#
        + #""variableAttribute":[{"value":"0011"},{"type":"Target"}]}]}]"#,
      #"[2,"1","NotifyReport",{"reportData":[{"variable":{"name":"BasicAuthPassword"},"#
        + #""variableAttribute":[{"value":"***"},{"type":"Target"}]}]}]"#
    ),
    (
      #"[2,"1","SetNetworkProfile",{"connectionData":{"basicAuthPassword":"a","apn":{"apn":"x","apnPassword":"b"},"#
        + #""vpn":{"server":"s","user":"u","password":"c","key":"d"}}}]"#,
      #"[2,"1","SetNetworkProfile",{"connectionData":{"basicAuthPassword":"***","apn":{"apn":"x","apnPassword":"***"},"#
        + #""vpn":{"server":"s","user":"u","password":"***","key":"***"}}}]"#
    ),
    (
      #"[2,"1","SetNetworkProfile",{"connectionData":{"apn":{"apn":"net","simPin":1234}}}]"#,
      #"[2,"1","SetNetworkProfile",{"connectionData":{"apn":{"apn":"net","simPin":"***"}}}]"#
    ),
    (
      #"[2,"1","Authorize",{"idToken":{"idToken":"1234","type":"KeyCode"}}]"#,
      #"[2,"1","Authorize",{"idToken":{"idToken":"***","type":"KeyCode"}}]"#
    ),
    // What vendors call so, at whichever component.
    (
      #"[2,"1","SetVariables",{"setVariableData":[{"attributeValue":"0011","component":{"name":"AcmeWifi"},"#
        + #""variable":{"name":"Wifi-PSK"}},{"attributeValue":"8","variable":{"name":"PasswordLength"}}]}]"#,
      #"[2,"1","SetVariables",{"setVariableData":[{"attributeValue":"***","component":{"name":"AcmeWifi"},"#
        + #""variable":{"name":"Wifi-PSK"}},{"attributeValue":"8","variable":{"name":"PasswordLength"}}]}]"#
    ),
    (
      #"[3,"1",{"configurationKey":[{"key":"acme.ClientSecret","readonly":false,"value":"0011"}]}]"#,
      #"[3,"1",{"configurationKey":[{"key":"acme.ClientSecret","readonly":false,"value":"***"}]}]"#
    ),
    (
      #"[2,"1","NotifyReport",{"reportData":[{"variable":{"name":"Odd"},"#
        + #""variableAttribute":[{"value":"0011","mutability":"WriteOnly"},{"value":"1","mutability":"ReadWrite"}]}]}]"#,
      #"[2,"1","NotifyReport",{"reportData":[{"variable":{"name":"Odd"},"#
        + #""variableAttribute":[{"value":"***","mutability":"WriteOnly"},{"value":"1","mutability":"ReadWrite"}]}]}]"#
    ),
    (
      #"[2,"1","DataTransfer",{"vendorId":"Acme","data":{"modem":{"passphrase":"0011","apn":"x"}}}]"#,
      #"[2,"1","DataTransfer",{"vendorId":"Acme","data":{"modem":{"passphrase":"***","apn":"x"}}}]"#
    ),
    (
      #"[2,"1","DataTransfer",{"vendorId":"Acme","data":"{\"apiKey\":\"0011\",\"n\":1}"}]"#,
      #"[2,"1","DataTransfer",{"vendorId":"Acme","data":"{\"apiKey\":\"***\",\"n\":1}"}]"#
    ),
    (
      #"[2,"1","GetDiagnostics",{"location":"ftp://anna:0011@files.example:21/up?x=a@b"}]"#,
      #"[2,"1","GetDiagnostics",{"location":"ftp://anna:***@files.example:21/up?x=a@b"}]"#
    ),
    (
      #"[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"0011""#,
      "(not kept: it names a key and is no JSON)"
    ),
  ])
  func aPasswordNeverReachesTheLog(_ frame: String, _ logged: String) {
    #expect(String(decoding: withoutSecrets(Bytes(utf8: frame)), as: UTF8.self) == logged)
  }

  @Test(arguments: SettingName.secretEnds)
  func everyNameOfASecretIsSeenInAFrame(_ end: String) {
    for name in [end, "Acme.\(end.uppercased())"] {
      let frame = #"[2,"1","ChangeConfiguration",{"key":"\#(name)","value":"0011"}]"#
      #expect(!String(decoding: withoutSecrets(Bytes(utf8: frame)), as: UTF8.self).contains("0011"))
    }
  }

  @Test(arguments: [
    #"[2,"1","ChangeConfiguration",{ "key":"HeartbeatInterval", "value":"60" }]"#, "not json", "",
    #"[2,"1","GetConfiguration",{"key":["AuthorizationKey"]}]"#,
    #"[2,"1","GetConfiguration",{ "key":["AcmePassword"] }]"#,
    #"[2,"1","GetLog",{ "log":{"remoteLocation":"https://files.example/up/@me:1"} }]"#,
    #"[2,"1","DataTransfer",{ "vendorId":"Acme","data":"[the secret]" }]"#,
  ])
  func otherFramesStayAsTheyAre(_ frame: String) {
    #expect(String(decoding: withoutSecrets(Bytes(utf8: frame)), as: UTF8.self) == frame)
  }
}
