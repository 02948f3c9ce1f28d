import Wire

/// How much a station may give, and when (OCPP 1.6 §3.13 and §7.8, OCPP 2.0.1 K01). Its walk is its form in the books
/// and in the API; a dialect has its form on the wire.
public struct ChargingProfile: Payload, Equatable {
  public enum Purpose: String, Word {
    /// What the whole station may draw.
    case station
    /// Any session that has no profile of its own.
    case anySession = "any_session"
    /// One running session.
    case session
    /// Limits from outside, as an energy manager beside the station sets them.
    case external
    /// OCPP 2.1: used while a driver asks for priority.
    case priority
    /// OCPP 2.1: what local generation adds.
    case localGeneration = "local_generation"
  }
  public enum Kind: String, Word { case absolute, recurring, relative, dynamic }
  public enum Recurrency: String, Word { case daily, weekly }

  public var purpose = Purpose.anySession
  public var stackLevel = 0
  public var kind = Kind.absolute
  public var recurrency: Recurrency?
  public var validFrom: Timestamp?
  public var validTo: Timestamp?
  /// By what the station knows the session: OCPP's transactionId. Always sent with a session's profile.
  public var transaction: String?
  /// Seconds without a connection after which it stops to hold (OCPP 2.1 Q11); nil is never.
  public var offlineSeconds: Int?
  /// Whether it is forgotten then; else it holds again once the connection is back.
  public var endsOffline: Bool?
  /// Seconds after which the station asks for the newest values of a dynamic profile (OCPP 2.1 K28); nil is never.
  public var updateSeconds: Int?
  public var schedule = Schedule()

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("purpose", &purpose)
    try w.visit("stack_level", &stackLevel, 0...Limits.stackLevel)
    try w.visit("kind", &kind)
    try w.visit("recurrency", &recurrency)
    try w.visit("valid_from", &validFrom)
    try w.visit("valid_to", &validTo)
    try w.visit("transaction", &transaction, max: 36)
    try w.visit("max_offline_s", &offlineSeconds, 1...Limits.profileSeconds)
    try w.visit("ends_offline", &endsOffline)
    try w.visit("update_interval_s", &updateSeconds, 1...Limits.profileSeconds)
    try w.visit("schedule", &schedule)
  }

  /// What does not fit together, for whoever wrote it; nil where all does.
  public var flaw: String? {
    if kind == .recurring, recurrency == nil { return "a recurring profile is daily or weekly" }
    if kind == .absolute || kind == .recurring, schedule.startsAt == nil { return "such a profile needs starts_at" }
    // K01.FR.22, 38 and 41.
    if purpose == .external { return "limits from outside are not the house's to set" }
    if purpose == .station, kind == .relative { return "a profile of the whole station is not relative" }
    if kind == .relative, schedule.startsAt != nil { return "a relative profile has no starts_at" }
    if let validFrom, let validTo, validFrom >= validTo { return "valid_to is before valid_from" }
    // K28.FR.01 to 03: what is told later is told of the one period that there is.
    if kind == .dynamic, schedule.periods.count != 1 || schedule.periods[0].start != 0 {
      return "a dynamic profile has one period, from 0 on"
    }
    if updateSeconds != nil, kind != .dynamic { return "only a dynamic profile has an update_interval_s" }
    if endsOffline != nil, offlineSeconds == nil { return "ends_offline needs max_offline_s" }
    return schedule.flaw
  }

  public struct Schedule: Payload, Equatable {
    public enum Unit: String, Word { case amperes = "A", watts = "W" }

    public var unit = Unit.amperes
    public var startsAt: Timestamp?
    /// Seconds; nil is for good.
    public var seconds: Int?
    /// Below this the car does better not to charge.
    public var leastRate: Decimal?
    public var periods: [Period] = []

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("unit", &unit)
      try w.visit("starts_at", &startsAt)
      try w.visit("duration_s", &seconds, 1...)
      try w.visit("least_rate", &leastRate)
      try w.visit("periods", &periods, count: 1...Limits.schedulePeriods)
    }

    /// What does not fit together in it, for whoever wrote it; nil where all does.
    public var flaw: String? {
      if periods.first?.start != 0 { return "the first period begins at 0" }
      for (before, after) in zip(periods, periods.dropFirst()) where before.start >= after.start {
        return "periods begin one after the other"
      }
      if periods.contains(where: { $0.limit < .zero }) { return "a limit is not below zero" }
      if rates.contains(where: { $0.magnitude > Limits.rate }) { return "a rate is at most \(Limits.rate)" }
      return periods.lazy.compactMap { $0.bidirectional?.flaw }.first
    }

    private var rates: [Decimal] {
      periods.reduce(into: [leastRate].compactMap { $0 }) { rates, period in
        rates.append(period.limit)
        if let flow = period.bidirectional { rates += flow.rates }
      }
    }
  }

  public struct Period: Payload, Equatable {
    /// Seconds from the schedule's start.
    public var start = 0
    /// A per phase, or W of all phases together.
    public var limit = Decimal.zero
    public var phases: Int?
    /// How the vehicle gives and takes, where it can do both (OCPP 2.1 Q); nil is charging only.
    public var bidirectional: Bidirectional?

    public init() {}

    public init(start: Int, limit: Decimal, phases: Int? = nil, bidirectional: Bidirectional? = nil) {
      (self.start, self.limit, self.phases, self.bidirectional) = (start, limit, phases, bidirectional)
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("start_s", &start, 0...)
      try w.visit("limit", &limit)
      try w.visit("phases", &phases, 1...3)
      try w.visit("bidirectional", &bidirectional)
    }
  }

  /// What a vehicle and its EVSE do in a period in which energy may flow both ways (OCPP 2.1 Q03 to Q10). Rates are in the
  /// unit of the schedule; those that flow back are below zero.
  public struct Bidirectional: Payload, Equatable {
    public enum Mode: String, Word {
      case chargingOnly = "charging_only", idle
      /// The house says what flows: `setpoint`, in place of limits (Q03).
      case centralSetpoint = "central_setpoint"
      /// Somebody at the site says what flows, or between which limits (Q05, Q06).
      case externalSetpoint = "external_setpoint", externalLimits = "external_limits"
      /// The grid's signal or its frequency says what flows, by a curve (Q07, Q08).
      case centralFrequency = "central_frequency", localFrequency = "local_frequency"
      /// The load of the site says what flows (Q09).
      case localLoadBalancing = "local_load_balancing"
    }

    public var mode = Mode.chargingOnly
    public var setpoint: Decimal?
    /// The most that flows back: zero or below.
    public var dischargeLimit: Decimal?
    /// Watts around which the curves move.
    public var baseline: Decimal?
    /// Watts at a frequency in hertz.
    public var frequencyCurve: [Point]?
    /// Watts at a signal of the grid.
    public var signalCurve: [Point]?

    public struct Point: Payload, Equatable {
      public var at = Decimal.zero, power = Decimal.zero

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("at", &at)
        try w.visit("power", &power)
      }
    }

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("mode", &mode)
      try w.visit("setpoint", &setpoint)
      try w.visit("discharge_limit", &dischargeLimit)
      try w.visit("baseline", &baseline)
      try w.visit("frequency_curve", &frequencyCurve, count: 1...Limits.curvePoints)
      try w.visit("signal_curve", &signalCurve, count: 1...Limits.curvePoints)
    }

    /// All that stands in it, with where its curves stand.
    fileprivate var rates: [Decimal] {
      let points = (frequencyCurve ?? []) + (signalCurve ?? [])
      return [setpoint, dischargeLimit, baseline].compactMap { $0 } + points.flatMap { [$0.at, $0.power] }
    }

    /// What does not fit together, for whoever wrote it; nil where all does.
    var flaw: String? {
      if let dischargeLimit, dischargeLimit > .zero { return "a discharge limit is zero or below" }
      switch mode {
      case .centralSetpoint:
        return setpoint == nil || dischargeLimit != nil ? "a central setpoint has a setpoint and no limits" : nil
      case .centralFrequency: return signalCurve == nil ? "central frequency control has a signal_curve" : nil
      case .localFrequency: return frequencyCurve == nil ? "local frequency control has a frequency_curve" : nil
      case .chargingOnly, .idle:
        return setpoint != nil || dischargeLimit != nil ? "nothing flows back in this mode" : nil
      case .externalSetpoint, .externalLimits, .localLoadBalancing: return nil
      }
    }
  }
}

