import CSMS
import Domain
import HTTP
import Store
import Wire

// What stations told of themselves, and what the operator wants them to be.
extension Route {
  static let devices: [Route] = [
    Route("listSettings", .get, "/stations/{id}/settings", .look) { try await $0.listSettings($1) },
    Route("compareSettings", .get, "/stations/{id}/settings/differences", .look) { try await $0.compareSettings($1) },
    Route("listReports", .get, "/stations/{id}/reports", .look) { try await $0.listReports($1) },
    Route("listMonitors", .get, "/stations/{id}/monitors", .look) { try await $0.listMonitors($1) },
    Route("listStreamedValues", .get, "/stations/{id}/monitors/{number}/values", .look) {
      try await $0.listStreamedValues($1)
    },
    Route("listStreams", .get, "/stations/{id}/streams", .look) { try await $0.listStreams($1) },
    Route("listDisplayMessages", .get, "/stations/{id}/display-messages", .look) {
      try await $0.listDisplayMessages($1)
    },
    Route("listGridControls", .get, "/stations/{id}/grid-controls", .look) { try await $0.listGridControls($1) },
    Route("listBatterySwaps", .get, "/stations/{id}/battery-swaps", .look) { try await $0.listBatterySwaps($1) },
    Route("listStationTariffs", .get, "/stations/{id}/tariffs", .look) { try await $0.listStationTariffs($1) },
    Route("listSettlements", .get, "/stations/{id}/settlements", .look) { try await $0.listSettlements($1) },
    Route("listAlerts", .get, "/alerts", .look) { try await $0.listAlerts($1) },
    Route("settleAlert", .post, "/alerts/{id}/settle", .help) { try await $0.settleAlert($1) },
    Route("listSettingTemplates", .get, "/setting-templates", .look) { api, _ in
      .page(
        try await api.house.read { books throws(StoreFault) in try books.device.templates().map(\.json) }, next: nil)
    },
    Route("createSettingTemplate", .post, "/setting-templates", .run) { try await $0.createTemplate($1) },
    Route("getSettingTemplate", .get, "/setting-templates/{id}", .look) {
      try await $0.showTemplate($1.id(), status: .ok)
    },
    Route("changeSettingTemplate", .patch, "/setting-templates/{id}", .run) { try await $0.changeTemplate($1) },
    Route("removeSettingTemplate", .delete, "/setting-templates/{id}", .run) { try await $0.removeTemplate($1) },
  ]
}

extension API {
  /// Asks the books of a station that exists.
  private func ask<R: Sendable>(
    _ identity: StationIdentity, _ question: @escaping @Sendable (Books, ID<Station>) throws(StoreFault) -> R
  ) async throws -> R {
    let found = try await house.read { books throws(StoreFault) in
      try books.stations.station(identity).map { station throws(StoreFault) in try question(books, station.id) }
    }
    guard let found else { throw Problem(.notFound, "no station \(identity)") }
    return found
  }

  // MARK: Settings

  fileprivate func listSettings(_ call: Call) async throws -> Answer {
    let (limit, cursor, text) = try (call.limit(), call.cursor(), call[query: "q"])
    let found = try await ask(call.identity()) { books, station throws(StoreFault) in
      try books.device.list(of: station, text: text, after: cursor, limit: limit)
    }
    return .page(found.map(\.json), next: found.count < limit ? nil : found.last?.place)
  }

  fileprivate func compareSettings(_ call: Call) async throws -> Answer {
    guard let id: ID<SettingTemplate> = try call.queryID("template") else {
      throw Problem.invalid("template", "the id of a template is expected")
    }
    let found = try await ask(call.identity()) { books, station throws(StoreFault) in
      try books.device.template(id).map { template throws(StoreFault) in
        try CSMS.differences(from: template, at: station, in: books)
      }
    }
    guard let found else { throw Problem(.notFound, "no such template") }
    return .page(
      found.map { ["key": .string($0.name.description), "wanted": .string($0.wanted), "actual": .text($0.actual)] },
      next: nil)
  }

  fileprivate func listReports(_ call: Call) async throws -> Answer {
    let (limit, cursor, kind) = try (
      call.limit(), call.cursorID(of: StationReport.self), call.queryWord("kind", as: StationReport.Kind.self)
    )
    let found = try await ask(call.identity()) { books, station throws(StoreFault) in
      try books.reports.list(of: station, kind: kind, before: cursor?.value, limit: limit)
    }
    return .page(found.map(\.json), next: found.count < limit ? nil : found.last.map { "\($0.id)" })
  }

  // MARK: Monitors, alerts and displays

  fileprivate func listMonitors(_ call: Call) async throws -> Answer {
    let found = try await ask(call.identity()) { books, station throws(StoreFault) in
      try books.monitors.list(of: station)
    }
    return .page(found.map(\.json), next: nil)
  }

