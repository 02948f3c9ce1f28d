// OCPP 2.x block K, Smart Charging: what a vehicle asks for over ISO 15118, and what it chose.

import Domain
import Wire

// MARK: - NotifyEVChargingNeeds (K15)

extension V2 {
  /// A vehicle says how it would like to charge, and waits for a profile.
  public struct NotifyEVChargingNeeds: Message {
    public static let action = "NotifyEVChargingNeeds"
    public var maxScheduleTuples: Int?, chargingNeeds = ChargingNeeds(), evseId = 0, timestamp: Timestamp?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("maxScheduleTuples", &maxScheduleTuples, w.natural)
      try w.visit("chargingNeeds", &chargingNeeds)
      try w.visit("evseId", &evseId, w.positive)
      try w.visit("timestamp", &timestamp, since: .v21)
    }

    public enum Status: String, Answering {
      case accepted = "Accepted", rejected = "Rejected", processing = "Processing"
      case noChargingProfile = "NoChargingProfile"

      public var since: Edition {
        self == .noChargingProfile ? .v21 : .first
      }
    }

    public typealias Reply = Answer<Status>
  }

  /// How a vehicle would like to charge.
  public struct ChargingNeeds: Payload {
    public enum ControlMode: String, Word {
      case scheduledControl = "ScheduledControl", dynamicControl = "DynamicControl"
    }
    public enum MobilityNeedsMode: String, Word { case evcc = "EVCC", evccAndSECC = "EVCC_SECC" }

    public var acChargingParameters: ACChargingParameters?, dcChargingParameters: DCChargingParameters?
    public var requestedEnergyTransfer = Loose<EnergyTransferMode>.known(.dc), departureTime: Timestamp?
    public var derChargingParameters: DERChargingParameters?, evEnergyOffer: EVEnergyOffer?
    public var v2xChargingParameters: V2XChargingParameters?, availableEnergyTransfer: [Loose<EnergyTransferMode>]?
    public var controlMode: Loose<ControlMode>?, mobilityNeedsMode: Loose<MobilityNeedsMode>?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("acChargingParameters", &acChargingParameters)
      try w.visit("dcChargingParameters", &dcChargingParameters)
      try w.visit("requestedEnergyTransfer", &requestedEnergyTransfer)
      try w.visit("departureTime", &departureTime)
      try w.visit("derChargingParameters", &derChargingParameters, since: .v21)
      try w.visit("evEnergyOffer", &evEnergyOffer, since: .v21)
      try w.visit("v2xChargingParameters", &v2xChargingParameters, since: .v21)
      try w.visit("availableEnergyTransfer", &availableEnergyTransfer, count: 1..., since: .v21)
      try w.visit("controlMode", &controlMode, since: .v21)
      try w.visit("mobilityNeedsMode", &mobilityNeedsMode, since: .v21)
    }
  }

  public enum EnergyTransferMode: String, Word {
    case dc = "DC", acSinglePhase = "AC_single_phase", acTwoPhase = "AC_two_phase", acThreePhase = "AC_three_phase"
    case acBidirectional = "AC_BPT", acBidirectionalDER = "AC_BPT_DER", acDER = "AC_DER", dcBidirectional = "DC_BPT"
    case dcACDP = "DC_ACDP", dcACDPBidirectional = "DC_ACDP_BPT", wpt = "WPT"

    public var since: Edition {
      switch self {
      case .acBidirectional, .acBidirectionalDER, .acDER, .dcBidirectional, .dcACDP, .dcACDPBidirectional, .wpt: .v21
      default: .first
      }
    }
  }

  /// Energy in Wh, currents in amperes per phase, voltage in volts.
  public struct ACChargingParameters: Payload {
    public var energyAmount = Measure(), evMinCurrent = Measure(), evMaxCurrent = Measure(), evMaxVoltage = Measure()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("energyAmount", &energyAmount)
      try w.visit("evMinCurrent", &evMinCurrent)
      try w.visit("evMaxCurrent", &evMaxCurrent)
      try w.visit("evMaxVoltage", &evMaxVoltage)
    }
  }

  /// Currents in amperes, voltage in volts, power in watts, energies in Wh, states of charge in percent.
  public struct DCChargingParameters: Payload {
    public var evMaxCurrent = Measure(), evMaxVoltage = Measure(), energyAmount: Measure?, evMaxPower: Measure?
    public var stateOfCharge: Int?, evEnergyCapacity: Measure?
    /// Where the vehicle counts as full, and where fast charging ends.
    public var fullSoC: Int?
    public var bulkSoC: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("evMaxCurrent", &evMaxCurrent)
      try w.visit("evMaxVoltage", &evMaxVoltage)
      try w.visit("energyAmount", &energyAmount)
      try w.visit("evMaxPower", &evMaxPower)
      try w.visit("stateOfCharge", &stateOfCharge, 0...100)
      try w.visit("evEnergyCapacity", &evEnergyCapacity)
      try w.visit("fullSoC", &fullSoC, 0...100)
      try w.visit("bulkSoC", &bulkSoC, 0...100)
    }
  }
}

