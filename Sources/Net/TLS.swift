// What TLS demands and offers: certificates, trust, and the facts of a handshake.

import CSystem
import Glibc
import Synchronization

/// The settings of one side of TLS, shared by all its connections and exchangeable while they run.
///
/// TLS 1.2 and 1.3 only, no renegotiation, no compression; sessions are resumed by tickets.
public final class TLSContext: Sendable {
  private enum Settings: Sendable {
    case server(TLSServerSettings)
    case client(TLSClientSettings)
  }

  private struct Loaded: Sendable {
    var context: SSLContext
    var certificates: [TLSCertificate] = []
    var revocationsEnd: Int64?
  }

  private struct Contents: Sendable {
    var settings: Settings
    /// nil until somebody needs it.
    var loaded: Loaded?
  }

  private let contents: Mutex<Contents>

  public init(server: TLSServerSettings) throws(TLSFault) {
    contents = Mutex(Contents(settings: .server(server), loaded: try Self.load(server)))
  }

  public init(client: TLSClientSettings) throws(TLSFault) {
    contents = Mutex(Contents(settings: .client(client), loaded: try Self.load(client)))
  }

  private init(later client: TLSClientSettings) { contents = Mutex(Contents(settings: .client(client), loaded: nil)) }

  /// Of clients that trust whom the system trusts. Its roots are read for the first session: a house without a partner
  /// over https saves their ten milliseconds and their megabyte.
  public static func system() -> TLSContext { TLSContext(later: TLSClientSettings(trust: .system)) }

  private var settings: Settings { contents.withLock { $0.settings } }

  /// Calls `done` on the loop as soon as a session may begin there without reading files first; call it on the loop.
  public func prepare(on loop: EventLoop, done: @escaping () -> Void) {
    guard contents.withLock({ $0.loaded == nil }) else { return done() }
    let done = LoopBound(done, loop: loop)
    // Where the roots cannot be read the session says so.
    loop.beside({ [self] in _ = try? load() }) { _ in done.value() }
  }

  private func load() throws(TLSFault) -> Loaded {
    try contents.withLock { (contents) throws(TLSFault) in
      if let loaded = contents.loaded { return loaded }
      let loaded = try Self.load(contents.settings)
      contents.loaded = loaded
      return loaded
    }
  }

  /// Reads all files again. Connections that stand keep what they have; when this throws, so does everybody else. The
  /// keys of session tickets are new afterwards: nobody resumes a session past a revocation, and no key lives for long.
  public func reload() throws(TLSFault) {
    // What was never read is read when it is needed.
    guard let settings = contents.withLock({ $0.loaded == nil ? nil : $0.settings }) else { return }
    let fresh = try Self.load(settings)
    contents.withLock { $0.loaded = fresh }
  }

  /// Goes on with other settings; as with `reload`, connections that stand keep what they have.
  public func exchange(server: TLSServerSettings) throws(TLSFault) {
    let fresh = try Self.load(server)
    contents.withLock { $0 = Contents(settings: .server(server), loaded: fresh) }
  }

  /// Our own certificates, for whoever watches their expiry.
  public var certificates: [TLSCertificate] { contents.withLock { $0.loaded?.certificates ?? [] } }

  /// When the first of the revocation lists is due to be renewed, in seconds since 1970; nil where there is none.
  public var revocationsEnd: Int64? { contents.withLock { $0.loaded?.revocationsEnd } }

  /// The files that `reload` reads.
  public var files: [String] {
    switch settings {
    case .server(let server):
      let identities = server.identities.flatMap { $0.chain.paths + $0.key.paths }
      switch server.clientCertificates {
      case .ignored: return identities
      case .optional(let authorities, let revoked), .required(let authorities, let revoked):
        return identities + authorities.paths + (revoked?.paths ?? [])
      }
    case .client(let client):
      let identity = client.identity.map { $0.chain.paths + $0.key.paths } ?? []
      if case .authorities(let authorities) = client.trust { return authorities.paths + identity }
      return identity
    }
  }

  func newSession() throws(TLSFault) -> OpaquePointer {
    let context = try load().context
    guard let ssl = SSL_new(context.pointer) else { throw .other("OpenSSL is out of memory") }
    return ssl
  }

  // MARK: Loading

  private static let modern = """
    ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
    ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305
    """

