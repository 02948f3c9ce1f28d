import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// A day of a small network: cars come and go, stations lose their link and their answers, partners fail, and the house
/// dies at moments of its own. At the end everything that somebody heard an answer to must be in the books, once.
@MainActor
final class WholeDay {
  let seed: Int
  let house: HouseUnderTest
  private var random: Seeded
  private var stations: [ModelStation] = []
  private var partners: [ModelPartner] = []
  private var chargings: [Charging] = []
  /// Every event that was ever announced, by its number.
  private var announced: [Int64: LoggedEvent] = [:]
  private var twice: [Int64] = []
  private var calls: [(call: FakeStations.Call, station: ModelStation, at: Timestamp, outcome: CommandOutcome)] = []
  private var seenCalls = 0
  private var seenSent = 0
  private var seenQuestions = 0
  private var wishes = 0
  private(set) var restarts = 0

  private let stepSeconds = 30

  init(seed: Int, from start: Timestamp, stations count: Int = 4) throws {
    self.seed = seed
    random = Seeded(seed)
    house = try HouseUnderTest { settings in
      // A late stop is waited for within the day that is played.
      settings.lateStopHours = 1
      settings.eventDays = 400
    }
    house.clock.now = start
    try house.furnish(evses: 2)
    for number in 2...max(2, count) { try house.addStation("CS-\(number)", evses: 1 + number % 2) }
    stations = (1...count).map { ModelStation("CS-\($0)", evses: $0 == 1 ? 2 : 1 + $0 % 2, isOfTwo: $0 % 2 == 0) }
    for (name, party) in [("One", "DE*ONE"), ("Two", "FR*TWO")] {
      let partner = try house.addPartner(name, party: party)
      try house.write { books throws(StoreFault) in
        try books.partners.addDigest(TokenDigestOf("token-\(name)"), of: partner.id, for: .credentials, at: house.now)
      }
      partners.append(ModelPartner(partner, token: "token-\(name)"))
      for card in 0..<4 {
        try house.addToken(
          "\(party.prefix(2))-\(card)", of: partner, [.always, .allowed, .allowedOffline, .never][card])
      }
    }
    for card in 0..<4 { try house.addToken("CARD-\(card)") }
    try useTariffByTheHour()
    house.partners.mood = { [unowned self] terms, request in
      partners.first { $0.partner.id == terms.partner.id }?.takes(request, at: house.now, &random) ?? .accepts
    }
    house.whenOpened = { [unowned self] in listen(to: $0) }
    listen(to: house.csms)
  }

  /// Day and night, energy and parking: more than one price to keep apart.
  private func useTariffByTheHour() throws {
    try house.write { books throws(StoreFault) in
      guard let held = try books.tariffs.list(limit: 1).first else { return }
      var tariff = held.tariff
      var night = Tariff.Restrictions()
      (night.startTime, night.endTime) = ("22:00", "06:00")
      tariff.elements = [
        Tariff.Element(
          [
            Tariff.Component(.energy, price: Decimal(21, places: 2), vat: Decimal(21), stepSize: 10),
            Tariff.Component(.parkingTime, price: Decimal(1), vat: Decimal(21), stepSize: 60),
          ], when: night),
        Tariff.Element([
          Tariff.Component(.energy, price: Decimal(37, places: 2), vat: Decimal(21)),
          Tariff.Component(.time, price: Decimal(5, places: 1)),
          Tariff.Component(.parkingTime, price: Decimal(3), stepSize: 300),
          Tariff.Component(.flat, price: Decimal(1)),
        ]),
      ]
      _ = try books.tariffs.update(held.id, to: tariff, at: house.now)
    }
  }

  private func listen(to csms: CSMS) {
    _ = csms.feed.listen { [unowned self] news in
      for event in news.events {
        if announced.updateValue(event, forKey: event.seq) != nil { twice.append(event.seq) }
      }
    }
  }

  // MARK: The day

  func run(hours: Int) async throws {
    for _ in 0..<(hours * 3_600 / stepSeconds) { try await step() }
    try await heal()
  }

  private func step() async throws {
    house.clock.now += .seconds(stepSeconds)
    theWorldTurns()
    for station in stations { try connectOrLose(station) }
    carsComeAndGo()
    try deliver()
    if random.chance(25) { try await aPartnerWants() }
    if random.chance(20), let partner = random.one(of: partners) { _ = try await house.csms.identify([partner.token]) }
    house.csms.tick()
    house.settle()
    answerWhoWaits()
    house.settle()
    if random.chance(4) { try die() }
  }