extension V2.ChargingNeeds {
  /// What the vehicle would like to get: by ISO 15118-2, or what it aims at by ISO 15118-20.
  var energy: Energy? {
    let wattHours =
      acChargingParameters?.energyAmount.value ?? dcChargingParameters?.energyAmount?.value
      ?? v2xChargingParameters?.evTargetEnergyRequest
    return wattHours.flatMap { $0 > .zero ? Energy(wattHours: $0) : nil }
  }
}

// MARK: - NotifyEVChargingSchedule (K15, K17)

extension V2 {
  /// What the vehicle made of the profile.
  public struct NotifyEVChargingSchedule: Message {
    public static let action = "NotifyEVChargingSchedule"
    public var timeBase = Timestamp.epoch, chargingSchedule = ChargingSchedule(), evseId = 0
    public var selectedChargingScheduleId: Int?, powerToleranceAcceptance: Bool?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("timeBase", &timeBase)
      try w.visit("chargingSchedule", &chargingSchedule)
      try w.visit("evseId", &evseId, w.positive)
      try w.visit("selectedChargingScheduleId", &selectedChargingScheduleId, 0..., since: .v21)
      try w.visit("powerToleranceAcceptance", &powerToleranceAcceptance, since: .v21)
    }

    public typealias Reply = YesOrNo
  }
}

// MARK: - Giving back energy (Q01)

extension V2 {
  /// Powers in watts, currents in amperes, voltages in volts, energies in Wh, the state of charge in percent.
  public struct V2XChargingParameters: Payload {
    public var minChargePower: Decimal?, minChargePowerL2: Decimal?, minChargePowerL3: Decimal?
    public var maxChargePower: Decimal?, maxChargePowerL2: Decimal?, maxChargePowerL3: Decimal?
    public var minDischargePower: Decimal?, minDischargePowerL2: Decimal?, minDischargePowerL3: Decimal?
    public var maxDischargePower: Decimal?, maxDischargePowerL2: Decimal?, maxDischargePowerL3: Decimal?
    public var minChargeCurrent: Decimal?, maxChargeCurrent: Decimal?, minDischargeCurrent: Decimal?
    public var maxDischargeCurrent: Decimal?, minVoltage: Decimal?, maxVoltage: Decimal?
    public var evTargetEnergyRequest: Decimal?, evMinEnergyRequest: Decimal?, evMaxEnergyRequest: Decimal?
    public var evMinV2XEnergyRequest: Decimal?, evMaxV2XEnergyRequest: Decimal?, targetSoC: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("minChargePower", &minChargePower)
      try w.visit("minChargePower_L2", &minChargePowerL2)
      try w.visit("minChargePower_L3", &minChargePowerL3)
      try w.visit("maxChargePower", &maxChargePower)
      try w.visit("maxChargePower_L2", &maxChargePowerL2)
      try w.visit("maxChargePower_L3", &maxChargePowerL3)
      try w.visit("minDischargePower", &minDischargePower)
      try w.visit("minDischargePower_L2", &minDischargePowerL2)
      try w.visit("minDischargePower_L3", &minDischargePowerL3)
      try w.visit("maxDischargePower", &maxDischargePower)
      try w.visit("maxDischargePower_L2", &maxDischargePowerL2)
      try w.visit("maxDischargePower_L3", &maxDischargePowerL3)
      try w.visit("minChargeCurrent", &minChargeCurrent)
      try w.visit("maxChargeCurrent", &maxChargeCurrent)
      try w.visit("minDischargeCurrent", &minDischargeCurrent)
      try w.visit("maxDischargeCurrent", &maxDischargeCurrent)
      try w.visit("minVoltage", &minVoltage)
      try w.visit("maxVoltage", &maxVoltage)
      try w.visit("evTargetEnergyRequest", &evTargetEnergyRequest)
      try w.visit("evMinEnergyRequest", &evMinEnergyRequest)
      try w.visit("evMaxEnergyRequest", &evMaxEnergyRequest)
      try w.visit("evMinV2XEnergyRequest", &evMinV2XEnergyRequest)
      try w.visit("evMaxV2XEnergyRequest", &evMaxV2XEnergyRequest)
      try w.visit("targetSoC", &targetSoC, 0...100)
    }
  }
}

