import Domain
import Wire

/// Which stations are connected, and by which link. Of several links of one station the newest is the one that counts.
struct LiveLinks {
  /// One of them: an object, so that the table below has a small place for each.
  final class Link {
    let id: LinkID
    let identity: StationIdentity
    var station: ID<Station>?
    let version: String
    let address: String
    let openedAt: Timestamp
    private let profile: SecurityProfile
    private let isEncrypted: Bool
    /// It booted on this link, or was asked to.
    var isIntroduced = false
    /// It was looked at whether the house knows what its station has.
    var isLookedAt = false
    /// The steps that follow a boot, or a rest, are under way on it.
    var isRunningAfterBoot = false
    private var rarities: Rarities?
    private var clockOffsetNanoseconds = Int64.min

    /// Apart, because most links have neither, and thousands rest.
    private final class Rarities {
      let certificate: StationCertificate?
      var follower: FollowerState?

      init(certificate: StationCertificate? = nil) { self.certificate = certificate }
    }

    var security: LinkSecurity {
      LinkSecurity(profile, isEncrypted: isEncrypted, certificate: rarities?.certificate)
    }

    /// Where the connection to its follower stands; nil where it has none.
    var follower: FollowerState? {
      get { rarities?.follower }
      set {
        if rarities == nil, newValue != nil { rarities = Rarities() }
        rarities?.follower = newValue
      }
    }

    /// The freshest time that the station told on this link, against ours: how far its clock is ahead.
    var clockOffset: Duration? {
      get { clockOffsetNanoseconds == .min ? nil : .nanoseconds(clockOffsetNanoseconds) }
      set { clockOffsetNanoseconds = newValue?.wholeNanoseconds ?? .min }
    }

    init(
      id: LinkID, identity: StationIdentity, station: ID<Station>?, version: String, address: String,
      openedAt: Timestamp, security: LinkSecurity
    ) {
      self.id = id
      self.identity = identity
      self.station = station
      self.version = version
      self.address = address
      self.openedAt = openedAt
      (profile, isEncrypted) = (security.profile, security.isEncrypted)
      if let certificate = security.certificate { rarities = Rarities(certificate: certificate) }
    }
  }

  private var links: [LinkID: Link] = [:]
  private var newest: [ID<Station>: LinkID] = [:]
  private var lastSeen: [ID<Station>: Timestamp] = [:]
  private var seenWrittenAt = Timestamp.epoch
  /// When the links of a station began that ended lately, to notice one that flaps.
  private var openings: [ID<Station>: [Timestamp]] = [:]
  /// Stations whose link is gone, and when that makes them offline.
  private(set) var absent: [ID<Station>: Timestamp] = [:]

  subscript(id: LinkID) -> Link? { links[id] }

  /// The link by which a station is reached now.
  func link(of station: ID<Station>) -> Link? { newest[station].flatMap { links[$0] } }

  var all: [Link] { Array(links.values) }

  /// Takes the last-seen times, once per period, so that they are written together and not one by one.
  mutating func takeSeen(ifOlderThan period: Duration, now: Timestamp) -> [(ID<Station>, Timestamp)] {
    guard now - seenWrittenAt > period else { return [] }
    seenWrittenAt = now
    defer { lastSeen = [:] }
    return lastSeen.map { ($0.key, $0.value) }
  }

  mutating func saw(_ link: LinkID, at time: Timestamp) {
    if let station = links[link]?.station { lastSeen[station] = time }
  }

  /// Seconds until a station that returned too often may come again; nil where it may come now. However often it
  /// returns, it has a link again after a few seconds.
  func pause(of station: ID<Station>, at now: Timestamp) -> Int? {
    let recent = (openings[station] ?? []) + [link(of: station)?.openedAt].compactMap { $0 }
    guard let last = recent.last, last <= now else { return nil }
    guard recent.count(where: { now - $0 < .seconds(60) }) >= Limits.linksBeforePause else { return nil }
    let left = .seconds(Limits.linkPauseSeconds) - (now - last)
    return left > .zero ? Int(left.components.seconds) + 1 : nil
  }

  /// A link begins. Returns the older one of the same station, which must be closed, and whether the station flaps.
  mutating func open(_ link: Link) -> (replaced: LinkID?, isFlapping: Bool) {
    links[link.id] = link
    guard let station = link.station else { return (nil, false) }
    return makeNewest(station, with: link, at: link.openedAt)
  }