  private func theWorldTurns() {
    for partner in partners where random.chance(partner.health == .well ? 6 : 20) {
      partner.health = random.chance(600) ? .well : random.one(of: ModelPartner.Health.allCases) ?? .well
    }
  }

  private func connectOrLose(_ station: ModelStation) throws {
    if let link = station.link {
      if random.chance(12) {
        // The socket may stay half open, and the house hears of its end later or never.
        if random.chance(600) { try link.leave() }
        station.link = nil
        station.returnsAt =
          house.now + .seconds(random.chance(250) ? random.number(600...7_200) : random.number(0...120))
      }
    } else if house.now >= station.returnsAt {
      let link = try house.connect(station.identity)
      station.link = link
      if random.chance(700) { try link.boot() }
      for evse in 1...station.evses {
        station.outbox.append(.status(evse, station.running[evse] == nil ? .available : .charging))
      }
    }
  }

  private func carsComeAndGo() {
    for station in stations {
      let due = station.expected.filter { $0.at <= house.now }
      station.expected.removeAll { $0.at <= house.now }
      for start in due where station.running[start.evse] == nil {
        begin(start.tag, at: station, evse: start.evse, for: start.number)
      }
      for evse in 1...station.evses {
        guard let charging = station.running[evse] else {
          let tags = ["CARD-0", "CARD-1", "CARD-2", "DE-0", "DE-1", "FR-0", "FR-2", "WHO"]
          if random.chance(8), let tag = random.one(of: tags) { begin(tag, at: station, evse: evse) }
          continue
        }
        go(on: charging, at: station)
      }
    }
  }

  private func begin(_ tag: String, at station: ModelStation, evse: Int, for remoteStart: Int64? = nil) {
    let charging = Charging(
      number: chargings.count, station: station.identity, evse: evse, tag: tag, at: house.now,
      meter: station.registers[evse] ?? 0)
    charging.remoteStart = remoteStart
    chargings.append(charging)
    station.running[evse] = charging
    station.outbox += [.start(charging.number), .status(evse, .charging)]
  }

  private func go(on charging: Charging, at station: ModelStation) {
    let sinceLast = house.now - (charging.readings.last?.at ?? charging.startedAt)
    if sinceLast >= .seconds(300) {
      charging.read(at: house.now, adding: Int64(random.number(0...900)))
      station.outbox.append(.reading(charging.number, charging.readings.count - 1))
      if random.chance(150) {
        station.outbox.append(.status(charging.evse, random.chance(500) ? .suspendedEV : .charging))
      }
    }
    if random.chance(12) {
      charging.end(at: house.now, adding: Int64(random.number(0...200)))
      station.outbox += [.stop(charging.number), .status(charging.evse, .available)]
      leave(charging, station)
    } else if random.chance(1) {
      // It reboots and has forgotten what it did not tell, but for the start, which it keeps.
      charging.isForgotten = true
      station.outbox.removeAll { message in
        if case .reading(charging.number, _) = message { true } else { false }
      }
      leave(charging, station)
    }
  }

  private func leave(_ charging: Charging, _ station: ModelStation) {
    station.registers[charging.evse] = charging.meter
    station.running[charging.evse] = nil
  }

  // MARK: The wire

  private struct Delivery {
    let station: ModelStation
    let message: ModelStation.Message
    let errand: Errand
    /// Says whether the house answered, and does what the station does then.
    let finish: @MainActor (_ isHeard: Bool) -> Bool
  }

