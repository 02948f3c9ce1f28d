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
    askTheSilent()
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
    note { () throws(StoreFault) in try self.closeSuperseded() }
    note { () throws(StoreFault) in try self.books.pushes.expire(at: self.now) }
    if now - lastSweep > .seconds(Limits.sweepSeconds) {
      lastSweep = now
      note { () throws(StoreFault) in try self.sweep() }
    }
  }

  /// Deadlines are times of day, because they outlive the process; a clock that is set back by an hour must not make
  /// everybody wait for an hour (FAULTS.md 47).
  private func clockWasSetBack() {
    log.notice("the clock was set back", metadata: ["from": "\(lastBeat.text)", "to": "\(now.text)"])
    lastSweep = min(lastSweep, now)
    couriers.clockWasSetBack()
    links.clockWasSetBack(to: now, grace: .seconds(max(settings.offlineSeconds, settings.returnSeconds)))
    note { () throws(StoreFault) in
      for partner in try self.books.partners.all() { try self.books.pushes.hurry(partner.id, at: self.now) }
    }
  }

  /// Nothing grows without end: what is past its keeping goes, a bounded piece at a time.
  private func sweep() throws(StoreFault) {
    _ = try books.events.prune(before: now - .seconds(settings.eventDays * 86_400))
    _ = try books.sessions.pruneReadings(before: now - .seconds(settings.readingDays * 86_400))
    _ = try books.pushes.prune(sentBefore: now - .seconds(settings.eventDays * 86_400))
    _ = try books.parked.prune(settledBefore: now - .seconds(settings.eventDays * 86_400))
    _ = try books.commands.prune(before: now - .seconds(settings.eventDays * 86_400))
    _ = try books.stations.pruneHistory(before: now - .seconds(settings.billDays * 86_400))
    _ = try books.cdrs.prune(endedBefore: now - .seconds(settings.billDays * 86_400))
    _ = try books.authorizations.prune(at: now)
    _ = try books.tokens.pruneAliases(before: now - .seconds(settings.eventDays * 86_400))
    _ = try books.users.pruneLogins(at: now)
    _ = try books.keys.pruneAnswers(before: now - .seconds(86_400))
  }
}
