// OCPP 2.x block K: the house's words for charging profiles and limits, and what stations tell of them.

import Domain
import Wire

extension V2 {
  static let chargingRoutes = [
    ReportChargingProfiles.route, NotifyChargingLimit.route, ClearedChargingLimit.route, NotifyEVChargingNeeds.route,
    NotifyEVChargingSchedule.route, NotifyPriorityCharging.route, PullDynamicScheduleUpdate.route,
  ]

  static func request(_ command: ProfileCommand, _ edition: Edition) throws(Unspeakable) -> CommandRequest {
    switch command {
    case .set(let profile, let number, let evse):
      var call = SetChargingProfile()
      call.evseId = evse
      call.chargingProfile = try ChargingProfile(profile, number: number, edition)
      return try CommandRequest(call, edition)
    case .clear(let filter):
      var call = ClearChargingProfile()
      call.chargingProfileId = filter.number.map { Int($0) }
      if filter.number == nil {
        var criteria = ClearedProfiles()
        (criteria.evseId, criteria.stackLevel) = (filter.evse, filter.stackLevel)
        criteria.chargingProfilePurpose = filter.purpose.map { .known(ChargingProfilePurpose($0)) }
        call.chargingProfileCriteria = criteria
      }
      let request = try CommandRequest(call, edition)
      return filter.isPart ? request.content(with: "Unknown") : request
    case .composite(let evse, let seconds, let unit):
      var call = GetCompositeSchedule()
      (call.evseId, call.duration) = (evse, seconds)
      call.chargingRateUnit = unit.map { .known(ChargingRateUnit($0)) }
      return try CommandRequest(call, edition) { reply in reply.schedule.map { $0.plain.json } ?? [:] }
    case .report(let request, let filter):
      var call = GetChargingProfiles()
      (call.requestId, call.evseId) = (request, filter.evse)
      call.chargingProfile.chargingProfilePurpose = filter.purpose.map { .known(ChargingProfilePurpose($0)) }
      call.chargingProfile.stackLevel = filter.stackLevel
      call.chargingProfile.chargingProfileId = filter.number.map { [Int($0)] }
      // One criterion at least is needed (K09.FR.03): whoever set them, they are meant.
      if filter.number == nil, filter.purpose == nil, filter.stackLevel == nil {
        call.chargingProfile.chargingLimitSource = ["EMS", "Other", "SO", "CSO"].map { .init($0) }
      }
      return try CommandRequest(call, edition)
    case .priority(let transaction, let isOn):
      var call = UsePriorityCharging()
      (call.transactionId, call.activate) = (transaction, isOn)
      return try CommandRequest(call, edition)
    case .dynamic(let number, let period):
      var call = UpdateDynamicSchedule()
      call.chargingProfileId = Int(number)
      call.scheduleUpdate = ChargingScheduleUpdate(period)
      return try CommandRequest(call, edition)
    case .transfers(let transaction, let allowed):
      var call = NotifyAllowedEnergyTransfer()
      call.transactionId = transaction
      call.allowedEnergyTransfer = allowed.map { .known(EnergyTransferMode($0)) }
      return try CommandRequest(call, edition)
    }
  }
}

// MARK: - To the protocol's words

