import Domain
import Store
import Wire

// What the clock brings: links that did not come back, remote starts whose car did not come, late stops that never
// came, pushes whose pause is over. Called about once a second.

extension CSMS {
  /// Looks at what a start finds: nobody is connected yet, and no answer to an older command can come.
  public func wake(at time: Timestamp) throws(Refusal) {
    let stations = try keep { () throws(StoreFault) in try self.books.stations.withKnownStatus() }
    links.await(stations, until: time + .seconds(settings.returnSeconds))
    couriers.hasNews = true
    insist { () throws(StoreFault) in try self.failOrphanedCommands() }
  }

  /// One beat of the house's clock.
  public func tick() {
    couriers.hasNews = true
    if now < lastBeat { clockWasSetBack() }
    lastBeat = now
    lookForTheEndOfTrouble()
    askTheSilent()
    restWhereQuiet()
    let again = unwritten
    unwritten = []
    again.forEach { $0() }
    let gone = links.takeOffline(at: now)
    if !gone.isEmpty {
      note { () throws(StoreFault) in
        for station in gone { try self.wentOffline(station) }
        self.afterCommit { self.findReturned(gone) }
      } onFault: {
        self.links.await(gone, until: self.now)
      }
    }
    let seen = links.takeSeen(ifOlderThan: .seconds(Limits.seenSeconds), now: now)
    if !seen.isEmpty { note { () throws(StoreFault) in try self.books.stations.seen(seen) } }
    // Each for itself: what one of them cannot do keeps none of the others from being done.
    note { () throws(StoreFault) in try self.expirePending() }
    note { () throws(StoreFault) in try self.findIgnoredStops() }
    note { () throws(StoreFault) in try self.closeSuperseded() }
    note { () throws(StoreFault) in try self.books.pushes.expire(at: self.now) }
    note { () throws(StoreFault) in try self.endOverdueCommands() }
    pullWhatIsDue()
    doDuties()
    tellWebhooks()
    if now - lastMetering >= .seconds(Limits.meteringSeconds) || now < lastMetering {
      lastMetering = now
      note { () throws(StoreFault) in try self.keepLimits() }
      tellCosts()
    }
    note { () throws(StoreFault) in
      try self.deliverCertificates()
      try self.takeSteps()
    }
    if now - lastSweep > .seconds(Limits.sweepSeconds) {
      lastSweep = now
      note { () throws(StoreFault) in try self.sweep() }
    }
  }

  /// A fleet that rests holds no more memory than its links need: pages and rows come again with the next burst.
  private func restWhereQuiet() {
    if restPace.beat(of: figures.takeDecided()) { store.rest() }
  }

  /// Deadlines are times of day, because they outlive the process; a clock that is set back by an hour must not make
  /// everybody wait for an hour.
  private func clockWasSetBack() {
    log.notice("the clock was set back", metadata: ["from": "\(lastBeat.text)", "to": "\(now.text)"])
    lastSweep = min(lastSweep, now)
    couriers.clockWasSetBack()
    links.clockWasSetBack(to: now, grace: .seconds(max(settings.offlineSeconds, settings.returnSeconds)))
    note { () throws(StoreFault) in
      for partner in try self.books.partners.all() { try self.books.pushes.hurry(partner.id, at: self.now) }
    }
  }

  private func pruneRoaming() throws(StoreFault) {
    let (events, bills) = (now - .seconds(settings.eventDays * 86_400), now - .seconds(settings.billDays * 86_400))
    _ = try books.roamingPlaces.prune(goneBefore: events)
    // Bills may come late, and are held against the tariff of their time.
    _ = try books.roamingTariffs.prune(goneBefore: now - .seconds(settings.readingDays * 86_400))
    _ = try books.roamingUses.pruneSessions(before: now - .seconds(settings.readingDays * 86_400))
    _ = try books.roamingUses.pruneCDRs(endedBefore: bills)
    _ = try books.roamingUses.pruneAuthorizations(before: now - .seconds(settings.readingDays * 86_400))
    _ = try books.roamingCommands.prune(before: events)
  }

