// What a measurement took: time, processors, and whether others disturbed it.

import CSystem
import Glibc
import Wire

/// Runs from its making until its result is asked for.
struct Meter {
  private let server: String?
  private let begin = nanoseconds()
  private let busy: Double
  private let own = Processor.nanoseconds(of: "self")
  private let waited = Processor.nanosecondsWaited

  init(_ server: String?) {
    self.server = server
    busy = Processor.nanoseconds(of: server)
  }

  func result(answers: Int, _ latencies: Latencies, _ more: JSONObject = JSONObject([])) -> JSON {
    let elapsed = Double(nanoseconds() - begin) / 1e9
    let spent = Processor.nanoseconds(of: server) - busy
    let object: JSONObject = JSONObject(
      [
        .init("seconds", real(elapsed)), .init("messages", .number(JSONNumber(answers))),
        .init("messages_per_second", real(Double(answers) / elapsed)),
        .init("cpu_us_per_message", real(spent / 1_000 / Double(max(answers, 1)))),
        .init("server_load", real(spent / 1e9 / elapsed)),
        .init("client_load", real((Processor.nanoseconds(of: "self") - own) / 1e9 / elapsed)),
        .init("client_waited", real((Processor.nanosecondsWaited - waited) / 1e9 / elapsed)),
        .init("p50_ms", real(latencies.milliseconds(share: 0.5))),
        .init("p99_ms", real(latencies.milliseconds(share: 0.99))),
      ] + more.members)
    return .object(object)
  }
}

/// What a process has used of its processors.
enum Processor {
  /// User and system time of a process so far; 0 where there is none.
  static func nanoseconds(of process: String?) -> Double {
    guard let process, let file = fopen("/proc/\(process)/stat", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 1_024)
    guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
    let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // The name of the program stands in parentheses and may hold anything; user and system time are the 14th and 15th.
    guard let end = text.lastIndex(of: ")") else { return 0 }
    let fields = text[text.index(after: end)...].split(separator: " ")
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
    return (user + system) * 1e9 / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// How long this process was ready to run and another had its processor: other programs disturb the measurement.
  static var nanosecondsWaited: Double {
    guard let file = fopen("/proc/self/schedstat", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
    let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let fields = text.split(separator: " ")
    return fields.count > 1 ? Double(fields[1]) ?? 0 : 0
  }
}

/// Three decimals are more than a measurement has.
func real(_ value: Double) -> JSON {
  .number(JSONNumber("\((value * 1_000).rounded() / 1_000)") ?? JSONNumber(0))
}
