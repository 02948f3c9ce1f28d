import Crypto
import Domain
import Store
import Wire

// What is asked of stations: a command is written down before it is sent, waits its turn at the link, has a deadline,
// and its end is written down in the station's own words.

extension CSMS {
  public func isOnline(_ station: ID<Station>) -> Bool { links.link(of: station) != nil }

  public func liveLink(of station: ID<Station>) -> (
    version: String, address: String, since: Timestamp, security: LinkSecurity
  )? {
    links.link(of: station).map { ($0.version, $0.address, $0.openedAt, $0.security) }
  }

  /// What can be done at a station that not all can, and which calls may be written for it by hand; nothing where it
  /// never came.
  public func abilities(of station: Station) -> (abilities: [StationAbility], calls: [String]) {
    guard let stationLink, let version = station.lastVersion else { return ([], []) }
    return (
      StationAbility.allCases.filter { stationLink.can($0, version: version) }, stationLink.calls(version: version)
    )
  }

  /// Sends a command. Returns once it is on disk and on its way; `outcome(of:)` waits for its end.
  public func command(
    _ command: StationCommand, to identity: StationIdentity, by who: String
  ) async throws(Refusal) -> CommandRecord {
    try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      return try self.issue(command, to: station.id, by: who)
    }
  }

  /// Starts a session for a token: a session that waits for its car, bound to the command.
  /// - Parameter profile: how it shall charge from its first second; its purpose is that session.
  /// - Parameter limit: where it ends by itself (OCPP 2.1 F07).
  public func startSession(
    at identity: StationIdentity, evse number: Int?, token id: ID<Token>, profile: ChargingProfile? = nil,
    limit: SessionLimit? = nil, by who: String
  ) async throws(Refusal) -> CommandRecord {
    if let flaw = limit?.flaw { throw .invalid(field: "limit", flaw) }
    if profile != nil { try await learnCapacity(of: identity) }
    return try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      guard let token = try keep({ () throws(StoreFault) in try self.books.tokens.token(id) }) else {
        throw .notFound("no such token")
      }
      let evse = try self.evseToStart(number, at: station)
      try self.requireUsable(token, at: station, evse: evse.number)
      let holder = try keep { () throws(StoreFault) in try self.holder(of: token, method: .command) }
      if let profile { try self.checkProfile(profile, startingAt: evse.number, of: station) }
      let record = try self.remoteStart(holder, at: station, evse: evse, profile: profile, by: who, respondTo: nil)
      try keep { () throws(StoreFault) in try self.limitStarted(by: record, to: limit, by: who) }
      return record
    }
  }

  /// The session that waits for its car ends by itself (OCPP 2.1 F07).
  func limitStarted(by start: CommandRecord, to limit: SessionLimit?, by who: String) throws(StoreFault) {
    guard let limit, let session = try session(of: start.id) else { return }
    try self.limit(session.id, to: limit, by: who)
  }

  public func stopSession(_ id: String, by who: String) async throws(Refusal) -> CommandRecord {
    try await turn { () throws(Refusal) in
      guard let session = try keep({ () throws(StoreFault) in try self.books.sessions.session(id) }) else {
        throw .notFound("no such session")
      }
      return try self.remoteStop(session, by: who, respondTo: nil)
    }
  }

  /// Ends a session that its station will not end, with the newest reading; its CDR is marked as estimated. One that
  /// waits for its car waits no longer.
  public func closeSession(_ id: String, because reason: String, by who: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      guard let session = try keep({ () throws(StoreFault) in try self.books.sessions.session(id) }) else {
        throw .notFound("no such session")
      }
      guard session.endedAt == nil else { throw .conflict("the session has ended") }
      try keep { () throws(StoreFault) in
        try self.record(.sessionClosed(session: id, because: reason, by: who))
        if session.state == .pending {
          try self.giveUp(session, because: reason)
        } else {
          try self.close(session, because: .closedByOperator)
        }
      }
    }
  }

  /// The command's record once the station has answered, or as it is when the time is up; nil where there is no such
  /// command.
  public func outcome(of id: String, within seconds: Int) async throws(Refusal) -> CommandRecord? {
    let record = try keep { () throws(StoreFault) in try books.commands.command(id)?.record }
    guard let record, record.phase == .sent else { return record }
    return await withCheckedContinuation { waiting in
      let watch = CommandWatch(waiting)
      commandWatches[id, default: []].append(watch)
      Task {
        try? await Task.sleep(for: .seconds(seconds))
        // Unless it was told already, it has not moved.
        self.commandWatches[id]?.removeAll { $0 === watch }
        if self.commandWatches[id]?.isEmpty == true { self.commandWatches[id] = nil }
        watch.tell(record)
      }
    }
  }

  // MARK: Within a turn

  func known(_ identity: StationIdentity) throws(Refusal) -> Station {
    guard let station = try keep({ () throws(StoreFault) in try self.books.stations.station(identity) }) else {
      throw .notFound("no station \(identity)")
    }
    return station
  }

  func evseToStart(_ number: Int?, at station: Station) throws(Refusal) -> EVSE {
    let all = try keep { () throws(StoreFault) in try self.books.stations.evses(of: station.id) }
    if let number {
      guard let evse = all.first(where: { $0.number == number }) else {
        throw .notFound("the station has no EVSE \(number)")
      }
      // A car that is plugged in and of which nobody knows whose it is may be the one that is meant (OCPP 2.0.1 F01).
      let running = try keep { () throws(StoreFault) in try self.books.sessions.running(at: evse) }
      guard running?.token.uid.isEmpty ?? true else { throw .conflict("EVSE \(number) is occupied") }
      return evse
    }
    // Where a car is plugged in already, it is that one; else a free one; else the only one.
    guard
      let evse = all.first(where: { $0.status == .preparing }) ?? all.first(where: { $0.status == .available })
        ?? (all.count == 1 ? all.first : nil)
    else { throw .conflict("no EVSE of the station is free") }
    return evse
  }

  /// Asks the station to start for somebody, under the uid where it fits and under a one-use alias where it does not.
  /// - Parameter connector: where the car is awaited; the EVSE's first where nobody says.
  /// - Parameter shown: what stations hear that take more than a tag, where it is no token of the books.
  func remoteStart(
    _ holder: Session.Holder, at station: Station, evse: EVSE, connector: Connector? = nil,
    profile: ChargingProfile? = nil, shown: PresentedToken? = nil, by who: String, respondTo: CommandOrigin?
  ) throws(Refusal) -> CommandRecord {
    // One that is pending or rejected starts for nobody (OCPP 1.6 §4.2, 2.0.1 B02.FR.05).
    guard station.registration == .accepted else { throw .conflict("the station is not accepted yet") }
    guard let link = links.link(of: station.id) else { throw .conflict("the station is not connected") }
    guard let connector = connector ?? evse.connectors.first else { throw .conflict("the EVSE has no connector") }
    return try keep { () throws(StoreFault) in
      let id = newID()
      let session = Session.pending(
        id: newID(), place: try place(of: evse, connector: connector), holder: holder, command: id,
        tariff: try tariff(of: connector, of: evse, for: holder, at: now), at: now)
      try books.sessions.insert(session, startKey: nil)
      guard let number = try books.sessions.number(of: session.id) else { throw .missing("session \(session.id)") }
      try record(.sessionPending(session: session.id))
      try sessionMoved(session)
      let longest = station.needs.tagLength ?? Limits.tagLength
      var tag = station.needs.startTag ?? holder.token.uid
      if station.needs.startTag == nil, tag.utf8.count > longest || !tag.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
        tag = randomBytes(TagAlias.length / 2).hex.uppercased()
        try books.tokens.makeAlias(tag, for: id, at: station.id, at: now)
      }
      let start = RemoteStart(
        evse: evse.number, tag: tag, token: shown ?? PresentedToken(of: holder.token), groupID: holder.groupID,
        number: number,
        profile: try profile.map { profile throws(StoreFault) in
          try keepForStart(profile, of: session, at: evse, command: id, by: who)
        })
      return try issue(
        .remoteStart(start), id: id, over: link, by: who, session: session.id, respondTo: respondTo)
    }
  }

  func remoteStop(_ session: Session, by who: String, respondTo: CommandOrigin?) throws(Refusal) -> CommandRecord {
    guard session.state == .active, let transaction = try keep({ () throws(StoreFault) in try name(of: session) })
    else { throw .conflict("the session is not running") }
    let link = try openLine(to: session.station)
    return try keep { () throws(StoreFault) in
      try issue(
        .remoteStop(transaction), id: newID(), over: link, by: who, session: session.id, respondTo: respondTo)
    }
  }

  /// By what its station knows a session: a name of its own, or the number that we gave.
  func name(of session: Session) throws(StoreFault) -> TransactionName? {
    if let own = try books.transactions.transaction(of: session.id) { return .text(own.name) }
    return session.transaction.map { .number($0) }
  }

  /// - Parameter within: seconds until nobody waits any more; the house's rule where it is nil.
  /// - Parameter ticket: redeemed with the station's answer once that is on disk.
  func issue(
    _ command: StationCommand, to station: ID<Station>, by who: String, respondTo: CommandOrigin? = nil,
    within seconds: Int? = nil, ticket: Ticket<CommandOutcome>? = nil
  ) throws(Refusal) -> CommandRecord {
    // What support staff write by hand goes also to a station that is rejected.
    let byHand = if case .raw = command { links.link(of: station) } else { nil as LiveLinks.Link? }
    let link = if let byHand { byHand } else { try openLine(to: station) }
    if command.stationKey?.isOfSlot == false { try checkKeyCanChange(of: station) }
    if case .swap(let wish) = command { try checkMaySwap(wish.token) }
    return try keep { () throws(StoreFault) in
      try issue(
        command, id: newID(), over: link, by: who, session: nil, respondTo: respondTo, within: seconds, ticket: ticket)
    }
  }

  func issue(
    _ command: StationCommand, id: String, over link: LiveLinks.Link, by who: String, session: String?,
    respondTo: CommandOrigin?, within seconds: Int? = nil, ticket: Ticket<CommandOutcome>? = nil
  ) throws(StoreFault) -> CommandRecord {
    guard let station = link.station else { throw StoreFault.missing("the link's station") }
    let hidden = try command.writesSettings ? books.device.writeOnly(of: station) : []
    let record = CommandRecord(
      id: id, station: station, verb: command.verb,
      detail: hidden.isEmpty ? command.detail : command.detail.withoutSecrets(hiding: hidden), origin: who,
      phase: .sent, createdAt: now, updatedAt: now)
    try books.commands.insert(
      KeptCommand(record, partner: respondTo?.partner, respondTo: respondTo?.url, session: session))
    if let key = command.stationKey { try keyIsSent(key, to: station, by: id) }
    try self.record(.commandSent(id: id, station: station))
    let spoken = command.numbered(by: try needs(of: station))
    let pieces = try self.pieces(of: spoken, id: id, over: link, to: station)
    let done: @MainActor @Sendable (CommandOutcome) -> Void = { outcome in
      self.insist { () throws(StoreFault) in
        try self.displayAnswered(command, station, outcome)
        try self.gridAnswered(command, station, outcome)
        try self.commandAnswered(id, outcome)
        if let ticket { self.afterCommit { ticket.redeem(outcome) } }
      }
    }
    let time = seconds ?? settings.commandSeconds
    afterCommit {
      self.carry(pieces, on: link.id, within: time, hiding: hidden) { outcome in
        guard case .remoteStart(let start) = spoken, start.profile != nil, !outcome.isOpen, !outcome.isYes else {
          return done(outcome)
        }
        // It may be the profile that the station does not take with a start: then it follows.
        self.insist { () throws(StoreFault) in
          try self.profileFollows(command: id, station, because: outcome)
          self.afterCommit { self.carry([.remoteStart(start.plain)], on: link.id, within: time, done: done) }
        }
      }
    }
    return record
  }

  // MARK: How it ended

  private func commandAnswered(_ id: String, _ outcome: CommandOutcome) throws(StoreFault) {
    guard var record = try books.commands.command(id)?.record, record.phase == .sent else { return }
    (record.phase, record.answer) = outcome.inWords
    // A start is done when the car charges, and a stop when the session has ended; everything else is done when the
    // station says so.
    let isDone =
      switch record.verb {
      case "start": false
      case "stop":
        try books.commands.command(id)?.session.map { session throws(StoreFault) in
          try books.sessions.session(session)?.endedAt != nil
        } ?? true
      default: true
      }
    if record.phase == .accepted, isDone { record.phase = .done }
    record.updatedAt = now
    try end(record)
    try keyAnswered(id, outcome)
    try certificatesAnswered(record, outcome)
    try walkAnswered(id, outcome)
    try settingsAnswered(record, outcome)
    try monitoringAnswered(record, outcome)
    if case .accepted = outcome {} else { try expireSession(of: id) }
    try followUp(record, outcome)
    try answerPartner(about: id, outcome: outcome)
  }

  /// The car came: the remote start has done what it was for.
  func startFulfilled(_ session: Session) throws(StoreFault) {
    guard let id = session.command, var record = try books.commands.command(id)?.record,
      record.phase == .sent || record.phase == .accepted
    else { return }
    // The start can overtake the station's own answer to the command.
    if record.phase == .sent { try answerPartner(about: id, outcome: .accepted(answer: .null)) }
    record.phase = .done
    record.updatedAt = now
    try end(record)
  }

  /// The session ended: a remote stop has done what it was for.
  func stopsFulfilled(_ session: Session) throws(StoreFault) {
    for var record in try books.commands.openStops(of: session.id) {
      // The stop can overtake the station's own answer to the command.
      if record.phase == .sent { try answerPartner(about: record.id, outcome: .accepted(answer: .null)) }
      record.phase = .done
      record.updatedAt = now
      try end(record)
    }
  }

  /// Stations that said yes to a remote stop and charge on.
  func findIgnoredStops() throws(StoreFault) {
    let ignored = try books.commands.ignoredStops(before: now - .seconds(Limits.stopSeconds))
    try each(ignored, of: "stops that are not done") { command throws(StoreFault) in
      var record = command.record
      record.phase = .failed
      record.answer = "the station said yes, and the session goes on"
      record.updatedAt = now
      try end(record)
      guard let session = command.session else { return }
      try self.record(.stopIgnored(session: session))
      try noteOddity("remote stop accepted and not done", sample: session, of: record.station)
    }
  }

  /// Remote starts whose car did not come in time.
  func expirePending() throws(StoreFault) {
    let overdue = try books.sessions.pending(before: now - .seconds(settings.connectionSeconds))
    try each(overdue, of: "remote starts without a car") { session throws(StoreFault) in
      try giveUp(session, because: "no car began to charge within \(settings.connectionSeconds) s")
    }
  }

  /// A session that waits for its car waits no longer, nor does whoever asked for it.
  private func giveUp(_ session: Session, because why: String) throws(StoreFault) {
    if let id = session.command, var record = try books.commands.command(id)?.record,
      record.phase == .sent || record.phase == .accepted
    {
      // The station never said a word; else the partner has its result.
      if record.phase == .sent { try answerPartner(about: id, outcome: .timedOut) }
      record.phase = .failed
      record.answer = .string(why)
      record.updatedAt = now
      try end(record)
    }
    try expire(session)
  }

  private func expireSession(of command: String) throws(StoreFault) {
    if let session = try session(of: command) { try expire(session) }
  }

  private func expire(_ session: Session) throws(StoreFault) {
    var session = session
    guard session.expire(received: now) else { return }
    try books.sessions.save(session)
    try record(.sessionInvalid(session: session.id))
    try sessionMoved(session)
    try endProfiles(of: session)
  }

  private func end(_ record: CommandRecord) throws(StoreFault) {
    try books.commands.end(record.id, record.phase, answer: record.answer, at: record.updatedAt)
    try self.record(.commandEnded(id: record.id, station: record.station, phase: record.phase))
    afterCommit { self.commandWatches.removeValue(forKey: record.id)?.forEach { $0.tell(record) } }
  }

  /// After a start of the daemon no answer to an older command can come any more.
  func failOrphanedCommands() throws(StoreFault) {
    for var record in try books.commands.unanswered(before: now).map(\.record) where record.phase == .sent {
      record.phase = .failed
      record.answer = "the daemon was restarted before the station answered"
      record.updatedAt = now
      try end(record)
      try keyAnswered(record.id, .disconnected)
      try followUp(record, .disconnected)
      try certificatesAnswered(record, .disconnected)
      try walkAnswered(record.id, .disconnected)
      try answerPartner(about: record.id, outcome: .disconnected)
    }
  }
}

