import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// Sessions whose stations name them and tell them in numbered events (OCPP 2.0.1 E): live, late, in any order.
@MainActor
struct TransactingTests {
  let house: HouseUnderTest
  let station: Caller
  let t0: Timestamp

  init() throws {
    house = try HouseUnderTest().furnish(evses: 2)
    try house.addToken("CARD", group: "FLEET")
    try house.addToken("MATE", group: "FLEET")
    station = try house.connect("CS-1")
    t0 = house.now
  }

  /// A whole session of 30 minutes and 10 kWh, as a station tells it that starts when the token may charge.
  private func wholeSession(offline: Bool = false, name: String = "tx-1", from first: Int = 0) -> [TransactionReport] {
    let start = t0
    func report(
      _ phase: TransactionReport.Phase, _ number: Int, _ seconds: Int, wattHours: Int64,
      _ state: TransactionReport.ChargingState, token: String? = nil, ending: Session.Ending? = nil
    ) -> TransactionReport {
      let at = start + .seconds(seconds)
      let context: Reading.Context = phase == .started ? .begin : phase == .ended ? .end : .periodic
      return TransactionReport(
        phase, transaction: name, seqNo: first + number, at: at, written: at.text,
        trigger: token == nil ? .other : .authorized, isOffline: offline, chargingState: state,
        evse: number == 0 ? 1 : nil,
        connector: number == 0 ? 1 : nil, token: token.map { PresentedToken($0, .iso14443) }, ending: ending,
        readings: [Caller.reading(wattHours, at: at, context: context)],
        raw: ["seqNo": .number(JSONNumber(first + number))])
    }
    return [
      report(.started, 0, 0, wattHours: 5_000, .connected, token: "CARD"),
      report(.updated, 1, 10, wattHours: 5_000, .charging),
      report(.updated, 2, 610, wattHours: 9_000, .charging),
      report(.updated, 3, 1_210, wattHours: 14_000, .suspendedEV),
      report(.ended, 4, 1_800, wattHours: 15_000, .connected, ending: .local),
    ]
  }

