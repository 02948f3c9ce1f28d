import Crypto
import Domain
import Store
import Wire

// How stations prove who they are (OCPP 1.6 security whitepaper, OCPP 2.0.1 part 2 A): a security profile that only the
// operator lowers, certificates that must be the station's own, and two keys while it is not known which one it has.

extension CSMS {
  /// What a caller's words and papers are worth.
  enum Proof {
    case proven(LinkSecurity)
    /// 401: it may try again with the right password.
    case unproven(String)
    /// 403: no password would help.
    case insecure(String)
  }

  func prove(_ caller: StationCaller, to be: Station) throws(StoreFault) -> Proof {
    let least = max(be.securityProfile, leastProfile(of: caller))
    if let shown = caller.certificate {
      if let flaw = try flaw(of: shown) { return .insecure(flaw) }
      guard let name = shown.commonName, let match = shown.match(be.identity, serialNumber: be.serialNumber) else {
        return .insecure(
          "the CN of its certificate, “\(shown.commonName ?? "")”, is neither its serial number nor its identity")
      }
      let own = StationCertificate(serial: shown.serial, commonName: name, match: match, expiresAt: shown.expiresAt)
      return .proven(LinkSecurity(.certificate, isEncrypted: true, certificate: own))
    }
    let best: SecurityProfile = caller.isEncrypted ? .basicOverTLS : .basic
    guard best >= least else { return .insecure(least.demand) }
    if let password = caller.password, try isKey(password, of: be) {
      return .proven(LinkSecurity(best, isEncrypted: caller.isEncrypted))
    }
    guard be.passwordHash == nil else {
      return .unproven(caller.password == nil ? "it sent no password" : "its password is wrong")
    }
    guard least == .none else { return .unproven("no password of it is on file, and \(least.demand)") }
    return .proven(LinkSecurity(.none, isEncrypted: caller.isEncrypted))
  }

  /// What a stranger shows of itself. Nobody can say yet whether it is true.
  func proofShown(by stranger: StationCaller) throws(StoreFault) -> Proof {
    if let shown = stranger.certificate {
      if let flaw = try flaw(of: shown) { return .insecure(flaw) }
      let own = StationCertificate(
        serial: shown.serial, commonName: shown.commonName ?? "",
        match: shown.commonName == stranger.identity.text ? .identity : .serialNumber, expiresAt: shown.expiresAt)
      return .proven(LinkSecurity(.certificate, isEncrypted: true, certificate: own))
    }
    let profile: SecurityProfile =
      stranger.password == nil ? .none : stranger.isEncrypted ? .basicOverTLS : .basic
    let least = leastProfile(of: stranger)
    guard profile >= least else { return .insecure(least.demand) }
    return .proven(LinkSecurity(profile, isEncrypted: stranger.isEncrypted))
  }

  /// What this house asks of everybody: of those on other machines a password and TLS, unless the operator said
  /// otherwise.
  private func leastProfile(of caller: StationCaller) -> SecurityProfile {
    settings.lowestSecurityProfile ?? (caller.isLoopback ? .none : .basicOverTLS)
  }

  /// What is wrong with a certificate, whosever it is.
  private func flaw(of certificate: ClientCertificate) throws(StoreFault) -> String? {
    // The handshake looked at this too, but a session that is resumed is not looked at again.
    guard certificate.expiresAt > now else { return "its certificate has expired" }
    // The books know before the door has read the new list.
    if try books.certificates.issued(certificate.serial)?.revokedAt != nil { return "its certificate was revoked" }
    guard certificate.organization == settings.certificateOrganization else {
      return "the O of its certificate, “\(certificate.organization ?? "")”, is not the operator's, "
        + "“\(settings.certificateOrganization)”"
    }
    return nil
  }

