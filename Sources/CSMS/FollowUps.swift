import Domain
import Store
import Wire

// What a duty does once the station answered what it was asked, and what a station that comes back finds: its duties are
// rows of the books with a time at which something is due, so that neither a lost line nor a restart loses one.

extension CSMS {
  /// Asks something for a duty of the house, within a turn; returns the command, or nil where the station is away.
  func ask(_ command: StationCommand, of station: ID<Station>, by who: String = "house") throws(StoreFault) -> String? {
    guard let link = try line(to: station) else { return nil }
    return try issue(command, id: newID(), over: link, by: who, session: nil, respondTo: nil).id
  }

  /// The link by which something may be asked of a station. A rejected one is as good as away: nothing is begun with it
  /// (OCPP 1.6 §4.2, 2.0.1 B03.FR.03).
  func line(to station: ID<Station>) throws(StoreFault) -> LiveLinks.Link? {
    guard let link = links.link(of: station), try books.stations.station(station)?.registration != .rejected else {
      return nil
    }
    return link
  }

  /// The same where somebody wishes it, who hears why it cannot be.
  func openLine(to station: ID<Station>) throws(Refusal) -> LiveLinks.Link {
    if let link = try keep({ () throws(StoreFault) in try self.line(to: station) }) { return link }
    throw .conflict(
      links.link(of: station) == nil
        ? "the station is not connected" : "the station is rejected, and nothing is asked of such a one")
  }

  /// A command ended: the duty that asked for it goes on.
  func followUp(_ command: CommandRecord, _ outcome: CommandOutcome) throws(StoreFault) {
    switch command.verb {
    case "capacity": try capacityTold(command, outcome)
    case "list-version": try listVersionTold(command, outcome)
    case "send-list": try listAnswered(command, outcome)
    case "reserve": try reservationAnswered(command, outcome)
    case "cancel-reservation": try cancellationAnswered(command, outcome)
    case "set-profile": try profileAnswered(command, outcome)
    case "clear-profile": try profilesCleared(command, outcome)
    case "get-profiles": try profilesWillBeTold(command, outcome)
    case "composite-schedule": try compositeTold(command, outcome)
    case "update-firmware", "publish-firmware", "get-log": try jobAnswered(command, outcome)
    case "network-profile", "use-network": try networkAnswered(command, outcome)
    case "set-configuration": try paymentCodesAnswered(command, outcome)
    case "station-tariff": try stationTariffAnswered(command, outcome)
    case "clear-station-tariffs": try stationTariffsCleared(command, outcome)
    case "customer-information", "raw": try customerForgotten(command, outcome)
    default: break
    }
  }

  /// With each beat: what is due is asked, a bounded piece at a time.
  func doDuties() {
    note { () throws(StoreFault) in try self.keepLists() }
    note { () throws(StoreFault) in try self.keepReservations() }
    note { () throws(StoreFault) in try self.keepBookings() }
    note { () throws(StoreFault) in try self.keepProfiles() }
    note { () throws(StoreFault) in try self.keepStationTariffs() }
    note { () throws(StoreFault) in try self.keepCampaigns() }
    note { () throws(StoreFault) in try self.keepBulkRuns() }
    if !isBacklogCounted { note { () throws(StoreFault) in try self.countBacklog() } }
    if areCostsDue { note { () throws(StoreFault) in try self.refreshCosts() } }
    if arePricesDue { note { () throws(StoreFault) in try self.followPrices() } }
    keepBalance()
  }

  /// A station is back: what waited for it is due.
  func dutiesAreDue(at station: ID<Station>) throws(StoreFault) {
    guard try needs(of: station).bringsDutiesAgain else { return }
    try hurryDuties(at: station)
  }

  private func hurryDuties(at station: ID<Station>) throws(StoreFault) {
    try books.lists.hurry(station, at: now)
    try books.reservations.hurry(station, at: now)
    try books.profiles.hurry(station, at: now)
    try books.stationTariffs.hurry(station, at: now)
  }

