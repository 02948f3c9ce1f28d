import Crypto
import Domain
import Store
import Wire

// The certificate authorities of the house, for operators who have none: made once, kept in the data folder, and used to
// sign for stations and for our own doors. What they revoke is refused at once by the household, and by the handshake as
// soon as the door has read the new list.

extension CSMS {
  /// Makes the authority that signs for stations and doors.
  public func createAuthority(
    name: String? = nil, kind: KeyKind = .p256, by who: String
  ) async throws(Refusal) -> Certificate {
    try checkText(name, "name", 1...64)
    guard kind.isStrong else { throw .invalid(field: "key", "P-256, P-384, P-521 or RSA of 2048 bits and more") }
    let organization = settings.certificateOrganization
    let (name, now) = (name ?? "\(organization) Root", clock.now())
    // The look for the primes of an RSA key takes up to seconds.
    let root = try await beside { () throws(Refusal) in
      do {
        return try Issuer.root(
          organization: organization, commonName: name, kind: kind, at: now, days: Limits.authorityDays)
      } catch { throw .unavailable("OpenSSL made no authority: \(error)") }
    }
    return try await establish(root, for: .station, by: who)
  }

  /// Takes an authority that was made elsewhere: its chain, the authority itself first, and its key.
  public func importAuthority(
    for purpose: AuthorityPurpose, chain: String, key: String, by who: String
  ) async throws(Refusal) -> Certificate {
    guard let all = CertificateChain(pem: chain)?.certificates else {
      throw .invalid(field: "chain", "PEM certificates of one chain are expected")
    }
    let issuer: Issuer
    do { issuer = try Issuer(all[0], above: Array(all.dropFirst()), key: PrivateKey(pem: key)) } catch {
      throw .invalid(field: "key", "\(error)")
    }
    guard issuer.certificate.notAfter > clock.now() else { throw .invalid(field: "chain", "the authority has expired") }
    guard issuer.certificate.key.kind.isStrong else { throw .invalid(field: "key", "its key is too weak") }
    return try await establish(issuer, for: purpose, by: who)
  }

  private func establish(
    _ issuer: Issuer, for purpose: AuthorityPurpose, by who: String
  ) async throws(Refusal) -> Certificate {
    try await turn { () throws(Refusal) in
      // One that the house made for itself towards vehicles is a stopgap.
      let known = try self.issuer(purpose)
      guard known == nil || known?.certificate.subject.commonName == self.ownV2GName else {
        throw .conflict("there is an authority for this already; its files lie in \(self.store.authorities.path)")
      }
      try self.enter(issuer, for: purpose, by: who)
      return issuer.certificate
    }
  }

  /// Its files lie there before it signs anything; where the turn is lost, those that they replaced lie there again.
  private func enter(_ issuer: Issuer, for purpose: AuthorityPurpose, by who: String) throws(Refusal) {
    let replaced = issuers[purpose]
    ifLost {
      self.issuers[purpose] = replaced
      guard let replaced else { return self.store.authorities.remove(purpose) }
      do { try self.store.authorities.save(replaced, for: purpose) } catch {
        self.log.error("the authority that stays could not be written back: \(error)")
      }
    }
    try filing { () throws(AuthorityFault) in try store.authorities.save(issuer, for: purpose) }
    issuers[purpose] = issuer
    try keep { () throws(StoreFault) in
      let name = issuer.certificate.subject.commonName ?? ""
      try record(.certificate(.authorityMade(purpose: purpose.rawValue, name: name, by: who)))
    }
    afterCommit { self.authorityMoved(purpose) }
  }

