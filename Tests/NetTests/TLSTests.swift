import CSystem
import Glibc
import Testing

@testable import Net

@Suite(.overBothReadinessSets) struct TLSTests {
  /// Connects a client to a server and returns what each of them ended with, or nil where it became active.
  private struct Outcome: Sendable {
    var server: CloseReason?
    var client: CloseReason?
    var serverInfo: TLSInfo?
    var clientInfo: TLSInfo?
  }

  private func meet(_ server: TLSContext, _ client: TLSClientConfiguration) async throws -> Outcome {
    let loop = try EventLoop(label: "ostler.test", readiness: OverBoth.readiness)
    let (door, probe) = try await loop.run { loop in
      let door = try Door(loop, tls: server, prepare: echo)
      // A client of TLS 1.3 believes in the connection before the server has looked at its certificate.
      let probe = call(loop, door.address, tls: client) { $0.onActive = { $0.write("hello") } }
      return (LoopBound(door, loop: loop), LoopBound(probe, loop: loop))
    }
    await loop.wait {
      probe.value.text == "hello" || (!probe.value.closed.isEmpty && door.value.accepted.first?.closed.isEmpty == false)
    }
    let outcome = try await loop.run { _ in
      let accepted = try #require(door.value.accepted.first)
      return Outcome(
        server: accepted.closed.first, client: probe.value.closed.first, serverInfo: accepted.channel?.tls,
        clientInfo: probe.value.channel?.tls)
    }
    await loop.end()
    return outcome
  }

  @Test func aHandshakeTellsWhatWasAgreed() async throws {
    let trust = try TestTrust()
    var call = trust.call()
    call.alpn = ["h2", "http/1.1"]
    let outcome = try await meet(trust.server, call)
    let server = try #require(outcome.serverInfo)
    let client = try #require(outcome.clientInfo)
    #expect(server.version == "TLSv1.3")
    #expect(server.serverName == "localhost")
    #expect(server.alpn == "http/1.1")
    #expect(server.peer == nil)
    #expect(client.alpn == "http/1.1")
    #expect(client.peer?.commonName == "localhost")
    #expect(client.peer?.organization == "Ostler Tests")
    #expect(client.peer?.serial == "65")
    #expect(client.peer?.der == trust.server.certificates.first?.der)
    #expect(trust.server.certificates.first?.der.isEmpty == false)
    let peer = try #require(client.peer)
    #expect(peer.notAfter - peer.notBefore == 31 * 86_400)
  }

  @Test func anAddressIsVerifiedAsAnAddress() async throws {
    let trust = try TestTrust()
    #expect(try await meet(trust.server, trust.call("127.0.0.1")).client == nil)
    guard case .tls(.certificate(.wrongName, _, _)) = try await meet(trust.server, trust.call("127.0.0.2")).client
    else {
      Issue.record("another address was accepted")
      return
    }
  }

  @Test func anotherNameIsRefused() async throws {
    let trust = try TestTrust()
    let outcome = try await meet(trust.server, trust.call("example.org"))
    guard case .tls(.certificate(.wrongName, _, _)) = outcome.client else {
      Issue.record("\(String(describing: outcome.client))")
      return
    }
    guard case .tls(.alert) = outcome.server else {
      Issue.record("\(String(describing: outcome.server))")
      return
    }
  }

  @Test(arguments: [(-10...(-1), TLSFault.Certificate.expired), (1...10, .notYetValid)])
  func aCertificateOutOfItsTimeIsRefused(days: ClosedRange<Int>, problem: TLSFault.Certificate) async throws {
    let authority = try TestAuthority()
    let server = try TLSContext(server: .init(identities: [authority.sign("localhost", days: days)]))
    let client = try TLSContext(client: .init(trust: .authorities(authority.pem)))
    let outcome = try await meet(server, TLSClientConfiguration(context: client, host: "localhost"))
    guard case .tls(.certificate(problem, _, _)) = outcome.client else {
      Issue.record("\(String(describing: outcome.client))")
      return
    }
  }

