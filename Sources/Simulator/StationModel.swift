import OCPP
import Wire

/// A charging station as a value: it is told what happens and says what should be done. It opens no socket,
/// reads no clock and draws its chances from its seed, so that a test is a column of lines and a demo repeats.
public struct StationModel: Sendable {
  public enum Step: Sendable, Equatable {
    /// Open a WebSocket to the house.
    case connect
    case send(Bytes)
    case close(code: UInt16, reason: String)
    /// Cut the connection without a word.
    case drop
    /// Fetch a file, or bring one there, and say what came of it (`transferred`).
    case fetch(String)
    case bring(String, name: String, body: Bytes)
    case tell(StationEvent)
  }

  /// How the house stands to this station since it connected.
  enum Standing: Sendable, Equatable { case unknown, pending, rejected, accepted }

  private enum State: Sendable, Equatable {
    /// Not switched on, or told to stay away.
    case off
    case away(until: Instant)
    case connecting
    case up(Standing)
  }

  /// What a reset still waits for.
  private struct Resetting: Sendable {
    let isHard: Bool
    let until: Instant
    /// The connection is on its way down; nothing leaves any more.
    var isLeaving = false

    /// What is about sessions may still leave before a soft reset.
    var letsOut: Bool { !isHard && !isLeaving }
  }

  public let profile: StationProfile
  var settings: StationSettings
  var outlets: [Outlet]
  /// The station as a whole (connector 0).
  var isOperative = true
  var line = CallLine()
  var random: SeededGenerator
  var steps: [Step] = []
  /// The house's numbers of sessions by the station's own.
  var transactions: [Int: Int64] = [:]
  var sessions = 0
  /// What it keeps beside charging.
  var duties = StationDuties()
  /// How a station of 2.x names and numbers them.
  var transactions2 = TransactionNames()
  /// What the house said of tags, the oldest first.
  var memory: [(tag: String, info: V16.IdTagInfo)] = []

  private var state = State.off
  private var wasAccepted = false
  private var failures = 0
  private var comesBackAfter: Duration?
  private var resetting: Resetting?
  /// A reset waits for the end of the last session.
  var resetsOnceIdle = false
  private var toldOperative: Bool?
  private var bootAt: Instant?
  private var heartbeatAt: Instant?
  private var dropAt: Instant?

  public init(_ profile: StationProfile, seed: UInt64) {
    self.profile = profile
    settings = StationSettings(profile)
    random = SeededGenerator(seed: seed)
    duties.roots = [Self.makersRoot()]
    outlets = (1...profile.connectors).map { Outlet(number: $0, register: Double(profile.registerWattHours)) }
    for place in outlets.indices where outlets[place].number == profile.faultedConnector {
      outlets[place].fault = .groundFailure
    }
  }

  public var isConnected: Bool { if case .up = state { true } else { false } }
  public var isAccepted: Bool { state == .up(.accepted) }
  /// Messages about charging that the house has not taken yet.
  public var keptMessages: Int { line.keptCount }
  /// Seconds of silence after which the station pings; nil: never.
  public var pingSeconds: Int? {
    let seconds = settings.whole("WebSocketPingInterval")
    return seconds > 0 ? seconds : nil
  }

  public var connectors: [ConnectorView] {
    outlets.map { outlet in
      let running = outlet.running
      return ConnectorView(
        number: outlet.number, status: outlet.status, isPlugged: outlet.car != nil, tag: running?.tag,
        transaction: running.flatMap { transactions[$0.number] }, watts: Int(outlet.watts.rounded()),
        wattHours: running.map { outlet.shownRegister - $0.meterStart } ?? 0, registerWattHours: outlet.shownRegister,
        stateOfCharge: outlet.car.map { Int(($0.stateOfCharge * 100).rounded()) })
    }
  }

  // MARK: The connection

  /// Switched on.
  public mutating func start(at now: Moment) -> [Step] {
    guard case .off = state else { return [] }
    state = .connecting
    steps.append(.connect)
    return finish(now)
  }

  /// Goes away in order and stays away. Sessions and kept messages stay, should it be started again.
  public mutating func leave(at now: Moment) -> [Step] {
    reckon(now)
    if case .up = state { steps.append(.close(code: 1000, reason: "")) }
    state = .off
    return finish(now)
  }

  public mutating func opened(at now: Moment) -> [Step] {
    guard case .connecting = state else { return [] }
    tell(.connected)
    dropAt = profile.dropsEverySeconds.map { seconds in
      now.instant + .milliseconds(Int64(Double(max(seconds, 1)) * 1_000 * jitter()))
    }
    if wasAccepted && !profile.bootsOnReconnect {
      becomeAccepted(now)
    } else {
      state = .up(.unknown)
      line.addFirst([Outgoing(.boot)])
    }
    return finish(now)
  }

