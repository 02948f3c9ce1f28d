// The stations of one run, on one epoll set and one thread.

import CSystem
import Glibc
import Wire

/// Drives stations until the scenario has what it wants.
final class Load {
  let port: UInt16
  let password: String
  /// When the stations' own time begins, in seconds since 1970.
  let epoch: Int
  /// Set where the stations speak TLS.
  let tls: OpaquePointer?
  var composer = Composer()
  let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: bufferBytes)
  static let bufferBytes = 65_536

  private(set) var stations: [Station] = []
  private var callers: [Caller] = []
  /// What the scenario does with news; set before anything connects.
  var listener: (News, Station) -> Void = { _, _ in }
  /// Called when a line stands on the standard input, if set; nil at its end.
  var onLine: ((String?) -> Void)? { didSet { watch(STDIN_FILENO, for: Self.input, EPOLLIN.rawValue) } }

  private let set = epoll_create1(0)
  private let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: eventsPerLook)
  private static let eventsPerLook = 256
  private static let input = Int(Int32.max)

  init(port: UInt16, password: String, count: Int, epoch: Int, isTLS: Bool = false) {
    (self.port, self.password, self.epoch) = (port, password, epoch)
    tls = isTLS ? SSL_CTX_new(TLS_client_method()) : nil
    // Thousands of stations rest in this process too.
    if let tls { _ = SSL_CTX_ctrl(tls, SSL_CTRL_MODE, Int(SSL_MODE_RELEASE_BUFFERS), nil) }
    stations = (0..<count).map { Station($0, in: self) }
  }

  /// The identity of a station, as it was added to the books.
  func name(of index: Int) -> String { "BENCH-\(String(repeating: "0", count: 5 - String(index).count))\(index)" }

  /// Takes a caller in; the number under which its socket is watched.
  func enter(_ caller: Caller) -> Int {
    callers.append(caller)
    return stations.count + callers.count - 1
  }

  func hears(_ news: News, of station: Station) { listener(news, station) }

  func watch(_ descriptor: Int32, for index: Int, _ what: UInt32) { control(EPOLL_CTL_ADD, descriptor, index, what) }

  func rewatch(_ descriptor: Int32, for index: Int, _ what: UInt32) { control(EPOLL_CTL_MOD, descriptor, index, what) }

  private func control(_ verb: Int32, _ descriptor: Int32, _ index: Int, _ what: UInt32) {
    var event = epoll_event()
    event.events = what
    event.data.u64 = UInt64(index)
    guard epoll_ctl(set, verb, descriptor, &event) == 0 else { give(up: "epoll: \(String(cString: strerror(errno)))") }
  }

  /// Serves the sockets until the moment has come, or `done` says so.
  func run(until moment: UInt64 = .max, _ done: () -> Bool = { false }) {
    while !done() {
      let now = nanoseconds()
      guard now < moment else { return }
      // A pace needs finer steps than milliseconds.
      var wait = timespec(tv_sec: 0, tv_nsec: Int(min(100_000_000, moment - now)))
      let count = Int(epoll_pwait2(set, events, Int32(Self.eventsPerLook), &wait, nil))
      for place in 0..<max(count, 0) {
        let index = Int(events[place].data.u64)
        if index == Self.input {
          hearLine()
        } else if index < stations.count {
          stations[index].isReady()
        } else {
          callers[index - stations.count].isReady()
        }
      }
    }
  }

  private func hearLine() {
    let line = readLine()
    if line == nil { _ = epoll_ctl(set, EPOLL_CTL_DEL, STDIN_FILENO, nil) }
    onLine?(line)
  }
}

/// How long answers took, in steps of a microsecond up to ten seconds.
struct Latencies {
  private var counts = [UInt32](repeating: 0, count: 10_000_001)
  private var total = 0

  mutating func add(microseconds: Int) {
    counts[min(microseconds, counts.count - 1)] += 1
    total += 1
  }

  /// The time within which this share of the answers came.
  func milliseconds(share: Double) -> Double {
    var left = Int((Double(total) * share).rounded(.up))
    for (microseconds, count) in counts.enumerated() {
      left -= Int(count)
      if left <= 0 { return Double(microseconds) / 1_000 }
    }
    return 0
  }
}

/// Says a line at once, not when a buffer is full.
func say(_ line: String, to descriptor: Int32 = STDOUT_FILENO) {
  let bytes = Array((line + "\n").utf8)
  _ = write(descriptor, bytes, bytes.count)
}

/// Ends the run with a sentence.
func give(up why: String) -> Never {
  say("ostler-bench: \(why)", to: STDERR_FILENO)
  exit(1)
}
