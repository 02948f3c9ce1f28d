import Wire

// One outlet as the balancer sees it: what its station was told, said and shows, and so what it may draw.

extension Balancer {
  /// A limit that is under way.
  struct Asked: Sendable, Equatable {
    var limit: Current
    var at: Timestamp
    /// On how many lines it counts, where it is told in watts.
    var lines = 1
  }

  /// A higher limit that was lowered, and of which it is not sure yet that nobody draws by it.
  struct Settling: Sendable, Equatable {
    var limit: Current
    var orderedAt: Timestamp
    /// When the station and its car should have followed; nil: only a reading can say so.
    var until: Timestamp?
  }

  /// More was confirmed, and until its meter shows it or the time is over it may be yet to come.
  struct Rise: Sendable, Equatable {
    var limit: Current
    var until: Timestamp
  }

  /// What a station is that takes limits in watts alone, and so lets a car draw all of a limit on one line.
  public struct Watts: Sendable, Equatable {
    /// No line of its EVSE carries more, whatever it is told.
    public var rated: Current
    /// On how many lines a car can charge there.
    public var phases: Int

    public init(rated: Current, phases: Int) { (self.rated, self.phases) = (rated, phases) }

    /// On how many lines a limit is counted while nobody knows how many the car uses: on one, which may carry all of it,
    /// but for as much as a line can carry anyway.
    public func lines(of limit: Current) -> Int { limit >= rated ? phases : 1 }
  }

  struct Car: Sendable, Equatable {
    var need: ChargingNeed
    var since: Timestamp
    var isIdle = false
    /// What it takes now, seen from what it draws; nil while it takes all it gets.
    var wish: Current?
    /// The lines that it was seen to use, where that may be believed.
    var seenLines: Lines?
    /// On how many lines a reading showed it last, where one did.
    var usedLines: Int?
    /// Readings in a row below what it may draw, and those that show the same lines.
    var lowReadings = 0
    var sameLines = 0
    /// Since when it charges, or waits.
    var isOn = true
    var turnSince: Timestamp

    init(need: ChargingNeed, since: Timestamp) { (self.need, self.since, turnSince) = (need, since, since) }
  }

  struct Seat: Sendable {
    var outlet: Outlet
    var circuit = 0
    var car: Car?
    var isOnline = true
    var isExpected = false
    /// Until then it may yet tell of a car that came while its line was lost.
    var catchesUpUntil: Timestamp?
    var hasFallback = false
    /// What the station confirmed last.
    var limit: Current
    var asked: Asked?
    var settling: Settling?
    var rise: Rise?
    var measured: LineCurrents?
    var measuredAt: Timestamp?
    /// A car there was seen to draw more than the station confirmed, and since then it was not seen to follow. That
    /// outlives the session.
    var disobeyed = false
    /// The lower one of two limits that it must be seen to draw by before it is believed again: a car may take just what a
    /// limit says without its station having heard of it, and less and less as it fills, but not more once it may.
    var keptLimit: Current?
    /// How often it said no since its last yes, and whether to less than it has.
    var refusals = 0
    var refusesLess = false
    /// Its station takes limits in watts alone.
    var watts: Watts?
    /// On how many lines the watts were counted that it confirmed last.
    var toldLines = 1
    /// With how much a car there may charge that was not measured yet: with its least on all lines, where that fits.
    var leastUnmeasured: Current?
    /// It does not know limits, and is not told any until it starts anew.
    var takesNoLimits = false
    /// Since when its car may charge by what it confirmed; nil while that is less than the car needs.
    var chargeableSince: Timestamp?
    var retryAt: Timestamp?
    /// The station must be told its limit again, also where that is none other.
    var needsWord = false
    var target = 0
    var reason = ShareReason.free

    init(_ outlet: Outlet) {
      self.outlet = outlet
      limit = outlet.fallback
    }

    /// The lines that its car counts on.
    var lines: Lines {
      guard let car else { return outlet.lines }
      let own = car.need.phases.map { outlet.rotation.first($0).intersection(outlet.lines) } ?? car.seenLines
      guard let own, !own.isEmpty else { return outlet.lines }
      return own
    }

    var least: Current {
      let least = ownLeast
      // What others allow is a power of all lines there, and is kept.
      return isUnmeasured && (car?.need.most ?? outlet.most) >= least ? max(least, leastUnmeasured ?? least) : least
    }

    /// With how much it charges per line.
    var ownLeast: Current { car?.need.least ?? outlet.least }

    /// On how many lines its car charges: as a reading showed it, else as somebody said; nil where nobody knows.
    var knownLines: Int? {
      guard let watts else { return nil }
      let most = min(watts.phases, outlet.lines.count)
      return most == 1 ? 1 : (car?.usedLines ?? car?.need.phases).map { min($0, most) }
    }

