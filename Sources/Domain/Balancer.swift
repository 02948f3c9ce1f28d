import Wire

/// Keeps the cars of one site within its circuits: told what happens, it says which station is to allow what. What an
/// outlet may draw at this moment is its *hold*: the most of the limit that its station confirmed, of limits that are under
/// way or may be, and of what has not verifiably gone down yet. Only what no hold needs is given to somebody else, so in
/// no order of events, and with no station that lags or disobeys, is more given than there is.
public struct Balancer: Sendable {
  /// What holds for all sites.
  public struct Rules: Sendable, Equatable {
    /// Seconds in which a station and its car follow a limit that the station confirmed.
    public var reactionSeconds = 10
    /// Seconds after which a quick one has followed, and its meter is asked.
    public var lookSeconds = 3
    /// Seconds after which a car that charged lets one that waits.
    public var turnSeconds = 900
    /// An increase by less than this is no message worth.
    public var step = Current(tenthsOfAmpere: 5)
    /// By so much a car may draw more than its limit and count as keeping it.
    public var tolerance = Current(amperes: 1)
    /// What a car that draws less than it may is left beside what it draws, so that it can show that it wants more.
    public var headroom = Current(amperes: 2)
    /// Seconds after which a meter's word is old.
    public var meterSeconds = 180
    /// Seconds for which a load that fell still counts as it was: supply and cars are not measured at one moment.
    public var loadFallSeconds = 120
    /// Seconds between two tries with a station that said yes and did not keep a limit.
    public var retrySeconds = 60
    /// V between a line and neutral.
    public var volts = 230

    public init() {}
  }

  /// What a station is to allow from now on.
  public struct Order: Sendable, Equatable {
    public var evse: ID<EVSE>
    public var limit: Current
    /// Frees what others wait for: to be verified by a reading as soon as the station said yes.
    public var isDecrease: Bool
  }

  /// How one outlet stands, for people.
  public struct Place: Sendable, Equatable {
    public var evse: ID<EVSE>
    public var circuit: ID<Circuit>
    public var hasCar: Bool
    /// What its station confirmed.
    public var limit: Current
    /// What is aimed at.
    public var target: Current
    /// What is reserved, per line.
    public var hold: LineCurrents
    public var measured: LineCurrents?
    public var reason: ShareReason

    /// Why it gets what it gets.
    public var words: String { reason.words(for: explained) }

    /// The current that its reason is about.
    public var explained: Current {
      switch reason {
      case .offline, .uncontrolled, .refused, .takesNoLimits: hold.highest
      case .afterOthers, .free, .idle: limit
      case .asWanted, .asAllowed, .full, .departure, .waits, .belowLeast: target
      }
    }
  }

  /// How one circuit stands.
  public struct Level: Sendable, Equatable {
    public var circuit: ID<Circuit>
    /// What may flow now: the usable current, or a limit from outside.
    public var usable: Current
    /// What everything else takes.
    public var load: LineCurrents
    /// What is reserved for cars.
    public var hold: LineCurrents
    /// Whether something that is told of it from outside counts now.
    public var isMetered: Bool
  }

  public private(set) var circuits: [Circuit] = []
  private(set) var seats: [Seat] = []
  private var signals: [CircuitSignal] = []
  /// What holds whole stations from outside.
  private var stationMost: [ID<Station>: Current] = [:]
  /// The highest load of late, per circuit with a meter of its supply.
  private var peaks: [ID<Circuit>: (load: LineCurrents, at: Timestamp)] = [:]
  private var seatOf: [ID<EVSE>: Int] = [:]
  /// The circuits above each circuit and itself, by their places.
  private var paths: [[Int]] = []
  private var deepestFirst: [Int] = []
  private var rules: Rules
  private var isDirty = true
  private var lookedAt = Timestamp.epoch

  public init(rules: Rules = Rules()) { self.rules = rules }

  // MARK: What the operator says