  /// Nothing grows without end: what is past its keeping goes, a bounded piece at a time.
  private func sweep() throws(StoreFault) {
    try settleOverdueKeys()
    try warnOfExpiries()
    try renewCertificates()
    afterCommit { self.renewStationDoor() }
    try renewRevocationLists()
    _ = try books.certificates.pruneIssued(expiredBefore: now - .seconds(settings.billDays * 86_400))
    _ = try books.signedReadings.prune(receivedBefore: now - .seconds(settings.readingDays * 86_400))
    _ = try books.certificates.pruneAnswers(before: now)
    _ = try books.certificates.pruneRequests(before: now - .seconds(settings.eventDays * 86_400))
    _ = try books.securityEvents.prune(before: now - .seconds(settings.eventDays * 86_400))
    _ = try books.security.pruneNotices(before: now - .seconds(settings.billDays * 86_400))
    _ = try books.events.prune(before: now - .seconds(settings.eventDays * 86_400))
    _ = try books.sessions.pruneReadings(before: now - .seconds(settings.readingDays * 86_400))
    _ = try books.pushes.prune(sentBefore: now - .seconds(settings.eventDays * 86_400))
    _ = try books.parked.prune(settledBefore: now - .seconds(settings.eventDays * 86_400))
    _ = try books.commands.prune(before: now - .seconds(settings.eventDays * 86_400))
    _ = try books.reports.prune(before: now - .seconds(settings.eventDays * 86_400))
    _ = try books.limits.prune()
    _ = try books.swaps.prune(before: now - .seconds(settings.readingDays * 86_400))
    _ = try books.monitors.pruneAlerts(before: now - .seconds(settings.eventDays * 86_400))
    _ = try books.stations.pruneHistory(before: now - .seconds(settings.billDays * 86_400))
    _ = try books.policies.prune(before: now - .seconds(settings.billDays * 86_400))
    _ = try books.cdrs.prune(endedBefore: now - .seconds(settings.billDays * 86_400))
    _ = try books.authorizations.prune(at: now)
    try pruneRoaming()
    try endProfiles()
    try endSilentJobs()
    try pruneFiles()
    _ = try books.campaigns.prune(before: now - .seconds(settings.eventDays * 86_400))
    _ = try books.duties.prune(before: now - .seconds(settings.eventDays * 86_400))
    _ = try books.reservations.prune(before: now - .seconds(settings.eventDays * 86_400))
    _ = try books.profiles.prune(before: now - .seconds(settings.eventDays * 86_400))
    _ = try books.circuits.pruneNeeds(before: now - .seconds(settings.eventDays * 86_400))
    _ = try books.downtimes.prune(endedBefore: now - .seconds(settings.billDays * 86_400))
    _ = try books.jobs.prune(before: now - .seconds(settings.eventDays * 86_400))
    _ = try books.tokens.pruneAliases(before: now - .seconds(settings.eventDays * 86_400))
    _ = try books.users.pruneLogins(at: now)
    _ = try books.webhooks.prune(before: now - .seconds(settings.eventDays * 86_400))
    _ = try books.driverPages.pruneTickets(before: now - .seconds(settings.eventDays * 86_400))
    _ = try books.audit.prune(before: now - .seconds(settings.readingDays * 86_400))
    _ = try books.keys.pruneAnswers(before: now - .seconds(86_400))
  }
}

/// When a house gives back what it holds for its work: in the first beat in which hardly anything comes, and not again
/// before there was work that leaves something to give back.
struct RestPace {
  /// Errands since the last rest, of beats that were not quiet.
  private var work = 0

  /// One beat decided so many errands. True where it is time to rest.
  mutating func beat(of errands: Int) -> Bool {
    guard errands <= Limits.quietErrands else {
      work += errands
      return false
    }
    guard work >= Limits.errandsWorthARest else { return false }
    work = 0
    return true
  }
}
