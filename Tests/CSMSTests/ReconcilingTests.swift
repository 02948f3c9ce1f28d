import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// Which CDRs invoices ask for: told to partners that pay, and added up where partners bill us.
@MainActor
struct ReconcilingTests {
  let house: HouseUnderTest
  let partner: Partner

  init() throws {
    house = try HouseUnderTest().furnish()
    partner = try house.addPartner()
    let url = "https://Roamer/invoicereconciliation"
    let endpoint = Partner.Endpoint(module: "invoicereconciliation", role: "RECEIVER", url: url)
    var listed = partner
    listed.endpoints.append(endpoint)
    let changed = listed
    try house.write { books throws(StoreFault) in try books.partners.update(changed) }
    try house.addToken("DE-1", of: partner)
  }

  /// The id of the CDR of an hour with so much energy.
  private func charge(_ wattHours: Int64) throws -> String {
    let station = try house.connect("CS-1")
    let transaction = try station.start("DE-1", meter: 1_000).transaction
    house.clock.now += .seconds(3_600)
    try station.stop(transaction, meter: 1_000 + wattHours)
    // A month has what ended before it did.
    house.clock.now += .seconds(1)
    return try house.cdr(of: transaction).id
  }

  private func close() async throws -> [Invoice] {
    var company = Seller()
    (company.name, company.prefix) = ("Ostler", "F-")
    let ours = company
    async let named: Void = house.csms.changeCompany(ours, by: "operator:anna")
    await house.settleAll()
    try await named
    async let made = house.csms.closeMonth("2026-01", until: house.now, by: "operator:anna")
    await house.settleAll()
    return try await made
  }

  @Test func anInvoiceIsToldToThePartnerThatPaysIt() async throws {
    let cdr = try charge(8_000)
    let invoices = try await close()
    house.pass(5)
    #expect(invoices.count == 1)
    let told = house.partners.sent("invoicereconciliation").map(\.body)
    #expect(told.count == 1)
    #expect(told.first?["invoice_id"]?.string == invoices.first?.name && told.first?["cdrs"]?[0]?.string == cdr)
    let page = try await house.csms.invoices(PageQuery(limit: 10), for: try house.caller(partner))
    #expect(page.total == 1 && page.items.first?.cdrs == [cdr] && page.items.first?.owner == PartyID("NL*OST"))
    // Another one does not see it.
    let other = try house.caller(try house.addPartner("Other", party: "FR*XYZ"))
    #expect(try await house.csms.invoices(PageQuery(limit: 10), for: other).total == 0)
  }

  @Test func whatIsHeldIsInNoDraftAndIsCounted() async throws {
    _ = try charge(8_000_000)
    let draft = try await house.csms.drafts(of: "2026-01", until: house.now)
    #expect(draft.invoices.isEmpty && draft.held.map(\.count) == [1])
    #expect(draft.held.first?.reason.isEmpty == false)
  }

  private func record(_ cdrs: [String], at time: Timestamp) -> InvoiceRecord {
    InvoiceRecord(of: partner.roles[0].name, id: "R1", invoice: "2026-0042", cdrs: cdrs, updatedAt: time)
  }

  private func put(_ record: InvoiceRecord) async throws -> Bool {
    let caller = try house.caller(partner)
    async let isNew = house.csms.put(record, from: caller)
    await house.settleAll()
    return try await isNew
  }

  @Test func aPartnersRecordIsKeptReplacedAndTakenBack() async throws {
    let caller = try house.caller(partner)
    let first = record(["A", "B"], at: house.now)
    #expect(try await put(first))
    #expect(try await put(first) == false)
    #expect(try await put(record(["A"], at: house.now - .seconds(60))) == false)
    let owner = partner.roles[0].name
    #expect(try await house.csms.invoice("r1", of: owner, for: caller).cdrs == ["A", "B"])
    _ = try await put(record(["A"], at: house.now + .seconds(1)))
    #expect(try await house.csms.invoice("R1", of: owner, for: caller).cdrs == ["A"])
    async let gone: Void = house.csms.removeInvoice("R1", of: owner, from: caller)
    await house.settleAll()
    try await gone
    await #expect(throws: PartnerFault.unknownObject) {
      try await house.csms.invoice("R1", of: owner, for: caller)
    }
  }

  /// Reverse billing: the partner writes down what it owes us.
  @Test func itsCDRsAreAddedUpByOurBooks() async throws {
    let cdr = try charge(8_000)
    _ = try await put(record([cdr, "NOBODYS"], at: house.now))
    let kept = try #require(try house.books.invoiceRecords.list(limit: 10).first)
    let check = try house.books.invoiceRecords.check(kept)
    let bill = try #require(try house.books.cdrs.cdr(cdr)?.cdr)
    #expect(check.missing == ["NOBODYS"] && check.missingCount == 1 && check.doubtful == 0)
    #expect(check.costs[bill.currency]?.total == bill.totals.cost.total)
  }
}
