import Domain
import Testing

@Suite struct SessionLimitTests {
  private let all = SessionLimit(
    cost: Money(tenThousandths: 100_000), energy: Energy(tenthsOfWattHour: 50_000), seconds: 600, stateOfCharge: 80)

  @Test func aNewLimitStandsBesideTheOldOnes() {
    #expect(SessionLimit(seconds: 900).over(all).seconds == 900)
    #expect(SessionLimit(seconds: 900).over(all).energy == all.energy)
  }

  @Test func onlyWhatAStationSupportsIsLeft() {
    #expect(all.supported(by: "maxTime, maxSoC") == SessionLimit(seconds: 600, stateOfCharge: 80))
    #expect(all.supported(by: "").isEmpty)
  }

  @Test func aStationsLimitIsHeldAgainstOurs() {
    #expect(SessionLimit(seconds: 600).isBelow(SessionLimit(seconds: 601)))
    #expect(!SessionLimit(seconds: 600).isBelow(SessionLimit(seconds: 600)))
    #expect(!SessionLimit(seconds: 600).isBelow(SessionLimit(stateOfCharge: 100)))
  }

  @Test(arguments: [
    SessionLimit(), SessionLimit(cost: Money(tenThousandths: -1)), SessionLimit(seconds: -1),
    SessionLimit(stateOfCharge: 101),
  ])
  func whatCannotBeIsSaid(limit: SessionLimit) { #expect(limit.flaw != nil) }

  @Test func whatCanBeHasNoFlaw() { #expect(all.flaw == nil) }
}
