// Calls without pause, or at a pace.

import Glibc
import Wire

/// Every station asks again as soon as it is answered, for a while: how many answers, how late, and what each cost the
/// server. With a pace each call has its moment, whether or not those before it were answered (an open loop), and is as
/// late as its answer is after that moment.
final class Rush {
  private let load: Load
  private let stations: ArraySlice<Station>
  private let sayings: [Saying]
  private let pace: Double?
  private var latencies = Latencies()
  private var answers = 0
  private var rounds = 0
  private var roundsEver = 0
  private var isMeasuring = false
  private var isEnding = false
  private var atRest = 0
  private(set) var failure: String?
  /// Moments that a station could not keep because it waited for an answer.
  private var missed: [[UInt64]]
  private var isFree: [Bool]

  /// - Parameters:
  ///   - stations: how many talk; the others of the load rest.
  ///   - pace: calls per second of all together.
  init(_ load: Load, _ sayings: [Saying], stations: Int, pace: Double? = nil) {
    (self.load, self.sayings, self.pace) = (load, sayings, pace)
    self.stations = load.stations.prefix(stations)
    missed = Array(repeating: [], count: stations)
    isFree = Array(repeating: true, count: stations)
  }

  /// Lets all stations in, has those that talk say something first, and measures.
  func result(first: [Saying], seconds: Double, server: String?) -> String {
    arrive(first)
    begin()
    // Statements are prepared, pages are read and buffers are grown before anything counts.
    run(seconds: 0.5)
    isMeasuring = true
    let meter = Meter(server)
    run(seconds: seconds)
    isMeasuring = false
    var result = meter.result(answers: answers, latencies)
    end()
    let counted: [JSONObject.Member] = [
      .init("rounds", .number(JSONNumber(rounds))), .init("rounds_ever", .number(JSONNumber(roundsEver))),
      .init("rounds_per_second", real(Double(rounds) / seconds)),
    ]
    if case .object(let object) = result { result = .object(JSONObject(object.members + counted)) }
    return result.text
  }

  func arrive(_ first: [Saying]) {
    _ = Arrival(load, saying: [.boot]).run(abreast: 64)
    for saying in first {
      var left = stations.count
      load.listener = { [unowned self] news, station in
        switch news {
        case .answered: left -= 1
        case .refused(let why): failure = "\(load.name(of: station.index)): \(why)"
        case .opened, .asked: break
        }
      }
      stations.forEach { $0.say(saying) }
      load.run { failure != nil || left == 0 }
      if let failure { give(up: failure) }
    }
  }

  func begin() {
    load.listener = { [unowned self] in hear($0, $1) }
    if pace == nil { stations.forEach { $0.say(sayings[0]) } }
  }

  /// What was begun is ended, so that the books can be counted afterwards.
  func end() {
    isEnding = true
    for station in stations where pace != nil && isFree[station.index] {
      if station.step == 0 { atRest += 1 } else { say(station, due: nil) }
    }
    load.run { failure != nil || atRest == stations.count }
    if let failure { give(up: failure) }
  }

  func run(seconds: Double) {
    let begin = nanoseconds()
    let end = begin + UInt64(seconds * 1e9)
    guard let pace else { return load.run(until: end) { failure != nil } }
    for count in 0..<Int(seconds * pace) {
      let due = begin + UInt64(Double(count) / pace * 1e9)
      load.run(until: due) { failure != nil }
      let station = stations[count % stations.count]
      if isFree[station.index] { say(station, due: due) } else { missed[station.index].append(due) }
    }
    load.run(until: end) { failure != nil }
  }

  private func say(_ station: Station, due: UInt64?) {
    isFree[station.index] = false
    station.say(sayings[station.step], due: due)
  }

  func hear(_ news: News, _ station: Station) {
    switch news {
    case .answered(let microseconds):
      guard station.index < stations.count else { return }
      if isMeasuring {
        answers += 1
        latencies.add(microseconds: microseconds)
      }
      proceed(station)
    case .refused(let why): failure = "\(load.name(of: station.index)): \(why)"
    case .opened, .asked: break
    }
  }

  private func proceed(_ station: Station) {
    isFree[station.index] = true
    station.step += 1
    if station.step == sayings.count {
      station.step = 0
      roundsEver += 1
      if isMeasuring { rounds += 1 }
      guard !isEnding else { return atRest += 1 }
    }
    if pace == nil || isEnding { return say(station, due: nil) }
    if !missed[station.index].isEmpty { say(station, due: missed[station.index].removeFirst()) }
  }
}

/// A command for each of very many resting stations, while others charge.
final class FanOut {
  private let load: Load
  private let rush: Rush
  /// Each has one command under way: an operator's program that does not wait for one station after the other.
  private static let callers = 100
  private let resting: ArraySlice<Station>
  private var asked = 0
  private var answered = 0

  /// The last station of the load commands, where the server is the limit.
  init(_ load: Load, busy: Int) {
    self.load = load
    rush = Rush(load, Saying.transaction, stations: busy)
    resting = load.stations[busy..<(load.stations.count - 1)]
  }

  /// - Parameter socket: of Ostler's API; nil: the server is the limit.
  func result(socket: String?) -> String {
    rush.arrive([])
    rush.begin()
    rush.run(seconds: 1)
    load.listener = { [unowned self] news, station in
      if case .asked = news { asked += 1 }
      rush.hear(news, station)
    }
    let begin = nanoseconds()
    if let socket {
      command(through: socket)
    } else {
      load.stations[load.stations.count - 1].say(.fanOut)
      load.run { self.rush.failure != nil || self.load.stations[self.load.stations.count - 1].saying == nil }
    }
    let seconds = Double(nanoseconds() - begin) / 1e9
    rush.end()
    return (["seconds": real(seconds), "stations": .number(JSONNumber(asked))] as JSON).text
  }

  private func command(through socket: String) {
    let callers = (0..<Self.callers).map { _ in Caller(.file(socket), in: load) }
    var next = resting.startIndex
    let askNext = { [unowned self] (caller: Caller) in
      guard next < resting.endIndex else { return }
      let name = load.name(of: resting[next].index)
      next += 1
      caller.ask(
        Array(
          "POST /api/v1/stations/\(name)/commands/clear-cache HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".utf8))
    }
    for caller in callers {
      caller.onAnswer = { [unowned self, unowned caller] _, _ in
        answered += 1
        askNext(caller)
      }
      askNext(caller)
    }
    load.run { self.rush.failure != nil || (self.answered == self.resting.count && self.asked == self.resting.count) }
  }
}
