import CSMS
import Domain
import HTTP
import Store
import Wire

// Roaming: the partners, what waits to be told to them, and how their registrations went.
extension Route {
  static let partners: [Route] = [
    Route("listPartners", .get, "/partners", .look) { try await $0.listPartners($1) },
    Route("invitePartner", .post, "/partners", .own) { try await $0.invitePartner($1) },
    Route("registerPartner", .post, "/partners/register", .own) { try await $0.registerPartner($1) },
    Route("getPartner", .get, "/partners/{id}", .look) { try await $0.showPartner($1.id()) },
    Route("changePartner", .patch, "/partners/{id}", .own) { try await $0.changePartner($1) },
    Route("removePartner", .delete, "/partners/{id}", .own) { try await $0.removePartner($1) },
    Route("registerAgain", .post, "/partners/{id}/register", .own) { try await $0.registerAgain($1) },
    Route("probePartner", .post, "/partners/{id}/probe", .own) { try await $0.probePartner($1) },
    Route("unregisterPartner", .post, "/partners/{id}/unregister", .own) { api, call in
      try await api.house.unregister(try call.id(), by: call.by)
      return try await api.showPartner(call.id())
    },
    Route("pausePartner", .post, "/partners/{id}/pause", .run) { api, call in
      try await api.house.pause(try call.id(), by: call.by)
      return try await api.showPartner(call.id())
    },
    Route("resumePartner", .post, "/partners/{id}/resume", .run) { api, call in
      try await api.house.resume(try call.id(), by: call.by)
      return try await api.showPartner(call.id())
    },
    Route("listPushes", .get, "/partners/{id}/pushes", .look) { try await $0.listPushes($1) },
    Route("redeliver", .post, "/partners/{id}/redeliver", .run) { api, call in
      try await api.house.redeliver(try call.id(), by: call.by)
      return try await api.showPartner(call.id())
    },
    Route("listPulls", .get, "/partners/{id}/pulls", .look) { try await $0.listPulls($1) },
    Route("pullPartner", .post, "/partners/{id}/pull", .run) { try await $0.pullPartner($1) },
    Route("showConversation", .get, "/partners/{id}/messages", .look) { try await $0.showConversation($1) },
    Route("showTrace", .get, "/partners/{id}/trace", .look) { try await $0.showTrace($1) },
    Route("listHubClients", .get, "/partners/{id}/clients", .look) { try await $0.listHubClients($1) },
    Route("listTerminals", .get, "/partners/{id}/terminals", .look) { try await $0.listTerminals($1) },
  ]
}

extension API {
  fileprivate func listPartners(_ call: Call) async throws -> Answer {
    let shapes = try await house.read { books throws(StoreFault) in
      let depths = try books.pushes.depths()
      return try books.partners.all().map { partner throws(StoreFault) in try partner.json(depths[partner.id], books) }
    }
    return .page(shapes, next: nil)
  }

  fileprivate func showPartner(_ id: ID<Partner>, status: Status = .ok) async throws -> Answer {
    let found = try await house.read { books throws(StoreFault) in
      try books.partners.partner(id).map { partner throws(StoreFault) in
        (partner.updatedAt, try partner.json(books.pushes.depths()[id], books))
      }
    }
    guard let (changed, json) = found else { throw Problem(.notFound, "no such partner") }
    return .json(json, status: status, etag: ETag(changed: changed))
  }

  fileprivate func invitePartner(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let name = try fields.text("name")
    let party: ID<Party>? = try fields.maybeID("party", of: Party.self)
    let provider: ID<Party>? = try fields.maybeID("provider", of: Party.self)
    let quirks: PartnerQuirks = try fields.maybePayload("quirks") ?? PartnerQuirks()
    try fields.finish()
    let (partner, token) = try await house.invite(
      name: name, party: party, provider: provider, quirks: quirks, by: call.by)
    let shape = try await house.read { books throws(StoreFault) in try partner.json(nil, books) }
    return .json(
      ["partner": shape, "token": .string(token), "versions_url": .string(settings.partnerURLs.first ?? "")],
      status: .created,
      etag: ETag(changed: partner.updatedAt))
  }

