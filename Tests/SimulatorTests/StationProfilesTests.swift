import OCPP
import Testing
import Wire

@testable import Simulator

/// How virtual stations of each version obey charging profiles.
@Suite struct StationProfilesTests {
  nonisolated static let versions = StationProfile.Version.allCases

  private func stage(
    _ version: StationProfile.Version, _ kind: StationProfile.Kind = .ac22, habit: StationHabit? = nil
  ) -> Stage {
    Stage.opened(
      Stage.profile(kind) {
        $0.version = version
        if let habit { $0.take(habit) }
      })
  }

  private func result(_ steps: [String]) throws -> JSON {
    let text = try #require(steps.first)
    #expect(text.hasPrefix("result "), "\(text)")
    return try JSON.parse(Bytes(utf8: String(text.dropFirst("result ".count))))
  }

  /// A car that takes all that a post of 22 kW gives.
  private func charge(_ stage: inout Stage, at connector: Int = 1) {
    stage.act { $0.plugIn(connector, tag: "CARD", car: Car(batteryWattHours: 200_000, acWatts: 22_000), at: $1) }
    stage.settle()
  }

  /// Asks for a limit, in the words of the station's version; what it says.
  private func limit(
    _ stage: inout Stage, _ rate: Int, _ unit: String = "A", number: Int = 1, at place: Int = 1,
    for purpose: String = "TxDefaultProfile", phases: Int? = nil, from start: Int = 0
  ) throws -> String? {
    let isOld = stage.model.edition == .v16
    var period: JSON = ["startPeriod": .number(JSONNumber(start)), "limit": .number(JSONNumber(rate))]
    if let phases { period["numberPhases"] = .number(JSONNumber(phases)) }
    let free: JSON = ["startPeriod": 0, "limit": .number(JSONNumber(unit == "A" ? 32 : 22_000))]
    var schedule: JSON = [
      "chargingRateUnit": .string(unit), "startSchedule": .string(stage.now.time.text),
      "chargingSchedulePeriod": .array(start > 0 ? [free, period] : [period]),
    ]
    if !isOld { schedule["id"] = 1 }
    var profile: JSON = [
      (isOld ? "chargingProfileId" : "id"): .number(JSONNumber(number)), "stackLevel": 0,
      "chargingProfilePurpose": .string(purpose), "chargingProfileKind": "Absolute",
      "chargingSchedule": isOld ? schedule : .array([schedule]),
    ]
    if purpose == "TxProfile" {
      let name = stage.payloads("TransactionEvent").last?["transactionInfo"]?["transactionId"]
      profile["transactionId"] = isOld ? .number(JSONNumber(stage.nextTransaction)) : name
    }
    let wish: JSON =
      isOld
      ? ["connectorId": .number(JSONNumber(place)), "csChargingProfiles": profile]
      : ["evseId": .number(JSONNumber(place)), "chargingProfile": profile]
    return try result(stage.ask("SetChargingProfile", wish))["status"]?.string
  }

  @Test(arguments: versions)
  func aCarSlowsDownAtOnce(version: StationProfile.Version) throws {
    var stage = stage(version)
    charge(&stage)
    stage.after(60)
    #expect(stage.model.connectors[0].watts == 22_000)
    #expect(try limit(&stage, 10) == "Accepted")
    stage.after(1)
    #expect(stage.model.connectors[0].watts == 6_900)
    let before = stage.model.connectors[0].registerWattHours
    stage.after(3_600)
    #expect(stage.model.connectors[0].registerWattHours - before == 6_900)
    #expect(try limit(&stage, 11_000, "W", for: "TxProfile") == "Accepted")
    stage.after(1)
    #expect(stage.model.connectors[0].watts == 11_000, "what is for a session stands before the default")
  }

