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
    LoggingSystem.bootstrap { label in
      LogWriter(label: label, format: configuration.logFormat, logLevel: configuration.logLevel)
    }
  }
}

/// Writes the log to standard error: one event one line, as logfmt or JSON. What came from outside is escaped and cut,
/// so that no station can forge a line. When standard error is gone the service goes on.
struct LogWriter: LogHandler {
  /// Characters of one value that are written.
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
    Self.write(Self.line(fields, as: format))
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
    value.unicodeScalars.count <= valueLength ? value : String(value.prefix(valueLength)) + "…"
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

  private static func write(_ line: String) {
    var line = line
    line.withUTF8 { bytes in
      // One write per line, so that lines of different threads do not mix. A closed or full standard error loses the
      // line.
      _ = Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
    }
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
