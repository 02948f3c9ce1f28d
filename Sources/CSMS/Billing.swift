import Crypto
import Domain
import Store
import Wire

// What a session costs: the CDR is made in the turn of the stop, from the tariff as it was at the start, and never
// edited. Later readings are stored and not priced again.

extension CSMS {
  /// A session is over: whoever asked for its stop hears, it is counted once, and it is billed.
  func ended(_ session: Session, isEstimated: Bool) throws(StoreFault) {
    try record(.sessionEnded(session: session.id))
    try stopsFulfilled(session)
    try countEnd(of: session)
    try bill(session, isEstimated: isEstimated)
  }

  /// Makes the CDR of an ended session and puts it on its way to the partner whose driver it was.
  /// - Parameter earlier: the one that it corrects.
  private func bill(_ session: Session, isEstimated: Bool, correcting earlier: CDR? = nil) throws(StoreFault) {
    guard session.state == .completed, try books.cdrs.cdr(session: session.id) == nil else { return }
    let cdr = try record(of: session, isEstimated: isEstimated, correcting: earlier)
    let partner = try partnerID(of: session)
    try books.cdrs.insert(
      cdr, of: session.party, partner: partner, station: session.station, location: session.location)
    try count(cdr, at: UsageSpot(location: session.location, connector: session.connector, partner: partner))
    // Its place is free again, also before the booking's time is over.
    if cdr.booking != nil, let location = session.location { try bookingLocationsMoved(at: location) }
    try record(.cdrMade(cdr: cdr.id, session: session.id))
    if session.owner == nil { try spend(cdr.totals.cost.total, in: cdr.currency, from: cdr.token) }
    try sessionMoved(session)
    if cdr.heldBecause == nil { try cdrMoved(cdr.id, of: session.place, session: session.id, partner: partner) }
  }

  private func record(of session: Session, isEstimated: Bool, correcting earlier: CDR?) throws(StoreFault) -> CDR {
    let costs = SessionCosts(books: books, zones: zones, currency: settings.currency)
    let readings = try books.sessions.figures(of: session.id)
    let bill = try costs.bill(of: session, readings: readings, until: now)
    guard let party = try books.parties.party(session.party) else { throw StoreFault.missing("the session's party") }
    var cdr = CDR()
    cdr.id = newID()
    cdr.session = session.id
    cdr.country = party.name.country
    cdr.party = party.name.party
    cdr.startedAt = bill.start
    cdr.endedAt = bill.end
    cdr.token = session.token
    cdr.authorization = session.authorization
    let booking = try books.bookings.booking(session: session.id)
    cdr.booking = booking?.id
    cdr.authorizationReference = session.authorizationReference ?? booking?.details.authorizationReference
    cdr.place = try costs.place(of: session)
    cdr.timeZone = try costs.zoneName(of: session)
    // What was removed since then is named as it was.
    if let earlier, cdr.place.connector.isEmpty { (cdr.place, cdr.timeZone) = (earlier.place, earlier.timeZone) }
    cdr.currency = session.tariff?.currency ?? settings.currency
    cdr.tariff = session.tariff
    cdr.periods = bill.periods
    cdr.totals = bill.totals
    if let ending = bill.holdEnding {
      cdr.reservation = try books.reservations.reservation(session: session.id)?.id
      cdr.reservationEnding = ending
    }
    cdr.signedData = try SignedMeter(books: books).evidence(for: session)
    cdr.isEstimated = isEstimated
    cdr.heldBecause = try implausibility(of: session, readings: readings) ?? doubt(about: cdr)
    cdr.createdAt = now
    return cdr
  }

  /// Makes the bill of a reservation that no session followed, where its tariff has a price for that.
  func bill(_ reservation: Reservation) throws(StoreFault) {
    guard let hold = reservation.hold(by: reservation.tariff), hold.ending != .used,
      try !books.cdrs.hasBilled(reservation: reservation.id),
      let evse = try evse(of: reservation), let connector = evse.connectors.first
    else { return }
    let spot = try place(of: evse, connector: connector)
    let costs = SessionCosts(books: books, zones: zones, currency: settings.currency)
    guard let party = try books.parties.party(spot.party) else { throw StoreFault.missing("the station's party") }
    var cdr = CDR()
    cdr.timeZone = try costs.zoneName(at: spot)
    let bill = Bill(hold, tariff: reservation.tariff, zone: zones[cdr.timeZone] ?? .utc)
    cdr.id = newID()
    (cdr.country, cdr.party) = (party.name.country, party.name.party)
    (cdr.startedAt, cdr.endedAt) = (bill.start, bill.end)
    (cdr.token, cdr.authorization) = (reservation.token, .command)
    cdr.authorizationReference = reservation.authorizationReference
    cdr.place = try costs.place(at: spot)
    // OCPI 2.3.0 §10.4.4: no EVSE was used, and where the driver could have taken any none was held.
    if reservation.evse == nil { (cdr.place.evse, cdr.place.evseID, cdr.place.connector) = ("#NA", "#NA", "#NA") }
    cdr.currency = reservation.tariff?.currency ?? settings.currency
    (cdr.tariff, cdr.periods, cdr.totals) = (reservation.tariff, bill.periods, bill.totals)
    (cdr.reservation, cdr.reservationEnding) = (reservation.id, hold.ending)
    cdr.booking = try books.bookings.booking(reservation: reservation.id)?.id
    cdr.heldBecause = doubt(about: cdr)
    cdr.createdAt = now
    // The party behind it may have another role by now, and the bill is still that partner's.
    let partner =
      try reservation.owner.flatMap { role throws(StoreFault) in try books.partners.role(role)?.partner }
      ?? reservation.partner
    try books.cdrs.insert(
      cdr, of: spot.party, partner: partner, station: spot.station, location: spot.location)
    try count(cdr, at: UsageSpot(location: spot.location, connector: spot.connector, partner: partner))
    try record(.cdrMade(cdr: cdr.id, session: ""))
    if reservation.owner == nil, partner == nil { try spend(cdr.totals.cost.total, in: cdr.currency, from: cdr.token) }
    if cdr.heldBecause == nil { try cdrMoved(cdr.id, of: spot, session: nil, partner: partner) }
  }

