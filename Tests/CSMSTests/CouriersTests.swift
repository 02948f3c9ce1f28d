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
    let wasDown = couriers.succeeded(at: partner)
    #expect(wasDown && couriers.hasRoom(at: partner, now: later))
    let isStillNews = couriers.succeeded(at: partner)
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

  @Test func aClockThatIsSetBackKeepsNoPartnerShutForLong() {
    var couriers = Couriers()
    _ = couriers.failed(at: partner, askedFor: nil, now: t0)
    let back = t0 - .seconds(86_400)
    let isNews = couriers.heard(from: partner, at: back)
    #expect(isNews)
    #expect(couriers.hasRoom(at: partner, now: back))
  }
}
