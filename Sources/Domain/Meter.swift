import Wire

/// One reading of a session: what the station's meter said at one moment.
public struct Reading: Sendable, Equatable {
  public var at: Timestamp
  /// The energy register, import, as the meter shows it; nil where the sample has none.
  public var register: Energy?
  /// The energy register, export: what vehicles gave back, as the meter shows it; nil where the sample has none.
  public var exported: Energy?
  /// W; below zero where energy flows back.
  public var power: Decimal?
  /// A over all phases, as prices by current count it (OCPI 2.2.1 §11.4.6); where the station named no phase, what it said.
  public var current: Decimal?
  /// A on each of the station's own lines, where it named them. Not kept by itself: `raw` has it.
  public var lineCurrents: LineCurrents?
  /// Percent.
  public var stateOfCharge: Decimal?
  public var context: Context
  /// Every sampled value as the station sent it, kept as evidence.
  public var raw: JSONText
  /// What the meter signed of it.
  public var signed: [SignedReading]

  public enum Context: String, Word {
    case begin = "Transaction.Begin", end = "Transaction.End", periodic = "Sample.Periodic", clock = "Sample.Clock"
    case trigger = "Trigger", interruptionBegin = "Interruption.Begin", interruptionEnd = "Interruption.End", other =
      "Other"
  }

  public init(
    at: Timestamp, register: Energy? = nil, exported: Energy? = nil, power: Decimal? = nil, current: Decimal? = nil,
    lineCurrents: LineCurrents? = nil, stateOfCharge: Decimal? = nil,
    context: Context = .periodic, raw: JSONText = .null, signed: [SignedReading] = []
  ) {
    self.at = at
    self.register = register
    self.exported = exported
    self.power = power
    self.current = current
    self.lineCurrents = lineCurrents
    self.stateOfCharge = stateOfCharge
    self.context = context
    self.raw = raw
    self.signed = signed
  }
}