  /// The house did not let it in, or was not there.
  public mutating func refused(_ why: String, at now: Moment) -> [Step] {
    guard case .connecting = state else { return [] }
    tell(.refused(why))
    state = .away(until: now.instant + pause())
    return finish(now)
  }

  public mutating func closed(_ why: String, at now: Moment) -> [Step] {
    reckon(now)
    switch state {
    case .up, .connecting: state = .away(until: now.instant + (comesBackAfter ?? pause()))
    case .off, .away: break
    }
    tell(.disconnected(why))
    (comesBackAfter, resetting) = (nil, nil)
    (bootAt, heartbeatAt, dropAt) = (nil, nil, nil)
    line.disconnected()
    decideAlone(now)
    return finish(now)
  }

  /// Loses the connection without a word, as a cut cable does.
  public mutating func dropConnection(at now: Moment) -> [Step] {
    if case .up = state { steps.append(.drop) }
    return finish(now)
  }

  private mutating func jitter() -> Double { Double.random(in: 0.5..<1.5, using: &random) }

  private mutating func pause() -> Duration {
    let doubled = profile.retry.first * (1 << min(failures, Limits.doublings))
    failures += 1
    let milliseconds = Double(min(doubled, profile.retry.longest).wholeMilliseconds) * jitter()
    return .milliseconds(Int64(milliseconds))
  }

  // MARK: Time

  public mutating func tick(at now: Moment) -> [Step] {
    reckon(now)
    switch state {
    case .away(let until) where until <= now.instant:
      state = .connecting
      steps.append(.connect)
    case .up:
      if let open = line.overdue(at: now.instant) { failed(open, "no reply", now) }
      if let at = dropAt, at <= now.instant {
        dropAt = nil
        steps.append(.drop)
      }
      if let at = bootAt, at <= now.instant {
        bootAt = nil
        if !line.hasWaiting(\.isBoot) { line.addFirst([Outgoing(.boot)]) }
      }
      if let at = heartbeatAt, at <= now.instant {
        if !line.hasWaiting(\.isHeartbeat) { add(Outgoing(.heartbeat)) }
        beat(now)
      }
    case .off, .away, .connecting: break
    }
    lookAtOutlets(now)
    lookAtReservations(now)
    lookAtDynamicRules(now)
    lookAtJobs(now)
    lookAtCodes(now)
    return finish(now)
  }

  /// When `tick` has something to do: by the house's clock, and by the machine's.
  public func nextWake(after now: Moment) -> (time: Timestamp?, instant: Instant?) {
    var times: [Timestamp] = []
    for outlet in outlets {
      if let at = outlet.arrivesAt { times.append(at) }
      if let at = outlet.leavesAt { times.append(at) }
      if case .invited(_, _, let until) = outlet.phase { times.append(until) }
      if let at = outlet.running?.sampleAt { times.append(at) }
      if let at = outlet.expected?.until { times.append(at) }
    }
    if let at = nextRuleChange(after: now) { times.append(at) }
    if let at = codesEnd(after: now) { times.append(at) }
    if let at = nextPull(after: now) { times.append(at) }
    var instants: [Instant] = []
    switch state {
    case .away(let until): instants.append(until)
    case .up:
      instants += ([bootAt, heartbeatAt, dropAt] + duties.jobs.map(\.at)).compactMap { $0 }
      if let resetting, !resetting.isLeaving { instants.append(resetting.until) }
      if let at = line.nextDeadline(after: now.instant) { instants.append(at) }
    case .off, .connecting: break
    }
    return (times.min(), instants.min())
  }

  mutating func beat(_ now: Moment) {
    heartbeatAt = isAccepted ? now.instant + .seconds(max(settings.whole("HeartbeatInterval"), 1)) : nil
  }

  // MARK: What the house answers

  public mutating func received(_ bytes: Bytes, at now: Moment) -> [Step] {
    reckon(now)
    // What the house sends is tested elsewhere; a frame that cannot be read is passed over, as stations do.
    guard let frame = try? Frame.read(bytes) else { return finish(now) }
    switch frame {
    case .call(let id, let action, let payload):
      if edition > .v16 { obey2(id, action, payload, now) } else { obey(id, action, payload, now) }
    case .result(let id, let payload):
      guard let open = line.answered(id) else { break }
      tell(.answered(action: open.outgoing.action, after: now.instant - open.sentAt))
      do throws(Flaw) {
        if edition > .v16 {
          try answered2(open.outgoing, payload, now)
        } else {
          try answered(open.outgoing, payload, now)
        }
      } catch {
        failed(open, "\(error.path): \(error.detail)", now)
      }
    case .error(let id, let code, let description, _):
      guard let open = line.answered(id) else { break }
      failed(open, description.isEmpty ? code : "\(code): \(description)", now)
    // No house sends them to a station that answers as it should.
    case .resultError, .send: break
    }
    return finish(now)
  }

