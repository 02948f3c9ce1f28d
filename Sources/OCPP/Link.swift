// One connection of a station: what it asks is answered in its order, what we ask waits its turn.

import Dispatch
import Domain
import HTTP
import Net
import Wire

/// A station's connection on its loop. Its calls are read here and decided by the house; replies go out in the order
/// of the calls, after the commit. Our own calls run beside them through a `CallQueue`.
final class Link: WebSocketHandler {
  let id: LinkID
  private let identity: StationIdentity
  private let manner: Manner
  private let server: StationServer
  private let seat = Seat()
  private var loop: EventLoop { server.loop }
  private var dialect: any Dialect { manner.dialect }

  private var webSocket: WebSocket?
  private var line = ReplyLine()
  /// Our calls, while there are any: few stations are asked something at a time.
  private var ours: Ours?
  private var recent = RecentCalls()
  /// What few links ever need.
  private var rarities: Rarities?
  /// When a station that has not booted may be called.
  private var settlesAt: Instant?
  /// When something of an accepted station was read, since that was last told.
  private var seenAt: Timestamp?
  private var calls: UInt32 = 0
  /// Messages without an answer that the house has not decided yet.
  private var sends: Int32 = 0

  private var registration: Station.Registration
  private var isAccepted: Bool { registration == .accepted }
  private var hasEnded = false
  /// It is to end, so nothing is asked any more.
  private var isLeaving = false
  /// The station is ready for our calls.
  private var isSettled = false
  /// The server looks at this link now and then.
  private var isWatched = false
  /// It was asked whether it answers pings.
  private var wasPinged = false
  /// A large message is being read beside the loop.
  private var isReadingBeside = false

  /// Our calls to the station that are not done yet.
  private final class Ours {
    var queue: CallQueue
    var asked: [MessageID: Asked] = [:]
    var timer: Timers.Token?

    init(isHeld: Bool) { queue = CallQueue(isHeld: isHeld) }
  }

  /// One of our calls that has no answer yet.
  private struct Asked {
    var action: String
    /// Settings whose values must not be written down.
    var hidden: Set<SettingName>
    var outcome: @Sendable (JSON) -> CommandOutcome
    var done: @MainActor @Sendable (CommandOutcome) -> Void
  }

  private final class Rarities {
    /// Mirrors what the station says to a second central system.
    var mirror: Forward?
    /// Actions that a station may send before it is accepted, because we asked for them.
    var invited: [String] = []
    var delayTimer: Timers.Token?
    var oddities: [(action: String, oddity: Oddity)] = []
    var oddityTimer: Timers.Token?
    /// It asked more at once than is taken, and rests.
    var restTimer: Timers.Token?

    var timers: [Timers.Token] { [delayTimer, oddityTimer, restTimer].compactMap(\.self) }
  }

  private var mirror: Forward? { rarities?.mirror }

  /// To change them: they are made where there are none.
  private var rarity: Rarities {
    if let rarities { return rarities }
    let made = Rarities()
    rarities = made
    return made
  }

  init(_ id: LinkID, _ guest: Admission.Guest, manner: Manner, server: StationServer) {
    (self.id, self.manner, self.server) = (id, manner, server)
    identity = guest.identity
    registration = guest.registration
  }

  // MARK: Beginning and end

  func webSocketDidOpen(_ webSocket: WebSocket) {
    self.webSocket = webSocket
    webSocket.idleLimit = manner.patience
    settle(after: server.options.settle)
  }

  private func settle(after pause: Duration) {
    settlesAt = loop.now + pause
    watch()
  }

  /// The station is ready: what waited for that goes out.
  private func settled() {
    isSettled = true
    settlesAt = nil
    if let ours { perform(ours.queue.release(at: loop.now)) }
  }

  /// It speaks without having booted, or somebody writes a call to it by hand: nothing more is waited for, unless the
  /// operator wants the station left alone for a while.
  private func isReadyByNow() {
    if isAccepted, !isSettled, manner.settle == .zero { settled() }
  }

