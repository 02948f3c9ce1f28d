import Domain
import Store
import Wire

// What a session costs so far, on the station's display (OCPP 2.0.1 I02): it is told with the answers to what the station
// tells, and here between them, because time costs money also while nothing happens.

extension CSMS {
  /// With a beat: running sessions whose stations show costs, a bounded number at a time.
  func tellCosts() {
    guard settings.costSeconds > 0, stationLink != nil else { return }
    let since = now - .seconds(settings.costSeconds)
    var told = 0
    for link in links.all where told < Limits.costsAtOnce {
      guard let station = link.station, links.link(of: station) === link, let due = costsDue(at: station, since: since)
      else { continue }
      for (session, name, cost) in due {
        told += 1
        tell(cost, of: session, name, over: link)
      }
    }
  }

  /// Sessions of a station whose cost is another than it was told before, with the station's own names for them; nil where
  /// the station shows no costs.
  private func costsDue(at station: ID<Station>, since: Timestamp) -> [(session: String, name: String, cost: Decimal)]?
  {
    guard costsTold.maySpeak(to: station), (try? line(to: station)) != nil,
      let open = try? books.sessions.pendingOrRunning(of: station).filter({ $0.state == .active && $0.tariff != nil }),
      !open.isEmpty, (try? showsCosts(station)) == true
    else { return nil }
    let costs = SessionCosts(books: books, zones: zones, currency: settings.currency)
    return open.compactMap { session in
      guard costsTold.isDue(session.id, since: since),
        let name = try? books.transactions.transaction(of: session.id)?.name,
        let price = try? costs.bill(of: session, until: now).totals.cost
      else { return nil }
      let cost = (price.afterTax ?? price.beforeTax).decimal
      return costsTold.isNews(cost, of: session.id, at: now) ? (session.id, name, cost) : nil
    }
  }

  /// By the operator's word, else by what the station says of itself.
  private func showsCosts(_ id: ID<Station>) throws(StoreFault) -> Bool {
    if let known = try needs(of: id).showsCosts { return known }
    return try books.device.value(Self.costsEnabled, of: id)?.value.value?.ciFolded == "true"
  }

  private static let costsEnabled = SettingName(component: "TariffCostCtrlr", variable: "Enabled", instance: "Cost")

  /// It says nothing that must be kept, so the books do not grow by it.
  private func tell(_ cost: Decimal, of session: String, _ name: String, over link: LiveLinks.Link) {
    stationLink?.call(
      .tariff(.showCost(cost, transaction: name)), on: link.id, deadline: settings.commandSeconds
    ) { outcome in
      if outcome.isUnsupported, let station = link.station { self.costsTold.silence(station) }
    }
  }

  /// The station heard a cost with an answer.
  func costIsTold(_ cost: Decimal?, of session: String) {
    guard let cost else { return }
    afterCommit { _ = self.costsTold.isNews(cost, of: session, at: self.now) }
  }
}

/// What was told of which session, and when. At its bound it begins anew, and what is known already is told once more.
struct CostsTold {
  private var told: [String: (cost: Decimal, at: Timestamp)] = [:]
  private var silenced: Set<ID<Station>> = []

  /// Not told since that time.
  func isDue(_ session: String, since time: Timestamp) -> Bool { told[session].map { $0.at <= time } ?? true }

  /// Notes it; true where it is another cost than the one that was told before.
  mutating func isNews(_ cost: Decimal, of session: String, at now: Timestamp) -> Bool {
    if told.count >= Limits.rememberedCosts { told.removeAll() }
    let before = told[session]?.cost
    told[session] = (cost, now)
    return before != cost
  }

  func maySpeak(to station: ID<Station>) -> Bool { !silenced.contains(station) }
  /// It does not know how to hear of costs, until it boots again.
  mutating func silence(_ station: ID<Station>) { silenced.insert(station) }
  mutating func booted(_ station: ID<Station>) { silenced.remove(station) }
}
