import Crypto
import Dispatch
import Domain
import Glibc
import Testing
import Wire

@testable import CSMS
@testable import Store

/// The house's own authority, the certificates of stations from request to revocation, and the way to profile 3.
@MainActor
struct CertifyingTests {
  let house: HouseUnderTest
  private let key: PrivateKey

  init() throws {
    house = try HouseUnderTest { $0.certificateOrganization = "Operator" }.furnish()
    key = try PrivateKey.make()
  }

  /// Something that the operator does, with the turns that it takes.
  private func operate<R: Sendable>(_ body: @escaping @MainActor @Sendable (CSMS) async throws -> R) async throws -> R {
    let work = Task { [csms = house.csms] in try await body(csms) }
    var outcome: Result<R, any Error>?
    let waiting = Task { outcome = await work.result }
    while outcome == nil {
      house.settle()
      await Task.yield()
    }
    await waiting.value
    return try outcome!.get()
  }

  private func makeAuthority() async throws -> Certificate {
    try await operate { try await $0.createAuthority(by: "operator:anna") }
  }

  /// Brings what the work asks for into one turn with something else.
  private func take(with other: Errand) async {
    await withCheckedContinuation { done in look(with: other, done) }
  }

  /// It stands in the main queue all the while, so it is there before the turn for which the work wakes the house.
  private func look(with other: Errand, _ done: CheckedContinuation<Void, Never>) {
    DispatchQueue.main.async {
      MainActor.assumeIsolated {
        let waiting = house.csms.inbox.take().0
        guard !waiting.isEmpty else { return look(with: other, done) }
        house.csms.take(waiting + [other])
        house.settle()
        done.resume()
      }
    }
  }

  @Test func anAuthorityIsMadeOnceAlsoWhereItsTurnIsDecidedTwice() async throws {
    var moved = 0
    house.csms.onAuthorityChange = { moved += 1 }
    let work = Task { [csms = house.csms] in try await csms.createAuthority(by: "operator:anna") as Certificate }
    await take(with: Errand(decide: { () throws(TurnFault) in throw .storage("damaged") }, fail: { _ in }))
    let made = try await work.value
    #expect(try house.csms.authority() == made)
    #expect(try house.count("authority.made") == 1 && moved == 1)
    #expect(try house.csms.revocationList() != nil)
  }

  @Test func anAuthorityOfALostTurnNeverWas() async throws {
    let work = Task { [csms = house.csms] in try await csms.createAuthority(by: "operator:anna") as Certificate }
    await take(with: house.poison)
    await #expect(throws: Refusal.self) { try await work.value }
    #expect(try house.csms.authority() == nil)
    try house.restart()
    #expect(try house.csms.authority() == nil)
    let made = try await makeAuthority()
    #expect(try house.csms.authority() == made)
  }

  @Test func aDoorCertificateOfALostTurnIsNowhere() async throws {
    _ = try await makeAuthority()
    let files = house.csms.authorityFolder.doorFiles("csms.example.com")
    let work = Task { [csms = house.csms] in
      try await csms.issueDoorCertificate(hosts: ["csms.example.com"], by: "operator:anna").certificate
    }
    await take(with: house.poison)
    await #expect(throws: Refusal.self) { try await work.value }
    #expect(try house.csms.authorityFolder.read(files.chain) == nil)
    #expect(try house.csms.authorityFolder.read(files.key) == nil)
  }

  /// The look for primes takes up to seconds.
  @Test func anAuthoritysKeyIsMadeBesideTheHouse() async throws {
    let work = Task { [csms = house.csms] in
      try await csms.createAuthority(kind: .rsa(bits: 2_048), by: "operator:anna") as Certificate
    }
    await Task.yield()
    let waiting = house.csms.inbox.take().0
    #expect(waiting.isEmpty, "the house made the key itself")
    house.csms.take(waiting)
    while try house.csms.authority() == nil {
      house.settle()
      await Task.yield()
    }
    #expect(try await work.value.key.kind == .rsa(bits: 2_048))
  }

