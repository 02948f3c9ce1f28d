import Wire

/// The number of a row in the house's own books, typed by what it numbers, so that a station's is never taken for a
/// token's.
public struct ID<Of>: Hashable, Sendable, CustomStringConvertible {
  public let value: Int64

  public init(_ value: Int64) { self.value = value }

  public var description: String { String(value) }
}

/// Who somebody is among the parties of roaming: ISO 3166 alpha-2 country and a party id of three characters
/// (OCPI 2.2.1 §5.1). Compared without regard to letter case, kept in upper case.
public struct PartyID: Hashable, Sendable, CustomStringConvertible {
  public let country: String
  public let party: String

  public init(country: String, party: String) {
    self.country = country.uppercased()
    self.party = party.uppercased()
  }

  /// Reads `NL*OST`, `NL-OST` or `NLOST`; nil where it is none of these.
  public init?(_ text: String) {
    let plain = text.filter { $0 != "*" && $0 != "-" }
    guard plain.utf8.count == 5, plain.utf8.allSatisfy({ $0.isASCIIAlphanumeric }) else { return nil }
    self.init(country: String(plain.prefix(2)), party: String(plain.dropFirst(2)))
  }

  public var description: String { "\(country)*\(party)" }
}

/// The name by which a station calls: the last segment of its URL. At most 48 characters, no colon, because HTTP Basic
/// uses it as the user name (OCPP 2.0.1 Part 4 §3.1.1, OCPP-J 1.6 §3.1.1).
public struct StationIdentity: Hashable, Sendable, CustomStringConvertible {
  public static let maxLength = 48

  public let text: String

  /// Nil where the text is empty, too long, or holds a character that cannot stand in an identity.
  public init?(_ text: String) {
    guard !text.isEmpty, text.utf8.count <= Self.maxLength else { return nil }
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "/") }) else {
      return nil
    }
    self.text = text
  }

  public var description: String { text }
}

/// One connection of a station, from its upgrade to its end. A station that returns gets a new one.
public struct LinkID: Hashable, Sendable, CustomStringConvertible {
  public let value: UInt64

  public init(_ value: UInt64) { self.value = value }

  public var description: String { String(value) }
}

extension UInt8 {
  var isASCIIAlphanumeric: Bool {
    (0x30...0x39).contains(self) || (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self)
  }
}
