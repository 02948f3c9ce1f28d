import Wire

/// What a station tells by itself about how it charges (OCPP 2.0.1 K09, K11–K13, K15–K17; OCPP 2.1 K22, K28).
@MainActor
public protocol ChargingReports: AnyObject {
  /// The profiles that it has, as it was asked.
  func profiles(_ report: ProfileReport) throws(TurnFault)
  /// Somebody else limits it.
  func limit(_ report: LimitReport) throws(TurnFault)
  func limitCleared(evse: Int?, source: String) throws(TurnFault)
  /// What a vehicle would like; a profile is offered to it.
  func needs(_ needs: ChargingNeeds) throws(TurnFault) -> NeedsVerdict
  /// What a vehicle made of the profile that it was offered; false where that is more than the offer.
  func vehicleWillTake(_ schedule: CompositeSchedule) throws(TurnFault) -> Bool
  /// A driver asked at the station to go first, or no longer does.
  func priority(transaction: String, isOn: Bool) throws(TurnFault)
  /// What a dynamic profile allows now; nil where the house has no such profile.
  func dynamicPeriod(of number: Int64) throws(TurnFault) -> ChargingProfile.Period?
}

public struct ProfileReport: Sendable, Equatable {
  public var request: Int
  public var evse: Int
  /// Who set them: `CSO`, `EMS`…
  public var source: String
  public var profiles: [Profile]
  public var isLast: Bool

  public struct Profile: Sendable, Equatable {
    public var number: Int64
    public var profile: ChargingProfile

    public init(number: Int64, profile: ChargingProfile) { (self.number, self.profile) = (number, profile) }
  }

  public init(request: Int, evse: Int, source: String, profiles: [Profile], isLast: Bool) {
    (self.request, self.evse, self.source, self.profiles, self.isLast) = (request, evse, source, profiles, isLast)
  }
}

public struct LimitReport: Sendable, Equatable {
  /// Nil is the whole station.
  public var evse: Int?
  public var source: String
  public var isGridCritical: Bool
  public var schedule: ChargingProfile.Schedule?

  public init(evse: Int?, source: String, isGridCritical: Bool, schedule: ChargingProfile.Schedule?) {
    (self.evse, self.source, self.isGridCritical, self.schedule) = (evse, source, isGridCritical, schedule)
  }
}

/// How a vehicle would like to charge.
public struct ChargingNeeds: Sendable, Equatable {
  public var evse: Int
  public var departsAt: Timestamp?
  /// How it wants to exchange energy; nil where nobody knows the word.
  public var wants: EnergyTransfer?
  /// What it would like to get from now on.
  public var energy: Energy?
  /// The most periods of a schedule that it can take.
  public var mostPeriods: Int?
  /// The whole of it, as the station told it.
  public var raw: JSON

  public init(
    evse: Int, departsAt: Timestamp?, wants: EnergyTransfer?, energy: Energy? = nil, mostPeriods: Int? = nil, raw: JSON
  ) {
    (self.evse, self.departsAt, self.wants, self.raw) = (evse, departsAt, wants, raw)
    (self.energy, self.mostPeriods) = (energy, mostPeriods)
  }

  /// As the books keep them: the station's words, and how they were read.
  /// - Parameter session: the one that they are of; nil where none runs yet.
  public func kept(of session: String?) -> JSON {
    var kept = raw
    kept["read"] = [
      "session": .maybe(session), "departs_at": .maybe(departsAt?.text), "wants": .maybe(wants?.rawValue),
      "energy": energy.map { .number(JSONNumber($0.tenthsOfWattHour)) } ?? .null, "periods": .maybe(mostPeriods),
    ]
    return kept
  }

  /// The session that they are of, where it ran when they were told.
  public static func session(of kept: JSON) -> String? { kept["read"]?["session"]?.string }

  /// What the books keep; nil where it was kept before its reading was.
  public init?(evse: Int, kept: JSON) {
    guard let read = kept["read"] else { return nil }
    self.init(
      evse: evse, departsAt: read["departs_at"]?.string.flatMap { Timestamp($0) },
      wants: read["wants"]?.string.flatMap { EnergyTransfer(rawValue: $0) },
      energy: read["energy"]?.int.map { Energy(tenthsOfWattHour: $0) },
      mostPeriods: read["periods"]?.int.map { Int($0) }, raw: kept)
  }
}

public enum NeedsVerdict: Sendable, Equatable {
  /// A profile follows.
  case offered
  /// It follows once the vehicle's session runs, or once the house has shared its power anew.
  case later
  /// It may not exchange energy in the way that it wants (OCPP 2.1 K18.FR.22, K19.FR.15, Q01.FR.04).
  case refused
}

/// Something that a station told of how it charges, as the books keep it: the newest of its kind, place and source.
public struct ChargingNotice: Sendable, Equatable {
  public enum Kind: String, Word {
    case limit, profiles, needs, vehicleSchedule = "vehicle_schedule", priority
  }

  public var station: ID<Station>
  /// 0 is the whole station.
  public var evse: Int
  public var kind: Kind
  public var source: String
  public var body: JSON
  public var at: Timestamp

  public init(station: ID<Station>, evse: Int, kind: Kind, source: String = "", body: JSON, at: Timestamp) {
    (self.station, self.evse, self.kind) = (station, evse, kind)
    (self.source, self.body, self.at) = (source, body, at)
  }
}