// MARK: - What a vehicle offers (K18)

extension V2 {
  /// Energy that a vehicle would give back, and its price.
  public struct EVEnergyOffer: Payload {
    public var evAbsolutePriceSchedule: EVAbsolutePriceSchedule?, evPowerSchedule = EVPowerSchedule()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("evAbsolutePriceSchedule", &evAbsolutePriceSchedule)
      try w.visit("evPowerSchedule", &evPowerSchedule)
    }
  }

  /// What power a vehicle offers, and when.
  public struct EVPowerSchedule: Payload {
    public var evPowerScheduleEntries: [EVPowerScheduleEntry] = []
    public var timeAnchor = Timestamp.epoch

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("evPowerScheduleEntries", &evPowerScheduleEntries, count: 1...1024)
      try w.visit("timeAnchor", &timeAnchor)
    }
  }

  /// Seconds, and watts.
  public struct EVPowerScheduleEntry: Payload {
    public var duration = 0, power = Decimal.zero

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("duration", &duration)
      try w.visit("power", &power)
    }
  }

  /// What it wants for that.
  public struct EVAbsolutePriceSchedule: Payload {
    public var timeAnchor = Timestamp.epoch, currency = ""
    public var evAbsolutePriceScheduleEntries: [EVAbsolutePriceScheduleEntry] = []
    public var priceAlgorithm = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("timeAnchor", &timeAnchor)
      try w.visit("currency", &currency, max: 3)
      try w.visit("evAbsolutePriceScheduleEntries", &evAbsolutePriceScheduleEntries, count: 1...1024)
      try w.visit("priceAlgorithm", &priceAlgorithm, max: 2000)
    }
  }

  /// Its prices for some seconds.
  public struct EVAbsolutePriceScheduleEntry: Payload {
    public var duration = 0, evPriceRule: [EVPriceRule] = []

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("duration", &duration)
      try w.visit("evPriceRule", &evPriceRule, count: 1...8)
    }
  }

  /// Its price from a power on.
  public struct EVPriceRule: Payload {
    public var energyFee = Decimal.zero, powerRangeStart = Decimal.zero

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("energyFee", &energyFee)
      try w.visit("powerRangeStart", &powerRangeStart)
    }
  }
}

// MARK: - A vehicle as a generator (R02)

extension V2 {
  /// Powers in watts, volt-amperes and vars, voltages in volts, times in seconds, currents in amperes.
  public struct DERChargingParameters: Payload {
    public enum IslandingDetection: String, Word {
      case noAntiIslandingSupport = "NoAntiIslandingSupport", rateOfChangeOfFrequency = "RoCoF"
      case voltageProtection = "UVP_OVP", frequencyProtection = "UFP_OFP", voltageVectorShift = "VoltageVectorShift"
      case zeroCrossingDetection = "ZeroCrossingDetection", otherPassive = "OtherPassive"
      case impedanceMeasurement = "ImpedanceMeasurement", impedanceAtFrequency = "ImpedanceAtFrequency"
      case slipModeFrequencyShift = "SlipModeFrequencyShift", sandiaFrequencyShift = "SandiaFrequencyShift"
      case sandiaVoltageShift = "SandiaVoltageShift", frequencyJump = "FrequencyJump", rclqFactor = "RCLQFactor"
      case otherActive = "OtherActive"
    }

