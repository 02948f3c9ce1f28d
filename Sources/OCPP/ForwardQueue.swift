// What a follower gets to hear, in the station's order and one call at a time.

import Domain
import Wire

/// The calls of a station on their way to a second central system. One is open at a time, as the protocol asks; the others
/// wait, bounded, also while the follower is away. It is told facts and says what should be sent.
struct ForwardQueue {
  struct Call: Equatable {
    var id: String
    var action: String
    var payload: JSON
  }

  private struct Waiting {
    let call: Call
    let size: Int

    init(_ call: Call) { (self.call, size) = (call, call.payload.bytes.count) }
  }

  private var line: [Waiting] = []
  private var open: (waiting: Waiting, until: Instant)?
  private var isConnected = false
  /// The last boot of the station: a follower that comes later, or anew, hears it first.
  private(set) var boot: Call?
  private(set) var transactions = TransactionNames()
  private(set) var dropped = 0
  private let bootAction: String
  private let transactionField: String?
  private let transactionActions: Set<String>

  /// - Parameter transactionField: the field in which the central system's own name of a transaction stands; nil where the
  ///   station gives the names.
  /// - Parameter transactionActions: the calls without which the follower would not know what was charged.
  init(bootAction: String, transactionField: String?, transactionActions: Set<String>) {
    (self.bootAction, self.transactionField) = (bootAction, transactionField)
    self.transactionActions = transactionActions
  }

  var waiting: Int { line.count + (open == nil ? 0 : 1) }
  /// Of what waits.
  var bytes: Int { line.reduce(open?.waiting.size ?? 0) { $0 + $1.size } }
  var nextDeadline: Instant? { open?.until }

  /// The station said something. Past a bound the oldest calls that are of no transaction go, else the oldest.
  mutating func add(_ call: Call, at now: Instant) -> [Call] {
    if call.action == bootAction { boot = call }
    // A life sign of yesterday says nothing.
    guard isConnected || call.action != "Heartbeat" else { return [] }
    line.append(Waiting(call))
    while line.count > OCPPLimits.forwardedWaiting || (line.count > 1 && bytes > OCPPLimits.forwardedBytes) {
      line.remove(at: line.firstIndex { !transactionActions.contains($0.call.action) } ?? 0)
      dropped += 1
    }
    return next(at: now)
  }

  mutating func connected(at now: Instant) -> [Call] {
    isConnected = true
    open = nil
    if let boot, line.first?.call.action != bootAction { line.insert(Waiting(boot), at: 0) }
    return next(at: now)
  }

  /// What was open may never have arrived: it is sent again.
  mutating func disconnected() {
    isConnected = false
    if let open { line.insert(open.waiting, at: 0) }
    open = nil
  }

  /// The follower answered. Its name for a transaction is remembered beside ours, also where it comes late.
  mutating func answered(_ id: String, _ payload: JSON?, at now: Instant) -> [Call] {
    let isOpen = open?.waiting.call.id == id
    if let transactionField, let name = payload?[transactionField], isOpen || transactions.knows(id) {
      transactions.follower(name, of: id)
    }
    guard isOpen else { return [] }
    open = nil
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

  /// A call about a transaction of which the follower's name is not known stays here: under our number it would end or
  /// bill somebody else's there.
  private mutating func next(at now: Instant) -> [Call] {
    guard isConnected, open == nil else { return [] }
    while !line.isEmpty {
      let waiting = line.removeFirst()
      var spoken = waiting.call
      if let transactionField, let ours = spoken.payload[transactionField] {
        guard let theirs = transactions.follower(for: ours) else {
          dropped += 1
          continue
        }
        spoken.payload[transactionField] = theirs
      }
      open = (waiting, now + OCPPLimits.forwardDeadline)
      return [spoken]
    }
    return []
  }
}

/// What waits for the followers of stations whose links ended, until those come back.
struct ForwardMemory {
  /// One follower of one station.
  struct Key: Hashable {
    var station: StationIdentity
    var url: String
    /// The station's name there.
    var name: String
  }

  private var kept: [Key: ForwardQueue] = [:]
  /// The one that was kept longest ago first.
  private var order: [Key] = []
  private(set) var bytes = 0

  /// Past a bound those that were kept longest ago go.
  mutating func keep(_ queue: ForwardQueue, for key: Key) {
    _ = take(key)
    kept[key] = queue
    order.append(key)
    bytes += queue.bytes
    while let oldest = order.first {
      guard order.count > OCPPLimits.rememberedForwards || bytes > OCPPLimits.rememberedForwardBytes else { break }
      _ = take(oldest)
    }
  }

  mutating func take(_ key: Key) -> ForwardQueue? {
    guard let queue = kept.removeValue(forKey: key) else { return nil }
    order.removeAll { $0 == key }
    bytes -= queue.bytes
    return queue
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
  func knows(_ start: String) -> Bool { pairs.contains { $0.start == start } }
  func leader(for theirs: JSON) -> JSON? { pairs.last { $0.theirs == theirs }?.ours }

  private mutating func change(_ start: String, _ body: (inout Pair) -> Void) {
    if let place = pairs.lastIndex(where: { $0.start == start }) { return body(&pairs[place]) }
    if pairs.count >= OCPPLimits.forwardedTransactions { pairs.removeFirst() }
    var pair = Pair(start: start)
    body(&pair)
    pairs.append(pair)
  }
}
