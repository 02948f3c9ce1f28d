import Domain

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

// Simulated sites by the thousand: `ostler-sites [SEEDS [DAYS [CARS]…]]`, of as many seeds for each size; `1000+50` are the
// fifty from 1000 on. Each line of the table is one question to sites of one size; what breaks a bound is told with its
// seed, and ends the run with 1.

/// The seeds that the first word asks for.
func seeds(_ word: String) -> Range<UInt64>? {
  let parts = word.split(separator: "+").map { UInt64($0) }
  guard (1...2).contains(parts.count), let count = parts.last ?? nil, count > 0,
    let first = parts.count > 1 ? parts[0] : 0
  else { return nil }
  return first..<first + count
}

let words = CommandLine.arguments.dropFirst()
let rest = words.dropFirst().map { Int($0) ?? 0 }
guard let seeds = seeds(words.first ?? "10"), rest.allSatisfy({ $0 > 0 }) else {
  print("ostler-sites [SEEDS [DAYS [CARS]…]]: whole numbers above zero; SEEDS may be FIRST+COUNT")
  exit(2)
}
let days = rest.first ?? 7
let sizes = rest.count > 1 ? Array(rest.dropFirst()) : [4, 6, 9, 12, 16, 20, 33, 60, 200]

/// Told at once, also where it goes to a file.
func say(_ line: String) {
  print(line)
  fflush(nil)
}

/// Padded on the left.
func column(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }

/// Percent with two decimals.
func percent(_ share: Double, _ rule: FloatingPointRoundingRule) -> String {
  let hundredths = Int((share * 10_000).rounded(rule))
  return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
}

let head = [
  "question", "cars", "days", "seeds", "excess s", "excess A", "unused %", "best %", "leave", "missed", "broken",
]
let widths = [10, 4, 4, 6, 8, 8, 8, 6, 7, 6, 6]
say(zip(head, widths).map { column($0, $1) }.joined(separator: "  "))
var broken = 0
for cars in sizes {
  for question in SiteQuestion.allCases {
    var worst = SiteQuestion.Answer()
    var lines = 0
    for seed in seeds {
      let answer = question.answer(seed, cars: cars, days: days)
      worst.excessSeconds = max(worst.excessSeconds, answer.excessSeconds)
      worst.excessTenths = max(worst.excessTenths, answer.excessTenths)
      worst.idleShare = max(worst.idleShare, answer.idleShare)
      worst.shareOfBest = answer.shareOfBest.map { min($0, worst.shareOfBest ?? $0) }
      worst.departures += answer.departures
      worst.missed += answer.missed
      if !answer.broken.isEmpty {
        lines += 1
        say("\(question) of seed \(seed) with \(cars) cars over \(days) days: \(answer.broken)")
      }
    }
    broken += lines
    let cells = [
      question.rawValue, "\(cars)", "\(days)", "\(seeds.count)", "\(worst.excessSeconds)",
      "\(worst.excessTenths / 10).\(worst.excessTenths % 10)", percent(worst.idleShare, .up),
      worst.shareOfBest.map { percent($0, .down) } ?? "-", "\(worst.departures)", "\(worst.missed)", "\(lines)",
    ]
    say(zip(cells, widths).map { column($0, $1) }.joined(separator: "  "))
  }
}
exit(broken > 0 ? 1 : 0)
