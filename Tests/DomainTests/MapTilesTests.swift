import Testing

@testable import Domain

struct MapTilesTests {
  private func origin(_ url: String) -> String? { MapTiles(url: url, attribution: "A", mostZoom: 19).origin }

  @Test(arguments: [
    ("https://tiles.example/{z}/{x}/{y}.png", "https://tiles.example"),
    ("https://a-1.tiles.example:8443/v/{z}/{y}/{x}@2x.png?key=a1~b", "https://a-1.tiles.example:8443"),
    ("https://127.0.0.1:9/?z={z}&x={x}&y={y}", "https://127.0.0.1:9"),
  ])
  func theServerIsNamedAsAPolicyNamesIt(_ url: String, _ named: String) {
    #expect(origin(url) == named)
  }

  /// Whatever could end the word, the directive or the header is no server.
  @Test(arguments: [
    "", "https://", "http://tiles.example/{z}/{x}/{y}.png", "//tiles.example/{z}/{x}/{y}.png",
    "https://tiles.example/{z}/{x}.png", "https://tiles.example/{z}/{x}/{y}/{y}.png", "https://{z}.example/{x}/{y}.png",
    "https://tiles.example; script-src */{z}/{x}/{y}", "https://tiles.example /{z}/{x}/{y}",
    "https://user:secret@tiles.example/{z}/{x}/{y}", "https://*/{z}/{x}/{y}", "https://*.example/{z}/{x}/{y}",
    "https://tiles.example/{z}/{x}/{y}\r\nX: y", "https://tïles.example/{z}/{x}/{y}",
    "https://tiles.example/{z}/{x}/{y}#a",
    "https://tiles.example/{z}/{x}/{y}\"", "https://tiles.example\\{z}/{x}/{y}", "https://[::1]/{z}/{x}/{y}",
    "javascript:alert(1)//{z}{x}{y}",
  ])
  func nothingElseIsAServerOfTiles(_ url: String) {
    #expect(origin(url) == nil)
  }

  @Test func anAddressHasItsBound() {
    let path = "https://t.example/{z}/{x}/{y}/"
    let room = Limits.tileURL - path.utf8.count
    #expect(origin(path + String(repeating: "a", count: room)) != nil)
    #expect(origin(path + String(repeating: "a", count: room + 1)) == nil)
  }
}
