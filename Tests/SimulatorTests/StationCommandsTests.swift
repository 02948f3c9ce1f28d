import OCPP
import Testing
import Wire

@testable import Simulator

@Suite struct StationCommandsTests {
  static let yes = #"result {"status":"Accepted"}"#
  static let no = #"result {"status":"Rejected"}"#

  @Test func aRemoteStartWaitsForTheCarAndARemoteStopEndsIt() {
    var stage = Stage.opened(
      Stage.profile {
        $0.habits.plugsInAfterSeconds = 5
        $0.habits.leavesAfterSeconds = 30
      })
    #expect(stage.ask("RemoteStartTransaction", ["connectorId": 2, "idTag": "APP"])[0] == Self.yes)
    stage.settle()
    #expect(stage.statuses(2) == ["Preparing"])
    stage.after(5)
    stage.settle()
    #expect(stage.payloads("StartTransaction")[0]["idTag"]?.string == "APP")
    #expect(stage.payloads("Authorize").isEmpty)
    stage.after(60)
    stage.settle()
    #expect(stage.ask("RemoteStopTransaction", ["transactionId": 999])[0] == Self.no)
    #expect(stage.ask("RemoteStopTransaction", ["transactionId": 101])[0] == Self.yes)
    stage.settle()
    let stop = stage.payloads("StopTransaction")[0]
    #expect(stop["reason"]?.string == "Remote" && stop["idTag"] == nil)
    stage.after(30)
    stage.settle()
    #expect(stage.statuses(2) == ["Preparing", "Charging", "Finishing", "Available"])
  }

  @Test func aRemoteStartPrefersTheCarThatWaits() {
    var stage = Stage.opened()
    stage.act { $0.plugIn(2, car: Car(), at: $1) }
    stage.settle()
    #expect(stage.ask("RemoteStartTransaction", ["idTag": "APP"])[0] == Self.yes)
    stage.settle()
    #expect(stage.payloads("StartTransaction")[0]["connectorId"]?.int == 2)
    // Both places taken: the third is refused.
    #expect(stage.ask("RemoteStartTransaction", ["idTag": "B"])[0] == Self.yes)
    #expect(stage.ask("RemoteStartTransaction", ["idTag": "C"])[0] == Self.no)
  }

  @Test func aRemoteStartAsksFirstWhereItIsToldTo() {
    var stage = Stage.opened()
    stage.ask("ChangeConfiguration", ["key": "AuthorizeRemoteTxRequests", "value": "true"])
    stage.act { $0.plugIn(1, car: Car(), at: $1) }
    stage.settle()
    stage.verdict = ["status": "Expired"]
    #expect(stage.ask("RemoteStartTransaction", ["connectorId": 1, "idTag": "APP"])[0] == Self.yes)
    stage.settle()
    #expect(stage.payloads("Authorize").count == 1)
    #expect(stage.payloads("StartTransaction").isEmpty)
  }

  @Test func aSoftResetLetsTheStopLeaveAndAHardOneKeepsItForLater() {
    for kind in ["Soft", "Hard"] {
      var stage = Stage.opened()
      stage.act { $0.plugIn(1, tag: "A", car: Car(), at: $1) }
      stage.settle()
      let lines = stage.ask("Reset", ["type": .string(kind)])
      #expect(lines[0] == Self.yes)
      if kind == "Hard" {
        #expect(!lines.contains { $0.hasPrefix("call") || $0 == "drop" })
        #expect(stage.after(1).contains("drop"))
      } else {
        #expect(stage.settle().contains("StopTransaction"))
        #expect(stage.lines.last == "close 1000")
        // Nothing leaves while it waits for the other side's close.
        stage.act { $0.plugIn(2, tag: "B", car: Car(), at: $1) }
        #expect(stage.open == nil)
      }
      stage.lose()
      stage.comeBack()
      #expect(stage.settle().first == "BootNotification")
      let stops = stage.payloads("StopTransaction")
      #expect(stops.last?["reason"]?.string == "\(kind)Reset")
      #expect(stops.last?["transactionId"]?.int == 101)
      #expect(stage.model.keptMessages == 0)
    }
  }

