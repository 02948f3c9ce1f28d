import Domain
import Wire

/// A certificate that one of our authorities signed.
nonisolated public struct IssuedCertificate: Sendable, Equatable {
  public enum Purpose: String, Word { case station, v2g, door }

  public var id: ID<IssuedCertificate>
  public var authority: AuthorityPurpose
  /// Upper-case hex.
  public var serial: String
  public var purpose: Purpose
  public var commonName: String
  public var station: ID<Station>?
  /// Leaf first, without the root.
  public var pem: String
  public var issuedAt: Timestamp
  public var expiresAt: Timestamp
  public var issuedBy: String
  public var revokedAt: Timestamp?
  public var revokedBecause: String?

  public init(
    authority: AuthorityPurpose, serial: String, purpose: Purpose, commonName: String, station: ID<Station>?,
    pem: String, issuedAt: Timestamp, expiresAt: Timestamp, issuedBy: String
  ) {
    id = ID(0)
    (self.authority, self.serial, self.purpose, self.commonName) = (authority, serial, purpose, commonName)
    (self.station, self.pem, self.issuedAt, self.expiresAt) = (station, pem, issuedAt, expiresAt)
    self.issuedBy = issuedBy
  }
}

/// A station's wish to be certified, and how far it is.
nonisolated public struct CertificateRequest: Sendable, Equatable {
  public enum Phase: String, Word {
    /// Signed; the certificate waits to be sent, or is under way.
    case signed
    /// The station took it.
    case accepted
    /// We did not sign it.
    case refused
    /// The station did not take it.
    case failed
  }

  public var id: ID<CertificateRequest>
  public var station: ID<Station>
  public var kind: StationCertificateKind
  public var number: Int64?
  public var digest: String
  public var phase: Phase
  public var reason: String?
  public var serial: String?
  public var attempts: Int
  public var dueAt: Timestamp?
  public var command: String?
  public var at: Timestamp

  public init(
    station: ID<Station>, kind: StationCertificateKind, number: Int64?, digest: String, phase: Phase,
    reason: String? = nil, serial: String? = nil, dueAt: Timestamp? = nil, at: Timestamp
  ) {
    id = ID(0)
    (self.station, self.kind, self.number, self.digest, self.phase) = (station, kind, number, digest, phase)
    (self.reason, self.serial, self.dueAt, self.at) = (reason, serial, dueAt, at)
    attempts = 0
  }
}

/// A root that we trust for some use.
nonisolated public struct TrustedRoot: Sendable, Equatable {
  public var id: ID<TrustedRoot>
  public var use: CertificateUse
  public var name: String
  /// SHA-256, lower-case hex.
  public var fingerprint: String
  public var pem: String
  public var expiresAt: Timestamp
  public var addedAt: Timestamp

  public init(
    use: CertificateUse, name: String, fingerprint: String, pem: String, expiresAt: Timestamp, addedAt: Timestamp
  ) {
    id = ID(0)
    (self.use, self.name, self.fingerprint, self.pem) = (use, name, fingerprint, pem)
    (self.expiresAt, self.addedAt) = (expiresAt, addedAt)
  }
}

