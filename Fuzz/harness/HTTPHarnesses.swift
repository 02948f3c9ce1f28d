@testable import HTTP

extension Harness {
  /// However a stream is cut, the same requests come out of it; and each is the same after it is written.
  static let request = Harness(name: "request") { input in
    guard let choice = input.first else { return }
    let bytes = Array(input.dropFirst())
    let cuts = cuts(of: bytes, choice)
    let whole = Requests(bytes, pieces: cuts[0])
    for pieces in cuts.dropFirst() {
      require(Requests(bytes, pieces: pieces) == whole, "pieces of \(pieces) give other requests than the whole")
    }
    for message in whole.messages {
      let head = message.head
      require(head.headers.count <= HTTPLimits.Head().fields, "no head has more fields than the limit")
      require(head.target.rawQuery.utf8.count <= HTTPLimits.Head().lineBytes, "no query is longer than the line")
      if case .length(let length) = head.framing {
        require(message.body.count <= length, "no body is longer than its length")
        require(!message.isWhole || message.body.count == length, "a whole body is as long as its length")
      }
      if let offer = WebSocketOffer(head) {
        if offer.flaw(requiresConnectionUpgrade: true) == nil {
          require(head.headers.lists("connection", "upgrade"), "an upgrade without its Connection field is a flaw")
        }
      }
      // Latin-1 grows when it is written as UTF-8: near the limit the written head may be too large.
      guard message.isWhole, bytes.count < 8_000 else { continue }
      let again = Requests(message.written, pieces: 1 << 20)
      require(again.refusal == nil && again.messages == [message], "a request is the same after writing and reading")
    }
  }

  /// The same for answers, to GET and to HEAD.
  static let response = Harness(name: "response") { input in
    guard let choice = input.first else { return }
    let bytes = Array(input.dropFirst())
    let method: Method = choice & 0x80 == 0 ? .get : .head
    let cuts = cuts(of: bytes, choice & 0x7F)
    let whole = Answer(bytes, to: method, pieces: cuts[0])
    for pieces in cuts.dropFirst() {
      require(Answer(bytes, to: method, pieces: pieces) == whole, "pieces of \(pieces) give another answer")
    }
    guard let head = whole.head else { return }
    require(head.status == 101 || (200...999).contains(head.status.rawValue), "interim answers are not handed up")
    require(head.headers.count <= HTTPLimits.Head().fields, "no head has more fields than the limit")
    if method == .head { require(whole.body.isEmpty, "an answer to HEAD has no body") }
    guard whole.isWhole, bytes.count < 8_000 else { return }
    let again = Answer(whole.written, to: method, pieces: 1 << 20)
    require(again == whole, "an answer is the same after writing and reading")
  }
}

/// What a stream of requests came to.
private struct Requests: Equatable {
  struct Message: Equatable {
    var head: RequestHead
    var body: [UInt8] = []
    var isWhole = false

    /// As a client would send it.
    var written: [UInt8] {
      var target = head.target.path + (head.target.rawQuery.isEmpty ? "" : "?" + head.target.rawQuery)
      if let authority = head.target.authority { target = "http://" + authority + target }
      var out = Array("\(head.method.rawValue) \(target) HTTP/1.\(head.minor)\r\n".utf8)
      head.headers.write(into: &out)
      return out + [0x0D, 0x0A] + bodyBytes(body, head.framing)
    }
  }

  var messages: [Message] = []
  var refusal: Refusal?

  init(_ bytes: [UInt8], pieces: Int) {
    var parser = RequestParser()
    feed(bytes, pieces: pieces) { piece, at in
      while true {
        switch parser.next(piece, &at) {
        case .needMore: return true
        case .head(let head): messages.append(Message(head: head))
        case .body(let run): messages[messages.count - 1].body.append(contentsOf: piece[run])
        case .end: messages[messages.count - 1].isWhole = true
        case .refused(let why):
          refusal = why
          return false
        }
      }
    }
  }
}

/// What the bytes of a server came to.
private struct Answer: Equatable {
  var head: ResponseHead?
  var body: [UInt8] = []
  var isWhole = false
  var refusal: Refusal?

  init(_ bytes: [UInt8], to method: Method, pieces: Int) {
    var parser = ResponseParser(answering: method)
    feed(bytes, pieces: pieces) { piece, at in
      while true {
        switch parser.next(piece, &at) {
        case .needMore: return true
        case .head(let found): head = found
        case .body(let run): body.append(contentsOf: piece[run])
        case .end:
          isWhole = true
          return false
        case .refused(let why):
          refusal = why
          return false
        }
      }
    }
  }

  /// As a server would send it.
  var written: [UInt8] {
    guard let head else { return [] }
    var out = Array("HTTP/1.\(head.minor) \(head.status.rawValue) \r\n".utf8)
    head.headers.write(into: &out)
    return out + [0x0D, 0x0A] + bodyBytes(body, head.framing)
  }
}

private func bodyBytes(_ body: [UInt8], _ framing: Framing) -> [UInt8] {
  guard framing == .chunked else { return body }
  let chunk = body.isEmpty ? [] : Array("\(String(body.count, radix: 16))\r\n".utf8) + body + [0x0D, 0x0A]
  return chunk + Array("0\r\n\r\n".utf8)
}
