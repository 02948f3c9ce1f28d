import Domain
import Testing
import Wire

@testable import OCPI

@Suite struct Edition221Tests {
  // MARK: Golden objects

  @Test func aLocationIsWrittenWithItsEVSEsAndTheNewestTime() throws {
    #expect(
      try edition.location(Sample.location(), seconds).text == """
        {"country_code":"NL","party_id":"OST","id":"L1","publish":true,"name":"Stadhuis","address":"Amstel 1",\
        "city":"Amsterdam","postal_code":"1011PN","country":"NLD",\
        "coordinates":{"latitude":"52.370200","longitude":"4.895168"},"parking_type":"ON_STREET","evses":[{"uid":"E1",\
        "evse_id":"NL*OST*E0001","status":"AVAILABLE","capabilities":["REMOTE_START_STOP_CAPABLE","RFID_READER",\
        "UNLOCK_CAPABLE"],"connectors":[{"id":"1","standard":"IEC_62196_T2","format":"SOCKET",\
        "power_type":"AC_3_PHASE",\
        "max_voltage":230,"max_amperage":32,"tariff_ids":["T1"],"last_updated":"2026-03-01T08:00:00Z"}],\
        "physical_reference":"A1","last_updated":"2026-03-01T10:30:00Z"}],"operator":{"name":"Ostler Demo"},\
        "time_zone":"Europe/Amsterdam","opening_times":{"twentyfourseven":true},"last_updated":"2026-03-01T10:30:00Z"}
        """)
  }

  @Test func aTariffIsWrittenElementByElement() throws {
    #expect(
      try edition.tariff(Sample.tariffView, seconds).text == """
        {"country_code":"NL","party_id":"OST","id":"T1","currency":"EUR","type":"REGULAR",\
        "tariff_alt_text":[{"language":"nl","text":"0,35 € per kWh"}],\
        "elements":[{"price_components":[{"type":"ENERGY",\
        "price":0.25,"vat":21,"step_size":1}],"restrictions":{"start_time":"23:00","end_time":"07:00",\
        "day_of_week":["SATURDAY","SUNDAY"]}},{"price_components":[{"type":"ENERGY","price":0.35,"vat":21,\
        "step_size":1},\
        {"type":"PARKING_TIME","price":2,"vat":21,"step_size":60}]}],"last_updated":"2026-02-01T12:00:00Z"}
        """)
  }

  @Test func aCDRIsWrittenWithPeriodsTotalsAndItsTariffAlwaysInTheSameBytes() throws {
    let bytes = try edition.cdr(Sample.cdr(), seconds)
    #expect(
      bytes.text == """
        {"country_code":"NL","party_id":"OST","id":"C1","start_date_time":"2026-03-02T10:00:00Z",\
        "end_date_time":"2026-03-02T11:10:00Z","session_id":"S1","cdr_token":{"country_code":"DE","party_id":"ABC",\
        "uid":"04AABBCC","type":"RFID","contract_id":"DE-ABC-C00001-8"},"auth_method":"AUTH_REQUEST",\
        "authorization_reference":"AUTH-1","cdr_location":{"id":"L1","name":"Stadhuis","address":"Amstel 1",\
        "city":"Amsterdam","postal_code":"1011PN","country":"NLD","coordinates":{"latitude":"52.370200",\
        "longitude":"4.895168"},"evse_uid":"E1","evse_id":"NL*OST*E0001","connector_id":"1",\
        "connector_standard":"IEC_62196_T2","connector_format":"SOCKET","connector_power_type":"AC_3_PHASE"},\
        "currency":"EUR","tariffs":[{"country_code":"NL","party_id":"OST","id":"T1","currency":"EUR","type":"REGULAR",\
        "tariff_alt_text":[{"language":"nl","text":"0,35 € per kWh"}],\
        "elements":[{"price_components":[{"type":"ENERGY",\
        "price":0.25,"vat":21,"step_size":1}],"restrictions":{"start_time":"23:00","end_time":"07:00",\
        "day_of_week":["SATURDAY","SUNDAY"]}},{"price_components":[{"type":"ENERGY","price":0.35,"vat":21,\
        "step_size":1},\
        {"type":"PARKING_TIME","price":2,"vat":21,"step_size":60}]}],"last_updated":"2026-03-02T10:00:00Z"}],\
        "charging_periods":[{"start_date_time":"2026-03-02T10:00:00Z","dimensions":[{"type":"ENERGY","volume":11},\
        {"type":"TIME","volume":1},{"type":"MAX_POWER","volume":11}],"tariff_id":"T1"},\
        {"start_date_time":"2026-03-02T11:00:00Z","dimensions":[{"type":"ENERGY","volume":0},\
        {"type":"PARKING_TIME","volume":0.1667},{"type":"MAX_POWER","volume":11}],"tariff_id":"T1"}],\
        "total_cost":{"excl_vat":4.1833,"incl_vat":5.0618},"total_energy":11,\
        "total_energy_cost":{"excl_vat":3.85,"incl_vat":4.6585},"total_time":1.1667,"total_parking_time":0.1667,\
        "total_parking_cost":{"excl_vat":0.3333,"incl_vat":0.4033},"last_updated":"2026-03-02T11:10:05Z"}
        """)
    #expect(try edition.cdr(Sample.cdr(), seconds) == bytes)
  }

  @Test func aRunningSessionIsWritten() throws {
    #expect(
      try edition.session(Sample.session(), seconds).text == """
        {"country_code":"NL","party_id":"OST","id":"S1","start_date_time":"2026-03-02T10:00:00Z","kwh":1.5,\
        "cdr_token":{"country_code":"DE","party_id":"ABC","uid":"04AABBCC","type":"RFID",\
        "contract_id":"DE-ABC-C00001-8"},"auth_method":"AUTH_REQUEST","authorization_reference":"AUTH-1",\
        "location_id":"L1","evse_uid":"E1","connector_id":"1","currency":"EUR",\
        "total_cost":{"excl_vat":0.525,"incl_vat":0.6353},"status":"ACTIVE","last_updated":"2026-03-02T10:05:00Z"}
        """)
  }

  @Test func aPartnerThatWantsEveryKeyGetsNulls() throws {
    let style = WriterOptions(timestampFraction: .seconds, explicitNulls: true)
    let session = try edition.session(Sample.session(), style).json
    #expect(session["end_date_time"] == .null)
    #expect(session["charging_periods"] == .null)
    #expect(try edition.session(Sample.session(), seconds).json["end_date_time"] == nil)
    #expect(try edition.cdr(Sample.cdr(), style).json["remark"] == .null)
  }

  // MARK: Meanings

  @Test(arguments: [
    (EVSE.Status.available, "AVAILABLE"), (.preparing, "AVAILABLE"), (.charging, "CHARGING"),
    (.suspendedEV, "CHARGING"),
    (.suspendedEVSE, "CHARGING"), (.finishing, "CHARGING"), (.reserved, "RESERVED"), (.unavailable, "INOPERATIVE"),
    (.faulted, "OUTOFORDER"), (.unknown, "UNKNOWN"),
  ])
  func everyStatusHasItsWord(status: EVSE.Status, word: String) throws {
    #expect(try edition.evse(PublishedEVSE(Sample.evse(status: status)), seconds).json["status"]?.string == word)
  }

  @Test func anEVSEWithoutAConnectorIsLeftOutOfItsLocationAndCannotTravelAlone() throws {
    let bare = Sample.evse("E2", connectors: [])
    let location = try edition.location(Sample.location(evses: [Sample.evse(), bare]), seconds).json
    #expect(location["evses"]?.array?.count == 1)
    #expect(try edition.location(Sample.location(evses: [bare]), seconds).json["evses"] == nil)
    #expect(throws: PushFault.unfit("connectors: it needs at least 1")) {
      try edition.evse(PublishedEVSE(bare), seconds)
    }
  }

  @Test func onlyASocketCanBeUnlocked() throws {
    let cable = Sample.evse(connectors: [Sample.connector(format: .cable)])
    #expect(try edition.evse(PublishedEVSE(cable), seconds).json["capabilities"]?.array?.count == 2)
  }

  // MARK: Strict out

  @Test func aTextForPeopleIsCutAndAnIDIsNot() throws {
    var view = Sample.location()
    view.location.address = String(repeating: "é", count: 256)
    view.location.city = String(repeating: "c", count: 46)
    let written = try edition.location(view, seconds).json
    #expect(written["address"]?.string?.count == 255)
    #expect(written["city"]?.string?.count == 45)
    view.location.ref = String(repeating: "L", count: 36)
    #expect(try edition.location(view, seconds).json["id"]?.string?.count == 36)
    view.location.ref += "L"
    #expect(throws: PushFault.self) { try edition.location(view, seconds) }
  }

  @Test(arguments: ["", "ÜBER", "a\u{7}b"])
  func anIDThatIsEmptyOrNotASCIIIsUnfit(ref: String) {
    #expect(throws: PushFault.self) { try edition.location(Sample.location(ref), seconds) }
  }

  @Test func aFaultNamesTheFieldWhereverItLies() {
    let broken = Sample.evse(connectors: [Sample.connector(), Sample.connector(2)])
    let view = EVSEView(
      evse: broken.evse, station: broken.station, tariffRefs: [ID(2): [String(repeating: "T", count: 37)]])
    do {
      _ = try edition.location(Sample.location(evses: [view]), seconds)
      Issue.record("a tariff id of 37 characters cannot be sent")
    } catch PushFault.unfit(let text) {
      #expect(text.hasPrefix("evses[0].connectors[1].tariff_ids[0]: "))
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test func aPriceWithFiveDecimalsIsUnfit() {
    var view = Sample.tariffView
    view.version.tariff.elements = [Tariff.Element([.init(.energy, price: Decimal(12345, places: 4))])]
    #expect(throws: Never.self) { try edition.tariff(view, seconds) }
    view.version.tariff.elements = [Tariff.Element([.init(.energy, price: Decimal(12345, places: 5))])]
    #expect(throws: PushFault.unfit("elements[0].price_components[0].price: 0.12345 has more than 4 decimals")) {
      try edition.tariff(view, seconds)
    }
  }

  @Test func aCDRWhosePartsDoNotMakeItsWholeStaysHere() {
    var energy = Sample.cdr()
    energy.totals.energy = kWh("12")
    #expect(throws: PushFault.self) { try edition.cdr(energy, seconds) }
    var cost = Sample.cdr()
    cost.totals.cost = Price(beforeTax: Money(tenThousandths: 1), afterTax: Money(tenThousandths: 1))
    #expect(throws: PushFault.self) { try edition.cdr(cost, seconds) }
    var end = Sample.cdr()
    end.endedAt += .seconds(60)
    #expect(throws: PushFault.self) { try edition.cdr(end, seconds) }
    var late = Sample.cdr()
    late.startedAt = late.startedAt - .seconds(1)
    #expect(throws: PushFault.unfit("its first period does not begin with it")) { try edition.cdr(late, seconds) }
    var zone = Sample.cdr()
    zone.timeZone = "Mars/Olympus"
    #expect(throws: PushFault.unfit("its time zone Mars/Olympus is not known here")) { try edition.cdr(zone, seconds) }
  }

  /// Session only, by the table of dimensions (OCPI 2.2.1 §10.4.2): a bill has no place for it.
  @Test func whatFlowsBackIsToldOfASessionAndNotOnABill() {
    var period = Domain.ChargingPeriod()
    (period.energy, period.exported) = (kWh("10"), kWh("8"))
    let session = V221.ChargingPeriod.list(of: [period], tariff: nil, isOfSession: true)
    #expect(session[0].volume(.energyExport) == Decimal(8) && session[0].volume(.energy) == Decimal(10))
    #expect(V221.ChargingPeriod.list(of: [period], tariff: nil)[0].volume(.energyExport) == nil)
    period.exported = .zero
    #expect(V221.ChargingPeriod.list(of: [period], tariff: nil, isOfSession: true)[0].volume(.energyExport) == nil)
  }

  @Test func hoursOfManyPeriodsSumToTheirRoundedWhole() {
    let periods = (0..<7).map { place in
      var period = Domain.ChargingPeriod()
      period.start = at("2026-03-02T10:00:00Z") + .seconds(place)
      period.seconds = 1
      period.activity = place.isMultiple(of: 2) ? .charging : .idle
      return period
    }
    let written = V221.ChargingPeriod.list(of: periods, tariff: nil)
    let charging = written.reduce(Decimal.zero) { $0 + ($1.volume(.time) ?? .zero) }
    let parking = written.reduce(Decimal.zero) { $0 + ($1.volume(.parkingTime) ?? .zero) }
    #expect(charging == V221.ChargingPeriod.hours(4))
    #expect(parking == V221.ChargingPeriod.hours(3))
  }

  // MARK: Lenient in

  @Test func aTokenIsReadWithItsOddities() throws {
    let (token, key) = try edition.token(
      from: json(
        """
        {"country_code":"de","party_id":"abc","uid":"04AABBCC","type":"EMAID","contract_id":"C1","issuer":"",
        "valid":"true","whitelist":"SOMETIMES","last_updated":"2026-03-05T00:00:00",
        "energy_contract":{"supplier_name":"x"},
        "visual_number":12345}
        """), of: Sample.theirs)
    #expect(key == TokenKey(party: Sample.theirs, uid: "04AABBCC", kind: .other))
    #expect(token.whitelist == .never)
    #expect(token.isValid)
    #expect(token.visualNumber == "12345")
    #expect(token.updatedAt == at("2026-03-05T00:00:00Z"))
  }

  @Test(arguments: [
    ("uid", "null", "uid is missing"), ("contract_id", "\"\"", "contract_id is empty"),
    ("uid", "\"\(String(repeating: "u", count: 37))\"", "uid is longer than 36 characters"),
    ("last_updated", "\"yesterday\"", "last_updated: \"yesterday\" is no time stamp"),
    ("valid", "[]", "valid: true or false is expected, not []"),
    ("group_id", "\"ä\"", "group_id is not printable ASCII"),
  ])
  func aTokenThatCannotBeKeptNamesItsField(field: String, value: String, message: String) {
    var broken = json(Sample.tokenJSON)
    broken[field] = json(value)
    #expect(throws: PartnerFault.invalid(message)) { try edition.token(from: broken, of: Sample.theirs) }
  }

  @Test func aPatchChangesWhatItNamesAndClearsWhatItNulls() throws {
    let key = TokenKey(party: Sample.theirs, uid: "04aabbcc", kind: .rfid)
    let changed = try edition.token(
      Sample.token(), under: key,
      changedBy: json("{\"valid\":false,\"language\":null,\"last_updated\":\"2026-03-02T00:00:00Z\"}"))
    #expect(!changed.isValid)
    #expect(changed.language == nil)
    #expect(changed.visualNumber == "DE-ABC-1")
    #expect(changed.id == ID(7))
    #expect(changed.createdAt == Sample.token().createdAt)
    let older = json("{\"valid\":false,\"last_updated\":\"2026-02-28T00:00:00Z\"}")
    #expect(try edition.token(Sample.token(), under: key, changedBy: older) == Sample.token())
    #expect(throws: PartnerFault.invalid("last_updated is missing")) {
      try edition.token(Sample.token(), under: key, changedBy: json("{\"valid\":false}"))
    }
    #expect(throws: PartnerFault.self) {
      try edition.token(
        Sample.token(), under: key, changedBy: json("{\"uid\":\"OTHER\",\"last_updated\":\"2026-03-02T00:00:00Z\"}"))
    }
  }

  @Test(arguments: [
    "{\"url\":\"https://x.example/v\",\"roles\":[]}",
    "{\"token\":\"a b\",\"url\":\"https://x.example/v\",\"roles\":[]}",
    "{\"token\":\"t\",\"url\":\"ftp://x.example/v\",\"roles\":[]}",
    "{\"token\":\"t\",\"url\":\"https://x.example/v\",\"roles\":[]}",
    """
    {"token":"t","url":"https://x.example/v","roles":[{"role":"EMSP","party_id":"ABCD","country_code":"DE",
    "business_details":{"name":"x"}}]}
    """,
  ])
  func credentialsThatCannotBeUsedAreRefused(text: String) {
    #expect(throws: PartnerFault.self) { try edition.credentials(from: json(text)) }
  }

  @Test func credentialsWithARoleThatWeDoNotKnowAreTaken() throws {
    let read = try edition.credentials(
      from: json(
        """
        {"token":"t","url":"https://x.example/v","roles":[{"role":"PTP","party_id":"abc","country_code":"de",
        "business_details":{"name":"x","logo":{"url":"u"}}}]}
        """))
    #expect(read.roles == [.init(name: Sample.theirs, role: "OTHER", businessName: "x")])
  }

  @Test(arguments: [
    ("{\"allowed\":\"ALLOWED\",\"authorization_reference\":\"R\"}", PartnerAuthorization.Allowed.allowed),
    ("{\"allowed\":\"NO_CREDIT\"}", .noCredit),
    ("{\"allowed\":\"PERHAPS\",\"token\":\(Sample.tokenJSON)}", .notAllowed),
  ])
  func aVerdictIsReadAlsoWithoutItsToken(text: String, allowed: PartnerAuthorization.Allowed) {
    #expect(edition.authorization(from: json(text))?.allowed == allowed)
  }

  @Test func whatIsNoVerdictAllowsNobody() {
    #expect(edition.authorization(from: json("{\"allowed\":\"PERHAPS\"}")) == nil)
    #expect(edition.authorization(from: json("{}")) == nil)
  }
}
