import Wire

/// One circuit of a site's wiring: a fuse with what hangs below it, circuits and EVSEs. The circuits of a location make
/// a tree; what flows through one flows through all above it.
public struct Circuit: Sendable, Equatable {
  public var id: ID<Circuit>
  public var location: ID<Location>
  /// The one that feeds it; nil is the site's supply.
  public var parent: ID<Circuit>?
  public var name: String
  /// The lines that it has.
  public var lines: Lines
  /// Of its fuse, per line.
  public var rated: Current
  /// What may flow for long, per line: the operator's margin below the fuse.
  public var usable: Current
  /// 0 to 9. Where circuits want more than their feeder has, each car counts by (its priority + 1) × (this + 1).
  public var priority: Int
  /// What everything else on the circuit takes per line, while no meter tells.
  public var assumedLoad: Current
  /// A station's word on which lines its car uses is enough to count it on these alone. Else a car counts on all lines
  /// of its outlet, unless a person or the car itself said on how many phases it charges.
  public var trustsPhases: Bool
  public var createdAt: Timestamp
  public var updatedAt: Timestamp

  public init(
    id: ID<Circuit>, location: ID<Location>, parent: ID<Circuit>? = nil, name: String, lines: Lines = .all,
    rated: Current, usable: Current? = nil, priority: Int = 0, assumedLoad: Current = .zero,
    trustsPhases: Bool = false, createdAt: Timestamp, updatedAt: Timestamp
  ) {
    self.id = id
    self.location = location
    self.parent = parent
    self.name = name
    self.lines = lines
    self.rated = rated
    self.usable = usable ?? rated
    self.priority = priority
    self.assumedLoad = assumedLoad
    self.trustsPhases = trustsPhases
    self.createdAt = createdAt
    self.updatedAt = updatedAt
  }
}

/// An EVSE on a circuit: how it is wired, and how it stands without us.
public struct Outlet: Sendable, Equatable {
  public var evse: ID<EVSE>
  public var station: ID<Station>
  public var circuit: ID<Circuit>
  public var rotation: PhaseRotation
  /// The lines that it is wired to.
  public var lines: Lines
  /// What it can give per line.
  public var most: Current
  /// Below this a car does not charge: 6 A by IEC 61851-1.
  public var least: Current
  /// What the station allows by itself, as its default profile says: also while its line is lost.
  public var fallback: Current
  /// What the whole station can take per line, over all its EVSEs; nil where that is no bound.
  public var stationMost: Current?

  public init(
    evse: ID<EVSE>, station: ID<Station>, circuit: ID<Circuit>, rotation: PhaseRotation = .rst, lines: Lines = .all,
    most: Current, least: Current = Current(amperes: 6), fallback: Current = .zero, stationMost: Current? = nil
  ) {
    self.evse = evse
    self.station = station
    self.circuit = circuit
    self.rotation = rotation
    self.lines = lines
    self.most = most
    self.least = least
    self.fallback = fallback
    self.stationMost = stationMost
  }
}

/// What a session wants of the power.
public struct ChargingNeed: Sendable, Equatable {
  /// Still to be delivered; nil is as much as the car takes.
  public var energy: Energy?
  public var departsAt: Timestamp?
  /// 0 to 9.
  public var priority: Int
  /// Phases that the car charges on, where a person or the car itself said so.
  public var phases: Int?
  /// The least and the most that the car takes per line, where it is known.
  public var least: Current?
  public var most: Current?
  /// That most is what others allow the session, not what its car takes.
  public var isAllowance = false
  /// Charges by the sun alone: from what the site generates and does not use.
  public var isSunOnly: Bool

  public init(
    energy: Energy? = nil, departsAt: Timestamp? = nil, priority: Int = 0, phases: Int? = nil, least: Current? = nil,
    most: Current? = nil, isSunOnly: Bool = false
  ) {
    self.energy = energy
    self.departsAt = departsAt
    self.priority = priority
    self.phases = phases
    self.least = least
    self.most = most
    self.isSunOnly = isSunOnly
  }
}

/// What is told of a circuit from outside, by the API: each counts until its end. Then of what flows the highest that was
/// told of late counts, or what is assumed where that is more, until somebody tells again or takes the word back.
public struct CircuitSignal: Sendable, Equatable {
  public enum Kind: String, Word {
    /// What else than cars takes, per line.
    case building
    /// All that flows through the circuit, cars included, per line.
    case supply
    /// What may flow for now, per line: a grid operator's limit.
    case limit
    /// What the site generates beyond what its building uses, over all lines: for cars that charge by the sun.
    case surplus

    /// Whether it tells what flows. When such a word is over and no newer one came, the meter is silent.
    public var isMeter: Bool {
      switch self {
      case .building, .supply: true
      case .limit, .surplus: false
      }
    }
  }

  public var circuit: ID<Circuit>
  public var kind: Kind
  /// Per line; of a surplus the sum of all lines stands in `l1`.
  public var currents: LineCurrents
  public var at: Timestamp
  /// When it stops to count.
  public var until: Timestamp
  /// Who told it, for people.
  public var source: String

  public init(
    circuit: ID<Circuit>, kind: Kind, currents: LineCurrents, at: Timestamp, until: Timestamp, source: String
  ) {
    self.circuit = circuit
    self.kind = kind
    self.currents = currents
    self.at = at
    self.until = until
    self.source = source
  }
}