  @Test func theSystemsRootsAreReadBesideTheLoopForTheFirstSession() async throws {
    let (loop, context) = (try EventLoop(label: "roots"), TLSContext.system())
    // Before there is anything to read again.
    try context.reload()
    func isPreparedAtOnce() async -> Bool {
      await withCheckedContinuation { told in
        loop.execute {
          var isOnTheWay = true
          context.prepare(on: loop) { told.resume(returning: isOnTheWay) }
          isOnTheWay = false
        }
      }
    }
    #expect(await !isPreparedAtOnce())
    #expect(await isPreparedAtOnce())
    try context.reload()
  }

  @Test func aStrangeAuthorityIsRefused() async throws {
    let trust = try TestTrust()
    for context in [
      try TLSContext(client: .init(trust: .authorities(TestAuthority("Other").pem))),
      try TLSContext(client: .init(trust: .system)),
      TLSContext.system(),
    ] {
      let outcome = try await meet(trust.server, TLSClientConfiguration(context: context, host: "localhost"))
      guard case .tls(.certificate(.untrusted, _, _)) = outcome.client else {
        Issue.record("\(String(describing: outcome.client))")
        return
      }
    }
  }

  @Test func aRequiredClientCertificateIsRequired() async throws {
    let trust = try TestTrust()
    let server = try TLSContext(
      server: .init(
        identities: [trust.authority.sign("localhost")], clientCertificates: .required(trust.authority.pem)))
    let without = try await meet(server, trust.call())
    #expect(without.server == .tls(.noClientCertificate))
    guard case .tls(.alert(116, _)) = without.client else {
      Issue.record("\(String(describing: without.client))")
      return
    }
    let identity = try trust.authority.sign("CP-0001", names: nil, organization: "Operator GmbH & Söhne")
    let client = try TLSContext(client: .init(trust: .authorities(trust.authority.pem), identity: identity))
    let with = try await meet(server, TLSClientConfiguration(context: client, host: "localhost"))
    #expect(with.server == nil)
    #expect(with.serverInfo?.peer?.commonName == "CP-0001")
    #expect(with.serverInfo?.peer?.organization == "Operator GmbH & Söhne")
  }

  @Test func anOptionalClientCertificateMustStillBeGood() async throws {
    let trust = try TestTrust()
    let server = try TLSContext(
      server: .init(
        identities: [trust.authority.sign("localhost")], clientCertificates: .optional(trust.authority.pem)))
    #expect(try await meet(server, trust.call()).server == nil)
    for (authority, days, problem) in [
      (try TestAuthority("Other"), -1...30, TLSFault.Certificate.untrusted), (trust.authority, -10...(-1), .expired),
    ] {
      let identity = try authority.sign("CP-0001", days: days)
      let client = try TLSContext(client: .init(trust: .authorities(trust.authority.pem), identity: identity))
      let outcome = try await meet(server, TLSClientConfiguration(context: client, host: "localhost"))
      guard case .tls(.certificate(problem, _, _)) = outcome.server else {
        Issue.record("\(String(describing: outcome.server))")
        return
      }
    }
  }

  @Test func aRevokedClientCertificateIsRefusedByNameAndTheOthersAreNot() async throws {
    let trust = try TestTrust()
    let bad = try trust.authority.sign("CP-BAD", names: nil)
    let revoked = trust.authority.lastSerial
    let good = try trust.authority.sign("CP-GOOD", names: nil)
    // A list that is past its day still says who was revoked, and must not shut the others out.
    for days in [-1...7, -30...(-7)] {
      let server = try TLSContext(
        server: .init(
          identities: [trust.authority.sign("localhost")],
          clientCertificates: .optional(
            trust.authority.pem, revoked: trust.authority.revoke([revoked, 4_711], days: days))))
      let end = try #require(server.revocationsEnd)
      #expect((end < Int64(time(nil))) == (days.upperBound < 0))
      func meets(_ identity: TLSIdentity?) async throws -> Outcome {
        let client = try TLSContext(client: .init(trust: .authorities(trust.authority.pem), identity: identity))
        return try await meet(server, TLSClientConfiguration(context: client, host: "localhost"))
      }
      #expect(try await meets(nil).server == nil)
      #expect(try await meets(good).serverInfo?.peer?.commonName == "CP-GOOD")
      guard case .tls(.certificate(.revoked, _, let shown)) = try await meets(bad).server else {
        Issue.record("a revoked certificate came in")
        return
      }
      #expect(shown?.commonName == "CP-BAD" && shown?.serial == String(revoked, radix: 16, uppercase: true))
    }
  }

