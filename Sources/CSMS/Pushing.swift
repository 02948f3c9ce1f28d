import Domain
import Store
import Wire

// What partners must learn is a row in the push queue, written in the commit that makes it true; the row is due while
// what was sent is older than what is wanted. So after an outage a partner gets the current state, once, and not a
// replay.

extension CSMS {
  // MARK: Wanting, inside a turn

  /// A location changed, or something that stands there.
  func locationMoved(_ id: ID<Location>) throws(StoreFault) {
    guard let location = try books.locations.location(id) else { return }
    try books.locations.touch(id, at: now)
    for partner in try receivers(of: .locations, party: location.party) {
      let key = PushKey(partner: partner.id, module: .locations, object: "\(id)")
      // What a partner must see no longer is told to those that know it.
      if try sees(partner, location) ? true : wasTold(key) {
        try want(.locations, key.object, of: partner.id, party: location.party, location: id)
      }
    }
  }

  /// The location is gone: that is told to whoever may know it.
  func locationRemoved(_ location: Location) throws(StoreFault) {
    for partner in try receivers(of: .locations, party: location.party) {
      let key = PushKey(partner: partner.id, module: .locations, object: "\(location.id)")
      guard try wasTold(key) else { continue }
      try want(.locations, key.object, of: partner.id, party: location.party, location: location.id)
    }
  }

  /// What a partner sees from now on, or no longer, changed for it: it would pass over an object with the stamp of the one
  /// that it has.
  func moveLocations(of partner: Partner, seenBy old: PublishingRules) throws(StoreFault) {
    let new = partner.publishing
    var last: ID<Location>?
    while case let page = try books.locations.list(after: last, limit: .max), !page.isEmpty {
      for place in page where old.shows(location: place.ref) != new.shows(location: place.ref) {
        try books.locations.touch(place.id, at: now)
      }
      last = page.last?.id
    }
  }

  func sees(_ partner: Partner, _ location: Location) -> Bool {
    location.isPublished && location.removedAt == nil && partner.publishing.shows(location: location.ref)
  }

  /// Whether the partner may know the object: also where its answer was lost.
  func wasTold(_ key: PushKey) throws(StoreFault) -> Bool { try books.pushes.row(key)?.wasTried ?? false }

  /// The location of a station changed through that station.
  func locationMoved(of station: ID<Station>) throws(StoreFault) {
    if let id = try self.station(station)?.location { try locationMoved(id) }
  }

  /// One EVSE changed: its status travels alone.
  func evseMoved(_ evse: EVSE) throws(StoreFault) {
    guard let id = try station(evse.station)?.location, let location = try books.locations.location(id) else { return }
    try books.locations.touch(id, at: now)
    for partner in try receivers(of: .locations, party: location.party) where sees(partner, location) {
      try want(.evses, evse.uid, of: partner.id, party: location.party, location: id)
    }
  }

  func tariffMoved(_ id: ID<Tariff>) throws(StoreFault) {
    guard let tariff = try books.tariffs.tariff(id) else { return }
    let object = try tariffObject(tariff.tariff.ref, of: tariff.party)
    try stationTariffsMoved(id)
    for partner in try receivers(of: .tariffs, party: tariff.party)
    where partner.publishing.shows(tariff: tariff.tariff.ref) {
      try want(.tariffs, object, of: partner.id, party: tariff.party)
    }
  }

  /// What the queue calls a tariff: two parties of ours may each have one of the same ref.
  private func tariffObject(_ ref: String, of party: ID<Party>) throws(StoreFault) -> String {
    guard let party = try books.parties.party(party) else { throw .missing("the tariff's party") }
    return "\(party.name)/\(ref)"
  }

  /// The row stays, and what it speaks of is gone: that is how a removal is told.
  func tariffRemoved(ref: String, party: ID<Party>) throws(StoreFault) {
    let object = try tariffObject(ref, of: party)
    for partner in try receivers(of: .tariffs, party: party)
    where try wasTold(PushKey(partner: partner.id, module: .tariffs, object: object)) {
      try want(.tariffs, object, of: partner.id, party: party)
    }
  }

