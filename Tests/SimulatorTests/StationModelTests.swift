import OCPP
import Testing
import Wire

@testable import Simulator

@Suite struct StationModelTests {
  @Test func aStationBootsTellsItsStatusesAndBeats() {
    var stage = Stage()
    #expect(stage.act { $0.start(at: $1) } == ["connect"])
    #expect(stage.act { $0.opened(at: $1) } == ["tell connected", "call BootNotification"])
    #expect(stage.calls[0].payload["chargePointModel"]?.string == "Post 22")
    #expect(
      stage.settle() == ["BootNotification", "StatusNotification", "StatusNotification", "StatusNotification"])
    #expect(stage.payloads("StatusNotification").map { $0["connectorId"]?.int } == [0, 1, 2])
    #expect(!stage.after(299).contains("call Heartbeat"))
    #expect(stage.after(1).contains("call Heartbeat"))
  }

  @Test func aPendingStationBootsAgainAfterTheIntervalAndSendsNothingElse() {
    var stage = Stage()
    stage.act { $0.start(at: $1) }
    stage.act { $0.opened(at: $1) }
    stage.answer(["status": "Pending", "currentTime": "2026-03-02T10:00:00Z", "interval": 30])
    stage.act { $0.plugIn(1, tag: "CARD", car: Car(), at: $1) }
    #expect(stage.after(29) == [])
    #expect(stage.after(1) == ["call BootNotification"])
    #expect(stage.settle().dropFirst() == ["StatusNotification", "StatusNotification", "StatusNotification"])
  }

  @Test func aTriggeredMessageLeavesWhilePending() {
    var stage = Stage()
    stage.act { $0.start(at: $1) }
    stage.act { $0.opened(at: $1) }
    stage.answer(["status": "Pending", "currentTime": "2026-03-02T10:00:00Z", "interval": 30])
    let status = stage.ask("TriggerMessage", ["requestedMessage": "StatusNotification", "connectorId": 2])
    #expect(status.first == #"result {"status":"Accepted"}"#)
    #expect(status.last == "call StatusNotification")
    stage.answer([:])
    #expect(stage.ask("TriggerMessage", ["requestedMessage": "BootNotification"]).last == "call BootNotification")
    stage.settle()
    #expect(stage.model.isAccepted)
  }

  @Test func aRejectedStationWaitsAndAnUnansweredBootIsRepeated() {
    var stage = Stage()
    stage.act { $0.start(at: $1) }
    stage.act { $0.opened(at: $1) }
    stage.answer(["status": "Rejected", "currentTime": "2026-03-02T10:00:00Z", "interval": 10])
    #expect(stage.after(10) == ["call BootNotification"])
    #expect(stage.after(30).contains { $0.contains("no reply") })
    #expect(stage.after(30) == ["call BootNotification"])
  }

  @Test(arguments: ["Accepted", "Rejected"])
  func anAbsurdIntervalCountsAsADay(_ status: String) {
    var stage = Stage()
    stage.act { $0.start(at: $1) }
    stage.act { $0.opened(at: $1) }
    stage.answer([
      "status": .string(status), "currentTime": "2026-03-02T10:00:00Z", "interval": .number(JSONNumber(1 << 53 - 1)),
    ])
    stage.settle()
    let wake = stage.model.nextWake(after: stage.now).instant
    #expect(wake == stage.now.instant + .seconds(86_400))
  }

  @Test func pausesDoubleUntilTheLongest() {
    var stage = Stage(Stage.profile { $0.retry.longest = .seconds(8) })
    stage.act { $0.start(at: $1) }
    var waits: [Double] = []
    for _ in 0..<8 {
      stage.act { $0.refused("nobody there", at: $1) }
      let began = stage.now.instant
      while !stage.after(1).contains("connect"), waits.count < 100 {}
      waits.append(Double((stage.now.instant - began).wholeMilliseconds) / 1000)
    }
    #expect(waits[0] <= 2)
    // Eight seconds with jitter between half and one and a half, rounded up to whole ticks.
    #expect(waits.suffix(3).allSatisfy { $0 >= 4 && $0 <= 13 })
  }

  @Test func aFlakyStationDropsItsConnection() {
    var stage = Stage.opened(Stage.profile { $0.dropsEverySeconds = 20 })
    var dropped = false
    for _ in 0..<31 where !dropped { dropped = stage.after(1).contains("drop") }
    #expect(dropped)
    stage.lose()
    stage.comeBack()
    #expect(stage.open?.action == "BootNotification")
  }

  @Test func aStationThatDoesNotBootOnReconnectTellsItsStatusesOnly() {
    var stage = Stage.opened(Stage.profile { $0.bootsOnReconnect = false })
    stage.lose()
    stage.comeBack()
    #expect(stage.settle() == ["StatusNotification", "StatusNotification", "StatusNotification"])
  }

  @Test func switchedOffItStaysAway() {
    var stage = Stage.opened()
    #expect(stage.act { $0.leave(at: $1) } == ["close 1000"])
    stage.lose()
    for _ in 0..<5 { #expect(stage.after(60) == []) }
    let wake = stage.model.nextWake(after: stage.now)
    #expect(wake.time == nil && wake.instant == nil)
  }

  @Test func oneCallIsOpenAtATime() {
    var stage = Stage.opened()
    stage.act { $0.plugIn(1, tag: "A", car: Car(), at: $1) }
    #expect(stage.act { $0.plugIn(2, tag: "B", car: Car(), at: $1) }.allSatisfy { !$0.hasPrefix("call") })
  }

  @Test func aFaultedConnectorSaysSoAndTakesNoCar() {
    var stage = Stage(Stage.profile { $0.faultedConnector = 2 })
    stage.act { $0.start(at: $1) }
    stage.act { $0.opened(at: $1) }
    stage.settle()
    #expect(stage.statuses(2) == ["Faulted"])
    #expect(stage.payloads("StatusNotification").last?["errorCode"]?.string == "GroundFailure")
    #expect(stage.act { $0.plugIn(2, tag: "A", car: Car(), at: $1) } == [])
  }

  @Test func theSameSeedMakesTheSameDay() {
    func day(_ seed: UInt64) -> [String] {
      var stage = Stage.opened(Stage.profile(.dc150), seed: seed)
      stage.act { $0.plugIn(1, tag: "A", at: $1) }
      stage.settle()
      for _ in 0..<30 {
        stage.after(60)
        stage.settle()
      }
      return stage.payloads("MeterValues").map(\.text)
    }
    #expect(day(5) == day(5))
    #expect(day(5) != day(6))
  }
}

