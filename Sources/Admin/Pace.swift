import Domain
import Wire

/// Slows down who guesses passwords: after some free failures each further one doubles the pause, for the account and
/// for the address. Whoever came in from an address before waits there for the failures of that address alone: a crowd
/// that guesses from everywhere keeps the account shut for itself and not for its owner.
struct Pace {
  private struct Record {
    var failures: Int
    var last: Timestamp
    var open: Timestamp
  }

  private var records: [String: Record] = [:]

  /// Seconds until the next attempt is allowed; nil where it is allowed now.
  /// - Parameter isKnown: whether the account was let in from there before.
  func pause(account: String, address: String, isKnown: Bool = false, at now: Timestamp) -> Int? {
    let keys = [Self.key(account: account, at: isKnown ? address : nil), Self.key(address: address)]
    guard let open = keys.compactMap({ records[$0]?.open }).max(), open > now else { return nil }
    return Int((open - now).components.seconds) + 1
  }

  mutating func failed(account: String, address: String, isKnown: Bool = false, at now: Timestamp) {
    note(Self.key(account: account, at: isKnown ? address : nil), free: Limits.freeFailuresPerAccount, at: now)
    note(Self.key(address: address), free: Limits.freeFailuresPerAddress, at: now)
  }

  /// Somebody who knows the password is no guesser: the attempt that was counted before it was known to be right is
  /// taken back. Other failures of the address stay, for it may be that of many.
  mutating func succeeded(account: String, address: String) {
    records[Self.key(account: account)] = nil
    records[Self.key(account: account, at: address)] = nil
    let key = Self.key(address: address)
    guard var record = records[key] else { return }
    record.failures -= 1
    record.open = record.last
    records[key] = record.failures > 0 ? record : nil
  }

  /// An attempt that was counted turns out to be no guess, and proves nothing either. The pause that it began ends.
  mutating func forgive(account: String, address: String, isKnown: Bool = false) {
    for key in [Self.key(account: account, at: isKnown ? address : nil), Self.key(address: address)] {
      guard var record = records[key] else { continue }
      record.failures -= 1
      record.open = record.last
      records[key] = record.failures > 0 ? record : nil
    }
  }

  private mutating func note(_ key: String, free: Int, at now: Timestamp) {
    if records[key] == nil, records.count >= Limits.rememberedFailures,
      let oldest = records.min(by: { $0.value.last < $1.value.last })
    {
      records[oldest.key] = nil
    }
    let failures = (records[key]?.failures ?? 0) + 1
    let beyond = failures - free
    let seconds = beyond < 0 ? 0 : min(1 << min(beyond, 10), Limits.longestPauseSeconds)
    records[key] = Record(failures: failures, last: now, open: now + .seconds(seconds))
  }

  /// Of an account: everywhere it is not known, or at an address where it is.
  private static func key(account: String, at address: String? = nil) -> String {
    let name = String(String.UnicodeScalarView(account.unicodeScalars.prefix(Limits.rememberedName)))
    return address.map { "account \(name) at \($0.addressNetwork)" } ?? "account \(name)"
  }
  private static func key(address: String) -> String { "address \(address.addressNetwork)" }
}
