import Domain
import Store
import Wire

// What an EVSE gives in amperes of the grid's lines: limits and readings may be in amperes or watts, of AC or of DC.

extension EVSE {
  var isDC: Bool { connectors.first?.powerType == .dc }

  /// A per line of its strongest connector. Of DC what the rectifier draws.
  var mostCurrent: Current {
    guard isDC else { return Current(amperes: connectors.map(\.maxAmperage).max() ?? 32) }
    let watts = connectors.map(\.ratedPower).max() ?? 0
    return Current(tenthsOfAmpere: watts * 1_000 / (Limits.wattsPerAmpere * Limits.rectifierPercent) + 1)
  }

  /// How a limit in watts falls on its lines; nil where they are those of a rectifier.
  var watts: Balancer.Watts? { isDC ? nil : Balancer.Watts(rated: mostCurrent, phases: usualPhases) }

  /// A limit of its grid side, in A, or for DC in W of its output.
  func limit(of current: Current) -> Decimal {
    guard isDC else { return current.amperes }
    let watts = current.tenthsOfAmpere * Limits.wattsPerAmpere * Limits.rectifierPercent / 1_000
    return Decimal(watts)
  }

  /// The other way round: what somebody's limit comes to per line.
  /// - Parameter lines: on how many lines watts are counted; all that it has where that is nil.
  func current(of profiled: Decimal, _ unit: ChargingProfile.Schedule.Unit, lines: Int? = nil) -> Current? {
    let limit = max(.zero, min(profiled, Decimal(Limits.strongestConnector)))
    switch unit {
    case .amperes: return Current(allowed: limit)
    case .watts:
      let perAmpere =
        isDC
        ? Decimal(Limits.wattsPerAmpere * Limits.rectifierPercent)
        : lineVolts * Decimal(lines ?? usualPhases) * Decimal(100)
      return Current(allowed: (limit * Decimal(100)).divided(by: perAmpere, places: 1, rounding: .down))
    }
  }

  /// On how many lines its car charges; nil where nobody knows.
  /// - Parameter told: what a person or the car said of it.
  func lines(_ told: Int?, wiredTo count: Int) -> Int? {
    let most = min(usualPhases, max(1, count))
    return most == 1 ? 1 : told.map { min($0, most) }
  }

  /// On how many lines a reading shows its car to charge: as it names them, or at least so many as it takes for its power,
  /// where that is more than one line carries. Nil where it does not say, or too little flows to tell.
  func usedLines(in reading: Reading) -> Int? {
    if let lines = reading.lineCurrents {
      return lines.highest >= Current(amperes: Domain.Limits.tellingAmperes) ? lines.usedLines.count : nil
    }
    guard !isDC, let watts = reading.power else { return nil }
    // A car takes a little more than its limit, and the grid has a little more than its voltage.
    let ofLine = mostCurrent.amperes * lineVolts * Decimal(11, places: 1)
    guard !ofLine.isZero, watts > ofLine else { return nil }
    return (watts.divided(by: ofLine, places: 0, rounding: .up).asInt64(scaledBy: 0)).map { min(Int($0), usualPhases) }
  }

  /// What flows per line at least and at most, by a reading that knows only the power: on all lines, or on one.
  /// - Parameter lines: on how many at most; on all that it has where that is nil.
  func currentBounds(in reading: Reading, lines: Int? = nil) -> (least: Current, most: Current)? {
    guard !isDC, let watts = reading.power,
      let least = Current(
        allowed: watts.divided(by: lineVolts * Decimal(lines ?? usualPhases), places: 1, rounding: .down)),
      let most = Current(measured: watts.divided(by: lineVolts, places: 1, rounding: .up))
    else { return nil }
    return (least, most)
  }

  /// What a reading says of each line on the grid's side; nil where it says nothing of it. Power alone says it only where
  /// it is known on how many lines it flows: 7 kW are 32 A of one line, or 11 A of three.
  func currents(in reading: Reading, phases: Int?) -> LineCurrents? {
    if isDC {
      guard let watts = reading.power else { return nil }
      let perAmpere = Decimal(Limits.wattsPerAmpere * Limits.rectifierPercent)
      let amperes = (watts * Decimal(100)).divided(by: perAmpere, places: 1, rounding: .up)
      return Current(measured: amperes).map { LineCurrents(max(.zero, $0), on: .all) }
    }
    if let lines = reading.lineCurrents { return lines }
    let lines: Lines = connectors.first?.powerType == .ac1 ? .l1 : .all
    if let current = reading.current.flatMap({ Current(measured: $0) }) { return LineCurrents(current, on: lines) }
    guard let watts = reading.power, let phases else { return nil }
    let amperes = watts.divided(by: lineVolts * Decimal(phases), places: 1, rounding: .up)
    return Current(measured: amperes).map { LineCurrents(max(.zero, $0), on: PhaseRotation.rst.first(phases)) }
  }
}

extension KeptOutlet {
  func outlet(with connectors: [Connector]) -> Outlet {
    let place = EVSE(
      id: self.evse, station: station, number: number, uid: "", status: .unknown, statusSince: .epoch,
      connectors: connectors, updatedAt: .epoch)
    let wired = connectors.first?.powerType == .ac1 ? rotation.first(1) : Lines.all
    return Outlet(
      evse: evse, station: station, circuit: circuit, rotation: rotation, lines: lines ?? wired,
      most: min(most ?? place.mostCurrent, place.mostCurrent), least: least, fallback: fallback ?? .zero,
      stationMost: stationMost)
  }
}

extension EVSE.Status {
  /// A car may charge there, though nobody told of its session yet: it has just been plugged in, its start is still being
  /// repeated, or the station never said how it stands.
  var mayCharge: Bool {
    switch self {
    case .preparing, .charging, .suspendedEV, .suspendedEVSE, .unknown: true
    case .available, .finishing, .reserved, .unavailable, .faulted: false
    }
  }
}
