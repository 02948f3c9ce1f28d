import Crypto
import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// How stations prove who they are: security profiles and certificates. Keys under change are in `KeyChangeTests`.
@MainActor
struct SecuringTests {
  let house: HouseUnderTest
  private let password = "right-password-1234"
  private let identity = StationIdentity("CS-1")!

  init() throws { house = try HouseUnderTest { $0.certificateOrganization = "Operator" }.furnish() }

  private func keep(_ floor: SecurityProfile, serialNumber: String? = nil) throws {
    var station = try house.station("CS-1")
    station.passwordHash = StationKey.hash(of: Bytes(utf8: password)).text
    (station.securityProfile, station.serialNumber) = (floor, serialNumber)
    let changed = station
    try house.write { books throws(StoreFault) in try books.stations.update(changed) }
  }

  private func papers(
    _ name: String?, organization: String? = "Operator", serial: String = "0A", days: Int = 365
  ) -> ClientCertificate {
    ClientCertificate(
      commonName: name, organization: organization, serial: serial, expiresAt: house.now + .seconds(days * 86_400))
  }

  /// The station calls with what that profile is proven by.
  private func call(_ shown: SecurityProfile) throws -> Admission {
    switch shown {
    case .none: try house.admit("CS-1")
    case .basic: try house.admit("CS-1", password: password)
    case .basicOverTLS: try house.admit("CS-1", password: password, encrypted: true)
    case .certificate: try house.admit("CS-1", certificate: papers("CS-1"))
    }
  }

  private func reason(_ admission: Admission) throws -> String {
    guard case .insecure(let why) = admission else { throw TestFault("not refused as insecure: \(admission)") }
    return why
  }

  private func lastEvent(_ kind: String) throws -> LoggedEvent {
    try #require(try house.books.events.latest(limit: 100).first { $0.kind == kind })
  }

  // MARK: Profiles

  nonisolated static let floors = SecurityProfile.allCases.flatMap { floor in
    SecurityProfile.allCases.filter { $0 > .none }.map { (floor, $0) }
  }

  @Test(arguments: floors)
  func aStationIsTakenAtItsProfileAndAbove(floor: SecurityProfile, shown: SecurityProfile) throws {
    try keep(floor)
    switch try call(shown) {
    case .welcome(let guest):
      #expect(shown >= floor)
      #expect(guest.security.profile == shown && guest.security.isEncrypted == (shown >= .basicOverTLS))
    case .insecure(let why):
      #expect(shown < floor)
      #expect(why.contains("security profile \(floor.rawValue)"))
    case let other: Issue.record("\(other)")
    }
  }

  @Test func aRefusalForLackOfSecurityIsToldToTheOperatorToo() throws {
    try keep(.basicOverTLS)
    let why = try reason(call(.basic))
    let event = try lastEvent("station.refused")
    #expect(event.body["why"]?.string == why && event.body["certificate"] == .null)
  }

  @Test func aCertificateIsNoneOfAPasswordsBusiness() throws {
    try keep(.certificate)
    _ = try reason(call(.basicOverTLS))
    guard case .welcome = try call(.certificate) else { throw TestFault("refused") }
  }

  @Test func theFirstBetterConnectionRaisesTheFloorAndOnlyTheOperatorLowersIt() async throws {
    try keep(.none)
    _ = try house.connect("CS-1", password: password, encrypted: true)
    #expect(try house.station("CS-1").securityProfile == .basicOverTLS)
    #expect(try lastEvent("station.secured").body["profile"] == 2)
    _ = try reason(call(.basic))
    _ = try await house.csms.changeStation(identity, by: "anna") { (station: inout Station) throws(Refusal) in
      station.securityProfile = .basic
    }
    guard case .welcome = try call(.basic) else { throw TestFault("refused") }
  }

  @Test func raisingTheFloorEndsAConnectionBelowIt() async throws {
    try keep(.basic)
    let link = try house.connect("CS-1", password: password).link
    _ = try await house.csms.changeStation(identity, by: "anna") { (station: inout Station) throws(Refusal) in
      station.securityProfile = .basicOverTLS
    }
    house.settle()
    #expect(house.stations.closed.map(\.link) == [link])
  }

