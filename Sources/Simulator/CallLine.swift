import OCPP
import Wire

/// A message of a station on its way to the house.
struct Outgoing: Sendable {
  /// What the message says. What is about a session names it by the station's own number: the house's may not be known
  /// yet, and is filled in when the message leaves.
  enum Content: Sendable {
    case boot
    case heartbeat
    case status(V16.StatusNotification)
    case authorize(tag: String, connector: Int)
    case start(session: Int, V16.StartTransaction)
    case meter(session: Int?, V16.MeterValues)
    case stop(session: Int, V16.StopTransaction)
    /// What a session does from now on; only stations of 2.x tell it apart from a connector's status.
    case shift(session: Int, V2.Transaction.ChargingState, at: Timestamp)
    /// Anything else that a station tells, as JSON; nothing here follows from its answer.
    case word(action: String, payload: Bytes)
  }

  var content: Content
  /// The house asked for it, so it may be sent before the station is accepted (OCPP 1.6 §4.2.1).
  var isTriggered = false
  var attempts = 0
  /// Not before that moment, because the last attempt failed.
  var notBefore: Instant?
  /// Of an event of a transaction of 2.x: its place, the transaction's name, and whether it happened without the house.
  var seqNo = 0
  var transaction = ""
  var isOffline = false

  init(_ content: Content, isTriggered: Bool = false) { (self.content, self.isTriggered) = (content, isTriggered) }

  /// Kept until the house has it: what sessions consist of (OCPP 1.6 §3.7).
  var isKept: Bool {
    switch content {
    case .start, .stop, .shift: true
    case .meter(let session, _): session != nil
    case .boot, .heartbeat, .status, .authorize, .word: false
    }
  }

  /// The session that it is about.
  var session: Int? {
    switch content {
    case .start(let session, _), .stop(let session, _), .shift(let session, _, _): session
    case .meter(let session, _): session
    case .boot, .heartbeat, .status, .authorize, .word: nil
    }
  }

  var isMeter: Bool { if case .meter = content { true } else { false } }
  var isBoot: Bool { if case .boot = content { true } else { false } }
  var isHeartbeat: Bool { if case .heartbeat = content { true } else { false } }

  var action: String {
    switch content {
    case .boot: V16.BootNotification.action
    case .heartbeat: V16.Heartbeat.action
    case .status: V16.StatusNotification.action
    case .authorize: V16.Authorize.action
    case .start: V16.StartTransaction.action
    case .meter: V16.MeterValues.action
    case .stop: V16.StopTransaction.action
    case .shift: V2.TransactionEvent.action
    case .word(let action, _): action
    }
  }
}

/// The messages of one station in their order, one of them open at a time (OCPP-J 1.6 §4.1.1). What is about a session
/// outlives the connection and leaves in its order, under a new id; the rest is forgotten with it.
struct CallLine: Sendable {
  struct Open: Sendable {
    let id: MessageID
    let outgoing: Outgoing
    let sentAt: Instant
    let until: Instant
  }

  private(set) var open: Open?
  private var waiting: [Outgoing] = []
  private var sent = 0

  var isEmpty: Bool { open == nil && waiting.isEmpty }
  var keptCount: Int { waiting.count { $0.isKept } + (open?.outgoing.isKept == true ? 1 : 0) }
  var hasRoomForSession: Bool { keptCount < Limits.keptMessages || waiting.contains { $0.isKept && $0.isMeter } }

  /// Whether messages about sessions wait for which this holds.
  func hasKept(_ fits: (Outgoing) -> Bool) -> Bool { hasWaiting { $0.isKept && fits($0) } }

  func hasWaiting(_ fits: (Outgoing) -> Bool) -> Bool {
    waiting.contains(where: fits) || open.map { fits($0.outgoing) } == true
  }

  /// Appends a message.
  /// - Returns: the one that had to make room, which may be the message itself.
  mutating func add(_ outgoing: Outgoing) -> Outgoing? {
    if outgoing.isKept {
      guard keptCount >= Limits.keptMessages else {
        waiting.append(outgoing)
        return nil
      }
      guard let victim = waiting.firstIndex(where: { $0.isKept && $0.isMeter }) else {
        // A session that began within the limit gets its end past it: losing that would falsify a bill.
        if outgoing.isMeter { return outgoing }
        waiting.append(outgoing)
        return nil
      }
      waiting.append(outgoing)
      return waiting.remove(at: victim)
    }
    guard waiting.count(where: { !$0.isKept }) < Limits.passingMessages else { return outgoing }
    waiting.append(outgoing)
    return nil
  }

  /// Puts messages before all others, as after a boot.
  mutating func addFirst(_ messages: [Outgoing]) { waiting.insert(contentsOf: messages, at: 0) }

  /// Opens the next message that may leave. One about a session that has to wait holds up those behind it about
  /// sessions, and nothing else.
  mutating func next(at now: Instant, may: (Outgoing) -> Bool) -> Open? {
    guard open == nil else { return nil }
    var keptMayLeave = true
    for place in waiting.indices where may(waiting[place]) {
      if waiting[place].isKept {
        if !keptMayLeave { continue }
        if let notBefore = waiting[place].notBefore, notBefore > now {
          keptMayLeave = false
          continue
        }
      }
      sent += 1
      let made = Open(
        id: MessageID(String(sent)), outgoing: waiting.remove(at: place), sentAt: now,
        until: now + Limits.replyDeadline)
      open = made
      return made
    }
    return nil
  }

  /// An answer came; nil for one to no open call.
  mutating func answered(_ id: MessageID) -> Open? {
    guard let open, open.id.text == id.text else { return nil }
    self.open = nil
    return open
  }

  /// Nobody answered in time.
  mutating func overdue(at now: Instant) -> Open? {
    guard let open, open.until <= now else { return nil }
    self.open = nil
    return open
  }

  /// To be tried again, before all that came later.
  mutating func putBack(_ outgoing: Outgoing) { waiting.insert(outgoing, at: 0) }

  /// The connection is gone. An open message about a session is sent again: whether it arrived, nobody knows.
  mutating func disconnected() {
    if let open, open.outgoing.isKept {
      var again = open.outgoing
      again.notBefore = nil
      waiting.insert(again, at: 0)
    }
    open = nil
    waiting.removeAll { !$0.isKept }
    for place in waiting.indices { waiting[place].notBefore = nil }
  }

  /// When the line wants to be looked at.
  func nextDeadline(after now: Instant) -> Instant? {
    if let open { return open.until }
    return waiting.first { $0.isKept }?.notBefore.flatMap { $0 > now ? $0 : nil }
  }
}