  private static func load(_ settings: Settings) throws(TLSFault) -> Loaded {
    switch settings {
    case .server(let server): try load(server)
    case .client(let client): try load(client)
    }
  }

  private static func load(_ settings: TLSServerSettings) throws(TLSFault) -> Loaded {
    // OCPP 2.0.1 A00.FR.318/.319 want the two suites without forward secrecy too, for stations that know no other.
    let ciphers =
      switch settings.role {
      case .general: modern
      case .station, .legacyStation: modern + ":AES128-GCM-SHA256:AES256-GCM-SHA384"
      }
    guard !settings.identities.isEmpty else { throw .configuration("a TLS listener needs a certificate and its key") }
    let context = try SSLContext(
      server: true, ciphers: ciphers, legacySignatures: settings.role == .legacyStation)
    var certificates: [TLSCertificate] = []
    for identity in settings.identities { certificates.append(try context.use(identity)) }
    var revocationsEnd: Int64?
    switch settings.clientCertificates {
    case .ignored: break
    case .optional(let authorities, let revoked):
      revocationsEnd = try context.ask(
        for: authorities, revoked, SSL_VERIFY_PEER, listsMayLack: settings.listsMayLack)
    case .required(let authorities, let revoked):
      revocationsEnd = try context.ask(
        for: authorities, revoked, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
        listsMayLack: settings.listsMayLack)
    }
    // Without it a session with a client certificate cannot be resumed.
    SSL_CTX_set_session_id_context(context.pointer, "ostler", 6)
    return Loaded(context: context, certificates: certificates, revocationsEnd: revocationsEnd)
  }

  private static func load(_ settings: TLSClientSettings) throws(TLSFault) -> Loaded {
    let context = try SSLContext(server: false, ciphers: modern, legacySignatures: false)
    var certificates: [TLSCertificate] = []
    switch settings.trust {
    case .system:
      guard SSL_CTX_set_default_verify_paths(context.pointer) == 1 else {
        throw .configuration("the system's trusted certificates cannot be read; install ca-certificates")
      }
    case .authorities(let pem): try context.trust(pem, nameToClients: false)
    }
    if let identity = settings.identity { certificates.append(try context.use(identity)) }
    ostler_tls_verify(context.pointer, SSL_VERIFY_PEER, 0)
    return Loaded(context: context, certificates: certificates)
  }
}

/// Certificates or keys in PEM form.
public enum PEMSource: Sendable, Hashable, CustomStringConvertible {
  /// Read again at each `reload`.
  case file(String)
  /// One after the other, as if they were one.
  case files([String])
  case text(String)

  public var description: String { paths.isEmpty ? "the given text" : paths.joined(separator: ", ") }

  var paths: [String] {
    switch self {
    case .file(let path): [path]
    case .files(let paths): paths
    case .text: []
    }
  }

  func bytes() throws(TLSFault) -> [UInt8] {
    switch self {
    case .text(let text): return Array(text.utf8)
    case .files(let paths):
      var all: [UInt8] = []
      for path in paths { all += try PEMSource.file(path).bytes() + [UInt8(ascii: "\n")] }
      return all
    case .file(let path):
      let descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw .configuration("cannot read \(path): \(sentence(errno: errno))") }
      defer { close(descriptor) }
      var bytes = [UInt8](repeating: 0, count: Limits.pemBytes + 1)
      var count = 0
      while count < bytes.count {
        let got = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count) }
        guard got >= 0 else { throw .configuration("cannot read \(path): \(sentence(errno: errno))") }
        if got == 0 { break }
        count += got
      }
      guard count <= Limits.pemBytes else { throw .configuration("\(path) is too large for a certificate") }
      return Array(bytes.prefix(count))
    }
  }
}

/// A certificate chain, leaf first, and the leaf's key without passphrase.
public struct TLSIdentity: Sendable, Hashable {
  public var chain: PEMSource
  public var key: PEMSource

  public init(chain: PEMSource, key: PEMSource) { (self.chain, self.key) = (chain, key) }
}

public struct TLSServerSettings: Sendable {
  public enum Role: Sendable, Hashable {
    /// Modern suites only.
    case general
    /// Also the two TLS_RSA GCM suites that OCPP demands and scanners fault.
    case station
    /// Also signatures that OpenSSL refuses today, for stations that send no `signature_algorithms`.
    case legacyStation
  }

