import Wire

/// What was used from start to end, as the bill takes it: cleaned readings in order, activity, and the tariff and local
/// clock that hold for it.
public struct Usage: Sendable {
  /// Whole seconds: bills count whole seconds from start to end, never hour volumes.
  public let start: Timestamp
  public let end: Timestamp
  public let energy: Energy
  public let tariff: Tariff?
  public let zone: ZoneRules
  /// True where the session went past `Limits.sessionSeconds` or `Limits.sessionEnergy` and was cut there: no plausible
  /// session does, and its CDR must wait for the operator.
  public let isCut: Bool

  var seconds: Int { Int(end.seconds(since: start)) }

  /// Energy delivered by a second since the start. The first point is (0, 0), the last (seconds, energy); neither ever
  /// falls.
  struct Point: Equatable {
    var second: Int
    var energy: Energy
  }
  let points: [Point]
  /// The same of energy that flowed back; empty where none did. It is told and has no price.
  let returns: [Point]

  /// A value that holds from the sample before it up to its own second.
  struct Sample: Equatable {
    var second: Int
    var value: Decimal
  }
  /// W and A; after the last sample its value stays.
  let powers: [Sample]
  let currents: [Sample]
  /// The mean power between two points, for tariffs that ask for power at stations that never tell it.
  let meanPowers: [Sample]

  struct Shift: Equatable {
    var second: Int
    var activity: Session.Activity
  }
  /// The first one is at second 0.
  let shifts: [Shift]

  /// A session up to its end, or up to now while it is open. Readings may come in any order and more than once; late
  /// ones after the end count for nothing.
  public init(_ session: Session, readings: [Reading], zone: ZoneRules, until now: Timestamp) {
    self.init(
      from: session.startedAt, to: session.endedAt ?? now, meterStart: session.meterStart, energy: session.energy,
      exportStart: session.exportStart ?? .zero, exported: session.exported, readings: readings,
      shifts: session.shifts, tariff: session.tariff, zone: zone)
  }

  /// The total energy is given by its own; readings say how it spreads over the time. A register that is below an
  /// earlier one, below the start or above the total is left out, so that a meter that jumps or runs backwards never
  /// makes a part negative.
  public init(
    from start: Timestamp, to end: Timestamp, meterStart: Energy = .zero, energy: Energy, exportStart: Energy = .zero,
    exported: Energy = .zero, readings: [Reading] = [], shifts: [Session.Shift] = [], tariff: Tariff?, zone: ZoneRules
  ) {
    let start = start.wholeSecond
    let length = max(0, min(end, .farthest).wholeSecond.seconds(since: start))
    let seconds = Int(min(length, Int64(Limits.sessionSeconds)))
    let total = min(max(energy, .zero), Limits.sessionEnergy)
    self.start = start
    self.end = start + .seconds(seconds)
    self.energy = total
    self.tariff = tariff
    self.zone = zone
    isCut = length > seconds || energy > total

    func second(_ time: Timestamp) -> Int { Int(time.wholeSecond.seconds(since: start)) }
    // Of several readings of one second the highest counts.
    var registers: [Point] = []
    var exports: [Point] = []
    let back = min(exported, Limits.sessionEnergy)
    var watts: [Sample] = []
    var amperes: [Sample] = []
    for reading in readings.sorted(by: { $0.at < $1.at }) {
      let at = second(reading.at)
      if at > 0, at < seconds {
        if let register = reading.register { Self.keep(register, since: meterStart, upTo: total, at, in: &registers) }
        if back > .zero, let register = reading.exported {
          Self.keep(register, since: exportStart, upTo: back, at, in: &exports)
        }
      }
      // What tariffs and partners know as power is what a vehicle takes.
      if let power = reading.power { Self.keep(max(power, .zero), at, in: &watts) }
      if let current = reading.current { Self.keep(current, at, in: &amperes) }
    }

    points = Self.course(registers, seconds, total)
    returns = back > .zero ? Self.course(exports, seconds, back) : []
    powers = Self.series(watts, seconds)
    currents = Self.series(amperes, seconds)
    meanPowers = zip(points, points.dropFirst()).compactMap { from, to in
      guard to.second > from.second else { return nil }
      let tenths = Int128((to.energy - from.energy).tenthsOfWattHour)
      let watts = Ratio(tenths * 360, over: to.second - from.second).rounded(toPlaces: 1, .halfUp)
      return Sample(second: to.second, value: watts)
    }

    var kept = [Shift(second: 0, activity: .charging)]
    for shift in shifts {
      let at = max(second(shift.at), kept[kept.count - 1].second)
      if at == kept[kept.count - 1].second { kept.removeLast() }
      if kept.last?.activity != shift.activity { kept.append(Shift(second: at, activity: shift.activity)) }
    }
    self.shifts = kept.filter { $0.second < max(seconds, 1) }
  }

