import CSMS
import Domain
import HTTP
import Store
import Wire

/// Tells the live pages what was committed, as server-sent events. Each listener is a cursor over the event log: it
/// gets the newest events from memory and what it missed from the books, a piece at a time and only as fast as it
/// reads. So nothing waits here for a slow one; it lags, and one that is deaf is closed by the server and comes back
/// with its last seq.
final class Live {
  /// One listener.
  private final class Listener {
    let sender: EventSender
    let caller: Caller
    /// The newest event that it was sent.
    var seq: Int64
    /// A piece is on its way to it.
    var isBusy = false
    /// When it was last told how far it is where nothing of what happened was for it.
    var placedAt = Timestamp.epoch

    init(sender: EventSender, caller: Caller, seq: Int64) {
      (self.sender, self.caller, self.seq) = (sender, caller, seq)
    }
  }

  private let house: CSMS
  private let clock: Clock
  private let zones: ZoneLibrary
  private var listeners: [Int: Listener] = [:]
  private var nextListener = 0
  /// Whose streams have begun and who are not listeners yet: they count as ones.
  private var arriving = 0 {
    didSet { if arriving == 0 { dismissals = [] } }
  }
  /// Whom to let go among those.
  private var dismissals: [(Caller) -> Bool] = []
  private var token = 0
  private var isClosed = false

  /// What was announced and is not yet shaped.
  private var news: [LoggedEvent] = []
  private var isShaping = false
  /// The newest events as they are sent, without a gap between them.
  private var recent: [(seq: Int64, kind: String, data: Bytes)] = []
  /// The newest event of the log, as far as it was announced.
  private var newest: Int64 = 0
  /// Station names by the numbers that events use; a name never changes.
  private var names: [ID<Station>: String] = [:]

  /// Sessions whose figures moved since the last notice.
  private var moved: [String] = []
  private var isMoving = false

  init(house: CSMS, clock: Clock, zones: ZoneLibrary) {
    (self.house, self.clock, self.zones) = (house, clock, zones)
    token = house.feed.listen { [weak self] in self?.announced($0) }
  }

  var listenerCount: Int { listeners.count }

  /// Lets all listeners go.
  func close() {
    isClosed = true
    house.feed.leave(token)
    for listener in listeners.values { listener.sender.finish() }
    listeners = [:]
  }

  /// Lets those go who may not listen any more: a login that ended, a key that was revoked.
  func dismiss(_ isGone: @escaping (Caller) -> Bool) {
    for listener in listeners.values where isGone(listener.caller) { listener.sender.finish() }
    // Who is on the way in was admitted before this, and comes back to show again who they are.
    if arriving > 0 { dismissals.append(isGone) }
  }

  private func wasDismissed(_ caller: Caller) -> Bool { dismissals.contains { $0(caller) } }

  // MARK: Listeners

  /// The answer to a listener that wants what comes after an event, or only what comes from now on.
  func follow(after seq: Int64?, for caller: Caller) throws(Problem) -> Answer {
    guard !isClosed, listeners.count + arriving < Limits.listeners else {
      throw Problem(.unavailable, "too many are listening")
    }
    arriving += 1
    return .stream { responder in
      Task { await self.begin(after: seq, for: caller, responder) }
    }
  }

  private func begin(after seq: Int64?, for caller: Caller, _ responder: Responder) async {
    defer { arriving -= 1 }
    var head = Response(.ok)
    API.harden(&head)
    let sender = responder.events(headers: head.headers)
    // Of the whole log also under a scope: it is a number and no news, and whoever searched a long log for their own newest
    // event would find it only after minutes, where their sites are quiet.
    let last = try? await house.readWhole { books throws(StoreFault) in try books.events.lastSeq() }
    // Where the books cannot say how far they are, it comes back a second later and asks again.
    guard let last, !isClosed, !wasDismissed(caller) else { return sender.finish() }
    newest = max(newest, last)
    nextListener += 1
    let id = nextListener
    // A cursor from before a restore can be ahead of the log; it goes on from the log's end.
    let listener = Listener(sender: sender, caller: caller, seq: min(seq ?? newest, newest))
    listeners[id] = listener
    sender.retry(milliseconds: 1_000)
    // It comes back at once, and shows again who it is: so a login that ran out ends here too.
    let end = Task {
      try await Task.sleep(for: .seconds(Limits.listenSeconds))
      sender.finish()
    }
    sender.onClose {
      end.cancel()
      Task { @MainActor in self.listeners[id] = nil }
    }
    pump(id)
  }

  /// Sends a listener the next piece of what it lacks, and the one after it when it has taken this one.
  private func pump(_ id: Int) {
    guard let listener = listeners[id], !listener.isBusy, listener.seq < newest else { return }
    listener.isBusy = true
    // Whoever is limited to sites gets what the books under that scope show, and never from memory.
    if listener.caller.scope == nil, let first = recent.first?.seq, listener.seq >= first - 1 {
      let from = listener.seq
      // The newest may be announced and not shaped yet; then the shaper pumps again.
      let piece = recent.drop { $0.seq <= from }.prefix(Limits.eventsPerPiece)
      if let last = piece.last {
        for event in piece { listener.sender.send(id: "\(event.seq)", event: event.kind, data: event.data) }
        listener.seq = last.seq
        return proceed(id, listener)
      }
      listener.isBusy = false
    } else {
      Task { await catchUp(id, listener) }
    }
  }

