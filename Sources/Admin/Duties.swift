import CSMS
import Domain
import HTTP
import Store
import Wire

// Local lists, reservations, charging profiles, firmware and logs: their verbs at a station, and where they stand.
extension Route {
  static let duties: [Route] = [
    Route("showLocalList", .get, "/stations/{id}/local-list", .look) { try await $0.showLocalList($1) },
    Route("changeLocalList", .patch, "/stations/{id}/local-list", .run) { try await $0.changeLocalList($1) },
    Route("listReservations", .get, "/reservations", .look) { try await $0.listReservations($1) },
    Route("getReservation", .get, "/reservations/{id}", .look) { try await $0.showReservation($1) },
    Route("cancelReservation", .delete, "/reservations/{id}", .run) { try await $0.cancelReservation($1) },
    Route("listProfiles", .get, "/stations/{id}/profiles", .look) { try await $0.listProfiles($1) },
    Route("listCompositeSchedules", .get, "/stations/{id}/composite-schedules", .look) {
      try await $0.listCompositeSchedules($1)
    },
    Route("listChargingNotices", .get, "/stations/{id}/charging-notices", .look) {
      try await $0.listChargingNotices($1)
    },
    Route("listJobs", .get, "/jobs", .look) { try await $0.listJobs($1) },
    Route("getJob", .get, "/jobs/{id}", .look) { try await $0.showJob($1) },
  ]
}

// MARK: - Verbs

