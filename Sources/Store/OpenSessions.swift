import Domain

/// The sessions that have not ended, of the stations that were asked about: complete for a station or not there at all.
/// Every reading and every tag that is shown asks for them, and reading one from the books means to read its tariff.
/// `Sessions` writes each change here and to the books alike.
nonisolated struct OpenSessions {
  /// One of them, shared and not copied: a session holds twenty texts.
  final class Kept {
    /// Its number in the books.
    let number: Int64
    let session: Session

    init(number: Int64, session: Session) { (self.number, self.session) = (number, session) }
  }

  private var kept: [ID<Station>: [Kept]] = [:]
  private var stationOf: [String: ID<Station>] = [:]
  private var stationOfTransaction: [Int64: ID<Station>] = [:]
  /// The numbers of those that ended lately: their bills are made in the same turn and ask for them. A number is its
  /// session's for ever.
  private var ended: [String: Int64] = [:]

  /// Those of a station by their ids; nil where the books must be asked.
  func all(of station: ID<Station>) -> [Kept]? { kept[station] }

  func session(_ id: String) -> Kept? { stationOf[id].flatMap { kept[$0]?.first { $0.session.id == id } } }

  func session(transaction: Int64) -> Kept? {
    stationOfTransaction[transaction].flatMap { kept[$0]?.first { $0.session.transaction == transaction } }
  }

  /// The number in the books, where it is known.
  func number(of id: String) -> Int64? { session(id)?.number ?? ended[id] }

  /// What the books say of a station.
  mutating func load(_ all: [Kept], of station: ID<Station>) {
    if kept.count >= Limits.cachedRows { self = OpenSessions() }
    kept[station] = []
    for one in all { put(one) }
  }

  /// A new one, or what one has become.
  mutating func put(_ one: Kept) {
    let session = one.session
    guard var all = kept[session.station] else { return }
    all.removeAll { $0.session.id == session.id }
    if session.endedAt == nil {
      let place = all.firstIndex { $0.session.id > session.id } ?? all.count
      all.insert(one, at: place)
      stationOf[session.id] = session.station
      if let transaction = session.transaction { stationOfTransaction[transaction] = session.station }
    } else {
      if ended.count >= Limits.cachedRows { ended = [:] }
      ended[session.id] = one.number
      stationOf[session.id] = nil
      if let transaction = session.transaction { stationOfTransaction[transaction] = nil }
    }
    kept[session.station] = all
  }
}
