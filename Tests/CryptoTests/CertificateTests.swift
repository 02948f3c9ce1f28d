import Testing
import Wire

@testable import Crypto

/// Certificates, requests, chains and revocation lists, with the `openssl` command as the other side.
struct CertificateTests {
  private let openssl: OpenSSLCommand
  private let now = Timestamp.now()

  init() throws { openssl = try OpenSSLCommand() }

  private func root(_ kind: KeyKind = .p256) throws -> Issuer {
    try Issuer.root(organization: "Operator", commonName: "Operator Root", kind: kind, at: now, days: 3_650)
  }

  private func request(_ subject: String = "/O=Operator/CN=SN-1", _ key: String = "ec -pkeyopt ec_paramgen_curve:P-256")
    throws
    -> String
  {
    try openssl.run("req -new -newkey \(key) -nodes -subj '\(subject)' -keyout station.key -out station.csr")
    return try openssl.text("station.csr")
  }

  private func certify(_ issuer: Issuer, _ use: Issuer.Use = .station, days: Int = 30) throws -> Certificate {
    let request = try SigningRequest(pem: try request())
    return try issuer.sign(subject: request.subject, key: request.key, for: use, at: now, days: days)
  }

  // MARK: Keys

  @Test(arguments: [KeyKind.p256, .p384, .p521, .rsa(bits: 2_048)])
  func aKeySignsWhatOpensslVerifies(kind: KeyKind) throws {
    let key = try PrivateKey.make(kind)
    let message = Bytes(utf8: "a message")
    let signature = try key.sign(message)
    #expect(key.kind == kind && kind.isStrong)
    #expect(try key.publicKey.verify(signature, of: message))
    #expect(try !key.publicKey.verify(signature, of: Bytes(utf8: "another")))
    #expect(try !key.publicKey.verify([1, 2, 3], of: message))
    try openssl.write(message, as: "message")
    try openssl.write(signature, as: "signature")
    try openssl.write(key.publicKey.pem, as: "public.pem")
    #expect(try openssl.run("dgst -sha256 -verify public.pem -signature signature message").contains("Verified OK"))
  }

  @Test func aKeyIsReadFromPEMInBothForms() throws {
    try openssl.run("ecparam -name prime256v1 -genkey -noout -out old.key")
    try openssl.run("pkcs8 -topk8 -nocrypt -in old.key -out new.key")
    let (old, new) = (try PrivateKey(pem: openssl.text("old.key")), try PrivateKey(pem: openssl.text("new.key")))
    #expect(try old.publicKey == new.publicKey)
    #expect(try PrivateKey(pem: new.pem).publicKey == new.publicKey)
    try openssl.run("ec -in old.key -aes128 -passout pass:secret -out locked.key")
    #expect(throws: CryptoFault.self) { try PrivateKey(pem: openssl.text("locked.key")) }
  }

  // MARK: Requests

  @Test func aRequestIsReadWithItsSubjectAndKey() throws {
    let read = try SigningRequest(pem: request())
    #expect(read.subject.commonName == "SN-1" && read.subject.organization == "Operator")
    #expect(read.key.kind == .p256)
  }

