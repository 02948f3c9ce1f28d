import Wire

/// What is asked of a station about prices: of one that computes what a session costs, which tariffs it uses (OCPP 2.1
/// I07 to I11); of any, what it shows (I02).
public enum TariffCommand: Sendable, Equatable {
  /// For whoever has no other one. EVSE 0 is all of them.
  case setDefault(Tariff, evse: Int)
  /// For a session that runs, by the station's name for it.
  case change(Tariff, transaction: String)
  case list(evse: Int)
  /// These, or all of an EVSE.
  case clear([String], evse: Int?)
  /// What a session costs so far, taxes included.
  case showCost(Decimal, transaction: String)
  /// Somebody scanned the code of an EVSE and is paying on the web: the station waits so many seconds (OCPP 2.1 C25).
  case webPayment(evse: Int, seconds: Int)

  public var verb: String {
    switch self {
    case .setDefault: "station-tariff"
    case .change: "session-tariff"
    case .list: "list-station-tariffs"
    case .clear: "clear-station-tariffs"
    case .showCost: "show-cost"
    case .webPayment: "web-payment"
    }
  }

  public var detail: JSON {
    switch self {
    case .setDefault(let tariff, let evse): ["tariff": .string(tariff.ref), "evse": .number(JSONNumber(evse))]
    case .change(let tariff, let transaction):
      ["tariff": .string(tariff.ref), "transaction": .string(transaction)]
    case .list(let evse): ["evse": .number(JSONNumber(evse))]
    case .clear(let tariffs, let evse): ["tariffs": .array(tariffs.map { .string($0) }), "evse": .maybe(evse)]
    case .showCost(let cost, let transaction):
      ["cost": .string(cost.description), "transaction": .string(transaction)]
    case .webPayment(let evse, let seconds):
      ["evse": .number(JSONNumber(evse)), "seconds": .number(JSONNumber(seconds))]
    }
  }
}
