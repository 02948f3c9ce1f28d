import Testing
import Wire

@testable import OCPP

struct StationFiguresTests {
  private func text(_ figures: StationFigures) -> String {
    var exposition = Exposition()
    figures.write(into: &exposition)
    return String(decoding: exposition.bytes, as: UTF8.self)
  }

  @Test func framesAreCountedByActionDirectionAndResult() {
    var figures = StationFigures(actions: Dialect16().actions)
    figures.count("Heartbeat", .received, isError: false)
    figures.count("Heartbeat", .sent, isError: false)
    figures.count("StatusNotification", .received, isError: false)
    figures.count("StatusNotification", .sent, isError: true)
    let text = text(figures)
    #expect(text.contains("{action=\"Heartbeat\",direction=\"received\",result=\"ok\"} 1\n"))
    #expect(text.contains("{action=\"Heartbeat\",direction=\"sent\",result=\"ok\"} 1\n"))
    #expect(text.contains("{action=\"StatusNotification\",direction=\"sent\",result=\"error\"} 1\n"))
  }

  @Test func whatNobodyDeclaredIsOneLabel() {
    var figures = StationFigures(actions: Dialect16().actions)
    for number in 0..<1_000 { figures.count("Invented\(number)", .received, isError: false) }
    figures.count(nil, .received, isError: true)
    let text = text(figures)
    #expect(text.contains("{action=\"other\",direction=\"received\",result=\"ok\"} 1000\n"))
    #expect(text.contains("{action=\"other\",direction=\"received\",result=\"error\"} 1\n"))
    #expect(!text.contains("Invented"))
  }

  @Test func ourOwnCallsAreDeclaredToo() {
    let actions = Dialect16().actions
    #expect(actions.contains("RemoteStartTransaction"))
    #expect(actions.contains("Heartbeat"))
    #expect(Set(actions).count == actions.count)
  }

  @Test func applicationsCloseCodesAreCountedTogether() {
    var figures = StationFigures(actions: [])
    for code: UInt16? in [1_000, 1_000, nil, 3_001, 4_999, 4_000] { figures.closed(code) }
    let text = text(figures)
    for (code, count) in [("1000", 2), ("none", 1), ("3000", 1), ("4000", 2)] {
      #expect(text.contains("ostler_websocket_closings_total{code=\"\(code)\"} \(count)\n"))
    }
  }

  @Test func loopsAddUp() {
    var one = StationFigures(actions: ["A", "B"])
    var other = StationFigures(actions: ["B", "A"])
    one.count("A", .sent, isError: false)
    other.count("A", .sent, isError: false)
    other.count("B", .received, isError: false)
    other.count("C", .received, isError: false)
    other.closed(1_001)
    let text = text(one + other)
    #expect(text.contains("{action=\"A\",direction=\"sent\",result=\"ok\"} 2\n"))
    #expect(text.contains("{action=\"B\",direction=\"received\",result=\"ok\"} 1\n"))
    #expect(text.contains("{action=\"other\",direction=\"received\",result=\"ok\"} 1\n"))
    #expect(text.contains("{code=\"1001\"} 1\n"))
  }
}
