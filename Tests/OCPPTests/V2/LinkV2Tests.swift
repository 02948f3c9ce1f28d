import Domain
@testable import OCPP
import Testing
import Wire

private let boot2 =
  #"[2,"boot","BootNotification",{"reason":"PowerUp","chargingStation":{"model":"Two","vendorName":"Acme"}}]"#

private func status2(_ id: String) -> String {
  #"[2,"\#(id)","StatusNotification",{"timestamp":"2026-03-01T12:00:00Z","connectorStatus":"Available","evseId":1,"connectorId":1}]"#
}

/// What the link does differently with stations of 2.x.
@MainActor @Suite(.timeLimit(.minutes(5)), .overBothReadinessSets) struct LinkV2Tests {
  @Test(arguments: ["ocpp2.0.1", "ocpp2.1"]) func aStationBootsAndLives(version: String) async throws {
    let rig = try await Rig()
    let station = try await rig.connect(offering: [version, "ocpp1.6"])
    var inbox = station.events.makeAsyncIterator()
    station.send(boot2)
    #expect(
      await inbox.next() == #"[3,"boot",{"currentTime":"2026-03-01T12:00:00Z","interval":300,"status":"Accepted"}]"#)
    station.send(status2("1"))
    #expect(await inbox.next() == #"[3,"1",{}]"#)
    #expect(rig.house.desk.connectors.map(\.availability) == [.available])
  }

  @Test func errorsAreSpelledAsTheVersionSpellsThem() async throws {
    let rig = try await Rig()
    rig.house.registration = .accepted
    let station = try await rig.connect(offering: ["ocpp2.0.1"])
    var inbox = station.events.makeAsyncIterator()
    station.send(#"[2,"1","StatusNotification",{"#)
    #expect(await inbox.next()?.hasPrefix(#"[4,"1","FormatViolation","#) == true)
    station.send(#"[2,"2","StatusNotification",{"evseId":1}]"#)
    #expect(await inbox.next()?.hasPrefix(#"[4,"2","OccurrenceConstraintViolation","#) == true)
    // A message of 2.1 alone.
    station.send(#"[2,"3","NotifySettlement",{}]"#)
    #expect(await inbox.next()?.hasPrefix(#"[4,"3","NotImplemented","#) == true)
  }

  @Test func messagesThatWantNoAnswerWaitForRoomToo() async throws {
    let rig = try await Rig()
    rig.house.registration = .accepted
    let station = try await rig.connect(offering: ["ocpp2.1"])
    await rig.until { rig.house.opened.count == 1 }
    rig.house.isStuck = true
    let count = OCPPLimits.callsInHand * 10
    for number in 1...count { station.send(status2("\(number)").replacing("[2,", with: "[6,")) }
    await rig.until { rig.house.waiting.count == OCPPLimits.callsInHand }
    try await Task.sleep(for: .milliseconds(50))
    #expect(rig.house.waiting.count == OCPPLimits.callsInHand)
    rig.house.isStuck = false
    await rig.until { rig.house.desk.connectors.count == count }
  }

  @Test(arguments: [Station.Registration.pending, .rejected])
  func whoIsNotAcceptedSaysOnlyWhatItWasAskedFor(registration: Station.Registration) async throws {
    let rig = try await Rig(settle: .milliseconds(1))
    rig.house.registration = .pending
    rig.house.desk.registration = registration
    let station = try await rig.connect(offering: ["ocpp2.0.1"])
    var inbox = station.events.makeAsyncIterator()
    station.send(boot2)
    #expect(await inbox.next()?.hasPrefix(#"[3,"boot","#) == true)
    for text in [status2("1"), #"[2,"2","Heartbeat",{}]"#, #"[2,"3","TransactionEvent",{}]"#] {
      station.send(text)
      #expect(await inbox.next()?.contains(#""SecurityError""#) == true)
    }
    #expect(rig.house.desk.connectors.isEmpty)
    async let outcome = rig.command(.trigger(.status, evse: 1))
    let call = try #require(await inbox.next())
    let id = try #require(call.split(separator: "\"").dropFirst().first)
    station.send(#"[3,"\#(id)",{"status":"Accepted"}]"#)
    station.send(status2("4"))
    #expect(await inbox.next() == #"[3,"4",{}]"#)
    station.send(#"[2,"5","Heartbeat",{}]"#)
    #expect(await inbox.next()?.contains("SecurityError") == true)
    guard case .accepted = await outcome else {
      Issue.record("the trigger was not accepted")
      return
    }
    rig.house.desk.registration = .accepted
    station.send(boot2)
    _ = await inbox.next()
    station.send(#"[2,"6","Heartbeat",{}]"#)
    #expect(await inbox.next()?.hasPrefix(#"[3,"6","#) == true)
  }

  @Test func aSendIsTakenAndNeverAnswered() async throws {
    let rig = try await Rig()
    rig.house.registration = .accepted
    let station = try await rig.connect(offering: ["ocpp2.1"])
    var inbox = station.events.makeAsyncIterator()
    station.send(status2("1").replacing("[2,", with: "[6,"))
    station.send(#"[6,"2","MakeCoffee",{}]"#)
    station.send(#"[6,"3","StatusNotification",{}]"#)
    station.send(status2("4"))
    #expect(await inbox.next() == #"[3,"4",{}]"#)
    #expect(rig.house.desk.connectors.count == 2)
    await rig.until { rig.house.desk.flags.count { $0.path == "SEND" } == 2 }
  }

  @Test func theMessageTypesOf21AreUnknownTo201() async throws {
    let rig = try await Rig()
    rig.house.registration = .accepted
    let station = try await rig.connect(offering: ["ocpp2.0.1"])
    var inbox = station.events.makeAsyncIterator()
    station.send(status2("1").replacing("[2,", with: "[6,"))
    station.send(#"[5,"2","InternalError","",{}]"#)
    station.send(status2("3"))
    #expect(await inbox.next() == #"[3,"3",{}]"#)
    #expect(rig.house.desk.connectors.count == 1)
  }

  @Test func anAnswerThatCannotBeReadIsSentBackToAStationOf21() async throws {
    for (version, hears) in [("ocpp2.0.1", false), ("ocpp2.1", true)] {
      let rig = try await Rig(settle: .milliseconds(1))
      rig.house.registration = .accepted
      let station = try await rig.connect(offering: [version])
      var inbox = station.events.makeAsyncIterator()
      async let outcome = rig.command(.transactionStatus("tx"))
      let call = try #require(await inbox.next())
      let id = try #require(call.split(separator: "\"").dropFirst().first)
      station.send(#"[3,"\#(id)",{"ongoingIndicator":true}]"#)
      guard case .failed(let code, let why, _) = await outcome else {
        Issue.record("an answer without its required field was taken")
        return
      }
      #expect(code == "OccurrenceConstraintViolation" && why.contains("messagesInQueue"))
      if hears { #expect(await inbox.next()?.hasPrefix(#"[5,"\#(id)","OccurrenceConstraintViolation","#) == true) }
      station.send(status2("9"))
      #expect(await inbox.next() == #"[3,"9",{}]"#)
    }
  }

  @Test func aStationThatCannotReadOurAnswerIsHeard() async throws {
    let rig = try await Rig()
    rig.house.registration = .accepted
    let station = try await rig.connect(offering: ["ocpp2.1"])
    station.send(#"[5,"1","FormatViolation","what is that",{}]"#)
    await rig.until {
      rig.house.desk.flags.contains { $0.path == "CALLRESULTERROR" && $0.raw.contains("what is that") }
    }
  }

  @Test func theOperatorSaysWhichVersionsAStationSpeaks() async throws {
    let rig = try await Rig()
    rig.house.quirks.acceptedVersions = ["1.6", "2.0.1"]
    let station = try await rig.connect(offering: ["ocpp2.1", "ocpp2.0.1"])
    var inbox = station.events.makeAsyncIterator()
    station.send(boot2)
    #expect(await inbox.next()?.hasPrefix(#"[3,"boot","#) == true)
    let other = try await rig.connect("/ocpp/CP2", offering: ["ocpp2.1"])
    var end = other.events.makeAsyncIterator()
    #expect(await end.next()?.hasPrefix("closed 1002") == true)
    #expect(rig.house.sentAway.first?.contains("we speak ocpp1.6, ocpp2.0.1") == true)
  }
}
