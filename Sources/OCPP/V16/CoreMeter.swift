// OCPP 1.6 Core: sampled values of a meter, and the one reading that they amount to.

import Domain
import Wire

// MARK: - MeterValues (§4.7)

extension V16 {
  /// Readings of a connector, within a transaction or beside it.
  public struct MeterValues: Message {
    public static let action = "MeterValues"
    public var connectorId = 0, transactionId: Int64?, meterValue: [MeterValue] = []

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("connectorId", &connectorId, 0...)
      try w.visit("transactionId", &transactionId)
      try w.visit("meterValue", &meterValue, count: 1...)
    }

    public struct Reply: Payload {
      public init() {}
      public mutating func walk(_ w: inout some Walker) throws(Flaw) {}
    }

    static let route = Route(Self.self, parked: Reply()) { (call, station) throws(TurnFault) in
      let samples = Samples(call.meterValue, payload: call.payload["meterValue"], received: call.received)
      if !samples.oddities.isEmpty { try station.flag(action: action, oddities: samples.oddities) }
      if !samples.readings.isEmpty {
        try station.meter(
          MeterReport(evse: call.connectorId, transaction: call.transactionId, readings: samples.readings))
      }
      return .reply(Reply())
    }
  }

  /// Samples of one moment (§7.33).
  public struct MeterValue: Payload {
    /// The epoch where the station's text is no time.
    public var timestamp = Timestamp.epoch, sampledValue: [SampledValue] = []

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("timestamp", &timestamp)
      try w.visit("sampledValue", &sampledValue, count: 1...)
    }
  }

  /// One number of a meter (§7.43). The value is a text by the specification; numbers are taken too.
  public struct SampledValue: Payload {
    public enum Context: String, Word {
      case interruptionBegin = "Interruption.Begin", interruptionEnd = "Interruption.End", clock = "Sample.Clock"
      case periodic = "Sample.Periodic", begin = "Transaction.Begin", end = "Transaction.End", trigger = "Trigger"
      case other = "Other"
    }
    public enum Format: String, Word { case raw = "Raw", signedData = "SignedData" }
    public enum Measurand: String, Word {
      case energyExport = "Energy.Active.Export.Register", energyImport = "Energy.Active.Import.Register"
      case reactiveExport = "Energy.Reactive.Export.Register", reactiveImport = "Energy.Reactive.Import.Register"
      case energyExportInterval = "Energy.Active.Export.Interval"
      case energyImportInterval = "Energy.Active.Import.Interval"
      case reactiveExportInterval = "Energy.Reactive.Export.Interval"
      case reactiveImportInterval = "Energy.Reactive.Import.Interval"
      case powerExport = "Power.Active.Export", powerImport = "Power.Active.Import", powerOffered = "Power.Offered"
      case powerReactiveExport = "Power.Reactive.Export", powerReactiveImport = "Power.Reactive.Import"
      case powerFactor = "Power.Factor", currentImport = "Current.Import", currentExport = "Current.Export"
      case currentOffered = "Current.Offered", voltage = "Voltage", frequency = "Frequency", temperature = "Temperature"
      case stateOfCharge = "SoC", fanSpeed = "RPM"
    }
    public enum Phase: String, Word {
      case l1 = "L1", l2 = "L2", l3 = "L3", n = "N", l1n = "L1-N", l2n = "L2-N", l3n = "L3-N"
      case l1l2 = "L1-L2", l2l3 = "L2-L3", l3l1 = "L3-L1"
    }
    public enum Location: String, Word {
      case cable = "Cable", ev = "EV", inlet = "Inlet", outlet = "Outlet", body = "Body"
    }
    /// Both spellings of Celsius are to be accepted (OCPP-J 1.6 errata §2.1); frequency has no unit of its own in 1.6.
    public enum Unit: String, Word {
      case wattHours = "Wh", kilowattHours = "kWh", varHours = "varh", kilovarHours = "kvarh"
      case watts = "W", kilowatts = "kW"
      case voltAmperes = "VA", kilovoltAmperes = "kVA", vars = "var", kilovars = "kvar", amperes = "A", volts = "V"
      case kelvin = "K", celcius = "Celcius", celsius = "Celsius", fahrenheit = "Fahrenheit", percent = "Percent"
    }

    public var value = "", context: Loose<Context>?, format: Loose<Format>?, measurand: Loose<Measurand>?
    public var phase: Loose<Phase>?, location: Loose<Location>?, unit: Loose<Unit>?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("value", &value)
      try w.visit("context", &context)
      try w.visit("format", &format)
      try w.visit("measurand", &measurand)
      try w.visit("phase", &phase)
      try w.visit("location", &location)
      try w.visit("unit", &unit)
    }
  }
}

