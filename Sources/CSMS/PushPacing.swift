import Domain
import Store
import Wire

/// Who is on the way to which partner, and which partner had better be left alone for a while: a bound on requests
/// under way, and a breaker that lets one request try a partner that failed while the others wait.
struct PushPacing {
  private struct Door {
    var underWay: Set<PushKey> = []
    var failures = 0
    var stragglers: [PushKey: Int] = [:]
    var closedUntil: Timestamp?
    var heardAt: Timestamp?
    var token: String?
    var unsaid: Set<String> = []
    var minuteBegan = Timestamp.epoch
    var askedInMinute = 0
  }

  private var doors: [ID<Partner>: Door] = [:]
  /// Something may be due that was not looked at yet.
  var hasNews = false

  var underWay: Set<PushKey> { doors.values.reduce(into: []) { $0.formUnion($1.underWay) } }

  /// Whether the operator was told already that the partner's version has no words for something.
  func isKnown(_ what: String, unsaidTo partner: ID<Partner>) -> Bool { doors[partner]?.unsaid.contains(what) ?? false }

  mutating func know(_ what: String, unsaidTo partner: ID<Partner>) {
    guard (doors[partner]?.unsaid.count ?? 0) < Limits.unsaidPerPartner else { return }
    doors[partner, default: Door()].unsaid.insert(what)
  }

  /// Whether one more request may go to a partner now.
  func hasRoom(at partner: ID<Partner>, now: Timestamp) -> Bool {
    guard let door = doors[partner] else { return true }
    guard let closedUntil = door.closedUntil else { return door.underWay.count < Limits.pushesPerPartner }
    return closedUntil <= now && door.underWay.isEmpty
  }

  /// Whether one more request is within what the partner takes in a minute. It is counted as made.
  mutating func mayAsk(_ partner: ID<Partner>, perMinute most: Int?, now: Timestamp) -> Bool {
    guard let most else { return true }
    var door = doors[partner] ?? Door()
    // A clock that was set back begins a minute too.
    if now < door.minuteBegan || now - door.minuteBegan >= .seconds(60) {
      (door.minuteBegan, door.askedInMinute) = (now, 0)
    }
    let isWithin = door.askedInMinute < most
    if isWithin { door.askedInMinute += 1 }
    doors[partner] = door
    return isWithin
  }

  mutating func start(_ key: PushKey) { doors[key.partner, default: Door()].underWay.insert(key) }

  mutating func finish(_ key: PushKey) {
    doors[key.partner]?.underWay.remove(key)
    hasNews = true
  }

  /// True where the partner was thought to be down: what waits for it may go on.
  mutating func answered(with key: PushKey) -> Bool {
    let wasClosed = doors[key.partner]?.closedUntil != nil
    doors[key.partner]?.closedUntil = nil
    doors[key.partner]?.failures = 0
    doors[key.partner]?.stragglers[key] = nil
    return wasClosed
  }

  /// How long to wait before the next try, and never sooner than the partner asked for.
  mutating func failed(at partner: ID<Partner>, askedFor seconds: Int?, now: Timestamp) -> Duration {
    var door = doors[partner] ?? Door()
    let pause = Self.pause(Limits.firstPushPauseSeconds, after: door.failures, most: Limits.longestPushPauseSeconds)
    let wait = max(pause, .seconds(min(seconds ?? 0, Limits.longestRetryAfterSeconds)))
    // Several requests that fail together are one failure of the partner.
    if door.closedUntil.map({ $0 <= now }) ?? true { door.failures += 1 }
    door.closedUntil = max(door.closedUntil ?? now, now + wait)
    doors[partner] = door
    return wait
  }

  /// Doubling, with a jitter so that many partners behind one outage do not return at once.
  private static func pause(_ first: Int, after failures: Int, most: Int) -> Duration {
    .seconds(Double(min(first << min(failures, 16), most)) * Double.random(in: 0.75...1.25))
  }

  // MARK: Stragglers: what a partner fails over while it takes other objects

  /// They hold up nothing, and that the partner failed over one of them says nothing about it.
  func stragglers(of partner: ID<Partner>) -> Set<PushKey> { doors[partner].map { Set($0.stragglers.keys) } ?? [] }

  /// The partner failed over one object again, after so many failures of it in a row. Returns how long that one waits; nil
  /// where the partner itself is in doubt.
  mutating func straggled(_ key: PushKey, attempts: Int) -> Duration? {
    guard var door = doors[key.partner], door.closedUntil == nil, attempts >= Limits.failuresBeforeOrderEnds,
      door.stragglers[key] != nil || door.stragglers.count < Limits.stragglersPerPartner
    else { return nil }
    let times = door.stragglers[key] ?? 0
    door.stragglers[key] = times + 1
    doors[key.partner] = door
    return Self.pause(Limits.longestPushPauseSeconds, after: times, most: Limits.longestStragglerPauseSeconds)
  }

  /// Whether everything that a partner was sent lately failed, so that one that stands behind should be tried too.
  func isInDoubt(_ partner: ID<Partner>) -> Bool { doors[partner]?.failures ?? 0 >= Limits.failuresBeforeOrderEnds }

  /// The partner called us. True where that is news: what it is thought to miss is tried now. One that calls all the
  /// time while its own door fails is tried now and then, and not at each of its calls.
  mutating func heard(from partner: ID<Partner>, at now: Timestamp) -> Bool {
    var door = doors[partner] ?? Door()
    let quiet = Duration.seconds(door.closedUntil == nil ? Limits.contactSeconds : Limits.contactSecondsWhileDown)
    if let last = door.heardAt, last <= now, now - last < quiet { return false }
    door.heardAt = now
    door.closedUntil = nil
    doors[partner] = door
    hasNews = true
    return true
  }

  /// The digest of the token that it called with. True where it is not the one of the call before.
  mutating func showed(_ digest: String, by partner: ID<Partner>) -> Bool {
    defer { doors[partner, default: Door()].token = digest }
    return doors[partner]?.token != digest
  }

  /// What came of that token could not be written: its next call counts as the first.
  mutating func forgetToken(of partner: ID<Partner>) { doors[partner]?.token = nil }

  /// Our clock was set back: what was to happen at a time that is far off again happens now.
  mutating func clockWasSetBack() {
    for partner in doors.keys {
      doors[partner]?.closedUntil = nil
      doors[partner]?.heardAt = nil
    }
  }

  /// The operator wants it tried now.
  mutating func reopen(_ partner: ID<Partner>) {
    doors[partner]?.closedUntil = nil
    doors[partner]?.failures = 0
    hasNews = true
  }
}
