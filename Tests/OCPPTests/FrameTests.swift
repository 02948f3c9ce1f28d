@testable import OCPP
import Testing
import Wire

@Suite struct FrameTests {
  private func read(_ text: String) throws(Garbage) -> Frame { try Frame.read(Bytes(utf8: text)) }

  private func garbage(_ text: String) -> Garbage? {
    do throws(Garbage) {
      _ = try read(text)
      return nil
    } catch {
      return error
    }
  }

  @Test func aCallHasIdActionAndPayload() throws {
    guard case .call(let id, let action, let payload) = try read(#"[2,"19","Heartbeat",{"a":1}]"#) else {
      Issue.record("no call")
      return
    }
    #expect(id == MessageID("19"))
    #expect(action == "Heartbeat")
    #expect(payload.json == ["a": 1])
  }

  @Test(arguments: [#"[2,"19","Heartbeat"]"#, #"[2,"19","Heartbeat",null]"#, #"[2,"19","Heartbeat",{}]"#])
  func aMissingPayloadIsAnEmptyOne(_ text: String) throws {
    guard case .call(_, _, let payload) = try read(text) else {
      Issue.record("no call")
      return
    }
    #expect(payload.json == [:])
  }

  @Test func aResultHasIdAndPayload() throws {
    guard case .result(let id, let payload) = try read(#" [ 3 , "19" , {"status":"Accepted"} ] "#) else {
      Issue.record("no result")
      return
    }
    #expect(id.text == "19")
    #expect(payload.json == ["status": "Accepted"])
  }

  @Test(arguments: [
    (#"[4,"19","NotSupported","no",{}]"#, "NotSupported", "no"), (#"[4,"19","NotSupported"]"#, "NotSupported", ""),
    (#"[4,"19"]"#, "GenericError", ""), (#"[4,"19",7,null,[]]"#, "GenericError", ""),
  ])
  func anErrorMayLackItsParts(_ text: String, _ code: String, _ description: String) throws {
    guard case .error(let id, let readCode, let readDescription, _) = try read(text) else {
      Issue.record("no error")
      return
    }
    #expect(id.text == "19")
    #expect(readCode == code)
    #expect(readDescription == description)
  }

  @Test func aNumberAsIdIsGivenBackAsANumber() throws {
    guard case .call(let id, _, _) = try read(#"[2,12345,"Heartbeat",{}]"#) else {
      Issue.record("no call")
      return
    }
    #expect(id.isNumber)
    let reply = Frame.encodeError(id, code: "GenericError", description: "no")
    #expect(String(decoding: reply, as: UTF8.self) == #"[4,12345,"GenericError","no",{}]"#)
  }

  @Test func anIdOf36CharactersIsTheLongestThatIsNotFlagged() throws {
    #expect(!MessageID(String(repeating: "x", count: 36)).isTooLong)
    #expect(MessageID(String(repeating: "x", count: 37)).isTooLong)
    #expect(!MessageID(String(repeating: "ö", count: 36)).isTooLong)
  }

  @Test func anIdTooLongToEchoMakesTheFrameGarbage() throws {
    let fits = String(repeating: "x", count: OCPPLimits.echoedIDBytes - 2)
    #expect(garbage(#"[2,"\#(fits)","Heartbeat",{}]"#) == nil)
    #expect(garbage(#"[2,"\#(fits)x","Heartbeat",{}]"#)?.kind == .noEnvelope)
  }

  @Test(arguments: [
    "", "x", "{}", "[]", "[2]", #"["2","19","Heartbeat",{}]"#, #"[2,null,"Heartbeat",{}]"#, #"[2,{},"Heartbeat",{}]"#,
    "null", "42", #"[3]"#,
  ])
  func whatIsNoEnvelopeIsNotAnswered(_ text: String) {
    let found = garbage(text)
    #expect(found != nil)
    #expect(found?.prefix == nil)
  }

  @Test func theMessageTypesOf21AreRead() throws {
    guard
      case .send(let id, "NotifyPeriodicEventStream", let payload) = try read(
        #"[6,"19","NotifyPeriodicEventStream",{"id":1}]"#)
    else { throw Garbage(.noEnvelope, "no SEND", prefix: nil) }
    #expect(id.text == "19" && payload["id"]?.int == 1)
    guard case .resultError(_, let code, let why) = try read(#"[5,"20","FormatViolation","what?",{}]"#) else {
      throw Garbage(.noEnvelope, "no CALLRESULTERROR", prefix: nil)
    }
    #expect(code == "FormatViolation" && why == "what?")
    // Nobody answers a SEND, also where it cannot be read.
    #expect(garbage(#"[6,"19"]"#)?.prefix == nil && garbage(#"[6,"19"]"#)?.kind == .noEnvelope)
  }

  @Test(arguments: [0, 1, 7, 99, -2]) func otherMessageTypesAreToBeIgnored(_ type: Int) {
    #expect(garbage(#"[\#(type),"19","Heartbeat",{}]"#)?.kind == .unknownType)
  }

  @Test func aCallWithoutActionCanStillBeAnswered() {
    let found = garbage(#"[2,"19",{}]"#)
    #expect(found?.kind == .noEnvelope)
    #expect(found?.prefix == EnvelopePrefix(type: 2, id: MessageID("19"), action: nil))
  }

  @Test(
    arguments: [
      (#"[2,"19","MeterValues",{"transactionId":,"#, 2, "19", "MeterValues"),
      (#" [ 2 , "19" , "MeterValues" , {"#, 2, "19", "MeterValues"), (#"[2,"19",garbage"#, 2, "19", nil),
      (#"[3,"7",{"status":"#, 3, "7", nil), (#"[4,"7","GenericError",""#, 4, "7", nil),
      (#"[2,"19","Heart"#, 2, "19", nil),
    ] as [(String, Int, String, String?)])
  func theBeginningOfABrokenFrameTellsItsCall(_ text: String, _ type: Int, _ id: String, _ action: String?) {
    let found = garbage(text)
    #expect(found?.kind == .notJSON)
    #expect(found?.prefix == EnvelopePrefix(type: type, id: MessageID(id), action: action))
  }

  @Test(arguments: [
    #"[2,"1\u0039","Heartbeat",{"#, #"[2,"19"#, "[2,", "[", #"[9,"19","x",{"#, #"["2","19","x",{"#,
    #"[22222222222222222222222,"1","#,
  ])
  func aPrefixThatCannotBeTrustedIsNone(_ text: String) {
    #expect(garbage(text)?.prefix == nil)
  }

  @Test func everyCutOfAFrameIsReadOrIsGarbage() {
    let whole = Bytes(
      utf8: #"[2,"19","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Ch\u00e4"}]"#)
    for length in 0..<whole.count {
      #expect((try? Frame.read(Bytes(whole[..<length]))) == nil, "\(length)")
    }
  }

  @Test func framesAreWrittenCompactly() {
    var reply = V16.BootNotification.Reply()
    reply.status = .accepted
    reply.currentTime = Timestamp(milliseconds: 1_700_000_000_224)
    reply.interval = 300
    #expect(
      String(decoding: Frame.encodeResult(MessageID("a\"b"), reply, edition: .v16), as: UTF8.self)
        == #"[3,"a\"b",{"status":"Accepted","currentTime":"2023-11-14T22:13:20Z","interval":300}]"#)
    var call = V16.Reset()
    call.type = .hard
    #expect(
      String(decoding: Frame.encodeCall(MessageID("1"), call, edition: .v16), as: UTF8.self)
        == #"[2,"1","Reset",{"type":"Hard"}]"#)
  }

  @Test func aLongDescriptionIsCut() throws {
    let bytes = Frame.encodeError(MessageID("1"), code: "GenericError", description: String(repeating: "é", count: 256))
    guard case .error(_, _, let description, _) = try Frame.read(bytes) else {
      Issue.record("no error")
      return
    }
    #expect(description == String(repeating: "é", count: 255))
  }
}

extension FrameTests {
  @Test(arguments: [
    (
      #"[2,"1","MeterValues",{"connectorId":1,"transactionId":,"meterValue":[]}]"#,
      #"[2,"1","MeterValues",{"connectorId":1,"transactionId":null,"meterValue":[]}]"#
    ),
    (#"[2,"1","X",{"sampledValue":[,{"value":"1"}]}]"#, #"[2,"1","X",{"sampledValue":[{"value":"1"}]}]"#),
    (#"[2,"1","X",{"a":}]"#, #"[2,"1","X",{"a":null}]"#), (#"[2,"1","X",{"a":1,}]"#, #"[2,"1","X",{"a":1}]"#),
    (#"[2,"1","X",{"a":[1,,2]}]"#, #"[2,"1","X",{"a":[1,2]}]"#),
    (#"[2,"1","X",{"a":[1 , ]}]"#, #"[2,"1","X",{"a":[1  ]}]"#),
    (#"[2,"1","X",{,"t":":,[,","u":"\",:,"}]"#, #"[2,"1","X",{"t":":,[,","u":"\",:,"}]"#),
  ])
  func aMissingValueOrASpareCommaIsMended(_ broken: String, _ whole: String) throws {
    let bytes = try #require(mended(Bytes(utf8: broken)))
    #expect(String(decoding: bytes, as: UTF8.self) == whole)
    #expect(throws: Never.self) { try Frame.read(bytes) }
  }

  @Test(arguments: ["", "[", #"[2,"1","X",{"a":1}]"#, #"[2,"1","X",{"a":tru}]"#, #"[2,"1","a:,[,"#])
  func whatIsBrokenOtherwiseIsNotTouched(_ text: String) {
    #expect(mended(Bytes(utf8: text)) == nil)
  }
}
