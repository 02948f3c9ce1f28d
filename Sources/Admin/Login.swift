import Crypto
import CSMS
import HTTP
import Net
import Store
import Wire

/// Who asks, and how that was made sure.
nonisolated struct Caller: Sendable, Equatable {
  enum Proof: Sendable, Equatable {
    /// The cookie of a login; `session` is its secret.
    case session(String)
    case key
    case socket
    /// Nobody proved anything, and the route does not ask for it.
    case none
  }

  let name: String
  let role: Role
  let proof: Proof
  /// The sites to which they are limited; nil is the whole house.
  var scope: SiteScope?

  static let socket = Caller(name: "socket", role: .owner, proof: .socket)
  static let nobody = Caller(name: "", role: .viewer, proof: .none)

  /// As events and commands name who did it.
  var origin: String {
    switch proof {
    case .session: "operator:\(name)"
    case .key: "key:\(name)"
    case .socket, .none: "socket"
    }
  }
}

// Who may come in at this door, and with what: the session cookie of a person, the key of a program, or the socket in
// the daemon's own folder.
extension API {
  /// Decides whether the request may reach its route.
  func admit(_ request: Request, to route: Route, at door: AdminDoor.Kind) async throws -> Caller {
    switch door {
    case .socket: return .socket
    case .page: break
    }
    let isUnsafe = request.method != .get && request.method != .head
    if route.access == .open {
      // A login or set-up from another site could log a browser in as somebody else.
      if isUnsafe { try checkOrigin(request) }
      return .nobody
    }
    guard try await knowsUsers() else {
      throw Problem(.setupRequired, "open the set-up link that the daemon printed, or run `ostler setup-link`")
    }
    let caller = try await identify(request)
    if case .session(let session) = caller.proof {
      try checkOrigin(request)
      if isUnsafe {
        guard let token = request.headers["x-csrf-token"], CSRFToken.matches(token, session: session) else {
          throw Problem(.csrf, "send the `csrf_token` of the login as `X-CSRF-Token`")
        }
      }
    }
    let needed: Role =
      switch route.access {
      case .open, .look: .viewer
      case .help: .support
      case .run: .operator
      case .own: .administrator
      }
    guard caller.role >= needed else {
      throw Problem(.forbidden, "this needs the role \(needed.rawValue); yours is \(caller.role.rawValue)")
    }
    return caller
  }

  private func identify(_ request: Request) async throws -> Caller {
    if let header = request.headers["authorization"] {
      let parts = header.split(separator: " ", maxSplits: 1)
      guard parts.count == 2, parts[0].lowercased() == "bearer",
        let program = try await house.program(ofKey: String(parts[1]))
      else {
        throw unauthenticated("this key is not good")
      }
      return Caller(name: program.name, role: program.role, proof: .key, scope: program.scope)
    }
    guard let session = SessionCookie.read(request), let user = try await house.user(ofSession: session) else {
      throw unauthenticated("no session, or it has ended")
    }
    return Caller(name: user.name, role: user.role, proof: .session(session), scope: user.scope)
  }

  private func unauthenticated(_ why: String) -> Problem {
    var problem = Problem(.unauthenticated, why)
    problem.headers["WWW-Authenticate"] = "Bearer realm=\"ostler\""
    return problem
  }

  /// A browser says where a request comes from; whoever says nothing is no browser, and no other site can make it ask.
  private func checkOrigin(_ request: Request) throws(Problem) {
    if let site = request.headers["sec-fetch-site"], site != "same-origin", site != "none" {
      throw Problem(.wrongOrigin, "the request comes from another site (\(site))")
    }
    guard let origin = request.headers["origin"] else { return }
    guard let host = request.headers["host"], origin.lowercased().hasSuffix("://" + host.lowercased()) else {
      throw Problem(.wrongOrigin, "the request comes from \(origin)")
    }
  }

  /// A password must not cross a network in the clear, unless the operator accepts that.
  func checkDoor(_ request: Request) throws(Problem) {
    if request.isTLS || settings.insecurePage || request.peer.isLoopback { return }
    if case .unix = request.peer { return }
    throw Problem(
      .insecurePage, "use https, a trusted proxy, or a tunnel to this machine; `--insecure-page` allows logins without")
  }
}

/// The cookie that keeps a login: nobody's script reads it and no other site sends it.
enum SessionCookie {
  /// Over TLS the name itself forbids that a neighbouring host sets it (RFC 6265bis §4.1.3.2).
  private static func name(isTLS: Bool) -> String { isTLS ? "__Host-ostler_session" : "ostler_session" }

  static func read(_ request: Request) -> String? {
    let name = name(isTLS: request.isTLS)
    for header in request.headers.all("cookie") {
      for pair in header.split(separator: ";") {
        let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2, parts[0].drop(while: { $0 == " " }) == name { return String(parts[1]) }
      }
    }
    return nil
  }

  static func set(_ session: String, seconds: Int64, for request: Request) -> String {
    "\(name(isTLS: request.isTLS))=\(session); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict"
      + (request.isTLS ? "; Secure" : "")
  }

  static func clear(for request: Request) -> String {
    "\(name(isTLS: request.isTLS))=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict" + (request.isTLS ? "; Secure" : "")
  }
}
