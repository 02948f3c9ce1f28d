import HTTP
import Net
import Wire

/// Where the server hands over a request for the page or the API. It lives on the server's loop; the answer is found on
/// the main actor and goes back through the responder.
nonisolated public final class AdminDoor: RequestHandler, Sendable {
  public enum Kind: Sendable {
    /// The page with its API: everybody proves who they are.
    case page
    /// The socket in the daemon's own folder, which only its owner can open: the API without a login.
    case socket
  }

  private let api: API
  private let kind: Kind

  public init(api: API, kind: Kind) { (self.api, self.kind) = (api, kind) }

  public func handle(_ request: Request, _ exchange: Exchange) {
    // Whether the process lives is told also while the household is busy.
    if request.path == ["healthz"], request.method == .get || request.method == .head {
      return exchange.respond(request.target.rawQuery == "seen" ? Self.sight(of: request) : .text("ok\n"))
    }
    let responder = exchange.responder
    Task { @MainActor [api, kind] in await api.answer(request, at: kind, by: responder) }
  }

  /// Tells an asker how its own request looks here, behind whatever proxy: so `ostler doctor` tries the way to us.
  private static func sight(of request: Request) -> Response {
    let isForwarded = ["forwarded", "x-forwarded-for", "via"].contains { request.headers.contains($0) }
    let seen: JSON = [
      "address": .string(request.peer.host), "secure": .bool(request.isTLS), "forwarded": .bool(isForwarded),
      "upgrade": .bool(request.upgrade != nil),
    ]
    var response = Response.json(seen.bytes)
    response.headers["Cache-Control"] = "no-store"
    return response
  }

  /// Nothing that the operator sends is large.
  public func bodyLimit(for head: RequestHead) -> Int? { 1 << 20 }
}
