import Domain
import Store
import Wire

// Whether the map shows tiles of somebody else's, and whose.
extension CSMS {
  nonisolated private static let tilesSetting = "map_tiles"

  /// Nil where the map asks nobody, as it does at first.
  public func mapTiles() async throws(Refusal) -> MapTiles? {
    try await read { books throws(StoreFault) in try Self.mapTiles(books) }
  }

  nonisolated private static func mapTiles(_ books: Books) throws(StoreFault) -> MapTiles? {
    guard let text = try books.settings.value(tilesSetting) else { return nil }
    return try? MapTiles.read(Bytes(utf8: text)).value
  }

  /// - Parameters:
  ///   - tiles: nil turns them off.
  ///   - look: looks at the choice so far, and refuses where the change was made for another.
  public func setMapTiles(
    _ tiles: MapTiles?, looking look: @escaping @MainActor @Sendable (MapTiles?) throws(Refusal) -> Void = { _ in }
  ) async throws(Refusal) {
    if let tiles {
      guard tiles.origin != nil else {
        throw .invalid(
          field: "url", "such as https://tiles.example/{z}/{x}/{y}.png, of at most \(Domain.Limits.tileURL) characters")
      }
      // Whoever makes maps wants to be named.
      try checkText(tiles.attribution, "attribution", 1...Domain.Limits.tileAttribution)
      guard Domain.Limits.tileZoom.contains(tiles.mostZoom) else {
        throw .invalid(
          field: "max_zoom", "\(Domain.Limits.tileZoom.lowerBound) to \(Domain.Limits.tileZoom.upperBound)")
      }
    }
    try await turn { () throws(Refusal) in
      try look(keep { () throws(StoreFault) in try Self.mapTiles(self.books) })
      try keep { () throws(StoreFault) in
        try self.books.settings.set(Self.tilesSetting, tiles.map { String(decoding: $0.encoded(), as: UTF8.self) })
      }
    }
  }
}
