import Domain
import Wire

/// Our own parties.
nonisolated public struct Parties {
  let db: Database

  public func all() throws(StoreFault) -> [Party] {
    try db.rows("SELECT * FROM party ORDER BY id", as: Party.init(row:))
  }

  public func party(_ id: ID<Party>) throws(StoreFault) -> Party? {
    if let known = db.cache?.parties[id] { return known }
    let found = try db.first("SELECT * FROM party WHERE id = ?1", id, as: Party.init(row:))
    db.cache?.parties[id] = found
    return found
  }

  /// Ours of that name, in any role.
  public func party(_ name: PartyID) throws(StoreFault) -> Party? {
    try db.first(
      "SELECT * FROM party WHERE country = ?1 AND party = ?2 ORDER BY id", name.country, name.party,
      as: Party.init(row:))
  }

  /// The party that operates stations; the first where there are several.
  public func cpo() throws(StoreFault) -> Party? {
    if let known = db.cache?.operatingParty { return known }
    let found = try db.first("SELECT * FROM party WHERE role = 'CPO' ORDER BY id", as: Party.init(row:))
    db.cache?.operatingParty = found
    return found
  }

  /// The party that provides drivers; the first where there are several.
  public func provider() throws(StoreFault) -> Party? {
    try db.first("SELECT * FROM party WHERE role = 'EMSP' ORDER BY id", as: Party.init(row:))
  }

  /// Keeps a new one; its id is given here.
  @discardableResult
  public func create(_ new: Party) throws(StoreFault) -> Party {
    var party = new
    party.id = ID(
      try db.insert(
        "INSERT INTO party (country, party, role, business_name, website) VALUES (?1, ?2, ?3, ?4, ?5)",
        new.name.country, new.name.party, new.role.rawValue, new.businessName, new.website))
    return party
  }

  public func update(_ party: Party) throws(StoreFault) {
    try db.run(
      "UPDATE party SET country = ?2, party = ?3, role = ?4, business_name = ?5, website = ?6 WHERE id = ?1",
      party.id, party.name.country, party.name.party, party.role.rawValue, party.businessName, party.website)
  }
}

nonisolated extension Party {
  init(row: Row) throws(StoreFault) {
    try self.init(
      id: row.get("id"), name: PartyID(country: row.get("country"), party: row.get("party")), role: row.word("role"),
      businessName: row.get("business_name"), website: row.get("website"))
  }
}
