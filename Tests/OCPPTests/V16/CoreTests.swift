import Domain
@testable import OCPP
import Testing
import Wire

let received = Timestamp("2026-03-01T12:00:00Z")!

/// A house that says yes, and remembers what it was told.
@MainActor
final class Desk: StationService {
  var boots: [BootReport] = []
  var statuses: [StatusReport] = []
  var tags: [String] = []
  var starts: [StartReport] = []
  var meters: [MeterReport] = []
  var stops: [StopReport] = []
  var transfers: [String] = []
  var parked: [String] = []
  var flags: [Oddity] = []
  var requests: [CertificateRequestReport] = []
  var certificateVerdict = CertificateRequestVerdict.accepted
  var securityEvents: [SecurityEventReport] = []
  var questions: [CertificateQuestion] = []
  var responderAnswer = ResponderAnswer.answered([1, 2, 3])
  var wishes: [ContractWish] = []
  var contractAnswer = ContractAnswer.answered("RVhJ", remaining: nil)
  var contracts: [ContractReport] = []
  var contractAuthorization = ContractAuthorization(Authorization(.accepted), certificate: .accepted)
  var connectors: [ConnectorReport] = []
  var tokens: [PresentedToken] = []
  var told: [TransactionReport] = []
  var transactionVerdict = TransactionVerdict()
  var registration = Station.Registration.accepted
  var authorization = Eventually<Authorization>.now(Authorization(.accepted))
  var transferVerdict = TransferVerdict.accepted(data: nil)

  nonisolated init() {}

  func boot(_ report: BootReport) -> BootVerdict {
    boots.append(report)
    return BootVerdict(registration: registration, interval: 300, now: received)
  }
  func report(_ status: StatusReport) { statuses.append(status) }
  func authorize(tag: String) -> Eventually<Authorization> {
    tags.append(tag)
    return authorization
  }
  func authorize(_ token: PresentedToken) -> Eventually<Authorization> {
    tokens.append(token)
    return authorization
  }
  func report(_ connector: ConnectorReport) { connectors.append(connector) }
  func tell(_ report: TransactionReport) -> TransactionVerdict {
    told.append(report)
    return transactionVerdict
  }
  func start(_ report: StartReport) -> StartVerdict {
    starts.append(report)
    return StartVerdict(transaction: 4711, authorization: Authorization(.accepted))
  }
  func meter(_ report: MeterReport) { meters.append(report) }
  func stop(_ report: StopReport) -> StopVerdict {
    stops.append(report)
    return StopVerdict(authorization: report.tag == nil ? nil : Authorization(.accepted))
  }
  func transfer(vendor: String, message: String?, data: JSON?) -> TransferVerdict {
    transfers.append("\(vendor)/\(message ?? "-")/\(data?.text ?? "-")")
    return transferVerdict
  }
  func park(action: String, payload: JSON, why: String) { parked.append("\(action): \(why)") }
  func flag(action: String, oddities: [Oddity]) { flags += oddities }

  var firmwareReports: [FirmwareReport] = []
  var logReports: [LogReport] = []
  var endedReservations: [Int64] = []

  func firmware(_ report: FirmwareReport) { firmwareReports.append(report) }
  func log(_ report: LogReport) { logReports.append(report) }
  func reservation(_ number: Int64, ended: ReservationEnding) { endedReservations.append(number) }

  var profileReports: [ProfileReport] = []
  var limitReports: [LimitReport] = []
  var clearedLimits: [String] = []
  var vehicleNeeds: [ChargingNeeds] = []
  var vehicleSchedules: [CompositeSchedule] = []
  var takesOffers = true
  var priorities: [String] = []
  var needsVerdict = NeedsVerdict.offered

  func profiles(_ report: ProfileReport) { profileReports.append(report) }
  func limit(_ report: LimitReport) { limitReports.append(report) }
  func limitCleared(evse: Int?, source: String) { clearedLimits.append(source) }
  func needs(_ needs: ChargingNeeds) -> NeedsVerdict {
    vehicleNeeds.append(needs)
    return needsVerdict
  }
  func vehicleWillTake(_ schedule: CompositeSchedule) -> Bool {
    vehicleSchedules.append(schedule)
    return takesOffers
  }
  func priority(transaction: String, isOn: Bool) { priorities.append("\(transaction) \(isOn)") }
  func dynamicLimit(of number: Int64) -> Decimal? { number == 7 ? 3_000 : nil }