extension V2.ChargingProfile {
  public init(_ profile: Domain.ChargingProfile, number: Int64, _ edition: Edition) throws(Unspeakable) {
    self.init()
    id = Int(number)
    stackLevel = profile.stackLevel
    chargingProfilePurpose = .known(V2.ChargingProfilePurpose(profile.purpose))
    switch profile.kind {
    case .absolute: chargingProfileKind = .known(.absolute)
    case .recurring: chargingProfileKind = .known(.recurring)
    case .relative: chargingProfileKind = .known(.relative)
    case .dynamic: chargingProfileKind = .known(.dynamic)
    }
    recurrencyKind = profile.recurrency.map { .known($0 == .daily ? .daily : .weekly) }
    (validFrom, validTo, transactionId) = (profile.validFrom, profile.validTo, profile.transaction)
    (maxOfflineDuration, invalidAfterOfflineDuration) = (profile.offlineSeconds, profile.endsOffline)
    dynUpdateInterval = profile.updateSeconds
    var schedule = V2.ChargingSchedule()
    schedule.id = Int(number)
    schedule.startSchedule = profile.schedule.startsAt
    schedule.duration = profile.schedule.seconds
    schedule.chargingRateUnit = .known(V2.ChargingRateUnit(profile.schedule.unit))
    schedule.minChargingRate = profile.schedule.leastRate?.rounded(toPlaces: 1, .down)
    guard edition >= .v21 || profile.schedule.periods.allSatisfy({ $0.bidirectional == nil }) else {
      throw Unspeakable("OCPP 2.0.1 knows nothing of energy that flows back")
    }
    guard edition >= .v21 || profile.offlineSeconds == nil else {
      throw Unspeakable("OCPP 2.0.1 has no profiles that end when the connection does")
    }
    schedule.chargingSchedulePeriod = profile.schedule.periods.map { period in
      var mine = V2.ChargingSchedulePeriod()
      (mine.startPeriod, mine.numberPhases) = (period.start, period.phases)
      // At most one digit behind the point.
      mine.limit = period.limit.rounded(toPlaces: 1, .down)
      if let bidirectional = period.bidirectional { mine.flow(bidirectional) }
      return mine
    }
    chargingSchedule = [schedule]
  }

  /// In the house's words; nil where it is none that they have.
  public var plain: Domain.ChargingProfile? {
    guard let first = chargingSchedule.first, let purpose = chargingProfilePurpose.word?.plain else { return nil }
    var profile = Domain.ChargingProfile()
    (profile.purpose, profile.stackLevel) = (purpose, stackLevel)
    switch chargingProfileKind.word {
    case .recurring: profile.kind = .recurring
    case .relative: profile.kind = .relative
    case .dynamic: profile.kind = .dynamic
    case .absolute, nil: profile.kind = .absolute
    }
    profile.recurrency = recurrencyKind?.word.map { $0 == .daily ? .daily : .weekly }
    (profile.validFrom, profile.validTo, profile.transaction) = (validFrom, validTo, transactionId)
    profile.offlineSeconds = maxOfflineDuration.flatMap { $0 > 0 ? $0 : nil }
    profile.endsOffline = profile.offlineSeconds == nil ? nil : invalidAfterOfflineDuration
    profile.updateSeconds =
      profile.kind == .dynamic ? dynUpdateInterval.flatMap { $0 > 0 ? $0 : nil } : nil
    profile.schedule = first.plain
    return profile
  }
}

extension V2.ChargingSchedule {
  var plain: Domain.ChargingProfile.Schedule {
    var schedule = Domain.ChargingProfile.Schedule()
    schedule.unit = chargingRateUnit.word == .amperes ? .amperes : .watts
    schedule.startsAt = startSchedule
    schedule.seconds = duration.flatMap { $0 > 0 ? $0 : nil }
    schedule.leastRate = minChargingRate
    schedule.periods = chargingSchedulePeriod.map(\.plain)
    return schedule
  }
}

extension V2.CompositeSchedule {
  var plain: Domain.CompositeSchedule {
    var composite = Domain.CompositeSchedule()
    composite.evse = evseId
    composite.schedule.unit = chargingRateUnit.word == .amperes ? .amperes : .watts
    composite.schedule.startsAt = scheduleStart
    composite.schedule.seconds = duration > 0 ? duration : nil
    composite.schedule.periods = chargingSchedulePeriod.map(\.plain)
    return composite
  }
}

extension V2.ChargingSchedulePeriod {
  var plain: Domain.ChargingProfile.Period {
    Domain.ChargingProfile.Period(
      // What flows back is no limit.
      start: max(0, startPeriod), limit: limit ?? max(setpoint ?? .zero, .zero),
      phases: numberPhases.flatMap { (1...3).contains($0) ? $0 : nil }, bidirectional: bidirectional)
  }
}

extension V2.ChargingProfilePurpose {
  init(_ purpose: Domain.ChargingProfile.Purpose) {
    switch purpose {
    case .station: self = .chargingStationMaxProfile
    case .anySession: self = .txDefaultProfile
    case .session: self = .txProfile
    case .external: self = .chargingStationExternalConstraints
    case .priority: self = .priorityCharging
    case .localGeneration: self = .localGeneration
    }
  }