  func sessionMoved(_ session: Session, isProgress: Bool = false) throws(StoreFault) {
    guard let partner = try partnerID(of: session) else { return }
    var notBefore: Timestamp?
    if isProgress {
      // A running session is told at most so often; its beginning and its end are told at once.
      let row = try books.pushes.row(PushKey(partner: partner, module: .sessions, object: session.id))
      notBefore = row?.sentAt.map { max(now, $0 + .seconds(settings.sessionUpdateSeconds)) }
    }
    try want(
      .sessions, session.id, of: partner, party: session.party, location: session.location, session: session.id,
      notBefore: notBefore)
  }

  func cdrMoved(
    _ id: String, of spot: Session.Place, session: String?, partner: ID<Partner>?
  ) throws(StoreFault) {
    guard let partner else { return }
    try want(.cdrs, id, of: partner, party: spot.party, location: spot.location, session: session)
  }

  func cdrMoved(_ kept: KeptCDR) throws(StoreFault) {
    guard let partner = kept.partner else { return }
    try want(
      .cdrs, kept.cdr.id, of: partner, party: kept.party, location: kept.location,
      session: kept.cdr.session.isEmpty ? nil : kept.cdr.session)
  }

  /// A partner that has just registered hears of all that is published; most pull it, some only wait.
  func tellEverything(to partner: ID<Partner>) throws(StoreFault) {
    guard let partner = try books.partners.partner(partner) else { return }
    // What it was not billed for before is still to be paid.
    try books.pushes.reviveBills(of: partner.id, at: now)
    afterCommit { self.pacing.hasNews = true }
    try tellTokens(to: partner)
    try tellBookingLocations(to: partner)
    try tellWhatIsGone(to: partner)
    if partner.receives(.tariffs) {
      var last: ID<Tariff>?
      while case let page = try books.tariffs.list(after: last, limit: .max), !page.isEmpty {
        for tariff in page where partner.dealsWith(tariff.party) {
          let key = PushKey(
            partner: partner.id, module: .tariffs, object: try tariffObject(tariff.tariff.ref, of: tariff.party))
          guard try partner.publishing.shows(tariff: tariff.tariff.ref) ? true : wasTold(key) else { continue }
          try want(.tariffs, key.object, of: partner.id, party: tariff.party)
        }
        last = page.last?.id
      }
    }
    guard partner.receives(.locations) else { return }
    var last: ID<Location>?
    while case let page = try books.locations.list(after: last, limit: .max), !page.isEmpty {
      for location in page where partner.dealsWith(location.party) {
        let key = PushKey(partner: partner.id, module: .locations, object: "\(location.id)")
        guard try sees(partner, location) ? true : wasTold(key) else { continue }
        try want(.locations, key.object, of: partner.id, party: location.party, location: location.id)
      }
      last = page.last?.id
    }
  }

  /// What a partner knows and what is there no longer: it may have gone while the partner was not registered.
  private func tellWhatIsGone(to partner: Partner) throws(StoreFault) {
    for module in [PushModule.tariffs, .locations] where partner.receives(module) {
      var last: String?
      while case let page = try books.pushes.known(to: partner.id, module, after: last, limit: .max), !page.isEmpty {
        for row in page {
          let isThere =
            module == .tariffs
            ? try books.tariffs.tariff(row.tariffRef, of: row.party) != nil
            : try row.location.flatMap { id throws(StoreFault) in try books.locations.location(id) } != nil
          guard !isThere else { continue }
          try want(module, row.key.object, of: partner.id, party: row.party, location: row.location)
        }
        last = page.last?.key.object
      }
    }
  }

  func want(
    _ module: PushModule, _ object: String, of partner: ID<Partner>, party: ID<Party>, location: ID<Location>? = nil,
    session: String? = nil, notBefore: Timestamp? = nil, request: PushRequest? = nil, expiresAt: Timestamp? = nil
  ) throws(StoreFault) {
    try books.pushes.want(
      PushKey(partner: partner, module: module, object: object), party: party, location: location, session: session,
      seq: try books.events.lastSeq(), at: now, notBefore: notBefore, expiresAt: expiresAt, request: request.map(\.text)
    )
    afterCommit { self.pacing.hasNews = true }
  }

  func receivers(of module: PushModule, party: ID<Party>) throws(StoreFault) -> [Partner] {
    try books.partners.all().filter { partner in
      partner.dealsWith(party) && partner.takes(module)
    }
  }

  // MARK: Sending, between turns