  @Test func stationsOnOtherMachinesNeedTLSUnlessTheOperatorSaidOtherwise() throws {
    try keep(.none)
    #expect(try reason(house.admit("CS-1", password: password, loopback: false)).contains("profile 2"))
    guard case .welcome = try house.admit("CS-1", password: password, loopback: false, encrypted: true) else {
      throw TestFault("refused")
    }
    let plain = try HouseUnderTest { $0.lowestSecurityProfile = SecurityProfile.none }.furnish()
    guard case .welcome = try plain.admit("CS-1", loopback: false) else { throw TestFault("refused") }
    let strict = try HouseUnderTest { $0.lowestSecurityProfile = .certificate }.furnish()
    #expect(try reason(strict.admit("CS-1", password: password, encrypted: true)).contains("profile 3"))
  }

  // MARK: Certificates

  nonisolated static let names: [(String, StationCertificate.Match?)] = [
    ("CS-1", .identity), ("SN-77", .serialNumber), ("CS-2", nil), ("cs-1", nil), ("", nil),
  ]

  @Test(arguments: names)
  func theNameInACertificateIsTheSerialNumberOrTheIdentity(name: String, match: StationCertificate.Match?) throws {
    try keep(.certificate, serialNumber: "SN-77")
    let shown = papers(name, serial: "BEEF")
    guard let match else {
      #expect(try reason(house.admit("CS-1", password: password, certificate: shown)).contains("“\(name)”"))
      #expect(try lastEvent("station.refused").body["certificate"] == "BEEF")
      return
    }
    _ = try house.connect("CS-1", certificate: shown)
    let kept = try #require(try house.books.security.certificate(of: house.station("CS-1").id))
    #expect(kept.match == match && kept.serial == "BEEF" && kept.expiresAt == shown.expiresAt)
  }

  @Test(arguments: [("SN-77", true), (nil, true), ("SN-78", false)] as [(String?, Bool)])
  func aBootSaysTheSerialNumberOfItsCertificate(told: String?, isServed: Bool) throws {
    try keep(.certificate, serialNumber: "SN-77")
    let caller = try house.connect("CS-1", certificate: papers("SN-77"))
    let report = BootReport(vendor: "Acme", model: "One", serialNumber: told, isHeldToCertificate: true)
    let verdict = try house.decide { [desk = caller.desk] () throws(TurnFault) in try desk.boot(report) }
    #expect(verdict.registration == (isServed ? .accepted : .rejected))
    house.settle()
    #expect(house.stations.closed.map(\.link) == (isServed ? [] : [caller.link]))
    #expect(try house.count("station.refused") == (isServed ? 0 : 1))
    #expect(try house.station("CS-1").serialNumber == "SN-77")
  }

  @Test func oneThatIsKnownByItsIdentityMaySayAnySerialNumber() throws {
    try keep(.certificate, serialNumber: "SN-77")
    let caller = try house.connect("CS-1", certificate: papers("CS-1"))
    let report = BootReport(vendor: "Acme", model: "One", serialNumber: "SN-78", isHeldToCertificate: true)
    let verdict = try house.decide { [desk = caller.desk] () throws(TurnFault) in try desk.boot(report) }
    #expect(verdict.registration == .accepted)
  }

  @Test(arguments: [nil, "", "operator", "Another"]) func theOrganizationInACertificateIsTheOperator(name: String?)
    throws
  {
    try keep(.none)
    #expect(try reason(house.admit("CS-1", certificate: papers("CS-1", organization: name))).contains("Operator"))
  }

  @Test func aCertificateCountsUntilItExpiresAlsoInAResumedSession() throws {
    let shown = papers("CS-1", days: 1)
    guard case .welcome = try house.admit("CS-1", certificate: shown) else { throw TestFault("refused") }
    house.clock.now += .seconds(86_400)
    #expect(try reason(house.admit("CS-1", certificate: shown)).contains("expired"))
  }

