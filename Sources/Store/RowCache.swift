import CSystem
import Domain
import Glibc
import Wire

/// What the writer remembers of rows that a turn asks for again and again and that change seldom: a turn of two hundred
/// messages asks for the same stations, tokens and tariffs two hundred times. SQLite itself says which rows change (its
/// update hook), whoever changes them and by whatever statement, cascades included; whatever is undone empties all of it.
/// It is never read by readers, whose snapshots are of other moments.
nonisolated final class RowCache {
  var stations = Shelf<ID<Station>, Station>()
  /// All EVSEs of a station, with their connectors.
  var evses = Shelf<ID<Station>, [EVSE]>()
  /// Where an EVSE stands, of those on the shelf.
  private var places: [ID<EVSE>: ID<Station>] = [:]
  var locations = Shelf<ID<Location>, Location>()
  /// When a location was last written to have changed.
  var touched: [ID<Location>: Timestamp] = [:]
  var parties = Shelf<ID<Party>, Party>()
  var operatingParty: Party?
  var tokens = Shelf<String, [Token]>()
  var tariffs = Shelf<ID<Tariff>, TariffVersion>()
  /// Tariffs as sessions keep them, by their numbers; few.
  var frozenTariffs: [(number: Int64, tariff: Tariff)] = []
  /// Those that have not ended, of stations that were asked about. Changes are written here and to the books alike.
  var openSessions = OpenSessions()

  /// Numbers that the books no longer count as free and that nobody has yet.
  var transactions: Range<Int64> = 0..<0

  /// What SQLite tells of now is known: whoever writes it sees to it that what is remembered stays true.
  var isFollowing = false

  /// What SQLite calls the state of the file, which changes when somebody else writes it.
  private var version: Int64 = 0

  /// The file is in this state now.
  func isOf(version: Int64) {
    if version != self.version { empty() }
    self.version = version
  }

  /// Nothing is remembered any more.
  func empty() {
    stations.empty()
    emptyEVSEs()
    locations.empty()
    touched = [:]
    parties.empty()
    operatingParty = nil
    tokens.empty()
    tariffs.empty()
    frozenTariffs = []
    openSessions = OpenSessions()
    transactions = 0..<0
  }

  /// Rows are forgotten. Numbers that the books gave are not: there are only so many.
  func rest() {
    let numbers = transactions
    empty()
    transactions = numbers
  }

  // MARK: EVSEs

  func keep(_ all: [EVSE], of station: ID<Station>) {
    if evses.isFull { emptyEVSEs() }
    evses[station] = all
    for evse in all { places[evse.id] = station }
  }

  func evse(_ id: ID<EVSE>) -> EVSE? { places[id].flatMap { evses[$0]?.first { $0.id == id } } }

  /// Writes what was just written to the books, instead of asking for the whole station again.
  func change(_ id: ID<EVSE>, _ body: (inout EVSE) -> Void) {
    guard let station = places[id], var all = evses[station], let index = all.firstIndex(where: { $0.id == id }) else {
      return
    }
    body(&all[index])
    evses[station] = all
  }

  private func emptyEVSEs() {
    evses.empty()
    places = [:]
  }

  // MARK: What SQLite says

  /// From now on every change of a row on that connection is heard of.
  func watch(_ connection: OpaquePointer) {
    sqlite3_update_hook(
      connection,
      { me, _, _, table, row in
        guard let me, let table else { return }
        Unmanaged<RowCache>.fromOpaque(me).takeUnretainedValue().changed(table, row)
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  private func changed(_ table: UnsafePointer<CChar>, _ row: Int64) {
    guard !isFollowing else { return }
    switch UInt8(bitPattern: table.pointee) {
    case UInt8(ascii: "s"):
      // A station that goes takes its EVSEs with it, and SQLite tells of each.
      if strcmp(table, "station") == 0 { stations[ID(row)] = nil }
    case UInt8(ascii: "e"):
      if strcmp(table, "evse") == 0 {
        if let station = places[ID(row)] { evses[station] = nil } else { emptyEVSEs() }
      }
    case UInt8(ascii: "c"):
      if strcmp(table, "connector") == 0 { emptyEVSEs() }
    case UInt8(ascii: "l"):
      if strcmp(table, "location") == 0 { locations[ID(row)] = nil }
    case UInt8(ascii: "p"):
      if strcmp(table, "party") == 0 {
        parties[ID(row)] = nil
        operatingParty = nil
      }
    case UInt8(ascii: "t"):
      if strcmp(table, "token") == 0 { tokens.empty() }
      if strcmp(table, "tariff") == 0 { tariffs[ID(row)] = nil }
    default: break
    }
  }
}

/// So many values by their key and no more: one too many, and all go.
nonisolated struct Shelf<Key: Hashable, Value> {
  private var kept: [Key: Value] = [:]

  var isFull: Bool { kept.count >= Limits.cachedRows }

  subscript(key: Key) -> Value? {
    get { kept[key] }
    set {
      if newValue != nil, isFull { kept = [:] }
      kept[key] = newValue
    }
  }

  /// Writes what was just written to the books.
  mutating func change(_ key: Key, _ body: (inout Value) -> Void) {
    guard let index = kept.index(forKey: key) else { return }
    body(&kept.values[index])
  }

  mutating func empty() { kept = [:] }
}