  @Test(arguments: versions)
  func aPeriodBeginsByItself(version: StationProfile.Version) throws {
    var stage = stage(version)
    charge(&stage)
    stage.after(60)
    #expect(try limit(&stage, 8, from: 300) == "Accepted")
    #expect(stage.model.nextWake(after: stage.now).time.map { $0 <= stage.now.time + .seconds(300) } == true)
    stage.after(299)
    #expect(stage.model.connectors[0].watts == 22_000)
    stage.after(1)
    stage.after(1)
    #expect(stage.model.connectors[0].watts == 5_520)
  }

  @Test(arguments: versions)
  func aCarThatMayHaveTooLittleWaits(version: StationProfile.Version) throws {
    var stage = stage(version)
    charge(&stage)
    stage.after(60)
    #expect(try limit(&stage, 5) == "Accepted")
    #expect(stage.model.connectors[0].status == .suspendedEVSE && stage.model.connectors[0].watts == 0)
    stage.settle()
    #expect(try limit(&stage, 6) == "Accepted")
    stage.after(1)
    #expect(stage.model.connectors[0].status == .charging && stage.model.connectors[0].watts == 4_140)
  }

  @Test(arguments: versions)
  func oneLineCarriesAllWhereOnlyOneMayBeUsed(version: StationProfile.Version) throws {
    var stage = stage(version)
    charge(&stage)
    stage.after(60)
    #expect(try limit(&stage, 16, phases: 1) == "Accepted")
    stage.after(1)
    #expect(stage.model.connectors[0].watts == 3_680)
    let samples = stage.model.outlets[0].samples([.currentImport], .ac22, context: .periodic)
    #expect(samples.map(\.value) == ["16.0", "0.0", "0.0"])
  }

  @Test(arguments: versions)
  func theWholeStationIsSharedEvenly(version: StationProfile.Version) throws {
    var stage = stage(version)
    charge(&stage)
    charge(&stage, at: 2)
    stage.after(60)
    let purpose = version == .v16 ? "ChargePointMaxProfile" : "ChargingStationMaxProfile"
    #expect(try limit(&stage, 20_000, "W", at: 0, for: purpose) == "Accepted")
    stage.after(1)
    #expect(stage.model.connectors.map(\.watts) == [10_000, 10_000])
    stage.act { $0.unplug(2, at: $1) }
    stage.settle()
    stage.after(1)
    #expect(stage.model.connectors[0].watts == 20_000)
    #expect(try limit(&stage, 20_000, "W", number: 2, at: 1, for: purpose) == "Rejected")
  }

  @Test(arguments: versions)
  func whatComesOfTheProfilesIsTold(version: StationProfile.Version) throws {
    var stage = stage(version)
    charge(&stage)
    #expect(try limit(&stage, 10, from: 600) == "Accepted")
    let place = version == .v16 ? "connectorId" : "evseId"
    let wish: JSON = [place: 1, "duration": 900, "chargingRateUnit": "A"]
    let told = try result(stage.ask("GetCompositeSchedule", wish))
    #expect(told["status"] == "Accepted")
    let schedule = told[version == .v16 ? "chargingSchedule" : "schedule"]
    let periods = schedule?["chargingSchedulePeriod"]?.array ?? []
    #expect(periods.map { $0["startPeriod"]?.int } == [0, 600])
    #expect(periods.map { $0["limit"]?.decimal } == [Decimal(318, places: 1), 10])
    #expect(try result(stage.ask("GetCompositeSchedule", [place: 9, "duration": 900]))["status"] == "Rejected")
  }

  @Test(arguments: versions)
  func aClearedProfileHoldsNoMoreAndOneOfASessionEndsWithIt(version: StationProfile.Version) throws {
    var stage = stage(version)
    charge(&stage)
    stage.after(60)
    #expect(try limit(&stage, 10) == "Accepted")
    let clear: JSON = version == .v16 ? ["id": 1] : ["chargingProfileId": 1]
    #expect(try result(stage.ask("ClearChargingProfile", clear))["status"] == "Accepted")
    #expect(try result(stage.ask("ClearChargingProfile", clear))["status"] == "Unknown")
    stage.after(1)
    #expect(stage.model.connectors[0].watts == 22_000)
    #expect(try limit(&stage, 10, for: "TxProfile") == "Accepted")
    stage.act { $0.unplug(1, at: $1) }
    stage.settle()
    charge(&stage)
    stage.after(60)
    #expect(stage.model.connectors[0].watts == 22_000)
    #expect(try limit(&stage, 10, at: 2, for: "TxProfile") == "Rejected", "nobody charges there")
  }

