// OCPP 2.x: what a meter shows.

import Domain
import Wire

// MARK: - Meter values

extension V2 {
  /// Samples of one moment.
  public struct MeterValue: Payload {
    public var sampledValue: [SampledValue] = []
    /// The epoch where the station's text is no time.
    public var timestamp = Timestamp.epoch

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("sampledValue", &sampledValue, count: 1...)
      try w.visit("timestamp", &timestamp)
    }
  }

  /// One number of a meter. Where nothing else is said it is the imported energy in Wh, sampled periodically.
  public struct SampledValue: Payload {
    public enum Context: String, Word {
      case interruptionBegin = "Interruption.Begin", interruptionEnd = "Interruption.End", other = "Other"
      case clock = "Sample.Clock", periodic = "Sample.Periodic", begin = "Transaction.Begin", end = "Transaction.End"
      case trigger = "Trigger"
    }
    public enum Measurand: String, Word {
      case currentExport = "Current.Export", currentImport = "Current.Import", currentOffered = "Current.Offered"
      case energyExport = "Energy.Active.Export.Register", energyImport = "Energy.Active.Import.Register"
      case reactiveExport = "Energy.Reactive.Export.Register", reactiveImport = "Energy.Reactive.Import.Register"
      case energyExportInterval = "Energy.Active.Export.Interval"
      case energyImportInterval = "Energy.Active.Import.Interval", energyNet = "Energy.Active.Net"
      case reactiveExportInterval = "Energy.Reactive.Export.Interval"
      case reactiveImportInterval = "Energy.Reactive.Import.Interval", reactiveNet = "Energy.Reactive.Net"
      case apparentNet = "Energy.Apparent.Net", apparentImport = "Energy.Apparent.Import"
      case apparentExport = "Energy.Apparent.Export", frequency = "Frequency", powerExport = "Power.Active.Export"
      case powerImport = "Power.Active.Import", powerFactor = "Power.Factor", powerOffered = "Power.Offered"
      case powerReactiveExport = "Power.Reactive.Export", powerReactiveImport = "Power.Reactive.Import"
      case stateOfCharge = "SoC", voltage = "Voltage", currentExportOffered = "Current.Export.Offered"
      case currentExportMinimum = "Current.Export.Minimum", currentImportOffered = "Current.Import.Offered"
      case currentImportMinimum = "Current.Import.Minimum", displayPresentSoC = "Display.PresentSOC"
      case displayMinimumSoC = "Display.MinimumSOC", displayTargetSoC = "Display.TargetSOC"
      case displayMaximumSoC = "Display.MaximumSOC", displayTimeToMinimumSoC = "Display.RemainingTimeToMinimumSOC"
      case displayTimeToTargetSoC = "Display.RemainingTimeToTargetSOC"
      case displayTimeToMaximumSoC = "Display.RemainingTimeToMaximumSOC"
      case displayChargingComplete = "Display.ChargingComplete"
      case displayBatteryEnergyCapacity = "Display.BatteryEnergyCapacity", displayInletHot = "Display.InletHot"
      case cableLoss = "Energy.Active.Import.CableLoss"
      case localGeneration = "Energy.Active.Import.LocalGeneration.Register"
      case energySetpointInterval = "Energy.Active.Setpoint.Interval", energyRequestTarget = "EnergyRequest.Target"
      case energyRequestMinimum = "EnergyRequest.Minimum", energyRequestMaximum = "EnergyRequest.Maximum"
      case energyRequestMinimumV2X = "EnergyRequest.Minimum.V2X"
      case energyRequestMaximumV2X = "EnergyRequest.Maximum.V2X", energyRequestBulk = "EnergyRequest.Bulk"
      case powerSetpoint = "Power.Active.Setpoint", powerResidual = "Power.Active.Residual"
      case powerExportMinimum = "Power.Export.Minimum", powerExportOffered = "Power.Export.Offered"
      case powerImportOffered = "Power.Import.Offered", powerImportMinimum = "Power.Import.Minimum"
      case voltageMinimum = "Voltage.Minimum", voltageMaximum = "Voltage.Maximum"

      public var since: Edition {
        switch self {
        case .currentExportOffered, .currentExportMinimum, .currentImportOffered, .currentImportMinimum,
          .displayPresentSoC, .displayMinimumSoC, .displayTargetSoC, .displayMaximumSoC, .displayTimeToMinimumSoC,
          .displayTimeToTargetSoC, .displayTimeToMaximumSoC, .displayChargingComplete,
          .displayBatteryEnergyCapacity, .displayInletHot, .cableLoss, .localGeneration, .energySetpointInterval,
          .energyRequestTarget, .energyRequestMinimum, .energyRequestMaximum, .energyRequestMinimumV2X,
          .energyRequestMaximumV2X, .energyRequestBulk, .powerSetpoint, .powerResidual, .powerExportMinimum,
          .powerExportOffered, .powerImportOffered, .powerImportMinimum, .voltageMinimum, .voltageMaximum:
          .v21
        default: .first
        }
      }
    }
    public enum Phase: String, Word {
      case l1 = "L1", l2 = "L2", l3 = "L3", n = "N", l1n = "L1-N", l2n = "L2-N", l3n = "L3-N", l1l2 = "L1-L2"
      case l2l3 = "L2-L3", l3l1 = "L3-L1"
    }
    public enum Location: String, Word {
      case body = "Body", cable = "Cable", ev = "EV", inlet = "Inlet", outlet = "Outlet", upstream = "Upstream"

      public var since: Edition {
        self == .upstream ? .v21 : .first
      }
    }

    public var value = Measured(.zero), context: Loose<Context>?, measurand: Loose<Measurand>?, phase: Loose<Phase>?
    public var location: Loose<Location>?, signedMeterValue: SignedMeterValue?, unitOfMeasure: UnitOfMeasure?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("value", &value)
      try w.visit("context", &context)
      try w.visit("measurand", &measurand)
      try w.visit("phase", &phase)
      try w.visit("location", &location)
      try w.visit("signedMeterValue", &signedMeterValue)
      try w.visit("unitOfMeasure", &unitOfMeasure)
    }
  }

  /// A reading as the meter itself signed it. 2.1 leaves out what the signed data hold already.
  public struct SignedMeterValue: Payload {
    /// Base64.
    public var signedMeterData = ""
    public var signingMethod: String?, encodingMethod = ""
    /// Base64; empty where the station was told to leave it out.
    public var publicKey: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("signedMeterData", &signedMeterData, max: w.limit(2500, v21: 32768))
      try w.visit("signingMethod", &signingMethod, max: 50, expected: w.edition < .v21)
      try w.visit("encodingMethod", &encodingMethod, max: 50)
      try w.visit("publicKey", &publicKey, max: 2500, expected: w.edition < .v21)
    }
  }

  /// The unit of a sample, `Wh` where none is named; the value counts times ten to the power of `multiplier`.
  public struct UnitOfMeasure: Payload {
    public var unit: String?, multiplier: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("unit", &unit, max: 20)
      try w.visit("multiplier", &multiplier)
    }
  }
}

