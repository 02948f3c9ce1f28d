import Domain
import Testing
import Wire

/// What a meter says of a session is believed, or waits for a person.
struct MeterDoubtTests {
  private let start = Timestamp(seconds: 1_800_000_000)

  /// A session of so many seconds, and readings as (second, Wh, W).
  private func doubt(
    from meterStart: Int64 = 1_000_000, to meterStop: Int64, seconds: Int, watts: Int = 22_080,
    _ told: [(Int, Int64, Int?)] = []
  ) -> MeterDoubt? {
    let place = Session.Place(party: ID(1), location: nil, station: ID(1), evse: ID(1), connector: ID(1))
    let token = TokenReference(
      party: PartyID(country: "NL", party: "OST"), uid: "CARD", kind: .rfid, contractID: "C")
    var session = Session.started(
      id: "s", place: place, holder: Session.Holder(token: token, owner: nil, method: .whitelist), tariff: nil,
      at: start, meter: Energy(tenthsOfWattHour: meterStart * 10), transaction: 1, received: start)
    let readings = told.map { second, wattHours, watts in
      Reading(
        at: start + .seconds(second), register: Energy(tenthsOfWattHour: wattHours * 10),
        power: watts.map { Decimal(Int64($0)) })
    }
    for reading in readings { _ = session.read(reading, received: start) }
    _ = session.stop(
      at: start + .seconds(seconds), meter: Energy(tenthsOfWattHour: meterStop * 10), because: .local, received: start)
    let usage = Usage(session, readings: readings, zone: .utc, until: start)
    return MeterDoubt(session, readings: readings, on: usage, watts: watts)
  }

  @Test func aPlainSessionIsBelieved() {
    #expect(doubt(to: 1_011_000, seconds: 3_600, [(900, 1_002_750, 11_000), (1_800, 1_005_500, 11_000)]) == nil)
    #expect(doubt(from: 0, to: 11_000, seconds: 3_600, [(900, 2_750, nil)]) == nil)
    // A car that takes nothing.
    #expect(doubt(to: 1_000_000, seconds: 86_400) == nil)
  }

  @Test func moreThanTheConnectorGivesIsNot() {
    #expect(doubt(to: 1_025_300, seconds: 3_600) == nil)
    #expect(
      doubt(to: 1_025_500, seconds: 3_600) == .tooMuch(Energy(tenthsOfWattHour: 255_000), seconds: 3_600))
  }

  @Test func aRegisterThatFallsIsNot() {
    #expect(doubt(to: 999_000, seconds: 3_600) == .ranBackwards)
    let reset = doubt(
      to: 1_004_000, seconds: 3_600, [(600, 1_002_000, nil), (1_200, 300, nil), (1_800, 1_003_000, nil)])
    guard case .wasReset(let at, let from, let to)? = reset else {
      Issue.record("no reset: \(String(describing: reset))")
      return
    }
    #expect(at == start + .seconds(1_200))
    #expect((from, to) == (Energy(tenthsOfWattHour: 10_020_000), Energy(tenthsOfWattHour: 3_000)))
    // Of two readings of one moment the lower one may have come later.
    #expect(doubt(to: 1_004_000, seconds: 3_600, [(3_600, 1_004_000, nil), (3_600, 1_003_000, nil)]) == nil)
    // A stop that is rounded down is none.
    #expect(doubt(to: 1_004_000, seconds: 3_600, [(3_000, 1_004_050, nil)]) == nil)
  }

  @Test func theLifetimeRegisterOfAStartAtNothingIsNotEvenWhereTheTimeWouldAllowIt() {
    // 100 kWh in twelve hours could be; 99 of them in the first minute cannot.
    let doubt = doubt(from: 0, to: 100_000, seconds: 43_200, [(60, 99_000, nil), (21_600, 99_500, nil)])
    #expect(doubt == .isLifetime(Energy(tenthsOfWattHour: 990_000), seconds: 60))
  }

  @Test func kilowattHoursThatAreLabelledWattHoursAreNot() {
    // An hour of 7.4 kW whose register moved by 7 Wh.
    let told = (1...6).map { ($0 * 600, Int64(1_000_000 + $0), Optional(7_400)) }
    guard case .isThousandth(let energy, let byPower)? = doubt(to: 1_000_007, seconds: 3_600, told) else {
      Issue.record("believed")
      return
    }
    #expect(energy == Energy(tenthsOfWattHour: 70) && byPower == Energy(tenthsOfWattHour: 74_000))
  }

  @Test(arguments: [
    MeterDoubt.isCut, .ranBackwards, .wasReset(at: .epoch, from: .zero, to: .zero), .tooMuch(.zero, seconds: 1),
    .isLifetime(.zero, seconds: 1), .isThousandth(.zero, byPower: .zero),
  ]) func eachIsSaidInWords(_ doubt: MeterDoubt) {
    #expect(!doubt.word.isEmpty && !"\(doubt)".isEmpty)
  }
}
