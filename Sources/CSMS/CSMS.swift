import Crypto
import Domain
import Logging
import Store
import Wire

/// The household: decides, turn by turn, what the loops, the partners, the operator and the clock bring to it. A turn
/// takes all that waits, decides each errand by itself, commits once, and only then answers and announces. SQLite is the
/// only truth; what is kept in memory here can be dropped at any time.
public final class CSMS {
  let store: Store
  let clock: Clock
  let zones: ZoneLibrary
  public let settings: HouseSettings
  public let feed = Feed()
  let log = Logger(label: "house")

  /// What the makes of stations are known to need.
  let presets = StationPresets.embedded

  /// The way out to stations; joined once, before the first errand.
  var stationLink: (any StationLink)?
  /// The way out to partners.
  var partnerLink: (any PartnerLink)?
  /// The way out to operators of stations where our drivers charge; without one nothing is asked there.
  public var providerLink: (any ProviderLink)?
  /// The way out to responders and makers of contract certificates; without one nobody is asked.
  public var webLink: (any WebLink)?

  /// The way out for letters; without one they wait.
  public var mailLink: (any MailLink)?

  /// Runs what a turn has to tell the loops; whoever owns them may wake each of them once for all of it.
  public var handOver: @MainActor (@MainActor () -> Void) -> Void = { $0() }

  var books: Books { store.books }
  /// Where our certificate authorities lie.
  public var authorityFolder: AuthorityFolder { store.authorities }
  /// A turn has one time, whatever it takes.
  var now: Timestamp { current?.at ?? clock.now() }

  // What the duties remember between turns. Each is rebuilt from the books, or by the stations' return, after a start.
  var links = LiveLinks()
  var knocks = Knocks()
  var pacing = PushPacing()
  /// Partners of which a list is being read.
  var pullers: Set<ID<Partner>> = []
  /// How fast partners ask.
  var partnerPace = MinutePace<ID<Partner>>()
  /// How often partners ask about the plans of a session.
  var planPace = MinutePace<String>()
  /// Who waits for the end of which command to another network.
  var roamingWatches: [String: [RoamingWatch]] = [:]
  var doorNotes = DoorNotes()
  var guesses = GuessPace()
  /// When alarms were looked for, whether that is under way, and whether a letter is.
  var lastAlarmLook = Timestamp.epoch
  var isLookingForAlarms = false
  var isPosting = false
  /// Webhooks that a request is under way to.
  var telling: Set<ID<Webhook>> = []
  /// Wrong PINs at a station.
  var pins = GuessPace()
  var statusQuestions = StatusQuestions()
  var triggers = TriggerPromises()
  /// What the doors show, and why a door could not take its new certificate.
  public internal(set) var doorCertificates: [DoorCertificate] = []
  public internal(set) var brokenCertificates: [String: String] = [:]
  /// Our certificate authorities, once they were read.
  var issuers: [AuthorityPurpose: Issuer] = [:]
  var revocationsWrittenAt: Timestamp?
  /// Hears that an authority was made or revoked something, once that is on disk.
  public var onAuthorityChange: (() -> Void)?
  /// Where stations connect, without their identity; set by the one who opens the doors.
  public var stationURL = ""
  var waitingAuthorizations = 0
  var waitingQuestions = 0
  /// Since when the newest code of an EVSE's display that was read is shown, in seconds since 1970.
  var scannedCodes: [ID<EVSE>: Int64] = [:]
  var figures = HouseFigures()
  let passwords = PasswordQueue()
  /// Who waits for the outcome of which command.
  var commandWatches: [String: [CommandWatch]] = [:]
  var filing = Filing()
  /// What stations were told of the costs of their sessions.
  var costsTold = CostsTold()
  /// The session after which limits are looked at next.
  var lastLimited = ""
  /// Stations that were asked what they can hold and did not answer yet.
  var askedCapacities: Set<ID<Station>> = []
  /// When tokens last changed, and since when they do, while the local lists do not follow yet. After a start it is not
  /// known whether they did.
  var tokensMovedAt: Timestamp? = .epoch
  var tokensMovedSince = Timestamp.epoch

  /// How the power of each site is shared now; rebuilt from the books after a start.
  var balancing = Balancing()

  /// What could not be written yet, to be brought again with the next beat.
  var unwritten: [@MainActor () -> Void] = []

  /// Why turns are not kept, while they are not.
  public internal(set) var trouble: Trouble?
  var lastBeat = Timestamp.epoch
  /// Until when stations are waited for that were there before the house was started.
  var returnsUntil = Timestamp.epoch
  var lastSweep = Timestamp.epoch
  /// What of the last sweep is still to be removed.
  var waitingPrunings: [Pruning] = []
  /// When prices that follow demand were looked at, and when the next announced one begins.
  var lastPriceLook = Timestamp.epoch
  var nextPriceAt: Timestamp?
  /// Whether all bills of before use was counted are in the figures of use.
  var isBacklogCounted = false
  /// Prices of energy changed, and what was used is priced anew; after a start somebody has to look.
  var areCostsDue = true
  var lastMetering = Timestamp.epoch
  var restPace = RestPace()

  private var current: Turn?
  private var isClosing = false
  private var doorPace = DoorPace()
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

  /// Refuses everything that comes from now on, after the turn that is under way.
  public func close() {
    isClosing = true
    do { try store.checkpointAll() } catch {
      log.warning("the log was not brought in", metadata: ["cause": "\(error)"])
    }
  }

  // MARK: The turn

  /// Takes all that waits and decides it in one turn.
  func drain() {
    let (errands, isMoreLeft) = inbox.take(doors: doorPace.next)
    take(errands)
    if isMoreLeft { wake() }
  }