  private func catchUp(_ id: Int, _ listener: Listener) async {
    let (from, upTo) = (listener.seq, newest)
    do {
      let events = try await read(for: listener) { books throws(StoreFault) in
        try books.events.after(from, limit: Limits.eventsPerPiece)
      }
      try await learnNames(of: events)
      for event in events { listener.sender.send(id: "\(event.seq)", event: event.kind, data: data(of: event)) }
      // Nothing is left after it: what lay between was pruned, or is not for this listener.
      listener.seq = events.last?.seq ?? upTo
      if events.isEmpty { tellPlace(listener) }
      proceed(id, listener)
    } catch {
      // It comes back with its last seq.
      listeners[id] = nil
      listener.sender.finish()
    }
  }

  /// Tells a listener for whom nothing was how far it is all the same: when it comes back, it is not searched for again
  /// whether there was anything.
  private func tellPlace(_ listener: Listener) {
    let now = clock.now()
    let since = now - listener.placedAt
    guard since >= .seconds(Limits.placeSeconds) || since < .zero else { return }
    listener.placedAt = now
    let place: JSON = ["seq": .number(JSONNumber(listener.seq))]
    listener.sender.send(id: "\(listener.seq)", event: "place", data: place.bytes)
  }

  /// Reads what a listener may see, whoever brought the news.
  private func read<Value: Sendable>(
    for listener: Listener, _ question: @escaping @Sendable (Books) throws(StoreFault) -> Value
  ) async throws -> Value {
    try await SiteScope.$current.withValue(listener.caller.scope) { try await house.read(question) }
  }

  private func proceed(_ id: Int, _ listener: Listener) {
    listener.sender.whenReady { goesOn in
      Task { @MainActor in
        listener.isBusy = false
        if goesOn { self.pump(id) } else { self.listeners[id] = nil }
      }
    }
  }

  // MARK: News

  private func announced(_ news: Feed.News) {
    if let last = news.events.last { newest = max(newest, last.seq) }
    guard !listeners.isEmpty else {
      // Whoever comes later reads from the books.
      recent = []
      return
    }
    self.news += news.events
    if !self.news.isEmpty, !isShaping {
      isShaping = true
      Task { await shape() }
    }
    for session in news.progress where !moved.contains(session) { moved.append(session) }
    if !moved.isEmpty, !isMoving {
      isMoving = true
      Task { await tellProgress() }
    }
  }

  private func shape() async {
    while !news.isEmpty {
      let piece = news
      news = []
      // Where the names cannot be read, the events go without them: their numbers say the same.
      try? await learnNames(of: piece)
      for event in piece {
        if let last = recent.last?.seq, event.seq != last + 1 { recent = [] }
        recent.append((event.seq, event.kind, data(of: event)))
      }
      if recent.count > Limits.recentEvents { recent.removeFirst(recent.count - Limits.recentEvents) }
      for id in listeners.keys { pump(id) }
    }
    isShaping = false
  }

  private func data(of event: LoggedEvent) -> Bytes { event.json(station: event.station.flatMap { names[$0] }).bytes }

  private func learnNames(of events: [LoggedEvent]) async throws {
    let unknown = Set(events.compactMap(\.station)).filter { names[$0] == nil }
    guard !unknown.isEmpty else { return }
    let found = try await house.read { books throws(StoreFault) in
      try unknown.map { id throws(StoreFault) in (id, try books.stations.station(id)?.identity.text) }
    }
    for (id, name) in found { names[id] = name }
  }

  // MARK: Figures

  /// Gathers for a moment, so that a house with many sessions does not speak of each by itself.
  private func tellProgress() async {
    while !moved.isEmpty, !listeners.isEmpty {
      try? await Task.sleep(for: .milliseconds(Limits.progressMilliseconds))
      let sessions = Array(moved.prefix(Limits.progressSessions))
      moved.removeFirst(sessions.count)
      // One that is behind needs no figures that are older than what it will read.
      let byScope = Dictionary(grouping: listeners.values.filter { !$0.isBusy }, by: \.caller.scope)
      for alike in byScope.values {
        guard let data = await progress(of: sessions, for: alike[0]) else { continue }
        for listener in alike { listener.sender.send(event: "progress", data: data) }
      }
    }
    moved = []
    isMoving = false
  }

  /// The figures of sessions as a listener may see them; nil where there are none.
  private func progress(of sessions: [String], for listener: Listener) async -> Bytes? {
    let shaper = SessionShaper(zones: zones, now: clock.now())
    let shapes = try? await read(for: listener) { books throws(StoreFault) in
      var shaper = shaper
      var shapes: [JSON] = []
      for id in sessions {
        if let session = try books.sessions.session(id) { shapes.append(try shaper.progress(session, books)) }
      }
      return shapes
    }
    guard let shapes, !shapes.isEmpty else { return nil }
    return (["sessions": .array(shapes)] as JSON).bytes
  }
}
