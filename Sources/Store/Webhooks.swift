import Domain
import Wire

/// A program that is told what happens.
nonisolated public struct Webhook: Sendable, Equatable {
  public var id: ID<Webhook>
  public var name: String
  public var url: String
  public var secret: String
  /// Beginnings of kinds, such as `session.` or `station.alert`; every event where it is empty.
  public var kinds: [String]
  public var allowsPrivate: Bool
  public var isPaused: Bool
  /// The newest event that it was told or that was passed over.
  public var seq: Int64
  public var failures: Int
  public var nextAt: Timestamp
  public var createdAt: Timestamp

  public init(
    id: ID<Webhook> = ID(0), name: String, url: String, secret: String, kinds: [String], allowsPrivate: Bool,
    after seq: Int64, at now: Timestamp
  ) {
    (self.id, self.name, self.url, self.secret, self.kinds) = (id, name, url, secret, kinds)
    (self.allowsPrivate, isPaused, self.seq, failures, nextAt, createdAt) = (allowsPrivate, false, seq, 0, now, now)
  }

  public func wants(_ kind: String) -> Bool { kinds.isEmpty || kinds.contains { kind.hasPrefix($0) } }
}

/// One attempt to tell a webhook something.
nonisolated public struct WebhookDelivery: Sendable, Equatable {
  public var id: ID<WebhookDelivery>
  public var webhook: ID<Webhook>
  public var at: Timestamp
  public var firstSeq: Int64
  public var lastSeq: Int64
  public var events: Int
  public var status: Int?
  public var why: String?
  public var milliseconds: Int64

  public init(
    id: ID<WebhookDelivery> = ID(0), webhook: ID<Webhook>, at: Timestamp, firstSeq: Int64, lastSeq: Int64, events: Int,
    status: Int?, why: String?, milliseconds: Int64
  ) {
    (self.id, self.webhook, self.at, self.firstSeq, self.lastSeq) = (id, webhook, at, firstSeq, lastSeq)
    (self.events, self.status, self.why, self.milliseconds) = (events, status, why, milliseconds)
  }

  public var isTaken: Bool { status.map { (200..<300).contains($0) } ?? false }
}

/// The beginnings of kinds, as one column holds them.
nonisolated private struct Kinds: Payload {
  var kinds: [String] = []
  init() {}
  init(_ kinds: [String]) { self.kinds = kinds }
  mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("kinds", &kinds, max: 64, count: 0...100) }
}

/// Webhooks and what became of their deliveries.
nonisolated public struct Webhooks {
  let db: Database

  public func list() throws(StoreFault) -> [Webhook] {
    try db.rows("SELECT * FROM webhook ORDER BY name", as: Webhook.init(row:))
  }

  public func webhook(_ id: ID<Webhook>) throws(StoreFault) -> Webhook? {
    try db.first("SELECT * FROM webhook WHERE id = ?1", id, as: Webhook.init(row:))
  }

  /// Those that may be told something now.
  public func due(at now: Timestamp) throws(StoreFault) -> [Webhook] {
    try db.rows("SELECT * FROM webhook WHERE NOT paused AND next_at <= ?1 ORDER BY id", now, as: Webhook.init(row:))
  }

  /// - Throws: `.constraint` where the name is taken.
  public func create(_ new: Webhook) throws(StoreFault) -> Webhook {
    var webhook = new
    webhook.id = ID(
      try db.insert(
        """
        INSERT INTO webhook (name, url, secret, kinds, allow_private, paused, seq, failures, next_at, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        """, new.name, new.url, new.secret, WrittenText(Kinds(new.kinds).encoded()), new.allowsPrivate, new.isPaused,
        new.seq, new.failures, new.nextAt, new.createdAt))
    return webhook
  }

  public func update(_ webhook: Webhook) throws(StoreFault) {
    try db.run(
      """
      UPDATE webhook SET url = ?2, kinds = ?3, allow_private = ?4, paused = ?5, seq = ?6, failures = ?7, next_at = ?8
      WHERE id = ?1
      """, webhook.id, webhook.url, WrittenText(Kinds(webhook.kinds).encoded()), webhook.allowsPrivate,
      webhook.isPaused, webhook.seq, webhook.failures, webhook.nextAt)
  }

  public func remove(_ id: ID<Webhook>) throws(StoreFault) { try db.run("DELETE FROM webhook WHERE id = ?1", id) }

  public func note(_ delivery: WebhookDelivery) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO webhook_delivery (webhook, at, first_seq, last_seq, events, status, why, milliseconds)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
      """, delivery.webhook, delivery.at, delivery.firstSeq, delivery.lastSeq, delivery.events, delivery.status,
      delivery.why, delivery.milliseconds)
  }

  /// The newest first.
  public func deliveries(
    of webhook: ID<Webhook>, before id: ID<WebhookDelivery>? = nil, limit: Int
  ) throws(StoreFault) -> [WebhookDelivery] {
    try db.rows(
      """
      SELECT * FROM webhook_delivery WHERE webhook = ?1 AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?3
      """, webhook, id, limit, as: WebhookDelivery.init(row:))
  }

  public func delivery(_ id: ID<WebhookDelivery>) throws(StoreFault) -> WebhookDelivery? {
    try db.first("SELECT * FROM webhook_delivery WHERE id = ?1", id, as: WebhookDelivery.init(row:))
  }

  /// What waits is tried now: the clock that made it wait was set back.
  public func hurry(at now: Timestamp) throws(StoreFault) {
    try db.run("UPDATE webhook SET next_at = ?1 WHERE next_at > ?1", now)
  }

  public func prune(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM webhook_delivery
        WHERE id IN (SELECT id FROM webhook_delivery WHERE at < ?1 ORDER BY at LIMIT ?2)
        """, time, Limits.prunedAtOnce))
  }
}

nonisolated extension Webhook {
  init(row: Row) throws(StoreFault) {
    let kept: Kinds = try row.payload("kinds")
    self.init(
      id: try row.get("id"), name: try row.get("name"), url: try row.get("url"), secret: try row.get("secret"),
      kinds: kept.kinds, allowsPrivate: try row.get("allow_private"), after: try row.get("seq"),
      at: try row.get("created_at"))
    isPaused = try row.get("paused")
    failures = try row.get("failures")
    nextAt = try row.get("next_at")
  }
}

nonisolated extension WebhookDelivery {
  init(row: Row) throws(StoreFault) {
    try self.init(
      id: row.get("id"), webhook: row.get("webhook"), at: row.get("at"), firstSeq: row.get("first_seq"),
      lastSeq: row.get("last_seq"), events: row.get("events"), status: row.get("status"), why: row.get("why"),
      milliseconds: row.get("milliseconds"))
  }
}
