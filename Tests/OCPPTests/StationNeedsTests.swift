import Domain
import HTTP
import Testing
import Wire

@testable import OCPP

/// What single stations need of their link.
@MainActor @Suite(.timeLimit(.minutes(5)), .overBothReadinessSets) struct StationNeedsTests {
  @Test func fromARejectedStationOnlyABootIsTaken() async throws {
    let rig = try await Rig()
    rig.house.registration = .rejected
    let station = try await rig.connect()
    var inbox = station.events.makeAsyncIterator()
    station.send(status("1"))
    #expect(await inbox.next()?.hasPrefix(#"[4,"1","SecurityError","#) == true)
    station.send(#"[2,"2","Heartbeat",{}]"#)
    #expect(await inbox.next()?.hasPrefix(#"[4,"2","SecurityError","#) == true)
    #expect(rig.house.desk.statuses.isEmpty)
    // The house of this test accepts whoever boots.
    station.send(boot)
    #expect(await inbox.next()?.hasPrefix(#"[3,"boot",{"status":"Accepted""#) == true)
    station.send(status("3"))
    #expect(await inbox.next() == #"[3,"3",{}]"#)
  }

  @Test func aDecisionReachesTheLinkThatIsThere() async throws {
    let rig = try await Rig()
    let station = try await rig.connect()
    var inbox = station.events.makeAsyncIterator()
    station.send(status("1"))
    #expect(await inbox.next() == #"[3,"1",{}]"#)
    rig.links.registered(try #require(rig.house.opened.last), as: .rejected)
    _ = await rig.loop.run { _ in true }
    station.send(status("2"))
    #expect(await inbox.next()?.hasPrefix(#"[4,"2","SecurityError","#) == true)
    rig.links.registered(try #require(rig.house.opened.last), as: .accepted)
    _ = await rig.loop.run { _ in true }
    station.send(status("3"))
    #expect(await inbox.next() == #"[3,"3",{}]"#)
  }

  @Test(arguments: [true, false]) func anAnswerUnderAnotherIdCountsOnlyWhereTheOperatorSaysSo(takes: Bool) async throws
  {
    let rig = try await Rig(settle: .zero)
    rig.house.quirks.takesAnyAnswerID = takes
    let station = try await rig.connect()
    var inbox = station.events.makeAsyncIterator()
    await rig.until { rig.house.opened.count == 1 }
    async let outcome = rig.command(.clearCache, deadline: takes ? 10 : 1)
    _ = await inbox.next()
    station.send(#"[3,"another",{"status":"Accepted"}]"#)
    #expect(await outcome == (takes ? .accepted(answer: ["status": "Accepted"]) : .timedOut))
    await rig.until { rig.house.desk.flags.map(\.kind) == [takes ? .foreignID : .unasked] }
  }

  @Test func timesWithoutAZoneAreThoseOfTheStationsClock() async throws {
    let rig = try await Rig()
    rig.house.zone = ZoneRules(secondsEast: 8 * 3_600)
    let station = try await rig.connect()
    var inbox = station.events.makeAsyncIterator()
    let now = Timestamp.now().wholeSecond
    let local = String((now + .seconds(8 * 3_600)).text.dropLast())
    station.send(
      #"[2,"1","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Charging","timestamp":"\#(local)"}]"#
    )
    #expect(await inbox.next() == #"[3,"1",{}]"#)
    #expect(rig.house.desk.statuses.map(\.at) == [now])
    await rig.until { rig.house.desk.flags.contains { $0.kind == .timestampForm } }
  }

  @Test(
    arguments: [
      (["1.6"], true), (["ocpp1.6", "2.0.1"], true), ([], true), (nil, true), (["2.0.1"], false),
    ] as [([String]?, Bool)])
  func onlyAcceptedVersionsAreSpoken(accepted: [String]?, isSpoken: Bool) {
    let choice = VersionChoice(offered: ["ocpp1.6"], assumed: nil, accepted: accepted, dialects: [Dialect16()])
    switch choice {
    case .speak(let dialect, _): #expect(isSpoken && dialect.version == "1.6")
    case .nothingInCommon: #expect(!isSpoken)
    }
  }
}