  /// Energy delivered by a second that lies between the point at that index and the next, in proportion to time, to 0.1
  /// Wh.
  func delivered(by second: Int, after index: Int) -> Energy {
    let (from, to) = (points[index], points[index + 1])
    let share = Int128(to.energy.tenthsOfWattHour - from.energy.tenthsOfWattHour) * Int128(second - from.second)
    let span = Int128(to.second - from.second)
    return from.energy + Energy(tenthsOfWattHour: Int64((share * 2 + span) / (span * 2)))
  }

  /// The second nearest to the moment at which that much was delivered; nil where it never was.
  func second(of energy: Energy) -> Int? {
    guard let after = points.firstIndex(where: { $0.energy >= energy }) else { return nil }
    guard after > 0 else { return 0 }
    let (from, to) = (points[after - 1], points[after])
    let share = Int128(energy.tenthsOfWattHour - from.energy.tenthsOfWattHour) * Int128(to.second - from.second)
    let span = Int128(to.energy.tenthsOfWattHour - from.energy.tenthsOfWattHour)
    return from.second + Int((share * 2 + span) / (span * 2))
  }

  /// Energy that had flowed back by a second, in proportion to time between readings.
  func returned(by second: Int) -> Energy {
    guard let after = returns.firstIndex(where: { $0.second >= second }) else { return returns.last?.energy ?? .zero }
    guard after > 0 else { return .zero }
    let (from, to) = (returns[after - 1], returns[after])
    let share = Int128(to.energy.tenthsOfWattHour - from.energy.tenthsOfWattHour) * Int128(second - from.second)
    let span = Int128(max(to.second - from.second, 1))
    return from.energy + Energy(tenthsOfWattHour: Int64((share * 2 + span) / (span * 2)))
  }

  /// A register of a second, as the energy since the first one; one that cannot be is left out.
  private static func keep(
    _ register: Energy, since start: Energy, upTo total: Energy, _ second: Int, in registers: inout [Point]
  ) {
    let passed = Energy(difference: register, start)
    guard passed >= .zero, passed <= total else { return }
    let highest = registers.last?.second == second ? max(registers.removeLast().energy, passed) : passed
    registers.append(Point(second: second, energy: highest))
  }

  /// Points from nothing to all of it, of which none falls.
  private static func course(_ registers: [Point], _ seconds: Int, _ total: Energy) -> [Point] {
    var points = [Point(second: 0, energy: .zero)]
    for register in registers where register.energy >= points[points.count - 1].energy { points.append(register) }
    points.append(Point(second: seconds, energy: total))
    return points
  }

  private static func keep(_ value: Decimal, _ second: Int, in samples: inout [Sample]) {
    let highest = samples.last?.second == second ? max(samples.removeLast().value, value) : value
    samples.append(Sample(second: second, value: highest))
  }

  /// Samples within the session; those before it count only where none came later.
  private static func series(_ all: [Sample], _ seconds: Int) -> [Sample] {
    let within = all.filter { $0.second > 0 && $0.second <= max(seconds, 1) }
    return within.isEmpty ? all.last { $0.second <= 0 }.map { [$0] } ?? [] : within
  }
}

extension Timestamp {
  /// The end of the year 9999: no clock is believed beyond it, and differences stay far from overflow.
  fileprivate static let farthest = Timestamp(milliseconds: 253_402_300_799_000)
}

extension Energy {
  /// Registers may stand anywhere; a difference that does not fit counts as no energy at all.
  fileprivate init(difference later: Energy, _ earlier: Energy) {
    let (value, overflow) = later.tenthsOfWattHour.subtractingReportingOverflow(earlier.tenthsOfWattHour)
    self.init(tenthsOfWattHour: overflow ? -1 : value)
  }
}
