import Crypto
import Domain
import Glibc
import Wire

/// What one of our certificate authorities signs for.
nonisolated public enum AuthorityPurpose: String, Word {
  /// Stations towards us, and our own doors.
  case station
  /// Stations towards vehicles, below somebody's V2G root.
  case v2g
}

/// Where our certificate authorities lie: the folder `ca` of the data folder, for its owner's eyes alone. Keys are files
/// and no rows, so that a copy of the books gives nobody the power to sign.
nonisolated public struct AuthorityFolder: Sendable {
  public let path: String

  public init(data: String) { path = data + "/ca" }

  /// The authority alone: whoever trusts this file trusts nobody else below the same root.
  public func certificateFile(_ purpose: AuthorityPurpose) -> String { "\(path)/\(purpose.rawValue).pem" }
  func aboveFile(_ purpose: AuthorityPurpose) -> String { "\(path)/\(purpose.rawValue).above.pem" }
  func keyFile(_ purpose: AuthorityPurpose) -> String { "\(path)/\(purpose.rawValue).key" }
  public func revocationFile(_ purpose: AuthorityPurpose) -> String { "\(path)/\(purpose.rawValue).crl.pem" }

  /// Chain and key of a door, under the first of its names.
  public func doorFiles(_ host: String) -> (chain: String, key: String) {
    let name = host.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-") ? $0 : "_" }
    let stem = "\(path)/door-\(String(name.prefix(100)))"
    return ("\(stem).pem", "\(stem).key")
  }

  /// The authority; nil where there is none.
  public func load(_ purpose: AuthorityPurpose) throws(AuthorityFault) -> Issuer? {
    guard let own = try read(certificateFile(purpose)), let key = try read(keyFile(purpose)) else { return nil }
    let above = try read(aboveFile(purpose)).flatMap { Certificate.all(in: $0) } ?? []
    do {
      return try Issuer(Certificate(pem: own), above: above, key: PrivateKey(pem: key))
    } catch {
      throw AuthorityFault("the certificate authority in \(path) cannot be used: \(error)")
    }
  }

  /// The key comes first: one without a certificate is nothing yet, and is written over.
  public func save(_ issuer: Issuer, for purpose: AuthorityPurpose) throws(AuthorityFault) {
    try write(issuer.keyPEM, to: keyFile(purpose))
    try write(issuer.above.map(\.pem).joined(), to: aboveFile(purpose))
    try write(issuer.certificate.pem, to: certificateFile(purpose))
  }

  /// The certificate goes first: a key without one is nothing.
  public func remove(_ purpose: AuthorityPurpose) {
    for file in [certificateFile(purpose), aboveFile(purpose), keyFile(purpose)] { unlink(file) }
  }

  public func saveRevocations(_ pem: String, for purpose: AuthorityPurpose) throws(AuthorityFault) {
    try write(pem, to: revocationFile(purpose))
  }

  /// The key is written first: whoever watches the certificate finds its key in place.
  public func saveDoor(_ host: String, chain: String, key: PrivateKey) throws(AuthorityFault) {
    let files = doorFiles(host)
    try write(key.pem, to: files.key)
    try write(chain, to: files.chain)
  }

  public func read(_ file: String) throws(AuthorityFault) -> String? {
    let descriptor = open(file, O_RDONLY | O_CLOEXEC)
    if descriptor < 0, errno == ENOENT || errno == ENOTDIR { return nil }
    guard descriptor >= 0 else { throw .system("read", file) }
    defer { close(descriptor) }
    var bytes = Bytes(repeating: 0, count: Limits.authorityFileBytes)
    let count = Glibc.read(descriptor, &bytes, bytes.count)
    guard count >= 0 else { throw .system("read", file) }
    return String(utf8: bytes.prefix(count))
  }

  /// Written beside, synced, and put in place: at each moment the old file or the new one is there, and whole.
  private func write(_ text: String, to file: String) throws(AuthorityFault) {
    if mkdir(path, 0o700) != 0, errno != EEXIST { throw .system("make", path) }
    let beside = file + ".new"
    unlink(beside)
    let descriptor = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system("write", beside) }
    let bytes = Bytes(utf8: text)
    let isWritten = Glibc.write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
    close(descriptor)
    guard isWritten, rename(beside, file) == 0 else { throw .system("write", file) }
    let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return }
    fsync(folder)
    close(folder)
  }
}

/// Why an authority's files cannot be used, in a sentence.
nonisolated public struct AuthorityFault: Error, Equatable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }

  static func system(_ verb: String, _ file: String) -> AuthorityFault {
    AuthorityFault("cannot \(verb) \(file): \(String(cString: strerror(errno)))")
  }
}