  /// As soon as the station is ready, because until it has answered a ping its silence means nothing for three heartbeats.
  private func pingFirst() {
    wasPinged = true
    if let webSocket, webSocket.pingInterval != nil { webSocket.ping() }
  }

  /// The server calls `look` until there is nothing to see.
  private func watch() {
    guard !isWatched, !hasEnded else { return }
    isWatched = true
    server.watch(self)
  }

  /// Does what is due of what may be a moment late. False where nothing is left that could become due.
  func look() -> Bool {
    isWatched = !hasEnded
    guard isWatched else { return false }
    if let settlesAt, settlesAt <= loop.now { settled() }
    if settlesAt == nil, !wasPinged { pingFirst() }
    if !line.isEmpty {
      line.giveUp(olderThan: loop.now - OCPPLimits.replyDeadline)
      sendReplies()
    }
    isWatched = settlesAt != nil || !line.isEmpty
    return isWatched
  }

  /// The house learns who came, and from where, behind whatever proxy. Its messages come after this.
  func tellOpened(_ guest: Admission.Guest, from address: String) {
    // The station's own setting, where 0 is off, else the house's.
    let seconds = guest.quirks.pingSeconds
    webSocket?.pingInterval = seconds == 0 ? nil : seconds.map { .seconds($0) } ?? server.options.pingInterval
    let (door, seat, id, version) = (server.door, seat, id, dialect.version)
    forward(to: guest.forwarding)
    let bound = LoopBound(self, loop: loop)
    server.bring(
      Errand(
        decide: { () throws(TurnFault) in
          seat.service = try door.opened(id, of: guest, version: version, address: address)
          return {}
        },
        fail: { fault in bound.loop.execute { bound.value.notOpened(fault) } }))
  }

  func forward(to follower: Forwarding?) {
    if let mirror {
      // Another password or another list of what it may ask makes no other follower of it.
      if mirror.settings.isSameFollower(as: follower) { mirror.rest() } else { mirror.end() }
      rarities?.mirror = nil
    }
    guard let follower, follower.isPaused != true, !hasEnded else { return }
    rarity.mirror = Forward(follower, of: self, identity: identity, dialect: dialect, server: server)
  }

  /// The house could not write down that the station came: it is asked to come again.
  private func notOpened(_ fault: TurnFault) {
    close(code: CloseCode.tryLater, reason: CallFault.unavailable(fault).description)
  }

  func webSocket(_ webSocket: WebSocket, closed code: UInt16?, reason: String, clean: Bool) {
    hasEnded = true
    mirror?.rest()
    server.figures.closed(code)
    rarities?.timers.forEach(loop.cancel)
    rarities = nil
    endCalls()
    self.webSocket = nil
    server.ended(self, reason: [code.map { String($0) } ?? "", reason].filter { !$0.isEmpty }.joined(separator: " "))
  }

  /// Ends the link. Whoever waits for an answer of this station hears at once that there will be none.
  func close(code: UInt16, reason: String) {
    isLeaving = true
    endCalls()
    webSocket?.close(code: code, reason: reason)
  }

  private func endCalls() {
    if let ours { perform(ours.queue.end()) }
  }

  func registered(as registration: Station.Registration) { self.registration = registration }

  // MARK: Life signs

  /// Who was seen, and when, if that was not told yet.
  func takeSeen() -> (LinkID, Timestamp)? {
    defer { seenAt = nil }
    return seenAt.map { (id, $0) }
  }

  func webSocketDidPong(_ webSocket: WebSocket) {
    guard let pingInterval = webSocket.pingInterval else { return }
    let short = min(pingInterval * 3, manner.patience)
    if webSocket.idleLimit != short { webSocket.idleLimit = short }
  }

  // MARK: What comes in