  /// Its certificate was issued to another box than it says it is: it is not served (OCPP 2.0.1 B01.FR.12).
  func sentAway(
    _ id: ID<Station>, _ link: LinkID, sayingIt serialNumber: String, though certified: String
  ) throws(StoreFault) -> BootVerdict {
    let why = "it says that its serial number is “\(serialNumber)”, and its certificate is that of “\(certified)”"
    if let identity = try books.stations.station(id)?.identity, doorNotes.takes(identity.text, at: now) {
      log.notice("a station was sent away", metadata: ["station": "\(identity)", "reason": "\(why)"])
      try record(.refusedAtTheDoor(identity, address: links[link]?.address ?? "", why: why, certificate: certified))
    }
    afterCommit {
      self.stationLink?.close(link, code: 1008, reason: "its serial number is not that of its certificate")
    }
    return BootVerdict(registration: .rejected, interval: settings.pendingSeconds, now: now)
  }

  /// It came in: from now on nothing less is taken from it.
  func secured(_ security: LinkSecurity, _ id: ID<Station>) throws(StoreFault) {
    if let certificate = security.certificate {
      try books.security.keep(certificate, of: id, at: now)
      try walkCameIn(with: certificate.serial, id)
    }
    guard security.profile > .none, var station = try books.stations.station(id),
      station.registration == .accepted, security.profile > station.securityProfile
    else { return }
    station.securityProfile = security.profile
    station.updatedAt = time(after: station.updatedAt)
    try books.stations.update(station)
    try record(.stationSecured(id, security.profile))
  }
}

// MARK: - Keys

extension CSMS {
  /// Whether a password is the station's key, or one that was sent to it and may have arrived. Coming in with the newer
  /// one settles that it is the one.
  private func isKey(_ password: Bytes, of station: Station) throws(StoreFault) -> Bool {
    if let hash = station.passwordHash, let key = StationKey(text: hash), key.verify(password) {
      try books.security.oldKeyUsed(by: station.id, at: now)
      return true
    }
    for change in try books.security.changes(of: station.id) {
      guard let key = StationKey(text: change.hash), key.verify(password) else { continue }
      try keyHolds(change, because: "the station came in with it")
      return true
    }
    return false
  }

  /// A command that gives the station a new key is about to go: before it does, the new key is good too.
  func keyIsSent(_ key: GivenKey, to station: ID<Station>, by command: String) throws(StoreFault) {
    let hash = StationKey.hash(of: Bytes(utf8: key.text)).text
    try books.security.begin(
      KeyChange(
        command: command, station: station, hash: hash, decideBy: now + .seconds(Limits.undecidedKeySeconds),
        isOfSlot: key.isOfSlot), slotsKept: Limits.undecidedKeys)
  }

  /// How a command ended, where it was one that carries a key (OCPP 2.0.1 A01.FR.03 and .04).
  func keyAnswered(_ command: String, _ outcome: CommandOutcome) throws(StoreFault) {
    guard let change = try books.security.change(of: command) else { return }
    // A network profile's is good beside the station's own until the station comes in with it.
    if change.isOfSlot {
      if outcome.isYes || outcome.isOpen { return }
      return try drop(change, because: "the station did not take it: \(outcome.why ?? "")")
    }
    switch outcome {
    // Of several variables in one call a station may take some.
    case .accepted(let answer) where answer.takesStationKey == false:
      try drop(change, because: "the station refused the new one")
    case .refused(_, let answer) where answer.takesStationKey == true:
      try keyHolds(change, because: "the station accepted it")
    case .accepted(let answer) where answer["status"]?.string?.ciFolded == "rebootrequired":
      try leaveUndecided(change, because: "the station uses it after its next restart")
    case .accepted: try keyHolds(change, because: "the station accepted it")
    case .refused(let word, _): try drop(change, because: "the station refused the new one (\(word))")
    case .impossible(let why): try drop(change, because: "the new one could not be sent: \(why)")
    case .failed(let code, _, _) where Self.codesOfNothingDone.contains(code.ciFolded):
      try drop(change, because: "the station did not understand the new one (\(code))")
    case .failed(let code, _, _): try leaveUndecided(change, because: "the station answered with an error (\(code))")
    case .timedOut: try leaveUndecided(change, because: "the station did not answer")
    case .disconnected: try leaveUndecided(change, because: "the connection was lost before the station answered")
    }
  }

