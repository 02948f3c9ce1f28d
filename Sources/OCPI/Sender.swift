import Domain
import HTTP
import Wire

/// The modules whose objects are ours: partners read lists, page by page, and single objects.
extension Endpoints {
  func locations(_ asked: Asked) async throws(PartnerFault) -> Reply {
    let query = try Self.query(asked.request.target)
    let page = try await service.locations(query, for: asked.caller)
    return await list(page, query, asked, .locations, unsaid: { asked.edition.unsaid(of: .location($0)) }) {
      view throws(PushFault) in
      try asked.edition.location(view, asked.style)
    }
  }

  /// A location, one of its EVSEs, or one of that one's connectors.
  func location(_ asked: Asked) async throws(PartnerFault) -> Reply {
    let view = try await service.location(asked.segment("location"), for: asked.caller)
    guard let uid = asked.captures["evse"] else {
      return try single { () throws(PushFault) in try asked.edition.location(view, asked.style) }
    }
    guard let evse = PublishedLocation(view).evses.first(where: { $0.uid.ciFolded == uid.ciFolded }) else {
      throw .unknownObject
    }
    guard let id = asked.captures["connector"] else {
      return try single { () throws(PushFault) in try asked.edition.evse(evse, asked.style) }
    }
    guard let connector = evse.connectors.first(where: { $0.id.ciFolded == id.ciFolded }) else { throw .unknownObject }
    return try single { () throws(PushFault) in try asked.edition.connector(connector, asked.style) }
  }

  func tariffs(_ asked: Asked) async throws(PartnerFault) -> Reply {
    let query = try Self.query(asked.request.target)
    let page = try await service.tariffs(query, for: asked.caller)
    return await list(page, query, asked, .tariffs, unsaid: { asked.edition.unsaid(of: .tariff($0)) }) {
      view throws(PushFault) in try asked.edition.tariff(view, asked.style)
    }
  }

  func tariff(_ asked: Asked) async throws(PartnerFault) -> Reply {
    let view = try await service.tariff(asked.segment("tariff"), for: asked.caller)
    return try single { () throws(PushFault) in try asked.edition.tariff(view, asked.style) }
  }

  func sessions(_ asked: Asked) async throws(PartnerFault) -> Reply {
    let query = try Self.query(asked.request.target)
    // The only list that must not be asked for as a whole (2.2.1 §9.2.1.1).
    guard query.from != nil else { throw .invalid("date_from is missing") }
    let page = try await service.sessions(query, for: asked.caller)
    return await list(page, query, asked, .sessions, unsaid: { asked.edition.unsaid(of: .session($0)) }) {
      view throws(PushFault) in try asked.edition.session(view, asked.style)
    }
  }

  func session(_ asked: Asked) async throws(PartnerFault) -> Reply {
    let view = try await service.session(asked.segment("session"), for: asked.caller)
    return try single { () throws(PushFault) in try asked.edition.session(view, asked.style) }
  }

  func cdrs(_ asked: Asked) async throws(PartnerFault) -> Reply {
    let query = try Self.query(asked.request.target)
    let page = try await service.cdrs(query, for: asked.caller)
    return await list(page, query, asked, .cdrs) { cdr throws(PushFault) -> Written in
      let written = try asked.edition.written(cdr, asked.style)
      return (written.bytes, written.unsaid)
    }
  }

  func cdr(_ asked: Asked) async throws(PartnerFault) -> Reply {
    let cdr = try await service.cdr(asked.segment("cdr"), for: asked.caller)
    return try single { () throws(PushFault) in try asked.edition.cdr(cdr, asked.style) }
  }

  // MARK: Pages

  /// The part of a list that is asked for; a greater limit than ours becomes ours.
  static func query(_ target: Target) throws(PartnerFault) -> PageQuery {
    func count(_ name: String, atLeast least: Int) throws(PartnerFault) -> Int? {
      guard let text = target[name] else { return nil }
      // Digits that no Int holds are a number all the same, and one that is greater than any list.
      let isWhole = !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard isWhole, case let count = Int(text) ?? .max, count >= least else {
        throw .invalid("\(name): \(text.excerpt) is no whole number of at least \(least)")
      }
      return count
    }
    let after = target["after"].map { PageMark($0) }
    if let after, after == nil { throw .invalid("after: it is no place that a link of ours names") }
    return PageQuery(
      from: try time("date_from", of: target), to: try time("date_to", of: target),
      offset: try count("offset", atLeast: 0) ?? 0,
      limit: min(try count("limit", atLeast: 1) ?? Limits.pageObjects, Limits.pageObjects), after: after ?? nil)
  }

