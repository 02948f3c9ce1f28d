import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// A station with a local list, as OCPP 1.6 §5.15 has it.
@MainActor
private final class ListedStation {
  var version = 0
  var tags: [String: LocalListEntry] = [:]
  var updates: [LocalListUpdate] = []
  var capacity: JSON = ["list_entries": 1_000, "list_entries_per_message": 2, "list_enabled": true]
  /// Refuses the next updates with these words.
  var refusals: [String] = []
  /// Says nothing to updates.
  var isMute = false

  func answer(_ command: StationCommand) -> CommandOutcome? {
    switch command {
    case .capacity: return .accepted(answer: capacity)
    case .list(.version): return .accepted(answer: ["version": .number(JSONNumber(version))])
    case .list(.send(let update)):
      if isMute { return .timedOut }
      if !refusals.isEmpty { return .refused(word: refusals.removeFirst(), answer: [:]) }
      if !update.isFull, update.version <= version { return .refused(word: "VersionMismatch", answer: [:]) }
      updates.append(update)
      if update.isFull { tags = [:] }
      for entry in update.entries { tags[entry.tag] = entry.standing == .removed ? nil : entry }
      version = update.version
      return .accepted(answer: [:])
    default: return nil
    }
  }
}

@MainActor @Suite struct ListingTests {
  private let house: HouseUnderTest
  private let station = ListedStation()

  init() throws {
    house = try HouseUnderTest().furnish()
    house.stations.answer = { [station] command, _ in station.answer(command) }
  }

  private var list: LocalListState { get throws { try house.csms.list(of: house.station("CS-1").id) } }

  private func keep() async throws {
    async let kept: Void = house.csms.keepList(of: StationIdentity("CS-1")!, true, by: "operator:anna")
    await house.settleAll()
    try await kept
    house.pass(10)
  }

  @Test func aListGoesInPiecesThatFit() async throws {
    for number in 1...5 { try house.addToken("A\(number)") }
    _ = try house.connect("CS-1")
    try await keep()
    #expect(station.updates.map(\.entries.count) == [2, 2, 1])
    #expect(station.updates.map(\.isFull) == [true, false, false])
    #expect(station.updates.map(\.version) == [1, 2, 3])
    #expect(station.tags.keys.sorted() == ["A1", "A2", "A3", "A4", "A5"])
    #expect(try list.phase == .inStep)
    #expect(try house.count("list.in_step") == 1)
  }

  @Test func aChangeOfTokensFollowsByItselfAndOnlyTheDifference() async throws {
    let first = try house.addToken("A1", group: "G")
    try house.addToken("A2", until: house.now + .seconds(90_000))
    _ = try house.connect("CS-1")
    try await keep()
    #expect(station.tags["A1"]?.groupID == "G")
    #expect(station.tags["A2"]?.validUntil != nil)
    station.updates = []
    async let added = house.csms.addToken(
      Token(
        id: ID(0), uid: "A 3", kind: .rfid, contractID: "", issuer: "", createdAt: house.now, updatedAt: house.now),
      by: "operator:anna")
    async let changed = house.csms.changeToken(first.id, by: "operator:anna") { $0.isValid = false }
    await house.settleAll()
    _ = try await (added, changed)
    house.pass(3)
    #expect(station.updates.isEmpty, "tokens are not quiet yet")
    house.pass(5)
    #expect(station.updates.count == 1)
    #expect(station.updates.first?.isFull == false)
    #expect(station.updates.first?.entries.map(\.tag).sorted() == ["A1", "A3"])
    #expect(station.tags["A1"]?.standing == .blocked)
    async let removed: Void = house.csms.removeToken(first.id, by: "operator:anna")
    await house.settleAll()
    try await removed
    house.pass(10)
    #expect(station.tags["A1"] == nil)
    #expect(try list.phase == .inStep)
  }

  @Test func whoeverAStationForgetsLeavesItsList() async throws {
    for uid in ["A1", "A2"] { try house.addToken(uid) }
    _ = try house.connect("CS-1")
    try await keep()
    station.updates = []
    house.stations.answer = { [station] command, _ in
      if case .customer = command { .accepted(answer: [:]) } else { station.answer(command) }
    }
    let identity = StationIdentity("CS-1")!
    for isForgotten in [false, true] {
      let wish = CustomerCommand(
        id: 0, person: .token(uid: "a1", kind: nil), isTold: true, isForgotten: isForgotten)
      async let asked = house.csms.command(.customer(wish), to: identity, by: "anna")
      await house.settleAll()
      _ = try await asked
      house.pass(3)
    }
    #expect(station.updates.map(\.isFull) == [false] && station.tags.keys.sorted() == ["A2"])
    #expect(try list.phase == .inStep && list.version == station.version)
  }