  /// The wiring as it is now. An outlet that stays keeps how it stands.
  public mutating func arrange(_ circuits: [Circuit], _ outlets: [Outlet]) {
    self.circuits = circuits
    let byID = Dictionary(uniqueKeysWithValues: circuits.enumerated().map { ($1.id, $0) })
    paths = circuits.map { circuit in
      var path: [Int] = []
      var next: ID<Circuit>? = circuit.id
      while let id = next, let place = byID[id], path.count < Limits.circuitDepth {
        path.append(place)
        next = circuits[place].parent
      }
      return path
    }
    deepestFirst = circuits.indices.sorted { paths[$0].count > paths[$1].count }
    let before = seats
    seats = outlets.compactMap { outlet in
      guard let place = byID[outlet.circuit] else { return nil }
      var seat = seatOf[outlet.evse].map { before[$0] } ?? Seat(outlet)
      (seat.outlet, seat.circuit) = (outlet, place)
      seat.outlet.lines = paths[place].reduce(outlet.lines) { $0.intersection(circuits[$1].lines) }
      return seat.outlet.lines.isEmpty ? nil : seat
    }
    seatOf = Dictionary(uniqueKeysWithValues: seats.enumerated().map { ($1.outlet.evse, $0) })
    isDirty = true
  }

  /// What is told of a circuit from outside. A newer word of the same kind takes the place of the older one.
  public mutating func told(_ signal: CircuitSignal) {
    signals.removeAll { $0.circuit == signal.circuit && $0.kind == signal.kind }
    signals.append(signal)
    if signal.kind == .supply { estimateLoad(signal) }
    isDirty = true
  }

  public mutating func forget(_ kind: CircuitSignal.Kind, of circuit: ID<Circuit>) {
    signals.removeAll { $0.circuit == circuit && $0.kind == kind }
    if kind == .supply { peaks[circuit] = nil }
    isDirty = true
  }

  /// What a whole station may draw now, per line and over all its outlets, because somebody beside the house says so to
  /// it; nil where nobody does.
  public mutating func restrict(_ station: ID<Station>, to most: Current?) {
    guard stationMost[station] != most else { return }
    stationMost[station] = most
    isDirty = true
  }

  // MARK: What happens at an outlet

  /// A session began there, under the station's own default until it was told a limit.
  public mutating func began(_ evse: ID<EVSE>, _ need: ChargingNeed, at now: Timestamp) {
    change(evse) { seat in
      seat.car = Car(need: need, since: now)
      seat.limit = seat.hasFallback ? seat.outlet.fallback : seat.outlet.most
      (seat.asked, seat.settling, seat.rise, seat.isExpected, seat.needsWord) = (nil, nil, nil, false, false)
      // One car's draw proves nothing together with another one's.
      (seat.retryAt, seat.keptLimit) = (nil, nil)
    }
  }

  /// The books' word after a restart: what the station confirmed last, and what may be under way.
  public mutating func resume(_ evse: ID<EVSE>, limit: Current, underWay: Current?, at now: Timestamp) {
    change(evse) { seat in
      seat.limit = limit
      seat.doubt(of: underWay ?? limit, at: now)
      seat.needsWord = true
    }
  }

  public mutating func needs(_ evse: ID<EVSE>, _ need: ChargingNeed) {
    guard let place = seatOf[evse], let known = seats[place].car?.need, known != need else { return }
    change(evse) { $0.car?.need = need }
  }

  /// The car asks for power, or for none.
  public mutating func isIdle(_ evse: ID<EVSE>, _ isIdle: Bool) {
    guard let place = seatOf[evse], let known = seats[place].car?.isIdle, known != isIdle else { return }
    change(evse) { seat in
      seat.car?.isIdle = isIdle
      if !isIdle { seat.car?.wish = nil }
    }
  }

  public mutating func ended(_ evse: ID<EVSE>) {
    change(evse) { seat in
      (seat.car, seat.asked, seat.settling, seat.measured, seat.measuredAt) = (nil, nil, nil, nil, nil)
      (seat.needsWord, seat.isExpected, seat.retryAt) = (false, false, nil)
      seat.limit = seat.outlet.fallback
    }
  }

  /// Somebody plugged in, and a session may begin.
  public mutating func expects(_ evse: ID<EVSE>, _ isExpected: Bool) {
    guard let place = seatOf[evse], seats[place].isExpected != isExpected else { return }
    change(evse) { $0.isExpected = isExpected }
  }

