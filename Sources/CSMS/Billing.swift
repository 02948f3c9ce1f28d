import Crypto
import Domain
import Store
import Wire

// What a session costs: the CDR is made in the turn of the stop, from the tariff as it was at the start, and never
// edited. Later readings are stored and not priced again.

extension CSMS {
  /// Makes the CDR of an ended session and puts it on its way to the partner whose driver it was.
  func bill(_ session: Session, isEstimated: Bool) throws(StoreFault) {
    guard session.state == .completed, try books.cdrs.cdr(session: session.id) == nil else { return }
    let cdr = try record(of: session, isEstimated: isEstimated)
    let partner = try partnerID(of: session)
    try books.cdrs.insert(
      cdr, of: session.party, partner: partner, station: session.station, location: session.location)
    try record(.cdrMade(cdr: cdr.id, session: session.id))
    try sessionMoved(session)
    if cdr.heldBecause == nil { try cdrMoved(cdr, of: session, partner: partner) }
  }

  private func record(of session: Session, isEstimated: Bool) throws(StoreFault) -> CDR {
    let costs = SessionCosts(books: books, zones: zones, currency: settings.currency)
    let bill = try costs.bill(of: session, until: now)
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
    cdr.authorizationReference = session.authorizationReference
    cdr.place = try costs.place(of: session)
    cdr.timeZone = try costs.zoneName(of: session)
    cdr.currency = session.tariff?.currency ?? settings.currency
    cdr.tariff = session.tariff
    cdr.periods = bill.periods
    cdr.totals = bill.totals
    cdr.isEstimated = isEstimated
    cdr.heldBecause = try implausibility(of: session, on: bill) ?? doubt(about: cdr)
    cdr.createdAt = now
    return cdr
  }

  /// More energy than the connector can give in that time is a wrong register, not a bill.
  private func implausibility(of session: Session, on bill: Bill) throws(StoreFault) -> String? {
    guard let connector = try books.stations.evse(session.evse)?.connector(session.connector) else { return nil }
    // An assumed connector may be a far stronger one in truth.
    let watts = connector.isAssumed ? Limits.strongestConnector : connector.ratedPower
    let seconds = Int64(max(bill.totals.seconds, Limits.shortestPlausibleSeconds))
    let most = Int64(watts) * seconds / 360 * Limits.meterTolerancePercent / 100
    if bill.isCut { return "it is longer or larger than any session can be" }
    if session.meterLast < session.meterStart { return "the meter ran backwards" }
    guard bill.totals.energy.tenthsOfWattHour > most else { return nil }
    return "\(bill.totals.energy) kWh in \(bill.totals.seconds) s is more than this connector can give"
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
        guard let session = try self.books.sessions.session(kept.cdr.session) else { return }
        try self.cdrMoved(kept.cdr, of: session, partner: kept.partner)
      }
    }
  }

  // MARK: Sessions that nobody stopped

  /// Closes a session with its newest reading, because the operator says so. The bill says that it is an estimate.
  func close(_ session: Session, because ending: Session.Ending) throws(StoreFault) {
    var session = session
    // Readings move a session no more once the next one began, and are kept all the same: a station that was offline
    // tells them late.
    let newest = try books.sessions.readings(of: session.id).last { $0.register != nil && $0.context != .begin }
    let end = newest?.at ?? session.lastReadingAt ?? session.startedAt
    guard session.stop(at: end, meter: newest?.register, because: ending, received: now) else { return }
    try books.sessions.save(session)
    try record(.sessionEnded(session: session.id))
    try bill(session, isEstimated: true)
  }

  /// Superseded sessions whose late stop never came are billed by what is known of them.
  func closeSuperseded() throws(StoreFault) {
    for session in try books.sessions.superseded(before: now - .seconds(settings.lateStopHours * 3_600)) {
      do throws(StoreFault) { try attempt { () throws(StoreFault) in try close(session, because: .superseded) } } catch
      {
        log.error("a superseded session cannot be billed", metadata: ["session": "\(session.id)", "cause": "\(error)"])
      }
    }
  }
}
