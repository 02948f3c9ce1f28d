import Domain
import Testing
import Wire

@testable import OCPP

/// What the house asks beyond Core, as OCPP 1.6 writes it.
@MainActor @Suite struct ProfileTests {
  private let desk = Desk()

  nonisolated static let time = Timestamp("2026-03-01T12:00:00Z")!
  nonisolated static let update = LocalListUpdate(
    version: 8, isFull: false,
    entries: [
      LocalListEntry(tag: "04A1", standing: .accepted, groupID: "G", validUntil: time),
      LocalListEntry(tag: "04B2", standing: .blocked), LocalListEntry(tag: "04C3", standing: .removed),
      LocalListEntry(tag: String(repeating: "9", count: 21), standing: .accepted),
    ])
  nonisolated static let wish = ReservationWish(
    number: 7, evse: nil, tag: "04A1", kind: .rfid, groupID: "G", expiresAt: time)
  nonisolated static var profile: Domain.ChargingProfile {
    var profile = Domain.ChargingProfile()
    (profile.purpose, profile.stackLevel, profile.kind, profile.transaction) = (.session, 2, .absolute, "4711")
    (profile.schedule.startsAt, profile.schedule.seconds, profile.schedule.leastRate) = (time, 3_600, 6)
    profile.schedule.periods = [
      .init(start: 0, limit: Decimal(1_679, places: 2), phases: 3), .init(start: 60, limit: 8),
    ]
    return profile
  }
  nonisolated static var firmware: FirmwareWish {
    var wish = FirmwareWish(request: 9, url: "https://files.example/fw.bin", retrieveAt: time)
    (wish.retries, wish.retrySeconds) = (3, 60)
    return wish
  }
  nonisolated static var signedFirmware: FirmwareWish {
    var wish = firmware
    (wish.signature, wish.certificate, wish.installAt) = ("c2ln", "-----BEGIN CERTIFICATE-----", time)
    return wish
  }
  nonisolated static let log = LogWish(request: 10, kind: .diagnostics, url: "https://files.example/in")
  nonisolated static var securityLog: LogWish {
    var wish = LogWish(request: 11, kind: .security, url: "https://files.example/in")
    (wish.from, wish.to) = (time, time)
    return wish
  }

