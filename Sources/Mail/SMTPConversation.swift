import Domain
import Wire

/// What is said to a mail server, in order (RFC 5321): decides from each answer what comes next, and knows no socket.
struct SMTPConversation {
  /// What is to be done now.
  enum Step: Equatable {
    case say(String)
    /// The letter itself, with the dot that ends it.
    case tell(Bytes)
    /// Secure the connection, and say hello again when it is.
    case secure
    case wait
    case end(MailOutcome)
  }

  private enum State {
    case greeted, hello, securing, securedHello, authorizing, passwordUser, password, sender, recipient(Int), data,
      body,
      goodbye
  }

  private let letter: Letter
  private let server: MailServer
  /// Who we say we are.
  private let name: String
  private var state = State.greeted
  private var isSecure: Bool
  private var extensions: [String] = []
  /// Recipients whom the server takes, and what it says of the others; whether any of those may be tried again.
  private var accepted = 0
  private var refused: [String] = []
  private var mayChange = false

  init(_ letter: Letter, by server: MailServer, as name: String) {
    (self.letter, self.server, self.name) = (letter, server, name)
    isSecure = server.security == .tls
  }

  /// One whole answer came: its code and its lines.
  mutating func heard(_ code: Int, _ lines: [String]) -> Step {
    switch state {
    case .greeted:
      guard code == 220 else { return fails(code, lines) }
      state = .hello
      return .say("EHLO \(name)")
    case .hello, .securedHello:
      guard code == 250 else { return fails(code, lines) }
      extensions = lines.dropFirst().map { $0.uppercased() }
      if !isSecure, server.security == .starttls {
        // Whoever cannot be spoken to in private is not told the password, nor the letter.
        guard has("STARTTLS") else { return ends(.failed("the server does not offer STARTTLS")) }
        state = .securing
        return .say("STARTTLS")
      }
      return logIn()
    case .securing:
      guard code == 220 else { return fails(code, lines) }
      return .secure
    case .authorizing:
      guard code == 235 else { return fails(code, lines) }
      return begin()
    case .passwordUser:
      guard code == 334 else { return fails(code, lines) }
      state = .password
      return .say(Bytes(utf8: server.user ?? "").base64)
    case .password:
      guard code == 334 else { return fails(code, lines) }
      state = .authorizing
      return .say(Bytes(utf8: server.password ?? "").base64)
    case .sender:
      guard code == 250 else { return fails(code, lines) }
      return address(0)
    case .recipient(let place):
      // RFC 5321 3.3: each is answered for itself, and the letter goes to those who were taken. 421 closes the door for all.
      if code == 421 { return fails(code, lines) }
      if code == 250 || code == 251 {
        accepted += 1
      } else {
        refused.append("\(letter.to[place]): \(code) \(lines.first ?? "")")
        mayChange = mayChange || code < 500
      }
      return address(place + 1)
    case .data:
      guard code == 354 else { return fails(code, lines) }
      state = .body
      return .tell(stuffed(MailText(letter, from: server.from, host: name).bytes))
    case .body:
      guard code == 250 else { return fails(code, lines) }
      return ends(refused.isEmpty ? .taken : .takenForSome(whomNot))
    case .goodbye: return .wait
    }
  }

  /// The connection is private now: what was said before it counts no more (RFC 3207 4.2).
  mutating func secured() -> Step {
    (isSecure, state, extensions) = (true, .securedHello, [])
    return .say("EHLO \(name)")
  }

  private func has(_ word: String) -> Bool { extensions.contains { $0.split(separator: " ").first == word[...] } }

  private mutating func logIn() -> Step {
    guard let user = server.user else { return begin() }
    let ways =
      extensions.first { $0.hasPrefix("AUTH ") || $0.hasPrefix("AUTH=") }?.dropFirst(5).split(separator: " ") ?? []
    if ways.contains("PLAIN") {
      state = .authorizing
      return .say("AUTH PLAIN \(Bytes(utf8: "\0\(user)\0\(server.password ?? "")").base64)")
    }
    if ways.contains("LOGIN") {
      state = .passwordUser
      return .say("AUTH LOGIN")
    }
    return ends(.failed("the server takes neither AUTH PLAIN nor AUTH LOGIN"))
  }

  private mutating func begin() -> Step {
    state = .sender
    return .say("MAIL FROM:<\(server.from)>")
  }

  private mutating func address(_ place: Int) -> Step {
    guard place < letter.to.count else {
      guard accepted > 0 else { return ends(mayChange ? .failed(whomNot) : .refused(whomNot)) }
      state = .data
      return .say("DATA")
    }
    state = .recipient(place)
    return .say("RCPT TO:<\(letter.to[place])>")
  }

  private var whomNot: String { "the mail server does not take it for \(refused.joined(separator: ", "))" }

  private mutating func fails(_ code: Int, _ lines: [String]) -> Step {
    let said = "the mail server answered \(code) \(lines.first ?? "")"
    // RFC 5321 4.2.1: 5 is for good. A wrong password or a server that is not set up can be mended, and then it is tried again.
    if code >= 500, case .body = state { return ends(.refused(said)) }
    return ends(.failed(said))
  }

  private mutating func ends(_ outcome: MailOutcome) -> Step {
    state = .goodbye
    return .end(outcome)
  }

  /// RFC 5321 4.5.2: a line that begins with a dot gets one more, and a dot by itself ends the letter.
  private func stuffed(_ bytes: Bytes) -> Bytes {
    var out = Bytes()
    out.reserveCapacity(bytes.count + 8)
    var isLineStart = true
    for byte in bytes {
      if isLineStart, byte == UInt8(ascii: ".") { out.append(byte) }
      out.append(byte)
      isLineStart = byte == UInt8(ascii: "\n")
    }
    return out + Bytes(utf8: ".\r\n")
  }
}

/// Takes a server's bytes apart into whole answers (RFC 5321 4.2.1: `250-…` goes on, `250 …` ends).
struct SMTPReader {
  private var rest = Bytes()
  private var lines: [String] = []

  enum Flaw: Error { case tooLong, malformed }

  /// Whether more came than one answer.
  var isEmpty: Bool { rest.isEmpty && lines.isEmpty }

  mutating func add(_ bytes: UnsafeRawBufferPointer) throws(Flaw) {
    guard rest.count + bytes.count <= Limits.answerBytes else { throw .tooLong }
    rest.append(contentsOf: bytes)
  }

  mutating func next() throws(Flaw) -> (code: Int, lines: [String])? {
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      var line = rest[..<end]
      if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
      let text = String(decoding: line, as: UTF8.self)
      rest.removeFirst(end + 1)
      guard let code = Int(text.prefix(3)), (200..<600).contains(code), lines.count < Limits.answerLines else {
        throw .malformed
      }
      lines.append(String(text.dropFirst(4)))
      if text.dropFirst(3).first == "-" { continue }
      defer { lines = [] }
      return (code, lines)
    }
    return nil
  }
}

/// The bounds of a conversation with a mail server.
enum Limits {
  /// Bytes that wait to be read, and lines of one answer. Past it: the letter fails and is tried again.
  static let answerBytes = 16_384
  static let answerLines = 100
  /// For a name to be found, a connection to stand, and each answer to come. Past it: the letter fails and is tried again.
  static let resolveDeadline = Duration.seconds(10)
  static let connectDeadline = Duration.seconds(15)
  static let answerDeadline = Duration.seconds(60)
}
