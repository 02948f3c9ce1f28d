import Wire

/// Shares the power of a site among its cars at one moment: each gets its least current or waits for its turn, those that
/// must leave get what they need first, and what is left is shared by weight until every car or every bound above it is
/// full. It knows nothing of stations that lag; that is the `Balancer`'s part.
struct PowerSharing {
  /// Something that bounds the sum of what hangs below it: a circuit, a station, the sun.
  struct Bound {
    var name: ShareBound
    /// Tenths of an ampere that are left on each line.
    var room: SIMD3<Int>
    /// And over all lines together; nil where only lines count.
    var total: Int?
  }

  /// What one car could take, in tenths of an ampere per line.
  struct Claim {
    var lines: Lines
    var least: Int
    var most: Int
    /// What it must have on average to leave in time; 0 for a car without a departure.
    var floor = 0
    var weight = 1
    /// Seconds until it leaves, and for which it could still get nothing and leave in time; `.max` without a departure.
    var stay = Int.max
    var laxity = Int.max
    /// Asks for nothing now, and gets its least at the end so that it can begin again.
    var isIdle = false
    var turn = Turn.waiting(since: 0)
    /// What bounds it, by the numbers of the bounds, from its own station up to the supply.
    var bounds: [Int]
  }

  /// Where a car stands among those that take turns.
  enum Turn {
    /// Charges, and others that wait let it.
    case lasting
    case waiting(since: Int64)
    /// Charged as long as a turn lasts: goes on where nobody waits.
    case over(since: Int64)

    /// Those that come first have the smaller one.
    var order: (Int, Int64) {
      switch self {
      case .lasting: (0, 0)
      case .waiting(let since): (1, since)
      case .over(let since): (2, -since)
      }
    }
  }

  private(set) var currents: [Int]
  private(set) var reasons: [ShareReason]
  private var bounds: [Bound]
  private let claims: [Claim]

  init(_ claims: [Claim], within bounds: [Bound]) {
    self.claims = claims
    self.bounds = bounds
    currents = Array(repeating: 0, count: claims.count)
    reasons = Array(repeating: .asWanted, count: claims.count)
    let charging = admit()
    fillFloors(charging)
    fillRest(charging)
    wakeIdle()
  }

  // MARK: The least

  /// In the order of need and turns each gets its least current, or waits. Returns those that charge, the neediest first.
  private mutating func admit() -> [Int] {
    let wanting = claims.indices.filter { !claims[$0].isIdle && claims[$0].most >= claims[$0].least }
    let order = wanting.sorted { claims[$0].comes(before: claims[$1]) ?? ($0 < $1) }
    var charging: [Int] = []
    for place in order {
      if let full = firstFull(claims[place], for: claims[place].least) {
        reasons[place] = .waits(bound: bounds[full].name)
      } else {
        // Who cannot wait any more gets what it needs before another one begins.
        let isTense = claims[place].isTense
        let need = isTense ? min(claims[place].floor, claims[place].most, room(for: claims[place])) : 0
        give(max(claims[place].least, need), to: place)
        charging.append(place)
      }
    }
    for place in claims.indices where !claims[place].isIdle && claims[place].most < claims[place].least {
      reasons[place] = .belowLeast
    }
    return charging
  }

  // MARK: Departures

  /// Raises each that must leave to what it needs on average. Where they cannot all have that, averages are no plan any
  /// more, and the one that leaves first takes all it can, then the next; those that cannot wait come before those that can.
  /// The time that they have to spare gives no order: whoever charges gains some on the others, and they would take turns at
  /// each look.
  private mutating func fillFloors(_ charging: [Int]) {
    let leaving = charging.filter { claims[$0].floor > 0 }.sorted {
      claims[$0].leaves(before: claims[$1]) ?? ($0 < $1)
    }
    let before = (currents, bounds)
    var isShort = false
    for place in leaving where claims[place].floor > currents[place] {
      let wish = min(claims[place].floor, claims[place].most) - currents[place]
      let gift = min(wish, room(for: claims[place]))
      give(gift, to: place)
      if gift < wish { isShort = true }
    }
    guard isShort else { return }
    (currents, bounds) = before
    for place in leaving {
      let wish = claims[place].most - currents[place]
      let gift = min(wish, room(for: claims[place]))
      if gift > 0 { give(gift, to: place) }
      reasons[place] = .departure
    }
  }

