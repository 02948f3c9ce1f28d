// What the daemon tells of itself beside its rooms: the doors and loops, gathered, and the process as the kernel sees it.

import HTTP
import Net
import OCPP
import Wire

#if canImport(Glibc)
  import Glibc
#endif

extension House {
  /// Adds the figures of the doors, gathered loop by loop, and of the process.
  static func gather(_ doors: [LoopBound<Doors>], into exposition: Exposition) async -> Exposition {
    var exposition = exposition
    var loops: [LoopFigures] = []
    var servers: [(name: String, figures: ServerFigures)] = []
    var stations: StationFigures?
    for doors in doors {
      let (loop, here, said) = await doors.loop.run { loop in
        (loop.figures, doors.value.serverFigures, doors.value.stationFigures)
      }
      loops.append(loop)
      stations = stations.map { $0 + said } ?? said
      for (name, figures) in here {
        if let place = servers.firstIndex(where: { $0.name == name }) {
          servers[place].figures = servers[place].figures + figures
        } else {
          servers.append((name, figures))
        }
      }
    }
    ServerFigures.write(servers, into: &exposition)
    stations?.write(into: &exposition)
    LoopFigures.write(loops, into: &exposition)
    Process.write(into: &exposition)
    return exposition
  }
}

/// This process in the words that every Prometheus client uses.
private enum Process {
  static func write(into exposition: inout Exposition) {
    // /proc/self/stat: the name stands in parentheses and may hold anything; then the state is the third field.
    let fields = (text("/proc/self/stat").split(separator: ")").last ?? "").split(separator: " ")
    let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
    let field = { (number: Int) in fields.count > number - 3 ? Double(fields[number - 3]) ?? 0 : 0 }
    exposition.family("process_cpu_seconds_total", .counter, "User and system time of this process.")
    exposition.sample((field(14) + field(15)) / ticks)
    exposition.family("process_start_time_seconds", .gauge, "When this process began, in seconds since 1970.")
    exposition.sample(bootTime + field(22) / ticks)
    exposition.family("process_virtual_memory_bytes", .gauge, "Address space of this process.")
    exposition.sample(field(23))
    exposition.family("process_resident_memory_bytes", .gauge, "Memory of this process that is in RAM.")
    exposition.sample(field(24) * Double(sysconf(Int32(_SC_PAGESIZE))))
    exposition.family("process_threads", .gauge, "Threads of this process.")
    exposition.sample(field(20))
    exposition.family("process_open_fds", .gauge, "Descriptors that are open.")
    exposition.sample(openDescriptors)
    exposition.family("process_max_fds", .gauge, "Descriptors that may be open.")
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    exposition.sample(Double(limit.rlim_cur))
  }

  private static var bootTime: Double {
    let line = text("/proc/stat").split(separator: "\n").first { $0.hasPrefix("btime ") }
    return line.flatMap { Double($0.dropFirst(6)) } ?? 0
  }

  private static var openDescriptors: Int {
    guard let folder = opendir("/proc/self/fd") else { return 0 }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }
    // `.`, `..`, and the descriptor that looks.
    return count - 3
  }

  private static func text(_ file: String) -> String { File.read(file).flatMap { String(utf8: $0) } ?? "" }
}