  /// Whether the station has our default profile.
  public mutating func hasFallback(_ evse: ID<EVSE>, _ hasFallback: Bool) {
    change(evse) { $0.hasFallback = hasFallback }
  }

  public mutating func lost(_ evse: ID<EVSE>, at now: Timestamp) {
    guard let place = seatOf[evse], seats[place].isOnline else { return }
    change(evse) { seat in
      seat.isOnline = false
      if let asked = seat.asked { seat.doubt(of: asked.limit, at: asked.at) }
      seat.asked = nil
    }
  }

  /// It is back, and may have started anew without its profiles.
  public mutating func returned(_ evse: ID<EVSE>, at now: Timestamp) {
    guard let place = seatOf[evse], !seats[place].isOnline else { return }
    change(evse) { seat in
      seat.isOnline = true
      guard seat.car != nil else { return }
      seat.doubt(of: max(seat.limit, seat.outlet.fallback), at: now)
      seat.needsWord = true
    }
  }

  /// Its software may be another one, and know limits by now.
  public mutating func startedAnew(_ evse: ID<EVSE>) { change(evse) { $0.takesNoLimits = false } }

  // MARK: What the station answers

  public mutating func confirmed(_ evse: ID<EVSE>, at now: Timestamp) {
    let rules = rules
    change(evse) { seat in
      guard let asked = seat.asked else { return }
      let before = max(seat.limit, seat.settling?.limit ?? .zero)
      (seat.limit, seat.asked, seat.refusals, seat.refusesLess) = (asked.limit, nil, 0, false)
      if !seat.disobeyed { seat.retryAt = nil }
      if asked.limit > before { seat.rise = Rise(limit: asked.limit, until: now + .seconds(rules.reactionSeconds)) }
      if asked.limit < before {
        seat.settling = Settling(
          limit: before, orderedAt: asked.at, until: now + .seconds(rules.reactionSeconds))
      }
    }
  }

  public mutating func refused(_ evse: ID<EVSE>, at now: Timestamp) {
    let rules = rules
    change(evse) { seat in
      guard let asked = seat.asked else { return }
      seat.asked = nil
      // It goes on with what it has. To get no more costs nobody anything; that it takes no less must be reserved for.
      if asked.limit < seat.limit { seat.refusesLess = true }
      let pause = min(rules.reactionSeconds << min(seat.refusals, 9), 3_600)
      seat.refusals += 1
      seat.retryAt = now + .seconds(pause)
    }
  }

  /// The station said that it does not have what it was asked: what it goes on with is reserved for it, and nobody asks it
  /// again before it starts anew.
  public mutating func cannot(_ evse: ID<EVSE>) {
    change(evse) { ($0.asked, $0.takesNoLimits) = (nil, true) }
  }

  /// Nobody knows whether it took the limit.
  public mutating func silent(_ evse: ID<EVSE>, at now: Timestamp) {
    let rules = rules
    change(evse) { seat in
      guard let asked = seat.asked else { return }
      seat.doubt(of: asked.limit, at: asked.at)
      (seat.asked, seat.needsWord, seat.retryAt) = (nil, true, now + .seconds(rules.reactionSeconds))
    }
  }

  /// What the station's meter says now, on the station's own lines.
  public mutating func read(_ evse: ID<EVSE>, _ own: LineCurrents, at now: Timestamp) {
    guard let place = seatOf[evse] else { return }
    let rules = rules
    let isTrusted = paths[seats[place].circuit].contains { circuits[$0].trustsPhases }
    change(evse) { seat in
      guard var car = seat.car else { return }
      let measured = seat.outlet.rotation.placed(own)
      let draw = measured.highest
      (seat.measured, seat.measuredAt) = (measured, now)
      seat.judge(draw, at: now, by: rules)
      car.learn(draw, of: seat.limit, least: seat.least, by: rules)
      car.learnLines(measured, isTrusted: isTrusted)
      seat.car = car
    }
  }

  private mutating func change(_ evse: ID<EVSE>, _ edit: (inout Seat) -> Void) {
    guard let place = seatOf[evse] else { return }
    edit(&seats[place])
    isDirty = true
  }

  // MARK: What is to be done

