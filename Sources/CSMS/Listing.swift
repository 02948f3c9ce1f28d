import Domain
import Store
import Wire

// The local authorization lists of stations: the house keeps one list and brings each station that should have it in step,
// by what is different where it can, as a whole where what the station has is not known (OCPP 1.6 §5.15, OCPP 2.0.1 D01).

extension CSMS {
  /// The operator wants a station's list to be kept by the house, or not.
  /// - Parameter look: looks at whether it is kept so far, and refuses where the change was made for something else.
  public func keepList(
    of identity: StationIdentity, _ isKept: Bool, by who: String,
    looking look: @escaping @MainActor @Sendable (Bool) throws(Refusal) -> Void = { _ in }
  ) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      let known = try keep { () throws(StoreFault) in try self.list(of: station.id) }
      try look(known.phase != .off)
      try keep { () throws(StoreFault) in
        var list = known
        guard (list.phase != .off) != isKept else { return }
        (list.phase, list.dueAt) = isKept ? (.unknown, self.now) : (.off, nil)
        (list.command, list.sentUpTo, list.attempts, list.why) = (nil, nil, 0, nil)
        if isKept { _ = try self.books.lists.refresh() }
        try self.save(list)
        try self.record(.stationChanged(station.id, by: who))
        try self.keepList(list)
      }
    }
  }

  /// Sends the whole list anew, whatever the station is believed to have.
  public func sendList(to identity: StationIdentity, by who: String) async throws(Refusal) -> CommandRecord {
    try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      guard self.isOnline(station.id) else { throw .conflict("the station is not connected") }
      let id = try keep { () throws(StoreFault) in
        var list = try self.list(of: station.id)
        guard list.phase != .off else { return nil as String? }
        _ = try self.books.lists.refresh()
        (list.phase, list.isFull, list.sentUpTo, list.command) = (.sending, true, nil, nil)
        (list.dueAt, list.attempts, list.leftOut) = (self.now, 0, 0)
        try self.save(list)
        try self.keepList(list, by: who)
        return try self.books.lists.state(of: station.id)?.command
      }
      guard let id else { throw .conflict("the house does not keep the list of this station") }
      guard let command = try keep({ () throws(StoreFault) in try self.books.commands.command(id) }) else {
        throw .notFound("no such command")
      }
      return command.record
    }
  }

  func list(of station: ID<Station>) throws(StoreFault) -> LocalListState {
    try books.lists.state(of: station) ?? LocalListState(station: station, phase: .off, dueAt: nil, updatedAt: now)
  }

  /// Tokens changed. Many change at once when a partner sends its own; the list follows when that has settled.
  func tokensMoved() {
    if tokensMovedAt == nil { tokensMovedSince = now }
    tokensMovedAt = now
  }

  /// Brings the house's list up to date once the tokens are quiet, and each station's that is due a step further.
  func keepLists() throws(StoreFault) {
    if let moved = tokensMovedAt,
      now - moved >= .seconds(Limits.listQuietSeconds) || now - tokensMovedSince >= .seconds(Limits.listWaitSeconds)
    {
      afterCommit { self.tokensMovedAt = nil }
      if try books.lists.isAnyKept(), try books.lists.refresh() { try books.lists.allDue(at: now) }
    }
    try each(try books.lists.due(at: now, limit: Limits.dutiesAtOnce), of: "local lists") { list throws(StoreFault) in
      try keepList(list)
    }
  }

  /// It booted: what it has must be asked for.
  func listIsUnknown(at station: ID<Station>) throws(StoreFault) {
    guard var list = try books.lists.state(of: station), list.phase != .off else { return }
    (list.phase, list.command, list.attempts, list.dueAt) = (.unknown, nil, 0, now)
    try save(list)
  }

  // MARK: One step

  private func keepList(_ due: LocalListState, by who: String = "house") throws(StoreFault) {
    var list = due
    // Somebody asked and nobody answered, not even the line: as after a restart.
    list.dueAt = now + .seconds(settings.commandSeconds + Limits.firstDutyPauseSeconds)
    defer { list.updatedAt = now }
    switch list.phase {
    case .off: list.dueAt = nil
    case .unsupported: list.dueAt = nil
    case .unknown, .failed, .sending, .inStep:
      guard isOnline(list.station) else {
        list.dueAt = nil
        break
      }
      guard let capacity = try capacity(of: list.station) else { break }
      if capacity.isListEnabled == false {
        (list.phase, list.why, list.dueAt) = (.unsupported, "the station has its local list switched off", nil)
        try save(list)
        try record(.listMoved(list))
        return
      }
      if list.phase == .unknown || list.version == nil {
        list.command = try ask(.list(.version), of: list.station, by: who)
      } else {
        try sendNext(of: &list, capacity, by: who)
      }
    }
    try save(list)
  }

  /// Offers the next piece of the list, or finds that there is none.
  private func sendNext(
    of list: inout LocalListState, _ capacity: StationCapacity, by who: String
  ) throws(StoreFault) {
    if list.phase != .sending || list.sentUpTo == nil {
      list.target = try books.lists.newestChange()
      let room = capacity.listEntries ?? .max
      list.leftOut = max(0, try books.lists.count() - room)
      if list.phase != .sending, list.change == list.target, !list.isFull { return try isInStep(&list) }
      // Of a list that it has not room for it gets the first part, anew each time: what moved up is no change.
      let isRemembered = try books.lists.remembers(since: list.change)
      if list.leftOut > 0 || !isRemembered { list.isFull = true }
      list.phase = .sending
    }
    let entries = try nextEntries(of: list, capacity)
    if entries.isEmpty, list.sentUpTo != nil || !list.isFull { return try isInStep(&list) }
    list.offered = entries.last?.place
    let update = LocalListUpdate(
      version: (list.version ?? 0) + 1, isFull: list.isFull && list.sentUpTo == nil, entries: entries.map(\.entry))
    list.command = try ask(.list(.send(update)), of: list.station, by: who)
  }

  private func nextEntries(
    of list: LocalListState, _ capacity: StationCapacity
  ) throws(StoreFault) -> [(place: String, entry: LocalListEntry)] {
    let piece = max(1, min(capacity.listEntriesPerMessage ?? Limits.listPiece, Limits.listPiece))
    guard list.isFull else {
      return try books.lists.changes(
        after: list.change, upTo: list.target, behind: list.sentUpTo ?? "", limit: piece)
    }
    let place = list.sentUpTo.flatMap { Int64($0) } ?? -1
    let sent = try books.lists.count(upTo: place)
    let room = max(0, (capacity.listEntries ?? .max) - sent)
    return try books.lists.entries(after: place, limit: min(piece, room))
  }

  private func isInStep(_ list: inout LocalListState) throws(StoreFault) {
    (list.phase, list.change, list.isFull) = (.inStep, list.target, false)
    (list.sentUpTo, list.offered, list.command) = (nil, nil, nil)
    (list.attempts, list.why) = (0, nil)
    list.dueAt = try books.lists.newestChange() > list.change ? now : nil
    try record(.listMoved(list))
  }

  // MARK: Its answers

  /// A station forgot somebody, and its list is ours to mend: he is taken off it (OCPP 2.0.1 N10.FR.02), until his token
  /// changes or the whole list goes anew.
  func customerForgotten(_ command: CommandRecord, _ outcome: CommandOutcome) throws(StoreFault) {
    guard case .accepted = outcome, let uid = command.forgottenToken,
      var list = try books.lists.state(of: command.station), list.phase == .inStep, let version = list.version,
      var entry = try books.lists.entry(of: uid), entry.standing != .removed
    else { return }
    entry.standing = .removed
    (list.phase, list.offered, list.sentUpTo, list.target) = (.sending, nil, nil, list.change)
    list.dueAt = now + .seconds(settings.commandSeconds + Limits.firstDutyPauseSeconds)
    list.command = try ask(
      .list(.send(LocalListUpdate(version: version + 1, isFull: false, entries: [entry]))), of: command.station)
    try save(list)
  }

  func listVersionTold(_ command: CommandRecord, _ outcome: CommandOutcome) throws(StoreFault) {
    var list = try list(of: command.station)
    guard list.phase != .off else { return }
    list.command = nil
    switch outcome {
    case .accepted(let answer):
      let told = answer["version"]?.int.flatMap { Int(exactly: $0) } ?? 0
      // Equal to what we gave it, it has that list; else somebody else was there, or it lost it.
      let isOurs = told == list.version && list.sentUpTo == nil && list.change > 0
      let isEmptyAsOurs = told == 0 ? try books.lists.count() == 0 : false
      list.version = told
      list.isFull = !isOurs
      list.sentUpTo = nil
      list.dueAt = now
      if isEmptyAsOurs {
        list.target = try books.lists.newestChange()
        try isInStep(&list)
      } else {
        list.phase = isOurs ? .inStep : .sending
      }
    case .refused, .failed, .timedOut, .disconnected, .impossible: try notTaken(&list, outcome)
    }
    try save(list)
    if list.phase != .failed, list.dueAt != nil { try keepList(list) }
  }

  func listAnswered(_ command: CommandRecord, _ outcome: CommandOutcome) throws(StoreFault) {
    var list = try list(of: command.station)
    guard list.command == command.id, list.phase == .sending else { return }
    list.command = nil
    switch outcome {
    case .accepted:
      list.version = command.detail["version"]?.int.flatMap { Int(exactly: $0) } ?? list.version
      list.sentUpTo = list.offered ?? list.sentUpTo
      (list.attempts, list.dueAt) = (0, now)
      if list.sentUpTo == nil { try isInStep(&list) }
    case .refused(let word, _)
    where word.ciFolded == "versionmismatch" || word.ciFolded == "failed" && !list.isFull:
      // What it has is not what we believe, or the changes do not fit it: it says, and gets all (OCPP 1.6 §5.15).
      (list.phase, list.isFull, list.sentUpTo, list.version) = (.unknown, true, nil, nil)
      list.attempts += 1
      (list.why, list.dueAt) = (word, list.attempts > 1 ? nextTry(after: list.attempts) : now)
    case .refused, .failed, .timedOut, .disconnected, .impossible: try notTaken(&list, outcome)
    }
    try save(list)
    if let due = list.dueAt, due <= now { try keepList(list) }
  }

  private func notTaken(_ list: inout LocalListState, _ outcome: CommandOutcome) throws(StoreFault) {
    (list.isFull, list.sentUpTo, list.version, list.why) = (true, nil, nil, outcome.why)
    if outcome.isUnsupported {
      (list.phase, list.dueAt) = (.unsupported, nil)
      try record(.listMoved(list))
    } else {
      list.attempts += 1
      list.dueAt = nextTry(after: list.attempts)
      // A lost line is no news; a station that refuses is, once.
      if !outcome.isOpen, list.phase != .failed { try record(.listMoved(list)) }
      list.phase = outcome.isOpen ? .unknown : .failed
    }
  }

  private func save(_ list: LocalListState) throws(StoreFault) {
    var list = list
    list.updatedAt = now
    try books.lists.save(list)
  }
}

extension CommandRecord {
  /// Whose data a station was asked to forget, by the operator's verb or in a call that was written by hand.
  fileprivate var forgottenToken: String? {
    guard verb == "raw" else { return detail["clear"]?.bool == true ? detail["token"]?.string : nil }
    guard detail["action"] == "CustomerInformation", detail["payload"]?["clear"]?.bool == true else { return nil }
    return detail["payload"]?["idToken"]?["idToken"]?.string
  }
}
