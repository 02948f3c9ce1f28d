import Wire

/// What the house asks of a station, in the operator's words; a dialect finds the protocol's.
public enum StationCommand: Sendable, Equatable {
  case remoteStart(RemoteStart)
  case remoteStop(TransactionName)
  /// Without an EVSE it is the whole station that starts anew.
  case reset(Reset, evse: Int? = nil)
  /// The first connector of the EVSE where none is named.
  case unlock(evse: Int, connector: Int? = nil)
  /// EVSE 0 is the whole station; without a connector it is the whole EVSE.
  case setAvailability(evse: Int, connector: Int? = nil, operative: Bool)
  case setConfiguration(key: String, value: String)
  /// All keys where the list is empty.
  case getConfiguration(keys: [String])
  case clearCache
  case trigger(Trigger, evse: Int?, connector: Int? = nil)
  /// Does this transaction still run, and does the station still keep messages about it (OCPP 2.0.1 E14)? Without a name:
  /// does it keep messages about any?
  case transactionStatus(String?)
  case transferData(vendor: String, message: String?, data: String?)
  /// What it can hold; the answer is a `StationCapacity`.
  case capacity(CapacityQuestion = .all)
  case list(LocalListCommand)
  case reservation(ReservationCommand)
  case profile(ProfileCommand)
  case firmware(FirmwareCommand)
  /// About keys and certificates.
  case security(SecurityCommand)
  case settings(SettingsCommand)
  case monitoring(MonitoringCommand)
  case display(DisplayCommand)
  case customer(CustomerCommand)
  case grid(GridCommand)
  case swap(SwapCommand)
  case tariff(TariffCommand)
  /// Any call of the station's protocol, as support staff write it.
  case raw(action: String, payload: JSON)

  public enum Reset: String, Word {
    /// Sessions end in order first, or the station waits until there is none.
    case soft
    /// At once; running sessions end.
    case hard
    /// At once; running sessions go on afterwards (OCPP 2.1 B13).
    case resume
  }

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
    case .capacity: "capacity"
    case .list(let command): command.verb
    case .reservation(let command): command.verb
    case .profile(let command): command.verb
    case .firmware(let command): command.verb
    case .security(let command): command.verb
    case .transactionStatus: "transaction-status"
    case .settings(let command): command.verb
    case .monitoring(let command): command.verb
    case .display(let command): command.verb
    case .customer(let command): command.verb
    case .grid(let command): command.verb
    case .swap(let command): command.verb
    case .tariff(let command): command.verb
    case .raw: "raw"
    }
  }

  /// Whether it may give values to settings.
  public var writesSettings: Bool {
    switch self {
    case .setConfiguration, .settings(.set), .raw: true
    default: false
    }
  }

  /// What it is about, for people and the books: without secrets.
  public var detail: JSON {
    switch self {
    case .remoteStart(let start):
      start.profile.map { asked in
        [
          "evse": .maybe(start.evse), "tag": .string(start.shownTag), "number": .number(JSONNumber(asked.number)),
          "profile": asked.profile.json,
        ]
      } ?? ["evse": .maybe(start.evse), "tag": .string(start.shownTag)]
    case .remoteStop(let transaction): ["transaction": transaction.json]
    case .reset(let kind, let evse): ["kind": .string(kind.rawValue), "evse": .maybe(evse)]
    case .unlock(let evse, let connector): ["evse": .number(JSONNumber(evse)), "connector": .maybe(connector)]
    case .setAvailability(let evse, let connector, let operative):
      ["evse": .number(JSONNumber(evse)), "connector": .maybe(connector), "operative": .bool(operative)]
    // A password that is set this way must not be read back from the books (OCPP 2.0.1 A01.FR.09).
    case .setConfiguration(let key, let value):
      ["key": .string(key), "value": SettingName(reading: key).isSecret ? "(hidden)" : .string(value)]
    case .getConfiguration(let keys): ["keys": .array(keys.map { .string($0) })]
    case .clearCache: [:]
    case .trigger(let what, let evse, let connector):
      ["what": .string(what.rawValue), "evse": .maybe(evse), "connector": .maybe(connector)]
    case .transactionStatus(let transaction): ["transaction": .maybe(transaction)]
    case .transferData(let vendor, let message, _): ["vendor": .string(vendor), "message": .maybe(message)]
    case .capacity(let question): question == .all ? [:] : ["one_by_one": true]
    case .list(let command): command.detail
    case .reservation(let command): command.detail
    case .profile(let command): command.detail
    case .firmware(let command): command.detail
    case .security(let command): command.detail
    case .settings(let command): command.detail
    case .monitoring(let command): command.detail
    case .display(let command): command.detail
    case .customer(let command): command.detail
    case .grid(let command): command.detail
    case .swap(let command): command.detail
    case .tariff(let command): command.detail
    case .raw(let action, let payload): ["action": .string(action), "payload": payload.withoutSecrets]
    }
  }
}

extension JSON {
  /// Null where there is none.
  static func maybe(_ number: Int?) -> JSON { number.map { .number(JSONNumber($0)) } ?? .null }
  static func maybe(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }
}

/// How a command ended.
public enum CommandOutcome: Sendable, Equatable {
  /// The station said yes; `answer` is its whole reply.
  case accepted(answer: JSON)
  /// The station said no, in its own words (`Rejected`, `NotSupported`, `Occupied`…).
  case refused(word: String, answer: JSON)
  /// A CALLERROR: code, description, and details as the station gave them.
  case failed(code: String, description: String, details: JSON = [:])
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

/// Why a call that somebody wrote by hand is not what the station's version of the protocol declares.
public enum CallFlaw: Equatable, Sendable {
  /// The version declares no such call to a station.
  case unknownAction
  case field(path: String, what: String)
}
