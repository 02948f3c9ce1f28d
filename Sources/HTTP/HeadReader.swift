/// Reads start line and header fields byte by byte, so that any cut of the stream gives the same result, and
/// refuses at the first byte that makes the message ambiguous (RFC 9112 2.2, 5, 6.3, 11.2).
struct HeadReader {
  enum Kind { case request, response }
  enum Step {
    case needMore, done
    case refused(Refusal)
  }

  private enum State {
    case start, startLF, method, target, version, statusDigits, reason, startLineLF
    case fieldStart, name, valueStart, value, valueLF, endLF
  }

  private let kind: Kind
  private let limits: HTTPLimits.Head
  private var state: State
  private var emptyLines = 0
  private var headBytes = 0
  /// The token that is being read.
  private var text: [UInt8] = []
  private var name = ""
  /// The method is not one of ours; it is said so when it is known where it was meant for.
  private var isForeign = false

  private(set) var method = Method.get
  private(set) var target: [UInt8] = []
  private(set) var minor = 1
  private(set) var status = 0
  private(set) var headers = Headers()
  private(set) var contentLength: Int?
  private(set) var isChunked = false

  init(_ kind: Kind, _ limits: HTTPLimits.Head) {
    self.kind = kind
    self.limits = limits
    state = kind == .request ? .start : .version
  }

  /// Whether any byte of a message has been seen.
  var hasBegun: Bool { headBytes > 0 }

