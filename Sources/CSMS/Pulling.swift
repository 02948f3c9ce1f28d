import Domain
import Store
import Wire

// A push may be lost, and OCPI wants no replay (2.2.1 §4.1.8): whoever must know asks. Each list of a partner is read for
// what changed since the last time, and now and then as a whole; what is in no list any more is then marked.

extension CSMS {
  /// Starts what is due, a few at once, and each partner's lists one after the other.
  func pullWhatIsDue() {
    guard let providerLink, trouble == nil else { return }
    do {
      let free = Limits.pullsAtOnce - pullers.count
      guard free > 0 else { return }
      for state in try books.pulls.due(at: now, limit: Limits.dutiesAtOnce) where pullers.count < Limits.pullsAtOnce {
        guard !pullers.contains(state.partner), let terms = try books.partners.terms(of: state.partner) else {
          continue
        }
        pull(state, terms: terms, through: providerLink)
      }
    } catch {
      log.error("it cannot be told what is to be pulled", metadata: ["cause": "\(error)"])
    }
  }

  private func pull(_ state: PullState, terms: PartnerTerms, through link: any ProviderLink) {
    let partner = state.partner
    guard terms.pullModules.contains(state.module), settings.pullSeconds(of: terms.partner) > 0 else {
      // It has that list no more, or nobody wants it.
      return note { () throws(StoreFault) in
        var idle = state
        (idle.dueAt, idle.updatedAt) = (self.now + .seconds(self.settings.wholePullSeconds), self.now)
        try self.books.pulls.save(idle)
      }
    }
    pullers.insert(partner)
    let began = now
    let isWhole = state.needsWhole(at: now, every: .seconds(settings.wholePullSeconds))
    let since = isWhole ? state.module.earliest(at: now) : state.since.map { $0 - .seconds(Limits.pullOverlapSeconds) }
    Task {
      var flaws: [String] = []
      let outcome = await link.pull(state.module, since: since, terms: terms) { page in
        do throws(Refusal) {
          flaws += try await self.turn { () throws(Refusal) in
            try keep { () throws(StoreFault) in try self.receive(page, state.module, terms: terms) }
          }
          return true
        } catch {
          self.log.warning(
            "a page cannot be kept", metadata: ["partner": "\(terms.partner.name)", "cause": "\(error)"])
          return false
        }
      }
      self.pulled(state, terms: terms, outcome, flaws: flaws, began: began, isWhole: isWhole)
    }
  }

  private func pulled(
    _ before: PullState, terms: PartnerTerms, _ outcome: PullOutcome, flaws: [String], began: Timestamp, isWhole: Bool
  ) {
    let partner = before.partner
    note { () throws(StoreFault) in
      var state = before
      state.updatedAt = self.now
      state.count = outcome.count
      state.flaws = Array(flaws.prefix(Limits.keptFlaws)).map { String($0.prefix(Limits.nameLength * 2)) }
      if let fault = outcome.fault {
        state.attempts += 1
        // What a pull failed by is news once; then it is counted.
        if before.lastError == nil { try self.record(.roaming(.pullFailed(partner, state.module, why: fault))) }
        state.lastError = fault
        state.dueAt = self.now + self.pullPause(after: state.attempts, askedFor: outcome.retryAfter)
      } else {
        (state.attempts, state.lastError, state.since) = (0, nil, began)
        var gone = 0
        if isWhole, outcome.isComplete {
          state.wholeAt = began
          switch state.module {
          case .locations:
            gone = try self.books.roamingPlaces.end(of: partner, unseenSince: began, at: self.now)
          case .tariffs: gone = try self.books.roamingTariffs.end(of: partner, unseenSince: began, at: self.now)
          case .bookingLocations:
            gone = try self.books.roamingBookings.endPlaces(of: partner, unseenSince: began, at: self.now)
          case .bookings: gone = try self.books.roamingBookings.end(of: partner, unseenSince: began, at: self.now)
          case .sessions, .cdrs, .tokens: break
          }
        }
        if outcome.count > 0 || gone > 0 || before.lastError != nil {
          try self.record(.roaming(.pulled(partner, state.module, count: outcome.count, gone: gone)))
        }
        state.dueAt = self.now + self.jittered(self.settings.pullSeconds(of: terms.partner))
      }
      if outcome.hasLyingLinks, terms.partner.quirks.pagesByOffset == nil {
        try self.learn("pages_by_offset", of: partner) { $0.pagesByOffset = true }
      }
      // The partner may have left meanwhile.
      if try self.books.partners.partner(partner)?.state == .registered { try self.books.pulls.save(state) }
      self.afterCommit { self.pullers.remove(partner) }
    } onFault: {
      self.pullers.remove(partner)
    }
  }

