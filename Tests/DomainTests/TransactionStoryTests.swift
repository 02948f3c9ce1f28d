import Testing
import Wire

@testable import Domain

/// The course of a transaction, told by its events in any order.
struct TransactionStoryTests {
  private static let t0 = Timestamp("2026-05-04T08:00:00Z")!

  private func moment(
    _ seqNo: Int, _ phase: TransactionReport.Phase, _ seconds: Int, _ state: TransactionReport.ChargingState? = nil,
    known: Bool = false, ending: Session.Ending? = nil
  ) -> TransactionMoment {
    TransactionMoment(
      seqNo: seqNo, phase: phase, at: Self.t0 + .seconds(seconds), chargingState: state, identifies: known,
      ending: ending)
  }

  /// Cable first: plugged in, known after half a minute, charging, paused by the car, charging, stopped, unplugged.
  private var cableFirst: [TransactionMoment] {
    [
      moment(0, .started, 0, .connected), moment(1, .updated, 30, known: true), moment(2, .updated, 35, .charging),
      moment(3, .updated, 600, .suspendedEV), moment(4, .updated, 900, .charging),
      moment(5, .updated, 1_800, .connected), moment(6, .ended, 1_900, .idle, ending: .vehicle),
    ]
  }

  @Test func aSessionCountsFromWhenSomebodyMayChargeAndParksWhileTheCarWantsNothing() {
    let story = TransactionStory(cableFirst)
    #expect(story.isWhole)
    #expect(story.startedAt == Self.t0 + .seconds(30))
    #expect(story.end?.at == Self.t0 + .seconds(1_900))
    #expect(story.end?.ending == .vehicle)
    #expect(story.shifts.map(\.activity) == [.idle, .charging, .idle])
    #expect(story.shifts.map { $0.at.seconds(since: Self.t0) } == [600, 900, 1_800])
  }

  @Test(arguments: 0..<20) func theOrderInWhichItIsHeardChangesNothing(seed: UInt64) {
    var random = Generator(seed: seed)
    #expect(TransactionStory(cableFirst.shuffled(using: &random)) == TransactionStory(cableFirst))
  }

  /// What each configuration of TxStartPoint tells first, and from where its session counts.
  @Test(
    arguments: [
      ("ParkingBayOccupancy", nil, false, 40), ("EVConnected", .connected, false, 40), ("Authorized", nil, true, 0),
      ("PowerPathClosed", .connected, true, 0), ("DataSigned", .charging, true, 0),
      ("EnergyTransfer", .charging, true, 0),
    ] as [(String, TransactionReport.ChargingState?, Bool, Int)])
  func theSessionCountsFromItsStartPoint(
    point: String, state: TransactionReport.ChargingState?, isKnown: Bool, start: Int
  ) {
    let story = TransactionStory([
      moment(0, .started, 0, state, known: isKnown), moment(1, .updated, 40, .charging, known: !isKnown),
      moment(2, .ended, 100, .idle),
    ])
    #expect(story.startedAt == Self.t0 + .seconds(start), "\(point)")
  }

  @Test func whereEnergyFlowedBeforeSomebodyWasKnownItCountsFromTheBegin() {
    let story = TransactionStory([
      moment(0, .started, 0, .charging), moment(1, .updated, 40, known: true), moment(2, .ended, 100),
    ])
    #expect(story.startedAt == Self.t0)
  }

  @Test func whatIsMissingIsKnownByItsNumbers() {
    let some = [moment(7, .started, 0), moment(8, .updated, 10), moment(11, .updated, 40), moment(13, .ended, 60)]
    let story = TransactionStory(some)
    #expect(!story.isWhole && story.hasBegin)
    #expect(story.missing == [9...10, 12...12])
    let whole = some + [moment(12, .updated, 50), moment(9, .updated, 20), moment(10, .updated, 30)]
    #expect(TransactionStory(whole).isWhole)
    #expect(!TransactionStory([moment(9, .updated, 0), moment(10, .ended, 9)]).isWhole)
  }

  @Test func numbersMayBeTheGreatestThatThereIs() {
    let some = [moment(.min, .started, 0), moment(.max, .updated, 10), moment(.max, .ended, 20)]
    #expect(TransactionStory(some).missing == [.min + 1...Int.max - 1])
  }

  @Test func aPauseOfOurOwnIsNoParking() {
    let story = TransactionStory([
      moment(0, .started, 0, .charging, known: true), moment(1, .updated, 60, .suspendedEVSE),
      moment(2, .updated, 90, .charging), moment(3, .ended, 120),
    ])
    #expect(story.shifts.isEmpty)
  }

  // MARK: The session that is told by it

  @Test func aSessionIsToldAgainFromAllThatIsKnown() {
    let place = Session.Place(party: ID(1), location: nil, station: ID(1), evse: ID(1), connector: ID(1))
    let token = TokenReference(party: PartyID(country: "NL", party: "OST"), uid: "A", kind: .rfid, contractID: "A")
    var session = Session.started(
      id: "s", place: place, holder: Session.Holder(token: token, owner: nil, method: .whitelist), tariff: nil,
      at: Self.t0, meter: .zero, transaction: nil, received: Self.t0)
    func reading(_ seconds: Int, _ wattHours: Int64, _ context: Reading.Context = .periodic) -> Reading {
      Reading(
        at: Self.t0 + .seconds(seconds), register: Energy(tenthsOfWattHour: wattHours * 10), context: context)
    }
    let readings = [reading(0, 1_000, .begin), reading(600, 2_000), reading(1_900, 5_000, .end), reading(1_900, 4_990)]
    let story = TransactionStory(cableFirst)
    var changed = session.retell(story, readings, received: Self.t0)
    #expect(changed)
    #expect(session.energy == Energy(tenthsOfWattHour: 40_000))
    #expect(session.startedAt == story.startedAt)
    changed = session.supersede(received: Self.t0)
    #expect(changed)
    changed = session.resume(received: Self.t0)
    #expect(changed && session.state == .active)
    changed = session.resume(received: Self.t0)
    #expect(!changed)
    changed = session.stop(at: story.end!.at, meter: nil, because: .vehicle, received: Self.t0)
    #expect(changed)
    // What is over stays over.
    let over = session
    changed = session.retell(story, readings, received: Self.t0 + .seconds(9))
    #expect(!changed)
    changed = session.resume(received: Self.t0)
    #expect(!changed)
    changed = session.dissolve(received: Self.t0)
    #expect(!changed && session == over)
  }
}

/// SplitMix64: the same chances for the same seed.
private struct Generator: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