  /// Every station that is connected tells some of what it has to tell. All of it is one turn.
  private func deliver() throws {
    var deliveries: [Delivery] = []
    for station in stations {
      guard let link = station.link else { continue }
      var sendable = station.outbox.filter { station.isOfTwo || isSendable($0) }
      for _ in 0..<min(6, sendable.count) {
        // Mostly in order; some stations send their stop before the last reading, or the newer session first.
        let place = random.chance(900) ? 0 : random.number(0...sendable.count - 1)
        let message = sendable.remove(at: place)
        for _ in 0..<(random.chance(40) ? 2 : 1) { deliveries.append(delivery(of: message, from: station, over: link)) }
      }
    }
    guard !deliveries.isEmpty else { return }
    // Some never arrive; and the turn may be the house's last, before its commit or after it.
    let arriving = deliveries.filter { _ in !random.chance(40) }
    let fate = random.number(1...1_000)
    if fate <= 3 {
      let image = house.folder.copy()
      house.failNextTurn(arriving.map(\.errand))
      return try die(leaving: image)
    }
    if fate <= 6 {
      house.failNextTurn(arriving.map(\.errand))
    } else {
      house.csms.take(arriving.map(\.errand))
    }
    if fate > 6, fate <= 9 { return try die() }
    for delivery in arriving {
      let isHeard = !random.chance(40)
      if delivery.finish(isHeard), let place = delivery.station.outbox.firstIndex(of: delivery.message) {
        delivery.station.outbox.remove(at: place)
      }
    }
    for station in stations {
      // Statuses are told once.
      station.outbox.removeAll { if case .status = $0 { station.link != nil } else { false } }
    }
    house.settle()
  }

  private func isSendable(_ message: ModelStation.Message) -> Bool {
    switch message {
    case .start, .status: true
    case .reading(let number, _), .stop(let number): chargings[number].transaction != nil
    }
  }

  private func delivery(of message: ModelStation.Message, from station: ModelStation, over link: Caller) -> Delivery {
    let desk = link.desk
    func make<Value: Sendable>(
      _ body: @escaping @MainActor @Sendable () throws(TurnFault) -> Value, _ hear: @escaping @MainActor (Value) -> Void
    ) -> Delivery {
      let heard = Heard<Value>()
      return Delivery(station: station, message: message, errand: heard.errand(body)) { isHeard in
        guard isHeard, let value = heard.value else { return false }
        hear(value)
        return true
      }
    }
    switch message {
    case .status(let evse, let status):
      let report = StatusReport(evse: evse, status: status, at: house.now)
      return make({ () throws(TurnFault) in try desk.report(report) }, { _ in })
    case .start(let number) where station.isOfTwo, .reading(let number, _) where station.isOfTwo,
      .stop(let number) where station.isOfTwo:
      let charging = chargings[number]
      let report = event(message, of: charging)
      return make({ () throws(TurnFault) in try desk.tell(report) }) { _ in
        switch message {
        case .reading(_, let place): charging.toldReadings.insert(place)
        case .stop: charging.isStopTold = true
        case .start, .status: break
        }
      }
    case .start(let number):
      let charging = chargings[number]
      let report = Caller.startReport(
        charging.tag, meter: charging.meterStart, at: charging.startedAt, evse: charging.evse)
      return make({ () throws(TurnFault) in try desk.start(report) }) { verdict in
        if let earlier = charging.transaction {
          #expect(earlier == verdict.transaction, "seed \(self.seed): one start got two transactions")
        }
        charging.transaction = verdict.transaction
      }
    case .reading(let number, let place):
      let charging = chargings[number]
      let (at, wattHours) = charging.readings[place]
      let report = MeterReport(
        evse: charging.evse, transaction: charging.transaction, readings: [Caller.reading(wattHours, at: at)])
      return make({ () throws(TurnFault) in try desk.meter(report) }) { _ in charging.toldReadings.insert(place) }
    case .stop(let number):
      let charging = chargings[number]
      let stop = charging.stop ?? (house.now, charging.meter)
      let report = Caller.stopReport(charging.transaction ?? 0, meter: stop.wattHours, tag: nil, at: stop.at)
      return make({ () throws(TurnFault) in try desk.stop(report) }) { _ in charging.isStopTold = true }
    }
  }

