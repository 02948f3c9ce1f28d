import Domain
import Wire

/// What somebody filtered a screen by, under a name of their own.
nonisolated public struct SavedView: Sendable, Equatable {
  /// Views of one user, and characters of a view's screen, name and query; more are refused.
  public static let mostOfUser = 100
  public static let longestName = 60
  public static let longestQuery = 1_000

  public var id: ID<SavedView>
  /// The first part of its address, such as `stations`.
  public var screen: String
  public var name: String
  /// Of its address, without the question mark.
  public var query: String

  public init(id: ID<SavedView> = ID(0), screen: String, name: String, query: String) {
    (self.id, self.screen, self.name, self.query) = (id, screen, name, query)
  }
}

/// The filters that users gave names.
nonisolated public struct SavedViews {
  let db: Database

  /// By screen and name.
  public func list(of user: ID<User>) throws(StoreFault) -> [SavedView] {
    try db.rows("SELECT * FROM saved_view WHERE user = ?1 ORDER BY screen, name, id", user, as: SavedView.init(row:))
  }

  /// Keeps one, in the place of an older one of that name.
  public func keep(_ view: SavedView, of user: ID<User>) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO saved_view (user, screen, name, query) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT (user, screen, name) DO UPDATE SET query = excluded.query
      """, user, view.screen, view.name, view.query)
  }

  /// False where it is not there, or somebody else's.
  public func remove(_ id: ID<SavedView>, of user: ID<User>) throws(StoreFault) -> Bool {
    try db.run("DELETE FROM saved_view WHERE id = ?1 AND user = ?2", id, user) > 0
  }
}

nonisolated extension SavedView {
  fileprivate init(row: Row) throws(StoreFault) {
    try self.init(id: row.get("id"), screen: row.get("screen"), name: row.get("name"), query: row.get("query"))
  }
}