  /// The first station that asks for a certificate finds an authority to sign it; its key, of P-256, takes no time.
  /// Vehicles trust the one towards vehicles only where its owner put its root into them, so it says so, and gives way to
  /// one that is brought.
  private func makeIssuer(for purpose: AuthorityPurpose) throws(Refusal) -> Issuer {
    let organization = settings.certificateOrganization
    let name = purpose == .v2g ? ownV2GName : "\(organization) Root"
    let issuer = try signing { () throws(CryptoFault) in
      try Issuer.root(organization: organization, commonName: name, at: now, days: Limits.authorityDays)
    }
    try enter(issuer, for: purpose, by: "house")
    if purpose == .v2g {
      log.warning(
        "a V2G authority was made: vehicles trust it only where its root was put into them",
        metadata: ["instead": "ostler ca import v2g"])
    }
    return issuer
  }

  /// By which a V2G authority is known as one that the house made for itself.
  private var ownV2GName: String { "\(settings.certificateOrganization) own V2G Root" }

  /// The authority's certificate; nil where there is none.
  public func authority(_ purpose: AuthorityPurpose = .station) throws(Refusal) -> Certificate? {
    try issuer(purpose)?.certificate
  }

  /// The certificate by which stations and browsers know whatever the authority signed: the top of its chain.
  public func authorityRoot(_ purpose: AuthorityPurpose = .station) throws(Refusal) -> Certificate? {
    try issuer(purpose).map { $0.above.last ?? $0.certificate }
  }

  /// The list of what it revoked, in PEM.
  public func revocationList(_ purpose: AuthorityPurpose = .station) throws(Refusal) -> String? {
    try filing { () throws(AuthorityFault) in
      try self.store.authorities.read(self.store.authorities.revocationFile(purpose))
    }
  }

  /// Makes key and certificate of a door that is reached under these names; they lie in the data folder.
  public func issueDoorCertificate(
    hosts: [String], by who: String
  ) async throws(Refusal) -> (certificate: Certificate, chain: String, key: String) {
    guard (1...Limits.doorHosts).contains(hosts.count), hosts.allSatisfy(Self.isHost) else {
      throw .invalid(field: "hosts", "1 to \(Limits.doorHosts) host names or addresses")
    }
    let key: PrivateKey
    do { key = try PrivateKey.make() } catch { throw .unavailable("OpenSSL made no key: \(error)") }
    let made = try await turn { () throws(Refusal) in
      let issuer = try self.requireIssuer(.station)
      let made = try self.signing { () throws(CryptoFault) in
        try issuer.sign(
          organization: self.settings.certificateOrganization, commonName: String(hosts[0].prefix(64)),
          key: key.publicKey, for: .server(hosts: hosts), at: self.now, days: Limits.doorCertificateDays)
      }
      let chain = Self.chain(of: made, by: issuer)
      try keep { () throws(StoreFault) in
        try self.enter(made, chain: chain, authority: .station, purpose: .door, station: nil, by: who)
      }
      return (certificate: made, chain: chain)
    }
    // The door takes up what lies there, so what lies there is in the books, where it can be revoked.
    try filing { () throws(AuthorityFault) in try store.authorities.saveDoor(hosts[0], chain: made.chain, key: key) }
    let files = store.authorities.doorFiles(hosts[0])
    return (made.certificate, files.chain, files.key)
  }

  /// The certificate of the stations' door, made, or made anew where its names changed or its end is near. Where there is
  /// no authority yet, one is made.
  public func certifyStationDoor(hosts: [String]) async throws(Refusal) -> (chain: String, key: String) {
    if try authority() == nil { _ = try await createAuthority(by: "house") }
    guard let first = hosts.first else { throw .invalid(field: "hosts", "a name is needed") }
    let files = authorityFolder.doorFiles(first)
    if isDoorFresh(hosts) { return files }
    let made = try await issueDoorCertificate(hosts: hosts, by: "house")
    return (made.chain, made.key)
  }

  private func isDoorFresh(_ hosts: [String]) -> Bool {
    guard let pem = try? authorityFolder.read(authorityFolder.doorFiles(hosts[0]).chain),
      let shown = try? Certificate(pem: pem), let authority = try? authority()
    else { return false }
    return shown.isFor(hosts) && shown.issuer == authority.subject
      && shown.notAfter > clock.now() + .seconds(Limits.doorRenewalDays * 86_400)
  }

