import Domain
import Testing
import Wire

@testable import OCPI

private let edition211 = Edition211(zones: zones)

/// What a partner of 2.1.1 hears and says: one party on each side, flat prices, and words of its own.
@Suite struct Edition211Tests {
  @Test func aLocationHasNoOwnerAndItsConnectorsSpeakOfVoltage() throws {
    #expect(
      try edition211.location(Sample.location(), seconds).text == """
        {"id":"L1","type":"ON_STREET","name":"Stadhuis","address":"Amstel 1","city":"Amsterdam",\
        "postal_code":"1011PN","country":"NLD","coordinates":{"latitude":"52.370200","longitude":"4.895168"},\
        "evses":[{"uid":"E1","evse_id":"NL*OST*E0001","status":"AVAILABLE","capabilities":["REMOTE_START_STOP_CAPABLE",\
        "RFID_READER","UNLOCK_CAPABLE"],"connectors":[{"id":"1","standard":"IEC_62196_T2","format":"SOCKET",\
        "power_type":"AC_3_PHASE","voltage":230,"amperage":32,"tariff_id":"T1","last_updated":"2026-03-01T08:00:00Z"}],\
        "physical_reference":"A1","last_updated":"2026-03-01T10:30:00Z"}],"operator":{"name":"Ostler Demo"},\
        "time_zone":"Europe/Amsterdam","opening_times":{"twentyfourseven":true},"last_updated":"2026-03-01T10:30:00Z"}
        """)
  }

  @Test func aCDRTellsItsPlaceWholeAndItsCostsWithoutTaxes() throws {
    let json = try edition211.cdr(Sample.cdr(), seconds).json
    #expect(json["auth_id"] == "DE-ABC-C00001-8")
    #expect(json["stop_date_time"] == "2026-03-02T11:10:00Z")
    #expect(json["total_cost"]?.decimal == Decimal(41833, places: 4))
    #expect(json["total_time"]?.decimal == Decimal(11667, places: 4))
    #expect(json["total_parking_time"]?.decimal == Decimal(1667, places: 4))
    #expect(json["location"]?["evses"]?[0]?["connectors"]?[0]?["id"] == "1")
    #expect(json["location"]?["evses"]?.array?.count == 1)
    // MAX_POWER is a word of later versions.
    let words = json["charging_periods"]?.array?.flatMap { $0["dimensions"]?.array ?? [] }.map { $0["type"]?.string }
    #expect(words == ["ENERGY", "TIME", "ENERGY", "PARKING_TIME"])
    #expect(json["tariffs"]?[0]?["elements"]?[0]?["price_components"]?[0]?["vat"] == nil)
  }

  @Test func aCreditFitsAndSaysWhy() throws {
    let bill = Sample.cdr("0193b5d2-7f00-7abc-8def-0123456789ab")
    let credit = bill.credit(because: "wrong price", at: bill.createdAt)
    let json = try edition211.cdr(credit, seconds).json
    #expect(json["id"] == "C0193b5d27f007abc8def0123456789ab" && json["remark"] == "wrong price")
    #expect(json["total_cost"]?.decimal?.isNegative == true)
    #expect(edition211.unsaid(of: .cdr(credit)).contains("that a CDR is a credit, and of which one"))
    #expect(!edition211.unsaid(of: .cdr(bill)).contains("that a CDR is a credit, and of which one"))
  }

  @Test func aCDRWhosePartsDoNotMakeItsWholeStaysHereToo() {
    var cdr = Sample.cdr()
    cdr.totals.cost = Price(beforeTax: Money(tenThousandths: 1), afterTax: Money(tenThousandths: 1))
    #expect(throws: PushFault.self) { try edition211.cdr(cdr, seconds) }
  }

  @Test func aSessionEmbedsItsLocation() throws {
    let json = try edition211.session(Sample.session(), seconds).json
    #expect(json["start_datetime"] == "2026-03-02T10:00:00Z")
    #expect(json["location"]?["id"] == "L1" && json["location"]?["evses"]?[0]?["uid"] == "E1")
    #expect(json["total_cost"]?.decimal == Decimal(525, places: 3))
    #expect(json["auth_method"] == "AUTH_REQUEST" && json["status"] == "ACTIVE")
  }

  @Test func whatItCannotSayIsNamedAndNothingElseIsLost() throws {
    let lost = Set(edition211.unsaid(of: .location(Sample.richLocation)))
    #expect(
      lost.isSuperset(of: [
        "parking_places", "help_phone", "publish_allowed_to", "state", "facility TRAM_STOP", "parking",
        "capability CONTACTLESS_CARD_SUPPORT", "parking restriction TAXIS", "connector standard MCS",
        "connector standard GBT_AC", "connector capabilities", "max_electric_power",
        "more than one tariff of a connector",
      ]))
    #expect(edition211.unsaid(of: .location(Sample.location())) == [])
    let json = try edition211.location(Sample.richLocation, seconds).json
    #expect(json["facilities"] == ["CAFE"])
    #expect(json["energy_mix"]?["environ_impact"]?[0]?["source"] == "CARBON_DIOXIDE")
    #expect(json["opening_times"]?["regular_hours"]?[0]?["weekday"] == 1)
    #expect(json["images"]?.array?.count == 1)
    #expect(json["evses"]?.array?.map { $0["status"] } == ["AVAILABLE", "REMOVED"])
    #expect(json["evses"]?[0]?["connectors"]?.array?.count == 1)
    #expect(edition211.unsaid(of: .cdr(Sample.cdr())).contains("costs with VAT"))
  }

  @Test func aPlaceThatIsNotPublishedIsGone() throws {
    var view = Sample.location()
    view.location.isPublished = false
    #expect(try edition211.location(view, seconds).json["evses"]?[0]?["status"] == "REMOVED")
    #expect(edition211.unsaid(of: .location(view)).count == 1)
  }

  @Test func aTariffThatWouldMeanSomethingElseIsUnfit() throws {
    var view = Sample.tariffView
    var byCurrent = Tariff.Restrictions()
    byCurrent.maxCurrent = 16
    view.version.tariff.elements.insert(Tariff.Element([.init(.energy, price: 1)], when: byCurrent), at: 0)
    #expect(throws: PushFault.unfit("elements: OCPI 2.1.1 has no prices by current")) {
      try edition211.tariff(view, seconds)
    }
    var held = Tariff.Restrictions()
    held.reservation = .reservation
    view.version.tariff.elements[0].restrictions = held
    #expect(try edition211.tariff(view, seconds).json["elements"]?.array?.count == 2)
    #expect(edition211.unsaid(of: .tariff(view)).contains("prices of reservations"))
    var booked = Tariff.Restrictions()
    booked.booking = .cancellation
    view.version.tariff.elements[0].restrictions = booked
    #expect(try edition211.tariff(view, seconds).json["elements"]?.array?.count == 2)
    #expect(edition211.unsaid(of: .tariff(view)).contains("prices of bookings"))
  }

  // MARK: What it says

  private static let token = """
    {"uid":"04AABBCC","type":"RFID","auth_id":"DE-ABC-C1","issuer":"ABC","valid":true,"whitelist":"ALLOWED",\
    "last_updated":"2026-03-05T00:00:00Z"}
    """

  @Test func aTokenBelongsToThePartyOfItsAddress() throws {
    let (token, key) = try edition211.token(from: json(Self.token), of: Sample.theirs)
    #expect(key == TokenKey(party: Sample.theirs, uid: "04AABBCC", kind: .rfid))
    #expect(token.contractID == "DE-ABC-C1" && token.whitelist == .allowed)
    #expect(edition211.token(token, of: Sample.theirs, seconds).json == json(Self.token))
  }

  @Test func aPatchNeedsNoTime() throws {
    let (token, key) = try edition211.token(from: json(Self.token), of: Sample.theirs)
    #expect(try !edition211.token(token, under: key, changedBy: json("{\"valid\":false}")).isValid)
    let older = json("{\"valid\":false,\"last_updated\":\"2026-01-01T00:00:00Z\"}")
    #expect(try edition211.token(token, under: key, changedBy: older) == token)
  }

  @Test func commandsAreReadInItsOwnWords() throws {
    let start = json("{\"response_url\":\"https://x.example/r\",\"token\":\(Self.token),\"location_id\":\"L1\"}")
    guard case .start(let wish) = try edition211.command("START_SESSION", from: start, of: Sample.theirs) else {
      Issue.record("a start is a start")
      return
    }
    #expect(wish.key.party == Sample.theirs && wish.location == "L1" && wish.evse == nil)
    var reserve = start
    (reserve["expiry_date"], reserve["reservation_id"]) = ("2026-03-05T01:00:00Z", 42)
    guard case .reserve(let held) = try edition211.command("RESERVE_NOW", from: reserve, of: Sample.theirs) else {
      Issue.record("a reservation is one")
      return
    }
    #expect(held.reference == "42" && held.expiresAt == at("2026-03-05T01:00:00Z"))
    guard case .unsupported = try edition211.command("CANCEL_RESERVATION", from: start, of: Sample.theirs) else {
      Issue.record("2.1.1 has no such command")
      return
    }
  }

  @Test(arguments: [
    (CommandResult.accepted, "ACCEPTED"), (.timeout, "TIMEOUT"), (.notSupported, "NOT_SUPPORTED"),
    (.evseOccupied, "REJECTED"), (.failed, "REJECTED"),
  ])
  func resultsAreSaidInTheWordsThatItHas(result: CommandResult, word: String) {
    #expect(edition211.result(result, message: "x", seconds).json == ["result": .string(word)])
  }

  @Test func credentialsAreFlat() throws {
    let ours = try edition211.credentials(
      token: "t", url: "https://us.example/ocpi/versions", parties: [Sample.party], seconds)
    #expect(
      ours.text == """
        {"token":"t","url":"https://us.example/ocpi/versions","business_details":{"name":"Ostler Demo",\
        "website":"https://example.com"},"party_id":"OST","country_code":"NL"}
        """)
    let theirs = json(
      """
      {"token":"t","url":"https://x.example/v","party_id":"abc","country_code":"de","business_details":{"name":"ABC"}}
      """)
    #expect(
      try edition211.credentials(from: theirs).roles == [.init(name: Sample.theirs, role: "", businessName: "ABC")])
    #expect(throws: PartnerFault.self) { try edition211.credentials(from: json("{\"token\":\"t\"}")) }
  }

  @Test func aVerdictIsAWordAlone() {
    #expect(edition211.authorization(from: json("{\"allowed\":\"ALLOWED\"}"))?.allowed == .allowed)
    #expect(edition211.authorization(from: json("{\"allowed\":\"PERHAPS\"}")) == nil)
  }

  @Test func itsTokenStandsAsItIsInTheHeaderAndTheOtherFormIsTried() {
    #expect(PartnerQuirks().forms(remembered: nil, version: "2.1.1") == [.raw, .base64])
    #expect(PartnerQuirks().forms(remembered: nil, version: "2.2.1") == [.base64, .raw])
    #expect(PartnerQuirks().forms(remembered: .base64, version: "2.1.1") == [.base64, .raw])
    var set = PartnerQuirks()
    set.tokenForm = .base64
    #expect(set.forms(remembered: .raw, version: "2.1.1") == [.base64])
  }
}
