import Domain
import Store
import Wire

// What others than the balancer allow at a station: profiles of the operator and of partners, and limits that somebody at the
// site told the station itself (OCPP 2.0.1 K11 to K14). What is shared stays within them.

extension CSMS {
  /// One of these limits.
  struct OutsideBound {
    /// 0 is the whole station.
    let evse: Int
    let session: String?
    let profile: ChargingProfile
  }

  func outsideBounds(at station: ID<Station>) throws(StoreFault) -> [OutsideBound] {
    var bounds: [OutsideBound] = []
    for kept in try books.profiles.open(of: station) where kept.origin != Self.balancer {
      bounds.append(OutsideBound(evse: kept.evse, session: kept.session, profile: kept.profile))
    }
    // One without figures says nothing.
    for notice in try books.profiles.notices(of: station) where notice.kind == .limit {
      guard let body = notice.body["schedule"], let schedule = try? ChargingProfile.Schedule.read(body).value else {
        continue
      }
      var profile = ChargingProfile()
      (profile.purpose, profile.schedule) = (.external, schedule)
      profile.schedule.startsAt = schedule.startsAt ?? notice.at
      bounds.append(OutsideBound(evse: notice.evse, session: nil, profile: profile))
    }
    return bounds
  }

  /// What is still to be delivered, and what others allow the session at most: their profiles give way to ours at the
  /// station, so ours must not be above them.
  func need(
    of session: Session, at evse: EVSE, _ told: ChargingNeed?, within bounds: [OutsideBound]
  ) -> ChargingNeed {
    var need = told ?? ChargingNeed()
    if let energy = need.energy { need.energy = max(.zero, energy - session.energy) }
    for bound in bounds {
      let isMeant =
        switch bound.profile.purpose {
        case .session: bound.session == session.id
        case .anySession: bound.evse == 0 || bound.evse == evse.number
        case .external: bound.evse == evse.number
        case .station, .priority, .localGeneration: false
        }
      guard isMeant, let limit = bound.profile.limit(at: now, sessionSince: session.startedAt),
        let current = evse.current(of: limit, bound.profile.schedule.unit)
      else { continue }
      if need.most.map({ current < $0 }) ?? true { (need.most, need.isAllowance) = (current, true) }
    }
    return need
  }

  /// What holds the whole station beside our circuits; its EVSEs share it, so what none of them may have is not kept from
  /// cars elsewhere.
  func mostOfStation(_ evse: EVSE, within bounds: [OutsideBound]) -> Current? {
    bounds.compactMap { bound -> Current? in
      guard bound.evse == 0, bound.profile.purpose == .station || bound.profile.purpose == .external else { return nil }
      return bound.profile.limit(at: now, sessionSince: now).flatMap {
        evse.current(of: $0, bound.profile.schedule.unit)
      }
    }.min()
  }
}
