import Domain
import Wire

/// Which tokens a list shows; what is nil does not matter.
nonisolated public struct TokenFilter: Sendable, Equatable {
  /// In the uid, visual number, contract or issuer.
  public var text: String?
  /// Only our own, or only those of partners.
  public var isOurs: Bool?
  public var partner: ID<Partner>?

  public init(text: String? = nil, isOurs: Bool? = nil, partner: ID<Partner>? = nil) {
    (self.text, self.isOurs, self.partner) = (text, isOurs, partner)
  }
}

/// By what a list of tokens can be sorted, as the API names it.
nonisolated public enum TokenColumn: String, Word {
  case uid, type, valid, visualNumber = "visual_number", contractID = "contract_id", groupID = "group_id", issuer,
    whitelist, validUntil = "valid_until", owner, createdAt = "created_at", updatedAt = "updated_at"
}

/// What became of a token that a partner sent.
nonisolated public enum TokenPut: Sendable, Equatable {
  case created(ID<Token>)
  case replaced(ID<Token>)
  /// We hold a newer one.
  case ignored(ID<Token>)
}

/// The name under which a token travels to a station for one remote start.
nonisolated public struct TagAlias: Sendable, Equatable {
  /// Hex digits: what every 1.6 station can hold.
  public static let length = 16

  public let alias: String
  public let command: String
  public let station: ID<Station>
  /// The session that it began; it begins no other.
  public let session: String?
  public let createdAt: Timestamp
}

/// A tag that was shown and that nobody knows.
nonisolated public struct UnknownTag: Sendable, Equatable {
  public let uid: String
  public let station: ID<Station>
  public let count: Int
  public let lastAt: Timestamp
}

