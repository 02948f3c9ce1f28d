import HTTP
import Net

/// Where the server hands over a request for the page or the API. It lives on the server's loop; the answer is found on
/// the main actor and goes back through the responder.
nonisolated public final class AdminDoor: RequestHandler {
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
      return exchange.respond(.text("ok\n"))
    }
    let responder = exchange.responder
    Task { @MainActor [api, kind] in await api.answer(request, at: kind, by: responder) }
  }

  /// Nothing that the operator sends is large.
  public func bodyLimit(for head: RequestHead) -> Int? { 1 << 20 }
}
