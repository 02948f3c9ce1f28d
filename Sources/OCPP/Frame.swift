// The envelope of every message: `[2,id,action,payload]`, `[3,id,payload]`, `[4,id,code,description,details]`, and since
// OCPP 2.1 `[5,id,code,description,details]` and `[6,id,action,payload]`.

import Wire

/// One message between station and house (OCPP-J 1.6 §4.2), its payload still on the tape of the frame.
public enum Frame: Sendable {
  case call(MessageID, action: String, payload: JSONTape.Element)
  case result(MessageID, payload: JSONTape.Element)
  case error(MessageID, code: String, description: String, details: JSON)
  /// CALLRESULTERROR (OCPP-J 2.1 §4.2.3): the answer to a call could not be read.
  case resultError(MessageID, code: String, description: String)
  /// SEND (OCPP-J 2.1 §4.2.4): a call to which nobody answers.
  case send(MessageID, action: String, payload: JSONTape.Element)

  /// Reads one frame. A payload that is absent or null counts as `{}` (OCPP-J 1.6 §4.2.1).
  public static func read(_ bytes: Bytes) throws(Garbage) -> Frame {
    let tape: JSONTape
    do {
      tape = try JSONTape(bytes, nodes: OCPPLimits.frameNodes)
    } catch {
      throw Garbage(.notJSON, "the frame is not JSON: \(error)", prefix: EnvelopePrefix(bytes))
    }
    let root = tape.root
    guard root.kind == .array, let kind = root[0]?.int else {
      throw Garbage(.noEnvelope, "the frame is not an array that begins with a message type", prefix: nil)
    }
    guard (2...6).contains(kind) else {
      throw Garbage(.unknownType, "message type \(kind) is unknown", prefix: nil)
    }
    guard let element = root[1], let id = MessageID(element) else {
      throw Garbage(.noEnvelope, "the frame has no message id", prefix: nil)
    }
    switch kind {
    case 2, 6:
      guard let action = root[2]?.string else {
        let prefix = kind == 2 ? EnvelopePrefix(type: 2, id: id, action: nil) : nil
        throw Garbage(.noEnvelope, "the call names no action", prefix: prefix)
      }
      if kind == 6 { return .send(id, action: action, payload: payload(root[3])) }
      return .call(id, action: action, payload: payload(root[3]))
    case 3:
      return .result(id, payload: payload(root[2]))
    case 5:
      return .resultError(id, code: root[2]?.string ?? "GenericError", description: root[3]?.string ?? "")
    default:
      return .error(
        id, code: root[2]?.string ?? "GenericError", description: root[3]?.string ?? "", details: root[4]?.json ?? [:])
    }
  }

  private static func payload(_ element: JSONTape.Element?) -> JSONTape.Element {
    guard let element, !element.isNull else { return emptyObject }
    return element
  }

  private static let emptyObject: JSONTape.Element = {
    do {
      return try JSONTape([UInt8(ascii: "{"), UInt8(ascii: "}")]).root
    } catch {
      preconditionFailure("an empty object is JSON")
    }
  }()

  // MARK: Writing

  /// How payloads are written to stations: whole seconds, because some cannot read a fraction.
  public static let writerOptions = WriterOptions(timestampFraction: .seconds)

  /// A CALL.
  public static func encodeCall<M: Message>(_ id: MessageID, _ message: M, edition: Edition) -> Bytes {
    var out = head(2, id)
    appendText(M.action, to: &out)
    out.append(UInt8(ascii: ","))
    message.encode(into: &out, edition: edition, options: writerOptions)
    out.append(UInt8(ascii: "]"))
    return out
  }

  /// A CALL whose payload is JSON already.
  public static func encodeCall(_ id: MessageID, action: String, json payload: Bytes) -> Bytes {
    var out = head(2, id)
    appendText(action, to: &out)
    out.append(UInt8(ascii: ","))
    out.append(contentsOf: payload)
    out.append(UInt8(ascii: "]"))
    return out
  }

  /// A CALLRESULT.
  public static func encodeResult(_ id: MessageID, _ reply: some Payload, edition: Edition) -> Bytes {
    var out = head(3, id)
    reply.encode(into: &out, edition: edition, options: writerOptions)
    out.append(UInt8(ascii: "]"))
    return out
  }

  /// A CALLRESULT whose payload is JSON already.
  public static func encodeResult(_ id: MessageID, json payload: Bytes) -> Bytes {
    var out = head(3, id)
    out.append(contentsOf: payload)
    out.append(UInt8(ascii: "]"))
    return out
  }

  /// A CALLERROR.
  public static func encodeError(_ id: MessageID, code: String, description: String, details: JSON = [:]) -> Bytes {
    encodeError(4, id, code, description, details)
  }

  /// A CALLRESULTERROR.
  public static func encodeResultError(_ id: MessageID, code: String, description: String) -> Bytes {
    encodeError(5, id, code, description, [:])
  }

