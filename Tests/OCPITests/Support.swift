import Domain
import HTTP
import Net
import OCPI
import Synchronization
import Wire

// What the tests of this room share: a small operator with one location, and ways to write values down shortly.

func at(_ text: String) -> Timestamp {
  guard let time = Timestamp(text) else { preconditionFailure("\(text) is no time stamp") }
  return time
}

func need<Value>(_ value: Value?) -> Value {
  guard let value else { preconditionFailure("a sample is broken") }
  return value
}

func kWh(_ text: String) -> Energy { Decimal(text).flatMap { Energy(wattHours: $0 * 1000) } ?? .zero }

func json(_ text: String) -> JSON {
  guard let json = try? JSON.parse(text) else { preconditionFailure("not JSON: \(text)") }
  return json
}

extension [UInt8] {
  var text: String { String(decoding: self, as: UTF8.self) }
  var json: JSON { (try? JSON.parse(self)) ?? .null }
}

let zones = ZoneLibrary { $0 == "Europe/Amsterdam" ? ZoneRules(secondsEast: 3600) : nil }
let seconds = WriterOptions(timestampFraction: .seconds)
let edition = Edition221(zones: zones)

enum Sample {
  static let ours = PartyID(country: "NL", party: "OST")
  static let theirs = PartyID(country: "DE", party: "ABC")
  static let party = Party(
    id: ID(1), name: ours, role: .cpo, businessName: "Ostler Demo", website: "https://example.com")

  static func connector(_ number: Int = 1, format: Connector.Format = .socket) -> Connector {
    Connector(
      id: ID(Int64(number)), number: number, format: format, tariff: ID(1), updatedAt: at("2026-03-01T08:00:00Z"))
  }

  static func evse(
    _ uid: String = "E1", status: EVSE.Status = .available, connectors: [Connector] = [connector()]
  ) -> EVSEView {
    EVSEView(
      evse: EVSE(
        id: ID(1), station: ID(1), number: 1, uid: uid, evseID: "NL*OST*E0001", physicalReference: "A1", status: status,
        statusSince: at("2026-03-01T10:30:00.250Z"), connectors: connectors, updatedAt: at("2026-03-01T09:00:00Z")),
      station: need(StationIdentity("BOX1")), tariffRefs: [ID(1): ["T1"]])
  }

  static func location(_ ref: String = "L1", evses: [EVSEView] = [evse()], updated: String = "2026-03-01T10:30:00Z")
    -> LocationView
  {
    let coordinates = Coordinates(latitude: "52.3702", longitude: "4.895168")
    return LocationView(
      location: Location(
        id: ID(1), party: ID(1), ref: ref, name: "Stadhuis", address: "Amstel 1", city: "Amsterdam",
        postalCode: "1011PN",
        country: "NLD", coordinates: need(coordinates), timeZone: "Europe/Amsterdam",
        parkingType: .onStreet, createdAt: at("2026-01-01T00:00:00Z"), updatedAt: at("2026-01-01T00:00:00Z")),
      party: ours, operatorName: "Ostler Demo", evses: evses, updatedAt: at(updated))
  }

