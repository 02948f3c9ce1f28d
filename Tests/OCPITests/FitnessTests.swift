import Domain
import Testing
import Wire

@testable import OCPI

/// What does not fit a partner's version: a bill goes without what it may do without, and everything else stays here.
@Suite struct FitnessTests {
  private static let editions: [any OCPIEdition] = [Edition211(zones: zones), edition, Edition230(zones: zones)]

  /// Ten kWh in an hour by that tariff.
  private func cdr(_ tariff: Tariff, _ change: (inout CDR) -> Void = { _ in }) -> CDR {
    let start = at("2026-03-02T10:00:00Z")
    let bill = Bill(
      Usage(
        from: start, to: start + .seconds(3_600), energy: kWh("10"), tariff: tariff,
        zone: zones["Europe/Amsterdam"] ?? .utc))
    var cdr = Sample.cdr()
    (cdr.startedAt, cdr.endedAt, cdr.tariff) = (bill.start, bill.end, tariff)
    (cdr.periods, cdr.totals) = (bill.periods, bill.totals)
    change(&cdr)
    return cdr
  }

  private func tariff(
    _ price: String, vat: Decimal? = nil, included: Tariff.TaxIncluded? = nil, taxes: [Tax]? = nil
  ) -> Tariff {
    var tariff = Tariff()
    (tariff.ref, tariff.taxIncluded, tariff.taxes) = ("T1", included, taxes)
    tariff.elements = [Tariff.Element([.init(.energy, price: need(Decimal(price)), vat: vat)])]
    return tariff
  }

  private func view(_ tariff: Tariff) -> TariffView {
    var view = Sample.tariffView
    view.version.tariff = tariff
    return view
  }

  // MARK: A bill goes

  @Test(arguments: ["2.1.1", "2.2.1", "2.3.0"])
  func aBillGoesWithoutATariffThatCannotBeTold(version: String) throws {
    let edition = need(Self.editions.first { $0.version == version })
    let written = try edition.written(cdr(tariff("0.29412", vat: 19)), seconds)
    #expect(written.bytes.json["tariffs"] == nil)
    #expect(written.unsaid.contains("the tariff of a CDR"))
    #expect(edition.unsaid(of: .cdr(cdr(tariff("0.29412")))).contains("the tariff of a CDR"))
    #expect(try edition.written(cdr(tariff("0.2941")), seconds).bytes.json["tariffs"]?.array?.count == 1)
  }

  @Test func aReferenceThatNoPartnerCanHaveGivenIsLeftOut() throws {
    let odd = cdr(tariff("0.3")) { $0.authorizationReference = String(repeating: "x", count: 37) }
    let written = try edition.written(odd, seconds)
    #expect(written.bytes.json["authorization_reference"] == nil)
    #expect(written.unsaid == ["the authorization_reference of a CDR"])
  }

  @Test func whatABillMustHaveKeepsItHere() {
    let nowhere = cdr(tariff("0.3")) { $0.place.location = "" }
    #expect(throws: PushFault.unfit("cdr_location.id: it is empty")) { try edition.written(nowhere, seconds) }
  }

  // MARK: Plugs

  @Test(arguments: [
    (Connector.Standard.nacs, "2.2.1", "TESLA_S"), (.nacs, "2.1.1", "TESLA_S"), (.nacs, "2.3.0", "SAE_J3400"),
    (.mcs, "2.2.1", "IEC_62196_T2_COMBO"), (.gbtDC, "2.2.1", "GBT_DC"), (.gbtDC, "2.1.1", "CHADEMO"),
    (.nema1450, "2.1.1", "DOMESTIC_B"), (.type2, "2.1.1", "IEC_62196_T2"),
  ])
  func aBillNamesThePlugOrTheNearestOne(standard: Connector.Standard, version: String, word: String) throws {
    let edition = need(Self.editions.first { $0.version == version })
    let bill = cdr(tariff("0.3")) { ($0.place.standard, $0.place.powerType) = (standard, .ac2Split) }
    let written = try edition.written(bill, seconds)
    let json = written.bytes.json
    let plug = json["location"]?["evses"]?[0]?["connectors"]?[0]
    #expect((json["cdr_location"]?["connector_standard"] ?? plug?["standard"])?.string == word)
    let isNamed = written.unsaid.contains { $0.hasPrefix("connector standard \(standard.rawValue)") }
    #expect(isNamed == (word != standard.rawValue))
    #expect(plug == nil || plug?["power_type"] == "AC_1_PHASE")
    var session = Sample.session()
    session.place.standard = standard
    #expect(throws: Never.self) { try edition.session(session, seconds) }
  }

  @Test func anEVSEOfWhosePlugsAVersionKnowsNoneIsNotThereForIt() throws {
    var evse = PublishedEVSE(Sample.evse())
    evse.connectors[0].standard = .mcs
    #expect(throws: PushFault.notWanted) { try edition.evse(evse, seconds) }
    #expect(throws: PushFault.notWanted) { try edition.connector(evse.connectors[0], seconds) }
    #expect(throws: PushFault.notWanted) { try Edition211(zones: zones).evse(evse, seconds) }
    #expect(throws: Never.self) { try Edition230(zones: zones).evse(evse, seconds) }
  }

