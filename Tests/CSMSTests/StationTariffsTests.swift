import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// Stations that reckon prices themselves are kept in step with what the house bills by.
@MainActor
struct StationTariffsTests {
  private let house: HouseUnderTest
  private let station: Caller
  private let identity = StationIdentity("CS-1")!

  init() throws {
    house = try HouseUnderTest().furnish(evses: 2)
    try house.addToken("CARD")
    house.stations.answer = { command, _ in
      if case .tariff = command { .accepted(answer: [:]) } else { nil }
    }
    station = try house.connect("CS-1", version: "ocpp2.1")
  }

  private var given: [StationTariff] {
    house.stations.commands.compactMap {
      if case .tariff(.setDefault(let tariff, _)) = $0 { tariff } else { nil }
    }
  }

  private var tariff: TariffVersion {
    get throws { try #require(try house.books.tariffs.list(limit: 1).first) }
  }

  private var rows: [KeptStationTariff] {
    get throws { try house.books.stationTariffs.list(of: try house.station("CS-1").id) }
  }

  private func give(evse: Int = 0) async throws {
    let id = try tariff.id
    async let sent = house.csms.setTariff(id, at: identity, evse: evse, by: "operator:anna")
    await house.settleAll()
    _ = try await sent
    await house.settleAll()
  }

  private func change(to price: String) async throws {
    let known = try tariff
    var next = known.tariff
    next.elements = [Tariff.Element([Tariff.Component(.energy, price: Decimal(price)!, vat: Decimal(21))])]
    let wish = next
    async let changed = house.csms.changeTariff(known.id, to: wish, by: "operator:anna")
    await house.settleAll()
    _ = try await changed
  }

  @Test func aChangedTariffIsToldAgainUnderAnotherName() async throws {
    try await give()
    #expect(try rows.map(\.state) == [.inForce])
    #expect(try rows.first?.name == given.first?.name)
    try await change(to: "0.55")
    house.pass(3)
    #expect(given.map { $0.tariff.energyPrice } == [Decimal("0.3"), Decimal("0.55")])
    #expect(Set(given.map(\.name)).count == 2)
    #expect(given.allSatisfy { $0.name.hasPrefix("T1.") && $0.name.utf8.count <= 60 })
    #expect(try rows.map(\.state) == [.inForce])
    #expect(try rows.first?.name == given.last?.name)
    // The same again is nothing new.
    try await change(to: "0.55")
    house.pass(3)
    #expect(given.count == 2)
  }

  @Test func aBootBringsItAgainAndWhatWasTakenAwayStaysAway() async throws {
    try await give(evse: 1)
    try station.boot()
    house.pass(3)
    #expect(given.count == 2 && given[0] == given[1])
    async let cleared = house.csms.command(.tariff(.clear([], evse: 1)), to: identity, by: "operator:anna")
    await house.settleAll()
    _ = try await cleared
    await house.settleAll()
    #expect(try rows.isEmpty)
    try await change(to: "0.55")
    house.pass(3)
    #expect(given.count == 2)
  }

  @Test func whatAStationRefusesStandsWithItsWordAndIsNotAskedAgain() async throws {
    house.stations.answer = { command, _ in
      if case .tariff = command { .refused(word: "TooManyElements", answer: [:]) } else { nil }
    }
    try await give()
    house.pass(600, beat: 10)
    #expect(try rows.map(\.state) == [.refused])
    #expect(try rows.map(\.answer) == ["TooManyElements"])
    #expect(try rows.map(\.name) == [nil])
    #expect(given.count == 1)
    #expect(try house.count("station.tariff") == 1)
  }

  @Test func aSilentStationIsAskedAgain() async throws {
    house.stations.answer = { _, _ in nil }
    try await give()
    house.stations.answer = { command, _ in if case .tariff = command { .accepted(answer: [:]) } else { nil } }
    try house.stations.last.answer(.timedOut)
    house.pass(600, beat: 10)
    #expect(try rows.map(\.state) == [.inForce])
    #expect(given.count == 2)
  }

  @Test func anEVSEWithAnotherTariffIsFollowed() async throws {
    try await give(evse: 1)
    try house.price(evse: 2, at: "T9")
    let other = try #require(try house.evse(2).connectors.first?.tariff)
    async let changed: Void = house.csms.changeEVSE(1, of: identity, by: "operator:anna") {
      evse throws(Refusal) in evse.connectors[0].tariff = other
    }
    await house.settleAll()
    try await changed
    house.pass(3)
    #expect(given.map(\.tariff.ref) == ["T1", "T9"])
  }

  // MARK: A session has one tariff

  private func begin() throws {
    _ = try station.tell(
      TransactionReport(
        .started, transaction: "tx-1", seqNo: 0, at: house.now, written: "a", trigger: .authorized,
        chargingState: .charging, evse: 1, connector: 1, token: PresentedToken("CARD", .iso14443), raw: [:]))
  }

  private func tell(_ id: ID<Tariff>?) async throws -> CommandRecord {
    async let sent = house.csms.tellTariff(of: nil, named: "tx-1", id, at: identity, by: "operator:anna")
    await house.settleAll()
    return try await sent
  }

  @Test func aSessionIsToldItsOwnTariffAndNoOther() async throws {
    try begin()
    _ = try await tell(nil)
    guard case .tariff(.change(let told, let transaction))? = house.stations.commands.last else {
      throw TestFault("nothing was told")
    }
    let own = try #require(try house.sessions.first?.tariff)
    #expect(transaction == "tx-1" && told == StationTariff(own))
    _ = try await tell(try tariff.id)
    // As it is now it is another one.
    try await change(to: "0.55")
    await #expect(throws: Refusal.self) { _ = try await tell(try tariff.id) }
    await #expect(throws: Refusal.self) {
      _ = try await house.csms.tellTariff(of: nil, named: "tx-9", nil, at: identity, by: "operator:anna")
    }
    #expect(house.stations.commands.count { if case .tariff(.change) = $0 { true } else { false } } == 2)
  }

