import Crypto
import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// Who comes in, who knocks, and what stations say of themselves.
@MainActor
struct ProvisioningTests {
  let house: HouseUnderTest

  init() throws { house = try HouseUnderTest().furnish() }

  private func keepPassword(_ password: String) throws {
    var station = try house.station("CS-1")
    station.passwordHash = StationKey.hash(of: Bytes(utf8: password)).text
    let changed = station
    try house.write { books throws(StoreFault) in try books.stations.update(changed) }
  }

  // MARK: The door

  @Test func aStationWithoutAPasswordOnFileComesInWithAnyOrNone() throws {
    for password in [nil, "whatever"] {
      guard case .welcome(let guest) = try house.admit("CS-1", password: password) else { throw TestFault("refused") }
      #expect(guest.station != nil && guest.registration == .accepted)
    }
  }

  @Test(arguments: [nil, "", "wrong-password-1234"]) func aWrongPasswordIsUnauthorized(password: String?) throws {
    try keepPassword("right-password-1234")
    guard case .unauthorized = try house.admit("CS-1", password: password) else { throw TestFault("not refused") }
    #expect(try house.count("station.refused") == 1)
  }

  @Test func theRightPasswordIsLetIn() throws {
    try keepPassword("right-password-1234")
    guard case .welcome = try house.admit("CS-1", password: "right-password-1234") else { throw TestFault("refused") }
  }

  @Test func aWrongPasswordDoesNotTouchTheConnectionThatIsThere() throws {
    try keepPassword("right-password-1234")
    _ = try house.connect("CS-1", password: "right-password-1234")
    _ = try house.admit("CS-1", password: "guess")
    #expect(house.csms.isOnline(try house.station("CS-1").id))
    #expect(house.stations.closed.isEmpty)
  }

  @Test func refusalsAreOneEventAMinute() throws {
    try keepPassword("right-password-1234")
    for _ in 0..<5 { _ = try house.admit("CS-1", password: "guess") }
    #expect(try house.count("station.refused") == 1)
    house.clock.now += .seconds(61)
    _ = try house.admit("CS-1", password: "guess")
    #expect(try house.count("station.refused") == 2)
  }

  @Test(arguments: [(Station.Registration.rejected, 30), (.pending, 30), (.accepted, 300)])
  func aBootHearsWhatTheOperatorDecided(registration: Station.Registration, interval: Int) throws {
    var station = try house.station("CS-1")
    station.registration = registration
    let changed = station
    try house.write { books throws(StoreFault) in try books.stations.update(changed) }
    guard case .welcome(let guest) = try house.admit("CS-1") else { throw TestFault("not let in") }
    #expect(guest.registration == registration)
    let verdict = try house.connect("CS-1").boot()
    #expect(verdict.registration == registration && verdict.interval == interval)
  }

  @Test func aDecisionReachesTheConnectionThatIsThereAndEndsItNot() async throws {
    let station = try house.connect("CS-1")
    for registration in [Station.Registration.rejected, .pending, .accepted] {
      _ = try await house.csms.changeStation(StationIdentity("CS-1")!, by: "anna") { $0.registration = registration }
    }
    #expect(house.stations.registered.map(\.as) == [.rejected, .pending, .accepted])
    #expect(house.stations.registered.allSatisfy { $0.link == station.link })
    // A rejected station is not asked for anything.
    #expect(house.stations.commands == [.trigger(.boot, evse: nil), .trigger(.boot, evse: nil)])
    #expect(house.stations.closed.isEmpty)
  }

  @Test func strangersKnockOnlyWhereTheyMay() throws {
    let closed = try HouseUnderTest { $0.strangers = .refuse }.furnish()
    guard case .unknown = try closed.admit("NEW") else { throw TestFault("let in") }
    let local = try HouseUnderTest { $0.strangers = .knockOnLoopback }.furnish()
    guard case .unknown = try local.admit("NEW", loopback: false) else { throw TestFault("let in") }
    guard case .welcome(let guest) = try local.admit("NEW", loopback: true) else { throw TestFault("refused") }
    #expect(guest.station == nil && guest.registration == .pending)
  }

