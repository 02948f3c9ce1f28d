import Domain
import Testing
import Wire

@testable import OCPP

/// What the house asks beyond sessions, as OCPP 2.0.1 and 2.1 write it, and what stations tell of it.
@MainActor @Suite struct DutiesOf2Tests {
  private let desk = Desk()

  @Test func aLocalListHasItsTokensAndGroups() throws {
    let request = try V2.request(.send(ProfileTests.update), .v201)
    #expect(
      String(decoding: request.payload, as: UTF8.self)
        == #"{"localAuthorizationList":[{"idToken":{"idToken":"04A1","type":"ISO14443"},"idTokenInfo":{"status":"Accepted","cacheExpiryDateTime":"2026-03-01T12:00:00Z","groupIdToken":{"idToken":"G","type":"Central"}}},{"idToken":{"idToken":"04B2","type":"ISO14443"},"idTokenInfo":{"status":"Blocked"}},{"idToken":{"idToken":"04C3","type":"ISO14443"}},{"idToken":{"idToken":"999999999999999999999","type":"ISO14443"},"idTokenInfo":{"status":"Accepted"}}],"versionNumber":8,"updateType":"Differential"}"#
    )
    let empty = try V2.request(.send(LocalListUpdate(version: 1, isFull: true, entries: [])), .v201)
    #expect(String(decoding: empty.payload, as: UTF8.self) == #"{"versionNumber":1,"updateType":"Full"}"#)
    #expect(try V2.request(.version, .v21).outcome(["versionNumber": 4]) == .accepted(answer: ["version": 4]))
  }

  @Test func aReservationNamesWhomItIsFor() throws {
    let request = try V2.request(.reserve(ProfileTests.wish), .v201)
    #expect(request.action == "ReserveNow")
    #expect(
      String(decoding: request.payload, as: UTF8.self)
        == #"{"id":7,"expiryDateTime":"2026-03-01T12:00:00Z","idToken":{"idToken":"04A1","type":"ISO14443"},"groupIdToken":{"idToken":"G","type":"Central"}}"#
    )
    #expect(request.outcome(["status": "Occupied"]) == .refused(word: "Occupied", answer: ["status": "Occupied"]))
  }

  @Test func aProfileNamesItsTransaction() throws {
    var profile = ProfileTests.profile
    profile.transaction = "tx-1"
    let request = try V2.request(.set(profile, number: 5, evse: 1), .v201)
    #expect(
      String(decoding: request.payload, as: UTF8.self)
        == #"{"evseId":1,"chargingProfile":{"id":5,"stackLevel":2,"chargingProfilePurpose":"TxProfile","chargingProfileKind":"Absolute","chargingSchedule":[{"id":5,"startSchedule":"2026-03-01T12:00:00Z","duration":3600,"chargingRateUnit":"A","chargingSchedulePeriod":[{"startPeriod":0,"limit":16.7,"numberPhases":3},{"startPeriod":60,"limit":8}],"minChargingRate":6}],"transactionId":"tx-1"}}"#
    )
  }

  @Test func whatOnly21KnowsIsSaidTo201() throws {
    for command in [
      ProfileCommand.priority(transaction: "tx-1", isOn: true), .dynamic(number: 5, .init(start: 0, limit: 3_000)),
      .transfers(transaction: "tx-1", allowed: [.acThreePhases, .acBidirectional]),
    ] {
      #expect(throws: Unspeakable.self) { try V2.request(command, .v201) }
      #expect(throws: Never.self) { try V2.request(command, .v21) }
    }
    var profile = ProfileTests.profile
    profile.kind = .dynamic
    let dynamic = profile
    #expect(throws: Unspeakable.self) { try V2.request(.set(dynamic, number: 5, evse: 1), .v201) }
  }

  @Test func aCompositeScheduleIsToldInTheHousesWords() throws {
    let request = try V2.request(.composite(evse: 1, seconds: 60, unit: .watts), .v201)
    let answer = try JSON.parse(
      #"{"status":"Accepted","schedule":{"evseId":1,"duration":60,"scheduleStart":"2026-03-01T12:00:00Z","chargingRateUnit":"W","chargingSchedulePeriod":[{"startPeriod":0,"limit":11000}]}}"#
    )
    #expect(
      request.outcome(answer)
        == .accepted(
          answer: try JSON.parse(
            #"{"evse":1,"schedule":{"unit":"W","starts_at":"2026-03-01T12:00:00Z","duration_s":60,"periods":[{"start_s":0,"limit":11000}]}}"#
          )))
  }

  @Test func firmwareAndLogsHaveTheirNumbers() throws {
    let update = try V2.request(.update(ProfileTests.signedFirmware), .v201)
    #expect(update.action == "UpdateFirmware")
    #expect(try JSON.parse(update.payload)["requestId"] == 9)
    #expect(try JSON.parse(update.payload)["firmware"]?["signature"] == "c2ln")
    let log = try V2.request(.log(ProfileTests.securityLog), .v201)
    #expect(try JSON.parse(log.payload)["logType"] == "SecurityLog")
    #expect(
      log.outcome(["status": "Accepted", "filename": "l.zip"]) == .accepted(answer: ["file_name": "l.zip"]))
    #expect(try V2.request(.unpublish(md5: "x"), .v201).action == "UnpublishFirmware")
  }

  @Test func whatAStationCanHoldIsReadFromItsVariables() throws {
    let request = try V2.capacity(.all, .v201)
    let answer = try JSON.parse(
      #"{"getVariableResult":[{"attributeStatus":"Accepted","attributeValue":"25","component":{"name":"localauthlistctrlr"},"variable":{"name":"ItemsPerMessage"}},{"attributeStatus":"UnknownVariable","component":{"name":"SmartChargingCtrlr"},"variable":{"name":"ProfileStackLevel"}},{"attributeStatus":"Accepted","attributeValue":"A, W","component":{"name":"SmartChargingCtrlr"},"variable":{"name":"RateUnit"}}]}"#
    )
    guard case .accepted(let told) = request.outcome(answer) else {
      Issue.record("variables are a yes")
      return
    }
    let capacity = try StationCapacity.read(told).value
    #expect(capacity.listEntriesPerMessage == 25)
    #expect(capacity.highestStackLevel == nil)
    #expect(capacity.takesAmperes == true)
    #expect(capacity.takesWatts == true)
  }

  /// B06.FR.05: no more than the station takes at once; where it never said so, one.
  @Test(
    arguments: [(Edition.v201, nil, 6), (.v201, 4, 2), (.v201, 50, 1), (.v21, nil, 7), (.v21, 4, 2)]
      as [(Edition, Int?, Int)])
  func whatAStationCanHoldIsAskedInPiecesThatItTakes(_ edition: Edition, _ most: Int?, _ calls: Int) throws {
    let pieces = V2.pieces(of: .capacity(), edition) { name in
      name.description == "DeviceDataCtrlr.ItemsPerMessage[GetVariables]" ? most : nil
    }
    #expect(pieces.count == calls)
    var asked: [String] = []
    for piece in pieces {
      let request = try (edition < .v21 ? Dialect2.v201 : .v21).request(for: piece)
      let items = try JSON.parse(request.payload)["getVariableData"]?.array ?? []
      #expect(items.count <= most ?? 1)
      asked += items.compactMap { $0["variable"]?["name"]?.string }
    }
    #expect(Set(asked).count == V2.capacityNames(edition).count)
    #expect(V2.pieces(of: .capacity(.each), edition) { _ in most }.count == asked.count)
    #expect(asked.contains("MaxExternalConstraintsId") == (edition >= .v21))
  }

  /// K10.FR.02: something is named; B08.FR.06: no more at once than the station takes.
  @Test(arguments: [(Edition.v201, 3), (.v21, 5)])
  func allProfilesAreClearedPurposeByPurpose(_ edition: Edition, _ purposes: Int) throws {
    let dialect = edition < .v21 ? Dialect2.v201 : .v21
    let pieces = V2.pieces(of: .profile(.clear(ProfileFilter())), edition) { _ in nil }
    #expect(pieces.count == purposes)
    for piece in pieces {
      let request = try dialect.request(for: piece)
      #expect(try JSON.parse(request.payload)["chargingProfileCriteria"]?["chargingProfilePurpose"] != nil)
      // It had none of these.
      #expect(request.outcome(["status": "Unknown"]).isAccepted)
    }
    let one = StationCommand.profile(.clear(ProfileFilter(stackLevel: 1)))
    #expect(V2.pieces(of: one, edition) { _ in nil } == [one])
    #expect(!(try dialect.request(for: one).outcome(["status": "Unknown"]).isAccepted))
  }

  @Test(arguments: [Edition.v201, .v21])
  func profilesAreAskedForByACriterion(_ edition: Edition) throws {
    for (filter, field) in [
      (ProfileFilter(), "chargingLimitSource"), (ProfileFilter(evse: 1), "chargingLimitSource"),
      (ProfileFilter(number: 7), "chargingProfileId"), (ProfileFilter(stackLevel: 2), "stackLevel"),
    ] {
      let criterion = try JSON.parse(V2.request(.report(request: 1, filter), edition).payload)["chargingProfile"]
      #expect(criterion?.object?.members.map(\.key) == [field])
    }
  }

  @Test func aReportOfManyIsAskedForInPieces() throws {
    let names = ["EVSE.*", "A.B", "C.D"].map { SettingName(reading: $0) }
    for (most, calls) in [(nil, 3), (2, 2), (9, 1)] as [(Int?, Int)] {
      let pieces = V2.pieces(of: .settings(.reportOf(id: 0, names, states: [.problem])), .v201) { name in
        name.description == "DeviceDataCtrlr.ItemsPerMessage[GetReport]" ? most : nil
      }
      #expect(pieces.count == calls)
    }
  }

  // MARK: What stations tell

  private let routes = Routes([V2.reservationRoutes, V2.firmwareRoutes, V2.chargingRoutes])

  private func answer(_ action: String, _ payload: String, in edition: Edition = .v201) throws -> String {
    let tape = try JSONTape(Bytes(utf8: payload))
    let prepared = try routes.read(action, tape.root, edition: edition, received: ProfileTests.time)
    guard case .now(let reply) = try prepared.decide(desk) else { return "later" }
    return String(decoding: reply.encoded(edition: edition, options: Frame.writerOptions), as: UTF8.self)
  }

  @Test func reportsReachTheHouse() throws {
    #expect(
      try answer("ReservationStatusUpdate", #"{"reservationId":7,"reservationUpdateStatus":"Expired"}"#) == "{}")
    #expect(desk.endedReservations == [7])
    _ = try answer("FirmwareStatusNotification", #"{"status":"InstallRebooting","requestId":9}"#)
    _ = try answer(
      "PublishFirmwareStatusNotification", #"{"status":"Published","requestId":4,"location":["http://lc/fw"]}"#)
    #expect(
      desk.firmwareReports == [
        FirmwareReport(.installing, word: "InstallRebooting", request: 9),
        FirmwareReport(.installed, word: "Published", request: 4, info: "http://lc/fw"),
      ])
    _ = try answer("LogStatusNotification", #"{"status":"AcceptedCanceled","requestId":3}"#)
    #expect(desk.logReports == [LogReport(.cancelled, word: "AcceptedCanceled", request: 3)])
    _ = try answer(
      "NotifyChargingLimit", #"{"evseId":1,"chargingLimit":{"chargingLimitSource":"EMS","isGridCritical":true}}"#)
    #expect(
      desk.limitReports == [LimitReport(evse: 1, source: "EMS", isGridCritical: true, schedule: nil)])
    _ = try answer("ClearedChargingLimit", #"{"chargingLimitSource":"EMS"}"#)
    #expect(desk.clearedLimits == ["EMS"])
  }

  @Test func profilesAreReportedInTheHousesWords() throws {
    let reply = try answer(
      "ReportChargingProfiles",
      #"{"requestId":3,"chargingLimitSource":"CSO","evseId":1,"chargingProfile":[{"id":5,"stackLevel":0,"chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Relative","chargingSchedule":[{"id":1,"chargingRateUnit":"A","chargingSchedulePeriod":[{"startPeriod":0,"limit":16}]}]}]}"#
    )
    #expect(reply == "{}")
    let report = try #require(desk.profileReports.first)
    #expect(report.profiles.map(\.number) == [5])
    #expect(report.profiles.first?.profile.purpose == .anySession)
    #expect(report.profiles.first?.profile.schedule.periods.first?.limit == 16)
    #expect(report.isLast)
  }

  @Test func aVehiclesNeedsAreAnswered() throws {
    let needs =
      #"{"evseId":1,"chargingNeeds":{"requestedEnergyTransfer":"AC_three_phase","departureTime":"2026-03-01T18:00:00Z","acChargingParameters":{"energyAmount":20000,"evMinCurrent":6,"evMaxCurrent":32,"evMaxVoltage":230}}}"#
    #expect(try answer("NotifyEVChargingNeeds", needs) == #"{"status":"Accepted"}"#)
    #expect(desk.vehicleNeeds.first?.departsAt == Timestamp("2026-03-01T18:00:00Z"))
    desk.needsVerdict = .later
    #expect(try answer("NotifyEVChargingNeeds", needs) == #"{"status":"Processing"}"#)
  }

  /// Q03.FR.02: with a set point of ours there are no limits.
  @Test func aSetpointIsToldWithoutALimit() throws {
    var flow = ChargingProfile.Bidirectional()
    (flow.mode, flow.setpoint) = (.centralSetpoint, -5_000)
    let central = ChargingProfile.Period(start: 0, limit: 0, bidirectional: flow)
    desk.dynamicPeriods[7] = central
    #expect(
      try answer("PullDynamicScheduleUpdate", #"{"chargingProfileId":7}"#, in: .v21)
        == #"{"scheduleUpdate":{"setpoint":-5000},"status":"Accepted"}"#)
    let update = try V2.request(ProfileCommand.dynamic(number: 5, central), .v21)
    #expect(
      String(decoding: update.payload, as: UTF8.self)
        == #"{"chargingProfileId":5,"scheduleUpdate":{"setpoint":-5000}}"#)
    (flow.mode, flow.setpoint, flow.dischargeLimit) = (.externalLimits, nil, -4_000)
    let both = ChargingProfile.Period(start: 0, limit: 3_000, bidirectional: flow)
    let limits = try V2.request(ProfileCommand.dynamic(number: 5, both), .v21)
    #expect(
      String(decoding: limits.payload, as: UTF8.self)
        == #"{"chargingProfileId":5,"scheduleUpdate":{"limit":3000,"dischargeLimit":-4000}}"#)
  }

  @Test func whatHoldsWithoutAConnectionIsSaid() throws {
    var profile = ChargingProfile()
    (profile.kind, profile.updateSeconds, profile.offlineSeconds, profile.endsOffline) = (.dynamic, 60, 300, true)
    profile.schedule.periods = [.init(start: 0, limit: 16)]
    let wish = profile
    let request = try V2.request(.set(wish, number: 5, evse: 1), .v21)
    let sent = try JSON.parse(request.payload)["chargingProfile"]
    #expect(sent?["maxOfflineDuration"] == 300 && sent?["invalidAfterOfflineDuration"] == true)
    #expect(sent?["dynUpdateInterval"] == 60)
    let read = try V2.ChargingProfile.read(try #require(sent).bytes, edition: .v21).value.plain
    #expect(read == wish)
    profile.kind = .relative
    profile.updateSeconds = nil
    let old = profile
    #expect(throws: Unspeakable.self) { try V2.request(.set(old, number: 5, evse: 1), .v201) }
    #expect(throws: Unspeakable.self) { try Dialect16().request(for: .profile(.set(old, number: 5, evse: 1))) }
  }

  /// I07.FR.04, I08.FR.08: the name stands for the content, so that a station which has the name has the tariff.
  @Test func aTariffGoesUnderTheNameOfItsContent() throws {
    var tariff = Domain.Tariff()
    tariff.ref = "T1"
    tariff.elements = [.init([.init(.energy, price: Decimal(3, places: 1))])]
    let request = try V2.request(TariffCommand.setDefault(StationTariff(tariff, name: "T1.ab"), evse: 0), .v21)
    #expect(try JSON.parse(request.payload)["tariff"]?["tariffId"] == "T1.ab")
    #expect(request.outcome(["status": "DuplicateTariffId"]).isAccepted)
    #expect(!request.outcome(["status": "TooManyElements"]).isAccepted)
  }

  @Test func aDynamicLimitIsPulled() throws {
    #expect(
      try answer("PullDynamicScheduleUpdate", #"{"chargingProfileId":7}"#, in: .v21)
        == #"{"scheduleUpdate":{"limit":3000},"status":"Accepted"}"#)
    #expect(
      try answer("PullDynamicScheduleUpdate", #"{"chargingProfileId":8}"#, in: .v21) == #"{"status":"Rejected"}"#)
    #expect(try answer("NotifyPriorityCharging", #"{"transactionId":"tx-1","activated":true}"#, in: .v21) == "{}")
    #expect(desk.priorities == ["tx-1 true"])
  }
}

extension CommandOutcome {
  fileprivate var isAccepted: Bool { if case .accepted = self { true } else { false } }
}
