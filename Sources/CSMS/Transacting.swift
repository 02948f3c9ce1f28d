import Domain
import Store
import Wire

// The way of a session whose station names it itself and tells it in numbered events (OCPP 2.0.1 E): live, late, in any
// order and more than once. What was told late builds and prices its session in the order of its numbers and never shows
// as something that happens now; what is over stays over.

extension CSMS {
  func transactionTold(_ report: TransactionReport, by station: ID<Station>) throws(StoreFault) -> TransactionVerdict {
    if let known = try books.transactions.transaction(report.transaction, of: station),
      let session = try books.sessions.session(known.session)
    {
      return try goesOn(known, session, report)
    }
    return try begins(report, at: station)
  }

  // MARK: The first that is heard of it

  private func begins(_ report: TransactionReport, at station: ID<Station>) throws(StoreFault) -> TransactionVerdict {
    let asked = try sessionAskedFor(by: report, at: station)
    guard let spot = try spot(of: report, asked: asked, at: station) else {
      // An EVSE that cannot be: the message stays with the operator, and nothing else changes.
      try park(
        action: "TransactionEvent", payload: report.raw.json,
        why: "no EVSE \(report.evse.map { "\($0)" } ?? "is told")",
        of: station)
      return TransactionVerdict(authorization: report.token.map { _ in Authorization(.invalid) })
    }
    var authorization = try report.token.map { token throws(StoreFault) in
      try verdict(on: token, for: asked, at: station, evse: report.evse)
    }
    if asked == nil { authorization = try authorization.map { verdict throws(StoreFault) in try once(verdict) } }
    let start = plausible(report.at)
    let isLate = spot.isCertain ? try supersede(at: spot.evse, before: start) : false
    var session: Session
    if var waiting = asked, waiting.begin(at: start, meter: .zero, transaction: waiting.transaction, received: now) {
      try place(&waiting, at: spot.evse, spot.connector)
      session = waiting
      try books.sessions.save(session)
      try startFulfilled(session)
    } else {
      let holder = if let asked { asked.holder } else { try holder(by: authorization, report.token) }
      session = Session.started(
        id: newID(), place: try place(of: spot.evse, connector: spot.connector), holder: holder,
        tariff: try tariff(of: spot.connector, of: spot.evse, for: holder, at: start), at: start, meter: .zero,
        transaction: nil,
        received: now)
      session.command = asked?.command
      try books.sessions.insert(session)
    }
    if report.isOffline || isLate || report.phase == .ended { _ = session.supersede(received: now) }
    var kept = KeptTransaction(
      station: station, name: report.transaction, session: session.id, lastSeqNo: report.seqNo)
    kept.isPlaced = spot.isCertain
    kept = try books.transactions.create(kept)
    try record(.sessionStarted(session: session.id))
    return try apply(report, authorization, &kept, &session, isFirst: true, becomesKnown: asked != nil)
  }

  /// The session that a remote start asked for: the one whose number the station tells, or the one that waits at this
  /// EVSE for this token. Also one that was given up while its station was offline: whose it is still holds.
  private func sessionAskedFor(by report: TransactionReport, at station: ID<Station>) throws(StoreFault) -> Session? {
    // After a restore a number may stand for another wish than before: then the token tells them apart.
    if let number = report.remoteStart, let asked = try books.sessions.session(number: number),
      asked.station == station, asked.command != nil, asked.state == .pending || asked.state == .invalid,
      try report.token.map({ token throws(StoreFault) in try isShown(token, for: asked) }) ?? true
    {
      return asked
    }
    guard let token = report.token, !report.trigger.isEnd else { return nil }
    if let alias = try books.tokens.alias(token.uid, at: station),
      let session = try session(of: alias.command), session.state == .pending
    {
      try books.tokens.useAlias(token.uid, for: session.id)
      return session
    }
    let number = report.evse
    let evse = try number.flatMap { number throws(StoreFault) in try books.stations.evse(station, number: number) }
    return try books.sessions.pending(of: station).first { waiting in
      (evse == nil || waiting.evse == evse?.id) && token.isShown(by: waiting.token)
    }
  }