  private func pullPause(after attempts: Int, askedFor seconds: Int?) -> Duration {
    let doubled = Limits.firstPullPauseSeconds << min(attempts - 1, 10)
    let asked = min(seconds ?? 0, Limits.longestRetryAfterSeconds)
    return max(jittered(min(doubled, Limits.longestPullPauseSeconds)), .seconds(asked))
  }

  /// Many partners behind one outage must not come back at once.
  private func jittered(_ seconds: Int) -> Duration { .seconds(Double(seconds) * Double.random(in: 0.9...1.1)) }

  /// The house found out what a partner needs. What the operator has set stays.
  func learn(
    _ what: String, of id: ID<Partner>, _ change: (inout PartnerQuirks) -> Void
  ) throws(StoreFault) {
    guard var partner = try books.partners.partner(id) else { return }
    change(&partner.quirks)
    partner.updatedAt = time(after: partner.updatedAt)
    try books.partners.update(partner)
    try record(.roaming(.quirkLearned(id, what: what)))
  }

  // MARK: Planning

  /// A partner registered, or its lists are others than before: what is to be read, and when first. Tokens are pushed
  /// to us as a rule, so they wait; the rest is read at once.
  func planPulls(of id: ID<Partner>) throws(StoreFault) {
    guard let terms = try books.partners.terms(of: id) else { return }
    for (place, module) in terms.pullModules.enumerated() where try books.pulls.state(of: id, module) == nil {
      // One after the other: a bill is judged by the tariff that was announced.
      let wait = module == .tokens ? settings.pullSeconds(of: terms.partner) : Limits.welcomeSeconds + place
      try books.pulls.save(PullState(partner: id, module: module, dueAt: now + .seconds(wait), updatedAt: now))
    }
  }

  /// The operator wants a partner's lists read now, as a whole where it says so.
  public func pull(_ id: ID<Partner>, _ module: PullModule?, whole: Bool, by who: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let partner = try self.partner(id)
      guard partner.state == .registered else { throw .conflict("the partner is \(partner.state.rawValue)") }
      let terms = try keep { () throws(StoreFault) in try self.terms(of: partner) }
      let modules = terms.pullModules.filter { module == nil || $0 == module }
      guard !modules.isEmpty else { throw .conflict("the partner has no such list for us") }
      try keep { () throws(StoreFault) in
        for module in modules {
          var state =
            try self.books.pulls.state(of: id, module)
            ?? PullState(partner: id, module: module, dueAt: self.now, updatedAt: self.now)
          (state.dueAt, state.attempts, state.updatedAt) = (self.now, 0, self.now)
          if whole { state.wholeAt = nil }
          try self.books.pulls.save(state)
        }
        try self.record(.partnerChanged(id, by: who))
      }
    }
    pullWhatIsDue()
  }
}

extension PartnerTerms {
  /// The lists of the partner that are for us: those of an operator of stations where it knows us as the provider of
  /// drivers, and a provider's tokens where it knows us as the operator.
  var pullModules: [PullModule] {
    func has(_ module: PullModule) -> Bool { endpoint(module.rawValue, role: "SENDER") != nil }
    let roles = Set(partner.roles.map(\.role))
    var modules: [PullModule] = []
    if provider != nil, !roles.isDisjoint(with: ["CPO", "HUB"]) {
      modules += [.locations, .tariffs, .sessions, .cdrs].filter(has)
      // The places lie below the address of the bookings, where they have none of their own.
      if partner.quirks.takesBookings != false, has(.bookings) { modules += [.bookingLocations, .bookings] }
    }
    if isOperated, !roles.isDisjoint(with: ["EMSP", "HUB"]), has(.tokens) { modules.append(.tokens) }
    return modules
  }
}

extension PullState {
  /// Bills and sessions are no list of what exists now; they are read from where we were.
  fileprivate func needsWhole(at now: Timestamp, every pause: Duration) -> Bool {
    switch module {
    case .sessions, .cdrs: since == nil
    case .locations, .tariffs, .tokens, .bookingLocations, .bookings: wholeAt.map { now - $0 >= pause } ?? true
    }
  }
}

extension PullModule {
  /// From where a list is read for the first time: nobody asks for the bills of ten years.
  fileprivate func earliest(at now: Timestamp) -> Timestamp? {
    switch self {
    case .locations, .tariffs, .tokens, .bookingLocations, .bookings: nil
    case .sessions, .cdrs: now - .seconds(Limits.firstPullSeconds)
    }
  }
}

extension HouseSettings {
  /// Seconds between two pulls of a partner's list; 0: never.
  func pullSeconds(of partner: Partner) -> Int { partner.quirks.pullMinutes.map { $0 * 60 } ?? pullSeconds }
}
