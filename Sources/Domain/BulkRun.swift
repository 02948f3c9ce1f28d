import Wire

/// One action for many stations: a few are asked at a time, each gives its own answer, and nobody has to wait for it.
public struct BulkRun: Sendable, Equatable {
  public enum State: String, Word { case running, stopped, done }

  public var id: String
  public var plan: Plan
  public var state: State
  public var origin: String
  public var createdAt: Timestamp
  public var updatedAt: Timestamp

  public init(id: String, plan: Plan, origin: String, at now: Timestamp) {
    (self.id, self.plan, self.origin) = (id, plan, origin)
    (state, createdAt, updatedAt) = (.running, now, now)
  }

  /// What is done with each station.
  public enum Verb: String, Word {
    case trigger, availability, reset
    case setConfiguration = "set-configuration"
    /// To another site.
    case move
    /// Each to where it stood before it was moved.
    case moveBack = "move-back"
  }

  /// What is done; its walk is its form in the books and in the API.
  public struct Plan: Payload, Equatable {
    public var verb = Verb.trigger
    /// Of `trigger`.
    public var what: StationCommand.Trigger?
    /// Of `availability`.
    public var operative: Bool?
    /// Of `reset`; soft where nobody says.
    public var kind: StationCommand.Reset?
    /// Of `set-configuration`.
    public var key: String?
    public var value: String?
    /// Of `move`: a location's id.
    public var location: Int64?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("verb", &verb)
      try w.visit("what", &what)
      try w.visit("operative", &operative)
      try w.visit("kind", &kind)
      try w.visit("key", &key, max: 200)
      try w.visit("value", &value, max: 2_500)
      try w.visit("location", &location, 1...)
    }

    /// What does not fit together, for whoever wrote it; nil where all does.
    public var flaw: String? {
      switch verb {
      case .trigger: what == nil ? "say what stations are to tell" : nil
      case .availability: operative == nil ? "say whether they are to be operative" : nil
      case .reset: nil
      case .setConfiguration:
        if let key, value != nil {
          // The same secret at many stations is none, and it would stand in the books.
          SettingName(reading: key).isSecret ? "a secret is given to one station at a time" : nil
        } else {
          "give a key and its value"
        }
      case .move: location == nil ? "say to which location" : nil
      case .moveBack: "a run of moves is taken back, and none begins with it"
      }
    }

    /// What each station is asked; nil where it is not the station that does it.
    public var command: StationCommand? {
      switch verb {
      case .trigger: what.map { .trigger($0, evse: nil) }
      case .availability: operative.map { .setAvailability(evse: 0, operative: $0) }
      case .reset: .reset(kind ?? .soft)
      case .setConfiguration: key.map { .setConfiguration(key: $0, value: value ?? "") }
      case .move, .moveBack: nil
      }
    }
  }
}

/// One station of a bulk run.
public struct BulkRunStation: Sendable, Equatable {
  public enum State: String, Word {
    case waiting, running
    /// How its command ended.
    case done, refused, failed
    /// The run was stopped before its turn.
    case stopped
  }

  public var run: String
  /// Counted from 0, in the order in which they are asked.
  public var place: Int
  public var station: ID<Station>
  public var state: State
  /// Where it is moved to, and where it stood before; without one it stands at no location.
  public var location: ID<Location>?
  public var was: ID<Location>?
  public var command: String?
  /// The station's word or the reason.
  public var answer: JSON
  public var updatedAt: Timestamp

  public init(run: String, place: Int, station: ID<Station>, location: ID<Location>?, at now: Timestamp) {
    (self.run, self.place, self.station, self.location) = (run, place, station, location)
    (state, answer, updatedAt) = (.waiting, .null, now)
  }
}