  @Test func aListAtAStationThatIsLeftAloneGoesAsSoonAsItsCapacityIsKnown() async throws {
    try house.addToken("A1")
    var quiet = try house.station("CS-1")
    quiet.quirks.isLeftAloneAfterBoot = true
    let changed = quiet
    try house.write { books throws(StoreFault) in try books.stations.update(changed) }
    _ = try house.connect("CS-1")
    try await keep()
    #expect(station.tags.keys.sorted() == ["A1"])
  }

  @Test func aStationThatReportsAnotherVersionGetsTheWholeList() async throws {
    try house.addToken("A1")
    let caller = try house.connect("CS-1")
    try await keep()
    station.tags = ["X": LocalListEntry(tag: "X", standing: .accepted)]
    station.version = 40
    station.updates = []
    try caller.boot()
    house.pass(3)
    #expect(station.updates.map(\.isFull) == [true])
    #expect(station.version == 41)
    #expect(station.tags.keys.sorted() == ["A1"])
  }

  @Test func aStationThatStillHasItIsLeftAlone() async throws {
    try house.addToken("A1")
    let caller = try house.connect("CS-1")
    try await keep()
    station.updates = []
    try caller.boot()
    house.pass(3)
    #expect(station.updates.isEmpty)
    #expect(try list.phase == .inStep)
  }

  @Test(arguments: ["VersionMismatch", "Failed"])
  func anUpdateThatDoesNotFitEndsInTheWholeList(_ word: String) async throws {
    try house.addToken("A1")
    _ = try house.connect("CS-1")
    try await keep()
    station.updates = []
    station.refusals = [word]
    async let added = house.csms.addToken(
      Token(id: ID(0), uid: "A2", kind: .rfid, contractID: "", issuer: "", createdAt: house.now, updatedAt: house.now),
      by: "operator:anna")
    await house.settleAll()
    _ = try await added
    house.pass(10)
    #expect(station.updates.first?.isFull == true)
    #expect(station.tags.keys.sorted() == ["A1", "A2"])
  }

  @Test func aStationWithoutAListIsNotAskedAgain() async throws {
    try house.addToken("A1")
    station.refusals = ["NotSupported"]
    _ = try house.connect("CS-1")
    try await keep()
    #expect(try list.phase == .unsupported)
    house.stations.clear()
    house.pass(120)
    #expect(house.stations.commands.isEmpty)
  }

  @Test func aListThatIsSwitchedOffAtTheStationIsSaidSo() async throws {
    station.capacity = ["list_enabled": false]
    _ = try house.connect("CS-1")
    try await keep()
    #expect(try list.phase == .unsupported)
    #expect(try list.why == "the station has its local list switched off")
  }

  @Test func whatTheStationHasNoRoomForIsLeftOutOursLast() async throws {
    station.capacity = ["list_entries": 2, "list_entries_per_message": 10]
    let partner = try house.addPartner()
    try house.addToken("P1", of: partner)
    for number in 1...2 { try house.addToken("A\(number)") }
    _ = try house.connect("CS-1")
    try await keep()
    #expect(station.tags.keys.sorted() == ["A1", "A2"])
    #expect(try list.leftOut == 1)
    #expect(try list.phase == .inStep)
  }

  @Test func aTokenWhosePartnerWantsToBeAskedIsOnNoList() async throws {
    let partner = try house.addPartner()
    try house.addToken("P1", of: partner, .never)
    try house.addToken("P2", of: partner, .allowed)
    _ = try house.connect("CS-1")
    try await keep()
    #expect(station.tags.keys.sorted() == ["P2"])
  }

  @Test func aListThatALostLineCutOffIsDoneAgainAlsoAfterARestart() async throws {
    for number in 1...3 { try house.addToken("A\(number)") }
    station.isMute = true
    _ = try house.connect("CS-1")
    try await keep()
    #expect(try list.phase == .unknown)
    try house.restart()
    station.isMute = false
    house.stations.answer = { [station] command, _ in station.answer(command) }
    _ = try house.connect("CS-1")
    house.pass(5)
    #expect(station.tags.keys.sorted() == ["A1", "A2", "A3"])
    #expect(try list.phase == .inStep)
  }

  @Test func theWholeListGoesAnewWhenTheOperatorSaysSo() async throws {
    try house.addToken("A1")
    _ = try house.connect("CS-1")
    try await keep()
    station.tags = [:]
    async let sent = house.csms.sendList(to: StationIdentity("CS-1")!, by: "operator:anna")
    await house.settleAll()
    #expect(try await sent.origin == "operator:anna")
    house.pass(2)
    #expect(station.tags.keys.sorted() == ["A1"])
  }

  @Test func nothingIsSentWhereTheHouseDoesNotKeepTheList() throws {
    try house.addToken("A1")
    let caller = try house.connect("CS-1")
    try caller.boot()
    house.pass(30)
    #expect(house.stations.commands.isEmpty)
  }
}
