import Wire

/// One charging session, from the accepted start to the stop: a state machine that is told facts and says what changed.
/// It reads no clock and touches no database. Times are the station's where it has a plausible clock.
public struct Session: Sendable, Equatable {
  public enum State: String, Word {
    /// A remote start was accepted; the car has not begun.
    case pending
    case active
    case completed
    /// It never began: the connection timeout ran out.
    case invalid
    /// The next session began at the same EVSE before this one was stopped; its CDR waits for a late stop.
    /// Or a station that was offline tells it, and whether it still runs is not known.
    case superseded
  }

  /// Why it ended, in the operator's words.
  public enum Ending: String, Word {
    case local, remote, vehicle = "ev_disconnected", deauthorized, powerLoss = "power_loss", reboot, emergency
    case closedByOperator = "closed_by_operator", superseded, other
    // What only 2.x stations tell.
    case masterPass = "master_pass", energyLimit = "energy_limit", costLimit = "cost_limit", timeLimit = "time_limit"
    case stateOfChargeLimit = "soc_limit", groundFault = "ground_fault", overcurrent = "overcurrent"
    case powerQuality = "power_quality", timeout
  }

  /// What the vehicle does: a second is billed as TIME, or as PARKING_TIME while the vehicle asks for no power. A pause
  /// by the station itself is not parking (OCPI 2.2.1 §11.4.4 as of 2026-05).
  public enum Activity: String, Word { case charging, idle }

  public struct Shift: Sendable, Equatable {
    public var at: Timestamp
    public var activity: Activity

    public init(at: Timestamp, activity: Activity) { (self.at, self.activity) = (at, activity) }
  }

  /// UUIDv7 text; the id at partners.
  public let id: String
  public var party: ID<Party>
  public var station: ID<Station>
  public var evse: ID<EVSE>
  public var connector: ID<Connector>
  public var location: ID<Location>?
  /// The number by which a 1.6 station knows it; nil while pending, and at stations that name it themselves.
  public var transaction: Int64?
  public var token: TokenReference
  /// The partner role whose driver this is; nil for our own.
  public var owner: ID<PartnerRole>?
  public var authorization: Authorization.Method
  public var authorizationReference: String?
  public var groupID: String?
  /// The command that asked for it.
  public var command: String?
  public private(set) var state: State
  public private(set) var startedAt: Timestamp
  public private(set) var endedAt: Timestamp?
  public private(set) var ending: Ending?
  /// The register at the start.
  public private(set) var meterStart: Energy
  /// The newest register that was read.
  public private(set) var meterLast: Energy
  /// The export register when it was read first and last; nil where the meter has none.
  public private(set) var exportStart: Energy?
  public private(set) var exportLast: Energy?
  public private(set) var lastReadingAt: Timestamp?
  /// W; below zero while energy flows back.
  public private(set) var power: Decimal?
  public private(set) var stateOfCharge: Decimal?
  /// What the vehicle did, in order of time; it charges from the start unless the first shift says otherwise.
  public private(set) var shifts: [Shift]
  /// The tariff as it was at the start; nil where the connector has none.
  public var tariff: Tariff?
  public var updatedAt: Timestamp

  public var holder: Holder {
    Holder(token: token, owner: owner, groupID: groupID, method: authorization, reference: authorizationReference)
  }

  public var place: Place {
    Place(party: party, location: location, station: station, evse: evse, connector: connector)
  }

  /// Energy delivered so far; never negative, also where a meter ran backwards.
  public var energy: Energy { max(meterLast - meterStart, .zero) }
  /// Energy that the vehicle gave back so far; never negative either.
  public var exported: Energy {
    guard let exportStart, let exportLast else { return .zero }
    return max(exportLast - exportStart, .zero)
  }
  public var isOpen: Bool { state == .pending || state == .active }

  /// A session that a remote start asked for and that waits for the car.
  public static func pending(
    id: String, place: Place, holder: Holder, command: String, tariff: Tariff?, at now: Timestamp
  ) -> Session {
    Session(
      id: id, place: place, holder: holder, command: command, tariff: tariff, state: .pending, startedAt: now,
      meter: .zero, now: now)
  }

  /// A session that begins at the station.
  public static func started(
    id: String, place: Place, holder: Holder, tariff: Tariff?, at start: Timestamp, meter: Energy, transaction: Int64?,
    received now: Timestamp
  ) -> Session {
    var session = Session(
      id: id, place: place, holder: holder, command: nil, tariff: tariff, state: .active, startedAt: start,
      meter: meter, now: now)
    session.transaction = transaction
    return session
  }

  /// Where it happens.
  public struct Place: Sendable, Equatable {
    public var party: ID<Party>
    public var location: ID<Location>?
    public var station: ID<Station>
    public var evse: ID<EVSE>
    public var connector: ID<Connector>

    public init(
      party: ID<Party>, location: ID<Location>?, station: ID<Station>, evse: ID<EVSE>, connector: ID<Connector>
    ) {
      (self.party, self.location, self.station, self.evse, self.connector) = (party, location, station, evse, connector)
    }
  }

