import Domain
import Store
import Wire

// What partners must learn is a row in the push queue, written in the commit that makes it true; the row is due while what
// was sent is older than what is wanted. So after an outage a partner gets the current state, once, and not a replay
// (HOUSE.md 5).

extension CSMS {
  // MARK: Wanting, inside a turn

  /// A location changed, or something that stands there.
  func locationMoved(_ id: ID<Location>) throws(StoreFault) {
    guard let location = try books.locations.location(id) else { return }
    try books.locations.touch(id, at: now)
    guard location.isPublished else { return }
    for partner in try receivers(of: "locations", party: location.party) {
      try want("locations", location.ref, of: partner.id, party: location.party)
    }
  }

  /// The location of a station changed through that station.
  func locationMoved(of station: ID<Station>) throws(StoreFault) {
    if let id = try self.station(station)?.location { try locationMoved(id) }
  }

  /// One EVSE changed: its status travels alone.
  func evseMoved(_ evse: EVSE) throws(StoreFault) {
    guard let id = try station(evse.station)?.location, let location = try books.locations.location(id) else { return }
    try books.locations.touch(id, at: now)
    guard location.isPublished else { return }
    for partner in try receivers(of: "locations", party: location.party) {
      try want("locations", "\(location.ref)/\(evse.uid)", of: partner.id, party: location.party)
    }
  }

  func tariffMoved(_ id: ID<Tariff>) throws(StoreFault) {
    guard let tariff = try books.tariffs.tariff(id) else { return }
    for partner in try receivers(of: "tariffs", party: tariff.party) {
      try want("tariffs", tariff.tariff.ref, of: partner.id, party: tariff.party)
    }
  }

  /// The row stays, and what it speaks of is gone: that is how a removal is told.
  func tariffRemoved(ref: String, party: ID<Party>) throws(StoreFault) {
    for partner in try receivers(of: "tariffs", party: party) { try want("tariffs", ref, of: partner.id, party: party) }
  }

  func sessionMoved(_ session: Session, isProgress: Bool = false) throws(StoreFault) {
    guard let partner = try partnerID(of: session) else { return }
    try want(
      "sessions", session.id, of: partner, party: session.party, subject: session.id,
      spacing: isProgress ? settings.sessionUpdateSeconds : 0)
  }

  func cdrMoved(_ cdr: CDR, partner: ID<Partner>?, party: ID<Party>) throws(StoreFault) {
    guard let partner else { return }
    try want("cdrs", cdr.id, of: partner, party: party, subject: cdr.session)
  }

  /// A partner that has just registered hears of all that is published; most pull it, some only wait.
  func tellEverything(to partner: ID<Partner>) throws(StoreFault) {
    guard let partner = try books.partners.partner(partner) else { return }
    for tariff in try books.tariffs.all(of: partner.party) where partner.receives("tariffs") {
      try want("tariffs", tariff.tariff.ref, of: partner.id, party: partner.party)
    }
    for location in try books.locations.all(of: partner.party) where location.isPublished && partner.receives("locations") {
      try want("locations", location.ref, of: partner.id, party: partner.party)
    }
  }

  func want(
    _ module: String, _ object: String, of partner: ID<Partner>, party: ID<Party>, subject: String? = nil, spacing: Int = 0,
    request: PushRequest? = nil, expiresAt: Timestamp? = nil
  ) throws(StoreFault) {
    try books.pushes.want(
      PushKey(partner: partner, module: module, object: object), party: party, subject: subject, seq: try books.events.lastSeq(),
      spacing: .seconds(spacing), request: request.map(\.text), expiresAt: expiresAt, at: now)
    afterCommit { self.couriers.hasNews = true }
  }

  private func receivers(of module: String, party: ID<Party>) throws(StoreFault) -> [Partner] {
    try books.partners.all().filter { partner in
      partner.party == party && (partner.state == .registered || partner.state == .paused) && partner.receives(module)
    }
  }

  // MARK: Sending, between turns

  /// Sends what is due, as far as each partner's bound and its breaker allow.
  func deliverDuePushes() {
    guard couriers.hasNews, partnerLink != nil else { return }
    couriers.hasNews = false
    do {
      for partner in try books.partners.all() where partner.state == .registered {
        let room = couriers.room(at: partner.id, now: now)
        guard room > 0 else { continue }
        for row in try books.pushes.due(partner.id, at: now, limit: room, except: couriers.underWay(at: partner.id)) {
          try dispatch(row, terms: terms(of: partner))
        }
      }
    } catch {
      log.error("the push queue cannot be read", metadata: ["cause": "\(error)"])
    }
  }

