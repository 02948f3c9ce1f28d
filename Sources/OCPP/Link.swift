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
  private let guest: Admission.Guest
  /// Where the station calls from, behind whatever proxy it came by.
  private let address: String
  private let dialect: any Dialect
  private let server: StationServer
  private let seat = Seat()
  private var loop: EventLoop { server.loop }

  private var webSocket: WebSocket?
  private var isAccepted: Bool
  private var hasEnded = false

  private var line = ReplyLine()
  /// Messages that came though reading had been stopped, and their bytes.
  private var unread: [Bytes] = []
  private var unreadBytes = 0
  private var isReadingOn = false
  private var replyTimer: Timers.Token?

  private var queue = CallQueue()
  private var asked: [MessageID: Asked] = [:]
  private var calls: UInt64 = 0
  private var callTimer: Timers.Token?
  private var settleTimer: Timers.Token?
  private var ignoredLoggedAt: Instant?

  private var recent = RecentCalls()
  private var oddities: [(action: String, oddity: Oddity)] = []
  private var oddityTimer: Timers.Token?

  /// One of our calls that has no answer yet.
  private struct Asked {
    var action: String
    var outcome: @Sendable (JSON) -> CommandOutcome
    var done: @MainActor @Sendable (CommandOutcome) -> Void
  }

  init(_ id: LinkID, guest: Admission.Guest, address: String, dialect: any Dialect, server: StationServer) {
    (self.id, self.guest, self.address, self.dialect, self.server) = (id, guest, address, dialect, server)
    isAccepted = guest.isAccepted
  }

  // MARK: Beginning and end

  func webSocketDidOpen(_ webSocket: WebSocket) {
    self.webSocket = webSocket
    webSocket.pingInterval = pingInterval
    webSocket.idleLimit = patience
    settleTimer = loop.schedule(after: server.options.settle) { [unowned self] in
      settleTimer = nil
      perform(queue.release(at: loop.now))
    }
    let (door, seat, id, guest, address, version) = (server.door, seat, id, guest, address, dialect.version)
    let bound = LoopBound(self, loop: loop)
    server.household.bring(
      Errand(
        decide: { () throws(TurnFault) in
          seat.service = try door.opened(id, of: guest, version: version, address: address)
          return {}
        },
        fail: { fault in bound.loop.execute { bound.value.notOpened(fault) } }))
  }

  /// The house could not write down that the station came: it is asked to come again.
  private func notOpened(_ fault: TurnFault) {
    close(code: CloseCode.tryLater, reason: CallFault.unavailable(fault).description)
  }

  func webSocket(_ webSocket: WebSocket, closed code: UInt16?, reason: String, clean: Bool) {
    hasEnded = true
    for timer in [replyTimer, callTimer, settleTimer, oddityTimer].compactMap({ $0 }) { loop.cancel(timer) }
    perform(queue.end())
    unread = []
    self.webSocket = nil
    server.ended(self, reason: [code.map { String($0) } ?? "", reason].filter { !$0.isEmpty }.joined(separator: " "))
  }

  /// Ends the link. Whoever waits for an answer of this station hears at once that there will be none.
  func close(code: UInt16, reason: String) {
    perform(queue.end())
    unread = []
    webSocket?.close(code: code, reason: reason)
  }

  func accepted() { isAccepted = true }

  // MARK: Life signs

  /// Silence after which we ping: the station's own setting, where 0 is off, else the house's.
  private var pingInterval: Duration? {
    guard let seconds = guest.quirks.pingSeconds else { return server.options.pingInterval }
    return seconds == 0 ? nil : .seconds(seconds)
  }

  /// Three heartbeats, as long as the station has not shown that it answers pings.
  private var patience: Duration {
    .seconds(3 * (guest.quirks.heartbeatSeconds ?? server.options.heartbeatSeconds))
  }

  func webSocketDidPong(_ webSocket: WebSocket) {
    guard let pingInterval else { return }
    let short = min(pingInterval * 3, patience)
    if webSocket.idleLimit != short { webSocket.idleLimit = short }
  }

  // MARK: What comes in

  func webSocket(_ webSocket: WebSocket, text: [UInt8]) {
    server.saw(id, isAccepted: isAccepted)
    guard unread.isEmpty, line.hasRoom else {
      unreadBytes += text.count
      guard unread.count < OCPPLimits.unreadMessages, unreadBytes <= OCPPLimits.unreadBytes else {
        return close(code: CloseCode.policy, reason: "too many messages at once")
      }
      return unread.append(text)
    }
    receive(text)
    if !line.hasRoom { webSocket.pauseReading() }
  }

  /// JSON in a binary message is read all the same.
  func webSocket(_ webSocket: WebSocket, binary: [UInt8]) {
    flag("frame", Oddity(path: "binary", kind: .brokenFrame, raw: ""))
    self.webSocket(webSocket, text: binary)
  }

  private func receive(_ bytes: Bytes) {
    do throws(Garbage) {
      receive(try read(bytes), bytes)
    } catch {
      received(error, bytes)
    }
  }

  /// Reads a frame, mended where it is broken in a way that we know.
  private func read(_ bytes: Bytes) throws(Garbage) -> Frame {
    do throws(Garbage) {
      return try Frame.read(bytes)
    } catch {
      guard error.kind == .notJSON, let whole = mended(bytes), let frame = try? Frame.read(whole) else { throw error }
      flag("frame", Oddity(path: "json", kind: .brokenFrame, raw: excerpt(bytes)))
      return frame
    }
  }

  private func receive(_ frame: Frame, _ bytes: Bytes) {
    switch frame {
    case .call(let id, let action, let payload):
      record(bytes, .received, action, id)
      if id.isTooLong { flag(action, Oddity(path: "messageId", kind: .tooLong, raw: excerpt(Bytes(id.text.utf8)))) }
      if recent.note(id, bytes) == .otherContent {
        flag(action, Oddity(path: "messageId", kind: .repeatedID, raw: excerpt(Bytes(id.text.utf8))))
      }
      answer(id, action, payload)
    case .result(let id, let payload):
      record(bytes, .received, asked[id]?.action, id)
      replied(id, .result(payload.json))
    case .error(let id, let code, let description):
      record(bytes, .received, asked[id]?.action, id, isError: true)
      replied(id, .error(code: code, description: description))
    }
  }

  /// A call whose id is still legible gets its CALLERROR; a broken answer ends our call; the rest is only noted.
  private func received(_ garbage: Garbage, _ bytes: Bytes) {
    record(bytes, .received, garbage.prefix?.action, garbage.prefix?.id, isError: true)
    flag("frame", Oddity(path: "json", kind: .brokenFrame, raw: excerpt(bytes)))
    guard let prefix = garbage.prefix else { return }
    if prefix.type == 2 {
      let place = line.open(prefix.id, prefix.action ?? "", at: loop.now)
      answer(place, .failure(.unreadable(garbage.why)))
    } else {
      let code = ErrorCode.formation.spelled(in: dialect.edition)
      replied(prefix.id, .error(code: code, description: "the station's answer: \(garbage.why)"))
    }
  }

  // MARK: The station's calls

  private func answer(_ id: MessageID, _ action: String, _ payload: JSONTape.Element) {
    let place = line.open(id, action, at: loop.now)
    watchReplies()
    let prepared: Prepared
    do throws(CallFault) {
      prepared = try dialect.routes.read(action, payload, edition: dialect.edition, received: server.clock.now())
    } catch {
      return answer(place, .failure(error))
    }
    switch prepared.work {
    case .reply(let reply):
      for oddity in prepared.oddities { flag(action, oddity) }
      answer(place, .success(reply))
    case .turn:
      bring(prepared, action, place)
    }
  }

  private func bring(_ prepared: Prepared, _ action: String, _ place: UInt64) {
    let bound = LoopBound(self, loop: loop)
    let seat = seat
    let odd = Oddity.folded(prepared.oddities)
    server.household.bring(
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

  private func answer(_ place: UInt64, _ answer: Result<any Payload, CallFault>) {
    line.answer(place, answer)
    sendReplies()
  }

  /// Sends what is answered up to the first call that is not, then reads on.
  private func sendReplies() {
    while let reply = line.next() {
      let bytes: Bytes
      switch reply.answer {
      case .success(let payload):
        bytes = Frame.encodeResult(reply.id, payload, edition: dialect.edition)
      case .failure(let fault):
        let code = fault.code.spelled(in: dialect.edition)
        bytes = Frame.encodeError(reply.id, code: code, description: fault.description, details: fault.details)
      }
      send(bytes, reply.action, reply.id, isError: (try? reply.answer.get()) == nil)
      if case .success(let payload) = reply.answer, let verdict = dialect.bootAnswer(payload) {
        booted(accepted: verdict)
      }
    }
    readOn()
  }

  /// What had to wait for room comes next. A message that is answered at once leads back here, one level deep.
  private func readOn() {
    guard !isReadingOn else { return }
    isReadingOn = true
    var taken = 0
    while line.hasRoom, taken < unread.count {
      taken += 1
      receive(unread[taken - 1])
    }
    unread.removeFirst(min(taken, unread.count))
    if unread.isEmpty { unreadBytes = 0 }
    isReadingOn = false
    if line.hasRoom { webSocket?.resumeReading() }
  }

  private func booted(accepted: Bool) {
    isAccepted = accepted
    perform(queue.release(at: loop.now))
  }

  /// One timer for the oldest call that the house owes a reply.
  private func watchReplies() {
    guard replyTimer == nil, !hasEnded, let oldest = line.oldestWaiting else { return }
    let left = oldest + OCPPLimits.replyDeadline - loop.now
    replyTimer = loop.schedule(after: max(left, .milliseconds(1))) { [unowned self] in
      replyTimer = nil
      line.giveUp(olderThan: loop.now - OCPPLimits.replyDeadline)
      sendReplies()
      watchReplies()
    }
  }

  // MARK: Our calls

  func call(
    _ command: StationCommand, deadline seconds: Int, done: @escaping @MainActor @Sendable (CommandOutcome) -> Void
  ) {
    let request: CommandRequest
    do throws(Unspeakable) {
      request = try dialect.request(for: command)
    } catch {
      return onMain { done(.impossible(error.why)) }
    }
    calls += 1
    let id = MessageID("\(server.callPrefix)\(self.id)-\(calls)")
    asked[id] = Asked(action: request.action, outcome: request.outcome, done: done)
    let frame = Frame.encodeCall(id, action: request.action, json: request.payload)
    let until = loop.now + .seconds(min(max(seconds, 1), OCPPLimits.commandSeconds))
    perform(queue.ask(CallQueue.Call(id: id, frame: frame, until: until), at: loop.now))
  }

  private func replied(_ id: MessageID, _ outcome: CallQueue.Outcome) {
    let before = queue.ignored
    perform(queue.replied(id, outcome, at: loop.now))
    guard queue.ignored > before else { return }
    // Once a minute is enough.
    if let last = ignoredLoggedAt, loop.now - last < .seconds(60) { return }
    ignoredLoggedAt = loop.now
    server.log.info(
      "an answer to no open call was ignored",
      metadata: ["station": "\(guest.identity)", "id": "\(excerpt(Bytes(id.text.utf8)))", "so_far": "\(queue.ignored)"])
  }

  private func perform(_ steps: [CallQueue.Step]) {
    for step in steps {
      switch step {
      case .send(let call):
        send(call.frame, asked[call.id]?.action, call.id)
      case .finish(let id, let outcome):
        guard let asked = asked.removeValue(forKey: id) else { continue }
        let told: CommandOutcome =
          switch outcome {
          case .result(let answer): asked.outcome(answer)
          case .error(let code, let description): .failed(code: code, description: description)
          case .timedOut: .timedOut
          case .disconnected: .disconnected
          case .full: .impossible("too many commands wait for this station")
          }
        let done = asked.done
        onMain { done(told) }
      }
    }
    watchCalls()
  }

  private func watchCalls() {
    if let callTimer { loop.cancel(callTimer) }
    callTimer = nil
    guard !hasEnded, let deadline = queue.nextDeadline else { return }
    callTimer = loop.schedule(after: max(deadline - loop.now, .milliseconds(1))) { [unowned self] in
      callTimer = nil
      perform(queue.tick(at: loop.now))
    }
  }

  // MARK: Evidence

  private func send(_ bytes: Bytes, _ action: String?, _ id: MessageID, isError: Bool = false) {
    guard webSocket?.send(text: bytes) == true else { return }
    record(bytes, .sent, action, id, isError: isError)
  }

  private func record(
    _ bytes: Bytes, _ direction: LoggedFrame.Direction, _ action: String?, _ id: MessageID?, isError: Bool = false
  ) {
    let shown = withoutSecrets(bytes)
    server.frameLog.record(
      LoggedFrame(
        at: server.clock.now(), door: "ocpp", peer: guest.identity.text, direction: direction, action: action,
        correlation: id.map { String($0.text.prefix(OCPPLimits.messageID)) },
        text: shown.count > OCPPLimits.loggedBytes ? Bytes(shown.prefix(OCPPLimits.loggedBytes)) : shown,
        isError: isError))
  }

  /// Keeps an oddity that has no turn of its own, and tells the house of those gathered a little later, in one errand.
  private func flag(_ action: String, _ oddity: Oddity) {
    guard oddities.count < OCPPLimits.waitingOddities, !hasEnded else { return }
    oddities.append((String(action.unicodeScalars.prefix(64)), oddity))
    guard oddityTimer == nil else { return }
    oddityTimer = loop.schedule(after: OCPPLimits.oddityDelay) { [unowned self] in
      oddityTimer = nil
      tellOddities()
    }
  }

  private func tellOddities() {
    let gathered = oddities
    let seat = seat
    oddities = []
    server.household.bring(
      Errand(
        decide: { () throws(TurnFault) in
          for (action, oddity) in gathered { try seat.service?.flag(action: action, oddities: [oddity]) }
          return {}
        },
        // Only a count on the station's page: the frames themselves stand in the message log.
        fail: { _ in }))
  }

  private func excerpt(_ bytes: Bytes) -> String {
    let start = String(decoding: bytes.prefix(WireLimits.oddityCharacters * 4), as: UTF8.self)
    return String(start.unicodeScalars.prefix(WireLimits.oddityCharacters))
  }
}

/// Where the house's service for a link is kept between turns: filled by the turn that opens the link, which comes
/// before those of its messages.
@MainActor
private final class Seat {
  var service: (any StationService)?

  nonisolated init() {}
}

extension Oddity {
  /// One of each kind and field: places in arrays are left out, so that the house counts fields and not their elements.
  static func folded(_ oddities: [Oddity]) -> [Oddity] {
    var folded: [Oddity] = []
    for var oddity in oddities {
      if oddity.path.utf8.contains(UInt8(ascii: "[")) {
        oddity.path = oddity.path.split(separator: "[").enumerated()
          .map { $0.offset == 0 ? String($0.element) : String($0.element.drop { $0 != "]" }.dropFirst()) }.joined()
      }
      if !folded.contains(where: { $0.path == oddity.path && $0.kind == oddity.kind }) { folded.append(oddity) }
    }
    return folded
  }
}

/// Runs something on the main actor, after what was given before it.
func onMain(_ work: @escaping @MainActor @Sendable () -> Void) {
  DispatchQueue.main.async { @Sendable in MainActor.assumeIsolated { work() } }
}