  @Test func theHundredthStrangerKnocksAndTheNextIsOneTooMany() throws {
    for number in 1...Limits.knocks { _ = try house.connect("NEW-\(number)") }
    #expect(house.csms.strangers.count == Limits.knocks)
    guard case .crowded = try house.admit("NEW-101") else { throw TestFault("let in") }
    // One that knocks already may come again.
    guard case .welcome = try house.admit("NEW-7") else { throw TestFault("refused") }
  }

  // MARK: Strangers

  @Test func aStrangerIsPendingAndNothingOfItIsKept() throws {
    let stranger = try house.connect("NEW")
    #expect(try stranger.boot().registration == .pending)
    #expect(try stranger.start("CARD").authorization.verdict == .invalid)
    try stranger.report(.available)
    try stranger.meter(nil, 5)
    try stranger.stop(1, meter: 5)
    #expect(try house.sessions.isEmpty)
    #expect(try house.parked.isEmpty)
    #expect(house.csms.strangers.map(\.boot?.vendor) == ["Acme"])
  }

  @Test func acceptPinsThePasswordThatTheStrangerShowedAndAsksForItsBoot() async throws {
    let stranger = try house.connect("NEW", password: "secret-of-the-station")
    try stranger.boot()
    let station = try await house.csms.accept(StationIdentity("NEW")!, at: nil, by: "anna")
    #expect(station.registration == .accepted && station.vendor == "Acme")
    #expect(house.csms.strangers.isEmpty)
    #expect(house.csms.isOnline(station.id))
    #expect(house.stations.accepted == [stranger.link])
    #expect(house.stations.commands == [.trigger(.boot, evse: nil)])
    try house.stations.last.answer(.accepted(answer: [:]))
    #expect(house.stations.commands.last == .trigger(.status, evse: nil))
    #expect(try stranger.boot().registration == .accepted)
    guard case .unauthorized = try house.admit("NEW", password: "another") else { throw TestFault("not pinned") }
    guard case .welcome = try house.admit("NEW", password: "secret-of-the-station") else { throw TestFault("refused") }
  }

  @Test func anAcceptedStrangerThatDoesNotAnswerIsClosedSoThatItReturns() async throws {
    let stranger = try house.connect("NEW")
    _ = try await house.csms.accept(StationIdentity("NEW")!, at: nil, by: "anna")
    #expect(try house.stations.last.deadline == Limits.introductionSeconds)
    try house.stations.last.answer(.timedOut)
    #expect(house.stations.closed.map(\.link) == [stranger.link])
  }

  @Test func nobodyAcceptsAStationThatDoesNotKnock() async throws {
    await #expect(throws: Refusal.self) { try await house.csms.accept(StationIdentity("NEW")!, at: nil, by: "anna") }
    _ = try house.connect("NEW")
    _ = try await house.csms.accept(StationIdentity("NEW")!, at: nil, by: "anna")
    await #expect(throws: Refusal.self) { try await house.csms.accept(StationIdentity("NEW")!, at: nil, by: "bob") }
  }

  @Test func whatAStrangerSaidOfItselfIsNotThatOfTheNextOneUnderItsName() throws {
    let first = try house.connect("CS-9", password: "first")
    try first.boot()
    #expect(house.csms.strangers.first?.boot != nil)
    _ = try house.connect("CS-9", password: "second")
    #expect(house.csms.strangers.map(\.boot).count == 1 && house.csms.strangers.first?.boot == nil)
    #expect(house.stations.closed.map(\.link) == [first.link])
  }

  @Test func anIgnoredStrangerStaysIgnoredWhenItKnocksAgain() throws {
    let first = try house.connect("NEW")
    house.csms.ignore(StationIdentity("NEW")!)
    #expect(house.csms.strangers.map(\.isIgnored) == [true])
    try first.leave()
    #expect(house.csms.strangers.isEmpty)
    _ = try house.connect("NEW")
    #expect(house.csms.strangers.map(\.isIgnored) == [true])
  }

