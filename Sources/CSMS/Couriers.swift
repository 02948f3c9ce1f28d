import Domain
import Store
import Wire

/// Who is on the way to which partner, and which partner had better be left alone for a while: a bound on requests
/// under way, and a breaker that lets one request try a partner that failed while the others wait.
struct Couriers {
  private struct Door {
    var underWay: Set<PushKey> = []
    var failures = 0
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
  mutating func succeeded(at partner: ID<Partner>) -> Bool {
    let wasClosed = doors[partner]?.closedUntil != nil
    doors[partner]?.closedUntil = nil
    doors[partner]?.failures = 0
    return wasClosed
  }

  /// How long to wait before the next try: doubling, with a jitter so that many partners behind one outage do not
  /// return at once, and never sooner than the partner asked for.
  mutating func failed(at partner: ID<Partner>, askedFor seconds: Int?, now: Timestamp) -> Duration {
    var door = doors[partner] ?? Door()
    let doubled = Limits.firstPushPauseSeconds << min(door.failures, 16)
    let pause = Double(min(doubled, Limits.longestPushPauseSeconds)) * Double.random(in: 0.75...1.25)
    let wait = max(Duration.seconds(pause), .seconds(min(seconds ?? 0, Limits.longestRetryAfterSeconds)))
    // Several requests that fail together are one failure of the partner.
    if door.closedUntil.map({ $0 <= now }) ?? true { door.failures += 1 }
    door.closedUntil = max(door.closedUntil ?? now, now + wait)
    doors[partner] = door
    return wait
  }

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
