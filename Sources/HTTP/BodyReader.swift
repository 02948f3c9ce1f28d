import Wire

/// Finds where a body's bytes lie and where it ends: by length, by chunks (RFC 9112 7.1), or by the connection's end.
struct BodyReader {
  enum Step: Equatable {
    case needMore
    case bytes(Range<Int>)
    case end
    case refused(Refusal)
  }

  private enum State {
    case done
    case fixed(left: Int)
    case untilClose
    case size(digits: Int)
    case ext(Extension)
    case sizeLF
    case data(left: Int)
    case dataCR, dataLF
    case trailerStart, trailerName, trailerValue, trailerLF, endLF
  }
  /// Where in a chunk's extensions the reader stands: `;name`, `;name=value`, `;name="quoted \" value"`.
  private enum Extension { case nameFirst, name, valueFirst, value, quoted, escaped, quotedEnd }

  private var state: State
  private var chunk = 0
  private var lineBytes = 0
  private var trailerBytes = 0

  init(_ framing: Framing) {
    switch framing {
    case .none: state = .done
    case .length(let length): state = length == 0 ? .done : .fixed(left: length)
    case .chunked: state = .size(digits: 0)
    case .untilClose: state = .untilClose
    }
  }

  /// The next run of body bytes at or after `at`, as a range of `bytes`; call again until it says `needMore` or `end`.
  mutating func read(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> Step {
    while true {
      switch state {
      case .done:
        return .end
      case .fixed(let left):
        guard at < bytes.count else { return .needMore }
        let run = at..<min(bytes.count, at + left)
        at = run.upperBound
        state = left == run.count ? .done : .fixed(left: left - run.count)
        return .bytes(run)
      case .data(let left):
        guard at < bytes.count else { return .needMore }
        let run = at..<min(bytes.count, at + left)
        at = run.upperBound
        state = left == run.count ? .dataCR : .data(left: left - run.count)
        return .bytes(run)
      case .untilClose:
        guard at < bytes.count else { return .needMore }
        let run = at..<bytes.count
        at = bytes.count
        return .bytes(run)
      default:
        guard at < bytes.count else { return .needMore }
        let byte = bytes[at]
        at += 1
        if let refusal = take(byte) { return .refused(refusal) }
      }
    }
  }

  /// One byte of the chunks' dress.
  private mutating func take(_ byte: UInt8) -> Refusal? {
    switch state {
    case .size(let digits):
      if let value = hexValue(byte) {
        // Seven digits are 256 MB, above every limit; more of them only serve to overflow somebody's counter.
        if chunk > 0xFFF_FFFF >> 4 { return Refusal(.tooLarge, "A chunk is too large.") }
        chunk = chunk << 4 | Int(value)
        lineBytes += 1
        if lineBytes > 32 { return Refusal(.badRequest, "A chunk size has too many digits.") }
        state = .size(digits: digits + 1)
        return nil
      }
      guard digits > 0 else { return Refusal(.badRequest, "A chunk has no size.") }
      if byte == 0x0D {
        state = .sizeLF
      } else if byte == UInt8(ascii: ";") {
        state = .ext(.nameFirst)
      } else {
        return Refusal(.badRequest, "A chunk size is no number.")
      }
    case .ext(let place):
      lineBytes += 1
      if lineBytes > HTTPLimits.Head.chunkLineBytes { return Refusal(.badRequest, "A chunk extension is too long.") }
      guard let next = Self.extensionStep(place, byte) else {
        return Refusal(.badRequest, "A chunk extension is broken.")
      }
      state = next
    case .sizeLF:
      guard byte == 0x0A else { return Refusal(.badRequest, "A chunk size does not end with CR LF.") }
      lineBytes = 0
      state = chunk == 0 ? .trailerStart : .data(left: chunk)
      chunk = 0
    case .dataCR:
      guard byte == 0x0D else { return Refusal(.badRequest, "A chunk is longer than its size.") }
      state = .dataLF
    case .dataLF:
      guard byte == 0x0A else { return Refusal(.badRequest, "A chunk does not end with CR LF.") }
      state = .size(digits: 0)
    case .trailerStart:
      if byte == 0x0D {
        state = .endLF
        return nil
      }
      guard isTokenByte(byte) else { return Refusal(.badRequest, "A trailer has no name.") }
      state = .trailerName
      return countTrailerByte()
    case .trailerName:
      // A line without a colon is no field: it may be somebody's next request (RFC 9112 7.1.2).
      guard isTokenByte(byte) || byte == UInt8(ascii: ":") else {
        return Refusal(.badRequest, "A trailer's name has a forbidden byte.")
      }
      if byte == UInt8(ascii: ":") { state = .trailerValue }
      return countTrailerByte()
    case .trailerValue:
      if byte == 0x0D {
        state = .trailerLF
        return nil
      }
      guard isValueByte(byte) else { return Refusal(.badRequest, "A trailer has a forbidden byte.") }
      return countTrailerByte()
    case .trailerLF:
      guard byte == 0x0A else { return Refusal(.badRequest, "A trailer does not end with CR LF.") }
      state = .trailerStart
    case .endLF:
      guard byte == 0x0A else { return Refusal(.badRequest, "The trailers do not end with CR LF.") }
      state = .done
    case .done, .fixed, .untilClose, .data:
      break
    }
    return nil
  }

  private mutating func countTrailerByte() -> Refusal? {
    trailerBytes += 1
    return trailerBytes > HTTPLimits.Head.trailerBytes ? Refusal(.headTooLarge, "The trailers are too large.") : nil
  }

  private static func extensionStep(_ place: Extension, _ byte: UInt8) -> State? {
    let isEnd = byte == 0x0D || byte == UInt8(ascii: ";")
    let after: State = byte == 0x0D ? .sizeLF : .ext(.nameFirst)
    switch place {
    case .nameFirst: return isTokenByte(byte) ? .ext(.name) : nil
    case .name:
      if isEnd { return after }
      if byte == UInt8(ascii: "=") { return .ext(.valueFirst) }
      return isTokenByte(byte) ? .ext(.name) : nil
    case .valueFirst:
      if byte == UInt8(ascii: "\"") { return .ext(.quoted) }
      return isTokenByte(byte) ? .ext(.value) : nil
    case .value: return isEnd ? after : isTokenByte(byte) ? .ext(.value) : nil
    case .quoted:
      if byte == UInt8(ascii: "\"") { return .ext(.quotedEnd) }
      if byte == UInt8(ascii: "\\") { return .ext(.escaped) }
      return isValueByte(byte) ? .ext(.quoted) : nil
    case .escaped: return isValueByte(byte) ? .ext(.quoted) : nil
    case .quotedEnd: return isEnd ? after : nil
    }
  }
}
