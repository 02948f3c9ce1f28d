import Domain
import Wire

/// The places where cars are charged, and how partners see them.
nonisolated public struct Locations {
  let db: Database

  public func location(_ id: ID<Location>) throws(StoreFault) -> Location? {
    if let known = db.cache?.locations[id] { return known }
    let found = try db.first(
      "SELECT * FROM location WHERE id = ?1 AND removed_at IS NULL", id, as: Location.init(row:))
    db.cache?.locations[id] = found
    return found
  }

  /// Also one that was taken away: what happened there did.
  public func known(_ id: ID<Location>) throws(StoreFault) -> Location? {
    if let standing = try location(id) { return standing }
    return try db.first("SELECT * FROM location WHERE id = ?1", id, as: Location.init(row:))
  }

  /// The one that partners know by that id.
  public func location(_ ref: String, of party: ID<Party>) throws(StoreFault) -> Location? {
    try db.first(
      "SELECT * FROM location WHERE party = ?1 AND ref = ?2 AND removed_at IS NULL", party, ref,
      as: Location.init(row:))
  }

  /// The oldest: where a station stands that nobody has placed.
  public func first() throws(StoreFault) -> Location? {
    try db.first("SELECT * FROM location WHERE removed_at IS NULL ORDER BY id LIMIT 1", as: Location.init(row:))
  }

  /// In the order of their making, after a cursor.
  public func list(after cursor: ID<Location>? = nil, limit: Int) throws(StoreFault) -> [Location] {
    try db.rows(
      "SELECT * FROM location WHERE id > ?1 AND removed_at IS NULL ORDER BY id LIMIT ?2", cursor?.value ?? 0,
      Limits.page(limit), as: Location.init(row:))
  }

  /// Keeps a new one; its id is given here. Under the ref of one that was taken away it is that one, back again: partners
  /// know one place by it.
  @discardableResult
  public func create(_ new: Location) throws(StoreFault) -> Location {
    var location = new
    let gone: Int64? = try db.value(
      "SELECT id FROM location WHERE party = ?1 AND ref = ?2 AND removed_at IS NOT NULL", new.party, new.ref)
    if let gone {
      location.id = ID(gone)
      try db.run(
        "UPDATE location SET removed_at = NULL, ref = ?2, created_at = ?3 WHERE id = ?1", gone, new.ref, new.createdAt)
      try update(location)
      return location
    }
    location.id = ID(
      try db.insert(
        """
        INSERT INTO location (party, ref, name, address, city, postal_code, state, country, latitude, longitude,
          time_zone, published, parking_type, always_open, created_at, updated_at, changed_at, details)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?16, ?17)
        """,
        new.party, new.ref, new.name, new.address, new.city, new.postalCode, new.state, new.country,
        new.coordinates.latitude, new.coordinates.longitude, new.timeZone, new.isPublished, new.parkingType?.rawValue,
        new.isAlwaysOpen, new.createdAt, new.updatedAt, new.details.storedIfAny))
    return location
  }

  /// Its party and ref never change.
  public func update(_ location: Location) throws(StoreFault) {
    try db.run(
      """
      UPDATE location SET name = ?2, address = ?3, city = ?4, postal_code = ?5, state = ?6, country = ?7, latitude = ?8,
        longitude = ?9, time_zone = ?10, published = ?11, parking_type = ?12, always_open = ?13, updated_at = ?14,
        changed_at = max(changed_at, ?14), details = ?15
      WHERE id = ?1
      """,
      location.id, location.name, location.address, location.city, location.postalCode, location.state,
      location.country, location.coordinates.latitude, location.coordinates.longitude, location.timeZone,
      location.isPublished, location.parkingType?.rawValue, location.isAlwaysOpen, location.updatedAt,
      location.details.storedIfAny)
  }

  /// Takes it away, with all that only meant something there. What partners may know of it stays.
  /// - Throws: `.constraint` while a station stands there, or a circuit is drawn.
  public func remove(_ id: ID<Location>, at now: Timestamp) throws(StoreFault) {
    try db.run("UPDATE location SET removed_at = ?2, changed_at = max(changed_at, ?2) WHERE id = ?1", id, now)
    try db.run("DELETE FROM site_surplus WHERE location = ?1", id)
    try db.run("DELETE FROM site_plan WHERE location = ?1", id)
    try db.run("DELETE FROM booking WHERE location = ?1", id)
    try db.run("DELETE FROM booking_location WHERE location = ?1", id)
    try db.run("DELETE FROM user_site WHERE location = ?1", id)
    try db.run("DELETE FROM key_site WHERE location = ?1", id)
  }

  /// Something that stands there changed: partners see it as a change of the location.
  public func touch(_ id: ID<Location>, at now: Timestamp) throws(StoreFault) {
    // Many things that stand at one location change in one turn, which has one time.
    if db.cache?.touched[id] == now { return }
    try db.following { () throws(StoreFault) in
      try db.run("UPDATE location SET changed_at = max(changed_at, ?2) WHERE id = ?1", id, now)
    }
    db.cache?.touched[id] = now
  }

  // MARK: As partners see them

  /// Also one that is not published, or gone: whether it may be shown is the caller's question.
  public func view(
    _ id: ID<Location>, by rules: PublishingRules = PublishingRules()
  ) throws(StoreFault) -> LocationView? {
    try views(
      of: db.rows(
        """
        SELECT location.*, party.country AS party_country, party.party AS party_name, party.business_name
        FROM location JOIN party ON party.id = location.party WHERE location.id = ?1
        """, id, as: LocationView.init(row:)), by: rules
    ).first
  }

  /// A published one of one of these parties, by the id that partners know; one that is gone is withdrawn.
  public func view(
    _ ref: String, of parties: [ID<Party>], by rules: PublishingRules = PublishingRules()
  ) throws(StoreFault) -> LocationView? {
    guard rules.shows(location: ref) else { return nil }
    for party in parties {
      let id: ID<Location>? = try db.value(
        "SELECT id FROM location WHERE party = ?1 AND ref = ?2 AND published", party, ref)
      if let id, let view = try view(id, by: rules) { return view.location.removedAt == nil ? view : view.withdrawn() }
    }
    return nil
  }

  /// The published ones of some parties, by their newest change, as far as a partner's rules let it see them.
  /// - Parameter goneToo: also those that were taken away, withdrawn: whoever asks what changed since a time must hear it.
  public func views(
    _ query: PageQuery, of parties: [ID<Party>], by rules: PublishingRules = PublishingRules(), goneToo: Bool = false
  ) throws(StoreFault) -> Page<LocationView> {
    let (only, hidden) = (rules.onlyLocations.map(jsonTexts), jsonTexts(rules.hiddenLocations ?? []))
    let total: Int? = try db.value(
      """
      SELECT count(*) FROM location
      WHERE party IN (SELECT value FROM json_each(?1)) AND published AND changed_at >= ?2 AND changed_at < ?3
        AND (?4 IS NULL OR ref IN (SELECT value COLLATE NOCASE FROM json_each(?4)))
        AND ref NOT IN (SELECT value COLLATE NOCASE FROM json_each(?5)) AND (?6 OR removed_at IS NULL)
      """, jsonList(parties), query.first, query.end, only, hidden, goneToo)
    let bare = try db.rows(
      """
      SELECT location.*, party.country AS party_country, party.party AS party_name, party.business_name
      FROM location JOIN party ON party.id = location.party
      WHERE location.party IN (SELECT value FROM json_each(?1)) AND published AND changed_at >= ?2 AND changed_at < ?3
        AND (?4 IS NULL OR ref IN (SELECT value COLLATE NOCASE FROM json_each(?4)))
        AND ref NOT IN (SELECT value COLLATE NOCASE FROM json_each(?5))
        AND (?6 IS NULL OR (changed_at, location.id) > (?6, ?7)) AND (?10 OR removed_at IS NULL)
      ORDER BY changed_at, location.id LIMIT ?8 OFFSET ?9
      """, jsonList(parties), query.begin, query.end, only, hidden, query.after?.time,
      query.after.map { Int64($0.id) ?? 0 }, query.rows, query.skipped, goneToo, as: LocationView.init(row:))
    let page = Page(bare, of: query, total: total ?? 0) {
      PageMark(time: $0.updatedAt, id: $0.location.id.description)
    }
    let views = try views(of: page.items, by: rules).map { $0.location.removedAt == nil ? $0 : $0.withdrawn() }
    return Page(items: views, total: page.total, rest: page.rest)
  }

  // MARK: What is gone

  /// An EVSE stands there no longer; partners go on hearing of it as REMOVED.
  /// - Parameter keepsName: false where it stands elsewhere now, under the id that is on its box (OCPI 2.2.1 §8.3.2 lets a
  ///   removed EVSE go without).
  public func bury(
    _ evse: PublishedEVSE, at location: ID<Location>, on now: Timestamp, keepsName: Bool = true
  ) throws(StoreFault) {
    var gone = evse.removed(at: now)
    if !keepsName { gone.evseID = nil }
    try db.run(
      """
      INSERT INTO gone_evse (uid, location, evse_id, body, removed_at) VALUES (?1, ?2, ?3, ?4, ?5)
      ON CONFLICT (uid) DO UPDATE SET location = excluded.location, body = excluded.body, removed_at = excluded.removed_at
      """, evse.uid, location, evse.evseID, gone.stored, now)
    try touch(location, at: now)
  }

  /// Whether that eMI3 id is, or ever was, that of another EVSE.
  public func isTaken(_ evseID: String, besides evse: ID<EVSE>) throws(StoreFault) -> Bool {
    let found: Int? = try db.value(
      """
      SELECT EXISTS (SELECT 1 FROM evse WHERE evse_id = ?1 COLLATE NOCASE AND id <> ?2)
        OR EXISTS (SELECT 1 FROM gone_evse WHERE evse_id = ?1)
      """, evseID, evse)
    return found == 1
  }

  /// Puts the EVSEs of stations that are accepted, or were once, into bare views: what partners know goes on being told.
  private func views(
    of bare: [LocationView], by rules: PublishingRules
  ) throws(StoreFault) -> [LocationView] {
    let ids = jsonList(bare.map(\.location.id))
    let placed = try db.rows(
      """
      SELECT evse.*, station.identity, station.location, station.registration, station.updated_at AS moved_at
      FROM evse JOIN station ON station.id = evse.station
      WHERE station.location IN (SELECT value FROM json_each(?1)) AND station.accepted_at IS NOT NULL
      ORDER BY station.id, evse.number
      """, ids
    ) { (row) throws(StoreFault) in
      var evse = try EVSE(row: row)
      if try row.word("registration") as Station.Registration != .accepted {
        (evse.status, evse.statusSince) = (.unavailable, try row.get("moved_at"))
      }
      return try (
        location: row.get("location") as ID<Location>, station: row.get("identity") as StationIdentity, evse: evse
      )
    }
    let plugs = try db.rows(
      """
      SELECT connector.*
      FROM connector JOIN evse ON evse.id = connector.evse JOIN station ON station.id = evse.station
      WHERE station.location IN (SELECT value FROM json_each(?1)) AND station.accepted_at IS NOT NULL
      ORDER BY connector.evse, connector.number
      """, ids
    ) { (row) throws(StoreFault) in
      try (evse: row.get("evse") as ID<EVSE>, connector: Connector(row: row))
    }
    let priced = Set(plugs.flatMap(\.connector.tariffs))
    let named = try db.rows(
      """
      SELECT id, ref, coalesce(json_extract(body, '$.type'), '') AS kind FROM tariff
      WHERE id IN (SELECT value FROM json_each(?1))
      """, jsonList(Array(priced))
    ) { (row) throws(StoreFault) in
      try (id: row.get("id") as ID<Tariff>, ref: row.get("ref") as String, kind: row.get("kind") as String)
    }
    let refOf = Dictionary(
      uniqueKeysWithValues: named.filter { rules.shows(tariff: $0.ref) }.map { ($0.id, (ref: $0.ref, kind: $0.kind)) })
    let gone = try db.rows(
      """
      SELECT location, body FROM gone_evse WHERE location IN (SELECT value FROM json_each(?1))
      ORDER BY location, removed_at, number
      """, ids
    ) { (row) throws(StoreFault) in
      try (location: row.get("location") as ID<Location>, evse: row.payload("body") as PublishedEVSE)
    }
    let goneFrom = Dictionary(grouping: gone, by: \.location)
    let plugsOf = Dictionary(grouping: plugs, by: \.evse)
    let placedAt = Dictionary(grouping: placed, by: \.location)
    return bare.map { bare in
      var view = bare
      view.gone = goneFrom[bare.location.id]?.map(\.evse) ?? []
      view.evses = (placedAt[bare.location.id] ?? []).map { place in
        var evse = place.evse
        let plugs = plugsOf[evse.id] ?? []
        evse.connectors = plugs.map(\.connector)
        // What a partner's drivers pay comes first: OCPI 2.1.1 has one tariff of a connector, and no kinds.
        let refs = evse.connectors.map { connector in
          let shown = connector.tariffs.compactMap { refOf[$0] }
          let regular = Tariff.Kind.regular.rawValue
          let (mine, other) = (
            shown.filter { [regular, ""].contains($0.kind) }, shown.filter { ![regular, ""].contains($0.kind) }
          )
          return (
            connector.id, (mine.filter { $0.kind == regular } + mine.filter { $0.kind.isEmpty } + other).map(\.ref)
          )
        }
        return EVSEView(evse: evse, station: place.station, tariffRefs: Dictionary(uniqueKeysWithValues: refs))
      }
      return view
    }
  }
}

