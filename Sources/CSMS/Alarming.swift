import Domain
import Store
import Wire

// Telling a person what needs one: each look at the house is held against the book of alarms (`AlarmRules.steps`), and what
// is to be told becomes an event, which webhooks hear, and a letter. Book, event and letter are one commit.

extension CSMS {
  nonisolated private static let rulesSetting = "alarms"

  // MARK: How alarms are told

  /// How the operator wants to hear of alarms.
  public func alarmRules() async throws(Refusal) -> AlarmRules {
    try await read { books throws(StoreFault) in try Self.alarmRules(books) }
  }

  nonisolated private static func alarmRules(_ books: Books) throws(StoreFault) -> AlarmRules {
    guard let text = try books.settings.value(rulesSetting) else { return AlarmRules() }
    return (try? AlarmRules.read(Bytes(utf8: text)).value) ?? AlarmRules()
  }

  /// Changes it; letters that wait are tried at once, because the way may have been mended. Who gives no password keeps the
  /// one that is known, for the same server and user.
  /// - Parameter look: looks at the rules as they are so far, and refuses where the change was made for others.
  public func changeAlarmRules(
    _ wanted: AlarmRules, by who: String,
    looking look: @escaping @MainActor @Sendable (AlarmRules) throws(Refusal) -> Void = { _ in }
  ) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let before = try keep { () throws(StoreFault) in try Self.alarmRules(self.books) }
      try look(before)
      var rules = wanted
      if rules.server?.password == nil, let known = before.server, rules.server?.host == known.host,
        rules.server?.user == known.user
      {
        rules.server?.password = known.password
      }
      try self.check(rules)
      try keep { () throws(StoreFault) in
        try self.books.settings.set(Self.rulesSetting, String(decoding: rules.encoded(), as: UTF8.self))
        try self.books.alarms.hurry(at: self.now)
        try self.record(.alarmRulesChanged(by: who))
      }
    }
  }

  private func check(_ rules: AlarmRules) throws(Refusal) {
    guard Set(rules.rules.map(\.kind)).count == rules.rules.count else {
      throw .invalid(field: "rules", "one rule for each kind")
    }
    for address in rules.recipients { try checkAddress(address, "recipients") }
    for (field, time) in [("quiet_from", rules.quietFrom), ("quiet_to", rules.quietTo)] {
      if let time, AlarmRules.minutes(time) == nil {
        throw .invalid(field: field, "a time of day as 22:00 is expected")
      }
    }
    guard zones[rules.timeZone] != nil else {
      throw .invalid(field: "time_zone", "\(rules.timeZone) is no time zone that this system knows")
    }
    guard let server = rules.server else {
      if rules.recipients.isEmpty { return }
      throw .invalid(field: "server", "letters need a mail server")
    }
    guard !server.host.isEmpty, server.host.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw .invalid(field: "server.host", "the name of a mail server is expected")
    }
    try checkAddress(server.from, "server.from")
    if server.security == .plain, server.password != nil {
      throw .invalid(field: "server.security", "a password is not sent in the clear")
    }
  }

  /// What can stand between angle brackets in a command to a server, and in the head of a letter.
  private func checkAddress(_ address: String, _ field: String) throws(Refusal) {
    let parts = address.split(separator: "@", omittingEmptySubsequences: false)
    let isPlain = address.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"<>,;:\"()[]\\".utf8.contains($0) }
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty, isPlain, address.utf8.count <= 254 else {
      throw .invalid(field: field, "\(address.prefix(64)) is no address")
    }
  }

  // MARK: What stands

  /// The oldest first.
  public func alarms() async throws(Refusal) -> [Alarm] {
    try await read { books throws(StoreFault) in try books.alarms.all() }
  }

  /// The newest first, with what became of each.
  public func letters(limit: Int) async throws(Refusal) -> [KeptLetter] {
    try await read { books throws(StoreFault) in try books.alarms.letters(limit: limit) }
  }

  /// Looks for alarms beside the turns, and decides in one what is told.
  func lookForAlarms() {
    guard !isLookingForAlarms, now - lastAlarmLook >= .seconds(Limits.alarmSeconds) || now < lastAlarmLook else {
      return
    }
    lastAlarmLook = now
    // Nobody is told anything before somebody has said how.
    guard let rules = try? books.settings.value(Self.rulesSetting), !rules.isEmpty else { return }
    isLookingForAlarms = true
    // Whoever was cut off a moment ago, as all are by a start of the daemon, has time to return before it is told.
    let (time, online, papers) = (now, reachableStations, (doorCertificates, brokenCertificates))
    let (over, silent) = (circuitsOver, silentMeters)
    let space = store.space
    Task {
      do {
        let seen = try await read { books throws(StoreFault) in
          var look = AttentionList(now: time, online: online, perKind: Limits.alarmsPerKind)
          _ = try look.stations(books)
          try look.evses(books)
          try look.sessions(books)
          try look.bills(books)
          try look.circuits(books, over: over)
          try look.meters(books, silent: silent)
          _ = try look.partners(books)
          try look.certificates(books, shown: papers.0, broken: papers.1)
          look.disk(space)
          return look.items.compactMap { Alarm($0, at: time) }
        }
        note { () throws(StoreFault) in try self.weigh(seen) }
      } catch {
        // Where the books cannot be read, nothing is known to be over.
        log.error("alarms could not be looked for", metadata: ["cause": "\(error)"])
      }
      isLookingForAlarms = false
    }
  }

  private func weigh(_ found: [Alarm]) throws(StoreFault) {
    let rules = try Self.alarmRules(books)
    let known = try books.alarms.all()
    // Of a kind that fills the look nobody knows which of the others are over.
    let full = Set(Dictionary(grouping: found, by: \.kind).filter { $1.count >= Limits.alarmsPerKind }.keys)
    let keys = Set(found.map(\.key))
    let seen = found + known.filter { full.contains($0.kind) && $0.endedAt == nil && !keys.contains($0.key) }
    let clock = (zones[rules.timeZone] ?? .utc).civil(at: now)
    let minute = clock.hour * 60 + clock.minute
    var (begun, over): ([Alarm], [Alarm]) = ([], [])
    for step in rules.steps(
      seen: seen, known: known, isQuiet: rules.isQuiet(atMinute: minute), at: now)
    {
      switch step {
      case .keep(let alarm): try books.alarms.keep(alarm)
      case .forget(let alarm): try books.alarms.forget(alarm)
      case .tell(let alarm):
        try books.alarms.keep(alarm)
        try record(.alarmRaised(alarm))
        begun.append(alarm)
      case .tellEnd(let alarm):
        try books.alarms.forget(alarm)
        try record(.alarmEnded(alarm))
        over.append(alarm)
      }
    }
    guard !begun.isEmpty || !over.isEmpty, !rules.recipients.isEmpty else { return }
    try books.alarms.post(Letter(of: begun, over: over, to: rules.recipients, at: now))
  }

  /// Tells everybody who hears of alarms that this is a test; the letter is handed in at once.
  /// - Returns: What the mail server said; nil where nobody gets letters.
  public func testAlarms(by who: String) async throws(Refusal) -> MailOutcome? {
    let rules = try await alarmRules()
    try await turn { () throws(Refusal) in
      try keep { () throws(StoreFault) in _ = try self.record(.alarmTested(by: who)) }
    }
    guard let server = rules.server, !rules.recipients.isEmpty else { return nil }
    guard let mailLink else { throw .conflict("this house has no way out for letters") }
    let letter = Letter(
      id: UUIDv7.make(at: now), to: rules.recipients, subject: "Ostler: a test",
      text: "This is a test of the alarms. If you read it, letters arrive.\n", at: now)
    return await withCheckedContinuation { waiting in
      mailLink.send(letter, by: server) { waiting.resume(returning: $0) }
    }
  }

  // MARK: Letters

  /// Hands in what is due, one letter at a time.
  func postLetters() {
    guard let mailLink, !isPosting else { return }
    note { () throws(StoreFault) in
      guard let due = try self.books.alarms.due(at: self.now) else { return }
      guard let server = try Self.alarmRules(self.books).server else { return }
      self.afterCommit {
        self.isPosting = true
        mailLink.send(due.letter, by: server) { self.posted(due.letter.id, $0) }
      }
    }
  }

  private func posted(_ id: String, _ outcome: MailOutcome) {
    note {
      () throws(StoreFault) in
      if var kept = try self.books.alarms.letter(id), kept.state == .waiting {
        kept.attempts += 1
        switch outcome {
        case .taken: (kept.state, kept.why, kept.endedAt) = (.taken, nil, self.now)
        case .takenForSome(let why): (kept.state, kept.why, kept.endedAt) = (.taken, why, self.now)
        case .refused(let why): (kept.state, kept.why, kept.endedAt) = (.refused, why, self.now)
        case .failed(let why):
          kept.why = why
          if kept.attempts >= Limits.letterAttempts { (kept.state, kept.endedAt) = (.refused, self.now) }
          kept.nextAt = self.now + .seconds(min(10 << min(kept.attempts, 9), Limits.letterPauseSeconds))
        }
        try self.books.alarms.update(kept)
      }
      self.afterCommit { self.isPosting = false }
    } onFault: {
      self.isPosting = false
    }
  }
}