@Suite struct StationChargingTests {
  @Test func aCardSessionFromPlugToUnplug() {
    var stage = Stage.opened()
    stage.act { $0.plugIn(1, tag: "CARD", car: Car(stateOfCharge: 0.2), at: $1) }
    #expect(stage.settle() == ["StatusNotification", "Authorize", "StartTransaction", "StatusNotification"])
    #expect(stage.statuses() == ["Preparing", "Charging"])
    let start = stage.payloads("StartTransaction")[0]
    #expect(start["idTag"]?.string == "CARD" && start["meterStart"]?.int == 1_250_000)
    #expect(start["timestamp"]?.string == "2026-03-02T10:00:00Z")
    for _ in 0..<10 {
      stage.after(60)
      stage.settle()
    }
    let meters = stage.payloads("MeterValues")
    #expect(meters.count == 10)
    #expect(meters.allSatisfy { $0["transactionId"]?.int == 101 })
    // 11 kW for ten minutes, less what the ramp takes.
    let register = Stage.sample(meters[9], "Energy.Active.Import.Register") ?? 0
    #expect(register > 1_251_780 && register <= 1_251_834)
    #expect(Stage.sample(meters[9], "Power.Active.Import") == 11_000)
    #expect(Stage.sample(meters[9], "Current.Import") == Decimal("15.9"))
    #expect(Stage.sample(meters[9], "SoC") == nil)

    stage.act { $0.stop(1, at: $1) }
    #expect(stage.settle() == ["StopTransaction", "StatusNotification"])
    let stop = stage.payloads("StopTransaction")[0]
    #expect(stop["transactionId"]?.int == 101 && stop["reason"]?.string == "Local" && stop["idTag"]?.string == "CARD")
    #expect(stop["meterStop"]?.decimal == register)
    stage.act { $0.unplug(1, at: $1) }
    stage.settle()
    #expect(stage.statuses() == ["Preparing", "Charging", "Finishing", "Available"])
    #expect(stage.events.contains(.sessionConfirmed(connector: 1, transaction: 101)))
    #expect(stage.events.contains(.stopAcknowledged(transaction: 101)))
  }

