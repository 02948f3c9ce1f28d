// The load of the benchmarks, one scenario at a time: a line of JSON when it is done.
//
//   ostler-bench heartbeats|transactions|fleet --port N
//     [--stations N] [--seconds S] [--pid N] [--password TEXT] [--abreast N]
//
// `fleet` brings the stations in and waits: the line `return` on its input makes them all come again, its end ends it.

import CSystem
import Glibc
import Wire

@main
struct Bench {
  private var scenario = ""
  private var options = ["stations": "200", "seconds": "5", "abreast": "256", "password": "bench-password-1"]

  static func main() {
    Bench(CommandLine.arguments.dropFirst()).run()
  }

  private init(_ words: ArraySlice<String>) {
    var words = words
    while let word = words.popFirst() {
      guard word.hasPrefix("--"), let value = words.popFirst() else {
        scenario = word
        continue
      }
      options[String(word.dropFirst(2))] = value
    }
  }

  private func run() {
    // 300 days ago, at midnight: old enough for a long rush of half hours, young enough to be believed.
    let epoch = (time(nil) / 86_400 - 300) * 86_400
    let load = Load(
      port: UInt16(number("port")), password: options["password"] ?? "", count: number("stations"), epoch: epoch)
    switch scenario {
    case "heartbeats": say(Rush(load, [.heartbeat], seconds: number("seconds"), server: options["pid"]).result())
    case "transactions":
      say(Rush(load, Saying.transaction, seconds: number("seconds"), server: options["pid"]).result())
    case "fleet": Fleet(load, abreast: number("abreast")).run()
    default: give(up: "heartbeats, transactions or fleet?")
    }
  }

  private func number(_ name: String) -> Int {
    guard let number = options[name].flatMap({ Int($0) }) else { give(up: "--\(name) needs a number") }
    return number
  }
}