nonisolated extension Alarm {
  /// What of the things that need a person is an alarm; nil for the others.
  fileprivate init?(_ item: AttentionItem, at now: Timestamp) {
    let kind: Kind
    switch item.kind {
    case .stationOffline: kind = .stationOffline
    case .evseFaulted: kind = .evseFaulted
    case .sessionStuck: kind = .sessionStuck
    case .partnerFailing, .pushParked: kind = .partnerFailing
    case .certificateExpiring, .stationCertificateExpiring, .certificateUnusable: kind = .certificateExpiring
    case .diskLow: kind = .diskLow
    case .cdrHeld: kind = .cdrHeld
    case .circuitOver: kind = .circuitOver
    case .meterSilent: kind = .meterSilent
    case .houseCannotWrite, .messageParked, .sessionSuperseded, .stationKeyUndecided, .stationKnocking,
      .stationWithoutPassword:
      return nil
    }
    let about = [
      item.partner?.name, item.station.map { station in item.evse.map { "\(station) EVSE \($0)" } ?? station },
      item.cdr ?? item.session,
    ].compactMap(\.self)
    let subject = about.isEmpty ? item.detail ?? kind.rawValue : about.joined(separator: " ")
    self.init(
      kind, String((kind == .diskLow ? "disk" : subject).prefix(Limits.alarmSubject)),
      detail: item.detail.map { String($0.prefix(Limits.alarmDetail)) }, since: min(item.since ?? now, now))
  }

  private var words: String {
    switch kind {
    case .stationOffline: "Station offline"
    case .evseFaulted: "Fault"
    case .sessionStuck: "Session stuck"
    case .partnerFailing: "Partner failing"
    case .certificateExpiring: "Certificate expiring"
    case .diskLow: "Disk nearly full"
    case .cdrHeld: "CDR held back"
    case .circuitOver: "Circuit over its limit"
    case .meterSilent: "Meter silent"
    }
  }

  fileprivate var line: String { "\(words): \(subject.spelledOut())" }
}

nonisolated extension Letter {
  /// One letter for all that one look found.
  fileprivate init(of begun: [Alarm], over: [Alarm], to recipients: [String], at now: Timestamp) {
    let all = begun.map(\.line) + over.map { "Over: \($0.line)" }
    let subject = all.count == 1 ? all[0] : "\(all[0]), and \(all.count - 1) more"
    // A line is a line, whatever a station or a partner calls itself.
    var lines = begun.map { alarm in
      "\(alarm.line), since \(alarm.since.text)\(alarm.detail.map { ": \($0.spelledOut())" } ?? "")"
    }
    lines += over.map { "Over since \(($0.endedAt ?? now).text): \($0.line)" }
    let rest = lines.count - Limits.alarmsPerLetter
    if rest > 0 { lines = lines.prefix(Limits.alarmsPerLetter) + ["… and \(rest) more, which the overview shows."] }
    self.init(
      id: UUIDv7.make(at: now), to: recipients, subject: "Ostler: \(subject)",
      text: lines.joined(separator: "\n") + "\n",
      at: now)
  }
}
