import Testing
import Wire

@testable import Domain

@Suite struct ChargingRateTests {
  private func schedule(_ limit: String, unit: String = "A", least: String = "0", flow: String? = nil) throws
    -> ChargingProfile.Schedule
  {
    let flow = flow.map { #","bidirectional":\#($0)"# } ?? ""
    return try ChargingProfile.Schedule.read(
      JSON.parse(
        #"{"unit":"\#(unit)","least_rate":\#(least),"periods":[{"start_s":0,"limit":\#(limit)\#(flow)}]}"#)
    ).value
  }

  @Test func aRateHasABoundForEverybody() throws {
    #expect(try schedule("10000000").flaw == nil)
    #expect(try schedule("10000000.1").flaw == "a rate is at most 10000000")
    #expect(try schedule("6", least: "10000001").flaw == "a rate is at most 10000000")
    for flow in [
      #"{"mode":"central_setpoint","setpoint":-10000001}"#,
      #"{"mode":"external_limits","discharge_limit":-10000001}"#,
      #"{"mode":"idle","baseline":10000001}"#,
      #"{"mode":"central_frequency","signal_curve":[{"at":1,"power":10000001}]}"#,
      #"{"mode":"local_frequency","frequency_curve":[{"at":10000001,"power":1}]}"#,
    ] {
      #expect(try schedule("6", flow: flow).flaw == "a rate is at most 10000000", "\(flow)")
    }
    #expect(try schedule("6", flow: #"{"mode":"central_setpoint","setpoint":-10000000}"#).flaw == nil)
  }

  @Test(arguments: ["1e-40", "0.0000000000001", "1e19", "99999999999999999999.999999999999", "0.333333333333"])
  func whateverWasReadIsConvertedAndDivided(_ limit: String) throws {
    for unit in ["A", "W"] {
      let written = try schedule(limit, unit: unit, least: limit)
      for other in [ChargingProfile.Schedule.Unit.amperes, .watts] {
        let converted = written.converted(to: other, volts: 230, phases: 3)
        #expect(converted.unit == other && converted.periods.count == 1)
      }
      #expect(written.divided(by: 7).periods[0].limit <= written.periods[0].limit)
    }
    #expect(try schedule("1e-40").periods[0].limit == .zero, "what is less than anything that flows is nothing")
  }
}
