import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

@MainActor @Suite struct ReservingTests {
  private let house: HouseUnderTest
  private let token: Token

  init() throws {
    house = try HouseUnderTest().furnish(evses: 2)
    token = try house.addToken("04A1", group: "FLEET")
    house.stations.answer = { command, _ in
      if case .reservation = command { .accepted(answer: ["status": "Accepted"]) } else { nil }
    }
  }

  @discardableResult
  private func reserve(evse: Int? = 1, for seconds: Int = 1_800) async throws -> Reservation {
    async let made = house.csms.reserve(
      at: StationIdentity("CS-1")!, evse: evse, token: token.id, until: house.now + .seconds(seconds),
      by: "operator:anna")
    await house.settleAll()
    let id = try await made.reservation.id
    house.settle()
    return try #require(try house.books.reservations.reservation(id))
  }

  private func state(_ reservation: Reservation) throws -> Reservation.State? {
    try house.books.reservations.reservation(reservation.id)?.state
  }

  @Test func theStationHoldsWhatItWasAskedFor() async throws {
    _ = try house.connect("CS-1")
    let reservation = try await reserve()
    #expect(reservation.state == .placed)
    #expect(house.stations.commands == [.reservation(.reserve(reservation.wish))])
    #expect(try house.events.suffix(4) == ["command.sent", "reservation.asked", "command.ended", "reservation.placed"])
  }

  @Test(arguments: ["Faulted", "Occupied", "Unavailable", "Rejected"])
  func theStationsNoIsKept(_ word: String) async throws {
    house.stations.answer = { _, _ in .refused(word: word, answer: [:]) }
    _ = try house.connect("CS-1")
    let reservation = try await reserve()
    #expect(reservation.state == .refused)
    #expect(reservation.answer == word)
  }

  @Test func oneEVSEIsHeldOnce() async throws {
    _ = try house.connect("CS-1")
    try await reserve()
    await #expect(throws: Refusal.conflict("it is reserved already")) { try await reserve() }
    #expect(try await reserve(evse: 2).state == .placed)
  }

  @Test func itExpiresByItself() async throws {
    _ = try house.connect("CS-1")
    let reservation = try await reserve(for: 60)
    house.pass(59)
    #expect(try state(reservation) == .placed)
    house.pass(2)
    #expect(try state(reservation) == .expired)
    #expect(try house.count("reservation.expired") == 1)
  }

  @Test func oneThatCannotEndKeepsNoOtherFromEnding() async throws {
    _ = try house.connect("CS-1")
    let (bad, good) = (try await reserve(for: 60), try await reserve(evse: 2, for: 61))
    try house.books.db.script(
      """
      CREATE TRIGGER damaged BEFORE UPDATE ON reservation WHEN OLD.number = \(bad.number)
      BEGIN SELECT RAISE(ABORT, 'damaged'); END;
      """)
    house.pass(65)
    #expect(try state(bad) == .placed && state(good) == .expired)
  }

  /// 3 an hour for holding, 5 where nobody comes.
  private func priceHolding() throws {
    try house.write { books throws(StoreFault) in
      guard let kept = try books.tariffs.list(limit: 1).first else { return }
      var (used, expired) = (Tariff.Restrictions(), Tariff.Restrictions())
      (used.reservation, expired.reservation) = (.reservation, .expires)
      var tariff = kept.tariff
      tariff.elements += [
        .init([.init(.time, price: 3)], when: used), .init([.init(.flat, price: 5)], when: expired),
      ]
      _ = try books.tariffs.update(kept.id, to: tariff, at: house.now)
    }
  }

  private var bills: [CDR] { get throws { try house.books.cdrs.list(limit: 10).map(\.cdr) } }

  @Test func anExpiredReservationIsBilledWithoutASession() async throws {
    try priceHolding()
    _ = try house.connect("CS-1")
    let reservation = try await reserve(for: 600)
    house.pass(602)
    #expect(try state(reservation) == .expired)
    let bill = try #require(try bills.first)
    #expect(bill.session.isEmpty && bill.reservation == reservation.id && bill.reservationEnding == .expired)
    #expect(bill.totals.cost.beforeTax == Money(tenThousandths: 55_000), "ten minutes and the fee")
    #expect(bill.totals.reservedSeconds == 600 && bill.totals.seconds == 0)
    #expect(bill.place.evse == "uid-CS-1-1")
    #expect(bill.heldBecause == nil && bill.agrees(zone: .utc))
    #expect(try bills.count == 1)
  }

