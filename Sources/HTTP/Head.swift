// What stands before a body: methods, statuses and header fields, as values.

/// The methods that the house answers; any other one is refused with 501.
public enum Method: String, Sendable, Hashable, CaseIterable {
  case get = "GET"
  case head = "HEAD"
  case post = "POST"
  case put = "PUT"
  case patch = "PATCH"
  case delete = "DELETE"
  case options = "OPTIONS"

  /// RFC 9110 9.2.2: a repeat has the effect of the first.
  public var isIdempotent: Bool { self != .post && self != .patch }
}

/// A status code of RFC 9110 15, with its usual words.
public struct Status: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }
  public init(integerLiteral value: Int) { rawValue = value }

  public static let switching: Status = 101
  public static let ok: Status = 200
  public static let created: Status = 201
  public static let accepted: Status = 202
  public static let noContent: Status = 204
  public static let found: Status = 302
  public static let seeOther: Status = 303
  public static let notModified: Status = 304
  public static let badRequest: Status = 400
  public static let unauthorized: Status = 401
  public static let forbidden: Status = 403
  public static let notFound: Status = 404
  public static let methodNotAllowed: Status = 405
  public static let requestTimeout: Status = 408
  public static let conflict: Status = 409
  public static let gone: Status = 410
  public static let preconditionFailed: Status = 412
  public static let tooLarge: Status = 413
  public static let uriTooLong: Status = 414
  public static let unsupportedMediaType: Status = 415
  public static let expectationFailed: Status = 417
  public static let unprocessable: Status = 422
  public static let upgradeRequired: Status = 426
  public static let tooManyRequests: Status = 429
  public static let headTooLarge: Status = 431
  public static let internalError: Status = 500
  public static let notImplemented: Status = 501
  public static let badGateway: Status = 502
  public static let unavailable: Status = 503
  public static let gatewayTimeout: Status = 504
  public static let versionNotSupported: Status = 505

  public var isSuccess: Bool { (200..<300).contains(rawValue) }
  /// RFC 9112 6.3: an answer with this status never has a body.
  public var forbidsBody: Bool { rawValue < 200 || rawValue == 204 || rawValue == 304 }
  public var description: String { "\(rawValue) \(phrase)" }

  public var phrase: String {
    switch rawValue {
    case 100: "Continue"
    case 101: "Switching Protocols"
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 206: "Partial Content"
    case 301: "Moved Permanently"
    case 302: "Found"
    case 303: "See Other"
    case 304: "Not Modified"
    case 307: "Temporary Redirect"
    case 308: "Permanent Redirect"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 406: "Not Acceptable"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 410: "Gone"
    case 412: "Precondition Failed"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 417: "Expectation Failed"
    case 422: "Unprocessable Content"
    case 426: "Upgrade Required"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 505: "HTTP Version Not Supported"
    default: "Status"
    }
  }
}

/// Header fields in the order in which they came; names compare without regard to case.
public struct Headers: Sendable, Equatable, ExpressibleByDictionaryLiteral {
  public struct Field: Sendable, Equatable {
    public var name: String
    public var value: String
    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  public private(set) var fields: [Field] = []

  public init() {}
  public init(_ fields: [Field]) { self.fields = fields }
  public init(dictionaryLiteral elements: (String, String)...) { fields = elements.map { Field($0.0, $0.1) } }

  public var count: Int { fields.count }

  /// The first value of a field; setting replaces all of that name, nil removes them.
  public subscript(name: String) -> String? {
    get { fields.first { sameASCII($0.name, name) }?.value }
    set {
      fields.removeAll { sameASCII($0.name, name) }
      if let newValue { fields.append(Field(name, newValue)) }
    }
  }

  public func all(_ name: String) -> [String] { fields.filter { sameASCII($0.name, name) }.map(\.value) }

  public func contains(_ name: String) -> Bool { fields.contains { sameASCII($0.name, name) } }