  private struct Spot {
    let evse: EVSE
    let connector: Connector
    /// The station said so; else it is where the car will come as far as we can tell.
    let isCertain: Bool
  }

  /// Where it happens. A transaction can begin before that is known (E01, TxStartPoint Authorized): then it is where a
  /// remote start asked for it, at the only EVSE, or where a car or a free place is.
  private func spot(
    of report: TransactionReport, asked: Session?, at station: ID<Station>
  ) throws(StoreFault) -> Spot? {
    if let number = report.evse {
      guard number > 0, let evse = try evse(number, of: station) else { return nil }
      return try spot(at: evse, connector: report.connector)
    }
    let all = try books.stations.evses(of: station)
    var free: [EVSE] = []
    for evse in all where try books.sessions.running(at: evse) == nil { free.append(evse) }
    let likely =
      asked.flatMap { asked in all.first { $0.id == asked.evse } } ?? free.first { $0.status == .preparing }
      ?? free.first ?? all.first
    let evse = if let likely { likely } else { try evse(1, of: station) }
    guard let evse, let connector = evse.connectors.first else { return nil }
    return Spot(evse: evse, connector: connector, isCertain: all.count == 1)
  }

  private func spot(at evse: EVSE, connector number: Int?) throws(StoreFault) -> Spot? {
    let evse = if let number { try knowing(connector: number, of: evse) } else { evse }
    let connector = evse.connectors.first { $0.number == number } ?? evse.connectors.first
    return connector.map { Spot(evse: evse, connector: $0, isCertain: true) }
  }

  private func verdict(
    on token: PresentedToken, for session: Session?, at station: ID<Station>, evse: Int?
  ) throws(StoreFault) -> Authorization {
    // What a remote start asked for is allowed by that.
    if let session, session.command != nil, try isShown(token, for: session) {
      return Authorization(.accepted, holder: session.holder, groupID: session.groupID)
    }
    return try authorizeAtOnce(token, at: station).at(evse)
  }

  /// Whether it is the token that a remote start asked for, or its alias.
  private func isShown(_ token: PresentedToken, for session: Session) throws(StoreFault) -> Bool {
    if token.isShown(by: session.token) { return true }
    guard let command = session.command else { return false }
    return try books.tokens.alias(token.uid, at: session.station)?.command == command
  }

  /// Whose it is: who was allowed, else who was shown, else nobody yet.
  private func holder(by authorization: Authorization?, _ token: PresentedToken?) throws(StoreFault) -> Session.Holder {
    if let holder = authorization?.holder { return holder }
    if let token { return try holderOfStranger(token) }
    return Session.Holder(
      token: TokenReference(party: try cpo().name, uid: "", kind: .other, contractID: ""), owner: nil,
      method: .whitelist)
  }

  // MARK: What comes after

  private func goesOn(
    _ known: KeptTransaction, _ running: Session, _ report: TransactionReport
  ) throws(StoreFault) -> TransactionVerdict {
    var (kept, session) = (known, running)
    var becomesKnown = false
    if !kept.isIdentified, session.endedAt == nil, let asked = try sessionAskedFor(by: report, at: kept.station),
      asked.id != session.id
    {
      becomesKnown = try goOn(as: asked, &kept, &session)
    }
    var authorization = try report.token.map { token throws(StoreFault) in
      try verdict(on: token, for: session, at: kept.station, evse: report.evse)
    }
    if authorization == nil, report.trigger == .stopAuthorized, report.phase == .updated, kept.isIdentified {
      // Some leave out the token of whoever began it, and wait for its standing all the same.
      authorization = Authorization(.accepted, holder: session.holder, groupID: session.groupID)
    }
    if !kept.isIdentified, !becomesKnown, !report.trigger.isEnd, session.endedAt == nil {
      authorization = try authorization.map { verdict throws(StoreFault) in try once(verdict) }
    }
    return try apply(report, authorization, &kept, &session, isFirst: false, becomesKnown: becomesKnown)
  }