  private func dispatch(_ row: PushRow, terms: PartnerTerms) throws(StoreFault) {
    if row.key.module == "sessions", try awaitsLocation(row) { return }
    couriers.start(row.key)
    if let request = row.request.flatMap(PushRequest.init(text:)) { return send(request, row: row, terms: terms) }
    let request: PushRequest
    do {
      guard let object = try object(of: row), let built = try partnerLink?.request(for: object, terms: terms) else {
        return settle(row, as: .accepted(milliseconds: 0), terms: terms)
      }
      request = built
    } catch let fault as StoreFault {
      couriers.finish(row.key)
      throw fault
    } catch PushFault.notWanted {
      return settle(row, as: .accepted(milliseconds: 0), terms: terms)
    } catch {
      return settle(row, as: .refused("it cannot be said in this version: \(error)"), terms: terms)
    }
    guard row.key.module == "cdrs" else { return send(request, row: row, terms: terms) }
    // The bytes of a CDR are on disk before they leave, so that every attempt sends the same.
    note { () throws(StoreFault) in
      try self.books.pushes.store(request: request.text, for: row.key)
      self.afterCommit { self.send(request, row: row, terms: terms) }
    } onFault: {
      self.couriers.finish(row.key)
    }
  }

  private func send(_ request: PushRequest, row: PushRow, terms: PartnerTerms) {
    partnerLink?.send(request, terms: terms) { outcome in self.settle(row, as: outcome, terms: terms) }
  }

  /// A session waits while its partner was never told of the location (QUIRKS.md, partners 32).
  private func awaitsLocation(_ row: PushRow) throws(StoreFault) -> Bool {
    guard let session = try books.sessions.session(row.key.object), let location = session.location,
      let ref = try books.locations.location(location)?.ref
    else { return false }
    return try books.pushes.isFirstDue(PushKey(partner: row.key.partner, module: "locations", object: ref))
  }

  /// The current state of what a row speaks of; nil where there is nothing to say any more.
  private func object(of row: PushRow) throws(StoreFault) -> PushObject? {
    switch row.key.module {
    case "locations":
      let parts = row.key.object.split(separator: "/", maxSplits: 1).map(String.init)
      guard let location = try books.locations.location(ref: parts[0], party: row.party), location.isPublished,
        let view = try books.locations.view(location.id)
      else { return nil }
      guard parts.count == 2 else { return .location(view) }
      return view.evses.first { $0.evse.uid == parts[1] }.map { .evse($0, of: view) }
    case "tariffs":
      guard let party = try books.parties.party(row.party) else { return nil }
      guard let tariff = try books.tariffs.tariff(ref: row.key.object, party: row.party) else {
        return .tariffRemoved(ref: row.key.object, party: party.name)
      }
      return .tariff(TariffView(version: tariff, party: party.name))
    case "sessions":
      return try books.sessions.session(row.key.object).map { session throws(StoreFault) in .session(try view(of: session)) }
    case "cdrs":
      return try books.cdrs.cdr(row.key.object).map { .cdr($0) }
    default:
      return nil
    }
  }

  // MARK: How it went

  private func settle(_ row: PushRow, as outcome: PushOutcome, terms: PartnerTerms) {
    note { () throws(StoreFault) in
      switch outcome {
      case .accepted(let milliseconds): try self.accepted(row, milliseconds: milliseconds)
      case .refused(let why):
        try self.books.pushes.park(row.key, sent: row.wanted, why: why, at: self.now)
        try self.record(.pushParked(row.key.partner, module: row.key.module, object: row.key.object, why: why))
      case .retry(let after, let why): try self.postponed(row, after: after, why: why)
      }
      self.afterCommit { self.couriers.finish(row.key) }
    } onFault: {
      // It stays due, and is sent again: a partner takes the same object twice without harm.
      self.couriers.finish(row.key)
    }
  }

  private func accepted(_ row: PushRow, milliseconds: Int) throws(StoreFault) {
    try books.pushes.succeeded(row.key, sent: row.wanted, at: now)
    // Status and progress go out by the thousand; what people look for is the bill.
    if row.key.module == "cdrs" || row.key.module == "commands" {
      try record(
        .pushAcknowledged(row.key.partner, module: row.key.module, object: row.key.object, milliseconds: milliseconds))
    }
    if couriers.succeeded(at: row.key.partner) { try books.pushes.revive(row.key.partner, at: now) }
  }

  private func postponed(_ row: PushRow, after: Int?, why: String) throws(StoreFault) {
    let pause = couriers.failed(at: row.key.partner, askedFor: after, now: now)
    try books.pushes.failed(row.key, why: why, nextAt: now + pause, at: now)
    // The first failure is news; the ones after it are counted on the row.
    if row.attempts == 0 { try record(.pushFailed(row.key.partner, module: row.key.module, object: row.key.object, why: why)) }
  }
}

extension Partner {
  /// Whether it has an endpoint at which it takes these objects.
  fileprivate func receives(_ module: String) -> Bool {
    endpoints.contains { $0.module == module && $0.role != "SENDER" }
  }
}

extension PushRequest {
  /// As it stands in the push queue.
  var text: String {
    let fields: JSON = [
      "method": .string(method), "url": .string(url), "module": .string(module), "body": .string(String(decoding: body, as: UTF8.self)),
    ]
    return fields.text
  }

  init?(text: String) {
    guard let fields = try? JSON.parse(text), let method = fields["method"]?.string, let url = fields["url"]?.string,
      let module = fields["module"]?.string, let body = fields["body"]?.string
    else { return nil }
    self.init(method: method, url: url, body: Bytes(body.utf8), module: module)
  }
}
