import Testing
import Wire

@testable import Domain

struct ProfileWalkTests {
  private let t0 = Timestamp("2026-11-26T12:00:00Z")!
  private var walk: ProfileWalk

  init() { walk = ProfileWalk(station: ID(1), by: "operator:anna", at: t0) }

  /// Walked to the given step as a station does that says yes to everything.
  private mutating func reach(_ step: ProfileWalk.Step) {
    while walk.step != step {
      switch walk.step {
      case .installRoot, .askForRequest, .restart: sendAndSucceed()
      case .setProfile:
        sendAndSucceed(needs: step == .preferProfile ? .preference : step == .restart ? .restart : .nothing)
      case .preferProfile: sendAndSucceed()
      case .awaitRequest: walk.signed("0A", at: t0)
      case .awaitAcceptance: walk.tookCertificate("0A", at: t0)
      case .awaitReturn: walk.cameIn(with: "0A", at: t0)
      case .done, .failed:
        Issue.record("\(step) was not reached")
        return
      }
    }
  }

  private mutating func sendAndSucceed(needs need: ProfileWalk.Need = .nothing) {
    walk.sent(at: t0)
    walk.succeeded(needs: need, at: t0)
  }

  @Test mutating func aWillingStationGoesStraightThrough() {
    var steps = [walk.step]
    while walk.isOpen {
      let before = walk.step
      switch before {
      case .awaitRequest: walk.signed("0A", at: t0)
      case .awaitAcceptance: walk.tookCertificate("0A", at: t0)
      case .awaitReturn: walk.cameIn(with: "0A", at: t0)
      default: sendAndSucceed()
      }
      steps.append(walk.step)
    }
    #expect(steps == [.installRoot, .askForRequest, .awaitRequest, .awaitAcceptance, .setProfile, .awaitReturn, .done])
  }

  @Test mutating func whoKeepsSeveralWaysPrefersThisOneAndRestarts() {
    reach(.preferProfile)
    sendAndSucceed()
    #expect(walk.step == .restart)
    sendAndSucceed()
    #expect(walk.step == .awaitReturn)
  }

  @Test mutating func whoNeedsARestartGetsOne() {
    reach(.restart)
    walk.sent(at: t0)
    // The answer to a restart is often lost with the connection.
    walk.interrupted("lost", at: t0)
    #expect(walk.step == .awaitReturn)
  }

  @Test(arguments: [ProfileWalk.Step.installRoot, .askForRequest, .setProfile, .preferProfile])
  mutating func aLostAnswerCostsOneRepetition(step: ProfileWalk.Step) {
    reach(step)
    walk.sent(at: t0)
    #expect(walk.dueAt == nil)
    walk.interrupted("the connection was lost", at: t0)
    #expect(walk.step == step && walk.dueAt! > t0 && walk.reason == "the connection was lost")
  }

  @Test mutating func itGivesUpAfterSoManyAttempts() {
    for attempt in 1...Limits.profileWalkAttempts {
      #expect(walk.isOpen, "attempt \(attempt)")
      walk.sent(at: t0)
      walk.interrupted("no answer", at: t0)
    }
    #expect(walk.step == .failed && walk.reason == "no answer" && walk.dueAt == nil)
  }

  @Test mutating func aRequestThatNeverComesIsAskedForAgainAndNotForEver() {
    reach(.askForRequest)
    for _ in 1..<Limits.profileWalkAttempts {
      sendAndSucceed()
      #expect(walk.step == .awaitRequest)
      walk.waitedInVain(at: t0)
      #expect(walk.step == .askForRequest)
    }
    sendAndSucceed()
    walk.waitedInVain(at: t0)
    #expect(walk.step == .failed)
  }

  @Test mutating func aRequestThatOvertakesTheAnswerToItsTriggerCounts() {
    reach(.askForRequest)
    walk.sent(at: t0)
    walk.signed("0A", at: t0)
    walk.succeeded(at: t0)
    #expect(walk.step == .awaitAcceptance && walk.serial == "0A")
  }

  @Test mutating func anotherCertificateDoesNotCount() {
    reach(.awaitAcceptance)
    walk.tookCertificate("0B", at: t0)
    #expect(walk.step == .awaitAcceptance)
    walk.tookCertificate("0A", at: t0)
    walk.cameIn(with: "0B", at: t0)
    #expect(walk.step == .setProfile)
  }

  @Test mutating func comingInWithTheCertificateIsWorthMoreThanALostAnswer() {
    reach(.awaitAcceptance)
    walk.cameIn(with: "0A", at: t0)
    #expect(walk.step == .setProfile)
    // It shows the certificate, and was not told yet to use nothing less.
    walk.cameIn(with: "0A", at: t0)
    #expect(walk.step == .setProfile)
    walk.sent(at: t0)
    walk.cameIn(with: "0A", at: t0)
    #expect(walk.step == .done)
  }

  @Test mutating func whoDoesNotReturnIsRestarted() {
    reach(.awaitReturn)
    walk.waitedInVain(at: t0)
    #expect(walk.step == .restart && walk.reason != nil)
  }

  @Test mutating func theEndIsTheEnd() {
    reach(.done)
    let end = walk
    walk.fail("late", at: t0)
    walk.interrupted("late", at: t0)
    walk.waitedInVain(at: t0)
    walk.succeeded(at: t0)
    #expect(walk == end && !walk.isOpen)
  }
}