  @Test func lineEndsOfARequestMayBeMissingOrEscapedTwice() throws {
    let pem = try request()
    let flat = pem.replacing("\n", with: "")
    #expect(try SigningRequest(pem: flat) == SigningRequest(pem: pem))
    #expect(try SigningRequest(pem: pem.replacing("\n", with: "\\n")) == SigningRequest(pem: pem))
    #expect(
      try SigningRequest(pem: pem.replacing("CERTIFICATE REQUEST", with: "NEW CERTIFICATE REQUEST")).der
        == SigningRequest(pem: pem).der)
  }

  @Test func aRequestThatItsKeyDidNotSignIsRefused() throws {
    var der = try SigningRequest(pem: request()).der
    der[der.count - 3] ^= 1
    #expect(throws: SigningRequest.Flaw.badSignature) { try SigningRequest(der: der) }
  }

  @Test(arguments: ["rsa:1024", "ec -pkeyopt ec_paramgen_curve:secp224r1", "ed25519"])
  func aWeakKeyOrOneOfAnotherKindIsNotCertified(key: String) throws {
    let pem = try request("/CN=X", key)
    #expect(
      performing: { try SigningRequest(pem: pem) },
      throws: { if case SigningRequest.Flaw.weakKey = $0 { true } else { false } })
  }

  @Test func whatIsNoRequestIsRefused() throws {
    for text in [
      "", "-----BEGIN CERTIFICATE REQUEST-----",
      "-----BEGIN CERTIFICATE REQUEST-----AAAA-----END CERTIFICATE REQUEST-----",
    ] {
      #expect(throws: SigningRequest.Flaw.unreadable) { try SigningRequest(pem: text) }
    }
  }

  @Test func opensslAcceptsOurRequest() throws {
    try openssl.write(SigningRequest.make(organization: "Operator", commonName: "SN-9", .make()), as: "ours.csr")
    let said = try openssl.run("req -in ours.csr -verify -noout -subject")
    #expect(said.contains("OK") && said.contains("SN-9"))
  }

  // MARK: Certificates

  @Test(arguments: [KeyKind.p256, .p384, .p521, .rsa(bits: 2_048)])
  func opensslTrustsWhatARootSigned(kind: KeyKind) throws {
    let root = try root(kind)
    let leaf = try certify(root)
    try openssl.write(root.certificate.pem, as: "root.pem")
    try openssl.write(leaf.pem, as: "leaf.pem")
    #expect(try openssl.run("verify -x509_strict -purpose sslclient -CAfile root.pem leaf.pem").contains("OK"))
    try openssl.run("verify -x509_strict -purpose sslserver -CAfile root.pem leaf.pem", fails: true)
    let text = try openssl.run("x509 -in leaf.pem -noout -text")
    #expect(
      text.contains("Digital Signature") && text.contains("CA:FALSE") && text.contains("TLS Web Client Authentication"))
  }

  @Test func aServerCertificateIsForItsNamesAndAddresses() throws {
    let root = try root()
    let key = try PrivateKey.make()
    let leaf = try root.sign(
      organization: "Operator", commonName: "csms.example.com", key: key.publicKey,
      for: .server(hosts: ["csms.example.com", "10.0.0.5", "2001:db8::5"]), at: now, days: 90)
    #expect(leaf.hosts == ["csms.example.com", "10.0.0.5", "2001:db8:0:0:0:0:0:5"])
    try openssl.write(root.certificate.pem, as: "root.pem")
    try openssl.write(leaf.pem, as: "leaf.pem")
    #expect(
      try openssl.run(
        "verify -x509_strict -purpose sslserver -verify_hostname csms.example.com -CAfile root.pem leaf.pem"
      ).contains("OK"))
    #expect(try openssl.run("verify -verify_ip 10.0.0.5 -CAfile root.pem leaf.pem").contains("OK"))
    try openssl.run("verify -verify_hostname other.example.com -CAfile root.pem leaf.pem", fails: true)
  }

  @Test func aCertificateNeverOutlivesItsAuthority() throws {
    let root = try Issuer.root(organization: "O", commonName: "Short", at: now, days: 10)
    #expect(try certify(root, days: 100).notAfter == root.certificate.notAfter)
  }

  @Test func anAuthoritysKeyMustBeItsOwn() throws {
    let root = try root()
    #expect(throws: CryptoFault.self) { try Issuer(root.certificate, key: .make()) }
    #expect(throws: CryptoFault.self) { try Issuer(certify(root), key: .make()) }
    #expect(try Issuer(root.certificate, key: PrivateKey(pem: root.keyPEM)).certificate == root.certificate)
  }

  // MARK: Revocation

  @Test func opensslRefusesWhatTheListNames() throws {
    let root = try root()
    let (good, bad) = (try certify(root), try certify(root))
    let list = try root.revocationList([.init(serial: bad.serial, at: now)], number: 7, at: now, days: 7)
    try openssl.write(root.certificate.pem, as: "root.pem")
    try openssl.write(list, as: "list.pem")
    try openssl.write(good.pem, as: "good.pem")
    try openssl.write(bad.pem, as: "bad.pem")
    #expect(try openssl.run("verify -crl_check -CRLfile list.pem -CAfile root.pem good.pem").contains("OK"))
    #expect(
      try openssl.run("verify -crl_check -CRLfile list.pem -CAfile root.pem bad.pem", fails: true).contains("revoked"))
    #expect(try openssl.run("crl -in list.pem -noout -text").contains("X509v3 CRL Number"))
    let chain = try #require(CertificateChain([bad]))
    #expect(throws: CertificateChain.Flaw.revoked) {
      try chain.verify(to: [root.certificate], at: now, revocations: [list])
    }
    try #require(CertificateChain([good])).verify(to: [root.certificate], at: now, revocations: [list])
  }

  @Test func aListOfOpensslsFormIsReadInBothForms() throws {
    let root = try root()
    let (good, bad) = (try certify(root), try certify(root))
    let pem = try root.revocationList([.init(serial: bad.serial, at: now)], number: 7, at: now, days: 7)
    try openssl.write(pem, as: "list.pem")
    try openssl.run("crl -in list.pem -outform DER -out list.der")
    for bytes in [Bytes(utf8: pem), try openssl.bytes("list.der")] {
      for (certificate, state) in [(good, OCSP.State.good), (bad, .revoked)] {
        let hash = CertificateHash(of: certificate, issuer: root.certificate)
        let answer = try RevocationList.read(bytes, about: hash, at: now, authorities: [root.certificate])
        #expect(answer.state == state)
        #expect(try #require(answer.nextUpdate) > now)
      }
    }
    let hash = CertificateHash(of: good, issuer: root.certificate)
    // Of the same name, and not the same.
    let namesake = try self.root().certificate
    #expect(throws: OCSP.Flaw.untrusted) {
      try RevocationList.read(Bytes(utf8: pem), about: hash, at: now, authorities: [namesake])
    }
    #expect(throws: OCSP.Flaw.besideThePoint) {
      try RevocationList.read(Bytes(utf8: pem), about: hash, at: now + .seconds(9 * 86_400))
    }
    #expect(throws: OCSP.Flaw.unreadable) { try RevocationList.read([1, 2], about: hash, at: now) }
  }

  // MARK: Chains

  /// Root, intermediate and leaf of a contract, as an operator of mobility has them.
  private func threeFloors() throws -> (root: Issuer, middle: Certificate, leaf: Certificate) {
    let root = try root()
    let key = try PrivateKey.make()
    let middle = try root.sign(
      organization: "Operator", commonName: "Sub", key: key.publicKey, for: .authority(pathLength: 0), at: now,
      days: 300)
    return (root, middle, try certify(try Issuer(middle, above: [root.certificate], key: key)))
  }

  @Test func aChainIsPutInOrderWhateverTheOrderItCameIn() throws {
    let (root, middle, leaf) = try threeFloors()
    let inOrder = [leaf, middle, root.certificate]
    for order in [inOrder, inOrder.reversed(), [middle, leaf, root.certificate]] {
      #expect(CertificateChain(order)?.certificates == inOrder)
    }
    let chain = try #require(CertificateChain(pem: inOrder.reversed().map(\.pem).joined()))
    // The root is the reader's own.
    #expect(Certificate.all(in: chain.pem) == [leaf, middle])
    #expect(CertificateChain([leaf, try self.root().certificate]) == nil)
    #expect(CertificateChain([]) == nil)
  }

  @Test func aChainLeadsToATrustedRootOrNowhere() throws {
    let (root, middle, leaf) = try threeFloors()
    let chain = try #require(CertificateChain([leaf, middle]))
    try chain.verify(to: [root.certificate], at: now)
    #expect(throws: CertificateChain.Flaw.untrusted) { try chain.verify(to: [try self.root().certificate], at: now) }
    #expect(throws: CertificateChain.Flaw.untrusted) { try chain.verify(to: [], at: now) }
    #expect(throws: CertificateChain.Flaw.untrusted) {
      try #require(CertificateChain([leaf])).verify(to: [root.certificate], at: now)
    }
    #expect(throws: CertificateChain.Flaw.expired) {
      try chain.verify(to: [root.certificate], at: now + .seconds(60 * 86_400))
    }
    #expect(throws: CertificateChain.Flaw.notYetValid) {
      try chain.verify(to: [root.certificate], at: now - .seconds(86_400))
    }
  }

  @Test func aForgedSignatureIsNotBelieved() throws {
    let root = try root()
    var der = try certify(root).der
    der[der.count - 3] ^= 1
    let chain = try #require(CertificateChain([try Certificate(der: der)]))
    #expect(throws: CertificateChain.Flaw.badSignature) { try chain.verify(to: [root.certificate], at: now) }
  }

  // MARK: Hashes and OCSP

  /// `openssl ocsp` names certificates as OCPP does.
  @Test(arguments: [HashAlgorithm.sha256, .sha384, .sha512])
  func theQuestionNamesACertificateAsOpensslDoes(algorithm: HashAlgorithm) throws {
    let root = try root()
    let leaf = try certify(root)
    let hash = CertificateHash(of: leaf, issuer: root.certificate, algorithm)
    try openssl.write(try #require(OCSP.question(about: hash)), as: "ours.der")
    try openssl.write(root.certificate.pem, as: "root.pem")
    try openssl.write(leaf.pem, as: "leaf.pem")
    try openssl.run(
      "ocsp -\(algorithm.rawValue.lowercased()) -no_nonce -issuer root.pem -cert leaf.pem -reqout theirs.der")
    #expect(try openssl.bytes("ours.der") == openssl.bytes("theirs.der"))
  }

  @Test func spellingIsNoDifferenceBetweenHashes() {
    let one = CertificateHash(.sha256, issuerName: "AB", issuerKey: "cd", serial: "00ff")
    let two = CertificateHash(.sha256, issuerName: "ab", issuerKey: "CD", serial: "FF")
    #expect(one.key == two.key)
    #expect(one.key != CertificateHash(.sha384, issuerName: "ab", issuerKey: "CD", serial: "FF").key)
    #expect(OCSP.question(about: CertificateHash(.sha256, issuerName: "no hex", issuerKey: "", serial: "1")) == nil)
  }

  @Test(arguments: [false, true])
  func anAnswerOfOpensslIsReadAndItsSignerIsLookedAt(isRevoked: Bool) throws {
    let root = try root()
    let leaf = try certify(root)
    let hash = CertificateHash(of: leaf, issuer: root.certificate)
    try openssl.write(try #require(OCSP.question(about: hash)), as: "question.der")
    try openssl.write(root.certificate.pem, as: "root.pem")
    try openssl.write(root.keyPEM, as: "root.key")
    // The database of `openssl ca`: state, end, revoked at, serial number, file, subject.
    let state = isRevoked ? "R\t991231235959Z\t260101000000Z" : "V\t991231235959Z\t"
    try openssl.write("\(state)\t\(leaf.serial)\tunknown\t/CN=SN-1\n", as: "index.txt")
    try openssl.run(
      "ocsp -index index.txt -CA root.pem -rsigner root.pem -rkey root.key -reqin question.der -respout answer.der -ndays 1"
    )
    let der = try openssl.bytes("answer.der")
    let answer = try OCSP.read(der, about: hash, at: now, roots: [root.certificate])
    #expect(answer.state == (isRevoked ? .revoked : .good))
    #expect(try #require(answer.nextUpdate) > now + .seconds(80_000))
    #expect(throws: OCSP.Flaw.untrusted) {
      try OCSP.read(der, about: hash, at: now, roots: [try self.root().certificate])
    }
    let other = CertificateHash(of: try certify(root), issuer: root.certificate)
    #expect(throws: OCSP.Flaw.besideThePoint) { try OCSP.read(der, about: other, at: now) }
    #expect(throws: OCSP.Flaw.besideThePoint) { try OCSP.read(der, about: hash, at: now + .seconds(10 * 86_400)) }
  }

  @Test func whatIsNoAnswerIsNotReadAsOne() throws {
    let hash = CertificateHash(.sha256, issuerName: "ab", issuerKey: "cd", serial: "1")
    #expect(throws: OCSP.Flaw.unreadable) { try OCSP.read([1, 2, 3], about: hash, at: now) }
    // OCSPResponse with the status `unauthorized`.
    #expect(throws: OCSP.Flaw.refused("unauthorized")) { try OCSP.read([0x30, 3, 0x0A, 1, 6], about: hash, at: now) }
  }
}
