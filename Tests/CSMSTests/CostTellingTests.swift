import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// What a session costs so far, on the station's display.
@MainActor
struct CostTellingTests {
  let house: HouseUnderTest
  let station: Caller
  let t0: Timestamp

  init() throws {
    house = try HouseUnderTest { $0.costSeconds = 30 }.furnish()
    try house.addToken("CARD")
    station = try house.connect("CS-1")
    t0 = house.now
  }

  private var told: [Decimal] {
    house.stations.commands.compactMap {
      if case .tariff(.showCost(let cost, transaction: "tx-1")) = $0 { cost } else { nil }
    }
  }

  private func show(_ isOn: Bool?) async throws {
    _ = try await house.csms.changeStation(StationIdentity("CS-1")!, by: "anna") { $0.quirks.showsCosts = isOn }
  }

  private func begin() throws {
    let card = PresentedToken("CARD", .iso14443)
    try station.tell(.started, 0, at: t0, trigger: .authorized, state: .charging, evse: 1, wattHours: 0, token: card)
  }

  /// 1 kWh more, told beside the transaction, as stations do between its events.
  private func meter(_ wattHours: Int64) throws { try station.meter(nil, wattHours, at: house.now) }

  @Test func aStationThatShowsCostsIsToldThemWhereTheyAreNews() async throws {
    try await show(true)
    try begin()
    try meter(1_000)
    house.pass(40)
    #expect(told == [Decimal("0.363")])
    house.pass(40)
    #expect(told.count == 1, "nothing new")
    try meter(2_000)
    house.pass(40)
    #expect(told == [Decimal("0.363"), Decimal("0.726")])
  }

  @Test func whatAnAnswerToldIsNotToldAgain() async throws {
    try await show(true)
    try begin()
    #expect(try station.tell(.updated, 1, at: t0 + .seconds(5), wattHours: 1_000).totalCost == Decimal("0.363"))
    house.pass(60)
    #expect(told.isEmpty)
  }

  @Test func aStationThatDoesNotSayThatItShowsThemIsLeftAlone() async throws {
    try begin()
    try meter(1_000)
    house.pass(60)
    #expect(told.isEmpty)
    let id = try house.station("CS-1").id
    let now = house.now
    try house.write { books throws(StoreFault) in
      try books.device.set(
        "true", of: SettingName(component: "TariffCostCtrlr", variable: "Enabled", instance: "Cost"), .actual,
        isReadOnly: nil, station: id, at: now)
    }
    house.pass(60)
    #expect(told.count == 1)
    try await show(false)
    try meter(3_000)
    house.pass(60)
    #expect(told.count == 1, "the operator's word counts more")
  }

  @Test func aStationThatDoesNotKnowTheMessageHearsItOnce() async throws {
    house.stations.answer = { command, _ in
      if case .tariff = command { .failed(code: "NotImplemented", description: "") } else { nil }
    }
    try await show(true)
    try begin()
    for wattHours in [1_000, 2_000, 3_000] {
      try meter(Int64(wattHours))
      house.pass(40)
    }
    #expect(told.count == 1)
    try station.boot()
    try meter(4_000)
    house.pass(40)
    #expect(told.count == 2)
  }
}
