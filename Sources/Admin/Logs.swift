import CSMS
import Domain
import HTTP
import Store
import Wire

// The two logs: what happened in the house, and what went over the wires.
extension Route {
  static let logs: [Route] = [
    Route("listMessages", .get, "/messages", .look) { try await $0.listMessages($1) },
    Route("followEvents", .get, "/events", .look) { try await $0.events($1) },
  ]
}

nonisolated private enum Door: String, Word { case ocpp, ocpi }

extension API {
  fileprivate func listMessages(_ call: Call) async throws -> Answer {
    try await listMessages(call, door: try call.queryWord("door", as: Door.self)?.rawValue, peer: call[query: "peer"])
  }

  func listMessages(_ call: Call, door: String?, peer: String?) async throws -> Answer {
    guard let messages else { throw Problem(.notFound, "this house keeps no message log") }
    var filter = MessageFilter(
      door: door, peer: peer,
      action: call[query: "action"],
      direction: try call.queryWord("direction"), onlyErrors: try call.queryFlag("errors"),
      since: try call.queryTime("from"),
      text: call[query: "q"])
    if let session = call[query: "session"] { try await narrow(&filter, to: session) }
    if call.caller.scope != nil {
      // What partners say is of no site.
      guard door != Door.ocpi.rawValue else { return .page([], next: nil) }
      filter.door = Door.ocpp.rawValue
      filter.onlyPeers = try await peersInReach()
    }
    let limit = try call.limit()
    let place = try call.cursor().flatMap { Int64($0) }
    let page: MessagePage
    do { page = try await messages.search(filter, before: place, limit: limit) } catch {
      throw Problem(.unavailable, "the message log cannot be read: \(error)")
    }
    return .page(page.messages.map(\.json), next: page.next.map { "\($0)" })
  }

  /// The stations whose frames the caller may see.
  private func peersInReach() async throws -> Set<String> {
    var peers: Set<String> = []
    var place: StationIdentity?
    while true {
      let after = place
      let names = try await house.read { books throws(StoreFault) in
        try books.stations.list(after: after, limit: Limits.longestPage).map(\.identity)
      }
      peers.formUnion(names.map(\.text))
      guard names.count == Limits.longestPage else { return peers }
      place = names.last
    }
  }

  /// The frames of a session are those of its station around its time that name its transaction or its token.
  private func narrow(_ filter: inout MessageFilter, to id: String) async throws {
    let found = try await house.read { books throws(StoreFault) in
      try books.sessions.session(id).map { session throws(StoreFault) in
        (
          session, try books.stations.station(session.station)?.identity.text,
          try books.transactions.transaction(of: session.id)?.name
        )
      }
    }
    guard let (session, station, name) = found else { throw Problem(.notFound, "no such session") }
    filter.door = "ocpp"
    filter.peer = station ?? filter.peer
    let since = session.startedAt - .seconds(Limits.sessionMessageSeconds)
    filter.since = max(filter.since ?? since, since)
    if let end = session.endedAt { filter.until = end + .seconds(Limits.sessionMessageSeconds) }
    filter.anyText = session.token.uid.isEmpty ? [] : ["\"\(session.token.uid)\""]
    // What a station of 2.x calls it, as JSON writes it.
    if let name { filter.anyText.append(JSON.string(name).text) }
    if let transaction = session.transaction {
      // A number ends where its field ends.
      for end in [",", "}"] {
        filter.anyText += ["", " "].map { "\"transactionId\":\($0)\(transaction)\(end)" }
      }
      filter.anyText.append("\"\(transaction)\"")
    }
  }

  fileprivate func events(_ call: Call) async throws -> Answer {
    let after = try seq(call.request.headers["last-event-id"], "Last-Event-ID") ?? seq(call[query: "after"], "after")
    if call.request.headers.list("accept").contains(where: { $0.lowercased().hasPrefix("text/event-stream") }) {
      return try live.follow(after: after, for: call.caller)
    }
    let limit = try call.limit()
    let subject = call[query: "subject"]
    let isNewestFirst = try call.queryFlag("newest") || subject != nil
    let place = try call.cursor().flatMap { Int64($0) }
    // Sites that are quiet must not make everybody wait while their newest event is looked for in a long log.
    var since: Int64 = 0
    if isNewestFirst, call.caller.scope != nil {
      let last = try await house.readWhole { books throws(StoreFault) in try books.events.lastSeq() }
      since = (place ?? last) - Limits.newestReach
    }
    let reach = since
    let shapes = try await house.read { books throws(StoreFault) -> [(seq: Int64, json: JSON)] in
      let events: [LoggedEvent]
      if let subject {
        events = try books.events.latest(of: subject, before: place, limit: limit)
      } else if isNewestFirst {
        events = try books.events.latest(before: place, since: reach, limit: limit)
      } else {
        events = try books.events.after(place ?? after ?? 0, limit: limit)
      }
      var names: [ID<Station>: String] = [:]
      return try events.map { event throws(StoreFault) in
        var name: String?
        if let station = event.station {
          if names[station] == nil { names[station] = try books.stations.station(station)?.identity.text }
          name = names[station]
        }
        return (event.seq, event.json(station: name))
      }
    }
    return .page(shapes.map(\.json), next: shapes.count < limit ? nil : shapes.last.map { "\($0.seq)" })
  }

  private func seq(_ text: String?, _ name: String) throws(Problem) -> Int64? {
    guard let text, !text.isEmpty else { return nil }
    guard let seq = Int64(text), seq >= 0 else { throw .invalid(name, "the seq of an event is expected") }
    return seq
  }
}

nonisolated extension LoggedEvent {
  /// The station that it is about, if it is about one.
  var station: ID<Station>? {
    if subject.hasPrefix("station/") { return Int64(subject.dropFirst("station/".count)).map { ID($0) } }
    let isOfStation = ["command/", "profile/", "reservation/", "job/"].contains { subject.hasPrefix($0) }
    return isOfStation ? body["station"]?.int.map { ID($0) } : nil
  }

  func json(station: String?) -> JSON {
    [
      "seq": .whole(seq), "at": .time(at), "kind": .string(kind), "subject": .string(subject),
      "station": .text(station),
      "body": body,
    ]
  }
}

nonisolated extension KeptMessage {
  fileprivate var json: JSON {
    [
      "id": .whole(id), "at": .time(at), "door": .string(door), "peer": .string(peer), "direction": .word(direction),
      "action": .text(action), "correlation": .text(correlation), "error": .bool(isError), "text": .string(text),
    ]
  }
}