  func webSocket(_ webSocket: WebSocket, text: [UInt8]) {
    if isAccepted {
      if seenAt == nil { server.saw(self) }
      seenAt = server.now
    }
    guard text.count > OCPPLimits.readOnLoop else {
      return take(Arrival(text, dialect: dialect, at: server.now, zone: manner.zone, isMirrored: mirror != nil))
    }
    // What takes milliseconds to read is read beside the loop, so that no other station waits for it; nothing more
    // comes of this one meanwhile, and the order holds.
    isReadingBeside = true
    webSocket.pauseReading()
    let (bound, dialect, now, zone) = (LoopBound(self, loop: loop), dialect, server.now, manner.zone)
    let isMirrored = mirror != nil
    loop.beside {
      Arrival(text, dialect: dialect, at: now, zone: zone, isMirrored: isMirrored)
    } done: { arrival in
      let link = bound.value
      link.isReadingBeside = false
      // What it said last was not answered: it says so again when it is back.
      guard !link.hasEnded else { return }
      link.take(arrival)
      link.readOn()
    }
  }

  /// JSON in a binary message is read all the same.
  func webSocket(_ webSocket: WebSocket, binary: [UInt8]) {
    flag("frame", Oddity(path: "binary", kind: .brokenFrame, raw: ""))
    self.webSocket(webSocket, text: binary)
  }

  /// Whether the house may be brought more of this station, before it has answered what it has.
  private var hasRoom: Bool { line.hasRoom && sends < OCPPLimits.callsInHand }

  private func readOn() {
    if hasRoom, !isReadingBeside, rarities?.restTimer == nil { webSocket?.resumeReading() }
  }

  /// A station has one call open at a time (OCPP-J 1.6 §4.1.1). One that sends many without waiting for their replies is
  /// taken at a pace, so that its flood costs nobody else the processor.
  private func rest() {
    webSocket?.pauseReading()
    guard !hasEnded, rarities?.restTimer == nil else { return }
    rarity.restTimer = loop.schedule(after: OCPPLimits.crowdedRest) { [unowned self] in
      rarities?.restTimer = nil
      readOn()
    }
  }

  private func take(_ arrival: Arrival) {
    if arrival.hasLocalTimes { flag("frame", Oddity(path: "timestamp", kind: .timestampForm, raw: "")) }
    if arrival.isMended { flag("frame", Oddity(path: "json", kind: .brokenFrame, raw: arrival.excerpt)) }
    switch arrival.content {
    case .call(let id, let action, let prepared):
      record(arrival.logged, .received, action, id)
      if id.isTooLong { flag(action, Oddity(path: "messageId", kind: .tooLong, raw: excerpt(id))) }
      if recent.note(id, arrival.fingerprint) == .otherContent {
        flag(action, Oddity(path: "messageId", kind: .repeatedID, raw: excerpt(id)))
      }
      if let payload = arrival.payload { mirror?.heard(id.text, action, payload) }
      decide(id, action, prepared)
      if action != dialect.bootAction { isReadyByNow() }
    case .send(let id, let action, let prepared):
      record(arrival.logged, .received, action, id)
      take(action, prepared)
    case .resultError(let id, let code, let description):
      // Our reply is on disk and sent; that the station cannot read it is for people to look at.
      record(arrival.logged, .received, nil, id, isError: true)
      flag("frame", Oddity(path: "CALLRESULTERROR", kind: .brokenFrame, raw: excerpt("\(code): \(description)")))
    case .result(let id, let payload):
      record(arrival.logged, .received, ours?.asked[id]?.action, id)
      replied(id, .result(payload))
    case .error(let id, let code, let description, let details):
      record(arrival.logged, .received, ours?.asked[id]?.action, id, isError: true)
      replied(id, .error(code: code, description: description, details: details))
    case .garbage(let garbage):
      take(garbage, arrival)
    }
    if !hasRoom { rest() }
  }

