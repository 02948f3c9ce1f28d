import Domain
@testable import OCPP
import Testing
import Wire

/// The reply of a 2.x call's route, as JSON text; or the CALLERROR's code and description.
@MainActor
private func hears(
  _ action: String, _ payload: String, _ desk: Desk, _ dialect: Dialect2 = .v201
) throws -> String {
  let tape = try JSONTape(Bytes(utf8: payload))
  do throws(CallFault) {
    let prepared = try dialect.routes.read(action, tape.root, edition: dialect.edition, received: received)
    desk.flags += prepared.oddities
    guard case .now(let reply) = try! prepared.decide(desk) else { return "later" }
    return String(decoding: reply.encoded(edition: dialect.edition, options: Frame.writerOptions), as: UTF8.self)
  } catch {
    return "\(error.code.spelled(in: dialect.edition)) \(error.description)"
  }
}

/// What the blocks B, C, E, G, J and P of OCPP 2.x mean to the house.
@MainActor @Suite struct CoreV2Tests {
  private let desk = Desk()

  // MARK: B, G

  @Test(arguments: [Dialect2.v201, .v21]) func aBootTellsWhoTheStationIsAndWhyItStarted(dialect: Dialect2) throws {
    let reply = try hears(
      "BootNotification",
      #"{"reason":"Watchdog","chargingStation":{"model":"Two","vendorName":"Acme","serialNumber":"S1","firmwareVersion":"7","modem":{"iccid":"89","imsi":"20"}}}"#,
      desk, dialect)
    #expect(reply == #"{"currentTime":"2026-03-01T12:00:00Z","interval":300,"status":"Accepted"}"#)
    let boot = try #require(desk.boots.first)
    #expect(boot.vendor == "Acme" && boot.model == "Two" && boot.serialNumber == "S1" && boot.firmwareVersion == "7")
    #expect(boot.iccid == "89" && boot.imsi == "20" && boot.reason == .watchdog)
  }