  @Test(arguments: versions)
  func aStartMayBringAProfile(version: StationProfile.Version) throws {
    var stage = stage(version)
    stage.act { $0.plugIn(1, car: Car(batteryWattHours: 200_000, acWatts: 22_000), at: $1) }
    stage.settle()
    let isOld = version == .v16
    var schedule: JSON = ["chargingRateUnit": "A", "chargingSchedulePeriod": [["startPeriod": 0, "limit": 10]]]
    if !isOld { schedule["id"] = 1 }
    let profile: JSON = [
      (isOld ? "chargingProfileId" : "id"): 5, "stackLevel": 0, "chargingProfilePurpose": "TxProfile",
      "chargingProfileKind": "Relative", "chargingSchedule": isOld ? schedule : .array([schedule]),
    ]
    let wish: JSON =
      isOld
      ? ["idTag": "CARD", "connectorId": 1, "chargingProfile": profile]
      : [
        "idToken": ["idToken": "CARD", "type": "ISO14443"], "remoteStartId": 3, "evseId": 1, "chargingProfile": profile,
      ]
    #expect(
      try result(stage.ask(isOld ? "RemoteStartTransaction" : "RequestStartTransaction", wish))["status"] == "Accepted")
    stage.settle()
    stage.after(60)
    #expect(stage.model.connectors[0].watts == 6_900)
  }

  @Test(arguments: versions)
  func aStationMayRefuseLimitsOrTakeNoNoticeOfThem(version: StationProfile.Version) throws {
    var proud = stage(version, habit: .refusesLimits)
    charge(&proud)
    #expect(try limit(&proud, 10) == "Rejected")
    var deaf = stage(version, habit: .ignoresLimits)
    charge(&deaf)
    deaf.after(60)
    #expect(try limit(&deaf, 10) == "Accepted")
    deaf.after(1)
    #expect(deaf.model.connectors[0].watts == 22_000)
  }

  @Test func profilesOf2xAreReported() throws {
    var stage = stage(.v201)
    #expect(try limit(&stage, 10, number: 4) == "Accepted")
    _ = stage.ask("GetChargingProfiles", ["requestId": 4, "chargingProfile": ["stackLevel": 0]])
    stage.settle()
    let told = stage.payloads("ReportChargingProfiles")
    #expect(told.flatMap { $0["chargingProfile"]?.array ?? [] }.map { $0["id"]?.int } == [4])
    let none = stage.ask("GetChargingProfiles", ["requestId": 5, "chargingProfile": ["stackLevel": 3]])
    #expect(try result(none)["status"] == "NoProfiles")
  }

  @Test func directCurrentIsLimitedInWattsAndAmperes() throws {
    var stage = stage(.v201, .dc50)
    stage.act { $0.plugIn(1, tag: "CARD", car: Car(batteryWattHours: 200_000, dcWatts: 100_000), at: $1) }
    stage.settle()
    stage.after(60)
    #expect(try limit(&stage, 20_000, "W") == "Accepted")
    stage.after(1)
    #expect(stage.model.connectors[0].watts == 20_000)
    #expect(try limit(&stage, 100) == "Accepted")
    stage.after(1)
    #expect((35_000...43_000).contains(stage.model.connectors[0].watts))
  }

  // MARK: Both ways, and what changes while it holds (2.1)

  @Test func aSetpointBelowZeroMakesACarGiveBackAndMetersTellIt() throws {
    var stage = Stage.opened(
      Stage.profile(.dc50) {
        ($0.version, $0.metersBothWays, $0.meterSeconds) = (.v21, true, 60)
      })
    stage.act { $0.plugIn(1, tag: "CARD", car: Car(batteryWattHours: 100_000, stateOfCharge: 0.7), at: $1) }
    stage.settle()
    stage.after(60)
    let profile: JSON = [
      "id": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Dynamic",
      "dynUpdateInterval": 120,
      "chargingSchedule": [
        [
          "id": 1, "chargingRateUnit": "W",
          "chargingSchedulePeriod": [["startPeriod": 0, "operationMode": "CentralSetpoint", "setpoint": -10_000]],
        ]
      ],
    ]
    #expect(
      try result(stage.ask("SetChargingProfile", ["evseId": 1, "chargingProfile": profile]))["status"] == "Accepted")
    stage.after(1)
    stage.settle()
    #expect(stage.model.connectors[0].watts == -10_000)
    let before = stage.model.connectors[0].registerWattHours
    for _ in 0..<6 {
      stage.after(60)
      stage.settle()
    }
    let told = stage.payloads("TransactionEvent").last?["meterValue"]?[0]?["sampledValue"]?.array ?? []
    func sample(_ measurand: String) -> Int64? { told.first { $0["measurand"]?.string == measurand }?["value"]?.int }
    #expect(sample("Power.Active.Export") == 10_000 && sample("Power.Active.Import") == 0)
    #expect(sample("Energy.Active.Export.Register").map { (950...1_010).contains($0) } == true)
    #expect(stage.model.connectors[0].registerWattHours == before)
    // Another value without another profile, and one that it asks for.
    let update: JSON = ["chargingProfileId": 1, "scheduleUpdate": ["setpoint": 5_000]]
    #expect(try result(stage.ask("UpdateDynamicSchedule", update))["status"] == "Accepted")
    stage.after(1)
    #expect(stage.model.connectors[0].watts == 5_000)
    #expect(
      try result(stage.ask("UpdateDynamicSchedule", ["chargingProfileId": 9, "scheduleUpdate": [:]]))["status"]
        == "Rejected")
    stage.settle()
    // It comes in the same second as a reading, behind it.
    for _ in 0..<200 where stage.open?.action != "PullDynamicScheduleUpdate" {
      if stage.open == nil { stage.after(1) } else { stage.answer(["currentTime": .string(stage.now.time.text)]) }
    }
    #expect(stage.open?.action == "PullDynamicScheduleUpdate")
    stage.answer(["status": "Accepted", "scheduleUpdate": ["setpoint": -3_000]])
    stage.after(1)
    #expect(stage.model.connectors[0].watts == -3_000)
  }

  @Test func aStationReckonsByTheTariffThatItWasGiven() throws {
    var stage = stage(.v21)
    func tariff(_ name: String, _ price: JSON) -> JSON {
      ["tariffId": .string(name), "currency": "EUR", "energy": ["prices": [["priceKwh": price]]]]
    }
    func give(_ evse: JSON, _ tariff: JSON) throws -> String? {
      try result(stage.ask("SetDefaultTariff", ["evseId": evse, "tariff": tariff]))["status"]?.string
    }
    #expect(try give(0, tariff("T1.a", 3)) == "Accepted")
    #expect(try give(0, tariff("T1.a", 3)) == "Accepted")
    #expect(try give(1, tariff("T1.a", 5)) == "DuplicateTariffId")
    #expect(try give(1, tariff("T1.b", 5)) == "Accepted")
    let told = try result(stage.ask("GetTariffs", ["evseId": 0]))
    #expect(told["tariffAssignments"]?.array?.map { $0["tariffId"]?.string } == ["T1.a", "T1.b"])
    charge(&stage)
    stage.settle()
    #expect(stage.payloads("TransactionEvent").last?["transactionInfo"]?["tariffId"] == "T1.b")
    let cleared = try result(stage.ask("ClearTariffs", ["evseId": 1]))
    #expect(cleared["clearTariffsResult"]?[0]?["status"] == "Accepted")
    #expect(try result(stage.ask("GetTariffs", ["evseId": 1]))["status"] == "NoTariff")
  }
}
