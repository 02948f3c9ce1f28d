import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

@MainActor
struct TriggerPromisesTests {
  private let t0 = Timestamp(seconds: 1_000)
  private let link = LinkID(1)

  @Test func whatWasPromisedAndDidNotComeInTimeIsBrokenOnce() {
    var promises = TriggerPromises()
    promises.asked(.boot, on: link)
    #expect(promises.takeBroken(at: t0 + .seconds(9_999)).isEmpty, "not answered yet")
    promises.answered(.boot, on: link, isYes: true, due: t0 + .seconds(30))
    #expect(promises.takeBroken(at: t0 + .seconds(29)).isEmpty)
    #expect(promises.takeBroken(at: t0 + .seconds(30)) == [.init(link: link, message: .boot)])
    #expect(promises.takeBroken(at: t0 + .seconds(31)).isEmpty)
  }

  @Test func whatCameIsNoLongerPromisedAlsoWhereItOvertookTheAnswer() {
    var promises = TriggerPromises()
    promises.asked(.status, on: link)
    promises.came(.status, on: link)
    promises.answered(.status, on: link, isYes: true, due: t0)
    #expect(promises.takeBroken(at: t0).isEmpty)
  }

  @Test func aRefusalPromisesNothingAndAnotherMessageKeepsNoPromise() {
    var promises = TriggerPromises()
    promises.asked(.boot, on: link)
    promises.answered(.boot, on: link, isYes: false, due: t0)
    promises.asked(.heartbeat, on: link)
    promises.answered(.heartbeat, on: link, isYes: true, due: t0)
    #expect(promises.takeBroken(at: t0).isEmpty, "nobody sees heartbeats")
    promises.asked(.meterValues, on: link)
    promises.answered(.meterValues, on: link, isYes: true, due: t0)
    promises.came(.status, on: link)
    promises.came(.meterValues, on: LinkID(2))
    #expect(promises.takeBroken(at: t0) == [.init(link: link, message: .meterValues)])
  }

  @Test(arguments: [true, false])
  func aStationThatTakesATriggerAndDoesNotFollowItIsFlagged(follows: Bool) throws {
    let house = try HouseUnderTest().furnish()
    house.stations.answer = { _, _ in .accepted(answer: [:]) }
    let station = try house.connect("CS-1")
    house.pass(Limits.settleSeconds)
    #expect(house.stations.commands.first == .trigger(.boot, evse: nil))
    if follows { try station.boot() }
    house.pass(house.settings.commandSeconds)
    let found = try house.books.stations.oddities(of: try house.station("CS-1").id)
    #expect(found.contains { $0.what == "came back without a BootNotification" && $0.count == 1 })
    #expect(found.contains { $0.what == "trigger accepted and not followed" && $0.sample == "boot" } != follows)
  }
}
