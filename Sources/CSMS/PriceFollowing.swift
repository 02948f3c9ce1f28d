import Domain
import Store
import Wire

// Prices that follow demand. A beat looks at what the rules ask for; a price that moves makes a new version of its
// tariff in the same commit as the row that says why. Sessions keep the version that they began with.

extension CSMS {
  /// Adds a policy for a tariff, as a draft that moves nothing.
  public func addPolicy(_ policy: PricePolicy, for tariff: ID<Tariff>, by who: String) async throws(Refusal)
    -> KeptPolicy
  {
    try await turn { () throws(Refusal) in
      try self.check(policy, for: tariff)
      return try keep { () throws(StoreFault) in
        let made = try self.books.policies.create(policy, for: tariff, at: self.now)
        try self.record(.policyChanged(made.id.value, state: made.state.rawValue, by: who))
        return made
      }
    }
  }

  /// Changes its rules or its state. Going live or dry it begins at the tariff's price of that moment.
  /// - Parameter look: looks at what it is so far, and refuses where the change was made for something else.
  public func changePolicy(
    _ id: ID<PricePolicy>, to policy: PricePolicy?, state: KeptPolicy.State?, by who: String,
    looking look: @escaping @MainActor @Sendable (KeptPolicy) throws(Refusal) -> Void = { _ in }
  ) async throws(Refusal) -> KeptPolicy {
    try await turn { () throws(Refusal) in
      var kept = try self.policy(id)
      try look(kept)
      if let policy {
        try self.check(policy, for: kept.tariff)
        kept.policy = policy
      }
      if let state, state != kept.state {
        let other = try keep { () throws(StoreFault) in try self.books.policies.live(of: kept.tariff) }
        if state == .live, let other, other.id != id {
          throw .conflict("the tariff follows the policy \(other.policy.name)")
        }
        if state.isFollowed { kept.motion = try self.motion(of: kept) }
        // A live one moves the tariff as it is from now on.
        (kept.anchor, kept.made) = (nil, nil)
        kept.state = state
      }
      (kept.trouble, kept.updatedAt) = (nil, self.time(after: kept.updatedAt))
      let changed = kept
      return try keep { () throws(StoreFault) in
        try self.books.policies.save(changed)
        try self.record(.policyChanged(id.value, state: changed.state.rawValue, by: who))
        return changed
      }
    }
  }

