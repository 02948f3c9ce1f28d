import Wire

/// One place where one car charges: it carries status, session and price.
public struct EVSE: Sendable, Equatable {
  public var id: ID<EVSE>
  public var station: ID<Station>
  /// The station's own number for it, from 1. A 1.6 connector N is EVSE N.
  public var number: Int
  /// Random, never derived from hardware, never reused (OCPI 2.2.1 §8.3.2).
  public var uid: String
  /// The eMI3 id printed on the box, such as `NL*OST*E0001`, if the operator gave one.
  public var evseID: String?
  public var physicalReference: String?
  public var status: Status
  public var statusSince: Timestamp
  public var connectors: [Connector]
  public var updatedAt: Timestamp

  /// What the EVSE is doing, in the field's common words. `unknown` is a station that is offline.
  public enum Status: String, Word {
    case available, preparing, charging, suspendedEV = "suspended_ev", suspendedEVSE = "suspended_evse", finishing,
      reserved
    case unavailable, faulted, unknown
  }

  public init(
    id: ID<EVSE>, station: ID<Station>, number: Int, uid: String, evseID: String? = nil,
    physicalReference: String? = nil,
    status: Status, statusSince: Timestamp, connectors: [Connector] = [], updatedAt: Timestamp
  ) {
    self.id = id
    self.station = station
    self.number = number
    self.uid = uid
    self.evseID = evseID
    self.physicalReference = physicalReference
    self.status = status
    self.statusSince = statusSince
    self.connectors = connectors
    self.updatedAt = updatedAt
  }
}

/// One plug or socket of an EVSE.
public struct Connector: Sendable, Equatable {
  public enum Standard: String, Word {
    case chademo = "CHADEMO", domesticF = "DOMESTIC_F", type1 = "IEC_62196_T1", ccs1 = "IEC_62196_T1_COMBO"
    case type2 = "IEC_62196_T2", ccs2 = "IEC_62196_T2_COMBO", tesla = "TESLA_S", gbtAC = "GBT_AC", gbtDC = "GBT_DC"
  }
  public enum Format: String, Word { case socket = "SOCKET", cable = "CABLE" }
  public enum PowerType: String, Word { case ac1 = "AC_1_PHASE", ac3 = "AC_3_PHASE", dc = "DC" }

  public var id: ID<Connector>
  public var number: Int
  public var standard: Standard
  public var format: Format
  public var powerType: PowerType
  /// V, line to neutral for AC.
  public var maxVoltage: Int
  /// A, per phase for AC.
  public var maxAmperage: Int
  /// W.
  public var maxPower: Int?
  public var tariff: ID<Tariff>?
  /// True until the operator confirmed what we assumed when the station first spoke of it.
  public var isAssumed: Bool
  public var updatedAt: Timestamp

  public init(
    id: ID<Connector>, number: Int, standard: Standard = .type2, format: Format = .socket, powerType: PowerType = .ac3,
    maxVoltage: Int = 230, maxAmperage: Int = 32, maxPower: Int? = nil, tariff: ID<Tariff>? = nil,
    isAssumed: Bool = false,
    updatedAt: Timestamp
  ) {
    self.id = id
    self.number = number
    self.standard = standard
    self.format = format
    self.powerType = powerType
    self.maxVoltage = maxVoltage
    self.maxAmperage = maxAmperage
    self.maxPower = maxPower
    self.tariff = tariff
    self.isAssumed = isAssumed
    self.updatedAt = updatedAt
  }

  /// The most that it can give, in W: what the operator wrote, or volts times amperes times phases.
  public var ratedPower: Int {
    maxPower ?? maxVoltage * maxAmperage * (powerType == .ac3 ? 3 : 1)
  }
}
