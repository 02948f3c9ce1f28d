// The load of the benchmarks, one scenario at a time: a line of JSON when it is done.
//
//   ostler-bench heartbeats|readings|transactions --port N [--pace CALLS-PER-SECOND] …
//   ostler-bench fanout --port N [--socket FILE] …
//   ostler-bench http --port N --path PATH [--authorization TEXT] [--connections N] …
//   ostler-bench fleet --port N …
//     [--stations N] [--busy N] [--seconds S] [--pid N] [--password TEXT] [--abreast N] [--tls 1]
//
// `fleet` brings the stations in and waits: the line `return` on its input makes them all come again, its end ends it.

import CSystem
import Glibc
import Wire

@main
struct Bench {
  private var scenario = ""
  private var options = [
    "stations": "200", "busy": "200", "seconds": "5", "abreast": "256", "password": "bench-password-1",
    "connections": "16",
  ]

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
      port: UInt16(number("port")), password: options["password"] ?? "", count: Int(number("stations")), epoch: epoch,
      isTLS: options["tls"] != nil)
    switch scenario {
    case "heartbeats": rush(load, [.heartbeat])
    case "readings": rush(load, [.reading], first: Saying.beginning)
    case "transactions": rush(load, Saying.transaction)
    case "fanout": say(FanOut(load, busy: Int(number("busy"))).result(socket: options["socket"]))
    case "http":
      say(
        Asking(
          load, path: options["path"] ?? "/", authorization: options["authorization"] ?? "",
          connections: Int(number("connections")), seconds: number("seconds"), server: options["pid"]
        ).result())
    case "fleet": Fleet(load, abreast: Int(number("abreast"))).run()
    default: give(up: "heartbeats, readings, transactions, fanout, http or fleet?")
    }
  }

  private func rush(_ load: Load, _ sayings: [Saying], first: [Saying] = []) {
    let rush = Rush(load, sayings, stations: load.stations.count, pace: options["pace"].map { _ in number("pace") })
    say(rush.result(first: first, seconds: number("seconds"), server: options["pid"]))
  }

  private func number(_ name: String) -> Double {
    guard let number = options[name].flatMap({ Double($0) }) else { give(up: "--\(name) needs a number") }
    return number
  }
}
