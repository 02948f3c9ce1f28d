import Domain
import Store
import Wire

// The way of a session at the station: start, readings, stop (OCPP 1.6 §4.6–§4.10). Every repeat is harmless, nothing
// that a station tells is dropped, and nothing that is another station's changes.

extension CSMS {
  // MARK: Start

  /// A session begins at a station. The same start again, under whatever message id, is the same session.
  func started(_ report: StartReport, at station: ID<Station>) throws(StoreFault) -> StartVerdict {
    let key = StartKey(report).text
    if let known = try books.sessions.session(station, startKey: key), let transaction = known.transaction {
      try noteOddity("StartTransaction: repeated", sample: known.id, of: station)
      return StartVerdict(
        transaction: transaction, authorization: try authorizeAgain(report.tag, of: known).at(report.evse))
    }
    guard let evse = try knownOrNewEVSE(report.evse, of: station),
      let connector = evse.connectors.first(where: { $0.number == report.connector }) ?? evse.connectors.first
    else {
      // An EVSE that cannot be: the message stays with the operator, and the station is told no.
      try park(action: "StartTransaction", payload: report.raw.json, why: "no EVSE \(report.evse)", of: station)
      return StartVerdict(transaction: try books.sessions.nextTransaction(), authorization: Authorization(.invalid))
    }
    // Before the alias is used up: what a remote start asked for is allowed by that.
    let authorization = try authorizeStart(report.tag, at: station).at(report.evse)
    let transaction = try books.sessions.nextTransaction()
    let start = plausible(report.at)
    let isLate = try supersede(at: evse, before: start)
    if var waiting = try pendingSession(for: report.tag, at: evse),
      waiting.begin(
        at: start, meter: report.meterStart, transaction: transaction, received: now)
    {
      try place(&waiting, at: evse, connector)
      try books.sessions.save(waiting, startKey: key)
      try startFulfilled(waiting)
      try began(waiting, with: report, isLate: isLate)
      try limitByCredit(waiting)
      try sendProfile(of: waiting)
      try useReservation(report.reservation, tag: waiting.token.uid, by: waiting, at: evse, on: start)
      return StartVerdict(transaction: transaction, authorization: authorization)
    }
    let missed = try missedSession(for: report.tag, at: evse, from: start)
    var verdict = try once(authorization)
    if let missed { verdict = Authorization(.accepted, holder: missed.holder, groupID: missed.groupID) }
    let holder = if let known = verdict.holder { known } else { try holderOfStranger(report.tag) }
    var session = Session.started(
      id: newID(), place: try place(of: evse, connector: connector), holder: holder,
      tariff: try tariff(of: connector, of: evse, for: holder, at: start), at: start, meter: report.meterStart,
      transaction: transaction, received: now)
    session.command = missed?.command
    try books.sessions.insert(session, startKey: key)
    // An alias whose wait was over begins a session of its own, and no second one.
    if try books.tokens.alias(report.tag, at: station) != nil { try books.tokens.useAlias(report.tag, for: session.id) }
    try began(session, with: report, isLate: isLate)
    if verdict.verdict == .accepted { try limitByCredit(session) }
    try useReservation(report.reservation, tag: report.tag, by: session, at: evse, on: start)
    return StartVerdict(transaction: transaction, authorization: verdict)
  }

  private func began(_ session: Session, with report: StartReport, isLate: Bool) throws(StoreFault) {
    let reading = Reading(at: session.startedAt, register: report.meterStart, context: .begin, raw: report.raw)
    _ = try books.sessions.append(reading, to: session.id, receivedAt: now)
    try record(.sessionStarted(session: session.id))
    if isLate { try supersede(session) } else { try sessionMoved(session) }
  }

  /// What waits for a car at this EVSE and was asked for with this tag: the alias' session, or the one of that very
  /// token.
  private func pendingSession(for tag: String, at evse: EVSE) throws(StoreFault) -> Session? {
    if let alias = try books.tokens.alias(tag, at: evse.station) {
      guard let session = try session(of: alias.command), session.state == .pending else { return nil }
      try books.tokens.useAlias(tag, for: session.id)
      // The operator asked for the station, and the car may go to another of its EVSEs.
      return session
    }
    let folded = Token.fold(tag)
    // Under its own tag for remote starts a station starts for whoever it was asked to start for.
    let isStartTag = try needs(of: evse.station).startTag.map { Token.fold($0) == folded } ?? false
    return try books.sessions.pending(of: evse.station).first {
      $0.evse == evse.id && (isStartTag || Token.fold($0.token.uid) == folded)
    }
  }

