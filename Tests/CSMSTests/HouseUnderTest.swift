import Domain
import Glibc
import Synchronization
import Testing
import Wire

@testable import CSMS
@testable import Store

/// A whole household on books of its own, with a clock that the test sets and with stations and partners that it plays.
/// What the house has to do is done when `settle` returns. A restart loses everything but the folder.
@MainActor
final class HouseUnderTest {
  let clock = FakeClock()
  let stations = FakeStations()
  let partners = FakePartners()
  let networks = FakeNetworks()
  let settings: HouseSettings
  private(set) var folder = Folder()
  private(set) var csms: CSMS
  /// Meets every household that a restart opens, before it does anything.
  var whenOpened: (CSMS) -> Void = { _ in }
  private var lastLink: UInt64 = 0

  init(_ adjust: (inout HouseSettings) -> Void = { _ in }) throws {
    var settings = HouseSettings()
    settings.strangers = .knock
    adjust(&settings)
    self.settings = settings
    partners.clock = clock
    try folder.put(Self.emptyBooks.get(), as: "ostler.db")
    csms = try Self.open(folder, clock, settings)
    csms.join(stations: stations, partners: partners)
    csms.providerLink = networks
  }

  var books: Books { csms.books }
  var now: Timestamp { clock.now }

  /// Books without a row, made once: the way through all migrations costs more than most tests do.
  private static let emptyBooks = Result {
    let folder = Folder()
    try Store(folder: folder.path).checkpointAll()
    return try folder.content(of: "ostler.db")
  }

  private static func open(_ folder: Folder, _ clock: FakeClock, _ settings: HouseSettings) throws -> CSMS {
    CSMS(store: try Store(folder: folder.path), clock: clock.clock, zones: testZones, settings: settings)
  }

  // MARK: Turns

  /// Everything that was brought, and whatever that brings, is decided.
  func settle() {
    while case let errands = csms.inbox.take().0, !errands.isEmpty { csms.take(errands) }
  }

  /// As `settle`, and waits for what was left to the main queue.
  func settleAll() async {
    for _ in 0..<4 {
      settle()
      await Task.yield()
    }
    settle()
  }

  /// Decides something in a turn of its own, and returns what its caller hears after the commit.
  @discardableResult
  func decide<Value: Sendable>(_ body: @escaping @MainActor @Sendable () throws(TurnFault) -> Value) throws(TurnFault)
    -> Value
  {
    let heard = Heard<Value>()
    csms.take([heard.errand(body)])
    settle()
    return try heard.result()
  }

  /// Writes in the books behind the house's back.
  @discardableResult
  func write<Value>(_ body: (Books) throws(StoreFault) -> Value) throws -> Value {
    try csms.store.begin()
    let value = try body(books)
    try csms.store.commit()
    return value
  }

  /// An errand because of which the turn's commit fails: it leaves a row that points nowhere, and SQLite looks at the end.
  var poison: Errand {
    let db = books.db
    return Errand(
      decide: { () throws(TurnFault) in
        do {
          try db.script(
            """
            PRAGMA defer_foreign_keys = ON;
            INSERT INTO partner_role (partner, country, party, role, business_name) VALUES (999999, 'XX', 'XXX', 'EMSP', 'x');
            """)
        } catch { throw .storage("\(error)") }
        return {}
      }, fail: { _ in })
  }

  /// Everything that waits is decided in one turn, whose commit fails.
  func failNextTurn(_ errands: [Errand] = []) { csms.take(csms.inbox.take().0 + errands + [poison]) }

  /// Time goes by, with the house's beat every so many seconds.
  func pass(_ seconds: Int, beat: Int = 1) {
    var left = seconds
    while left > 0 {
      let step = min(beat, left)
      clock.now += .seconds(step)
      left -= step
      csms.tick()
      settle()
    }
  }

  // MARK: Ends

  /// The process dies and starts again; `from` is the folder as a crash left it, else as it is now.
  func restart(from image: Folder? = nil) throws {
    let left = if let image { image } else { folder.copy() }
    // The dead do nothing more, also not what they left to the main queue.
    csms.close()
    _ = csms.inbox.take().0
    stations.forgetCallers()
    partners.forgetCallers()
    csms = try Self.open(left, clock, settings)
    folder = left
    csms.join(stations: stations, partners: partners)
    csms.providerLink = networks
    whenOpened(csms)
    try csms.wake(at: now)
    settle()
  }

  // MARK: Stations

