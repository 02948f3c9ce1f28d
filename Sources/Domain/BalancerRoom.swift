import Wire

// What may flow in the circuits of a site at this moment, what everything else takes of it, and how the rest is shared.

extension Balancer.Level {
  /// By how much what is reserved and what else flows is more than may flow, on the line on which it is most.
  public var excess: Current {
    let flowing = load + hold
    return (0..<3).reduce(Current.zero) { max($0, flowing[$1] - usable[$1]) }
  }
}

extension Balancer {
  /// The highest load of a circuit of late: of the half day that lasts, and of the one before.
  public struct HighLoad: Sendable, Equatable {
    public var current = LineCurrents.zero
    public var before = LineCurrents.zero
    public var since = Timestamp.epoch

    public init() {}

    public init(current: LineCurrents, before: LineCurrents, since: Timestamp) {
      (self.current, self.before, self.since) = (current, before, since)
    }

    public var highest: LineCurrents { current.most(before) }

    mutating func take(_ load: LineCurrents, at now: Timestamp, by rules: Rules) {
      let half = rules.loadMemorySeconds / 2
      let passed = now.seconds(since: since)
      guard passed >= half else { return current = current.most(load) }
      (before, current, since) = (passed < 2 * half ? current : .zero, load, now)
    }
  }

  /// Circuits whose meter was heard and is silent, with the moment from which its word did not count any more.
  public func silentMeters(at now: Timestamp) -> [ID<Circuit>: Timestamp] {
    var silent: [ID<Circuit>: Timestamp] = [:]
    for signal in signals where signal.kind.isMeter && !hasMeter(signal.circuit, at: now) {
      silent[signal.circuit] = max(silent[signal.circuit] ?? .epoch, signal.until)
    }
    return silent
  }

  private func hasMeter(_ circuit: ID<Circuit>, at now: Timestamp) -> Bool {
    signals.contains { $0.circuit == circuit && $0.kind.isMeter && $0.until > now }
  }
}

extension Balancer {
  private func signal(_ kind: CircuitSignal.Kind, of place: Int, at now: Timestamp) -> CircuitSignal? {
    signals.first { $0.kind == kind && $0.circuit == circuits[place].id && $0.until > now }
  }

  func usable(_ place: Int, at now: Timestamp) -> LineCurrents {
    let circuit = circuits[place]
    let own = LineCurrents(circuit.usable, on: circuit.lines)
    guard let limit = signal(.limit, of: place, at: now)?.currents else { return own }
    return LineCurrents(min(own.l1, limit.l1), min(own.l2, limit.l2), min(own.l3, limit.l3))
  }

  /// What everything else takes of each circuit: as it was told, as it follows from the supply, or as it is assumed. What
  /// flows in a circuit below flows here too, and stands there.
  func loads(at now: Timestamp) -> [LineCurrents] {
    let silent = silentMeters(at: now)
    var loads = circuits.indices.map { place -> LineCurrents in
      let circuit = circuits[place]
      if let told = signal(.building, of: place, at: now) { return told.currents }
      if signal(.supply, of: place, at: now) != nil, let peak = peaks[circuit.id] { return peak.load }
      let assumed = LineCurrents(circuit.assumedLoad, on: circuit.lines)
      // What its meter saw of late may flow again while it is silent.
      guard silent[circuit.id] != nil, let high = highLoads[circuit.id]?.highest else { return assumed }
      return assumed.most(high)
    }
    // Without a meter of its own a feeder carries at least what the circuits below it are known to take.
    for place in deepestFirst where paths[place].count > 1 {
      let feeder = paths[place][1]
      let id = circuits[feeder].id
      guard !hasMeter(id, at: now), silent[id] == nil || highLoads[id] == nil else { continue }
      loads[feeder] = loads[feeder] + loads[place]
    }
    return loads
  }

  /// What flows besides the cars: the supply less what the cars draw for certain.
  mutating func estimateLoad(_ supply: CircuitSignal, isNew: Bool) {
    guard let number = circuits.firstIndex(where: { $0.id == supply.circuit }) else { return }
    var load = supply.currents
    // What cars may have taken of it that were told something else just then is no load to remember.
    var leastLoad = supply.currents
    for seat in seats where paths[seat.circuit].contains(number) {
      guard let measured = seat.measured, let at = seat.measuredAt, supply.at - at < .seconds(rules.meterSeconds) else {
        leastLoad = leastLoad - seat.hold
        continue
      }
      for line in 0..<3 { load[line] = load[line] - min(measured[line], seat.limit) }
      leastLoad = leastLoad - (seat.isSteady ? measured : seat.hold)
    }
    load = load.most(.zero)
    if isNew {
      highLoads[supply.circuit, default: HighLoad()].take(leastLoad.most(.zero), at: supply.at, by: rules)
    }
    guard let peak = peaks[supply.circuit], supply.at - peak.at < .seconds(rules.loadFallSeconds) else {
      return peaks[supply.circuit] = (load, supply.at)
    }
    let highest = peak.load.most(load)
    peaks[supply.circuit] = (highest, highest == peak.load ? peak.at : supply.at)
  }