  /// The EVSE that is held; the station's first where the driver may take any.
  func evse(of reservation: Reservation) throws(StoreFault) -> EVSE? {
    guard let number = reservation.evse else { return try books.stations.evses(of: reservation.station).first }
    return try books.stations.evse(reservation.station, number: number)
  }

  /// A meter that is not believed keeps the CDR with the operator, and stands on the station's page.
  private func implausibility(of session: Session, readings: [Reading]) throws(StoreFault) -> String? {
    guard let connector = try books.stations.evse(session.evse)?.connector(session.connector) else { return nil }
    // An assumed connector may be a far stronger one in truth.
    let watts = connector.isAssumed ? Limits.strongestConnector : connector.ratedPower
    let usage = Usage(session, readings: readings, zone: .utc, until: now)
    guard let doubt = MeterDoubt(session, readings: readings, on: usage, watts: watts) else { return nil }
    try noteOddity("meter: \(doubt.word)", sample: session.id, of: session.station)
    return doubt.description
  }

  /// Whoever gets the CDR prices its periods again; we do so first.
  private func doubt(about cdr: CDR) -> String? {
    guard let zone = zones[cdr.timeZone] else { return "the time zone \(cdr.timeZone) is not on this machine" }
    return cdr.agrees(zone: zone) ? nil : "its periods do not give its totals again"
  }

  /// The operator looked at a held CDR and lets it go, as it is: its partner gets it, and lists show it.
  public func releaseCDR(_ id: String, by who: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      guard let kept = try keep({ () throws(StoreFault) in try self.books.cdrs.cdr(id) }) else {
        throw .notFound("no such CDR")
      }
      guard kept.held != nil else { throw .conflict("the CDR is not held") }
      try keep { () throws(StoreFault) in
        try self.books.cdrs.release(id, at: self.now)
        try self.record(.cdrReleased(cdr: id, by: who))
        try self.cdrMoved(kept)
      }
    }
  }

  /// Takes a bill back by a credit of its own, which its partner gets as one more record (OCPI 2.2.1 §10.1.1). The
  /// bill stays as it is.
  /// - Parameter billsAgain: whether the session is billed once more, from all that is known of it by now.
  /// - Returns: the id of the credit.
  public func creditCDR(
    _ id: String, because why: String?, billsAgain: Bool, by who: String
  ) async throws(Refusal) -> String {
    try await turn { () throws(Refusal) in
      guard let kept = try keep({ () throws(StoreFault) in try self.books.cdrs.cdr(id) }) else {
        throw .notFound("no such CDR")
      }
      guard !kept.cdr.isCredit else { throw .conflict("it is a credit itself") }
      guard kept.creditedBy == nil else { throw .conflict("it was taken back already") }
      guard kept.held == nil else { throw .conflict("it is held, and nobody has it yet: release it first") }
      guard !billsAgain || !kept.cdr.session.isEmpty else {
        throw .invalid(field: "bill_again", "no session followed this reservation")
      }
      return try keep { () throws(StoreFault) in
        let credit = kept.cdr.credit(because: why, at: self.now)
        guard try self.books.cdrs.take(id, backBy: credit.id) else { throw StoreFault.missing("CDR \(id)") }
        try self.books.cdrs.insert(
          credit, of: kept.party, partner: kept.partner, station: kept.station, location: kept.location)
        try self.record(.cdrCredited(cdr: id, credit: credit.id, by: who))
        let session = try self.books.sessions.session(kept.cdr.session)
        try self.uncount(
          kept.cdr, at: UsageSpot(location: kept.location, connector: session?.connector, partner: kept.partner),
          wholly: billsAgain && session != nil)
        if kept.partner == nil {
          try self.spend(-kept.cdr.totals.cost.total, in: kept.cdr.currency, from: kept.cdr.token)
        }
        guard let written = try self.books.cdrs.cdr(credit.id) else { throw StoreFault.missing("CDR \(credit.id)") }
        try self.cdrMoved(written)
        if billsAgain, let session { try self.bill(session, isEstimated: kept.cdr.isEstimated, correcting: kept.cdr) }
        return credit.id
      }
    }
  }

  // MARK: Sessions that nobody stopped

  /// Closes a session with its newest reading, because the operator says so. The bill says that it is an estimate.
  func close(_ session: Session, because ending: Session.Ending) throws(StoreFault) {
    var session = session
    // Readings move a session no more once the next one began, and are kept all the same: a station that was offline
    // tells them late.
    let newest = try books.sessions.figures(of: session.id).last { $0.register != nil && $0.context != .begin }
    let end = newest?.at ?? session.lastReadingAt ?? session.startedAt
    guard session.stop(at: end, meter: newest?.register, because: ending, received: now) else { return }
    try books.sessions.finish(session)
    try ended(session, isEstimated: true)
    if let kept = try books.transactions.transaction(of: session.id) { try books.transactions.forgetMoments(of: kept) }
  }

  /// Superseded sessions whose late stop never came are billed by what is known of them.
  func closeSuperseded() throws(StoreFault) {
    let overdue = try books.sessions.superseded(before: now - .seconds(settings.lateStopHours * 3_600))
    try each(overdue, of: "bills of superseded sessions") { session throws(StoreFault) in
      if try !finishWithGap(session) { try close(session, because: .superseded) }
    }
  }
}
