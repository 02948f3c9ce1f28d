// Fleets that come in, rest and return.

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
    case .asked: break
    case .refused(let why):
      refused += 1
      lastRefusal = why
      said[station.index] = 0
      station.connect()
    }
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
