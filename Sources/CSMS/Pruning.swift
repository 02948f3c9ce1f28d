import Domain
import Store
import Wire

/// What goes once it is past its keeping: a bounded piece of one table, or of a few that belong together.
enum Pruning: CaseIterable {
  case events, readings, signedReadings, sessions, statusHistory, cdrs, frozenTariffs, usage
  case pushes, parked, commands, aliases, authorizations, limits, needs, reservations, bookings, profiles, swaps
  case campaigns, bulkRuns, jobs, reports, alerts, securityEvents, notices, alarms, webhooks, tickets
  case issuedCertificates, certificateAnswers, certificateRequests
  case policies, gridPrices, energyCosts, carbon, downtimes, incidents, plans, advices, settlements, retiredPorts
  case logins, answers, audit
  case roamingPlaces, roamingTariffs, roamingSessions, roamingCDRs, roamingAuthorizations, roamingCommands,
    roamingBookings, roamingBookingLocations

  func prune(_ books: Books, by settings: HouseSettings, at now: Timestamp) throws(StoreFault) -> Pruned {
    func old(_ days: Int) -> Timestamp { now - .seconds(days * 86_400) }
    let (events, readings, bills) = (old(settings.eventDays), old(settings.readingDays), old(settings.billDays))
    switch self {
    case .events: return try books.events.prune(before: events)
    case .readings: return try books.sessions.pruneReadings(before: readings)
    case .signedReadings: return try books.signedReadings.prune(receivedBefore: readings)
    case .sessions: return try books.sessions.prune(endedBefore: bills)
    case .statusHistory: return try books.stations.pruneHistory(before: bills)
    case .cdrs: return try books.cdrs.prune(endedBefore: bills)
    case .frozenTariffs: return try books.tariffs.pruneFrozen()
    case .usage: return try books.usage.prune(before: bills)
    case .pushes: return try books.pushes.prune(sentBefore: events)
    case .parked: return try books.parked.prune(settledBefore: events)
    case .commands: return try books.commands.prune(before: events)
    case .aliases: return try books.tokens.pruneAliases(before: events)
    case .authorizations: return try books.authorizations.prune(at: now)
    case .limits: return try books.limits.prune()
    case .needs: return try books.circuits.pruneNeeds(before: events)
    case .reservations: return try books.reservations.prune(before: events, billedBefore: bills)
    case .bookings: return try books.bookings.prune(before: readings)
    case .profiles: return try books.profiles.prune(before: events)
    case .swaps: return try books.swaps.prune(before: readings)
    case .campaigns: return try books.campaigns.prune(before: events)
    case .bulkRuns: return try books.bulkRuns.prune(before: events)
    case .jobs: return try books.jobs.prune(before: events)
    case .reports: return try books.reports.prune(before: events)
    case .alerts: return try books.monitors.pruneAlerts(before: events)
    case .securityEvents: return try books.securityEvents.prune(before: events)
    case .notices: return try books.security.pruneNotices(before: bills)
    case .alarms: return try books.alarms.prune(before: events)
    case .webhooks: return try books.webhooks.prune(before: events)
    case .tickets: return try books.driverPages.pruneTickets(before: events)
    case .issuedCertificates: return try books.certificates.pruneIssued(expiredBefore: bills)
    case .certificateAnswers: return try books.certificates.pruneAnswers(before: now)
    case .certificateRequests: return try books.certificates.pruneRequests(before: events)
    case .policies: return try books.policies.prune(before: bills)
    // What energy cost may be made anew for as long as it is kept, and then needs them.
    case .gridPrices: return try books.policies.pruneGridPrices(before: bills)
    case .energyCosts: return try books.energyCosts.prune(before: bills)
    case .carbon: return try books.carbon.prune(before: bills)
    case .retiredPorts: return try books.downtimes.pruneRetired(before: bills)
    case .downtimes: return try books.downtimes.prune(endedBefore: bills)
    case .incidents: return try books.incidents.prune(before: bills)
    case .plans: return try books.duties.prune(before: events)
    case .advices: return try books.duties.pruneAdvices(before: bills)
    case .settlements: return try books.settlements.prune(before: bills)
    case .logins: return try books.users.pruneLogins(at: now)
    case .answers: return try books.keys.pruneAnswers(before: old(1))
    case .audit: return try books.audit.prune(before: readings)
    case .roamingPlaces: return try books.roamingPlaces.prune(goneBefore: events)
    // Bills may come late, and are held against the tariff of their time.
    case .roamingTariffs: return try books.roamingTariffs.prune(goneBefore: readings)
    case .roamingSessions: return try books.roamingUses.pruneSessions(before: readings)
    case .roamingCDRs: return try books.roamingUses.pruneCDRs(endedBefore: bills)
    case .roamingAuthorizations: return try books.roamingUses.pruneAuthorizations(before: readings)
    case .roamingCommands: return try books.roamingCommands.prune(before: events)
    case .roamingBookings: return try books.roamingBookings.prune(before: readings)
    case .roamingBookingLocations: return try books.roamingBookings.prunePlaces(goneBefore: events)
    }
  }
}