  func requestCertificate(_ report: CertificateRequestReport) -> CertificateRequestVerdict {
    requests.append(report)
    return certificateVerdict
  }
  func report(_ event: SecurityEventReport) { securityEvents.append(event) }
  func ask(about question: CertificateQuestion) -> Eventually<ResponderAnswer> {
    questions.append(question)
    return .now(responderAnswer)
  }
  func states(of questions: [CertificateQuestion]) -> Eventually<[CertificateState]> {
    self.questions += questions
    return .now(questions.map { _ in CertificateState(.revoked, until: received) })
  }
  func contractCertificate(_ wish: ContractWish) -> Eventually<ContractAnswer> {
    wishes.append(wish)
    return .now(contractAnswer)
  }
  func authorize(_ contract: ContractReport) -> Eventually<ContractAuthorization> {
    contracts.append(contract)
    return .now(contractAuthorization)
  }

  var values: [DeviceValue] = []
  var monitors: [Monitor] = []
  var alerts: [Alert] = []
  var messages: [DisplayMessage] = []
  var customers: [String] = []
  var parts: [ReportPart] = []
  var streams: [ValueStream] = []
  var streamed: [StreamedValue] = []
  func report(_ values: [DeviceValue], in part: ReportPart) {
    self.values += values
    parts.append(part)
  }
  func report(_ monitors: [Monitor], in part: ReportPart) {
    self.monitors += monitors
    parts.append(part)
  }
  func alert(_ alerts: [Alert]) { self.alerts += alerts }
  func open(_ stream: ValueStream) -> Bool {
    streams.append(stream)
    return streams.count == 1
  }
  func close(stream: Int) { streams.removeAll { $0.number == stream } }
  func take(_ values: [StreamedValue], of stream: Int, pending: Int) { streamed += values }
  func report(_ messages: [DisplayMessage], in part: ReportPart) {
    self.messages += messages
    parts.append(part)
  }

  var controls: [GridControl] = []
  var turned: [String] = []
  var swaps: [BatterySwap] = []
  func report(_ controls: [GridControl], in part: ReportPart) {
    self.controls += controls
    parts.append(part)
  }
  func control(_ id: String, isRunning: Bool, inPlaceOf others: [String], at: Timestamp) {
    turned.append("\(id) \(isRunning) \(others)")
  }
  func swapped(_ swap: BatterySwap) { swaps.append(swap) }
  var settlements: [Settlement] = []
  var receipt: String?
  func paid(_ settlement: Settlement) -> String? {
    settlements.append(settlement)
    return receipt
  }
  var vatAnswer = VATAnswer.invalid
  func company(ofVATNumber number: String) -> Eventually<VATAnswer> { .now(vatAnswer) }
  func report(customer text: String, in part: ReportPart) {
    customers.append(text)
    parts.append(part)
  }
}

/// The reply of a call's route, as JSON text; or the CALLERROR's code and description.
@MainActor
func answer(_ action: String, _ payload: String, _ desk: Desk) throws -> String {
  let tape = try JSONTape(Bytes(utf8: payload))
  do throws(CallFault) {
    let prepared = try Dialect16().routes.read(action, tape.root, edition: .v16, received: received)
    desk.flags += prepared.oddities
    guard case .now(let reply) = try! prepared.decide(desk) else { return "later" }
    return String(decoding: reply.encoded(edition: .v16, options: Frame.writerOptions), as: UTF8.self)
  } catch {
    return "\(error.code.spelled(in: .v16)) \(error.description)"
  }
}

@MainActor @Suite struct CoreTests {
  private let desk = Desk()

