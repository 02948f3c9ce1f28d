// The bounds of this room, each with the answer when it is passed.

enum Limits {
  /// The most work that a stored password may ask for (1 GiB at once, r = 8). Past it the stored text is refused as
  /// malformed: only a database that somebody else wrote asks for more.
  static let scryptLogN: UInt64 = 20
  static let scryptR: UInt64 = 8
  static let scryptP: UInt64 = 4
}
