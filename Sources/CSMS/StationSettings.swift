import Domain
import Store
import Wire

// Settings of stations: read all at once where a station can, else one by one; written until the station has what is
// wanted of it, or as much as it takes.

/// How a round through a station's settings went.
nonisolated public struct SettingsRound: Sendable, Equatable {
  /// Settings that were read, or that the station took.
  public var done = 0
  /// Keys that it refused, does not have, or did not answer about.
  public var refused: [String] = []
}

extension CSMS {
  /// Reads a station's settings and keeps them.
  public func readSettings(of identity: StationIdentity, by who: String) async throws(Refusal) -> SettingsRound {
    await readSettings(of: try connected(identity))
  }

  /// Writes what is wanted of a station's settings.
  public func writeSettings(of identity: StationIdentity, by who: String) async throws(Refusal) -> SettingsRound {
    await writeSettings(of: try connected(identity))
  }

  private func connected(_ identity: StationIdentity) throws(Refusal) -> ID<Station> {
    let station = try known(identity).id
    guard isOnline(station) else { throw .conflict("the station is not connected") }
    return station
  }

  // MARK: Reading

  /// What the station tells is kept with its other values.
  func readSettings(of station: ID<Station>) async -> SettingsRound {
    let why: String
    switch await ask(.getConfiguration(keys: []), of: station) {
    case .accepted(let answer):
      // Without a list they come in a report that follows, and are kept as its parts come (OCPP 2.0.1 B07).
      guard let told = answer["settings"]?.array?.count else { return SettingsRound() }
      guard told == 0 else { return SettingsRound(done: told) }
      why = "an empty list"
    case .refused(let word, _): why = word
    case .failed(let code, _, _): why = code
    case .timedOut: why = "no answer"
    case .disconnected, .impossible: return SettingsRound()
    }
    note { () throws(StoreFault) in
      try self.noteOddity("settings cannot be read all at once", sample: why, of: station)
    }
    return await readOneByOne(of: station)
  }

  private func readOneByOne(of station: ID<Station>) async -> SettingsRound {
    guard let version = links.link(of: station)?.version, let stationLink else { return SettingsRound() }
    let wanted = ((try? needs(of: station))?.wantedSettings ?? []).map(\.key)
    var round = SettingsRound()
    var silences = 0
    for key in stationLink.settingKeys(version: version) + wanted {
      switch await ask(.getConfiguration(keys: [key]), of: station) {
      case .accepted(let answer):
        silences = 0
        if count(in: answer) == 0 { round.refused.append(key) } else { round.done += 1 }
      case .refused, .failed, .impossible: round.refused.append(key)
      case .timedOut:
        round.refused.append(key)
        silences += 1
      case .disconnected: return round
      }
      // It does not speak about settings at all: no more of its time is taken.
      guard silences < Limits.silentSettings else { return round }
    }
    return round
  }

  private func count(in answer: JSON) -> Int { answer["settings"]?.array?.count ?? 0 }

  // MARK: Writing

  func writeSettings(of station: ID<Station>) async -> SettingsRound {
    var round = SettingsRound()
    for setting in (try? needs(of: station))?.wantedSettings ?? [] {
      guard isOnline(station) else { return round }
      let taken = await write(setting, to: station)
      if taken == setting.value { round.done += 1 } else { round.refused.append(setting.key) }
    }
    return round
  }

  /// Writes one setting. A list that a station refuses as a whole, because of one word that it does not have, is found out
  /// by halves. Returns what the station took; nil where it took nothing.
  func write(_ setting: StationSetting, to station: ID<Station>) async -> String? {
    if await takes(setting.value, of: setting.key, station) { return setting.value }
    let words = setting.value.split(separator: ",").map { String($0.drop { $0 == " " }) }
    guard words.count > 1 else { return nil }
    var kept: [String] = []
    await settle(words, into: &kept, of: setting.key, at: station)
    guard !kept.isEmpty else { return nil }
    let left = words.filter { !kept.contains($0) }.joined(separator: ",")
    note { () throws(StoreFault) in
      try self.noteOddity("\(setting.key) refused as a whole", sample: left, of: station)
    }
    return kept.joined(separator: ",")
  }

  /// The station takes `kept`; what of `words` it takes besides is added. Each step asks for half of what is in doubt.
  private func settle(
    _ words: [String], into kept: inout [String], of key: String, at station: ID<Station>
  ) async {
    guard isOnline(station) else { return }
    let halves =
      words.count == 1 ? [words] : [Array(words[..<(words.count / 2)]), Array(words[(words.count / 2)...])]
    for half in halves {
      if await takes((kept + half).joined(separator: ","), of: key, station) {
        kept += half
      } else if half.count > 1 {
        await settle(half, into: &kept, of: key, at: station)
      }
    }
  }

  private func takes(_ value: String, of key: String, _ station: ID<Station>) async -> Bool {
    if case .accepted = await ask(.setConfiguration(key: key, value: value), of: station) { true } else { false }
  }
}