  /// Whether something changed, or so much time passed that something may be due.
  public func isDue(at now: Timestamp) -> Bool {
    isDirty || now - lookedAt >= .seconds(rules.reactionSeconds) || now < lookedAt
  }

  /// What stations are to allow from now on; each order counts as under way until it is confirmed, refused or silent.
  public mutating func decide(at now: Timestamp) -> [Order] {
    (isDirty, lookedAt) = (false, now)
    signals.removeAll { $0.until <= now }
    for place in seats.indices { seats[place].settle(at: now, by: rules) }
    let rooms = rooms(at: now)
    let shares = share(within: rooms, at: now)
    var ledger = Ledger(rooms, seats)
    var orders: [Order] = []
    for (place, target) in shares { lower(place, to: target, in: &ledger, &orders, at: now) }
    // Those that stand still come before those that want more.
    let (still, moving) = (shares.filter { isStill($0.place) }, shares.filter { !isStill($0.place) })
    for (place, target) in still + moving { raise(place, to: target, in: &ledger, &orders, at: now) }
    for place in seats.indices where seats[place].isToRepeat(at: now) {
      order(place, seats[place].trial(by: rules), isDecrease: true, &orders, at: now)
      seats[place].retryAt = now + .seconds(rules.retrySeconds)
    }
    return orders
  }

  private mutating func lower(
    _ place: Int, to target: Int, in ledger: inout Ledger, _ orders: inout [Order], at now: Timestamp
  ) {
    guard seats[place].asked == nil else { return }
    let limit = seats[place].limit.tenthsOfAmpere
    let isRepeat = seats[place].needsWord && target <= limit
    guard target < limit || isRepeat else { return }
    // A little less where nobody is short of it is no message worth; what stays is held all the same.
    let isLittle = limit - target < rules.step.tenthsOfAmpere
    if isLittle, !isRepeat, target >= seats[place].least.tenthsOfAmpere, !ledger.isOver(place, seats) { return }
    order(place, Current(tenthsOfAmpere: target), isDecrease: true, &orders, at: now)
  }

  private mutating func raise(
    _ place: Int, to target: Int, in ledger: inout Ledger, _ orders: inout [Order], at now: Timestamp
  ) {
    let limit = seats[place].limit.tenthsOfAmpere
    guard seats[place].asked == nil, (seats[place].retryAt ?? now) <= now, target > limit || seats[place].needsWord
    else { return }
    let seat = seats[place]
    let hold = seat.holdCurrent.tenthsOfAmpere
    let room = ledger.room(place, seats)
    let grant = min(target, hold + max(0, room))
    guard grant > limit || seat.needsWord else { return wait(place) }
    guard grant >= seat.least.tenthsOfAmpere || grant == target else { return wait(place) }
    let isWorthIt = grant - limit >= rules.step.tenthsOfAmpere || limit < seat.least.tenthsOfAmpere
    guard isWorthIt || seat.needsWord else { return }
    if grant < target { wait(place) }
    order(place, Current(tenthsOfAmpere: grant), isDecrease: grant < limit, &orders, at: now)
    ledger.take(max(0, grant - hold), for: place, seats)
  }

  private mutating func wait(_ place: Int) { seats[place].reason = .afterOthers }

  private func isStill(_ place: Int) -> Bool { seats[place].current < seats[place].least }

  private mutating func order(
    _ place: Int, _ limit: Current, isDecrease: Bool, _ orders: inout [Order], at now: Timestamp
  ) {
    seats[place].asked = Asked(limit: limit, at: now)
    (seats[place].needsWord, seats[place].retryAt) = (false, nil)
    orders.append(Order(evse: seats[place].outlet.evse, limit: limit, isDecrease: isDecrease))
  }

  /// Outlets whose stations may have gone down by now, or whose cars began and were not measured yet: a reading must
  /// say what they draw.
  public func unverified(at now: Timestamp) -> [ID<EVSE>] {
    seats.indices.compactMap { seats[$0].isUnverified(at: now, by: rules) ? seats[$0].outlet.evse : nil }
  }

  // MARK: How it stands