  /// A location of which the operator wrote all that can be said.
  static var richLocation: LocationView {
    var view = location()
    var image = Image()
    (image.url, image.thumbnail, image.category) = (
      "https://img.example/a.png", "https://img.example/a-s.png", .charger
    )
    (image.format, image.width, image.height) = ("png", 800, 600)
    var shop = Company(name: "Market", website: "https://market.example")
    shop.logo = image
    var entrance = RelatedPlace()
    (entrance.latitude, entrance.longitude) = ("52.370300", "4.895200")
    entrance.name = LocalText("NewLogin", language: "en")
    var monday = OpeningHours.Regular()
    (monday.weekday, monday.begin, monday.end) = (1, "08:00", "20:00")
    var holiday = OpeningHours.Span()
    (holiday.begin, holiday.end) = (at("2026-12-25T00:00:00Z"), at("2026-12-27T00:00:00Z"))
    var opening = OpeningHours()
    (opening.regular, opening.openings, opening.closings) = ([monday], [holiday], [holiday])
    var source = EnergyMix.Source()
    (source.kind, source.percentage) = (.wind, 100)
    var impact = EnergyMix.Impact()
    (impact.kind, impact.amount) = (.carbonDioxide, 12)
    var mix = EnergyMix()
    (mix.isGreen, mix.sources, mix.impacts) = (true, [source], [impact])
    (mix.supplier, mix.product) = ("Windkraft", "Nordwind")
    var friend = PublishedTo()
    (friend.uid, friend.kind) = ("04AABBCC", .rfid)
    var bay = ParkingPlace()
    (bay.id, bay.vehicles, bay.maxHeight, bay.direction) = ("BAY-1", [.car, .disabled], Decimal(21, places: 1), .angle)
    var details = LocationDetails()
    (details.publishTo, details.related) = ([friend], [entrance])
    details.directions = [LocalText("Behind the town hall", language: "en")]
    (details.operatedBy, details.suboperator, details.owner) = (shop, shop, shop)
    (details.facilities, details.opening, details.chargesWhenClosed) = ([.cafe, .tramStop], opening, true)
    (details.images, details.energyMix, details.helpPhone) = ([image], mix, "+31201234567")
    details.parkingPlaces = [bay]
    (view.location.details, view.location.isAlwaysOpen, view.location.state) = (details, false, "Noord-Holland")
    var planned = EVSEDetails.PlannedStatus()
    (planned.begin, planned.status) = (at("2026-06-01T00:00:00Z"), .inoperative)
    var parking = EVSEDetails.Parking()
    (parking.place, parking.position) = ("BAY-1", .left)
    var evse = EVSEDetails()
    (evse.schedule, evse.floor, evse.parking, evse.images) = ([planned], "-1", [parking], [image])
    evse.capabilities = [.remoteStartStop, .reservable, .chargingPreferences, .contactlessCard]
    evse.coordinates = .init(latitude: "52.370210", longitude: "4.895170")
    evse.directions = [LocalText("Left", language: "en")]
    (evse.restrictions, evse.acceptedProviders) = ([.evOnly, .taxis], ["DE-ABC"])
    view.evses[0].evse.details = evse
    var plug = connector()
    plug.details.terms = "https://market.example/terms"
    plug.details.capabilities = [.plugAndCharge2]
    (plug.maxPower, plug.powerType) = (22_000, .ac3)
    var heavy = connector(2)
    heavy.standard = .mcs
    var chinese = connector(3)
    (chinese.standard, chinese.powerType) = (.gbtAC, .ac2)
    view.evses[0].evse.connectors = [plug, heavy, chinese]
    view.evses[0].tariffRefs = [ID(1): ["T1", "T2"]]
    view.gone = [PublishedEVSE(Self.evse("E0")).removed(at: at("2026-02-01T00:00:00Z"))]
    return view
  }

  static var richTariff: TariffView {
    var view = tariffView
    view.version.tariff.minimum = Price(beforeTax: Money(tenThousandths: 5_000))
    view.version.tariff.maximum = Price(
      beforeTax: Money(tenThousandths: 500_000), afterTax: Money(tenThousandths: 605_000))
    (view.version.tariff.validFrom, view.version.tariff.validUntil) = (
      at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")
    )
    view.version.tariff.energyMix = richLocation.location.details.energyMix
    view.version.tariff.preauthorization = 50
    return view
  }

  static var tariff: Tariff {
    var tariff = Tariff()
    tariff.ref = "T1"
    tariff.kind = .regular
    tariff.text = [LocalText("0,35 € per kWh", language: "nl")]
    var night = Tariff.Restrictions()
    (night.startTime, night.endTime, night.weekdays) = ("23:00", "07:00", [.saturday, .sunday])
    tariff.elements = [
      Tariff.Element([.init(.energy, price: Decimal(25, places: 2), vat: 21)], when: night),
      Tariff.Element([
        .init(.energy, price: Decimal(35, places: 2), vat: 21), .init(.parkingTime, price: 2, vat: 21, stepSize: 60),
      ]),
    ]
    return tariff
  }

  static var tariffView: TariffView {
    TariffView(
      version: TariffVersion(
        id: ID(1), party: ID(1), version: 1, tariff: tariff, createdAt: at("2026-01-01T00:00:00Z"),
        updatedAt: at("2026-02-01T12:00:00Z")),
      party: ours)
  }

  static let reference = TokenReference(party: theirs, uid: "04AABBCC", kind: .rfid, contractID: "DE-ABC-C00001-8")