  @Test func aRevocationCountsFromTheReloadOnAndABrokenListChangesNothing() async throws {
    let folder = try TemporaryFolder()
    let trust = try TestTrust()
    let identity = try trust.authority.sign("CP-1", names: nil)
    let serial = trust.authority.lastSerial
    func put(_ list: PEMSource) throws -> String {
      guard case .text(let text) = list else { return "" }
      return try folder.write(text, "list.pem")
    }
    let list = try put(trust.authority.revoke([]))
    let server = try TLSContext(
      server: .init(
        identities: [trust.authority.sign("localhost")],
        clientCertificates: .optional(trust.authority.pem, revoked: .file(list))))
    #expect(server.files == [list])
    let client = try TLSContext(client: .init(trust: .authorities(trust.authority.pem), identity: identity))
    let call = TLSClientConfiguration(context: client, host: "localhost")
    #expect(try await meet(server, call).serverInfo?.peer?.commonName == "CP-1")
    _ = try folder.write("garbage", "list.pem")
    #expect(throws: TLSFault.self) { try server.reload() }
    #expect(try await meet(server, call).serverInfo?.peer?.commonName == "CP-1")
    _ = try put(trust.authority.revoke([serial]))
    try server.reload()
    guard case .tls(.certificate(.revoked, _, _)) = try await meet(server, call).server else {
      Issue.record("a revoked certificate came in")
      return
    }
  }

