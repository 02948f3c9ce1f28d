import Glibc
import HTTP
import Net
import Wire

/// Lets a suite judge our client: asks how many cases it has, is the echo in each, and asks for the report at the end.
/// These are the paths of Autobahn's fuzzing server.
final class SuiteVisit {
  private let address: String
  private let options: WebSocketClient.Options
  private let loop: EventLoop
  private var cases = 0
  private var next = 1

  init(_ address: String, _ options: WebSocketClient.Options, _ loop: EventLoop) {
    (self.address, self.options, self.loop) = (address, options, loop)
  }

  func begin() { connect("/getCaseCount", Count(self)) }

  fileprivate func counted(_ count: Int) { cases = count }

  fileprivate func visited() {
    if next <= cases {
      connect("/runCase?case=\(next)&agent=ostler", Visited(self))
      next += 1
    } else if next == cases + 1 {
      connect("/updateReports?agent=ostler", Visited(self))
      next += 1
    } else {
      Glibc.exit(cases > 0 ? 0 : 1)
    }
  }

  private func connect(_ path: String, _ handler: any WebSocketHandler) {
    guard let url = try? HTTPURL(address + path) else { Console.fail("\(address)\(path) is no address") }
    WebSocketClient.connect(url, options, loop: loop, handler: handler) { result in
      if case .failure(let fault) = result { Console.fail("\(url): \(fault)") }
    }
  }
}

/// Hears one number.
private final class Count: Echo {
  private let visit: SuiteVisit

  init(_ visit: SuiteVisit) { self.visit = visit }

  override func webSocket(_ webSocket: WebSocket, text: [UInt8]) {
    visit.counted(Int(String(decoding: text, as: UTF8.self)) ?? 0)
  }

  override func webSocket(_ webSocket: WebSocket, closed code: UInt16?, reason: String, clean: Bool) { visit.visited() }
}

/// Is the echo of one case.
private final class Visited: Echo {
  private let visit: SuiteVisit

  init(_ visit: SuiteVisit) { self.visit = visit }

  override func webSocket(_ webSocket: WebSocket, closed code: UInt16?, reason: String, clean: Bool) { visit.visited() }
}