  public var plain: Domain.ChargingProfile.Purpose {
    switch self {
    case .chargingStationMaxProfile: .station
    case .txDefaultProfile: .anySession
    case .txProfile: .session
    case .chargingStationExternalConstraints: .external
    case .priorityCharging: .priority
    case .localGeneration: .localGeneration
    }
  }
}

extension V2.ChargingRateUnit {
  init(_ unit: Domain.ChargingProfile.Schedule.Unit) {
    switch unit {
    case .amperes: self = .amperes
    case .watts: self = .watts
    }
  }
}

extension V2.EnergyTransferMode {
  init(_ transfer: EnergyTransfer) {
    switch transfer {
    case .dc: self = .dc
    case .acOnePhase: self = .acSinglePhase
    case .acTwoPhases: self = .acTwoPhase
    case .acThreePhases: self = .acThreePhase
    case .acBidirectional: self = .acBidirectional
    case .acBidirectionalDER: self = .acBidirectionalDER
    case .acDER: self = .acDER
    case .dcBidirectional: self = .dcBidirectional
    case .pantograph: self = .dcACDP
    case .pantographBidirectional: self = .dcACDPBidirectional
    case .wireless: self = .wpt
    }
  }

  fileprivate var plain: EnergyTransfer {
    switch self {
    case .dc: .dc
    case .acSinglePhase: .acOnePhase
    case .acTwoPhase: .acTwoPhases
    case .acThreePhase: .acThreePhases
    case .acBidirectional: .acBidirectional
    case .acBidirectionalDER: .acBidirectionalDER
    case .acDER: .acDER
    case .dcBidirectional: .dcBidirectional
    case .dcACDP: .pantograph
    case .dcACDPBidirectional: .pantographBidirectional
    case .wpt: .wireless
    }
  }
}

// MARK: - What stations tell

extension V2.ReportChargingProfiles {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    try station.profiles(
      ProfileReport(
        request: call.requestId, evse: call.evseId, source: call.chargingLimitSource.text,
        profiles: call.chargingProfile.compactMap { profile in
          profile.plain.map { ProfileReport.Profile(number: Int64(profile.id), profile: $0) }
        },
        isLast: call.tbc != true))
    return .reply(Reply())
  }
}

extension V2.NotifyChargingLimit {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    try station.limit(
      LimitReport(
        evse: call.evseId, source: call.chargingLimit.chargingLimitSource.text,
        isGridCritical: call.chargingLimit.isGridCritical == true, schedule: call.chargingSchedule?.first?.plain))
    return .reply(Reply())
  }
}

extension V2.ClearedChargingLimit {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    try station.limitCleared(evse: call.evseId, source: call.chargingLimitSource.text)
    return .reply(Reply())
  }
}

extension V2.NotifyEVChargingNeeds {
  /// The profile that is offered follows as a call of its own (K15.FR.07).
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    let verdict = try station.needs(
      Domain.ChargingNeeds(
        evse: call.evseId, departsAt: call.chargingNeeds.departureTime,
        wants: call.chargingNeeds.requestedEnergyTransfer.word?.plain, energy: call.chargingNeeds.energy,
        mostPeriods: call.maxScheduleTuples, raw: call.payload.json))
    var reply = Reply()
    switch verdict {
    case .offered: reply.status = .known(.accepted)
    case .later: reply.status = .known(.processing)
    case .refused: reply.status = .known(.rejected)
    }
    return .reply(reply)
  }
}

extension V2.NotifyEVChargingSchedule {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    var composite = Domain.CompositeSchedule()
    composite.evse = call.evseId
    composite.schedule = call.chargingSchedule.plain
    composite.schedule.startsAt = composite.schedule.startsAt ?? call.timeBase
    return .reply(V2.YesOrNo(try station.vehicleWillTake(composite) ? .accepted : .rejected))
  }
}

extension V2.NotifyPriorityCharging {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    try station.priority(transaction: call.transactionId, isOn: call.activated)
    return .reply(Reply())
  }
}

extension V2.PullDynamicScheduleUpdate {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    var reply = Reply()
    if let period = try station.dynamicPeriod(of: Int64(call.chargingProfileId)) {
      reply.status = .known(.accepted)
      reply.scheduleUpdate = V2.ChargingScheduleUpdate(period)
    }
    return .reply(reply)
  }
}