  /// Whose it is, and how that was made sure.
  public struct Holder: Sendable, Equatable {
    public var token: TokenReference
    public var owner: ID<PartnerRole>?
    public var groupID: String?
    public var method: Authorization.Method
    public var reference: String?

    public init(
      token: TokenReference, owner: ID<PartnerRole>?, groupID: String? = nil, method: Authorization.Method,
      reference: String? = nil
    ) {
      (self.token, self.owner, self.groupID, self.method, self.reference) = (token, owner, groupID, method, reference)
    }
  }

  private init(
    id: String, place: Place, holder: Holder, command: String?, tariff: Tariff?, state: State, startedAt: Timestamp,
    meter: Energy, now: Timestamp
  ) {
    self.id = id
    party = place.party
    location = place.location
    station = place.station
    evse = place.evse
    connector = place.connector
    token = holder.token
    owner = holder.owner
    groupID = holder.groupID
    authorization = holder.method
    authorizationReference = holder.reference
    self.command = command
    self.tariff = tariff
    self.state = state
    self.startedAt = startedAt
    meterStart = meter
    meterLast = meter
    shifts = []
    updatedAt = now
  }

  /// The pending session begins at the station. False where it is not pending: nothing changed.
  public mutating func begin(at start: Timestamp, meter: Energy, transaction: Int64?, received now: Timestamp) -> Bool {
    switch state {
    case .pending:
      state = .active
      startedAt = start
      meterStart = meter
      meterLast = meter
      self.transaction = transaction
      updatedAt = now
      return true
    case .active, .completed, .invalid, .superseded:
      return false
    }
  }

  /// What the station said of its register at the start is not believed: the first one that it tells counts instead.
  public mutating func believe(start register: Energy) {
    switch state {
    case .active where lastReadingAt == nil:
      meterStart = register
      meterLast = register
    case .active, .pending, .completed, .invalid, .superseded: break
    }
  }

  /// A reading arrived. True where the session's energy, power or state of charge moved; late ones (older than the
  /// newest) are kept by the house but move nothing here, and after the end nothing moves.
  public mutating func read(_ reading: Reading, received now: Timestamp) -> Bool {
    switch state {
    case .active:
      if let newest = lastReadingAt, reading.at < newest { return false }
      let before = (meterLast, exportLast, power, stateOfCharge)
      lastReadingAt = reading.at
      if let register = reading.register { meterLast = register }
      if let exported = reading.exported {
        exportStart = exportStart ?? exported
        exportLast = exported
      }
      if let watts = reading.power { power = watts }
      if let percent = reading.stateOfCharge { stateOfCharge = percent }
      updatedAt = now
      return before != (meterLast, exportLast, power, stateOfCharge)
    case .pending, .completed, .invalid, .superseded:
      return false
    }
  }

  /// The vehicle began or ceased to ask for power. True where that is news.
  public mutating func shift(to activity: Activity, at time: Timestamp, received now: Timestamp) -> Bool {
    switch state {
    case .active:
      guard activity != (shifts.last?.activity ?? .charging), shifts.count < Limits.sessionShifts else { return false }
      shifts.append(Shift(at: max(time, shifts.last?.at ?? startedAt), activity: activity))
      updatedAt = now
      return true
    case .pending, .completed, .invalid, .superseded:
      return false
    }
  }

  /// It is known to run after all: a station that was offline told it late, and now speaks of it as it happens. False
  /// where that is no news.
  public mutating func resume(received now: Timestamp) -> Bool {
    switch state {
    case .superseded:
      state = .active
      updatedAt = now
      return true
    case .pending, .active, .completed, .invalid:
      return false
    }
  }

  /// Whose it is became known, or is known better.
  public mutating func belongs(to holder: Holder, received now: Timestamp) {
    token = holder.token
    owner = holder.owner
    groupID = holder.groupID
    authorization = holder.method
    authorizationReference = holder.reference
    updatedAt = now
  }

  /// Takes its course from all that was told of it so far, because something of it came out of order. Readings are in the
  /// order of their times. False where it is over, or has not begun: nothing changed.
  public mutating func retell(_ story: TransactionStory, _ readings: [Reading], received now: Timestamp) -> Bool {
    switch state {
    case .active, .superseded:
      startedAt = story.startedAt
      shifts = story.shifts
      let registers = readings.filter { $0.register != nil }
      if let first = registers.first(where: { $0.context == .begin }) ?? registers.first {
        meterStart = first.register ?? meterStart
      }
      // The one of the end is the last, also beside another of the same moment.
      meterLast = (registers.last { $0.context == .end } ?? registers.last)?.register ?? meterStart
      let exports = readings.filter { $0.exported != nil }
      exportStart = (exports.first { $0.context == .begin } ?? exports.first)?.exported
      exportLast = (exports.last { $0.context == .end } ?? exports.last)?.exported
      lastReadingAt = readings.last?.at
      power = state == .active ? readings.last { $0.power != nil }?.power : nil
      stateOfCharge = readings.last { $0.stateOfCharge != nil }?.stateOfCharge
      updatedAt = now
      return true
    case .pending, .completed, .invalid:
      return false
    }
  }

