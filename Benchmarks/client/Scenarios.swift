// What is measured: rushes of calls, and fleets that come in, rest and return.

import CSystem
import Glibc
import Wire

/// Lets every station in, some abreast, and has each say a few things first.
final class Arrival {
  private let load: Load
  private let sayings: [Saying]
  private var next = 0
  private var said: [Int]
  private(set) var arrived = 0
  private(set) var refused = 0
  private(set) var lastRefusal = ""

  init(_ load: Load, saying sayings: [Saying]) {
    (self.load, self.sayings) = (load, sayings)
    said = Array(repeating: 0, count: load.stations.count)
  }

  /// How long it took until all were in, in seconds.
  func run(abreast: Int) -> Double {
    let begin = nanoseconds()
    load.listener = { [unowned self] in hear($0, $1) }
    for _ in 0..<min(abreast, load.stations.count) { admitNext() }
    load.run { self.arrived == self.load.stations.count || self.refused > 10 * self.load.stations.count }
    guard arrived == load.stations.count else { give(up: "the stations are not let in: \(lastRefusal)") }
    return Double(nanoseconds() - begin) / 1e9
  }

  private func admitNext() {
    guard next < load.stations.count else { return }
    next += 1
    load.stations[next - 1].connect()
  }

  private func hear(_ news: News, _ station: Station) {
    switch news {
    case .opened: station.say(sayings[0])
    case .answered:
      said[station.index] += 1
      guard said[station.index] == sayings.count else { return station.say(sayings[said[station.index]]) }
      arrived += 1
      admitNext()
    case .refused(let why):
      refused += 1
      lastRefusal = why
      said[station.index] = 0
      station.connect()
    }
  }
}

/// Every station asks again as soon as it is answered, for a while: how many answers, how late, and what each cost the
/// server.
final class Rush {
  private let load: Load
  private let sayings: [Saying]
  private let seconds: Int
  private let server: String?
  private var latencies = Latencies()
  private var answers = 0
  private var rounds = 0
  private var roundsEver = 0
  private var isMeasuring = false
  private var isEnding = false
  private var atRest = 0
  private var failure: String?

  init(_ load: Load, _ sayings: [Saying], seconds: Int, server: String?) {
    (self.load, self.sayings, self.seconds, self.server) = (load, sayings, seconds, server)
  }

  func result() -> String {
    _ = Arrival(load, saying: [.boot]).run(abreast: 64)
    load.listener = { [unowned self] in hear($0, $1) }
    load.stations.forEach { $0.say(sayings[0]) }
    // Statements are prepared, pages are read and buffers are grown before anything counts.
    load.run(until: nanoseconds() + 500_000_000) { failure != nil }
    isMeasuring = true
    let (begin, busy, own) = (nanoseconds(), Processor.nanoseconds(of: server), Processor.nanoseconds(of: "self"))
    let waited = Processor.nanosecondsWaited
    load.run(until: begin + UInt64(seconds) * 1_000_000_000) { failure != nil }
    isMeasuring = false
    let elapsed = Double(nanoseconds() - begin) / 1e9
    let (serverNow, ownNow) = (Processor.nanoseconds(of: server), Processor.nanoseconds(of: "self"))
    let disturbed = Processor.nanosecondsWaited - waited
    // What was begun is ended, so that the books can be counted afterwards.
    isEnding = true
    load.run { failure != nil || atRest == load.stations.count }
    if let failure { give(up: failure) }
    let object: JSON = [
      "seconds": real(elapsed), "messages": .number(JSONNumber(answers)), "rounds": .number(JSONNumber(rounds)),
      "rounds_ever": .number(JSONNumber(roundsEver)), "messages_per_second": real(Double(answers) / elapsed),
      "rounds_per_second": real(Double(rounds) / elapsed),
      "cpu_us_per_message": real((serverNow - busy) / 1_000 / Double(max(answers, 1))),
      "server_load": real((serverNow - busy) / 1e9 / elapsed), "client_load": real((ownNow - own) / 1e9 / elapsed),
      "client_waited": real(disturbed / 1e9 / elapsed),
      "p50_ms": real(latencies.milliseconds(share: 0.5)), "p99_ms": real(latencies.milliseconds(share: 0.99)),
    ]
    return object.text
  }

  private func hear(_ news: News, _ station: Station) {
    switch news {
    case .answered(let microseconds):
      if isMeasuring {
        answers += 1
        latencies.add(microseconds: microseconds)
      }
      proceed(station)
    case .refused(let why): failure = "\(load.name(of: station.index)): \(why)"
    case .opened: break
    }
  }

  private func proceed(_ station: Station) {
    station.step += 1
    if station.step == sayings.count {
      station.step = 0
      roundsEver += 1
      if isMeasuring { rounds += 1 }
      guard !isEnding else { return atRest += 1 }
    }
    station.say(sayings[station.step])
  }
}

/// Stations that come in and rest, and come again when they are told to.
final class Fleet {
  private let load: Load
  private let abreast: Int
  private var isEnding = false
  private var isReturning = false
  private var lost = 0

  init(_ load: Load, abreast: Int) { (self.load, self.abreast) = (load, abreast) }

  func run() {
    comeIn()
    load.onLine = { [unowned self] line in
      if line == nil { isEnding = true }
      if line == "return" { isReturning = true }
    }
    while !isEnding {
      load.run { isEnding || isReturning }
      guard isReturning else { continue }
      isReturning = false
      load.stations.forEach { $0.leave() }
      comeIn()
    }
  }

  private func comeIn() {
    let arrival = Arrival(load, saying: [.boot, .heartbeat])
    let seconds = arrival.run(abreast: abreast)
    say(
      (["seconds": real(seconds), "refused": .number(JSONNumber(arrival.refused)), "lost": .number(JSONNumber(lost))]
        as JSON).text)
    lost = 0
    load.listener = { [unowned self] news, _ in if case .refused = news { lost += 1 } }
  }
}

/// What a process has used of its processors.
enum Processor {
  /// User and system time of a process so far; 0 where there is none.
  static func nanoseconds(of process: String?) -> Double {
    guard let process, let file = fopen("/proc/\(process)/stat", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 1_024)
    guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
    let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // The name of the program stands in parentheses and may hold anything; user and system time are the 14th and 15th.
    guard let end = text.lastIndex(of: ")") else { return 0 }
    let fields = text[text.index(after: end)...].split(separator: " ")
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
    return (user + system) * 1e9 / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// How long this process was ready to run and another had its processor: other programs disturb the measurement.
  static var nanosecondsWaited: Double {
    guard let file = fopen("/proc/self/schedstat", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
    let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let fields = text.split(separator: " ")
    return fields.count > 1 ? Double(fields[1]) ?? 0 : 0
  }
}

/// Three decimals are more than a measurement has.
func real(_ value: Double) -> JSON {
  .number(JSONNumber("\((value * 1_000).rounded() / 1_000)") ?? JSONNumber(0))
}
