import Wire

/// What the house asks of a station, in the operator's words; a dialect finds the protocol's.
public enum StationCommand: Sendable, Equatable {
  /// `tag` is what the station will present: the token's uid or a one-use alias.
  case remoteStart(evse: Int?, tag: String)
  case remoteStop(transaction: Int64)
  case reset(hard: Bool)
  case unlock(evse: Int)
  /// EVSE 0 is the whole station.
  case setAvailability(evse: Int, operative: Bool)
  case setConfiguration(key: String, value: String)
  /// All keys where the list is empty.
  case getConfiguration(keys: [String])
  case clearCache
  case trigger(Trigger, evse: Int?)
  case transferData(vendor: String, message: String?, data: String?)
  /// Any call of the station's protocol, as support staff write it.
  case raw(action: String, payload: JSON)

  public enum Trigger: String, Word { case boot, heartbeat, status, meterValues = "meter_values" }

  /// The operator's verb, as the API and the books spell it.
  public var verb: String {
    switch self {
    case .remoteStart: "start"
    case .remoteStop: "stop"
    case .reset: "reset"
    case .unlock: "unlock"
    case .setAvailability: "availability"
    case .setConfiguration: "set-configuration"
    case .getConfiguration: "get-configuration"
    case .clearCache: "clear-cache"
    case .trigger: "trigger"
    case .transferData: "data-transfer"
    case .raw: "raw"
    }
  }
}

/// How a command ended.
public enum CommandOutcome: Sendable, Equatable {
  /// The station said yes; `answer` is its whole reply.
  case accepted(answer: JSON)
  /// The station said no, in its own words (`Rejected`, `NotSupported`, `Occupied`…).
  case refused(word: String, answer: JSON)
  /// A CALLERROR: code and description.
  case failed(code: String, description: String)
  /// No answer within the deadline.
  case timedOut
  /// The connection ended or was replaced, or there was none.
  case disconnected
  /// The call could not be made: a payload that does not fit the protocol, or a command that this version lacks.
  case impossible(String)
}

/// A command as the books keep it, from the wish to the outcome, so that everybody can see where it is.
public struct CommandRecord: Sendable, Equatable {
  public enum Phase: String, Word { case sent, accepted, done, refused, failed }

  public var id: String
  public var station: ID<Station>
  public var verb: String
  /// What it was about, as JSON for people.
  public var detail: JSON
  /// Who asked: `operator:anna`, `partner:DE*ABC`, `house`.
  public var origin: String
  public var phase: Phase
  /// The station's word or the reason.
  public var answer: JSON
  public var createdAt: Timestamp
  public var updatedAt: Timestamp

  public init(
    id: String, station: ID<Station>, verb: String, detail: JSON, origin: String, phase: Phase, answer: JSON = .null,
    createdAt: Timestamp, updatedAt: Timestamp
  ) {
    self.id = id
    self.station = station
    self.verb = verb
    self.detail = detail
    self.origin = origin
    self.phase = phase
    self.answer = answer
    self.createdAt = createdAt
    self.updatedAt = updatedAt
  }
}
