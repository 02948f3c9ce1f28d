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

  // MARK: What may change while it holds

  @Test func aDynamicProfileHasOnePeriodFromTheStart() {
    var profile = offer(schedule(.watts, (0, 5_000)), .dynamic)
    #expect(profile.flaw == nil)
    profile.updateSeconds = 60
    profile.offlineSeconds = 300
    #expect(profile.flaw == nil)
    #expect(offer(schedule(.watts, (0, 5_000), (600, 3_000)), .dynamic).flaw != nil)
    (profile.kind, profile.schedule.startsAt) = (.relative, nil)
    #expect(profile.flaw != nil, "nobody asks for what does not change")
    profile.updateSeconds = nil
    #expect(profile.flaw == nil)
    (profile.offlineSeconds, profile.endsOffline) = (nil, true)
    #expect(profile.flaw != nil)
  }

  @Test func aChangeGoesWithHowEnergyFlows() throws {
    var flow = ChargingProfile.Bidirectional()
    (flow.mode, flow.setpoint) = (.centralSetpoint, -5_000)
    let central = ChargingProfile.Period(start: 0, limit: 0, bidirectional: flow)
    #expect(try DynamicChange(setpoint: 2_000).applied(to: central).bidirectional?.setpoint == 2_000)
    #expect(throws: DynamicChange.Mismatch.self) { try DynamicChange(limit: 1).applied(to: central) }
    let plain = ChargingProfile.Period(start: 0, limit: 16)
    #expect(try DynamicChange(limit: 8).applied(to: plain).limit == 8)
    #expect(throws: DynamicChange.Mismatch.self) { try DynamicChange(setpoint: 1).applied(to: plain) }
    (flow.mode, flow.setpoint) = (.externalLimits, nil)
    let both = ChargingProfile.Period(start: 0, limit: 16, bidirectional: flow)
    let changed = try DynamicChange(limit: 8, dischargeLimit: -4).applied(to: both)
    #expect(changed.limit == 8 && changed.bidirectional?.dischargeLimit == -4)
  }
}