  @Test func aStationThatReckonsByAnotherTariffIsSeen() throws {
    try begin()
    let own = StationTariff(try #require(try house.sessions.first?.tariff)).name
    for (number, name) in [(1, own), (2, "T7.0123456789abcdef")] {
      _ = try station.tell(
        TransactionReport(
          .updated, transaction: "tx-1", seqNo: number, at: house.now, written: "\(number)", tariff: name, raw: [:]))
      let oddities = try house.books.stations.oddities(of: house.station("CS-1").id).map(\.what)
      #expect(oddities.contains { $0.contains("another tariff") } == (number == 2))
    }
  }

  // MARK: What drivers are told

  private func describe(_ name: String) throws {
    let id = try house.station("CS-1").id
    try house.write { [now = house.now] books throws(StoreFault) in
      try books.device.keep(DeviceValue(SettingName(reading: name), value: "true"), of: id, at: now)
    }
  }

  @Test func whoPaysOtherPricesThanTheDefaultBringsHisTariff() async throws {
    try await give()
    #expect(try station.authorize("CARD").value?.tariff == nil, "it is the default")
    // Another tariff for all: the station still has the old one.
    for number in [1, 2] { try house.price(evse: number, at: "X\(number)") }
    #expect(try station.authorize("CARD").value?.tariff == nil, "two EVSEs, two tariffs: one answer cannot say it")
    let one = try #require(try house.evse(1).connectors.first?.tariff)
    var second = try #require(try house.evse(2).connectors.first)
    second.tariff = one
    let same = second
    try house.write { books throws(StoreFault) in try books.stations.update(same) }
    #expect(try station.authorize("CARD").value?.tariff?.tariff.ref == "X1")
  }

  @Test func whereADisplayShowsPricesADriverReadsHis() throws {
    #expect(try station.authorize("CARD").value?.message == nil)
    try describe("TariffCostCtrlr.Enabled[Tariff]")
    #expect(try station.authorize("CARD").value?.message?.text == "0.363 EUR/kWh".replacing("0.363", with: "0.3630"))
    let verdict = try station.tell(
      TransactionReport(
        .started, transaction: "tx-1", seqNo: 0, at: house.now, written: "a", trigger: .authorized,
        chargingState: .charging, evse: 1, connector: 1, token: PresentedToken("CARD", .iso14443), raw: [:]))
    #expect(verdict.message?.text == "0.3630 EUR/kWh")
    let later = try station.tell(
      TransactionReport(.updated, transaction: "tx-1", seqNo: 1, at: house.now, written: "b", raw: [:]))
    #expect(later.message == nil, "it is said once")
  }
}