  static func time(_ name: String, of target: Target) throws(PartnerFault) -> Timestamp? {
    guard let text = target[name] else { return nil }
    guard let time = Timestamp(text) ?? edge(text) ?? spaced(text) else {
      throw .invalid("\(name): \(text.excerpt) is no time stamp")
    }
    return time
  }

  /// "Ever" is written as the edge of somebody's calendar, such as 9999-12-31 or 0001-01-01.
  private static func edge(_ text: String) -> Timestamp? {
    guard let isLate = text.isBeyondCalendar else { return nil }
    return isLate ? Timestamp(year: WireLimits.years.upperBound, month: 12, day: 31) : .epoch
  }

  /// A plus that was not escaped is a space (WHATWG URL, application/x-www-form-urlencoded).
  private static func spaced(_ text: String) -> Timestamp? {
    let parts = text.split(separator: " ", omittingEmptySubsequences: false)
    return parts.count == 2 && parts[0].contains("T") ? Timestamp("\(parts[0])+\(parts[1])") : nil
  }

  func list<Item>(
    _ page: Page<Item>, _ query: PageQuery, _ asked: Asked, _ module: OCPIModule.Name, at address: String? = nil,
    unsaid: (Item) -> [String] = { _ in [] }, _ write: (Item) throws(PushFault) -> Bytes
  ) async -> Reply {
    await list(page, query, asked, module, at: address) { item throws(PushFault) -> Written in
      (try write(item), unsaid(item))
    }
  }

  /// An object as a version writes it, and what of it that version has no words for.
  typealias Written = (bytes: Bytes, unsaid: [String])

  /// A page with its fields (2.2.1 §4.1.4). An object that cannot be written is left out and reported here: the others
  /// must not suffer for it.
  private func list<Item>(
    _ page: Page<Item>, _ query: PageQuery, _ asked: Asked, _ module: OCPIModule.Name, at address: String? = nil,
    _ write: (Item) throws(PushFault) -> Written
  ) async -> Reply {
    var objects: [Bytes] = []
    var lost: [String] = []
    for item in page.items {
      do throws(PushFault) {
        let written = try write(item)
        objects.append(written.bytes)
        lost += written.unsaid
      } catch {
        logger.warning("An object was left out of a page of \(module.rawValue): \(error)")
        lost.append("an object (\(error))")
      }
    }
    if !lost.isEmpty {
      await service.unsaid(
        lost, of: module.rawValue, sample: asked.request.target.path, to: asked.caller.terms.partner.id)
    }
    var reply = Reply(Envelope(list: objects))
    reply.headers["X-Total-Count"] = String(page.total)
    reply.headers["X-Limit"] = String(Limits.pageObjects)
    let (next, overflow) = query.offset.addingReportingOverflow(page.items.count)
    var mark: PageMark?
    let isMore: Bool
    switch page.rest {
    case .byCount: isMore = !page.items.isEmpty && next < page.total
    case .nothing: isMore = false
    case .after(let place): (isMore, mark) = (true, place)
    }
    if !overflow, isMore, let url = try? HTTPURL(address ?? addresses.module(module, asked.edition)) {
      var items: [(String, String)] = []
      if let from = query.from { items.append(("date_from", from.text)) }
      if let to = query.to { items.append(("date_to", to.text)) }
      items.append(("offset", String(next)))
      items.append(("limit", String(query.limit)))
      if let mark { items.append(("after", mark.text)) }
      reply.headers["Link"] = "<\(url.asking(items))>; rel=\"next\""
    }
    return reply
  }

  func single(_ write: () throws(PushFault) -> Bytes) throws(PartnerFault) -> Reply {
    let object: Bytes
    do throws(PushFault) {
      object = try write()
    } catch {
      switch error {
      // What its version cannot show is not there for it: the list that it would be in is without it too.
      case .notWanted: throw .unknownObject
      case .unfit: throw .unavailable("The object cannot be written in this version: \(error)")
      }
    }
    return Reply(Envelope(data: object))
  }
}