  @Test func unlockingEndsTheSessionWhereThereIsALock() {
    var stage = Stage.opened()
    stage.act { $0.plugIn(1, tag: "A", car: Car(), at: $1) }
    stage.settle()
    #expect(stage.ask("UnlockConnector", ["connectorId": 1])[0] == #"result {"status":"Unlocked"}"#)
    stage.settle()
    #expect(stage.payloads("StopTransaction")[0]["reason"]?.string == "UnlockCommand")
    #expect(stage.ask("UnlockConnector", ["connectorId": 9])[0] == #"result {"status":"NotSupported"}"#)
    var fast = Stage.opened(Stage.profile(.dc50))
    #expect(fast.ask("UnlockConnector", ["connectorId": 1])[0] == #"result {"status":"NotSupported"}"#)
  }

  @Test func availabilityChangesNowOrAfterTheSession() {
    var stage = Stage.opened()
    stage.act { $0.plugIn(1, tag: "A", car: Car(), at: $1) }
    stage.settle()
    #expect(
      stage.ask("ChangeAvailability", ["connectorId": 0, "type": "Inoperative"])[0] == #"result {"status":"Scheduled"}"#
    )
    stage.settle()
    #expect(stage.statuses(0) == ["Unavailable"])
    #expect(stage.statuses(2) == ["Unavailable"])
    #expect(stage.statuses(1).last == "Charging")
    stage.act { $0.unplug(1, at: $1) }
    stage.settle()
    #expect(stage.statuses(1).last == "Unavailable")
    #expect(stage.ask("RemoteStartTransaction", ["idTag": "A"])[0] == Self.no)
    #expect(stage.ask("ChangeAvailability", ["connectorId": 1, "type": "Operative"])[0] == Self.yes)
    stage.settle()
    #expect(stage.statuses(1).last == "Available")
    #expect(stage.ask("ChangeAvailability", ["connectorId": 7, "type": "Operative"])[0] == Self.no)
  }

  @Test func configurationTakesEffect() {
    var stage = Stage.opened()
    stage.act { $0.plugIn(1, tag: "A", car: Car(), at: $1) }
    stage.settle()
    #expect(stage.ask("ChangeConfiguration", ["key": "metervaluesampleinterval", "value": "10"])[0] == Self.yes)
    #expect(stage.after(10).contains("call MeterValues"))
    stage.settle()
    stage.ask("ChangeConfiguration", ["key": "MeterValueSampleInterval", "value": "0"])
    for _ in 0..<20 { #expect(!stage.after(10).contains("call MeterValues")) }
    stage.ask("ChangeConfiguration", ["key": "HeartbeatInterval", "value": "5"])
    #expect(stage.after(5).contains("call Heartbeat"))
    stage.settle()
    stage.ask("ChangeConfiguration", ["key": "MeterValuesSampledData", "value": "Voltage"])
    stage.ask("TriggerMessage", ["requestedMessage": "MeterValues", "connectorId": 1])
    stage.settle()
    #expect(Stage.sample(stage.payloads("MeterValues").last ?? .null, "Voltage") == 230)
    #expect(Stage.sample(stage.payloads("MeterValues").last ?? .null, "Power.Active.Import") == nil)
  }

  @Test(arguments: [
    ("NumberOfConnectors", "5", "Rejected"), ("Nonsense", "1", "NotSupported"), ("HeartbeatInterval", "0", "Rejected"),
    ("HeartbeatInterval", "86400", "Accepted"), ("HeartbeatInterval", "86401", "Rejected"),
    ("HeartbeatInterval", "soon", "Rejected"), ("LocalAuthorizeOffline", "FALSE", "Accepted"),
    ("LocalAuthorizeOffline", "no", "Rejected"), ("MeterValuesSampledData", "RPM", "Rejected"),
  ])
  func aKeyTakesWhatItHolds(key: String, value: String, word: String) {
    var stage = Stage.opened()
    let line = stage.ask("ChangeConfiguration", ["key": .string(key), "value": .string(value)])[0]
    #expect(line == #"result {"status":"\#(word)"}"#)
  }

  @Test func configurationIsShown() {
    var stage = Stage.opened()
    let line = stage.ask("GetConfiguration", ["key": ["NumberOfConnectors", "heartbeatinterval", "Nonsense"]])[0]
    #expect(
      line == #"result {"configurationKey":[{"key":"NumberOfConnectors","readonly":true,"value":"2"},"#
        + #"{"key":"HeartbeatInterval","readonly":false,"value":"300"}],"unknownKey":["Nonsense"]}"#)
    let all = stage.ask("GetConfiguration", [:])[0]
    #expect(all.contains("MeterValueSampleInterval") && !all.contains("unknownKey"))
  }

  @Test func anEmptiedCacheForgetsTags() {
    var stage = Stage.opened()
    stage.act { $0.plugIn(1, tag: "A", car: Car(), at: $1) }
    stage.settle()
    stage.act { $0.unplug(1, at: $1) }
    stage.settle()
    #expect(stage.ask("ClearCache", [:])[0] == Self.yes)
    stage.lose()
    stage.act { $0.plugIn(1, tag: "A", car: Car(), at: $1) }
    #expect(stage.model.connectors[0].tag == nil)
  }

  @Test func whatIsNotUnderstoodGetsItsError() {
    var stage = Stage.opened()
    // Of its version, but not done; and of no version at all.
    #expect(stage.ask("ReserveNow", [:])[0] == "error NotSupported")
    #expect(stage.ask("MakeCoffee", [:])[0] == "error NotImplemented")
    #expect(stage.ask("Reset", [:])[0] == "error OccurenceConstraintViolation")
    #expect(stage.ask("DataTransfer", ["vendorId": "Nobody"])[0] == #"result {"status":"UnknownVendorId"}"#)
    #expect(
      stage.ask("DataTransfer", ["vendorId": "Halyard", "messageId": "x"])[0]
        == #"result {"status":"UnknownMessageId"}"#)
    #expect(stage.act { $0.received(Bytes(utf8: "nonsense"), at: $1) } == [])
    #expect(stage.act { $0.received(Bytes(utf8: #"[3,"invented",{}]"#), at: $1) } == [])
  }
}

