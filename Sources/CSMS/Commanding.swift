import Crypto
import Domain
import Store
import Wire

// What is asked of stations: a command is written down before it is sent, waits its turn at the link, has a deadline,
// and its end is written down in the station's own words.

extension CSMS {
  public func isOnline(_ station: ID<Station>) -> Bool { links.link(of: station) != nil }

  public func liveLink(of station: ID<Station>) -> (version: String, address: String, since: Timestamp)? {
    links.link(of: station).map { ($0.version, $0.address, $0.openedAt) }
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
  public func startSession(
    at identity: StationIdentity, evse number: Int?, token id: ID<Token>, by who: String
  ) async throws(Refusal) -> CommandRecord {
    try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      guard let token = try keep({ () throws(StoreFault) in try self.books.tokens.token(id) }) else {
        throw .notFound("no such token")
      }
      guard token.isUsable(at: self.now) else { throw .conflict("the token is blocked or expired") }
      let evse = try self.evseToStart(number, at: station)
      let holder = try keep { () throws(StoreFault) in try self.holder(of: token, method: .command) }
      return try self.remoteStart(holder, at: station, evse: evse, by: who, respondTo: nil)
    }
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
      guard try keep({ () throws(StoreFault) in try self.books.sessions.open(at: evse.id) }) == nil else {
        throw .conflict("EVSE \(number) is occupied")
      }
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
  func remoteStart(
    _ holder: Session.Holder, at station: Station, evse: EVSE, by who: String, respondTo: CommandOrigin?
  ) throws(Refusal) -> CommandRecord {
    guard let link = links.link(of: station.id) else { throw .conflict("the station is not connected") }
    guard let connector = evse.connectors.first else { throw .conflict("the EVSE has no connector") }
    return try keep { () throws(StoreFault) in
      let id = newID()
      let session = Session.pending(
        id: newID(), place: try place(of: evse, connector: connector), holder: holder, command: id,
        tariff: try tariff(of: connector), at: now)
      try books.sessions.insert(session, startKey: nil)
      try record(.sessionPending(session: session.id))
      try sessionMoved(session)
      let longest = station.quirks.tagLength ?? Limits.tagLength
      var tag = holder.token.uid
      if tag.utf8.count > longest || !tag.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
        tag = randomBytes(8).hex.uppercased()
        try books.tokens.makeAlias(tag, for: id, at: station.id, at: now)
      }
      return try issue(
        .remoteStart(evse: evse.number, tag: tag), id: id, over: link, by: who, session: session.id,
        respondTo: respondTo)
    }
  }

  func remoteStop(_ session: Session, by who: String, respondTo: CommandOrigin?) throws(Refusal) -> CommandRecord {
    guard session.state == .active, let transaction = session.transaction else {
      throw .conflict("the session is not running")
    }
    guard let link = links.link(of: session.station) else { throw .conflict("the station is not connected") }
    return try keep { () throws(StoreFault) in
      try issue(
        .remoteStop(transaction: transaction), id: newID(), over: link, by: who, session: session.id,
        respondTo: respondTo)
    }
  }

  func issue(
    _ command: StationCommand, to station: ID<Station>, by who: String, respondTo: CommandOrigin? = nil
  ) throws(Refusal) -> CommandRecord {
    guard let link = links.link(of: station) else { throw .conflict("the station is not connected") }
    return try keep { () throws(StoreFault) in
      try issue(command, id: newID(), over: link, by: who, session: nil, respondTo: respondTo)
    }
  }

  private func issue(
    _ command: StationCommand, id: String, over link: LiveLinks.Link, by who: String, session: String?,
    respondTo: CommandOrigin?
  ) throws(StoreFault) -> CommandRecord {
    guard let station = link.station else { throw StoreFault.missing("the link's station") }
    let record = CommandRecord(
      id: id, station: station, verb: command.verb, detail: command.detail, origin: who, phase: .sent, createdAt: now,
      updatedAt: now)
    try books.commands.insert(
      KeptCommand(record, partner: respondTo?.partner, respondTo: respondTo?.url, session: session))
    try self.record(.commandSent(id: id, station: station))
    afterCommit {
      self.stationLink?.call(command, on: link.id, deadline: self.settings.commandSeconds) { outcome in
        self.insist { () throws(StoreFault) in try self.commandEnded(id, outcome) }
      }
    }
    return record
  }

