import CSystem
import Net
import Wire

/// A request as a handler sees it: whole, decoded, and with what the door knows about its sender.
public struct Request: Sendable {
  public let method: Method
  public let target: Target
  public let headers: Headers
  public let body: [UInt8]
  /// Who asks: the far end of the connection, or whom a trusted proxy names.
  public let peer: SocketAddress
  /// Whether the way to the asker is encrypted, here or at a trusted proxy.
  public let isTLS: Bool
  /// What was agreed with the far end of the connection itself; its certificate is the asker's.
  public let tls: TLSInfo?
  /// The name of the listening door, as the server was given it.
  public let door: String
  /// What the asker offers where it wants a WebSocket; nil for an ordinary request.
  public let upgrade: WebSocketOffer?

  public init(
    method: Method, target: Target, headers: Headers = Headers(), body: [UInt8] = [], peer: SocketAddress,
    isTLS: Bool = false, tls: TLSInfo? = nil, door: String = "", upgrade: WebSocketOffer? = nil
  ) {
    self.method = method
    self.target = target
    self.headers = headers
    self.body = body
    self.peer = peer
    self.isTLS = isTLS
    self.tls = tls
    self.door = door
    self.upgrade = upgrade
  }

  /// The decoded path segments, empty ones left out.
  public var path: [String] { target.segments }

  /// Whether `If-None-Match` names this tag: the asker has it already (RFC 9110 §13.1.2, the weak comparison).
  public func alreadyHas(_ tag: ETag) -> Bool { named(tag, in: "if-none-match", weakly: true) != nil }

  /// Whether a change must not be made to what has this tag: `If-Match` names another version (RFC 9110 §13.1.1, the
  /// strong comparison), or `If-None-Match` this one. It deserves 412.
  public func forbidsChange(of tag: ETag) -> Bool {
    if headers.contains("if-match") { return named(tag, in: "if-match", weakly: false) == nil }
    return alreadyHas(tag)
  }

  /// The tag as the asker spells it.
  fileprivate func named(_ tag: ETag, in field: String, weakly: Bool) -> String? {
    let forms = [tag.text, ETag.packed(tag.text)]
    for item in headers.list(field) {
      if item == "*" { return tag.text }
      let strong = item.hasPrefix("W/") && weakly ? String(item.dropFirst(2)) : item
      if forms.contains(strong) { return strong }
    }
    return nil
  }
}

/// A strong validator, quoted as it stands in the header (RFC 9110 8.8.3).
public struct ETag: Sendable, Equatable {
  public let text: String

  /// For a version that is known, such as a row's number. Quotes and control characters are left out.
  public init(version: some CustomStringConvertible) {
    let safe = version.description.utf8.filter { $0 > 0x20 && $0 != 0x22 && $0 < 0x7F }
    text = "\"" + String(decoding: safe, as: UTF8.self) + "\""
  }

  /// The validator of the same thing packed with gzip.
  static func packed(_ tag: String) -> String { tag.hasSuffix("\"") ? "\(tag.dropLast())-gzip\"" : tag }

  /// For bytes whose only version is themselves.
  public init(of bytes: [UInt8]) { self.init(version: sha1(bytes).prefix(12).map { $0 }.hex) }
}

/// A whole answer. The server adds Date, Content-Length and Connection, and leaves the body out for HEAD.
public struct Response: Sendable, Equatable {
  public var status: Status
  public var headers: Headers
  public var body: [UInt8]

  public init(_ status: Status, headers: Headers = Headers(), body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  public static func json(_ bytes: [UInt8], status: Status = .ok) -> Response {
    Response(status, headers: ["Content-Type": "application/json"], body: bytes)
  }

  public static func text(_ text: String, status: Status = .ok) -> Response {
    Response(status, headers: ["Content-Type": "text/plain; charset=utf-8"], body: Array(text.utf8))
  }

  public static func empty(_ status: Status = .noContent) -> Response { Response(status) }

  public static func redirect(to place: String, status: Status = .seeOther) -> Response {
    Response(status, headers: ["Location": place])
  }

  /// 405 with what is allowed instead.
  public static func wrongMethod(allow: [Method]) -> Response {
    var response = Response.text("This path does not know that method.\n", status: .methodNotAllowed)
    response.headers["Allow"] = allow.map(\.rawValue).joined(separator: ", ")
    return response
  }

  /// What OPTIONS is answered (RFC 9110 §9.3.7).
  public static func options(allow: [Method]) -> Response {
    Response(.noContent, headers: ["Allow": (allow + [.options]).map(\.rawValue).joined(separator: ", ")])
  }

  /// The same answer with its validator; or 304 without a body where the asker has it already.
  public func tagged(_ tag: ETag, for request: Request) -> Response {
    var response = self
    response.headers["ETag"] = tag.text
    if status == .ok, request.method == .get || request.method == .head,
      let known = request.named(tag, in: "if-none-match", weakly: true)
    {
      response.headers["ETag"] = known
      response.status = .notModified
      response.body = []
    }
    return response
  }
}

/// What the head of an answer needs beside the answer itself.
struct AnswerHead {
  enum Body {
    case none
    case length(Int)
    case chunked, untilClose
  }
  var status: Status
  var headers: Headers
  var body: Body
  var keepsAlive: Bool
  /// The asker's HTTP version: 1.0 has to be told that the connection stays.
  var minor = 1