  private func only() throws -> Session { try #require(try house.sessions.first) }

  private func cdr() throws -> CDR { try #require(try house.books.cdrs.cdr(session: try only().id)).cdr }

  private func expectTheBill() throws {
    let cdr = try cdr()
    #expect(cdr.totals.energy == Energy(tenthsOfWattHour: 100_000))
    #expect(cdr.totals.seconds == 1_800 && cdr.totals.parkingSeconds == 590)
    #expect(cdr.totals.cost.beforeTax == Money(tenThousandths: 30_000))
    #expect(cdr.startedAt == t0 && !cdr.isEstimated)
    #expect(try house.count("cdr.made") == 1)
  }

  // MARK: As it happens

  @Test func aSessionIsToldAndBilledAndItsStationHearsWhatItCosts() throws {
    var verdicts: [TransactionVerdict] = []
    var statuses: [EVSE.Status] = []
    for report in wholeSession() {
      house.clock.now = report.at ?? house.now
      verdicts.append(try station.tell(report))
      statuses.append(try house.evse().status)
    }
    #expect(verdicts[0].authorization?.verdict == .accepted && verdicts[0].authorization?.groupID == "FLEET")
    #expect(verdicts[1].authorization == nil)
    // 4 kWh at 0.30, with 21 % of tax.
    #expect(verdicts[2].totalCost == Decimal(1452, places: 3))
    #expect(verdicts[4].totalCost == Decimal(363, places: 2))
    #expect(statuses == [.preparing, .charging, .charging, .suspendedEV, .finishing])
    #expect(try only().state == .completed && only().ending == .local && only().token.uid == "CARD")
    try expectTheBill()
  }

  @Test func theSameEventAgainChangesNothingAndIsAnsweredAgain() throws {
    for report in wholeSession() {
      house.clock.now = report.at ?? house.now
      let first = try station.tell(report)
      let before = try only()
      #expect(try station.tell(report).authorization == first.authorization)
      #expect(try only() == before)
    }
    try expectTheBill()
    #expect(try station.tell(wholeSession()[4]).totalCost == Decimal(363, places: 2))
    #expect(try house.sessions.count == 1)
  }

  @Test func aTokenThatComesAfterThePlugIsWhoseTheSessionIs() throws {
    try station.tell(.started, 0, at: t0, state: .connected, evse: 1)
    #expect(try only().token.uid.isEmpty && house.evse().status == .preparing)
    let known = t0 + .seconds(90)
    let verdict = try station.tell(
      .updated, 1, at: known, trigger: .authorized, token: PresentedToken("CARD", .iso14443))
    #expect(verdict.authorization?.verdict == .accepted)
    #expect(try only().token.uid == "CARD" && only().startedAt == known)
    try station.tell(.updated, 2, at: t0 + .seconds(100), state: .charging, wattHours: 700)
    // Somebody else of the group ends it: it stays whose it was.
    let end = t0 + .seconds(700)
    let stop = try station.tell(
      .ended, 3, at: end, trigger: .stopAuthorized, wattHours: 1_700, token: PresentedToken("MATE", .iso14443))
    #expect(stop.authorization?.groupID == "FLEET")
    #expect(try only().token.uid == "CARD" && only().state == .completed)
    #expect(try cdr().totals.energy == Energy(tenthsOfWattHour: 10_000))
    #expect(try cdr().totals.seconds == 610)
  }

  @Test func aSessionCountsFromItsFirstRegisterWhereverThatIsTold() throws {
    try station.tell(
      .started, 0, at: t0, trigger: .authorized, state: .charging, evse: 1, token: PresentedToken("CARD", .iso14443))
    house.clock.now = t0 + .seconds(60)
    try station.meter(nil, 900_000)
    #expect(try only().energy == .zero)
    try station.tell(.updated, 1, at: t0 + .seconds(120), wattHours: 900_500)
    #expect(try only().energy == Energy(tenthsOfWattHour: 5_000))
    try station.tell(.ended, 2, at: t0 + .seconds(180), wattHours: 901_000)
    #expect(try cdr().totals.energy == Energy(tenthsOfWattHour: 10_000))
  }

  @Test func aPlugWithoutAnybodyIsNoSessionInTheEnd() throws {
    try station.tell(.started, 0, at: t0, state: .connected, evse: 1)
    let verdict = try station.tell(.ended, 1, at: t0 + .seconds(60), state: .idle)
    #expect(verdict.totalCost == .zero)
    #expect(try only().state == .invalid)
    #expect(try house.count("cdr.made") == 0)
  }

  @Test(arguments: [nil, TransactionReport.ChargingState.idle])
  func whoNeverPluggedInPaysNothing(state: TransactionReport.ChargingState?) throws {
    try house.price(evse: 1, at: "T2")
    try station.tell(
      .started, 0, at: t0, trigger: .authorized, state: state, evse: 1, wattHours: 700,
      token: PresentedToken("CARD", .iso14443))
    let verdict = try station.tell(
      .ended, 1, at: t0 + .seconds(60), state: state, wattHours: 700, ending: state == nil ? .timeout : .local)
    #expect(verdict.totalCost == .zero)
    #expect(try only().state == .invalid && only().ending == (state == nil ? .timeout : .local))
    #expect(try house.count("cdr.made") == 0)
  }

  @Test func whoWasPluggedInAndTookNothingIsBilled() throws {
    try station.tell(
      .started, 0, at: t0, trigger: .authorized, state: .connected, evse: 1, wattHours: 700,
      token: PresentedToken("CARD", .iso14443))
    try station.tell(.ended, 1, at: t0 + .seconds(60), state: .idle, wattHours: 700, ending: .vehicle)
    #expect(try only().state == .completed && house.count("cdr.made") == 1)
  }

  @Test func aRefusedTokenIsToldSoAndItsSessionIsKept() throws {
    let verdict = try station.tell(
      .started, 0, at: t0, trigger: .authorized, evse: 1, wattHours: 100, token: PresentedToken("WHO", .iso14443))
    #expect(verdict.authorization?.verdict == .invalid)
    try station.tell(.ended, 1, at: t0 + .seconds(60), wattHours: 150, ending: .deauthorized)
    #expect(try only().ending == .deauthorized && only().token.uid == "WHO")
    #expect(try cdr().totals.energy == Energy(tenthsOfWattHour: 500))
  }

  @Test func aTransactionThatBeginsBeforeItsPlaceIsKnownGoesWhereItsCarIs() throws {
    try station.tell(.started, 0, at: t0, trigger: .authorized, token: PresentedToken("CARD", .iso14443))
    try station.tell(.updated, 1, at: t0 + .seconds(20), state: .charging, evse: 2, wattHours: 10)
    #expect(try only().evse == house.evse(2).id)
    #expect(try house.evse(2).status == .charging && house.evse(1).status == .available)
  }

  @Test func anEndWithoutABeginIsBilledOnceItsStationHasNothingMore() throws {
    let end = wholeSession()[4]
    house.clock.now = t0 + .seconds(1_800)
    let verdict = try station.tell(end)
    #expect(verdict.totalCost == nil)
    #expect(try only().state == .superseded && house.count("session.gap") == 1)
    #expect(house.stations.commands == [.transactionStatus("tx-1")])
    try house.stations.last.answer(.accepted(answer: ["ongoing": false, "more_to_come": false]))
    house.settle()
    #expect(try only().state == .invalid)
  }

  @Test func oneLostEventIsToldOnceHoweverManyFollow() throws {
    try station.tell(
      .started, 0, at: t0, trigger: .authorized, state: .charging, evse: 1, wattHours: 0,
      token: PresentedToken("CARD", .iso14443))
    for number in 2..<8 {
      try station.tell(.updated, number, at: t0 + .seconds(Int64(number) * 60), wattHours: 100 * Int64(number))
    }
    #expect(try house.count("session.gap") == 1)
    try station.tell(.updated, 9, at: t0 + .seconds(540), wattHours: 900)
    #expect(try house.count("session.gap") == 2, "another one is missing now")
  }

  @Test func whatIsToldOfASessionThatWasClosedIsSaid() async throws {
    try station.tell(
      .started, 0, at: t0, trigger: .authorized, state: .charging, evse: 1, wattHours: 0,
      token: PresentedToken("CARD", .iso14443))
    try station.tell(.updated, 1, at: t0 + .seconds(60), wattHours: 12_000)
    try await house.csms.closeSession(try only().id, because: "it hangs", by: "operator:anna")
    let billed = try cdr().totals.energy
    try station.tell(.ended, 2, at: t0 + .seconds(3_600), wattHours: 31_000)
    #expect(try cdr().totals.energy == billed)
    #expect(try house.count("session.stop_differs") == 1)
    try station.tell(.ended, 2, at: t0 + .seconds(3_600), wattHours: 31_000)
    #expect(try house.count("session.stop_differs") == 1)
  }

  @Test func anEventThatCannotHaveAPlaceIsParked() throws {
    let verdict = try station.tell(.started, 0, at: t0, evse: 0, token: PresentedToken("CARD", .iso14443))
    #expect(verdict.authorization?.verdict == .invalid)
    #expect(try house.parked.map(\.action) == ["TransactionEvent"])
    #expect(try house.sessions.isEmpty)
  }

  @Test func aNumberThatIsUsedTwiceLosesNothing() throws {
    var reports = wholeSession()
    for place in reports.indices { reports[place].seqNo = 0 }
    for report in reports {
      house.clock.now = report.at ?? house.now
      try station.tell(report)
    }
    try expectTheBill()
    #expect(try house.books.stations.oddities(of: house.station("CS-1").id).contains { $0.what.contains("seqNo") })
  }

  @Test func countingMayGoOnFromTheTransactionBefore() throws {
    for report in wholeSession(from: 41) {
      house.clock.now = report.at ?? house.now
      try station.tell(report)
    }
    try expectTheBill()
    #expect(try house.count("session.gap") == 0)
  }

  // MARK: From afar

  private func wish(_ evse: Int? = 1) async throws -> RemoteStart {
    let token = try #require(try house.books.tokens.tokens(folded: "card").first)
    _ = try await house.csms.startSession(at: StationIdentity("CS-1")!, evse: evse, token: token.id, by: "anna")
    guard case .remoteStart(let start) = try house.stations.last.command else { throw TestFault("nothing was sent") }
    try house.stations.last.answer(.accepted(answer: .null))
    house.settle()
    return start
  }

  @Test func aRemoteStartIsBoundByItsNumber() async throws {
    let start = try await wish()
    #expect(start.token == PresentedToken("CARD", .iso14443) && start.groupID == "FLEET")
    let pending = try only()
    // At another EVSE than was asked for, and without its token.
    try station.tell(
      .started, 0, at: t0 + .seconds(5), state: .charging, evse: 2, wattHours: 0, remoteStart: start.number)
    #expect(try only().id == pending.id && only().state == .active && only().evse == house.evse(2).id)
    #expect(try only().authorization == .command && only().transaction == nil)
    _ = try await house.csms.stopSession(pending.id, by: "anna")
    #expect(house.stations.commands.last == .remoteStop(.text("tx-1")))
  }

  @Test func whereARemoteStartBeginsIsWhatItPaysFor() async throws {
    try house.price(evse: 2, at: "T2")
    let start = try await wish()
    try station.tell(
      .started, 0, at: t0 + .seconds(5), state: .charging, evse: 2, wattHours: 0, remoteStart: start.number)
    #expect(try only().tariff?.ref == "T2")
  }

  @Test func whereACarWasPluggedInBeforeIsWhatItsRemoteStartPaysFor() async throws {
    try house.price(evse: 2, at: "T2")
    try station.tell(.started, 0, at: t0, state: .connected, evse: 2, wattHours: 700)
    let start = try await wish()
    try station.tell(
      .updated, 1, at: t0 + .seconds(60), trigger: .authorized, token: PresentedToken("CARD", .iso14443),
      remoteStart: start.number)
    #expect(try house.sessions.first { $0.state == .active }?.tariff?.ref == "T2")
  }

  @Test func aCarThatWasPluggedInBeforeIsThatOfTheRemoteStart() async throws {
    try station.tell(.started, 0, at: t0, state: .connected, evse: 1, wattHours: 700)
    let start = try await wish()
    let verdict = try station.tell(
      .updated, 1, at: t0 + .seconds(60), trigger: .authorized, token: PresentedToken("CARD", .iso14443),
      remoteStart: start.number)
    #expect(verdict.authorization?.verdict == .accepted)
    try station.tell(.ended, 2, at: t0 + .seconds(660), wattHours: 1_700)
    let sessions = try house.sessions
    let charged = try #require(sessions.first { $0.state == .completed })
    #expect(sessions.count == 2 && sessions.contains { $0.state == .invalid })
    #expect(charged.command != nil && charged.energy == Energy(tenthsOfWattHour: 10_000))
    #expect(try house.books.cdrs.cdr(session: charged.id)?.cdr.totals.seconds == 600)
  }

  @Test func whatAMeterSignedBeforeTheRemoteStartIsItsOwnToo() async throws {
    func signed(_ name: String, _ context: Reading.Context, at time: Timestamp) -> [Reading] {
      [
        Reading(
          at: time, context: context, raw: ["value": .string(name)],
          signed: [SignedReading(format: "", key: nil, data: name)])
      ]
    }
    func tell(_ phase: TransactionReport.Phase, _ number: Int, _ seconds: Int, _ readings: [Reading]) throws {
      let at = t0 + .seconds(seconds)
      _ = try station.tell(
        TransactionReport(
          phase, transaction: "tx-1", seqNo: number, at: at, written: at.text, trigger: .other, evse: 1, ending: nil,
          readings: readings, raw: ["seqNo": .number(JSONNumber(number))]))
    }
    try tell(.started, 0, 0, signed("begin", .begin, at: t0))
    let start = try await wish()
    try station.tell(
      .updated, 1, at: t0 + .seconds(60), trigger: .authorized, token: PresentedToken("CARD", .iso14443),
      remoteStart: start.number)
    try tell(.updated, 2, 120, signed("middle", .periodic, at: t0 + .seconds(120)))
    let heir = try #require(try house.sessions.first { $0.state == .active })
    #expect(try house.books.signedReadings.list(of: heir.id, limit: 9).map(\.signed.data) == ["begin", "middle"])
  }

  @Test func aRemoteStartThatWasGivenUpIsStillWhoseItsLateSessionIs() async throws {
    let start = try await wish()
    house.pass(house.settings.connectionSeconds + 10, beat: 10)
    #expect(try only().state == .invalid)
    try station.tell(
      .started, 0, at: house.now, state: .charging, evse: 1, wattHours: 0, remoteStart: start.number)
    let running = try #require(try house.sessions.first { $0.state == .active })
    #expect(running.token.uid == "CARD" && running.authorization == .command)
  }

  // MARK: Paid for before

  @Test func aPrepaidTokenMayCostWhatIsLeftOfIt() throws {
    var token = try house.addToken("PREPAID")
    token.credit = Money(tenThousandths: 40_000)
    let paid = token
    try house.write { books throws(StoreFault) in try books.tokens.update(paid) }
    let card = PresentedToken("PREPAID", .iso14443)
    let begun = try station.tell(.started, 0, at: t0, trigger: .authorized, evse: 1, wattHours: 0, token: card)
    #expect(begun.limit?.cost == Money(tenThousandths: 40_000) && begun.authorization?.holdsOnce == true)
    #expect(try station.tell(.updated, 1, at: t0 + .seconds(300), wattHours: 4_000).limit == nil)
    // 10 kWh cost 3.63, and 0.37 are left.
    try station.tell(.ended, 2, at: t0 + .seconds(1_800), wattHours: 10_000)
    #expect(try house.books.tokens.token(paid.id)?.credit == Money(tenThousandths: 3_700))
    for seqNo in 0..<3 {
      try station.tell(
        [.started, .updated, .ended][seqNo], seqNo, name: "tx-2", at: t0 + .seconds(Int64(2_000 + 600 * seqNo)),
        trigger: .authorized, evse: 1, wattHours: Int64(10_000 + 1_000 * seqNo), token: seqNo == 0 ? card : nil)
    }
    #expect(try house.books.tokens.token(paid.id)?.credit == Money(tenThousandths: -3_560))
    let refused = try #require(try station.authorize("PREPAID").value)
    #expect(refused.verdict == .noCredit && refused.holdsOnce)
  }

  // MARK: Late

  @Test(arguments: 0..<30) func whatWasKeptOfflineIsTheSameSessionInWhateverOrderItComes(seed: UInt64) throws {
    house.clock.now = t0 + .seconds(20_000)
    let before = try house.evse().status
    var random = SeededGenerator(seed: seed)
    // Each twice, in any order.
    let all = wholeSession(offline: true)
    for report in (all + all).shuffled(using: &random) {
      try station.tell(report)
      #expect(try house.evse().status == before, "offline events are not what happens now")
      #expect(try only().state != .active)
    }
    #expect(try only().state == .completed)
    try expectTheBill()
  }

  @Test func aGapIsAskedAboutAndFilled() throws {
    let all = wholeSession()
    for report in [all[0], all[1], all[4]] {
      house.clock.now = report.at ?? house.now
      try station.tell(report)
    }
    #expect(try only().state == .superseded && house.count("cdr.made") == 0)
    #expect(house.stations.commands == [.transactionStatus("tx-1")])
    try house.stations.last.answer(.accepted(answer: ["ongoing": false, "more_to_come": true]))
    house.settle()
    #expect(try house.count("cdr.made") == 0)
    for place in [3, 2] {
      var late = all[place]
      late.isOffline = true
      try station.tell(late)
    }
    try expectTheBill()
  }

  @Test func aGapThatNobodyFillsIsBilledWithoutIt() throws {
    let all = wholeSession()
    for report in [all[0], all[3], all[4]] {
      house.clock.now = report.at ?? house.now
      try station.tell(report)
    }
    try house.stations.last.answer(.accepted(answer: ["ongoing": false, "more_to_come": false]))
    house.settle()
    try expectTheBill()
  }

  @Test func aGapOfAStationThatDoesNotAnswerIsBilledAfterADay() throws {
    let all = wholeSession()
    for report in [all[0], all[3], all[4]] {
      house.clock.now = report.at ?? house.now
      try station.tell(report)
    }
    house.pass(house.settings.lateStopHours * 3_600 + 60, beat: 3_600)
    try expectTheBill()
  }

  @Test func anUnfinishedSessionThatIsToldLateRunsFromItsFirstEventThatHappensNow() throws {
    let all = wholeSession()
    for report in all[0...1] {
      var late = report
      late.isOffline = true
      try station.tell(late)
    }
    #expect(try only().state == .superseded && house.evse().status == .available)
    house.clock.now = t0 + .seconds(610)
    try station.tell(all[2])
    #expect(try only().state == .active && house.evse().status == .charging)
  }

  @Test func whatIsOverStaysOver() throws {
    for report in wholeSession() {
      house.clock.now = report.at ?? house.now
      try station.tell(report)
    }
    let bill = try cdr()
    // An event that was lost on the way and comes long after.
    try station.tell(.updated, 9, at: t0 + .seconds(1_700), state: .charging, wattHours: 14_500)
    #expect(try only().state == .completed && cdr() == bill)
    #expect(try house.evse().status == .finishing)
  }

  @Test func anOlderOneThatIsToldLateDoesNotTouchWhatRuns() throws {
    house.clock.now = t0 + .seconds(7_200)
    try station.tell(
      .started, 0, name: "new", at: house.now, trigger: .authorized, state: .charging, evse: 1,
      token: PresentedToken("MATE", .iso14443))
    for report in wholeSession(offline: true) { try station.tell(report) }
    let states = try house.sessions.map(\.state)
    #expect(Set(states) == [.active, .completed])
    #expect(try house.evse().status == .charging)
  }

  @Test func aStationThatStartsAnewIsAskedAboutWhatRan() throws {
    for report in wholeSession()[0...2] {
      house.clock.now = report.at ?? house.now
      try station.tell(report)
    }
    try station.boot()
    #expect(house.stations.commands == [.transactionStatus("tx-1")])
    try house.stations.last.answer(.accepted(answer: ["ongoing": false, "more_to_come": false]))
    house.settle()
    #expect(try only().state == .completed && cdr().isEstimated)
    #expect(try cdr().totals.energy == Energy(tenthsOfWattHour: 40_000))
  }

  @Test func theHouseForgetsNothingOfItWhenItIsRestartedBetweenAnyTwoEvents() throws {
    for report in wholeSession() {
      try house.restart()
      house.clock.now = report.at ?? house.now
      try house.connect("CS-1").tell(report)
    }
    try expectTheBill()
  }
}

extension Caller {
  @discardableResult
  func tell(_ report: TransactionReport) throws -> TransactionVerdict {
    try house.decide { [desk] () throws(TurnFault) in try desk.tell(report) }
  }

  /// An event of the transaction `tx-1`, unless it is said of which.
  @discardableResult
  func tell(
    _ phase: TransactionReport.Phase, _ seqNo: Int, name: String = "tx-1", at: Timestamp,
    trigger: TransactionReport.Trigger = .other, state: TransactionReport.ChargingState? = nil, evse: Int? = nil,
    wattHours: Int64? = nil, token: PresentedToken? = nil, remoteStart: Int64? = nil, ending: Session.Ending? = nil
  ) throws -> TransactionVerdict {
    house.clock.now = max(house.now, at)
    let readings = wattHours.map { [Self.reading($0, at: at, context: phase == .ended ? .end : .periodic)] } ?? []
    return try tell(
      TransactionReport(
        phase, transaction: name, seqNo: seqNo, at: at, written: at.text, trigger: trigger, chargingState: state,
        evse: evse, token: token, remoteStart: remoteStart, ending: ending ?? (phase == .ended ? .local : nil),
        readings: readings, raw: ["seqNo": .number(JSONNumber(seqNo))]))
  }
}

/// SplitMix64: the same chances for the same seed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
