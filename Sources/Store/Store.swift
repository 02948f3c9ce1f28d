import CSystem
import Glibc
import Wire

/// The books of the house, open for writing: the one writer, owned by the household. Reads that need not be part of a
/// turn go to `readers`.
public final class Store {
  public let books: Books
  public let readers: Readers

  /// Opens the books of a folder, made where there are none, and brings them to the newest schema.
  /// - Throws: `.corrupt` and `.newer` as `Migrations` says; the daemon then does not start.
  public convenience init(folder: String) throws(StoreFault) { try self.init(folder: folder, migrations: .house) }

  init(folder: String, migrations: Migrations, readTime: Duration = Limits.readTime) throws(StoreFault) {
    mkdir(folder, 0o700)
    let file = Self.file(in: folder)
    books = Books(db: try migrations.open(file, isDurable: true))
    readers = try Readers(file: file, time: readTime)
  }

  /// Where the books of a folder lie.
  public nonisolated static func file(in folder: String) -> String { folder + "/ostler.db" }

  // MARK: A turn

  /// False too after SQLite ended the transaction by itself; then the whole turn is lost.
  public var isInTransaction: Bool { books.db.isInTransaction }

  public func begin() throws(StoreFault) { try books.db.begin() }

  /// On disk when it returns. After a fault nothing of the turn is.
  public func commit() throws(StoreFault) { try books.db.commit() }

  /// Brings the whole write-ahead log into the database file, so that who copies that file after the end has everything.
  /// What a reader still holds stays in the log, where the next start finds it.
  public func settle() throws(StoreFault) { try books.db.script("PRAGMA wal_checkpoint(TRUNCATE)") }

  /// Undoes the turn, if one is open.
  public func rollback() { books.db.rollback() }

  /// Decides something within the turn; what it throws undoes what it wrote and nothing else. Where SQLite ended the
  /// whole transaction meanwhile, `isInTransaction` is false afterwards.
  public func savepoint<R, E: Error>(_ body: () throws(E) -> R) throws -> R { try books.db.savepoint(body) }
}

/// The books through one connection: the writer's within a turn, or a reader's within a snapshot.
nonisolated public struct Books {
  public let db: Database

  public var settings: Settings { Settings(db: db) }
  public var parties: Parties { Parties(db: db) }
  public var locations: Locations { Locations(db: db) }
  /// Stations with their EVSEs and connectors.
  public var stations: Stations { Stations(db: db) }
  public var tokens: Tokens { Tokens(db: db) }
  public var authorizations: Authorizations { Authorizations(db: db) }
  public var tariffs: Tariffs { Tariffs(db: db) }
  public var sessions: Sessions { Sessions(db: db) }
  public var cdrs: CDRs { CDRs(db: db) }
  public var partners: Partners { Partners(db: db) }
  public var pushes: PushQueue { PushQueue(db: db) }
  public var commands: Commands { Commands(db: db) }
  public var events: Events { Events(db: db) }
  public var parked: ParkedMessages { ParkedMessages(db: db) }
  public var users: Users { Users(db: db) }
  public var keys: Keys { Keys(db: db) }
  public var analytics: Analytics { Analytics(db: db) }
}

/// What a pruning did.
nonisolated public struct Pruned: Equatable, Sendable {
  public let removed: Int
  /// More is left that is old enough: come again in another turn.
  public let isMoreLeft: Bool

  init(removed: Int) { (self.removed, isMoreLeft) = (removed, removed >= Limits.prunedAtOnce) }
}
