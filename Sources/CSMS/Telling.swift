import Crypto
import Domain
import Store
import Wire

// Programs that are told what happens. A webhook is a cursor over the events: after an outage it hears what it missed, in
// order, and nothing is passed on before it was committed. It goes at least once: a lost answer repeats the same events,
// which their numbers show.

extension CSMS {
  // MARK: Who is told

  /// Adds a webhook, which hears what happens from now on. Its secret is returned here, to be shown once.
  public func addWebhook(
    _ name: String, url: String, kinds: [String], allowsPrivate: Bool
  ) async throws(Refusal) -> Webhook {
    try checkText(name, "name", 1...Limits.nameLength)
    try checkWebhook(url: url, kinds: kinds)
    let secret = Secret.make()
    return try await turn { () throws(Refusal) in
      if try keep({ () throws(StoreFault) in try self.books.webhooks.list() }).contains(where: { $0.name == name }) {
        throw .conflict("there is a webhook \(name) already")
      }
      return try keep { () throws(StoreFault) in
        try self.books.webhooks.create(
          Webhook(
            name: name, url: url, secret: secret, kinds: kinds, allowsPrivate: allowsPrivate,
            after: try self.books.events.lastSeq(), at: self.now))
      }
    }
  }

  public func changeWebhook(
    _ id: ID<Webhook>, _ edit: @escaping @MainActor @Sendable (inout Webhook) throws(Refusal) -> Void
  ) async throws(Refusal) -> Webhook {
    try await turn { () throws(Refusal) in
      var webhook = try self.webhook(id)
      try edit(&webhook)
      try self.checkWebhook(url: webhook.url, kinds: webhook.kinds)
      // Whoever mends it wants to see at once whether it works.
      (webhook.failures, webhook.nextAt) = (0, self.now)
      let changed = webhook
      try keep { () throws(StoreFault) in try self.books.webhooks.update(changed) }
      return changed
    }
  }

