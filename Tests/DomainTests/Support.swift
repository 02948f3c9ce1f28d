import Testing
import Wire

@testable import Domain

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A moment that the test wrote down itself.
func at(_ text: String) -> Timestamp {
  guard let time = Timestamp(text) else {
    Issue.record("\(text) is no time stamp")
    return .epoch
  }
  return time
}

func decimal(_ text: String) -> Decimal {
  guard let value = Decimal(text) else {
    Issue.record("\(text) is no number")
    return .zero
  }
  return value
}

func kWh(_ text: String) -> Energy { Energy(wattHours: decimal(text) * Decimal(1000)) ?? .zero }

func euro(_ text: String) -> Money { Money(rounding: decimal(text)) }

func price(_ before: String, _ after: String? = nil) -> Price {
  Price(beforeTax: euro(before), afterTax: after.map(euro))
}

/// A tariff of these elements, written as partners would.
func tariff(_ elements: String, _ more: String = "") throws -> Tariff {
  let text = #"{"id":"T","currency":"EUR","elements":[\#(elements)]\#(more)}"#
  return try Tariff.read(Bytes(text.utf8)).value
}

func element(_ components: String, when restrictions: String? = nil) -> String {
  #"{"price_components":[\#(components)]\#(restrictions.map { #","restrictions":{\#($0)}"# } ?? "")}"#
}

func component(_ type: String, _ price: String, vat: String? = nil, step: Int = 1) -> String {
  #"{"type":"\#(type)","price":\#(price),"step_size":\#(step)\#(vat.map { #","vat":\#($0)"# } ?? "")}"#
}

func reading(_ time: Timestamp, kWh register: String? = nil, watts: String? = nil, amperes: String? = nil) -> Reading {
  Reading(at: time, register: register.map(kWh), power: watts.map(decimal), current: amperes.map(decimal))
}

/// Small, fast and repeatable: a failure names the seed that shows it again.
struct Seeded: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

  /// True in so many of a hundred cases.
  mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }
}

/// A file's bytes; nil where there is none.
func file(_ path: String) -> Bytes? {
  guard let handle = fopen(path, "rb") else { return nil }
  defer { fclose(handle) }
  var bytes: Bytes = []
  var buffer = Bytes(repeating: 0, count: 65_536)
  while true {
    let count = fread(&buffer, 1, buffer.count, handle)
    guard count > 0 else { return bytes }
    bytes += buffer[..<count]
  }
}

/// The machine's own zones.
enum MachineZones {
  static let areThere = rules("Europe/Amsterdam") != nil

  static func rules(_ name: String) -> ZoneRules? {
    file("/usr/share/zoneinfo/\(name)").flatMap { try? ZoneRules(tzif: $0) }
  }
}

/// The folder of reference vectors, named by OSTLER_REFERENCE.
enum Reference {
  static let folder = getenv("OSTLER_REFERENCE").map { String(cString: $0) }
  static var isThere: Bool { folder != nil }

  static func json(_ path: String) throws -> JSON {
    let bytes = try #require(folder.flatMap { file("\($0)/pricing/\(path)") }, "\(path) is missing")
    return try JSON.parse(bytes)
  }
}

/// A TZif file of version 2 with one block of 64-bit transitions.
func tzif(
  _ transitions: [(at: Int64, type: UInt8)], types: [Int32], footer: String, version: UInt8 = UInt8(ascii: "2")
) -> Bytes {
  func big(_ value: UInt64, _ width: Int) -> Bytes {
    (0..<width).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }
  func header(_ times: Int, _ types: Int) -> Bytes {
    Bytes("TZif".utf8) + [version] + Bytes(repeating: 0, count: 15)
      + [0, 0, 0, times, types, 4].flatMap { big(UInt64($0), 4) }
  }
  var bytes = header(0, 1) + Bytes(repeating: 0, count: 6) + Bytes("LMT\0".utf8)
  bytes += header(transitions.count, types.count)
  bytes += transitions.flatMap { big(UInt64(bitPattern: $0.at), 8) }
  bytes += transitions.map(\.type)
  bytes += types.flatMap { big(UInt64(UInt32(bitPattern: $0)), 4) + [0, 0] }
  return bytes + Bytes("LMT\0".utf8) + Bytes("\n\(footer)\n".utf8)
}