extension API {
  /// A verb that is more to the house than one command; nil for any other.
  func duty(
    _ verb: String, of identity: StationIdentity, _ fields: inout Fields, by who: String
  ) async throws -> CommandRecord? {
    switch verb {
    case "capacity":
      try fields.finish()
      return try await house.command(.capacity(), to: identity, by: who)
    case "list-version":
      try fields.finish()
      return try await house.command(.list(.version), to: identity, by: who)
    case "send-list":
      try fields.finish()
      return try await house.sendList(to: identity, by: who)
    case "reserve":
      let (uid, id) = try (fields.maybeText("token"), fields.maybeID("token_id", of: Token.self))
      let evse = try fields.maybeWhole("evse")
      guard let end = try fields.maybeTime("expires_at") else {
        throw Problem.invalid("expires_at", "this field is required")
      }
      try fields.finish()
      return try await house.reserve(
        at: identity, evse: evse, token: try await token(uid: uid, id: id), until: end, by: who
      ).command
    case "set-profile":
      let evse = try fields.maybeWhole("evse") ?? 0
      let session = try fields.maybeText("session")
      guard let profile: ChargingProfile = try fields.maybePayload("profile") else {
        throw Problem.invalid("profile", "this field is required")
      }
      try fields.finish()
      return try await house.setProfile(profile, at: identity, evse: evse, session: session, by: who)
    case "clear-profile":
      let filter = ProfileFilter(
        number: try fields.maybeWhole("number").map { Int64($0) }, evse: try fields.maybeWhole("evse"),
        purpose: try fields.maybeWord("purpose"), stackLevel: try fields.maybeWhole("stack_level"))
      try fields.finish()
      return try await house.clearProfiles(filter, at: identity, by: who)
    case "composite-schedule":
      let evse = try fields.maybeWhole("evse") ?? 0
      let seconds = try fields.maybeWhole("duration_s") ?? 86_400
      let unit: ChargingProfile.Schedule.Unit? = try fields.maybeWord("unit")
      try fields.finish()
      return try await house.command(
        .profile(.composite(evse: evse, seconds: seconds, unit: unit)), to: identity, by: who)
    case "get-profiles":
      let filter = ProfileFilter(
        number: try fields.maybeWhole("number").map { Int64($0) }, evse: try fields.maybeWhole("evse"),
        purpose: try fields.maybeWord("purpose"), stackLevel: try fields.maybeWhole("stack_level"))
      try fields.finish()
      return try await house.askProfiles(filter, at: identity, by: who)
    case "dynamic-limit":
      let number = Int64(try fields.whole("number"))
      let change = DynamicChange(
        limit: try fields.maybeDecimal("limit"), setpoint: try fields.maybeDecimal("setpoint"),
        dischargeLimit: try fields.maybeDecimal("discharge_limit"))
      try fields.finish()
      return try await house.change(change, ofDynamic: number, at: identity, by: who)
    case "priority":
      let (session, isOn) = try (fields.text("session"), fields.flag("on"))
      try fields.finish()
      return try await house.setPriority(isOn, of: session, by: who)
    case "energy-transfer":
      let session = try fields.text("session")
      let allowed = try (fields.maybeTexts("allowed") ?? []).map { text throws(Problem) in
        guard let transfer = EnergyTransfer(rawValue: text) else {
          throw Problem.invalid(
            "allowed", "ways such as \(EnergyTransfer.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return transfer
      }
      try fields.finish()
      return try await house.allow(allowed, in: session, by: who)
    case "update-firmware", "publish-firmware":
      let draft = try FirmwareDraft(&fields, isOffered: verb == "publish-firmware")
      try fields.finish()
      return try await house.updateFirmware(of: identity, draft, by: who).command
    case "unpublish-firmware":
      let md5 = try fields.text("md5")
      try fields.finish()
      return try await house.command(.firmware(.unpublish(md5: md5)), to: identity, by: who)
    case "get-log":
      let draft = try LogDraft(&fields)
      try fields.finish()
      return try await house.getLog(of: identity, draft, by: who).command
    default: return nil
    }
  }
}

extension FirmwareDraft {
  /// - Parameter isOffered: to the stations behind a local controller.
  init(_ fields: inout Fields, isOffered: Bool = false) throws(Problem) {
    self.init(url: try fields.maybeText("url") ?? "")
    file = try fields.maybeText("file")
    guard url.isEmpty != (file == nil) else { throw .invalid("url", "give a url or a file") }
    retries = try fields.maybeWhole("retries")
    retrySeconds = try fields.maybeWhole("retry_s")
    if isOffered {
      md5 = try fields.text("md5")
      return
    }
    retrieveAt = try fields.maybeTime("retrieve_at")
    installAt = try fields.maybeTime("install_at")
    signature = try fields.maybeText("signature")
    certificate = try fields.maybeText("certificate")
  }
}

extension LogDraft {
  init(_ fields: inout Fields) throws(Problem) {
    self.init(url: try fields.maybeText("url") ?? "")
    kind = try fields.maybeWord("kind") ?? .diagnostics
    from = try fields.maybeTime("from")
    to = try fields.maybeTime("to")
    retries = try fields.maybeWhole("retries")
    retrySeconds = try fields.maybeWhole("retry_s")
  }
}

// MARK: - Local lists

extension API {
  fileprivate func showLocalList(_ call: Call) async throws -> Answer {
    let identity = try call.identity()
    let found = try await house.read { books throws(StoreFault) in
      try books.stations.station(identity).map { station throws(StoreFault) in
        (
          list: try books.lists.state(of: station.id), count: try books.lists.count(),
          newest: try books.lists.newestChange()
        )
      }
    }
    guard let found else { throw Problem(.notFound, "no station \(identity)") }
    let list = found.list
    let isKept = list.map { $0.phase != .off } ?? false
    let json: JSON = [
      "keep": .bool(isKept), "state": .word(list?.phase ?? .off),
      "version": .whole(list?.version), "behind": .whole(list.map { found.newest - $0.change } ?? found.newest),
      "entries": .whole(found.count), "left_out": .whole(list?.leftOut ?? 0), "why": .text(list?.why),
      "next_try_at": .time(list?.dueAt), "updated_at": .time(list?.updatedAt),
    ]
    // How far the station is, moves by itself; people change whether there is a list.
    return .json(json, etag: ETag(version: isKept))
  }

  fileprivate func changeLocalList(_ call: Call) async throws -> Answer {
    let identity = try call.identity()
    var fields = try call.fields()
    let isKept = try fields.flag("keep")
    try fields.finish()
    try await house.keepList(of: identity, isKept, by: call.by) { known throws(HouseRefusal) in
      try call.expect(ETag(version: known))
    }
    return try await showLocalList(call)
  }
}

// MARK: - Reservations

extension API {
  fileprivate func listReservations(_ call: Call) async throws -> Answer {
    let (limit, cursor) = try (call.limit(), call.cursorID(of: Reservation.self))
    let isOpen: Bool? = try call.queryFlag("open") ? true : nil
    let identity = try call.queryStation()
    let found = try await house.read { books throws(StoreFault) in
      let station = try identity.map { identity throws(StoreFault) in
        try books.stations.station(identity)?.id ?? ID(0)
      }
      return try books.reservations.list(at: station, isOpen: isOpen, before: cursor?.value, limit: limit).map {
        reservation throws(StoreFault) in
        (reservation, try books.stations.station(reservation.station)?.identity)
      }
    }
    return .page(
      found.map { $0.0.json(at: $0.1) }, next: found.count < limit ? nil : found.last.map { "\($0.0.number)" })
  }

  fileprivate func showReservation(_ call: Call) async throws -> Answer {
    try await showReservation(call.text("id"))
  }

  private func showReservation(_ id: String) async throws -> Answer {
    let found = try await house.read { books throws(StoreFault) in
      try books.reservations.reservation(id).map { reservation throws(StoreFault) in
        (reservation, try books.stations.station(reservation.station)?.identity)
      }
    }
    guard let (reservation, identity) = found else { throw Problem(.notFound, "no such reservation") }
    return .json(reservation.json(at: identity))
  }

  fileprivate func cancelReservation(_ call: Call) async throws -> Answer {
    _ = try await house.cancelReservation(call.text("id"), by: call.by)
    return try await showReservation(call.text("id"))
  }
}

nonisolated extension Reservation {
  func json(at identity: StationIdentity?) -> JSON {
    [
      "id": .string(id), "number": .whole(number), "station": .text(identity?.text), "evse": .whole(evse),
      "token": .string(token.uid), "contract_id": .string(token.contractID), "group_id": .text(groupID),
      "expires_at": .time(expiresAt), "state": .word(state), "answer": .text(answer), "origin": .string(origin),
      "partner_reference": .text(partnerReference), "session": .text(session), "created_at": .time(createdAt),
      "updated_at": .time(updatedAt),
    ]
  }
}

// MARK: - Charging profiles

extension API {
  fileprivate func listProfiles(_ call: Call) async throws -> Answer {
    let (identity, limit, cursor) = try (call.identity(), call.limit(), call.cursorID(of: KeptProfile.self))
    let isOpen: Bool? = try call.queryFlag("open") ? true : nil
    let found = try await house.read { books throws(StoreFault) in
      try books.stations.station(identity).map { station throws(StoreFault) in
        try books.profiles.list(at: station.id, isOpen: isOpen, before: cursor?.value, limit: limit)
      }
    }
    guard let found else { throw Problem(.notFound, "no station \(identity)") }
    return .page(
      found.map { kept in
        [
          "number": .whole(kept.number), "evse": .whole(kept.evse), "profile": kept.profile.json,
          "state": .word(kept.state), "answer": .text(kept.answer), "session": .text(kept.session),
          "instead_of": .whole(kept.insteadOf),
          "origin": .string(kept.origin), "created_at": .time(kept.createdAt), "updated_at": .time(kept.updatedAt),
        ]
      }, next: found.count < limit ? nil : found.last.map { "\($0.number)" })
  }

  fileprivate func listCompositeSchedules(_ call: Call) async throws -> Answer {
    let identity = try call.identity()
    let found = try await house.read { books throws(StoreFault) in
      try books.stations.station(identity).map { station throws(StoreFault) in
        try books.profiles.composites(of: station.id)
      }
    }
    guard let found else { throw Problem(.notFound, "no station \(identity)") }
    return .page(
      found.map { composite in
        [
          "evse": .whole(composite.schedule.evse), "schedule": composite.schedule.schedule.json,
          "read_at": .time(composite.at),
        ]
      }, next: nil)
  }
}

extension API {
  fileprivate func listChargingNotices(_ call: Call) async throws -> Answer {
    let identity = try call.identity()
    let found = try await house.read { books throws(StoreFault) in
      try books.stations.station(identity).map { station throws(StoreFault) in
        try books.profiles.notices(of: station.id)
      }
    }
    guard let found else { throw Problem(.notFound, "no station \(identity)") }
    return .page(
      found.map { notice in
        [
          "evse": .whole(notice.evse), "what": .word(notice.kind), "source": .string(notice.source),
          "told": notice.body, "at": .time(notice.at),
        ]
      }, next: nil)
  }
}

// MARK: - Firmware and logs

extension API {
  fileprivate func listJobs(_ call: Call) async throws -> Answer {
    let (limit, cursor) = try (call.limit(), call.cursorID(of: StationJob.self))
    let (identity, campaign) = (try call.queryStation(), call[query: "campaign"])
    let found = try await house.read { books throws(StoreFault) in
      let station = try identity.map { identity throws(StoreFault) in
        try books.stations.station(identity)?.id ?? ID(0)
      }
      return try books.jobs.list(of: station, campaign: campaign, before: cursor?.value, limit: limit).map {
        job throws(StoreFault) in
        (job, try books.stations.station(job.station)?.identity)
      }
    }
    return .page(
      found.map { $0.0.json(at: $0.1) }, next: found.count < limit ? nil : found.last.map { "\($0.0.number)" })
  }

  fileprivate func showJob(_ call: Call) async throws -> Answer {
    let id = call.text("id")
    let found = try await house.read { books throws(StoreFault) in
      try books.jobs.job(id).map { job throws(StoreFault) in
        (job, try books.stations.station(job.station)?.identity)
      }
    }
    guard let (job, identity) = found else { throw Problem(.notFound, "no such job") }
    return .json(job.json(at: identity))
  }
}

nonisolated extension StationJob {
  func json(at identity: StationIdentity?) -> JSON {
    [
      "id": .string(id), "number": .whole(number), "station": .text(identity?.text), "kind": .word(kind),
      "state": .word(state), "word": .text(word), "url": .string(url), "file": .text(file),
      "file_name": .text(fileName), "request": request, "campaign": .text(campaign), "origin": .string(origin),
      "created_at": .time(createdAt), "updated_at": .time(updatedAt),
    ]
  }
}

extension Call {
  /// `?station=`, its identity.
  func queryStation() throws(Problem) -> StationIdentity? {
    guard let text = self[query: "station"] else { return nil }
    guard let identity = StationIdentity(text) else { throw .invalid("station", "a station's identity") }
    return identity
  }
}
