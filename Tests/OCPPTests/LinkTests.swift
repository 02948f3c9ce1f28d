import Domain
import HTTP
@testable import OCPP
import Testing
import Wire

@MainActor @Suite(.timeLimit(.minutes(5)), .overBothReadinessSets) struct LinkTests {
  @Test func aStationBootsAndLives() async throws {
    let rig = try await Rig()
    let station = try await rig.connect()
    var inbox = station.events.makeAsyncIterator()
    station.send(boot)
    #expect(
      await inbox.next() == #"[3,"boot",{"status":"Accepted","currentTime":"2026-03-01T12:00:00Z","interval":300}]"#)
    station.send(status("1"))
    #expect(await inbox.next() == #"[3,"1",{}]"#)
    #expect(rig.house.desk.boots.count == 1)
    #expect(rig.house.desk.statuses.map(\.status) == [.available])
    #expect(rig.house.callers.map(\.identity.text) == ["CP1"])
    #expect(rig.house.callers.map(\.isLoopback) == [true])
  }

  @Test func whatCannotBeReadIsRefusedByNameAndTheNextMessageIsServed() async throws {
    let rig = try await Rig()
    let station = try await rig.connect()
    var inbox = station.events.makeAsyncIterator()
    station.send(status("1", connector: #""one""#))
    #expect(
      await inbox.next()
        == #"[4,"1","TypeConstraintViolation","connectorId: a whole number is expected, not \"one\"",{"field":"connectorId"}]"#
    )
    station.send(#"[2,"2","MakeCoffee",{}]"#)
    #expect(await inbox.next() == #"[4,"2","NotImplemented","the action MakeCoffee is not known here",{}]"#)
    station.send("garbage")
    station.send("[]")
    station.send(#"[7,"x",{}]"#)
    station.send(#"[2,"3","StatusNotification",{"connectorId":"#)
    #expect(await inbox.next()?.hasPrefix(#"[4,"3","FormationViolation","the frame is not JSON: "#) == true)
    station.send(status("4"))
    #expect(await inbox.next() == #"[3,"4",{}]"#)
    await rig.until { rig.house.desk.flags.count { $0.kind == .brokenFrame } == 4 }
  }

  @Test func aLargeMessageIsAnsweredBeforeWhatCameBehindIt() async throws {
    let rig = try await Rig()
    let station = try await rig.connect()
    var inbox = station.events.makeAsyncIterator()
    let info = String(repeating: "x", count: 4 * OCPPLimits.readOnLoop)
    for number in 1...3 {
      station.send(
        #"[2,"large \#(number)","StatusNotification",{"connectorId":1,"status":"Charging","errorCode":"NoError","info":"\#(info)"}]"#
      )
      station.send(status("small \(number)"))
    }
    for number in 1...3 {
      #expect(await inbox.next() == #"[3,"large \#(number)",{}]"#)
      #expect(await inbox.next() == #"[3,"small \#(number)",{}]"#)
    }
    #expect(
      rig.house.desk.statuses.map(\.status) == [.charging, .available, .charging, .available, .charging, .available])
  }

  @Test func aMessageOfMoreValuesThanAnyStationHasIsRefusedByItsID() async throws {
    let rig = try await Rig()
    let station = try await rig.connect()
    var inbox = station.events.makeAsyncIterator()
    let zeros = String(repeating: "0,", count: OCPPLimits.frameNodes)
    station.send(#"[2,"many","StatusNotification",{"connectorId":[\#(zeros)0]}]"#)
    #expect(await inbox.next()?.hasPrefix(#"[4,"many","FormationViolation","the frame is not JSON: "#) == true)
    station.send(status("1"))
    #expect(await inbox.next() == #"[3,"1",{}]"#)
  }

  @Test func aFrameThatCanBeMendedIsServedAndFlagged() async throws {
    let rig = try await Rig()
    let station = try await rig.connect()
    var inbox = station.events.makeAsyncIterator()
    let now = Timestamp.now().text
    station.send(
      #"[2,"1","MeterValues",{"connectorId":1,"transactionId":,"meterValue":[{"timestamp":"\#(now)","sampledValue":[,{"value":"5"}]}]}]"#
    )
    #expect(await inbox.next() == #"[3,"1",{}]"#)
    #expect(rig.house.desk.meters.first?.readings.first?.register == Energy(tenthsOfWattHour: 50))
    await rig.until { rig.house.desk.flags.contains { $0.kind == .brokenFrame } }
  }

  @Test func aTransactionThatCannotBeUsedIsParkedAndAnsweredPositively() async throws {
    let rig = try await Rig()
    let station = try await rig.connect()
    var inbox = station.events.makeAsyncIterator()
    station.send(#"[2,"1","StartTransaction",{"connectorId":1}]"#)
    #expect(await inbox.next() == #"[3,"1",{"idTagInfo":{"status":"Invalid"},"transactionId":0}]"#)
    #expect(rig.house.desk.parked == ["StartTransaction: idTag: the field is required"])
  }

  @Test func aMegabyteIsServedAndOneByteMoreEndsTheLink() async throws {
    let rig = try await Rig()
    let station = try await rig.connect()
    var inbox = station.events.makeAsyncIterator()
    let empty = #"[2,"1","DataTransfer",{"vendorId":"a","data":""}]"#
    let room = OCPPLimits.messageBytes - empty.utf8.count
    func transfer(_ bytes: Int) -> String {
      #"[2,"1","DataTransfer",{"vendorId":"a","data":"\#(String(repeating: "x", count: bytes))"}]"#
    }
    station.send(transfer(room))
    #expect(await inbox.next() == #"[3,"1",{"status":"Accepted"}]"#)
    station.send(transfer(room + 1))
    #expect(await inbox.next()?.hasPrefix("closed 1009") == true)
  }

  @Test func jsonInABinaryMessageIsReadAllTheSame() async throws {
    let rig = try await Rig()
    let station = try await rig.connect()
    var inbox = station.events.makeAsyncIterator()
    station.send(binary: status("1"))
    #expect(await inbox.next() == #"[3,"1",{}]"#)
  }

  @Test func anIdUsedAgainForSomethingElseIsServedAndFlagged() async throws {
    let rig = try await Rig()
    let station = try await rig.connect()
    var inbox = station.events.makeAsyncIterator()
    for word in ["Available", "Available", "Charging"] {
      station.send(status("1", word))
      #expect(await inbox.next() == #"[3,"1",{}]"#)
    }
    #expect(rig.house.desk.statuses.map(\.status) == [.available, .available, .charging])
    await rig.until { rig.house.desk.flags.map(\.kind) == [.repeatedID] }
  }

  @Test func anIdThatIsTooLongIsAnsweredAndFlagged() async throws {
    let rig = try await Rig()
    let station = try await rig.connect()
    var inbox = station.events.makeAsyncIterator()
    let id = String(repeating: "i", count: 37)
    station.send(status(id))
    #expect(await inbox.next() == #"[3,"\#(id)",{}]"#)
    await rig.until { rig.house.desk.flags.map(\.path) == ["messageId"] }
  }

  // MARK: Order and slowness

  @Test func repliesKeepTheOrderOfTheCalls() async throws {
    let rig = try await Rig()
    let ticket = Ticket<Authorization>()
    rig.house.desk.authorization = .later(ticket)
    let station = try await rig.connect()
    var inbox = station.events.makeAsyncIterator()
    station.send(#"[2,"1","Authorize",{"idTag":"A"}]"#)
    station.send(#"[2,"2","Heartbeat",{}]"#)
    station.send(status("3"))
    await rig.until { !rig.house.desk.statuses.isEmpty }
    ticket.redeem(Authorization(.accepted))
    #expect(await inbox.next() == #"[3,"1",{"idTagInfo":{"status":"Accepted"}}]"#)
    #expect(await inbox.next()?.hasPrefix(#"[3,"2",{"currentTime":"#) == true)
    #expect(await inbox.next() == #"[3,"3",{}]"#)
  }

  @Test func heartbeatsAreAnsweredWhileTheHouseIsStuck() async throws {
    let rig = try await Rig()
    rig.house.registration = .accepted
    let station = try await rig.connect()
    var inbox = station.events.makeAsyncIterator()
    await rig.until { rig.house.opened.count == 1 }
    rig.house.isStuck = true
    for number in 1...3 {
      station.send(#"[2,"\#(number)","Heartbeat",{}]"#)
      #expect(await inbox.next()?.hasPrefix(#"[3,"\#(number)",{"currentTime":"#) == true)
    }
    #expect(rig.house.waiting.isEmpty)
    await rig.until { rig.house.seen == rig.house.opened }
  }

  @Test func messagesWaitInOrderUntilTheHouseHasWrittenThatTheStationCame() async throws {
    let rig = try await Rig()
    let station = try await rig.connect()
    rig.house.isStuck = true
    var inbox = station.events.makeAsyncIterator()
    station.send(boot)
    station.send(status("1", "Charging"))
    await rig.until { rig.house.waiting.count >= 2 }
    rig.house.isStuck = false
    #expect(await inbox.next()?.hasPrefix(#"[3,"boot",{"status":"Accepted""#) == true)
    #expect(await inbox.next() == #"[3,"1",{}]"#)
  }

  @Test func manyCallsAtOnceAreAllAnsweredInOrder() async throws {
    let rig = try await Rig()
    let station = try await rig.connect()
    await rig.until { rig.house.opened.count == 1 }
    rig.house.isStuck = true
    let count = OCPPLimits.callsInHand * 20
    for number in 1...count { station.send(status("\(number)")) }
    await rig.until { rig.house.waiting.count == OCPPLimits.callsInHand }
    rig.house.isStuck = false
    var inbox = station.events.makeAsyncIterator()
    for number in 1...count { #expect(await inbox.next() == #"[3,"\#(number)",{}]"#) }
  }

  @Test func whoAsksManyAtOnceIsTakenAtAPace() async throws {
    let rig = try await Rig()
    let station = try await rig.connect()
    await rig.until { rig.house.opened.count == 1 }
    var inbox = station.events.makeAsyncIterator()
    let rests = 5
    rig.house.isStuck = true
    let asked = Instant.now()
    for number in 1...(OCPPLimits.callsInHand * rests) { station.send(status("\(number)")) }
    for _ in 1...rests {
      await rig.until { rig.house.waiting.count == OCPPLimits.callsInHand }
      rig.house.isStuck = false
      rig.house.isStuck = true
    }
    #expect(Instant.now() - asked >= OCPPLimits.crowdedRest * (rests - 1))
    for number in 1...(OCPPLimits.callsInHand * rests) { #expect(await inbox.next() == #"[3,"\#(number)",{}]"#) }
  }

  @Test func messagesThatUnpackToMegabytesWaitForRoomPacked() async throws {
    let rig = try await Rig()
    let station = try await rig.connect(packs: true)
    await rig.until { rig.house.opened.count == 1 }
    rig.house.isStuck = true
    var inbox = station.events.makeAsyncIterator()
    // Each is a thousand bytes on the line and one less than the bound of a message when it is unpacked.
    let filler = String(repeating: " ", count: OCPPLimits.messageBytes - 100)
    let count = OCPPLimits.callsInHand + 5
    let calls = (1...count).map { number in
      Bytes(utf8: status("\(number)") + (number > OCPPLimits.callsInHand ? filler : ""))
    }
    // In one piece, so that the house reads them at once.
    let webSocket = station.webSocket
    webSocket.loop.execute { for call in calls { webSocket.value.send(text: call) } }
    await rig.until { rig.house.waiting.count == OCPPLimits.callsInHand }
    rig.house.isStuck = false
    for number in 1...count { #expect(await inbox.next() == #"[3,"\#(number)",{}]"#) }
  }

  @Test func answersAreHeldBackForAStationThatWantsItSo() async throws {
    let rig = try await Rig()
    rig.house.quirks.answerDelayMilliseconds = 150
    let station = try await rig.connect()
    var inbox = station.events.makeAsyncIterator()
    let asked = Instant.now()
    station.send(#"[2,"1","StatusNotification",{"connectorId":"one"}]"#)
    station.send(status("2"))
    #expect(await inbox.next()?.hasPrefix(#"[4,"1","TypeConstraintViolation""#) == true)
    #expect(Instant.now() - asked >= .milliseconds(150))
    #expect(await inbox.next() == #"[3,"2",{}]"#)
  }

  @Test(arguments: [
    (TurnFault.busy, "too much waits here; try again"), (.storage("disk full"), "this could not be stored; try again"),
  ])
  func whatCannotBeWrittenIsNotAnsweredPositively(_ fault: TurnFault, _ words: String) async throws {
    let rig = try await Rig()
    let station = try await rig.connect()
    await rig.until { rig.house.opened.count == 1 }
    rig.house.fault = fault
    var inbox = station.events.makeAsyncIterator()
    station.send(status("1"))
    #expect(await inbox.next() == #"[4,"1","InternalError","\#(words)",{}]"#)
    rig.house.fault = nil
    station.send(status("2"))
    #expect(await inbox.next() == #"[3,"2",{}]"#)
  }

  // MARK: Our calls

  @Test func commandsGoOutOneByOneAfterTheBoot() async throws {
    let rig = try await Rig()
    let station = try await rig.connect()
    var inbox = station.events.makeAsyncIterator()
    await rig.until { rig.house.opened.count == 1 }
    async let first = rig.command(.reset(.soft))
    async let second = rig.command(.unlock(evse: 2))
    station.send(status("1"))
    #expect(await inbox.next() == #"[3,"1",{}]"#)
    station.send(boot)
    #expect(await inbox.next()?.hasPrefix(#"[3,"boot""#) == true)
    for _ in 1...2 {
      let call = try JSON.parse(try #require(await inbox.next()))
      let id = try #require(call[1]?.string)
      #expect(id.utf8.count <= OCPPLimits.messageID)
      if call[2] == "Reset" {
        #expect(call[3] == ["type": "Soft"])
        station.send(#"[3,"invented",{"status":"Accepted"}]"#)
        station.send(#"[3,"\#(id)",{"status":"Accepted"}]"#)
        station.send(#"[3,"\#(id)",{"status":"Rejected"}]"#)
      } else {
        #expect(call[2] == "UnlockConnector")
        station.send(#"[4,"\#(id)","NotSupported","no lock here",{}]"#)
      }
    }
    #expect(await first == .accepted(answer: ["status": "Accepted"]))
    #expect(await second == .failed(code: "NotSupported", description: "no lock here"))
  }

  @Test func aStationThatDoesNotBootIsAskedAfterASettleTime() async throws {
    let rig = try await Rig(settle: .milliseconds(20))
    let station = try await rig.connect()
    var inbox = station.events.makeAsyncIterator()
    await rig.until { rig.house.opened.count == 1 }
    async let outcome = rig.command(.clearCache)
    let call = try JSON.parse(try #require(await inbox.next()))
    station.send(#"[3,"\#(call[1]?.string ?? "")",{"status":"Rejected"}]"#)
    #expect(await outcome == .refused(word: "Rejected", answer: ["status": "Rejected"]))
  }

  /// One that was accepted before, and either says something or is written to by hand.
  @Test(arguments: [true, false])
  func aStationThatDoesNotBootIsNotWaitedForWhereItSpeaksOrIsWrittenTo(_ speaks: Bool) async throws {
    let rig = try await Rig(settle: .seconds(60))
    rig.house.registration = .accepted
    let station = try await rig.connect()
    var inbox = station.events.makeAsyncIterator()
    await rig.until { rig.house.opened.count == 1 }
    async let outcome = rig.command(speaks ? .clearCache : .raw(action: "ClearCache", payload: [:]), deadline: 10)
    if speaks {
      station.send(#"[2,"1","Heartbeat",{}]"#)
      #expect(await inbox.next()?.hasPrefix(#"[3,"1","#) == true)
    }
    let call = try JSON.parse(try #require(await inbox.next()))
    station.send(#"[3,"\#(call[1]?.string ?? "")",{"status":"Accepted"}]"#)
    #expect(await outcome == .accepted(answer: ["status": "Accepted"]))
  }

  @Test func aStationThatNeverAnswersLetsTheCommandTimeOut() async throws {
    let rig = try await Rig(settle: .zero)
    let station = try await rig.connect()
    var inbox = station.events.makeAsyncIterator()
    await rig.until { rig.house.opened.count == 1 }
    #expect(await rig.command(.clearCache, deadline: 1) == .timedOut)
    let late = try JSON.parse(try #require(await inbox.next()))
    station.send(#"[3,"\#(late[1]?.string ?? "")",{"status":"Accepted"}]"#)
    async let outcome = rig.command(.reset(.hard))
    let call = try JSON.parse(try #require(await inbox.next()))
    #expect(call[2] == "Reset")
    station.send(#"[3,"\#(call[1]?.string ?? "")",{broken"#)
    guard case .failed("FormationViolation", _, _) = await outcome else {
      Issue.record("a broken answer is a failure")
      return
    }
  }

  @Test func aCommandThatTheProtocolCannotCarryIsImpossible() async throws {
    let rig = try await Rig(settle: .zero)
    _ = try await rig.connect()
    await rig.until { rig.house.opened.count == 1 }
    guard
      case .impossible = await rig.command(
        .remoteStart(RemoteStart(evse: 1, tag: String(repeating: "A", count: 21), number: 1)))
    else {
      Issue.record("it was sent")
      return
    }
  }

  @Test func aReplacedLinkEndsItsCallsAtOnce() async throws {
    let rig = try await Rig(settle: .zero)
    let old = try await rig.connect()
    var inbox = old.events.makeAsyncIterator()
    await rig.until { rig.house.opened.count == 1 }
    let link = rig.house.opened[0]
    async let outcome = rig.command(.clearCache)
    _ = await inbox.next()
    let new = try await rig.connect()
    await rig.until { rig.house.opened.count == 2 }
    rig.links.close(link, code: CloseCode.normal, reason: "replaced by a newer connection")
    #expect(await outcome == .disconnected)
    #expect(await inbox.next() == "closed 1000 replaced by a newer connection")
    await rig.until { rig.house.closed.count == 1 }
    #expect(rig.house.closed == ["1000 replaced by a newer connection"])
    var newInbox = new.events.makeAsyncIterator()
    new.send(status("1"))
    #expect(await newInbox.next() == #"[3,"1",{}]"#)
  }

  @Test func aCallToALinkThatIsGoneIsDisconnected() async throws {
    let rig = try await Rig()
    #expect(await rig.command(.clearCache) == .disconnected)
    let station = try await rig.connect()
    await rig.until { rig.house.opened.count == 1 }
    station.close()
    await rig.until { rig.house.closed.count == 1 }
    #expect(await rig.command(.clearCache) == .disconnected)
  }

  @Test func theEndOfALinkIsToldUntilTheHouseHasIt() async throws {
    let rig = try await Rig()
    let station = try await rig.connect()
    await rig.until { rig.house.opened.count == 1 }
    rig.house.fault = .storage("disk full")
    let before = rig.house.turns
    station.close()
    await rig.until { rig.house.turns > before }
    rig.house.fault = nil
    await rig.until { rig.house.closed.count == 1 }
  }

  // MARK: Evidence

  @Test func framesOfBothDirectionsAreLoggedWithoutPasswords() async throws {
    let rig = try await Rig(settle: .zero)
    let station = try await rig.connect()
    var inbox = station.events.makeAsyncIterator()
    await rig.until { rig.house.opened.count == 1 }
    station.send(status("1"))
    _ = await inbox.next()
    async let outcome = rig.command(.setConfiguration(key: "AuthorizationKey", value: "0123456789"))
    let call = try JSON.parse(try #require(await inbox.next()))
    #expect(call[3]?["value"] == "0123456789")
    station.send(#"[3,"\#(call[1]?.string ?? "")",{"status":"Accepted"}]"#)
    _ = await outcome
    let frames = rig.frames.all
    #expect(frames.map(\.direction) == [.received, .sent, .sent, .received])
    #expect(
      frames.map(\.action) == [
        "StatusNotification", "StatusNotification", "ChangeConfiguration", "ChangeConfiguration",
      ])
    #expect(frames.map(\.peer) == ["CP1", "CP1", "CP1", "CP1"])
    #expect(frames.allSatisfy { !String(decoding: $0.text, as: UTF8.self).contains("0123456789") })
    #expect(frames[2].correlation == frames[3].correlation)
  }
}

@MainActor @Suite(.timeLimit(.minutes(5)), .overBothReadinessSets) struct StationServerTests {
  private func basic(_ text: String) -> Headers { ["Authorization": "Basic " + Bytes(utf8: text).base64] }

  @Test func theHouseSeesThePasswordAndTheOffer() async throws {
    let rig = try await Rig()
    _ = try await rig.connect("/any/prefix/CP%5F1x/", headers: basic("CP_1x:secret"))
    let caller = try #require(rig.house.callers.first)
    #expect(caller.identity.text == "CP_1x")
    #expect(caller.password == Bytes(utf8: "secret"))
    #expect(caller.offered == ["ocpp1.6"])
    #expect(caller.address == "127.0.0.1")
  }

  @Test func anotherUserNameIsRefusedWithoutATurn() async throws {
    let rig = try await Rig()
    #expect(try await rig.refusal(headers: basic("CP2:secret")) == 401)
    #expect(rig.house.turns == 0)
  }

  @Test(arguments: [("/", 404), ("/ocpp/a:b", 404), ("/ocpp/\(String(repeating: "x", count: 49))", 404)])
  func aPathWithoutAnIdentityIsRefused(_ path: String, _ status: Int) async throws {
    let rig = try await Rig()
    #expect(try await rig.refusal(path) == status)
    #expect(rig.house.turns == 0)
  }

  @Test(arguments: [
    (Admission.unauthorized, 401), (.unknown, 404), (.crowded, 503), (.tooOften(seconds: 4), 429),
  ])
  func theHouseMayRefuse(_ admission: Admission, _ status: Int) async throws {
    let rig = try await Rig()
    rig.house.admission = admission
    #expect(try await rig.refusal() == status)
    #expect(rig.house.opened.isEmpty)
  }

  @Test func aHouseThatCannotLookSaysComeBack() async throws {
    let rig = try await Rig()
    rig.house.fault = .busy
    #expect(try await rig.refusal() == 503)
  }

  @Test(arguments: [[], ["ocpp1.5"], ["soap"]])
  func withoutACommonVersionTheLinkIsClosedWithItsReason(_ offering: [String]) async throws {
    let rig = try await Rig()
    // RFC 6455 lets a client go on without a subprotocol in the answer; it then reads why it must go.
    let station = try await rig.connect(offering: offering)
    var inbox = station.events.makeAsyncIterator()
    let last = try #require(await inbox.next())
    #expect(last.hasPrefix("closed 1002 it "), "\(last)")
    #expect(rig.house.opened.isEmpty)
    // The operator is told the same.
    await rig.until { rig.house.sentAway == [String(last.dropFirst("closed 1002 ".count))] }
  }

  @Test func aStationWithoutAnOfferSpeaksItsAssumedVersion() async throws {
    let rig = try await Rig()
    rig.house.quirks.assumedVersion = "1.6"
    let station = try await rig.connect(offering: [])
    var inbox = station.events.makeAsyncIterator()
    station.send(status("1"))
    #expect(await inbox.next() == #"[3,"1",{}]"#)
  }

  @Test func aStationWhoseArrivalCannotBeWrittenIsAskedToComeAgain() async throws {
    let rig = try await Rig()
    rig.house.isStuck = true
    async let connecting = rig.connect()
    await rig.until { rig.house.waiting.count == 1 }
    rig.house.isStuck = false
    rig.house.fault = .storage("disk full")
    let station = try await connecting
    var inbox = station.events.makeAsyncIterator()
    #expect(await inbox.next()?.hasPrefix("closed 1013") == true)
  }

  @Test func drainingClosesEveryLinkAndLetsNobodyIn() async throws {
    let rig = try await Rig()
    let station = try await rig.connect()
    var inbox = station.events.makeAsyncIterator()
    await rig.until { rig.house.opened.count == 1 }
    let stations = rig.stations
    stations.loop.execute { stations.value.drain() }
    #expect(await inbox.next()?.hasPrefix("closed 1001") == true)
    #expect(try await rig.refusal() == 503)
    await rig.until { rig.house.closed.count == 1 }
  }
}
