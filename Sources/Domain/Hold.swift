import Wire

/// A time in which an EVSE was held for a driver, as it is billed: from the moment of the reservation until the driver
/// charged, gave it up, or did not come (OCPI 2.2.1 §11.4.3 and §11.4.6).
public struct Hold: Sendable, Equatable {
  public enum Ending: String, Word {
    /// A session followed; its CDR bills both.
    case used
    case cancelled
    case expired
  }

  public var from: Timestamp
  public var until: Timestamp
  public var ending: Ending

  public init(from: Timestamp, until: Timestamp, ending: Ending) {
    (self.from, self.until, self.ending) = (from, max(from, until), ending)
  }

  /// As use without energy, which is cut and priced like any other.
  func usage(by tariff: Tariff?, zone: ZoneRules) -> Usage {
    Usage(from: from, to: until, energy: .zero, tariff: tariff, zone: zone)
  }
}
