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
  public var details: EVSEDetails
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
    status: Status, statusSince: Timestamp, connectors: [Connector] = [], details: EVSEDetails = EVSEDetails(),
    updatedAt: Timestamp
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
    self.details = details
    self.updatedAt = updatedAt
  }
}

extension EVSE.Status {
  /// What an EVSE does whose connectors say different things: the one that is in use speaks for it, and it is available
  /// as long as one of them is.
  public init(of connectors: some Sequence<EVSE.Status>) {
    let order: [EVSE.Status] = [
      .charging, .suspendedEV, .suspendedEVSE, .finishing, .preparing, .reserved, .available, .unavailable, .faulted,
    ]
    let said = Set(connectors)
    self = order.first { said.contains($0) } ?? .unknown
  }
}

/// One plug or socket of an EVSE.
public struct Connector: Sendable, Equatable {
  public enum Standard: String, Word {
    case chademo = "CHADEMO", chaoji = "CHAOJI", domesticA = "DOMESTIC_A", domesticB = "DOMESTIC_B"
    case domesticC = "DOMESTIC_C", domesticD = "DOMESTIC_D", domesticE = "DOMESTIC_E", domesticF = "DOMESTIC_F"
    case domesticG = "DOMESTIC_G", domesticH = "DOMESTIC_H", domesticI = "DOMESTIC_I", domesticJ = "DOMESTIC_J"
    case domesticK = "DOMESTIC_K", domesticL = "DOMESTIC_L", domesticM = "DOMESTIC_M", domesticN = "DOMESTIC_N"
    case domesticO = "DOMESTIC_O", gbtAC = "GBT_AC", gbtDC = "GBT_DC", cee16 = "IEC_60309_2_single_16"
    case cee3x16 = "IEC_60309_2_three_16", cee3x32 = "IEC_60309_2_three_32", cee3x64 = "IEC_60309_2_three_64"
    case type1 = "IEC_62196_T1", ccs1 = "IEC_62196_T1_COMBO", type2 = "IEC_62196_T2", ccs2 = "IEC_62196_T2_COMBO"
    case type3A = "IEC_62196_T3A", type3C = "IEC_62196_T3C", mcs = "MCS", nema520 = "NEMA_5_20"
    case nema630 = "NEMA_6_30", nema650 = "NEMA_6_50", nema1030 = "NEMA_10_30", nema1050 = "NEMA_10_50"
    case nema1430 = "NEMA_14_30", nema1450 = "NEMA_14_50", pantographUp = "PANTOGRAPH_BOTTOM_UP"
    case pantographDown = "PANTOGRAPH_TOP_DOWN", nacs = "SAE_J3400", teslaRoadster = "TESLA_R", tesla = "TESLA_S"
  }
  public enum Format: String, Word { case socket = "SOCKET", cable = "CABLE" }
  public enum PowerType: String, Word {
    case ac1 = "AC_1_PHASE", ac2 = "AC_2_PHASE", ac2Split = "AC_2_PHASE_SPLIT", ac3 = "AC_3_PHASE", dc = "DC"

    /// How many conductors carry the current of one phase each; one for DC.
    public var phases: Int {
      switch self {
      case .ac1, .dc: 1
      case .ac2, .ac2Split: 2
      case .ac3: 3
      }
    }
  }

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
  public var details: ConnectorDetails
  /// Further ones: for other ways of charging, or for the time when the first is no longer valid (`Tariff.choose`).
  public var moreTariffs: [ID<Tariff>] = []
  /// True until the operator confirmed what we assumed when the station first spoke of it.
  public var isAssumed: Bool
  /// What the station said of it last, where its EVSE has several; the EVSE's status follows from all of them.
  public var status: EVSE.Status?
  public var updatedAt: Timestamp

  public init(
    id: ID<Connector>, number: Int, standard: Standard = .type2, format: Format = .socket, powerType: PowerType = .ac3,
    maxVoltage: Int = 230, maxAmperage: Int = 32, maxPower: Int? = nil, tariff: ID<Tariff>? = nil,
    details: ConnectorDetails = ConnectorDetails(), isAssumed: Bool = false, status: EVSE.Status? = nil,
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
    self.details = details
    self.isAssumed = isAssumed
    self.status = status
    self.updatedAt = updatedAt
  }

  /// All its tariffs, in their order.
  public var tariffs: [ID<Tariff>] { (tariff.map { [$0] } ?? []) + moreTariffs }

  /// The most that it can give, in W: what the operator wrote, or volts times amperes times phases.
  public var ratedPower: Int {
    maxPower ?? maxVoltage * maxAmperage * powerType.phases
  }
}