  // MARK: How it ended

  private func commandEnded(_ id: String, _ outcome: CommandOutcome) throws(StoreFault) {
    guard var record = try books.commands.command(id)?.record, record.phase == .sent else { return }
    (record.phase, record.answer) = outcome.inWords
    // A start is done when the car charges; everything else is done when the station says so.
    if record.phase == .accepted, record.verb != "start" { record.phase = .done }
    record.updatedAt = now
    try end(record)
    if case .accepted = outcome {} else { try expireSession(of: id) }
    try answerPartner(about: id, outcome: outcome)
  }

  /// The car came: the remote start has done what it was for.
  func commandDone(_ session: Session) throws(StoreFault) {
    guard let id = session.command, var record = try books.commands.command(id)?.record,
      record.phase == .sent || record.phase == .accepted
    else { return }
    // The start can overtake the station's own answer to the command.
    if record.phase == .sent { try answerPartner(about: id, outcome: .accepted(answer: .null)) }
    record.phase = .done
    record.updatedAt = now
    try end(record)
  }

  /// Remote starts whose car did not come in time.
  func expirePending() throws(StoreFault) {
    for session in try books.sessions.pending(before: now - .seconds(settings.connectionSeconds)) {
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
  }

  private func end(_ record: CommandRecord) throws(StoreFault) {
    try books.commands.end(record.id, record.phase, answer: record.answer, at: record.updatedAt)
    try self.record(.commandEnded(id: record.id, station: record.station, phase: record.phase))
    afterCommit { self.commandWatches.removeValue(forKey: record.id)?.forEach { $0.tell(record) } }
  }

  /// After a start of the daemon no answer to an older command can come any more.
  func failOrphanedCommands() throws(StoreFault) {
    for var record in try books.commands.open(before: now).map(\.record) where record.phase == .sent {
      record.phase = .failed
      record.answer = "the daemon was restarted before the station answered"
      record.updatedAt = now
      try end(record)
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

extension StationCommand {
  /// What it was about, for people.
  var detail: JSON {
    switch self {
    case .remoteStart(let evse, let tag): ["evse": evse.map { .number(JSONNumber($0)) } ?? .null, "tag": .string(tag)]
    case .remoteStop(let transaction): ["transaction": .number(JSONNumber(transaction))]
    case .reset(let hard): ["hard": .bool(hard)]
    case .unlock(let evse): ["evse": .number(JSONNumber(evse))]
    case .setAvailability(let evse, let operative): ["evse": .number(JSONNumber(evse)), "operative": .bool(operative)]
    // A password that is set this way must not be read back from the books (OCPP 2.0.1 A01.FR.09).
    case .setConfiguration(let key, let value):
      withoutSecrets(["key": .string(key), "value": .string(value)])
    case .getConfiguration(let keys): ["keys": .array(keys.map { .string($0) })]
    case .clearCache: [:]
    case .trigger(let what, let evse):
      ["what": .string(what.rawValue), "evse": evse.map { .number(JSONNumber($0)) } ?? .null]
    case .transferData(let vendor, let message, _):
      ["vendor": .string(vendor), "message": message.map { .string($0) } ?? .null]
    case .raw(let action, let payload): ["action": .string(action), "payload": withoutSecrets(payload)]
    }
  }
}

/// What goes into the books of a command or its answer: a station's key is hidden, also in the list of settings with
/// which some stations tell it although it is write-only (OCPP 1.6 security whitepaper, A.4).
private func withoutSecrets(_ json: JSON) -> JSON {
  switch json {
  case .object(let object):
    let isSecret = json["key"]?.string?.ciFolded == "authorizationkey"
    return .object(
      JSONObject(
        object.members.map { member in
          JSONObject.Member(member.key, isSecret && member.key == "value" ? "(hidden)" : withoutSecrets(member.value))
        }))
  case .array(let items): return .array(items.map(withoutSecrets))
  case .null, .bool, .number, .string: return json
  }
}

extension CommandOutcome {
  /// Phase and answer as the books keep them.
  var inWords: (CommandRecord.Phase, JSON) {
    switch self {
    case .accepted(let answer): (.accepted, withoutSecrets(answer))
    case .refused(let word, let answer): (.refused, answer.isNull ? .string(word) : withoutSecrets(answer))
    case .failed(let code, let description): (.failed, ["code": .string(code), "description": .string(description)])
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