  static var place: CDR.Place {
    var place = CDR.Place()
    (place.location, place.name, place.address, place.city) = ("L1", "Stadhuis", "Amstel 1", "Amsterdam")
    (place.postalCode, place.country) = ("1011PN", "NLD")
    (place.latitude, place.longitude) = ("52.370200", "4.895168")
    (place.station, place.evse, place.evseID, place.connector) = ("BOX1", "E1", "NL*OST*E0001", "1")
    return place
  }

  /// An hour and ten minutes: 11 kWh in the first hour, then the car is full.
  static var usage: Usage {
    let start = at("2026-03-02T10:00:00Z")
    return Usage(
      from: start, to: at("2026-03-02T11:10:00Z"), energy: kWh("11"),
      readings: [Reading(at: at("2026-03-02T11:00:00Z"), register: kWh("11"), power: 11_000)],
      shifts: [Session.Shift(at: at("2026-03-02T11:00:00Z"), activity: .idle)], tariff: tariff,
      zone: zones["Europe/Amsterdam"] ?? .utc)
  }

  static func cdr(_ id: String = "C1", created: String = "2026-03-02T11:10:05Z") -> CDR {
    let bill = Bill(usage)
    var cdr = CDR()
    (cdr.id, cdr.session, cdr.country, cdr.party) = (id, "S1", "NL", "OST")
    (cdr.startedAt, cdr.endedAt) = (bill.start, bill.end)
    (cdr.token, cdr.authorization, cdr.authorizationReference) = (reference, .authRequest, "AUTH-1")
    (cdr.place, cdr.timeZone, cdr.tariff) = (place, "Europe/Amsterdam", tariff)
    (cdr.periods, cdr.totals) = (bill.periods, bill.totals)
    cdr.createdAt = at(created)
    return cdr
  }

  static func session(_ id: String = "S1", updated: String = "2026-03-02T10:05:00Z") -> SessionView {
    let session = Session(
      id: id, place: .init(party: ID(1), location: ID(1), station: ID(1), evse: ID(1), connector: ID(1)),
      holder: .init(token: reference, owner: ID(1), method: .authRequest, reference: "AUTH-1"), command: nil,
      tariff: tariff,
      state: .active, transaction: 1, startedAt: at("2026-03-02T10:00:00Z"), endedAt: nil, ending: nil,
      meterStart: .zero,
      meterLast: kWh("1.5"), lastReadingAt: nil, power: 11_000, stateOfCharge: nil, shifts: [], updatedAt: at(updated))
    return SessionView(
      session: session, party: ours, place: place, currency: "EUR",
      cost: Price(beforeTax: Money(tenThousandths: 5250), afterTax: Money(tenThousandths: 6353)), periods: [])
  }

  static func token(_ uid: String = "04AABBCC", updated: String = "2026-03-01T00:00:00Z") -> Token {
    Token(
      id: ID(7), owner: ID(1), uid: uid, kind: .rfid, contractID: "DE-ABC-C00001-8", visualNumber: "DE-ABC-1",
      issuer: "ABC",
      isValid: true, whitelist: .allowed, language: "de", createdAt: at("2026-01-01T00:00:00Z"), updatedAt: at(updated))
  }

  static let tokenJSON = """
    {"country_code":"DE","party_id":"ABC","uid":"04AABBCC","type":"RFID","contract_id":"DE-ABC-C00001-8",\
    "issuer":"ABC","valid":true,"whitelist":"ALWAYS","last_updated":"2026-03-05T00:00:00Z"}
    """

  /// A partner that is registered, all of whose endpoints lie under one address.
  static func partner(
    base: String = "https://emsp.example.org/ocpi/2.2.1", state: Partner.State = .registered, allowPrivate: Bool? = nil
  ) -> Partner {
    var quirks = PartnerQuirks()
    quirks.allowPrivate = allowPrivate
    let receivers = ["locations", "sessions", "cdrs", "tariffs"]
    return Partner(
      id: ID(3), name: "ABC Roaming", party: ID(1), state: state,
      versionsURL: base.replacing("/ocpi/2.2.1", with: "/ocpi/versions"), version: state == .invited ? nil : "2.2.1",
      endpoints: receivers.map { .init(module: $0, role: "RECEIVER", url: "\(base)/\($0)") } + [
        .init(module: "tokens", role: "SENDER", url: "\(base)/tokens/"),
        .init(module: "credentials", role: "SENDER", url: "\(base)/credentials"),
      ],
      roles: [PartnerRole(id: ID(1), partner: ID(3), name: theirs, role: "EMSP", businessName: "ABC")],
      outboundToken: "their-secret", quirks: quirks, createdAt: at("2026-01-01T00:00:00Z"),
      updatedAt: at("2026-01-01T00:00:00Z"))
  }