  /// Sends what is due, as far as each partner's bound, its pace and its breaker allow.
  func deliverDuePushes() {
    // Where the answer cannot be written, the same would be sent again and again.
    guard pacing.hasNews, partnerLink != nil, trouble == nil else { return }
    pacing.hasNews = false
    do {
      let due = try books.pushes.due(
        at: now, perPartner: Limits.pushesPerPartner, excluding: pacing.underWay,
        stragglers: pacing.stragglers(of:))
      for row in due where pacing.hasRoom(at: row.key.partner, now: now) {
        guard let terms = try books.partners.terms(of: row.key.partner) else { continue }
        let most = terms.partner.quirks.requestsPerMinute
        guard pacing.mayAsk(row.key.partner, perMinute: most, now: now) else { continue }
        dispatch(row, terms: terms)
      }
    } catch {
      log.error("the push queue cannot be read", metadata: ["cause": "\(error)"])
    }
  }

  private func dispatch(_ row: PushRow, terms: PartnerTerms) {
    pacing.start(row.key)
    let object: PushObject?
    do {
      if let request = try kept(row, terms: terms) { return send(request, row: row, terms: terms) }
      object = try self.object(of: row, terms: terms)
    } catch {
      log.error("an object cannot be read for a push", metadata: ["object": "\(row.key.object)", "cause": "\(error)"])
      switch error {
      // What the books cannot say any more waits for a person; a few such rows would fill the partner's places for
      // good.
      case .missing, .corrupt: return ended(row, as: .refused("not sent: \(error)"), terms: terms, isAnswer: false)
      default: return pacing.finish(row.key)
      }
    }
    guard let object, let partnerLink else {
      return ended(row, as: .accepted(milliseconds: 0), terms: terms, isAnswer: false)
    }
    let request: PushRequest
    do { request = try partnerLink.request(for: object, terms: terms) } catch {
      switch error {
      case .notWanted:
        // A bill that nobody takes is not paid: it waits for a person, or for the partner's new details.
        let why =
          row.key.module == .cdrs ? PushOutcome.refused("the partner takes no CDRs") : .accepted(milliseconds: 0)
        return ended(row, as: why, terms: terms, isAnswer: false)
      case .unfit(let why): return ended(row, as: .refused("not sent: \(why)"), terms: terms, isAnswer: false)
      }
    }
    noteUnsaid(request, to: terms.partner)
    guard row.key.module == .cdrs else { return send(request, row: row, terms: terms) }
    // The bytes of a CDR are on disk before they leave, so that every attempt sends the same.
    note { () throws(StoreFault) in
      try self.books.pushes.storeRequest(request.text(in: terms.partner.version), for: row.key)
      self.afterCommit { self.send(request, row: row, terms: terms) }
    } onFault: {
      self.pacing.finish(row.key)
    }
  }

  /// The request of an earlier attempt: its bytes stay the same while the partner's version does, and its URL follows a
  /// partner that moved. In another version they are no object of its own, so that one is made anew, under the same id.
  private func kept(_ row: PushRow, terms: PartnerTerms) throws(StoreFault) -> PushRequest? {
    guard var request = row.request.flatMap(PushRequest.init(text:)) else { return nil }
    if row.key.module == .cdrs, let version = row.request.flatMap(PushRequest.version(inText:)),
      version != terms.partner.version
    {
      return nil
    }
    guard row.key.module == .cdrs, let door = terms.endpoint("cdrs", role: "RECEIVER"), !request.url.hasPrefix(door),
      let object = try object(of: row, terms: terms), let fresh = try? partnerLink?.request(for: object, terms: terms)
    else { return request }
    request.url = fresh.url
    return request
  }

  private func send(_ request: PushRequest, row: PushRow, terms: PartnerTerms) {
    partnerLink?.send(request, terms: terms) { outcome in self.ended(row, as: outcome, terms: terms) }
  }

