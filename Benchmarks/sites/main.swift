import Domain

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

// Simulated sites by the thousand: `ostler-sites [SEEDS [DAYS [CARS]…]]`, of as many seeds for each size. Each line of the
// table is one question to sites of one size; what breaks a bound is told with its seed, and ends the run with 1.

let words = CommandLine.arguments.dropFirst().map { Int($0) }
guard words.allSatisfy({ $0.map { $0 > 0 } ?? false }) else {
  print("ostler-sites [SEEDS [DAYS [CARS]…]]: whole numbers above zero")
  exit(2)
}
let numbers = words.compactMap(\.self)
let seeds = UInt64(numbers.first ?? 10)
let days = numbers.dropFirst().first ?? 7
let sizes = numbers.count > 2 ? Array(numbers.dropFirst(2)) : [4, 6, 9, 12, 16, 20, 33, 60, 200]

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
    for seed in 0..<seeds {
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
      question.rawValue, "\(cars)", "\(days)", "\(seeds)", "\(worst.excessSeconds)",
      "\(worst.excessTenths / 10).\(worst.excessTenths % 10)", percent(worst.idleShare, .up),
      worst.shareOfBest.map { percent($0, .down) } ?? "-", "\(worst.departures)", "\(worst.missed)", "\(lines)",
    ]
    say(zip(cells, widths).map { column($0, $1) }.joined(separator: "  "))
  }
}
exit(broken > 0 ? 1 : 0)
