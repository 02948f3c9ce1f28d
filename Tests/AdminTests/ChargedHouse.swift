import CSMS
import Domain
import HTTP
import Store
import Testing
import Wire

@testable import Admin

/// A house with one station at a published site, a token, and a tariff of 0.25 EUR a kWh and 20 % VAT.
@MainActor struct ChargedHouse {
  let house: Fixture
  /// An owner's key, which no passing of time logs out.
  let owner: Proof
  let desk: any StationService

  init(zones: [String: ZoneRules] = [:]) async throws {
    let (house, _) = try await Fixture.open(zones: zones)
    self.house = house
    owner = try await house.key(.owner)
    let site: JSON = [
      "name": "Harbour", "address": "Quay 1", "city": "Delft", "country": "NLD", "latitude": "52.0",
      "longitude": "4.3", "time_zone": "Etc/UTC", "published": true,
    ]
    let made = try await house.ask(.post, "/locations", site, as: owner)
    #expect(made.status == 201, "\(made.text)")
    try await house.ask(
      .post, "/stations", ["id": "CS-1", "evses": 1, "location": made.json["id"] ?? .null], as: owner)
    let price = JSON.number(JSONNumber(Decimal(25, places: 2)))
    let tariff = try await house.ask(
      .post, "/tariffs",
      [
        "id": "T1", "currency": "EUR",
        "elements": [["price_components": [["type": "ENERGY", "price": price, "vat": 20, "step_size": 1]]]],
      ], as: owner)
    try await house.ask(
      .patch, "/stations/CS-1/evses/1", ["connectors": [["number": 1, "tariff": tariff.json["id"] ?? .null]]],
      as: owner)
    try await house.ask(.post, "/tokens", ["uid": "04A1B2C3", "visual_number": "Card 7"], as: owner)
    desk = try await house.connect("CS-1")
    let desk = desk
    try await house.turn { () throws(TurnFault) in try desk.report(StatusReport(evse: 1, status: .available)) }
  }

  /// One session that is over, of so many kWh.
  func charge(_ kilowattHours: Int) async throws {
    let now = house.time.clock.now()
    let desk = desk
    let verdict = try await house.turn { () throws(TurnFault) in
      try desk.start(
        StartReport(
          evse: 1, tag: "04A1B2C3", meterStart: .zero, at: now,
          raw: ["n": .string("\(now.milliseconds)")]))
    }
    house.time.pass(3_600)
    let end = house.time.clock.now()
    let report = StopReport(
      transaction: verdict.transaction, tag: nil, meterStop: Energy(wattHours: Decimal(kilowattHours * 1_000)), at: end,
      ending: .local, readings: [], raw: ["n": .string("\(end.milliseconds)")])
    _ = try await house.turn { () throws(TurnFault) in try desk.stop(report) }
  }
}