/// Who may charge.
nonisolated public struct Tokens {
  let db: Database

  public func token(_ id: ID<Token>) throws(StoreFault) -> Token? {
    try db.first("SELECT * FROM token WHERE id = ?1", id, as: Token.init(row:))
  }

  /// All with that uid, whoever issued them and whatever their kind; ours first.
  public func tokens(folded uid: String) throws(StoreFault) -> [Token] {
    if let known = db.cache?.tokens[uid] { return known }
    let found = try db.rows(
      "SELECT * FROM token WHERE folded_uid = ?1 ORDER BY owner IS NOT NULL, id", uid, as: Token.init(row:))
    // Strangers' tags are asked for rarely and are without number.
    if !found.isEmpty { db.cache?.tokens[uid] = found }
    return found
  }

  /// Those of a contract, whose id is compared without hyphens (OCPP 2.0.1 C07); ours first.
  public func tokens(contract: String) throws(StoreFault) -> [Token] {
    try db.rows(
      """
      SELECT * FROM token WHERE replace(lower(contract_id), '-', '') = ?1 AND contract_id <> ''
      ORDER BY owner IS NOT NULL, id LIMIT ?2
      """, Token.fold(contract).filter { $0 != "-" }, Limits.pageRows, as: Token.init(row:))
  }

  /// One of our own by what is printed on it, where that names exactly one that is valid.
  public func ours(visualNumber: String) throws(StoreFault) -> Token? {
    let found = try db.rows(
      "SELECT * FROM token WHERE owner IS NULL AND valid AND visual_number = ?1 LIMIT 2", visualNumber,
      as: Token.init(row:))
    return found.count == 1 ? found[0] : nil
  }

  /// One that this partner gave us.
  public func token(_ key: TokenKey, from partner: ID<Partner>) throws(StoreFault) -> Token? {
    try db.first(
      """
      SELECT token.* FROM token JOIN partner_role ON partner_role.id = token.owner
      WHERE token.folded_uid = ?1 AND token.kind = ?2
        AND partner_role.partner = ?3 AND partner_role.country = ?4 AND partner_role.party = ?5
      ORDER BY token.id
      """, Token.fold(key.uid), key.kind.rawValue, partner, key.party.country, key.party.party, as: Token.init(row:))
  }

  /// By the whole of its key: `owner` is nil for our own.
  public func token(_ uid: String, _ kind: Token.Kind, owner: ID<PartnerRole>?) throws(StoreFault) -> Token? {
    try db.first(
      "SELECT * FROM token WHERE folded_uid = ?1 AND kind = ?2 AND coalesce(owner, 0) = ?3",
      Token.fold(uid), kind.rawValue, owner?.value ?? 0, as: Token.init(row:))
  }

  /// Ours that OCPI has a word for, as partners page through them: by the time of their last change.
  public func offered(_ query: PageQuery) throws(StoreFault) -> Page<Token> {
    let total: Int =
      try db.value(
        """
        SELECT count(*) FROM token
        WHERE owner IS NULL AND kind IN ('RFID', 'APP_USER', 'AD_HOC_USER', 'OTHER', 'EMAID')
          AND updated_at >= ?1 AND (?2 IS NULL OR updated_at < ?2)
        """, query.from ?? .epoch, query.to) ?? 0
    let items = try db.rows(
      """
      SELECT * FROM token
      WHERE owner IS NULL AND kind IN ('RFID', 'APP_USER', 'AD_HOC_USER', 'OTHER', 'EMAID')
        AND updated_at >= ?1 AND (?2 IS NULL OR updated_at < ?2)
      ORDER BY updated_at, id LIMIT ?3 OFFSET ?4
      """, query.from ?? .epoch, query.to, Limits.page(query.limit), query.offset, as: Token.init(row:))
    return Page(items: items, total: total)
  }

  /// Ours of a contract, written in any letter case.
  public func ours(contract: String) throws(StoreFault) -> Token? {
    guard !contract.isEmpty else { return nil }
    return try tokens(contract: contract).first { $0.owner == nil }
  }

  /// In the order of their coming, after a cursor.
  public func list(
    _ filter: TokenFilter = TokenFilter(), after cursor: ID<Token>? = nil, limit: Int
  ) throws(StoreFault) -> [Token] {
    try db.rows(
      """
      SELECT * FROM token
      WHERE id > ?1
        AND (?2 IS NULL OR uid LIKE ?2 ESCAPE '\\' OR visual_number LIKE ?2 ESCAPE '\\' OR contract_id LIKE ?2 ESCAPE
          '\\' OR issuer LIKE ?2 ESCAPE '\\')
        AND (?3 IS NULL OR (owner IS NULL) = ?3)
        AND (?4 IS NULL OR owner IN (SELECT id FROM partner_role WHERE partner = ?4))
      ORDER BY id LIMIT ?5
      """,
      cursor?.value ?? 0, filter.text.map(pattern(containing:)), filter.isOurs, filter.partner, Limits.page(limit),
      as: Token.init(row:))
  }

  /// In another order; nil where the filter leaves too many.
  public func list(
    _ filter: TokenFilter, by order: Sorting<TokenColumn>, limit: Int
  ) throws(StoreFault) -> [Ranked<Token>]? {
    try db.ranks(
      """
      WITH found (number, value) AS MATERIALIZED (
        SELECT id, coalesce(
          CASE ?1
            WHEN 'uid' THEN folded_uid
            WHEN 'type' THEN kind
            WHEN 'valid' THEN valid
            WHEN 'visual_number' THEN lower(visual_number)
            WHEN 'contract_id' THEN lower(contract_id)
            WHEN 'group_id' THEN lower(group_id)
            WHEN 'issuer' THEN lower(issuer)
            WHEN 'whitelist' THEN whitelist
            WHEN 'valid_until' THEN coalesce(valid_until, 9223372036854775807)
            WHEN 'owner' THEN (SELECT lower(name) FROM partner WHERE id =
              (SELECT partner FROM partner_role WHERE id = token.owner))
            WHEN 'created_at' THEN created_at
            WHEN 'updated_at' THEN updated_at END,
          -9223372036854775807)
        FROM token
        WHERE (?7 IS NULL OR uid LIKE ?7 ESCAPE '\\' OR visual_number LIKE ?7 ESCAPE '\\'
            OR contract_id LIKE ?7 ESCAPE '\\' OR issuer LIKE ?7 ESCAPE '\\')
          AND (?8 IS NULL OR (owner IS NULL) = ?8)
          AND (?9 IS NULL OR owner IN (SELECT id FROM partner_role WHERE partner = ?9))
        LIMIT ?6)
      """, by: order, limit: limit, filter.text.map(pattern(containing:)), filter.isOurs, filter.partner
    )?.items { (number) throws(StoreFault) in try token(ID(number)) }
  }

  /// Keeps a new one; its id is given here.
  /// - Throws: `.constraint` where its key is taken.
  @discardableResult
  public func create(_ new: Token) throws(StoreFault) -> Token {
    var token = new
    token.id = ID(
      try db.insert(
        """
        INSERT INTO token (owner, uid, folded_uid, kind, contract_id, visual_number, issuer, group_id, valid, whitelist,
          language, valid_until, created_at, updated_at, credit, priority, sessions_at_once, places, preference,
          transfers)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)
        """,
        new.owner, new.uid, new.foldedUID, new.kind.rawValue, new.contractID, new.visualNumber, new.issuer, new.groupID,
        new.isValid, new.whitelist.rawValue, new.language, new.validUntil, new.createdAt, new.updatedAt, new.credit,
        new.priority, new.sessionsAtOnce, new.storedPlaces, new.preference?.rawValue, new.storedTransfers))
    return token
  }

  /// Creates or replaces the token of its uid, kind and owner; an older one than ours changes nothing.
  public func put(_ token: Token) throws(StoreFault) -> TokenPut {
    guard let held = try self.token(token.uid, token.kind, owner: token.owner) else {
      return .created(try create(token).id)
    }
    guard token.updatedAt >= held.updatedAt else { return .ignored(held.id) }
    var newer = token
    newer.id = held.id
    // What the operator says of a partner's token its owner knows nothing of.
    newer.priority = token.priority ?? held.priority
    newer.sessionsAtOnce = token.sessionsAtOnce ?? held.sessionsAtOnce
    newer.places = token.places ?? held.places
    newer.transfers = token.transfers ?? held.transfers
    try update(newer)
    return .replaced(held.id)
  }

  /// Its owner never changes.
  public func update(_ token: Token) throws(StoreFault) {
    try db.run(
      """
      UPDATE token SET uid = ?2, folded_uid = ?3, kind = ?4, contract_id = ?5, visual_number = ?6, issuer = ?7,
        group_id = ?8, valid = ?9, whitelist = ?10, language = ?11, valid_until = ?12, updated_at = ?13, credit = ?14,
        priority = ?15, sessions_at_once = ?16, places = ?17, preference = ?18, transfers = ?19
      WHERE id = ?1
      """,
      token.id, token.uid, token.foldedUID, token.kind.rawValue, token.contractID, token.visualNumber, token.issuer,
      token.groupID, token.isValid, token.whitelist.rawValue, token.language, token.validUntil, token.updatedAt,
      token.credit, token.priority, token.sessionsAtOnce, token.storedPlaces, token.preference?.rawValue,
      token.storedTransfers)
  }

  /// A session of one of our own tokens cost that much: where it was paid for before, that much less is left.
  public func spend(_ cost: Money, of token: ID<Token>) throws(StoreFault) {
    try db.run(
      "UPDATE token SET credit = credit - ?2 WHERE id = ?1 AND owner IS NULL AND credit IS NOT NULL", token, cost)
  }

  public func remove(_ id: ID<Token>) throws(StoreFault) { try db.run("DELETE FROM token WHERE id = ?1", id) }

  // MARK: Aliases

  /// `alias` is random and comes from the caller.
  public func makeAlias(
    _ alias: String, for command: String, at station: ID<Station>, at now: Timestamp
  ) throws(StoreFault) {
    try db.run(
      "INSERT INTO tag_alias (alias, command, station, created_at) VALUES (?1, ?2, ?3, ?4)",
      Token.fold(alias), command, station, now)
  }

  /// Good at the station that it was made for only.
  public func alias(_ tag: String, at station: ID<Station>) throws(StoreFault) -> TagAlias? {
    let folded = Token.fold(tag)
    guard folded.utf8.count == TagAlias.length else { return nil }
    return try db.first("SELECT * FROM tag_alias WHERE alias = ?1 AND station = ?2", folded, station) {
      (row) throws(StoreFault) in
      try TagAlias(
        alias: row.get("alias"), command: row.get("command"), station: row.get("station"), session: row.get("session"),
        createdAt: row.get("created_at"))
    }
  }

  /// It began a session. False where it had begun one already.
  @discardableResult
  public func useAlias(_ tag: String, for session: String) throws(StoreFault) -> Bool {
    try db.run("UPDATE tag_alias SET session = ?2 WHERE alias = ?1 AND session IS NULL", Token.fold(tag), session) > 0
  }

  public func pruneAliases(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        "DELETE FROM tag_alias WHERE alias IN (SELECT alias FROM tag_alias WHERE created_at < ?1 LIMIT ?2)",
        time, Limits.prunedAtOnce))
  }

  // MARK: Strangers

  /// Remembers a tag that nobody knows, so that the operator can make a token of it.
  public func noteUnknownTag(_ tag: String, at station: ID<Station>, at now: Timestamp) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO unknown_tag (folded_uid, uid, station, count, last_at) VALUES (?1, ?2, ?3, 1, ?4)
      ON CONFLICT (folded_uid) DO UPDATE SET station = excluded.station, count = count + 1, last_at = excluded.last_at
      """, Token.fold(tag), tag, station, now)
    try db.run(
      """
      DELETE FROM unknown_tag WHERE folded_uid IN (
        SELECT folded_uid FROM unknown_tag ORDER BY last_at
        LIMIT max(0, (SELECT count(*) FROM unknown_tag) - ?1))
      """, Limits.unknownTags)
  }

  /// The newest first.
  public func unknownTags(limit: Int) throws(StoreFault) -> [UnknownTag] {
    try db.rows("SELECT * FROM unknown_tag ORDER BY last_at DESC LIMIT ?1", Limits.page(limit)) {
      (row) throws(StoreFault) in
      try UnknownTag(
        uid: row.get("uid"), station: row.get("station"), count: row.get("count"), lastAt: row.get("last_at"))
    }
  }

  /// It became a token, or the operator does not care.
  public func forgetUnknownTag(_ tag: String) throws(StoreFault) {
    try db.run("DELETE FROM unknown_tag WHERE folded_uid = ?1", Token.fold(tag))
  }
}

nonisolated extension Token {
  init(row: Row) throws(StoreFault) {
    try self.init(
      id: row.get("id"), owner: row.get("owner"), uid: row.get("uid"), kind: row.word("kind"),
      contractID: row.get("contract_id"), visualNumber: row.get("visual_number"), issuer: row.get("issuer"),
      groupID: row.get("group_id"), isValid: row.get("valid"), whitelist: row.word("whitelist"),
      language: row.get("language"), validUntil: row.get("valid_until"), credit: row.get("credit"),
      priority: row.get("priority"), sessionsAtOnce: row.get("sessions_at_once"), places: Self.places(row),
      preference: row.maybeWord("preference"), transfers: Self.transfers(row), createdAt: row.get("created_at"),
      updatedAt: row.get("updated_at"))
  }

  private static func places(_ row: Row) throws(StoreFault) -> [TokenPlace]? {
    let kept: KeptPlaces? = try row.maybePayload("places")
    return kept?.places
  }

  /// `dc ac_three_phases`
  private static func transfers(_ row: Row) throws(StoreFault) -> [EnergyTransfer]? {
    let words: String? = try row.get("transfers")
    return words.map { $0.split(separator: " ").compactMap { EnergyTransfer(rawValue: String($0)) } }
  }

  fileprivate var storedTransfers: String? { transfers.map { $0.map(\.rawValue).joined(separator: " ") } }

  fileprivate var storedPlaces: WrittenText? {
    places.map { places in
      var kept = KeptPlaces()
      kept.places = places
      return kept.stored
    }
  }
}

/// `{"places": [{"location": 1}, {"station": "CP-1", "evse": 1}]}`
nonisolated private struct KeptPlaces: Payload {
  var places: [TokenPlace] = []

  mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("places", &places) }
}
