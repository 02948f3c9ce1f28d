import Domain
import Store
import Wire

// What the clock brings: links that did not come back, remote starts whose car did not come, late stops that never
// came, pushes whose pause is over. Called about once a second.

extension CSMS {
  /// Looks at what a start finds: nobody is connected yet, and no answer to an older command can come.
  public func wake(at time: Timestamp) throws(Refusal) {
    let stations = try keep { () throws(StoreFault) in try self.books.stations.withKnownStatus() }
    noteAbsence()
    links.await(stations, until: time + .seconds(settings.returnSeconds))
    pacing.hasNews = true
    insist { () throws(StoreFault) in try self.failOrphanedCommands() }
  }

  /// While the house was off nobody saw what the stations did: their histories say so. One that is short is no gap: who
  /// returns within that time after a start counts as having been there too.
  private func noteAbsence() {
    guard let text = try? books.settings.value(Self.aliveSetting), let alive = Timestamp(text),
      now - alive > .seconds(max(settings.returnSeconds, Limits.sweepSeconds * 2))
    else { return }
    let back = now
    insist { () throws(StoreFault) in try self.books.stations.noteAbsence(from: alive, to: back) }
  }

  /// When the house was last alive, by its last sweep.
  nonisolated static let aliveSetting = "alive_at"

  /// One beat of the house's clock.
  public func tick() {
    pacing.hasNews = true
    if now < lastBeat { clockWasSetBack() }
    lastBeat = now
    lookForTheEndOfTrouble()
    askTheSilent()
    findBrokenPromises()
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
    lookForAlarms()
    postLetters()
    if now - lastMetering >= .seconds(Limits.meteringSeconds) || now < lastMetering {
      lastMetering = now
      note { () throws(StoreFault) in try self.keepLimits() }
      tellCosts()
    }
    note { () throws(StoreFault) in try self.deliverCertificates() }
    note { () throws(StoreFault) in try self.takeSteps() }
    if now - lastSweep > .seconds(Limits.sweepSeconds) {
      lastSweep = now
      sweep()
    }
    prune()
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
    revocationsWrittenAt = nil
    tokensMovedAt = tokensMovedAt.map { min($0, now) }
    note { () throws(StoreFault) in
      try self.books.alarms.hurry(at: self.now)
      try self.books.webhooks.hurry(at: self.now)
    }
    pacing.clockWasSetBack()
    links.clockWasSetBack(to: now, grace: .seconds(max(settings.offlineSeconds, settings.returnSeconds)))
    note { () throws(StoreFault) in
      for partner in try self.books.partners.all() { try self.books.pushes.hurry(partner.id, at: self.now) }
    }
  }

  // MARK: What is past its keeping

  /// What the clock brings once a minute.
  private func sweep() {
    note { () throws(StoreFault) in try self.books.settings.set(Self.aliveSetting, self.now.text) }
    note { () throws(StoreFault) in try self.dropOverdueKeys() }
    note { () throws(StoreFault) in try self.warnOfExpiries() }
    note { () throws(StoreFault) in try self.renewCertificates() }
    note { () throws(StoreFault) in try self.endProfiles() }
    note { () throws(StoreFault) in try self.endSilentJobs() }
    note { () throws(StoreFault) in try self.pruneFiles() }
    renewStationDoor()
    renewRevocationLists()
    if waitingPrunings.isEmpty { waitingPrunings = Pruning.allCases }
  }

  /// Nothing grows without end: what is past its keeping goes, with each beat a bounded piece of a few tables, so that no
  /// turn is long. What cannot go keeps nothing else, and a table of which more is left has its next turn with the others.
  private func prune() {
    let some = waitingPrunings.prefix(Limits.pruningsAtOnce)
    waitingPrunings.removeFirst(some.count)
    for pruning in some {
      note { () throws(StoreFault) in
        guard try pruning.prune(self.books, by: self.settings, at: self.now).isMoreLeft else { return }
        self.afterCommit { self.waitingPrunings.append(pruning) }
      }
    }
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