  /// What a station of 2.x makes of it.
  private func event(_ message: ModelStation.Message, of charging: Charging) -> TransactionReport {
    func report(
      _ phase: TransactionReport.Phase, _ seqNo: Int, _ at: Timestamp, _ wattHours: Int64, _ context: Reading.Context
    ) -> TransactionReport {
      let isFirst = phase == .started
      return TransactionReport(
        phase, transaction: charging.name, seqNo: seqNo, at: at, written: at.text,
        trigger: isFirst ? .authorized : .other,
        isOffline: at < house.now, chargingState: isFirst ? .charging : nil, evse: isFirst ? charging.evse : nil,
        connector: isFirst ? 1 : nil, token: isFirst ? PresentedToken(charging.tag, .iso14443) : nil,
        remoteStart: isFirst ? charging.remoteStart : nil, ending: phase == .ended ? .local : nil,
        readings: [Caller.reading(wattHours, at: at, context: context)], raw: ["seqNo": .number(JSONNumber(seqNo))])
    }
    switch message {
    case .reading(_, let place):
      return report(.updated, place + 1, charging.readings[place].at, charging.readings[place].wattHours, .periodic)
    case .stop:
      let stop = charging.stop ?? (house.now, charging.meter)
      return report(.ended, charging.readings.count + 1, stop.at, stop.wattHours, .end)
    case .start, .status: return report(.started, 0, charging.startedAt, charging.meterStart, .begin)
    }
  }

  // MARK: Commands and questions

  /// A partner's driver wants to charge by app, and the partner may ask twice.
  private func aPartnerWants() async throws {
    guard let partner = random.one(of: partners), let station = random.one(of: stations) else { return }
    wishes += 1
    let role = partner.partner.roles[0].name
    let uid = random.chance(500) ? "APP-\(wishes)" : "APP-WITH-A-LONG-NAME-\(wishes)"
    let wish = StartWish(
      token: Token(
        id: ID(0), uid: uid, kind: .appUser, contractID: "C-\(uid)", issuer: "P", createdAt: house.now,
        updatedAt: house.now),
      key: TokenKey(party: role, uid: uid, kind: .appUser), location: "LOC1",
      evse: "uid-\(station.identity)-\(random.number(1...station.evses))", connector: nil,
      authorizationReference: "REF-\(wishes)",
      respondTo: "https://\(partner.partner.name)/result/\(wishes)")
    for _ in 0..<(random.chance(200) ? 2 : 1) {
      _ = try? await house.csms.startSession(wish, from: house.caller(partner.partner))
    }
    house.settle()
  }

  /// Stations answer commands, partners questions and pushes, each in its time or not at all.
  private func answerWhoWaits() {
    for call in house.stations.calls[seenCalls...] {
      guard let station = stations.first(where: { $0.link?.link == call.link }) else {
        calls.append((call, stations[0], house.now, .disconnected))
        continue
      }
      let wait = Duration.seconds(random.number(0...2) * stepSeconds)
      switch random.number(1...10) {
      case 1: calls.append((call, station, house.now + .seconds(call.deadline), .timedOut))
      case 2: calls.append((call, station, house.now + wait, .refused(word: "Rejected", answer: .null)))
      default: calls.append((call, station, house.now + wait, .accepted(answer: .null)))
      }
    }
    seenCalls = house.stations.calls.count
    for (call, station, _, outcome) in calls.filter({ $0.at <= house.now }) {
      if case .accepted = outcome, case .remoteStart(let start) = call.command, !random.chance(200) {
        let tag = station.isOfTwo ? start.token?.uid ?? start.tag : start.tag
        station.expected.append((start.evse ?? 1, tag, start.number, house.now + .seconds(random.number(0...150))))
      }
      call.answer(outcome)
    }
    calls.removeAll { $0.at <= house.now }

    for question in house.partners.questions[seenQuestions...] {
      question.answer(random.chance(500) ? .allowed : .blocked)
    }
    seenQuestions = house.partners.questions.count

    for sent in house.partners.sent[seenSent...] {
      guard sent.isOpen, let partner = partners.first(where: { $0.partner.id == sent.partner }) else { continue }
      partner.open.append((sent, house.now + .seconds(30)))
    }
    seenSent = house.partners.sent.count
    for partner in partners {
      for waiting in partner.open where waiting.until <= house.now {
        waiting.sent.answer(.retry(after: nil, why: "no answer in time"))
      }
      partner.open.removeAll { $0.until <= house.now }
    }
  }

  /// Everything that was not on disk is gone, and every link.
  private func die(leaving image: Folder? = nil) throws {
    restarts += 1
    seenCalls = house.stations.calls.count
    seenSent = house.partners.sent.count
    seenQuestions = house.partners.questions.count
    for partner in partners { partner.open = [] }
    try house.restart(from: image)
    calls = []
    for station in stations where station.link != nil {
      station.link = nil
      station.returnsAt = house.now + .seconds(random.number(0...60))
    }
  }