  @Test func aFullCarIsSuspendedAndTakesNoMore() {
    var stage = Stage.opened(Stage.profile(.dc150))
    stage.act { $0.plugIn(1, tag: "A", car: Car(batteryWattHours: 10_000, stateOfCharge: 0.5, target: 0.8), at: $1) }
    stage.settle()
    for _ in 0..<12 {
      stage.after(60)
      stage.settle()
    }
    #expect(stage.statuses() == ["Preparing", "Charging", "SuspendedEV"])
    let last = stage.payloads("MeterValues")[11]
    #expect(Stage.sample(last, "Energy.Active.Import.Register") == 1_253_000)
    #expect(Stage.sample(last, "Power.Active.Import") == 0)
    #expect(Stage.sample(last, "SoC") == 80)
  }

  @Test func directCurrentTapers() {
    var stage = Stage.opened(Stage.profile(.dc150))
    stage.act { $0.plugIn(1, tag: "A", car: Car(stateOfCharge: 0.2, target: 1), at: $1) }
    stage.settle()
    for _ in 0..<45 {
      stage.after(60)
      stage.settle()
    }
    let power = stage.payloads("MeterValues").compactMap { Stage.sample($0, "Power.Active.Import") }
    #expect(power[1] == 120_000)
    #expect(power.max() == 120_000)
    #expect((power.last ?? 0) < 30_000)
    #expect(power.dropFirst(2).elementsEqual(power.dropFirst(2).sorted(by: >)))
  }

  @Test func aDeniedCardLeavesTheCarWaiting() {
    var stage = Stage.opened()
    stage.verdict = ["status": "Blocked"]
    stage.act { $0.plugIn(1, tag: "BAD", car: Car(), at: $1) }
    #expect(stage.settle() == ["StatusNotification", "Authorize"])
    #expect(stage.events.contains(.authorized(tag: "BAD", .blocked)))
    #expect(stage.model.connectors[0].status == .preparing)
  }

  @Test func anInvalidTagAtTheStartEndsTheSessionOrHoldsItBack() {
    for stops in [true, false] {
      var stage = Stage.opened()
      stage.ask(
        "ChangeConfiguration", ["key": "StopTransactionOnInvalidId", "value": .string(stops ? "true" : "false")])
      stage.act { $0.plugIn(1, tag: "A", car: Car(), at: $1) }
      stage.answer([:])  // Preparing
      stage.answer(["idTagInfo": ["status": "Accepted"]])
      stage.verdict = ["status": "Invalid"]
      stage.settle()
      #expect(stage.payloads("StopTransaction").map { $0["reason"]?.string } == (stops ? ["DeAuthorized"] : []))
      #expect(stage.statuses().last == (stops ? "Finishing" : "SuspendedEVSE"))
      stage.after(60)
      stage.settle()
      #expect(stage.model.connectors[0].registerWattHours == 1_250_000)
    }
  }

  @Test func theSameCardAndItsGroupEndASessionAndOthersDoNot() {
    for (tag, parent, ends) in [("card", "G1", true), ("OTHER", "G1", true), ("OTHER", "G2", false)]
      as [(String, String, Bool)]
    {
      var stage = Stage.opened()
      stage.verdict = ["status": "Accepted", "parentIdTag": "G1"]
      stage.act { $0.plugIn(1, tag: "CARD", car: Car(), at: $1) }
      stage.settle()
      stage.verdict = ["status": "Accepted", "parentIdTag": .string(parent)]
      stage.act { $0.present(tag, at: 1, at: $1) }
      stage.settle()
      #expect(stage.payloads("StopTransaction").count == (ends ? 1 : 0), "\(tag) of \(parent)")
    }
  }

  @Test func anInvitationEndsAfterTheConnectionTimeOut() {
    var stage = Stage.opened()
    stage.act { $0.present("A", at: 1, at: $1) }
    stage.settle()
    #expect(stage.model.connectors[0].status == .preparing)
    stage.after(60)
    stage.settle()
    #expect(stage.statuses() == ["Preparing", "Available"])
  }

  @Test func unpluggingEndsTheSession() {
    var stage = Stage.opened()
    stage.act { $0.plugIn(1, tag: "A", car: Car(), at: $1) }
    stage.settle()
    stage.act { $0.unplug(1, at: $1) }
    stage.settle()
    #expect(stage.payloads("StopTransaction")[0]["reason"]?.string == "EVDisconnected")
    #expect(stage.statuses().last == "Available")
  }

