// The bounds of this room, each with the answer when it is passed.

enum Limits {
  /// The most work that a stored password may ask for (1 GiB at once, r = 8). Past it the stored text is refused as
  /// malformed: only a database that somebody else wrote asks for more.
  static let scryptLogN: UInt64 = 20
  static let scryptR: UInt64 = 8
  static let scryptP: UInt64 = 4

  /// Blocks that one PEM text is read for. Past it: the others are not there.
  static let pemBlocks = 20
  /// Bytes of a meter's public key; a longer one is none.
  static let meterKeyBytes = 1_024
  /// Certificates of one chain. Past it: it is none.
  static let chainCertificates = 10
  /// Bits of an RSA key that is certified: a longer one makes each handshake a burden. Past it: too weak a kind.
  static let rsaBits = 8_192
  /// Bytes of a signature, which for RSA is as long as the key.
  static let signatureBytes = 1_024
}
