import Domain
import Wire

/// Verdicts that partners gave a moment ago: the start that follows an Authorize cannot wait for them again.
nonisolated public struct Authorizations {
  let db: Database

  /// The verdict on a tag at a station; nil where there is none that still holds.
  public func remembered(_ tag: String, at station: ID<Station>, at now: Timestamp) throws(StoreFault) -> Authorization?
  {
    try db.first(
      "SELECT * FROM remembered_authorization WHERE station = ?1 AND folded_uid = ?2 AND good_until > ?3",
      station, Token.fold(tag), now, as: Authorization.init(row:))
  }

  /// A newer verdict replaces the older one.
  public func remember(
    _ verdict: Authorization, station: ID<Station>, tag: String, until: Timestamp
  ) throws(StoreFault) {
    let holder = verdict.holder
    try db.run(
      """
      INSERT OR REPLACE INTO remembered_authorization (station, folded_uid, verdict, group_id, valid_until, token,
        owner, holder_group, method, reference, good_until)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
      """,
      station, Token.fold(tag), verdict.verdict.rawValue, verdict.groupID, verdict.validUntil, holder?.token.stored,
      holder?.owner, holder?.groupID, holder?.method.rawValue, holder?.reference, until)
  }

  /// Removes those that hold no longer.
  public func prune(at now: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM remembered_authorization WHERE (station, folded_uid) IN (
          SELECT station, folded_uid FROM remembered_authorization WHERE good_until <= ?1 LIMIT ?2)
        """, now, Limits.prunedAtOnce))
  }
}

nonisolated extension Authorization {
  init(row: Row) throws(StoreFault) {
    let token: TokenReference? = try row.maybePayload("token")
    let holder: Session.Holder? =
      if let token {
        try Session.Holder(
          token: token, owner: row.get("owner"), groupID: row.get("holder_group"), method: row.word("method"),
          reference: row.get("reference"))
      } else { nil }
    try self.init(row.word("verdict"), holder: holder, groupID: row.get("group_id"), validUntil: row.get("valid_until"))
  }
}
