// The bounds of this room, each with the answer when it is exceeded.

/// Every bound of `Wire` by name. What the outside exceeds is an error or an oddity, never a trap.
public enum WireLimits {
  /// Bytes of one JSON document. Exceeded: `JSONFault.tooLarge`. The frame and body limits of the layers above are
  /// smaller.
  public static let documentBytes = 32 << 20

  /// Values and member names of one JSON document, 16 bytes of index each. Exceeded: `JSONFault.tooLarge`.
  public static let documentNodes = 2 << 20

  /// Arrays and objects open at once. Exceeded: `JSONFault.tooDeep`.
  public static let depth = 32

  /// Characters of one number as written; the longest that any double needs without an exponent is more, and nobody sends
  /// it. Exceeded: `JSONFault.badNumber`.
  public static let numberBytes = 256

  /// Significant digits of a `Decimal` that is read from text. Exceeded: no value.
  public static let decimalDigits = 34

  /// Digits before the point of a `Decimal` that is read from text, as many as 64 bits have. Exceeded: no value.
  public static let decimalWholeDigits = 20

  /// Digits after the point of a `Decimal` that is read from text. Exceeded: rounded to the nearest, because what stands
  /// there is a double's noise. With the bound before the point it keeps what is read far enough within 128 bits that
  /// it can be added, compared, taken a millionfold and divided; what multiplies two numbers of the outside bounds them
  /// closer.
  public static let decimalPlaces = 12

  /// Largest power of ten, up or down, that arithmetic on `Decimal` may reach. Exceeded: trap, as every overflow of
  /// money.
  public static let decimalExponent = 400

  /// Oddities of one message that are kept with their place and text. Exceeded: the later ones are only counted.
  public static let odditiesKept = 32

  /// Characters of raw text kept with an oddity, and of each name in its path. Exceeded: cut.
  public static let oddityCharacters = 100

  /// Years that a time stamp of the outside may name. Outside: it is no time stamp.
  public static let years: ClosedRange<Int> = 1970...2199

  /// Digits after the second's point. Exceeded: it is no time stamp.
  public static let fractionDigits = 9
}