  /// Errors that a station gives before it does anything.
  static let codesOfNothingDone: Set<String> = [
    "notimplemented", "notsupported", "protocolerror", "rpcframeworkerror", "formationviolation", "formatviolation",
    "propertyconstraintviolation", "occurenceconstraintviolation", "occurrenceconstraintviolation",
    "typeconstraintviolation", "securityerror", "messagetypenotsupported",
  ]

  private func keyHolds(_ change: KeyChange, because why: String) throws(StoreFault) {
    guard var station = try books.stations.station(change.station) else { return }
    station.passwordHash = change.hash
    station.securityProfile = max(station.securityProfile, .basic)
    station.updatedAt = time(after: station.updatedAt)
    try books.stations.update(station)
    try books.security.forget(change.command)
    try books.security.forgetChanges(of: station.id, withSlots: false)
    try record(.stationKeySettled(station.id, isNew: true, why: why))
  }

  private func drop(_ change: KeyChange, because why: String) throws(StoreFault) {
    try books.security.forget(change.command)
    try record(.stationKeySettled(change.station, isNew: false, why: why))
  }

  private func leaveUndecided(_ change: KeyChange, because why: String) throws(StoreFault) {
    try books.security.leaveUndecided(change.command, at: now)
    try record(.stationKeyUndecided(change.station, why: why))
    let name = try books.stations.station(change.station)?.identity.text ?? ""
    log.warning(
      "nobody knows whether a station took its new key: both are good until it shows",
      metadata: ["station": "\(name)", "reason": "\(why)"])
  }

  /// Keys of which a station had time enough to show that it has them, and came with the old one.
  func dropOverdueKeys() throws(StoreFault) {
    for change in try books.security.overdue(at: now) {
      try drop(change, because: "the station kept coming in with the old one")
    }
  }

  /// Nobody can be told a further key while the last few are open.
  func checkKeyCanChange(of station: ID<Station>) throws(Refusal) {
    let open = try keep { () throws(StoreFault) in try self.books.security.changes(of: station).count { !$0.isOfSlot } }
    guard open < Limits.undecidedKeys else {
      throw .conflict("it is not known which of its last keys the station has; let it connect first")
    }
  }
}

extension SecurityProfile {
  /// What it asks for, for people.
  fileprivate var demand: String {
    switch self {
    case .none: "nothing is demanded"
    case .basic: "security profile 1 is demanded: a password"
    case .basicOverTLS: "security profile 2 is demanded: a password over TLS"
    case .certificate: "security profile 3 is demanded: a client certificate"
    }
  }
}

extension StationCommand {
  /// The Basic password that it gives to its station, where it is such a command.
  var stationKey: GivenKey? {
    switch self {
    case .security(.setKey(let key)): return GivenKey(text: key)
    case .setConfiguration(let key, let value): return GivenKey(SettingName(reading: key), value)
    case .settings(.set(let settings)):
      let keys = settings.compactMap { GivenKey($0.name, $0.value) }
      return keys.first { !$0.isOfSlot } ?? keys.first
    case .settings(.network(slot: _, let profile, use: _)):
      return profile.password.map { GivenKey(text: $0, isOfSlot: true) }
    case .raw(let action, let payload):
      guard ["ChangeConfiguration", "SetVariables", "SetNetworkProfile"].contains(action) else { return nil }
      return payload.newStationKey.map { GivenKey(text: $0) }
        ?? payload.newSlotKey.map { GivenKey(text: $0, isOfSlot: true) }
    default: return nil
    }
  }
}

/// A Basic password that a command gives to its station.
struct GivenKey {
  let text: String
  /// It is that of a network profile, which the station may come to use.
  let isOfSlot: Bool

  init(text: String, isOfSlot: Bool = false) { (self.text, self.isOfSlot) = (text, isOfSlot) }

  /// Nil where the setting is no such password.
  init?(_ name: SettingName, _ value: String) {
    guard name.isStationKey || name.isSlotKey else { return nil }
    self.init(text: value, isOfSlot: name.isSlotKey)
  }
}
