// What a follower gets to hear, in the station's order and one call at a time.

import Wire

/// The calls of a station on their way to a second central system. One is open at a time, as the protocol asks; the others
/// wait, bounded, also while the follower is away. It is told facts and says what should be sent.
struct ForwardQueue {
  struct Call: Equatable {
    var id: String
    var action: String
    var payload: JSON
  }

  private var line: [Call] = []
  private var open: (call: Call, until: Instant)?
  private var isConnected = false
  /// The last boot of the station: a follower that comes later, or anew, hears it first.
  private(set) var boot: Call?
  private(set) var transactions = TransactionNames()
  private(set) var dropped = 0
  private let bootAction: String
  private let transactionField: String?

  /// - Parameter transactionField: the field in which the central system's own name of a transaction stands; nil where the
  ///   station gives the names.
  init(bootAction: String, transactionField: String?) {
    (self.bootAction, self.transactionField) = (bootAction, transactionField)
  }

  var waiting: Int { line.count + (open == nil ? 0 : 1) }
  var nextDeadline: Instant? { open?.until }

  /// The station said something. Past the bound the oldest call that is no transaction goes, else the oldest.
  mutating func add(_ call: Call, at now: Instant) -> [Call] {
    if call.action == bootAction { boot = call }
    // A life sign of yesterday says nothing.
    guard isConnected || call.action != "Heartbeat" else { return [] }
    if line.count >= OCPPLimits.forwardedWaiting {
      line.remove(at: line.firstIndex { $0.payload[transactionField ?? ""] == nil } ?? 0)
      dropped += 1
    }
    line.append(call)
    return next(at: now)
  }

  mutating func connected(at now: Instant) -> [Call] {
    isConnected = true
    open = nil
    if let boot, line.first?.action != bootAction { line.insert(boot, at: 0) }
    return next(at: now)
  }

  /// What was open may never have arrived: it is sent again.
  mutating func disconnected() {
    isConnected = false
    if let open { line.insert(open.call, at: 0) }
    open = nil
  }

  /// The follower answered. Its name for a transaction is remembered beside ours.
  mutating func answered(_ id: String, _ payload: JSON?, at now: Instant) -> [Call] {
    guard let call = open?.call, call.id == id else { return [] }
    open = nil
    if let transactionField, let name = payload?[transactionField] { transactions.follower(name, of: call.id) }
    return next(at: now)
  }

  /// We answered the station ourselves.
  mutating func led(_ id: String, _ payload: JSON) {
    if let transactionField, let name = payload[transactionField] { transactions.leader(name, of: id) }
  }

  /// A follower that does not answer keeps nobody waiting.
  mutating func tick(at now: Instant) -> [Call] {
    guard let until = open?.until, until <= now else { return [] }
    open = nil
    return next(at: now)
  }

  private mutating func next(at now: Instant) -> [Call] {
    guard isConnected, open == nil, !line.isEmpty else { return [] }
    let call = line.removeFirst()
    open = (call, now + OCPPLimits.forwardDeadline)
    var spoken = call
    if let transactionField, let ours = call.payload[transactionField], let theirs = transactions.follower(for: ours) {
      spoken.payload[transactionField] = theirs
    }
    return [spoken]
  }
}

/// Two central systems give one transaction two names (1.6): the station knows ours only.
struct TransactionNames {
  private struct Pair {
    var start: String
    var ours: JSON?
    var theirs: JSON?
  }

  private var pairs: [Pair] = []

  mutating func leader(_ name: JSON, of start: String) { change(start) { $0.ours = name } }
  mutating func follower(_ name: JSON, of start: String) { change(start) { $0.theirs = name } }

  func follower(for ours: JSON) -> JSON? { pairs.last { $0.ours == ours }?.theirs }
  func leader(for theirs: JSON) -> JSON? { pairs.last { $0.theirs == theirs }?.ours }

  private mutating func change(_ start: String, _ body: (inout Pair) -> Void) {
    if let place = pairs.lastIndex(where: { $0.start == start }) { return body(&pairs[place]) }
    if pairs.count >= OCPPLimits.forwardedTransactions { pairs.removeFirst() }
    var pair = Pair(start: start)
    body(&pair)
    pairs.append(pair)
  }
}