/// Row numbers as the JSON list that `json_each` takes.
nonisolated func jsonList<Of>(_ ids: [ID<Of>]) -> JSON { .array(ids.map { .number(JSONNumber($0.value)) }) }

/// Texts as the JSON list that `json_each` takes.
nonisolated func jsonTexts(_ texts: [String]) -> JSON { .array(texts.map { .string($0) }) }

nonisolated extension Location {
  init(row: Row) throws(StoreFault) {
    let latitude: String = try row.get("latitude")
    guard let coordinates = try Coordinates(latitude: latitude, longitude: row.get("longitude")) else {
      throw row.cell("latitude").damaged("'\(latitude)' is no place on earth")
    }
    try self.init(
      id: row.get("id"), party: row.get("party"), ref: row.get("ref"), name: row.get("name"),
      address: row.get("address"), city: row.get("city"), postalCode: row.get("postal_code"), state: row.get("state"),
      country: row.get("country"), coordinates: coordinates, timeZone: row.get("time_zone"),
      isPublished: row.get("published"), parkingType: row.maybeWord("parking_type"),
      isAlwaysOpen: row.get("always_open"), details: row.maybePayload("details") ?? LocationDetails(),
      createdAt: row.get("created_at"), updatedAt: row.get("updated_at"), removedAt: row.get("removed_at"))
  }
}

nonisolated extension LocationView {
  /// Without its EVSEs.
  fileprivate init(row: Row) throws(StoreFault) {
    try self.init(
      location: Location(row: row), party: PartyID(country: row.get("party_country"), party: row.get("party_name")),
      operatorName: row.get("business_name"), evses: [], updatedAt: row.get("changed_at"))
  }
}