  fileprivate func registerPartner(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let (url, token) = try (fields.text("versions_url"), fields.text("token"))
    let name = try fields.maybeText("name") ?? host(of: url)
    let party: ID<Party>? = try fields.maybeID("party", of: Party.self)
    let provider: ID<Party>? = try fields.maybeID("provider", of: Party.self)
    let quirks: PartnerQuirks = try fields.maybePayload("quirks") ?? PartnerQuirks()
    try fields.finish()
    guard let parsed = try? HTTPURL(url), parsed.scheme == .http || parsed.scheme == .https else {
      throw Problem.invalid("versions_url", "a URL that begins with https:// or http:// is expected")
    }
    let partner = try await house.register(
      versionsURL: url, token: token, name: name, party: party, provider: provider, quirks: quirks, by: call.by)
    return try await showPartner(partner.id, status: .created)
  }

  /// What a partner is called until somebody gives it a name.
  private func host(of url: String) -> String {
    let rest = url.split(separator: "/", omittingEmptySubsequences: true)
    return String(rest.dropFirst().first ?? "partner")
  }

  fileprivate func registerAgain(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let (url, token) = try (fields.maybeText("versions_url"), fields.maybeText("token"))
    try fields.finish()
    let partner = try await house.register(again: try call.id(), versionsURL: url, token: token)
    return try await showPartner(partner.id)
  }

  fileprivate func probePartner(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let (url, token) = try (fields.maybeText("versions_url"), fields.maybeText("token"))
    try fields.finish()
    let id: ID<Partner> = try call.id()
    try await house.probe(id, versionsURL: url, token: token)
    return try await showTrace(call)
  }

  fileprivate func changePartner(_ call: Call) async throws -> Answer {
    let id: ID<Partner> = try call.id()
    let edit: Edit<Partner> = try call.edit({ ETag(changed: $0.updatedAt) }) { fields, partner throws(Problem) in
      try fields.change("name", &partner.name)
      try fields.change("provider", id: &partner.provider)
      try fields.change(within: "quirks") { quirks throws(Problem) in
        try quirks.change("token_form", word: &partner.quirks.tokenForm)
        try quirks.change("allow_private", &partner.quirks.allowPrivate)
        try quirks.change("ask_unknown_tokens", &partner.quirks.askUnknownTokens)
        try quirks.change("explicit_nulls", &partner.quirks.explicitNulls)
        try quirks.change("reconciles_invoices", &partner.quirks.reconcilesInvoices)
        try quirks.change("takes_bookings", &partner.quirks.takesBookings)
        try quirks.change("takes_payments", &partner.quirks.takesPayments)
        try quirks.change("pages_by_offset", &partner.quirks.pagesByOffset)
        try quirks.change("pull_minutes", &partner.quirks.pullMinutes)
        try quirks.change("requests_per_minute", &partner.quirks.requestsPerMinute)
        try quirks.change("side", word: &partner.quirks.side)
      }
      try fields.change("version", &partner.quirks.version)
      if fields.has("publishing") { try fields.merge("publishing", into: &partner.publishing) }
    }
    try await house.deal(id, by: call.by, edit)
    return try await showPartner(id)
  }

  fileprivate func removePartner(_ call: Call) async throws -> Answer {
    try await house.remove(try call.id(), by: call.by) { partner throws(HouseRefusal) in
      try call.expect(ETag(changed: partner.updatedAt))
    }
    return .done
  }

  // MARK: The push queue and the trace

  fileprivate func listPushes(_ call: Call) async throws -> Answer {
    let id: ID<Partner> = try call.id()
    let limit = try call.limit()
    let state = try call.queryWord("state", as: PushRow.State.self)
    let shapes = try await house.read { books throws(StoreFault) -> [JSON]? in
      guard try books.partners.partner(id) != nil else { return nil }
      return try books.pushes.waiting(for: id, state: state, limit: limit).map { row throws(StoreFault) in
        try row.json(books)
      }
    }
    guard let shapes else { throw Problem(.notFound, "no such partner") }
    return .page(shapes, next: nil)
  }

  fileprivate func listPulls(_ call: Call) async throws -> Answer {
    let id: ID<Partner> = try call.id()
    let shapes = try await house.read { books throws(StoreFault) -> [JSON]? in
      guard try books.partners.partner(id) != nil else { return nil }
      return try books.pulls.states(of: id).map(\.json)
    }
    guard let shapes else { throw Problem(.notFound, "no such partner") }
    return .page(shapes, next: nil)
  }

  fileprivate func pullPartner(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let module: PullModule? = try fields.maybeWord("module")
    let isWhole = try fields.maybeFlag("whole") ?? false
    try fields.finish()
    try await house.pull(try call.id(), module, whole: isWhole, by: call.by)
    return try await listPulls(call)
  }