  /// A call whose id is still legible gets its CALLERROR; a broken answer ends our call; the rest is only noted.
  private func take(_ garbage: Garbage, _ arrival: Arrival) {
    record(arrival.logged, .received, garbage.prefix?.action, garbage.prefix?.id, isError: true)
    flag("frame", Oddity(path: "json", kind: .brokenFrame, raw: arrival.excerpt))
    guard let prefix = garbage.prefix else { return refuse(garbage) }
    if prefix.type == 2 {
      answer(prefix.id, prefix.action ?? "", .failure(.unreadable(garbage.why)))
    } else {
      let code = ErrorCode.formation.spelled(in: dialect.edition)
      replied(prefix.id, .error(code: code, description: "the station's answer: \(garbage.why)"))
    }
  }

  /// A station of 2.x hears also of what has no id (OCPP-J 2.0.1 §4.2.3); for those of 1.6 there is no such answer.
  private func refuse(_ garbage: Garbage) {
    guard dialect.edition > .v16, garbage.kind != .unknownType else { return }
    let fault = CallFault.noCall(garbage.why)
    let code = fault.code.spelled(in: dialect.edition)
    send(
      Frame.encodeError(.unreadable, code: code, description: fault.description), nil, .unreadable, isError: true)
  }

  // MARK: The station's calls

  private func decide(_ id: MessageID, _ action: String, _ read: Result<Prepared, CallFault>) {
    guard isHeard(action) else { return answer(id, action, .failure(.notAccepted)) }
    let prepared: Prepared
    switch read {
    case .success(let read): prepared = read
    case .failure(let fault): return answer(id, action, .failure(fault))
    }
    switch prepared.work {
    case .reply(let reply):
      for oddity in prepared.oddities { flag(action, oddity) }
      answer(id, action, .success(reply))
    case .turn:
      let place = line.open(id, action, at: loop.now)
      watch()
      bring(prepared, action, place)
    }
  }

  /// Whether the station may say this already.
  private func isHeard(_ action: String) -> Bool {
    if isAccepted || action == dialect.bootAction { return true }
    if rarities?.invited.contains(action) == true { return true }
    // A pending station of 1.6 may say all; from a rejected one nothing but its boot is taken (OCPP 1.6 §4.2).
    return registration == .pending && !dialect.hearsOnlyTheAccepted
  }

  /// A message that nobody waits for: read as well as it can be, and never answered (OCPP-J 2.1 §4.2.4).
  private func take(_ action: String, _ read: Result<Prepared, CallFault>) {
    guard isHeard(action) else { return }
    switch read {
    case .success(let prepared):
      guard case .turn = prepared.work else { return }
      sends += 1
      bring(prepared, action, nil)
    case .failure(let fault):
      flag(action, Oddity(path: "SEND", kind: .brokenFrame, raw: excerpt(fault.description)))
    }
  }

  /// An answer that is known with its call leaves at once, unless earlier calls still wait for theirs or the station
  /// wants it held back.
  private func answer(_ id: MessageID, _ action: String, _ answer: ReplyLine.Answer) {
    if line.isEmpty, manner.answerDelay == 0 { return send(ReplyLine.Reply(id: id, action: action, answer: answer)) }
    let place = line.open(id, action, at: loop.now)
    self.answer(place, answer)
  }

  /// - Parameter place: where its reply belongs; nil where nobody waits for one.
  private func bring(_ prepared: Prepared, _ action: String, _ place: UInt64?) {
    let bound = LoopBound(self, loop: loop)
    let seat = seat
    let odd = Oddity.folded(prepared.oddities)
    server.bring(
      Errand(
        decide: { () throws(TurnFault) in
          guard let station = seat.service else { throw .storage("the station's arrival is not on disk") }
          let reply = try prepared.decide(station)
          if !odd.isEmpty { try station.flag(action: action, oddities: odd) }
          return {
            switch reply {
            case .now(let reply): bound.loop.execute { bound.value.answer(place, .success(reply)) }
            case .later(let ticket):
              ticket.whenRedeemed { reply in bound.loop.execute { bound.value.answer(place, .success(reply)) } }
            }
          }
        },
        fail: { fault in bound.loop.execute { bound.value.answer(place, .failure(.unavailable(fault))) } }))
  }

