import Domain
import Wire

/// What every OCPI answer is wrapped in (2.2.1 §4.1.7): the data, a status code, a word for people, and the time.
public struct Envelope: Sendable, Equatable {
  /// A status code (2.2.1 §5). Partners may send others; the range decides.
  public struct Code: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    public init(integerLiteral value: Int) { rawValue = value }

    public static let success: Code = 1000
    public static let clientError: Code = 2000
    public static let invalid: Code = 2001
    public static let unknownLocation: Code = 2003
    public static let unknownToken: Code = 2004
    public static let serverError: Code = 3000
    public static let cannotUseYourAPI: Code = 3001
    public static let unsupportedVersion: Code = 3002
    public static let noEndpoints: Code = 3003

    public var isSuccess: Bool { (1000..<2000).contains(rawValue) }
    /// The partner understood and refuses: the same request will be refused again.
    public var isClientError: Bool { (2000..<3000).contains(rawValue) }
  }

  public var code: Code
  public var message: String?
  /// One encoded value; nil leaves the field out, as the text asks for where it prescribes no data.
  public var data: Bytes?

  public init(_ code: Code = .success, _ message: String? = nil, data: Bytes? = nil) {
    (self.code, self.message, self.data) = (code, message, data)
  }

  /// A list of encoded objects.
  public init(list: [Bytes]) {
    var data: Bytes = [UInt8(ascii: "[")]
    for (place, object) in list.enumerated() {
      if place > 0 { data.append(UInt8(ascii: ",")) }
      data += object
    }
    data.append(UInt8(ascii: "]"))
    self.init(data: data)
  }

  public func bytes(at now: Timestamp) -> Bytes {
    var out: Bytes = [UInt8(ascii: "{")]
    if let data {
      out += "\"data\":".utf8
      out += data
      out.append(UInt8(ascii: ","))
    }
    out += "\"status_code\":\(code.rawValue)".utf8
    if let message {
      out += ",\"status_message\":".utf8
      out += JSON.string(message).bytes
    }
    out += ",\"timestamp\":\"\(now.text(fraction: .seconds))\"}".utf8
    return out
  }
}

/// What a partner's answer turned out to be: an envelope, or one of the things that come instead of one.
public enum PartnerAnswer: Sendable, Equatable {
  case envelope(Envelope.Code, message: String?, data: JSON)
  /// JSON without a status code: what the sender meant is unknown.
  case bareJSON(JSON)
  case html
  case empty
  case notJSON

  /// Understands all that partners do to the envelope: data absent, null, [] or {}, a code written as a text.
  public init(_ body: Bytes) {
    guard body.contains(where: { $0 > 0x20 }) else {
      self = .empty
      return
    }
    guard let json = try? JSON.parse(body) else {
      self = body.first(where: { $0 > 0x20 }) == UInt8(ascii: "<") ? .html : .notJSON
      return
    }
    guard let code = json["status_code"].flatMap({ $0.int ?? $0.string.flatMap { Int64($0) } }),
      let code = Int(exactly: code), (1000..<10_000).contains(code)
    else {
      self = .bareJSON(json)
      return
    }
    self = .envelope(
      Envelope.Code(rawValue: code), message: json["status_message"]?.string, data: json["data"] ?? .null)
  }

  /// The one object that the answer carries: also where it came in a list of one. Nil for none at all.
  public var object: JSON? {
    guard case .envelope(_, _, let data) = self else { return nil }
    return Self.object(in: data)
  }

  /// The objects that the answer carries: also where one came without its list.
  public var list: [JSON] {
    guard case .envelope(_, _, let data) = self else { return [] }
    switch data {
    case .array(let objects): return objects
    case .object(let object): return object.isEmpty ? [] : [data]
    case .null, .bool, .number, .string: return []
    }
  }

  private static func object(in data: JSON) -> JSON? {
    // `nil` alone would be JSON's null here.
    switch data {
    case .object(let object) where !object.isEmpty: data
    case .array(let objects) where objects.count == 1: object(in: objects[0])
    case .object, .array, .null, .bool, .number, .string: .none
    }
  }

  /// For a trace or an error, such as `2001: country_code is missing`.
  public var summary: String {
    switch self {
    case .envelope(let code, let message, _):
      message.map { "\(code.rawValue): \($0.excerpt)" } ?? "\(code.rawValue)"
    case .bareJSON(let json): "JSON without status_code: \(json.text.excerpt)"
    case .html: "an HTML page"
    case .empty: "an empty body"
    case .notJSON: "a body that is not JSON"
    }
  }
}

extension String {
  /// As much of a stranger's text as an error needs, without control characters.
  var excerpt: String {
    String(
      String.UnicodeScalarView(
        unicodeScalars.prefix(Limits.excerptCharacters).map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
  }
}
