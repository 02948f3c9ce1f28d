import OCPP
import Testing
import Wire

@testable import Simulator

/// Virtual stations in the words of 2.0.1 and 2.1.
@Suite struct StationSpeechTests {
  private func stage(_ version: StationProfile.Version, _ change: (inout StationProfile) -> Void = { _ in }) -> Stage {
    var stage = Stage(
      Stage.profile {
        $0.version = version
        change(&$0)
      })
    stage.act { $0.start(at: $1) }
    stage.act { $0.opened(at: $1) }
    stage.settle()
    return stage
  }

  private static let both: [StationProfile.Version] = [.v201, .v21]

  @Test(arguments: both) func aStationBootsAndTellsItsConnectors(version: StationProfile.Version) {
    let stage = stage(version)
    #expect(stage.calls.map(\.action) == ["BootNotification", "StatusNotification", "StatusNotification"])
    #expect(stage.calls[0].payload["chargingStation"]?["model"]?.string == "Post 22")
    #expect(stage.payloads("StatusNotification").map { $0["evseId"]?.int } == [1, 2])
    #expect(stage.payloads("StatusNotification").allSatisfy { $0["connectorStatus"]?.string == "Available" })
  }

  @Test(arguments: both) func aSessionIsToldInNumberedEvents(version: StationProfile.Version) {
    var stage = stage(version)
    stage.act { $0.plugIn(1, tag: "CARD", car: Car(), at: $1) }
    stage.settle()
    for _ in 0..<3 {
      stage.after(60)
      stage.settle()
    }
    stage.act { $0.unplug(1, at: $1) }
    stage.settle()
    let events = stage.payloads("TransactionEvent")
    #expect(events.first?["eventType"]?.string == "Started" && events.last?["eventType"]?.string == "Ended")
    #expect(events.map { $0["seqNo"]?.int } == (0..<events.count).map { Int64($0) })
    #expect(Set(events.map { $0["transactionInfo"]?["transactionId"]?.string }).count == 1)
    #expect(events.first?["idToken"]?["idToken"]?.string == "CARD" && events.first?["evse"]?["id"]?.int == 1)
    #expect(events.last?["transactionInfo"]?["stoppedReason"]?.string == "EVDisconnected")
    #expect(events.allSatisfy { $0["offline"] == nil })
    let statuses = stage.payloads("StatusNotification").filter { $0["evseId"]?.int == 1 }
    #expect(statuses.map { $0["connectorStatus"]?.string } == ["Available", "Occupied", "Available"])
  }

  @Test func whatHappensWithoutTheHouseIsMarkedAndCountsOn() {
    var stage = stage(.v201)
    stage.act { $0.plugIn(1, tag: "CARD", car: Car(), at: $1) }
    stage.settle()
    stage.act { $0.closed("cut", at: $1) }
    stage.after(60)
    stage.act { $0.unplug(1, at: $1) }
    stage.act { $0.opened(at: $1) }
    stage.settle()
    let events = stage.payloads("TransactionEvent")
    #expect(events.map { $0["seqNo"]?.int } == (0..<events.count).map { Int64($0) })
    #expect(events.first?["offline"] == nil && events.last?["offline"]?.bool == true)
  }

  @Test(arguments: both) func theHouseStartsAndStopsFromAfar(version: StationProfile.Version) throws {
    var stage = stage(version)
    stage.act { $0.plugIn(2, car: Car(), at: $1) }
    stage.settle()
    let asked = stage.ask(
      "RequestStartTransaction",
      ["remoteStartId": 42, "idToken": ["idToken": "APP", "type": "Central"], "evseId": 2])
    #expect(asked.first == #"result {"status":"Accepted"}"#)
    stage.settle()
    let started = try #require(stage.payloads("TransactionEvent").first)
    #expect(
      started["transactionInfo"]?["remoteStartId"]?.int == 42 && started["triggerReason"]?.string == "RemoteStart")
    #expect(started["idToken"]?["type"]?.string == "Central")
    let name = try #require(started["transactionInfo"]?["transactionId"]?.string)
    #expect(
      stage.ask("GetTransactionStatus", ["transactionId": .string(name)]).first
        == #"result {"ongoingIndicator":true,"messagesInQueue":false}"#)
    #expect(
      stage.ask("UnlockConnector", ["evseId": 2, "connectorId": 1]).first
        == #"result {"status":"OngoingAuthorizedTransaction"}"#)
    #expect(stage.ask("RequestStopTransaction", ["transactionId": "no such"]).first == #"result {"status":"Rejected"}"#)
    #expect(
      stage.ask("RequestStopTransaction", ["transactionId": .string(name)]).first == #"result {"status":"Accepted"}"#)
    stage.settle()
    #expect(stage.payloads("TransactionEvent").last?["transactionInfo"]?["stoppedReason"]?.string == "Remote")
  }

  @Test func aRefusedTokenEndsItsSession() {
    var stage = stage(.v21)
    stage.act { $0.plugIn(1, car: Car(), at: $1) }
    _ = stage.ask(
      "RequestStartTransaction",
      ["remoteStartId": 1, "idToken": ["idToken": "APP", "type": "Central"], "evseId": 1])
    stage.verdict = ["status": "Blocked"]
    stage.settle()
    #expect(stage.payloads("TransactionEvent").last?["transactionInfo"]?["stoppedReason"]?.string == "DeAuthorized")
  }

  @Test func triggersAndAvailabilityAreObeyed() {
    var stage = stage(.v201)
    #expect(
      stage.ask(
        "TriggerMessage", ["requestedMessage": "StatusNotification", "evse": ["id": 2, "connectorId": 1]]
      ).last == "call StatusNotification")
    stage.settle()
    #expect(
      stage.ask("ChangeAvailability", ["operationalStatus": "Inoperative"]).first == #"result {"status":"Accepted"}"#)
    stage.settle()
    #expect(
      stage.payloads("StatusNotification").suffix(2).allSatisfy { $0["connectorStatus"]?.string == "Unavailable" })
    #expect(stage.ask("MakeCoffee", [:]).first == "error NotImplemented")
    #expect(stage.ask("PublishFirmware", [:]).first == "error NotSupported")
    #expect(
      stage.ask("TriggerMessage", ["requestedMessage": "LogStatusNotification"]).last == "call LogStatusNotification")
    stage.settle()
    let told = stage.payloads("LogStatusNotification").last
    #expect(told?["status"]?.string == "Idle" && told?["requestId"] == nil)
  }

  @Test func aResetOnIdleWaitsForWhoeverCharges() {
    var stage = stage(.v201)
    stage.act { $0.plugIn(1, tag: "A", car: Car(), at: $1) }
    stage.settle()
    #expect(stage.ask("Reset", ["type": "OnIdle"]).first == #"result {"status":"Scheduled"}"#)
    stage.settle()
    #expect(stage.payloads("TransactionEvent").last?["eventType"]?.string != "Ended")
    #expect(!stage.lines.contains("tell rebooting(hard: false)"))
    stage.act { $0.unplug(1, at: $1) }
    stage.settle()
    #expect(stage.payloads("TransactionEvent").last?["eventType"]?.string == "Ended")
    #expect(stage.lines.contains("tell rebooting(hard: false)") && stage.lines.last == "close 1000")
  }
}
