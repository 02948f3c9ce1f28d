import Domain
import Wire

/// Slows down who guesses the passwords of stations. After some free failures each further one doubles the pause, for
/// one station from one address: the station itself, which comes from another address, is never made to wait.
struct GuessPace {
  private struct Record {
    var failures: Int
    var open: Timestamp
  }

  private struct Key: Hashable {
    let station: ID<Station>
    let address: String
  }

  private var records: [Key: Record] = [:]

  /// Seconds until the next attempt is looked at; nil where it is now.
  func pause(_ station: ID<Station>, _ address: String, at now: Timestamp) -> Int? {
    guard let open = records[Key(station: station, address: address)]?.open, open > now else { return nil }
    return Int((open - now).components.seconds) + 1
  }

  mutating func failed(_ station: ID<Station>, _ address: String, at now: Timestamp) {
    let key = Key(station: station, address: address)
    if records[key] == nil, records.count >= Limits.rememberedGuessers { records = [:] }
    let failures = (records[key]?.failures ?? 0) + 1
    let beyond = failures - Limits.freeGuesses
    let seconds = beyond < 0 ? 0 : min(1 << min(beyond, 10), Limits.longestGuessPauseSeconds)
    records[key] = Record(failures: failures, open: now + .seconds(seconds))
  }

  mutating func succeeded(_ station: ID<Station>, _ address: String) {
    if !records.isEmpty { records[Key(station: station, address: address)] = nil }
  }
}