  private mutating func answered(
    _ outgoing: Outgoing, _ payload: JSONTape.Element, _ now: Moment
  ) throws(Flaw) {
    switch outgoing.content {
    case .boot: booted(try V16.BootNotification.Reply.read(payload, edition: .v16).value, now)
    case .authorize(let tag, let connector):
      verdict(try V16.Authorize.Reply.read(payload, edition: .v16).value.idTagInfo, on: tag, at: connector, now)
    case .start(let session, let start):
      confirmed(session, start, try V16.StartTransaction.Reply.read(payload, edition: .v16).value, now)
    case .stop(let session, let stop):
      let reply = try V16.StopTransaction.Reply.read(payload, edition: .v16).value
      if let tag = stop.idTag, let info = reply.idTagInfo { remember(tag, info) }
      if let transaction = transactions.removeValue(forKey: session) {
        tell(.stopAcknowledged(transaction: transaction))
      }
    case .heartbeat, .status, .meter, .shift, .word: break
    }
  }

  mutating func booted(_ reply: V16.BootNotification.Reply, _ now: Moment) {
    tell(.booted(reply.status, seconds: reply.interval))
    let interval = min(reply.interval, Limits.bootSeconds)
    switch reply.status {
    case .accepted:
      if interval > 0 { settings.heartbeat(every: interval) }
      if isAccepted { beat(now) } else { becomeAccepted(now) }
    case .pending, .rejected:
      state = .up(reply.status == .pending ? .pending : .rejected)
      (failures, heartbeatAt) = (0, nil)
      bootAt = now.instant + .seconds(interval > 0 ? interval : Limits.pendingSeconds)
    }
  }

  /// The statuses go first, then what was kept while the house was away.
  private mutating func becomeAccepted(_ now: Moment) {
    state = .up(.accepted)
    (wasAccepted, failures, bootAt) = (true, 0, nil)
    beat(now)
    toldOperative = isOperative
    var statuses = stationNews(now)
    for place in outlets.indices {
      outlets[place].toldAvailability = nil
      for one in news(of: place, now) {
        // What is about a session keeps its order among what was kept.
        if one.isKept { add(one) } else { statuses.append(one) }
      }
    }
    line.addFirst(statuses)
  }

  /// An error or no answer: what is about charging is tried again, up to a number of times (OCPP 1.6 §3.7.1).
  private mutating func failed(_ open: CallLine.Open, _ why: String, _ now: Moment) {
    tell(.failed(action: open.outgoing.action, why: why))
    var outgoing = open.outgoing
    switch outgoing.content {
    case .boot: bootAt = now.instant + Limits.bootRetry
    case .authorize(let tag, let connector): decideAlone(tag, at: connector, now)
    case .start, .meter, .stop, .shift:
      guard outgoing.isKept else { return }
      outgoing.attempts += 1
      if outgoing.attempts < settings.whole("TransactionMessageAttempts") {
        let pause = settings.whole("TransactionMessageRetryInterval") * outgoing.attempts
        outgoing.notBefore = now.instant + .seconds(pause)
        line.putBack(outgoing)
      } else {
        givenUp(outgoing)
      }
    case .heartbeat, .status, .word: break
    }
  }

  private mutating func givenUp(_ outgoing: Outgoing) {
    tell(.dropped(action: outgoing.action))
    switch outgoing.content {
    // What follows about it names no transaction that the house could know (OCPP 1.6 errata: -1).
    case .start(let session, _): transactions[session] = -1
    case .stop(let session, _): transactions[session] = nil
    case .boot, .heartbeat, .status, .authorize, .meter, .shift, .word: break
    }
  }

  // MARK: Reset

  /// Soft lets the last messages leave; hard says only yes to the reset itself.
  mutating func reset(isHard: Bool, _ now: Moment) {
    resetsOnceIdle = false
    tell(.rebooting(hard: isHard))
    for place in outlets.indices { end(place, because: isHard ? .hardReset : .softReset, tag: nil, now) }
    let patience = isHard ? Limits.hardResetPatience : Limits.softResetPatience
    resetting = Resetting(isHard: isHard, until: now.instant + patience)
  }