  /// Consumes bytes from `at` on until the head is whole.
  mutating func read(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> Step {
    while at < bytes.count {
      let byte = bytes[at]
      at += 1
      headBytes += 1
      if headBytes > limits.headBytes { return .refused(Refusal(.headTooLarge, "The head is too large.")) }
      do throws(Refusal) {
        if try take(byte) { return .done }
      } catch {
        return .refused(error)
      }
    }
    return .needMore
  }

  /// One byte; true when it was the head's last.
  private mutating func take(_ byte: UInt8) throws(Refusal) -> Bool {
    switch state {
    case .start:
      if byte == 0x0D {
        emptyLines += 1
        if emptyLines > HTTPLimits.Head.leadingEmptyLines { throw Refusal(.badRequest, "Too many empty lines.") }
        state = .startLF
      } else {
        state = .method
        return try take(byte)
      }

    case .startLF:
      guard byte == 0x0A else { throw Refusal(.badRequest, "A carriage return without a line feed.") }
      headBytes = 0
      state = .start

    case .method:
      if byte == 0x20 {
        if let known = Method(rawValue: String(decoding: text, as: UTF8.self)) {
          method = known
        } else {
          guard !text.isEmpty else { throw Refusal(.badRequest, "The request has no method.") }
          isForeign = true
        }
        text.removeAll(keepingCapacity: true)
        state = .target
      } else {
        guard isTokenByte(byte) else { throw Refusal(.badRequest, "The method is no token; is this HTTP at all?") }
        text.append(byte)
        if text.count > 16 { throw Refusal(.notImplemented, "The method is not one of ours.") }
      }

    case .target:
      if byte == 0x20 {
        guard !target.isEmpty else { throw Refusal(.badRequest, "The request has no target.") }
        if isForeign { throw Refusal(.notImplemented, "The method is not one of ours.") }
        state = .version
      } else {
        guard byte > 0x20, byte < 0x7F else { throw Refusal(.badRequest, "The target has a forbidden byte.") }
        target.append(byte)
        if target.count > limits.lineBytes { throw Refusal(.uriTooLong, "The target is too long.") }
      }

    case .version:
      try takeVersion(byte)

    case .statusDigits:
      guard byte &- 0x30 < 10 || text.count == 3 else { throw Refusal(.badRequest, "The status is no number.") }
      if text.count < 3 {
        text.append(byte)
        status = status * 10 + Int(byte - 0x30)
        if text.count == 3, status < 100 { throw Refusal(.badRequest, "The status is below 100.") }
      } else if byte == 0x20 {
        state = .reason
      } else if byte == 0x0D {
        state = .startLineLF
      } else {
        throw Refusal(.badRequest, "The status has more than three digits.")
      }

    case .reason:
      if byte == 0x0D {
        state = .startLineLF
        break
      }
      guard isValueByte(byte) else { throw Refusal(.badRequest, "The status line has a forbidden byte.") }
      if headBytes > limits.lineBytes { throw Refusal(.badRequest, "The status line is too long.") }

    case .startLineLF:
      guard byte == 0x0A else { throw Refusal(.badRequest, "The first line does not end with CR LF.") }
      text.removeAll(keepingCapacity: true)
      state = .fieldStart

    case .fieldStart:
      if byte == 0x0D {
        state = .endLF
        break
      }
      // RFC 9112 5.2: a folded line is refused, and so is white space before the first field (2.2).
      guard byte != 0x20, byte != 0x09 else { throw Refusal(.badRequest, "A header line begins with a space.") }
      if headers.count == limits.fields { throw Refusal(.headTooLarge, "Too many header fields.") }
      state = .name
      return try take(byte)

    case .name:
      if byte == UInt8(ascii: ":") {
        guard !text.isEmpty else { throw Refusal(.badRequest, "A header field has no name.") }
        name = String(decoding: text, as: UTF8.self)
        text.removeAll(keepingCapacity: true)
        state = .valueStart
      } else {
        // RFC 9112 5.1: a space between name and colon is refused too; it is no token byte.
        guard isTokenByte(byte) else { throw Refusal(.badRequest, "A header name has a forbidden byte.") }
        text.append(byte)
      }

    case .valueStart:
      if byte == 0x20 || byte == 0x09 { break }
      state = .value
      return try take(byte)

    case .value:
      if byte == 0x0D {
        state = .valueLF
        break
      }
      guard isValueByte(byte) else { throw Refusal(.badRequest, "A header value has a forbidden byte.") }
      text.append(byte)

    case .valueLF:
      guard byte == 0x0A else { throw Refusal(.badRequest, "A header line does not end with CR LF.") }
      try finishField()
      state = .fieldStart

    case .endLF:
      guard byte == 0x0A else { throw Refusal(.badRequest, "The head does not end with CR LF.") }
      return true
    }
    return false
  }

  private mutating func takeVersion(_ byte: UInt8) throws(Refusal) {
    let pattern: StaticString = "HTTP/1."
    if text.count < 7 {
      guard byte == pattern.utf8Start[text.count] else {
        // "HTTP/2.0" is another version; anything else is another protocol, or a space in the target.
        let isVersion = text.count == 5 && byte &- 0x30 < 10
        throw isVersion
          ? Refusal(.versionNotSupported, "Only HTTP/1.0 and HTTP/1.1 are spoken here.")
          : Refusal(.badRequest, "The request line does not end with an HTTP version.")
      }
      text.append(byte)
    } else if text.count == 7 {
      guard byte == 0x30 || byte == 0x31 else {
        throw Refusal(.versionNotSupported, "Only HTTP/1.0 and HTTP/1.1 are spoken here.")
      }
      minor = Int(byte - 0x30)
      text.append(byte)
    } else if kind == .request {
      guard byte == 0x0D else { throw Refusal(.badRequest, "The request line does not end after its version.") }
      state = .startLineLF
    } else {
      guard byte == 0x20 else { throw Refusal(.badRequest, "The status line has no space after its version.") }
      text.removeAll(keepingCapacity: true)
      state = .statusDigits
    }
  }

  private mutating func finishField() throws(Refusal) {
    while let last = text.last, last == 0x20 || last == 0x09 { text.removeLast() }
    try checkFraming()
    headers.add(name, headerText(text))
    text.removeAll(keepingCapacity: true)
  }

  /// RFC 9112 6.3 and 11.2: two readers of one message must not be able to disagree about its end.
  private mutating func checkFraming() throws(Refusal) {
    if sameASCII(name, "content-length") {
      guard contentLength == nil else { throw Refusal(.badRequest, "Content-Length appears twice.") }
      guard !isChunked else { throw Refusal(.badRequest, "Both Content-Length and Transfer-Encoding.") }
      guard !text.isEmpty, text.count <= 15, text.allSatisfy({ $0 &- 0x30 < 10 }) else {
        throw Refusal(.badRequest, "Content-Length is no length.")
      }
      contentLength = text.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    } else if sameASCII(name, "transfer-encoding") {
      guard contentLength == nil else { throw Refusal(.badRequest, "Both Content-Length and Transfer-Encoding.") }
      guard !isChunked else { throw Refusal(.badRequest, "Transfer-Encoding appears twice.") }
      guard minor == 1 else { throw Refusal(.badRequest, "HTTP/1.0 has no Transfer-Encoding.") }
      guard sameASCII(String(decoding: text, as: UTF8.self), "chunked") else {
        throw Refusal(.notImplemented, "Only the transfer coding chunked is understood.")
      }
      isChunked = true
    } else if kind == .request, sameASCII(name, "host") {
      guard !headers.contains("host") else { throw Refusal(.badRequest, "Host appears twice.") }
      guard text.allSatisfy(isHostByte) else { throw Refusal(.badRequest, "Host is no host.") }
    }
  }
}

/// RFC 9110 5.6.2.
func isTokenByte(_ byte: UInt8) -> Bool {
  switch byte {
  case 0x61...0x7A, 0x41...0x5A, 0x30...0x39: true
  case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: true
  default: false
  }
}

/// RFC 3986 3.2.2 and 3.2.3: what a host with its port may be made of. RFC 9112 3.2 wants a 400 for any other Host.
private func isHostByte(_ byte: UInt8) -> Bool {
  switch byte {
  case 0x61...0x7A, 0x41...0x5A, 0x30...0x39: true
  // - . _ ~ % ! $ & ' ( ) * + , ; = : [ ]
  case 0x2D, 0x2E, 0x5F, 0x7E, 0x25, 0x21, 0x24, 0x26...0x2C, 0x3B, 0x3D, 0x3A, 0x5B, 0x5D: true
  default: false
  }
}

/// RFC 9110 5.5: visible characters, space, tab and the bytes above ASCII.
func isValueByte(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F || byte == 0x09 }

/// A value's text: UTF-8 where it is that, else Latin-1, the older reading.
private func headerText(_ bytes: [UInt8]) -> String {
  if let text = String(validating: bytes, as: UTF8.self) { return text }
  return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
}