  /// A car that was plugged in before anybody was known is now that of a remote start (F01): the session that its partner
  /// waits for goes on with all that was told of the other one, which never was.
  private func goOn(
    as asked: Session, _ kept: inout KeptTransaction, _ session: inout Session
  ) throws(StoreFault) -> Bool {
    var heir = asked
    guard heir.begin(at: session.startedAt, meter: session.meterStart, transaction: heir.transaction, received: now)
    else {
      session.belongs(to: heir.holder, received: now)
      return true
    }
    if heir.evse != session.evse || heir.connector != session.connector {
      (heir.evse, heir.connector) = (session.evse, session.connector)
      heir.tariff = nil
      if let evse = try books.stations.evse(session.evse), let connector = evse.connector(session.connector) {
        heir.tariff = try tariff(of: connector, of: evse, for: heir.holder, in: heir.id, at: heir.startedAt)
      }
    }
    try books.transactions.moveReadings(from: session.id, to: heir.id)
    try dissolve(&session)
    try books.sessions.save(heir)
    try record(.sessionStarted(session: heir.id))
    try startFulfilled(heir)
    kept.session = heir.id
    session = heir
    return true
  }

  /// Nobody was ever known or no car ever came (OCPP 2.1 C20.FR.03), or it was another session all along: there is
  /// nothing to bill.
  private func dissolve(_ session: inout Session, because ending: Session.Ending? = nil) throws(StoreFault) {
    guard session.dissolve(because: ending, received: now) else { return }
    try books.sessions.save(session)
    try record(.sessionInvalid(session: session.id))
    try sessionMoved(session)
  }

  /// One event becomes a part of its session.
  private func apply(
    _ report: TransactionReport, _ authorization: Authorization?, _ kept: inout KeptTransaction,
    _ session: inout Session, isFirst: Bool, becomesKnown: Bool
  ) throws(StoreFault) -> TransactionVerdict {
    guard session.endedAt == nil else {
      // It is billed. What comes again, or still later, is kept and priced no more.
      try tellLate(report, after: session)
      return TransactionVerdict(
        authorization: authorization, totalCost: report.phase == .ended ? try finalCost(of: session) : nil)
    }
    // Who charges is whoever shows a token first that may, unless it is shown to end the session.
    let isShown = !kept.isIdentified && !report.trigger.isEnd && authorization?.verdict == .accepted
    let identifies = becomesKnown || isShown
    let moment = TransactionMoment(
      seqNo: report.seqNo, phase: report.phase, at: plausible(report.at), chargingState: report.chargingState,
      identifies: identifies, ending: report.ending)
    let (wasPlaced, wasActive) = (kept.isPlaced, session.state == .active)
    switch try books.transactions.append(moment, written: report.written, to: kept) {
    case .new: break
    case .repeated:
      // Two events that a station numbered alike may have other readings, and each is kept once.
      for var reading in report.readings {
        reading.at = plausible(reading.at)
        try books.sessions.append(reading, to: session.id, receivedAt: now)
      }
      return TransactionVerdict(
        authorization: authorization, totalCost: try runningCost(of: session, after: report),
        // The answer to it may be what was lost.
        limit: report.isOffline ? nil : try limitToTell(of: session, told: report.limit, isAgain: true))
    case .otherContent:
      try noteOddity("TransactionEvent.seqNo: used twice", sample: "\(report.seqNo)", of: kept.station)
      kept.isOrdered = false
    }
    if isShown, !becomesKnown, let holder = authorization?.holder { session.belongs(to: holder, received: now) }
    if identifies {
      kept.isIdentified = true
      try limitByCredit(session)
      if let evse = try books.stations.evse(session.evse) {
        try useReservation(
          report.reservation, tag: session.token.uid, by: session, at: evse, on: plausible(report.at))
      }
    }
    try confirmPlace(report, &kept, &session)
    let isNext = !isFirst && !identifies && kept.isOrdered && report.seqNo == kept.lastSeqNo &+ 1
    if isNext, report.phase == .updated, session.state == .active {
      try advance(&session, by: report, moment, &kept)
    } else {
      try retell(&session, by: report, &kept)
    }
    kept.lastSeqNo = max(kept.lastSeqNo, report.seqNo)
    if !report.isOffline { try live(report, &kept, &session) }
    try books.transactions.update(kept)
    if kept.isPlaced, session.state == .active {
      try sendProfile(of: session)
      if !report.isOffline {
        if report.trigger == .resumed { try profilesMayBeLost(of: session) }
        if isFirst || !wasPlaced || !wasActive { try offerWhatIsOwed(to: session) }
      }
    }
    let cost = session.endedAt == nil ? try runningCost(of: session, after: report) : try finalCost(of: session)
    if session.state == .completed, let own = report.ownCost, let cost,
      (own - cost).magnitude > Limits.costTolerance
    {
      // Its driver saw another price than the bill's.
      try noteOddity("its own cost of a session is not ours", sample: "\(own) beside \(cost)", of: kept.station)
    }
    return TransactionVerdict(
      authorization: authorization, totalCost: cost,
      limit: report.isOffline ? nil : try limitToTell(of: session, told: report.limit))
  }

