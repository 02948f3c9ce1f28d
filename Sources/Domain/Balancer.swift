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
    /// Seconds in which a station that is back tells of what happened while its line was lost: it sends one message after
    /// the other, and waits a while where one fails.
    public var queueSeconds = 300
    /// Seconds after which a car that was given power and takes none is believed to want none.
    public var wakeSeconds = 120
    /// Seconds for which the highest load of a circuit is kept at most, for the time in which its meter is silent; half of
    /// it at least.
    public var loadMemorySeconds = 86_400
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
    /// Its station takes limits in watts alone, and no meter has shown yet on how many lines its car draws them.
    public var isUnmeasured = false

    /// Why it gets what it gets.
    public var words: String {
      let words = reason.words(for: explained)
      guard isUnmeasured, explained > .zero else { return words }
      return words + "; counted on one line, because its station takes watts"
        + " and no meter shows yet how many its car uses"
    }

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
    public var usable: LineCurrents
    /// What everything else takes.
    public var load: LineCurrents
    /// What is reserved for cars.
    public var hold: LineCurrents
    /// Whether something that is told of it from outside counts now.
    public var isMetered: Bool
  }

  public private(set) var circuits: [Circuit] = []
  var seats: [Seat] = []
  var signals: [CircuitSignal] = []
  /// What holds whole stations from outside.
  var stationMost: [ID<Station>: Current] = [:]
  /// The highest load of late, per circuit with a meter of its supply.
  var peaks: [ID<Circuit>: (load: LineCurrents, at: Timestamp)] = [:]
  /// The highest load of each circuit with a meter.
  public internal(set) var highLoads: [ID<Circuit>: HighLoad] = [:]
  private var seatOf: [ID<EVSE>: Int] = [:]
  /// The circuits above each circuit and itself, by their places.
  var paths: [[Int]] = []
  var deepestFirst: [Int] = []
  var rules: Rules
  private var isDirty = true
  private var lookedAt = Timestamp.epoch

  public init(rules: Rules = Rules()) { self.rules = rules }

  // MARK: What the operator says

  /// The wiring as it is now. An outlet that stays keeps how it stands.
  /// - Returns: the EVSEs that have an outlet now and had none before, of which nothing is known here.
  @discardableResult
  public mutating func arrange(_ circuits: [Circuit], _ outlets: [Outlet]) -> Set<ID<EVSE>> {
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
    var new: Set<ID<EVSE>> = []
    seats = outlets.compactMap { outlet in
      guard let place = byID[outlet.circuit] else { return nil }
      var seat = seatOf[outlet.evse].map { before[$0] } ?? Seat(outlet)
      if seatOf[outlet.evse] == nil { new.insert(outlet.evse) }
      (seat.outlet, seat.circuit) = (outlet, place)
      let wired = paths[place].reduce(Lines.all) { $0.intersection(circuits[$1].lines) }
      // A car is in the account of each circuit above it. Where nobody knows on which lines, it is on all of them.
      seat.outlet.lines = outlet.lines.isDisjoint(with: wired) ? wired : outlet.lines.intersection(wired)
      return seat
    }
    seatOf = Dictionary(uniqueKeysWithValues: seats.enumerated().map { ($1.outlet.evse, $0) })
    for place in seats.indices { seats[place].leastUnmeasured = leastUnmeasured(place) }
    highLoads = highLoads.filter { byID[$0.key] != nil }
    isDirty = true
    return new
  }

  /// What is told of a circuit from outside. A newer word of the same kind takes the place of the older one.
  /// - Parameter isNew: false where it was told before, as after a restart.
  public mutating func told(_ signal: CircuitSignal, isNew: Bool = true) {
    signals.removeAll { $0.circuit == signal.circuit && $0.kind == signal.kind }
    signals.append(signal)
    switch signal.kind {
    case .supply: estimateLoad(signal, isNew: isNew)
    case .building: highLoads[signal.circuit, default: HighLoad()].take(signal.currents, at: signal.at, by: rules)
    case .limit, .surplus: break
    }
    isDirty = true
  }

  public mutating func forget(_ kind: CircuitSignal.Kind, of circuit: ID<Circuit>) {
    signals.removeAll { $0.circuit == circuit && $0.kind == kind }
    if kind == .supply { peaks[circuit] = nil }
    if !signals.contains(where: { $0.circuit == circuit && $0.kind.isMeter }) { highLoads[circuit] = nil }
    isDirty = true
  }

  /// The books' word after a restart: the highest load of late.
  public mutating func remember(_ load: HighLoad, of circuit: ID<Circuit>) {
    highLoads[circuit] = load
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
      seat.toldLines = seat.wattLines(of: seat.limit)
      (seat.catchesUpUntil, seat.chargeableSince) = (nil, seat.limit >= seat.least ? now : nil)
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
      seat.chargeableSince = limit >= seat.least ? now : nil
    }
  }

  /// A station there was seen to disobey before this start of the house, or before it was wired here.
  public mutating func disobeys(_ evse: ID<EVSE>) { change(evse) { $0.disobeyed = true } }

  /// Where stations were seen to disobey, and not to follow since.
  public var disobeying: Set<ID<EVSE>> { Set(seats.filter(\.disobeyed).map(\.outlet.evse)) }

  /// Somebody else's profile may hold there in the place of ours until the station is told again.
  public mutating func mayFollow(_ evse: ID<EVSE>, _ other: Current, at now: Timestamp) {
    guard let place = seatOf[evse], seats[place].car != nil else { return }
    change(evse) { seat in
      seat.doubt(of: min(other, seat.outlet.most), at: now)
      seat.needsWord = true
    }
  }

  /// Whether the station there takes limits in watts alone; nil where it takes amperes.
  public mutating func takesWatts(_ evse: ID<EVSE>, _ watts: Watts?) {
    guard let place = seatOf[evse], seats[place].watts != watts else { return }
    change(evse) { seat in
      seat.watts = watts
      seat.toldLines = seat.wattLines(of: seat.limit)
    }
    seats[place].leastUnmeasured = leastUnmeasured(place)
  }

  /// On how many lines a limit there is counted that is told in watts; nil where it was not heard yet that it is.
  public func wattLines(_ evse: ID<EVSE>, of limit: Current) -> Int? {
    guard let place = seatOf[evse], seats[place].watts != nil else { return nil }
    return seats[place].wattLines(of: limit)
  }

  /// On how many lines at most the watts were counted that its station follows; nil where it was told amperes.
  public func toldLines(at evse: ID<EVSE>) -> Int? {
    guard let place = seatOf[evse], let watts = seats[place].watts, seats[place].car != nil else { return nil }
    let isOpen = seats[place].asked != nil || seats[place].settling != nil
    return isOpen ? watts.phases : seats[place].toldLines
  }

  /// Less than a car charges with on all lines is too little for one that may need them all: who has a switch to one line
  /// is asked to use it.
  public func wantsOneLine(_ evse: ID<EVSE>, at limit: Current) -> Bool {
    guard let place = seatOf[evse], let watts = seats[place].watts else { return false }
    let seat = seats[place]
    return watts.phases > 1 && seat.wattLines(of: limit) == 1
      && limit.tenthsOfAmpere < seat.ownLeast.tenthsOfAmpere * watts.phases
  }

  /// A reading shows on how many lines its car charges. Where its limit was told as the watts of more, all of them may
  /// flow there until the station is told again.
  public mutating func uses(_ evse: ID<EVSE>, lines used: Int, at now: Timestamp) {
    guard let place = seatOf[evse], seats[place].watts != nil, seats[place].car != nil,
      seats[place].car?.usedLines != used, used > 0
    else { return }
    let (limit, lines, asked) = (seats[place].limit, seats[place].toldLines, seats[place].asked)
    // What it drew of a limit that was told as fewer watts does not say what it wants.
    change(evse) { seat in
      guard var car = seat.car else { return }
      (car.usedLines, car.wish, car.lowReadings) = (used, nil, 0)
      seat.car = car
    }
    guard used != (asked?.lines ?? lines) else { return }
    let most = max(limit.tenthsOfAmpere * lines, asked.map { $0.limit.tenthsOfAmpere * $0.lines } ?? 0)
    mayFollow(evse, max(limit, Current(tenthsOfAmpere: most / used)), at: now)
  }

  /// With its least on all lines an unmeasured car charges for certain; where its circuits do not have as much, with its
  /// least on one, if it can do that.
  private func leastUnmeasured(_ place: Int) -> Current? {
    let seat = seats[place]
    guard let watts = seat.watts else { return nil }
    let whole = Current(tenthsOfAmpere: seat.outlet.least.tenthsOfAmpere * min(watts.phases, seat.outlet.lines.count))
    let most = paths[seat.circuit].reduce(min(seat.outlet.most, seat.outlet.stationMost ?? seat.outlet.most)) {
      min($0, circuits[$1].usable)
    }
    return whole <= most ? whole : nil
  }

  public mutating func needs(_ evse: ID<EVSE>, _ need: ChargingNeed) {
    guard let place = seatOf[evse], let known = seats[place].car?.need, known != need else { return }
    change(evse) { $0.car?.need = need }
  }

  /// What the station says of its car, in a word that it said then. Some say of a car that they keep waiting that it asks
  /// for nothing: that counts only where the car could have charged.
  public mutating func says(_ evse: ID<EVSE>, isIdle: Bool, since word: Timestamp, at now: Timestamp) {
    guard let place = seatOf[evse] else { return }
    let seat = seats[place]
    guard isIdle, seat.car?.isIdle == false else { return self.isIdle(evse, isIdle) }
    guard let since = seat.chargeableSince, word >= since || now - since >= .seconds(rules.wakeSeconds) else { return }
    self.isIdle(evse, true)
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
      (seat.needsWord, seat.isExpected, seat.retryAt, seat.chargeableSince) = (false, false, nil, nil)
      seat.limit = seat.outlet.fallback
    }
  }

  /// Somebody plugged in, and a session may begin, or runs that nobody told of yet.
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

  /// It is back, and may have started anew without its profiles; a car that came meanwhile it tells of later.
  public mutating func returned(_ evse: ID<EVSE>, at now: Timestamp) {
    guard let place = seatOf[evse], !seats[place].isOnline else { return }
    let rules = rules
    change(evse) { seat in
      seat.isOnline = true
      seat.catchesUpUntil = now + .seconds(rules.queueSeconds)
      guard seat.car != nil else { return }
      seat.doubt(of: max(seat.limit, seat.hasFallback ? seat.outlet.fallback : seat.outlet.most), at: now)
      seat.needsWord = true
    }
  }

  /// The station itself says how its EVSE stands now: no car is there that it kept to itself.
  public mutating func spoke(_ evse: ID<EVSE>) {
    guard let place = seatOf[evse], seats[place].car == nil else { return }
    change(evse) { ($0.isOnline, $0.catchesUpUntil) = (true, nil) }
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
      seat.toldLines = asked.lines
      seat.chargeableSince = asked.limit >= seat.least ? seat.chargeableSince ?? now : nil
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

  /// What flows there per line at least and at most, where its meter does not say on which lines: sometimes enough to see
  /// that a station gives more than it said, or that it does not.
  public mutating func read(_ evse: ID<EVSE>, between least: Current, and most: Current, at now: Timestamp) {
    guard let place = seatOf[evse], seats[place].car != nil else { return }
    let kept = seats[place].limit + rules.tolerance
    guard least > kept || most <= kept else { return }
    let rules = rules
    change(evse) { $0.judge(least, at: now, by: rules) }
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
    // A meter that fell silent is not one that was taken away.
    signals.removeAll { $0.until <= now && !$0.kind.isMeter }
    for place in seats.indices { seats[place].believe(at: now, by: rules) }
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
    seats[place].asked = Asked(limit: limit, at: now, lines: seats[place].wattLines(of: limit))
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
        target: Current(tenthsOfAmpere: seat.target), hold: seat.hold, measured: seat.measured, reason: seat.reason,
        isUnmeasured: seat.isUnmeasured)
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
        circuit: circuits[place].id, usable: usable(place, at: now), load: loads[place], hold: holds[place],
        isMetered: signals.contains { $0.circuit == circuits[place].id && $0.kind != .limit && $0.until > now })
    }
  }
}
