import Crypto
import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// Codes on a station's display: which secrets are good, and what comes of a code that somebody read.
@MainActor
struct PaymentCodesTests {
  let house: HouseUnderTest
  private let identity = StationIdentity("CS-1")!

  init() throws {
    house = try HouseUnderTest().furnish()
    _ = try house.connect("CS-1")
  }

  /// Brings a new secret to the station, which answers so.
  /// - Returns: how the station then makes its passwords.
  private func bring(_ outcome: CommandOutcome) async throws -> PaymentCode {
    _ = try await house.csms.showPaymentCodes(
      at: identity, url: "https://x.example/{totp}", seconds: 30, length: 8, by: "anna")
    guard case .settings(.set(let settings)) = try house.stations.last.command,
      let secret = settings.first(where: { $0.name.variable == "SharedSecret" })?.value
    else { throw TestFault("no secret was sent") }
    try house.stations.last.answer(outcome)
    house.settle()
    return PaymentCode(secret: secret, seconds: 30, length: 8)
  }

  private var yes: CommandOutcome { .accepted(answer: ["status": "Accepted"]) }
  private var no: CommandOutcome { .refused(word: "Rejected", answer: .null) }

  private func isGood(_ code: PaymentCode, evse: Int = 1) async throws -> Bool {
    let shown = code.text(in: house.now.milliseconds / 30_000)
    return try await house.csms.scanned(shown, at: identity, evse: evse) != nil
  }

  @Test func aStationThatShowsCodesAtEachOfItsEVSEsIsToldThereWithOneSecret() async throws {
    let station = try house.station("CS-1").id
    try house.write { books throws(StoreFault) in
      for evse in [1, 2] {
        let name = SettingName(component: "WebPaymentsCtrlr", evse: evse, variable: "SharedSecret")
        for attribute in [DeviceValue.Attribute.actual, .most] {
          try books.device.keep(DeviceValue(name, attribute: attribute, value: nil), of: station, at: .epoch)
        }
      }
    }
    let code = try await bring(yes)
    guard case .settings(.set(let settings)) = try house.stations.last.command else { throw TestFault("nothing set") }
    let secrets = settings.filter { $0.name.variable == "SharedSecret" }
    #expect(secrets.map(\.name.evse) == [1, 2] && Set(secrets.map(\.value)).count == 1)
    #expect(settings.count == 12 && settings.allSatisfy { $0.name.evse != nil })
    #expect(try await isGood(code) == true)
  }

  @Test func aSecretThatTheStationTookIsTheOnlyOne() async throws {
    let (first, second) = (try await bring(yes), try await bring(yes))
    #expect(try await isGood(first) == false)
    #expect(try await isGood(second) == true)
  }

  @Test func aStationThatSaidNoMayHaveTakenTheSecretBefore() async throws {
    let (first, second) = (try await bring(yes), try await bring(no))
    #expect(try await isGood(first) == true)
    #expect(try await isGood(second) == true)
  }

  @Test func bothAreGoodWhileNobodyKnowsWhichOneTheStationHas() async throws {
    let (first, second) = (try await bring(yes), try await bring(.disconnected))
    #expect(try await isGood(first) == true)
    #expect(try await isGood(second) == true)
    // No more than two are, and the one that the station took is among them.
    let third = try await bring(.timedOut)
    #expect(try await isGood(first) == true)
    #expect(try await isGood(second) == false)
    #expect(try await isGood(third) == true)
  }

  @Test func theStationHearsOnceOfEachCodeThatWasRead() async throws {
    let code = try await bring(yes)
    let heard = { house.stations.commands.filter { if case .tariff(.webPayment) = $0 { true } else { false } }.count }
    for _ in 0..<3 { #expect(try await isGood(code) == true) }
    #expect(heard() == 1)
    house.pass(60)
    #expect(try await isGood(code) == true)
    #expect(heard() == 2)
  }

  @Test func whoReadTwoCodesCannotHaveTheStationToldAgainAndAgain() async throws {
    let code = try await bring(yes)
    let heard = { house.stations.commands.filter { if case .tariff(.webPayment) = $0 { true } else { false } }.count }
    let interval = house.now.milliseconds / 30_000
    for number in [interval, interval + 1, interval, interval + 1] {
      #expect(try await house.csms.scanned(code.text(in: number), at: identity, evse: 1) != nil)
    }
    #expect(heard() == 2)
  }

  @Test func aPaymentHasOneSessionAtATime() async throws {
    func start() async throws {
      _ = try await house.csms.startSession(at: identity, evse: 1, paidBy: "pay-1", limit: nil, by: "anna")
    }
    try await start()
    await #expect(throws: Refusal.conflict("the payment pay-1 has a session already")) { try await start() }
  }

  @Test func aCodeOfAnEVSEThatIsNotThereLeadsNowhere() async throws {
    let code = try await bring(yes)
    #expect(try await isGood(code, evse: 9) == false)
    #expect(try await house.csms.scanned("00000000", at: identity, evse: 1) == nil)
  }

  @Test(arguments: ["", String(repeating: "x", count: 256)])
  func aPaymentHasANumberThatBillsCanBear(_ reference: String) async throws {
    await #expect(throws: Refusal.invalid(field: "payment", "1 to 255 characters")) {
      _ = try await house.csms.startSession(at: identity, evse: 1, paidBy: reference, limit: nil, by: "anna")
    }
  }
}
