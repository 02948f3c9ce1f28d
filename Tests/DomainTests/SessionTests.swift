import Testing
import Wire

@testable import Domain

extension Session {
  static let examplePlace = Place(party: ID(1), location: ID(2), station: ID(3), evse: ID(4), connector: ID(5))
  static let exampleHolder = Holder(
    token: TokenReference(
      party: PartyID(country: "NL", party: "OST"), uid: "04A2", kind: .rfid, contractID: "NL-OST-1"),
    owner: nil, method: .whitelist)

  static func example(tariff: Tariff? = nil, at start: Timestamp, meter: Energy = .zero) -> Session {
    .started(
      id: "s", place: examplePlace, holder: exampleHolder, tariff: tariff, at: start, meter: meter, transaction: 7,
      received: start)
  }
}

@Suite struct SessionTests {
  private let start = at("2026-06-01T10:00:00Z")

  private func after(_ minutes: Int) -> Timestamp { start + .seconds(minutes * 60) }

  private var pending: Session {
    .pending(id: "p", place: Session.examplePlace, holder: Session.exampleHolder, command: "c", tariff: nil, at: start)
  }

  @Test func aRemoteStartWaitsForTheCarAndBeginsOnce() {
    var session = pending
    #expect(session.state == .pending)
    #expect(session.isOpen)
    #expect(session.transaction == nil)
    #expect(session.begin(at: after(1), meter: kWh("5"), transaction: 9, received: after(2)) == true)
    #expect(session.state == .active)
    #expect(session.startedAt == after(1))
    #expect(session.updatedAt == after(2))
    #expect(session.transaction == 9)
    #expect(session.meterStart == kWh("5"))
    #expect(session.energy == .zero)
    #expect(session.begin(at: after(3), meter: kWh("6"), transaction: 10, received: after(3)) == false)
    #expect(session.transaction == 9)
  }

  @Test func aCarThatNeverComesMakesItInvalidForGood() {
    var session = pending
    #expect(session.expire(received: after(2)) == true)
    #expect(session.state == .invalid)
    #expect(session.endedAt == after(2))
    #expect(!session.isOpen)
    let ended = session
    #expect(session.expire(received: after(3)) == false)
    #expect(session.begin(at: after(3), meter: .zero, transaction: 1, received: after(3)) == false)
    #expect(session.stop(at: after(3), meter: nil, because: .local, received: after(3)) == false)
    #expect(session.read(reading(after(3), kWh: "1"), received: after(3)) == false)
    #expect(session.shift(to: .idle, at: after(3), received: after(3)) == false)
    #expect(session.supersede(received: after(3)) == false)
    #expect(session == ended, "nothing moved")
  }

  @Test func whileItWaitsOnlyBeginningOrExpiringMovesIt() {
    var session = pending
    #expect(session.read(reading(after(1), kWh: "1"), received: after(1)) == false)
    #expect(session.shift(to: .idle, at: after(1), received: after(1)) == false)
    #expect(session.stop(at: after(1), meter: .zero, because: .local, received: after(1)) == false)
    #expect(session.supersede(received: after(1)) == false)
    #expect(session == pending)
  }