  /// One turn over the given errands. Public for the tests of whole days, which bring their errands without a loop.
  public func take(_ errands: [Errand]) {
    guard !errands.isEmpty else { return }
    guard !isClosing else { return errands.forEach { $0.fail(.closing) } }
    current = Turn(at: clock.now())
    let began = Instant.now()
    do {
      try store.begin()
      let answers = try decide(errands)
      if let usage = current?.usage { try write(usage) }
      let decided = Instant.now()
      try store.commit()
      let committed = Instant.now()
      figures.turn(of: errands.count, began: began, decided: decided, committed: committed)
      doorPace.turn(of: errands.count, deciding: decided - began, writing: committed - decided)
      let turn = current
      current = nil
      handOver {
        for work in turn?.afterCommit ?? [] { work() }
        for answer in answers { answer() }
        if let turn { feed.announce(turn.events, progress: turn.progress) }
      }
    } catch {
      // The whole turn failed: nothing of it is true, and every caller may come again.
      current?.undo()
      current = nil
      store.rollback()
      figures.lost()
      turnFailed(error, errands: errands.count)
      let fault = TurnFault(storage: error)
      errands.forEach { $0.fail(fault) }
    }
    deliverDuePushes()
  }

  /// Decides the errands one after the other. A savepoint for each would copy every page that it changes and is needed
  /// almost never: where one fails, all are decided once more, each in a savepoint of its own. Nothing of the first time
  /// is left in the books then; beside them an errand acts after the commit, but for counts that only pace log and pushes.
  private func decide(_ errands: [Errand]) throws(StoreFault) -> [Errand.Answer] {
    do {
      var answers: [Errand.Answer] = []
      answers.reserveCapacity(errands.count)
      for errand in errands { answers.append(try errand.decide()) }
      return answers
    } catch {
      guard store.isInTransaction else { throw StoreFault.ended }
      store.rollback()
      current?.undo()
      try store.begin()
      current = Turn(at: clock.now())
      return try decideEach(errands)
    }
  }

  /// Throws only where the whole transaction is lost.
  private func decideEach(_ errands: [Errand]) throws(StoreFault) -> [Errand.Answer] {
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
      current?.undo(after: before)
      current = before
      if let fault = error as? Fault { throw fault }
      throw Fault(storage: error as? StoreFault ?? .ended)
    }
  }

  /// Each row of a duty for itself: what one of them cannot do is said now and then, and keeps no other from being done.
  func each<Row>(
    _ rows: [Row], of duty: String, _ body: (Row) throws(StoreFault) -> Void
  ) throws(StoreFault) {
    for row in rows {
      do throws(StoreFault) { try attempt { () throws(StoreFault) in try body(row) } } catch {
        guard store.isInTransaction else { throw .ended }
        guard doorNotes.takes("duty \(duty)", at: now) else { continue }
        log.error("one row of a duty cannot be done", metadata: ["duty": "\(duty)", "cause": "\(error)"])
      }
    }
  }

  /// Appends a fact to the event log, in the turn that makes it true.
  @discardableResult
  func record(_ event: Event) throws(StoreFault) -> Int64 {
    switch event {
    case .tokenChanged, .tokenRemoved, .tokenReceived, .partnerUnregistered: tokensMoved()
    case .evseStatus(let evse, _, _, _): if let site = balancing.siteOf[evse] { balancing.news.insert(site) }
    case .stationConnected(let id, _, _), .stationDisconnected(let id, _):
      if !balancing.sites.isEmpty, let site = try books.stations.station(id)?.location { balancing.news.insert(site) }
    case .sessionStarted(let id), .sessionEnded(let id), .sessionSuperseded(let id), .sessionClosed(let id, _, _):
      if !balancing.sites.isEmpty, let evse = try books.sessions.session(id)?.evse,
        let site = balancing.siteOf[evse]
      {
        balancing.news.insert(site)
      }
    default: break
    }
    let logged = try books.events.append(event, at: now)
    current?.events.append(logged)
    return logged.seq
  }

  /// Does something once this turn is on disk: a call to a station, a change of what memory holds.
  func afterCommit(_ work: @escaping @MainActor () -> Void) {
    if current == nil { work() } else { current?.afterCommit.append(work) }
  }

  /// Takes back what a decision had to do beside the books, such as a file that must lie there before anybody hears of
  /// it, where the decision comes to nothing.
  func ifLost(_ undo: @escaping @MainActor () -> Void) { current?.ifLost.append(undo) }

  /// A session's figures moved: the live page hears of it, the event log does not.
  func progressed(_ session: Session) { current?.progress.append(session.id) }

  /// Counts use in the turn that makes its bill: written with that of the turn's other bills.
  func add(
    _ usage: [(quarter: Int64, figures: UsageFigures)], in currency: String, to scopes: [UsageScope]
  ) throws(StoreFault) {
    if current != nil {
      current?.usage.add(usage, in: currency, to: scopes)
    } else {
      var tally = UsageTally()
      tally.add(usage, in: currency, to: scopes)
      try write(tally)
    }
  }

  /// What one turn gathers until its commit.
  private struct Turn {
    let at: Timestamp
    var usage = UsageTally()
    var events: [LoggedEvent] = []
    var progress: [String] = []
    var afterCommit: [@MainActor () -> Void] = []
    var ifLost: [@MainActor () -> Void] = []

    /// What was done beside the books since `earlier` is taken back, the newest first.
    func undo(after earlier: Turn? = nil) {
      for work in ifLost.dropFirst(earlier?.ifLost.count ?? 0).reversed() { work() }
    }
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

  public nonisolated func bring(_ errands: [Errand]) {
    guard !errands.isEmpty else { return }
    let (place, refused) = inbox.add(errands)
    if case .first = place { wake() }
    for errand in refused { errand.fail(.busy) }
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