  /// What comes after a session was closed or billed changes nothing of its bill, and is said: an operator may credit it and
  /// bill it again.
  private func tellLate(_ report: TransactionReport, after session: Session) throws(StoreFault) {
    var last: Energy?
    for var reading in report.readings {
      reading.at = plausible(reading.at)
      guard try books.sessions.append(reading, to: session.id, receivedAt: now) else { continue }
      if let register = reading.register { last = register }
    }
    guard session.state == .completed, let last, last > session.meterLast else { return }
    try noteOddity("TransactionEvent: after the end", sample: session.id, of: session.station)
    guard report.phase == .ended else { return }
    try record(
      .stopDiffers(
        session: session.id,
        what: "billed up to \(session.meterLast.kilowattHours) kWh, then ended at \(last.kilowattHours) kWh"))
  }

  /// The event says where it is: a guess was wrong or is confirmed.
  private func confirmPlace(
    _ report: TransactionReport, _ kept: inout KeptTransaction, _ session: inout Session
  ) throws(StoreFault) {
    guard !kept.isPlaced, let number = report.evse, number > 0, let evse = try evse(number, of: kept.station),
      let spot = try spot(at: evse, connector: report.connector)
    else { return }
    kept.isPlaced = true
    let isLate = try supersede(at: spot.evse, before: session.startedAt, by: session.id)
    if isLate { _ = session.supersede(received: now) }
    guard session.evse != spot.evse.id || session.connector != spot.connector.id else { return }
    try place(&session, at: spot.evse, spot.connector)
    try books.sessions.save(session)
  }

  /// The usual case: the next event of a running session moves it on.
  private func advance(
    _ session: inout Session, by report: TransactionReport, _ moment: TransactionMoment, _ kept: inout KeptTransaction
  ) throws(StoreFault) {
    var hasMoved = false
    var beganToMeter = false
    for var reading in report.readings {
      reading.at = plausible(reading.at)
      guard try books.sessions.append(reading, to: session.id, receivedAt: now) else { continue }
      if session.lastReadingAt == nil, reading.register != nil { beganToMeter = true }
      if session.read(reading, received: now) { hasMoved = true }
      balanceRead(reading, of: session)
    }
    if moment.chargingState == .charging { kept.hasCharged = true }
    if let activity = moment.chargingState?.activity(hasCharged: kept.hasCharged),
      session.shift(to: activity, at: moment.at, received: now)
    {
      hasMoved = true
    }
    // The first register of all is where the session begins to count.
    if beganToMeter { return try retell(&session, by: report, &kept) }
    guard hasMoved else { return }
    try books.sessions.saveProgress(session)
    progressed(session)
    try sessionMoved(session, isProgress: true)
  }