  public func removeWebhook(_ id: ID<Webhook>) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      _ = try self.webhook(id)
      try keep { () throws(StoreFault) in try self.books.webhooks.remove(id) }
    }
  }

  /// Sends the events of a delivery once more, and what came after them.
  public func redeliverWebhook(
    _ id: ID<Webhook>, from delivery: ID<WebhookDelivery>
  ) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      var webhook = try self.webhook(id)
      let found = try keep { () throws(StoreFault) in try self.books.webhooks.delivery(delivery) }
      guard let found, found.webhook == id else { throw .notFound("no such delivery") }
      (webhook.seq, webhook.failures, webhook.nextAt) = (min(webhook.seq, found.firstSeq - 1), 0, self.now)
      let changed = webhook
      try keep { () throws(StoreFault) in try self.books.webhooks.update(changed) }
    }
  }

  /// Tells a webhook that this is a test, and waits for what it says.
  public func testWebhook(_ id: ID<Webhook>) async throws(Refusal) -> WebhookDelivery {
    let webhook = try await turn { () throws(Refusal) in try self.webhook(id) }
    guard let webLink else { throw .conflict("this house has no way out to the web") }
    let event = LoggedEvent(seq: 0, at: now, kind: "webhook.test", subject: "webhook/\(id)", body: [:])
    let (request, sentAt) = (webhook.request(for: [event], at: now), now)
    let answer: WebAnswer = await withCheckedContinuation { waiting in
      webLink.ask(request) { waiting.resume(returning: $0) }
    }
    let delivery = webhook.delivery(of: [event], answered: answer, sentAt: sentAt, now: now)
    try await turn { () throws(Refusal) in
      try keep { () throws(StoreFault) in try self.books.webhooks.note(delivery) }
    }
    return delivery
  }

  private func webhook(_ id: ID<Webhook>) throws(Refusal) -> Webhook {
    guard let webhook = try keep({ () throws(StoreFault) in try self.books.webhooks.webhook(id) }) else {
      throw .notFound("no such webhook")
    }
    return webhook
  }

  private func checkWebhook(url: String, kinds: [String]) throws(Refusal) {
    guard url.hasPrefix("https://") || url.hasPrefix("http://"), url.utf8.count <= Limits.webhookURL,
      url.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else { throw .invalid(field: "url", "an address of the web, at most \(Limits.webhookURL) characters") }
    guard kinds.count <= Limits.webhookKinds, kinds.allSatisfy({ (1...64).contains($0.utf8.count) }) else {
      throw .invalid(field: "kinds", "at most \(Limits.webhookKinds) beginnings of kinds")
    }
  }

  // MARK: What is told

  /// Looks which webhooks have something to hear; each has one request under way at most.
  func tellWebhooks() {
    guard let webLink else { return }
    note { () throws(StoreFault) in
      for var webhook in try self.books.webhooks.due(at: self.now) where !self.telling.contains(webhook.id) {
        let begin = webhook.seq
        let found = try self.news(for: &webhook)
        if webhook.seq > begin { try self.books.webhooks.update(webhook) }
        guard let (wanted, newest, isMore) = found else { continue }
        let (id, from, sentAt) = (webhook.id, webhook.seq, self.now)
        let request = webhook.request(for: wanted, at: sentAt)
        self.afterCommit {
          self.telling.insert(id)
          webLink.ask(request) {
            self.told(id, wanted, from: from, upTo: newest, isMore: isMore, answered: $0, sentAt: sentAt)
          }
        }
      }
    }
  }

  /// The next page of events in which it wants some, and whether there are more; pages without any are passed over.
  private func news(
    for webhook: inout Webhook
  ) throws(StoreFault) -> (wanted: [LoggedEvent], newest: Int64, isMore: Bool)? {
    for _ in 0..<Limits.webhookPages {
      let news = try books.events.after(webhook.seq, limit: Limits.webhookEvents)
      guard let newest = news.last?.seq else { return nil }
      let wanted = news.filter { webhook.wants($0.kind) }
      let isMore = news.count == Limits.webhookEvents
      if !wanted.isEmpty { return (wanted, newest, isMore) }
      webhook.seq = newest
      if !isMore { return nil }
    }
    return nil
  }

  private func told(
    _ id: ID<Webhook>, _ events: [LoggedEvent], from: Int64, upTo newest: Int64, isMore: Bool,
    answered answer: WebAnswer, sentAt: Timestamp
  ) {
    note {
      () throws(StoreFault) in
      var isBehind = false
      // Whoever removed it meanwhile wants to hear nothing of it.
      if var webhook = try self.books.webhooks.webhook(id) {
        let delivery = webhook.delivery(of: events, answered: answer, sentAt: sentAt, now: self.now)
        try self.books.webhooks.note(delivery)
        if delivery.isTaken {
          // A redelivery that was asked for meanwhile goes on from where it was put.
          if webhook.seq == from { webhook.seq = newest }
          (webhook.failures, webhook.nextAt) = (0, self.now)
        } else {
          webhook.failures += 1
          let pause = min(1 << min(webhook.failures, 12), Limits.webhookPauseSeconds)
          webhook.nextAt = self.now + .seconds(pause)
        }
        try self.books.webhooks.update(webhook)
        isBehind = delivery.isTaken && isMore
      }
      let goesOn = isBehind
      self.afterCommit {
        self.telling.remove(id)
        // Whoever is behind is told on at once, and not only with the next beat.
        if goesOn { self.tellWebhooks() }
      }
    } onFault: {
      self.telling.remove(id)
    }
  }
}

extension Webhook {
  /// The same events again are the same bytes but for the time, so that a receiver can tell a repeat by its numbers.
  fileprivate func request(for events: [LoggedEvent], at now: Timestamp) -> WebRequest {
    let body: JSON = [
      "webhook": .string(name),
      "events": .array(
        events.map { event in
          [
            "seq": .number(JSONNumber(event.seq)), "at": .string(event.at.text), "kind": .string(event.kind),
            "subject": .string(event.subject), "body": event.body,
          ]
        }),
    ]
    let bytes = body.bytes
    // The time is signed too: an old delivery that somebody recorded can be told from a new one.
    let seconds = now.milliseconds / 1_000
    let signature = HMAC.sha256(key: Bytes(utf8: secret), Bytes(utf8: "\(seconds).") + bytes).hex
    return WebRequest(
      url: url, contentType: "application/json", accept: "*/*", body: bytes, allowsPrivate: allowsPrivate,
      seconds: Limits.webhookSeconds, headers: ["Ostler-Signature": "t=\(seconds),v1=\(signature)"])
  }

  fileprivate func delivery(
    of events: [LoggedEvent], answered answer: WebAnswer, sentAt: Timestamp, now: Timestamp
  ) -> WebhookDelivery {
    let (status, why): (Int?, String?) =
      switch answer {
      case .answered(let status, let body):
        (status, (200..<300).contains(status) ? nil : String(decoding: body.prefix(200), as: UTF8.self))
      case .failed(let why): (nil, why)
      }
    return WebhookDelivery(
      webhook: id, at: sentAt, firstSeq: events.first?.seq ?? 0, lastSeq: events.last?.seq ?? 0, events: events.count,
      status: status, why: why, milliseconds: max(0, now.milliseconds - sentAt.milliseconds))
  }
}