  public mutating func add(_ name: String, _ value: String) { fields.append(Field(name, value)) }

  /// The members of a comma-separated list field over all its lines, trimmed, empty ones left out.
  public func list(_ name: String) -> [String] {
    var out: [String] = []
    for value in all(name) {
      for part in value.utf8.split(separator: UInt8(ascii: ",")) {
        let member = trimmed(part)
        if !member.isEmpty { out.append(member) }
      }
    }
    return out
  }

  /// Whether a list field has this member, without regard to case.
  public func lists(_ name: String, _ member: String) -> Bool { list(name).contains { sameASCII($0, member) } }

  /// Writes the fields as lines. Control characters become spaces here, at the one place where text turns into
  /// a head, so that no value from outside can begin a line of its own.
  func write(into out: inout [UInt8]) {
    for field in fields {
      appendField(field.name, field.value, into: &out)
    }
  }
}

/// What a peer sent that is no HTTP, or more of it than we take: the answer it gets, and why.
public struct Refusal: Error, Equatable, Sendable {
  public let status: Status
  public let reason: String

  public init(_ status: Status, _ reason: String) {
    self.status = status
    self.reason = reason
  }

  /// What helps the asker to do better.
  public var headers: Headers {
    switch status {
    case .unavailable, .tooManyRequests: ["Retry-After": "\(HTTPLimits.retrySeconds)"]
    case .unsupportedMediaType: ["Accept-Encoding": "identity"]
    default: Headers()
    }
  }

  /// The answer in a plain sentence.
  var response: Response {
    var response = Response.text(reason + "\n", status: status)
    for field in headers.fields { response.headers.add(field.name, field.value) }
    return response
  }
}

/// How a message's body ends (RFC 9112 6).
public enum Framing: Equatable, Sendable {
  case none
  case length(Int)
  case chunked
  case untilClose
}

/// A request without its body.
public struct RequestHead: Sendable, Equatable {
  public var method: Method
  public var target: Target
  /// The minor version: 0 or 1.
  public var minor: Int
  public var headers: Headers
  public var framing: Framing

  /// RFC 9112 9.3.
  public var keepsAlive: Bool {
    let options = headers.list("connection")
    if options.contains(where: { sameASCII($0, "close") }) { return false }
    return minor == 1 || options.contains { sameASCII($0, "keep-alive") }
  }
}

/// An answer without its body.
public struct ResponseHead: Sendable, Equatable {
  public var status: Status
  public var minor: Int
  public var headers: Headers
  public var framing: Framing

  public var keepsAlive: Bool {
    let options = headers.list("connection")
    if framing == .untilClose || options.contains(where: { sameASCII($0, "close") }) { return false }
    return minor == 1 || options.contains { sameASCII($0, "keep-alive") }
  }
}

func appendField(_ name: String, _ value: String, into out: inout [UInt8]) {
  for byte in name.utf8 {
    out.append(byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: ":") ? byte : UInt8(ascii: "-"))
  }
  out.append(UInt8(ascii: ":"))
  out.append(0x20)
  for byte in value.utf8 { out.append(byte < 0x20 && byte != 0x09 || byte == 0x7F ? 0x20 : byte) }
  out.append(0x0D)
  out.append(0x0A)
}

func lowered(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

/// Equality of header words: ASCII letters without case, everything else as it is.
func sameASCII(_ a: some StringProtocol, _ b: some StringProtocol) -> Bool {
  a.utf8.elementsEqual(b.utf8) { lowered($0) == lowered($1) }
}

/// A text's bytes without spaces and tabs at both ends.
func trimmed(_ bytes: some BidirectionalCollection<UInt8>) -> String {
  var rest = bytes[...]
  while let first = rest.first, first == 0x20 || first == 0x09 { rest.removeFirst() }
  while let last = rest.last, last == 0x20 || last == 0x09 { rest.removeLast() }
  return String(decoding: rest, as: UTF8.self)
}
