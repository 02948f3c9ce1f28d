import Wire

/// One reading of a session: what the station's meter said at one moment.
public struct Reading: Sendable, Equatable {
  public var at: Timestamp
  /// The energy register, import, as the meter shows it; nil where the sample has none.
  public var register: Energy?
  /// W, import.
  public var power: Decimal?
  /// A, the highest phase.
  public var current: Decimal?
  /// Percent.
  public var stateOfCharge: Decimal?
  public var context: Context
  /// Every sampled value as the station sent it, kept as evidence.
  public var raw: JSON

  public enum Context: String, Word {
    case begin = "Transaction.Begin", end = "Transaction.End", periodic = "Sample.Periodic", clock = "Sample.Clock"
    case trigger = "Trigger", interruptionBegin = "Interruption.Begin", interruptionEnd = "Interruption.End", other =
      "Other"
  }

  public init(
    at: Timestamp, register: Energy? = nil, power: Decimal? = nil, current: Decimal? = nil,
    stateOfCharge: Decimal? = nil,
    context: Context = .periodic, raw: JSON = .null
  ) {
    self.at = at
    self.register = register
    self.power = power
    self.current = current
    self.stateOfCharge = stateOfCharge
    self.context = context
    self.raw = raw
  }
}
