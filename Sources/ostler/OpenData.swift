import CSMS
import Domain
import Export
import HTTP
import OCPI
import Store
import Wire

/// What everybody may read without a name: the published locations and their tariffs as OCPI, and the publications of
/// DATEX II. It is opened by a setting. What was made is given again for some seconds, so that no crowd of readers reaches
/// the books.
final class OpenData: RequestHandler, Sendable {
  private let shelf: Shelf

  @MainActor
  init(csms: CSMS, clock: Clock, zones: ZoneLibrary, base: String) {
    shelf = Shelf(csms: csms, clock: clock, zones: zones, base: base)
  }

  static func isMeant(by target: Target) -> Bool { target.segments.first == "open-data" }

  func handle(_ request: Request, _ exchange: Exchange) {
    guard request.method == .get || request.method == .head else {
      return exchange.respond(.wrongMethod(allow: [.get, .head]))
    }
    let responder = exchange.responder
    Task { @MainActor [shelf] in responder.respond(await shelf.answer(to: request)) }
  }

  func bodyLimit(for head: RequestHead) -> Int? { 0 }
}

/// The publications, as the household has them.
@MainActor
private final class Shelf {
  private let csms: CSMS
  private let clock: Clock
  private let editions: [any ObjectEdition]
  private let base: String
  private var kept: [String: (response: Response, until: Timestamp)] = [:]

  /// Seconds for which a publication is given again, publications that are kept, and objects of one page.
  /// The UK wants availability within 30 seconds of a change, and a reader's own cache may keep an answer as long again.
  private static let freshSeconds = 10
  private static let keptPublications = 200
  private static let pageObjects = 100

  init(csms: CSMS, clock: Clock, zones: ZoneLibrary, base: String) {
    (self.csms, self.clock, self.base) = (csms, clock, base)
    editions = [Edition221(zones: zones), Edition230(zones: zones)]
  }

  func answer(to request: Request) async -> Response {
    guard csms.settings.publishesOpenData else {
      return .text("This house publishes no open data.\n", status: .notFound)
    }
    // What nobody reads of a query makes no other publication.
    let query = query(request.target)
    let key = "\(request.target.path)?\(query.from?.text ?? "")-\(query.to?.text ?? "")+\(query.offset)+\(query.limit)"
    let now = clock.now()
    if let known = kept[key], known.until > now { return known.response }
    do {
      guard var response = try await make(request, query, at: now) else {
        return .text("Nothing is published at this address.\n", status: .notFound)
      }
      response.headers["Cache-Control"] = "public, max-age=\(Self.freshSeconds)"
      response.headers["Access-Control-Allow-Origin"] = "*"
      kept[key] = (response, now + .seconds(Self.freshSeconds))
      // Whatever strangers ask for, the newest are kept.
      if kept.count > Self.keptPublications, let oldest = kept.min(by: { $0.value.until < $1.value.until })?.key {
        kept[oldest] = nil
      }
      return response
    } catch {
      return .text("The books cannot be read now.\n", status: .unavailable)
    }
  }

  private func make(_ request: Request, _ query: PageQuery, at now: Timestamp) async throws -> Response? {
    switch request.path {
    case ["open-data"]: return .json(index.bytes)
    case ["open-data", "ocpi", "versions"]:
      return .json(Envelope(data: JSON.array(editions.map { version(of: $0) }).bytes).bytes(at: now))
    case let path where path.count > 2 && path.starts(with: ["open-data", "ocpi"]):
      guard let edition = editions.first(where: { $0.version == path[2] }) else { return nil }
      return try await ocpi(edition, path.dropFirst(3), request, query, at: now)
    case ["open-data", "datex2", "v3", "table.xml"]:
      return try await all(at: now).map { Self.xml(DATEX.table($0)) }
    case ["open-data", "datex2", "v3", "status.xml"]:
      return try await all(at: now).map { Self.xml(DATEX.status($0)) }
    default: return nil
    }
  }

  /// The lists of one version, and at its own address what leads a client to them (OCPI 2.2.1 §6.1).
  private func ocpi(
    _ edition: any ObjectEdition, _ path: ArraySlice<String>, _ request: Request, _ query: PageQuery, at now: Timestamp
  ) async throws -> Response? {
    switch path {
    case []:
      var details = version(of: edition)
      details["url"] = nil
      details["endpoints"] = .array(
        ["locations", "tariffs"].map { name in
          [
            "identifier": .string(name), "role": "SENDER",
            "url": .string("\(base)/open-data/ocpi/\(edition.version)/\(name)"),
          ]
        })
      return .json(Envelope(data: details.bytes).bytes(at: now))
    case ["locations"]:
      return list(try await locations(query), query, request.target.path, at: now) { view throws(PushFault) in
        try edition.location(view, WriterOptions())
      }
    case ["tariffs"]:
      return list(try await tariffs(query), query, request.target.path, at: now) { view throws(PushFault) in
        try edition.tariff(view, WriterOptions())
      }
    default: return nil
    }
  }