// MARK: - Readings

/// The readings of some meter values, in the house's units, and what was odd about them. A moment without any sample
/// gives no reading.
struct Samples {
  var readings: [Reading] = []
  private(set) var oddities: [Oddity] = []

  /// `payload` is the array as it came: its samples are the readings' evidence.
  init(_ values: [V16.MeterValue], payload: JSONTape.Element?, received: Timestamp) {
    // Nulls among the elements were dropped when the values were read.
    let raw = (payload?.elements ?? []).filter { !$0.isNull }
    for (place, value) in values.enumerated() where !value.sampledValue.isEmpty {
      let evidence = place < raw.count ? raw[place]["sampledValue"].map(JSONText.init) : nil
      readings.append(reading(value, evidence ?? .null, received))
    }
  }

  private mutating func reading(_ value: V16.MeterValue, _ evidence: JSONText, _ received: Timestamp) -> Reading {
    var at = value.timestamp
    if !isPlausible(at, received: received) {
      if at != .epoch { note("timestamp", .badTimestamp, at.text) }
      at = received
    }
    let context = Self.context(of: value.sampledValue)
    let samples = value.sampledValue.filter {
      ($0.context?.word ?? .periodic) == context && $0.format?.word != .signedData
    }
    return Reading(
      at: at, register: sum(of: .energyImport, samples, largeUnit: .kilowattHours).flatMap { Energy(wattHours: $0) },
      exported: sum(of: .energyExport, samples, largeUnit: .kilowattHours).flatMap { Energy(wattHours: $0) },
      power: power(samples), current: overAllLines(of: .currentImport, samples),
      lineCurrents: lineCurrents(samples), stateOfCharge: single(.stateOfCharge, samples), context: context.plain,
      raw: evidence,
      signed: value.sampledValue.filter { $0.format?.word == .signedData }.map {
        SignedReading(format: "", data: $0.value)
      })
  }

  /// Some stations repeat the register of the transaction's begin beside every periodic sample: of mixed
  /// contexts, the one that speaks of now counts.
  private static func context(of samples: [V16.SampledValue]) -> V16.SampledValue.Context {
    let order: [V16.SampledValue.Context] = [
      .end, .periodic, .clock, .trigger, .interruptionEnd, .interruptionBegin, .other, .begin,
    ]
    return order.first { wanted in samples.contains { ($0.context?.word ?? .periodic) == wanted } } ?? .periodic
  }

  /// What flows in less what flows back: a meter that tells only one of both means that.
  private mutating func power(_ samples: [V16.SampledValue]) -> Decimal? {
    let taken = sum(of: .powerImport, samples, largeUnit: .kilowatts)
    guard let given = sum(of: .powerExport, samples, largeUnit: .kilowatts) else { return taken }
    return (taken ?? .zero) - given
  }

  /// The total where there is one, else the sum of the phases.
  private mutating func sum(
    of measurand: V16.SampledValue.Measurand, _ samples: [V16.SampledValue], largeUnit: V16.SampledValue.Unit
  ) -> Decimal? {
    let found = numbers(measurand, samples, largeUnit: largeUnit)
    if let total = found.first(where: { $0.line == nil }) { return total.number }
    let lines = Self.oneEach(found)
    return lines.isEmpty ? nil : lines.reduce(.zero) { $0 + $1.number }
  }