  @Test(
    arguments: [
      (.list(.version), "GetLocalListVersion", "{}"),
      (
        .list(.send(update)), "SendLocalList",
        #"{"listVersion":8,"localAuthorizationList":[{"idTag":"04A1","idTagInfo":{"expiryDate":"2026-03-01T12:00:00Z","parentIdTag":"G","status":"Accepted"}},{"idTag":"04B2","idTagInfo":{"status":"Blocked"}},{"idTag":"04C3"}],"updateType":"Differential"}"#
      ),
      (
        .reservation(.reserve(wish)), "ReserveNow",
        #"{"connectorId":0,"expiryDate":"2026-03-01T12:00:00Z","idTag":"04A1","parentIdTag":"G","reservationId":7}"#
      ),
      (.reservation(.cancel(number: 7)), "CancelReservation", #"{"reservationId":7}"#),
      (
        .profile(.set(profile, number: 5, evse: 1)), "SetChargingProfile",
        #"{"connectorId":1,"csChargingProfiles":{"chargingProfileId":5,"transactionId":4711,"stackLevel":2,"chargingProfilePurpose":"TxProfile","chargingProfileKind":"Absolute","chargingSchedule":{"duration":3600,"startSchedule":"2026-03-01T12:00:00Z","chargingRateUnit":"A","chargingSchedulePeriod":[{"startPeriod":0,"limit":16.7,"numberPhases":3},{"startPeriod":60,"limit":8}],"minChargingRate":6}}}"#
      ),
      (
        .profile(.clear(ProfileFilter(evse: 1, purpose: .anySession, stackLevel: 0))), "ClearChargingProfile",
        #"{"connectorId":1,"chargingProfilePurpose":"TxDefaultProfile","stackLevel":0}"#
      ),
      (
        .profile(.composite(evse: 0, seconds: 60, unit: .watts)), "GetCompositeSchedule",
        #"{"connectorId":0,"duration":60,"chargingRateUnit":"W"}"#
      ),
      (
        .firmware(.update(firmware)), "UpdateFirmware",
        #"{"location":"https://files.example/fw.bin","retries":3,"retrieveDate":"2026-03-01T12:00:00Z","retryInterval":60}"#
      ),
      (
        .firmware(.update(signedFirmware)), "SignedUpdateFirmware",
        #"{"retries":3,"retryInterval":60,"requestId":9,"firmware":{"location":"https://files.example/fw.bin","retrieveDateTime":"2026-03-01T12:00:00Z","installDateTime":"2026-03-01T12:00:00Z","signingCertificate":"-----BEGIN CERTIFICATE-----","signature":"c2ln"}}"#
      ),
      (.firmware(.log(log)), "GetDiagnostics", #"{"location":"https://files.example/in"}"#),
      (
        .firmware(.log(securityLog)), "GetLog",
        #"{"log":{"remoteLocation":"https://files.example/in","oldestTimestamp":"2026-03-01T12:00:00Z","latestTimestamp":"2026-03-01T12:00:00Z"},"logType":"SecurityLog","requestId":11}"#
      ),
      (.trigger(.firmware, evse: nil), "TriggerMessage", #"{"requestedMessage":"FirmwareStatusNotification"}"#),
      (.trigger(.diagnostics, evse: nil), "TriggerMessage", #"{"requestedMessage":"DiagnosticsStatusNotification"}"#),
      (.trigger(.log, evse: nil), "ExtendedTriggerMessage", #"{"requestedMessage":"LogStatusNotification"}"#),
      (
        .trigger(.certificate, evse: nil), "ExtendedTriggerMessage",
        #"{"requestedMessage":"SignChargePointCertificate"}"#
      ),
    ] as [(StationCommand, String, String)])
  func everyCommandHasItsCall(_ command: StationCommand, _ action: String, _ payload: String) throws {
    let request = try Dialect16().request(for: command)
    #expect(request.action == action)
    #expect(String(decoding: request.payload, as: UTF8.self) == payload)
  }

  @Test(arguments: [
    StationCommand.trigger(.transaction, evse: nil), .profile(.priority(transaction: "1", isOn: true)),
    .profile(.dynamic(number: 1, .init(start: 0, limit: 1))),
    .profile(.report(request: 1, ProfileFilter())), .firmware(.unpublish(md5: "x")),
    .reservation(
      .reserve(
        ReservationWish(
          number: 1, evse: 1, tag: String(repeating: "9", count: 21), kind: .rfid, groupID: nil,
          expiresAt: time))),
  ])
  func whatThisVersionLacksIsSaid(_ command: StationCommand) {
    #expect(throws: Unspeakable.self) { try Dialect16().request(for: command) }
  }

  @Test func aStationWithoutAListSaysMinusOne() throws {
    let request = try Dialect16().request(for: .list(.version))
    #expect(request.outcome(["listVersion": 4]) == .accepted(answer: ["version": 4]))
    #expect(request.outcome(["listVersion": -1]) == .refused(word: "NotSupported", answer: ["listVersion": -1]))
  }

  @Test func aCompositeScheduleIsToldInTheHousesWords() throws {
    let request = try Dialect16().request(for: .profile(.composite(evse: 1, seconds: 60, unit: nil)))
    let answer = try JSON.parse(
      #"{"status":"Accepted","connectorId":1,"scheduleStart":"2026-03-01T12:00:00Z","chargingSchedule":{"duration":60,"chargingRateUnit":"W","chargingSchedulePeriod":[{"startPeriod":0,"limit":11000.5}]}}"#
    )
    #expect(
      request.outcome(answer)
        == .accepted(
          answer: try JSON.parse(
            #"{"evse":1,"schedule":{"unit":"W","starts_at":"2026-03-01T12:00:00Z","duration_s":60,"periods":[{"start_s":0,"limit":11000.5}]}}"#
          )))
  }

  @Test func whatAStationCanHoldIsReadFromItsSettings() throws {
    let request = try Dialect16().request(for: .capacity())
    let answer = try JSON.parse(
      #"{"configurationKey":[{"key":"LocalAuthListMaxLength","readonly":true,"value":"500"},{"key":"sendlocallistmaxlength","readonly":true,"value":"20"},{"key":"ChargingScheduleAllowedChargingRateUnit","readonly":true,"value":"Power"},{"key":"ChargeProfileMaxStackLevel","readonly":true,"value":"many"},{"key":"LocalAuthListEnabled","readonly":false,"value":"true"}],"unknownKey":["ReserveConnectorZeroSupported"]}"#
    )
    guard case .accepted(let told) = request.outcome(answer) else {
      Issue.record("a configuration is a yes")
      return
    }
    let capacity = try StationCapacity.read(told).value
    #expect(capacity.listEntries == 500)
    #expect(capacity.listEntriesPerMessage == 20)
    #expect(capacity.takesWatts == true)
    #expect(capacity.takesAmperes == false)
    #expect(capacity.highestStackLevel == nil)
    #expect(capacity.isListEnabled == true)
  }

  @Test(arguments: [(CapacityQuestion.all, nil, 1), (.all, 3, 3), (.each, nil, 8)] as [(CapacityQuestion, Int?, Int)])
  func whatAStationCanHoldIsAskedInPiecesThatItTakes(_ question: CapacityQuestion, _ most: Int?, _ calls: Int) throws {
    let pieces = V16.pieces(of: .capacity(question)) { $0.variable == "GetConfigurationMaxKeys" ? most : nil }
    let asked = try pieces.map { piece in
      try JSON.parse(Dialect16().request(for: piece).payload)["key"]?.array?.compactMap(\.string) ?? []
    }
    #expect(asked.count == calls && asked.allSatisfy { $0.count <= most ?? 8 })
    #expect(asked.flatMap(\.self) == V16.capacityNames.map(\.variable))
  }

  @Test(
    arguments: [
      (
        "FirmwareStatusNotification", #"{"status":"Downloading"}"#,
        FirmwareReport(.transferring, word: "Downloading", request: nil)
      ),
      (
        "FirmwareStatusNotification", #"{"status":"installed"}"#,
        FirmwareReport(.installed, word: "installed", request: nil)
      ),
      (
        "SignedFirmwareStatusNotification", #"{"status":"InvalidSignature","requestId":9}"#,
        FirmwareReport(.failed, word: "InvalidSignature", request: 9)
      ),
      ("SignedFirmwareStatusNotification", #"{"status":"Exploded","requestId":9}"#, nil),
    ] as [(String, String, FirmwareReport?)])
  func firmwareIsReported(_ action: String, _ payload: String, _ report: FirmwareReport?) throws {
    #expect(try answer(action, payload, desk) == "{}")
    #expect(desk.firmwareReports == [report].compactMap { $0 })
    #expect(desk.flags.isEmpty == (report != nil && !payload.contains("\"installed\"")))
  }

  @Test(
    arguments: [
      (
        "DiagnosticsStatusNotification", #"{"status":"Uploaded"}"#, LogReport(.uploaded, word: "Uploaded", request: nil)
      ),
      (
        "DiagnosticsStatusNotification", #"{"status":"UploadFailed"}"#,
        LogReport(.failed, word: "UploadFailed", request: nil)
      ),
      (
        "LogStatusNotification", #"{"status":"PermissionDenied","requestId":3}"#,
        LogReport(.failed, word: "PermissionDenied", request: 3)
      ),
    ] as [(String, String, LogReport)])
  func logsAreReported(_ action: String, _ payload: String, _ report: LogReport) throws {
    #expect(try answer(action, payload, desk) == "{}")
    #expect(desk.logReports == [report])
  }
}