  /// The day ends well: everybody is reachable, no new car comes, and all is told that is still to be told.
  private func heal() async throws {
    for station in stations {
      for evse in 1...station.evses {
        guard let charging = station.running[evse] else { continue }
        charging.end(at: house.now, adding: 100)
        station.outbox.append(.stop(charging.number))
        leave(charging, station)
      }
      station.expected = []
      station.returnsAt = house.now
    }
    for partner in partners { partner.health = .well }
    for _ in 0..<400 where !stations.allSatisfy({ $0.outbox.isEmpty && $0.link != nil }) {
      house.clock.now += .seconds(stepSeconds)
      for station in stations where station.link == nil && house.now >= station.returnsAt {
        station.link = try house.connect(station.identity)
      }
      try deliver()
      house.csms.tick()
      house.settle()
      answerWhoWaits()
    }
    answerWhoWaits()
    for partner in partners {
      for waiting in partner.open { waiting.sent.answer(.retry(after: nil, why: "no answer in time")) }
      partner.open = []
    }
    // Until the last late stop is given up, and the last push is through.
    for _ in 0..<80 {
      house.pass(60, beat: 60)
      answerWhoWaits()
      house.settle()
    }
    await house.settleAll()
    house.pass(120, beat: 10)
  }

  // MARK: What must hold

  func check() throws {
    #expect(stations.allSatisfy { $0.outbox.isEmpty }, "seed \(seed): a station could not tell all it had to tell")
    let sessions = try allSessions()
    try checkBooks(sessions)
    try checkBills(sessions)
    try checkPartners(sessions)
    try checkEvents()
    #expect(try Health.problems(in: house.folder.path) == [], "seed \(seed)")
  }

  private func allSessions() throws -> [Session] {
    var all: [Session] = []
    while case let page = try house.books.sessions.list(before: all.last?.id, limit: 1_000), !page.isEmpty {
      all += page
    }
    return all
  }