  func bytes(date: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(256)
    out.append(contentsOf: "HTTP/1.1 \(status.rawValue) \(status.phrase)\r\n".utf8)
    out.append(contentsOf: date)
    for field in headers.fields where !isOurs(field.name) { appendField(field.name, field.value, into: &out) }
    switch body {
    case .length(let count): out.append(contentsOf: "Content-Length: \(count)\r\n".utf8)
    case .chunked: out.append(contentsOf: "Transfer-Encoding: chunked\r\n".utf8)
    case .none, .untilClose: break
    }
    let options = connectionOptions
    if !options.isEmpty { out.append(contentsOf: "Connection: \(options)\r\n".utf8) }
    out.append(0x0D)
    out.append(0x0A)
    return out
  }

  /// What the Connection field says; empty where it is left out. Whoever names an upgrade lists it there too (RFC 9110
  /// 7.8); in a 101 the handler has done so.
  private var connectionOptions: String {
    if status == .switching { return "" }
    let upgrade = headers.contains("upgrade") ? "Upgrade" : ""
    let fate = keepsAlive ? minor == 0 ? "keep-alive" : "" : "close"
    return upgrade.isEmpty || fate.isEmpty ? upgrade + fate : "\(upgrade), \(fate)"
  }

  /// Fields that only the server may write: they decide where the message and the connection end.
  private func isOurs(_ name: String) -> Bool {
    if sameASCII(name, "connection") { return status != .switching }
    return ["content-length", "transfer-encoding", "date"].contains { sameASCII($0, name) }
  }
}

/// The Date line, made once a second.
struct DateLine {
  private var second: Int64 = -1
  private var line: [UInt8] = []

  mutating func bytes(at time: Timestamp) -> [UInt8] {
    let now = time.milliseconds / 1000
    if now != second {
      second = now
      line = Array("Date: \(DateLine.text(time))\r\n".utf8)
    }
    return line
  }

  fileprivate static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// RFC 9110 5.6.7.
  static func text(_ time: Timestamp) -> String {
    let civil = time.civil
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(days[civil.weekday - 1]), \(two(civil.day)) \(months[civil.month - 1]) \(civil.year) "
      + "\(two(civil.hour)):\(two(civil.minute)):\(two(civil.second)) GMT"
  }
}

extension Timestamp {
  /// Reads a date as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7); nil for the two forms that nobody may write any
  /// more, and for what is none.
  public init?(httpDate text: String) {
    let parts = text.split(separator: " ")
    guard parts.count == 6, parts[0].hasSuffix(","), parts[5] == "GMT", let day = Int(parts[1]), day > 0,
      let month = DateLine.months.firstIndex(where: { $0 == parts[2] }), let year = Int(parts[3]),
      (1_970...9_999).contains(year)
    else { return nil }
    let clock = parts[4].split(separator: ":")
    let numbers = clock.compactMap { Int($0) }
    guard clock.count == 3, numbers.count == 3, (0..<24).contains(numbers[0]), (0..<60).contains(numbers[1]),
      (0...60).contains(numbers[2]), let midnight = Timestamp(year: year, month: month + 1, day: day)
    else { return nil }
    self = midnight + .seconds(numbers[0] * 3_600 + numbers[1] * 60 + numbers[2])
  }
}

func sha1(_ bytes: [UInt8]) -> [UInt8] {
  var digest = [UInt8](repeating: 0, count: 20)
  _ = SHA1(bytes, bytes.count, &digest)
  return digest
}