  func newLink() -> LinkID {
    lastLink += 1
    return LinkID(lastLink)
  }

  func admit(
    _ identity: String, password: String? = nil, loopback: Bool = true, encrypted: Bool = false,
    certificate: ClientCertificate? = nil
  ) throws -> Admission {
    let caller = StationCaller(
      identity: StationIdentity(identity)!, password: password.map { Bytes(utf8: $0) }, address: "192.0.2.1",
      offered: ["ocpp1.6"], isLoopback: loopback, isEncrypted: encrypted || certificate != nil, certificate: certificate
    )
    return try decide { [csms] () throws(TurnFault) in try csms.admit(caller) }
  }

  /// The station calls, is let in, and has its desk.
  func connect(
    _ identity: String, password: String? = nil, encrypted: Bool = false, certificate: ClientCertificate? = nil,
    version: String = "ocpp1.6"
  ) throws -> Caller {
    let admission = try admit(identity, password: password, encrypted: encrypted, certificate: certificate)
    guard case .welcome(let guest) = admission else { throw TestFault("\(identity) is not let in") }
    let link = newLink()
    let desk = try decide { [csms] () throws(TurnFault) in
      try csms.opened(link, of: guest, version: version, address: "192.0.2.1")
    }
    return Caller(house: self, link: link, desk: desk)
  }

  // MARK: What the books say

  func station(_ identity: String) throws -> Station {
    try #require(try books.stations.station(StationIdentity(identity)!))
  }

  func evse(_ number: Int = 1, of identity: String = "CS-1") throws -> EVSE {
    try #require(try books.stations.evse(try station(identity).id, number: number))
  }

  func session(_ transaction: Int64) throws -> Session {
    try #require(try books.sessions.session(transaction: transaction))
  }

  var sessions: [Session] { get throws { try books.sessions.list(limit: 1_000) } }

  func cdr(of transaction: Int64) throws -> CDR {
    try #require(try books.cdrs.cdr(session: try session(transaction).id)).cdr
  }

  var events: [String] { get throws { try books.events.after(0, limit: 1_000).map(\.kind) } }

  func count(_ kind: String) throws -> Int { try events.count { $0 == kind } }

  var parked: [ParkedMessage] { get throws { try books.parked.waiting(limit: 1_000) } }
}

// MARK: - A small world

extension HouseUnderTest {
  /// Our party, one location in Amsterdam, station `CS-1` with so many EVSEs of 22 kW, all at the tariff `T1` of 0.30 a kWh.
  @discardableResult
  func furnish(evses: Int = 1) throws -> HouseUnderTest {
    let now = now
    try write { books throws(StoreFault) in
      let party = try books.parties.create(
        Party(id: ID(0), name: PartyID(country: "NL", party: "OST"), role: .cpo, businessName: "Ostler Test"))
      var tariff = Tariff()
      tariff.ref = "T1"
      tariff.elements = [Tariff.Element([Tariff.Component(.energy, price: Decimal(3, places: 1), vat: Decimal(21))])]
      let price = try books.tariffs.create(tariff, of: party.id, at: now)
      let location = try books.locations.create(
        Location(
          id: ID(0), party: party.id, ref: "LOC1", name: "Yard", address: "Dam 1", city: "Amsterdam", country: "NLD",
          coordinates: Coordinates(latitude: "52.373100", longitude: "4.892600") ?? .nullIsland,
          timeZone: "Europe/Amsterdam",
          createdAt: now, updatedAt: now))
      try addStation("CS-1", evses: evses, at: location.id, tariff: price.id, in: books)
    }
    return self
  }

  func addStation(_ identity: String, evses: Int = 1) throws {
    try write { books throws(StoreFault) in
      try addStation(
        identity, evses: evses, at: books.locations.first()?.id, tariff: books.tariffs.list(limit: 1).first?.id,
        in: books)
    }
  }

  private func addStation(
    _ identity: String, evses: Int, at location: ID<Location>?, tariff: ID<Tariff>?, in books: Books
  ) throws(StoreFault) {
    let station = try books.stations.create(
      Station(
        id: ID(0), identity: StationIdentity(identity)!, location: location, registration: .accepted, createdAt: now,
        updatedAt: now))
    for number in stride(from: 1, through: evses, by: 1) {
      try books.stations.create(
        EVSE(
          id: ID(0), station: station.id, number: number, uid: "uid-\(identity)-\(number)", status: .available,
          statusSince: now,
          connectors: [Connector(id: ID(0), number: 1, tariff: tariff, updatedAt: now)], updatedAt: now))
    }
  }

