import Crypto
import Domain
import Wire

/// A session as a station of OCPP 2.x knows it: by a name of its own, told in numbered events.
nonisolated public struct KeptTransaction: Sendable, Equatable {
  /// Its number in the books; given when it is kept.
  public var number: Int64 = 0
  public var station: ID<Station>
  public var name: String
  public var session: String
  /// The highest number of an event that was heard.
  public var lastSeqNo: Int
  /// All events up to that one were heard, each in its order.
  public var isOrdered = false
  /// It is known who charges.
  public var isIdentified = false
  /// It is known where.
  public var isPlaced = false
  public var hasCharged = false
  public var chargingState: TransactionReport.ChargingState?
  /// Its end was heard.
  public var isEnded = false

  public init(station: ID<Station>, name: String, session: String, lastSeqNo: Int) {
    (self.station, self.name, self.session, self.lastSeqNo) = (station, name, session, lastSeqNo)
  }
}

/// The transactions of stations that name them themselves, and what was heard of those that are not billed yet.
nonisolated public struct Transactions {
  let db: Database

  public func transaction(_ name: String, of station: ID<Station>) throws(StoreFault) -> KeptTransaction? {
    try db.first(
      "SELECT * FROM station_transaction WHERE station = ?1 AND name = ?2", station, name,
      as: KeptTransaction.init(row:))
  }

  public func transaction(of session: String) throws(StoreFault) -> KeptTransaction? {
    try db.first("SELECT * FROM station_transaction WHERE session = ?1", session, as: KeptTransaction.init(row:))
  }

  /// Keeps a new one; its number is given here.
  public func create(_ new: KeptTransaction) throws(StoreFault) -> KeptTransaction {
    var kept = new
    kept.number = try db.insert(
      """
      INSERT INTO station_transaction (station, name, session, last_seq, ordered, identified, placed, charged,
        charging_state, ended)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
      """,
      new.station, new.name, new.session, new.lastSeqNo, new.isOrdered, new.isIdentified, new.isPlaced,
      new.hasCharged, new.chargingState?.rawValue, new.isEnded)
    return kept
  }

  public func update(_ kept: KeptTransaction) throws(StoreFault) {
    try db.run(
      """
      UPDATE station_transaction SET session = ?2, last_seq = ?3, ordered = ?4, identified = ?5, placed = ?6,
        charged = ?7, charging_state = ?8, ended = ?9
      WHERE number = ?1
      """,
      kept.number, kept.session, kept.lastSeqNo, kept.isOrdered, kept.isIdentified, kept.isPlaced, kept.hasCharged,
      kept.chargingState?.rawValue, kept.isEnded)
  }

  // MARK: What was heard

  /// Whether this very event was heard before, or another one under its number.
  public enum Finding: Sendable, Equatable { case new, repeated, otherContent }

  /// Keeps an event. `written` is what makes it the same event again, beside its number.
  public func append(
    _ moment: TransactionMoment, written: String, to kept: KeptTransaction
  ) throws(StoreFault) -> Finding {
    let isNumberKnown = try isKnown(moment.seqNo, of: kept)
    let isNew =
      try db.run(
        """
        INSERT INTO transaction_moment ("transaction", seq_no, digest, phase, at, charging_state, identifies, ending)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        ON CONFLICT ("transaction", seq_no, digest) DO NOTHING
        """,
        kept.number, moment.seqNo, digest(moment.phase, written), moment.phase.rawValue, moment.at,
        moment.chargingState?.rawValue, moment.identifies, moment.ending?.rawValue) > 0
    return isNew ? (isNumberKnown ? .otherContent : .new) : .repeated
  }

  private func isKnown(_ seqNo: Int, of kept: KeptTransaction) throws(StoreFault) -> Bool {
    let found: Int? = try db.value(
      "SELECT 1 FROM transaction_moment WHERE \"transaction\" = ?1 AND seq_no = ?2", kept.number, seqNo)
    return found != nil
  }

  private func digest(_ phase: TransactionReport.Phase, _ written: String) -> Int64 {
    SHA256.digest(Bytes(utf8: "\(phase.rawValue) \(written)")).prefix(8).reduce(0) { $0 << 8 | Int64($1) }
  }

  public func moments(of kept: KeptTransaction) throws(StoreFault) -> [TransactionMoment] {
    try db.rows(
      "SELECT * FROM transaction_moment WHERE \"transaction\" = ?1 ORDER BY seq_no, at", kept.number
    ) { (row) throws(StoreFault) in
      try TransactionMoment(
        seqNo: row.get("seq_no"), phase: row.word("phase"), at: row.get("at"),
        chargingState: row.maybeWord("charging_state"), identifies: row.get("identifies"),
        ending: row.maybeWord("ending"))
    }
  }

  /// It is billed: its course is the session's for good.
  public func forgetMoments(of kept: KeptTransaction) throws(StoreFault) {
    try db.run("DELETE FROM transaction_moment WHERE \"transaction\" = ?1", kept.number)
  }

  /// What was read of one session was another's: a car that was plugged in before its remote start.
  public func moveReadings(from old: String, to new: String) throws(StoreFault) {
    try db.run(
      """
      UPDATE OR IGNORE reading SET session = (SELECT number FROM session WHERE id = ?2)
      WHERE session = (SELECT number FROM session WHERE id = ?1)
      """, old, new)
    try db.run(
      """
      UPDATE OR IGNORE signed_reading SET session = (SELECT number FROM session WHERE id = ?2)
      WHERE session = (SELECT number FROM session WHERE id = ?1)
      """, old, new)
  }
}

nonisolated extension KeptTransaction {
  init(row: Row) throws(StoreFault) {
    try self.init(
      station: row.get("station"), name: row.get("name"), session: row.get("session"), lastSeqNo: row.get("last_seq"))
    number = try row.get("number")
    isOrdered = try row.get("ordered")
    isIdentified = try row.get("identified")
    isPlaced = try row.get("placed")
    hasCharged = try row.get("charged")
    chargingState = try row.maybeWord("charging_state")
    isEnded = try row.get("ended")
  }
}
