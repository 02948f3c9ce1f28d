import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// How many requests may be on the way to a partner, and when it is left alone.
@MainActor
struct CouriersTests {
  private let partner = ID<Partner>(1)
  private let t0 = Timestamp("2026-05-04T08:00:00Z")!

  private func key(_ object: String) -> PushKey { PushKey(partner: partner, module: .sessions, object: object) }

  @Test func onlySoManyAreOnTheWayAtOnce() {
    var couriers = Couriers()
    for number in 0..<Limits.pushesPerPartner {
      #expect(couriers.hasRoom(at: partner, now: t0))
      couriers.start(key("\(number)"))
    }
    #expect(!couriers.hasRoom(at: partner, now: t0))
    #expect(couriers.hasRoom(at: ID(2), now: t0))
    couriers.finish(key("0"))
    #expect(couriers.hasRoom(at: partner, now: t0))
  }

  @Test func afterAFailureOneProbeGoesOnceThePauseIsOver() {
    var couriers = Couriers()
    let pause = couriers.failed(at: partner, askedFor: nil, now: t0)
    #expect(!couriers.hasRoom(at: partner, now: t0))
    let later = t0 + pause + .milliseconds(1)
    #expect(couriers.hasRoom(at: partner, now: later))
    couriers.start(key("probe"))
    #expect(!couriers.hasRoom(at: partner, now: later))
    couriers.finish(key("probe"))
    let wasDown = couriers.answered(with: key("probe"))
    #expect(wasDown && couriers.hasRoom(at: partner, now: later))
    let isStillNews = couriers.answered(with: key("probe"))
    #expect(!isStillNews)
  }

  @Test func thePauseDoublesToItsBoundAndAFewAtOnceAreOneFailure() {
    var couriers = Couriers()
    var now = t0
    for expected in [1, 2, 4, 8, 16, 30, 30, 30] as [Double] {
      let pause = couriers.failed(at: partner, askedFor: nil, now: now)
      #expect(pause >= .seconds(expected * 0.74) && pause <= .seconds(expected * 1.26))
      // Others that were on the way fail with it, and do not double it again.
      for _ in 0..<3 { _ = couriers.failed(at: partner, askedFor: nil, now: now) }
      now += .seconds(60)
    }
  }

  @Test func whatThePartnerAsksForIsHonouredUpToABound() {
    var couriers = Couriers()
    let asked = couriers.failed(at: partner, askedFor: 600, now: t0)
    #expect(asked == .seconds(600))
    let tooLong = couriers.failed(at: ID(2), askedFor: 10_000_000, now: t0)
    #expect(tooLong == .seconds(Limits.longestRetryAfterSeconds))
    let nonsense = couriers.failed(at: ID(3), askedFor: -5, now: t0)
    #expect(nonsense >= .milliseconds(740))
  }

  @Test func whatAPartnerFailsOverAgainAndAgainWhileItTakesOthersIsAStraggler() {
    var couriers = Couriers()
    let bad = key("bad")
    couriers.start(bad)
    for attempts in 1..<Limits.failuresBeforeOrderEnds {
      let isTooSoon = couriers.straggled(bad, attempts: attempts) == nil
      #expect(isTooSoon)
    }
    for expected in [30, 60, 120, 240, 480, 600, 600] as [Double] {
      let pause = couriers.straggled(bad, attempts: Limits.failuresBeforeOrderEnds) ?? .zero
      #expect(pause >= .seconds(expected * 0.74) && pause <= .seconds(expected * 1.26))
    }
    #expect(couriers.stragglers(of: partner) == [bad] && couriers.stragglers(of: ID(2)).isEmpty)
    #expect(couriers.hasRoom(at: partner, now: t0), "it says nothing about the partner")
    // A partner that is in doubt itself makes none.
    _ = couriers.failed(at: partner, askedFor: nil, now: t0)
    let isPartners = couriers.straggled(key("other"), attempts: 10) == nil
    #expect(isPartners)
    _ = couriers.answered(with: bad)
    #expect(couriers.stragglers(of: partner).isEmpty)
  }

  @Test func onlySoManyStragglersOfAPartnerAreKnown() {
    var couriers = Couriers()
    couriers.start(key("0"))
    func isStraggler(_ number: Int) -> Bool { couriers.straggled(key("\(number)"), attempts: 3) != nil }
    for number in 0..<Limits.stragglersPerPartner {
      let isKnown = isStraggler(number)
      #expect(isKnown)
    }
    let (isOneMore, isFirst) = (isStraggler(Limits.stragglersPerPartner), isStraggler(0))
    #expect(!isOneMore && isFirst)
  }

  @Test func aClockThatIsSetBackKeepsNoPartnerShutForLong() {
    var couriers = Couriers()
    _ = couriers.failed(at: partner, askedFor: nil, now: t0)
    let back = t0 - .seconds(86_400)
    let isNews = couriers.heard(from: partner, at: back)
    #expect(isNews)
    #expect(couriers.hasRoom(at: partner, now: back))
  }
}