extension ChargingProfile.Schedule {
  /// The same limits in another unit, at that voltage between phase and neutral: W = V × A × phases. Never more than was
  /// meant: what does not come out even is cut to a tenth, as the protocol counts.
  public func converted(to unit: Unit, volts: Decimal, phases: Int) -> Self {
    guard unit != self.unit else { return self }
    var schedule = self
    schedule.unit = unit
    func convert(_ rate: Decimal, _ phases: Int) -> Decimal {
      let perAmpere = volts * Decimal(phases)
      return unit == .watts
        ? (rate * perAmpere).rounded(toPlaces: 1, .down) : rate.divided(by: perAmpere, places: 1, rounding: .down)
    }
    schedule.leastRate = leastRate.map { convert($0, phases) }
    schedule.periods = periods.map { period in
      var period = period
      let lines = period.phases ?? phases
      period.limit = convert(period.limit, lines)
      if var flow = period.bidirectional {
        flow.setpoint = flow.setpoint.map { convert($0, lines) }
        flow.dischargeLimit = flow.dischargeLimit.map { convert($0, lines) }
        period.bidirectional = flow
      }
      return period
    }
    return schedule
  }

  /// A share of each limit, for one of several EVSEs.
  public func divided(by parts: Int) -> Self {
    var schedule = self
    func share(_ rate: Decimal) -> Decimal { rate.divided(by: Decimal(parts), places: 1, rounding: .down) }
    for place in periods.indices {
      schedule.periods[place].limit = share(periods[place].limit)
      guard var flow = periods[place].bidirectional else { continue }
      (flow.setpoint, flow.dischargeLimit) = (flow.setpoint.map(share), flow.dischargeLimit.map(share))
      schedule.periods[place].bidirectional = flow
    }
    return schedule
  }
}

