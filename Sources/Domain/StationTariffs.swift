import Wire

/// What is asked of a station about prices: of one that computes what a session costs, which tariffs it uses (OCPP 2.1
/// I07 to I11); of any, what it shows (I02).
public enum TariffCommand: Sendable, Equatable {
  /// For whoever has no other one. EVSE 0 is all of them.
  case setDefault(StationTariff, evse: Int)
  /// For a session that runs, by the station's name for it.
  case change(StationTariff, transaction: String)
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
    case .setDefault(let given, let evse):
      ["tariff": .string(given.tariff.ref), "name": .string(given.name), "evse": .number(JSONNumber(evse))]
    case .change(let given, let transaction):
      [
        "tariff": .string(given.tariff.ref), "name": .string(given.name), "transaction": .string(transaction),
      ]
    case .list(let evse): ["evse": .number(JSONNumber(evse))]
    case .clear(let tariffs, let evse): ["tariffs": .array(tariffs.map { .string($0) }), "evse": .maybe(evse)]
    case .showCost(let cost, let transaction):
      ["cost": .string(cost.description), "transaction": .string(transaction)]
    case .webPayment(let evse, let seconds):
      ["evse": .number(JSONNumber(evse)), "seconds": .number(JSONNumber(seconds))]
    }
  }
}

/// A tariff as a station knows it: under a name that stands for just this content.
public struct StationTariff: Sendable, Equatable {
  public let tariff: Tariff
  /// At most 60 characters.
  public let name: String

  public init(_ tariff: Tariff, name: String) { (self.tariff, self.name) = (tariff, name) }
}

/// The tariff by which a station is to reckon at an EVSE, as the books keep it.
public struct KeptStationTariff: Sendable, Equatable {
  public enum State: String, Word {
    /// To be told, or told and not answered yet.
    case asked
    case inForce = "in_force"
    /// The station said no: it reckons by what it had before.
    case refused
  }

  public let station: ID<Station>
  /// 0 is all of them.
  public let evse: Int
  public var tariff: ID<Tariff>
  public var state = State.asked
  /// Under which the station has one, also while a newer one is on its way.
  public var name: String?
  /// The station's word, or the reason.
  public var answer: String?
  public var command: String?
  public var attempts = 0
  public var origin: String
  public var dueAt: Timestamp?
  public var updatedAt: Timestamp

  public init(station: ID<Station>, evse: Int, tariff: ID<Tariff>, origin: String, at now: Timestamp) {
    (self.station, self.evse, self.tariff, self.origin, updatedAt) = (station, evse, tariff, origin, now)
  }
}

extension Tariff {
  /// What a display shows of it: the operator's own words, in that language where there are some, else its prices in signs
  /// that every language reads.
  public func message(in language: String?) -> DriverMessage? {
    let texts = text ?? []
    let own = texts.first { $0.language.ciFolded == language?.ciFolded } ?? texts.first
    if let own { return DriverMessage(text: own.text, language: own.language) }
    var shown = ""
    for line in PriceTag(self).lines {
      let next = shown.isEmpty ? line.signs(currency) : "\(shown); \(line.signs(currency))"
      guard next.unicodeScalars.count <= Limits.displayedPrice else { break }
      shown = next
    }
    return shown.isEmpty ? nil : DriverMessage(text: shown)
  }
}

extension PriceTag.Line {
  /// `0.40 EUR/kWh + 0.05 EUR/min, 07:00–23:00`
  fileprivate func signs(_ currency: String) -> String {
    let prices = parts.map { part in
      let price =
        "\(part.price.text(places: part.price == part.price.rounded(toPlaces: 2, .halfUp) ? 2 : 4)) \(currency)"
      return switch part.dimension {
      case .energy: "\(price)/kWh"
      case .time: "\(price)/min"
      case .parkingTime: "P \(price)/min"
      case .flat: price
      }
    }
    let days = weekdays.map { days in days.map(String.init).joined(separator: " ") }.map { "[\($0)]" }
    let all = prices.isEmpty ? "0 \(currency)" : prices.joined(separator: " + ")
    return ([all] + [hours, days].compactMap { $0 } + bounds).joined(separator: ", ")
  }
}
