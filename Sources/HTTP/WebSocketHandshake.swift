import Wire

/// What a peer that asks for a WebSocket offers (RFC 6455 4.2.1), read from its request.
public struct WebSocketOffer: Sendable, Equatable {
  /// In the peer's order of preference.
  public let subprotocols: [String]
  /// Some stations forget `Connection: Upgrade`; whether that is forgiven is the handler's choice.
  public let lacksConnectionUpgrade: Bool
  let key: String
  let version: String
  let compression: Compression?

  /// nil where this is an ordinary request.
  init?(_ head: RequestHead) {
    guard head.method == .get, head.minor == 1, head.headers.lists("upgrade", "websocket") else { return nil }
    subprotocols = Array(head.headers.list("sec-websocket-protocol").prefix(HTTPLimits.WebSocket.subprotocols))
    lacksConnectionUpgrade = !head.headers.lists("connection", "upgrade")
    key = head.headers.all("sec-websocket-key").joined(separator: ",")
    version = head.headers.all("sec-websocket-version").joined(separator: ",")
    compression = Compression.agreed(to: head.headers.list("sec-websocket-extensions"))
  }

  /// Why this offer cannot be taken, as an answer; nil where it can.
  func flaw(requiresConnectionUpgrade: Bool) -> Response? {
    guard version == "13" else {
      var response = Response.text(
        "Only version 13 of the WebSocket protocol is spoken here.\n", status: .upgradeRequired)
      response.headers["Sec-WebSocket-Version"] = "13"
      response.headers["Upgrade"] = "websocket"
      return response
    }
    guard [UInt8](base64: key)?.count == 16 else {
      return .text("Sec-WebSocket-Key is missing or is not 16 bytes in base64.\n", status: .badRequest)
    }
    if requiresConnectionUpgrade, lacksConnectionUpgrade {
      return .text("The request lacks \"Connection: Upgrade\".\n", status: .badRequest)
    }
    return nil
  }

  /// RFC 6455 4.2.2, step 5.4.
  static func acceptance(of key: String) -> String {
    sha1(Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)).base64
  }
}

/// What was agreed about permessage-deflate (RFC 7692 7): never a context kept between messages, on either side,
/// because a widespread library breaks with one and because one state then serves all connections.
struct Compression: Sendable, Equatable {
  /// The largest window that our side may use.
  var windowBits: Int32 = 15
  /// Whether the peer named a window, which the answer must repeat.
  var namesWindow = false

  private static let terms = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

  /// What we offer as a client: also that the server may bound our window.
  static let offer = terms + "; client_max_window_bits"

  /// What we agree to as a server.
  var answer: String { namesWindow ? Compression.terms + "; server_max_window_bits=\(windowBits)" : Compression.terms }

  /// The first acceptable one of a client's offers.
  static func agreed(to offers: [String]) -> Compression? {
    for offer in offers {
      guard let parameters = parameters(offer) else { continue }
      var agreed = Compression()
      var isAcceptable = true
      for (name, value) in parameters {
        switch name {
        case "server_no_context_takeover", "client_no_context_takeover": isAcceptable = isAcceptable && value == nil
        case "client_max_window_bits": isAcceptable = isAcceptable && (value == nil || windowBits(value) != nil)
        case "server_max_window_bits":
          // zlib makes no raw stream with a window of 8; that offer is declined (RFC 7692 7.1.2.1).
          guard let bits = windowBits(value), bits > 8 else {
            isAcceptable = false
            break
          }
          agreed.windowBits = bits
          agreed.namesWindow = true
        default: isAcceptable = false
        }
      }
      if isAcceptable { return agreed }
    }
    return nil
  }

  /// What a server answered to our offer; nil where it is not what we offered.
  static func accepted(_ answers: [String]) -> Compression? {
    guard answers.count == 1, let parameters = parameters(answers[0]) else { return nil }
    let names = parameters.map(\.name)
    guard names.contains("server_no_context_takeover") else { return nil }
    var agreed = Compression()
    for (name, value) in parameters {
      switch name {
      case "server_no_context_takeover", "client_no_context_takeover": if value != nil { return nil }
      case "server_max_window_bits": if windowBits(value) == nil { return nil }
      case "client_max_window_bits":
        // zlib makes no raw stream with a window of 8: towards such a server all messages go out plain.
        guard let bits = windowBits(value) else { return nil }
        agreed.windowBits = bits
      default: return nil
      }
    }
    return agreed
  }

  /// nil for another extension and for a parameter that appears twice.
  private static func parameters(_ offer: String) -> [(name: String, value: String?)]? {
    let parts = offer.utf8.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map { trimmed($0) }
    guard parts[0] == "permessage-deflate" else { return nil }
    var out: [(name: String, value: String?)] = []
    for part in parts.dropFirst() {
      let halves = part.utf8.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      let name = trimmed(halves[0])
      guard !out.contains(where: { $0.name == name }) else { return nil }
      var value = halves.count > 1 ? trimmed(halves[1]) : nil
      if let quoted = value, quoted.count >= 2, quoted.hasPrefix("\""), quoted.hasSuffix("\"") {
        value = String(quoted.dropFirst().dropLast())
      }
      out.append((name, value))
    }
    return out
  }

  private static func windowBits(_ text: String?) -> Int32? {
    guard let text, text.utf8.allSatisfy({ $0 &- 0x30 < 10 }), !text.hasPrefix("0"), let bits = Int32(text),
      (8...15).contains(bits)
    else { return nil }
    return bits
  }
}