  /// Tells the session again from all that was heard of it, and ends it where its end is known and nothing is missing.
  private func retell(
    _ session: inout Session, by report: TransactionReport, _ kept: inout KeptTransaction
  ) throws(StoreFault) {
    for var reading in report.readings {
      reading.at = plausible(reading.at)
      try books.sessions.append(reading, to: session.id, receivedAt: now)
    }
    let moments = try books.transactions.moments(of: kept)
    let story = TransactionStory(moments)
    let before = moments.filter { $0.seqNo != report.seqNo }
    let isNewGap = before.isEmpty || TransactionStory(before).gaps != story.gaps
    kept.hasCharged = story.hasCharged
    kept.isEnded = story.end != nil
    kept.isOrdered = story.hasBegin && story.missing.isEmpty
    _ = session.retell(story, try books.sessions.figures(of: session.id), received: now)
    if story.isWhole { return try finish(&kept, &session, story) }
    if kept.isEnded { _ = session.supersede(received: now) }
    try books.sessions.save(session)
    progressed(session)
    try sessionMoved(session)
    guard !kept.isOrdered else { return }
    if isNewGap || kept.isEnded {
      try record(.sessionGap(session: session.id, missing: story.gaps))
      askStatus(of: kept)
    }
  }

  /// What its meter says beside the events of the transaction (OCPP 2.0.1 J01).
  func metered(_ readings: [Reading], of running: Session, _ kept: KeptTransaction) throws(StoreFault) {
    var session = running
    // What comes in its order moves the session on; else it is told again from all that was heard of it.
    let isNext =
      kept.isOrdered
      && session.lastReadingAt.map { last in readings.allSatisfy { plausible($0.at) >= last } } == true
    var (isNews, hasMoved) = (false, false)
    for var reading in readings {
      reading.at = plausible(reading.at)
      guard try books.sessions.append(reading, to: session.id, receivedAt: now) else { continue }
      isNews = true
      if isNext, session.read(reading, received: now) { hasMoved = true }
      balanceRead(reading, of: session)
    }
    if isNext {
      guard hasMoved else { return }
      try books.sessions.saveProgress(session)
    } else {
      let moments = try books.transactions.moments(of: kept)
      guard isNews, !moments.isEmpty,
        session.retell(TransactionStory(moments), try books.sessions.figures(of: session.id), received: now)
      else { return }
      try books.sessions.save(session)
    }
    progressed(session)
    try sessionMoved(session, isProgress: true)
  }

  /// What it shows of itself now.
  private func live(
    _ report: TransactionReport, _ kept: inout KeptTransaction, _ session: inout Session
  ) throws(StoreFault) {
    if let state = report.chargingState { kept.chargingState = state }
    guard let evse = try books.stations.evse(session.evse) else { return }
    if report.phase != .ended, !kept.isEnded, session.state == .superseded,
      try books.sessions.running(at: evse) == nil, session.resume(received: now)
    {
      try books.sessions.save(session)
      try sessionMoved(session)
    }
    switch report.phase {
    case .started, .updated:
      guard kept.isPlaced, session.state == .active, let state = report.chargingState else { return }
      try setStatus(state.status(hasCharged: kept.hasCharged), of: evse, note: nil)
    case .ended:
      // The car may still be there: that the place is free the station says by itself.
      guard try books.sessions.running(at: evse) == nil else { return }
      switch evse.status {
      case .preparing, .charging, .suspendedEV, .suspendedEVSE: try setStatus(.finishing, of: evse, note: nil)
      case .available, .finishing, .reserved, .unavailable, .faulted, .unknown: break
      }
    }
  }

  // MARK: The end

  /// It is over, and what it costs is made of what is known of it.
  private func finish(
    _ kept: inout KeptTransaction, _ session: inout Session, _ story: TransactionStory
  ) throws(StoreFault) {
    guard let end = story.end else { return }
    let figures = try books.sessions.figures(of: session.id)
    try books.transactions.forgetMoments(of: kept)
    let cameNobody =
      !kept.isIdentified || story.isWhole && !story.sawVehicle && (story.saysStates || end.ending == .timeout)
    if session.energy == .zero, cameNobody {
      try dissolve(&session, because: end.ending)
      try books.displays.forget(transaction: kept.name, of: kept.station)
      return try stopsFulfilled(session)
    }
    let hasLastRegister = figures.contains { $0.register != nil && ($0.context == .end || $0.at >= end.at) }
    _ = session.stop(at: end.at, meter: nil, because: end.ending, received: now)
    try books.sessions.save(session)
    try books.displays.forget(transaction: kept.name, of: kept.station)
    try ended(session, isEstimated: !hasLastRegister || !story.hasBegin)
  }