  /// The sum of the lines where they are named, else the plain value. Lines go before a plain value: some stations give
  /// one line's current, or the mean, beside them.
  private mutating func overAllLines(
    of measurand: V16.SampledValue.Measurand, _ samples: [V16.SampledValue]
  ) -> Decimal? {
    let found = numbers(measurand, samples, largeUnit: nil)
    let lines = Self.oneEach(found)
    return lines.isEmpty ? found.first?.number : lines.reduce(.zero) { $0 + $1.number }
  }

  /// The current on each line, where the lines are named: what balances a site counts them apart.
  private mutating func lineCurrents(_ samples: [V16.SampledValue]) -> LineCurrents? {
    let found = numbers(.currentImport, samples, largeUnit: nil)
    guard found.contains(where: { $0.line != nil }) else { return nil }
    var currents = LineCurrents.zero
    for sample in Self.oneEach(found) {
      guard let line = sample.line, let current = Current(measured: sample.number) else { continue }
      currents[line - 1] = max(.zero, current)
    }
    return currents
  }

  private mutating func single(_ measurand: V16.SampledValue.Measurand, _ samples: [V16.SampledValue]) -> Decimal? {
    numbers(measurand, samples, largeUnit: nil).first?.number
  }

  private struct Sample {
    /// 1 to 3; nil for a total.
    var line: Int?
    var number: Decimal
  }

  private static func oneEach(_ samples: [Sample]) -> [Sample] {
    (1...3).compactMap { line in samples.first { $0.line == line } }
  }

  /// The samples of one measurand as numbers. The outlet's meter counts; another one only where the outlet has none.
  private mutating func numbers(
    _ measurand: V16.SampledValue.Measurand, _ samples: [V16.SampledValue], largeUnit: V16.SampledValue.Unit?
  ) -> [Sample] {
    let hasOutlet = samples.contains { $0.isOf(measurand) && $0.isAtOutlet }
    var found: [Sample] = []
    for sample in samples where sample.isOf(measurand) && (sample.isAtOutlet || !hasOutlet) {
      let line: Int?
      switch sample.phase?.word {
      case .l1, .l1n: line = 1
      case .l2, .l2n: line = 2
      case .l3, .l3n: line = 3
      case .n, .l1l2, .l2l3, .l3l1: continue
      case nil: line = nil
      }
      guard let number = Decimal(sample.value.trimmed), number.magnitude <= OCPPLimits.sampleMagnitude else {
        note("value", .badNumber, sample.value)
        continue
      }
      let isLarge = largeUnit != nil && sample.unit?.word == largeUnit
      let scaled = isLarge ? number * Decimal(1000) : number
      found.append(Sample(line: line, number: scaled.rounded(toPlaces: OCPPLimits.samplePlaces, .halfUp)))
    }
    return found
  }

  private mutating func note(_ field: String, _ kind: Oddity.Kind, _ raw: String) {
    guard oddities.count < WireLimits.odditiesKept else { return }
    let start = String(raw.unicodeScalars.prefix(WireLimits.oddityCharacters))
    oddities.append(Oddity(path: field, kind: kind, raw: start))
  }
}

extension V16.SampledValue {
  fileprivate var isAtOutlet: Bool { location?.word == nil || location?.word == .outlet }

  /// A sample that names no measurand is the import register (§7.43); one with an unknown name is nothing that we know.
  fileprivate func isOf(_ wanted: Measurand) -> Bool {
    guard let measurand else { return wanted == .energyImport }
    return measurand.word == wanted
  }
}

extension V16.SampledValue.Context {
  fileprivate var plain: Reading.Context {
    switch self {
    case .begin: .begin
    case .end: .end
    case .periodic: .periodic
    case .clock: .clock
    case .trigger: .trigger
    case .interruptionBegin: .interruptionBegin
    case .interruptionEnd: .interruptionEnd
    case .other: .other
    }
  }
}

extension String {
  /// Without spaces and tabs at both ends.
  fileprivate var trimmed: String {
    guard let first = utf8.first, let last = utf8.last, first <= 0x20 || last <= 0x20 else { return self }
    return String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
  }
}
