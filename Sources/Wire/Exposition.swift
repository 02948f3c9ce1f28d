// The text in which Prometheus reads the figures of a program: text format 0.0.4.

/// Gathers families of figures. Each room adds its own, one family after the other, all samples of a family together.
public struct Exposition: Sendable {
  public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  public enum Kind: String, Sendable { case counter, gauge, histogram }

  public typealias Labels = KeyValuePairs<String, String>

  public private(set) var bytes: Bytes = []
  private var name = ""
  private var families: Set<String> = []

  public init() {}

  /// Begins a family; the samples that follow are its own. Base units only: seconds, bytes.
  /// - Precondition: no family has two beginnings, which would be an error to the reader.
  public mutating func family(_ name: String, _ kind: Kind, _ help: String) {
    precondition(families.insert(name).inserted, "the family \(name) begins twice")
    self.name = name
    write("# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n")
  }

  public mutating func sample(_ value: Int, _ labels: Labels = [:]) { sample("", labels, "\(value)") }

  public mutating func sample(_ value: Double, _ labels: Labels = [:]) { sample("", labels, Self.text(value)) }

  /// All of a histogram: each bucket holds what is at most its bound, the buckets below it included.
  public mutating func sample(_ histogram: Histogram, _ labels: Labels = [:]) {
    var total = 0
    let plain = labels.map { ($0.key, $0.value) }
    for (bound, count) in zip(histogram.bounds, histogram.counts) {
      total += count
      sample("_bucket", plain + [("le", Self.text(Double(bound) * histogram.unit))], "\(total)")
    }
    sample("_bucket", plain + [("le", "+Inf")], "\(histogram.count)")
    sample("_sum", plain, Self.text(Double(histogram.sum) * histogram.unit))
    sample("_count", plain, "\(histogram.count)")
  }

  private mutating func sample(
    _ suffix: String, _ labels: some Collection<(key: String, value: String)>, _ value: String
  ) {
    sample(suffix, labels.map { ($0.key, $0.value) }, value)
  }

  private mutating func sample(_ suffix: String, _ labels: [(String, String)], _ value: String) {
    write(name + suffix)
    if !labels.isEmpty {
      write("{" + labels.map { "\($0.0)=\"\(Self.escaped($0.1, quotes: true))\"" }.joined(separator: ",") + "}")
    }
    write(" \(value)\n")
  }

  private mutating func write(_ text: String) { bytes += text.utf8 }

  /// Backslash and line feed everywhere, the quotation mark within a label's value.
  private static func escaped(_ text: String, quotes: Bool) -> String {
    guard text.utf8.contains(where: { $0 == 0x5C || $0 == 0x0A || $0 == 0x22 }) else { return text }
    return text.unicodeScalars.reduce(into: "") { escaped, scalar in
      switch scalar {
      case "\\": escaped += #"\\"#
      case "\n": escaped += #"\n"#
      case "\"" where quotes: escaped += #"\""#
      default: escaped.unicodeScalars.append(scalar)
      }
    }
  }

  private static func text(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }
}

/// How often a quantity was how large: counts of whole numbers below fixed bounds. It belongs to whoever adds to it.
public struct Histogram: Sendable, Equatable {
  /// The highest value of each bucket, rising; above the last there is one more.
  public let bounds: [Int]
  /// What one of the whole numbers is in the unit that is shown: 1e-6 where microseconds are shown as seconds.
  public let unit: Double
  /// Of each bucket alone.
  public private(set) var counts: [Int]
  public private(set) var count = 0
  public private(set) var sum = 0

  public init(bounds: [Int], unit: Double = 1) {
    self.bounds = bounds
    self.unit = unit
    counts = Array(repeating: 0, count: bounds.count)
  }

  /// Seconds, counted in microseconds: from 100 µs to 10 s.
  public static let seconds = Histogram(
    bounds: [
      100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
      10_000_000,
    ], unit: 1e-6)

  public mutating func add(_ value: Int) {
    count += 1
    sum += value
    if let bucket = bounds.firstIndex(where: { value <= $0 }) { counts[bucket] += 1 }
  }

  public mutating func add(_ time: Duration) {
    let (seconds, attoseconds) = time.components
    add(Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000))
  }
}