  @Test func aConnectorTellsWhetherItIsTaken() throws {
    for word in ["Available", "Occupied", "Reserved", "Unavailable", "Faulted", "Bored"] {
      let reply = try hears(
        "StatusNotification",
        #"{"timestamp":"2026-03-01T12:00:00Z","connectorStatus":"\#(word)","evseId":2,"connectorId":1}"#, desk)
      #expect(reply == "{}")
    }
    #expect(desk.connectors.map(\.availability) == [.available, .occupied, .reserved, .unavailable, .faulted])
    #expect(desk.connectors.allSatisfy { $0.evse == 2 && $0.connector == 1 && $0.at == received })
    #expect(desk.flags.map(\.kind) == [.unknownWord])
  }

  @Test func anEventOfAvailabilityIsTheConnectorsWord() throws {
    func event(_ component: String, _ variable: String, _ value: String) throws -> ConnectorReport? {
      try V2.EventData.read(
        Bytes(
          utf8:
            #"{"eventId":1,"timestamp":"2026-03-01T12:00:00Z","trigger":"Delta","actualValue":"\#(value)","eventNotificationType":"HardWiredNotification","component":{"name":"\#(component)","evse":{"id":2,"connectorId":3}},"variable":{"name":"\#(variable)"}}"#
        ), edition: .v21
      ).value.connectorReport
    }
    #expect(
      try event("Connector", "AvailabilityState", "Occupied")
        == ConnectorReport(evse: 2, connector: 3, availability: .occupied))
    #expect(
      try event("EVSE", "availabilitystate", "Faulted")
        == ConnectorReport(evse: 2, connector: nil, availability: .faulted))
    #expect(try event("Connector", "Temperature", "Occupied") == nil)
    #expect(try event("ChargingStation", "AvailabilityState", "Available") == nil)
    #expect(try event("Connector", "AvailabilityState", "Bored") == nil)
  }

  // MARK: C

  @Test(arguments: [
    ("ISO14443", PresentedToken.Means.iso14443), ("ISO15693", .iso15693), ("KeyCode", .keyCode), ("Central", .central),
    ("eMAID", .emaid), ("MacAddress", .macAddress), ("Local", .local), ("NoAuthorization", .nobody),
    ("DirectPayment", .directPayment), ("EVCCID", .evccid), ("VIN", .vin), ("Tattoo", .other),
  ])
  func aTokenSaysByWhichMeansItWasShown(word: String, means: PresentedToken.Means) throws {
    let reply = try hears(
      "Authorize",
      #"{"idToken":{"idToken":"AA12","type":"\#(word)","additionalInfo":[{"additionalIdToken":"17","type":"Card"}]}}"#,
      desk, .v21)
    #expect(reply == #"{"idTokenInfo":{"status":"Accepted"}}"#)
    #expect(desk.tokens == [PresentedToken("AA12", means, additional: [.init(text: "17", kind: "Card")])])
  }

  @Test func whatIsKnownOfATokenIsTold() throws {
    desk.authorization = .now(
      Authorization(
        .accepted, groupID: "FLEET", validUntil: received, language: "nl", priority: 3,
        message: DriverMessage(text: "Hello", language: "en")))
    let reply = try hears("Authorize", #"{"idToken":{"idToken":"A","type":"ISO14443"}}"#, desk)
    #expect(
      reply
        == #"{"idTokenInfo":{"status":"Accepted","cacheExpiryDateTime":"2026-03-01T12:00:00Z","chargingPriority":3,"language1":"nl","groupIdToken":{"idToken":"FLEET","type":"Central"},"personalMessage":{"format":"UTF8","language":"en","content":"Hello"}}}"#
    )
    desk.authorization = .now(Authorization(.noCredit))
    #expect(
      try hears("Authorize", #"{"idToken":{"idToken":"A","type":"ISO14443"}}"#, desk)
        == #"{"idTokenInfo":{"status":"NoCredit"}}"#)
  }

  @Test func whatHoldsOnceIsForgottenAtOnceAndALimitIsToldTo21() throws {
    var authorization = Authorization(.accepted, validUntil: received + .seconds(9_999))
    authorization.holdsOnce = true
    desk.authorization = .now(authorization)
    #expect(
      try hears("Authorize", #"{"idToken":{"idToken":"A","type":"ISO14443"}}"#, desk)
        == #"{"idTokenInfo":{"status":"Accepted","cacheExpiryDateTime":"2026-03-01T12:00:00Z"}}"#)
    desk.transactionVerdict = TransactionVerdict(
      limit: SessionLimit(cost: Money(tenThousandths: 250_000), energy: Energy(tenthsOfWattHour: 100_000), seconds: 60))
    #expect(try hears("TransactionEvent", event("Started"), desk) == "{}")
    #expect(
      try hears("TransactionEvent", event("Started"), desk, .v21)
        == #"{"transactionLimit":{"maxCost":25,"maxEnergy":10000,"maxTime":60}}"#)
  }

  @Test func theProofsOfAContractAreHandedOn() throws {
    _ = try hears(
      "Authorize",
      #"{"idToken":{"idToken":"DE8AA1234567","type":"eMAID"},"certificate":"PEM","iso15118CertificateHashData":[{"hashAlgorithm":"SHA256","issuerNameHash":"1","issuerKeyHash":"2","serialNumber":"3","responderURL":"http://x"}]}"#,
      desk)
    #expect(desk.contracts.first?.chain == "PEM")
    #expect(desk.contracts.first?.questions.count == 1)
  }

  // MARK: E

  private func event(
    _ type: String = "Updated", trigger: String = "MeterValuePeriodic", transaction: String = "", more: String = ""
  ) -> String {
    #"{"eventType":"\#(type)","timestamp":"2026-03-01T11:59:00Z","triggerReason":"\#(trigger)","seqNo":7,"transactionInfo":{"transactionId":"tx-1"\#(transaction)}\#(more)}"#
  }

  @Test func whatATerminalSettledIsTold() throws {
    let reply = try hears(
      "NotifySettlement",
      #"{"transactionId":"tx-1","pspRef":"P-7","status":"Settled","settlementAmount":12.34,"settlementTime":"2026-03-01T11:59:00Z","receiptId":"R1","vatNumber":"NL1","vatCompany":{"name":"ACME BV","address1":"Dam 1","address2":"2nd floor","city":"Amsterdam","country":"NL"}}"#,
      desk, .v21)
    #expect(reply == "{}")
    let settlement = try #require(desk.settlements.first)
    #expect(settlement.transaction == "tx-1" && settlement.reference == "P-7" && settlement.state == .settled)
    #expect(settlement.amount == Decimal(1234, places: 2))
    #expect(settlement.receiptID == "R1" && settlement.vatNumber == "NL1")
    #expect(settlement.company?.name == "ACME BV" && settlement.company?.address == "Dam 1, 2nd floor")
  }

  @Test func whereTheReceiptIsOursTheStationHearsIt() throws {
    desk.receipt = "https://pay.example/r/1"
    for (own, told) in [
      ("", #"{"receiptUrl":"https:\/\/pay.example\/r\/1"}"#), (#","receiptUrl":"https://t.example/9""#, "{}"),
    ] {
      let reply = try hears(
        "NotifySettlement",
        #"{"transactionId":"tx-1","pspRef":"P-7","status":"Settled","settlementAmount":1,"settlementTime":"2026-03-01T11:59:00Z"\#(own)}"#,
        desk, .v21)
      #expect(try JSON.parse(reply) == JSON.parse(told))
    }
  }

  @Test func aVATNumberIsNotTakenForValid() throws {
    let reply = try JSON.parse(try hears("VatNumberValidation", #"{"vatNumber":"NL1"}"#, desk, .v21))
    #expect(reply["status"] == "Rejected" && reply["vatNumber"] == "NL1")
  }

  @Test func aTransactionsEventIsToldInTheHousesWords() throws {
    desk.transactionVerdict = TransactionVerdict(
      authorization: Authorization(.accepted), totalCost: Decimal(125, places: 2),
      message: DriverMessage(text: "1.25 so far"))
    let reply = try hears(
      "TransactionEvent",
      event(
        "Started", trigger: "RemoteStart", transaction: #","chargingState":"EVConnected","remoteStartId":99"#,
        more:
          #","offline":true,"evse":{"id":2,"connectorId":1},"idToken":{"idToken":"A","type":"Central"},"reservationId":5,"meterValue":[{"timestamp":"2026-03-01T11:59:00Z","sampledValue":[{"value":1.5,"context":"Transaction.Begin","unitOfMeasure":{"unit":"kWh"}},{"value":11,"context":"Transaction.Begin","measurand":"Power.Active.Import","unitOfMeasure":{"unit":"W","multiplier":3}}]}]"#
      ), desk)
    #expect(
      reply
        == #"{"totalCost":1.25,"idTokenInfo":{"status":"Accepted"},"updatedPersonalMessage":{"format":"UTF8","content":"1.25 so far"}}"#
    )
    let report = try #require(desk.told.first)
    #expect(report.phase == .started && report.transaction == "tx-1" && report.seqNo == 7 && report.isOffline)
    #expect(report.trigger == .authorized && report.chargingState == .connected && report.remoteStart == 99)
    #expect(report.evse == 2 && report.connector == 1 && report.reservation == 5)
    #expect(report.token == PresentedToken("A", .central) && report.written == "2026-03-01T11:59:00Z")
    #expect(report.readings.first?.register == Energy(tenthsOfWattHour: 15_000))
    #expect(report.readings.first?.power == Decimal(11_000) && report.readings.first?.context == .begin)
    #expect(report.ending == nil)
  }

  @Test(arguments: [
    ("DeAuthorized", Session.Ending.deauthorized), ("EmergencyStop", .emergency), ("EnergyLimitReached", .energyLimit),
    ("EVDisconnected", .vehicle), ("GroundFault", .groundFault), ("ImmediateReset", .reboot), ("Local", .local),
    ("LocalOutOfCredit", .costLimit), ("MasterPass", .masterPass), ("Other", .other),
    ("OvercurrentFault", .overcurrent),
    ("PowerLoss", .powerLoss), ("PowerQuality", .powerQuality), ("Reboot", .reboot), ("Remote", .remote),
    ("SOCLimitReached", .stateOfChargeLimit), ("StoppedByEV", .vehicle), ("TimeLimitReached", .timeLimit),
    ("Timeout", .timeout), ("Boredom", .other),
  ])
  func anEndHasItsReason(word: String, ending: Session.Ending) throws {
    _ = try hears("TransactionEvent", event("Ended", transaction: #","stoppedReason":"\#(word)""#), desk)
    #expect(desk.told.first?.ending == ending)
  }

  @Test func anEndWithoutAReasonIsLocal() throws {
    _ = try hears("TransactionEvent", event("Ended"), desk)
    #expect(desk.told.first?.ending == .local)
  }

  @Test func anEventThatCannotBeReadIsParkedAndAnsweredPositively() throws {
    #expect(try hears("TransactionEvent", #"{"eventType":"Updated","seqNo":"many"}"#, desk) == "{}")
    #expect(desk.parked.count == 1 && desk.told.isEmpty)
    // Where its readings alone are broken the rest of it counts.
    let broken = event("Ended", more: #","meterValue":"none""#)
    #expect(try hears("TransactionEvent", broken, desk) == "{}")
    #expect(desk.parked.count == 2 && desk.told.map(\.phase) == [.ended])
  }

  @Test func aClockThatCannotBeIsFlaggedAndOnlyReceptionCounts() throws {
    let odd = event().replacing("2026-03-01T11:59:00Z", with: "1970-01-01T00:00:09Z")
    _ = try hears("TransactionEvent", odd, desk)
    #expect(desk.told.first?.at == nil && desk.told.first?.written == "1970-01-01T00:00:09Z")
    #expect(desk.flags.contains { $0.kind == .badTimestamp })
  }

  // MARK: J, P

  @Test func readingsOutsideOfATransactionAreOfTheirEVSE() throws {
    let values = #"[{"timestamp":"2026-03-01T12:00:00Z","sampledValue":[{"value":"12500"}]}]"#
    for evse in [0, 2] { _ = try hears("MeterValues", #"{"evseId":\#(evse),"meterValue":\#(values)}"#, desk) }
    #expect(desk.meters.map(\.evse) == [0, 2] && desk.meters.allSatisfy { $0.transaction == nil })
    #expect(desk.meters.first?.readings.first?.register == Energy(tenthsOfWattHour: 125_000))
  }

  @Test(arguments: [
    ("12.5", "\"kWh\"", 0, Int64(125_000)), ("12.5", "\"Wh\"", 3, 125_000), ("125000000", "\"Wh\"", -4, 125_000),
    ("0.0125", "\"Wh\"", 6, 125_000), ("12500", "null", 0, 125_000),
  ])
  func aRegisterIsReadInWhateverItIsCounted(value: String, unit: String, multiplier: Int, tenths: Int64) throws {
    let sample = #"{"value":\#(value),"unitOfMeasure":{"unit":\#(unit),"multiplier":\#(multiplier)}}"#
    _ = try hears(
      "MeterValues",
      #"{"evseId":1,"meterValue":[{"timestamp":"2026-03-01T12:00:00Z","sampledValue":[\#(sample)]}]}"#, desk)
    #expect(desk.meters.first?.readings.first?.register == Energy(tenthsOfWattHour: tenths))
  }

  @Test(arguments: ["1e30", "999999999999999999999999999999999999"]) func whatNoMeterShowsIsPassedOver(value: String)
    throws
  {
    let sample = #"{"value":\#(value),"unitOfMeasure":{"multiplier":9}}"#
    let reply = try hears(
      "MeterValues",
      #"{"evseId":1,"meterValue":[{"timestamp":"2026-03-01T12:00:00Z","sampledValue":[\#(sample)]}]}"#, desk)
    #expect(reply == "{}")
    #expect(desk.meters.allSatisfy { $0.readings.allSatisfy { $0.register == nil } })
  }

  /// Floats that stand for "no value", and 64 bits below zero: the transaction around them is told all the same.
  @Test(arguments: ["3.4028235e38", "-3.4028235e38", "1e40", "18446744073709551615", "1e-40", "1.4210854715202004e-14"])
  func aTransactionIsToldWhateverItsMeterShows(value: String) throws {
    let sample = #"{"value":\#(value),"measurand":"Power.Active.Import"},{"value":12500}"#
    let reply = try hears(
      "TransactionEvent",
      event(more: #","meterValue":[{"timestamp":"2026-03-01T12:00:00Z","sampledValue":[\#(sample)]}]"#), desk)
    #expect(reply.hasPrefix("{") && desk.told.count == 1, "\(desk.told) \(desk.parked)")
    #expect(desk.told.first?.readings.first?.register == Energy(tenthsOfWattHour: 125_000))
  }

  @Test func aVendorsDataAreAnswered() throws {
    desk.transferVerdict = .accepted(data: "pong")
    #expect(
      try hears("DataTransfer", #"{"vendorId":"Acme","messageId":"ping","data":{"a":1}}"#, desk)
        == #"{"status":"Accepted","data":"pong"}"#)
    #expect(desk.transfers == [#"Acme/ping/{"a":1}"#])
  }

  // MARK: Commands

  @Test(
    arguments: [
      (
        StationCommand.remoteStart(
          RemoteStart(
            evse: 2, tag: "ALIAS", token: PresentedToken("04A1", .iso14443), groupID: "FLEET", number: 77)),
        "RequestStartTransaction",
        #"{"evseId":2,"groupIdToken":{"idToken":"FLEET","type":"Central"},"idToken":{"idToken":"04A1","type":"ISO14443"},"remoteStartId":77}"#
      ),
      (
        .remoteStart(
          RemoteStart(
            evse: nil, tag: "ALIAS", token: PresentedToken(String(repeating: "x", count: 40), .central), number: 1)),
        "RequestStartTransaction", #"{"idToken":{"idToken":"ALIAS","type":"Central"},"remoteStartId":1}"#
      ),
      (.remoteStop(.text("tx-1")), "RequestStopTransaction", #"{"transactionId":"tx-1"}"#),
      (.reset(.soft), "Reset", #"{"type":"OnIdle"}"#),
      (.reset(.hard, evse: 1), "Reset", #"{"type":"Immediate","evseId":1}"#),
      (.unlock(evse: 2), "UnlockConnector", #"{"evseId":2,"connectorId":1}"#),
      (
        .setAvailability(evse: 1, connector: 2, operative: false), "ChangeAvailability",
        #"{"evse":{"id":1,"connectorId":2},"operationalStatus":"Inoperative"}"#
      ),
      (.setAvailability(evse: 0, operative: true), "ChangeAvailability", #"{"operationalStatus":"Operative"}"#),
      (.clearCache, "ClearCache", "{}"),
      (
        .trigger(.status, evse: 1), "TriggerMessage",
        #"{"evse":{"id":1,"connectorId":1},"requestedMessage":"StatusNotification"}"#
      ),
      (.trigger(.transaction, evse: 2), "TriggerMessage", #"{"evse":{"id":2},"requestedMessage":"TransactionEvent"}"#),
      (.transactionStatus(nil), "GetTransactionStatus", "{}"),
      (.transferData(vendor: "Acme", message: nil, data: "x"), "DataTransfer", #"{"data":"x","vendorId":"Acme"}"#),
    ] as [(StationCommand, String, String)])
  func aCommandBecomesACall(command: StationCommand, action: String, payload: String) throws {
    for dialect in [Dialect2.v201, .v21] where !payload.contains("ALIAS") || dialect.edition == .v201 {
      let request = try dialect.request(for: command)
      #expect(request.action == action)
      #expect(String(decoding: request.payload, as: UTF8.self) == payload)
    }
  }

  nonisolated private static let twoWays: Domain.ChargingProfile = {
    var profile = Domain.ChargingProfile()
    (profile.purpose, profile.kind) = (.session, .relative)
    profile.schedule.unit = .watts
    var flow = Domain.ChargingProfile.Bidirectional()
    (flow.mode, flow.setpoint) = (.centralSetpoint, Decimal(-3_000))
    profile.schedule.periods = [.init(start: 0, limit: 11_000, bidirectional: flow)]
    return profile
  }()

  @Test(
    arguments: [
      (
        .grid(.signal(3, at: Timestamp("2026-03-01T12:00:00Z")!)), "AFRRSignal",
        #"{"timestamp":"2026-03-01T12:00:00Z","signal":3}"#
      ),
      (.tariff(.webPayment(evse: 1, seconds: 90)), "NotifyWebPaymentStarted", #"{"evseId":1,"timeout":90}"#),
      (
        .profile(.set(twoWays, number: 7, evse: 1)), "SetChargingProfile",
        #"{"evseId":1,"chargingProfile":{"id":7,"stackLevel":0,"chargingProfilePurpose":"TxProfile","chargingProfileKind":"Relative","chargingSchedule":[{"id":7,"chargingRateUnit":"W","chargingSchedulePeriod":[{"startPeriod":0,"setpoint":-3000,"operationMode":"CentralSetpoint"}]}]}}"#
      ),
    ] as [(StationCommand, String, String)])
  func whatOnly21Says(command: StationCommand, action: String, payload: String) throws {
    let request = try Dialect2.v21.request(for: command)
    #expect(request.action == action)
    #expect(String(decoding: request.payload, as: UTF8.self) == payload)
    #expect(throws: Unspeakable.self) { try Dialect2.v201.request(for: command) }
    #expect(throws: Unspeakable.self) { try Dialect16().request(for: command) }
  }

  @Test func aStartBringsAProfileWithoutATransaction() throws {
    var profile = Domain.ChargingProfile()
    (profile.purpose, profile.kind) = (.session, .relative)
    profile.schedule.periods = [.init(start: 0, limit: 16)]
    var start = RemoteStart(evse: 1, tag: "04A1", number: 9)
    start.profile = .init(number: 5, profile: profile)
    for (dialect, field) in [(Dialect16() as any Dialect, "chargingProfileId"), (Dialect2.v201, "id")] {
      let payload = try JSON.parse(dialect.request(for: .remoteStart(start)).payload)
      #expect(payload["chargingProfile"]?[field]?.int == 5)
      #expect(payload["chargingProfile"]?["chargingProfilePurpose"]?.string == "TxProfile")
      #expect(payload["chargingProfile"]?["transactionId"] == nil)
    }
  }

  @Test func aVATNumberIsAnsweredAsTheRegisterSays() throws {
    let asked = #"{"vatNumber":"NL123456789B01"}"#
    desk.vatAnswer = .valid(.init(name: "ACME", address: "Dam 1", city: "Amsterdam", country: "NL"))
    let answer = try hears("VatNumberValidation", asked, desk, .v21)
    #expect(answer.contains(#""company":{"name":"ACME","address1":"Dam 1","city":"Amsterdam","country":"NL"}"#))
    #expect(answer.contains(#""status":"Accepted""#))
    desk.vatAnswer = .unknown("nobody knows")
    #expect(try hears("VatNumberValidation", asked, desk, .v21).contains(#""status":"Rejected""#))
  }

  @Test func aRawCallsStatusIsWhatItsDeclarationTakesItAs() throws {
    let request = try Dialect2.v201.request(for: .raw(action: "UpdateFirmware", payload: [:]))
    #expect(request.outcome(["status": "AcceptedCanceled"]) == .accepted(answer: ["status": "AcceptedCanceled"]))
    let no: JSON = ["status": "InvalidCertificate"]
    #expect(request.outcome(no) == .refused(word: "InvalidCertificate", answer: no))
    // What cannot be read is judged by its word alone.
    let odd: JSON = ["status": "Perhaps"]
    #expect(request.outcome(odd) == .refused(word: "Perhaps", answer: odd))
  }

  @Test func aRawCallWithoutAStatusIsJudgedByItsDeclaration() throws {
    let request = try Dialect2.v201.request(for: .raw(action: "SetVariables", payload: [:]))
    func answer(_ word: String) -> JSON {
      [
        "setVariableResult": [
          ["attributeStatus": .string(word), "component": ["name": "A"], "variable": ["name": "B"]]
        ]
      ]
    }
    #expect(request.outcome(answer("Accepted")) == .accepted(answer: answer("Accepted")))
    #expect(request.outcome(answer("Rejected")) == .refused(word: "Rejected", answer: answer("Rejected")))
  }

  @Test func whatAVersionLacksIsSaid() throws {
    #expect(throws: Unspeakable.self) { try Dialect2.v201.request(for: .reset(.resume)) }
    #expect(throws: Never.self) { try Dialect2.v21.request(for: .reset(.resume)) }
    #expect(throws: Unspeakable.self) { try Dialect2.v21.request(for: .trigger(.status, evse: nil)) }
    #expect(throws: Unspeakable.self) {
      try Dialect2.v201.request(for: .remoteStop(.text(String(repeating: "x", count: 37))))
    }
  }

  @Test func aWordOf21TravelsIn201AsAnIdOfOurs() throws {
    let start = StationCommand.remoteStart(
      RemoteStart(evse: 1, tag: "V", token: PresentedToken("WVWZZZ1JZXW000001", .vin), number: 1))
    let old = String(decoding: try Dialect2.v201.request(for: start).payload, as: UTF8.self)
    let new = String(decoding: try Dialect2.v21.request(for: start).payload, as: UTF8.self)
    #expect(old.contains(#""type":"Central""#) && new.contains(#""type":"VIN""#))
  }
}
