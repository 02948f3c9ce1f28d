/// Small named values that the house keeps between starts.
nonisolated public struct Settings {
  let db: Database

  public func value(_ name: String) throws(StoreFault) -> String? {
    try db.value("SELECT value FROM setting WHERE name = ?1", name)
  }

  /// Nil removes it.
  public func set(_ name: String, _ value: String?) throws(StoreFault) {
    guard let value else {
      try db.run("DELETE FROM setting WHERE name = ?1", name)
      return
    }
    try db.run(
      "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name,
      value)
  }

  public func all() throws(StoreFault) -> [String: String] {
    let pairs = try db.rows("SELECT name, value FROM setting") { (row) throws(StoreFault) in
      try (row.get("name") as String, row.get("value") as String)
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }
}