/// Certificates: issued, asked for, held by stations, trusted, and what responders said of them.
nonisolated public struct Certificates {
  let db: Database

  // MARK: Issued

  public func insert(_ certificate: IssuedCertificate) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO issued_certificate
        (authority, serial, purpose, common_name, station, pem, issued_at, expires_at, issued_by)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
      """, certificate.authority.rawValue, certificate.serial, certificate.purpose.rawValue, certificate.commonName,
      certificate.station, certificate.pem, certificate.issuedAt, certificate.expiresAt, certificate.issuedBy)
  }

  public func issued(_ serial: String) throws(StoreFault) -> IssuedCertificate? {
    try db.first("SELECT * FROM issued_certificate WHERE serial = ?1", serial, as: IssuedCertificate.init(row:))
  }

  /// The newest first, of one station or of all, before a cursor.
  public func issued(
    to station: ID<Station>? = nil, before cursor: ID<IssuedCertificate>? = nil, limit: Int
  ) throws(StoreFault) -> [IssuedCertificate] {
    try db.rows(
      """
      SELECT * FROM issued_certificate WHERE (?1 IS NULL OR station = ?1) AND id < ?2 ORDER BY id DESC LIMIT ?3
      """, station, cursor?.value ?? .max, Limits.page(limit), as: IssuedCertificate.init(row:))
  }

  /// False where it was revoked before.
  public func revoke(_ serial: String, because why: String, at now: Timestamp) throws(StoreFault) -> Bool {
    try db.run(
      "UPDATE issued_certificate SET revoked_at = ?2, revoked_because = ?3 WHERE serial = ?1 AND revoked_at IS NULL",
      serial, now, why) > 0
  }

  /// Those that the revocation list names: revoked, and not at their end.
  public func revoked(by authority: AuthorityPurpose, at now: Timestamp) throws(StoreFault) -> [IssuedCertificate] {
    try db.rows(
      """
      SELECT * FROM issued_certificate WHERE authority = ?1 AND revoked_at IS NOT NULL AND expires_at > ?2
      ORDER BY revoked_at
      """, authority.rawValue, now, as: IssuedCertificate.init(row:))
  }

  public func pruneIssued(expiredBefore time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM issued_certificate WHERE id IN (
          SELECT id FROM issued_certificate WHERE expires_at < ?1 LIMIT ?2)
        """, time, Limits.prunedAtOnce))
  }

  // MARK: Asked for

  @discardableResult
  public func insert(_ request: CertificateRequest) throws(StoreFault) -> ID<CertificateRequest> {
    ID(
      try db.insert(
        """
        INSERT INTO certificate_request (station, kind, number, digest, phase, reason, serial, due_at, at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        """, request.station, request.kind.rawValue, request.number, request.digest, request.phase.rawValue,
        request.reason, request.serial, request.dueAt, request.at))
  }

  public func update(_ request: CertificateRequest) throws(StoreFault) {
    try db.run(
      """
      UPDATE certificate_request SET number = ?2, phase = ?3, reason = ?4, attempts = ?5, due_at = ?6, command = ?7
      WHERE id = ?1
      """, request.id, request.number, request.phase.rawValue, request.reason, request.attempts, request.dueAt,
      request.command)
  }

  public func request(carriedBy command: String) throws(StoreFault) -> CertificateRequest? {
    try db.first(
      "SELECT * FROM certificate_request WHERE command = ?1", command, as: CertificateRequest.init(row:))
  }

  /// The newest first.
  public func requests(of station: ID<Station>, limit: Int) throws(StoreFault) -> [CertificateRequest] {
    try db.rows(
      "SELECT * FROM certificate_request WHERE station = ?1 ORDER BY id DESC LIMIT ?2", station, Limits.page(limit),
      as: CertificateRequest.init(row:))
  }

  /// Those whose certificate is to be sent now.
  public func requestsDue(at now: Timestamp, limit: Int) throws(StoreFault) -> [CertificateRequest] {
    try db.rows(
      "SELECT * FROM certificate_request WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2", now, Limits.page(limit),
      as: CertificateRequest.init(row:))
  }

  public func pruneRequests(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM certificate_request WHERE id IN (
          SELECT id FROM certificate_request WHERE at < ?1 AND phase <> 'signed' LIMIT ?2)
        """, time, Limits.prunedAtOnce))
  }

  /// True where the station was not told to renew since that time; then it counts as told now.
  public func asksForRenewal(_ station: ID<Station>, since time: Timestamp, at now: Timestamp) throws(StoreFault)
    -> Bool
  {
    try db.run(
      """
      INSERT INTO certificate_renewal (station, asked_at) VALUES (?1, ?2)
      ON CONFLICT (station) DO UPDATE SET asked_at = excluded.asked_at WHERE asked_at < ?3
      """, station, now, time) > 0
  }

  // MARK: Held by stations

  /// A station told all that it holds for those uses; for every use where there are none.
  public func replaceHeld(
    by station: ID<Station>, uses: [CertificateUse], with told: [(key: String, certificate: HeldCertificate)],
    at now: Timestamp
  ) throws(StoreFault) {
    for use in uses.isEmpty ? CertificateUse.allCases : uses {
      try db.run("DELETE FROM held_certificate WHERE station = ?1 AND use = ?2", station, use.rawValue)
    }
    for (key, certificate) in told.prefix(Limits.heldCertificates) {
      try hold(certificate, key: key, by: station, at: now)
    }
  }

  public func hold(
    _ certificate: HeldCertificate, key: String, by station: ID<Station>, at now: Timestamp
  ) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO held_certificate (station, use, key, body, seen_at) VALUES (?1, ?2, ?3, ?4, ?5)
      ON CONFLICT (station, use, key) DO UPDATE SET body = excluded.body, seen_at = excluded.seen_at
      """, station, certificate.use.rawValue, key, certificate.stored, now)
  }

  public func forgetHeld(_ key: String, by station: ID<Station>) throws(StoreFault) {
    try db.run("DELETE FROM held_certificate WHERE station = ?1 AND key = ?2", station, key)
  }

  public func held(by station: ID<Station>) throws(StoreFault) -> [(certificate: HeldCertificate, seenAt: Timestamp)] {
    try db.rows("SELECT * FROM held_certificate WHERE station = ?1 ORDER BY use, key", station) {
      (row) throws(StoreFault) in try (row.payload("body"), row.get("seen_at"))
    }
  }

  // MARK: Trusted

  /// - Throws: `.constraint` where it is trusted for that use already.
  public func insert(_ root: TrustedRoot) throws(StoreFault) -> ID<TrustedRoot> {
    ID(
      try db.insert(
        """
        INSERT INTO trusted_root (use, name, fingerprint, pem, expires_at, added_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        """, root.use.rawValue, root.name, root.fingerprint, root.pem, root.expiresAt, root.addedAt))
  }

  public func root(_ id: ID<TrustedRoot>) throws(StoreFault) -> TrustedRoot? {
    try db.first("SELECT * FROM trusted_root WHERE id = ?1", id, as: TrustedRoot.init(row:))
  }

  /// Of one use, or all.
  public func roots(for use: CertificateUse? = nil) throws(StoreFault) -> [TrustedRoot] {
    try db.rows(
      "SELECT * FROM trusted_root WHERE ?1 IS NULL OR use = ?1 ORDER BY use, name, id", use?.rawValue,
      as: TrustedRoot.init(row:))
  }

  public func removeRoot(_ id: ID<TrustedRoot>) throws(StoreFault) {
    try db.run("DELETE FROM trusted_root WHERE id = ?1", id)
  }

  // MARK: OCSP

  public func answer(about key: String, at now: Timestamp) throws(StoreFault) -> Bytes? {
    try db.value("SELECT answer FROM ocsp_answer WHERE key = ?1 AND good_until > ?2", key, now)
  }

  public func keep(answer: Bytes, about key: String, until end: Timestamp) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO ocsp_answer (key, answer, good_until) VALUES (?1, ?2, ?3)
      ON CONFLICT (key) DO UPDATE SET answer = excluded.answer, good_until = excluded.good_until
      """, key, answer, end)
  }

  public func pruneAnswers(before now: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        "DELETE FROM ocsp_answer WHERE key IN (SELECT key FROM ocsp_answer WHERE good_until < ?1 LIMIT ?2)", now,
        Limits.prunedAtOnce))
  }
}

nonisolated extension IssuedCertificate {
  init(row: Row) throws(StoreFault) {
    id = try row.get("id")
    authority = try row.word("authority")
    serial = try row.get("serial")
    purpose = try row.word("purpose")
    commonName = try row.get("common_name")
    station = try row.get("station")
    pem = try row.get("pem")
    issuedAt = try row.get("issued_at")
    expiresAt = try row.get("expires_at")
    issuedBy = try row.get("issued_by")
    revokedAt = try row.get("revoked_at")
    revokedBecause = try row.get("revoked_because")
  }
}

nonisolated extension CertificateRequest {
  init(row: Row) throws(StoreFault) {
    id = try row.get("id")
    station = try row.get("station")
    kind = try row.word("kind")
    number = try row.get("number")
    digest = try row.get("digest")
    phase = try row.word("phase")
    reason = try row.get("reason")
    serial = try row.get("serial")
    attempts = try row.get("attempts")
    dueAt = try row.get("due_at")
    command = try row.get("command")
    at = try row.get("at")
  }
}

nonisolated extension TrustedRoot {
  init(row: Row) throws(StoreFault) {
    id = try row.get("id")
    use = try row.word("use")
    name = try row.get("name")
    fingerprint = try row.get("fingerprint")
    pem = try row.get("pem")
    expiresAt = try row.get("expires_at")
    addedAt = try row.get("added_at")
  }
}
