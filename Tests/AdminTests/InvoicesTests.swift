import CSMS
import Domain
import HTTP
import Store
import Testing
import Wire

@testable import Admin

@MainActor @Suite struct InvoicesTests {
  private let month = 31 * 86_400

  private func named(_ charged: ChargedHouse) async throws {
    let company: JSON = [
      "name": "Ostler Charging", "address": "Quay 1\n2611 Delft", "vat_id": "NL001", "prefix": "R-",
    ]
    #expect(try await charged.house.ask(.put, "/company", company, as: charged.owner).status == 200)
  }

  @Test func aMonthIsDraftedClosedAndNumberedWithoutAGap() async throws {
    let charged = try await ChargedHouse()
    let (house, owner) = (charged.house, charged.owner)
    try await named(charged)
    try await charged.charge(10)
    try await charged.charge(7)
    let draft = try await house.ask(.get, "/months/2026-11", as: owner)
    #expect(draft.json["closed"] == .null)
    let owed = try #require(draft.json["drafts"]?[0])
    #expect(owed["sessions"] == 2 && owed["energy_kwh"] == "17" && owed["payer_kind"] == "driver")
    #expect(owed["net"] == "4.25" && owed["total"] == "5.10" && owed["payer_name"] == "Card 7")
    #expect(owed["taxes"]?[0]?["percent"] == "20" && owed["taxes"]?[0]?["amount"] == "0.85")
    #expect(try await house.ask(.post, "/months/2026-11/close", as: owner).status == 409)

    house.time.pass(month)
    let closed = try await house.ask(.post, "/months/2026-11/close", as: owner)
    #expect(closed.status == 201 && closed.json["invoices"]?[0]?["name"] == "R-00001")
    #expect(try await house.ask(.post, "/months/2026-11/close", as: owner).status == 409)
    #expect(try await house.ask(.get, "/months/2026-11", as: owner).json["drafts"] == [])
    // A month has one spelling.
    for month in ["2026-+1", "+202-11", "2026-1"] {
      let path = "/months/\(month.replacing("+", with: "%2B"))"
      #expect(try await house.ask(.post, "\(path)/close", as: owner).status == 422)
      #expect(try await house.ask(.get, path, as: owner).status == 422)
    }
    // What was asked for is not asked for again, and the next number follows.
    try await charged.charge(4)
    house.time.pass(month)
    let next = try await house.ask(.post, "/months/2026-12/close", as: owner)
    #expect(next.json["invoices"]?.array?.count == 1)
    #expect(next.json["invoices"]?[0]?["name"] == "R-00002" && next.json["invoices"]?[0]?["net"] == "1.00")
    #expect(try await house.ask(.get, "/invoices", as: owner).items.map { $0["number"] } == [2, 1])
    #expect(try await house.ask(.get, "/invoices?month=2026-11", as: owner).items.map { $0["number"] } == [1])
    #expect(try await house.ask(.get, "/months", as: owner).items.map { $0["month"] } == ["2026-12", "2026-11"])
  }

  @Test func nothingIsAskedForBeforeItIsSaidWhoAsks() async throws {
    let charged = try await ChargedHouse()
    try await charged.charge(10)
    charged.house.time.pass(month)
    let refused = try await charged.house.ask(.post, "/months/2026-11/close", as: charged.owner)
    #expect(refused.status == 409 && refused.text.contains("company"))
  }

  @Test func tokensOfAGroupArePaidByTheirTenant() async throws {
    let charged = try await ChargedHouse()
    let tokens = try await charged.house.ask(.get, "/tokens", as: charged.owner)
    let id = try #require(tokens.items.first?["id"]?.int)
    try await charged.house.ask(.patch, "/tokens/\(id)", ["group_id": "Flat 3"], as: charged.owner)
    try await charged.charge(10)
    let owed = try await charged.house.ask(.get, "/months/2026-11", as: charged.owner).json["drafts"]?[0]
    #expect(owed?["payer_kind"] == "tenant" && owed?["payer"] == "Flat 3")
  }

  @Test func aCreditNoteTakesAnInvoiceBackOnce() async throws {
    let charged = try await ChargedHouse()
    let (house, owner) = (charged.house, charged.owner)
    try await named(charged)
    try await charged.charge(10)
    house.time.pass(month)
    try await house.ask(.post, "/months/2026-11/close", as: owner)
    let credit = try await house.ask(.post, "/invoices/1/credit", as: owner)
    #expect(credit.status == 201 && credit.json["total"] == "-3.00" && credit.json["credits"] == 1)
    #expect(try await house.ask(.post, "/invoices/1/credit", as: owner).status == 409)
    #expect(try await house.ask(.post, "/invoices/2/credit", as: owner).status == 409)
    #expect(try await house.ask(.get, "/invoices/1", as: owner).json["credited_by"] == 2)
  }

  @Test(arguments: [Limits.exportRows - 1, Limits.exportRows, Limits.exportRows + 1])
  func aMonthsWorkbookHasAllOfItsInvoices(_ count: Int) async throws {
    let charged = try await ChargedHouse()
    let house = charged.house
    try await named(charged)
    try await charged.charge(10)
    house.time.pass(month)
    try await house.ask(.post, "/months/2026-11/close", as: charged.owner)
    try house.write { books in
      let first = try #require(try books.invoices.invoice(1))
      for _ in 1..<count { _ = try books.invoices.create(first, of: []) }
    }
    let all = try await API.invoices(of: "2026-11", house.house)
    #expect(all.map(\.number) == (1...Int64(count)).map(\.self))
    #expect(try await house.ask(.get, "/invoices.xlsx?month=2026-11", as: charged.owner).status == 200)
  }

  @Test func anInvoiceIsPaperAndTheMonthIsAWorkbook() async throws {
    let charged = try await ChargedHouse()
    let (house, owner) = (charged.house, charged.owner)
    try await named(charged)
    for _ in 0..<60 { try await charged.charge(1) }
    house.time.pass(month)
    try await house.ask(.post, "/months/2026-11/close", as: owner)
    let paper = try await house.ask(.get, "/invoices/1/pdf?language=de", as: owner)
    #expect(paper.headers["content-type"] == "application/pdf" && paper.bytes.starts(with: "%PDF-1.4".utf8))
    #expect(paper.headers["content-disposition"] == "attachment; filename=\"R-00001.pdf\"")
    // Sixty sessions need a second page.
    #expect(String(decoding: paper.bytes, as: UTF8.self).contains("/Count 2"))
    let book = try await house.ask(.get, "/invoices.xlsx?month=2026-11", as: owner)
    #expect(book.bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]))
    #expect(try await house.ask(.get, "/invoices/9/pdf", as: owner).status == 404)
    #expect(try await house.ask(.get, "/invoices.xlsx", as: owner).json["field"] == "month")
  }
}
