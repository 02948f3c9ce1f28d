import Testing
import Wire

@testable import Domain

/// Taxes: VAT of a component, taxes of a tariff, included or added or none (OCPI 2.3.0 mod_tariffs and types).
@Suite struct TaxTests {
  private let start = at("2026-06-01T10:00:00Z")

  private func bill(_ tariff: Tariff, minutes: Int = 60, kWh total: String = "20") -> Bill {
    let bill = Bill(
      Usage(from: start, to: start + .seconds(minutes * 60), energy: kWh(total), tariff: tariff, zone: .utc))
    #expect(bill.agrees(with: tariff, zone: .utc))
    return bill
  }

  private func amounts(_ price: Price?) -> [String] {
    (price?.taxes ?? []).map { "\($0.name) \($0.percent?.description ?? "?") \($0.amount)" }
  }

  @Test func eachRateIsListedWithItsAmount() throws {
    let two = try tariff(
      element([component("FLAT", "0.5", vat: "20"), component("ENERGY", "0.25", vat: "10")].joined(separator: ",")))
    let totals = bill(two).totals
    #expect(totals.cost.amounts == price("5.5", "6.1"))
    #expect(amounts(totals.cost).sorted() == ["VAT 10 0.5", "VAT 20 0.1"])
    #expect(amounts(totals.energyCost) == ["VAT 10 0.5"])
    #expect(totals.timeCost == nil)
  }

