import Dispatch
import Logging
import Synchronization
import Wire

#if canImport(Glibc)
  import Glibc
#endif

enum Logs {
  /// From here on every room's log goes to standard error in the form that the operator chose.
  static func begin(_ configuration: Configuration) {
    keepStandardStreams()
    LoggingSystem.bootstrap { label in
      LogWriter(label: label, format: configuration.logFormat, logLevel: configuration.logLevel)
    }
  }
}

extension Logs {
  /// A file or a socket must not get the number of a standard stream that was closed before we began: the next log line
  /// would be written into it. And who reads the log may go away.
  private static func keepStandardStreams() {
    for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(stream, F_GETFD) < 0 {
      // The lowest free number is this one.
      _ = open("/dev/null", O_RDWR)
    }
    signal(SIGPIPE, SIG_IGN)
    // The daemon reads its certificates at this signal. While it begins or ends there is nothing to read, and nothing to
    // die of.
    signal(SIGHUP, SIG_IGN)
  }
}

/// Writes the log to standard error: one event one line, as logfmt or JSON. What came from outside is escaped and cut,
/// so that no station can forge a line. When standard error is gone the service goes on.
struct LogWriter: LogHandler {
  /// Unicode scalars of one value that are written.
  static let valueLength = 300

  let label: String
  let format: Configuration.LogFormat
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var fields: [(String, String)] = [
      ("at", Timestamp.now().text), ("level", event.level.rawValue), ("room", label), ("event", "\(event.message)"),
    ]
    let all = metadata.merging(event.metadata ?? [:]) { $1 }
    fields += all.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
    Self.write(Self.line(fields, as: format), as: format)
  }

  static func line(_ fields: [(String, String)], as format: Configuration.LogFormat) -> String {
    switch format {
    case .json:
      JSON.object(JSONObject(fields.map { JSONObject.Member($0.0, .string(cut($0.1))) })).text + "\n"
    case .logfmt:
      fields.map { "\($0.0)=\(quoted(cut($0.1)))" }.joined(separator: " ") + "\n"
    }
  }

  private static func cut(_ value: String) -> String {
    // By scalars: one character may be a letter under a million accents.
    let end = value.unicodeScalars.index(
      value.unicodeScalars.startIndex, offsetBy: valueLength, limitedBy: value.unicodeScalars.endIndex)
    guard let end, end < value.unicodeScalars.endIndex else { return value }
    return String(value.unicodeScalars[..<end]) + "…"
  }

  /// Bare where it is plain; else in quotes, with every control, bidirectional and line-breaking character spelled out.
  private static func quoted(_ value: String) -> String {
    let isPlain =
      !value.isEmpty
      && value.utf8.allSatisfy {
        $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: "\\")
      }
    guard !isPlain else { return value }
    var text = "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case _ where scalar.properties.generalCategory.isUnprintable: text += "\\u{\(String(scalar.value, radix: 16))}"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }

  /// Lines that nobody took since the last one that somebody did.
  private static let lost = Mutex(0)

  /// The newest lines, for who helps from afar; the log itself may be anywhere.
  static var newest: [String] { kept.withLock { $0 } }

  private static let kept = Mutex<[String]>([])
  private static let linesKept = 500

  private static func write(_ line: String, as format: Configuration.LogFormat) {
    kept.withLock { kept in
      // Half of them at once, so that a line costs no move of all others.
      if kept.count >= 2 * linesKept { kept.removeFirst(linesKept) }
      kept.append(String(line.dropLast()))
    }
    lost.withLock { lost in
      // Who reads the log may have stopped reading: nobody waits for them, least of all a loop.
      var stream = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
      guard poll(&stream, 1, 0) == 1, stream.revents & Int16(POLLOUT) != 0, put(line) else {
        lost += 1
        return
      }
      guard lost > 0 else { return }
      let fields = [
        ("at", Timestamp.now().text), ("level", "warning"), ("room", "ostler"), ("event", "log lines were lost"),
        ("count", "\(lost)"),
      ]
      if put(Self.line(fields, as: format)) { lost = 0 }
    }
  }

  /// One write per line, so that lines of different processes do not mix. False where it was not taken as a whole: the
  /// disk of the log is full, or standard error is gone.
  private static func put(_ line: String) -> Bool {
    var line = line
    return line.withUTF8 { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) == $0.count }
  }
}

extension Unicode.GeneralCategory {
  var isUnprintable: Bool {
    switch self {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}
