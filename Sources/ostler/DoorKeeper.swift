import Admin
import HTTP
import Net
import OCPI
import OCPP

/// Stands at a listener and shows each request to the room that it is for: `/ocpi` to the partners', an upgrade on any
/// other path to the stations', everything else to the page and its API.
final class DoorKeeper: RequestHandler {
  enum Room: String, Sendable { case stations, partners, page }

  private let rooms: Set<Room>
  private var open:
    (stations: StationServer, partners: Endpoints, page: AdminDoor, files: FileDoor, openData: OpenData)?

  init(rooms: Set<Room>) { self.rooms = rooms }

  func open(
    stations: StationServer, partners: Endpoints, page: AdminDoor, files: FileDoor, openData: OpenData
  ) {
    open = (stations, partners, page, files, openData)
  }

  func handle(_ request: Request, _ exchange: Exchange) {
    guard let open else { return exchange.respond(.text("The house is opening.\n", status: .unavailable)) }
    if takesFiles(request.target) { return open.files.handle(request, exchange) }
    // Whoever reads the page or speaks OCPI can read what is public.
    if OpenData.isMeant(by: request.target), rooms.contains(.partners) || rooms.contains(.page) {
      return open.openData.handle(request, exchange)
    }
    switch room(of: request) {
    case .stations: open.stations.handle(request, exchange)
    case .partners: open.partners.handle(request, exchange)
    case .page: open.page.handle(request, exchange)
    case nil: exchange.respond(.text("Nothing answers at this address.\n", status: .notFound))
    }
  }

  func bodyLimit(for head: RequestHead) -> Int? {
    guard let open else { return nil }
    if takesFiles(head.target) { return open.files.bodyLimit(for: head) }
    return head.target.segments.first == "ocpi" ? open.partners.bodyLimit(for: head) : open.page.bodyLimit(for: head)
  }

  func answer(to refusal: HTTP.Refusal, at target: String, _ headers: Headers) -> Response? {
    guard rooms.contains(.partners), Endpoints.isMeant(by: target) else { return nil }
    return open?.partners.answer(to: refusal, at: target, headers)
  }

  func takesPieces(of head: RequestHead) -> Bool {
    takesFiles(head.target) ? open?.files.takesPieces(of: head) ?? false : false
  }

  /// Files are for stations, and are brought by operators too.
  private func takesFiles(_ target: Target) -> Bool {
    FileDoor.isMeant(by: target) && (rooms.contains(.stations) || rooms.contains(.page))
  }

  private func room(of request: Request) -> Room? {
    // Who watches over the daemon asks at whatever door it can reach.
    if request.path == ["healthz"] || request.path == ["readyz"] { return .page }
    let wanted: Room =
      request.path.first == "ocpi"
      ? .partners : request.upgrade != nil ? .stations : request.path.first == "ocpp" ? .stations : .page
    return rooms.contains(wanted) ? wanted : nil
  }
}
