import Domain
import Logging
import Store
import Wire

/// The household: decides, turn by turn, what the loops, the partners, the operator and the clock bring to it. A turn
/// takes all that waits, decides each errand in a savepoint, commits once, and only then answers and announces. SQLite is
/// the only truth; what is kept in memory here can be dropped at any time.
public final class CSMS {
  let store: Store
  let clock: Clock
  let zones: ZoneLibrary
  public let settings: HouseSettings
  public let feed = Feed()
  let log = Logger(label: "house")

  /// The way out to stations; joined once, before the first errand.
  var stationLink: (any StationLink)?
  /// The way out to partners.
  var partnerLink: (any PartnerLink)?

  var books: Books { store.books }
  var now: Timestamp { clock.now() }

  // What the duties remember between turns. Each is rebuilt from the books, or by the stations' return, after a start.
  var links = LiveLinks()
  var knocks = Knocks()
  var couriers = Couriers()
  var doorNotes = DoorNotes()
  var waitingAuthorizations = 0
  let passwords = PasswordQueue()
  /// Who waits for the outcome of which command.
  var commandWatches: [String: [CommandWatch]] = [:]

  /// What could not be written yet, to be brought again with the next beat.
  var unwritten: [@MainActor () -> Void] = []

  var lastBeat = Timestamp.epoch
  var lastSweep = Timestamp.epoch

  private var current: Turn?
  private var isClosing = false
  nonisolated let inbox = Inbox()

  public init(store: Store, clock: Clock, zones: ZoneLibrary, settings: HouseSettings) {
    self.store = store
    self.clock = clock
    self.zones = zones
    self.settings = settings
  }

  /// Joins the rooms that lead outside. Called once by the program that assembles the house.
  public func join(stations: any StationLink, partners: any PartnerLink) {
    stationLink = stations
    partnerLink = partners
  }

  /// What to do when the disk itself failed; the program ends itself.
  public var onDiskFailure: @MainActor (StoreFault) -> Void = { _ in }

  /// Refuses everything that comes from now on, after the turn that is under way.
  public func close() {
    isClosing = true
    do { try store.settle() } catch { log.warning("the log was not brought in", metadata: ["cause": "\(error)"]) }
  }

  // MARK: The turn

  /// Takes all that waits and decides it in one turn.
  func drain() { take(inbox.takeAll()) }

  /// One turn over the given errands. Public for the tests of whole days, which bring their errands without a loop.
  public func take(_ errands: [Errand]) {
    guard !errands.isEmpty else { return }
    guard !isClosing else { return errands.forEach { $0.fail(.closing) } }
    current = Turn()
    do {
      try store.begin()
      let answers = try decide(errands)
      try store.commit()
      let turn = current ?? Turn()
      current = nil
      turn.afterCommit.forEach { $0() }
      answers.forEach { $0() }
      feed.announce(turn.events, progress: turn.progress)
    } catch {
      // The whole turn failed: nothing of it is true, and every caller may come again.
      current = nil
      store.rollback()
      log.error("turn failed", metadata: ["errands": "\(errands.count)", "cause": "\(error)"])
      let fault = TurnFault(storage: error)
      errands.forEach { $0.fail(fault) }
      // What a failed fsync left behind cannot be trusted: end, and let SQLite recover at the next start.
      if case .io = error { onDiskFailure(error) }
    }
    deliverDuePushes()
  }

  /// Decides each errand in a savepoint of its own. Throws only where the whole transaction is lost.
  private func decide(_ errands: [Errand]) throws(StoreFault) -> [Errand.Answer] {
    var answers: [Errand.Answer] = []
    answers.reserveCapacity(errands.count)
    for errand in errands {
      do {
        answers.append(try attempt(errand.decide))
      } catch {
        guard store.isInTransaction else { throw StoreFault.ended }
        log.warning("errand failed", metadata: ["cause": "\(error)"])
        answers.append { errand.fail(error) }
      }
    }
    return answers
  }

  /// Runs a piece of a turn in a savepoint: if it throws, what it wrote and what it recorded are undone, and only that.
  func attempt<R, Fault: StorageBorne>(_ body: () throws(Fault) -> R) throws(Fault) -> R {
    let before = current
    do {
      return try store.savepoint(body)
    } catch {
      current = before
      if let fault = error as? Fault { throw fault }
      throw Fault(storage: error as? StoreFault ?? .ended)
    }
  }

  /// Appends a fact to the event log, in the turn that makes it true.
  @discardableResult
  func record(_ event: Event) throws(StoreFault) -> Int64 {
    let logged = try books.events.append(event, at: now)
    current?.events.append(logged)
    return logged.seq
  }

  /// Does something once this turn is on disk: a call to a station, a change of what memory holds.
  func afterCommit(_ work: @escaping @MainActor () -> Void) {
    if current == nil { work() } else { current?.afterCommit.append(work) }
  }

  /// A session's figures moved: the live page hears of it, the event log does not.
  func progressed(_ session: Session) { current?.progress.append(session.id) }

  /// What one turn gathers until its commit.
  private struct Turn {
    var events: [LoggedEvent] = []
    var progress: [String] = []
    var afterCommit: [@MainActor () -> Void] = []
  }
}

extension CSMS: Household {
  /// Queues an errand; the first of a burst wakes the main queue, the others ride along.
  public nonisolated func bring(_ errand: Errand) {
    switch inbox.add(errand) {
    case .first: wake()
    case .queued: break
    case .full: errand.fail(.busy)
    }
  }
}

/// An error of some door that can say that the books failed.
nonisolated protocol StorageBorne: Error {
  init(storage fault: StoreFault)
}

nonisolated extension StoreFault: StorageBorne {
  init(storage fault: StoreFault) { self = fault }
}

nonisolated extension TurnFault: StorageBorne {
  init(storage fault: StoreFault) { self = .storage("\(fault)") }
}

nonisolated extension Refusal: StorageBorne {
  init(storage fault: StoreFault) {
    if case .constraint(let what) = fault { self = .conflict(what) } else { self = .unavailable("\(fault)") }
  }
}

nonisolated extension PartnerFault: StorageBorne {
  init(storage fault: StoreFault) { self = .unavailable("\(fault)") }
}