  // MARK: Without the house

  @Test func whatHappensOfflineIsToldInOrderAfterwards() {
    var stage = Stage.opened()
    stage.act { $0.plugIn(1, tag: "A", car: Car(), at: $1) }
    stage.settle()
    stage.after(60)
    #expect(stage.open?.action == "MeterValues")
    stage.lose()
    stage.now = stage.now + .seconds(600)
    stage.act { $0.stop(1, at: $1) }
    stage.act { $0.unplug(1, at: $1) }
    // A card that the house knew before; its verdict was remembered.
    stage.act { $0.plugIn(1, tag: "A", car: Car(), at: $1) }
    #expect(stage.model.connectors[0].status == .charging)
    let before = stage.calls.count
    stage.comeBack()
    stage.settle()
    let told = stage.calls.dropFirst(before)
    #expect(
      told.map(\.action) == [
        "BootNotification", "StatusNotification", "StatusNotification", "StatusNotification", "MeterValues",
        "StopTransaction", "StartTransaction",
      ])
    // The first session's number was known, the second's is given now.
    let stop = stage.payloads("StopTransaction")[0]
    #expect(stop["transactionId"]?.int == 101 && stop["timestamp"]?.string == "2026-03-02T10:11:00Z")
    #expect(stage.model.connectors[0].transaction == 102)
    #expect(stage.model.keptMessages == 0)
  }

  @Test func aStartThatWasNotAnsweredIsSentAgainUnderANewID() {
    var stage = Stage.opened()
    stage.act { $0.plugIn(1, tag: "A", car: Car(), at: $1) }
    stage.answer([:])
    stage.answer(["idTagInfo": ["status": "Accepted"]])
    let first = stage.open
    #expect(first?.action == "StartTransaction")
    stage.lose()
    stage.comeBack()
    stage.settle()
    let starts = stage.payloads("StartTransaction")
    #expect(starts.count == 2 && starts[0] == starts[1])
  }

  @Test func aTagThatNobodyKnowsMayNotChargeOfflineUnlessAllowed() {
    for allowed in [false, true] {
      var stage = Stage.opened()
      stage.ask("ChangeConfiguration", ["key": "AllowOfflineTxForUnknownId", "value": .string("\(allowed)")])
      stage.lose()
      stage.act { $0.plugIn(1, tag: "NEW", car: Car(), at: $1) }
      #expect((stage.model.connectors[0].tag != nil) == allowed)
    }
  }

  @Test func aRefusedMessageIsTriedAgainAndThenGivenUp() {
    var stage = Stage.opened()
    stage.act { $0.plugIn(1, tag: "A", car: Car(), at: $1) }
    stage.answer([:])
    stage.answer(["idTagInfo": ["status": "Accepted"]])
    stage.answer(error: "InternalError")
    // Statuses do not wait for it.
    #expect(stage.open?.action == "StatusNotification")
    stage.answer([:])
    var waits: [Int] = []
    var seconds = 0
    while waits.count < 2, seconds < 1_000 {
      seconds += 1
      if stage.after(1).contains("call StartTransaction") {
        waits.append(seconds)
        stage.answer(error: "InternalError")
      }
    }
    #expect(waits == [60, 180])
    #expect(stage.events.contains(.dropped(action: "StartTransaction")))
    stage.settle()
    stage.act { $0.stop(1, at: $1) }
    stage.settle()
    #expect(stage.payloads("StopTransaction")[0]["transactionId"]?.int == -1)
  }

  @Test func aLongAbsenceThinsOutMeterValuesAndKeepsTheEnds() {
    var stage = Stage.opened()
    stage.act { $0.plugIn(1, tag: "A", car: Car(batteryWattHours: 1_000_000), at: $1) }
    stage.settle()
    stage.lose()
    for _ in 0..<(Limits.keptMessages + 20) {
      stage.now.time += .seconds(60)
      stage.act { $0.tick(at: $1) }
    }
    #expect(stage.model.keptMessages == Limits.keptMessages)
    #expect(stage.events.count { $0 == .dropped(action: "MeterValues") } == 20)
    stage.act { $0.stop(1, at: $1) }
    stage.comeBack()
    stage.settle()
    #expect(stage.payloads("StopTransaction").count == 1)
    #expect(stage.payloads("MeterValues").count == Limits.keptMessages - 1)
  }
}
