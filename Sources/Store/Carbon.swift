import Domain
import Wire

/// The series of CO2 factors: of single locations, and of all that have none of their own.
nonisolated public struct Carbon {
  let db: Database

  /// Keeps values, each in the place of one of the same moment.
  public func keep(_ factors: [CarbonFactor], of location: ID<Location>?) throws(StoreFault) {
    for factor in factors {
      try db.run(
        """
        INSERT INTO carbon_factor (location, begins_at, milligrams) VALUES (?1, ?2, ?3)
        ON CONFLICT (location, begins_at) DO UPDATE SET milligrams = excluded.milligrams
        """, location?.value ?? 0, factor.beginsAt, factor.milligrams)
    }
  }

  /// Those that hold in a span, with the one that held when it began; of the location, or of all where it has none.
  public func factors(of location: ID<Location>?, from: Timestamp, to: Timestamp) throws(StoreFault) -> [CarbonFactor] {
    let own: Int? = try db.value(
      "SELECT count(*) FROM (SELECT 1 FROM carbon_factor WHERE location = ?1 AND begins_at < ?2 LIMIT 1)",
      location?.value ?? 0, to)
    let place = own == 0 ? 0 : location?.value ?? 0
    return try db.rows(
      """
      SELECT begins_at, milligrams FROM carbon_factor
      WHERE location = ?1 AND begins_at < ?3 AND begins_at >= coalesce(
        (SELECT max(begins_at) FROM carbon_factor WHERE location = ?1 AND begins_at <= ?2), ?2)
      ORDER BY begins_at
      """, place, from, to
    ) { (row) throws(StoreFault) in
      try CarbonFactor(beginsAt: row.get("begins_at"), milligrams: row.get("milligrams"))
    }
  }

  /// Takes the values of a span away.
  public func remove(of location: ID<Location>?, from: Timestamp, to: Timestamp) throws(StoreFault) {
    try db.run(
      "DELETE FROM carbon_factor WHERE location = ?1 AND begins_at >= ?2 AND begins_at < ?3", location?.value ?? 0,
      from, to)
  }

  /// Forgets values of before, but the one of each series that held then.
  public func prune(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM carbon_factor WHERE (location, begins_at) IN (
          SELECT location, begins_at FROM carbon_factor AS old
          WHERE begins_at < ?1 AND EXISTS (
            SELECT 1 FROM carbon_factor AS next
            WHERE next.location = old.location AND next.begins_at > old.begins_at AND next.begins_at <= ?1)
          LIMIT ?2)
        """, time, Limits.prunedAtOnce))
  }

  /// The CO2 of a session: of its readings, or as those had it where they are gone.
  public func footprint(of session: Session) throws(StoreFault) -> CarbonFootprint {
    let kept = try db.first(
      """
      SELECT milligrams, uncovered FROM session_carbon
      WHERE session = (SELECT number FROM session WHERE id = ?1)
      """, session.id
    ) { (row) throws(StoreFault) in
      CarbonFootprint(
        grams: Decimal(try row.get("milligrams") as Int64, places: 3), uncovered: try row.get("uncovered"))
    }
    if let kept { return kept }
    let registers = try registers(of: session)
    let end = (registers.last?.at ?? session.startedAt) + .seconds(1)
    return CarbonFootprint(registers, factors: try factors(of: session.location, from: session.startedAt, to: end))
  }

  /// Keeps what the readings of a session say of it, before they go.
  func freeze(_ session: Session, number: Int64) throws(StoreFault) {
    let footprint = try footprint(of: session)
    // Where no factor covers anything there is nothing that could have been reported.
    guard !footprint.grams.isZero else { return }
    try db.run(
      "INSERT OR IGNORE INTO session_carbon (session, milligrams, uncovered) VALUES (?1, ?2, ?3)", number,
      footprint.grams.asInt64(scaledBy: 3) ?? 0, footprint.uncovered)
  }

  /// What a session had delivered at which moment.
  public func registers(of session: Session) throws(StoreFault) -> [(at: Timestamp, energy: Energy)] {
    var registers: [(at: Timestamp, energy: Energy)] = [(session.startedAt, .zero)]
    for reading in try Sessions(db: db).figures(of: session.id) {
      guard let register = reading.register, reading.at >= session.startedAt else { continue }
      let energy = min(max(register - session.meterStart, registers.last?.energy ?? .zero), session.energy)
      registers.append((reading.at, energy))
    }
    if let last = registers.last, last.energy < session.energy {
      registers.append((session.endedAt ?? session.lastReadingAt ?? session.updatedAt, session.energy))
    }
    return registers
  }
}
