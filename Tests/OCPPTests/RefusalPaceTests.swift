import Net
import Testing
import Wire

@testable import OCPP

@Suite struct RefusalPaceTests {
  private let start = Instant(nanoseconds: 1_000_000_000_000)
  private let there = SocketAddress.v4(0x0A00_0001, port: 4_000)

  @Test func whoIsRefusedAgainAndAgainWaits() {
    var pace = RefusalPace()
    for _ in 0..<OCPPLimits.refusalsAtOnce {
      #expect(pace.pause(of: there, at: start) == nil)
      pace.refused(there, at: start)
    }
    #expect(pace.pause(of: there, at: start) == OCPPLimits.refusalPause)
    #expect(pace.pause(of: there.with(port: 9), at: start) == OCPPLimits.refusalPause, "whatever its port is")
    #expect(pace.pause(of: .v4(0x0A00_0002, port: 4_000), at: start) == nil, "others do not")
  }

  @Test func afterAPeriodItIsForgiven() {
    var pace = RefusalPace()
    for _ in 0..<OCPPLimits.refusalsAtOnce { pace.refused(there, at: start) }
    let later = start + OCPPLimits.refusalPeriod
    #expect(pace.pause(of: there, at: later) == nil)
    pace.refused(there, at: later)
    #expect(pace.pause(of: there, at: later) == nil, "and counting begins anew")
  }

  @Test func soManyAddressesAreRememberedAndNoMore() {
    var pace = RefusalPace()
    for _ in 0..<OCPPLimits.refusalsAtOnce { pace.refused(there, at: start) }
    for number in 1..<OCPPLimits.rememberedRefusals {
      pace.refused(.v4(0x0B00_0000 + UInt32(number), port: 1), at: start)
    }
    #expect(pace.pause(of: there, at: start) != nil)
    pace.refused(.v4(0x0C00_0000, port: 1), at: start)
    #expect(pace.pause(of: there, at: start) == nil)
  }
}
