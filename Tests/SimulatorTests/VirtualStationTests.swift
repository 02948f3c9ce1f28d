import HTTP
import Net
import OCPP
import Testing
import Wire

@testable import Simulator

@Suite struct VirtualStationTests {
  @Test func aWholeSessionOverARealWebSocket() async throws {
    let yard = try await Yard()
    // A minute of charging passes in ten milliseconds.
    let station = await yard.station(Yard.profile(), clock: FastClock(speed: 3_600))
    await until("accepted") { await on(yard.loop) { station.value.model.isAccepted } }
    #expect(await yard.seen().passwords == ["SIM-1:secret"])
    await on(yard.loop) { station.value.plugIn(1, tag: "CARD", car: Car()) }
    await until("three meter values") { await yard.calls("MeterValues").count >= 3 }
    await on(yard.loop) { station.value.present("CARD", at: 1) }
    await until("the stop") { await yard.calls("StopTransaction").count == 1 }
    let start = await yard.calls("StartTransaction")[0]
    let stop = await yard.calls("StopTransaction")[0]
    #expect(stop["transactionId"]?.int == 1)
    #expect((stop["meterStop"]?.int ?? 0) > (start["meterStart"]?.int ?? 0))
    await until("acknowledged") { yard.events.contains(.stopAcknowledged(transaction: 1)) }
    await on(yard.loop) { station.value.stop() }
    await until("gone") { yard.events.contains { if case .disconnected = $0 { true } else { false } } }
    #expect(await yard.seen().connections == 1)
  }

  @Test func whatWasNotAnsweredIsSentAgainAfterADrop() async throws {
    let yard = try await Yard()
    let station = await yard.station(Yard.profile())
    await until("accepted") { await on(yard.loop) { station.value.model.isAccepted } }
    await yard.with { $0.silence = ["StartTransaction"] }
    await on(yard.loop) { station.value.plugIn(1, tag: "CARD", car: Car()) }
    await until("the start") { await yard.calls("StartTransaction").count == 1 }
    await yard.with {
      $0.silence = []
      $0.cut("SIM-1")
    }
    await until("the start again") { yard.events.contains(.sessionConfirmed(connector: 1, transaction: 1)) }
    let starts = await yard.seen().calls.filter { $0.action == "StartTransaction" }
    #expect(starts.count == 2)
    #expect(starts[0].payload == starts[1].payload)
    #expect(starts[0].id != starts[1].id)
    #expect(await yard.seen().calls.filter { $0.action == "BootNotification" }.count == 2)
    #expect(await yard.seen().connections == 2)
    await on(yard.loop) { station.value.dropConnection() }
    await until("a third time") { await yard.seen().connections == 3 }
    await on(yard.loop) { station.value.stop() }
  }

  @Test func theHouseStartsStopsAndResets() async throws {
    let yard = try await Yard()
    let station = await yard.station(Yard.profile(), clock: FastClock(speed: 60))
    await until("accepted") { await on(yard.loop) { station.value.model.isAccepted } }
    #expect(await yard.ask("SIM-1", "RemoteStartTransaction", ["idTag": "APP"])["status"]?.string == "Accepted")
    await until("the start") { yard.events.contains(.sessionConfirmed(connector: 1, transaction: 1)) }
    #expect(await yard.ask("SIM-1", "RemoteStopTransaction", ["transactionId": 1])["status"]?.string == "Accepted")
    await until("the stop") { await yard.calls("StopTransaction").count == 1 }
    for kind in ["Soft", "Hard"] {
      let boots = await yard.calls("BootNotification").count
      #expect(await yard.ask("SIM-1", "Reset", ["type": .string(kind)])["status"]?.string == "Accepted")
      await until("a boot after \(kind)") { await yard.calls("BootNotification").count == boots + 1 }
      await until("accepted again") { await on(yard.loop) { station.value.model.isAccepted } }
    }
    await on(yard.loop) { station.value.stop() }
  }

  @Test func aStationThatIsRefusedComesBackUntilItIsLetIn() async throws {
    let yard = try await Yard()
    await yard.with { $0.refusal = .unauthorized }
    let station = await yard.station(Yard.profile())
    await until("refused twice") {
      yard.events.count { if case .refused(let why) = $0 { why.contains("401") } else { false } } >= 2
    }
    await yard.with { $0.refusal = nil }
    await until("accepted") { await on(yard.loop) { station.value.model.isAccepted } }
    await on(yard.loop) { station.value.stop() }
  }

  @Test func aFleetConnectsAndCharges() async throws {
    let yard = try await Yard()
    var plan = Fleet.Plan(count: 200)
    plan.connectOver = .milliseconds(100)
    plan.adjust = { profile, place in
      profile.connectors = 1
      profile.faultedConnector = place == 0 ? 1 : nil
    }
    let (loop, url, made) = (yard.loop, yard.url, plan)
    #expect(made.profiles == made.profiles)
    #expect(made.profiles[0].identity == "SIM-0001" && made.profiles[199].identity == "SIM-0200")
    let fleet = await on(loop) {
      let fleet = Fleet(made, url: url, loop: loop)
      fleet.start()
      return fleet.handle
    }
    await until("all accepted") { await on(loop) { fleet.value.accepted == 200 } }
    await on(loop) { for station in fleet.value.stations { station.plugIn(1, tag: "T") } }
    await until("all but the broken one charge") { await on(loop) { fleet.value.charging == 199 } }
    await until("nothing waits") { await on(loop) { fleet.value.keptMessages == 0 } }
    #expect(await on(loop) { fleet.value["SIM-0007"]?.profile.identity } == "SIM-0007")
    await on(loop) { fleet.value.stop() }
    await until("all gone") { await on(loop) { fleet.value.connected == 0 } }
  }

  @Test func aScriptIsPlayedInOrder() async throws {
    let loop = try EventLoop(label: "test.script")
    defer { loop.shutdown {} }
    let (played, sink) = AsyncStream.makeStream(of: String.self)
    let player = await on(loop) {
      var scenario = Scenario<String>()
      scenario.at(0.03, "two")
      scenario.at(0, "one")
      let player = ScenarioPlayer(scenario, loop: loop) { sink.yield($0) }
      player.onEnd = { sink.finish() }
      player.play()
      player.play()
      return LoopBound(player, loop: loop)
    }
    var heard: [String] = []
    for await line in played { heard.append(line) }
    #expect(heard == ["one", "two"])
    await on(loop) { player.value.stop() }
  }
}
