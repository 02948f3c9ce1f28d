import Domain
import Testing
import Wire

@testable import OCPP

@Suite struct StationTariffTests {
  private func tariff(_ elements: [Tariff.Element]) -> Tariff {
    var tariff = Tariff()
    tariff.ref = "T1"
    tariff.elements = elements
    return tariff
  }

  private func sent(_ tariff: Tariff) throws -> JSON {
    let request = try V2.request(TariffCommand.setDefault(StationTariff(tariff, name: "T1.ab"), evse: 0), .v21)
    let payload = try JSON.parse(request.payload)
    if OfficialSchemas.package != nil {
      #expect(try OfficialSchemas(.v21).schema(request.action).flaws(in: payload) == [])
    }
    return try #require(payload["tariff"])
  }

  @Test func eachPartStandsInItsPlace() throws {
    var night = Tariff.Restrictions()
    (night.startTime, night.endTime, night.weekdays) = ("22:00", "06:00", [.saturday])
    (night.minKWh, night.maxPower) = (Decimal(1), Decimal(11))
    var reserved = Tariff.Restrictions()
    reserved.reservation = .reservation
    let found = try sent(
      tariff([
        Tariff.Element(
          [Tariff.Component(.energy, price: Decimal(2, places: 1), vat: Decimal(21))], when: night),
        Tariff.Element([
          Tariff.Component(.energy, price: Decimal(3, places: 1), vat: Decimal(21)),
          Tariff.Component(.time, price: Decimal(3)), Tariff.Component(.parkingTime, price: Decimal(6)),
          Tariff.Component(.flat, price: Decimal(1)),
        ]),
        Tariff.Element([Tariff.Component(.time, price: Decimal(12))], when: reserved),
      ]))
    #expect(found["energy"]?["prices"]?[0]?["priceKwh"]?.decimal == Decimal(2, places: 1))
    let conditions = found["energy"]?["prices"]?[0]?["conditions"]
    #expect(conditions?["startTimeOfDay"] == "22:00" && conditions?["dayOfWeek"] == ["Saturday"])
    #expect(conditions?["minEnergy"]?.decimal == Decimal(1_000) && conditions?["maxPower"]?.decimal == Decimal(11_000))
    #expect(found["energy"]?["prices"]?[1]?["conditions"] == nil)
    #expect(found["energy"]?["taxRates"]?[0]?["tax"]?.decimal == Decimal(21))
    #expect(found["chargingTime"]?["prices"]?[0]?["priceMinute"]?.decimal == Decimal(5, places: 2))
    #expect(found["idleTime"]?["prices"]?[0]?["priceMinute"]?.decimal == Decimal(1, places: 1))
    #expect(found["fixedFee"]?["prices"]?[0]?["priceFixed"]?.decimal == Decimal(1))
    #expect(found["reservationTime"]?["prices"]?[0]?["priceMinute"]?.decimal == Decimal(2, places: 1))
    #expect(found["reservationTime"]?["prices"]?[0]?["conditions"] == nil)
  }

  @Test func whatAStationWouldComputeOtherwiseIsRefused() {
    var late = Tariff.Restrictions()
    late.minDuration = 3_600
    for elements in [
      [Tariff.Element([Tariff.Component(.energy, price: Decimal(1), stepSize: 1_000)])],
      [Tariff.Element([Tariff.Component(.time, price: Decimal(1))])],
      [Tariff.Element([Tariff.Component(.flat, price: Decimal(1))], when: late)],
      [
        Tariff.Element([Tariff.Component(.energy, price: Decimal(1), vat: Decimal(21))]),
        Tariff.Element([Tariff.Component(.energy, price: Decimal(2), vat: Decimal(9))]),
      ],
    ] {
      #expect(throws: Unspeakable.self) { try sent(tariff(elements)) }
    }
  }

  @Test func tariffsAtTheStationAreAMatterOf21AndCostsAreShownByBoth() throws {
    #expect(throws: Unspeakable.self) { try V2.request(TariffCommand.list(evse: 0), .v201) }
    for command in [TariffCommand.list(evse: 1), .clear(["T1"], evse: nil), .clear([], evse: 2)] {
      let request = try V2.request(command, .v21)
      guard OfficialSchemas.package != nil else { continue }
      #expect(try OfficialSchemas(.v21).schema(request.action).flaws(in: JSON.parse(request.payload)) == [])
    }
    let shown = try V2.request(.showCost(Decimal(1230, places: 2), transaction: "tx-1"), .v201)
    #expect(shown.action == "CostUpdated")
    #expect(shown.outcome([:]) == .accepted(answer: [:]))
  }
}
