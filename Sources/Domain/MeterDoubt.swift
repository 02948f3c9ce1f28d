import Wire

/// Why a meter is not believed: what it says of a session cannot be. The bill then waits for a person instead of going
/// out.
public enum MeterDoubt: Sendable, Equatable {
  /// The session is longer or larger than any can be, and was cut.
  case isCut
  case ranBackwards
  /// The register fell within the session, as one does that begins anew.
  case wasReset(at: Timestamp, from: Energy, to: Energy)
  /// More energy than the connector can give in that time.
  case tooMuch(Energy, seconds: Int)
  /// It began at nothing and soon after stood so high that no car can have taken it: the meter's whole life stands in
  /// the place of the session's energy.
  case isLifetime(Energy, seconds: Int)
  /// The station's own power, over the time, is a hundred times the energy of its register and more: kWh that are
  /// labelled Wh.
  case isThousandth(Energy, byPower: Energy)

  /// Looks at a session that has ended, and at its readings in the order of their times.
  /// - Parameter watts: the most that its connector can give.
  public init?(_ session: Session, readings: [Reading], on usage: Usage, watts: Int) {
    if usage.isCut {
      self = .isCut
    } else if session.meterLast < session.meterStart {
      self = .ranBackwards
    } else if let lifetime = Self.lifetime(session, readings, watts) {
      self = lifetime
    } else if usage.energy.tenthsOfWattHour > Self.most(watts, seconds: usage.seconds) {
      self = .tooMuch(usage.energy, seconds: usage.seconds)
    } else if let reset = Self.reset(session, readings) {
      self = reset
    } else if let thousandth = Self.thousandth(session, readings, usage) {
      self = thousandth
    } else {
      return nil
    }
  }

  /// In tenths of Wh. Very short times are judged as if they were longer, because clocks and meters are coarse.
  private static func most(_ watts: Int, seconds: Int) -> Int64 {
    Int64(watts) * Int64(max(seconds, Limits.shortestPlausibleSeconds)) / 360 * Limits.meterTolerancePercent / 100
  }

  /// A start without a register, or with 0, and a first reading that a car cannot have caused.
  private static func lifetime(_ session: Session, _ readings: [Reading], _ watts: Int) -> MeterDoubt? {
    guard session.meterStart == .zero,
      let first = readings.first(where: { $0.context != .begin && $0.register != nil && $0.at >= session.startedAt }),
      let register = first.register
    else { return nil }
    let seconds = Int(min(first.at.seconds(since: session.startedAt), Int64(Limits.sessionSeconds)))
    guard register.tenthsOfWattHour > most(watts, seconds: seconds) else { return nil }
    return .isLifetime(register, seconds: seconds)
  }

  private static func reset(_ session: Session, _ readings: [Reading]) -> MeterDoubt? {
    var (last, lastAt) = (session.meterStart, Timestamp.epoch)
    for reading in readings where reading.context != .begin && reading.at >= session.startedAt {
      guard let register = reading.register else { continue }
      if let end = session.endedAt, reading.at > end { break }
      let fall = last.tenthsOfWattHour.subtractingReportingOverflow(register.tenthsOfWattHour)
      // Those of one moment stand in the order in which they came: the end may have come before the one beside it.
      if reading.at > lastAt, fall.overflow || fall.partialValue > Limits.registerSlack.tenthsOfWattHour {
        return .wasReset(at: reading.at, from: last, to: register)
      }
      if register > last { (last, lastAt) = (register, reading.at) }
    }
    return nil
  }

  /// Power between two readings is the later one's.
  private static func thousandth(_ session: Session, _ readings: [Reading], _ usage: Usage) -> MeterDoubt? {
    let powers = usage.powers
    guard !powers.isEmpty, session.energy > .zero else { return nil }
    var wattSeconds = Decimal.zero
    var second = 0
    for sample in powers where sample.second > second {
      wattSeconds = wattSeconds + sample.value * Decimal(sample.second - second)
      second = sample.second
    }
    // A session of little power says nothing about units.
    let wattHours = wattSeconds.divided(by: Decimal(3_600), places: 1, rounding: .halfUp)
    guard let byPower = Energy(wattHours: wattHours), byPower >= Limits.tellingEnergy,
      session.energy.tenthsOfWattHour < byPower.tenthsOfWattHour / 100
    else { return nil }
    return .isThousandth(session.energy, byPower: byPower)
  }
}

extension MeterDoubt: CustomStringConvertible {
  /// For the operator.
  public var description: String {
    switch self {
    case .isCut: "it is longer or larger than any session can be"
    case .ranBackwards: "the meter ran backwards"
    case .wasReset(let time, let from, let to):
      "the register fell from \(from) to \(to) kWh at \(time.text), as one does that begins anew"
    case .tooMuch(let energy, let seconds):
      "\(energy) kWh in \(seconds) s is more than this connector can give"
    case .isLifetime(let energy, let seconds):
      "it began at 0, and \(seconds) s later its register stood at \(energy) kWh: the meter's whole life, not this session"
    case .isThousandth(let energy, let byPower):
      "the register says \(energy) kWh, and its power over the time \(byPower) kWh: kWh that are labelled Wh"
    }
  }

  /// One word for the station's page, counted there.
  public var word: String {
    switch self {
    case .isCut: "session without end"
    case .ranBackwards: "register ran backwards"
    case .wasReset: "register was reset"
    case .tooMuch: "more energy than the connector gives"
    case .isLifetime: "lifetime register as session energy"
    case .isThousandth: "kWh labelled Wh"
    }
  }
}
