import CSMS
import Domain
import HTTP
import Wire

// Tiles of the map, by the operator's choice. The choice is public to whoever may see the map; the policy of the map's page
// names the server (`Assets.swift`), and no other page may load from it.
extension Route {
  static let mapTiles: [Route] = [
    Route("showMapTiles", .get, "/map-tiles", .look) { api, _ in .mapTiles(try await api.house.mapTiles()) },
    Route("changeMapTiles", .put, "/map-tiles", .own) { try await $0.changeMapTiles($1) },
  ]
}

extension API {
  fileprivate func changeMapTiles(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let url = try fields.maybeText("url")
    let attribution = try fields.maybeText("attribution")
    let zoom = try fields.maybeWhole("max_zoom")
    try fields.finish()
    let tiles = url.map { MapTiles(url: $0, attribution: attribution ?? "", mostZoom: zoom ?? MapTiles().mostZoom) }
    try await house.setMapTiles(tiles) { known throws(HouseRefusal) in try call.expect(known.tag) }
    return .mapTiles(tiles)
  }
}

extension Answer {
  fileprivate static func mapTiles(_ tiles: MapTiles?) -> Answer { .json(tiles.json, etag: tiles.tag) }
}

nonisolated extension MapTiles? {
  fileprivate var tag: ETag { ETag(of: json.bytes) }

  fileprivate var json: JSON {
    ["url": .text(self?.url), "attribution": .text(self?.attribution), "max_zoom": .whole(self?.mostZoom)]
  }
}
