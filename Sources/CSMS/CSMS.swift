import Domain
import Logging
import Store
import Wire

/// The household: decides, turn by turn, what the loops, the partners, the operator and the clock bring to it. A turn takes
/// all that waits, decides each errand in a savepoint, commits once, and only then answers and announces (HOUSE: "written,
/// then answered"). SQLite is the only truth; what is kept in memory here can be dropped at any time.
public final class CSMS {
  let store: Store
  let clock: Clock
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
  var commandsInFlight: [String: [@MainActor (CommandRecord) -> Void]] = [:]

  private var current: Turn?
  private var isClosing = false
  private nonisolated let inbox = Inbox()

  public init(store: Store, clock: Clock, settings: HouseSettings) {
    self.store = store
    self.clock = clock
    self.settings = settings
  }

  /// Joins the rooms that lead outside. Called once by the program that assembles the house.
  public func join(stations: any StationLink, partners: any PartnerLink) {
    stationLink = stations
    partnerLink = partners
  }

  /// Refuses everything that comes from now on, after the turn that is under way.
  public func close() { isClosing = true }

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
      let fault = TurnFault(error)
      errands.forEach { $0.fail(fault) }
    }
    deliverDuePushes()
  }

  /// Decides each errand in a savepoint of its own. Throws only where the whole transaction is lost.
  private func decide(_ errands: [Errand]) throws(StoreFault) -> [Errand.Answer] {
    var answers: [Errand.Answer] = []
    answers.reserveCapacity(errands.count)
    for errand in errands {
      let before = current ?? Turn()
      do {
        answers.append(try store.savepoint(errand.decide))
      } catch {
        current = before
        guard store.isInTransaction else { throw StoreFault.ended }
        let fault = TurnFault(error)
        log.warning("errand failed", metadata: ["cause": "\(fault)"])
        answers.append { errand.fail(fault) }
      }
    }
    return answers
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

extension TurnFault {
  /// What a storage fault means to the one who waits.
  init(_ error: any Error) {
    if let fault = error as? TurnFault { self = fault } else { self = .storage("\(error)") }
  }
}
