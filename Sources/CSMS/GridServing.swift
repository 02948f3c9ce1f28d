import Domain
import Store
import Wire

// Stations that serve the grid: as generators under its codes, and as stores of batteries that are swapped.

extension CSMS {
  // MARK: Grid controls

  func reported(_ controls: [GridControl], in part: ReportPart, by station: ID<Station>) throws(StoreFault) {
    for control in controls { try books.grid.keep(control, of: station, at: now) }
    if let report = try took(part, of: station), report.isComplete {
      try books.grid.forget(of: station, toldBefore: report.startedAt)
    }
  }

  func controlTurned(
    _ id: String, isRunning: Bool, inPlaceOf others: [String], by station: ID<Station>
  ) throws(StoreFault) {
    if try !books.grid.setRunning(id, isRunning, of: station) {
      try noteOddity("a grid control that nobody knows", sample: id, of: station)
    }
    for other in others { try books.grid.setSuperseded(other, of: station) }
    try record(.gridControlTurned(station, control: id, isRunning: isRunning))
  }

  func gridAnswered(
    _ command: StationCommand, _ station: ID<Station>, _ outcome: CommandOutcome
  ) throws(StoreFault) {
    // What a station does not have need not be cleared.
    if case .grid(.clear(let id?, let kind, let isDefault)) = command, case .refused(let word, _) = outcome,
      word.ciFolded == "notfound"
    {
      return try books.grid.forget(id: id, kind: kind, isDefault: isDefault, of: station)
    }
    guard case .accepted(let answer) = outcome else { return }
    switch command {
    case .grid(.set(let control)):
      try books.grid.keep(control, of: station, at: now)
      for other in answer["superseded"]?.array?.compactMap(\.string) ?? [] {
        try books.grid.setSuperseded(other, of: station)
      }
    case .grid(.clear(let id, let kind, let isDefault)):
      try books.grid.forget(id: id, kind: kind, isDefault: isDefault, of: station)
    default: break
    }
  }

  // MARK: Battery swaps

  /// Nobody is offered batteries who may not have them (OCPP 2.1 S02.FR.03).
  func checkMaySwap(_ uid: String) throws(Refusal) {
    let known = try keep { () throws(StoreFault) in try books.tokens.tokens(folded: Token.fold(uid)) }
    guard !known.isEmpty else { throw .notFound("no token \(uid)") }
    guard known.contains(where: { $0.isUsable(at: now) && $0.credit.map { $0 > .zero } ?? true }) else {
      throw .conflict("the token is blocked, expired or without credit")
    }
  }

  func swapped(_ swap: BatterySwap, at station: ID<Station>) throws(StoreFault) {
    guard try books.swaps.insert(swap, of: station, at: now) else { return }
    try record(
      .batterySwapped(
        station, step: swap.step.rawValue, token: swap.token, batteries: swap.batteries.map(\.serialNumber)))
  }
}

extension StationDesk {
  func report(_ controls: [GridControl], in part: ReportPart) throws(TurnFault) {
    try served { house, station throws(StoreFault) in try house.reported(controls, in: part, by: station) }
  }

  func control(
    _ id: String, isRunning: Bool, inPlaceOf others: [String], at time: Timestamp
  ) throws(TurnFault) {
    try served { house, station throws(StoreFault) in
      try house.controlTurned(id, isRunning: isRunning, inPlaceOf: others, by: station)
    }
  }

  func swapped(_ swap: BatterySwap) throws(TurnFault) {
    try served { house, station throws(StoreFault) in try house.swapped(swap, at: station) }
  }
}
