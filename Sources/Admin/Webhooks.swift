import CSMS
import Domain
import HTTP
import Store
import Wire

// Webhooks: who is told what happens, how each delivery ended, and sending it again.
extension Route {
  static let webhooks: [Route] = [
    Route("listWebhooks", .get, "/webhooks", .own) { api, _ in
      let found = try await api.house.read { books throws(StoreFault) in try books.webhooks.list() }
      return .page(found.map(\.json), next: nil)
    },
    Route("createWebhook", .post, "/webhooks", .own) { try await $0.createWebhook($1) },
    Route("getWebhook", .get, "/webhooks/{id}", .own) { try await $0.showWebhook($1) },
    Route("changeWebhook", .patch, "/webhooks/{id}", .own) { try await $0.changeWebhook($1) },
    Route("removeWebhook", .delete, "/webhooks/{id}", .own) { api, call in
      try await api.house.removeWebhook(call.id())
      return .done
    },
    Route("testWebhook", .post, "/webhooks/{id}/test", .own) { api, call in
      .json(try await api.house.testWebhook(call.id()).json)
    },
    Route("listDeliveries", .get, "/webhooks/{id}/deliveries", .own) { try await $0.listDeliveries($1) },
    Route("redeliverWebhook", .post, "/webhooks/{id}/deliveries/{number}/redeliver", .own) { api, call in
      try await api.house.redeliverWebhook(call.id(), from: call.id("number"))
      return .done
    },
  ]
}

extension API {
  fileprivate func createWebhook(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let (name, url) = try (fields.text("name"), fields.text("url"))
    let kinds = try fields.maybeTexts("kinds") ?? []
    let allowsPrivate = try fields.maybeFlag("allow_private") ?? false
    try fields.finish()
    let made = try await house.addWebhook(name, url: url, kinds: kinds, allowsPrivate: allowsPrivate)
    var json = made.json
    json["secret"] = .string(made.secret)
    return .json(json, status: .created)
  }

  fileprivate func showWebhook(_ call: Call) async throws -> Answer {
    let id: ID<Webhook> = try call.id()
    guard let found = try await house.read({ books throws(StoreFault) in try books.webhooks.webhook(id) }) else {
      throw Problem(.notFound, "no such webhook")
    }
    return .json(found.json, etag: found.tag)
  }

  fileprivate func changeWebhook(_ call: Call) async throws -> Answer {
    let edit: Edit<Webhook> = try call.edit({ $0.tag }) { fields, webhook throws(Problem) in
      try fields.change("url", &webhook.url)
      try fields.change("allow_private", &webhook.allowsPrivate)
      try fields.change("paused", &webhook.isPaused)
      if let kinds = try fields.maybeTexts("kinds") { webhook.kinds = kinds }
    }
    let webhook = try await house.changeWebhook(call.id(), edit)
    return .json(webhook.json, etag: webhook.tag)
  }

  fileprivate func listDeliveries(_ call: Call) async throws -> Answer {
    let limit = try call.limit()
    let (id, cursor): (ID<Webhook>, ID<WebhookDelivery>?) = try (call.id(), call.cursorID())
    let found = try await house.read { books throws(StoreFault) in
      try books.webhooks.webhook(id) == nil
        ? nil : books.webhooks.deliveries(of: id, before: cursor, limit: limit)
    }
    guard let found else { throw Problem(.notFound, "no such webhook") }
    return .page(found.map(\.json), next: found.count < limit ? nil : found.last?.id.description)
  }
}

nonisolated extension Webhook {
  /// The version of what people decide about it; how far it is with the events is none of that.
  fileprivate var tag: ETag {
    let decided: JSON = [
      "url": .string(url), "kinds": .list(kinds) { .string($0) }, "private": .bool(allowsPrivate),
      "paused": .bool(isPaused),
    ]
    return ETag(of: decided.bytes)
  }

  fileprivate var json: JSON {
    [
      "id": .id(id), "name": .string(name), "url": .string(url), "kinds": .list(kinds) { .string($0) },
      "allow_private": .bool(allowsPrivate), "paused": .bool(isPaused), "seq": .whole(seq),
      "failures": .whole(failures), "next_at": .time(nextAt), "created_at": .time(createdAt),
    ]
  }
}

nonisolated extension WebhookDelivery {
  fileprivate var json: JSON {
    [
      "id": .id(id), "at": .time(at), "first_seq": .whole(firstSeq), "last_seq": .whole(lastSeq),
      "events": .whole(events), "status": .whole(status), "why": .text(why), "milliseconds": .whole(milliseconds),
      "taken": .bool(isTaken),
    ]
  }
}