extension V2.SignedMeterValue {
  /// In the house's words: as text where the data are some, which most meters' are.
  var reading: SignedReading {
    let text = Bytes(base64: signedMeterData).flatMap { String(utf8: $0) }
    let isText = text?.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" || $0 == "\r" || $0 == "\t" } ?? false
    return SignedReading(
      format: encodingMethod, method: signingMethod.flatMap { $0.isEmpty ? nil : $0 },
      key: publicKey.flatMap { $0.isEmpty ? nil : $0 }, data: isText ? text ?? "" : signedMeterData, isBinary: !isText)
  }
}
// MARK: - Readings

extension Samples {
  /// The readings of 2.x's meter values: they say in numbers and powers of ten what those of 1.6 say in texts.
  init(_ values: [V2.MeterValue], payload: JSONTape.Element?, received: Timestamp) {
    self.init(values.map { V16.MeterValue($0) }, payload: payload, received: received)
    // A moment without any sample gave no reading.
    for (place, value) in zip(readings.indices, values.filter { !$0.sampledValue.isEmpty }) {
      readings[place].signed = value.sampledValue.compactMap { $0.signedMeterValue?.reading }
    }
  }
}

extension V16.MeterValue {
  fileprivate init(_ value: V2.MeterValue) {
    timestamp = value.timestamp
    sampledValue = value.sampledValue.map { V16.SampledValue($0) }
  }
}

extension V16.SampledValue {
  fileprivate init(_ sample: V2.SampledValue) {
    let shift = min(max(sample.unitOfMeasure?.multiplier ?? 0, -9), 9)
    // What no meter shows is passed on as it is, and passed over there.
    if let read = sample.value.decimal, read.magnitude <= OCPPLimits.sampleMagnitude {
      let exact = read.rounded(toPlaces: OCPPLimits.samplePlaces, .halfUp)
      value = (exact * (shift >= 0 ? Self.powers[shift] : Decimal(1, places: -shift))).description
    } else {
      value = sample.value.decimal?.description ?? ""
    }
    context = sample.context.map { Loose($0.text) }
    measurand = sample.measurand.map { Loose($0.text) }
    phase = sample.phase.map { Loose($0.text) }
    location = sample.location.map { Loose($0.text) }
    unit = sample.unitOfMeasure?.unit.map { Loose($0) }
  }

  private static let powers = (0...9).map { power in (0..<power).reduce(Decimal(1)) { ten, _ in ten * Decimal(10) } }
}