  private func request(_ name: String = "CS-1", organization: String = "Operator", key: PrivateKey? = nil) throws
    -> String
  {
    try SigningRequest.make(organization: organization, commonName: name, key ?? self.key)
  }

  private func ask(
    _ station: Caller, _ pem: String, kind: StationCertificateKind = .station, number: Int64? = nil
  ) throws -> CertificateRequestVerdict {
    try house.decide { [desk = station.desk] () throws(TurnFault) in
      try desk.requestCertificate(CertificateRequestReport(kind: kind, request: pem, number: number))
    }
  }

  private func delivered() throws -> (chain: String, number: Int64?) {
    let sent = house.stations.commands.compactMap { command -> (chain: String, number: Int64?)? in
      if case .security(.deliver(let chain, _, let number)) = command { (chain, number) } else { nil }
    }
    return try #require(sent.last, "no certificate was sent")
  }

  private func shown(_ certificate: Certificate) -> ClientCertificate {
    ClientCertificate(
      commonName: certificate.subject.commonName, organization: certificate.subject.organization,
      serial: certificate.serial, expiresAt: certificate.notAfter)
  }

  /// A station that asked, was certified and took it.
  private func certified(_ station: Caller) throws -> Certificate {
    #expect(try ask(station, request()) == .accepted)
    house.pass(1)
    let leaf = try Certificate(pem: delivered().chain)
    try house.stations.last.answer(.accepted(answer: ["status": "Accepted"]))
    house.settle()
    return leaf
  }

  // MARK: The authority

  @Test func anAuthorityIsMadeOnceAndFoundAgainAfterARestart() async throws {
    #expect(try house.csms.authority() == nil)
    let made = try await makeAuthority()
    #expect(made.isAuthority && made.subject.organization == "Operator")
    await #expect(throws: Refusal.self) { try await makeAuthority() }
    let folder = house.folder.path
    #expect(mode(of: folder + "/ca/station.key") == 0o600 && mode(of: folder + "/ca") == 0o700)
    #expect(try house.count("authority.made") == 1)
    let again = CSMS(
      store: try Store(folder: folder), clock: house.clock.clock, zones: testZones, settings: house.settings)
    #expect(try again.authority() == made)
  }

