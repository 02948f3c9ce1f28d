import Wire

/// What the house asks about a station's local authorization list (OCPP 1.6 §3.5, OCPP 2.0.1 block D): the tokens that it
/// may take without asking us.
public enum LocalListCommand: Sendable, Equatable {
  /// Which version does it have? The answer is `{"version": 7}`; 0 is an empty list.
  case version
  case send(LocalListUpdate)

  public var verb: String {
    switch self {
    case .version: "list-version"
    case .send: "send-list"
    }
  }

  public var detail: JSON {
    switch self {
    case .version: [:]
    case .send(let update):
      [
        "version": .number(JSONNumber(update.version)), "full": .bool(update.isFull),
        "entries": .number(JSONNumber(update.entries.count)),
      ]
    }
  }
}

/// A whole list, or what differs from the one before.
public struct LocalListUpdate: Sendable, Equatable {
  public var version: Int
  /// It replaces what the station has.
  public var isFull: Bool
  public var entries: [LocalListEntry]

  public init(version: Int, isFull: Bool, entries: [LocalListEntry]) {
    (self.version, self.isFull, self.entries) = (version, isFull, entries)
  }
}

/// One token as a station's list has it.
public struct LocalListEntry: Sendable, Equatable {
  public enum Standing: String, Word {
    case accepted, blocked
    /// No longer on the list.
    case removed
  }

  /// As the reader tells it: without spaces.
  public var tag: String
  public var kind: Token.Kind
  public var standing: Standing
  public var groupID: String?
  public var validUntil: Timestamp?

  public init(
    tag: String, kind: Token.Kind = .rfid, standing: Standing, groupID: String? = nil, validUntil: Timestamp? = nil
  ) {
    (self.tag, self.kind, self.standing, self.groupID, self.validUntil) = (tag, kind, standing, groupID, validUntil)
  }
}

/// Where a station's local list stands.
public struct LocalListState: Sendable, Equatable {
  public enum Phase: String, Word {
    /// The house does not keep it.
    case off
    /// Its version is to be asked for.
    case unknown
    case sending
    /// The station has what it should have.
    case inStep = "in_step"
    /// The station has no local list, or has it switched off.
    case unsupported
    /// It did not take the list; it is tried again.
    case failed
  }

  public var station: ID<Station>
  public var phase: Phase
  /// What the station's list is numbered; nil before it was asked.
  public var version: Int?
  /// The change of the house's list up to which the station has it, and in the list that is under way.
  public var change: Int64
  public var target: Int64
  /// It gets the whole list, because what it has is not known.
  public var isFull: Bool
  /// The last entry that was sent of the list that is under way.
  public var sentUpTo: String?
  /// The last entry of the message that is under way.
  public var offered: String?
  /// The command that is under way.
  public var command: String?
  public var attempts: Int
  /// Entries that the station has no room for.
  public var leftOut: Int
  public var why: String?
  /// When something is to be done about it; nil while nothing is.
  public var dueAt: Timestamp?
  public var updatedAt: Timestamp

  public init(station: ID<Station>, phase: Phase, dueAt: Timestamp?, updatedAt: Timestamp) {
    (self.station, self.phase, self.dueAt, self.updatedAt) = (station, phase, dueAt, updatedAt)
    (change, target, isFull, attempts, leftOut) = (0, 0, true, 0, 0)
  }
}