extension ChargingProfile {
  /// What it allows at a moment, in its own unit; nil where it says nothing then.
  /// - Parameter start: when the session began, from which a relative schedule counts.
  public func limit(at time: Timestamp, sessionSince start: Timestamp) -> Decimal? {
    period(at: time, sessionSince: start)?.limit
  }

  /// The period that holds at a moment.
  public func period(at time: Timestamp, sessionSince start: Timestamp) -> Period? {
    if let validFrom, time < validFrom { return nil }
    if let validTo, time >= validTo { return nil }
    let passed: Int64
    switch kind {
    case .absolute: passed = time.seconds(since: schedule.startsAt ?? start)
    case .relative: passed = time.seconds(since: start)
    case .dynamic: passed = 0
    case .recurring:
      let span: Int64 = recurrency == .weekly ? 604_800 : 86_400
      let since = time.seconds(since: schedule.startsAt ?? start)
      passed = (since % span + span) % span
    }
    if passed < 0 { return nil }
    if let seconds = schedule.seconds, passed >= Int64(seconds) { return nil }
    return schedule.periods.last { Int64($0.start) <= passed }
  }

  /// Whether a schedule asks at any time for more than this allows then. Rates of another unit are compared by what is
  /// usual of voltage and phases, so those may be a little above. What may flow both ways is not compared.
  /// - Parameter wish: with its start.
  public func isExceeded(
    by wish: Schedule, sessionSince start: Timestamp, volts: Decimal, phases: Int
  ) -> Bool {
    guard kind != .dynamic, !schedule.periods.contains(where: { $0.bidirectional != nil }) else { return false }
    var asked = ChargingProfile()
    asked.schedule = wish.converted(to: schedule.unit, volts: volts, phases: phases)
    let percent = Decimal(wish.unit == schedule.unit ? 100 : Limits.comparedPercent)
    let (begin, base) = (schedule.startsAt ?? start, wish.startsAt ?? start)
    let moments =
      wish.periods.map { base + .seconds($0.start) } + schedule.periods.map { begin + .seconds($0.start) }
    return moments.contains { moment in
      guard let allowed = limit(at: moment, sessionSince: start),
        let rate = asked.limit(at: moment, sessionSince: start)
      else { return false }
      return rate * Decimal(100) > allowed * percent
    }
  }
}

