// What a follower gets to hear, in the station's order and one call at a time.

import Domain
import Net
import Synchronization
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
    trim()
    return next(at: now)
  }

  private mutating func trim() {
    while line.count > OCPPLimits.forwardedWaiting || (line.count > 1 && bytes > OCPPLimits.forwardedBytes) {
      line.remove(at: line.firstIndex { !transactionActions.contains($0.call.action) } ?? 0)
      dropped += 1
    }
  }

  /// Goes on, before it was ever connected, from what an earlier link of the station left: that comes first.
  mutating func goOn(from earlier: ForwardQueue) {
    let later = self
    self = earlier
    line += later.line
    boot = later.boot ?? boot
    transactions.add(later.transactions)
    trim()
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

/// What waits for the followers of stations whose links ended, until those come back: one for all loops, because a station
/// may come back on another one.
public final class ForwardMemory: Sendable {
  /// One follower of one station.
  struct Key: Hashable {
    var station: StationIdentity
    var url: String
    /// The station's name there.
    var name: String
  }

  /// What a mirror that begins finds.
  enum Found {
    case nothing
    case kept(ForwardQueue)
    /// Another link of the station mirrors it still.
    case held(LoopBound<Forward>)
  }

  private struct Shelf {
    /// Who mirrors which station now.
    var holders: [Key: (id: ObjectIdentifier, mirror: LoopBound<Forward>)] = [:]
    var kept: [Key: ForwardQueue] = [:]
    /// The one that was kept longest ago first.
    var order: [Key] = []
    var bytes = 0

    mutating func take(_ key: Key) -> ForwardQueue? {
      guard let queue = kept.removeValue(forKey: key) else { return nil }
      order.removeAll { $0 == key }
      bytes -= queue.bytes
      return queue
    }
  }

  private let shelf = Mutex(Shelf())

  public init() {}

  var bytes: Int { shelf.withLock { $0.bytes } }

  /// From now on `mirror` has what waits for this follower, until it keeps it here or lets go of it.
  func claim(_ key: Key, by mirror: LoopBound<Forward>) -> Found {
    let id = ObjectIdentifier(mirror.value)
    return shelf.withLock { shelf in
      let earlier = shelf.holders.updateValue((id, mirror), forKey: key)
      if let earlier { return .held(earlier.mirror) }
      return shelf.take(key).map { .kept($0) } ?? .nothing
    }
  }

  func letGo(of key: Key, by mirror: Forward) {
    let id = ObjectIdentifier(mirror)
    shelf.withLock { shelf in
      if shelf.holders[key]?.id == id { shelf.holders[key] = nil }
    }
  }

  /// As below, where no other link has come for it meanwhile.
  func keep(_ queue: ForwardQueue, for key: Key, by mirror: Forward) {
    letGo(of: key, by: mirror)
    guard shelf.withLock({ $0.holders[key] == nil }) else { return }
    keep(queue, for: key)
  }

  /// Past a bound those that were kept longest ago go.
  func keep(_ queue: ForwardQueue, for key: Key) {
    shelf.withLock { shelf in
      _ = shelf.take(key)
      shelf.kept[key] = queue
      shelf.order.append(key)
      shelf.bytes += queue.bytes
      while let oldest = shelf.order.first {
        guard shelf.order.count > OCPPLimits.rememberedForwards || shelf.bytes > OCPPLimits.rememberedForwardBytes
        else {
          break
        }
        _ = shelf.take(oldest)
      }
    }
  }

  func take(_ key: Key) -> ForwardQueue? { shelf.withLock { $0.take(key) } }
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

  mutating func add(_ later: TransactionNames) {
    pairs = Array((pairs + later.pairs).suffix(OCPPLimits.forwardedTransactions))
  }

  private mutating func change(_ start: String, _ body: (inout Pair) -> Void) {
    if let place = pairs.lastIndex(where: { $0.start == start }) { return body(&pairs[place]) }
    if pairs.count >= OCPPLimits.forwardedTransactions { pairs.removeFirst() }
    var pair = Pair(start: start)
    body(&pair)
    pairs.append(pair)
  }
}