  /// What cars may have of each bound: circuits first, in their order, then stations, then the sun.
  struct Rooms {
    var bounds: [PowerSharing.Bound]
    /// The bounds of each seat.
    var above: [[Int]]
    /// The bound of the sun for each seat whose site has one.
    var sun: [Int?]
  }

  func rooms(at now: Timestamp) -> Rooms {
    let loads = loads(at: now)
    var bounds = circuits.indices.map { place in
      let (usable, name) = (usable(place, at: now), circuits[place].name)
      let isLimited = usable != LineCurrents(circuits[place].usable, on: circuits[place].lines)
      return PowerSharing.Bound(
        name: isLimited ? .limitedCircuit(name) : .circuit(name), room: (usable - loads[place]).tenths)
    }
    var above = seats.indices.map { paths[seats[$0].circuit] }
    var stations: [ID<Station>: Int] = [:]
    for place in seats.indices {
      let station = seats[place].outlet.station
      let (own, told) = (seats[place].outlet.stationMost, stationMost[station])
      guard let most = own.map({ min($0, told ?? $0) }) ?? told else { continue }
      let isLimited = most != own
      let bound = stations[station] ?? bounds.count
      if bound == bounds.count {
        stations[station] = bound
        bounds.append(
          PowerSharing.Bound(name: isLimited ? .limitedStation : .station, room: SIMD3(repeating: most.tenthsOfAmpere)))
      }
      above[place].insert(bound, at: 0)
    }
    var suns: [Int: Int] = [:]
    let sun = seats.indices.map { place -> Int? in
      guard seats[place].car?.need.isSunOnly == true else { return nil }
      let path = paths[seats[place].circuit]
      guard let root = path.last else { return nil }
      if let known = suns[root] { return known }
      suns[root] = bounds.count
      let surplus = path.compactMap { signal(.surplus, of: $0, at: now) }.first
      bounds.append(
        PowerSharing.Bound(
          name: .sun, room: SIMD3(repeating: .max / 2),
          total: surplus?.currents.l1.tenthsOfAmpere ?? 0))
      return bounds.count - 1
    }
    return Rooms(bounds: bounds, above: above, sun: sun)
  }

  /// What is left of each bound beside all holds.
  struct Ledger {
    private var room: [SIMD3<Int>]
    private let above: [[Int]]

    init(_ rooms: Rooms, _ seats: [Seat]) {
      room = rooms.bounds.map(\.room)
      above = rooms.above
      for place in seats.indices {
        let hold = seats[place].hold.tenths
        for bound in above[place] { room[bound] &-= hold }
      }
    }

    func room(_ place: Int, _ seats: [Seat]) -> Int {
      var least = Int.max
      let lines = seats[place].lines
      for bound in above[place] {
        for line in 0..<3 where lines.has(line) { least = min(least, room[bound][line]) }
      }
      return least
    }

    func isOver(_ place: Int, _ seats: [Seat]) -> Bool { room(place, seats) < 0 }

    mutating func take(_ current: Int, for place: Int, _ seats: [Seat]) {
      let lines = seats[place].lines
      for bound in above[place] {
        for line in 0..<3 where lines.has(line) { room[bound][line] -= current }
      }
    }
  }

  // MARK: The shares

  /// What each car that can be told something is to have; who cannot is reserved for.
  mutating func share(within rooms: Rooms, at now: Timestamp) -> [(place: Int, target: Int)] {
    var bounds = rooms.bounds
    var claims: [PowerSharing.Claim] = []
    var claimants: [Int] = []
    for place in seats.indices {
      guard seats[place].isControlled(at: now), let car = seats[place].car else {
        let hold = seats[place].hold
        for bound in rooms.above[place] { bounds[bound].room &-= hold.tenths }
        seats[place].reason = seats[place].reasonUncontrolled
        seats[place].target = hold.highest.tenthsOfAmpere
        continue
      }
      var above = rooms.above[place]
      if let sun = rooms.sun[place] { above.append(sun) }
      let weight = (car.need.priority + 1) * (circuits[seats[place].circuit].priority + 1)
      claims.append(seats[place].claim(of: car, weight: weight, within: above, at: now, by: rules))
      claimants.append(place)
    }
    let sharing = PowerSharing(claims, within: bounds)
    return claimants.enumerated().map { number, place in
      seats[place].reason = seats[place].named(sharing.reasons[number], for: sharing.currents[number])
      seats[place].target = sharing.currents[number]
      seats[place].takesTurn(isOn: sharing.currents[number] > 0, at: now)
      return (place, sharing.currents[number])
    }
  }
}