  /// A station started anew: it may have lost what it was told, and its settings may be others.
  func dutiesBeginAnew(at station: Station, firmwareWas old: String?) throws(StoreFault) {
    guard station.registration == .accepted else { return }
    try books.capacities.forget(station.id)
    if station.needs.bringsDutiesAgain {
      try listIsUnknown(at: station.id)
      try reservationsMayBeLost(at: station.id)
      try profilesMayBeLost(at: station.id)
      try stationTariffsMayBeLost(at: station.id)
      try wishFallbacks(at: station.id)
    }
    try balanceMayBeLost(at: station.id)
    if let new = station.firmwareVersion, new != old { try firmwareChanged(to: new, at: station.id) }
  }

  /// What a duty needs to know of a station first. Nil while that is asked; then the duty's row stays due.
  func capacity(of station: ID<Station>) throws(StoreFault) -> StationCapacity? {
    if let known = try books.capacities.capacity(of: station) { return known }
    guard !askedCapacities.contains(station), try ask(.capacity(), of: station) != nil else { return nil }
    afterCommit { self.askedCapacities.insert(station) }
    return nil
  }

  /// A station that does not say what it holds is taken at the protocol's word.
  private func capacityTold(_ command: CommandRecord, _ outcome: CommandOutcome) throws(StoreFault) {
    // Some stations answer no list of several, or with an error: they are asked for each.
    switch outcome {
    case .failed, .timedOut:
      guard command.detail["one_by_one"] == nil, !outcome.isUnsupported,
        try ask(.capacity(.each), of: command.station) != nil
      else { break }
      try noteOddity("several settings at once are not answered", sample: outcome.why ?? "", of: command.station)
      return
    case .accepted, .refused, .impossible, .disconnected: break
    }
    afterCommit { self.askedCapacities.remove(command.station) }
    switch outcome {
    // A station that was asked piece by piece may not know some of them.
    case .accepted(let answer), .refused(_, let answer):
      let capacity = (try? StationCapacity.read(answer).value) ?? StationCapacity()
      try books.capacities.keep(capacity, of: command.station, at: now)
    // One that is silent about each of them too is taken at the protocol's word, so that nothing waits for it for ever.
    case .failed, .impossible, .timedOut: try books.capacities.keep(StationCapacity(), of: command.station, at: now)
    case .disconnected: return
    }
    // Somebody's wish waited for this, also at a station that is left alone after its boots.
    try hurryDuties(at: command.station)
  }

  /// A station keeps a network, or knows in which order it is to try them: what was wished with that is asked for next,
  /// each as a command with an answer of its own.
  private func networkAnswered(_ command: CommandRecord, _ outcome: CommandOutcome) throws(StoreFault) {
    guard outcome.isYes else { return }
    let next: StationCommand
    if command.verb == "network-profile" {
      guard let order = command.detail["use"].flatMap({ NetworkOrder($0) }) else { return }
      next = .security(.preferProfile(order))
    } else {
      guard NetworkOrder(command.detail)?.restarts == true else { return }
      next = .reset(.soft)
    }
    _ = try ask(next, of: command.station, by: command.origin)
  }

  /// When to try again what did not succeed so often.
  func nextTry(after attempts: Int) -> Timestamp {
    let seconds = min(Limits.firstDutyPauseSeconds << min(attempts, 10), Limits.longestDutyPauseSeconds)
    return now + .seconds(seconds)
  }
}

extension StationQuirks {
  /// After a boot or a return, what the station should hold is brought to it by itself.
  fileprivate var bringsDutiesAgain: Bool { isLeftAloneAfterBoot != true && afterBoot?.keepsDuties != false }
}

extension CommandOutcome {
  /// The answer says that the station does not have what it was asked about.
  var isUnsupported: Bool {
    switch self {
    case .refused(let word, _): word.ciFolded == "notsupported"
    case .failed(let code, _, _): code == "NotImplemented" || code == "NotSupported"
    case .impossible: true
    case .accepted, .timedOut, .disconnected: false
    }
  }

  var isYes: Bool { if case .accepted = self { true } else { false } }

  /// Nobody knows whether the station did it.
  var isOpen: Bool {
    switch self {
    case .timedOut, .disconnected: true
    case .accepted, .refused, .failed, .impossible: false
    }
  }

  /// The station's word or the reason, for people; nil for a yes.
  var why: String? {
    switch self {
    case .accepted: nil
    case .refused(let word, _): word
    case .failed(let code, let description, _): description.isEmpty ? code : "\(code): \(description)"
    case .timedOut: "the station did not answer in time"
    case .disconnected: "the connection ended before the station answered"
    case .impossible(let why): why
    }
  }
}