  @Test func readingsMoveItForwardAndLateOnesDoNot() {
    var session = Session.example(at: start, meter: kWh("100"))
    #expect(session.read(reading(after(10), kWh: "103", watts: "11000"), received: after(10)) == true)
    #expect(session.energy == kWh("3"))
    #expect(session.power == 11_000)
    #expect(
      session.read(reading(after(5), kWh: "101.5", watts: "1"), received: after(11)) == false, "older than the newest")
    #expect(session.energy == kWh("3"))
    #expect(
      session.read(reading(after(10), kWh: "103", watts: "11000"), received: after(12)) == false, "nothing new in it")
    #expect(session.read(Reading(at: after(13), stateOfCharge: 61), received: after(13)) == true)
    #expect(session.energy == kWh("3"), "a sample without a register leaves it")
    #expect(session.lastReadingAt == after(13))
  }

  @Test func energyIsNeverNegativeWhereTheMeterRanBackwards() {
    var session = Session.example(at: start, meter: kWh("100"))
    #expect(session.read(reading(after(1), kWh: "0.5"), received: after(1)) == true)
    #expect(session.energy == .zero)
    #expect(session.stop(at: after(2), meter: kWh("99"), because: .local, received: after(2)) == true)
    #expect(session.energy == .zero)
  }

  @Test func activityShiftsOnlyWhereItIsNews() {
    var session = Session.example(at: start)
    #expect(session.shift(to: .charging, at: after(1), received: after(1)) == false, "it charges from the start")
    #expect(session.shift(to: .idle, at: after(2), received: after(2)) == true)
    #expect(session.shift(to: .idle, at: after(3), received: after(3)) == false)
    #expect(session.shift(to: .charging, at: after(1), received: after(4)) == true)
    #expect(session.shifts.map(\.at) == [after(2), after(2)], "a shift never lies before the one it follows")
    var early = Session.example(at: start)
    #expect(early.shift(to: .idle, at: start - .seconds(60), received: start) == true)
    #expect(early.shifts == [.init(at: start, activity: .idle)])
  }

  @Test func aFlutteringCarIsHeardUpToALimit() {
    var session = Session.example(at: start)
    for index in 0..<Limits.sessionShifts {
      #expect(
        session.shift(to: index.isMultiple(of: 2) ? .idle : .charging, at: start + .seconds(index), received: start)
          == true)
    }
    #expect(session.shift(to: .idle, at: after(600), received: start) == false)
    #expect(session.shifts.count == Limits.sessionShifts)
  }

  @Test func theFirstStopCounts() {
    var session = Session.example(at: start, meter: kWh("1"))
    _ = session.read(reading(after(1), kWh: "2", watts: "7000"), received: after(1))
    #expect(session.stop(at: after(30), meter: kWh("8"), because: .vehicle, received: after(31)) == true)
    #expect(session.state == .completed)
    #expect(session.endedAt == after(30))
    #expect(session.ending == .vehicle)
    #expect(session.energy == kWh("7"))
    #expect(session.power == nil)
    let ended = session
    #expect(session.stop(at: after(40), meter: kWh("9"), because: .local, received: after(41)) == false)
    #expect(session.read(reading(after(40), kWh: "9"), received: after(41)) == false)
    #expect(session.supersede(received: after(41)) == false)
    #expect(session == ended)
  }

  @Test func aStopWithoutAMeterKeepsTheLastReadingAndOneBeforeTheStartTakesNoTime() {
    var session = Session.example(at: start, meter: kWh("1"))
    _ = session.read(reading(after(1), kWh: "2"), received: after(1))
    #expect(session.stop(at: start - .seconds(5), meter: nil, because: .reboot, received: after(2)) == true)
    #expect(session.energy == kWh("1"))
    #expect(session.endedAt == start)
  }

  @Test func aSupersededSessionTakesItsLateStop() {
    var session = Session.example(at: start)
    #expect(session.supersede(received: after(5)) == true)
    #expect(session.state == .superseded)
    #expect(!session.isOpen)
    #expect(session.supersede(received: after(6)) == false)
    #expect(session.read(reading(after(6), kWh: "3"), received: after(6)) == false)
    #expect(session.stop(at: after(4), meter: kWh("3"), because: .powerLoss, received: after(60)) == true)
    #expect(session.state == .completed)
    #expect(session.energy == kWh("3"))
  }

  @Test func itComesBackFromTheBooksAsItWas() {
    var session = Session.example(at: start, meter: kWh("1"))
    _ = session.read(Reading(at: after(1), register: kWh("2"), power: 7000, stateOfCharge: 40), received: after(1))
    _ = session.shift(to: .idle, at: after(2), received: after(2))
    _ = session.stop(at: after(3), meter: kWh("3"), because: .remote, received: after(4))
    let restored = Session(
      id: session.id, place: Session.examplePlace, holder: session.holder, command: session.command,
      tariff: session.tariff,
      state: session.state, transaction: session.transaction, startedAt: session.startedAt, endedAt: session.endedAt,
      ending: session.ending, meterStart: session.meterStart, meterLast: session.meterLast,
      lastReadingAt: session.lastReadingAt,
      power: session.power, stateOfCharge: session.stateOfCharge, shifts: session.shifts, updatedAt: session.updatedAt)
    #expect(restored == session)
  }
}
