import Domain
import Wire

/// A signed reading with its place in its session.
nonisolated public struct KeptSignature: Sendable, Equatable {
  public let at: Timestamp
  public let context: Reading.Context
  public let signed: SignedReading
}

/// What meters signed, session by session, and the keys that the operator knows of them.
nonisolated public struct SignedReadings {
  let db: Database

  /// Keeps those of a reading of the session of that number.
  func append(_ reading: Reading, to session: Int64, receivedAt now: Timestamp) throws(StoreFault) {
    for signed in reading.signed.prefix(Limits.signaturesPerReading) {
      try db.run(
        """
        INSERT INTO signed_reading (session, at, context, body, received_at) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT DO NOTHING
        """, session, reading.at, reading.context.rawValue, signed.stored, now)
    }
  }

  /// In the order of their time.
  public func list(of session: String, limit: Int) throws(StoreFault) -> [KeptSignature] {
    guard let number = try Sessions(db: db).number(of: session) else { return [] }
    let rows = try db.rows(
      "SELECT * FROM signed_reading WHERE session = ?1 ORDER BY at LIMIT ?2", number, Limits.page(limit)
    ) { (row) throws(StoreFault) in
      let kept = try KeptSignature(at: row.get("at"), context: row.word("context"), signed: row.payload("body"))
      return Placed(at: kept.at, place: try row.get("id"), value: kept)
    }
    return Placed.inOrder(rows)
  }

  /// The one with which a session began and the one with which it ended: those that say so, else the first and the last in
  /// time.
  public func ends(of session: String) throws(StoreFault) -> (first: KeptSignature, last: KeptSignature)? {
    guard let number = try Sessions(db: db).number(of: session) else { return nil }
    func read(_ row: Row) throws(StoreFault) -> KeptSignature {
      try KeptSignature(at: row.get("at"), context: row.word("context"), signed: row.payload("body"))
    }
    let first = try db.first(
      "SELECT * FROM signed_reading WHERE session = ?1 ORDER BY context <> ?2, at, id LIMIT 1", number,
      Reading.Context.begin.rawValue, as: read)
    let last = try db.first(
      "SELECT * FROM signed_reading WHERE session = ?1 ORDER BY context <> ?2, at DESC, id DESC LIMIT 1", number,
      Reading.Context.end.rawValue, as: read)
    guard let first, let last else { return nil }
    return (first, last)
  }

  /// Removes those that are old enough; a CDR keeps copies of what it stands on.
  public func prune(receivedBefore time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM signed_reading WHERE id IN (SELECT id FROM signed_reading ORDER BY id LIMIT ?2)
          AND received_at < ?1
        """, time, Limits.prunedAtOnce))
  }

  // MARK: Keys

  /// The key of an EVSE's meter; nil where the operator named none.
  public func key(of evse: ID<EVSE>) throws(StoreFault) -> String? {
    try db.value("SELECT key FROM meter_key WHERE evse = ?1", evse)
  }

  public func setKey(_ key: String?, of evse: ID<EVSE>, at now: Timestamp) throws(StoreFault) {
    guard let key else {
      try db.run("DELETE FROM meter_key WHERE evse = ?1", evse)
      return
    }
    try db.run(
      """
      INSERT INTO meter_key (evse, key, set_at) VALUES (?1, ?2, ?3)
      ON CONFLICT (evse) DO UPDATE SET key = excluded.key, set_at = excluded.set_at
      """, evse, key, now)
  }
}
