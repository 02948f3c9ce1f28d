import Wire

/// Batteries that were put into a station or given out by it (OCPP 2.1 S).
public struct BatterySwap: Sendable, Equatable {
  public enum Step: String, Word {
    case putIn = "in", givenOut = "out"
    /// Nobody took what was given out.
    case timedOut = "timed_out"
  }

  public struct Battery: Sendable, Equatable {
    /// The slot that it is in.
    public var evse: Int
    public var serialNumber: String
    /// Percent.
    public var stateOfCharge: Decimal
    public var stateOfHealth: Decimal
    public var producedAt: Timestamp?
    public var info: String?

    public init(
      evse: Int, serialNumber: String, stateOfCharge: Decimal, stateOfHealth: Decimal, producedAt: Timestamp? = nil,
      info: String? = nil
    ) {
      self.evse = evse
      self.serialNumber = serialNumber
      self.stateOfCharge = stateOfCharge
      self.stateOfHealth = stateOfHealth
      self.producedAt = producedAt
      self.info = info
    }
  }

  /// Links what is put in with what is given out.
  public var request: Int64
  public var step: Step
  public var token: String
  public var batteries: [Battery]

  public init(request: Int64, step: Step, token: String, batteries: [Battery]) {
    (self.request, self.step, self.token, self.batteries) = (request, step, token, batteries)
  }
}

@MainActor
public protocol BatterySwapReports {
  func swapped(_ swap: BatterySwap) throws(TurnFault)
}

/// What is asked of a station that swaps batteries: that somebody may.
public struct SwapCommand: Sendable, Equatable {
  /// Comes back with what happens; 0 is the house's to number.
  public var id: Int64
  public var token: String

  public init(id: Int64 = 0, token: String) { (self.id, self.token) = (id, token) }

  public var verb: String { "swap-battery" }
  public var detail: JSON { ["request": .number(JSONNumber(id)), "token": .string(token)] }
}