  @Test func aSecondCertificateOfOneKindOfKeyIsRefused() throws {
    let authority = try TestAuthority()
    #expect(throws: TLSFault.self) {
      try TLSContext(server: .init(identities: [authority.sign("localhost"), authority.sign("localhost")]))
    }
  }

  @Test func aClientThatOffersOnlyOtherProtocolsIsRefused() async throws {
    let trust = try TestTrust()
    var call = trust.call()
    call.alpn = ["h2"]
    guard case .tls(.alert(120, _)) = try await meet(trust.server, call).client else {
      Issue.record("a client of another protocol came in")
      return
    }
  }

  @Test func aFilesStampChangesWithItsContentAndItsName() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("one", "chain.pem")
    let first = try #require(FileStamp(file))
    #expect(FileStamp(file) == first)
    _ = try folder.write("other", "chain.pem")
    let second = FileStamp(file)
    #expect(second != nil && second != first)
    #expect(rename(try folder.write("other", "new.pem"), file) == 0)
    #expect(FileStamp(file) != second)
    #expect(FileStamp(folder.path + "/none") == nil)
  }

  @Test func plainHTTPOnATLSPortIsNamedAndAnswered() async throws {
    let trust = try TestTrust()
    let server = trust.server
    let loop = try EventLoop(label: "ostler.test", readiness: OverBoth.readiness)
    let door = try await loop.run { loop in
      let door = try Door(loop, tls: server)
      door.listener?.plainHTTPReply = Array("speak TLS".utf8)
      return LoopBound(door, loop: loop)
    }
    let address = try await loop.run { _ in door.value.address }
    let answer = try await blocking {
      let raw = try RawSocket(address)
      raw.send("GET / HTTP/1.1\r\n\r\n")
      return String(decoding: raw.readAll(), as: UTF8.self)
    }
    #expect(answer.hasPrefix("speak TLS"))
    await loop.wait { door.value.accepted.first?.closed == [.tls(.plainHTTP)] }
    await loop.end()
  }

  @Test func whatIsNotTLSIsNamed() async throws {
    let trust = try TestTrust()
    let (server, call) = (trust.server, trust.call())
    let loop = try EventLoop(label: "ostler.test", readiness: OverBoth.readiness)
    let (door, plain, client) = try await loop.run { loop in
      let door = try Door(loop, tls: server)
      let plain = try Door(loop) { $0.onActive = { $0.write("220 mail.example.org ESMTP\r\n") } }
      let client = ring(loop, plain.address, call)
      return (LoopBound(door, loop: loop), LoopBound(plain, loop: loop), LoopBound(client, loop: loop))
    }
    await loop.wait { client.value.closed == [.tls(.notTLS)] }
    let address = try await loop.run { _ in door.value.address }
    _ = try await blocking {
      let raw = try RawSocket(address)
      raw.send("\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\u{7}\u{8}")
      return raw.readAll().count
    }
    await loop.wait { door.value.accepted.first?.closed == [.tls(.notTLS)] }
    _ = plain
    await loop.end()
  }

  @Test func anAlertArrivesAlthoughThePeerStillSends() async throws {
    let server = try TestTrust().server
    let loop = try EventLoop(label: "ostler.test", readiness: OverBoth.readiness)
    let door = try await loop.run { LoopBound(try Door($0, tls: server), loop: $0) }
    let address = try await loop.run { _ in door.value.address }
    let answer = try await blocking {
      let raw = try RawSocket(address)
      // A hello whose inside is none, and much behind it that nobody will read.
      raw.send([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0] + [UInt8](repeating: 0x16, count: 200_000))
      return raw.readAll()
    }
    // An alert, of TLS, fatal (RFC 8446 §6).
    #expect(answer.first == 0x15)
    #expect(answer.count == 7 && answer[5] == 2)
    await loop.wait { door.value.accepted.first?.closed.count == 1 }
    await loop.end()
  }

  /// A client of OpenSSL itself, because ours is too modern to misbehave.
  private func foreign(
    _ address: SocketAddress, highest: Int32, ciphers: String, groups: String?
  ) async throws -> (cipher: String?, version: String?) {
    try await blocking {
      let raw = try RawSocket(address)
      let context = SSL_CTX_new(TLS_client_method())
      defer { SSL_CTX_free(context) }
      SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_VERSION), nil)
      SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(highest), nil)
      try #require(SSL_CTX_set_cipher_list(context, ciphers) == 1)
      let chosen = groups?.withCString {
        SSL_CTX_ctrl(context, SSL_CTRL_SET_GROUPS_LIST, 0, UnsafeMutableRawPointer(mutating: $0))
      }
      try #require(chosen != 0)
      let ssl = SSL_new(context)
      defer { SSL_free(ssl) }
      SSL_set_fd(ssl, raw.descriptor)
      guard SSL_connect(ssl) == 1 else { return (nil, nil) }
      return (
        String(cString: SSL_CIPHER_get_name(SSL_get_current_cipher(ssl))), String(cString: SSL_get_version(ssl))
      )
    }
  }

  private func offer(
    _ server: TLSContext, highest: Int32 = TLS1_2_VERSION, ciphers: String, groups: String? = nil
  ) async throws -> (cipher: String?, version: String?, reason: CloseReason?) {
    let loop = try EventLoop(label: "ostler.test", readiness: OverBoth.readiness)
    let door = try await loop.run { LoopBound(try Door($0, tls: server), loop: $0) }
    let address = try await loop.run { _ in door.value.address }
    let (cipher, version) = try await foreign(address, highest: highest, ciphers: ciphers, groups: groups)
    await loop.wait { door.value.accepted.first?.closed.count == 1 }
    let reason = try await loop.run { _ in door.value.accepted.first?.closed.first }
    await loop.end()
    return (cipher, version, reason)
  }

  @Test(arguments: [("X25519", true), ("P-256", true), ("P-384", true), ("P-521", false), ("X448", false)])
  func theCurvesAreThoseThatScannersExpect(group: String, isTaken: Bool) async throws {
    // With an ECDSA certificate a client of TLS 1.2 must also know the curve of that key.
    let server = try TLSContext(server: .init(identities: [TestAuthority().sign("localhost", kind: .rsa)]))
    for highest in [TLS1_2_VERSION, TLS1_3_VERSION] {
      let outcome = try await offer(server, highest: highest, ciphers: "ALL", groups: group)
      #expect((outcome.version != nil) == isTaken)
    }
  }

  @Test func oldVersionsAreRefusedByName() async throws {
    let outcome = try await offer(TestTrust().server, highest: TLS1_1_VERSION, ciphers: "ALL:@SECLEVEL=0")
    #expect(outcome.version == nil)
    #expect(outcome.reason == .tls(.versionTooOld))
  }

  @Test(arguments: ["AES128-GCM-SHA256", "AES256-GCM-SHA384"])
  func onlyStationsMayUseTheOldSuites(suite: String) async throws {
    let authority = try TestAuthority()
    let identity = try authority.sign("localhost", kind: .rsa)
    let station = try TLSContext(server: .init(identities: [identity], role: .station))
    #expect(try await offer(station, ciphers: suite).cipher == suite)
    let general = try await offer(TLSContext(server: .init(identities: [identity])), ciphers: suite)
    #expect(general.cipher == nil)
    #expect(general.reason == .tls(.noCommonCipher))
  }

  @Test(arguments: ["AES128-SHA", "ECDHE-RSA-AES128-SHA", "AES256-SHA256", "NULL-SHA256"])
  func brokenSuitesAreRefusedEvenToStations(suite: String) async throws {
    let identity = try TestAuthority().sign("localhost", kind: .rsa)
    let station = try TLSContext(server: .init(identities: [identity], role: .station))
    #expect(try await offer(station, ciphers: suite + ":@SECLEVEL=0").cipher == nil)
  }

  @Test func bothKindsOfKeyStandSideBySide() async throws {
    let authority = try TestAuthority()
    let server = try TLSContext(
      server: .init(
        identities: [authority.sign("localhost", kind: .rsa), authority.sign("localhost", kind: .ecdsa)]))
    #expect(try await offer(server, ciphers: "aRSA").cipher?.hasPrefix("ECDHE-RSA-") == true)
    #expect(try await offer(server, ciphers: "aECDSA").cipher?.hasPrefix("ECDHE-ECDSA-") == true)
    #expect(server.certificates.count == 2)
  }

  @Test(arguments: [TLSServerSettings.Role.general, .station, .legacyStation])
  func everyRoleServesAModernClient(role: TLSServerSettings.Role) async throws {
    let trust = try TestTrust()
    let server = try TLSContext(server: .init(identities: [trust.authority.sign("localhost")], role: role))
    #expect(try await meet(server, trust.call()).serverInfo?.version == "TLSv1.3")
  }

  @Test func aServerCanBePinnedByItsOwnCertificate() async throws {
    let authority = try TestAuthority()
    let identity = try authority.sign("localhost")
    let server = try TLSContext(server: .init(identities: [identity]))
    let client = try TLSContext(client: .init(trust: .authorities(identity.chain)))
    #expect(try await meet(server, TLSClientConfiguration(context: client, host: "localhost")).client == nil)
    let other = try TLSContext(server: .init(identities: [authority.sign("localhost")]))
    #expect(try await meet(other, TLSClientConfiguration(context: client, host: "localhost")).client != nil)
  }

  @Test func aReturningClientResumesItsSessionWithItsCertificate() async throws {
    let authority = try TestAuthority()
    let server = try TLSContext(
      server: .init(
        identities: [authority.sign("localhost")], clientCertificates: .optional(authority.pem)))
    let loop = try EventLoop(label: "ostler.test", readiness: OverBoth.readiness)
    let door = try await loop.run { LoopBound(try Door($0, tls: server), loop: $0) }
    let address = try await loop.run { _ in door.value.address }
    try await blocking {
      let context = SSL_CTX_new(TLS_client_method())
      defer { SSL_CTX_free(context) }
      SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
      var session: OpaquePointer?
      for _ in 0..<2 {
        let raw = try RawSocket(address)
        let ssl = SSL_new(context)
        SSL_set_fd(ssl, raw.descriptor)
        if session != nil { SSL_set_session(ssl, session) }
        try #require(SSL_connect(ssl) == 1)
        SSL_SESSION_free(session)
        session = SSL_get1_session(ssl)
        SSL_shutdown(ssl)
        SSL_free(ssl)
      }
      SSL_SESSION_free(session)
    }
    await loop.wait { door.value.accepted.count == 2 && door.value.accepted.allSatisfy { $0.closed == [.peerEOF] } }
    #expect(try await loop.run { _ in door.value.accepted.map { $0.channel?.tls?.isResumed } } == [false, true])
    await loop.end()
  }

  @Test func moreHandshakesThanOneBatchAllowsAreAllDone() async throws {
    let trust = try TestTrust()
    let (server, tls) = (trust.server, trust.call())
    let loop = try EventLoop(label: "ostler.test", readiness: OverBoth.readiness)
    let door = try await loop.run { LoopBound(try Door($0, tls: server, prepare: echo), loop: $0) }
    let clients = try await loop.run { loop in
      LoopBound((0..<50).map { _ in ring(loop, door.value.address, tls) }, loop: loop)
    }
    await loop.wait { clients.value.allSatisfy(\.isActive) && door.value.accepted.allSatisfy(\.isActive) }
    await loop.end()
  }

  @Test func aPeerThatVanishesWithoutFarewellIsTruncated() async throws {
    let outcome = try await offer(TestTrust().server, ciphers: "ALL")
    #expect(outcome.version == "TLSv1.2")
    #expect(outcome.reason == .tls(.truncated))
  }

  @Test func aBrokenNewFileLeavesTheOldCertificateInPlace() async throws {
    let folder = try TemporaryFolder()
    let authority = try TestAuthority()
    func put(_ identity: TLSIdentity) throws -> TLSIdentity {
      func text(_ source: PEMSource) -> String { if case .text(let text) = source { text } else { "" } }
      return TLSIdentity(
        chain: .file(try folder.write(text(identity.chain), "chain.pem")),
        key: .file(try folder.write(text(identity.key), "key.pem")))
    }
    let server = try TLSContext(server: .init(identities: [try put(authority.sign("localhost"))]))
    let first = try #require(server.certificates.first)
    _ = try folder.write("garbage", "chain.pem")
    #expect(throws: TLSFault.self) { try server.reload() }
    #expect(server.certificates == [first])
    _ = try put(authority.sign("localhost"))
    _ = try folder.write(try TestKey().pem, "key.pem")
    let fault = #expect(throws: TLSFault.self) { try server.reload() }
    #expect(fault?.description.contains("does not belong to the certificate") == true)
    let client = try TLSContext(client: .init(trust: .authorities(authority.pem)))
    let call = TLSClientConfiguration(context: client, host: "localhost")
    #expect(try await meet(server, call).clientInfo?.peer == first)
    _ = try put(authority.sign("localhost"))
    try server.reload()
    let second = try await meet(server, call).clientInfo?.peer
    #expect(second != nil && second != first)
    _ = unlinked(folder.path + "/key.pem")
    let missing = #expect(throws: TLSFault.self) { try server.reload() }
    #expect(missing?.description == "cannot read \(folder.path)/key.pem: no such file or directory")
  }

  private func unlinked(_ path: String) -> Bool { unlink(path) == 0 }

  @Test func anErrorOfAnotherLibraryIsNotTakenForOneOfTLS() {
    // What a certificate with a wrong length brings has the number that TLS has for a request to a proxy.
    ERR_clear_error()
    let broken: [UInt8] = [0x30, 0x04, 0x30, 0x10, 0x00, 0x00]
    broken.withUnsafeBufferPointer { bytes in
      var place = bytes.baseAddress
      #expect(d2i_X509(nil, &place, bytes.count) == nil)
    }
    let code = ERR_peek_error()
    #expect(code & 0xFF == UInt(SSL_R_HTTPS_PROXY_REQUEST))
    #expect(ostler_tls_reason(code) == 0)
    ERR_clear_error()
  }

  @Test func anEncryptedKeyIsRefusedWithoutAskingTheTerminal() throws {
    let identity = try TestAuthority().sign("localhost")
    let key = """
      -----BEGIN ENCRYPTED PRIVATE KEY-----
      MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgPq0kX0m4qdAICCAAw
      -----END ENCRYPTED PRIVATE KEY-----
      """
    #expect(throws: TLSFault.self) {
      try TLSContext(server: .init(identities: [TLSIdentity(chain: identity.chain, key: .text(key))]))
    }
  }

  @Test func settingsThatCannotWorkAreRefused() throws {
    let identity = try TestAuthority().sign("localhost")
    #expect(throws: TLSFault.self) { try TLSContext(server: .init(identities: [])) }
    #expect(throws: TLSFault.self) {
      try TLSContext(server: .init(identities: [identity], clientCertificates: .required(.text("no authority"))))
    }
    #expect(throws: TLSFault.self) { try TLSContext(client: .init(trust: .authorities(.text("")))) }
  }
}

/// `call`, where that name means something else.
private func ring(_ loop: EventLoop, _ address: SocketAddress, _ tls: TLSClientConfiguration) -> Probe {
  call(loop, address, tls: tls)
}
