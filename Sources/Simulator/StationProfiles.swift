import Domain
import OCPP
import Wire

// What the house wants of a station's power: charging profiles in all versions are kept, obeyed, reported, and added up
// (OCPP 1.6 §5.16, §5.5, §5.7; OCPP 2.0.1 K01, K08 to K10).

extension StationModel {
  // MARK: Obeying

  /// Lets each session draw what its profiles allow from now on. A car that may have less than it can charge with waits.
  mutating func applyRules(_ now: Moment) {
    guard !has(.ignoresLimits) else { return }
    let charging = outlets.indices.filter { outlets[$0].running != nil }
    let whole = duties.rules.limitOfAll(now.time)
    for place in charging {
      let held = duties.rules.limit(at: outlets[place].number, of: outlets[place].session, now.time)
      let own = held.map { outlets[place].watts(of: $0, profile.kind) }
      // What the whole station may draw is shared evenly: together they never exceed it.
      let share = whole.map { outlets[place].watts(of: $0, profile.kind) / Double(charging.count) }
      let allowed = [own, share].compactMap { $0 }.min()
      let phases = UInt8(clamping: held?.period.phases ?? 3)
      guard allowed != outlets[place].allowed || phases != outlets[place].phases else { continue }
      outlets[place].reckon(to: now.time, profile.kind)
      outlets[place].allow(allowed, phases: phases, profile.kind)
    }
  }

  /// When what the profiles allow changes next.
  func nextRuleChange(after now: Moment) -> Timestamp? {
    duties.rules.isEmpty
      ? nil : duties.rules.nextChange(after: now.time, outlets.compactMap(\.session))
  }

  // MARK: Set

  /// False where it fits nowhere.
  mutating func keep(_ profile: ChargingProfile, number: Int, at place: Int, for session: Int?) -> Bool {
    let isPlace = place == 0 ? profile.purpose != .session : outlets.contains { $0.number == place }
    let isRoom = duties.rules.count < Limits.keptDuties || duties.rules.contains(number)
    let isForNobody = profile.purpose == .session && session == nil
    let isOfAll = profile.purpose == .station && place != 0
    guard isPlace, isRoom, !isForNobody, !isOfAll, profile.flaw == nil, !has(.refusesLimits) else { return false }
    duties.rules.set(ChargingRules.Rule(number: number, place: place, session: session, profile: profile))
    return true
  }

  mutating func set(_ call: V16.SetChargingProfile) -> V16.SetChargingProfile.Reply {
    let wish = call.csChargingProfiles
    let running = outlets.first { $0.number == call.connectorId }?.running
    // Without a number it is for whatever runs there (OCPP 1.6 §5.16.1).
    let session = running.flatMap { running in
      wish.transactionId.map { $0 == transactions[running.number] } ?? true ? running.number : nil
    }
    var reply = V16.SetChargingProfile.Reply()
    let isKept = keep(
      wish.plain, number: wish.chargingProfileId, at: call.connectorId,
      for: wish.chargingProfilePurpose == .tx ? session : nil)
    reply.status = .known(isKept ? .accepted : .rejected)
    return reply
  }

  mutating func set(_ call: V2.SetChargingProfile) -> V2.SetChargingProfile.Reply {
    guard let plain = call.chargingProfile.plain, plain.purpose != .external else { return V2.YesOrNo(.rejected) }
    let named = plain.transaction.flatMap { transactions2.session(named: $0) }
    let running = outlets.first { $0.number == call.evseId }?.running?.number
    let session = running == named ? running : nil
    let isKept = keep(
      plain, number: call.chargingProfile.id, at: call.evseId, for: plain.purpose == .session ? session : nil)
    return V2.YesOrNo(isKept ? .accepted : .rejected)
  }

  // MARK: Cleared and told