  private static func encodeError(
    _ type: UInt8, _ id: MessageID, _ code: String, _ description: String, _ details: JSON
  ) -> Bytes {
    var out = head(type, id)
    appendText(code, to: &out)
    out.append(UInt8(ascii: ","))
    appendText(String(description.unicodeScalars.prefix(OCPPLimits.errorDescription)), to: &out)
    out.append(UInt8(ascii: ","))
    details.write(into: &out)
    out.append(UInt8(ascii: "]"))
    return out
  }

  private static func head(_ type: UInt8, _ id: MessageID) -> Bytes {
    var out: Bytes = []
    out.reserveCapacity(usualBytes)
    out.append(UInt8(ascii: "["))
    out.append(UInt8(ascii: "0") + type)
    out.append(UInt8(ascii: ","))
    if id.isNumber { out.append(contentsOf: id.text.utf8) } else { appendText(id.text, to: &out) }
    out.append(UInt8(ascii: ","))
    return out
  }

  /// Room for nearly every frame that we send.
  private static let usualBytes = 256

  private static func appendText(_ text: String, to out: inout Bytes) { JSON.string(text).write(into: &out) }
}

/// What binds an answer to its call. Some stations send a number instead of a text; they get it back as they sent it.
public struct MessageID: Hashable, Sendable, CustomStringConvertible {
  public let text: String
  public let isNumber: Bool

  /// Stands for an id that could not be read (OCPP-J 2.0.1 §4.2.3).
  static let unreadable = MessageID("-1")

  public init(_ text: String) {
    self.text = text
    isNumber = false
  }

  /// Nil for what is neither text nor number, and for what is too long to be echoed.
  init?(_ element: JSONTape.Element) {
    guard element.raw.count <= OCPPLimits.echoedIDBytes else { return nil }
    if let text = element.string {
      self.text = text
      isNumber = false
    } else if element.kind == .number {
      text = String(decoding: element.raw, as: UTF8.self)
      isNumber = true
    } else {
      return nil
    }
  }

  fileprivate init(text: String, isNumber: Bool) { (self.text, self.isNumber) = (text, isNumber) }

  /// Longer than the protocol allows.
  public var isTooLong: Bool {
    text.utf8.count > OCPPLimits.messageID && text.unicodeScalars.count > OCPPLimits.messageID
  }

  /// As the message log keeps it.
  var logged: String {
    text.utf8.count <= OCPPLimits.messageID ? text : String(text.unicodeScalars.prefix(OCPPLimits.messageID))
  }

  public var description: String { text }
}

/// A frame that cannot be read, and what its beginning still says.
public struct Garbage: Error, Equatable, Sendable {
  public enum Kind: Sendable, Equatable {
    case notJSON
    case noEnvelope
    /// OCPP-J 1.6 §4.1.3: to be ignored.
    case unknownType
  }

  public var kind: Kind
  /// For a person.
  public var why: String
  public var prefix: EnvelopePrefix?

  init(_ kind: Kind, _ why: String, prefix: EnvelopePrefix?) {
    (self.kind, self.why, self.prefix) = (kind, why, prefix)
  }
}

/// The beginning of a broken frame, as far as it can be trusted: enough to answer its call, or to end ours.
public struct EnvelopePrefix: Equatable, Sendable {
  /// 2, 3 or 4.
  public var type: Int
  public var id: MessageID
  public var action: String?

  init(type: Int, id: MessageID, action: String?) { (self.type, self.id, self.action) = (type, id, action) }

  /// Nil unless the bytes begin with a type and a plain id.
  init?(_ bytes: Bytes) {
    var at = 0

    func skipSpace() {
      while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
    }
    func take(_ letter: Unicode.Scalar) -> Bool {
      skipSpace()
      guard at < bytes.count, bytes[at] == UInt8(ascii: letter) else { return false }
      at += 1
      return true
    }
    func takeText() -> String? {
      guard take("\"") else { return nil }
      let start = at
      while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
        let isPlain = bytes[at] >= 0x20 && bytes[at] != UInt8(ascii: "\\")
        guard isPlain, at - start < OCPPLimits.echoedIDBytes else { return nil }
        at += 1
      }
      guard at < bytes.count else { return nil }
      at += 1
      return String(utf8: bytes[start..<(at - 1)])
    }
    func takeDigits() -> String? {
      skipSpace()
      let start = at
      while at < bytes.count, (0x30...0x39).contains(bytes[at]), at - start < OCPPLimits.messageID { at += 1 }
      return at > start ? String(decoding: bytes[start..<at], as: UTF8.self) : nil
    }

    guard take("["), let type = takeDigits().flatMap({ Int($0) }), (2...4).contains(type), take(",") else { return nil }
    if let text = takeText() {
      id = MessageID(text)
    } else if let number = takeDigits() {
      id = MessageID(text: number, isNumber: true)
    } else {
      return nil
    }
    guard take(",") else { return nil }
    self.type = type
    action = type == 2 ? takeText() : nil
  }
}