/// Somebody who waits for a command's outcome: told once, by the station's answer or by the clock.
final class CommandWatch {
  private var waiting: CheckedContinuation<CommandRecord?, Never>?

  init(_ waiting: CheckedContinuation<CommandRecord?, Never>) { self.waiting = waiting }

  func tell(_ record: CommandRecord) {
    waiting?.resume(returning: record)
    waiting = nil
  }
}

/// The partner that asked for a command, and where it waits for the result.
struct CommandOrigin {
  let partner: ID<Partner>
  let url: String
}

extension CommandOutcome {
  /// The same, with the station's key hidden where its answer tells it.
  var withoutKeys: CommandOutcome {
    switch self {
    case .accepted(let answer): .accepted(answer: answer.withoutSecrets)
    case .refused(let word, let answer): .refused(word: word, answer: answer.withoutSecrets)
    case .failed(let code, let description, let details):
      .failed(code: code, description: description, details: details.withoutSecrets)
    case .timedOut, .disconnected, .impossible: self
    }
  }

  /// Phase and answer as the books keep them.
  var inWords: (CommandRecord.Phase, JSON) {
    switch self {
    case .accepted(let answer): (.accepted, answer.withoutSecrets)
    case .refused(let word, let answer): (.refused, answer.isNull ? .string(word) : answer.withoutSecrets)
    case .failed(let code, let description, let details):
      (
        .failed,
        details.object?.isEmpty == false
          ? ["code": .string(code), "description": .string(description), "details": details.withoutSecrets]
          : ["code": .string(code), "description": .string(description)]
      )
    case .timedOut: (.failed, "the station did not answer in time")
    case .disconnected: (.failed, "the connection ended before the station answered")
    case .impossible(let why): (.failed, .string(why))
    }
  }

  /// What a partner hears of it (OCPI 2.2.1 §13.3.2).
  var resultForPartner: CommandResult {
    switch self {
    case .accepted: .accepted
    case .refused(let word, _):
      switch word.ciFolded {
      case "occupied", "concurrent": .evseOccupied
      case "faulted", "unavailable": .evseInoperative
      case "notsupported": .notSupported
      default: .rejected
      }
    case .failed, .impossible: .failed
    case .timedOut, .disconnected: .timeout
    }
  }
}