  /// The station stopped it, or the operator closed it. False where it had already ended: the first stop counts.
  /// A superseded session still takes its late stop.
  public mutating func stop(at end: Timestamp, meter: Energy?, because ending: Ending, received now: Timestamp) -> Bool
  {
    switch state {
    case .active, .superseded:
      state = .completed
      endedAt = max(end, startedAt)
      if let meter { meterLast = meter }
      self.ending = ending
      power = nil
      updatedAt = now
      return true
    case .pending, .completed, .invalid:
      return false
    }
  }

  /// The next session began here before this one was stopped.
  public mutating func supersede(received now: Timestamp) -> Bool {
    switch state {
    case .active:
      state = .superseded
      power = nil
      updatedAt = now
      return true
    case .pending, .completed, .invalid, .superseded:
      return false
    }
  }

  /// Nobody was ever known to charge, no car ever came, or it is told under another id: it never was. False where it is
  /// over already.
  /// - Parameter ending: why its station ended it, where that is known.
  public mutating func dissolve(because ending: Ending? = nil, received now: Timestamp) -> Bool {
    switch state {
    case .active, .superseded:
      state = .invalid
      self.ending = ending
      endedAt = now
      power = nil
      updatedAt = now
      return true
    case .pending, .completed, .invalid:
      return false
    }
  }

  /// The car never came.
  public mutating func expire(received now: Timestamp) -> Bool {
    switch state {
    case .pending:
      state = .invalid
      endedAt = now
      updatedAt = now
      return true
    case .active, .completed, .invalid, .superseded:
      return false
    }
  }

  /// Restores a session from the books, field by field.
  public init(
    id: String, place: Place, holder: Holder, command: String?, tariff: Tariff?, state: State, transaction: Int64?,
    startedAt: Timestamp, endedAt: Timestamp?, ending: Ending?, meterStart: Energy, meterLast: Energy,
    exportStart: Energy? = nil, exportLast: Energy? = nil, lastReadingAt: Timestamp?, power: Decimal?,
    stateOfCharge: Decimal?, shifts: [Shift], updatedAt: Timestamp
  ) {
    self.init(
      id: id, place: place, holder: holder, command: command, tariff: tariff, state: state, startedAt: startedAt,
      meter: meterStart, now: updatedAt)
    self.transaction = transaction
    self.endedAt = endedAt
    self.ending = ending
    self.meterLast = meterLast
    (self.exportStart, self.exportLast) = (exportStart, exportLast)
    self.lastReadingAt = lastReadingAt
    self.power = power
    self.stateOfCharge = stateOfCharge
    self.shifts = shifts
  }
}

/// Whether somebody may charge, and how we know.
public struct Authorization: Sendable, Equatable {
  public enum Method: String, Word { case authRequest = "AUTH_REQUEST", command = "COMMAND", whitelist = "WHITELIST" }
  public enum Verdict: String, Word {
    case accepted, blocked, expired, invalid, concurrent, noCredit = "no_credit"
    /// It may charge, but not here.
    case notHere = "not_here"
    /// It may charge here, but not at EVSEs of this kind.
    case wrongKind = "wrong_kind"
  }

  public var verdict: Verdict
  public var holder: Session.Holder?
  /// The tag by which the station should know the group: 1.6 parentIdTag.
  public var groupID: String?
  public var validUntil: Timestamp?
  /// The driver's, RFC 5646.
  public var language: String?
  /// From -9 to 9: who gets power first where there is too little (OCPP 2.0.1 IdTokenInfoType); nil where nothing says it.
  public var priority: Int?
  /// The EVSEs of the station that it may use, where it may not use all.
  public var evses: [Int]?
  /// How the vehicle may exchange energy, where that is known (OCPP 2.1 Q01); nil: nothing is said.
  public var transfers: [EnergyTransfer]?
  /// What the station may show to this driver.
  public var message: DriverMessage?
  /// By which it reckons for this driver, where that is not what it reckons by for everybody (OCPP 2.1 I08).
  public var tariff: StationTariff?
  /// The answer holds for this once: a station must not remember it (OCPP 2.1 C17).
  public var holdsOnce = false

  public init(
    _ verdict: Verdict, holder: Session.Holder? = nil, groupID: String? = nil, validUntil: Timestamp? = nil,
    language: String? = nil, priority: Int? = nil, message: DriverMessage? = nil
  ) {
    (self.verdict, self.holder, self.groupID, self.validUntil) = (verdict, holder, groupID, validUntil)
    (self.language, self.priority, self.message) = (language, priority, message)
  }

  /// The same at one EVSE.
  public func at(_ evse: Int?) -> Authorization {
    guard verdict == .accepted, let evses, let evse, !evses.contains(evse) else { return self }
    return Authorization(transfers == nil ? .notHere : .wrongKind)
  }
}
