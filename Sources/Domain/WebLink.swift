import Wire

/// The way out to services of the web that are no partners: OCSP responders, whoever makes contract certificates, webhooks. The
/// program that joins the rooms implements it.
public protocol WebLink: Sendable {
  /// Sends one request and reports how it ended, once, on the main actor.
  func ask(_ request: WebRequest, done: @escaping @MainActor @Sendable (WebAnswer) -> Void)
}

/// One request: a POST where it has a body, else a GET.
public struct WebRequest: Sendable, Equatable {
  public var url: String
  /// What the body is, and what is wanted back.
  public var contentType: String
  public var accept: String
  public var body: Bytes
  /// For `Authorization: Bearer`.
  public var token: String?
  /// Whether addresses of private networks and of this machine may be called.
  public var allowsPrivate: Bool
  /// For the whole request.
  public var seconds: Int
  /// Further fields of the head, such as a signature.
  public var headers: [String: String]

  public init(
    url: String, contentType: String = "", accept: String, body: Bytes = [], token: String? = nil, allowsPrivate: Bool,
    seconds: Int, headers: [String: String] = [:]
  ) {
    (self.url, self.contentType, self.accept, self.body) = (url, contentType, accept, body)
    (self.token, self.allowsPrivate, self.seconds, self.headers) = (token, allowsPrivate, seconds, headers)
  }
}

public enum WebAnswer: Sendable, Equatable {
  case answered(status: Int, body: Bytes)
  /// Why there is no answer, for people.
  case failed(String)
}
