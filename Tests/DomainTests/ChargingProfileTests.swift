import Domain
import Testing
import Wire

struct ChargingProfileTests {
  private let now = Timestamp(seconds: 1_800_000_000)

  private func schedule(
    _ unit: ChargingProfile.Schedule.Unit, _ limits: (Int, Decimal)..., from start: Timestamp? = nil
  ) -> ChargingProfile.Schedule {
    var schedule = ChargingProfile.Schedule()
    (schedule.unit, schedule.startsAt) = (unit, start ?? now)
    schedule.periods = limits.map { .init(start: $0.0, limit: $0.1) }
    return schedule
  }

  private func offer(_ schedule: ChargingProfile.Schedule, _ kind: ChargingProfile.Kind = .absolute) -> ChargingProfile
  {
    var profile = ChargingProfile()
    (profile.purpose, profile.kind, profile.schedule) = (.session, kind, schedule)
    return profile
  }

  private func isExceeded(_ offer: ChargingProfile, by wish: ChargingProfile.Schedule) -> Bool {
    offer.isExceeded(by: wish, sessionSince: now, volts: 230, phases: 3)
  }

  @Test func whatIsOfferedMayBeTakenAndNothingMore() {
    let offer = offer(schedule(.watts, (0, 22_000)))
    #expect(!isExceeded(offer, by: schedule(.watts, (0, 22_000))))
    #expect(isExceeded(offer, by: schedule(.watts, (0, 22_001))))
    #expect(isExceeded(offer, by: schedule(.watts, (0, 1), (600, 22_001))), "also later")
  }

  @Test func anOfferThatFallsIsHeldAgainstWhatGoesOn() {
    let offer = offer(schedule(.amperes, (0, 32), (600, 10)))
    #expect(isExceeded(offer, by: schedule(.amperes, (0, 16))))
    #expect(!isExceeded(offer, by: schedule(.amperes, (0, 16), (600, 10))))
  }

  @Test func theOtherUnitIsComparedWithALittleSlack() {
    let offer = offer(schedule(.watts, (0, 22_000)))
    #expect(!isExceeded(offer, by: schedule(.amperes, (0, 32))), "22,080 W at 230 V")
    #expect(isExceeded(offer, by: schedule(.amperes, (0, 33))))
  }

  @Test func wherePowerFlowsBothWaysOrTheOfferMovesNothingIsCompared() {
    var both = schedule(.watts, (0, 0))
    both.periods[0].bidirectional = .init()
    #expect(!isExceeded(offer(both), by: schedule(.watts, (0, 9_000))))
    #expect(!isExceeded(offer(schedule(.watts, (0, 1_000)), .dynamic), by: schedule(.watts, (0, 9_000))))
  }

  @Test func beforeAnOfferBeginsItSaysNothing() {
    let later = offer(schedule(.watts, (0, 1_000), from: now + .seconds(900)))
    #expect(
      !isExceeded(
        later,
        by: {
          var wish = schedule(.watts, (0, 9_000)); wish.seconds = 900; return wish
        }()))
    #expect(isExceeded(later, by: schedule(.watts, (0, 9_000))))
  }
}