  /// What is missing never came: it is billed by what is known. False where its station does not tell it in events.
  func finishWithGap(_ session: Session) throws(StoreFault) -> Bool {
    guard var kept = try books.transactions.transaction(of: session.id), kept.isEnded else { return false }
    let moments = try books.transactions.moments(of: kept)
    guard !moments.isEmpty else { return false }
    var session = session
    try finish(&kept, &session, TransactionStory(moments))
    return true
  }

  /// Asks whether what is missing is still to come (E14); at most once a minute each.
  private func askStatus(of kept: KeptTransaction) {
    guard !kept.name.isEmpty else { return }
    afterCommit {
      guard let link = try? self.line(to: kept.station), let stationLink = self.stationLink,
        self.statusQuestions.takes(kept.number, at: self.now)
      else { return }
      stationLink.call(.transactionStatus(kept.name), on: link.id, deadline: self.settings.commandSeconds) { outcome in
        guard case .accepted(let answer) = outcome else { return }
        self.insist { () throws(StoreFault) in
          try self.statusTold(
            of: kept, isOngoing: answer["ongoing"]?.bool, comesMore: answer["more_to_come"]?.bool ?? true)
        }
      }
    }
  }

  private func statusTold(of kept: KeptTransaction, isOngoing: Bool?, comesMore: Bool) throws(StoreFault) {
    guard !comesMore, var session = try books.sessions.session(kept.session), session.endedAt == nil else { return }
    if isOngoing == true {
      guard session.state == .superseded, let evse = try books.stations.evse(session.evse),
        try books.sessions.running(at: evse) == nil, session.resume(received: now)
      else { return }
      try books.sessions.save(session)
      return try sessionMoved(session)
    }
    if try finishWithGap(session) { return }
    // Its end was lost with the station's memory.
    if isOngoing == false { try close(session, because: .other) }
  }

  /// A station that started anew is asked about what ran before (E14).
  func askAboutTransactions(of station: ID<Station>) throws(StoreFault) {
    for session in try books.sessions.pendingOrRunning(of: station) where session.state == .active {
      if let kept = try books.transactions.transaction(of: session.id) { askStatus(of: kept) }
    }
  }

  // MARK: What it costs

  /// What a running session costs so far, where something new is known of it (I02).
  private func runningCost(of session: Session, after report: TransactionReport) throws(StoreFault) -> Decimal? {
    guard session.state == .active, !report.isOffline, !report.readings.isEmpty else { return nil }
    // Nobody asks for anything: that is said as what it comes to in the end (I03.FR.04).
    guard session.tariff != nil else { return .zero }
    let costs = SessionCosts(books: books, zones: zones, currency: settings.currency)
    let cost = try costs.bill(of: session, until: now).totals.cost.shown
    costIsTold(cost, of: session.id)
    return cost
  }

  /// What it cost (I03): zero is said too, because silence would not mean that it was free.
  private func finalCost(of session: Session) throws(StoreFault) -> Decimal? {
    guard session.state == .completed else { return .zero }
    return try books.cdrs.cdr(session: session.id)?.cdr.totals.cost.shown
  }
}

/// Which transactions were asked about a moment ago.
struct StatusQuestions {
  private var asked: [Int64: Timestamp] = [:]

  /// True where it may be asked now.
  mutating func takes(_ transaction: Int64, at now: Timestamp) -> Bool {
    if asked.count >= Limits.rememberedQuestions { asked.removeAll() }
    if let last = asked[transaction], last <= now, now - last < .seconds(Limits.questionSeconds) { return false }
    asked[transaction] = now
    return true
  }
}

extension TransactionStory {
  /// The numbers that are missing, for people.
  var gaps: String {
    let numbers = missing.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
    return ((hasBegin ? [] : ["the begin"]) + numbers).joined(separator: ", ")
  }
}

extension Price {
  /// With taxes, where they are known.
  fileprivate var shown: Decimal { (afterTax ?? beforeTax).decimal }
}

extension PresentedToken {
  /// Whether it is the token that a session was asked for with.
  func isShown(by token: TokenReference) -> Bool {
    !token.uid.isEmpty && foldedUIDs.contains(Token.fold(token.uid))
  }
}
