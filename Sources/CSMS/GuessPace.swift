import Domain
import Wire

/// Slows down who guesses the passwords of stations. After some free failures each further one doubles the pause, for
/// one station from one address, of IPv6 from the network that one customer has: the station itself, which comes from
/// another, is never made to wait.
struct GuessPace {
  private struct Record {
    var failures: Int
    var last: Timestamp
    var open: Timestamp
  }

  private struct Key: Hashable {
    let station: ID<Station>
    let network: String

    init(_ station: ID<Station>, _ address: String) { (self.station, network) = (station, address.addressNetwork) }
  }

  private var records: [Key: Record] = [:]

  /// Seconds until the next attempt is looked at; nil where it is now.
  func pause(_ station: ID<Station>, _ address: String, at now: Timestamp) -> Int? {
    guard let open = records[Key(station, address)]?.open, open > now else { return nil }
    return Int((open - now).components.seconds) + 1
  }

  mutating func failed(_ station: ID<Station>, _ address: String, at now: Timestamp) {
    let key = Key(station, address)
    if records[key] == nil, records.count >= Limits.rememberedGuessers,
      let oldest = records.min(by: { $0.value.last < $1.value.last })
    {
      records[oldest.key] = nil
    }
    let failures = (records[key]?.failures ?? 0) + 1
    let beyond = failures - Limits.freeGuesses
    let seconds = beyond < 0 ? 0 : min(1 << min(beyond, 10), Limits.longestGuessPauseSeconds)
    records[key] = Record(failures: failures, last: now, open: now + .seconds(seconds))
  }

  mutating func succeeded(_ station: ID<Station>, _ address: String) {
    if !records.isEmpty { records[Key(station, address)] = nil }
  }
}