  mutating func clear(_ call: V16.ClearChargingProfile) -> V16.ClearChargingProfile.Reply {
    var reply = V16.ClearChargingProfile.Reply()
    let isGone = duties.rules.remove { rule in
      if let wanted = call.id { return Int64(rule.number) == wanted }
      return (call.connectorId.map { $0 == rule.place } ?? true)
        && (call.stackLevel.map { $0 == rule.profile.stackLevel } ?? true)
        && (call.chargingProfilePurpose.map { $0.plain == rule.profile.purpose } ?? true)
    }
    reply.status = .known(isGone ? .accepted : .unknown)
    return reply
  }

  mutating func clear(_ call: V2.ClearChargingProfile) -> V2.ClearChargingProfile.Reply {
    let criteria = call.chargingProfileCriteria
    let isGone = duties.rules.remove { rule in
      if let wanted = call.chargingProfileId { return rule.number == wanted }
      return (criteria?.evseId.map { $0 == rule.place } ?? true)
        && (criteria?.stackLevel.map { $0 == rule.profile.stackLevel } ?? true)
        && (criteria?.chargingProfilePurpose.map { $0.word?.plain == rule.profile.purpose } ?? true)
    }
    return V2.ClearChargingProfile.Reply(isGone ? .accepted : .unknown)
  }

  mutating func tellProfiles(_ call: V2.GetChargingProfiles) -> V2.GetChargingProfiles.Reply {
    let wanted = call.chargingProfile
    let found = duties.rules.rules.filter { rule in
      (call.evseId.map { $0 == rule.place } ?? true) && (wanted.chargingProfileId?.contains(rule.number) ?? true)
        && (wanted.stackLevel.map { $0 == rule.profile.stackLevel } ?? true)
        && (wanted.chargingProfilePurpose.map { $0.word?.plain == rule.profile.purpose } ?? true)
    }
    guard !found.isEmpty else { return V2.GetChargingProfiles.Reply(.noProfiles) }
    let byPlace = Dictionary(grouping: found, by: \.place).sorted { $0.key < $1.key }
    for (number, (place, rules)) in byPlace.enumerated() {
      var message = V2.ReportChargingProfiles()
      (message.requestId, message.evseId, message.tbc) = (call.requestId, place, number < byPlace.count - 1)
      message.chargingLimitSource = .known(.stationOperator)
      message.chargingProfile = rules.sorted { $0.number < $1.number }.compactMap { rule in
        try? V2.ChargingProfile(rule.profile, number: Int64(rule.number), edition)
      }
      say(message)
    }
    return V2.GetChargingProfiles.Reply(.accepted)
  }

  // MARK: Added up

  mutating func composite(_ call: V16.GetCompositeSchedule, _ now: Moment) -> V16.GetCompositeSchedule.Reply {
    var reply = V16.GetCompositeSchedule.Reply()
    guard let schedule = composite(call.connectorId, call.duration, call.chargingRateUnit == .watts, now) else {
      return reply
    }
    (reply.status, reply.connectorId, reply.scheduleStart) = (.known(.accepted), call.connectorId, now.time)
    reply.chargingSchedule = V16.ChargingSchedule(schedule)
    return reply
  }

  mutating func composite(_ call: V2.GetCompositeSchedule, _ now: Moment) -> V2.GetCompositeSchedule.Reply {
    var reply = V2.GetCompositeSchedule.Reply()
    guard let schedule = composite(call.evseId, call.duration, call.chargingRateUnit?.word == .watts, now) else {
      return reply
    }
    var told = V2.CompositeSchedule()
    (told.evseId, told.duration, told.scheduleStart) = (call.evseId, call.duration, now.time)
    told.chargingRateUnit = .known(schedule.unit == .watts ? .watts : .amperes)
    told.chargingSchedulePeriod = schedule.periods.map { period in
      var mine = V2.ChargingSchedulePeriod()
      (mine.startPeriod, mine.limit, mine.numberPhases) = (period.start, period.limit, period.phases)
      return mine
    }
    (reply.status, reply.schedule) = (.known(.accepted), told)
    return reply
  }

