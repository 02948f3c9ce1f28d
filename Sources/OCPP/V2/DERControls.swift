// OCPP 2.1: the controls of a generator on the grid, as grid codes define them.

import Wire

// MARK: - Curves

extension V2 {
  /// What the generator does as a function of voltage, frequency or power.
  public struct DERCurve: Payload {
    public var curveData: [DERCurvePoints] = []
    public var hysteresis: Hysteresis?
    /// 0 is the highest.
    public var priority = 0
    public var reactivePowerParams: ReactivePowerParams?, voltageParams: VoltageParams?
    public var yUnit = Loose<DERUnit>.known(.notApplicable)
    /// Seconds.
    public var responseTime: Decimal?
    public var startTime: Timestamp?
    /// Seconds.
    public var duration: Decimal?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("curveData", &curveData, count: 1...10)
      try w.visit("hysteresis", &hysteresis)
      try w.visit("priority", &priority, 0...)
      try w.visit("reactivePowerParams", &reactivePowerParams)
      try w.visit("voltageParams", &voltageParams)
      try w.visit("yUnit", &yUnit)
      try w.visit("responseTime", &responseTime)
      try w.visit("startTime", &startTime)
      try w.visit("duration", &duration)
    }
  }

  /// A point of a curve: y at x.
  public struct DERCurvePoints: Payload {
    public var x = Decimal.zero, y = Decimal.zero

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("x", &x)
      try w.visit("y", &y)
    }
  }

  public enum DERUnit: String, Word {
    case notApplicable = "Not_Applicable", percentOfMaximumPower = "PctMaxW", percentOfMaximumVar = "PctMaxVar"
    case percentOfAvailablePower = "PctWAvail", percentOfAvailableVar = "PctVarAvail"
    case percentOfEffectiveVoltage = "PctEffectiveV"
  }

  /// How far and how fast a value must be back before the station returns.
  public struct Hysteresis: Payload {
    public var hysteresisHigh: Decimal?, hysteresisLow: Decimal?
    /// Seconds.
    public var hysteresisDelay: Decimal?
    public var hysteresisGradient: Decimal?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("hysteresisHigh", &hysteresisHigh)
      try w.visit("hysteresisLow", &hysteresisLow)
      try w.visit("hysteresisDelay", &hysteresisDelay)
      try w.visit("hysteresisGradient", &hysteresisGradient)
    }
  }

  /// The mean voltage of ten minutes from which on it gives no more, and what it does then.
  public struct VoltageParams: Payload {
    public enum PowerDuringCessation: String, Word { case active = "Active", reactive = "Reactive" }

    /// Percent of the nominal voltage, and seconds.
    public var hv10MinMeanValue: Decimal?
    public var hv10MinMeanTripDelay: Decimal?, powerDuringCessation: Loose<PowerDuringCessation>?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("hv10MinMeanValue", &hv10MinMeanValue)
      try w.visit("hv10MinMeanTripDelay", &hv10MinMeanTripDelay)
      try w.visit("powerDuringCessation", &powerDuringCessation)
    }
  }

  /// The voltage to which reactive power refers, and whether it follows by itself.
  public struct ReactivePowerParams: Payload {
    public var vRef: Decimal?, autonomousVRefEnable: Bool?, autonomousVRefTimeConstant: Decimal?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("vRef", &vRef)
      try w.visit("autonomousVRefEnable", &autonomousVRefEnable)
      try w.visit("autonomousVRefTimeConstant", &autonomousVRefTimeConstant)
    }
  }
}

// MARK: - Fixed values

