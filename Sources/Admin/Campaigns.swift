import CSMS
import Domain
import HTTP
import Store
import Wire

// Files of the house's own, and campaigns that bring firmware to many stations.
extension Route {
  static let campaigns: [Route] = [
    Route("listFiles", .get, "/files", .look) { try await $0.listFiles($1) },
    Route("expectFile", .post, "/files", .run) { try await $0.expectFile($1) },
    Route("getFile", .get, "/files/{id}", .look) { try await $0.showFile($1) },
    Route("removeFile", .delete, "/files/{id}", .run) { try await $0.removeFile($1) },
    Route("fetchFile", .post, "/files/{id}/fetch", .help) { try await $0.fetchFile($1) },
    Route("listCampaigns", .get, "/campaigns", .look) { try await $0.listCampaigns($1) },
    Route("beginCampaign", .post, "/campaigns", .run, isCommand: true) { try await $0.beginCampaign($1) },
    Route("getCampaign", .get, "/campaigns/{id}", .look) { try await $0.showCampaign($1.text("id")) },
    Route("stopCampaign", .post, "/campaigns/{id}/stop", .run) { try await $0.stopCampaign($1) },
  ]
}

// MARK: - Files

extension API {
  fileprivate func listFiles(_ call: Call) async throws -> Answer {
    let (limit, cursor) = try (call.limit(), call.cursor())
    let kind: StoredFile.Kind? = try call.queryWord("kind")
    let found = try await house.read { books throws(StoreFault) in
      try books.files.list(kind, before: cursor, limit: limit)
    }
    return .page(found.map(\.json), next: found.count < limit ? nil : found.last?.id)
  }

  /// The file itself is brought to the address that is answered, by PUT, once.
  fileprivate func expectFile(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let name = try fields.text("name")
    let kind: StoredFile.Kind = try fields.maybeWord("kind") ?? .firmware
    try fields.finish()
    let (file, url) = try await house.expectFile(kind, name: name, by: call.by)
    return .json(["file": file.json, "upload_url": .string(url)], status: .created)
  }

  fileprivate func showFile(_ call: Call) async throws -> Answer {
    let id = call.text("id")
    guard let file = try await house.read({ books throws(StoreFault) in try books.files.file(id) }) else {
      throw Problem(.notFound, "no such file")
    }
    return .json(file.json)
  }

  fileprivate func removeFile(_ call: Call) async throws -> Answer {
    try await house.removeFile(call.text("id"), by: call.by)
    return .done
  }

  fileprivate func fetchFile(_ call: Call) async throws -> Answer {
    .json(["url": .string(try await house.fetchFile(call.text("id")))])
  }
}

nonisolated extension StoredFile {
  var json: JSON {
    [
      "id": .string(id), "kind": .word(kind), "name": .string(name), "state": .word(state), "bytes": .whole(bytes),
      "origin": .string(origin), "created_at": .time(createdAt), "updated_at": .time(updatedAt),
    ]
  }
}

// MARK: - Campaigns

extension API {
  fileprivate func listCampaigns(_ call: Call) async throws -> Answer {
    let (limit, cursor) = try (call.limit(), call.cursor())
    let found = try await house.read { books throws(StoreFault) in
      try books.campaigns.list(before: cursor, limit: limit)
    }
    return .page(found.map { $0.json(nil) }, next: found.count < limit ? nil : found.last?.id)
  }

  fileprivate func beginCampaign(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let name = try fields.text("name")
    guard let plan: Campaign.Plan = try fields.maybePayload("plan") else {
      throw Problem.invalid("plan", "this field is required")
    }
    let stations = try fields.identities("stations", most: Domain.Limits.campaignStations)
    try fields.finish()
    let campaign = try await house.beginCampaign(name, plan, at: stations, by: call.by)
    return try await showCampaign(campaign.id, status: .created)
  }

  fileprivate func showCampaign(_ id: String, status: Status = .ok) async throws -> Answer {
    let found = try await house.read { books throws(StoreFault) in
      try books.campaigns.campaign(id).map { campaign throws(StoreFault) in
        (
          campaign,
          try books.campaigns.stations(of: id).map { station throws(StoreFault) in
            (station, try books.stations.station(station.station)?.identity)
          }
        )
      }
    }
    guard let (campaign, stations) = found else { throw Problem(.notFound, "no such campaign") }
    let shown: [JSON] = stations.map { station, identity in
      [
        "station": .text(identity?.text), "wave": .whole(station.wave), "state": .word(station.state),
        "attempts": .whole(station.attempts), "job": .text(station.job), "word": .text(station.word),
        "next_try_at": .time(station.dueAt), "updated_at": .time(station.updatedAt),
      ]
    }
    return .json(campaign.json(shown), status: status)
  }

  fileprivate func stopCampaign(_ call: Call) async throws -> Answer {
    _ = try await house.stopCampaign(call.text("id"), by: call.by)
    return try await showCampaign(call.text("id"))
  }
}

nonisolated extension Campaign {
  func json(_ stations: [JSON]?) -> JSON {
    var json: JSON = [
      "id": .string(id), "name": .string(name), "state": .word(state), "why": .text(why), "plan": plan.json,
      "origin": .string(origin), "created_at": .time(createdAt), "updated_at": .time(updatedAt),
    ]
    if let stations { json["stations"] = .array(stations) }
    return json
  }
}
