import Domain
import Store
import Wire

// How our drivers are charged at other networks (OCPI 2.2.1 §9.2.1.3 and §14): what they prefer is asked there, and what
// their session's plan comes to is heard.

extension CSMS {
  /// Asks the operator of the station to charge a session as its driver prefers; what it answers is its last word.
  public func prefer(
    _ preferences: ChargingPreferences, in id: ID<RoamingSession>, by who: String
  ) async throws(Refusal) -> PreferencesAnswer {
    let session = try keep { () throws(StoreFault) in try self.books.roamingUses.session(id) }
    guard let session else { throw .notFound("no such session") }
    guard !session.isOver else { throw .conflict("the session is over") }
    let partner = try partner(session.key.partner)
    guard partner.state == .registered else { throw .conflict("the partner is \(partner.state.rawValue)") }
    guard let providerLink else { throw .unavailable("partners cannot be reached") }
    let terms = try keep { () throws(StoreFault) in try self.terms(of: partner) }
    do throws(RoamingFault) {
      return try await providerLink.prefer(preferences, in: session.key.ref, terms: terms)
    } catch {
      switch error {
      case .impossible(let why), .refused(let why): throw .conflict(why)
      case .silent(let why): throw .unavailable(why)
      }
    }
  }

  public func tellActiveProfile(
    _ schedule: ChargingProfile.Schedule, of session: String, from caller: PartnerCaller
  ) async throws(PartnerFault) {
    let partner = caller.terms.partner.id
    try await partnerTurn { () throws(PartnerFault) in
      let found = try stored { () throws(StoreFault) in try self.books.roamingUses.session(session, at: partner) }
      guard let found else { throw .unknownObject }
      try stored { () throws(StoreFault) in try self.keepPlan(schedule, of: found.id) }
    }
  }

  /// The same again is no news: some tell it with every reading.
  func keepPlan(_ schedule: ChargingProfile.Schedule, of id: ID<RoamingSession>) throws(StoreFault) {
    guard let session = try books.roamingUses.session(id), session.plan != schedule else { return }
    try books.roamingUses.setPlan(schedule, of: id)
    try record(.roaming(.planTold(id, of: session.key.partner)))
  }
}