  @Test func taxesOfTheTariffLieOnWhatHasNoVATOfItsOwn() throws {
    let quebec = try tariff(
      element([component("ENERGY", "0.4"), component("FLAT", "1", vat: "0")].joined(separator: ",")),
      #","taxes":[{"name":"GST","percentage":5},{"name":"QST","percentage":9.975,"account_number":"1234"}]"#)
    let totals = bill(quebec).totals
    #expect(totals.energyCost?.amounts == price("8", "9.198"))
    #expect(amounts(totals.energyCost) == ["GST 5 0.4", "QST 9.975 0.798"])
    #expect(totals.energyCost?.taxes?.last?.accountNumber == "1234")
    #expect(totals.fixedCost?.amounts == price("1", "1"))
    #expect(totals.cost.amounts == price("9", "10.198"))
  }

  @Test func pricesThatIncludeTaxAreWhatIsPaid() throws {
    let inclusive = try tariff(element(component("TIME", "2.10", vat: "5", step: 60)), #","tax_included":"YES""#)
    let totals = bill(inclusive, minutes: 150).totals
    #expect(totals.cost.amounts == price("5", "5.25"))
    #expect(amounts(totals.cost) == ["VAT 5 0.25"])
    // Which tax is in it is not said: the amount before tax is not known apart.
    let unnamed = try tariff(element(component("TIME", "2.10", step: 60)), #","tax_included":"YES""#)
    #expect(bill(unnamed, minutes: 150).totals.cost == price("5.25", "5.25"))
  }

  @Test func severalIncludedTaxesShareWhatLiesAboveTheNetAmount() throws {
    let both = try tariff(
      element(component("ENERGY", "1.15")),
      #","tax_included":"YES","taxes":[{"name":"A","percentage":5},{"name":"B","percentage":10}]"#)
    let cost = bill(both).totals.cost
    #expect(cost.amounts == price("20", "23"))
    #expect(amounts(cost) == ["A 5 1", "B 10 2"])
  }

  @Test func whereNoTaxAppliesNoneIsCounted() throws {
    let none = try tariff(element(component("ENERGY", "0.25", vat: "10")), #","tax_included":"N/A""#)
    #expect(bill(none).totals.cost == price("5"))
    #expect(none.check().map(\.kind) == [.contradiction])
  }

  @Test func taxesThatAreAddedLaterLeaveTheAmountBeforeThem() throws {
    let later = try tariff(element(component("TIME", "2", step: 60)), #","tax_included":"NO""#)
    #expect(bill(later, minutes: 150).totals.cost == price("5"))
  }

  @Test func underALimitTheTaxesKeepTheirProportions() throws {
    let most = try tariff(
      element([component("FLAT", "10", vat: "20"), component("ENERGY", "0.5", vat: "10")].joined(separator: ",")),
      #","max_price":{"excl_vat":10,"incl_vat":11.5}"#)
    // 10 + 10 before tax, 2 + 1 of tax.
    let cost = bill(most).totals.cost
    #expect(cost.amounts == price("10", "11.5"))
    #expect(amounts(cost) == ["VAT 10 0.5", "VAT 20 1"] || amounts(cost) == ["VAT 20 1", "VAT 10 0.5"])
    let least = try tariff(element(component("ENERGY", "0", vat: "10")), #","min_price":{"excl_vat":2,"incl_vat":2.2}"#)
    #expect(amounts(bill(least).totals.cost) == ["VAT 10 0.2"])
  }

  @Test func taxesSumToTheDifferenceForEverySession() {
    for seed in 0..<400 {
      var random = Seeded(seed)
      var tariff = Tariff()
      tariff.taxIncluded = [nil, .no, .yes].randomElement(using: &random) ?? nil
      if random.chance(60) {
        tariff.taxes = (0..<random.number(1...3)).map {
          Tax("T\($0)", percent: Decimal(random.number(0...20_000), places: 3))
        }
      }
      tariff.elements = [
        .init(
          Tariff.Dimension.allCases.map {
            .init(
              $0, price: Decimal(random.number(0...3_000_000), places: 6),
              vat: random.chance(40) ? Decimal(random.number(0...250), places: 1) : nil,
              stepSize: random.number(0...900))
          })
      ]
      if random.chance(30) {
        tariff.maximum = Price(beforeTax: Money(tenThousandths: Int64(random.number(0...90_000))))
      }
      if random.chance(30) { tariff.minimum = Price(beforeTax: .zero, afterTax: Money(tenThousandths: 10_000)) }
      let totals = bill(tariff, minutes: random.number(0...3000), kWh: "\(random.number(0...90))").totals
      for cost in [totals.cost, totals.energyCost, totals.timeCost, totals.fixedCost].compactMap({ $0 }) {
        guard let taxes = cost.taxes else { continue }
        #expect(taxes.reduce(cost.beforeTax) { $0 + $1.amount } == cost.afterTax, "seed \(seed)")
        #expect(taxes.allSatisfy { $0.amount >= .zero }, "seed \(seed)")
      }
    }
  }

  @Test func aCreditTakesBackTheTotalAlone() throws {
    let taxed = try tariff(element(component("ENERGY", "0.25", vat: "10")))
    let bill = bill(taxed)
    var record = CDR()
    (record.id, record.startedAt, record.endedAt, record.tariff) = ("c1", bill.start, bill.end, taxed)
    (record.periods, record.totals) = (bill.periods, bill.totals)
    let credit = record.credit(because: "wrong meter", at: start)
    #expect(credit.id == "Cc1")
    #expect(credit.isCredit && credit.credits == "c1")
    #expect(credit.totals.cost.amounts == price("-5", "-5.5"))
    #expect(credit.totals.cost.taxes?.map(\.amount) == [euro("-0.5")])
    #expect(credit.totals.energyCost == record.totals.energyCost)
    #expect(credit.agrees(zone: .utc))
    #expect(try CDR.read(credit.encoded()).value == credit)
  }

  @Test(arguments: [("EUR", "12.35"), ("JPY", "12"), ("KWD", "12.346"), ("XYZ", "12.35")])
  func whatIsPaidHasTheDigitsOfItsCurrency(_ currency: String, _ paid: String) {
    #expect(euro("12.3456").payable(in: currency) == euro(paid))
    #expect(euro("-12.3456").payable(in: currency) == euro("-\(paid)"), "a credit rounds as its bill")
  }
}
