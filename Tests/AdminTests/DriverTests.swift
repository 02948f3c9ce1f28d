import CSMS
import Domain
import HTTP
import Store
import Testing
import Wire

@testable import Admin

@MainActor @Suite struct DriverTests {
  private func coded() async throws -> (ChargedHouse, code: String) {
    let charged = try await ChargedHouse()
    let made = try await charged.house.ask(
      .post, "/stations/CS-1/codes?base=https://charge.example", [:], as: charged.owner)
    let code = try #require(made.items.first?["code"]?.string)
    #expect(made.items.first?["url"] == .string("https://charge.example/c/\(code)"))
    return (charged, code)
  }

  @Test func aLabelLeadsToItsPlaceAndSaysNothingOfPeople() async throws {
    let (charged, code) = try await coded()
    let place = try await charged.house.ask(.get, "/drive/\(code)")
    #expect(place.status == 200 && place.json["site"] == "Harbour" && place.json["status"] == "available")
    #expect(place.json["tariff"]?["currency"] == "EUR" && !place.text.contains("04A1B2C3"))
    #expect(try await charged.house.ask(.get, "/drive/nothing").status == 404)
    #expect(try await charged.house.send(.get, "/c/\(code)").headers["content-type"] == "text/html; charset=utf-8")
  }

  @Test func codesStayUntilTheyAreMadeAnew() async throws {
    let (charged, code) = try await coded()
    let again = try await charged.house.ask(.post, "/stations/CS-1/codes", [:], as: charged.owner)
    #expect(again.items.first?["code"] == .string(code))
    let fresh = try await charged.house.ask(.post, "/stations/CS-1/codes", ["fresh": true], as: charged.owner)
    #expect(fresh.items.first?["code"] != .string(code))
    #expect(try await charged.house.ask(.get, "/drive/\(code)").status == 404)
  }

  @Test(arguments: ["04a1b2c3", "Card 7"])
  func aDriverBeginsByTheUidOrThePrintedNumberAndTheTicketIsTheirs(_ typed: String) async throws {
    let (charged, code) = try await coded()
    let begun = try await charged.house.ask(.post, "/drive/\(code)", ["token": .string(typed)])
    #expect(begun.status == 201)
    let ticket = try #require(begun.json["ticket"]?.string)
    guard case .remoteStart? = charged.house.stations.asked.withLock({ $0.last }) else {
      Issue.record("the station was not asked")
      return
    }
    #expect(try await charged.house.ask(.post, "/drive/\(code)/stop", headers: ["X-Ticket": "other"]).status == 404)
    #expect(try await charged.house.ask(.post, "/drive/\(code)/stop").status == 401)
    let known = try await charged.house.house.driving(ticket)
    #expect(known?.session?.token.uid == "04A1B2C3")
  }

  @Test func whoGuessesAtAPlaceIsSlowedDown() async throws {
    let (charged, code) = try await coded()
    for _ in 0..<Limits.freeFailuresPerAccount {
      #expect(try await charged.house.ask(.post, "/drive/\(code)", ["token": "FFFF"]).status == 422)
    }
    let slowed = try await charged.house.ask(.post, "/drive/\(code)", ["token": "1234"])
    #expect(slowed.status == 429 && slowed.headers["retry-after"] != nil)
    let holder = try await charged.house.ask(.post, "/drive/\(code)", ["token": "04A1B2C3"])
    #expect(holder.status == 201, "who holds a card waits for nobody's guesses")
  }

  @Test func aStationThatIsAwayMakesNobodyWait() async throws {
    let (charged, code) = try await coded()
    for _ in 0..<Limits.freeFailuresPerAccount + 3 {
      #expect(try await charged.house.ask(.post, "/drive/\(code)", [:]).status == 409)
    }
    #expect(try await charged.house.ask(.post, "/drive/\(code)", ["token": "04A1B2C3"]).status == 201)
  }

  @Test func withoutATokenNobodyBegins() async throws {
    let (charged, code) = try await coded()
    #expect(try await charged.house.ask(.post, "/drive/\(code)", [:]).status == 409)
  }

  @Test func labelsArePrintedForTheAddressThatIsNamed() async throws {
    let (charged, _) = try await coded()
    let paper = try await charged.house.ask(
      .get, "/stations/CS-1/labels?base=https://charge.example&language=fr", as: charged.owner)
    #expect(paper.bytes.starts(with: "%PDF-1.4".utf8))
    for base in ["", "javascript:alert(1)", "ftp://x"] {
      let reply = try await charged.house.ask(.get, "/stations/CS-1/labels?base=\(base)", as: charged.owner)
      #expect(reply.json["field"] == "base", "\(base)")
    }
  }

  @Test func aLabelSaysWhatChargingCosts() throws {
    var night = Tariff.Restrictions()
    (night.startTime, night.endTime, night.weekdays, night.minKWh) = ("22:00", "06:00", [.saturday, .sunday], 10)
    var tariff = Tariff()
    tariff.elements = [
      .init([.init(.energy, price: Decimal(25, places: 2), vat: 20)], when: night),
      .init([.init(.energy, price: Decimal(50, places: 2), vat: 20), .init(.parkingTime, price: 6, vat: 20)]),
    ]
    #expect(
      PriceTag(tariff).lines(in: PaperWords(Assets(), language: "fr")) == [
        "0.30 EUR par kWh, 22:00–06:00, sam. dim., >= 10 kWh",
        "0.60 EUR par kWh + 0.12 EUR par minute de stationnement",
      ])
    // In the UK it is pence.
    tariff.currency = "GBP"
    tariff.elements = [.init([.init(.energy, price: Decimal(50, places: 2), vat: 20)])]
    #expect(
      PriceTag(tariff, in: "GBR").lines(in: PaperWords(Assets(), language: "en")) == ["60 p per kWh"])
  }

  @Test func thePublicPageIsOffUntilItIsTurnedOn() async throws {
    let (charged, _) = try await coded()
    #expect(try await charged.house.ask(.get, "/public/status").status == 404)
    #expect(try await charged.house.ask(.put, "/public", ["status": true], as: charged.owner).status == 200)
    let shown = try await charged.house.ask(.get, "/public/status")
    #expect(
      shown.json["sites"]?[0] == [
        "name": "Harbour", "address": "Quay 1, Delft", "evses": 1, "free": 1, "out_of_order": 0,
      ])
    #expect(!shown.text.contains("CS-1"))
  }
}