  /// The clock's part of it: the door finds the new files by itself.
  func renewStationDoor() {
    let hosts = settings.stationDoorHosts
    guard !hosts.isEmpty, !isDoorFresh(hosts) else { return }
    Task {
      do { _ = try await self.issueDoorCertificate(hosts: hosts, by: "house") } catch {
        self.log.error("the stations' door got no new certificate", metadata: ["cause": "\(error)"])
      }
    }
  }

  /// What may stand in a name of the certificate: it is written into a list with commas and colons.
  private static func isHost(_ text: String) -> Bool {
    (1...253).contains(text.utf8.count)
      && text.unicodeScalars.allSatisfy {
        $0.isASCII && ($0.properties.isAlphabetic || "0123456789.-:*".unicodeScalars.contains($0))
      }
  }

  /// Signs a request that was brought by hand, for a station that cannot ask by itself.
  public func certify(
    _ pem: String, for identity: StationIdentity, by who: String
  ) async throws(Refusal) -> IssuedCertificate {
    try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      let made: (Certificate, String)
      switch try self.judge(pem, kind: .station, of: station) {
      case .signed(let certificate, let chain): made = (certificate, chain)
      case .refused(let why): throw .invalid(field: "request", why)
      }
      return try keep { () throws(StoreFault) in
        try self.enter(
          made.0, chain: made.1, authority: .station, purpose: .station, station: station.id, by: who)
        guard let issued = try self.books.certificates.issued(made.0.serial) else {
          throw StoreFault.missing("the certificate that was just written")
        }
        return issued
      }
    }
  }

  /// From now on nobody comes in with it; whoever is in with it goes.
  public func revoke(_ serial: String, because why: String, by who: String) async throws(Refusal) {
    try checkText(why, "because", 1...Limits.nameLength)
    try await turn { () throws(Refusal) in
      guard let issued = try keep({ () throws(StoreFault) in try self.books.certificates.issued(serial.uppercased()) })
      else { throw .notFound("no authority of ours signed a certificate with the serial number \(serial)") }
      try keep { () throws(StoreFault) in
        guard try self.books.certificates.revoke(issued.serial, because: why, at: self.now) else { return }
        try self.record(
          .certificate(.revoked(serial: issued.serial, of: issued.commonName, because: why, by: who)))
      }
      self.afterCommit {
        self.authorityMoved(issued.authority)
        for link in self.links.all where link.security.certificate?.serial == issued.serial {
          self.stationLink?.close(link.id, code: 1008, reason: "its certificate was revoked")
        }
      }
    }
  }
}

// MARK: - Within a turn

extension CSMS {
  /// What becomes of a request.
  enum Certification {
    case signed(Certificate, chain: String)
    /// For the operator, and for the station where its version can say it.
    case refused(String)
  }

  /// Looks at a request (OCPP 2.0.1 A02.FR.02 ff.: signature, key, and whose name it bears) and signs it.
  func judge(_ pem: String, kind: StationCertificateKind, of station: Station) throws(Refusal) -> Certification {
    let request: SigningRequest
    do throws(SigningRequest.Flaw) { request = try SigningRequest(pem: pem) } catch {
      return .refused(error.description)
    }
    guard request.subject.organization == settings.certificateOrganization else {
      return .refused(
        "the O of its request, “\(request.subject.organization ?? "")”, is not the operator's, "
          + "“\(settings.certificateOrganization)”")
    }
    let name = request.subject.commonName ?? ""
    // Towards vehicles a station may bear another name than towards us.
    guard kind != .station || name == station.identity.text || (name == station.serialNumber && !name.isEmpty) else {
      return .refused("the CN of its request, “\(name)”, is neither its serial number nor its identity")
    }
    // Whoever asks rightly finds an authority.
    let purpose: AuthorityPurpose = kind == .station ? .station : .v2g
    let issuer = if let known = try issuer(purpose) { known } else { try makeIssuer(for: purpose) }
    let made = try signing { () throws(CryptoFault) in
      try issuer.sign(
        subject: request.subject, key: request.key, for: kind == .station ? .station : .vehicleSide, at: now,
        days: settings.stationCertificateDays)
    }
    return .signed(made, chain: Self.chain(of: made, by: issuer))
  }