  @Test func aBootIsAnsweredWithTheHousesVerdict() throws {
    let reply = try answer(
      "BootNotification",
      #"{"chargePointVendor":"Acme","chargePointModel":"One","chargeBoxSerialNumber":"B1","firmwareVersion":"1.2","iccid":"8988"}"#,
      desk)
    #expect(reply == #"{"status":"Accepted","currentTime":"2026-03-01T12:00:00Z","interval":300}"#)
    #expect(desk.boots.first?.vendor == "Acme")
    #expect(desk.boots.first?.model == "One")
    #expect(desk.boots.first?.serialNumber == "B1")
    #expect(desk.boots.first?.firmwareVersion == "1.2")
    #expect(desk.boots.first?.iccid == "8988")
  }

  @Test(arguments: [(Station.Registration.pending, "Pending"), (.rejected, "Rejected")])
  func aBootMayHaveToWait(_ registration: Station.Registration, _ word: String) throws {
    desk.registration = registration
    let reply = try answer("BootNotification", #"{"chargePointVendor":"A","chargePointModel":"M"}"#, desk)
    #expect(reply.contains(#""status":"\#(word)""#))
  }

  @Test func aHeartbeatNeedsNoTurn() throws {
    let tape = try JSONTape(Bytes(utf8: "{}"))
    let prepared = try Dialect16().routes.read("Heartbeat", tape.root, edition: .v16, received: received)
    guard case .reply(let reply) = prepared.work else {
      Issue.record("it needs a turn")
      return
    }
    #expect(reply.json == ["currentTime": "2026-03-01T12:00:00Z"])
  }

  @Test(arguments: [
    ("Available", EVSE.Status.available), ("Preparing", .preparing), ("Charging", .charging),
    ("SuspendedEV", .suspendedEV),
    ("SuspendedEVSE", .suspendedEVSE), ("Finishing", .finishing), ("Reserved", .reserved),
    ("Unavailable", .unavailable),
    ("Faulted", .faulted), ("charging", .charging), ("SuspendedEv", .suspendedEV), ("Occupied", .charging),
  ])
  func aStatusIsReported(_ word: String, _ status: EVSE.Status) throws {
    let reply = try answer(
      "StatusNotification",
      #"{"connectorId":2,"errorCode":"NoError","status":"\#(word)","timestamp":"2026-03-01T11:59:00Z"}"#, desk)
    #expect(reply == "{}")
    #expect(desk.statuses.map(\.status) == [status])
    #expect(desk.statuses.first?.evse == 2)
    #expect(desk.statuses.first?.at == Timestamp("2026-03-01T11:59:00Z"))
    #expect(desk.statuses.first?.note == nil)
  }

  @Test func anUnknownStatusChangesNothingAndIsFlagged() throws {
    #expect(
      try answer("StatusNotification", #"{"connectorId":1,"errorCode":"NoError","status":"Sleeping"}"#, desk) == "{}")
    #expect(desk.statuses.isEmpty)
    #expect(desk.flags == [Oddity(path: "status", kind: .unknownWord, raw: "\"Sleeping\"")])
  }

  @Test func theStationsOwnWordsAreKept() throws {
    let reply = try answer(
      "StatusNotification",
      #"{"connectorId":1,"errorCode":"Error","info":"door open","status":"Faulted","vendorId":"Acme","vendorErrorCode":"17"}"#,
      desk)
    #expect(reply == "{}")
    #expect(desk.statuses.first?.note == "Error, door open, Acme 17")
    #expect(desk.flags.map(\.path) == ["errorCode"])
  }

  @Test(arguments: [
    "1970-01-01T00:00:12Z", "2099-01-01T00:00:00Z", "1000000", "2022-02-29T12:00:00Z", "2026-03-02T12:00:01Z",
  ])
  func aClockThatCannotBeIsNotBelieved(_ time: String) throws {
    let reply = try answer(
      "StartTransaction", #"{"connectorId":1,"idTag":"A","meterStart":0,"timestamp":"\#(time)"}"#, desk)
    #expect(reply == #"{"idTagInfo":{"status":"Accepted"},"transactionId":4711}"#)
    #expect(desk.starts.count == 1)
    #expect(desk.starts.first?.at == nil)
    #expect(desk.flags.map(\.kind) == [.badTimestamp])
  }

  @Test(arguments: [
    ("2026-03-02T12:00:00Z", "2026-03-02T12:00:00Z"), ("2025-01-25T12:00:00Z", "2025-01-25T12:00:00Z"),
    ("2026-03-01T12:00:00+02", "2026-03-01T10:00:00Z"), ("2026-03-01T12:00:00", "2026-03-01T12:00:00Z"),
  ])
  func aClockThatIsOffByHoursIsBelieved(_ time: String, _ read: String) throws {
    _ = try answer("StartTransaction", #"{"connectorId":1,"idTag":"A","meterStart":0,"timestamp":"\#(time)"}"#, desk)
    #expect(desk.starts.first?.at == Timestamp(read))
  }

  @Test func aTagIsAuthorized() throws {
    var authorization = Authorization(.accepted)
    authorization.groupID = "FLEET"
    authorization.validUntil = Timestamp("2027-01-01T00:00:00Z")
    desk.authorization = .now(authorization)
    #expect(
      try answer("Authorize", #"{"idTag":"04A1"}"#, desk)
        == #"{"idTagInfo":{"expiryDate":"2027-01-01T00:00:00Z","parentIdTag":"FLEET","status":"Accepted"}}"#)
    #expect(desk.tags == ["04A1"])
  }

  @Test func aGroupThatDoesNotFitIsLeftOut() throws {
    var authorization = Authorization(.accepted)
    authorization.groupID = String(repeating: "G", count: 21)
    desk.authorization = .now(authorization)
    #expect(try answer("Authorize", #"{"idTag":"04A1"}"#, desk) == #"{"idTagInfo":{"status":"Accepted"}}"#)
  }

  @Test(arguments: [
    (Authorization.Verdict.blocked, "Blocked"), (.expired, "Expired"), (.invalid, "Invalid"),
    (.concurrent, "ConcurrentTx"),
  ])
  func aTagMayBeRefused(_ verdict: Authorization.Verdict, _ word: String) throws {
    desk.authorization = .now(Authorization(verdict))
    #expect(try answer("Authorize", #"{"idTag":"04A1"}"#, desk) == #"{"idTagInfo":{"status":"\#(word)"}}"#)
  }

  @Test func anAnswerThatSomebodyElseMustGiveComesLater() throws {
    let ticket = Ticket<Authorization>()
    desk.authorization = .later(ticket)
    let tape = try JSONTape(Bytes(utf8: #"{"idTag":"04A1"}"#))
    let prepared = try Dialect16().routes.read("Authorize", tape.root, edition: .v16, received: received)
    guard case .later(let reply) = try prepared.decide(desk) else {
      Issue.record("it was answered at once")
      return
    }
    var told: JSON?
    reply.whenRedeemed { told = $0.json }
    #expect(told == nil)
    ticket.redeem(Authorization(.blocked))
    #expect(told == ["idTagInfo": ["status": "Blocked"]])
  }

  @Test(arguments: [
    (TransferVerdict.accepted(data: "42"), #"{"status":"Accepted","data":"42"}"#),
    (.rejected, #"{"status":"Rejected"}"#),
    (.unknownVendor, #"{"status":"UnknownVendorId"}"#), (.unknownMessage, #"{"status":"UnknownMessageId"}"#),
  ])
  func vendorsDataIsHandedOn(_ verdict: TransferVerdict, _ reply: String) throws {
    desk.transferVerdict = verdict
    #expect(try answer("DataTransfer", #"{"vendorId":"acme","messageId":"m","data":"x"}"#, desk) == reply)
    #expect(desk.transfers == [#"acme/m/"x""#])
  }

  @Test func vendorsDataMayBeAnyJSON() throws {
    #expect(try answer("DataTransfer", #"{"vendorId":"acme","data":{"a":[1]}}"#, desk) == #"{"status":"Accepted"}"#)
    #expect(desk.transfers == [#"acme/-/{"a":[1]}"#])
  }

  @Test(arguments: [
    (
      "BootNotification", #"{"chargePointVendor":"A"}"#,
      "OccurenceConstraintViolation chargePointModel: the field is required"
    ),
    (
      "BootNotification", #"{"chargePointVendor":null,"chargePointModel":"M"}"#,
      "OccurenceConstraintViolation chargePointVendor: the field is required"
    ),
    (
      "StatusNotification", #"{"connectorId":"x","errorCode":"NoError","status":"Available"}"#,
      #"TypeConstraintViolation connectorId: a whole number is expected, not "x""#
    ),
    (
      "StatusNotification", #"{"connectorId":-1,"errorCode":"NoError","status":"Available"}"#,
      "PropertyConstraintViolation connectorId:"
    ),
    ("Authorize", #"{"idTag":{}}"#, "TypeConstraintViolation idTag: a text is expected"),
    ("Authorize", "[]", "TypeConstraintViolation the payload: an object is expected"),
    ("Authorize", #"{"idTag":"a","idTag":"b"}"#, "OccurenceConstraintViolation idTag:"),
    ("Authorize", #"{"idTag":"a\u0000"}"#, "PropertyConstraintViolation idTag:"),
    ("MadeUp", "{}", "NotImplemented the action MadeUp is not known here"),
    ("Reset", #"{"type":"Hard"}"#, "NotImplemented the action Reset is not known here"),
  ])
  func whatCannotBeReadNamesItsField(_ action: String, _ payload: String, _ words: String) throws {
    let told = try answer(action, payload, desk)
    #expect(told.hasPrefix(words), "\(told)")
    #expect(desk.boots.isEmpty && desk.statuses.isEmpty && desk.tags.isEmpty)
  }

  @Test func whatIsOnlyOddIsAcceptedAndFlagged() throws {
    let long = String(repeating: "x", count: 60)
    let reply = try answer(
      "StatusNotification",
      #"{"connectorId":"1","errorCode":"NoError","status":"Available","info":"\#(long)","colour":"red"}"#, desk)
    #expect(reply == "{}")
    #expect(desk.statuses.first?.evse == 1)
    #expect(Set(desk.flags.map(\.kind)) == [.numberAsText, .tooLong, .unknownField])
  }
}

@MainActor @Suite struct CoreTransactionsTests {
  private let desk = Desk()

  @Test func aStartBecomesASession() throws {
    let payload =
      #"{"connectorId":2,"idTag":"04A1","meterStart":12345,"timestamp":"2026-03-01T11:58:00Z","reservationId":7}"#
    #expect(
      try answer("StartTransaction", payload, desk) == #"{"idTagInfo":{"status":"Accepted"},"transactionId":4711}"#)
    let start = try #require(desk.starts.first)
    #expect(start.evse == 2)
    #expect(start.tag == "04A1")
    #expect(start.meterStart == Energy(tenthsOfWattHour: 123_450))
    #expect(start.at == Timestamp("2026-03-01T11:58:00Z"))
    #expect(start.reservation == 7)
    #expect(start.raw.text == payload)
  }

  @Test(arguments: [("12345.6", 123_456), (#""12345.6""#, 123_456), ("1.2e3", 12_000), ("-5", -50)])
  func aRegisterMayBeAnyDecimal(_ written: String, _ tenths: Int64) throws {
    _ = try answer(
      "StartTransaction", #"{"connectorId":1,"idTag":"A","meterStart":\#(written),"timestamp":"2026-03-01T12:00:00Z"}"#,
      desk)
    #expect(desk.starts.first?.meterStart == Energy(tenthsOfWattHour: tenths))
  }

  @Test(arguments: [
    (#"{"connectorId":1,"idTag":"A","meterStart":0}"#, "timestamp: the field is required"),
    (#"{"connectorId":1,"timestamp":"2026-03-01T12:00:00Z","idTag":{}}"#, "idTag: "),
    (#"{"connectorId":0,"idTag":"A","meterStart":0,"timestamp":"2026-03-01T12:00:00Z"}"#, "connectorId: "),
    (#"{"connectorId":1,"idTag":"A","meterStart":"NaN","timestamp":"2026-03-01T12:00:00Z"}"#, "meterStart: "),
    (#"{"connectorId":1,"idTag":"A","meterStart":1e30,"timestamp":"2026-03-01T12:00:00Z"}"#, "meterStart: "),
    ("[]", "the payload: "),
  ])
  func aStartThatCannotBeUsedIsParkedAndAnsweredPositively(_ payload: String, _ why: String) throws {
    #expect(try answer("StartTransaction", payload, desk) == #"{"idTagInfo":{"status":"Invalid"},"transactionId":0}"#)
    #expect(desk.starts.isEmpty)
    #expect(desk.parked.count == 1)
    #expect(desk.parked.first?.hasPrefix("StartTransaction: " + why) == true, "\(desk.parked)")
  }

  @Test func aStartWithoutATagOrARegisterIsAStartAndFlagged() throws {
    _ = try answer("StartTransaction", #"{"connectorId":1,"timestamp":"2026-03-01T12:00:00Z"}"#, desk)
    #expect(desk.parked.isEmpty)
    #expect(desk.starts.map(\.tag) == [""] && desk.starts.map(\.meterStart) == [.zero])
    #expect(desk.flags.map(\.kind) == [.absent, .absent] && desk.flags.map(\.path) == ["idTag", "meterStart"])
  }

  @Test func aStopEndsASession() throws {
    let reply = try answer(
      "StopTransaction",
      #"""
      {"idTag":"04A1","meterStop":15000,"timestamp":"2026-03-01T11:59:30Z","transactionId":4711,"reason":"EVDisconnected",
       "transactionData":[{"timestamp":"2026-03-01T11:59:30Z","sampledValue":[{"value":"15000","context":"Transaction.End"}]}]}
      """#, desk)
    #expect(reply == #"{"idTagInfo":{"status":"Accepted"}}"#)
    let stop = try #require(desk.stops.first)
    #expect(stop.transaction == 4711)
    #expect(stop.tag == "04A1")
    #expect(stop.meterStop == Energy(tenthsOfWattHour: 150_000))
    #expect(stop.at == Timestamp("2026-03-01T11:59:30Z"))
    #expect(stop.ending == .vehicle)
    #expect(stop.readings.map(\.context) == [.end])
    #expect(stop.readings.first?.register == Energy(tenthsOfWattHour: 150_000))
  }

  @Test(arguments: [
    (#""EmergencyStop""#, Session.Ending.emergency), (#""HardReset""#, .reboot), (#""SoftReset""#, .reboot),
    (#""Reboot""#, .reboot),
    (#""Local""#, .local), (#""Other""#, .other), (#""PowerLoss""#, .powerLoss), (#""Remote""#, .remote),
    (#""UnlockCommand""#, .remote), (#""DeAuthorized""#, .deauthorized), (#""Bored""#, .other), ("null", .local),
  ])
  func everyReasonHasAMeaning(_ word: String, _ ending: Session.Ending) throws {
    let reply = try answer(
      "StopTransaction",
      #"{"meterStop":1,"timestamp":"2026-03-01T12:00:00Z","transactionId":1,"reason":\#(word)}"#, desk)
    #expect(reply == "{}")
    #expect(desk.stops.first?.ending == ending)
    #expect(desk.stops.first?.tag == nil)
  }

  @Test(arguments: ["-1", "0", "9223372036854775807", #""17""#])
  func anyTransactionNumberIsHandedOn(_ number: String) throws {
    _ = try answer(
      "StopTransaction", #"{"meterStop":1,"timestamp":"2026-03-01T12:00:00Z","transactionId":\#(number)}"#, desk)
    #expect(desk.stops.count == 1)
    #expect(desk.parked.isEmpty)
  }

  @Test func aStopThatCannotBeUsedIsParkedAndAnsweredPositively() throws {
    #expect(try answer("StopTransaction", #"{"meterStop":1,"timestamp":"2026-03-01T12:00:00Z"}"#, desk) == "{}")
    #expect(desk.stops.isEmpty)
    #expect(desk.parked == ["StopTransaction: transactionId: the field is required"])
  }

  @Test func aStopWithBrokenReadingsStillEndsItsSession() throws {
    let reply = try answer(
      "StopTransaction",
      #"{"meterStop":1,"timestamp":"2026-03-01T12:00:00Z","transactionId":4711,"transactionData":[{"sampledValue":7}]}"#,
      desk)
    #expect(reply == "{}")
    #expect(desk.stops.first?.transaction == 4711)
    #expect(desk.stops.first?.readings.isEmpty == true)
    #expect(desk.parked.count == 1)
  }
}