  public enum ClientCertificates: Sendable, Hashable {
    case ignored
    /// Asked for. A client may have none; one that these authorities did not sign, or that one of their revocation
    /// lists names, ends the handshake.
    case optional(PEMSource, revoked: PEMSource? = nil)
    case required(PEMSource, revoked: PEMSource? = nil)
  }

  /// One per kind of key: RSA and ECDSA may stand side by side.
  public var identities: [TLSIdentity]
  public var role: Role
  public var clientCertificates: ClientCertificates
  /// A client's certificate whose authority has no revocation list is taken although others have one.
  public var listsMayLack = false

  public init(
    identities: [TLSIdentity], role: Role = .general, clientCertificates: ClientCertificates = .ignored
  ) {
    self.identities = identities
    self.role = role
    self.clientCertificates = clientCertificates
  }
}

public struct TLSClientSettings: Sendable {
  public enum Trust: Sendable, Hashable {
    case system
    /// These and no others.
    case authorities(PEMSource)
  }

  public var trust: Trust
  /// What we show to a server that asks who we are.
  public var identity: TLSIdentity?

  public init(trust: Trust = .system, identity: TLSIdentity? = nil) { (self.trust, self.identity) = (trust, identity) }
}

/// TLS towards one server: its certificate must be valid for `host`, a name or a literal address.
public struct TLSClientConfiguration: Sendable {
  public var context: TLSContext
  public var host: String
  /// Protocols to offer, the preferred one first.
  public var alpn: [String]

  public init(context: TLSContext, host: String, alpn: [String] = []) {
    (self.context, self.host, self.alpn) = (context, host, alpn)
  }
}

/// What was agreed in a handshake.
public struct TLSInfo: Sendable, Hashable {
  /// `TLSv1.2` or `TLSv1.3`.
  public var version: String
  /// OpenSSL's name of the suite.
  public var cipher: String
  public var isResumed: Bool
  /// The name that the client asked for.
  public var serverName: String?
  public var alpn: String?
  /// Verified: one that nobody vouches for ends the handshake.
  public var peer: TLSCertificate?
}

public struct TLSCertificate: Sendable, Hashable {
  /// The first CN and O of the subject, in UTF-8.
  public var commonName: String?
  public var organization: String?
  /// Upper-case hex.
  public var serial: String
  /// Seconds since 1970, UTC.
  public var notBefore: Int64
  public var notAfter: Int64
  public var der: [UInt8]

  init(_ certificate: OpaquePointer) {
    func text(_ read: (UnsafeMutablePointer<CChar>, Int32) -> Int32) -> String? {
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: Limits.certificateNameBytes) { buffer in
        guard let start = buffer.baseAddress else { return nil }
        let length = Int(read(start, Int32(buffer.count)))
        guard length >= 0 else { return nil }
        return String(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
      }
    }
    let subject = X509_get_subject_name(certificate)
    commonName = text { ostler_x509_name_part(subject, NID_commonName, $0, $1) }
    organization = text { ostler_x509_name_part(subject, NID_organizationName, $0, $1) }
    serial = text { ostler_x509_serial(certificate, $0, $1) } ?? ""
    notBefore = ostler_asn1_seconds(X509_get0_notBefore(certificate))
    notAfter = ostler_asn1_seconds(X509_get0_notAfter(certificate))
    der = [UInt8](repeating: 0, count: Int(max(0, i2d_X509(certificate, nil))))
    der.withUnsafeMutableBufferPointer { buffer in
      var place = buffer.baseAddress
      i2d_X509(certificate, &place)
    }
  }
}

