import CSMS
import Domain
import HTTP
import Store
import Wire

// Rounds through a station's own settings, and what is odd about it.
extension Route {
  static let stationSettings: [Route] = [
    Route("readStationSettings", .post, "/stations/{id}/settings/read", .run) { api, call in
      .json(try await api.house.readSettings(of: call.identity(), by: call.by).json)
    },
    Route("writeStationSettings", .post, "/stations/{id}/settings/write", .run) { api, call in
      .json(try await api.house.writeSettings(of: call.identity(), by: call.by).json)
    },
    Route("forgetOddities", .delete, "/stations/{id}/oddities", .run) { api, call in
      try await api.house.forgetOddities(of: call.identity(), by: call.by)
      return .done
    },
  ]
}

nonisolated extension SettingsRound {
  fileprivate var json: JSON { ["done": .whole(done), "refused": .list(refused) { .string($0) }] }
}
