import Domain
import Store
import Wire

// A station's way from a password to a certificate of its own (OCPP 2.0.1 A05, 1.6 security whitepaper A05), by one
// order of the operator: root, request, certificate, profile, return. Where it is stands in the books after each step,
// so that a restart of the house or of the station costs one repetition. Nothing on the way lowers a profile.

extension CSMS {
  /// Sends a station on its way to security profile 3; one that is under way already goes on, one that gave up begins
  /// anew.
  public func walkToProfile3(_ identity: StationIdentity, by who: String) async throws(Refusal) -> ProfileWalk {
    try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      guard station.registration == .accepted else { throw .conflict("the station is not accepted") }
      guard try self.authority() != nil else {
        throw .conflict("there is no certificate authority here: make one with `ostler ca create`")
      }
      guard station.securityProfile < .certificate else { throw .conflict("the station is at security profile 3") }
      return try keep { () throws(StoreFault) in
        if let open = try self.books.profileWalks.walk(of: station.id), open.isOpen { return open }
        let walk = ProfileWalk(station: station.id, by: who, at: self.now)
        try self.put(walk)
        return walk
      }
    }
  }

  /// Ends a walk where it is.
  public func stopWalk(of identity: StationIdentity, by who: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      try keep { () throws(StoreFault) in try self.walkFailed(of: station.id, because: "stopped by \(who)") }
    }
  }

  // MARK: What the clock brings

  /// Steps whose time has come.
  func takeSteps() throws(StoreFault) {
    try each(try books.profileWalks.due(at: now, limit: Limits.deliveriesAtOnce), of: "ways to profile 3") {
      walk throws(StoreFault) in
      try takeStep(walk)
    }
  }

  private func takeStep(_ old: ProfileWalk) throws(StoreFault) {
    var walk = old
    guard let command = try command(for: walk) else {
      walk.waitedInVain(at: now)
      return try put(walk, after: old)
    }
    guard isOnline(walk.station) else {
      walk.postpone(at: now)
      return try put(walk, after: old)
    }
    do {
      let id = try issue(command, to: walk.station, by: "house").id
      walk.sent(at: now)
      try put(walk, after: old, command: id)
    } catch {
      walk.interrupted("\(error)", at: now)
      try put(walk, after: old)
    }
  }

  /// Nil for a step that waits.
  private func command(for walk: ProfileWalk) throws(StoreFault) -> StationCommand? {
    let network = try needs(of: walk.station).network
    let slot = network?.slot ?? Limits.secureNetworkSlot
    switch walk.step {
    case .installRoot:
      guard let root = try? authorityRoot() else { return nil }
      return .security(.install(.csms, pem: root.pem))
    case .askForRequest: return .trigger(.certificate, evse: nil)
    case .setProfile:
      let interface = network?.interface ?? .any
      return .security(.setProfile(.certificate, slot: slot, url: stationURL, over: interface))
    case .preferProfile:
      return .security(.preferProfile(NetworkOrder(slots: [slot] + (network?.fallbacks ?? []).filter { $0 != slot })))
    case .restart: return .reset(.soft)
    case .awaitRequest, .awaitAcceptance, .awaitReturn, .done, .failed: return nil
    }
  }

  // MARK: What the station brings

  /// How the command of a step ended.
  func walkAnswered(_ command: String, _ outcome: CommandOutcome) throws(StoreFault) {
    guard let old = try books.profileWalks.walk(carriedBy: command) else { return }
    var walk = old
    switch outcome {
    case .accepted(let answer):
      let needs: ProfileWalk.Need =
        answer["needs"]?.string == "preference"
        ? .preference : answer["status"]?.string?.ciFolded == "rebootrequired" ? .restart : .nothing
      walk.succeeded(needs: needs, at: now)
    case .refused(let word, _): refused("the station refused (\(word))", &walk)
    case .impossible(let why): refused(why, &walk)
    case .failed(let code, let description, _):
      Self.codesOfNothingDone.contains(code.ciFolded)
        ? refused("the station does not know how (\(code))", &walk)
        : walk.interrupted("the station answered with an error (\(code)) \(description)", at: now)
    case .timedOut: walk.interrupted("the station did not answer", at: now)
    case .disconnected: walk.interrupted("the connection was lost before the station answered", at: now)
    }
    try put(walk, after: old)
  }

  private func refused(_ why: String, _ walk: inout ProfileWalk) {
    // It speaks TLS with us, so it knows our doors; some have the root already and refuse it for that.
    if walk.step == .installRoot { walk.succeeded(at: now) } else { walk.fail(why, at: now) }
  }

  func walkSigned(_ serial: String, of station: ID<Station>) throws(StoreFault) {
    try move(station) { $0.signed(serial, at: self.now) }
  }

  func walkTookCertificate(_ serial: String, of station: ID<Station>) throws(StoreFault) {
    try move(station) { $0.tookCertificate(serial, at: self.now) }
  }

  func walkCameIn(with serial: String, _ station: ID<Station>) throws(StoreFault) {
    try move(station) { $0.cameIn(with: serial, at: self.now) }
  }

  func walkFailed(of station: ID<Station>, because why: String) throws(StoreFault) {
    try move(station) { $0.fail(why, at: self.now) }
  }

  private func move(_ station: ID<Station>, _ change: (inout ProfileWalk) -> Void) throws(StoreFault) {
    guard let old = try books.profileWalks.walk(of: station), old.isOpen else { return }
    var walk = old
    change(&walk)
    guard walk != old else { return }
    try put(walk, after: old)
  }

  private func put(_ walk: ProfileWalk, after old: ProfileWalk? = nil, command: String? = nil) throws(StoreFault) {
    try books.profileWalks.put(walk, command: command)
    guard walk.step != old?.step || walk.reason != old?.reason else { return }
    try record(.certificate(.profileStep(walk.station, walk.step, why: walk.reason)))
  }
}