    public var evSupportedDERControl: [Loose<DERControlKind>]?
    public var evOverExcitedMaxDischargePower: Decimal?, evOverExcitedPowerFactor: Decimal?
    public var evUnderExcitedMaxDischargePower: Decimal?, evUnderExcitedPowerFactor: Decimal?
    public var maxApparentPower: Decimal?, maxChargeApparentPower: Decimal?, maxChargeApparentPowerL2: Decimal?
    public var maxChargeApparentPowerL3: Decimal?, maxDischargeApparentPower: Decimal?
    public var maxDischargeApparentPowerL2: Decimal?, maxDischargeApparentPowerL3: Decimal?
    public var maxChargeReactivePower: Decimal?, maxChargeReactivePowerL2: Decimal?
    public var maxChargeReactivePowerL3: Decimal?, minChargeReactivePower: Decimal?
    public var minChargeReactivePowerL2: Decimal?, minChargeReactivePowerL3: Decimal?
    public var maxDischargeReactivePower: Decimal?, maxDischargeReactivePowerL2: Decimal?
    public var maxDischargeReactivePowerL3: Decimal?, minDischargeReactivePower: Decimal?
    public var minDischargeReactivePowerL2: Decimal?, minDischargeReactivePowerL3: Decimal?, nominalVoltage: Decimal?
    public var nominalVoltageOffset: Decimal?, maxNominalVoltage: Decimal?, minNominalVoltage: Decimal?
    public var evInverterManufacturer: String?, evInverterModel: String?, evInverterSerialNumber: String?
    public var evInverterSwVersion: String?, evInverterHwVersion: String?
    public var evIslandingDetectionMethod: [Loose<IslandingDetection>]?
    public var evIslandingTripTime: Decimal?, evMaximumLevel1DCInjection: Decimal?
    public var evDurationLevel1DCInjection: Decimal?, evMaximumLevel2DCInjection: Decimal?
    public var evDurationLevel2DCInjection: Decimal?, evReactiveSusceptance: Decimal?
    public var evSessionTotalDischargeEnergyAvailable: Decimal?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("evSupportedDERControl", &evSupportedDERControl, count: 1...)
      try w.visit("evOverExcitedMaxDischargePower", &evOverExcitedMaxDischargePower)
      try w.visit("evOverExcitedPowerFactor", &evOverExcitedPowerFactor)
      try w.visit("evUnderExcitedMaxDischargePower", &evUnderExcitedMaxDischargePower)
      try w.visit("evUnderExcitedPowerFactor", &evUnderExcitedPowerFactor)
      try w.visit("maxApparentPower", &maxApparentPower)
      try w.visit("maxChargeApparentPower", &maxChargeApparentPower)
      try w.visit("maxChargeApparentPower_L2", &maxChargeApparentPowerL2)
      try w.visit("maxChargeApparentPower_L3", &maxChargeApparentPowerL3)
      try w.visit("maxDischargeApparentPower", &maxDischargeApparentPower)
      try w.visit("maxDischargeApparentPower_L2", &maxDischargeApparentPowerL2)
      try w.visit("maxDischargeApparentPower_L3", &maxDischargeApparentPowerL3)
      try w.visit("maxChargeReactivePower", &maxChargeReactivePower)
      try w.visit("maxChargeReactivePower_L2", &maxChargeReactivePowerL2)
      try w.visit("maxChargeReactivePower_L3", &maxChargeReactivePowerL3)
      try w.visit("minChargeReactivePower", &minChargeReactivePower)
      try w.visit("minChargeReactivePower_L2", &minChargeReactivePowerL2)
      try w.visit("minChargeReactivePower_L3", &minChargeReactivePowerL3)
      try w.visit("maxDischargeReactivePower", &maxDischargeReactivePower)
      try w.visit("maxDischargeReactivePower_L2", &maxDischargeReactivePowerL2)
      try w.visit("maxDischargeReactivePower_L3", &maxDischargeReactivePowerL3)
      try w.visit("minDischargeReactivePower", &minDischargeReactivePower)
      try w.visit("minDischargeReactivePower_L2", &minDischargeReactivePowerL2)
      try w.visit("minDischargeReactivePower_L3", &minDischargeReactivePowerL3)
      try w.visit("nominalVoltage", &nominalVoltage)
      try w.visit("nominalVoltageOffset", &nominalVoltageOffset)
      try w.visit("maxNominalVoltage", &maxNominalVoltage)
      try w.visit("minNominalVoltage", &minNominalVoltage)
      try w.visit("evInverterManufacturer", &evInverterManufacturer, max: 50)
      try w.visit("evInverterModel", &evInverterModel, max: 50)
      try w.visit("evInverterSerialNumber", &evInverterSerialNumber, max: 50)
      try w.visit("evInverterSwVersion", &evInverterSwVersion, max: 50)
      try w.visit("evInverterHwVersion", &evInverterHwVersion, max: 50)
      try w.visit("evIslandingDetectionMethod", &evIslandingDetectionMethod, count: 1...)
      try w.visit("evIslandingTripTime", &evIslandingTripTime)
      try w.visit("evMaximumLevel1DCInjection", &evMaximumLevel1DCInjection)
      try w.visit("evDurationLevel1DCInjection", &evDurationLevel1DCInjection)
      try w.visit("evMaximumLevel2DCInjection", &evMaximumLevel2DCInjection)
      try w.visit("evDurationLevel2DCInjection", &evDurationLevel2DCInjection)
      try w.visit("evReactiveSusceptance", &evReactiveSusceptance)
      try w.visit("evSessionTotalDischargeEnergyAvailable", &evSessionTotalDischargeEnergyAvailable)
    }
  }
}
