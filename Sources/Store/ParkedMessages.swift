import Crypto
import Domain
import Wire

/// A message that could not be used, kept as it came.
nonisolated public struct ParkedMessage: Sendable, Equatable {
  public let id: ID<ParkedMessage>
  public let station: ID<Station>
  public let action: String
  public let payload: JSON
  public let why: String
  /// How often the station sent it, and others like it once so many of them wait.
  public let count: Int
  public let receivedAt: Timestamp
  public let settledAt: Timestamp?
}

/// Transaction messages that were answered positively and changed nothing; the operator matches them by hand. Those
/// that nobody settled are never dropped. A station that goes on and on with a transaction that is none is not kept word
/// for word for ever: past a bound its messages are counted at the newest of those that wait.
nonisolated public struct ParkedMessages {
  let db: Database

  /// True where it is kept: the station did not send the very same message before, and not too many like it wait.
  @discardableResult
  public func park(
    station: ID<Station>, action: String, payload: JSON, why: String, at now: Timestamp
  ) throws(StoreFault) -> Bool {
    let text = payload.text
    let digest = SHA256.digest(Bytes(utf8: text)).hex
    let isKnown =
      try db.run(
        """
        UPDATE parked_message SET count = count + 1, received_at = ?4 WHERE station = ?1 AND action = ?2 AND digest = ?3
        """, station, action, digest, now) > 0
    if isKnown { return false }
    let alike: Int? = try db.value(
      """
      SELECT count(*) FROM parked_message WHERE station = ?1 AND action = ?2 AND settled_at IS NULL
      """, station, action)
    guard alike ?? 0 < Limits.parkedMessages else {
      try db.run(
        """
        UPDATE parked_message SET count = count + 1, received_at = ?3 WHERE id = (
          SELECT max(id) FROM parked_message WHERE station = ?1 AND action = ?2 AND settled_at IS NULL)
        """, station, action, now)
      return false
    }
    try db.run(
      "INSERT INTO parked_message (station, action, payload, digest, why, received_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
      station, action, text, digest, why, now)
    return true
  }

  public func message(_ id: ID<ParkedMessage>) throws(StoreFault) -> ParkedMessage? {
    try db.first("SELECT * FROM parked_message WHERE id = ?1", id, as: ParkedMessage.init(row:))
  }

  /// Those that wait for the operator, of one station or of all, the newest first, before a cursor.
  public func waiting(
    of station: ID<Station>? = nil, before cursor: ID<ParkedMessage>? = nil, limit: Int
  ) throws(StoreFault) -> [ParkedMessage] {
    try db.rows(
      """
      SELECT * FROM parked_message
      WHERE settled_at IS NULL AND (?1 IS NULL OR station = ?1) AND id < ?2 ORDER BY id DESC LIMIT ?3
      """, station, cursor?.value ?? .max, Limits.page(limit), as: ParkedMessage.init(row:))
  }

  public func waitingCount() throws(StoreFault) -> Int {
    try db.value("SELECT count(*) FROM parked_message WHERE settled_at IS NULL") ?? 0
  }

  /// The operator is done with it.
  public func settle(_ id: ID<ParkedMessage>, at now: Timestamp) throws(StoreFault) {
    try db.run("UPDATE parked_message SET settled_at = ?2 WHERE id = ?1", id, now)
  }

  public func prune(settledBefore time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        "DELETE FROM parked_message WHERE id IN (SELECT id FROM parked_message WHERE settled_at < ?1 LIMIT ?2)",
        time, Limits.prunedAtOnce))
  }
}

nonisolated extension ParkedMessage {
  init(row: Row) throws(StoreFault) {
    id = try row.get("id")
    station = try row.get("station")
    action = try row.get("action")
    payload = try row.get("payload")
    why = try row.get("why")
    count = try row.get("count")
    receivedAt = try row.get("received_at")
    settledAt = try row.get("settled_at")
  }
}