  /// The EVSE's connector costs 0.90 a kWh, by a tariff of its own.
  func price(evse number: Int, at ref: String) throws {
    let (evse, now) = (try evse(number), now)
    try write { books throws(StoreFault) in
      guard let party = try books.parties.cpo(), var connector = evse.connectors.first else { return }
      var tariff = Tariff()
      tariff.ref = ref
      tariff.elements = [Tariff.Element([Tariff.Component(.energy, price: Decimal(9, places: 1))])]
      connector.tariff = try books.tariffs.create(tariff, of: party.id, at: now).id
      try books.stations.update(connector)
    }
  }

  /// A registered partner with one EMSP party behind it, and an endpoint for everything.
  @discardableResult
  func addPartner(
    _ name: String = "Roamer", party: String = "DE*ABC", state: Partner.State = .registered, asksUnknown: Bool = false,
    requestsPerMinute: Int? = nil
  ) throws -> Partner {
    var quirks = PartnerQuirks()
    quirks.requestsPerMinute = requestsPerMinute
    if asksUnknown { quirks.askUnknownTokens = true }
    let role = PartnerRole(id: ID(0), partner: ID(0), name: PartyID(party)!, role: "EMSP", businessName: name)
    return try write { books throws(StoreFault) in
      try books.partners.create(
        Partner(
          id: ID(0), name: name, party: try books.parties.cpo()!.id, state: state,
          versionsURL: "https://\(name)/versions",
          version: "2.2.1", endpoints: Self.endpoints(at: name), roles: [role], outboundToken: "out-\(name)",
          quirks: quirks,
          createdAt: now, updatedAt: now))
    }
  }

  /// A network of other stations where our drivers charge; we are `NL*DRV` to it.
  func addNetwork(_ name: String = "Other", party: String = "BE*CPO") throws -> Partner {
    let now = now
    return try write { books throws(StoreFault) in
      let drivers = try books.parties.provider()
      let provider =
        if let drivers { drivers } else {
          try books.parties.create(
            Party(id: ID(0), name: PartyID(country: "NL", party: "DRV"), role: .emsp, businessName: "Ostler Drivers"))
        }
      let role = PartnerRole(id: ID(0), partner: ID(0), name: PartyID(party)!, role: "CPO", businessName: name)
      let lists = ["locations", "tariffs", "sessions", "cdrs"].map {
        Partner.Endpoint(module: $0, role: "SENDER", url: "https://\(name)/\($0)")
      }
      let doors = ["tokens", "commands"].map {
        Partner.Endpoint(module: $0, role: "RECEIVER", url: "https://\(name)/\($0)")
      }
      return try books.partners.create(
        Partner(
          id: ID(0), name: name, party: provider.id, provider: provider.id, state: .registered,
          versionsURL: "https://\(name)/versions", version: "2.2.1", endpoints: lists + doors, roles: [role],
          outboundToken: "out-\(name)", createdAt: now, updatedAt: now))
    }
  }

  static func endpoints(at name: String) -> [Partner.Endpoint] {
    ["locations", "tariffs", "sessions", "cdrs", "evses"].map {
      Partner.Endpoint(module: $0, role: "RECEIVER", url: "https://\(name)/\($0)")
    } + [Partner.Endpoint(module: "tokens", role: "SENDER", url: "https://\(name)/tokens")]
  }

  /// A token of ours, or of a partner's role.
  @discardableResult
  func addToken(
    _ uid: String, of partner: Partner? = nil, _ whitelist: Token.Whitelist = .always, group: String? = nil,
    valid: Bool = true, until: Timestamp? = nil
  ) throws -> Token {
    let now = now
    return try write { books throws(StoreFault) in
      try books.tokens.create(
        Token(
          id: ID(0), owner: partner?.roles.first?.id, uid: uid, kind: .rfid, contractID: "C-\(uid)", issuer: "Issuer",
          groupID: group,
          isValid: valid, whitelist: whitelist, validUntil: until, createdAt: now, updatedAt: now))
    }
  }

