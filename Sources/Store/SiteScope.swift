import Domain

/// The sites that somebody may see: every question that is asked under a scope reads the books as if nothing else were
/// in them.
///
/// The limit stands in the connection and not in the questions. It has a view in place of each table, and SQLite takes
/// those of the connection before the ones of the file. So no question can forget it, and a table that nobody thought of
/// is empty until this file says what of it belongs to a site.
nonisolated public struct SiteScope: Sendable, Hashable {
  public var locations: Set<ID<Location>>

  public init(_ locations: Set<ID<Location>>) { self.locations = locations }

  /// Under whose limits the task at hand asks; nil where it may see the whole house. The tasks that it begins inherit it.
  @TaskLocal public static var current: SiteScope?

  /// What of a table belongs to the sites of a scope.
  private enum Part {
    /// Rows that fulfil a condition.
    case rows(String)
    /// Figures of the whole house are the sums of what the sites have.
    case select(String)
    /// Names and prices that any site may show.
    case all
  }

  private static let site = "IN (SELECT location FROM temp.in_scope)"
  private static func station(_ column: String) -> String {
    "EXISTS (SELECT 1 FROM main.station AS its WHERE its.id = \(column) AND its.location \(site))"
  }
  private static func evse(_ column: String) -> String {
    """
    EXISTS (SELECT 1 FROM main.evse AS place JOIN main.station AS its ON its.id = place.station
      WHERE place.id = \(column) AND its.location \(site))
    """
  }
  private static func session(_ column: String, by key: String = "id") -> String {
    "EXISTS (SELECT 1 FROM main.session AS its WHERE its.\(key) = \(column) AND its.location \(site))"
  }
  private static func bulkRun(_ column: String) -> String {
    "EXISTS (SELECT 1 FROM main.bulk_run_station AS it WHERE it.run = \(column) AND \(station("it.station")))"
  }
  private static func circuit(_ column: String) -> String {
    "EXISTS (SELECT 1 FROM main.circuit AS its WHERE its.id = \(column) AND its.location \(site))"
  }
  /// A subject such as `station/7`: what stands behind the slash.
  private static func subject(_ kind: String, number: Bool = false) -> String {
    let rest = "substr(subject, \(kind.utf8.count + 2))"
    return number ? "CAST(\(rest) AS INTEGER)" : rest
  }

  private static let parts: [String: Part] = {
    var parts: [String: Part] = [
      "location": .rows("id \(site)"), "gone_evse": .rows("location \(site)"),
      "retired_port": .rows("location \(site)"), "usage_stay": .rows("location \(site)"),
      "incident": .rows("location \(site)"),
      "station": .rows("location \(site)"),
      "evse": .rows(station("station")), "connector": .rows(evse("evse")), "session": .rows("location \(site)"),
      "cdr": .rows("location \(site)"), "circuit": .rows("location \(site)"),
      "carbon_factor": .rows("location = 0 OR location \(site)"), "site_surplus": .rows("location \(site)"),
      "booking_location": .rows("location \(site)"), "booking": .rows("location \(site)"),
      "site_plan": .rows("location \(site)"), "plan_pin": .rows("location \(site)"),
      "push": .rows("location \(site) OR \(session("session"))"),
      // One that names no place is of the whole network, and so of each site.
      "downtime": .rows(
        """
        location IS NULL AND station IS NULL AND evse IS NULL
          OR location \(site) OR \(station("station")) OR \(evse("evse"))
        """),
      "outlet": .rows(evse("evse")), "circuit_signal": .rows(circuit("circuit")),
      "circuit_load": .rows(circuit("circuit")),
      "usage": .select(
        """
        SELECT * FROM main.usage WHERE scope = 1 AND subject \(site)
        UNION ALL
        SELECT usage.* FROM main.usage JOIN main.connector ON connector.id = usage.subject
        WHERE usage.scope = 2 AND \(evse("connector.evse"))
          AND NOT EXISTS (SELECT 1 FROM main.usage_stay AS stay WHERE stay.connector = connector.id)
        UNION ALL
        SELECT usage.* FROM main.usage JOIN main.usage_stay AS stay ON stay.subject = usage.subject
        WHERE usage.scope = 2 AND stay.location \(site)
        UNION ALL
        SELECT grain, 0 AS scope, 0 AS subject, bucket, currency, energy, busy, idle, sessions, revenue, plugged, served
        FROM main.usage WHERE scope = 1 AND subject \(site)
        """),
      "energy_price": .rows("location = 0 OR location \(site)"),
      "energy_cost": .select(
        """
        SELECT * FROM main.energy_cost WHERE location \(site)
        UNION ALL
        SELECT grain, 0 AS location, bucket, currency, energy, cost FROM main.energy_cost WHERE location \(site)
        """),
      "bulk_run": .rows(bulkRun("id")),
      "event": .rows(
        """
        CASE substr(subject, 1, instr(subject, '/') - 1)
          WHEN 'station' THEN \(station(subject("station", number: true)))
          WHEN 'session' THEN \(session(subject("session")))
          WHEN 'location' THEN \(subject("location", number: true)) \(site)
          WHEN 'cdr' THEN EXISTS (SELECT 1 FROM main.cdr AS its
            WHERE its.id = \(subject("cdr")) AND its.location \(site))
          WHEN 'command' THEN EXISTS (SELECT 1 FROM main.command AS it
            WHERE it.id = \(subject("command")) AND \(station("it.station")))
          WHEN 'job' THEN EXISTS (SELECT 1 FROM main.station_job AS it
            WHERE it.id = \(subject("job")) AND \(station("it.station")))
          WHEN 'bulk' THEN \(bulkRun(subject("bulk")))
          WHEN 'booking' THEN EXISTS (SELECT 1 FROM main.booking AS it
            WHERE it.id = \(subject("booking")) AND it.location \(site))
          WHEN 'reservation' THEN EXISTS (SELECT 1 FROM main.reservation AS it
            WHERE it.id = \(subject("reservation")) AND \(station("it.station")))
          ELSE 0 END
        """),
    ]
    for table in [
      "party", "partner", "partner_role", "token", "tariff", "tariff_version", "frozen_tariff", "setting_template",
      "grid_price", "usage_backlog", "usage_partner_backlog", "price_policy", "price_move", "closed_month",
    ] { parts[table] = .all }
    for table in [
      "oddity", "tag_alias", "parked_message", "command", "station_key", "station_certificate", "station_capacity",
      "local_list", "reservation", "charging_profile", "composite_schedule", "station_job", "file", "charging_notice",
      "issued_certificate", "certificate_request", "certificate_renewal", "held_certificate", "security_event",
      "profile_walk", "station_transaction", "report", "device_value", "monitor", "alert", "value_stream",
      "streamed_value", "display_message", "payment_code", "grid_control", "battery_swap", "unknown_tag",
      "settlement", "station_tariff", "device_read", "bulk_run_station",
    ] { parts[table] = .rows(station("station")) }
    for table in [
      "status_history", "status_time", "meter_key", "evse_code", "driver_ticket", "balance", "plug_in", "disobedience",
    ] {
      parts[table] = .rows(evse("evse"))
    }
    for table in ["charging_preference", "planned_session", "financial_advice", "session_need", "session_limit"] {
      parts[table] = .rows(session("session"))
    }
    for table in ["reading", "signed_reading", "session_carbon"] {
      parts[table] = .rows(session("session", by: "number"))
    }
    return parts
  }()

  /// Puts the views in place of the tables of a connection.
  static func limit(_ db: Database) throws(StoreFault) {
    try db.script(
      "PRAGMA temp_store = MEMORY; CREATE TEMP TABLE in_scope (location INTEGER PRIMARY KEY) STRICT, WITHOUT ROWID")
    let tables = try db.rows("SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'") {
      (row) throws(StoreFault) in try row.get("name") as String
    }
    for table in tables {
      switch parts[table] {
      case .all: break
      case .select(let select): try db.script("CREATE TEMP VIEW \"\(table)\" AS \(select)")
      case .rows(let condition):
        try db.script("CREATE TEMP VIEW \"\(table)\" AS SELECT * FROM main.\"\(table)\" WHERE \(condition)")
      case nil: try db.script("CREATE TEMP VIEW \"\(table)\" AS SELECT * FROM main.\"\(table)\" WHERE 0")
      }
    }
  }

  /// Says whose sites the questions of this snapshot may see. It goes with the snapshot.
  func enter(_ db: Database) throws(StoreFault) {
    for location in locations { try db.run("INSERT INTO temp.in_scope (location) VALUES (?1)", location) }
  }
}