  /// The operator accepted a station that was knocking on this link.
  mutating func accept(_ id: LinkID, as station: ID<Station>, at now: Timestamp) {
    guard let link = links[id] else { return }
    link.station = station
    _ = makeNewest(station, with: link, at: now)
  }

  private mutating func makeNewest(_ station: ID<Station>, with link: Link, at now: Timestamp) -> (
    replaced: LinkID?, isFlapping: Bool
  ) {
    let before = self.link(of: station)
    if let before, before !== link { remember(before, of: station, at: now) }
    newest[station] = link.id
    absent[station] = nil
    lastSeen[station] = now
    let recent = (openings[station] ?? []).count { now - $0 < .seconds(60) }
    // Only the opening that crosses the bound is news, not each one after it.
    return (before === link ? nil : before?.id, recent + 1 == Limits.linksPerMinute)
  }

  /// A link that is no longer the station's counts for a while as one of many.
  private mutating func remember(_ link: Link, of station: ID<Station>, at now: Timestamp) {
    openings[station] = (openings[station] ?? []).filter { now - $0 < .seconds(60) } + [link.openedAt]
  }

  mutating func followed(_ id: LinkID, _ state: FollowerState?) { links[id]?.follower = state }

  /// Whether it comes and goes.
  func isFlapping(_ station: ID<Station>, at now: Timestamp) -> Bool {
    let recent = (openings[station] ?? []) + [link(of: station)?.openedAt].compactMap { $0 }
    return recent.count { now - $0 < .seconds(60) } >= Limits.linksPerMinute
  }

  /// Nothing that follows a boot is under way.
  func isFree(_ id: LinkID) -> Bool { links[id].map { !$0.isRunningAfterBoot } ?? false }
  mutating func beginAfterBoot(on id: LinkID) { links[id]?.isRunningAfterBoot = true }
  mutating func endAfterBoot(on id: LinkID) { links[id]?.isRunningAfterBoot = false }

  /// The station told its time. What it sends late says nothing, so the freshest one counts.
  mutating func told(_ time: Timestamp, by station: ID<Station>, at now: Timestamp) {
    guard let id = newest[station] else { return }
    let offset = time - now
    if let known = links[id]?.clockOffset, known >= offset { return }
    links[id]?.clockOffset = offset
  }

  mutating func booted(_ station: ID<Station>) {
    if let id = newest[station] { links[id]?.isIntroduced = true }
  }

  /// Takes the links of known stations that have been up for a while without a boot; each once.
  mutating func takeSilent(at now: Timestamp) -> [LinkID] {
    let silent = newest.values.filter { id in
      links[id].map { !$0.isIntroduced && now - $0.openedAt >= .seconds(Limits.settleSeconds) } ?? false
    }
    silent.forEach { links[$0]?.isIntroduced = true }
    return silent
  }

  /// Takes a link of a known station that has been up for long enough that nobody expects anything of its station; each
  /// once.
  mutating func takeRested(at now: Timestamp) -> Link? {
    for id in newest.values {
      guard let link = links[id], !link.isLookedAt, !link.isRunningAfterBoot,
        now - link.openedAt >= .seconds(Limits.restSeconds)
      else { continue }
      link.isLookedAt = true
      return link
    }
    return nil
  }

  /// A link ends. Returns it, and whether its station is without a link now.
  mutating func close(_ id: LinkID, offlineAt: Timestamp) -> (link: Link, isAbsent: Bool)? {
    guard let link = links.removeValue(forKey: id) else { return nil }
    guard let station = link.station, newest[station] == id else { return (link, false) }
    newest[station] = nil
    remember(link, of: station, at: link.openedAt)
    absent[station] = offlineAt
    return (link, true)
  }

  /// After a start of the daemon nobody is connected; all have some time to return.
  mutating func await(_ stations: [ID<Station>], until time: Timestamp) {
    for station in stations where newest[station] == nil { absent[station] = time }
  }

  /// Our clock was set back: those that are away are so for no longer than from now on.
  mutating func clockWasSetBack(to now: Timestamp, grace: Duration) {
    seenWrittenAt = min(seenWrittenAt, now)
    for (station, time) in absent { absent[station] = min(time, now + grace) }
    openings = openings.mapValues { $0.filter { $0 <= now } }.filter { !$0.value.isEmpty }
  }

  /// Takes stations that have been away too long, a bounded number at a time.
  mutating func takeOffline(at now: Timestamp) -> [ID<Station>] {
    let gone = absent.filter { $0.value <= now }.prefix(Limits.offlineAtOnce).map(\.key)
    gone.forEach { absent[$0] = nil }
    return gone
  }
}