  // MARK: The rest

  /// Progressive filling: all grow together, each by its weight, until one has all it can take or a bound above it is
  /// full; that one stays, and the others go on.
  private mutating func fillRest(_ charging: [Int]) {
    var growing = charging
    while !growing.isEmpty {
      growing.removeAll { place in
        guard currents[place] < claims[place].most else {
          if reasons[place] != .departure { reasons[place] = .asWanted }
          return true
        }
        return false
      }
      guard !growing.isEmpty else { return }
      // The weight that draws on each bound, per line and in all.
      var pull = Array(repeating: 0, count: bounds.count * 4)
      for place in growing {
        let (lines, weight) = (claims[place].lines, claims[place].weight)
        for bound in claims[place].bounds {
          for line in 0..<3 where lines.has(line) { pull[bound * 4 + line] += weight }
          pull[bound * 4 + 3] += weight * lines.count
        }
      }
      var step = growing.reduce(Int.max) {
        min($0, (claims[$1].most - currents[$1] + claims[$1].weight - 1) / claims[$1].weight)
      }
      for number in bounds.indices {
        for line in 0..<3 where pull[number * 4 + line] > 0 {
          step = min(step, bounds[number].room[line] / pull[number * 4 + line])
        }
        if let total = bounds[number].total, pull[number * 4 + 3] > 0 {
          step = min(step, total / pull[number * 4 + 3])
        }
      }
      if step > 0 {
        for place in growing {
          give(min(step * claims[place].weight, claims[place].most - currents[place]), to: place)
        }
        continue
      }
      // Less than one tenth for each is left somewhere: whoever finds room takes a tenth, the others are done.
      var stopped: [Int] = []
      for place in growing {
        if let full = firstFull(claims[place], for: 1) {
          stopped.append(place)
          if reasons[place] != .departure {
            reasons[place] = .full(bound: bounds[full].name, sharers: sharers(of: full))
          }
        } else {
          give(1, to: place)
        }
      }
      growing.removeAll { stopped.contains($0) }
    }
  }

  /// What is left lets idle cars wake up by themselves.
  private mutating func wakeIdle() {
    for place in claims.indices where claims[place].isIdle {
      reasons[place] = .idle
      guard claims[place].most >= claims[place].least, firstFull(claims[place], for: claims[place].least) == nil else {
        continue
      }
      give(claims[place].least, to: place)
    }
  }

  // MARK: Helpers

  private func sharers(of bound: Int) -> Int {
    claims.indices.count { currents[$0] > 0 && claims[$0].bounds.contains(bound) }
  }

  private mutating func give(_ current: Int, to place: Int) {
    currents[place] += current
    let lines = claims[place].lines
    for bound in claims[place].bounds {
      for line in 0..<3 where lines.has(line) { bounds[bound].room[line] -= current }
      if let total = bounds[bound].total { bounds[bound].total = total - current * lines.count }
    }
  }

  private func firstFull(_ claim: Claim, for current: Int) -> Int? {
    claim.bounds.first { bound in
      for line in 0..<3 where claim.lines.has(line) && bounds[bound].room[line] < current { return true }
      return bounds[bound].total.map { $0 < current * claim.lines.count } ?? false
    }
  }

  private func room(for claim: Claim) -> Int {
    var least = Int.max
    for bound in claim.bounds {
      for line in 0..<3 where claim.lines.has(line) { least = min(least, bounds[bound].room[line]) }
      if let total = bounds[bound].total { least = min(least, total / claim.lines.count) }
    }
    return max(0, least)
  }
}

extension PowerSharing.Claim {
  /// So little time is left that it may not wait for a turn any more.
  fileprivate var isTense: Bool { laxity < Limits.tenseSeconds }

  /// Whether what it needs is more urgent; nil where both are.
  fileprivate func leaves(before other: PowerSharing.Claim) -> Bool? {
    if isTense != other.isTense { return isTense }
    return stay == other.stay ? nil : stay < other.stay
  }

  /// Whether it is served before another one; nil where nothing tells them apart.
  fileprivate func comes(before other: PowerSharing.Claim) -> Bool? {
    if isTense || other.isTense, let leaves = leaves(before: other) { return leaves }
    if weight != other.weight { return weight > other.weight }
    return turn.order == other.turn.order ? nil : turn.order < other.turn.order
  }
}