@Suite struct TriggeredJobTests {
  @Test(arguments: ["FirmwareStatusNotification", "DiagnosticsStatusNotification"])
  func aStationWithoutAJobIsIdle(_ message: String) {
    var stage = Stage.opened()
    let told = stage.ask("TriggerMessage", ["requestedMessage": .string(message)])
    #expect(told.first == #"result {"status":"Accepted"}"# && told.last == "call \(message)")
    #expect(stage.payloads(message).last?["status"]?.string == "Idle")
  }
}

@Suite struct CarTests {
  @Test func energyIsTheSameInOnePieceOrInMany() {
    for kind in StationProfile.Kind.allCases {
      var once = Car(stateOfCharge: 0.1, target: 1)
      var often = once
      let whole = once.charge(at: kind, from: 0, to: 3_600)
      var parts = 0.0
      for minute in 0..<60 { parts += often.charge(at: kind, from: Double(minute) * 60, to: Double(minute + 1) * 60) }
      #expect(abs(whole - parts) < 1, "\(kind)")
      #expect(whole > 0 && whole <= min(kind.watts, 120_000))
    }
  }

  @Test func aBatteryEndsExactlyAtItsTarget() {
    var car = Car(batteryWattHours: 20_000, stateOfCharge: 0.5, target: 0.75)
    // A month in one piece: the pieces get longer, the end is the same.
    let taken = car.charge(at: .ac22, from: 0, to: 30 * 86_400)
    #expect(abs(taken - 5_000) < 0.001)
    #expect(car.isFull)
    #expect(car.charge(at: .ac22, from: 0, to: 60) == 0)
  }
}

@Suite struct ScenarioTests {
  @Test func stepsComeInTheirOrderAndRepeatByTheirSeed() {
    func script(_ seed: UInt64) -> [String] {
      var scenario = Scenario<String>(seed: seed)
      scenario.at(5, "b")
      scenario.at(1, "a")
      scenario.at(5, "c")
      scenario.every(10, from: 0, until: 20, jitter: 3) { "x\($0)" }
      return scenario.steps.map { "\($0.after.wholeMilliseconds) \($0.action)" }
    }
    #expect(script(1) == script(1))
    #expect(script(1) != script(2))
    let plain = script(1).filter { !$0.contains("x") }
    #expect(plain == ["1000 a", "5000 b", "5000 c"])
    #expect(script(1).count == 6)
  }
}

@Suite struct FastClockTests {
  @Test func aMinutePassesInASecond() {
    let clock = FastClock(speed: 60, from: at("2026-03-02T10:00:00Z"))
    let first = clock.moment(at: .now())
    let later = clock.moment(at: first.instant + .seconds(1))
    #expect((later.time - first.time).wholeMilliseconds == 60_000)
    #expect(clock.wait(until: later.time, from: first) == .seconds(1))
    let fast = FastClock(speed: 3_600)
    let year = fast.moment(at: .now() + .seconds(31_536_000))
    #expect(year.time > .now() + .seconds(3_599 * 31_536_000))
    #expect(FastClock(speed: 0).speed == 1)
    #expect(FastClock(speed: 4_000).speed == Limits.speed)
  }
}