  /// What an outlet, or with 0 the whole station, may give from now on; nil where there is no such outlet.
  private func composite(
    _ place: Int, _ seconds: Int, _ isInWatts: Bool, _ now: Moment
  ) -> ChargingProfile.Schedule? {
    let outlet = outlets.first { $0.number == place }
    guard place == 0 || outlet != nil else { return nil }
    var schedule = ChargingProfile.Schedule()
    (schedule.unit, schedule.startsAt, schedule.seconds) = (isInWatts ? .watts : .amperes, now.time, seconds)
    let end = now.time + .seconds(seconds)
    var moment = now.time
    while moment < end, schedule.periods.count < Domain.Limits.schedulePeriods {
      let watts = outlet.map { offer(at: $0, moment) } ?? offerOfAll(moment)
      let phases = profile.kind.isDC ? 1 : 3
      let volts = outlet?.volts(profile.kind) ?? outlets[0].volts(profile.kind)
      let limit = Decimal(Int64((isInWatts ? watts : watts / (volts * Double(phases))) * 10), places: 1)
      if schedule.periods.last?.limit != limit {
        schedule.periods.append(
          .init(start: Int(moment.seconds(since: now.time)), limit: limit, phases: profile.kind.isDC ? nil : phases))
      }
      guard let next = duties.rules.nextChange(after: moment, outlets.compactMap(\.session)) else { break }
      moment = next
    }
    return schedule
  }

  /// W of one outlet at a time.
  private func offer(at outlet: Outlet, _ time: Timestamp) -> Double {
    let held = duties.rules.limit(at: outlet.number, of: outlet.session, time)
    return [profile.kind.watts, held.map { outlet.watts(of: $0, profile.kind) }, offerOfAll(time)].compactMap { $0 }
      .min()
      ?? profile.kind.watts
  }

  private func offerOfAll(_ time: Timestamp) -> Double {
    let most = profile.kind.watts * Double(outlets.count)
    return min(most, duties.rules.limitOfAll(time).map { outlets[0].watts(of: $0, profile.kind) } ?? most)
  }
}

// MARK: - Amperes and watts

extension Outlet {
  var session: ChargingRules.Session? { running.map { ChargingRules.Session(number: $0.number, since: $0.startedAt) } }

  /// Direct current comes at the battery's voltage, which rises as it fills.
  func volts(_ kind: StationProfile.Kind) -> Double { kind.isDC ? 350 + 80 * (car?.stateOfCharge ?? 0) : 230 }

  /// W of all lines.
  func watts(of held: ChargingRules.Held, _ kind: StationProfile.Kind) -> Double {
    let rate = Double(held.period.rate.rounded(toPlaces: 1, .down).asInt64(scaledBy: 1) ?? .max) / 10
    guard held.unit == .amperes else { return rate }
    return rate * volts(kind) * Double(kind.isDC ? 1 : held.period.phases ?? 3)
  }

  /// From now on it gives no more than that.
  mutating func allow(_ watts: Double?, phases: UInt8, _ kind: StationProfile.Kind) {
    (allowed, self.phases) = (watts, phases)
    guard case .charging(var running) = phase else { return }
    // A car needs 6 A on each line that it uses (IEC 61851-1); of direct current any will do.
    let least = kind.isDC ? 1 : 6 * volts(kind) * Double(phases)
    // What flows back is no charging with too little.
    let isTooLittle = watts.map { $0 >= 0 && $0 < least } ?? false
    switch (running.pause, isTooLittle) {
    case (.none, true):
      running.pause = .byLimit
      self.watts = 0
    case (.byLimit, false): running.pause = .none
    case (.none, false), (.byLimit, true), (.byCar, _), (.byStation, _): return
    }
    phase = .charging(running)
  }
}
