import Domain
import Wire

/// The messages on the stations' displays, as they told them or took them from us.
nonisolated public struct DisplayMessages {
  let db: Database

  /// Those whose time is not over (OCPP 2.0.1 O01.FR.07).
  public func list(of station: ID<Station>, at now: Timestamp) throws(StoreFault) -> [DisplayMessage] {
    try db.rows(
      "SELECT * FROM display_message WHERE station = ?1 ORDER BY number", station, as: DisplayMessage.init(row:)
    ).filter { $0.to.map { $0 > now } ?? true }
  }

  /// The least number from 1 on that no message of the station has.
  public func freeNumber(at station: ID<Station>, now: Timestamp) throws(StoreFault) -> Int {
    let taken = Set(try list(of: station, at: now).map(\.number))
    return (1...).first { !taken.contains($0) } ?? 1
  }

  /// Past `Limits.messagesPerStation` new ones are not kept.
  public func keep(_ message: DisplayMessage, of station: ID<Station>, at now: Timestamp) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO display_message (station, number, message, told_at)
      SELECT ?1, ?2, ?3, ?4
      WHERE EXISTS (SELECT 1 FROM display_message WHERE station = ?1 AND number = ?2)
        OR (SELECT count(*) FROM display_message WHERE station = ?1) < ?5
      ON CONFLICT (station, number) DO UPDATE SET message = excluded.message, told_at = excluded.told_at
      """, station, message.number, StoredDisplay(message).stored, now, Limits.messagesPerStation)
  }

  public func forget(_ number: Int, of station: ID<Station>) throws(StoreFault) {
    try db.run("DELETE FROM display_message WHERE station = ?1 AND number = ?2", station, number)
  }

  /// The transaction has ended, and the station takes its messages away (O02.FR.02).
  public func forget(transaction: String, of station: ID<Station>) throws(StoreFault) {
    try db.run(
      "DELETE FROM display_message WHERE station = ?1 AND message ->> 'transaction' = ?2", station, transaction)
  }

  /// A report of all ended: what it did not tell is no longer there.
  public func forget(of station: ID<Station>, toldBefore time: Timestamp) throws(StoreFault) {
    try db.run("DELETE FROM display_message WHERE station = ?1 AND told_at < ?2", station, time)
  }
}

nonisolated extension DisplayMessage {
  init(row: Row) throws(StoreFault) {
    let kept: StoredDisplay = try row.payload("message")
    self = kept.message(number: try row.get("number"))
  }
}

/// A message as its column holds it.
nonisolated private struct StoredDisplay: Payload {
  private var priority = DisplayMessage.Priority.inTurn, moment: DisplayMessage.Moment?, from: Timestamp?
  private var to: Timestamp?, transaction: String?, display: String?, texts: [StoredText] = []

  init() {}

  init(_ message: DisplayMessage) {
    (priority, moment, from, to) = (message.priority, message.moment, message.from, message.to)
    (transaction, display) = (message.transaction, message.display?.description)
    texts = ([message.text] + message.translations).map(StoredText.init)
  }

  func message(number: Int) -> DisplayMessage {
    let all = texts.map(\.text)
    var message = DisplayMessage(number: number, text: all.first ?? DisplayMessage.Text(""))
    message.translations = Array(all.dropFirst())
    (message.priority, message.moment, message.from, message.to) = (priority, moment, from, to)
    (message.transaction, message.display) = (transaction, display.map { SettingName(reading: $0) })
    return message
  }

  mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("priority", &priority)
    try w.visit("moment", &moment)
    try w.visit("from", &from)
    try w.visit("to", &to)
    try w.visit("transaction", &transaction)
    try w.visit("display", &display)
    try w.visit("texts", &texts)
  }
}

nonisolated private struct StoredText: Payload {
  private var words = "", format = DisplayMessage.Format.utf8, language: String?

  init() {}

  init(_ text: DisplayMessage.Text) { (words, format, language) = (text.text, text.format, text.language) }

  var text: DisplayMessage.Text { DisplayMessage.Text(words, format: format, language: language) }

  mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("text", &words)
    try w.visit("format", &format)
    try w.visit("language", &language)
  }
}