  fileprivate func listStreams(_ call: Call) async throws -> Answer {
    let found = try await ask(call.identity()) { books, station throws(StoreFault) in
      try books.monitors.streams(of: station)
    }
    return .page(found.map(\.json), next: nil)
  }

  fileprivate func listStreamedValues(_ call: Call) async throws -> Answer {
    guard let number = Int(call.text("number")) else { throw Problem(.notFound, "a monitor has a number") }
    let limit = try call.limit()
    let found = try await ask(call.identity()) { books, station throws(StoreFault) in
      try books.monitors.values(of: number, station: station, limit: limit)
    }
    return .page(found.map { ["at": .time($0.at), "value": .string($0.value)] }, next: nil)
  }

  fileprivate func listDisplayMessages(_ call: Call) async throws -> Answer {
    let now = now
    let found = try await ask(call.identity()) { books, station throws(StoreFault) in
      try books.displays.list(of: station, at: now)
    }
    return .page(found.map(\.json), next: nil)
  }

  fileprivate func listGridControls(_ call: Call) async throws -> Answer {
    let now = now
    let found = try await ask(call.identity()) { books, station throws(StoreFault) in
      try books.grid.list(of: station).filter { kept in kept.control.endsAt.map { $0 >= now } ?? true }
    }
    return .page(found.map(\.json), next: nil)
  }

  fileprivate func listBatterySwaps(_ call: Call) async throws -> Answer {
    let limit = try call.limit()
    let cursor: ID<KeptSwap>? = try call.cursorID()
    let found = try await ask(call.identity()) { books, station throws(StoreFault) in
      try books.swaps.list(of: station, before: cursor, limit: limit)
    }
    return .page(found.map(\.json), next: found.count < limit ? nil : found.last?.id.description)
  }

  fileprivate func listStationTariffs(_ call: Call) async throws -> Answer {
    let found = try await ask(call.identity()) { books, station throws(StoreFault) -> [JSON] in
      let evses = try books.stations.evses(of: station)
      return try books.stationTariffs.list(of: station).map { kept throws(StoreFault) in
        let tariff = try books.tariffs.tariff(kept.tariff)?.tariff
        let billed = evses.filter { kept.evse == 0 || $0.number == kept.evse }
          .allSatisfy { $0.connectors.first?.tariff == kept.tariff }
        return [
          "evse": .whole(kept.evse),
          "tariff": ["id": .whole(kept.tariff.value), "ref": .text(tariff?.ref)], "state": .word(kept.state),
          "name": .text(kept.name), "answer": .text(kept.answer), "billed": .bool(billed),
          "origin": .string(kept.origin), "updated_at": .time(kept.updatedAt),
        ]
      }
    }
    return .page(found, next: nil)
  }

  fileprivate func listSettlements(_ call: Call) async throws -> Answer {
    let limit = try call.limit()
    let cursor: ID<KeptSettlement>? = try call.cursorID()
    let found = try await ask(call.identity()) { books, station throws(StoreFault) in
      try books.settlements.list(of: station, before: cursor, limit: limit)
    }
    return .page(found.map(\.json), next: found.count < limit ? nil : found.last?.id.description)
  }

  fileprivate func listAlerts(_ call: Call) async throws -> Answer {
    let limit = try call.limit()
    let cursor: ID<KeptAlert>? = try call.cursorID()
    let isOpen = try call.queryWord("open", as: YesNo.self).map { $0 == .true }
    let severity = call[query: "severity"].flatMap { Int($0) }
    let name = try call.queryStation()
    let found = try await house.read { books throws(StoreFault) -> [(id: ID<KeptAlert>, json: JSON)] in
      let station = try name.flatMap { name throws(StoreFault) in try books.stations.station(name) }
      if name != nil, station == nil { return [] }
      let alerts = try books.monitors.alerts(
        of: station?.id, isOpen: isOpen, severity: severity, before: cursor, limit: limit)
      return try alerts.map { alert throws(StoreFault) in
        (alert.id, alert.json(of: try books.stations.station(alert.station)?.identity))
      }
    }
    return .page(found.map(\.json), next: found.count < limit ? nil : found.last?.id.description)
  }

  fileprivate func settleAlert(_ call: Call) async throws -> Answer {
    try await house.settleAlert(try call.id(), by: call.by)
    return .done
  }

  // MARK: Templates

  fileprivate func showTemplate(_ id: ID<SettingTemplate>, status: Status) async throws -> Answer {
    let found = try await house.read { books throws(StoreFault) in try books.device.template(id) }
    guard let found else { throw Problem(.notFound, "no such template") }
    return .json(found.json, status: status, etag: ETag(changed: found.updatedAt))
  }

  fileprivate func createTemplate(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let template = SettingTemplate(
      name: try fields.text("name"), vendor: try fields.maybeText("vendor"), model: try fields.maybeText("model"),
      settings: try fields.settings("settings") ?? [:], at: now)
    try fields.finish()
    return try await showTemplate(try await house.addTemplate(template, by: call.by), status: .created)
  }

