// How fast one address may be refused at the stations' door.

import Net
import Wire

/// Whom the stations' door refused lately, by address. Who is refused again and again guesses, is broken, or wants to keep us
/// busy: it waits a moment before it is looked at, and so costs the loop, the house and the processor little. A station
/// behind the same address waits as long and comes in all the same.
struct RefusalPace {
  private struct Count {
    var since: Instant
    var refusals = 0
  }

  private var counts: [SocketAddress: Count] = [:]

  /// How long one that comes from there waits; nil where it is looked at once.
  func pause(of address: SocketAddress, at now: Instant) -> Duration? {
    guard let count = counts[Self.key(address)], now - count.since < OCPPLimits.refusalPeriod else { return nil }
    return count.refusals >= OCPPLimits.refusalsAtOnce ? OCPPLimits.refusalPause : nil
  }

  mutating func refused(_ address: SocketAddress, at now: Instant) {
    let key = Self.key(address)
    var count = counts[key] ?? Count(since: now)
    if now - count.since >= OCPPLimits.refusalPeriod { count = Count(since: now) }
    count.refusals += 1
    if counts.count >= OCPPLimits.rememberedRefusals, counts[key] == nil { counts = [:] }
    counts[key] = count
  }

  private static func key(_ address: SocketAddress) -> SocketAddress { address.unmapped.with(port: 0) }
}