  private func version(of edition: any ObjectEdition) -> JSON {
    [
      "version": .string(edition.version), "url": .string("\(base)/open-data/ocpi/\(edition.version)"),
    ]
  }

  /// What is published and where, for whoever comes by the first part of an address.
  private var index: JSON {
    let root = "\(base)/open-data"
    func publication(_ format: String, _ what: String, _ path: String) -> JSON {
      ["format": .string(format), "what": .string(what), "url": .string("\(root)/\(path)")]
    }
    let lists = editions.flatMap { edition in
      ["locations", "tariffs"].map { publication("OCPI \(edition.version)", $0, "ocpi/\(edition.version)/\($0)") }
    }
    return [
      "publications": .array(
        [publication("OCPI", "versions", "ocpi/versions")] + lists + [
          publication("DATEX II 3", "table", "datex2/v3/table.xml"),
          publication("DATEX II 3", "status", "datex2/v3/status.xml"),
        ])
    ]
  }

  private func locations(_ query: PageQuery) async throws -> Page<LocationView> {
    try await csms.read { books throws(StoreFault) in
      guard let party = try books.parties.cpo() else { return Page(items: [], total: 0) }
      return try books.locations.views(query, of: [party.id])
    }
  }

  private func tariffs(_ query: PageQuery) async throws -> Page<TariffView> {
    try await csms.read { books throws(StoreFault) in
      guard let party = try books.parties.cpo() else { return Page(items: [], total: 0) }
      var rules = PublishingRules()
      rules.onlyTariffs = try books.tariffs.publicRefs(of: party.id)
      return try books.tariffs.page(query, of: [party.id], by: rules)
    }
  }

  /// All locations and tariffs, a page at a time.
  private func all(at now: Timestamp) async throws -> DATEX.Source? {
    guard let party = try await csms.read({ books throws(StoreFault) in try books.parties.cpo() }) else { return nil }
    func every<Item: Sendable>(_ page: (PageQuery) async throws -> Page<Item>) async throws -> [Item] {
      var items: [Item] = []
      while true {
        let found = try await page(PageQuery(offset: items.count, limit: Self.pageObjects))
        items += found.items
        guard found.items.count == Self.pageObjects, items.count < found.total else { return items }
      }
    }
    let versions = try await every(tariffs).map { ($0.version.tariff.ref, $0.version) }
    return DATEX.Source(
      try await every(locations), tariffs: Dictionary(versions) { _, newer in newer }, of: party.name,
      operatorName: party.businessName, at: now)
  }

  // MARK: Lists

  /// What cannot be read of a query is as if it were not there: whoever reads is a stranger, and gets all.
  private func query(_ target: Target) -> PageQuery {
    let limit = target["limit"].flatMap { Int($0) } ?? Self.pageObjects
    return PageQuery(
      from: target["date_from"].flatMap { Timestamp($0) }, to: target["date_to"].flatMap { Timestamp($0) },
      offset: max(0, target["offset"].flatMap { Int($0) } ?? 0), limit: min(max(1, limit), Self.pageObjects))
  }

  /// As OCPI pages lists (2.2.1 §4.1.4). An object that cannot be written is left out, and the others do not suffer.
  private func list<Item>(
    _ page: Page<Item>, _ query: PageQuery, _ path: String, at now: Timestamp,
    _ write: (Item) throws(PushFault) -> Bytes
  ) -> Response {
    var objects: [Bytes] = []
    for item in page.items {
      if let object = try? write(item) { objects.append(object) }
    }
    var response = Response.json(Envelope(list: objects).bytes(at: now))
    response.headers["X-Total-Count"] = "\(page.total)"
    response.headers["X-Limit"] = "\(Self.pageObjects)"
    let next = query.offset + page.items.count
    if !page.items.isEmpty, next < page.total {
      var items = ["offset=\(next)", "limit=\(query.limit)"]
      if let from = query.from { items.append("date_from=\(from.text)") }
      if let to = query.to { items.append("date_to=\(to.text)") }
      response.headers["Link"] = "<\(base)\(path)?\(items.joined(separator: "&"))>; rel=\"next\""
    }
    return response
  }

  private static func xml(_ bytes: Bytes) -> Response {
    Response(.ok, headers: ["Content-Type": "application/xml; charset=utf-8"], body: bytes)
  }
}
