import Wire

/// The way out for letters: the mail server of whoever runs the house. The program that joins the rooms implements it.
public protocol MailLink: Sendable {
  /// Hands one letter to a server and reports how it ended, once, on the main actor.
  func send(_ letter: Letter, by server: MailServer, done: @escaping @MainActor @Sendable (MailOutcome) -> Void)
}

/// A plain text for people.
public struct Letter: Sendable, Equatable {
  /// Tells a repeat from a new one; becomes the Message-ID.
  public var id: String
  public var to: [String]
  public var subject: String
  public var text: String
  public var at: Timestamp

  public init(id: String, to: [String], subject: String, text: String, at: Timestamp) {
    (self.id, self.to, self.subject, self.text, self.at) = (id, to, subject, text, at)
  }
}

/// Where letters are handed in (RFC 6409), and what the server wants to know first.
public struct MailServer: Sendable, Equatable, Payload {
  /// How the way there is kept private.
  public enum Security: String, Word {
    /// TLS from the first byte (RFC 8314, usually port 465).
    case tls
    /// Begun in the clear and secured before anything is told (RFC 3207, usually port 587).
    case starttls
    /// Not at all; without a password, for a server of one's own network.
    case plain
  }

  public var host = ""
  public var port = 465
  public var security = Security.tls
  /// Without one nobody is asked for.
  public var user: String?
  public var password: String?
  /// The address that letters come from.
  public var from = ""
  /// Whether a private address or this machine may be called.
  public var allowsPrivate = false

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("host", &host, max: 255)
    try w.visit("port", &port, 1...65_535)
    try w.visit("security", &security)
    try w.visit("user", &user, max: 255)
    try w.visit("password", &password, max: 1_000)
    try w.visit("from", &from, max: 255)
    try w.visit("allow_private", &allowsPrivate)
  }
}

public enum MailOutcome: Sendable, Equatable {
  case taken
  /// Taken for some of those to whom it goes; the server refused the others. For people.
  case takenForSome(String)
  /// Not now; the same letter may be tried again. For people.
  case failed(String)
  /// Never; the server says that this letter or its address is wrong.
  case refused(String)
}