  public func places(at now: Timestamp) -> [Place] {
    seats.map { seat in
      Place(
        evse: seat.outlet.evse, circuit: seat.outlet.circuit, hasCar: seat.car != nil, limit: seat.limit,
        target: Current(tenthsOfAmpere: seat.target), hold: seat.hold, measured: seat.measured, reason: seat.reason)
    }
  }

  public func levels(at now: Timestamp) -> [Level] {
    let loads = loads(at: now)
    var holds = Array(repeating: LineCurrents.zero, count: circuits.count)
    for seat in seats {
      for place in paths[seat.circuit] { holds[place] = holds[place] + seat.hold }
    }
    return circuits.indices.map { place in
      Level(
        circuit: circuits[place].id, usable: usable(place, at: now).highest, load: loads[place], hold: holds[place],
        isMetered: signals.contains { $0.circuit == circuits[place].id && $0.kind != .limit && $0.until > now })
    }
  }
}

extension Balancer.Level {
  /// By how much what is reserved and what else flows is more than may flow, on the line on which it is most.
  public var excess: Current {
    let flowing = load + hold
    return (0..<3).reduce(Current.zero) { max($0, flowing[$1] - usable) }
  }
}

// MARK: - The room

extension Balancer {
  private func signal(_ kind: CircuitSignal.Kind, of place: Int, at now: Timestamp) -> CircuitSignal? {
    signals.first { $0.kind == kind && $0.circuit == circuits[place].id && $0.until > now }
  }

  private func usable(_ place: Int, at now: Timestamp) -> LineCurrents {
    let circuit = circuits[place]
    let own = LineCurrents(circuit.usable, on: circuit.lines)
    guard let limit = signal(.limit, of: place, at: now)?.currents else { return own }
    return LineCurrents(min(own.l1, limit.l1), min(own.l2, limit.l2), min(own.l3, limit.l3))
  }

  /// What everything else takes of each circuit: as it was told, as it follows from the supply, or as it is assumed. What
  /// flows in a circuit below flows here too, and stands there.
  private func loads(at now: Timestamp) -> [LineCurrents] {
    var loads = circuits.indices.map { place -> LineCurrents in
      let circuit = circuits[place]
      if let told = signal(.building, of: place, at: now) { return told.currents }
      if signal(.supply, of: place, at: now) != nil, let peak = peaks[circuit.id] { return peak.load }
      return LineCurrents(circuit.assumedLoad, on: circuit.lines)
    }
    // Without a meter of its own a feeder carries at least what the circuits below it are known to take.
    for place in deepestFirst where paths[place].count > 1 {
      let feeder = paths[place][1]
      guard signal(.building, of: feeder, at: now) == nil, signal(.supply, of: feeder, at: now) == nil else { continue }
      loads[feeder] = loads[feeder] + loads[place]
    }
    return loads
  }

  /// What flows besides the cars: the supply less what the cars draw for certain.
  private mutating func estimateLoad(_ supply: CircuitSignal) {
    guard let number = circuits.firstIndex(where: { $0.id == supply.circuit }) else { return }
    var load = supply.currents
    for seat in seats where paths[seat.circuit].contains(number) {
      guard let measured = seat.measured, let at = seat.measuredAt, supply.at - at < .seconds(rules.meterSeconds) else {
        continue
      }
      for line in 0..<3 { load[line] = load[line] - min(measured[line], seat.limit) }
    }
    load = load.most(.zero)
    guard let peak = peaks[supply.circuit], supply.at - peak.at < .seconds(rules.loadFallSeconds) else {
      return peaks[supply.circuit] = (load, supply.at)
    }
    let highest = peak.load.most(load)
    peaks[supply.circuit] = (highest, highest == peak.load ? peak.at : supply.at)
  }

  /// What cars may have of each bound: circuits first, in their order, then stations, then the sun.
  fileprivate struct Rooms {
    var bounds: [PowerSharing.Bound]
    /// The bounds of each seat.
    var above: [[Int]]
    /// The bound of the sun for each seat whose site has one.
    var sun: [Int?]
  }

  private func rooms(at now: Timestamp) -> Rooms {
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
  fileprivate struct Ledger {
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
  private mutating func share(within rooms: Rooms, at now: Timestamp) -> [(place: Int, target: Int)] {
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