  func terms(of partner: Partner) throws -> PartnerTerms { try #require(try books.partners.terms(of: partner.id)) }

  /// The partner as it calls us, proved already.
  func caller(_ partner: Partner) throws -> PartnerCaller { PartnerCaller(terms: try terms(of: partner), token: "") }

  func row(_ module: PushModule, _ object: String, of partner: Partner) throws -> PushRow? {
    try books.pushes.row(PushKey(partner: partner.id, module: module, object: object))
  }
}

/// One station on one link, as the OCPP room would speak for it.
@MainActor
struct Caller {
  let house: HouseUnderTest
  let link: LinkID
  let desk: any StationService

  @discardableResult
  func boot() throws -> BootVerdict {
    try house.decide { [desk] () throws(TurnFault) in
      try desk.boot(BootReport(vendor: "Acme", model: "One", serialNumber: "S1"))
    }
  }

  func report(_ status: EVSE.Status, evse: Int = 1, at: Timestamp? = nil) throws {
    try house.decide { [desk] () throws(TurnFault) in try desk.report(StatusReport(evse: evse, status: status, at: at))
    }
  }

  /// The answer, or nil while somebody is being asked.
  func authorize(_ tag: String) throws -> Answer<Authorization> {
    let answer = Answer<Authorization>()
    let said = try house.decide { [desk] () throws(TurnFault) in try desk.authorize(tag: tag) }
    switch said {
    case .now(let value): answer.hear(value)
    case .later(let ticket): ticket.whenRedeemed { answer.hear($0) }
    }
    house.settle()
    return answer
  }

  @discardableResult
  func start(_ tag: String, meter: Int64 = 0, at: Timestamp? = nil, evse: Int = 1, clock: String? = nil) throws
    -> StartVerdict
  {
    let report = Self.startReport(tag, meter: meter, at: at ?? house.now, evse: evse, clock: clock)
    return try house.decide { [desk] () throws(TurnFault) in try desk.start(report) }
  }

  static func startReport(_ tag: String, meter: Int64, at: Timestamp, evse: Int, clock: String? = nil) -> StartReport {
    StartReport(
      evse: evse, tag: tag, meterStart: Energy(tenthsOfWattHour: meter * 10), at: clock == nil ? at : nil,
      written: clock ?? at.text,
      raw: [
        "connectorId": .number(JSONNumber(evse)), "idTag": .string(tag), "meterStart": .number(JSONNumber(meter)),
        "timestamp": .string(clock ?? at.text),
      ])
  }

  func meter(
    _ transaction: Int64?, _ wattHours: Int64, at: Timestamp? = nil, evse: Int = 1, context: Reading.Context = .periodic
  ) throws {
    let reading = Self.reading(wattHours, at: at ?? house.now, context: context)
    try house.decide { [desk] () throws(TurnFault) in
      try desk.meter(MeterReport(evse: evse, transaction: transaction, readings: [reading]))
    }
  }

  static func reading(_ wattHours: Int64, at: Timestamp, context: Reading.Context = .periodic) -> Reading {
    Reading(
      at: at, register: Energy(tenthsOfWattHour: wattHours * 10), context: context,
      raw: ["timestamp": .string(at.text), "value": .string("\(wattHours)")])
  }

  @discardableResult
  func stop(
    _ transaction: Int64, meter: Int64?, tag: String? = nil, at: Timestamp? = nil, ending: Session.Ending = .local,
    readings: [Reading] = []
  ) throws -> StopVerdict {
    let report = Self.stopReport(
      transaction, meter: meter, tag: tag, at: at ?? house.now, ending: ending, readings: readings)
    return try house.decide { [desk] () throws(TurnFault) in try desk.stop(report) }
  }

  static func stopReport(
    _ transaction: Int64, meter: Int64?, tag: String?, at: Timestamp, ending: Session.Ending = .local,
    readings: [Reading] = []
  ) -> StopReport {
    StopReport(
      transaction: transaction, tag: tag, meterStop: meter.map { Energy(tenthsOfWattHour: $0 * 10) }, at: at,
      written: at.text, ending: ending, readings: readings,
      raw: [
        "transactionId": .number(JSONNumber(transaction)), "timestamp": .string(at.text),
        "meterStop": meter.map { .number(JSONNumber($0)) } ?? .null, "idTag": tag.map { .string($0) } ?? .null,
      ])
  }

  func leave(_ reason: String = "gone") throws {
    try house.decide { [csms = house.csms, link] () throws(TurnFault) in try csms.closed(link, reason: reason) }
  }
}

// MARK: - Small things

/// What one caller hears of its errand.
final class Heard<Value: Sendable>: Sendable {
  private let said = Mutex<Result<Value, TurnFault>?>(nil)

