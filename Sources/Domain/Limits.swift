import Wire

/// The bounds of the domain's own values. What is past one is refused by name at the door that it came through.
public enum Limits {
  public static let tariffElements = 100
  public static let componentsPerElement = 20
  /// Wh or seconds.
  public static let stepSize = 1_000_000
  /// Shifts between charging and idle that one session keeps; a car that flutters longer stays as it was last.
  public static let sessionShifts = 2_000
  /// A price per kWh, per hour or once: at most this, with at most so many decimals. `Tariff.check` refuses what is
  /// past it, and pricing holds it at the bound, so that the exact arithmetic of a bill never leaves its 128 bits.
  public static let price = Decimal(1_000_000)
  public static let pricePlaces = 6
  /// Percent, with at most so many decimals; refused and held as a price is.
  public static let vat = Decimal(100)
  public static let vatPlaces = 4
  /// 400 days. A longer session is billed to here and its CDR waits for the operator.
  public static let sessionSeconds = 34_560_000
  /// 100 GWh. A session with more is billed to here and its CDR waits for the operator.
  public static let sessionEnergy = Energy(tenthsOfWattHour: 1_000_000_000_000)
  /// Bytes of a time zone file; the largest of IANA has 4 KB. A larger one is refused.
  public static let zoneFile = 262_144
  /// Characters of a time zone's name, as OCPI has it; a longer name is unknown.
  public static let zoneName = 255
  /// Characters that are kept of what a station says of itself and of its faults; OCPP allows far fewer. The message
  /// log has the message as it came.
  public static let stationWords = 255
}
