import Wire

/// The local clock of a place: how far it is from UTC at any moment. Tariffs and reports speak of local time, and
/// nothing else in the house does. Read from a TZif file (RFC 9636); reading the file itself is the caller's business.
public struct ZoneRules: Sendable, Equatable {
  /// The clock that is never set.
  public static let utc = ZoneRules(secondsEast: 0)

  /// Seconds since the epoch at which the clock is set, ascending; the offset from then on stands at the same index.
  private let transitions: [Int64]
  private let offsets: [Int]
  /// Before the first transition.
  private let firstOffset: Int
  /// After the last transition.
  private let footer: ZoneFooter?

  /// A clock with one offset for ever.
  public init(secondsEast: Int) {
    (transitions, offsets, firstOffset, footer) = ([], [], secondsEast, nil)
  }

  /// Reads TZif version 2 or later; the data block of version 1 is passed over.
  public init(tzif bytes: Bytes) throws(ZoneFault) {
    guard bytes.count <= Limits.zoneFile else { throw .tooLarge }
    var file = TZifReader(bytes)
    let old = try file.header()
    guard old.version >= UInt8(ascii: "2") else { throw .tooOld }
    try file.skip(old.size(wide: false))
    let head = try file.header()
    guard head.types > 0 else { throw .truncated }
    var times: [Int64] = []
    var kinds: [Int] = []
    var types: [Int] = []
    for _ in 0..<head.times { times.append(Int64(bitPattern: try file.number(8))) }
    for _ in 0..<head.times { kinds.append(Int(try file.number(1))) }
    for _ in 0..<head.types {
      types.append(Int(Int32(truncatingIfNeeded: try file.number(4))))
      try file.skip(2)
    }
    try file.skip(head.names + head.leaps * 12 + head.standardMarks + head.universalMarks)
    guard zip(times, times.dropFirst()).allSatisfy({ $0 < $1 }) else { throw .disordered }
    guard kinds.allSatisfy({ $0 < types.count }), types.allSatisfy({ abs($0) < 86_400 * 2 }) else { throw .disordered }
    let text = try file.line()
    transitions = times
    offsets = kinds.map { types[$0] }
    firstOffset = types[0]
    if text.isEmpty {
      footer = nil
    } else {
      guard let rule = ZoneFooter(text) else { throw .badFooter }
      footer = rule
    }
  }

  /// Seconds east of UTC.
  public func offset(at time: Timestamp) -> Int {
    let second = time.wholeSeconds
    let index = transitionsUntil(second)
    if index == transitions.count, let footer { return footer.offset(at: second) }
    return index == 0 ? firstOffset : offsets[index - 1]
  }

  /// What a clock on the wall shows.
  public func civil(at time: Timestamp) -> Civil { (time + .seconds(offset(at: time))).civil }

  /// The next moment after this one at which the clock is set; nil where it never is again.
  public func nextTransition(after time: Timestamp) -> Timestamp? {
    let second = time.wholeSeconds
    let index = transitionsUntil(second)
    if index < transitions.count { return Timestamp(seconds: transitions[index]) }
    return footer?.nextTransition(after: second).map(Timestamp.init(seconds:))
  }

  /// The moments at which the local clock shows this: none in the hour that is skipped in spring, two in the hour that
  /// comes twice in autumn, else one. The local time is given as if it were UTC.
  public func timestamps(showing local: Timestamp) -> [Timestamp] {
    let around = [local - .seconds(86_400), local + .seconds(86_400)].map(offset(at:))
    let candidates = Set(around).map { ($0, local - .seconds($0)) }
    return candidates.filter { offset(at: $0.1) == $0.0 }.map(\.1).sorted()
  }

  /// The first moment of the local day in which this moment lies, also where midnight itself is skipped.
  public func startOfDay(_ time: Timestamp) -> Timestamp { startOfDay(number: dayNumber(time)) }

  /// The first moment of the next local day: 23, 24 or 25 hours after the start of this one.
  public func startOfNextDay(_ time: Timestamp) -> Timestamp { startOfDay(number: dayNumber(time) + 1) }

  /// Every moment between the two at which the local clock shows one of these minutes of the day, and every moment at
  /// which it is set. In ascending order, neither end included.
  func boundaries(minutesOfDay: [Int], after start: Timestamp, before end: Timestamp) -> [Timestamp] {
    let last = end.wholeSeconds
    var found: [Int64] = []
    var from = start.wholeSeconds
    while from < last {
      let offset = Int64(offset(at: Timestamp(seconds: from)))
      let until = nextTransition(after: Timestamp(seconds: from)).map { min($0.wholeSeconds, last) } ?? last
      for day in floorDivided(from + offset, 86_400)...floorDivided(until + offset, 86_400) {
        for minute in minutesOfDay {
          let moment = day * 86_400 + Int64(minute) * 60 - offset
          if moment > from, moment < until { found.append(moment) }
        }
      }
      if until < last { found.append(until) }
      from = until
    }
    return Set(found).sorted().map(Timestamp.init(seconds:))
  }