  /// A remote start that was given up although its car came in time: the station was offline, and tells it late. The id of
  /// its session cannot live again, but whose it is still holds.
  private func missedSession(for tag: String, at evse: EVSE, from start: Timestamp) throws(StoreFault) -> Session? {
    let wait = Duration.seconds(settings.connectionSeconds + settings.commandSeconds)
    guard
      let session = try books.sessions.missed(of: evse.station, uid: tag, since: start - wait).first,
      session.evse == evse.id
    else { return nil }
    // The station's clock may be a little behind ours.
    let isInTime = start > session.startedAt - .seconds(Limits.commandSkewSeconds) && start < session.startedAt + wait
    let isUsed = try books.sessions.list(SessionFilter(station: evse.station, uid: tag), limit: Limits.recentSessions)
      .contains { $0.command == session.command && $0.id != session.id }
    return isInTime && !isUsed ? session : nil
  }

  /// Where the car is is where it charges, and what it pays for, wherever it was awaited.
  func place(_ session: inout Session, at evse: EVSE, _ connector: Connector) throws(StoreFault) {
    guard session.evse != evse.id || session.connector != connector.id else { return }
    (session.evse, session.connector) = (evse.id, connector.id)
    session.tariff = try tariff(of: connector, of: evse, for: session.holder, in: session.id, at: session.startedAt)
  }

  /// Sessions here that began before this one and were never stopped. True where this one is the older:
  /// it is told of late, and a session that began after it runs. One that began in the future had a wrong
  /// clock.
  func supersede(at evse: EVSE, before start: Timestamp, by id: String? = nil) throws(StoreFault) -> Bool {
    let running = try books.sessions.pendingOrRunning(of: evse.station).filter {
      $0.evse == evse.id && $0.state == .active && $0.id != id
    }
    let newer = running.filter { $0.startedAt > start && $0.startedAt <= now }
    for older in running where !newer.contains(older) { try supersede(older) }
    return !newer.isEmpty
  }

  private func supersede(_ session: Session) throws(StoreFault) {
    var session = session
    guard session.supersede(received: now) else { return }
    try books.sessions.save(session)
    try record(.sessionSuperseded(session: session.id))
    try sessionMoved(session)
  }

  // MARK: Readings

  func metered(_ report: MeterReport, by station: ID<Station>) throws(StoreFault) {
    guard !report.readings.isEmpty else { return }
    guard var session = try sessionMeant(by: report, at: station) else { return }
    if report.transaction == nil, let kept = try books.transactions.transaction(of: session.id) {
      return try metered(report.readings, of: session, kept)
    }
    if session.endedAt != nil { try noteOddity("MeterValues: after the stop", sample: session.id, of: station) }
    try keep(report.readings, in: &session)
  }

  private func sessionMeant(by report: MeterReport, at station: ID<Station>) throws(StoreFault) -> Session? {
    if let transaction = report.transaction, transaction > 0 {
      let named = try books.sessions.session(transaction: transaction)
      if let named, named.station == station { return named }
      try parkReadings(report, why: Self.whyForeign(named), of: station)
      return nil
    }
    // The main meter counts no session.
    if report.evse == 0, report.transaction == nil { return nil }
    // Some stations name no transaction, or one of their own below zero: the car at that EVSE is meant.
    let evse = try books.stations.evse(station, number: report.evse)
    guard let open = try evse.flatMap({ evse throws(StoreFault) in try books.sessions.running(at: evse) }) else {
      // Readings outside any session are the meter's idle chatter, unless a transaction was named that nobody knows.
      guard report.transaction == nil else {
        try parkReadings(report, why: "no such transaction", of: station)
        return nil
      }
      return try evse.flatMap { evse throws(StoreFault) in try sessionThatEnded(at: evse, by: report.readings) }
    }
    if let transaction = report.transaction {
      try noteOddity("MeterValues.transactionId: not the one that we gave", sample: "\(transaction)", of: station)
    }
    return open
  }

  /// The session whose last reading comes after its stop and without its id.
  private func sessionThatEnded(at evse: EVSE, by readings: [Reading]) throws(StoreFault) -> Session? {
    guard let last = readings.last(where: { $0.context == .end }) else { return nil }
    let recent = try books.sessions.list(SessionFilter(station: evse.station), limit: Limits.recentSessions)
    return recent.first { session in
      guard session.evse == evse.id, let end = session.endedAt else { return false }
      return (end - .seconds(Limits.lateReadingSeconds)...end + .seconds(Limits.lateReadingSeconds)).contains(last.at)
    }
  }

