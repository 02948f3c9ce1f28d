import Domain
import Store
import Wire

// Firmware for many stations at once: one wave after the other, at the hours that the operator allows, and no further
// where too many fail.

extension CSMS {
  public func beginCampaign(
    _ name: String, _ plan: Campaign.Plan, at identities: [StationIdentity], by who: String
  ) async throws(Refusal) -> Campaign {
    try await turn { () throws(Refusal) in
      try checkText(name, "name", 1...Limits.nameLength)
      if let flaw = plan.flaw { throw .invalid(field: "plan", flaw) }
      if let file = plan.file {
        let isHere = try keep { () throws(StoreFault) in try self.books.files.file(file)?.state == .here }
        guard isHere else { throw .invalid(field: "file", "no such file is here") }
      }
      let chosen = try self.eachOnce(identities, atMost: Domain.Limits.campaignStations)
      return try keep { () throws(StoreFault) in
        let campaign = Campaign(id: self.newID(), name: name, plan: plan, origin: who, at: self.now)
        try self.books.campaigns.create(campaign)
        for (place, station) in chosen.enumerated() {
          try self.books.campaigns.put(
            CampaignStation(campaign: campaign.id, station: station, wave: place / plan.waveSize, at: self.now))
        }
        try self.record(.campaignMoved(campaign, by: who))
        try self.goOn(with: campaign)
        return campaign
      }
    }
  }

  /// No further station is asked; those that are at it go on.
  public func stopCampaign(_ id: String, by who: String) async throws(Refusal) -> Campaign {
    try await turn { () throws(Refusal) in
      guard let campaign = try keep({ () throws(StoreFault) in try self.books.campaigns.campaign(id) }) else {
        throw .notFound("no such campaign")
      }
      guard campaign.state == .running else { throw .conflict("the campaign is \(campaign.state.rawValue)") }
      return try keep { () throws(StoreFault) in try self.end(campaign, as: .stopped, because: nil, by: who) }
    }
  }

  // MARK: Within a turn

  func keepCampaigns() throws(StoreFault) {
    try each(try books.campaigns.running(), of: "campaigns") { campaign throws(StoreFault) in try goOn(with: campaign) }
  }

  private func goOn(with campaign: Campaign) throws(StoreFault) {
    guard let wave = try books.campaigns.wave(of: campaign.id) else {
      _ = try end(campaign, as: .done, because: nil, by: "house")
      return
    }
    let stations = try books.campaigns.due(of: campaign.id, wave: wave, at: now, limit: Limits.dutiesAtOnce)
    try each(stations, of: "campaigns") { due throws(StoreFault) in try begin(due, of: campaign) }
  }

  private func begin(_ due: CampaignStation, of campaign: Campaign) throws(StoreFault) {
    var due = due
    guard let station = try books.stations.station(due.station) else { return }
    guard isOnline(station.id), try campaign.plan.allows(minute: minute(at: station)) else {
      // It waits, and its wave with it, for as long as the operator lets it.
      due.dueAt = now + .seconds(Limits.campaignLookSeconds)
      return try books.campaigns.put(due)
    }
    due.attempts += 1
    do throws(Refusal) {
      var draft = FirmwareDraft(url: "")
      draft.url =
        try campaign.plan.file.map { file throws(Refusal) in try addressToFetch(file) } ?? campaign.plan.url ?? ""
      draft.file = campaign.plan.file
      (draft.signature, draft.certificate) = (campaign.plan.signature, campaign.plan.certificate)
      let job = try updateFirmware(of: station, draft, campaign: campaign.id, by: campaign.origin).job
      (due.state, due.job, due.word, due.dueAt, due.updatedAt) = (.running, job.id, nil, nil, now)
    } catch {
      if case .unavailable(let why) = error { throw StoreFault.constraint(why) }
      return try failed(due, of: campaign, word: "\(error)")
    }
    try books.campaigns.put(due)
  }

  /// The minute of the day where the station stands.
  private func minute(at station: Station) throws(StoreFault) -> Int {
    let zone = try station.location.flatMap { id throws(StoreFault) in try books.locations.location(id)?.timeZone }
    let civil = (zone.flatMap { zones[$0] } ?? .utc).civil(at: now)
    return civil.hour * 60 + civil.minute
  }

  /// A job of a campaign came to its end.
  func campaignHears(of job: StationJob) throws(StoreFault) {
    guard let id = job.campaign, let campaign = try books.campaigns.campaign(id),
      var station = try books.campaigns.station(job.station, of: id), station.job == job.id
    else { return }
    station.word = job.word
    switch job.state {
    case .sent, .transferring, .downloaded, .installing:
      // One that had failed goes on after all.
      guard station.state == .running || station.state == .failed else { return }
      (station.state, station.updatedAt) = (.running, now)
      try books.campaigns.put(station)
    case .done:
      (station.state, station.dueAt, station.updatedAt) = (.done, nil, now)
      try books.campaigns.put(station)
      if campaign.state == .running { try goOn(with: campaign) }
    case .failed, .cancelled: try failed(station, of: campaign, word: job.word)
    }
  }

  private func failed(_ open: CampaignStation, of campaign: Campaign, word: String?) throws(StoreFault) {
    var station = open
    (station.word, station.updatedAt) = (word, now)
    let isLast = station.attempts >= campaign.plan.attempts || campaign.state != .running
    station.state = isLast ? .failed : .waiting
    station.dueAt = isLast ? nil : now + .seconds(campaign.plan.pauseMinutes * 60)
    try books.campaigns.put(station)
    guard isLast, campaign.state == .running else { return }
    if let most = campaign.plan.mostFailures, try books.campaigns.failures(of: campaign.id) >= most {
      _ = try end(campaign, as: .stopped, because: "\(most) stations failed", by: "house")
    }
  }

  private func end(
    _ running: Campaign, as state: Campaign.State, because why: String?, by who: String
  ) throws(StoreFault) -> Campaign {
    var campaign = running
    (campaign.state, campaign.why, campaign.updatedAt) = (state, why, now)
    try books.campaigns.save(campaign)
    if state == .stopped { try books.campaigns.stopWaiting(of: campaign.id, at: now) }
    try record(.campaignMoved(campaign, by: who))
    return campaign
  }
}