  @Test func aReservationsBillIsItsPartnersWhateverRolesItHasByThen() async throws {
    try priceHolding()
    let partner = try house.addPartner()
    _ = try house.connect("CS-1")
    let reservation = try await reserve(for: 600)
    // Its owner's role was dropped by a PUT of credentials meanwhile.
    try house.books.db.script(
      "UPDATE reservation SET partner = \(partner.id), owner = NULL WHERE id = '\(reservation.id)'")
    house.pass(602)
    let bill = try #require(try house.books.cdrs.list(limit: 10).first)
    #expect(bill.partner == partner.id)
    #expect(house.partners.sent("cdrs").map(\.partner) == [partner.id])
  }

  @Test func aUsedReservationIsBilledWithItsSession() async throws {
    try priceHolding()
    let caller = try house.connect("CS-1")
    let reservation = try await reserve()
    house.pass(600)
    let transaction = try caller.start("04A1").transaction
    house.clock.now += .seconds(3_600)
    try caller.stop(transaction, meter: 10_000)
    let bill = try house.cdr(of: transaction)
    #expect(bill.reservation == reservation.id && bill.reservationEnding == .used)
    #expect(bill.totals.reservationCost?.beforeTax == Money(tenThousandths: 5_000))
    #expect(bill.totals.cost.beforeTax == Money(tenThousandths: 35_000))
    #expect(bill.startedAt == reservation.updatedAt.wholeSecond)
    #expect(bill.periods.map(\.activity) == [.reserved, .charging])
  }

  @Test func aDriverWhoCameInTimeToAStationThatWasAwayPaysNoFee() async throws {
    try priceHolding()
    let caller = try house.connect("CS-1")
    let reservation = try await reserve(for: 900)
    try caller.leave()
    house.pass(600)
    let came = house.now
    house.pass(3_600)
    #expect(try state(reservation) == .placed && bills.isEmpty, "it cannot say yet who came")
    let back = try house.connect("CS-1")
    try back.boot()
    house.pass(60)
    let asked = house.stations.commands.filter { if case .reservation = $0 { true } else { false } }
    #expect(asked.count == 1, "what is over is not asked for again")
    let transaction = try back.start("04A1", at: came).transaction
    #expect(try state(reservation) == .used)
    try back.stop(transaction, meter: 10_000)
    let bill = try house.cdr(of: transaction)
    #expect(bill.reservationEnding == .used && bill.totals.reservedSeconds == 600)
    #expect(try bills.count == 1)
  }

  @Test(arguments: [true, false])
  func aReservationOfAStationThatWasAwayIsOverOnceItCouldHaveTold(_ comesBack: Bool) async throws {
    let caller = try house.connect("CS-1")
    let reservation = try await reserve(for: 60)
    try caller.leave()
    house.pass(120)
    if comesBack {
      _ = try house.connect("CS-1")
      house.pass(Limits.retellingSeconds + 60, beat: 10)
    } else {
      house.pass(house.settings.lateStopHours * 3_600 + 60, beat: 600)
    }
    #expect(try state(reservation) == .expired)
  }

  @Test func whatTheOperatorTakesBackCostsNothing() async throws {
    try priceHolding()
    _ = try house.connect("CS-1")
    let reservation = try await reserve()
    house.pass(600)
    async let cancelled = house.csms.cancelReservation(reservation.id, by: "operator:anna")
    await house.settleAll()
    _ = try await cancelled
    house.pass(2)
    #expect(try state(reservation) == .cancelled)
    #expect(try bills.isEmpty)
  }

  @Test func whereHoldingHasNoPriceNothingIsBilled() async throws {
    _ = try house.connect("CS-1")
    let reservation = try await reserve(for: 60)
    house.pass(62)
    #expect(try state(reservation) == .expired)
    #expect(try bills.isEmpty)
  }

  @Test func aStationThatBootedIsAskedAgainUnderTheSameNumber() async throws {
    let caller = try house.connect("CS-1")
    let reservation = try await reserve()
    house.stations.clear()
    try caller.boot()
    house.pass(2)
    #expect(house.stations.commands.contains(.reservation(.reserve(reservation.wish))))
    #expect(try state(reservation) == .placed)
  }

  @Test func aLostLineAndARestartLoseNothing() async throws {
    house.stations.answer = { _, _ in nil }
    let caller = try house.connect("CS-1")
    let reservation = try await reserve()
    try caller.leave()
    try house.stations.last.answer(.disconnected)
    house.settle()
    #expect(try state(reservation) == .asked)
    try house.restart()
    house.pass(300)
    house.stations.clear()
    house.stations.answer = { _, _ in .accepted(answer: [:]) }
    _ = try house.connect("CS-1")
    house.pass(2)
    #expect(house.stations.commands.contains(.reservation(.reserve(reservation.wish))))
    #expect(try state(reservation) == .placed)
  }