  private func answer(_ place: UInt64?, _ answer: ReplyLine.Answer) {
    guard let place else {
      sends -= 1
      return readOn()
    }
    line.answer(place, answer)
    sendReplies()
  }

  /// Sends what is answered up to the first call that is not, then reads on.
  private func sendReplies() {
    while let reply = line.next(at: loop.now, after: .milliseconds(manner.answerDelay)) {
      send(reply)
      if case .success(let payload) = reply.answer, let verdict = dialect.bootAnswer(payload) {
        booted(verdict)
      }
    }
    waitToSend()
    readOn()
  }

  private func send(_ reply: ReplyLine.Reply) {
    switch reply.answer {
    case .success(let payload):
      mirror?.led(reply.id.text, payload)
      send(Frame.encodeResult(reply.id, payload, edition: dialect.edition), reply.action, reply.id)
    case .failure(let fault):
      let code = fault.code.spelled(in: dialect.edition)
      let bytes = Frame.encodeError(reply.id, code: code, description: fault.description, details: fault.details)
      send(bytes, reply.action, reply.id, isError: true)
    }
  }

  private func waitToSend() {
    guard !hasEnded, let since = line.answeredSince, rarities?.delayTimer == nil else { return }
    let left = since + .milliseconds(manner.answerDelay) - loop.now
    rarity.delayTimer = loop.schedule(after: max(left, .milliseconds(1))) { [unowned self] in
      rarities?.delayTimer = nil
      sendReplies()
    }
  }

  private func booted(_ registration: Station.Registration) {
    self.registration = registration
    rarities?.invited = []
    if manner.settle > .zero { settle(after: manner.settle) } else { settled() }
  }

  // MARK: Our calls

  func call(
    _ command: StationCommand, deadline seconds: Int, hiding names: Set<SettingName> = [],
    done: @escaping @MainActor @Sendable (CommandOutcome) -> Void
  ) {
    let request: CommandRequest
    do throws(Unspeakable) {
      request = try dialect.request(for: command)
    } catch {
      return onMain { done(.impossible(error.why)) }
    }
    guard !isLeaving else { return onMain { done(.disconnected) } }
    if !isAccepted {
      let rarity = rarity
      rarity.invited += dialect.invited(by: request.action, request.payload).filter { !rarity.invited.contains($0) }
    }
    if case .raw = command { isReadyByNow() }
    let ours = ours ?? Ours(isHeld: !isSettled)
    self.ours = ours
    calls &+= 1
    let id = MessageID("\(server.callPrefix)\(self.id)-\(calls)")
    ours.asked[id] = Asked(action: request.action, hidden: names, outcome: request.outcome, done: done)
    let frame = Frame.encodeCall(id, action: request.action, json: request.payload)
    let until = loop.now + .seconds(min(max(seconds, 1), OCPPLimits.commandSeconds))
    perform(ours.queue.ask(CallQueue.Call(id: id, frame: frame, until: until), at: loop.now))
  }

  private func replied(_ id: MessageID, _ outcome: CallQueue.Outcome) {
    guard let ours, let open = ours.queue.open else { return ignore(id) }
    if open.text != id.text {
      guard manner.takesAnyAnswerID, ours.asked[id] == nil else { return ignore(id) }
      // Some stations answer under an id of their own; with one call open there is no doubt which one is meant.
      flag(ours.asked[open]?.action ?? "", Oddity(path: "messageId", kind: .foreignID, raw: excerpt(id)))
    }
    perform(ours.queue.replied(open, outcome, at: loop.now))
  }

  /// An answer to no open call: it came twice, or after its time.
  private func ignore(_ id: MessageID) {
    flag("answer", Oddity(path: "messageId", kind: .unasked, raw: excerpt(id)))
  }

