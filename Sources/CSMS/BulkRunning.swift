import Domain
import Store
import Wire

// One action for many stations is a duty of the house: its rows are on disk before the first station is asked, so it goes
// on when nobody looks, and after a restart.

extension CSMS {
  /// Begins one action at many stations: the run and all its rows are on disk when this returns.
  /// - Throws: `.invalid` for a plan that does not fit together, a secret, or a station that is unknown or named twice;
  ///   `.conflict` where too many runs are running.
  public func beginBulkRun(
    _ plan: BulkRun.Plan, at identities: [StationIdentity], by who: String
  ) async throws(Refusal) -> BulkRun {
    try await turn { () throws(Refusal) in
      if let flaw = plan.flaw { throw .invalid(field: "plan", flaw) }
      let location = plan.location.map { ID<Location>($0) }
      if let location { _ = try self.site(location) }
      let stations = try self.eachOnce(identities, atMost: Domain.Limits.bulkStations)
      if let key = plan.key { try self.requireNoSecret(key, at: stations) }
      return try self.begin(plan, by: who) { run in
        stations.enumerated().map {
          BulkRunStation(run: run, place: $0.offset, station: $0.element, location: location, at: self.now)
        }
      }
    }
  }

  /// No further station is asked; those that were asked still answer.
  public func stopBulkRun(_ id: String, by who: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let run = try self.bulkRun(id)
      guard run.state == .running else { throw .conflict("the run is \(run.state.rawValue)") }
      try keep { () throws(StoreFault) in
        try self.books.bulkRuns.stopWaiting(of: id, at: self.now)
        try self.end(run, as: .stopped, by: who)
      }
    }
  }

  /// The same for those stations at which it did not come to a good end.
  public func repeatBulkRun(_ id: String, by who: String) async throws(Refusal) -> BulkRun {
    try await turn { () throws(Refusal) in
      let run = try self.bulkRun(id)
      guard run.state != .running else { throw .conflict("the run is running") }
      return try self.follow(run, with: run.plan, at: [.refused, .failed, .stopped], by: who) { fresh, before in
        (fresh.location, fresh.was) = (before.location, run.plan.verb == .moveBack ? before.was : nil)
      }
    }
  }

  /// Brings each station that was moved back to where it stood, unless it was moved elsewhere since.
  public func undoBulkRun(_ id: String, by who: String) async throws(Refusal) -> BulkRun {
    try await turn { () throws(Refusal) in
      let run = try self.bulkRun(id)
      guard run.plan.verb == .move else { throw .conflict("\(run.plan.verb.rawValue) cannot be taken back") }
      guard run.state != .running else { throw .conflict("the run is running") }
      var plan = BulkRun.Plan()
      plan.verb = .moveBack
      return try self.follow(run, with: plan, at: [.done], by: who) { fresh, before in
        (fresh.location, fresh.was) = (before.was, before.location)
      }
    }
  }

  // MARK: Within a turn

  /// Stations by their names, each once.
  func eachOnce(_ identities: [StationIdentity], atMost most: Int) throws(Refusal) -> [ID<Station>] {
    guard (1...most).contains(identities.count) else { throw .invalid(field: "stations", "1 to \(most) stations") }
    var (stations, seen): ([ID<Station>], Set<ID<Station>>) = ([], [])
    for identity in identities {
      let station = try known(identity).id
      guard seen.insert(station).inserted else { throw .invalid(field: "stations", "\(identity) is named twice") }
      stations.append(station)
    }
    return stations
  }

  func keepBulkRuns() throws(StoreFault) { try goOnWithBulkRuns(looking: Limits.bulkLooks) }

  /// A command ended: where a run waited for it, the next station has its turn.
  func bulkRunHears(of command: CommandRecord) throws(StoreFault) {
    guard command.phase != .sent, var station = try books.bulkRuns.station(askedBy: command.id) else { return }
    station.state =
      switch command.phase {
      case .sent, .accepted, .done: .done
      case .refused: .refused
      case .failed: .failed
      }
    (station.answer, station.updatedAt) = (command.answer, command.updatedAt)
    try books.bulkRuns.put(station)
    try goOnWithBulkRuns(looking: Limits.bulkAtOnce)
  }

  private func bulkRun(_ id: String) throws(Refusal) -> BulkRun {
    guard let run = try keep({ () throws(StoreFault) in try self.books.bulkRuns.run(id) }) else {
      throw .notFound("no such run")
    }
    return run
  }

  /// What a station never tells must not stand in the books of a run either.
  private func requireNoSecret(_ key: String, at stations: [ID<Station>]) throws(Refusal) {
    let name = SettingName(reading: key)
    for station in stations {
      let hidden = try keep { () throws(StoreFault) in try books.device.writeOnly(of: station) }
      guard !hidden.contains(name) else {
        throw .invalid(field: "plan", "a secret is given to one station at a time")
      }
    }
  }

  private func begin(
    _ plan: BulkRun.Plan, by who: String, at stations: (_ run: String) -> [BulkRunStation]
  ) throws(Refusal) -> BulkRun {
    let running = try keep { () throws(StoreFault) in try books.bulkRuns.running().count }
    guard running < Limits.bulkRunsAtOnce else {
      throw .conflict("\(running) runs are running: wait until one of them is over, or stop one")
    }
    return try keep { () throws(StoreFault) in
      let run = BulkRun(id: newID(), plan: plan, origin: who, at: now)
      try books.bulkRuns.keep(newest: Limits.bulkRunsKept - 1)
      try books.bulkRuns.create(run)
      for station in stations(run.id) { try books.bulkRuns.put(station) }
      try record(.bulkRunMoved(run, by: who))
      try goOnWithBulkRuns(looking: Limits.bulkAtOnce)
      return run
    }
  }

  /// A run for those stations of another that ended so.
  private func follow(
    _ run: BulkRun, with plan: BulkRun.Plan, at states: [BulkRunStation.State], by who: String,
    _ shape: (inout BulkRunStation, BulkRunStation) -> Void
  ) throws(Refusal) -> BulkRun {
    var (before, place): ([BulkRunStation], Int?) = ([], -1)
    while let after = place {
      let page = try keep { () throws(StoreFault) in
        try books.bulkRuns.stations(of: run.id, in: states, after: after, limit: Limits.bulkLooks)
      }
      before += page
      place = page.count < Limits.bulkLooks ? nil : page.last?.place
    }
    guard !before.isEmpty else { throw .conflict("there is no station for which that would be done") }
    return try begin(plan, by: who) { id in
      before.enumerated().map { offset, old in
        var fresh = BulkRunStation(run: id, place: offset, station: old.station, location: nil, at: now)
        shape(&fresh, old)
        return fresh
      }
    }
  }

  /// Asks the next stations, the oldest run first, for as long as not too many are asked.
  private func goOnWithBulkRuns(looking most: Int) throws(StoreFault) {
    var free = Limits.bulkAtOnce - (try books.bulkRuns.underWay())
    var looks = most
    try each(try books.bulkRuns.running(), of: "bulk runs") { run throws(StoreFault) in
      var wasToldOf = true
      if free > 0, looks > 0 {
        let waiting = try books.bulkRuns.waiting(of: run.id, limit: min(looks, Limits.bulkLooks))
        for station in waiting where free > 0 {
          looks -= 1
          if run.plan.command != nil, mayReturn(station.station) { continue }
          if try begin(station, of: run) { free -= 1 } else { wasToldOf = false }
        }
      }
      if try !books.bulkRuns.isOpen(run.id) {
        try end(run, as: .done, by: "house")
      } else if !wasToldOf {
        // Where a station is asked, its command tells of it.
        try record(.bulkRunMoved(run, by: run.origin))
      }
    }
  }

  /// After a start of the daemon stations need a moment until they are back, and do not fail for that.
  private func mayReturn(_ station: ID<Station>) -> Bool {
    now < returnsUntil && !isOnline(station) && links.absent[station] != nil
  }

  /// Whether the station was asked, and its answer is waited for.
  private func begin(_ waiting: BulkRunStation, of run: BulkRun) throws(StoreFault) -> Bool {
    var row = waiting
    row.updatedAt = now
    do throws(Refusal) {
      row = try attempt { () throws(Refusal) in
        var row = row
        if let command = run.plan.command {
          row.command = try issue(command, to: row.station, by: run.origin).id
          row.state = .running
        } else {
          try move(&row, of: run)
          row.state = .done
        }
        return row
      }
    } catch {
      if case .unavailable(let why) = error { throw StoreFault.constraint(why) }
      (row.state, row.answer) = (.failed, .string("\(error)"))
    }
    try books.bulkRuns.put(row)
    return row.state == .running
  }

  private func move(_ row: inout BulkRunStation, of run: BulkRun) throws(Refusal) {
    let id = row.station
    guard let station = try keep({ () throws(StoreFault) in try self.books.stations.station(id) }) else {
      throw .notFound("the station was removed")
    }
    if run.plan.verb == .moveBack {
      guard station.location == row.was else { throw .conflict("it was moved elsewhere since") }
    } else {
      row.was = station.location
    }
    let location = row.location
    _ = try change(station.identity, by: run.origin) { $0.location = location }
    row.answer = try location.map { id throws(Refusal) in .string(try self.site(id).name) } ?? .null
  }

  private func site(_ id: ID<Location>) throws(Refusal) -> Location {
    guard let site = try keep({ () throws(StoreFault) in try self.books.locations.location(id) }) else {
      throw .invalid(field: "plan", "there is no location \(id)")
    }
    return site
  }

  private func end(_ running: BulkRun, as state: BulkRun.State, by who: String) throws(StoreFault) {
    var run = running
    (run.state, run.updatedAt) = (state, now)
    try books.bulkRuns.save(run)
    try record(.bulkRunMoved(run, by: who))
  }
}
