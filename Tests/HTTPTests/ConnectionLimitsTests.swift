import Net
import Testing

@testable import HTTP

@Suite struct CrowdTests {
  private let here = SocketAddress.v4(0x0A00_0001, port: 1)
  private var limits: HTTPLimits.Server {
    var limits = HTTPLimits.Server()
    limits.connections = 3
    limits.untrustedPerAddress = 2
    return limits
  }

  private func status(_ verdict: ConnectionLimits.Verdict) -> Int {
    switch verdict {
    case .welcome: 200
    case .refused(let crowding): crowding.refusal.status.rawValue
    case .turnedAway: 0
    }
  }

  @Test func strangersOfOneAddressAreBoundedWhateverTheirPorts() {
    let crowd = ConnectionLimits()
    let come = { (port: UInt16) in status(crowd.enter(from: here.with(port: port), isTLS: false, limits)) }
    #expect([come(1), come(2), come(3)] == [200, 200, 429])
    #expect(status(crowd.enter(from: here, isTLS: true, limits)) == 0)
    // Three are there, one of them only to hear its refusal.
    #expect(come(4) == 503)
    for _ in 0..<4 { crowd.leave() }
    crowd.trust(here)
    let mapped = SocketAddress.v6(high: 0, low: 0xFFFF_0A00_0001, port: 9, zone: 0)
    #expect(status(crowd.enter(from: mapped, isTLS: false, limits)) == 200)
    #expect(come(5) == 429)
  }

  @Test func whomAProxyAnnouncesCountsLikeAnybody() {
    let crowd = ConnectionLimits()
    #expect(status(crowd.enter(from: nil, isTLS: false, limits)) == 200)
    #expect(crowd.announce(here, limits) == nil)
    #expect(crowd.announce(here.with(port: 2), limits) == nil)
    #expect(crowd.announce(here, limits) == .address)
    #expect(status(crowd.enter(from: here, isTLS: false, limits)) == 429)
    crowd.trust(here)
    #expect(crowd.announce(here, limits) == nil)
  }

  @Test func theSilentNeverFillADoorOverHoweverManyLoops() {
    var limits = HTTPLimits.Server()
    let crowd = ConnectionLimits()
    crowd.join()
    #expect(crowd.silentShare(limits) == 10_000)
    crowd.join()
    #expect(crowd.silentShare(limits) == 5_000)
    limits.connections = 3_584
    #expect(crowd.silentShare(limits) == 896)
    limits.connections = 8
    #expect(crowd.silentShare(limits) == HTTPLimits.leastSilent)
    crowd.part()
    limits.silent = 3
    #expect(crowd.silentShare(limits) == 3)
  }

  @Test func refusalsNeedAnEndToo() {
    let crowd = ConnectionLimits()
    let come = { status(crowd.enter(from: nil, isTLS: false, limits)) }
    #expect((0..<3).map { _ in come() } == [200, 200, 200])
    #expect((0..<HTTPLimits.refusedAtOnce).allSatisfy { _ in come() == 503 })
    #expect(come() == 0)
    crowd.leave()
    #expect(come() == 503)
    for _ in 0..<(HTTPLimits.refusedAtOnce + 1) { crowd.leave() }
    #expect(come() == 200)
    #expect(status(crowd.enter(from: nil, isTLS: true, limits)) == 0)
  }
}