  @Test func anAuthorityThatWasMadeElsewhereSignsBelowItsRoot() async throws {
    let root = try Issuer.root(organization: "Other", commonName: "Root", at: house.now, days: 900)
    let own = try PrivateKey.make()
    let sub = try root.sign(
      organization: "Operator", commonName: "Sub", key: own.publicKey, for: .authority(pathLength: 0), at: house.now,
      days: 800)
    let chain = root.certificate.pem + sub.pem
    await #expect(throws: Refusal.self) {
      try await operate { try await $0.importAuthority(for: .v2g, chain: chain, key: PrivateKey.make().pem, by: "x") }
    }
    let keyPEM = own.pem
    let taken = try await operate { try await $0.importAuthority(for: .v2g, chain: chain, key: keyPEM, by: "x") }
    #expect(taken == sub)
    let station = try house.connect("CS-1")
    #expect(try ask(station, request("SECC-7"), kind: .v2g, number: 12) == .accepted)
    house.pass(1)
    let sent = try delivered()
    #expect(sent.number == 12)
    let whole = try #require(CertificateChain(pem: sent.chain))
    #expect(whole.certificates.count == 2 && whole.leaf.subject.commonName == "SECC-7")
    try whole.verify(to: [root.certificate], at: house.now)
    // It vouches for stations towards vehicles and not towards us.
    #expect(try ask(station, request()) == .accepted)
    house.pass(1)
    #expect(try Certificate(pem: delivered().chain).issuer != sub.subject)
  }

  @Test func aDoorGetsKeyAndCertificateForItsNames() async throws {
    let root = try await makeAuthority()
    let door = try await operate {
      try await $0.issueDoorCertificate(hosts: ["csms.example.com", "10.0.0.5"], by: "x")
    }
    #expect(door.certificate.hosts == ["csms.example.com", "10.0.0.5"])
    #expect(mode(of: door.key) == 0o600)
    let written = try #require(try house.csms.authorityFolder.read(door.chain))
    let chain = try #require(CertificateChain(pem: written))
    try chain.verify(to: [root], at: house.now)
    for bad in [[], ["a b"], ["x/y"], [""]] {
      await #expect(throws: Refusal.self) {
        try await operate { try await $0.issueDoorCertificate(hosts: bad, by: "x") }
      }
    }
  }

  // MARK: Requests

  @Test func aRequestIsAnsweredAtOnceAndTheCertificateFollows() async throws {
    let root = try await makeAuthority()
    let station = try house.connect("CS-1")
    #expect(try ask(station, request()) == .accepted)
    #expect(house.stations.commands.isEmpty)
    let leaf = try {
      house.pass(1)
      return try Certificate(pem: delivered().chain)
    }()
    #expect(leaf.key == (try key.publicKey) && leaf.subject.commonName == "CS-1")
    try #require(CertificateChain([leaf])).verify(to: [root], at: house.now)
    try house.stations.last.answer(.accepted(answer: [:]))
    house.settle()
    let kept = try #require(try house.books.certificates.requests(of: house.station("CS-1").id, limit: 9).first)
    #expect(kept.phase == .accepted && kept.serial == leaf.serial)
    #expect(try house.count("certificate.delivered") == 1)
  }

  @Test func theFirstRequestFindsAnAuthority() throws {
    let station = try house.connect("CS-1")
    #expect(try house.csms.authority() == nil)
    guard case .refused = try ask(station, request("SOMEBODY")) else { throw TestFault("it was not refused") }
    #expect(try house.csms.authority() == nil, "a wrong request makes none")
    #expect(try ask(station, request()) == .accepted)
    house.pass(1)
    let root = try #require(try house.csms.authority())
    try #require(CertificateChain([Certificate(pem: delivered().chain)])).verify(to: [root], at: house.now)
    #expect(try house.count("authority.made") == 1)
  }

  @Test func anAuthorityTowardsVehiclesIsMadeAndGivesWayToOneThatIsBrought() async throws {
    let station = try house.connect("CS-1")
    #expect(try ask(station, request("SECC-7"), kind: .v2g) == .accepted)
    house.pass(1)
    let own = try #require(try house.csms.authority(.v2g))
    #expect(own.subject.commonName == "Operator own V2G Root")
    try #require(CertificateChain([Certificate(pem: delivered().chain)])).verify(to: [own], at: house.now)
    let root = try Issuer.root(organization: "Other", commonName: "V2G Root", at: house.now, days: 900)
    let (chain, key) = (root.certificate.pem, root.keyPEM)
    let brought = try await operate { try await $0.importAuthority(for: .v2g, chain: chain, key: key, by: "x") }
    #expect(try house.csms.authority(.v2g) == brought)
    await #expect(throws: Refusal.self, "one that was brought stays") {
      try await operate { try await $0.importAuthority(for: .v2g, chain: chain, key: key, by: "x") }
    }
  }

  @Test func aRequestForAnothersNameIsNotSigned() async throws {
    _ = try await makeAuthority()
    let station = try house.connect("CS-1")
    for (pem, word) in [
      (try request("CS-2"), "CN"), (try request(organization: "Another"), "O of its request"), ("nothing", "PKCS#10"),
    ] {
      guard case .refused(let why) = try ask(station, pem) else { throw TestFault("\(word) was not refused") }
      #expect(why.contains(word))
    }
    house.pass(2)
    #expect(house.stations.commands.isEmpty)
  }

  @Test func theSerialNumberOnFileIsANameToo() async throws {
    _ = try await makeAuthority()
    let station = try house.connect("CS-1")
    try station.boot()
    #expect(try ask(station, request("S1")) == .accepted)
  }

  @Test func theSameRequestAgainGetsTheSameCertificate() async throws {
    _ = try await makeAuthority()
    let station = try house.connect("CS-1")
    let pem = try request()
    #expect(try ask(station, pem) == .accepted)
    house.pass(1)
    let first = try delivered().chain
    #expect(try ask(station, pem) == .accepted)
    try house.stations.last.answer(.timedOut)
    house.settle()
    house.pass(Limits.deliveryPauseSeconds * 4)
    #expect(house.stations.commands.count { if case .security = $0 { true } else { false } } == 2)
    #expect(try delivered().chain == first)
    #expect(try house.books.certificates.issued(limit: 9).count == 1)
  }

  @Test func aCertificateWaitsForItsStationAndOverARestart() async throws {
    _ = try await makeAuthority()
    let station = try house.connect("CS-1")
    #expect(try ask(station, request()) == .accepted)
    try station.leave()
    house.pass(5)
    #expect(house.stations.commands.isEmpty)
    try house.restart()
    _ = try house.connect("CS-1")
    house.pass(Limits.deliveryPauseSeconds + 1)
    _ = try delivered()
  }

  @Test func itIsSentAFewTimesAndThenGivenUp() async throws {
    _ = try await makeAuthority()
    house.stations.answer = { _, _ in .timedOut }
    let station = try house.connect("CS-1")
    #expect(try ask(station, request()) == .accepted)
    house.pass(86_400, beat: 60)
    #expect(house.stations.commands.count { if case .security = $0 { true } else { false } } == Limits.deliveryAttempts)
    #expect(try house.count("certificate.not_taken") == 1)
  }

  // MARK: Revocation

  @Test func whoIsRevokedGoesAndDoesNotComeBack() async throws {
    _ = try await makeAuthority()
    let leaf = try certified(try house.connect("CS-1"))
    let inside = try house.connect("CS-1", certificate: shown(leaf))
    let serial = leaf.serial
    var hasMoved = false
    house.csms.onAuthorityChange = { hasMoved = true }
    try await operate { try await $0.revoke(serial.lowercased(), because: "stolen", by: "operator:anna") }
    #expect(house.stations.closed.contains { $0.link == inside.link })
    guard case .insecure(let why) = try house.admit("CS-1", certificate: shown(leaf)) else {
      throw TestFault("a revoked station came in")
    }
    #expect(why.contains("revoked") && hasMoved)
    let list = try #require(try house.csms.revocationList())
    let chain = try #require(CertificateChain([leaf]))
    let root = try #require(try house.csms.authority())
    #expect(throws: CertificateChain.Flaw.revoked) { try chain.verify(to: [root], at: house.now, revocations: [list]) }
    await #expect(throws: Refusal.self) { try await operate { try await $0.revoke("00", because: "x", by: "x") } }
  }

  @Test func theListIsRenewedLongBeforeItsEnd() async throws {
    _ = try await makeAuthority()
    let first = try house.csms.revocationList()
    house.pass(2 * 86_400, beat: 3_600)
    #expect(try house.csms.revocationList() != first)
  }

  // MARK: Renewal

  @Test func aCertificateThatEndsSoonIsRenewed() async throws {
    _ = try await makeAuthority()
    let leaf = try certified(try house.connect("CS-1"))
    let station = try house.connect("CS-1", certificate: shown(leaf))
    house.stations.clear()
    let days = house.settings.stationCertificateDays - house.settings.certificateRenewalDays
    house.pass((days - 1) * 86_400, beat: 86_400)
    #expect(!house.stations.commands.contains(.trigger(.certificate, evse: nil)))
    house.pass(3 * 86_400, beat: 3_600)
    let asked = { house.stations.commands.count { $0 == .trigger(.certificate, evse: nil) } }
    #expect(asked() == 2, "once a day")
    let fresh = try PrivateKey.make()
    #expect(try ask(station, request(key: fresh)) == .accepted)
    house.pass(1)
    let next = try Certificate(pem: delivered().chain)
    #expect(next.notAfter > leaf.notAfter)
    try house.stations.last.answer(.accepted(answer: [:]))
    house.settle()
    let before = asked()
    house.pass(3 * 86_400, beat: 3_600)
    #expect(asked() == before, "it has the next one")
    _ = try house.connect("CS-1", certificate: shown(next))
    #expect(try house.books.security.certificate(of: house.station("CS-1").id)?.serial == next.serial)
  }

  // MARK: What stations hold

  @Test func whatAStationHoldsIsKnownAfterEachChange() async throws {
    let root = try await makeAuthority()
    _ = try house.connect("CS-1")
    let id = CertificateID(.sha256, issuerName: "AA", issuerKey: "BB", serial: "01")
    house.stations.answer = { command, _ in
      switch command {
      case .security(.list(let use)):
        .accepted(answer: HeldCertificates(use == .csms ? [HeldCertificate(.csms, id)] : []).json)
      default: .accepted(answer: ["status": "Accepted"])
      }
    }
    let identity = StationIdentity("CS-1")!
    let pem = root.pem
    _ = try await operate { try await $0.command(.security(.install(.csms, pem: pem)), to: identity, by: "x") }
    await house.settleAll()
    let station = try house.station("CS-1").id
    #expect(try house.books.certificates.held(by: station).map(\.certificate.id) == [id])
    house.stations.answer = { command, _ in
      if case .security(.list) = command { .accepted(answer: HeldCertificates().json) } else { .accepted(answer: [:]) }
    }
    _ = try await operate { try await $0.command(.security(.remove(id, .csms)), to: identity, by: "x") }
    await house.settleAll()
    #expect(try house.books.certificates.held(by: station).isEmpty)
  }

  // MARK: Security events

  @Test func securityEventsAreKeptAndAlarmsAreSaid() throws {
    let station = try house.connect("CS-1")
    for type in ["StartupOfTheDevice", "TamperDetectionActivated", "AcmeOwnWord"] {
      try house.decide { [desk = station.desk] () throws(TurnFault) in
        try desk.report(SecurityEventReport(type: type, at: nil, info: "door"))
      }
    }
    let kept = try house.books.securityEvents.list(of: house.station("CS-1").id, limit: 9)
    #expect(kept.map(\.type) == ["AcmeOwnWord", "TamperDetectionActivated", "StartupOfTheDevice"])
    #expect(kept.map(\.isAlarming) == [false, true, false])
    #expect(try house.count("station.security_event") == 3)
  }

  // MARK: The way to profile 3

  private var steps: [String] {
    get throws {
      try house.books.events.after(0, limit: 1_000).filter { $0.kind == "station.profile_step" }
        .compactMap { $0.body["step"]?.string }
    }
  }

  @Test func oneOrderBringsAStationToProfile3() async throws {
    let root = try await makeAuthority()
    let station = try house.connect("CS-1")
    house.stations.answer = { _, _ in .accepted(answer: ["status": "Accepted"]) }
    _ = try await operate { try await $0.walkToProfile3(StationIdentity("CS-1")!, by: "operator:anna") }
    house.pass(2)
    #expect(house.stations.commands.contains(.security(.install(.csms, pem: root.pem))))
    #expect(house.stations.commands.contains(.trigger(.certificate, evse: nil)))
    #expect(try ask(station, request()) == .accepted)
    house.pass(3)
    let leaf = try #require(
      house.stations.commands.compactMap { command -> Certificate? in
        if case .security(.deliver(let chain, _, _)) = command { try? Certificate(pem: chain) } else { nil }
      }.first)
    #expect(
      house.stations.commands.contains {
        if case .security(.setProfile(.certificate, _, _, _)) = $0 { true } else { false }
      })
    #expect(try house.station("CS-1").securityProfile == .none)
    _ = try house.connect("CS-1", certificate: shown(leaf))
    #expect(try house.station("CS-1").securityProfile == .certificate)
    #expect(
      try steps == [
        "install_root", "ask_for_request", "await_request", "await_acceptance", "set_profile", "await_return", "done",
      ])
    await #expect(throws: Refusal.self) {
      try await operate { try await $0.walkToProfile3(StationIdentity("CS-1")!, by: "x") }
    }
  }

  @Test func theWayOfAMobileStationIsItsOwn() async throws {
    _ = try await makeAuthority()
    var station = try house.station("CS-1")
    var network = NetworkPlace()
    (network.interface, network.slot, network.fallbacks) = (.wireless0, 2, [1, 2])
    station.quirks.network = network
    try house.books.stations.update(station)
    let caller = try house.connect("CS-1")
    house.stations.answer = { _, _ in .accepted(answer: ["status": "Accepted", "needs": "preference"]) }
    _ = try await operate { try await $0.walkToProfile3(StationIdentity("CS-1")!, by: "operator:anna") }
    house.pass(2)
    #expect(try ask(caller, request()) == .accepted)
    house.pass(4)
    #expect(
      house.stations.commands.contains {
        if case .security(.setProfile(.certificate, 2, _, .wireless0)) = $0 { true } else { false }
      })
    #expect(house.stations.commands.contains(.security(.preferProfile(NetworkOrder(slots: [2, 1])))))
    // So does a profile that names no network of its own.
    let profile = NetworkProfile(url: "wss://other.example", securityProfile: .basicOverTLS)
    guard
      case .settings(.network(_, let numbered, use: _)) = StationCommand.settings(.network(slot: 1, profile))
        .numbered(by: try house.station("CS-1").needs)
    else { throw TestFault("it is no network profile") }
    #expect(numbered.interface == .wireless0)
  }

  @Test func eachStepGoesOnAfterARestart() async throws {
    _ = try await makeAuthority()
    let first = try house.connect("CS-1")
    _ = first
    _ = try await operate { try await $0.walkToProfile3(StationIdentity("CS-1")!, by: "x") }
    // Nobody answers; the house dies with each command under way.
    house.pass(1)
    house.clock.now += .seconds(1)
    try house.restart()
    _ = try house.connect("CS-1")
    house.stations.answer = { _, _ in .accepted(answer: ["status": "Accepted"]) }
    house.pass(60)
    #expect(try steps.contains("await_request"))
    try house.restart()
    house.stations.answer = { _, _ in .accepted(answer: ["status": "Accepted"]) }
    let station = try house.connect("CS-1")
    #expect(try ask(station, request()) == .accepted)
    house.pass(60)
    #expect(try steps.last == "await_return")
    try house.restart()
    let serial = try #require(try house.books.certificates.issued(limit: 1).first?.serial)
    _ = try house.connect(
      "CS-1",
      certificate: ClientCertificate(
        commonName: "CS-1", organization: "Operator", serial: serial, expiresAt: house.now + .seconds(9_000)))
    #expect(try steps.last == "done")
  }

  @Test func aStationThatRefusesEndsTheWalkWithItsReason() async throws {
    _ = try await makeAuthority()
    _ = try house.connect("CS-1")
    house.stations.answer = { command, _ in
      if case .trigger = command { .refused(word: "NotImplemented", answer: [:]) } else { .accepted(answer: [:]) }
    }
    _ = try await operate { try await $0.walkToProfile3(StationIdentity("CS-1")!, by: "x") }
    house.pass(3)
    let walk = try #require(try house.books.profileWalks.walk(of: house.station("CS-1").id))
    #expect(walk.step == .failed && walk.reason == "the station refused (NotImplemented)")
  }

  @Test func withoutAnAuthorityNobodyIsSentOnTheWay() async throws {
    await #expect(throws: Refusal.self) {
      try await operate { try await $0.walkToProfile3(StationIdentity("CS-1")!, by: "x") }
    }
  }
}

/// The permissions of a file or folder.
private func mode(of path: String) -> mode_t? {
  var status = stat()
  return stat(path, &status) == 0 ? status.st_mode & 0o777 : nil
}