  private mutating func goOnResetting(_ now: Moment) {
    guard let reset = resetting, !reset.isLeaving, case .up = state else { return }
    guard reset.until <= now.instant || !reset.isHard && line.isEmpty else { return }
    resetting?.isLeaving = true
    wasAccepted = false
    comesBackAfter = profile.retry.reboot
    steps.append(reset.isHard ? .drop : .close(code: 1000, reason: "rebooting"))
  }

  // MARK: What leaves

  mutating func tell(_ event: StationEvent) { steps.append(.tell(event)) }

  mutating func add(_ outgoing: Outgoing) {
    if let victim = line.add(numbered(outgoing)) { givenUp(victim) }
  }

  /// An event of a transaction gets its number as it happens, and not when it leaves.
  private mutating func numbered(_ outgoing: Outgoing) -> Outgoing {
    guard edition > .v16, let session = outgoing.session, let named = transactions2[session] else { return outgoing }
    var event = outgoing
    event.transaction = named.name
    event.seqNo = transactions2.takeSeqNo(of: session)
    event.isOffline = !isAccepted
    return event
  }

  private mutating func reckon(_ now: Moment) {
    for place in outlets.indices { outlets[place].reckon(to: now.time, profile.kind) }
  }

  /// The end of every verb: tells what changed, sends what may leave, and hands over what is to be done.
  mutating func finish(_ now: Moment) -> [Step] {
    applyRules(now)
    if isAccepted {
      if toldOperative != isOperative {
        toldOperative = isOperative
        for one in stationNews(now) { add(one) }
      }
      for place in outlets.indices where outlets[place].told != outlets[place].status {
        for one in news(of: place, now) { add(one) }
      }
    }
    send(now)
    if resetsOnceIdle, outlets.allSatisfy({ $0.running == nil }) { reset(isHard: false, now) }
    goOnResetting(now)
    defer { steps = [] }
    return steps
  }

  private mutating func send(_ now: Moment) {
    guard case .up(let standing) = state, resetting?.letsOut != false else { return }
    let open = line.next(at: now.instant) { outgoing in
      switch standing {
      case .accepted: true
      case .pending: outgoing.isBoot || outgoing.isTriggered
      case .unknown, .rejected: outgoing.isBoot
      }
    }
    if let open { steps.append(.send(spoilt(frame(of: open)))) }
  }

  private func frame(of open: CallLine.Open) -> Bytes {
    guard edition == .v16 else { return frame2(of: open) }
    switch open.outgoing.content {
    case .boot:
      var boot = V16.BootNotification()
      boot.chargePointVendor = profile.vendor
      boot.chargePointModel = profile.model
      boot.chargePointSerialNumber = profile.serialNumber
      boot.firmwareVersion = profile.firmwareVersion
      return Frame.encodeCall(open.id, boot, edition: .v16)
    case .heartbeat: return Frame.encodeCall(open.id, V16.Heartbeat(), edition: .v16)
    case .status(let status): return Frame.encodeCall(open.id, status, edition: .v16)
    case .authorize(let tag, _):
      var authorize = V16.Authorize()
      authorize.idTag = tag
      return Frame.encodeCall(open.id, authorize, edition: .v16)
    case .start(_, let start): return Frame.encodeCall(open.id, start, edition: .v16)
    case .meter(let session, var meter):
      meter.transactionId = session.map { transactions[$0] ?? -1 }
      return Frame.encodeCall(open.id, meter, edition: .v16)
    case .stop(let session, var stop):
      stop.transactionId = transactions[session] ?? -1
      return Frame.encodeCall(open.id, stop, edition: .v16)
    case .word(let action, let payload): return Frame.encodeCall(open.id, action: action, json: payload)
    case .shift: preconditionFailure("a station of 1.6 has no such word")
    }
  }

  // MARK: Statuses

  /// The station as a whole has a status of its own in 1.6 only.
  private func stationNews(_ now: Moment) -> [Outgoing] {
    edition == .v16 ? [Outgoing(.status(stationStatus(now)))] : []
  }

  func stationStatus(_ now: Moment) -> V16.StatusNotification {
    var status = V16.StatusNotification()
    status.connectorId = 0
    status.status = .known(isOperative ? .available : .unavailable)
    status.timestamp = now.time
    return status
  }

  mutating func tellStatus(of place: Int, _ now: Moment) -> V16.StatusNotification {
    let word = outlets[place].status
    if outlets[place].told != word { tell(.status(connector: outlets[place].number, word)) }
    outlets[place].told = word
    var status = V16.StatusNotification()
    status.connectorId = outlets[place].number
    status.status = .known(word)
    status.errorCode = .known(outlets[place].fault ?? .noError)
    status.timestamp = now.time
    return status
  }
}