  func errand(_ body: @escaping @MainActor @Sendable () throws(TurnFault) -> Value) -> Errand {
    Errand(
      decide: { () throws(TurnFault) in
        let value = try body()
        return { self.said.withLock { $0 = .success(value) } }
      },
      fail: { fault in self.said.withLock { $0 = .failure(fault) } })
  }

  var fault: TurnFault? { said.withLock { if case .failure(let fault) = $0 { fault } else { nil } } }
  var value: Value? { said.withLock { if case .success(let value) = $0 { value } else { nil } } }

  func result() throws(TurnFault) -> Value {
    switch said.withLock({ $0 }) {
    case .success(let value): return value
    case .failure(let fault): throw fault
    case nil: throw .storage("the caller heard nothing")
    }
  }
}

/// An answer that may come later, and how often it came.
@MainActor
final class Answer<Value> {
  private(set) var value: Value?
  private(set) var count = 0

  func hear(_ value: Value) {
    self.value = value
    count += 1
  }
}

struct TestFault: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

final class FakeClock: Sendable {
  private let time = Mutex(Timestamp("2026-05-04T08:00:00Z")!)

  var now: Timestamp {
    get { time.withLock { $0 } }
    set { time.withLock { $0 = newValue } }
  }

  var clock: Clock { Clock { self.now } }
}

/// A folder in memory that goes with the last who holds it.
final class Folder: Sendable {
  let path: String

  init() {
    let root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    var template = Array("\(root)/ostler-house-XXXXXX".utf8CString)
    precondition(mkdtemp(&template) != nil, "no folder for the test")
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    for name in ["ostler.db", "ostler.db-wal", "ostler.db-shm"] + authorityFiles { unlink("\(path)/\(name)") }
    for folder in ["files", "ca"] { rmdir("\(path)/\(folder)") }
    rmdir(path)
  }

  func put(_ content: [UInt8], as name: String) throws {
    guard let file = fopen("\(path)/\(name)", "w") else { throw TestFault("no \(name)") }
    defer { fclose(file) }
    guard fwrite(content, 1, content.count, file) == content.count else { throw TestFault("no room for \(name)") }
  }

  func content(of name: String) throws -> [UInt8] {
    guard let file = fopen("\(path)/\(name)", "r") else { throw TestFault("no \(name)") }
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    var content = [UInt8](repeating: 0, count: ftell(file))
    rewind(file)
    guard fread(&content, 1, content.count, file) == content.count else { throw TestFault("\(name) ends early") }
    return content
  }

  /// The folder as it is on disk at this moment: what a process that dies now leaves behind.
  func copy() -> Folder {
    let image = Folder()
    if !authorityFiles.isEmpty { mkdir("\(image.path)/ca", 0o700) }
    for name in ["ostler.db", "ostler.db-wal"] + authorityFiles {
      let from = open("\(path)/\(name)", O_RDONLY)
      guard from >= 0 else { continue }
      let to = open("\(image.path)/\(name)", O_WRONLY | O_CREAT, 0o600)
      var status = stat()
      fstat(from, &status)
      var offset: off_t = 0
      while offset < status.st_size, sendfile(to, from, &offset, Int(status.st_size - offset)) > 0 {}
      close(to)
      // This gives up SQLite's locks on the living books, which nobody else opens while they live.
      close(from)
    }
    return image
  }

  /// What lies in the folder of the certificate authorities.
  private var authorityFiles: [String] {
    guard let folder = opendir("\(path)/ca") else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append("ca/\(name)") }
    }
    return names
  }
}

/// Amsterdam by the rule that holds since 1996, and UTC.
let testZones = ZoneLibrary { name in
  switch name {
  case "Europe/Amsterdam": try? ZoneRules(tzif: zoneFile(offset: 3_600, footer: "CET-1CEST,M3.5.0,M10.5.0/3"))
  case "Etc/UTC": .utc
  default: nil
  }
}

/// A TZif file of version 2 without transitions, which leaves all to its footer.
private func zoneFile(offset: Int32, footer: String) -> Bytes {
  func big(_ value: UInt32) -> Bytes { (0..<4).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
  let header = Bytes("TZif2".utf8) + Bytes(repeating: 0, count: 15) + [0, 0, 0, 0, 1, 4].flatMap { big($0) }
  let block = header + big(UInt32(bitPattern: offset)) + [0, 0] + Bytes("CET\0".utf8)
  return block + block + Bytes("\n\(footer)\n".utf8)
}