  /// The current state of what a row speaks of; nil where there is nothing to say any more.
  private func object(of row: PushRow, terms: PartnerTerms) throws(StoreFault) -> PushObject? {
    switch row.key.module {
    case .locations:
      guard let location = row.location,
        let view = try books.locations.view(location, by: terms.partner.publishing)
      else { return nil }
      if sees(terms.partner, view.location) { return .location(view) }
      // What it never heard of is not taken from it.
      return row.wasTried ? .location(view.withdrawn()) : nil
    case .evses:
      guard let location = row.location,
        let view = try books.locations.view(location, by: terms.partner.publishing),
        sees(terms.partner, view.location)
      else { return nil }
      let standing = view.evses.first { $0.evse.uid == row.key.object && !$0.evse.connectors.isEmpty }
      return (standing.map(PublishedEVSE.init) ?? view.gone.first { $0.uid == row.key.object }).map {
        .evse($0, of: view)
      }
    case .tariffs:
      guard let party = try books.parties.party(row.party) else { return nil }
      let ref = row.tariffRef
      guard let tariff = try books.tariffs.tariff(ref, of: row.party), terms.partner.publishing.shows(tariff: ref)
      else { return row.wasTried ? .tariffRemoved(ref: ref, party: party.name) : nil }
      return .tariff(TariffView(version: tariff, party: party.name))
    case .sessions:
      guard let session = try books.sessions.session(row.key.object) else { return nil }
      return .session(try sessionCosts.view(of: session, at: now))
    case .cdrs:
      return try books.cdrs.cdr(row.key.object).map { .cdr($0.cdr) }
    case .profiles:
      return try books.duties.plan(of: row.key.object)?.told.map { .activeProfile(session: row.key.object, $0) }
    case .tokens:
      guard let id = Int64(row.key.object), let token = try books.tokens.token(ID(id)),
        let party = try books.parties.party(row.party)
      else { return nil }
      return .token(OfferedToken(token: token, party: party.name))
    case .invoices:
      guard let number = Int64(row.key.object), let invoice = try books.invoices.invoice(number) else { return nil }
      return .invoice(try books.invoices.record(of: invoice, owner: terms.ourParty.name))
    case .bookings:
      guard let booking = try books.bookings.booking(row.key.object) else { return nil }
      return try bookingViews.published(booking).map { .booking($0) }
    case .bookingLocations:
      if let place = try books.bookings.place(row.key.object), place.isOpen,
        let location = try books.locations.location(place.location), sees(terms.partner, location)
      {
        return try bookingViews.published(place, by: terms.partner.publishing).map { .bookingLocation($0) }
      }
      guard let party = try books.parties.party(row.party) else { return nil }
      return .bookingLocationRemoved(ref: row.key.object, party: party.name, at: now)
    case .commands:
      // Its request was written when the command ended.
      return nil
    }
  }

  private func noteUnsaid(_ request: PushRequest, to partner: Partner) {
    noteUnsaid(request.unsaid, of: request.module, sample: request.url, to: partner.id)
  }

  /// What a partner's version has no words for is written down for the operator, once for each kind and start of the
  /// daemon.
  func noteUnsaid(_ what: [String], of module: String, sample: String, to partner: ID<Partner>) {
    let news = Set(what.filter { !pacing.isKnown("\(module): \($0)", unsaidTo: partner) }).sorted()
    guard !news.isEmpty else { return }
    note { () throws(StoreFault) in
      guard let version = try self.books.partners.partner(partner)?.version else { return }
      for what in news {
        let text = "OCPI \(version) cannot say \(what) (\(module))"
        if try self.books.partners.note(text, sample: sample, of: partner, at: self.now) {
          try self.record(.partnerNoted(partner, what: text))
        }
      }
      self.afterCommit {
        for what in news { self.pacing.know("\(module): \(what)", unsaidTo: partner) }
      }
    } onFault: {
    }
  }

  // MARK: How it went

  /// `isAnswer`: the partner has seen it.
  private func ended(_ row: PushRow, as outcome: PushOutcome, terms: PartnerTerms, isAnswer: Bool = true) {
    note { () throws(StoreFault) in
      switch outcome {
      case .accepted(let milliseconds):
        if isAnswer { try self.reached(with: row.key) }
        try self.accepted(row, milliseconds: milliseconds, isAnswer: isAnswer)
      case .refused(let why):
        if isAnswer { try self.reached(with: row.key) }
        if try self.books.pushes.park(row.key, sent: row.wanted, why: why, at: self.now) {
          try self.record(
            .pushParked(row.key.partner, module: row.key.module.rawValue, object: row.key.object, why: why))
        }
      case .retry(let after, let why): try self.postponed(row, after: after, why: why)
      case .failed(let why): try self.failed(row, why: why, terms: terms)
      }
      self.afterCommit { self.pacing.finish(row.key) }
    } onFault: {
      // It stays due, and is sent again: a partner takes the same object twice without harm.
      self.pacing.finish(row.key)
    }
  }