  // MARK: Taxes

  @Test func pricesWithTaxAreToldBeforeItToVersionsThatKnowNoOthers() throws {
    let gross = tariff("0.60", vat: 20, included: .yes)
    let component = try edition.tariff(view(gross), seconds).json["elements"]?[0]?["price_components"]?[0]
    #expect(component?["price"]?.decimal == Decimal(5, places: 1) && component?["vat"] == 20)
    #expect(edition.unsaid(of: .tariff(view(gross))).contains("prices with tax, which are told before it"))
    let latest = try Edition230(zones: zones).tariff(view(gross), seconds).json
    #expect(latest["tax_included"] == "YES")
    #expect(latest["elements"]?[0]?["price_components"]?[0]?["price"]?.decimal == Decimal(6, places: 1))
    let bill = try edition.written(cdr(gross), seconds).bytes.json
    #expect(bill["total_cost"] == ["excl_vat": 5, "incl_vat": 6])
    #expect(bill["tariffs"]?[0]?["elements"]?[0]?["price_components"]?[0]?["price"]?.decimal == Decimal(5, places: 1))
    // What a partner of that version makes of it.
    let priced = try edition.tariff(from: need(bill["tariffs"]?[0]))
    #expect(cdr(priced).totals.cost.total == Money(tenThousandths: 60_000))
  }

  @Test func roundedTaxesDoNotCostTheBillItsTariff() throws {
    let gross = tariff("0.60", vat: 20, included: .yes)
    for tenths in [1, 33, 777, 12_345, 99_999] {
      let start = at("2026-03-02T10:00:00Z")
      let used = Usage(
        from: start, to: start + .seconds(3_600), energy: Energy(tenthsOfWattHour: Int64(tenths)), tariff: gross,
        zone: zones["Europe/Amsterdam"] ?? .utc)
      let bill = Bill(used)
      let record = cdr(gross) { ($0.periods, $0.totals) = (bill.periods, bill.totals) }
      #expect(try edition.written(record, seconds).bytes.json["tariffs"] != nil, "\(tenths)")
    }
  }

  @Test func aPriceThatDoesNotEndWithoutItsTaxIsNotTold() throws {
    let gross = tariff("0.39", vat: 19, included: .yes)
    #expect(throws: PushFault.unfit("tax_included: without its tax a price has more than 4 decimals")) {
      try edition.tariff(view(gross), seconds)
    }
    let written = try edition.written(cdr(gross), seconds)
    #expect(written.bytes.json["tariffs"] == nil && written.unsaid.contains("the tariff of a CDR"))
    #expect(written.bytes.json["total_cost"]?["incl_vat"]?.decimal == Decimal(39, places: 1))
  }

  @Test func taxesOfATariffAreAddedInEveryVersion() throws {
    let taxed = tariff("0.40", taxes: [Tax("State tax", percent: need(Decimal("6.25"))), Tax("City tax", percent: 1)])
    let latest = try Edition230(zones: zones).tariff(view(taxed), seconds).json
    #expect(latest["tax_included"] == "NO")
    #expect(Edition230(zones: zones).unsaid(of: .tariff(view(taxed))) == ["the taxes of a tariff"])
    let component = try edition.tariff(view(taxed), seconds).json["elements"]?[0]?["price_components"]?[0]
    #expect(component?["vat"]?.decimal == Decimal("7.25"))
    #expect(edition.unsaid(of: .tariff(view(taxed))) == ["the names of a tariff's taxes"])
    #expect(try edition.written(cdr(taxed), seconds).bytes.json["tariffs"] != nil)
    let free = tariff("0.40")
    #expect(try Edition230(zones: zones).tariff(view(free), seconds).json["tax_included"] == "N/A")
  }

  // MARK: Words that are all there are

  @Test func aWordThatIsNoneIsRefusedWhereItCouldMeanTheOpposite() throws {
    let edition230 = Edition230(zones: zones)
    for word in ["DECLINED", "Failed", "7"] {
      let advice = EndpointTableTests.advice.replacing("\"SUCCESS\"", with: "\"\(word)\"")
      #expect(throws: PartnerFault.self) { try edition230.advice(from: json(advice)) }
    }
    let gone = EndpointTableTests.client.replacing("\"CONNECTED\"", with: "\"DISCONNECTED\"")
    #expect(throws: PartnerFault.self) { try edition.client(from: json(gone)) }
    #expect(try edition.preferences(from: ["profile_type": "TURBO"]) == nil)
    #expect(try edition.preferences(from: ["profile_type": "FAST"])?.kind == .fast)
    let told = try edition.tariff(Sample.tariffView, seconds).text
    #expect(throws: Never.self) { try edition.tariff(from: json(told)) }
    let odd = told.replacing("\"type\":\"PARKING_TIME\"", with: "\"type\":\"CONGESTION\"")
    #expect(throws: PartnerFault.self) { try edition.tariff(from: json(odd)) }
  }
}