  fileprivate func changeTemplate(_ call: Call) async throws -> Answer {
    let id: ID<SettingTemplate> = try call.id()
    let edit: Edit<SettingTemplate> = try call.edit({ ETag(changed: $0.updatedAt) }) {
      fields, template throws(Problem) in
      try fields.change("name", &template.name)
      try fields.change("vendor", &template.vendor)
      try fields.change("model", &template.model)
      if let settings = try fields.settings("settings") { template.settings = settings }
    }
    try await house.changeTemplate(id, by: call.by, edit)
    return try await showTemplate(id, status: .ok)
  }

  fileprivate func removeTemplate(_ call: Call) async throws -> Answer {
    try await house.removeTemplate(try call.id(), by: call.by)
    return .done
  }
}

nonisolated private enum YesNo: String, Word { case `true`, `false` }

// MARK: - How they are shown

nonisolated extension KeptValue {
  /// Where it stands in the order of a list.
  fileprivate var place: String { "\(value.name) \(value.attribute.rawValue)" }

  fileprivate var json: JSON {
    [
      "key": .string(value.name.description), "attribute": .word(value.attribute), "value": .text(value.value),
      "access": .word(value.access), "kind": .word(value.kind), "unit": .text(value.unit),
      "least": .decimal(value.least), "most": .decimal(value.most), "choices": .text(value.choices),
      "can_be_monitored": value.canBeMonitored.map { .bool($0) } ?? .null, "told_at": .time(toldAt),
    ]
  }
}

nonisolated extension StationReport {
  fileprivate var json: JSON {
    [
      "id": .whole(id), "kind": .word(kind), "command": .string(command), "parts": .whole(parts),
      "missing": .whole(missing), "text": .text(text), "started_at": .time(startedAt), "ended_at": .time(endedAt),
    ]
  }
}

nonisolated extension Monitor {
  fileprivate var json: JSON {
    [
      "monitor": .whole(number), "key": .string(name.description), "kind": .word(kind),
      "value": .string(value.description), "severity": .whole(severity), "for_sessions": .bool(isForSessions),
      "origin": .word(origin),
    ]
  }
}

nonisolated extension KeptStream {
  fileprivate var json: JSON {
    [
      "stream": .whole(stream.number), "monitor": .whole(stream.monitor), "seconds": .whole(stream.seconds),
      "values": .whole(stream.values), "pending": .whole(pending), "opened_at": .time(openedAt),
    ]
  }
}

nonisolated extension KeptAlert {
  fileprivate func json(of station: StationIdentity?) -> JSON {
    [
      "id": .id(id), "station": .text(station?.text), "number": .whole(alert.number), "at": .time(alert.at),
      "key": .string(alert.name.description), "trigger": .word(alert.trigger), "value": .string(alert.value),
      "cause": .whole(alert.cause), "code": .text(alert.code), "info": .text(alert.info),
      "transaction": .text(alert.transaction), "monitor": .whole(alert.monitor), "severity": .whole(alert.severity),
      "origin": .word(alert.origin), "received_at": .time(receivedAt), "ended_at": .time(endedAt),
      "ended_by": .text(endedBy),
    ]
  }
}

nonisolated extension DisplayMessage {
  fileprivate var json: JSON {
    [
      "message": .whole(number), "text": .string(text.text), "format": .word(text.format),
      "language": .text(text.language), "priority": .word(priority), "moment": .word(moment), "from": .time(from),
      "to": .time(to), "transaction": .text(transaction), "display": .text(display?.description),
      "translations": .list(translations) {
        ["text": .string($0.text), "format": .word($0.format), "language": .text($0.language)]
      },
    ]
  }
}

nonisolated extension KeptControl {
  fileprivate var json: JSON {
    [
      "control": .string(control.id), "kind": .string(control.kind), "default": .bool(control.isDefault),
      "superseded": .bool(control.isSuperseded), "running": isRunning.map { .bool($0) } ?? .null,
      "settings": control.settings, "told_at": .time(toldAt),
    ]
  }
}

nonisolated extension KeptSwap {
  fileprivate var json: JSON {
    [
      "id": .id(id), "request": .whole(swap.request), "step": .word(swap.step), "token": .string(swap.token),
      "batteries": .list(swap.batteries, \.json), "at": .time(at),
    ]
  }
}

nonisolated extension SettingTemplate {
  fileprivate var json: JSON {
    let members = settings.sorted { $0.key.folded < $1.key.folded }
    return [
      "id": .id(id), "name": .string(name), "vendor": .text(vendor), "model": .text(model),
      "settings": .object(JSONObject(members.map { JSONObject.Member($0.key.description, .string($0.value)) })),
      "created_at": .time(createdAt), "updated_at": .time(updatedAt),
    ]
  }
}