    /// Its limit is told in watts, and nobody knows on how many lines they flow.
    var isUnmeasured: Bool { watts != nil && car != nil && knownLines == nil }

    /// On how many lines a limit is counted that is told in watts.
    func wattLines(of limit: Current) -> Int {
      knownLines ?? watts.map { min($0.lines(of: limit), max(1, outlet.lines.count)) } ?? outlet.lines.count
    }

    /// What it was told last.
    var current: Current { asked?.limit ?? limit }

    /// The most that may flow there now, per line that it counts on.
    var holdCurrent: Current {
      let untold = hasFallback ? outlet.fallback : outlet.most
      // Its next car would take all of it at once, and who has lost the line by then can give nothing back.
      if disobeyed { return outlet.most }
      guard car != nil else {
        return isOnline && !isExpected && catchesUpUntil == nil && !isUnbounded ? .zero : untold
      }
      let told = max(limit, asked?.limit ?? .zero, settling?.limit ?? .zero)
      return isOnline ? told : max(told, untold)
    }

    /// The same on all lines, and what a meter saw elsewhere.
    var hold: LineCurrents {
      let hold = LineCurrents(holdCurrent, on: lines)
      guard let measured, measured.highest > .zero else { return hold }
      return hold.most(measured)
    }

    /// Whether it can be told something, and what it is told counts.
    func isControlled(at now: Timestamp) -> Bool {
      car != nil && isOnline && !disobeyed && !takesNoLimits && (!refusesLess || (retryAt ?? now) <= now)
    }

    /// All that it takes may be all that somebody else lets it take.
    func named(_ reason: ShareReason, for tenths: Int) -> ShareReason {
      guard reason == .asWanted, let need = car?.need, need.isAllowance, let most = need.most else { return reason }
      return tenths >= most.tenthsOfAmpere && most < outlet.most ? .asAllowed : reason
    }

    var reasonUncontrolled: ShareReason {
      if !isOnline { return .offline }
      if disobeyed { return .uncontrolled }
      if isUnbounded { return .takesNoLimits }
      if car == nil { return .free }
      return takesNoLimits ? .takesNoLimits : .refused
    }

    /// Its next car takes all that its outlet gives, and nobody can tell it otherwise.
    private var isUnbounded: Bool { takesNoLimits && !hasFallback }

    /// It may follow this limit, or the one before.
    mutating func doubt(of current: Current, at time: Timestamp) {
      let highest = max(limit, current, settling?.limit ?? .zero)
      settling = Settling(limit: highest, orderedAt: settling?.orderedAt ?? time, until: nil)
    }

    /// Nothing is under way there: what its meter says is what flows.
    var isSteady: Bool { asked == nil && settling == nil && rise == nil }

    /// What its car draws is held against what the station confirmed.
    mutating func judge(_ draw: Current, at now: Timestamp, by rules: Rules) {
      let isKept = draw <= limit + rules.tolerance
      if let rise, rise.until <= now || draw + rules.tolerance >= rise.limit { self.rise = nil }
      guard asked == nil else {
        // A limit is under way: only a draw above all that it may be is more than it should.
        if draw > max(holdCurrent, limit) + rules.tolerance { (disobeyed, keptLimit) = (true, nil) }
        return
      }
      if isKept {
        let isBinding = draw + rules.tolerance >= limit && limit + rules.tolerance < outlet.most
        if disobeyed, isBinding, limit > Current.zero { proves(by: rules) }
        // A car that draws what it may shows that it follows, but not where more was allowed just before: that may be yet to
        // come. One that draws less may only be slow, until it should have.
        guard let settling, !needsWord else { return }
        let follows = draw + rules.tolerance >= limit && rise == nil
        if (settling.until ?? now) <= now || follows { self.settling = nil }
      } else if (settling?.until ?? now) <= now, !needsWord, !isIncreasing(at: now, by: rules) {
        (disobeyed, needsWord, retryAt) = (true, true, now + .seconds(rules.retrySeconds))
        (settling, keptLimit) = (nil, nil)
      } else if disobeyed {
        keptLimit = nil
      }
    }

    /// It draws by its limit: with one that is higher than another one by which it drew, it is believed.
    private mutating func proves(by rules: Rules) {
      if let kept = keptLimit, limit >= kept + rules.headroom {
        (disobeyed, keptLimit, retryAt) = (false, nil, nil)
      } else {
        keptLimit = min(keptLimit ?? limit, limit)
      }
    }

