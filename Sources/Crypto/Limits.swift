// The bounds of this room, each with the answer when it is passed.

enum Limits {
  /// The most work that a stored password may ask for (1 GiB at once, r = 8). Past it the stored text is refused as
  /// malformed: only a database that somebody else wrote asks for more.
  static let scryptLogN: UInt64 = 20
  static let scryptR: UInt64 = 8
  static let scryptP: UInt64 = 4

  /// The host names of one self-signed certificate. Past it the certificate is refused.
  static let certificateHosts = 100
  /// The bytes of a certificate's common name (X.520, ub-common-name); a longer name appears only among the
  /// alternative names.
  static let commonNameBytes = 64
}
