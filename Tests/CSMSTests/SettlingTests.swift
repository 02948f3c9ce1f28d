import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// VAT numbers that drivers type at stations, and the register that knows them.
@MainActor
struct SettlingTests {
  private let web = FakeWeb()

  private func ask(_ number: String, at register: String?) throws -> VATAnswer? {
    let house = try HouseUnderTest { $0.vatRegisterURL = register }.furnish()
    house.csms.webLink = web
    let station = try house.connect("CS-1")
    let answer = Answer<VATAnswer>()
    switch try house.decide({ [desk = station.desk] () throws(TurnFault) in
      try desk.company(ofVATNumber: number)
    }) {
    case .now(let value): answer.hear(value)
    case .later(let ticket): ticket.whenRedeemed { answer.hear($0) }
    }
    house.settle()
    return answer.value
  }

  @Test func theRegisterIsAskedAndWhoseNumberItIsComesBack() throws {
    web.answer = { _ in
      .answered(
        status: 200,
        body: Bytes(utf8: #"{"isValid":true,"name":"ACME BV","address":"Dam 1\n1012 Amsterdam","countryCode":"NL"}"#))
    }
    let company = VATAnswer.Company(name: "ACME BV", address: "Dam 1", city: "1012 Amsterdam", country: "NL")
    #expect(try ask("NL123456789B01", at: "https://vat.example/{number}?format=json") == .valid(company))
    #expect(web.requests.map(\.url) == ["https://vat.example/NL123456789B01?format=json"])
    #expect(web.requests.map(\.body) == [[]])
  }

  @Test(arguments: [(200, #"{"valid":false}"#, VATAnswer.invalid), (404, "", .invalid)])
  func aNumberThatNobodyHasIsInvalid(status: Int, body: String, answer: VATAnswer) throws {
    web.answer = { _ in .answered(status: status, body: Bytes(utf8: body)) }
    #expect(try ask("NL1", at: "https://vat.example/") == answer)
  }

  @Test func whatCannotBeAskedIsSaid() throws {
    guard case .unknown(let why)? = try ask("NL123", at: nil) else { throw TestFault("no reason") }
    #expect(why.contains("vat_register_url"))
    web.answer = { _ in .failed("no route") }
    guard case .unknown(let broken)? = try ask("NL123", at: "https://vat.example/") else {
      throw TestFault("no reason")
    }
    #expect(broken.contains("no route"))
  }

  @Test func whatIsNoNumberLeavesTheHouseNot() throws {
    for text in ["", "x", "NL/../admin", "NL 1 2", String(repeating: "1", count: 21)] {
      #expect(try ask(text, at: "https://vat.example/") == .invalid)
    }
    #expect(web.requests.isEmpty)
  }

  // MARK: What terminals settle

  private let house: HouseUnderTest

  init() throws {
    house = try HouseUnderTest().furnish()
    try house.addToken("CARD")
  }

  private func settle(
    _ amount: String, _ state: Settlement.State = .settled, reference: String = "P-7", transaction: String? = "tx-1",
    at station: Caller
  ) throws {
    let told = Settlement(
      transaction: transaction, reference: reference, state: state, amount: Decimal(amount)!, at: house.now,
      receiptID: "R1", vatNumber: "NL1",
      company: VATAnswer.Company(name: "ACME BV", address: "Dam 1", city: "Amsterdam", country: "NL"))
    try house.decide { [desk = station.desk] () throws(TurnFault) in _ = try desk.paid(told) }
  }

  /// A session of 10 kWh at 0.30 and 21 % tax: 3.63.
  private func charge(at station: Caller) throws {
    let start = house.now
    for (number, phase, wattHours) in [
      (0, TransactionReport.Phase.started, Int64(0)), (1, .ended, 10_000),
    ] {
      let at = start + .seconds(number * 1_800)
      house.clock.now = at
      _ = try station.tell(
        TransactionReport(
          phase, transaction: "tx-1", seqNo: number, at: at, written: at.text,
          trigger: number == 0 ? .authorized : .other, chargingState: .charging, evse: 1, connector: 1,
          token: number == 0 ? PresentedToken("CARD", .iso14443) : nil, ending: number == 0 ? nil : .local,
          readings: [Caller.reading(wattHours, at: at, context: number == 0 ? .begin : .end)], raw: [:]))
    }
  }

  private var oddities: [String] {
    get throws { try house.books.stations.oddities(of: house.station("CS-1").id).map(\.what) }
  }

  private static let unpaid = "what was paid at the station is not what the session costs"

  @Test func whatIsToldTwiceIsOnePaymentAndStaysBesideItsSession() throws {
    let station = try house.connect("CS-1")
    try charge(at: station)
    for _ in 1...2 { try settle("3.63", at: station) }
    let session = try #require(try house.sessions.first?.id)
    let kept = try house.books.settlements.list(of: session)
    #expect(kept.map(\.settlement.receiptID) == ["R1"])
    #expect(kept.first?.settlement.company?.name == "ACME BV" && kept.first?.settlement.vatNumber == "NL1")
    #expect(try house.count("station.payment_settled") == 1)
    #expect(try house.books.settlements.paid(for: session) == Money(tenThousandths: 36_300))
    #expect(try !oddities.contains(Self.unpaid))
  }

  @Test(arguments: [true, false])
  func anotherAmountThanTheBillIsSeenWhicheverComesFirst(paysFirst: Bool) throws {
    let station = try house.connect("CS-1")
    if paysFirst {
      _ = try station.tell(
        TransactionReport(
          .started, transaction: "tx-1", seqNo: 0, at: house.now, written: "a", trigger: .authorized,
          chargingState: .charging, evse: 1, connector: 1, token: PresentedToken("CARD", .iso14443), raw: [:]))
      try settle("3.00", at: station)
      #expect(try !oddities.contains(Self.unpaid), "it is not over")
      let end = house.now + .seconds(1_800)
      house.clock.now = end
      _ = try station.tell(
        TransactionReport(
          .ended, transaction: "tx-1", seqNo: 1, at: end, written: "b", ending: .local,
          readings: [Caller.reading(0, at: end - .seconds(1_700)), Caller.reading(10_000, at: end, context: .end)],
          raw: [:]))
    } else {
      try charge(at: station)
      try settle("3.00", at: station)
    }
    #expect(try oddities.contains(Self.unpaid))
  }

  @Test func aPaymentThatNamesNoSessionIsFoundByTheWholeOfItsReference() throws {
    let station = try house.connect("CS-1")
    let references = ["1", "2"].map { String(repeating: "p", count: 40) + $0 }
    for (evse, reference) in references.enumerated() {
      _ = try station.tell(
        TransactionReport(
          .started, transaction: "tx-\(evse)", seqNo: 0, at: house.now, written: reference, trigger: .authorized,
          chargingState: .charging, evse: 1, connector: 1, token: PresentedToken(reference, .directPayment), raw: [:]))
    }
    let sessions = try house.sessions
    #expect(Set(sessions.compactMap(\.authorizationReference)) == Set(references))
    #expect(sessions.allSatisfy { $0.token.uid.count == 36 })
    try settle("1", reference: references[0], transaction: nil, at: station)
    let mine = try #require(sessions.first { $0.authorizationReference == references[0] })
    #expect(try house.books.settlements.list(of: mine.id).count == 1)
  }

  @Test(arguments: [nil, true])
  func whereNobodyPaysAPaymentIsRefused(_ refuses: Bool?) async throws {
    let station = try house.connect("CS-1")
    _ = try await house.csms.changeStation(StationIdentity("CS-1")!, by: "anna") {
      $0.quirks.refusesPayments = refuses
    }
    let verdict = try station.tell(
      TransactionReport(
        .started, transaction: "tx-1", seqNo: 0, at: house.now, written: "a", trigger: .authorized, evse: 1,
        connector: 1, token: PresentedToken("P-9", .directPayment), raw: [:]))
    #expect(verdict.authorization?.verdict == (refuses == true ? .notHere : .accepted))
  }

  @Test func aCorrectedAmountIsNewsAndMoneyOfNoSessionIsKeptToo() throws {
    let station = try house.connect("CS-1")
    try charge(at: station)
    try settle("3.00", at: station)
    try settle("3.63", at: station)
    #expect(try house.count("station.payment_settled") == 2)
    try settle("1", .failed, reference: "P-8", transaction: nil, at: station)
    let all = try house.books.settlements.list(of: house.station("CS-1").id, limit: 10)
    #expect(all.map(\.settlement.amount) == [Decimal(1), Decimal(363, places: 2)])
    let session = try house.sessions.first?.id
    #expect(all.map(\.session) == [nil, session])
    // They are kept for as long as bills.
    let later = house.now + .seconds(100 * 86_400)
    _ = try house.write { books throws(StoreFault) in
      try Pruning.settlements.prune(books, by: house.settings, at: later)
    }
    #expect(try house.books.settlements.list(of: house.station("CS-1").id, limit: 10).count == 2)
  }
}
