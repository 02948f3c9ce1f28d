import CSMS
import Domain
import HTTP
import Store
import Wire

// The messages that could not be used: answered, kept as they came, and here for the operator to match by hand.
extension Route {
  static let parked: [Route] = [
    Route("listParked", .get, "/parked", .look) { try await $0.listParked($1) },
    Route("settleParked", .post, "/parked/{id}/settle", .help) { try await $0.settleParked($1) },
  ]
}

extension API {
  /// The newest first, of one station or of all.
  fileprivate func listParked(_ call: Call) async throws -> Answer {
    let limit = try call.limit()
    let cursor: ID<ParkedMessage>? = try call.cursorID()
    let name = try call.queryStation()
    let found = try await house.read { books throws(StoreFault) -> [(id: ID<ParkedMessage>, json: JSON)] in
      let station = try name.flatMap { name throws(StoreFault) in try books.stations.station(name) }
      if name != nil, station == nil { return [] }
      return try books.parked.waiting(of: station?.id, before: cursor, limit: limit).map { message throws(StoreFault) in
        (message.id, message.json(of: try books.stations.station(message.station)?.identity))
      }
    }
    return .page(found.map(\.json), next: found.count < limit ? nil : found.last?.id.description)
  }

  fileprivate func settleParked(_ call: Call) async throws -> Answer {
    try await house.settle(try call.id(), by: call.by)
    return .done
  }
}

nonisolated extension ParkedMessage {
  fileprivate func json(of station: StationIdentity?) -> JSON {
    [
      "id": .id(id), "station": .text(station?.text), "action": .string(action), "payload": payload,
      "why": .string(why),
      "count": .whole(count), "received_at": .time(receivedAt),
    ]
  }
}