/// What is to be different in the one period of a dynamic profile (OCPP 2.1 K28, Q04), in the profile's unit; nil stays.
public struct DynamicChange: Sendable, Equatable {
  public var limit: Decimal?
  public var setpoint: Decimal?
  /// Zero or below.
  public var dischargeLimit: Decimal?

  public init(limit: Decimal? = nil, setpoint: Decimal? = nil, dischargeLimit: Decimal? = nil) {
    (self.limit, self.setpoint, self.dischargeLimit) = (limit, setpoint, dischargeLimit)
  }

  public var isEmpty: Bool { self == DynamicChange() }

  /// The period with what is new in it.
  /// - Throws: what does not go with how energy flows in it, with the field.
  public func applied(
    to period: ChargingProfile.Period
  ) throws(Mismatch) -> ChargingProfile.Period {
    var period = period
    if let limit {
      guard period.bidirectional?.mode != .centralSetpoint else {
        throw Mismatch(field: "limit", why: "a central setpoint has no limits beside it")
      }
      period.limit = limit
    }
    guard setpoint != nil || dischargeLimit != nil else { return period }
    guard var flow = period.bidirectional else {
      throw Mismatch(
        field: setpoint == nil ? "discharge_limit" : "setpoint", why: "nothing flows back in this profile")
    }
    flow.setpoint = setpoint ?? flow.setpoint
    flow.dischargeLimit = dischargeLimit ?? flow.dischargeLimit
    period.bidirectional = flow
    return period
  }

  public struct Mismatch: Error, Equatable {
    public let field: String
    public let why: String
  }
}

/// A profile as the books keep it: what was wished, and what the station says of it.
public struct KeptProfile: Sendable, Equatable {
  public enum State: String, Word {
    /// To be sent, or sent and not answered yet.
    case asked
    case inForce = "in_force"
    /// The station said no.
    case refused
    case cleared
    /// Its session or its time has ended.
    case over

    public var isOpen: Bool { self == .asked || self == .inForce }
  }

  /// What the station knows it by.
  public var number: Int64
  public var station: ID<Station>
  /// 0 is the whole station.
  public var evse: Int
  public var profile: ChargingProfile
  /// The session that it is for.
  public var session: String?
  public var state: State
  /// The station's word, or the reason.
  public var answer: String?
  /// The profile of the whole station that it stands in for, because the station took none.
  public var insteadOf: Int64?
  public var command: String?
  public var attempts: Int
  public var origin: String
  public var dueAt: Timestamp?
  public var createdAt: Timestamp
  public var updatedAt: Timestamp

  public init(
    number: Int64, station: ID<Station>, evse: Int, profile: ChargingProfile, session: String? = nil,
    insteadOf: Int64? = nil, origin: String, at now: Timestamp
  ) {
    self.session = session
    (self.number, self.station, self.evse, self.profile) = (number, station, evse, profile)
    (self.insteadOf, self.origin, dueAt, createdAt, updatedAt) = (insteadOf, origin, now, now, now)
    (state, attempts) = (.asked, 0)
  }
}

