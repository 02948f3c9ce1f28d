// What is kept of a person's password, made so slow to compute that a stolen database does not give passwords away.
import CSystem
import Wire

/// The scrypt digest (RFC 7914) of a password.
///
/// `hash`, `verify` and `verifyNothing` each take about 180 ms of one core and 32 MiB of memory: call them on a worker
/// queue that runs one at a time, never on a loop or on the household.
public struct Password: Sendable {
  private let cost: Cost
  private let salt: Bytes
  private let digest: Bytes

  /// What to store for a password, under a fresh salt. The text counts as the UTF-8 bytes that were typed.
  /// Throws when the memory is not to be had.
  public static func hash(of password: String) throws(CryptoFault) -> Password {
    let salt = randomBytes(saltBytes)
    return Password(cost: .today, salt: salt, digest: try scrypt(password, salt, .today))
  }

  /// Whether `typed` is the password, in constant time. Throws when the memory is not to be had.
  public func verify(_ typed: String) throws(CryptoFault) -> Bool {
    equalInConstantTime(try Self.scrypt(typed, salt, cost), digest)
  }

  /// Spends the time of `verify` and is always false: the answer for a user who does not exist, so that the wait does
  /// not tell who does.
  public static func verifyNothing(_ typed: String) throws(CryptoFault) -> Bool {
    _ = try scrypt(typed, Bytes(repeating: 0, count: saltBytes), .today)
    return false
  }

  /// The form in which it is stored: `scrypt$<log2 N>$<r>$<p>$<salt, hex>$<digest, hex>`.
  public var text: String {
    "scrypt$\(cost.logN)$\(cost.r)$\(cost.p)$\(salt.hex)$\(digest.hex)"
  }

  /// Reads the stored form; nil when it is anything else, or asks for more work than `Limits` allows.
  public init?(text: String) {
    let parts = text.split(separator: "$", omittingEmptySubsequences: false)
    guard parts.count == 6, parts[0] == "scrypt",
      let logN = UInt64(parts[1]), let r = UInt64(parts[2]), let p = UInt64(parts[3]),
      (1...Limits.scryptLogN).contains(logN), (1...Limits.scryptR).contains(r), (1...Limits.scryptP).contains(p),
      let salt = Bytes(hex: parts[4]), salt.count == Self.saltBytes,
      let digest = Bytes(hex: parts[5]), digest.count == Self.digestBytes
    else { return nil }
    self.init(cost: Cost(logN: logN, r: r, p: p), salt: salt, digest: digest)
  }

  private init(cost: Cost, salt: Bytes, digest: Bytes) {
    self.cost = cost
    self.salt = salt
    self.digest = digest
  }

  /// N is the work and, with r, the memory; p repeats it. The cost is stored beside each digest so that it can be
  /// raised for new passwords while old ones still verify.
  private struct Cost {
    var logN: UInt64
    var r: UInt64
    var p: UInt64

    static let today = Cost(logN: 15, r: 8, p: 1)
  }

  private static let saltBytes = 16
  private static let digestBytes = 32

  private static func scrypt(_ password: String, _ salt: Bytes, _ cost: Cost) throws(CryptoFault) -> Bytes {
    try Crypto.scrypt(
      password: Bytes(utf8: password), salt: salt, n: 1 << cost.logN, r: cost.r, p: cost.p, count: digestBytes)
  }
}

/// Plain scrypt: `n` is a power of two above 1.
func scrypt(password: Bytes, salt: Bytes, n: UInt64, r: UInt64, p: UInt64, count: Int) throws(CryptoFault) -> Bytes {
  // RFC 7914, 6: V takes 128·N·r bytes and B 128·p·r; OpenSSL adds a few blocks and refuses above its own 32 MiB
  // unless it is told otherwise.
  let memory = 128 * r * (n + p + 4)
  var derived = Bytes(repeating: 0, count: count)
  let done = password.withUnsafeBytes { password in
    EVP_PBE_scrypt(
      password.bindMemory(to: CChar.self).baseAddress, password.count, salt, salt.count, n, r, p, memory, &derived,
      count)
  }
  guard done == 1 else { throw .last() }
  return derived
}
