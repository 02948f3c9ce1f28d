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
    var pacing = PushPacing()
    for number in 0..<Limits.pushesPerPartner {
      #expect(pacing.hasRoom(at: partner, now: t0))
      pacing.start(key("\(number)"))
    }
    #expect(!pacing.hasRoom(at: partner, now: t0))
    #expect(pacing.hasRoom(at: ID(2), now: t0))
    pacing.finish(key("0"))
    #expect(pacing.hasRoom(at: partner, now: t0))
  }

  @Test func afterAFailureOneProbeGoesOnceThePauseIsOver() {
    var pacing = PushPacing()
    let pause = pacing.failed(at: partner, askedFor: nil, now: t0)
    #expect(!pacing.hasRoom(at: partner, now: t0))
    let later = t0 + pause + .milliseconds(1)
    #expect(pacing.hasRoom(at: partner, now: later))
    pacing.start(key("probe"))
    #expect(!pacing.hasRoom(at: partner, now: later))
    pacing.finish(key("probe"))
    let wasDown = pacing.answered(with: key("probe"))
    #expect(wasDown && pacing.hasRoom(at: partner, now: later))
    let isStillNews = pacing.answered(with: key("probe"))
    #expect(!isStillNews)
  }

  @Test func thePauseDoublesToItsBoundAndAFewAtOnceAreOneFailure() {
    var pacing = PushPacing()
    var now = t0
    for expected in [1, 2, 4, 8, 16, 30, 30, 30] as [Double] {
      let pause = pacing.failed(at: partner, askedFor: nil, now: now)
      #expect(pause >= .seconds(expected * 0.74) && pause <= .seconds(expected * 1.26))
      // Others that were on the way fail with it, and do not double it again.
      for _ in 0..<3 { _ = pacing.failed(at: partner, askedFor: nil, now: now) }
      now += .seconds(60)
    }
  }

  @Test func whatThePartnerAsksForIsHonouredUpToABound() {
    var pacing = PushPacing()
    let asked = pacing.failed(at: partner, askedFor: 600, now: t0)
    #expect(asked == .seconds(600))
    let tooLong = pacing.failed(at: ID(2), askedFor: 10_000_000, now: t0)
    #expect(tooLong == .seconds(Limits.longestRetryAfterSeconds))
    let nonsense = pacing.failed(at: ID(3), askedFor: -5, now: t0)
    #expect(nonsense >= .milliseconds(740))
  }

  @Test func whatAPartnerFailsOverAgainAndAgainWhileItTakesOthersIsAStraggler() {
    var pacing = PushPacing()
    let bad = key("bad")
    pacing.start(bad)
    for attempts in 1..<Limits.failuresBeforeOrderEnds {
      let isTooSoon = pacing.straggled(bad, attempts: attempts) == nil
      #expect(isTooSoon)
    }
    for expected in [30, 60, 120, 240, 480, 600, 600] as [Double] {
      let pause = pacing.straggled(bad, attempts: Limits.failuresBeforeOrderEnds) ?? .zero
      #expect(pause >= .seconds(expected * 0.74) && pause <= .seconds(expected * 1.26))
    }
    #expect(pacing.stragglers(of: partner) == [bad] && pacing.stragglers(of: ID(2)).isEmpty)
    #expect(pacing.hasRoom(at: partner, now: t0), "it says nothing about the partner")
    // A partner that is in doubt itself makes none.
    _ = pacing.failed(at: partner, askedFor: nil, now: t0)
    let isPartners = pacing.straggled(key("other"), attempts: 10) == nil
    #expect(isPartners)
    _ = pacing.answered(with: bad)
    #expect(pacing.stragglers(of: partner).isEmpty)
  }

  @Test func onlySoManyStragglersOfAPartnerAreKnown() {
    var pacing = PushPacing()
    pacing.start(key("0"))
    func isStraggler(_ number: Int) -> Bool { pacing.straggled(key("\(number)"), attempts: 3) != nil }
    for number in 0..<Limits.stragglersPerPartner {
      let isKnown = isStraggler(number)
      #expect(isKnown)
    }
    let (isOneMore, isFirst) = (isStraggler(Limits.stragglersPerPartner), isStraggler(0))
    #expect(!isOneMore && isFirst)
  }

  @Test func aClockThatIsSetBackKeepsNoPartnerShutForLong() {
    var pacing = PushPacing()
    _ = pacing.failed(at: partner, askedFor: nil, now: t0)
    let back = t0 - .seconds(86_400)
    let isNews = pacing.heard(from: partner, at: back)
    #expect(isNews)
    #expect(pacing.hasRoom(at: partner, now: back))
  }
}
