import Domain
import Testing
import Wire

@testable import OCPI

private let edition230 = Edition230(zones: zones)

/// What 2.3.0 says beside 2.2.1, and what 2.2.1 cannot say of it.
@Suite struct Edition230Tests {
  @Test func pricesNameTheirTaxes() throws {
    let cdr = try edition230.cdr(Sample.cdr(), seconds).json
    #expect(cdr["total_cost"]?["before_taxes"]?.decimal == Decimal(41833, places: 4))
    #expect(cdr["total_cost"]?["excl_vat"] == nil)
    let taxes = cdr["total_cost"]?["taxes"]?.array ?? []
    #expect(taxes.map { $0["name"] } == ["VAT"])
    #expect(taxes[0]["amount"]?.decimal == Decimal(8785, places: 4))
    #expect(cdr["tariffs"]?[0]?["tax_included"] == "NO")
    #expect(
      try edition.cdr(Sample.cdr(), seconds).json["total_cost"]?["incl_vat"]?.decimal == Decimal(50618, places: 4))
  }

  @Test func aTariffWithoutTaxesSaysThatNoneApply() throws {
    var view = Sample.tariffView
    view.version.tariff.elements = [Tariff.Element([.init(.energy, price: Decimal(25, places: 2))])]
    #expect(try edition230.tariff(view, seconds).json["tax_included"] == "N/A")
    #expect(try edition.tariff(view, seconds).json["tax_included"] == nil)
    let rich = try edition230.tariff(Sample.richTariff, seconds).json
    #expect(rich["max_price"] == ["before_taxes": 50, "after_taxes": 60.5])
    #expect(rich["preauthorize_amount"] == 50)
    #expect(edition.unsaid(of: .tariff(Sample.richTariff)) == ["preauthorize_amount"])
    #expect(edition230.unsaid(of: .tariff(Sample.richTariff)) == [])
  }

  @Test func whatABookingCostsIsNeverReadAsWhatChargingCosts() throws {
    var view = Sample.tariffView
    var booked = Tariff.Restrictions()
    booked.booking = .cancellation
    view.version.tariff.elements.insert(Tariff.Element([.init(.flat, price: 5)], when: booked), at: 0)
    let json = try edition230.tariff(view, seconds).json
    #expect(json["elements"]?[0]?["restrictions"] == ["booking": "BOOKING_CANCELLATION_FEES"])
    #expect(try edition230.tariff(from: json).elements[0].restrictions?.booking == .cancellation)
    #expect(edition230.unsaid(of: .tariff(view)) == [])
    var strange = json
    strange["elements"] = [
      [
        "price_components": [["type": "FLAT", "price": 5, "step_size": 1]], "restrictions": ["booking": "BOOKING_SOON"],
      ]
    ]
    #expect(try edition230.tariff(from: strange).elements[0].restrictions?.isOfSession == false)
    // Without the condition it would be the price of every session.
    let older = try edition.tariff(view, seconds).json
    #expect(older["elements"]?.array?.count == (json["elements"]?.array?.count ?? 0) - 1)
    #expect(edition.unsaid(of: .tariff(view)) == ["prices of bookings"])
  }

  @Test func everythingThatAnOperatorWritesOfAPlaceIsSaid() throws {
    #expect(edition230.unsaid(of: .location(Sample.richLocation)) == [])
    let json = try edition230.location(Sample.richLocation, seconds).json
    #expect(json["help_phone"] == "+31201234567")
    #expect(json["parking_places"]?[0]?["vehicle_types"] == ["PERSONAL_VEHICLE", "DISABLED"])
    #expect(json["evses"]?[0]?["parking"] == [["parking_id": "BAY-1", "evse_position": "LEFT"]])
    #expect(json["evses"]?[0]?["accepted_service_providers"] == ["DE-ABC"])
    #expect(json["evses"]?[0]?["connectors"]?[0]?["capabilities"] == ["ISO_15118_2_PLUG_AND_CHARGE"])
    #expect(json["evses"]?[0]?["connectors"]?.array?.map { $0["standard"] } == ["IEC_62196_T2", "MCS", "GBT_AC"])
    #expect(json["evses"]?[0]?["connectors"]?[0]?["tariff_ids"] == ["T1", "T2"])
  }

  @Test func whatTheVersionBeforeCannotSayIsNamed() throws {
    let lost = edition.unsaid(of: .location(Sample.richLocation))
    #expect(
      lost == [
        "parking_places", "help_phone", "parking", "accepted_service_providers", "parking restriction TAXIS",
        "connector capabilities", "connector standard MCS",
      ])
    let json = try edition.location(Sample.richLocation, seconds).json
    #expect(json["help_phone"] == nil)
    #expect(json["evses"]?[0]?["connectors"]?.array?.map { $0["standard"] } == ["IEC_62196_T2", "GBT_AC"])
    #expect(json["evses"]?[0]?["parking_restrictions"] == ["EV_ONLY"])
  }

  @Test func thePlugOfNorthAmericaIsTheOneThatOlderVersionsKnowByItsMaker() throws {
    var plug = PublishedConnector(Sample.connector(), tariffs: [])
    plug.standard = .nacs
    #expect(try edition230.connector(plug, seconds).json["standard"] == "SAE_J3400")
    #expect(try edition.connector(plug, seconds).json["standard"] == "TESLA_S")
    plug.standard = .mcs
    #expect(throws: PushFault.self) { try edition.connector(plug, seconds) }
  }

  @Test func aWordThatAVersionLacksNeverLeaves() {
    var evse = V221.EVSE(PublishedEVSE(Sample.evse()))
    evse.details.restrictions = [.taxis]
    #expect(throws: PushFault.unfit("parking_restrictions[0]: this version has no word TAXIS")) {
      try Fitness.check(evse, in: .v221)
    }
    #expect(throws: Never.self) { try Fitness.check(evse, in: .v230) }
  }

  @Test func contractsOfPlugAndChargeHaveAWord() throws {
    var token = Sample.token()
    token.kind = .emaid
    #expect(edition230.token(token, of: Sample.theirs, seconds).json["type"] == "EMAID")
    #expect(edition.token(token, of: Sample.theirs, seconds).json["type"] == "OTHER")
  }

  @Test func aHubStandsBesideThePartiesThatItReaches() throws {
    let read = try edition230.credentials(
      from: json(
        """
        {"token":"t","url":"https://hub.example/v","hub_party_id":"NLHUB","roles":[{"role":"EMSP","party_id":"ABC",
        "country_code":"DE","business_details":{"name":"ABC"}}]}
        """))
    #expect(read.roles.map(\.role) == ["EMSP", "HUB"])
    #expect(read.roles[1].name == PartyID(country: "NL", party: "HUB"))
  }

  @Test func aPaymentIsReadAndShownAsItCame() throws {
    let text = """
      {"id":"F1","authorization_reference":"AUTH-1","total_costs":{"before_taxes":10,"taxes":[{"name":"VAT",\
      "amount":2.1}]},"currency":"EUR","eft_data":["VISA","****1234"],"capture_status_code":"SUCCESS",\
      "last_updated":"2026-03-02T12:00:00Z"}
      """
    let advice = try edition230.advice(from: json(text))
    #expect(advice.beforeTax == 10 && advice.capture == .success && advice.receipt == ["VISA", "****1234"])
    #expect(edition230.advice(advice, seconds).json == json(text))
    #expect(throws: PartnerFault.self) { try edition230.terminal(from: json("{\"terminal_id\":\"\"}")) }
  }

  @Test func aChargingPlanIsReadAsTheHousePlans() throws {
    let (schedule, url) = try edition230.profile(
      from: json(
        """
        {"response_url":"https://x.example/r","charging_profile":{"start_date_time":"2026-03-02T12:00:00Z",
        "duration":3600,"charging_rate_unit":"W","min_charging_rate":1380,"charging_profile_period":[
        {"start_period":0,"limit":7400},{"start_period":1800,"limit":11000}]}}
        """))
    #expect(url == "https://x.example/r")
    #expect(schedule.unit == .watts && schedule.seconds == 3_600 && schedule.leastRate == 1_380)
    #expect(schedule.periods == [.init(start: 0, limit: 7_400), .init(start: 1_800, limit: 11_000)])
  }
}
