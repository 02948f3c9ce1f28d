/// Server-sent events: the text that `EventSource` reads, and a reader of it for the command line.
public enum EventStream {
  /// One event, with an empty line behind it. CR and LF in the data begin new data lines.
  public static func event(id: String? = nil, event: String? = nil, data: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(data.count + 64)
    if let id { appendLine("id: ", id, into: &out) }
    if let event { appendLine("event: ", event, into: &out) }
    out.append(contentsOf: "data: ".utf8)
    var afterCR = false
    for byte in data {
      if byte == 0x0A, afterCR {
        afterCR = false
        continue
      }
      afterCR = byte == 0x0D
      if byte == 0x0D || byte == 0x0A {
        out.append(contentsOf: "\ndata: ".utf8)
      } else {
        out.append(byte)
      }
    }
    out.append(0x0A)
    out.append(0x0A)
    return out
  }

  /// A line that readers skip; it keeps proxies from closing a silent stream.
  public static let keepAlive: [UInt8] = [UInt8](": still here\n\n".utf8)

  /// How long the reader should wait before it comes back.
  public static func retry(milliseconds: Int) -> [UInt8] { [UInt8]("retry: \(milliseconds)\n\n".utf8) }

  private static func appendLine(_ field: String, _ value: String, into out: inout [UInt8]) {
    out.append(contentsOf: field.utf8)
    // A line break or NUL in an id or name would end it early.
    for byte in value.utf8 { out.append(byte < 0x20 ? 0x20 : byte) }
    out.append(0x0A)
  }

  public struct Event: Equatable, Sendable {
    public var id: String?
    public var event: String
    public var data: String
  }

  /// Reads a stream in whatever pieces it arrives.
  public struct Reader {
    private var line: [UInt8] = []
    private var afterCR = false
    private var atStart = true
    private var id: String?
    private var event = ""
    private var data: [UInt8]?
    private var isTooLarge = false

    public init() {}

    /// The events that these bytes complete.
    public mutating func read(_ bytes: some Sequence<UInt8>) -> [Event] {
      var events: [Event] = []
      for byte in bytes {
        if byte == 0x0A, afterCR {
          afterCR = false
          continue
        }
        afterCR = byte == 0x0D
        if byte == 0x0D || byte == 0x0A {
          if let event = endLine() { events.append(event) }
          line.removeAll(keepingCapacity: true)
        } else if line.count + (data?.count ?? 0) < HTTPLimits.eventBytes {
          line.append(byte)
        } else {
          isTooLarge = true
        }
      }
      return events
    }

    private mutating func endLine() -> Event? {
      if atStart {
        atStart = false
        if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
      }
      if line.isEmpty {
        defer {
          data = nil
          event = ""
          isTooLarge = false
        }
        guard let data, !isTooLarge else { return nil }
        return Event(id: id, event: event.isEmpty ? "message" : event, data: String(decoding: data, as: UTF8.self))
      }
      let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
      var value = line[min(colon + 1, line.endIndex)...]
      if value.first == 0x20 { value.removeFirst() }
      switch String(decoding: line[..<colon], as: UTF8.self) {
      case "id": if !value.contains(0) { id = String(decoding: value, as: UTF8.self) }
      case "event": event = String(decoding: value, as: UTF8.self)
      case "data":
        if data == nil {
          data = Array(value)
        } else {
          data?.append(0x0A)
          data?.append(contentsOf: value)
        }
      default: break
      }
      return nil
    }
  }
}