  /// All that was said between the partner and us, as the message log has it.
  fileprivate func showConversation(_ call: Call) async throws -> Answer {
    let id: ID<Partner> = try call.id()
    let name = try await house.read { books throws(StoreFault) in try books.partners.partner(id)?.name }
    guard let name else { throw Problem(.notFound, "no such partner") }
    return try await listMessages(call, door: "ocpi", peer: name)
  }

  fileprivate func listHubClients(_ call: Call) async throws -> Answer {
    let id: ID<Partner> = try call.id()
    let clients = try await house.read { books throws(StoreFault) -> [HubClient]? in
      try books.partners.partner(id) == nil ? nil : try books.duties.clients(of: id)
    }
    guard let clients else { throw Problem(.notFound, "no such partner") }
    return .page(clients.map(\.json), next: nil)
  }

  fileprivate func listTerminals(_ call: Call) async throws -> Answer {
    let id: ID<Partner> = try call.id()
    let terminals = try await house.read { books throws(StoreFault) -> [Terminal]? in
      try books.partners.partner(id) == nil ? nil : try books.duties.terminals(of: id)
    }
    guard let terminals else { throw Problem(.notFound, "no such partner") }
    return .page(terminals.map(\.json), next: nil)
  }

  fileprivate func showTrace(_ call: Call) async throws -> Answer {
    let id: ID<Partner> = try call.id()
    let steps = try await house.read { books throws(StoreFault) in
      try books.events.latest(of: "partner/\(id)", limit: Limits.longestPage).filter { $0.kind == "partner.step" }
        .reversed()
        .map { event -> JSON in
          [
            "seq": .whole(event.seq), "at": .time(event.at), "step": event.body["step"] ?? .null,
            "ok": event.body["ok"] ?? .null,
            "detail": event.body["detail"] ?? .null, "request": event.body["request"] ?? .null,
            "answer": event.body["answer"] ?? .null, "advice": event.body["advice"] ?? .null,
          ]
        }
    }
    return .page(steps, next: nil)
  }
}

// MARK: - How they are shown

nonisolated extension Partner {
  var nameJSON: JSON { ["id": .id(id), "name": .string(name)] }

  /// Without its tokens: those are never read back.
  func json(_ depth: PushDepth?, _ books: Books) throws(StoreFault) -> JSON {
    let trouble = depth == nil ? nil : try books.pushes.trouble(of: id)
    return [
      "id": .id(id), "name": .string(name), "party": try books.parties.party(party).map { .party($0.name) } ?? .null,
      "provider": try provider.flatMap { id throws(StoreFault) in try books.parties.party(id) }.map { .party($0.name) }
        ?? .null,
      "state": .word(state), "versions_url": .text(versionsURL), "version": .text(version),
      "roles": .list(roles) {
        [
          "country_code": .string($0.name.country), "party_id": .string($0.name.party), "role": .string($0.role),
          "business_name": .string($0.businessName),
        ]
      },
      "endpoints": .list(endpoints) {
        ["identifier": .string($0.module), "role": .text($0.role), "url": .string($0.url)]
      },
      "quirks": quirks.json, "publishing": publishing.json,
      "notes": .list(try books.partners.notes(of: id)) {
        ["what": .string($0.what), "count": .whole($0.count), "sample": .text($0.sample), "last_at": .time($0.lastAt)]
      },
      "last_contact_at": .time(lastContactAt),
      "queue": [
        "due": .whole(depth?.due ?? 0), "parked": .whole(depth?.parked ?? 0), "oldest_at": .time(depth?.oldest),
        "next_at": .time(depth?.nextAt), "last_error": .text(trouble),
      ],
      "created_at": .time(createdAt), "updated_at": .time(updatedAt),
    ]
  }
}

nonisolated extension PushRow {
  func json(_ books: Books) throws(StoreFault) -> JSON {
    [
      "partner": try books.partners.partner(key.partner)?.nameJSON ?? .null, "module": .word(key.module),
      "object": .string(key.object), "state": .string(isDone ? "sent" : state.rawValue), "attempts": .whole(attempts),
      "next_at": isDone ? .null : .time(nextAt), "due_since": isDone ? .null : .time(dueSince),
      "last_error": .text(lastError),
      "sent_at": .time(sentAt),
    ]
  }
}

nonisolated extension PullState {
  fileprivate var json: JSON {
    [
      "module": .word(module), "due_at": .time(dueAt), "since": .time(since), "whole_at": .time(wholeAt),
      "attempts": .whole(attempts), "count": .whole(count), "last_error": .text(lastError),
      "flaws": .list(flaws) { .string($0) }, "updated_at": .time(updatedAt),
    ]
  }
}