  @Test func aReservationThatAPartnerGivesToAnotherDriverIsTheirsAlsoInTheBooks() async throws {
    let partner = try house.addPartner()
    let (first, second) = (try house.addToken("P-1", of: partner), try house.addToken("P-2", of: partner))
    let caller = try house.connect("CS-1")
    for token in [first, second] {
      try house.decide { [csms = house.csms, now = house.now] () throws(TurnFault) in
        do {
          let station = try #require(try csms.books.stations.station(StationIdentity("CS-1")!))
          _ = try csms.reserve(
            try csms.holder(of: token, method: .command), at: station, evse: 1, until: now + .seconds(1_800),
            by: "partner:Roamer", respondTo: CommandOrigin(partner: partner.id, url: "https://r.example/1"),
            reference: "R-1")
        } catch { Issue.record(error) }
      }
      house.settle()
    }
    let open = try house.books.reservations.open(of: try house.station("CS-1").id)
    #expect(open.count == 1 && open.first?.token.uid == "P-2" && open.first?.owner == second.owner)
    house.stations.clear()
    try caller.boot()
    house.pass(2)
    let sent = house.stations.commands.compactMap {
      if case .reservation(.reserve(let wish)) = $0 { wish.tag } else { nil as String? }
    }
    #expect(sent == ["P-2"])
  }

  @Test func theDriverUsesIt() async throws {
    let caller = try house.connect("CS-1")
    let reservation = try await reserve()
    let transaction = try caller.start("04A1").transaction
    #expect(try state(reservation) == .used)
    #expect(
      try house.books.reservations.reservation(reservation.id)?.session == house.session(transaction).id)
  }

  @Test func anotherCardOfTheGroupUsesItToo() async throws {
    try house.addToken("04B2", group: "FLEET")
    let caller = try house.connect("CS-1")
    let reservation = try await reserve()
    try caller.start("04B2")
    #expect(try state(reservation) == .used)
  }

  @Test func aStrangerAndAnotherEVSEDoNotUseIt() async throws {
    try house.addToken("04C3")
    let caller = try house.connect("CS-1")
    let reservation = try await reserve()
    try caller.start("04C3")
    try caller.start("04A1", evse: 2)
    #expect(try state(reservation) == .placed)
  }

  @Test(arguments: [EVSE.Status.faulted, .unavailable])
  func itGivesWayToAnEVSEThatIsOutOfOrder(_ status: EVSE.Status) async throws {
    let caller = try house.connect("CS-1")
    let reservation = try await reserve()
    try caller.report(status, evse: 2)
    #expect(try state(reservation) == .placed)
    try caller.report(status)
    #expect(try state(reservation) == .lost)
  }

  @Test func theStationTellsThatItIsOver() async throws {
    let caller = try house.connect("CS-1")
    let reservation = try await reserve()
    try house.decide { [desk = caller.desk] () throws(TurnFault) in
      try desk.reservation(reservation.number, ended: .removed)
    }
    #expect(try state(reservation) == .lost)
  }

  @Test func aReservationIsCancelledAtTheStation() async throws {
    _ = try house.connect("CS-1")
    let reservation = try await reserve()
    async let cancelled = house.csms.cancelReservation(reservation.id, by: "operator:anna")
    await house.settleAll()
    #expect(try await cancelled.state == .cancelling)
    house.settle()
    #expect(house.stations.commands.last == .reservation(.cancel(number: reservation.number)))
    #expect(try state(reservation) == .cancelled)
  }

  @Test func aStationThatIsAwayHearsOfTheCancellationLater() async throws {
    let caller = try house.connect("CS-1")
    let reservation = try await reserve()
    try caller.leave()
    async let cancelled = house.csms.cancelReservation(reservation.id, by: "operator:anna")
    await house.settleAll()
    _ = try await cancelled
    house.pass(120)
    #expect(try state(reservation) == .cancelling)
    _ = try house.connect("CS-1")
    house.pass(2)
    #expect(try state(reservation) == .cancelled)
  }

  @Test func aStationThatHoldsSingleEVSEsOnlyIsNotAskedForAny() async throws {
    var capacity = StationCapacity()
    capacity.reservesAnyEVSE = false
    let single = capacity
    _ = try house.connect("CS-1")
    try house.write { books throws(StoreFault) in
      try books.capacities.keep(single, of: books.stations.station(StationIdentity("CS-1")!)!.id, at: house.now)
    }
    await #expect(throws: Refusal.invalid(field: "evse", "this station holds single EVSEs only")) {
      try await reserve(evse: nil)
    }
    #expect(try await reserve().state == .placed)
  }

  @Test func aReservationNeedsATimeAheadAndAConnectedStation() async throws {
    await #expect(throws: Refusal.conflict("the station is not connected")) { try await reserve() }
    _ = try house.connect("CS-1")
    await #expect(throws: Refusal.self) { try await reserve(for: -1) }
    await #expect(throws: Refusal.notFound("the station has no EVSE 9")) { try await reserve(evse: 9) }
  }
}