  // MARK: Links

  @Test func theNewestLinkWinsAndTheEndOfTheOldOneChangesNothing() throws {
    let old = try house.connect("CS-1")
    let new = try house.connect("CS-1")
    #expect(house.stations.closed.map(\.link) == [old.link])
    try old.leave("replaced")
    #expect(house.csms.isOnline(try house.station("CS-1").id))
    #expect(try house.count("station.disconnected") == 0)
    house.pass(120, beat: 10)
    #expect(try house.evse().status == .available)
    try new.leave()
    #expect(!house.csms.isOnline(try house.station("CS-1").id))
    #expect(try house.count("station.disconnected") == 1)
  }

  @Test func aLinkThatOpensAndClosesWithinOneTurnIsGone() throws {
    guard case .welcome(let guest) = try house.admit("CS-1") else { throw TestFault("refused") }
    let link = house.newLink()
    let (opened, closed) = (Heard<Bool>(), Heard<Bool>())
    house.csms.take([
      opened.errand { [csms = house.csms] () throws(TurnFault) in
        _ = try csms.opened(link, of: guest, version: "ocpp1.6", address: "x")
        return true
      },
      closed.errand { [csms = house.csms] () throws(TurnFault) in
        try csms.closed(link, reason: "gone")
        return true
      },
    ])
    house.settle()
    #expect(!house.csms.isOnline(try house.station("CS-1").id))
    house.pass(house.settings.offlineSeconds + 2)
    #expect(try house.evse().status == .unknown)
  }

  @Test func aStationThatFlapsIsOneEvent() throws {
    for _ in 1..<Limits.linksPerMinute { _ = try house.connect("CS-1") }
    #expect(try house.count("station.flapping") == 0)
    for _ in 1...3 { _ = try house.connect("CS-1") }
    #expect(try house.count("station.flapping") == 1)
  }

  @Test func aStationThatReturnsTooOftenWaitsSomeSecondsAndNeverLonger() throws {
    for _ in 1...Limits.linksBeforePause { _ = try house.connect("CS-1") }
    guard case .tooOften(Limits.linkPauseSeconds + 1) = try house.admit("CS-1") else { throw TestFault("let in") }
    #expect(house.csms.isOnline(try house.station("CS-1").id))
    house.pass(Limits.linkPauseSeconds + 1)
    _ = try house.connect("CS-1")
    guard case .tooOften = try house.admit("CS-1") else { throw TestFault("let in") }
    house.pass(60)
    for _ in 1..<Limits.linksBeforePause { _ = try house.connect("CS-1") }
    guard case .welcome = try house.admit("CS-1") else { throw TestFault("refused") }
  }

  @Test func whoKnowsNoPasswordCanNeitherKeepTheStationOutNorGuessOn() throws {
    try keepPassword("the-real-password")
    for _ in 1...Limits.freeGuesses {
      guard case .unauthorized = try house.admit("CS-1", password: "a guess") else { throw TestFault("let in") }
    }
    // Even the right one is not looked at for a moment.
    guard case .tooOften(2) = try house.admit("CS-1", password: "the-real-password") else {
      throw TestFault("looked at")
    }
    house.pass(2)
    guard case .welcome = try house.admit("CS-1", password: "the-real-password") else { throw TestFault("refused") }
    guard case .unauthorized = try house.admit("CS-1", password: "a guess") else { throw TestFault("let in") }
  }

  @Test func aStationWithoutACommonVersionIsAnEvent() throws {
    let caller = StationCaller(
      identity: StationIdentity("CS-1")!, password: nil, address: "192.0.2.7", offered: [], isLoopback: false)
    for _ in 1...3 {
      try house.decide { [csms = house.csms] () throws(TurnFault) in
        try csms.turnedAway(caller, because: "it sends no Sec-WebSocket-Protocol header")
      }
    }
    #expect(try house.count("station.refused") == 1)
  }