extension V2 {
  /// A fixed power factor.
  public struct FixedPF: Payload {
    public var priority = 0, displacement = Decimal.zero
    /// True is over-excited.
    public var excitation = false
    public var startTime: Timestamp?, duration: Decimal?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("priority", &priority, 0...)
      try w.visit("displacement", &displacement)
      try w.visit("excitation", &excitation)
      try w.visit("startTime", &startTime)
      try w.visit("duration", &duration)
    }
  }

  /// Fixed reactive power.
  public struct FixedVar: Payload {
    public var priority = 0, setpoint = Decimal.zero, unit = Loose<DERUnit>.known(.notApplicable)
    public var startTime: Timestamp?, duration: Decimal?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("priority", &priority, 0...)
      try w.visit("setpoint", &setpoint)
      try w.visit("unit", &unit)
      try w.visit("startTime", &startTime)
      try w.visit("duration", &duration)
    }
  }

  /// Power as the frequency leaves its band; frequencies in hertz.
  public struct FreqDroop: Payload {
    public var priority = 0, overFreq = Decimal.zero, underFreq = Decimal.zero, overDroop = Decimal.zero
    public var underDroop = Decimal.zero, responseTime = Decimal.zero, startTime: Timestamp?, duration: Decimal?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("priority", &priority, 0...)
      try w.visit("overFreq", &overFreq)
      try w.visit("underFreq", &underFreq)
      try w.visit("overDroop", &overDroop)
      try w.visit("underDroop", &underDroop)
      try w.visit("responseTime", &responseTime)
      try w.visit("startTime", &startTime)
      try w.visit("duration", &duration)
    }
  }

  /// How fast power changes, in percent per second.
  public struct Gradient: Payload {
    public var priority = 0, gradient = Decimal.zero, softGradient = Decimal.zero

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("priority", &priority, 0...)
      try w.visit("gradient", &gradient)
      try w.visit("softGradient", &softGradient)
    }
  }

  /// When a generator may connect: voltages in percent, frequencies in hertz, times in seconds.
  public struct EnterService: Payload {
    public var priority = 0, highVoltage = Decimal.zero, lowVoltage = Decimal.zero, highFreq = Decimal.zero
    public var lowFreq = Decimal.zero, delay: Decimal?, randomDelay: Decimal?, rampRate: Decimal?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("priority", &priority, 0...)
      try w.visit("highVoltage", &highVoltage)
      try w.visit("lowVoltage", &lowVoltage)
      try w.visit("highFreq", &highFreq)
      try w.visit("lowFreq", &lowFreq)
      try w.visit("delay", &delay)
      try w.visit("randomDelay", &randomDelay)
      try w.visit("rampRate", &rampRate)
    }
  }

  /// How much may be given to the grid.
  public struct LimitMaxDischarge: Payload {
    public var priority = 0, pctMaxDischargePower: Decimal?, powerMonitoringMustTrip: DERCurve?, startTime: Timestamp?
    public var duration: Decimal?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("priority", &priority, 0...)
      try w.visit("pctMaxDischargePower", &pctMaxDischargePower)
      try w.visit("powerMonitoringMustTrip", &powerMonitoringMustTrip)
      try w.visit("startTime", &startTime)
      try w.visit("duration", &duration)
    }
  }
}

// MARK: - Controls as a station reports them

extension V2 {
  /// A curve that a station holds.
  public struct DERCurveGet: Payload {
    public var curve = DERCurve(), id = "", curveType = Loose<DERControlKind>.known(.enterService), isDefault = false
    public var isSuperseded = false

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("curve", &curve)
      try w.visit("id", &id, max: 36)
      try w.visit("curveType", &curveType)
      try w.visit("isDefault", &isDefault)
      try w.visit("isSuperseded", &isSuperseded)
    }
  }

  /// A fixed power factor that it holds.
  public struct FixedPFGet: Payload {
    public var fixedPF = FixedPF(), id = "", isDefault = false, isSuperseded = false

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("fixedPF", &fixedPF)
      try w.visit("id", &id, max: 36)
      try w.visit("isDefault", &isDefault)
      try w.visit("isSuperseded", &isSuperseded)
    }
  }

  /// A fixed reactive power that it holds.
  public struct FixedVarGet: Payload {
    public var fixedVar = FixedVar(), id = "", isDefault = false, isSuperseded = false

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("fixedVar", &fixedVar)
      try w.visit("id", &id, max: 36)
      try w.visit("isDefault", &isDefault)
      try w.visit("isSuperseded", &isSuperseded)
    }
  }

  /// A droop by frequency that it holds.
  public struct FreqDroopGet: Payload {
    public var freqDroop = FreqDroop(), id = "", isDefault = false, isSuperseded = false

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("freqDroop", &freqDroop)
      try w.visit("id", &id, max: 36)
      try w.visit("isDefault", &isDefault)
      try w.visit("isSuperseded", &isSuperseded)
    }
  }

  /// How fast power may change, as it holds it.
  public struct GradientGet: Payload {
    public var gradient = Gradient(), id = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("gradient", &gradient)
      try w.visit("id", &id, max: 36)
    }
  }

  /// When it may return to the grid, as it holds it.
  public struct EnterServiceGet: Payload {
    public var enterService = EnterService(), id = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("enterService", &enterService)
      try w.visit("id", &id, max: 36)
    }
  }

  /// The most that it may give back, as it holds it.
  public struct LimitMaxDischargeGet: Payload {
    public var id = "", isDefault = false, isSuperseded = false, limitMaxDischarge = LimitMaxDischarge()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("id", &id, max: 36)
      try w.visit("isDefault", &isDefault)
      try w.visit("isSuperseded", &isSuperseded)
      try w.visit("limitMaxDischarge", &limitMaxDischarge)
    }
  }
}
