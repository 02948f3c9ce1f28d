import Domain
import Testing
import Wire

@testable import CSMS

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
}