  private func dayNumber(_ time: Timestamp) -> Int64 {
    floorDivided(time.wholeSeconds + Int64(offset(at: time)), 86_400)
  }

  private func startOfDay(number: Int64) -> Timestamp {
    let midnight = Timestamp(seconds: number * 86_400)
    if let first = timestamps(showing: midnight).first { return first }
    // Midnight is skipped: the day begins at the moment at which the clock is set forward over it.
    let earliest = midnight - .seconds(offset(at: midnight + .seconds(86_400)))
    return nextTransition(after: earliest) ?? earliest
  }

  /// How many transitions lie at or before that second.
  private func transitionsUntil(_ second: Int64) -> Int {
    var (low, high) = (0, transitions.count)
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle] <= second { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// Why a time zone file cannot be used.
public enum ZoneFault: Error, Equatable, Sendable {
  case notTZif, truncated, tooLarge
  /// Version 1: it has no rule for the years after its last entry.
  case tooOld
  /// Transitions that go back in time or name a type that is not there.
  case disordered
  case badFooter
}

/// Where the rules of a place are found by the name of its zone. `ostler` passes a loader that reads TZif files and
/// keeps what it has read.
public struct ZoneLibrary: Sendable {
  private let load: @Sendable (String) -> ZoneRules?

  public init(_ load: @escaping @Sendable (String) -> ZoneRules?) { self.load = load }

  /// The rules of an IANA zone, as `Europe/Amsterdam`; nil where nobody knows them. A name that could lead out of the
  /// folder of zones never reaches the loader.
  public subscript(name: String) -> ZoneRules? { Self.isName(name) ? load(name) : nil }

  static func isName(_ name: String) -> Bool {
    guard !name.isEmpty, name.utf8.count <= Limits.zoneName else { return false }
    return name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { part in
      !part.isEmpty
        && part.allSatisfy {
          $0.isASCIIAlphanumeric || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+")
        }
    }
  }
}

extension Timestamp {
  /// Seconds since the epoch; parts of a second are dropped, also before 1970.
  var wholeSeconds: Int64 { floorDivided(milliseconds, 1000) }
}

func floorDivided(_ value: Int64, _ divisor: Int64) -> Int64 {
  let (quotient, rest) = value.quotientAndRemainder(dividingBy: divisor)
  return rest < 0 ? quotient - 1 : quotient
}

/// Takes a TZif file apart from front to back.
private struct TZifReader {
  struct Header {
    var version: UInt8
    var universalMarks, standardMarks, leaps, times, types, names: Int

    /// Bytes of the data block that follows; `wide` where moments have eight bytes.
    func size(wide: Bool) -> Int {
      let width = wide ? 8 : 4
      return times * (width + 1) + types * 6 + names + leaps * (width + 4) + standardMarks + universalMarks
    }
  }

  private let bytes: Bytes
  private var at = 0

  init(_ bytes: Bytes) { self.bytes = bytes }

  mutating func header() throws(ZoneFault) -> Header {
    guard bytes.count >= at + 44 else { throw at == 0 ? .notTZif : .truncated }
    guard bytes[at..<(at + 4)].elementsEqual("TZif".utf8) else { throw .notTZif }
    let version = bytes[at + 4]
    at += 20
    var counts: [Int] = []
    for _ in 0..<6 {
      let count = Int(try number(4))
      // No count can be larger than the file, which keeps every sum below from overflowing.
      guard count <= bytes.count else { throw .truncated }
      counts.append(count)
    }
    return Header(
      version: version, universalMarks: counts[0], standardMarks: counts[1], leaps: counts[2], times: counts[3],
      types: counts[4], names: counts[5])
  }

  /// A big-endian number of so many bytes.
  mutating func number(_ width: Int) throws(ZoneFault) -> UInt64 {
    guard bytes.count - at >= width else { throw .truncated }
    var value: UInt64 = 0
    for byte in bytes[at..<(at + width)] { value = value << 8 | UInt64(byte) }
    at += width
    return value
  }

  mutating func skip(_ count: Int) throws(ZoneFault) {
    guard bytes.count - at >= count else { throw .truncated }
    at += count
  }

  /// The footer: a text between two line feeds.
  mutating func line() throws(ZoneFault) -> String {
    guard at < bytes.count, bytes[at] == UInt8(ascii: "\n") else { throw .truncated }
    guard let end = bytes[(at + 1)...].firstIndex(of: UInt8(ascii: "\n")) else { throw .truncated }
    guard let text = String(utf8: bytes[(at + 1)..<end]) else { throw .badFooter }
    return text
  }
}
