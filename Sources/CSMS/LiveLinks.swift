import Domain
import Wire

/// Which stations are connected, and by which link. Of several links of one station the newest is the one that counts.
struct LiveLinks {
  struct Link {
    let id: LinkID
    let identity: StationIdentity
    var station: ID<Station>?
    let version: String
    let address: String
    let openedAt: Timestamp
    let desk: StationDesk
    /// It booted on this link, or was asked to.
    var isIntroduced = false
  }

  private var links: [LinkID: Link] = [:]
  private var newest: [ID<Station>: LinkID] = [:]
  private var lastSeen: [ID<Station>: Timestamp] = [:]
  private var seenWrittenAt = Timestamp.epoch
  /// When the recent links of a station began, to notice one that flaps.
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

  /// A link begins. Returns the older one of the same station, which must be closed, and whether the station flaps.
  mutating func open(_ link: Link) -> (replaced: LinkID?, isFlapping: Bool) {
    links[link.id] = link
    guard let station = link.station else { return (nil, false) }
    return take(station, with: link.id, at: link.openedAt)
  }

  /// The operator accepted a station that was knocking on this link.
  mutating func settle(_ id: LinkID, as station: ID<Station>, at now: Timestamp) {
    guard links[id] != nil else { return }
    links[id]?.station = station
    _ = take(station, with: id, at: now)
  }

  private mutating func take(_ station: ID<Station>, with id: LinkID, at now: Timestamp) -> (
    replaced: LinkID?, isFlapping: Bool
  ) {
    let replaced = newest.updateValue(id, forKey: station)
    absent[station] = nil
    lastSeen[station] = now
    var recent = (openings[station] ?? []).filter { now - $0 < .seconds(60) }
    recent.append(now)
    openings[station] = recent
    // Only the opening that crosses the bound is news, not each one after it.
    return (replaced == id ? nil : replaced, recent.count == Limits.linksPerMinute)
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

  /// A link ends. Returns it, and whether its station is without a link now.
  mutating func close(_ id: LinkID, offlineAt: Timestamp) -> (link: Link, isAbsent: Bool)? {
    guard let link = links.removeValue(forKey: id) else { return nil }
    guard let station = link.station, newest[station] == id else { return (link, false) }
    newest[station] = nil
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
  }

  /// Takes stations that have been away too long, a bounded number at a time.
  mutating func takeOffline(at now: Timestamp) -> [ID<Station>] {
    let gone = absent.filter { $0.value <= now }.prefix(Limits.offlineAtOnce).map(\.key)
    gone.forEach { absent[$0] = nil }
    return gone
  }
}