    /// What one that disobeyed is told to do next: its least, and if it does that a little more. All that its outlet gives
    /// is reserved for it anyway.
    func trial(by rules: Rules) -> Current {
      guard let kept = keptLimit else { return least }
      return min(kept + rules.headroom + rules.headroom, outlet.most)
    }

    private func isIncreasing(at now: Timestamp, by rules: Rules) -> Bool {
      settling.map { now - $0.orderedAt < .seconds(rules.reactionSeconds) } ?? false
    }

    /// Time passed: where no meter speaks, a station that confirmed is believed after its reaction time.
    mutating func believe(at now: Timestamp, by rules: Rules) {
      if let until = catchesUpUntil, until <= now { catchesUpUntil = nil }
      guard let until = settling?.until, until <= now, !isMetered(at: now, by: rules) else { return }
      settling = nil
      // What its meter said long before says no more of it than the limit that it took since.
      if let old = measured {
        measured = LineCurrents(min(old.l1, limit), min(old.l2, limit), min(old.l3, limit))
      }
    }

    /// A station that did not keep its limit is told again, and until it does it is reserved for.
    func isToRepeat(at now: Timestamp) -> Bool {
      disobeyed && !takesNoLimits && car != nil && isOnline && asked == nil && (retryAt ?? now) <= now
    }

    /// Its station may have gone down by now, or its car began and was not measured yet.
    func isUnverified(at now: Timestamp, by rules: Rules) -> Bool {
      guard let car, isOnline, asked == nil else { return false }
      if measured == nil { return now - car.since >= .seconds(rules.reactionSeconds) }
      return settling.map { ($0.until ?? now) <= now + .seconds(rules.reactionSeconds - rules.lookSeconds) } ?? false
    }

    private func isMetered(at now: Timestamp, by rules: Rules) -> Bool {
      measuredAt.map { now - $0 < .seconds(rules.meterSeconds) } ?? false
    }

    mutating func takesTurn(isOn: Bool, at now: Timestamp) {
      guard var car, car.isOn != isOn else { return }
      (car.isOn, car.turnSince) = (isOn, now)
      self.car = car
    }

    func claim(
      of car: Car, weight: Int, within bounds: [Int], at now: Timestamp, by rules: Rules
    ) -> PowerSharing.Claim {
      let lines = lines
      var most = min(outlet.most, car.need.most ?? outlet.most)
      if let wish = car.wish { most = min(most, max(wish, least)) }
      if isUnmeasured, most >= ownLeast { most = max(most, min(least, outlet.most)) }
      var claim = PowerSharing.Claim(
        lines: lines, least: least.tenthsOfAmpere, most: most.tenthsOfAmpere, weight: weight, isIdle: car.isIdle,
        bounds: bounds)
      let passed = now.seconds(since: car.turnSince)
      claim.turn =
        !car.isOn
        ? .waiting(since: car.turnSince.milliseconds)
        : passed < rules.turnSeconds ? .lasting : .over(since: car.turnSince.milliseconds)
      if let energy = car.need.energy, energy > .zero, let departs = car.need.departsAt, departs > now {
        let seconds = departs.seconds(since: now)
        // 0.1 Wh over V and 0.1 A: the tens meet.
        let tenthSeconds = energy.tenthsOfWattHour * 3_600 / Int64(rules.volts * lines.count)
        claim.stay = Int(seconds)
        claim.laxity = Int(seconds - tenthSeconds / Int64(max(1, most.tenthsOfAmpere)))
        // A twentieth more than the average, because stations lag and cars ramp.
        claim.floor = Int(min(Int64(most.tenthsOfAmpere), (tenthSeconds * 21 / 20 + seconds - 1) / max(1, seconds)))
      }
      return claim
    }
  }
}

extension Balancer.Car {
  /// What it draws of what it may says what it wants.
  mutating func learn(_ draw: Current, of limit: Current, least: Current, by rules: Balancer.Rules) {
    guard limit >= least else { return }
    if draw + rules.tolerance >= limit {
      (wish, lowReadings) = (nil, 0)
    } else if draw + rules.headroom < limit {
      lowReadings += 1
      // Twice, because cars ramp up.
      if lowReadings >= 2 { wish = draw + rules.headroom }
    } else {
      lowReadings = 0
    }
  }

  /// Fewer lines than its outlet has count only once they were seen twice; more count at once.
  mutating func learnLines(_ measured: LineCurrents, isTrusted: Bool) {
    guard measured.highest >= Current(amperes: Limits.tellingAmperes) else { return }
    let used = measured.usedLines
    guard isTrusted else { return seenLines = nil }
    if let seen = seenLines {
      seenLines = seen.union(used)
    } else {
      sameLines += 1
      if sameLines >= 2 { seenLines = used }
    }
  }
}
