import Domain
import Testing
import Wire

@testable import CSMS

@MainActor @Suite struct AlarmingTests {
  private func told(_ rules: [AlarmRules.Rule], in house: HouseUnderTest) async throws {
    var all = AlarmRules()
    all.rules = rules
    let wanted = all
    try await settled(house) { csms in try await csms.changeAlarmRules(wanted, by: "anna") }
  }

  /// Asks the house for something that a turn decides.
  private func settled(
    _ house: HouseUnderTest, _ ask: @escaping @MainActor @Sendable (CSMS) async throws -> Void
  ) async throws {
    let csms = house.csms
    var isDone = false
    let asked = Task {
      defer { isDone = true }
      try await ask(csms)
    }
    while !isDone {
      house.settle()
      await Task.yield()
    }
    try await asked.value
  }

  /// Alarms are looked for beside the turns, by a reader of its own: some beats, and real time for it.
  private func beat(_ house: HouseUnderTest, _ seconds: Int, until isEnough: () throws -> Bool = { false }) async throws
  {
    for _ in 0..<seconds where try !isEnough() {
      house.pass(1)
      try await Task.sleep(for: .milliseconds(5))
      await house.settleAll()
    }
  }

  @Test func afterAnOutageStationsHaveTimeToReturnBeforeAnybodyIsToldOfThem() async throws {
    let house = try HouseUnderTest().furnish()
    try house.addStation("CS-2")
    try await told([AlarmRules.Rule(.stationOffline, delayMinutes: 10)], in: house)
    for name in ["CS-1", "CS-2"] { _ = try house.connect(name).boot() }
    house.pass(70)
    // The host is away for twelve minutes.
    house.clock.now += .seconds(12 * 60)
    try house.restart()
    try await beat(house, 40)
    _ = try house.connect("CS-1").boot()
    try await beat(house, 15)
    #expect(try house.count("alarm.raised") == 0)
    try await beat(house, 200) { try house.count("alarm.raised") > 0 }
    #expect(try house.count("alarm.raised") == 1, "the one that stayed away is told, and no other")
    #expect(try await house.csms.alarms().map(\.subject) == ["CS-2"])
  }

  @Test func whoSavesRulesThatSomebodyElseChangedIsToldSoWithinTheTurn() async throws {
    let house = try HouseUnderTest().furnish()
    try await told([AlarmRules.Rule(.stationOffline, delayMinutes: 10)], in: house)
    let before = try await house.csms.alarmRules()
    try await told([], in: house)
    await #expect(throws: Refusal.changedMeanwhile) {
      try await settled(house) { csms in
        try await csms.changeAlarmRules(before, by: "bert") { known throws(Refusal) in
          if known != before { throw .changedMeanwhile }
        }
      }
    }
  }
}
