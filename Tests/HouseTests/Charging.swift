import Domain
import Wire

/// One charging as it really was, whatever anybody heard of it: what the books are held against.
@MainActor
final class Charging {
  let number: Int
  let station: String
  let evse: Int
  let tag: String
  let startedAt: Timestamp
  let meterStart: Int64
  private(set) var readings: [(at: Timestamp, wattHours: Int64)] = []
  private(set) var stop: (at: Timestamp, wattHours: Int64)?
  /// The remote start that it follows, as the house numbered it.
  var remoteStart: Int64?
  /// By what a station of 2.x knows it.
  var name: String { "tx-\(number)" }
  /// The station lost what it had not told yet, and will never tell the stop.
  var isForgotten = false

  // What the station heard an answer to.
  var transaction: Int64?
  var toldReadings: Set<Int> = []
  var isStopTold = false

  init(number: Int, station: String, evse: Int, tag: String, at time: Timestamp, meter: Int64) {
    (self.number, self.station, self.evse, self.tag, startedAt, meterStart) = (number, station, evse, tag, time, meter)
  }

  var meter: Int64 { stop?.wattHours ?? readings.last?.wattHours ?? meterStart }

  func read(at time: Timestamp, adding wattHours: Int64) { readings.append((time, meter + wattHours)) }

  func end(at time: Timestamp, adding wattHours: Int64) { stop = (time, meter + wattHours) }
}

/// A station as the world has it: it charges cars, and tells what it did until it hears an answer, in the order in which it
/// happened or nearly so, also long after.
@MainActor
final class ModelStation {
  enum Message: Equatable {
    case start(Int), reading(Int, Int), stop(Int)
    /// Told once; nobody repeats it.
    case status(Int, EVSE.Status)
  }

  let identity: String
  let evses: Int
  /// It names its transactions itself and tells them in numbered events, as those of OCPP 2.x do.
  let isOfTwo: Bool
  /// Each EVSE's register, which never goes back.
  var registers: [Int: Int64] = [:]
  var running: [Int: Charging] = [:]
  var outbox: [Message] = []
  /// Nil while it is offline.
  var link: Caller?
  /// When it may be heard of again.
  var returnsAt = Timestamp.epoch
  /// Remote starts that it agreed to, and when the car comes.
  var expected: [(evse: Int, tag: String, number: Int64, at: Timestamp)] = []

  init(_ identity: String, evses: Int, isOfTwo: Bool) {
    (self.identity, self.evses, self.isOfTwo) = (identity, evses, isOfTwo)
  }
}

/// Small, fast and repeatable: a failure names the seed that shows it again.
struct Seeded: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 &+ 0x0571_3E25 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

  /// True in so many of a thousand cases.
  mutating func chance(_ perMille: Int) -> Bool { number(1...1_000) <= perMille }

  mutating func one<Item>(of items: [Item]) -> Item? { items.randomElement(using: &self) }
}