  public func removePolicy(_ id: ID<PricePolicy>, by who: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let kept = try self.policy(id)
      guard kept.state != .live else { throw .conflict("it is live: pause it first") }
      try keep { () throws(StoreFault) in
        try self.books.policies.remove(id)
        try self.record(.policyChanged(id.value, state: "removed", by: who))
      }
    }
  }

  /// Day-ahead prices of an area.
  public func keepGridPrices(_ prices: [GridPrice], of area: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      try checkText(area, "area", 1...32)
      try keep { () throws(StoreFault) in
        try self.books.policies.keep(prices, of: area)
        guard let first = prices.map(\.start).min() else { return }
        try self.books.energyCosts.gridChanged(in: area, from: first)
        self.afterCommit { self.areCostsDue = true }
      }
    }
  }

  /// What a site has left of its sun, for a while.
  /// - Parameter look: looks at what was said last, and refuses where it is not what the caller knows.
  public func keepSurplus(
    _ kilowatts: Decimal, at location: ID<Location>, seconds: Int,
    looking look: @escaping @MainActor @Sendable (SiteSurplus?) throws(Refusal) -> Void = { _ in }
  ) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      guard try keep({ () throws(StoreFault) in try self.books.locations.location(location) }) != nil else {
        throw .notFound("no such location")
      }
      try look(keep { () throws(StoreFault) in try self.books.policies.surplus(of: location) })
      try keep { () throws(StoreFault) in
        try self.books.policies.keep(surplus: kilowatts, at: location, until: self.now + .seconds(seconds))
      }
    }
  }

  private func policy(_ id: ID<PricePolicy>) throws(Refusal) -> KeptPolicy {
    guard let kept = try keep({ () throws(StoreFault) in try self.books.policies.policy(id) }) else {
      throw .notFound("no such price policy")
    }
    return kept
  }

  private func check(_ policy: PricePolicy, for tariff: ID<Tariff>) throws(Refusal) {
    if let flaw = policy.check().first { throw .invalid(field: flaw.field, flaw.text) }
    guard let kept = try keep({ () throws(StoreFault) in try self.books.tariffs.tariff(tariff) }) else {
      throw .invalid(field: "tariff", "there is no tariff \(tariff)")
    }
    guard kept.tariff.energyPrice != nil else {
      throw .invalid(field: "tariff", "it has no price for energy that could move")
    }
    guard zones[policy.timeZone] != nil else { throw .invalid(field: "time_zone", "an IANA time zone is expected") }
    if let location = policy.location,
      try keep({ () throws(StoreFault) in try self.books.locations.location(ID(Int64(location))) }) == nil
    {
      throw .invalid(field: "location", "there is no location \(location)")
    }
  }

  private func motion(of kept: KeptPolicy) throws(Refusal) -> PriceMotion {
    let tariff = try keep { () throws(StoreFault) in try self.books.tariffs.tariff(kept.tariff)?.tariff }
    guard let price = tariff?.energyPrice else { throw .conflict("the tariff has no price for energy any more") }
    return PriceMotion(price: price)
  }

  // MARK: With each beat

  /// Once a minute, and when an announced price begins.
  var arePricesDue: Bool {
    let isTime = now - lastPriceLook >= .seconds(Limits.priceLookSeconds) || now < lastPriceLook
    return isTime || nextPriceAt.map { $0 <= now } ?? false
  }

  /// Looks at each price that is followed.
  func followPrices() throws(StoreFault) {
    var next: Timestamp?
    try each(try books.policies.followed(), of: "price policies") { kept throws(StoreFault) in
      let planned = try follow(kept)
      if let planned { next = min(next ?? planned, planned) }
    }
    let (looked, begins) = (now, next)
    afterCommit { (self.lastPriceLook, self.nextPriceAt) = (looked, begins) }
  }

  /// - Returns: when its announced price begins.
  private func follow(_ old: KeptPolicy) throws(StoreFault) -> Timestamp? {
    var kept = old
    guard let tariff = try books.tariffs.tariff(kept.tariff), let price = tariff.tariff.energyPrice,
      let zone = zones[kept.policy.timeZone]
    else {
      try trouble(&kept, "its tariff has no price for energy, or its time zone is not on this machine")
      return nil
    }
    // A price that the operator wrote meanwhile is where a live one goes on from.
    var motion = kept.motion ?? PriceMotion(price: price)
    if kept.state == .live, motion.price != price {
      motion = PriceMotion(price: price, changedAt: motion.changedAt, planned: motion.planned)
    }
    // And so is all else that they wrote; what the policy itself made of a tariff is none that it begins with.
    if kept.state == .live, kept.anchor == nil || tariff.version != kept.made {
      (kept.anchor, kept.made) = (tariff.version, tariff.version)
    }
    var anchor = tariff.tariff
    if let version = kept.anchor, version != tariff.version {
      anchor = try books.tariffs.tariff(kept.tariff, version: version) ?? anchor
    }
    let bounds = kept.policy.floor...max(kept.policy.floor, kept.policy.cap)
    let inputs = try inputs(of: kept.policy)
    let (target, rules) = kept.policy.target(at: zone.civil(at: now), inputs)
    var step = motion.look(target, by: kept.policy, at: now)
    // The operator may have written other prices of the tariff outside the bounds, or drawn these closer.
    if step == .stay, kept.state == .live, anchor.moved(to: price, within: bounds).elements != tariff.tariff.elements {
      step = .change(from: price, to: price)
    }
    guard step != .stay else {
      // A plan whose time came can end without a change, where the bounds or the operator were there before it.
      if motion != kept.motion || kept.anchor != old.anchor || kept.made != old.made {
        kept.motion = motion
        try books.policies.save(kept)
      }
      return motion.planned?.at
    }
    let why: JSON = [
      "occupancy_percent": inputs.occupancy.map { .string($0.description) } ?? .null,
      "grid_price": inputs.grid.map { .string($0.description) } ?? .null,
      "surplus_kw": inputs.surplus.map { .string($0.description) } ?? .null,
      "target": .string(target.description), "rules": .array(rules.map { .number(JSONNumber($0)) }),
    ]
    var move = PriceMove(at: now, kind: .announced, isLive: kept.state == .live, price: motion.price, why: why)
    switch step {
    case .stay: break
    case .announce(let plan): (move.price, move.begins) = (plan.price, plan.at)
    case .change(_, let new):
      (move.kind, move.price) = (.changed, new)
      if kept.state == .live {
        var next = tariff.tariff
        next.elements = anchor.moved(to: new, within: bounds).elements
        // A tariff that could not be sold is not made by a rule either.
        if let flaw = next.check().first(where: { $0.severity == .error }) {
          try trouble(&kept, "\(flaw.path): \(flaw.text)")
          return nil
        }
        move.version = try books.tariffs.update(kept.tariff, to: next, at: time(after: tariff.updatedAt))?.version
        kept.made = move.version
        try record(.tariffChanged(kept.tariff, by: "policy:\(kept.policy.name)"))
        try tariffMoved(kept.tariff)
        try showTariff(kept.tariff)
      }
    }
    try books.policies.append(move, to: kept.id)
    (kept.motion, kept.trouble) = (motion, nil)
    try books.policies.save(kept)
    return motion.planned?.at
  }

  private func trouble(_ kept: inout KeptPolicy, _ why: String) throws(StoreFault) {
    guard kept.trouble != why else { return }
    kept.trouble = why
    try books.policies.save(kept)
  }

  private func inputs(of policy: PricePolicy) throws(StoreFault) -> PricePolicy.Inputs {
    let location = policy.location.map { ID<Location>(Int64($0)) }
    var inputs = PricePolicy.Inputs()
    if policy.rules.contains(where: { $0.kind == .occupancy }) {
      inputs.occupancy = try books.policies.occupancy(at: location)
    }
    if let area = policy.area { inputs.grid = try books.policies.grid(of: area, at: now) }
    if policy.rules.contains(where: { $0.kind == .surplus }) {
      inputs.surplus = try books.policies.surplus(at: location, at: now)
    }
    return inputs
  }
}
