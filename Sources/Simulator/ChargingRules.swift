import Domain
import Wire

/// The charging profiles that a station was given, and what they come to (OCPP 1.6 §3.13, OCPP 2.0.1 K01): of one purpose
/// the highest level that says something counts, those of a session stand in the place of the default, and nothing exceeds
/// what the whole station may draw.
struct ChargingRules: Sendable {
  struct Rule: Sendable {
    let number: Int
    /// The outlet; 0 is the whole station.
    let place: Int
    /// The station's own number of the session that it is for.
    let session: Int?
    let profile: ChargingProfile
  }

  /// A session as far as profiles look at it.
  struct Session: Sendable {
    let number: Int
    let since: Timestamp
  }

  /// What one profile allows for now.
  struct Held: Sendable, Equatable {
    let unit: ChargingProfile.Schedule.Unit
    let period: ChargingProfile.Period
  }

  private(set) var rules: [Rule] = []

  var isEmpty: Bool { rules.isEmpty }
  var count: Int { rules.count }

  func contains(_ number: Int) -> Bool { rules.contains { $0.number == number } }

  /// The same number is the same profile, changed; and of one purpose and level there is one at a place.
  mutating func set(_ rule: Rule) {
    rules.removeAll { known in
      known.number == rule.number
        || known.place == rule.place && known.session == rule.session
          && known.profile.purpose == rule.profile.purpose && known.profile.stackLevel == rule.profile.stackLevel
    }
    rules.append(rule)
  }

  /// False where none fits.
  mutating func remove(where fits: (Rule) -> Bool) -> Bool {
    let before = rules.count
    rules.removeAll(where: fits)
    return rules.count < before
  }

  /// The session is over, and what was for it alone.
  mutating func forget(_ session: Int) { rules.removeAll { $0.session == session } }

  // MARK: What they come to

  /// What a session at an outlet may draw; nil where nobody says.
  func limit(at place: Int, of session: Session?, _ time: Timestamp) -> Held? {
    let own = session.flatMap { session in
      highest(time, session.since) { $0.profile.purpose == .session && $0.session == session.number }
    }
    return own ?? highest(time, session?.since) { $0.profile.purpose == .anySession && $0.place == place }
      ?? highest(time, session?.since) { $0.profile.purpose == .anySession && $0.place == 0 }
  }

  /// What the whole station may draw; nil where nobody says.
  func limitOfAll(_ time: Timestamp) -> Held? { highest(time, nil) { $0.profile.purpose == .station } }

  private func highest(_ time: Timestamp, _ since: Timestamp?, _ fits: (Rule) -> Bool) -> Held? {
    rules.filter(fits).sorted { $0.profile.stackLevel > $1.profile.stackLevel }.lazy
      .compactMap { rule in
        rule.profile.period(at: time, sessionSince: since ?? time).map {
          Held(unit: rule.profile.schedule.unit, period: $0)
        }
      }.first
  }

  /// The next moment at which a profile begins, ends or changes, after a time; nil where nothing more is planned.
  func nextChange(after time: Timestamp, _ sessions: [Session]) -> Timestamp? {
    var moments: [Timestamp] = []
    for rule in rules {
      let since = sessions.first { $0.number == rule.session }?.since
      let starts = since.map { [$0] } ?? (rule.profile.kind == .relative ? sessions.map(\.since) : [time])
      for start in starts { moments += rule.profile.changes(after: time, sessionSince: start) }
    }
    return moments.min()
  }
}

extension ChargingProfile {
  /// The next few moments at which it says something else: of a recurring one those of the turn that runs and of the next.
  fileprivate func changes(after time: Timestamp, sessionSince start: Timestamp) -> [Timestamp] {
    let begins: [Timestamp]
    switch kind {
    case .absolute: begins = [schedule.startsAt ?? start]
    case .relative: begins = [start]
    case .dynamic: begins = []
    case .recurring:
      let span: Int64 = recurrency == .weekly ? 604_800 : 86_400
      let first = schedule.startsAt ?? start
      let turns = max(0, time.seconds(since: first) / span)
      begins = [first + .seconds(turns * span), first + .seconds((turns + 1) * span)]
    }
    let steps = schedule.periods.map(\.start) + [schedule.seconds].compactMap { $0 }
    let moments =
      begins.flatMap { begin in steps.map { begin + .seconds($0) } } + [validFrom, validTo].compactMap { $0 }
    return moments.filter { $0 > time }
  }
}