  // MARK: Boots

  @Test func bootsAreAnsweredByTheStationsRegistration() throws {
    let station = try house.connect("CS-1")
    let verdict = try station.boot()
    #expect(verdict == BootVerdict(registration: .accepted, interval: house.settings.heartbeatSeconds, now: house.now))
    var known = try house.station("CS-1")
    #expect(known.vendor == "Acme" && known.serialNumber == "S1" && known.bootedAt == house.now)
    known.quirks.heartbeatSeconds = 60
    known.registration = .accepted
    let changed = known
    try house.write { books throws(StoreFault) in try books.stations.update(changed) }
    #expect(try station.boot().interval == 60)
    known.registration = .pending
    let pending = known
    try house.write { books throws(StoreFault) in try books.stations.update(pending) }
    #expect(
      try station.boot() == BootVerdict(registration: .pending, interval: house.settings.pendingSeconds, now: house.now)
    )
  }

  // MARK: Statuses

  @Test func aStatusOfAnEVSEThatNobodyKnowsMakesIt() throws {
    let station = try house.connect("CS-1")
    try station.report(.charging, evse: 3)
    let made = try house.evse(3)
    #expect(made.status == .charging)
    #expect(made.connectors.map(\.isAssumed) == [true])
    #expect(!made.uid.contains("CS-1"))
  }

  @Test func anEVSENumberThatCannotBeIsFlaggedAndKeepsNothing() throws {
    let station = try house.connect("CS-1")
    try station.report(.charging, evse: Limits.evsesPerStation + 1)
    #expect(try house.books.stations.evses(of: try house.station("CS-1").id).count == 1)
    #expect(try house.count("station.oddity") == 1)
    // Connector 0 is the box itself.
    try station.report(.faulted, evse: 0)
    #expect(try house.evse().status == .available)
  }

  @Test func nothingIsAskedOfARejectedStationButWhatIsWrittenByHand() async throws {
    var station = try house.station("CS-1")
    station.registration = .rejected
    let rejected = station
    try house.write { books throws(StoreFault) in
      try books.stations.update(rejected)
      var profile = ChargingProfile()
      profile.schedule.periods = [.init(start: 0, limit: 16)]
      _ = try books.profiles.create(
        KeptProfile(number: 0, station: rejected.id, evse: 1, profile: profile, origin: "anna", at: rejected.createdAt))
    }
    #expect(try house.connect("CS-1").boot().registration == .rejected)
    house.pass(90, beat: 10)
    #expect(house.stations.commands.isEmpty)
    let identity = StationIdentity("CS-1")!
    await #expect(throws: Refusal.self) {
      _ = try await house.csms.command(.reset(.soft), to: identity, by: "anna")
    }
    _ = try await house.csms.command(.raw(action: "Reset", payload: [:]), to: identity, by: "anna")
    #expect(house.stations.commands.count == 1)
  }

  @Test func aFaultOfTheWholeStationIsAnAlertUntilItIsOver() throws {
    let caller = try house.connect("CS-1")
    let station = try house.station("CS-1").id
    func tell(_ evse: Int, _ status: EVSE.Status, _ note: String?) throws {
      try house.decide { [desk = caller.desk] () throws(TurnFault) in
        try desk.report(StatusReport(evse: evse, status: status, note: note, isProblem: note != nil))
      }
    }
    func open() throws -> [String] {
      try house.books.monitors.alerts(of: station, isOpen: true, limit: 9).map { "\($0.alert.name) \($0.alert.value)" }
    }
    for _ in 0..<2 { try tell(0, .faulted, "ReaderFailure") }
    #expect(try open() == ["ChargingStation.Problem ReaderFailure"])
    try tell(0, .available, nil)
    #expect(try open().isEmpty && house.count("station.alert") == 2)
    // Derated, and free as before.
    try tell(1, .available, "HighTemperature")
    #expect(try open().count == 1 && house.evse().status == .available)
    // With a change of its status it stands in the history.
    try tell(1, .available, nil)
    for _ in 0..<2 { try tell(1, .faulted, "GroundFailure") }
    #expect(try open().isEmpty)
    try tell(1, .faulted, "OverVoltage")
    #expect(try open().count == 1)
  }

  @Test func theSameStatusTwiceIsOneEvent() throws {
    let station = try house.connect("CS-1")
    try station.report(.preparing)
    try station.report(.preparing)
    #expect(try house.count("evse.status") == 1)
  }

  @Test func aStationIsOfflineOnlyAfterItsGraceAndIsRestoredOnReturn() throws {
    var station = try house.connect("CS-1")
    try station.report(.charging)
    try station.leave()
    house.pass(house.settings.offlineSeconds - 1)
    #expect(try house.evse().status == .charging)
    station = try house.connect("CS-1")
    house.pass(60)
    #expect(try house.evse().status == .charging)

    try station.leave()
    house.pass(house.settings.offlineSeconds + 1)
    #expect(try house.evse().status == .unknown)
    _ = try house.connect("CS-1")
    #expect(try house.evse().status == .charging)
  }

  @Test func theOfflineGraceOutlivesAFailedTurn() async throws {
    let station = try house.connect("CS-1")
    try station.leave()
    house.clock.now += .seconds(house.settings.offlineSeconds + 1)
    house.csms.tick()
    house.failNextTurn()
    await house.settleAll()
    #expect(try house.evse().status == .available)
    house.pass(2)
    await house.settleAll()
    house.pass(2)
    #expect(try house.evse().status == .unknown)
  }

  @Test func aStationThatReturnsInTheVeryTurnInWhichItIsMissedIsOnline() throws {
    let station = try house.connect("CS-1")
    try station.report(.charging)
    try station.leave()
    house.clock.now += .seconds(house.settings.offlineSeconds + 1)
    guard case .welcome(let guest) = try house.admit("CS-1") else { throw TestFault("refused") }
    house.csms.tick()
    let opened = Heard<Bool>()
    let link = house.newLink()
    let missed = house.csms.inbox.take().0
    let return_ = opened.errand { [csms = house.csms] () throws(TurnFault) in
      _ = try csms.opened(link, of: guest, version: "ocpp1.6", address: "x")
      return true
    }
    house.csms.take([return_] + missed)
    house.settle()
    #expect(try house.evse().status == .charging)
  }

  @Test func afterARestartStationsHaveTimeToReturn() throws {
    _ = try house.connect("CS-1")
    try house.addStation("CS-2")
    try house.restart()
    house.pass(house.settings.returnSeconds - 2)
    #expect(try house.evse().status == .available)
    _ = try house.connect("CS-1")
    house.pass(10)
    #expect(try house.evse().status == .available)
    #expect(try house.evse(of: "CS-2").status == .unknown)
  }

  @Test func whenAStationWasSeenIsWrittenWithALaterTurn() throws {
    let station = try house.connect("CS-1")
    house.pass(Limits.seenSeconds + 1)
    let heard = house.now + .seconds(3)
    house.csms.seen(station.link, at: heard)
    house.pass(Limits.seenSeconds + 1)
    #expect(try house.station("CS-1").lastSeenAt == heard)
  }

  @Test func odditiesAreCountedAndAreOneEventEach() throws {
    let station = try house.connect("CS-1")
    let oddity = Oddity(path: "status", kind: .badTimestamp, raw: "x")
    for _ in 0..<3 {
      try house.decide { [desk = station.desk] () throws(TurnFault) in try desk.flag(action: "A", oddities: [oddity]) }
    }
    #expect(try house.count("station.oddity") == 1)
    #expect(try house.books.stations.oddities(of: try house.station("CS-1").id).map(\.count) == [3])
  }
}
