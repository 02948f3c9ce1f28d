import Wire

/// An electric current in tenths of an ampere, the finest that charging profiles count (OCPP 1.6 §7.14).
public struct Current: Hashable, Comparable, Sendable, CustomStringConvertible {
  public static let zero = Current(tenthsOfAmpere: 0)

  public let tenthsOfAmpere: Int

  public init(tenthsOfAmpere: Int) { self.tenthsOfAmpere = tenthsOfAmpere }
  public init(amperes: Int) { tenthsOfAmpere = amperes * 10 }

  /// What somebody measured, rounded up, so that a load never counts as less than it is; nil beyond any wire's range.
  public init?(measured amperes: Decimal) {
    guard let tenths = amperes.rounded(toPlaces: 1, .up).asInt64(scaledBy: 1), tenths.magnitude <= Self.bound else {
      return nil
    }
    tenthsOfAmpere = Int(tenths)
  }

  /// What somebody allows, rounded down, so that no limit becomes more than was meant.
  public init?(allowed amperes: Decimal) {
    guard let tenths = amperes.rounded(toPlaces: 1, .down).asInt64(scaledBy: 1), tenths.magnitude <= Self.bound else {
      return nil
    }
    tenthsOfAmpere = Int(tenths)
  }

  /// A hundred thousand amperes.
  private static let bound: UInt64 = 1_000_000

  public var amperes: Decimal { Decimal(Int64(tenthsOfAmpere), places: 1) }
  public var description: String { amperes.description }

  public static func < (a: Current, b: Current) -> Bool { a.tenthsOfAmpere < b.tenthsOfAmpere }
  public static func + (a: Current, b: Current) -> Current {
    Current(tenthsOfAmpere: a.tenthsOfAmpere + b.tenthsOfAmpere)
  }
  public static func - (a: Current, b: Current) -> Current {
    Current(tenthsOfAmpere: a.tenthsOfAmpere - b.tenthsOfAmpere)
  }
}

/// Some of the three lines of a site's supply.
public struct Lines: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }
  /// The line with that number, 0 to 2.
  public init(line: Int) { rawValue = 1 << line }

  public static let l1 = Lines(line: 0)
  public static let l2 = Lines(line: 1)
  public static let l3 = Lines(line: 2)
  public static let all: Lines = [.l1, .l2, .l3]

  public var count: Int { rawValue.nonzeroBitCount }
  public func has(_ line: Int) -> Bool { rawValue & (1 << line) != 0 }
}

/// A current on each of the three lines.
public struct LineCurrents: Hashable, Sendable {
  public static let zero = LineCurrents(.zero, .zero, .zero)

  public var l1: Current
  public var l2: Current
  public var l3: Current

  public init(_ l1: Current, _ l2: Current, _ l3: Current) { (self.l1, self.l2, self.l3) = (l1, l2, l3) }

  /// The same on some lines, nothing on the others.
  public init(_ current: Current, on lines: Lines) {
    self.init(
      lines.has(0) ? current : .zero, lines.has(1) ? current : .zero, lines.has(2) ? current : .zero)
  }

  public subscript(line: Int) -> Current {
    get {
      switch line {
      case 0: l1
      case 1: l2
      default: l3
      }
    }
    set {
      switch line {
      case 0: l1 = newValue
      case 1: l2 = newValue
      default: l3 = newValue
      }
    }
  }

  public var highest: Current { max(l1, l2, l3) }

  /// The lines on which more flows than a meter shows of nothing.
  public var usedLines: Lines {
    (0..<3).filter { self[$0] >= Current(amperes: 1) }.reduce(into: Lines()) { $0.insert(Lines(line: $1)) }
  }

  /// The least on some lines.
  public func least(on lines: Lines) -> Current {
    (0..<3).filter { lines.has($0) }.map { self[$0] }.min() ?? .zero
  }

  /// In tenths of an ampere, for sums that are made often.
  var tenths: SIMD3<Int> { [l1.tenthsOfAmpere, l2.tenthsOfAmpere, l3.tenthsOfAmpere] }

  public func most(_ other: LineCurrents) -> LineCurrents {
    LineCurrents(max(l1, other.l1), max(l2, other.l2), max(l3, other.l3))
  }

  public static func + (a: LineCurrents, b: LineCurrents) -> LineCurrents {
    LineCurrents(a.l1 + b.l1, a.l2 + b.l2, a.l3 + b.l3)
  }
  public static func - (a: LineCurrents, b: LineCurrents) -> LineCurrents {
    LineCurrents(a.l1 - b.l1, a.l2 - b.l2, a.l3 - b.l3)
  }
}

/// Which line of the site a station's own L1, L2 and L3 are wired to (OCPP 1.6 §9.1.10, ConnectorPhaseRotation).
/// Installers rotate single-phase cars over the lines by it.
public enum PhaseRotation: String, Word {
  case rst = "RST", rts = "RTS", srt = "SRT", str = "STR", trs = "TRS", tsr = "TSR"

  /// The site's line, 0 to 2, behind the station's first, second and third.
  public var lines: [Int] {
    rawValue.utf8.map { Int($0) - Int(UInt8(ascii: "R")) }
  }

  /// The site's lines that a car with so many phases uses.
  public func first(_ phases: Int) -> Lines {
    lines.prefix(phases).reduce(into: Lines()) { $0.insert(Lines(line: $1)) }
  }

  /// What the station measured on its lines, on the site's.
  public func placed(_ own: LineCurrents) -> LineCurrents {
    var placed = LineCurrents.zero
    for (number, line) in lines.enumerated() { placed[line] = own[number] }
    return placed
  }
}
