import Crypto
import Domain
import Wire

/// By which stations make the one-time passwords in their QR codes for paying (OCPP 2.1 C25). Two of a station are good
/// while nobody knows which one it has.
nonisolated public struct PaymentCodes {
  let db: Database

  public func codes(of station: ID<Station>) throws(StoreFault) -> [PaymentCode] {
    try db.rows("SELECT secret, seconds, length FROM payment_code WHERE station = ?1 ORDER BY id", station) {
      (row) throws(StoreFault) in
      try PaymentCode(secret: row.get("secret"), seconds: row.get("seconds"), length: row.get("length"))
    }
  }

  /// - Parameter command: the one that brings it to the station.
  public func create(_ code: PaymentCode, for station: ID<Station>, by command: String) throws(StoreFault) {
    try db.run("DELETE FROM payment_code WHERE station = ?1 AND taken = 0", station)
    try db.run(
      "INSERT INTO payment_code (station, secret, seconds, length, command) VALUES (?1, ?2, ?3, ?4, ?5)", station,
      code.secret, code.seconds, code.length, command)
  }

  /// The station took the one that a command brought: what it had before is worth nothing now.
  public func taken(by command: String) throws(StoreFault) {
    try db.run(
      """
      DELETE FROM payment_code WHERE id IN (
        SELECT old.id FROM payment_code AS new JOIN payment_code AS old USING (station)
        WHERE new.command = ?1 AND old.id < new.id)
      """, command)
    try db.run("UPDATE payment_code SET taken = 1 WHERE command = ?1", command)
  }
}
