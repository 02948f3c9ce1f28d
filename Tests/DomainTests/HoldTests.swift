import Testing
import Wire

@testable import Domain

/// Reservations: used, expired and given up.
@Suite struct HoldTests {
  private let start = at("2026-06-01T10:00:00Z")

  /// OCPI's examples 15 to 18: a session of 20 kWh at 0.25 with 10 % VAT and a start fee of 0.50 with 20 %.
  private func tariff(reservation: String) throws -> Tariff {
    try DomainTests.tariff(
      reservation + ","
        + element(component("FLAT", "0.5", vat: "20")) + ","
        + element(component("ENERGY", "0.25", vat: "10")))
  }

  private func reserved(_ components: String...) -> String {
    element(components.joined(separator: ","), when: #""reservation":"RESERVATION""#)
  }

  private func expires(_ components: String...) -> String {
    element(components.joined(separator: ","), when: #""reservation":"RESERVATION_EXPIRES""#)
  }

  private func used(_ tariff: Tariff, after minutes: Int) -> Bill {
    let usage = Usage(from: start, to: start + .seconds(3600), energy: kWh("20"), tariff: tariff, zone: .utc)
    let bill = Bill(usage, after: Hold(from: start - .seconds(minutes * 60), until: start, ending: .used))
    #expect(bill.agrees(with: tariff, zone: .utc))
    return bill
  }

  private func unused(_ tariff: Tariff, for minutes: Int, _ ending: Hold.Ending) -> Bill {
    let bill = Bill(
      Hold(from: start - .seconds(minutes * 60), until: start, ending: ending), tariff: tariff, zone: .utc)
    #expect(bill.agrees(with: tariff, zone: .utc))
    return bill
  }

  @Test func theTimeOfAUsedReservationIsPaidBesideTheSession() throws {
    let bill = used(try tariff(reservation: reserved(component("TIME", "5", vat: "20", step: 60))), after: 15)
    #expect(bill.totals.cost.amounts == price("6.75", "7.6"))
    #expect(bill.totals.reservationCost?.amounts == price("1.25", "1.5"))
    #expect(bill.totals.fixedCost?.amounts == price("0.5", "0.6"), "the fee of the session alone")
    #expect(bill.periods.map(\.activity) == [.reserved, .charging])
    #expect(bill.start == start - .seconds(900))
    #expect(bill.totals.seconds == 3600)
    #expect(bill.totals.reservedSeconds == 900)
  }

  @Test func aFeeForReservingIsPartOfTheReservation() throws {
    let both = try tariff(
      reservation: reserved(component("FLAT", "2", vat: "20"), component("TIME", "5", vat: "20", step: 300)))
    let bill = used(both, after: 13)
    #expect(bill.totals.cost.amounts == price("8.75", "10"))
    #expect(bill.totals.reservationCost?.amounts == price("3.25", "3.9"))
  }

  @Test func anExpiredReservationPaysItsFeeAndItsTime() throws {
    let fee = try tariff(
      reservation: expires(component("FLAT", "4", vat: "20")) + ","
        + reserved(component("TIME", "2", vat: "20", step: 600)))
    #expect(used(fee, after: 22).totals.cost.amounts == price("6.5", "7.3"))
    let bill = unused(fee, for: 60, .expired)
    #expect(bill.totals.cost.amounts == price("6", "7.2"))
    #expect(bill.totals.fixedCost == nil, "no session began, so nothing of its prices is due")
    #expect(bill.totals.seconds == 0)
  }

  @Test func theTimeOfAnExpiredReservationHasAPriceOfItsOwn() throws {
    let time = try tariff(
      reservation: reserved(component("TIME", "3", vat: "20", step: 600)) + ","
        + expires(component("TIME", "6", vat: "20", step: 600)))
    #expect(used(time, after: 22).totals.cost.amounts == price("7", "7.9"))
    #expect(unused(time, for: 90, .expired).totals.cost.amounts == price("9", "10.8"))
    #expect(unused(time, for: 90, .cancelled).totals.cost.amounts == price("4.5", "5.4"), "given up is not expired")
  }

  @Test func aReservationWithoutASessionHasNoLeastPrice() throws {
    var least = try tariff(reservation: reserved(component("TIME", "3")))
    least.minimum = price("50")
    #expect(unused(least, for: 20, .cancelled).totals.cost == price("1"))
    #expect(used(least, after: 20).totals.cost.beforeTax == euro("50"))
  }

  @Test(arguments: ["BOOKING", "BOOKING_EXPIRES", "BOOKING_CANCELLATION_FEES", "BOOKING_OVERTIME"])
  func whatABookingCostsIsInNoBill(word: String) throws {
    let fee = element(component("FLAT", "7", vat: "20"), when: "\"booking\":\"\(word)\"")
    let both = element(component("TIME", "9"), when: "\"booking\":\"\(word)\",\"reservation\":\"RESERVATION\"")
    let plain = try tariff(reservation: reserved(component("TIME", "3")))
    let told = try tariff(reservation: fee + "," + both + "," + reserved(component("TIME", "3")))
    #expect(used(told, after: 20).totals == used(plain, after: 20).totals)
    #expect(unused(told, for: 20, .expired).totals == unused(plain, for: 20, .expired).totals)
    #expect(try !DomainTests.tariff(both + "," + element(component("ENERGY", "0.25"))).pricesReservations)
  }

  @Test func whereNothingPricesReservationsTheSessionAloneIsBilled() throws {
    let plain = try DomainTests.tariff(element(component("ENERGY", "0.25")))
    var reservation = Reservation.example(at: start - .seconds(600))
    (reservation.state, reservation.placedAt) = (.used, start - .seconds(600))
    #expect(reservation.hold(by: plain) == nil)
    #expect(reservation.hold(by: try tariff(reservation: reserved(component("TIME", "3")))) != nil)
  }

  @Test func onlyWhatTheStationHeldIsBilledAndOnlyWhereItsPayerGaveItUp() throws {
    let priced = try tariff(reservation: reserved(component("TIME", "3")))
    var reservation = Reservation.example(at: start)
    reservation.state = .expired
    #expect(reservation.hold(by: priced) == nil, "the station never held it")
    reservation.placedAt = start
    #expect(
      reservation.hold(by: priced) == Hold(from: start, until: reservation.expiresAt, ending: .expired))
    reservation.state = .cancelled
    #expect(reservation.hold(by: priced) == nil, "the operator took it back")
    reservation.givenUpAt = start + .seconds(60)
    #expect(reservation.hold(by: priced) == Hold(from: start, until: start + .seconds(60), ending: .cancelled))
    for state in [Reservation.State.lost, .refused, .placed] {
      reservation.state = state
      #expect(reservation.hold(by: priced) == nil, "\(state)")
    }
  }

  @Test func aReservationOverAClockBoundaryIsCutThere() throws {
    let evening = try DomainTests.tariff(
      element(component("TIME", "3"), when: #""reservation":"RESERVATION","end_time":"10:00""#) + ","
        + element(component("TIME", "6"), when: #""reservation":"RESERVATION""#))
    let bill = Bill(
      Hold(from: start - .seconds(600), until: start + .seconds(600), ending: .cancelled), tariff: evening, zone: .utc)
    #expect(bill.periods.map(\.seconds) == [600, 600])
    #expect(bill.totals.cost == price("1.5"))
    #expect(bill.agrees(with: evening, zone: .utc))
  }
}

extension Reservation {
  fileprivate static func example(at now: Timestamp) -> Reservation {
    Reservation(
      id: "r1", number: 1, station: ID(1), evse: 1, token: TokenReference(), owner: nil, groupID: nil,
      expiresAt: now + .seconds(1800), origin: "test", at: now)
  }
}
