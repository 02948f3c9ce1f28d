import Domain
import Wire

/// The wiring of sites: circuits, the EVSEs on them, and what is told of them from outside.
nonisolated public struct Circuits {
  let db: Database

  // MARK: Circuits

  public func circuit(_ id: ID<Circuit>) throws(StoreFault) -> Circuit? {
    try db.first("SELECT * FROM circuit WHERE id = ?1", id, as: Circuit.init(row:))
  }

  /// Those of one location, in the order of their making.
  public func all(at location: ID<Location>) throws(StoreFault) -> [Circuit] {
    try db.rows("SELECT * FROM circuit WHERE location = ?1 ORDER BY id", location, as: Circuit.init(row:))
  }

  /// The locations that have circuits.
  public func locations() throws(StoreFault) -> [ID<Location>] {
    try db.rows("SELECT DISTINCT location FROM circuit ORDER BY location") { (row) throws(StoreFault) in
      try row.get("location")
    }
  }

  /// Keeps a new one; its id is given here.
  public func create(_ new: Circuit) throws(StoreFault) -> Circuit {
    var circuit = new
    circuit.id = ID(
      try db.insert(
        """
        INSERT INTO circuit (location, parent, name, lines, rated, usable, priority, assumed_load, trusts_phases,
          created_at, updated_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
        """, new.location, new.parent, new.name, Int(new.lines.rawValue), new.rated.tenthsOfAmpere,
        new.usable.tenthsOfAmpere, new.priority, new.assumedLoad.tenthsOfAmpere, new.trustsPhases, new.createdAt,
        new.updatedAt))
    return circuit
  }

  /// Its location never changes.
  public func update(_ circuit: Circuit) throws(StoreFault) {
    try db.run(
      """
      UPDATE circuit SET parent = ?2, name = ?3, lines = ?4, rated = ?5, usable = ?6, priority = ?7, assumed_load = ?8,
        trusts_phases = ?9, updated_at = ?10
      WHERE id = ?1
      """, circuit.id, circuit.parent, circuit.name, Int(circuit.lines.rawValue), circuit.rated.tenthsOfAmpere,
      circuit.usable.tenthsOfAmpere, circuit.priority, circuit.assumedLoad.tenthsOfAmpere, circuit.trustsPhases,
      circuit.updatedAt)
  }

  /// - Throws: `.constraint` while a circuit or an EVSE hangs below it.
  public func remove(_ id: ID<Circuit>) throws(StoreFault) {
    try db.run("DELETE FROM circuit WHERE id = ?1", id)
  }

  // MARK: Outlets

  public func outlet(of evse: ID<EVSE>) throws(StoreFault) -> KeptOutlet? {
    try db.first(
      "SELECT outlet.*, evse.station, evse.number FROM outlet JOIN evse ON evse.id = outlet.evse WHERE evse = ?1", evse,
      as: KeptOutlet.init(row:))
  }

  public func outlets(at location: ID<Location>) throws(StoreFault) -> [KeptOutlet] {
    try db.rows(
      """
      SELECT outlet.*, evse.station, evse.number
      FROM outlet JOIN circuit ON circuit.id = outlet.circuit JOIN evse ON evse.id = outlet.evse
      WHERE circuit.location = ?1 ORDER BY outlet.evse
      """, location, as: KeptOutlet.init(row:))
  }

  /// Puts an EVSE on a circuit, or changes how it is there.
  public func keep(_ outlet: KeptOutlet) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO outlet (evse, circuit, rotation, lines, most, least, fallback, station_most)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
      ON CONFLICT (evse) DO UPDATE SET circuit = excluded.circuit, rotation = excluded.rotation, lines = excluded.lines,
        most = excluded.most, least = excluded.least, fallback = excluded.fallback,
        station_most = excluded.station_most
      """, outlet.evse, outlet.circuit, outlet.rotation.rawValue, outlet.lines.map { Int($0.rawValue) },
      outlet.most?.tenthsOfAmpere, outlet.least.tenthsOfAmpere, outlet.fallback?.tenthsOfAmpere,
      outlet.stationMost?.tenthsOfAmpere)
  }

  public func removeOutlet(of evse: ID<EVSE>) throws(StoreFault) {
    try db.run("DELETE FROM outlet WHERE evse = ?1", evse)
    try db.run("DELETE FROM balance WHERE evse = ?1", evse)
  }

  // MARK: Signals

  public func keep(_ signal: CircuitSignal) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO circuit_signal (circuit, kind, l1, l2, l3, at, until, source) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
      ON CONFLICT (circuit, kind) DO UPDATE SET l1 = excluded.l1, l2 = excluded.l2, l3 = excluded.l3, at = excluded.at,
        until = excluded.until, source = excluded.source
      """, signal.circuit, signal.kind.rawValue, signal.currents.l1.tenthsOfAmpere, signal.currents.l2.tenthsOfAmpere,
      signal.currents.l3.tenthsOfAmpere, signal.at, signal.until, signal.source)
  }

  public func forget(_ kind: CircuitSignal.Kind, of circuit: ID<Circuit>) throws(StoreFault) {
    try db.run("DELETE FROM circuit_signal WHERE circuit = ?1 AND kind = ?2", circuit, kind.rawValue)
    // Its highest load is what a meter saw: with the last meter it goes too.
    try db.run(
      """
      DELETE FROM circuit_load WHERE circuit = ?1
        AND NOT EXISTS (SELECT 1 FROM circuit_signal WHERE circuit = ?1 AND kind IN ('building', 'supply'))
      """, circuit)
  }

  public func signals(at location: ID<Location>) throws(StoreFault) -> [CircuitSignal] {
    try db.rows(
      """
      SELECT circuit_signal.* FROM circuit_signal JOIN circuit ON circuit.id = circuit_signal.circuit
      WHERE circuit.location = ?1 ORDER BY circuit_signal.circuit, kind
      """, location, as: CircuitSignal.init(row:))
  }

  // MARK: What must outlive a restart

  /// EVSEs of a location at which a station was seen to disobey.
  public func disobeying(at location: ID<Location>) throws(StoreFault) -> Set<ID<EVSE>> {
    Set(
      try db.rows(
        """
        SELECT disobedience.evse FROM disobedience JOIN evse ON evse.id = disobedience.evse
        JOIN station ON station.id = evse.station WHERE station.location = ?1
        """, location
      ) { (row) throws(StoreFault) in try row.get("evse") as ID<EVSE> })
  }

  /// An EVSE that is gone by now is none.
  public func keep(disobeying evse: ID<EVSE>, at now: Timestamp) throws(StoreFault) {
    try db.run("INSERT OR IGNORE INTO disobedience (evse, since) SELECT id, ?2 FROM evse WHERE id = ?1", evse, now)
  }

  public func obeys(_ evse: ID<EVSE>) throws(StoreFault) {
    try db.run("DELETE FROM disobedience WHERE evse = ?1", evse)
  }

  /// The highest load of late of each circuit that had a meter.
  public func highLoads(at location: ID<Location>) throws(StoreFault) -> [ID<Circuit>: Balancer.HighLoad] {
    let rows = try db.rows(
      """
      SELECT circuit_load.* FROM circuit_load JOIN circuit ON circuit.id = circuit_load.circuit
      WHERE circuit.location = ?1
      """, location
    ) { (row) throws(StoreFault) in
      let load = try Balancer.HighLoad(
        current: LineCurrents(row.current("l1"), row.current("l2"), row.current("l3")),
        before: LineCurrents(row.current("before_l1"), row.current("before_l2"), row.current("before_l3")),
        since: row.get("since"))
      return try (row.get("circuit") as ID<Circuit>, load)
    }
    return Dictionary(uniqueKeysWithValues: rows)
  }

  /// A circuit that is gone by now has none.
  public func keep(_ load: Balancer.HighLoad, of circuit: ID<Circuit>) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO circuit_load (circuit, l1, l2, l3, before_l1, before_l2, before_l3, since)
      SELECT id, ?2, ?3, ?4, ?5, ?6, ?7, ?8 FROM circuit WHERE id = ?1
      ON CONFLICT (circuit) DO UPDATE SET l1 = excluded.l1, l2 = excluded.l2, l3 = excluded.l3,
        before_l1 = excluded.before_l1, before_l2 = excluded.before_l2, before_l3 = excluded.before_l3,
        since = excluded.since
      """, circuit, load.current.l1.tenthsOfAmpere, load.current.l2.tenthsOfAmpere, load.current.l3.tenthsOfAmpere,
      load.before.l1.tenthsOfAmpere, load.before.l2.tenthsOfAmpere, load.before.l3.tenthsOfAmpere, load.since)
  }

  // MARK: Needs

  public func need(of session: String) throws(StoreFault) -> KeptNeed? {
    try db.first("SELECT * FROM session_need WHERE session = ?1", session, as: KeptNeed.init(row:))
  }

  public func keep(_ need: KeptNeed) throws(StoreFault) {
    let wish = need.need
    try db.run(
      """
      INSERT INTO session_need (session, energy, departs_at, priority, phases, least, most, sun_only, origin, updated_at,
        usual_priority)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
      ON CONFLICT (session) DO UPDATE SET energy = excluded.energy, departs_at = excluded.departs_at,
        priority = excluded.priority, phases = excluded.phases, least = excluded.least, most = excluded.most,
        sun_only = excluded.sun_only, origin = excluded.origin, updated_at = excluded.updated_at,
        usual_priority = excluded.usual_priority
      """, need.session, wish.energy, wish.departsAt, wish.priority, wish.phases, wish.least?.tenthsOfAmpere,
      wish.most?.tenthsOfAmpere, wish.isSunOnly, need.origin, need.updatedAt,
      need.usualPriority)
  }

  public func pruneNeeds(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM session_need WHERE session IN (
          SELECT session_need.session FROM session_need LEFT JOIN session ON session.id = session_need.session
          WHERE session_need.updated_at < ?1 AND (session.id IS NULL OR session.ended_at IS NOT NULL) LIMIT ?2)
        """, time, Limits.prunedAtOnce))
  }

  // MARK: Balance

  public func balance(of evse: ID<EVSE>) throws(StoreFault) -> KeptBalance? {
    try db.first("SELECT * FROM balance WHERE evse = ?1", evse, as: KeptBalance.init(row:))
  }

  public func keep(_ balance: KeptBalance) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO balance (evse, session, allowed, under_way, profile, why, due_at, updated_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
      ON CONFLICT (evse) DO UPDATE SET session = excluded.session, allowed = excluded.allowed,
        under_way = excluded.under_way, profile = excluded.profile, why = excluded.why, due_at = excluded.due_at,
        updated_at = excluded.updated_at
      """, balance.evse, balance.session, balance.allowed.tenthsOfAmpere, balance.underWay?.tenthsOfAmpere,
      balance.profile, balance.why, balance.dueAt, balance.updatedAt)
  }

  /// Limits of which nobody said in time whether they hold.
  public func due(at now: Timestamp, limit: Int) throws(StoreFault) -> [KeptBalance] {
    try db.rows(
      "SELECT * FROM balance WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2", now, limit, as: KeptBalance.init(row:))
  }
}

/// An EVSE on a circuit as the operator wrote it; what is nil follows from its connectors, or from the site.
nonisolated public struct KeptOutlet: Sendable, Equatable {
  public var evse: ID<EVSE>
  public var station: ID<Station>
  /// The station's own number for it.
  public var number: Int
  public var circuit: ID<Circuit>
  public var rotation = PhaseRotation.rst
  public var lines: Lines?
  public var most: Current?
  public var least = Current(amperes: 6)
  public var fallback: Current?
  public var stationMost: Current?

  public init(evse: ID<EVSE>, station: ID<Station>, number: Int, circuit: ID<Circuit>) {
    (self.evse, self.station, self.number, self.circuit) = (evse, station, number, circuit)
  }
}

/// What somebody said that a session needs; its energy is that of the whole session.
nonisolated public struct KeptNeed: Sendable, Equatable {
  public var session: String
  public var need: ChargingNeed
  /// Who said so.
  public var origin: String
  /// The priority to which it returns where somebody asked to go first.
  public var usualPriority: Int?
  public var updatedAt: Timestamp

  public init(session: String, need: ChargingNeed, origin: String, updatedAt: Timestamp) {
    (self.session, self.need, self.origin, self.updatedAt) = (session, need, origin, updatedAt)
  }
}

/// What a session's EVSE may draw, and what is under way to it.
nonisolated public struct KeptBalance: Sendable, Equatable {
  public var evse: ID<EVSE>
  public var session: String
  /// As its station confirmed it last.
  public var allowed: Current
  public var underWay: Current?
  /// The charging profile that carries it.
  public var profile: Int64?
  /// Why it is so much, in words.
  public var why: String
  /// When somebody should have said whether it holds.
  public var dueAt: Timestamp?
  public var updatedAt: Timestamp

  public init(
    evse: ID<EVSE>, session: String, allowed: Current, underWay: Current? = nil, profile: Int64? = nil,
    why: String = "", dueAt: Timestamp? = nil, updatedAt: Timestamp
  ) {
    self.evse = evse
    self.session = session
    self.allowed = allowed
    self.underWay = underWay
    self.profile = profile
    self.why = why
    self.dueAt = dueAt
    self.updatedAt = updatedAt
  }
}

nonisolated extension Row {
  fileprivate func current(_ column: StaticString) throws(StoreFault) -> Current {
    Current(tenthsOfAmpere: try get(column))
  }

  fileprivate func maybeCurrent(_ column: StaticString) throws(StoreFault) -> Current? {
    (try get(column) as Int?).map { Current(tenthsOfAmpere: $0) }
  }
}

nonisolated extension Circuit {
  init(row: Row) throws(StoreFault) {
    try self.init(
      id: row.get("id"), location: row.get("location"), parent: row.get("parent"), name: row.get("name"),
      lines: Lines(rawValue: UInt8(truncatingIfNeeded: row.get("lines") as Int)), rated: row.current("rated"),
      usable: row.current("usable"), priority: row.get("priority"), assumedLoad: row.current("assumed_load"),
      trustsPhases: row.get("trusts_phases"), createdAt: row.get("created_at"), updatedAt: row.get("updated_at"))
  }
}

nonisolated extension KeptOutlet {
  init(row: Row) throws(StoreFault) {
    try self.init(
      evse: row.get("evse"), station: row.get("station"), number: row.get("number"), circuit: row.get("circuit"))
    rotation = try row.word("rotation")
    lines = (try row.get("lines") as Int?).map { Lines(rawValue: UInt8(truncatingIfNeeded: $0)) }
    most = try row.maybeCurrent("most")
    least = try row.current("least")
    fallback = try row.maybeCurrent("fallback")
    stationMost = try row.maybeCurrent("station_most")
  }
}

nonisolated extension CircuitSignal {
  init(row: Row) throws(StoreFault) {
    try self.init(
      circuit: row.get("circuit"), kind: row.word("kind"),
      currents: LineCurrents(row.current("l1"), row.current("l2"), row.current("l3")), at: row.get("at"),
      until: row.get("until"), source: row.get("source"))
  }
}

nonisolated extension KeptNeed {
  init(row: Row) throws(StoreFault) {
    let need = ChargingNeed(
      energy: try row.get("energy"), departsAt: try row.get("departs_at"), priority: try row.get("priority"),
      phases: try row.get("phases"), least: try row.maybeCurrent("least"), most: try row.maybeCurrent("most"),
      isSunOnly: try row.get("sun_only"))
    try self.init(
      session: row.get("session"), need: need, origin: row.get("origin"), updatedAt: row.get("updated_at"))
    usualPriority = try row.get("usual_priority")
  }
}

nonisolated extension KeptBalance {
  init(row: Row) throws(StoreFault) {
    try self.init(
      evse: row.get("evse"), session: row.get("session"), allowed: row.current("allowed"),
      underWay: row.maybeCurrent("under_way"), profile: row.get("profile"), why: row.get("why"),
      dueAt: row.get("due_at"), updatedAt: row.get("updated_at"))
  }
}
