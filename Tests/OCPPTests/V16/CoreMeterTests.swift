import Domain
@testable import OCPP
import Testing
import Wire

@MainActor @Suite struct CoreMeterTests {
  private let desk = Desk()

  /// The one reading of samples, given as the inside of `sampledValue`.
  private func reading(_ samples: String, at time: String = "2026-03-01T11:59:00Z") throws -> Reading {
    let reply = try answer(
      "MeterValues",
      #"{"connectorId":1,"transactionId":4711,"meterValue":[{"timestamp":"\#(time)","sampledValue":[\#(samples)]}]}"#,
      desk)
    #expect(reply == "{}")
    return try #require(desk.meters.first?.readings.first)
  }

  @Test func aSampleWithoutWordsIsTheImportRegisterInWattHours() throws {
    let reading = try reading(#"{"value":"1234.5"}"#)
    #expect(reading.register == Energy(tenthsOfWattHour: 12_345))
    #expect(reading.power == nil)
    #expect(reading.context == .periodic)
    #expect(reading.at == Timestamp("2026-03-01T11:59:00Z"))
    #expect(reading.raw.text == #"[{"value":"1234.5"}]"#)
    #expect(desk.meters.first?.evse == 1)
    #expect(desk.meters.first?.transaction == 4711)
  }

  @Test(arguments: [
    (#"{"value":"1.5","unit":"kWh"}"#, 15_000), (#"{"value":"1.5","unit":"KWH"}"#, 15_000),
    (#"{"value":1500}"#, 15_000),
    (#"{"value":"1.5e3","unit":"Wh"}"#, 15_000), (#"{"value":" 1500 ","unit":"Wh"}"#, 15_000),
    (#"{"value":"1500","unit":"parsecs"}"#, 15_000),
    (#"{"value":"1500","measurand":"Energy.Active.Import.Register","location":"Outlet"}"#, 15_000),
  ])
  func energyComesInManyForms(_ sample: String, _ tenths: Int64) throws {
    #expect(try reading(sample).register == Energy(tenthsOfWattHour: tenths))
  }

  @Test func aWholeSampleSetIsOneReading() throws {
    let reading = try reading(
      #"""
      {"value":"1500","measurand":"Energy.Active.Import.Register","unit":"Wh"},{"value":"7.2","measurand":"Power.Active.Import","unit":"kW"},
      {"value":"16","measurand":"Current.Import","unit":"A"},{"value":"230","measurand":"Voltage","unit":"V"},
      {"value":"55","measurand":"SoC","unit":"Percent","location":"EV"},{"value":"21","measurand":"Temperature","unit":"Celcius"}
      """#)
    #expect(reading.register == Energy(tenthsOfWattHour: 15_000))
    #expect(reading.power == Decimal(7200))
    #expect(reading.current == Decimal(16))
    #expect(reading.stateOfCharge == Decimal(55))
    #expect(desk.flags.isEmpty)
  }

  @Test func whatFlowsBackHasItsRegisterAndIsPowerBelowZero() throws {
    let both = try reading(
      #"""
      {"value":"1500","measurand":"Energy.Active.Import.Register"},{"value":"0.7","measurand":"Energy.Active.Export.Register","unit":"kWh"},
      {"value":"0","measurand":"Power.Active.Import","unit":"W"},{"value":"5.5","measurand":"Power.Active.Export","unit":"kW"}
      """#)
    #expect(both.register == Energy(tenthsOfWattHour: 15_000) && both.exported == Energy(tenthsOfWattHour: 7_000))
    #expect(both.power == Decimal(-5_500))
  }

  @Test func whoTellsOnlyWhatFlowsBackTakesNothing() throws {
    let alone = try reading(#"{"value":"900","measurand":"Power.Active.Export"}"#)
    #expect(alone.power == Decimal(-900) && alone.register == nil && alone.exported == nil)
  }

  @Test func phasesAreAddedWhereThereIsNoTotal() throws {
    let reading = try reading(
      #"""
      {"value":"1","phase":"L1","unit":"kWh"},{"value":"2","phase":"L2","unit":"kWh"},{"value":"3","phase":"L3","unit":"kWh"},
      {"value":"2300","phase":"L1-N","measurand":"Power.Active.Import"},{"value":"2200","phase":"L2-N","measurand":"Power.Active.Import"},
      {"value":"5","phase":"L1","measurand":"Current.Import"},{"value":"9","phase":"L2","measurand":"Current.Import"},
      {"value":"99","phase":"N","measurand":"Current.Import"}
      """#)
    #expect(reading.register == Energy(tenthsOfWattHour: 60_000))
    #expect(reading.power == Decimal(4500))
    // As prices by current count it (OCPI 2.2.1 §11.4.6).
    #expect(reading.current == Decimal(14))
  }

  @Test func aTotalCountsMoreThanItsPhases() throws {
    let reading = try reading(#"{"value":"10","phase":"L1"},{"value":"100"},{"value":"20","phase":"L2"}"#)
    #expect(reading.register == Energy(tenthsOfWattHour: 1000))
  }

  @Test func currentsOfLinesCountMoreThanAPlainValue() throws {
    let lines = (1...3).map { #"{"value":"16","phase":"L\#($0)","measurand":"Current.Import"}"# }.joined(separator: ",")
    let reading = try reading(#"{"value":"16","measurand":"Current.Import"},\#(lines)"#)
    #expect(reading.current == Decimal(48))
  }

  @Test func aSinglePhaseIsItsOwnTotal() throws {
    #expect(try reading(#"{"value":"10","phase":"L1"}"#).register == Energy(tenthsOfWattHour: 100))
  }

  @Test func twoNamesOfOnePhaseAreNotAddedTwice() throws {
    let reading = try reading(#"{"value":"10","phase":"L1"},{"value":"10","phase":"L1-N"},{"value":"5","phase":"L2"}"#)
    #expect(reading.register == Energy(tenthsOfWattHour: 150))
  }

  @Test func theBeginsRegisterDoesNotHideTheNewOne() throws {
    let reading = try reading(
      #"{"value":"100","context":"Transaction.Begin"},{"value":"250","context":"Sample.Periodic"}"#)
    #expect(reading.register == Energy(tenthsOfWattHour: 2500))
    #expect(reading.context == .periodic)
  }

  @Test(arguments: [
    ("Transaction.Begin", Reading.Context.begin), ("Transaction.End", .end), ("Sample.Clock", .clock),
    ("Trigger", .trigger),
    ("Interruption.Begin", .interruptionBegin), ("Interruption.End", .interruptionEnd), ("Other", .other),
    ("Nonsense", .periodic),
  ])
  func aContextIsKept(_ word: String, _ context: Reading.Context) throws {
    let reading = try reading(#"{"value":"100","context":"\#(word)"}"#)
    #expect(reading.context == context)
    #expect(reading.register == Energy(tenthsOfWattHour: 1000))
  }

  @Test(arguments: ["NaN", "12,5", "", "abc", "1e39", "-1e13", "0x10", "++1"])
  func whatIsNoNumberIsPassedOverAndFlagged(_ value: String) throws {
    let reading = try reading(#"{"value":"\#(value)"},{"value":"16","measurand":"Current.Import"}"#)
    #expect(reading.register == nil)
    #expect(reading.current == Decimal(16))
    #expect(desk.flags == [Oddity(path: "value", kind: .badNumber, raw: value)])
  }

  @Test func numbersFarApartDoNotBreakTheSum() throws {
    let reading = try reading(#"{"value":"1000000000000","phase":"L1"},{"value":"1e-40","phase":"L2"}"#)
    #expect(reading.register == Energy(tenthsOfWattHour: 10_000_000_000_000))
  }

  @Test func exportedAndUnknownMeasurandsAreNotTheRegister() throws {
    let reading = try reading(
      #"{"value":"9","measurand":"Energy.Active.Export.Register"},{"value":"8","measurand":"Frequency","unit":"Hz"},{"value":"7","measurand":"Mood"}"#
    )
    #expect(reading.register == nil)
    #expect(
      Set(desk.flags.map(\.path)) == [
        "meterValue[0].sampledValue[1].unit", "meterValue[0].sampledValue[2].measurand",
      ])
  }

  @Test func signedDataIsEvidenceOnly() throws {
    let reading = try reading(#"{"value":"OCMF|{}","format":"SignedData"},{"value":"5"}"#)
    #expect(reading.register == Energy(tenthsOfWattHour: 50))
    #expect(reading.raw.json.array?.count == 2)
    #expect(desk.flags.isEmpty)
  }

  @Test func theOutletsMeterCountsBeforeTheGridsMeter() throws {
    let reading = try reading(#"{"value":"900","location":"Inlet"},{"value":"5","location":"Outlet"}"#)
    #expect(reading.register == Energy(tenthsOfWattHour: 50))
    #expect(
      try CoreMeterTests().reading(#"{"value":"900","location":"Inlet"}"#).register == Energy(tenthsOfWattHour: 9000))
  }

  @Test(arguments: ["1970-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "yesterday"])
  func aReadingWithoutAPlausibleTimeIsOfNow(_ time: String) throws {
    #expect(try reading(#"{"value":"5"}"#, at: time).at == received)
    #expect(desk.flags.contains { $0.kind == .badTimestamp } == (time != "1970-01-01T00:00:00Z"))
  }

  @Test(arguments: [
    #"{"connectorId":1,"meterValue":[]}"#,
    #"{"connectorId":1,"meterValue":[{"timestamp":"2026-03-01T12:00:00Z","sampledValue":[]}]}"#,
  ])
  func nothingMeasuredIsNothingToldAndNoError(_ payload: String) throws {
    #expect(try answer("MeterValues", payload, desk) == "{}")
    #expect(desk.meters.isEmpty)
    #expect(desk.flags.map(\.kind) == [.count])
    #expect(desk.parked.isEmpty)
  }

  @Test func manyMomentsAreManyReadingsEachWithItsEvidence() throws {
    let reply = try answer(
      "MeterValues",
      #"""
      {"connectorId":0,"meterValue":[null,{"timestamp":"2026-03-01T11:00:00Z","sampledValue":[{"value":"1"}]},
       {"timestamp":"2026-03-01T11:01:00Z","sampledValue":[]},
       {"timestamp":"2026-03-01T11:02:00Z","sampledValue":[{"value":"3"}]}]}
      """#, desk)
    #expect(reply == "{}")
    let report = try #require(desk.meters.first)
    #expect(report.evse == 0)
    #expect(report.transaction == nil)
    #expect(report.readings.map(\.raw.text) == [#"[{"value":"1"}]"#, #"[{"value":"3"}]"#])
    #expect(report.readings.map(\.at.text) == ["2026-03-01T11:00:00Z", "2026-03-01T11:02:00Z"])
  }

  @Test(arguments: [
    #"{"meterValue":[]}"#, #"{"connectorId":1}"#,
    #"{"connectorId":1,"transactionId":99999999999999999999,"meterValue":[]}"#,
    #"{"connectorId":1,"meterValue":[{"sampledValue":[]}]}"#, #"{"connectorId":1,"meterValue":7}"#,
  ])
  func valuesThatCannotBeUsedAreParkedAndAnsweredPositively(_ payload: String) throws {
    #expect(try answer("MeterValues", payload, desk) == "{}")
    #expect(desk.meters.isEmpty)
    #expect(desk.parked.count == 1)
  }
}