  @Test func aStrangersCertificateBecomesWhatIsAskedOfIt() async throws {
    #expect(try reason(house.admit("NEW", certificate: papers("SN-9", organization: "Another"))).contains("Another"))
    _ = try house.connect("NEW", certificate: papers("SN-9"))
    let station = try await house.csms.accept(StationIdentity("NEW")!, at: nil, by: "anna")
    #expect(station.securityProfile == .certificate && station.serialNumber == "SN-9")
    _ = try reason(house.admit("NEW", encrypted: true))
    _ = try reason(house.admit("NEW", certificate: papers("SN-10")))
    guard case .welcome = try house.admit("NEW", certificate: papers("SN-9")) else { throw TestFault("refused") }
  }

  @Test func theSerialNumberOfTheFirstAcceptedBootStands() throws {
    try house.connect("CS-1").boot()
    #expect(try house.station("CS-1").serialNumber == "S1")
    try keep(.none, serialNumber: "SN-77")
    try house.connect("CS-1", password: password).boot()
    #expect(try house.station("CS-1").serialNumber == "SN-77")
    #expect(try house.books.stations.oddities(of: house.station("CS-1").id).contains { $0.what.contains("SN-77") })
  }

  @Test func aHandshakeThatFailedIsToldOfTheStationWhoseCertificateItWas() throws {
    try keep(.certificate, serialNumber: "SN-77")
    for name in ["SN-77", "SN-77", "CS-1"] {
      let shown = papers(name, serial: "0\(name.count)")
      house.csms.refusedInHandshake(from: "192.0.2.9", because: "it was revoked", certificate: shown)
    }
    house.csms.refusedInHandshake(from: "192.0.2.9", because: "no TLS", certificate: nil)
    house.settle()
    let events = try house.books.events.latest(limit: 100).filter { $0.kind == "tls.refused" }
    let subject = "station/\(try house.station("CS-1").id)"
    #expect(events.map(\.subject) == ["address/192.0.2.9", subject, subject])
    #expect(events.last?.body["certificate"] == "05" && events.last?.body["why"] == "it was revoked")
  }

  // MARK: Expiry

  @Test func theOperatorIsWarnedThirtyFourteenAndThreeDaysBeforeAndOnceWhenItIsOver() throws {
    let end = house.now + .seconds(31 * 86_400)
    _ = try house.connect(
      "CS-1", certificate: ClientCertificate(commonName: "CS-1", organization: "Operator", serial: "0B", expiresAt: end)
    )
    let door = DoorCertificate(door: "stations", name: "csms.example", serial: "0C", expiresAt: end)
    var heard: [[Int64]] = []
    for _ in 0..<33 {
      let before = try house.books.events.lastSeq()
      house.csms.show([door])
      house.pass(86_400, beat: 43_200)
      if heard.count == 10 { try house.restart() }
      let told = try house.books.events.after(before, limit: 1_000).filter { $0.kind == "certificate.expires" }
      #expect(told.isEmpty || Set(told.map(\.subject)) == ["certificate/0B", "certificate/0C"])
      heard.append(told.map { $0.body["days"]?.int ?? .min })
    }
    #expect(heard.filter { !$0.isEmpty } == [[30, 30], [14, 14], [3, 3], [-1, -1]])
  }

  @Test func aRevocationListIsOnlyToldOnceItIsOverdue() throws {
    let list = DoorCertificate(
      door: "stations", name: "revocation list", serial: "CRL-1", expiresAt: house.now + .seconds(86_400),
      isRevocationList: true)
    house.csms.show([list])
    house.pass(86_400, beat: 43_200)
    #expect(try house.count("certificate.expires") == 0)
    house.pass(120, beat: 61)
    #expect(try lastEvent("certificate.expires").subject == "certificate/CRL-1")
    #expect(try house.count("certificate.expires") == 1)
  }

  @Test func aDoorsUnusableCertificateStaysInSightUntilAGoodOneIsRead() throws {
    house.csms.certificateIsUnusable(at: "stations", because: "the key is another's")
    house.settle()
    #expect(house.csms.brokenCertificates == ["stations": "the key is another's"])
    #expect(try lastEvent("certificate.unusable").body["why"] == "the key is another's")
    house.csms.certificateWasRead(at: "stations", isNew: true)
    house.settle()
    #expect(house.csms.brokenCertificates.isEmpty)
    #expect(try lastEvent("certificate.replaced").subject == "door/stations")
  }
}