  private func accepted(_ row: PushRow, milliseconds: Int, isAnswer: Bool) throws(StoreFault) {
    try books.pushes.succeeded(row.key, sent: row.wanted, at: now)
    // Status and progress go out by the thousand; what people look for is the bill.
    if isAnswer, [.cdrs, .commands].contains(row.key.module) {
      try record(
        .pushAcknowledged(
          row.key.partner, module: row.key.module.rawValue, object: row.key.object, milliseconds: milliseconds))
    }
    // What was refused for want of it, as a session at a location that was refused itself, gets another chance.
    if row.attempts == 0, row.lastError != nil { try books.pushes.revive(behind: row, at: now) }
  }

  /// A partner that takes an object, or reads it and says no, is there.
  private func reached(with key: PushKey) throws(StoreFault) {
    if pacing.answered(with: key) { try hurryPushes(of: key.partner) }
  }

  /// What waits for a partner need not wait for the end of its pause, but for what it fails over while it takes others.
  func hurryPushes(of partner: ID<Partner>) throws(StoreFault) {
    try books.pushes.hurry(partner, except: pacing.stragglers(of: partner), at: now)
  }

  /// The partner was reached and failed over this object. While it takes others, that is this object's own affair. Where
  /// everything fails, what stands behind it is tried at once: never before it, so that after an outage the order holds,
  /// and not behind it for good.
  private func failed(_ row: PushRow, why: String, terms: PartnerTerms) throws(StoreFault) {
    if let pause = pacing.straggled(row.key, attempts: row.attempts + 1) {
      return try failed(row, why: why, pause: pause)
    }
    try postponed(row, after: nil, why: why)
    guard pacing.isInDoubt(row.key.partner),
      let next = try books.pushes.first(behind: row, at: now, excluding: pacing.underWay)
    else { return }
    afterCommit {
      let partner = terms.partner
      guard self.pacing.mayAsk(partner.id, perMinute: partner.quirks.requestsPerMinute, now: self.now) else { return }
      self.dispatch(next, terms: terms)
    }
  }

  private func postponed(_ row: PushRow, after: Int?, why: String) throws(StoreFault) {
    try failed(row, why: why, pause: pacing.failed(at: row.key.partner, askedFor: after, now: now))
  }

  private func failed(_ row: PushRow, why: String, pause: Duration) throws(StoreFault) {
    try books.pushes.failed(row.key, why: why, attempts: row.attempts + 1, nextAt: now + pause, at: now)
    // The first failure is news; the ones after it are counted on the row.
    if row.attempts == 0 {
      try record(.pushFailed(row.key.partner, module: row.key.module.rawValue, object: row.key.object, why: why))
    }
  }
}

extension PushRow {
  /// Of a row of tariffs: its party may have others of that ref.
  fileprivate var tariffRef: String { String(key.object.drop { $0 != "/" }.dropFirst()) }
}

extension Partner {
  /// Whether objects of that party of ours are its business.
  func dealsWith(_ ours: ID<Party>) -> Bool { party == ours || publishing.allParties == true }

  /// Whether it has an endpoint at which it takes these objects.
  fileprivate func receives(_ module: PushModule) -> Bool {
    endpoints.contains { $0.module == module.rawValue && $0.role != "SENDER" }
  }

  /// The same for one that is registered, also where its pushes are held.
  func takes(_ module: PushModule) -> Bool { (state == .registered || state == .paused) && receives(module) }
}

extension PushRequest {
  /// As it stands in the push queue.
  var text: String { text(in: nil) }

  /// - Parameter version: whose form the body has.
  func text(in version: String?) -> String {
    var fields: JSON = [
      "method": .string(method), "url": .string(url), "module": .string(module),
      "body": .string(String(decoding: body, as: UTF8.self)),
    ]
    if let version { fields["version"] = .string(version) }
    return fields.text
  }

  static func version(inText text: String) -> String? { (try? JSON.parse(text))?["version"]?.string }

  init?(text: String) {
    guard let fields = try? JSON.parse(text), let method = fields["method"]?.string, let url = fields["url"]?.string,
      let module = fields["module"]?.string, let body = fields["body"]?.string
    else { return nil }
    self.init(method: method, url: url, body: Bytes(body.utf8), module: module)
  }
}