  private func parkReadings(_ report: MeterReport, why: String, of station: ID<Station>) throws(StoreFault) {
    let payload: JSON = [
      "evse": .number(JSONNumber(report.evse)),
      "transaction": report.transaction.map { .number(JSONNumber($0)) } ?? .null,
      "readings": .array(report.readings.map(\.raw.json)),
    ]
    try park(action: "MeterValues", payload: payload, why: why, of: station)
  }

  /// Keeps readings, each once, and moves the session by those that are new.
  private func keep(_ readings: [Reading], in session: inout Session) throws(StoreFault) {
    var hasMoved = false
    var isBelieved = false
    if session.lastReadingAt == nil, try needs(of: session.station).startsAtFirstReading == true,
      let first = readings.first(where: { $0.register != nil && $0.context != .begin })?.register
    {
      session.believe(start: first)
      isBelieved = true
    }
    for var reading in readings {
      reading.at = plausible(reading.at)
      guard try books.sessions.append(reading, to: session.id, receivedAt: now) else { continue }
      if session.takes(reading, received: now) { hasMoved = true }
      balanceRead(reading, of: session)
    }
    // Where it begins is no progress, and is written with the whole.
    if isBelieved { try books.sessions.save(session) } else if hasMoved { try books.sessions.saveProgress(session) }
    guard isBelieved || hasMoved else { return }
    progressed(session)
    try sessionMoved(session, isProgress: true)
  }

  /// SuspendedEV is the vehicle that asks for no power; SuspendedEVSE is our own pause and costs no parking.
  func vehicleShifted(_ report: StatusReport, at evse: EVSE) throws(StoreFault) {
    let activity: Session.Activity
    switch report.status {
    case .suspendedEV, .finishing: activity = .idle
    case .charging, .suspendedEVSE: activity = .charging
    case .available, .preparing, .reserved, .unavailable, .faulted, .unknown: return
    }
    guard var session = try books.sessions.running(at: evse), !isOfBefore(report, session),
      session.shift(to: activity, at: plausible(report.at), received: now)
    else { return }
    try books.sessions.saveProgress(session)
    try sessionMoved(session, isProgress: true)
  }

  /// A report that waited at the station while its line was down, and tells of a car that has left: one from before the
  /// session, or from before what is known of it already.
  private func isOfBefore(_ report: StatusReport, _ session: Session) -> Bool {
    guard let told = report.at else { return false }
    let known = session.shifts.last?.at ?? session.startedAt - .seconds(Limits.commandSkewSeconds)
    return told < known
  }

  // MARK: Stop

  func stopped(_ report: StopReport, at station: ID<Station>) throws(StoreFault) -> StopVerdict {
    let verdict = StopVerdict(
      authorization: try report.tag.map { tag throws(StoreFault) in
        try authorizeAtOnce(PresentedToken(tag), at: station)
      })
    let key = "\(report.meterStop?.tenthsOfWattHour.description ?? "-")|\(report.written ?? "-")"
    guard var session = try sessionMeant(by: report, key: key, at: station) else { return verdict }
    switch session.state {
    case .active, .superseded:
      try end(&session, report: report, key: key)
    case .completed:
      try noteOddity("StopTransaction: repeated", sample: session.id, of: station)
      // The first stop counts; a second that says something else is for people to look at.
      let first = try books.sessions.stopKey(of: session.id)
      guard first != key, try keepReadings(of: report, for: &session) else { break }
      try record(
        .stopDiffers(session: session.id, what: "\(first.map { "first \($0)" } ?? "ended without a stop"), then \(key)")
      )
    case .pending, .invalid:
      try park(action: "StopTransaction", payload: report.raw.json, why: "the session never began", of: station)
    }
    return verdict
  }

  private func end(_ session: inout Session, report: StopReport, key: String) throws(StoreFault) {
    try keepReadings(of: report, for: &session)
    _ = session.stop(at: plausible(report.at), meter: report.meterStop, because: report.ending, received: now)
    try books.sessions.finish(session, stopKey: key)
    try ended(session, isEstimated: report.meterStop == nil)
  }

  /// Keeps what came with a stop. False where the very same stop was kept before.
  @discardableResult
  private func keepReadings(of report: StopReport, for session: inout Session) throws(StoreFault) -> Bool {
    for var reading in report.readings {
      reading.at = plausible(reading.at)
      if try books.sessions.append(reading, to: session.id, receivedAt: now) {
        _ = session.takes(reading, received: now)
      }
    }
    let last = Reading(at: plausible(report.at), register: report.meterStop, context: .end, raw: report.raw)
    return try books.sessions.append(last, to: session.id, receivedAt: now)
  }