  /// Every charging is one session, with all its readings once each, and ends as it did.
  private func checkBooks(_ sessions: [Session]) throws {
    let numbered = sessions.filter { $0.transaction != nil }
    let named = try sessions.filter { try house.books.transactions.transaction(of: $0.id) != nil }
    let ofTwo = stations.filter(\.isOfTwo).map(\.identity)
    let began = numbered.count + named.count
    #expect(began == chargings.count, "seed \(seed): \(began) sessions of \(chargings.count) chargings")
    #expect(
      Set(chargings.compactMap(\.transaction)).count == numbered.count, "seed \(seed): a transaction was given twice")
    let byTransaction = Dictionary(grouping: numbered) { $0.transaction ?? 0 }
    for charging in chargings {
      let name: Comment = "seed \(seed), charging \(charging.number) at \(charging.station)/\(charging.evse)"
      let station = try house.station(charging.station).id
      let own = try house.books.transactions.transaction(charging.name, of: station)?.session
      let found =
        ofTwo.contains(charging.station)
        ? sessions.filter { $0.id == own } : charging.transaction.flatMap { byTransaction[$0] } ?? []
      guard found.count == 1, let session = found.first else {
        Issue.record(name)
        continue
      }
      #expect(session.startedAt == charging.startedAt, name)
      #expect(session.meterStart == Energy(tenthsOfWattHour: charging.meterStart * 10), name)
      let readings = try house.books.sessions.readings(of: session.id)
      for place in charging.toldReadings {
        let (at, wattHours) = charging.readings[place]
        let count = readings.count {
          $0.at == at && $0.register == Energy(tenthsOfWattHour: wattHours * 10) && $0.context == .periodic
        }
        #expect(count == 1, name)
      }
      #expect(readings.count { $0.context == .begin } == 1, name)
      #expect(readings.count <= 2 + charging.readings.count, name)
      if charging.isStopTold, let stop = charging.stop {
        #expect(readings.count { $0.context == .end && $0.at == stop.at } == 1, name)
        // Who may not charge and did not leaves nothing to bill.
        if session.state == .invalid, session.energy == .zero, ofTwo.contains(charging.station) { continue }
        #expect(session.state == .completed, name)
        // Unless the house had given up on its stop, it ended as the station says.
        if session.ending != .superseded {
          #expect(session.endedAt == stop.at, name)
          #expect(session.meterLast == Energy(tenthsOfWattHour: stop.wattHours * 10), name)
        }
      }
    }
    #expect(sessions.allSatisfy { $0.state != .pending }, "seed \(seed): a session still waits for its car")
  }

  /// Each ended session has one bill, whose parts are its whole.
  private func checkBills(_ sessions: [Session]) throws {
    for session in sessions {
      let name: Comment = "seed \(seed), session \(session.id)"
      let kept = try house.books.cdrs.cdr(session: session.id)
      #expect((kept != nil) == (session.state == .completed), name)
      guard let cdr = kept?.cdr else { continue }
      #expect(cdr.totals.energy == session.energy && cdr.startedAt == session.startedAt, name)
      #expect(cdr.periods.reduce(0) { $0 + $1.seconds } == cdr.totals.seconds, name)
      #expect(cdr.periods.reduce(Energy.zero) { $0 + $1.energy } == cdr.totals.energy, name)
      #expect(cdr.totals.seconds == Int(cdr.endedAt.seconds(since: cdr.startedAt)), name)
      #expect(cdr.totals.cost.beforeTax >= .zero, name)
      #expect(cdr.periods.allSatisfy { $0.seconds >= 0 && $0.energy >= .zero }, name)
      if let zone = testZones[cdr.timeZone] { #expect(cdr.agrees(zone: zone), name) }
      #expect(cdr.heldBecause == nil, name)
    }
  }

  /// Each partner has each of its bills once, by the same bytes at every attempt, and saw last what the books say.
  private func checkPartners(_ sessions: [Session]) throws {
    #expect(try house.books.pushes.depths().isEmpty, "seed \(seed): something still waits for a partner")
    for partner in partners {
      let name: Comment = "seed \(seed), partner \(partner.partner.name)"
      let root = "https://\(partner.partner.name)"
      let attempts = house.partners.sent("cdrs").filter { $0.partner == partner.partner.id }
      for (url, same) in Dictionary(grouping: attempts, by: \.request.url) {
        #expect(Set(same.map(\.request.body)).count == 1, "\(name): \(url) was written twice")
      }
      let mine = sessions.filter { $0.owner == partner.partner.roles[0].id }
      var bills: Set<String> = []
      for session in mine {
        if let cdr = try house.books.cdrs.cdr(session: session.id)?.cdr { bills.insert("\(root)/cdrs/\(cdr.id)") }
        let seen = partner.objects["\(root)/sessions/\(session.id)"]
        #expect(seen?["state"]?.string == session.state.rawValue, "\(name): session \(session.id)")
        #expect(seen?["kwh"]?.string == session.energy.description, "\(name): session \(session.id)")
        #expect(seen?["updated"]?.string == session.updatedAt.text, "\(name): session \(session.id)")
      }
      #expect(Set(partner.bills.keys) == bills, name)
      #expect(partner.bills.values.allSatisfy { $0.count == 1 }, name)
      for station in stations {
        for number in 1...station.evses {
          let evse = try house.evse(number, of: station.identity)
          guard let seen = partner.objects["\(root)/evses/\(evse.uid)"] else { continue }
          #expect(seen["status"]?.string == PublishedStatus(evse.status).rawValue, "\(name): \(evse.uid)")
        }
      }
      #expect(partner.busiestMinute <= 20, "\(name): \(partner.busiestMinute) failed requests within a minute")
      #expect(partner.results.values.allSatisfy { Set($0).count == 1 }, "\(name): a command had two results")
    }
  }

  /// What was announced is in the books, and nothing else is, each under a number of its own.
  private func checkEvents() throws {
    #expect(twice.isEmpty, "seed \(seed): events \(twice) were announced twice")
    var cursor: Int64 = 0
    var kept: [Int64: LoggedEvent] = [:]
    while case let page = try house.books.events.after(cursor, limit: 1_000), let last = page.last {
      for event in page {
        #expect(event.seq > cursor, "seed \(seed)")
        cursor = event.seq
        kept[event.seq] = event
      }
      cursor = last.seq
    }
    #expect(kept.count == announced.count, "seed \(seed): \(kept.count) events, and \(announced.count) were announced")
    for (seq, event) in announced where kept[seq] != event {
      Issue.record("seed \(seed): event \(seq) is not what was announced")
    }
  }
}