/// What is full where a car gets less than it takes.
public enum ShareBound: Sendable, Equatable {
  /// A circuit of that name: by its fuse, or by less because a limit is told of it from outside, such as the grid's.
  case circuit(String), limitedCircuit(String)
  /// All outlets of its station together: as it is wired, or by less because somebody else says so to it.
  case station, limitedStation
  /// What the site generates and does not use.
  case sun

  public var words: String {
    switch self {
    case .circuit(let name): "\(name) is full"
    case .limitedCircuit(let name): "\(name) may draw no more for now"
    case .station: "the station is full"
    case .limitedStation: "the station may draw no more for now"
    case .sun: "the sun gives no more"
    }
  }

  /// Its name in the API.
  public var code: String {
    switch self {
    case .circuit: "circuit"
    case .limitedCircuit: "circuit_limit"
    case .station: "station"
    case .limitedStation: "station_limit"
    case .sun: "sun"
    }
  }

  public var circuit: String? {
    switch self {
    case .circuit(let name), .limitedCircuit(let name): name
    case .station, .limitedStation, .sun: nil
    }
  }
}

/// Why a car gets what it gets.
public enum ShareReason: Sendable, Equatable {
  /// All that the car or its outlet takes.
  case asWanted
  /// All that somebody else allows its session, such as a partner's charging profile.
  case asAllowed
  /// A bound is full, and so many cars share it.
  case full(bound: ShareBound, sharers: Int)
  /// It must leave soon and goes first.
  case departure
  /// Others charge, and there is no room for another one's least current.
  case waits(bound: ShareBound)
  /// What it may have is less than a car charges with.
  case belowLeast
  /// The car asks for nothing.
  case idle
  /// There is more for it once other stations have verifiably gone down.
  case afterOthers
  /// Its station is not connected and holds what it had, or its default.
  case offline
  /// The station took limits and does not keep them, so all that its outlet gives is reserved for it.
  case uncontrolled
  /// The station says no to limits, and what it goes on with is reserved for it.
  case refused
  /// The station does not know limits, and what it goes on with is reserved for it.
  case takesNoLimits
  /// No session.
  case free

  /// "8 A because circuit B is full and 3 cars share it"
  public func words(for current: Current) -> String {
    let amount = "\(current) A"
    switch self {
    case .asWanted: return "\(amount), all that the car and its outlet take"
    case .asAllowed: return "\(amount), all that others allow its session"
    case .full(let bound, let sharers):
      return "\(amount) because \(bound.words)" + (sharers == 1 ? "" : " and \(sharers) cars share it")
    case .departure: return "\(amount) first, because it must leave soon"
    case .waits(let bound): return "waits for its turn because \(bound.words)"
    case .belowLeast: return "waits because it may have less than a car charges with"
    case .idle: return current == .zero ? "the car asks for nothing" : "\(amount) kept, though the car asks for nothing"
    case .afterOthers: return "\(amount) until other stations have gone down"
    case .offline: return "\(amount) reserved because its station is not connected"
    case .uncontrolled: return "\(amount) reserved because its station draws more than the limit that it took"
    case .refused: return "\(amount) reserved because its station refuses limits"
    case .takesNoLimits: return "\(amount) reserved because its station does not know limits"
    case .free: return "no car charges"
    }
  }

  /// What is full, where that is why, and how many cars share it.
  public var bound: ShareBound? {
    switch self {
    case .full(let bound, _), .waits(let bound): bound
    case .asWanted, .asAllowed, .departure, .belowLeast, .idle, .afterOthers, .offline, .uncontrolled, .refused,
      .takesNoLimits, .free:
      nil
    }
  }

  public var sharers: Int? { if case .full(_, let sharers) = self { sharers } else { nil } }

  /// Its name in the API.
  public var code: String {
    switch self {
    case .asWanted: "as_wanted"
    case .asAllowed: "as_allowed"
    case .full: "bound_full"
    case .departure: "departure"
    case .waits: "waits_for_turn"
    case .belowLeast: "below_least"
    case .idle: "idle"
    case .afterOthers: "after_others"
    case .offline: "offline"
    case .uncontrolled: "uncontrolled"
    case .refused: "refused"
    case .takesNoLimits: "takes_no_limits"
    case .free: "free"
    }
  }
}
