import Domain
import Store
import Wire

// The way of a session at the station: start, readings, stop (OCPP 1.6 §4.6–§4.10). Every repeat is harmless, nothing that
// a station tells is dropped, and nothing that is another station's changes (FAULTS.md A).

extension CSMS {
  // MARK: Start

  /// A session begins at a station. The same start again, under whatever message id, is the same session (QUIRKS.md 41).
  func started(_ report: StartReport, at station: ID<Station>) throws(StoreFault) -> StartVerdict {
    let key = StartKey(report).text
    if let known = try books.sessions.session(station, startKey: key), let transaction = known.transaction {
      let verdict = known.command == nil ? try authorizeStart(report.tag, at: station) : Authorization(.accepted, groupID: known.groupID)
      return StartVerdict(transaction: transaction, authorization: verdict)
    }
    guard let evse = try evse(report.evse, of: station), let connector = evse.connectors.first(where: { $0.number == report.connector }) ?? evse.connectors.first
    else {
      // An EVSE that cannot be: the message stays with the operator, and the station is told no.
      try park(action: "StartTransaction", payload: report.raw, why: "no EVSE \(report.evse)", of: station)
      return StartVerdict(transaction: try books.sessions.nextTransaction(), authorization: Authorization(.invalid))
    }
    // Before the alias is used up: what a remote start asked for is allowed by that.
    let authorization = try authorizeStart(report.tag, at: station)
    let transaction = try books.sessions.nextTransaction()
    let start = plausible(report.at)
    try supersede(at: evse.id, before: start)
    if var waiting = try pendingSession(for: report.tag, at: evse), waiting.begin(
      at: start, meter: report.meterStart, transaction: transaction, received: now)
    {
      waiting.connector = connector.id
      try books.sessions.save(waiting, startKey: key)
      try commandDone(waiting)
      try began(waiting, with: report)
      return StartVerdict(transaction: transaction, authorization: authorization)
    }
    let holder = if let known = authorization.holder { known } else { try holderOfStranger(report.tag) }
    let session = Session.started(
      id: newID(), place: try place(of: evse, connector: connector), holder: holder, tariff: try tariff(of: connector), at: start,
      meter: report.meterStart, transaction: transaction, received: now)
    try books.sessions.insert(session, startKey: key)
    try began(session, with: report)
    return StartVerdict(transaction: transaction, authorization: authorization)
  }

  private func began(_ session: Session, with report: StartReport) throws(StoreFault) {
    let reading = Reading(at: session.startedAt, register: report.meterStart, context: .begin, raw: report.raw)
    _ = try books.sessions.append(reading, to: session.id, receivedAt: now)
    try record(.sessionStarted(session: session.id))
    try sessionMoved(session)
  }

  /// What waits for a car at this EVSE and was asked for with this tag: the alias' session, or the one of that very token.
  private func pendingSession(for tag: String, at evse: EVSE) throws(StoreFault) -> Session? {
    if let alias = try books.tokens.alias(tag, at: evse.station) {
      guard let session = try session(of: alias.command), session.state == .pending else { return nil }
      try books.tokens.useAlias(tag, for: session.id)
      return session.evse == evse.id ? session : try moved(session, to: evse)
    }
    let folded = Token.fold(tag)
    return try books.sessions.open(of: evse.station).first { $0.state == .pending && $0.evse == evse.id && Token.fold($0.token.uid) == folded }
  }

  /// The operator asked for the station, and the car went to another of its EVSEs.
  private func moved(_ session: Session, to evse: EVSE) throws(StoreFault) -> Session {
    var moved = session
    moved.evse = evse.id
    return moved
  }

  /// The previous session here was never stopped (QUIRKS.md 43).
  private func supersede(at evse: ID<EVSE>, before start: Timestamp) throws(StoreFault) {
    guard var older = try books.sessions.open(at: evse), older.startedAt <= start, older.supersede(received: now) else { return }
    try books.sessions.save(older)
    try record(.sessionSuperseded(session: older.id))
    try sessionMoved(older)
  }

  // MARK: Readings

  func metered(_ report: MeterReport, by station: ID<Station>) throws(StoreFault) {
    guard !report.readings.isEmpty else { return }
    guard var session = try sessionMeant(by: report, at: station) else { return }
    try take(report.readings, into: &session)
  }

  private func sessionMeant(by report: MeterReport, at station: ID<Station>) throws(StoreFault) -> Session? {
    if let transaction = report.transaction, transaction > 0, let session = try books.sessions.session(transaction: transaction) {
      if session.station == station { return session }
      try parkReadings(report, why: "the transaction is another station's", of: station)
      return nil
    }
    // Some stations name no transaction, or one of their own (QUIRKS.md 39, 40): the car at that EVSE is meant.
    guard let evse = try books.stations.evse(station, number: report.evse), let open = try books.sessions.open(at: evse.id)
    else {
      // Readings outside any session are the meter's idle chatter, unless a transaction was named that nobody knows.
      if report.transaction != nil { try parkReadings(report, why: "no such transaction", of: station) }
      return nil
    }
    if let transaction = report.transaction {
      try noteOddity("MeterValues.transactionId: not the one that we gave", sample: "\(transaction)", of: station)
    }
    return open
  }

  private func parkReadings(_ report: MeterReport, why: String, of station: ID<Station>) throws(StoreFault) {
    let payload: JSON = [
      "evse": .number(JSONNumber(report.evse)), "transaction": report.transaction.map { .number(JSONNumber($0)) } ?? .null,
      "readings": .array(report.readings.map(\.raw)),
    ]
    try park(action: "MeterValues", payload: payload, why: why, of: station)
  }