/// Why TLS did not come about, or broke.
public enum TLSFault: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Certificate: String, Sendable {
    case expired = "has expired"
    case notYetValid = "is not valid yet"
    case wrongName = "is for another name"
    case untrusted = "is not signed by a trusted authority"
    case revoked = "was revoked"
    case refused = "was refused"
  }

  /// Somebody speaks HTTP without TLS on a TLS port.
  case plainHTTP
  /// What came is not TLS.
  case notTLS
  /// Somebody speaks TLS on a port without it.
  case onPlainPort
  /// The peer knows TLS 1.1 at most.
  case versionTooOld
  case noCommonCipher
  /// A TLS 1.2 client that does not say which signatures it knows; only a legacy listener takes it.
  case noCommonSignature
  /// The peer's certificate, OpenSSL's word for what is wrong with it, and whose it is as far as that can be told.
  case certificate(Certificate, String, of: TLSCertificate?)
  case noClientCertificate
  /// The peer's refusal: the number of RFC 8446 section 6, and OpenSSL's word for it.
  case alert(Int, String)
  /// The stream ended without the agreed farewell: its last bytes may be missing.
  case truncated
  case configuration(String)
  case other(String)

  public var description: String {
    switch self {
    case .plainHTTP: "the peer speaks plain HTTP on a TLS port"
    case .notTLS: "the peer does not speak TLS"
    case .onPlainPort: "the peer speaks TLS on a port without it"
    case .versionTooOld: "the peer does not know TLS 1.2"
    case .noCommonCipher: "the peer knows none of our cipher suites"
    case .noCommonSignature:
      "the peer names no signature algorithm that we accept; such old stations need a legacy listener"
    case .certificate(let problem, let word, _): "the peer's certificate \(problem.rawValue) (\(word))"
    case .noClientCertificate: "the peer showed no certificate, and this listener requires one"
    case .alert(let number, let word): "the peer refused TLS with alert \(number) (\(word))"
    case .truncated: "the peer broke off without ending TLS"
    case .configuration(let text), .other(let text): text
    }
  }
}

/// OpenSSL's shared settings.
// @unchecked Sendable: an SSL_CTX is not changed after `load`, and counts its own references atomically.
private final class SSLContext: @unchecked Sendable {
  let pointer: OpaquePointer

  init(server: Bool, ciphers: String, legacySignatures: Bool) throws(TLSFault) {
    ERR_clear_error()
    guard let pointer = ostler_tls_context(server ? 1 : 0, ciphers, legacySignatures ? 1 : 0) else {
      throw .other("OpenSSL refuses its settings: \(opensslWord(ERR_peek_error()))")
    }
    self.pointer = pointer
  }

  deinit { SSL_CTX_free(pointer) }

  func use(_ identity: TLSIdentity) throws(TLSFault) -> TLSCertificate {
    ERR_clear_error()
    let chain = try identity.chain.bytes()
    let key = try identity.key.bytes()
    switch Int(ostler_tls_identity(pointer, chain, Int32(chain.count), key, Int32(key.count))) {
    case OSTLER_PEM_OK: break
    case OSTLER_PEM_BAD_CHAIN: throw .configuration("\(identity.chain) is not a chain of PEM certificates")
    case OSTLER_PEM_BAD_KEY: throw .configuration("\(identity.key) is not a PEM key without passphrase")
    case OSTLER_PEM_KEY_MISMATCH:
      throw .configuration("the key in \(identity.key) does not belong to the certificate in \(identity.chain)")
    default:
      throw .configuration("\(identity.chain) cannot be used: \(opensslWord(ERR_peek_error()))")
    }
    // The context shows the certificate that was installed last.
    guard let leaf = SSL_CTX_get0_certificate(pointer) else { throw .other("OpenSSL lost a certificate") }
    return TLSCertificate(leaf)
  }

  /// Asks clients for a certificate. Returns when the first of the revocation lists is due to be renewed.
  func ask(
    for authorities: PEMSource, _ revoked: PEMSource?, _ mode: Int32, listsMayLack: Bool
  ) throws(TLSFault) -> Int64? {
    try trust(authorities, nameToClients: true)
    ostler_tls_verify(pointer, mode, listsMayLack ? 1 : 0)
    guard let revoked else { return nil }
    var ends = Int64.max
    for list in revoked.paths.isEmpty ? [revoked] : revoked.paths.map({ .file($0) }) {
      let bytes = try list.bytes()
      ERR_clear_error()
      guard ostler_tls_revoke(pointer, bytes, Int32(bytes.count), &ends) > 0 else {
        throw .configuration("\(list) holds no revocation list")
      }
    }
    return ends
  }

  func trust(_ authorities: PEMSource, nameToClients: Bool) throws(TLSFault) {
    ERR_clear_error()
    let pem = try authorities.bytes()
    guard ostler_tls_trust(pointer, pem, Int32(pem.count), nameToClients ? 1 : 0) > 0 else {
      throw .configuration("\(authorities) holds no PEM certificate of an authority")
    }
  }
}

/// OpenSSL's own words for an entry of its error queue.
func opensslWord(_ code: UInt) -> String {
  ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
}