  private func sessionMeant(by report: StopReport, key: String, at station: ID<Station>) throws(StoreFault) -> Session?
  {
    if report.transaction > 0 {
      let named = try books.sessions.session(transaction: report.transaction)
      if let named, named.station == station { return named }
      try park(action: "StopTransaction", payload: report.raw.json, why: Self.whyForeign(named), of: station)
      return nil
    }
    // A start that was answered while the station was offline, or an id of its own: the open session of that tag, if
    // there is exactly one whose time and register fit.
    let fitting = try books.sessions.pendingOrRunning(of: station).filter { session in
      session.state == .active && (report.at.map { session.startedAt <= $0 } ?? true)
        && (report.meterStop.map { session.meterStart <= $0 } ?? true)
        && (report.tag.map { Token.fold($0) == Token.fold(session.token.uid) } ?? true)
    }
    // The very stop that ended a session so before: its answer was lost.
    if fitting.isEmpty {
      for session in try books.sessions.list(SessionFilter(station: station), limit: Limits.recentSessions)
      where try books.sessions.stopKey(of: session.id) == key { return session }
    }
    guard fitting.count == 1, let only = fitting.first else {
      try park(
        action: "StopTransaction", payload: report.raw.json,
        why: fitting.isEmpty ? "no such transaction" : "no such transaction, and several sessions are open", of: station
      )
      return nil
    }
    try noteOddity(
      "StopTransaction.transactionId: not the one that we gave", sample: "\(report.transaction)", of: station)
    return only
  }

  /// Numbers above zero are ours to give. One that we did not give to this station came from another system, or is
  /// another station's: it says nothing about what runs here, and changes nothing.
  private static func whyForeign(_ named: Session?) -> String {
    named == nil ? "no such transaction" : "the transaction is another station's"
  }

  // MARK: Small things

  /// The station's time, or now where it has none that can be: stations wake up in 1970.
  func plausible(_ time: Timestamp?) -> Timestamp {
    guard let time, time > now - Limits.oldestFact, time < now + Limits.clockSkew else { return now }
    return time
  }

  /// The session that a remote start asked for.
  func session(of command: String) throws(StoreFault) -> Session? {
    guard let id = try books.commands.command(command)?.session else { return nil }
    return try books.sessions.session(id)
  }

  func newID() -> String { UUIDv7.make(at: now) }

  func station(_ id: ID<Station>) throws(StoreFault) -> Station? { try books.stations.station(id) }

  func place(of evse: EVSE, connector: Connector) throws(StoreFault) -> Session.Place {
    let location = try station(evse.station)?.location
    let site = try location.flatMap { id throws(StoreFault) in try books.locations.location(id) }
    let party = if let site { site.party } else { try cpo().id }
    return Session.Place(
      party: party, location: location, station: evse.station, evse: evse.id, connector: connector.id)
  }

  /// The tariff that a session of that driver begins with.
  /// - Parameter id: the session, where it was there before: its driver may have told a preference.
  func tariff(
    of connector: Connector, of evse: EVSE, for holder: Session.Holder, in id: String? = nil, at start: Timestamp
  ) throws(StoreFault) -> Tariff? {
    // A battery that charges in its slot is nobody's (OCPP 2.1 S04).
    if holder.token.uid == Self.startButton, try books.swaps.isSlot(evse.number, of: evse.station) { return nil }
    let all = try books.tariffs.tariffs(of: connector)
    var preference: ChargingPreferences.Kind?
    if all.contains(where: { $0.kind?.isOfPreference == true }) {
      preference = try self.preference(of: holder, in: id, at: evse)
    }
    return Tariff.choose(from: all, for: Tariff.Kind(holder.token.kind, preferring: preference), at: start)
  }
}

extension Session {
  /// As `read`, but for the register of the beginning, which some stations send again beside every newer one.
  fileprivate mutating func takes(_ reading: Reading, received now: Timestamp) -> Bool {
    reading.context != .begin && read(reading, received: now)
  }
}

/// What makes a start the same start, as the station sent it: time, connector, tag and register. The time comes first, so
/// that the starts of one hour lie together in the books.
private struct StartKey {
  let text: String

  init(_ report: StartReport) {
    let time = report.written ?? report.at?.text ?? "-"
    text = "\(time)|\(report.evse)/\(report.connector)|\(Token.fold(report.tag))|\(report.meterStart.tenthsOfWattHour)"
  }
}
