// OCPP 2.1 block Q, Bidirectional Power Transfer.

import Domain
import Wire

// MARK: - NotifyAllowedEnergyTransfer (Q02)

extension V2 {
  /// How a vehicle may exchange energy in its session from now on.
  public struct NotifyAllowedEnergyTransfer: Message {
    public static let action = "NotifyAllowedEnergyTransfer"
    public static let since = Edition.v21
    public var transactionId = "", allowedEnergyTransfer: [Loose<EnergyTransferMode>] = []

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("transactionId", &transactionId, max: 36)
      try w.visit("allowedEnergyTransfer", &allowedEnergyTransfer, count: 1...)
    }

    public typealias Reply = YesOrNo
  }
}

// MARK: - AFRRSignal (Q08)

extension V2 {
  /// A signal of the grid (automatic frequency restoration), to be followed by a curve of the schedule.
  public struct AFRRSignal: Message {
    public static let action = "AFRRSignal"
    public static let since = Edition.v21
    public var timestamp = Timestamp.epoch, signal = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("timestamp", &timestamp)
      try w.visit("signal", &signal)
    }

    public typealias Reply = YesOrNo
  }
}

// MARK: - The house's words (Q03 to Q10)

extension V2.ChargingSchedulePeriod {
  /// Energy may flow both ways.
  mutating func flow(_ wish: Domain.ChargingProfile.Bidirectional) {
    operationMode = .known(V2.OperationMode(wish.mode))
    setpoint = wish.setpoint?.rounded(toPlaces: 1, .down)
    dischargeLimit = wish.dischargeLimit?.rounded(toPlaces: 1, .down)
    v2xBaseline = wish.baseline
    v2xFreqWattCurve = wish.frequencyCurve?.map { point in
      var mine = V2.V2XFreqWattPoint()
      (mine.frequency, mine.power) = (point.at, point.power)
      return mine
    }
    v2xSignalWattCurve = wish.signalCurve?.map { point in
      var mine = V2.V2XSignalWattPoint()
      (mine.signal, mine.power) = (Int(point.at.asInt64(scaledBy: 0) ?? 0), point.power)
      return mine
    }
    // Where the house says what flows there are no limits beside it (Q03.FR.02).
    if wish.mode == .centralSetpoint { limit = nil }
  }

  /// The same in the house's words; nil where energy flows one way.
  var bidirectional: Domain.ChargingProfile.Bidirectional? {
    guard let mode = operationMode?.word else { return nil }
    var told = Domain.ChargingProfile.Bidirectional()
    told.mode = mode.plain
    (told.setpoint, told.dischargeLimit, told.baseline) = (setpoint, dischargeLimit, v2xBaseline)
    told.frequencyCurve = v2xFreqWattCurve?.map { point in
      var mine = Domain.ChargingProfile.Bidirectional.Point()
      (mine.at, mine.power) = (point.frequency, point.power)
      return mine
    }
    told.signalCurve = v2xSignalWattCurve?.map { point in
      var mine = Domain.ChargingProfile.Bidirectional.Point()
      (mine.at, mine.power) = (Decimal(point.signal), point.power)
      return mine
    }
    return told
  }
}

extension V2.ChargingScheduleUpdate {
  /// What a period says now, as it would stand in a profile.
  init(_ period: Domain.ChargingProfile.Period) {
    self.init()
    var mine = V2.ChargingSchedulePeriod()
    mine.limit = period.limit.rounded(toPlaces: 1, .down)
    if let flow = period.bidirectional { mine.flow(flow) }
    (limit, setpoint, dischargeLimit) = (mine.limit, mine.setpoint, mine.dischargeLimit)
  }
}

extension V2.OperationMode {
  init(_ mode: Domain.ChargingProfile.Bidirectional.Mode) {
    switch mode {
    case .chargingOnly: self = .chargingOnly
    case .idle: self = .idle
    case .centralSetpoint: self = .centralSetpoint
    case .externalSetpoint: self = .externalSetpoint
    case .externalLimits: self = .externalLimits
    case .centralFrequency: self = .centralFrequency
    case .localFrequency: self = .localFrequency
    case .localLoadBalancing: self = .localLoadBalancing
    }
  }

  var plain: Domain.ChargingProfile.Bidirectional.Mode {
    switch self {
    case .chargingOnly: .chargingOnly
    case .idle: .idle
    case .centralSetpoint: .centralSetpoint
    case .externalSetpoint: .externalSetpoint
    case .externalLimits: .externalLimits
    case .centralFrequency: .centralFrequency
    case .localFrequency: .localFrequency
    case .localLoadBalancing: .localLoadBalancing
    }
  }
}