  /// Keeps readings, each once, and moves the session by those that are new.
  private func take(_ readings: [Reading], into session: inout Session) throws(StoreFault) {
    var hasMoved = false
    for var reading in readings {
      reading.at = plausible(reading.at)
      guard try books.sessions.append(reading, to: session.id, receivedAt: now) else { continue }
      if session.read(reading, received: now) { hasMoved = true }
    }
    guard hasMoved else { return }
    try books.sessions.save(session)
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
    guard var session = try books.sessions.open(at: evse.id),
      session.shift(to: activity, at: plausible(report.at), received: now)
    else { return }
    try books.sessions.save(session)
    try sessionMoved(session, isProgress: true)
  }

  // MARK: Stop

  func stopped(_ report: StopReport, at station: ID<Station>) throws(StoreFault) -> StopVerdict {
    let verdict = StopVerdict(authorization: try report.tag.map { tag throws(StoreFault) in try authorizeAtOnce(tag, at: station) })
    guard var session = try sessionMeant(by: report, at: station) else { return verdict }
    let key = "\(report.meterStop?.tenthsOfWattHour.description ?? "-")|\(report.raw["timestamp"]?.string ?? "-")"
    switch session.state {
    case .active, .superseded:
      try end(&session, report: report, key: key)
    case .completed:
      // The first stop counts; a second that says something else is for people to look at (FAULTS.md 4).
      if let first = try books.sessions.stopKey(of: session.id), first != key {
        try record(.stopDiffers(session: session.id, what: "first \(first), then \(key)"))
      }
    case .pending, .invalid:
      try park(action: "StopTransaction", payload: report.raw, why: "the session never began", of: station)
    }
    return verdict
  }

  private func end(_ session: inout Session, report: StopReport, key: String) throws(StoreFault) {
    let stop = plausible(report.at)
    for var reading in report.readings {
      reading.at = plausible(reading.at)
      if try books.sessions.append(reading, to: session.id, receivedAt: now) { _ = session.read(reading, received: now) }
    }
    let last = Reading(at: stop, register: report.meterStop, context: .end, raw: report.raw)
    _ = try books.sessions.append(last, to: session.id, receivedAt: now)
    _ = session.stop(at: stop, meter: report.meterStop, because: report.ending, received: now)
    try books.sessions.save(session)
    try books.sessions.setStopKey(key, of: session.id)
    try record(.sessionEnded(session: session.id))
    try bill(session, isEstimated: report.meterStop == nil)
  }

  private func sessionMeant(by report: StopReport, at station: ID<Station>) throws(StoreFault) -> Session? {
    if report.transaction > 0, let session = try books.sessions.session(transaction: report.transaction) {
      if session.station == station { return session }
      try park(action: "StopTransaction", payload: report.raw, why: "the transaction is another station's", of: station)
      return nil
    }
    // A start that was answered while the station was offline, or an id of its own: the open session of that tag, if there
    // is exactly one whose time and register fit (QUIRKS.md 36, 40).
    let fitting = try books.sessions.open(of: station).filter { session in
      session.state == .active && (report.at.map { session.startedAt <= $0 } ?? true) && (report.meterStop.map { session.meterStart <= $0 } ?? true)
        && (report.tag.map { Token.fold($0) == Token.fold(session.token.uid) } ?? true)
    }
    guard fitting.count == 1, let only = fitting.first else {
      try park(
        action: "StopTransaction", payload: report.raw,
        why: fitting.isEmpty ? "no such transaction" : "no such transaction, and several sessions are open", of: station)
      return nil
    }
    try noteOddity("StopTransaction.transactionId: not the one that we gave", sample: "\(report.transaction)", of: station)
    return only
  }

  // MARK: Small things

  /// The station's time, or now where it has none that can be: stations wake up in 1970 (QUIRKS.md 28).
  func plausible(_ time: Timestamp?) -> Timestamp {
    guard let time, time > now - Limits.oldestFact, time < now + Limits.clockSkew else { return now }
    return time
  }

  /// The session that a remote start asked for.
  func session(of command: String) throws(StoreFault) -> Session? {
    guard let id = try books.commands.command(command)?.session else { return nil }
    return try books.sessions.session(id)
  }

  func newID() -> String {
    var random = SystemRandomNumberGenerator()
    return UUIDv7.make(at: now, random: &random)
  }

  func station(_ id: ID<Station>) throws(StoreFault) -> Station? { try books.stations.station(id) }

  func place(of evse: EVSE, connector: Connector) throws(StoreFault) -> Session.Place {
    let location = try station(evse.station)?.location
    let site = try location.flatMap { id throws(StoreFault) in try books.locations.location(id) }
    let party = if let site { site.party } else { try cpo().id }
    return Session.Place(party: party, location: location, station: evse.station, evse: evse.id, connector: connector.id)
  }

  func tariff(of connector: Connector) throws(StoreFault) -> Tariff? {
    try connector.tariff.flatMap { id throws(StoreFault) in try books.tariffs.tariff(id)?.tariff }
  }
}

/// What makes a start the same start, as the station sent it: connector, tag, time and register (QUIRKS.md 41).
private struct StartKey {
  let text: String

  init(_ report: StartReport) {
    let time = report.raw["timestamp"]?.string ?? report.at?.text ?? "-"
    text = "\(report.evse)/\(report.connector)|\(Token.fold(report.tag))|\(time)|\(report.meterStart.tenthsOfWattHour)"
  }
}
