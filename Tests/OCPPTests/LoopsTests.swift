import Domain
import HTTP
@testable import OCPP
import Testing
import Wire

/// Stations that are spread over two loops.
@MainActor @Suite(.timeLimit(.minutes(5)), .overBothReadinessSets) struct LoopsTests {
  /// A link says in its last eight bits which loop it lives on.
  private func loop(of link: LinkID) -> UInt64 { link.value & 0xFF }

  @Test func stationsAndTheirCommandsFindEachOtherOnEveryLoop() async throws {
    let rig = try await Rig(loops: 2)
    var stations: [Peer] = []
    for number in 1...4 {
      stations.append(try await rig.connect("/ocpp/CP\(number)"))
      await rig.until { rig.house.opened.count == number }
    }
    #expect(Set(rig.house.opened.map(loop(of:))) == [0, 1])
    #expect(Set(rig.house.opened).count == 4)
    for (station, link) in zip(stations, rig.house.opened) {
      var inbox = station.events.makeAsyncIterator()
      station.send(boot)
      #expect(await inbox.next()?.hasPrefix(#"[3,"boot""#) == true)
      async let outcome = rig.command(.reset(.soft), on: link)
      let call = try JSON.parse(try #require(await inbox.next()))
      #expect(call[2] == "Reset")
      station.send(#"[3,"\#(call[1]?.string ?? "")",{"status":"Accepted"}]"#)
      #expect(await outcome == .accepted(answer: ["status": "Accepted"]))
    }
  }

  @Test func anOlderLinkOnTheOtherLoopIsClosed() async throws {
    let rig = try await Rig(loops: 2)
    let older = try await rig.connect()
    await rig.until { rig.house.opened.count == 1 }
    let newer = try await rig.connect()
    await rig.until { rig.house.opened.count == 2 }
    #expect(loop(of: rig.house.opened[0]) != loop(of: rig.house.opened[1]))
    // As the house does where a station returns before its old link is known to be dead.
    rig.links.close(rig.house.opened[0], code: 1000, reason: "replaced by a newer connection")
    var inbox = older.events.makeAsyncIterator()
    #expect(await inbox.next() == "closed 1000 replaced by a newer connection")
    var served = newer.events.makeAsyncIterator()
    newer.send(status("1"))
    #expect(await served.next() == #"[3,"1",{}]"#)
  }

  @Test func drainingOneLoopLeavesTheStationsOfTheOther() async throws {
    let rig = try await Rig(loops: 2)
    let stations = [try await rig.connect("/ocpp/CP1"), try await rig.connect("/ocpp/CP2")]
    await rig.until { rig.house.opened.count == 2 }
    let drained = rig.servers[1]
    drained.loop.execute { drained.value.drain() }
    let gone = try #require(rig.house.opened.firstIndex { loop(of: $0) == 1 })
    var inbox = stations[gone].events.makeAsyncIterator()
    #expect(await inbox.next()?.hasPrefix("closed 1001") == true)
    var served = stations[1 - gone].events.makeAsyncIterator()
    stations[1 - gone].send(status("1"))
    #expect(await served.next() == #"[3,"1",{}]"#)
    let rest = rig.servers[0]
    rest.loop.execute { rest.value.drain() }
    #expect(await served.next()?.hasPrefix("closed 1001") == true)
    await rig.until { rig.house.closed.count == 2 }
  }
}