/// What the house asks about charging profiles (OCPP 1.6 §5.16, §5.5, §5.7; OCPP 2.0.1 K01, K08–K10).
public enum ProfileCommand: Sendable, Equatable {
  /// EVSE 0 is the whole station. A profile that has the number already is replaced.
  case set(ChargingProfile, number: Int64, evse: Int)
  case clear(ProfileFilter)
  /// What comes of all profiles together; the answer is a `CompositeSchedule`.
  case composite(evse: Int, seconds: Int, unit: ChargingProfile.Schedule.Unit?)
  /// OCPP 2.x: which does it have? They come as reports with this number.
  case report(request: Int, ProfileFilter)
  /// OCPP 2.1: the driver gets priority, or no longer.
  case priority(transaction: String, isOn: Bool)
  /// OCPP 2.1: what the one period of a dynamic profile says from now on, in the profile's unit.
  case dynamic(number: Int64, ChargingProfile.Period)
  /// OCPP 2.1: how the vehicle may exchange energy from now on.
  case transfers(transaction: String, allowed: [EnergyTransfer])

  public var verb: String {
    switch self {
    case .set: "set-profile"
    case .clear: "clear-profile"
    case .composite: "composite-schedule"
    case .report: "get-profiles"
    case .priority: "priority"
    case .dynamic: "dynamic-limit"
    case .transfers: "energy-transfer"
    }
  }

  public var detail: JSON {
    switch self {
    case .set(let profile, let number, let evse):
      [
        "number": .number(JSONNumber(number)), "evse": .number(JSONNumber(evse)), "profile": profile.json,
      ]
    case .clear(let filter): filter.json
    case .composite(let evse, let seconds, let unit):
      [
        "evse": .number(JSONNumber(evse)), "duration_s": .number(JSONNumber(seconds)), "unit": .maybe(unit?.rawValue),
      ]
    case .report(let request, let filter): ["request": .number(JSONNumber(request)), "profiles": filter.json]
    case .priority(let transaction, let isOn):
      ["transaction": .string(transaction), "on": .bool(isOn)]
    case .dynamic(let number, let period):
      ["number": .number(JSONNumber(number)), "period": period.json]
    case .transfers(let transaction, let allowed):
      ["transaction": .string(transaction), "allowed": .array(allowed.map { .string($0.rawValue) })]
    }
  }
}

/// A way in which a vehicle and a station exchange energy (ISO 15118).
public enum EnergyTransfer: String, Word {
  case dc, acOnePhase = "ac_one_phase", acTwoPhases = "ac_two_phases", acThreePhases = "ac_three_phases"
  case acBidirectional = "ac_bidirectional", acBidirectionalDER = "ac_bidirectional_der", acDER = "ac_der"
  case dcBidirectional = "dc_bidirectional", pantograph, pantographBidirectional = "pantograph_bidirectional", wireless

  /// Whether energy may flow back by it.
  public var flowsBack: Bool {
    switch self {
    case .acBidirectional, .acBidirectionalDER, .dcBidirectional, .pantographBidirectional: true
    case .dc, .acOnePhase, .acTwoPhases, .acThreePhases, .acDER, .pantograph, .wireless: false
    }
  }
}

/// Which profiles are meant: those that fit all that is named.
public struct ProfileFilter: Sendable, Equatable {
  public var number: Int64?
  public var evse: Int?
  public var purpose: ChargingProfile.Purpose?
  public var stackLevel: Int?
  /// One of several that together mean all: a station that has none that fit it has done it.
  public var isPart = false

  /// Nothing is named: all are meant.
  public var isAll: Bool { self == ProfileFilter() }

  public init(
    number: Int64? = nil, evse: Int? = nil, purpose: ChargingProfile.Purpose? = nil, stackLevel: Int? = nil
  ) {
    (self.number, self.evse, self.purpose, self.stackLevel) = (number, evse, purpose, stackLevel)
  }

  public var json: JSON {
    [
      "number": number.map { .number(JSONNumber($0)) } ?? .null, "evse": .maybe(evse),
      "purpose": .maybe(purpose?.rawValue), "stack_level": .maybe(stackLevel),
    ]
  }
}

/// What a station really does with all its profiles together, as it says.
public struct CompositeSchedule: Payload, Equatable {
  public var evse = 0
  public var schedule = ChargingProfile.Schedule()

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("evse", &evse)
    try w.visit("schedule", &schedule)
  }
}