  static func terms(_ partner: Partner = partner()) -> PartnerTerms { PartnerTerms(partner: partner, ourParty: party) }
}

extension String {
  /// A body of JSON once for each of its numbers, with another in its place.
  func variants(_ number: String) -> [String] {
    var (all, isText, place): ([String], Bool, Index) = ([], false, startIndex)
    while place < endIndex {
      if self[place] == "\"" { isText.toggle() }
      let end = self[place...].firstIndex { !"-+.0123456789eE".contains($0) } ?? endIndex
      if !isText, end > place, self[place] == "-" || self[place].isNumber {
        all.append("\(self[..<place])\(number)\(self[end...])")
        place = end
      } else {
        place = index(after: place)
      }
    }
    return all
  }

  func replacing(_ part: String, with other: String) -> String {
    guard let range = firstRange(of: part) else { return self }
    return String(self[..<range.lowerBound]) + other + String(self[range.upperBound...])
  }
}

/// What happened, in order, told by anybody.
final class Lines: Sendable {
  private let kept = Mutex<[String]>([])

  func add(_ line: String) { kept.withLock { $0.append(line) } }
  var all: [String] { kept.withLock { $0 } }
}

/// Everything that was written to the conversation log.
final class Frames: FrameLog {
  private let kept = Mutex<[LoggedFrame]>([])

  func record(_ frame: LoggedFrame) { kept.withLock { $0.append(frame) } }
  var all: [LoggedFrame] { kept.withLock { $0 } }
  var text: String { all.map { $0.text.text }.joined(separator: "\n") }
}

/// A server on 127.0.0.1 with a client beside it, on one loop. What answers is put in later, when the port is known.
final class Loopback: Sendable {
  typealias Answer = @Sendable (Request, Exchange) -> Void

  let loop: EventLoop
  let port: UInt16
  let http: ClientHandle
  private let server: LoopBound<Server>
  private let handler: Handler

  private final class Handler: RequestHandler, Sendable {
    let answer = Mutex<Answer?>(nil)

    func handle(_ request: Request, _ exchange: Exchange) {
      guard let answer = answer.withLock({ $0 }) else {
        return exchange.respond(.text("not yet", status: .unavailable))
      }
      answer(request, exchange)
    }
  }

  init() async throws {
    let loop = try EventLoop(label: "test.ocpi")
    let handler = Handler()
    let made: (Result<UInt16, NetFault>, LoopBound<Server>, ClientHandle) = await withCheckedContinuation {
      continuation in
      loop.execute {
        let server = Server(loop: loop, door: "ocpi", handler: handler)
        var result: Result<UInt16, NetFault>
        do throws(NetFault) {
          result = .success(try server.listen(on: .v4(0x7F00_0001, port: 0)).port)
        } catch {
          result = .failure(error)
        }
        continuation.resume(
          returning: (result, LoopBound(server, loop: loop), Client(loop: loop, tls: nil).handle))
      }
    }
    (self.loop, self.handler, server, http) = (loop, handler, made.1, made.2)
    port = try made.0.get()
  }

  deinit { loop.shutdown {} }

  var url: String { "http://127.0.0.1:\(port)" }

  func serve(_ answer: @escaping Answer) { handler.answer.withLock { $0 = answer } }

  func ask(
    _ method: HTTP.Method, _ path: String, token: String? = nil, headers: Headers = Headers(), body: String = ""
  ) async throws -> ClientResponse {
    var headers = headers
    if let token { headers["Authorization"] = "Token \(Bytes(utf8: token).base64)" }
    let address = path.contains("://") ? path : url + path
    var options = ClientOptions(allowPrivate: true)
    options.followsRedirects = false
    return try await http.send(
      ClientRequest(method, try HTTPURL(address), headers: headers, body: Bytes(utf8: body)), options)
  }
}