  private func perform(_ steps: [CallQueue.Step]) {
    guard let ours else { return }
    for step in steps {
      switch step {
      case .send(let call):
        let asked = ours.asked[call.id]
        send(call.frame, asked?.action, call.id, hiding: asked?.hidden ?? [])
      case .finish(let id, let outcome):
        guard let asked = ours.asked.removeValue(forKey: id) else { continue }
        let told: CommandOutcome =
          switch outcome {
          case .result(let answer): understood(id, answer, asked)
          case .error(let code, let description, let details):
            .failed(code: code, description: description, details: details)
          case .timedOut: .timedOut
          case .disconnected: .disconnected
          case .full: .impossible("too many commands wait for this station")
          }
        let done = asked.done
        server.tell { done(told) }
      }
    }
    watchCalls(ours)
  }

  /// What the answer means. A station of 2.1 hears that we cannot read it (OCPP-J 2.1 §4.2.3).
  private func understood(_ id: MessageID, _ answer: JSON, _ asked: Asked) -> CommandOutcome {
    let told = asked.outcome(answer)
    if case .failed(let code, let description, _) = told, dialect.edition >= .v21 {
      send(
        Frame.encodeResultError(id, code: code, description: description), asked.action, id, isError: true)
    }
    return told
  }

  private func watchCalls(_ ours: Ours) {
    if let timer = ours.timer { loop.cancel(timer) }
    ours.timer = nil
    guard !hasEnded, let deadline = ours.queue.nextDeadline else {
      // At rest they hold no memory.
      if ours.asked.isEmpty { self.ours = nil }
      return
    }
    ours.timer = loop.schedule(after: max(deadline - loop.now, .milliseconds(1))) { [unowned self, unowned ours] in
      ours.timer = nil
      perform(ours.queue.tick(at: loop.now))
    }
  }

  // MARK: Evidence

  private func send(
    _ bytes: Bytes, _ action: String?, _ id: MessageID, isError: Bool = false, hiding names: Set<SettingName> = []
  ) {
    guard webSocket?.send(text: bytes) == true else { return }
    record(loggable(bytes, hiding: names), .sent, action, id, isError: isError)
  }

  private func record(
    _ text: Bytes, _ direction: LoggedFrame.Direction, _ action: String?, _ id: MessageID?, isError: Bool = false
  ) {
    server.figures.count(action, direction, isError: isError)
    server.frameLog.record(
      LoggedFrame(
        at: server.now, door: "ocpp", peer: identity.text, direction: direction, action: action,
        correlation: id?.logged, text: text, isError: isError))
  }

  /// Keeps an oddity that has no turn of its own, and tells the house of those gathered a little later, in one errand.
  func flag(_ action: String, _ oddity: Oddity) {
    guard !hasEnded else { return }
    let rarity = rarity
    guard rarity.oddities.count < OCPPLimits.waitingOddities else { return }
    rarity.oddities.append((String(action.unicodeScalars.prefix(64)), oddity))
    guard rarity.oddityTimer == nil else { return }
    rarity.oddityTimer = loop.schedule(after: OCPPLimits.oddityDelay) { [unowned self] in
      rarities?.oddityTimer = nil
      tellOddities()
    }
  }

  private func tellOddities() {
    let gathered = rarities?.oddities ?? []
    let seat = seat
    rarities?.oddities = []
    server.bring(
      Errand(
        decide: { () throws(TurnFault) in
          for (action, oddity) in gathered { try seat.service?.flag(action: action, oddities: [oddity]) }
          return {}
        },
        // Only a count on the station's page: the frames themselves stand in the message log.
        fail: { _ in }))
  }

  private func excerpt(_ id: MessageID) -> String { excerpt(id.text) }

  private func excerpt(_ text: String) -> String { Arrival.excerpt(Bytes(text.utf8)) }
}

/// Where the house's service for a link is kept between turns: filled by the turn that opens the link, which comes
/// before those of its messages.
@MainActor
private final class Seat {
  var service: (any StationService)?

  nonisolated init() {}
}

/// Runs something on the main actor, after what was given before it.
func onMain(_ work: @escaping @MainActor @Sendable () -> Void) {
  DispatchQueue.main.async { @Sendable in MainActor.assumeIsolated { work() } }
}