  /// Leaf and authorities, without the root.
  private static func chain(of certificate: Certificate, by issuer: Issuer) -> String {
    CertificateChain([certificate, issuer.certificate] + issuer.above)?.pem ?? certificate.pem
  }

  func enter(
    _ certificate: Certificate, chain: String, authority: AuthorityPurpose, purpose: IssuedCertificate.Purpose,
    station: ID<Station>?, by who: String
  ) throws(StoreFault) {
    let name = certificate.subject.commonName ?? ""
    try books.certificates.insert(
      IssuedCertificate(
        authority: authority, serial: certificate.serial, purpose: purpose, commonName: name, station: station,
        pem: chain, issuedAt: now, expiresAt: certificate.notAfter, issuedBy: who))
    try record(.certificate(.issued(serial: certificate.serial, to: name, by: who)))
  }

  /// Read from its files once.
  func issuer(_ purpose: AuthorityPurpose) throws(Refusal) -> Issuer? {
    if let known = issuers[purpose] { return known }
    let found = try filing { () throws(AuthorityFault) in try self.store.authorities.load(purpose) }
    issuers[purpose] = found
    return found
  }

  private func requireIssuer(_ purpose: AuthorityPurpose) throws(Refusal) -> Issuer {
    guard let issuer = try issuer(purpose) else {
      throw .conflict("there is no certificate authority here: make one with `ostler ca create`")
    }
    return issuer
  }

  /// The list of what an authority revoked, renewed long before its end, so that a house that stands still for days
  /// leaves a valid one.
  func renewRevocationLists() {
    guard revocationsWrittenAt.map({ now - $0 > .seconds(Limits.revocationListRenewalSeconds) }) ?? true else { return }
    revocationsWrittenAt = now
    for purpose in AuthorityPurpose.allCases { authorityMoved(purpose) }
  }

  /// What an authority is and what it revoked is on disk: its list follows, and the doors read it.
  private func authorityMoved(_ purpose: AuthorityPurpose) {
    do {
      guard let issuer = try issuer(purpose) else { return }
      let revoked = try books.certificates.revoked(by: purpose, at: now)
      let list = try issuer.revocationList(
        revoked.map { Issuer.Revocation(serial: $0.serial, at: $0.revokedAt ?? now) }, number: now.milliseconds,
        at: now,
        days: Limits.revocationListDays)
      try store.authorities.saveRevocations(list, for: purpose)
    } catch {
      // The books refuse the revoked ones all the same.
      log.error("a revocation list was not written", metadata: ["cause": "\(error)"])
    }
    onAuthorityChange?()
  }

  private func filing<R>(_ work: () throws(AuthorityFault) -> R) throws(Refusal) -> R {
    do { return try work() } catch { throw .unavailable(error.description) }
  }

  private func signing<R>(_ work: () throws(CryptoFault) -> R) throws(Refusal) -> R {
    do { return try work() } catch { throw .unavailable("OpenSSL did not sign: \(error)") }
  }
}

extension Certificate {
  /// Whether it was made for these names, in this order. An address of six can be spelled in many ways, so of those only
  /// the places are compared.
  fileprivate func isFor(_ names: [String]) -> Bool {
    hosts.count == names.count && zip(hosts, names).allSatisfy { $0.ciFolded == $1.ciFolded || $1.contains(":") }
  }
}
