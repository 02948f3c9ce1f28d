import Domain
import OCPP
import Wire

// What a station of 2.1 does with profiles that change while they hold, and with the tariffs by which it reckons (OCPP 2.1
// K28, Q04, I07 to I11). It shows prices and computes none: what a session costs the house says.

/// The tariffs that a station was given.
struct StationPrices: Sendable, Equatable {
  /// For whoever has no other one, by outlet.
  var defaults: [Int: V2.Tariff] = [:]
  /// Of sessions that have one of their own, by the station's numbers.
  var sessions: [Int: V2.Tariff] = [:]

  /// False where it has another one of that name (I07.FR.04).
  func takes(_ tariff: V2.Tariff) -> Bool {
    (Array(defaults.values) + sessions.values).allSatisfy { $0.tariffId != tariff.tariffId || $0 == tariff }
  }

  /// By which a session is reckoned.
  func tariff(of session: Int, at outlet: Int) -> String? { (sessions[session] ?? defaults[outlet])?.tariffId }
}

extension StationModel {
  // MARK: Prices

  mutating func set(_ call: V2.SetDefaultTariff) -> V2.SetDefaultTariff.Reply {
    let places = outlets.map(\.number).filter { call.evseId == 0 || $0 == call.evseId }
    guard !places.isEmpty else { return V2.SetDefaultTariff.Reply(.rejected) }
    guard duties.prices.takes(call.tariff) else { return V2.SetDefaultTariff.Reply(.duplicateTariffId) }
    for place in places { duties.prices.defaults[place] = call.tariff }
    return V2.SetDefaultTariff.Reply(.accepted)
  }

  mutating func change(_ call: V2.ChangeTransactionTariff) -> V2.ChangeTransactionTariff.Reply {
    guard let session = transactions2.session(named: call.transactionId) else {
      return V2.ChangeTransactionTariff.Reply(.txNotFound)
    }
    duties.prices.sessions[session] = call.tariff
    return V2.ChangeTransactionTariff.Reply(.accepted)
  }

  mutating func tellTariffs(_ call: V2.GetTariffs) -> V2.GetTariffs.Reply {
    var reply = V2.GetTariffs.Reply()
    let found = duties.prices.defaults.filter { call.evseId == 0 || $0.key == call.evseId }
    let assignments = Dictionary(grouping: found, by: \.value.tariffId).sorted { $0.key < $1.key }.map { name, places in
      var assignment = V2.TariffAssignment()
      (assignment.tariffId, assignment.tariffKind) = (name, .known(.defaultTariff))
      assignment.validFrom = places[0].value.validFrom
      assignment.evseIds = places.map(\.key).sorted()
      return assignment
    }
    reply.status = .known(assignments.isEmpty ? .noTariff : .accepted)
    reply.tariffAssignments = assignments.isEmpty ? nil : assignments
    return reply
  }

  mutating func clear(_ call: V2.ClearTariffs) -> V2.ClearTariffs.Reply {
    let gone = duties.prices.defaults.filter { place, tariff in
      (call.evseId.map { $0 == place } ?? true) && (call.tariffIds?.contains(tariff.tariffId) ?? true)
    }
    for place in gone.keys { duties.prices.defaults[place] = nil }
    let names = Set(gone.values.map(\.tariffId))
    var reply = V2.ClearTariffs.Reply()
    reply.clearTariffsResult = (call.tariffIds ?? names.sorted()).map { name in
      var result = V2.ClearTariffsResult()
      (result.tariffId, result.status) = (name, .known(names.contains(name) ? .accepted : .noTariff))
      return result
    }
    if reply.clearTariffsResult.isEmpty {
      var none = V2.ClearTariffsResult()
      none.status = .known(.noTariff)
      reply.clearTariffsResult = [none]
    }
    return reply
  }

  // MARK: Profiles that change while they hold

  mutating func update(_ call: V2.UpdateDynamicSchedule) -> V2.UpdateDynamicSchedule.Reply {
    V2.YesOrNo(duties.rules.update(call.chargingProfileId, by: call.scheduleUpdate) ? .accepted : .rejected)
  }

  /// With the clock: those of which the house wants to be asked.
  mutating func lookAtDynamicRules(_ now: Moment) {
    for rule in duties.rules.rules {
      guard let seconds = rule.profile.updateSeconds else { continue }
      let last = duties.pulls[rule.number]
      if let last, last + .seconds(seconds) > now.time { continue }
      duties.pulls[rule.number] = now.time
      // It was set just now, with what holds.
      guard last != nil, isAccepted else { continue }
      var call = V2.PullDynamicScheduleUpdate()
      call.chargingProfileId = rule.number
      say(call)
    }
    duties.pulls = duties.pulls.filter { number, _ in duties.rules.contains(number) }
  }

  func nextPull(after now: Moment) -> Timestamp? {
    duties.rules.rules.compactMap { rule in
      rule.profile.updateSeconds.flatMap { seconds in duties.pulls[rule.number].map { $0 + .seconds(seconds) } }
    }.min()
  }

  /// The house said what a profile says now.
  mutating func pulled(
    _ sent: Bytes, _ payload: JSONTape.Element, _ now: Moment
  ) throws(Flaw) {
    let reply = try V2.PullDynamicScheduleUpdate.Reply.read(payload, edition: edition).value
    let number = (try? JSON.parse(sent))?["chargingProfileId"]?.int
    guard reply.status.word == .accepted, let update = reply.scheduleUpdate, let number else { return }
    _ = duties.rules.update(Int(number), by: update)
  }
}

extension ChargingRules {
  /// False where there is no such dynamic profile.
  mutating func update(_ number: Int, by change: V2.ChargingScheduleUpdate) -> Bool {
    guard let rule = rules.first(where: { $0.number == number }), rule.profile.kind == .dynamic,
      var period = rule.profile.schedule.periods.first
    else { return false }
    if let limit = change.limit { period.limit = limit }
    if var flow = period.bidirectional {
      flow.setpoint = change.setpoint ?? flow.setpoint
      flow.dischargeLimit = change.dischargeLimit ?? flow.dischargeLimit
      period.bidirectional = flow
    }
    var profile = rule.profile
    profile.schedule.periods = [period]
    set(Rule(number: rule.number, place: rule.place, session: rule.session, profile: profile))
    return true
  }
}

extension ChargingProfile.Period {
  /// What flows, or at most flows: below zero it flows back.
  var rate: Decimal {
    guard let bidirectional, bidirectional.mode == .centralSetpoint else { return limit }
    return bidirectional.setpoint ?? .zero
  }
}
