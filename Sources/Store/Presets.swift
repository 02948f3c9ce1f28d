import CResources
import Domain
import Wire

extension StationPresets {
  /// Those that travel inside the binary, `Resources/station-presets.json`.
  public nonisolated static let embedded: StationPresets = {
    var count = 0
    let files = UnsafeBufferPointer(start: ostler_resources(&count), count: count)
    guard let file = files.first(where: { String(cString: $0.path) == "station-presets.json" }) else {
      preconditionFailure("the presets travel with the binary")
    }
    let bytes = Bytes(UnsafeBufferPointer(start: file.start, count: file.end - file.start))
    do { return try StationPresets.read(bytes).value } catch {
      preconditionFailure("the presets cannot be read: \(error)")
    }
  }()
}
