import Domain
import Wire

/// A stranger at the door: a station whose identity is in no book. Kept in memory until the operator accepts or ignores
/// it.
nonisolated public struct Knock: Sendable {
  public let identity: StationIdentity
  public let address: String
  public let link: LinkID
  public let since: Timestamp
  public var version: String
  public var boot: BootReport?
  /// The Basic password that it showed; accepting pins it.
  var password: Bytes?
  public var isIgnored = false

  /// What secures its connection, as far as it shows; accepting makes that the least that is taken from it.
  public var security = LinkSecurity()

  public var hasPassword: Bool { password != nil }
}

/// What the door writes into the event log about callers whom nobody authenticated: each once a minute, and
/// all of them together at most so many, so that no caller can fill the log.
struct DoorNotes {
  private var noted: Set<String> = []
  private var minute = Timestamp.epoch

  /// True where this is to be written down.
  mutating func takes(_ caller: String, at now: Timestamp) -> Bool {
    if now - minute >= .seconds(60) || now < minute {
      minute = now
      noted = []
    }
    return noted.count < Limits.doorNotesPerMinute && noted.insert(caller).inserted
  }
}

/// The strangers, at most a hundred at once.
struct Knocks {
  private var byIdentity: [StationIdentity: Knock] = [:]
  /// Shown passwords of those who were let in and have no link yet.
  private var shown: [StationIdentity: (password: Bytes?, security: LinkSecurity)] = [:]
  private var ignored: Set<StationIdentity> = []

  var all: [Knock] { byIdentity.values.sorted { $0.since < $1.since } }
  var hasRoom: Bool { byIdentity.count < Limits.knocks }

  subscript(identity: StationIdentity) -> Knock? { byIdentity[identity] }

  /// One was let in and its upgrade is under way.
  mutating func expect(_ identity: StationIdentity, password: Bytes?, security: LinkSecurity) {
    if shown.count >= Limits.knocks { shown.removeAll() }
    shown[identity] = (password, security)
  }

  /// Returns the link of an older one under the same identity, which must be closed. What that one said of itself goes with
  /// it, because this may be another machine.
  mutating func open(
    _ identity: StationIdentity, link: LinkID, version: String, address: String, at now: Timestamp
  ) -> LinkID? {
    let earlier = byIdentity[identity]
    let shown = shown.removeValue(forKey: identity)
    byIdentity[identity] = Knock(
      identity: identity, address: address, link: link, since: now, version: version, boot: nil,
      password: shown?.password, isIgnored: ignored.contains(identity), security: shown?.security ?? LinkSecurity())
    return earlier?.link
  }

  mutating func booted(_ identity: StationIdentity, _ report: BootReport) { byIdentity[identity]?.boot = report }

  /// The operator does not want to see it again until the daemon restarts.
  mutating func ignore(_ identity: StationIdentity) {
    if ignored.count >= Limits.ignoredKnocks { ignored.removeAll() }
    ignored.insert(identity)
    byIdentity[identity]?.isIgnored = true
  }

  mutating func remove(_ identity: StationIdentity) { byIdentity[identity] = nil }

  mutating func close(_ link: LinkID) {
    if let identity = byIdentity.values.first(where: { $0.link == link })?.identity { byIdentity[identity] = nil }
  }
}
