import Crypto
import Domain
import Store
import Wire

// Prices at stations that reckon themselves (OCPP 2.1 I07 to I11). What a station was given is kept in step with what the
// house bills by: a tariff that changes, a boot and a connector with another tariff make its row due again.

extension CSMS {
  /// Gives a station the tariff by which it reckons for whoever has no other one.
  /// - Parameter evse: 0 is all of them.
  public func setTariff(
    _ id: ID<Tariff>, at identity: StationIdentity, evse: Int, by who: String
  ) async throws(Refusal) -> CommandRecord {
    try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      let (tariff, evses) = try keep { () throws(StoreFault) in
        (try self.books.tariffs.tariff(id)?.tariff, try self.books.stations.evses(of: station.id))
      }
      guard let tariff else { throw .notFound("no such tariff") }
      guard evse == 0 || evses.contains(where: { $0.number == evse }) else {
        throw .invalid(field: "evse", "the station has no EVSE \(evse)")
      }
      guard let link = self.links.link(of: station.id) else { throw .conflict("the station is not connected") }
      return try keep { () throws(StoreFault) in
        var kept = KeptStationTariff(station: station.id, evse: evse, tariff: id, origin: who, at: self.now)
        return try self.send(tariff, as: &kept, over: link, by: who)
      }
    }
  }

  /// Tells a station by which tariff one of its sessions is billed (OCPP 2.1 I11): a station that was away may show
  /// another. A session has one tariff, that of its start, on its bill and at partners, so it gets no other one here.
  /// - Parameters:
  ///   - name: the station's name for the session, where `session` is nil.
  ///   - id: the tariff that is meant; nil is the session's own.
  public func tellTariff(
    of session: String?, named name: String?, _ id: ID<Tariff>?, at identity: StationIdentity, by who: String
  ) async throws(Refusal) -> CommandRecord {
    try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      let (running, transaction, meant) = try keep { () throws(StoreFault) in
        let named = try name.flatMap { name throws(StoreFault) in
          try self.books.transactions.transaction(name, of: station.id)?.session
        }
        let running = try (session ?? named).flatMap { id throws(StoreFault) in try self.books.sessions.session(id) }
        return (
          running, try running.flatMap { session throws(StoreFault) in try self.transactionName(of: session) },
          try id.flatMap { id throws(StoreFault) in try self.books.tariffs.tariff(id)?.tariff }
        )
      }
      guard let running, running.station == station.id else { throw .notFound("no such session at this station") }
      guard running.state == .active, let transaction else { throw .conflict("the session is not running") }
      guard let own = running.tariff else { throw .conflict("the session has no tariff") }
      if id != nil {
        guard let meant else { throw .notFound("no such tariff") }
        guard StationTariff(meant) == StationTariff(own) else {
          throw .conflict(
            "the session is billed by \(own.ref) as it was at its start, to its end: a session has one tariff")
        }
      }
      return try self.issue(
        .tariff(.change(StationTariff(own), transaction: transaction)), to: station.id, by: who)
    }
  }

  // MARK: What makes it due

  /// Stations that reckon by a tariff get it anew; a session that runs there keeps its own.
  func stationTariffsMoved(_ id: ID<Tariff>) throws(StoreFault) {
    let given = try books.stationTariffs.list(of: id)
    guard !given.isEmpty, let tariff = try books.tariffs.tariff(id)?.tariff else { return }
    let name = StationTariff(tariff).name
    for kept in given where kept.name != name || kept.state != .inForce { try isDue(kept) }
  }

  /// An EVSE has another tariff: its station is to reckon by that from now on.
  func stationTariffFollows(_ evse: EVSE) throws(StoreFault) {
    guard var kept = try books.stationTariffs.tariff(of: evse.station, evse: evse.number),
      let tariff = evse.connectors.first?.tariff, tariff != kept.tariff
    else { return }
    kept.tariff = tariff
    try isDue(kept)
  }

  /// It booted, and may have lost what it was given. Its name stands for its content, so that it does no harm to a station
  /// that still has it.
  func stationTariffsMayBeLost(at station: ID<Station>) throws(StoreFault) {
    for kept in try books.stationTariffs.list(of: station) { try isDue(kept) }
  }

  private func isDue(_ known: KeptStationTariff) throws(StoreFault) {
    var kept = known
    (kept.state, kept.answer, kept.command, kept.attempts) = (.asked, nil, nil, 0)
    (kept.dueAt, kept.updatedAt) = (now, now)
    try books.stationTariffs.save(kept)
  }

  /// With a beat.
  func keepStationTariffs() throws(StoreFault) {
    let due = try books.stationTariffs.due(at: now, limit: Limits.dutiesAtOnce)
    try each(due, of: "station tariffs") { due throws(StoreFault) in
      var kept = due
      guard kept.state == .asked, let link = links.link(of: kept.station), reckons(link),
        let tariff = try books.tariffs.tariff(kept.tariff)?.tariff
      else {
        kept.dueAt = nil
        return try books.stationTariffs.save(kept)
      }
      _ = try send(tariff, as: &kept, over: link, by: "house")
    }
  }

  /// A price that follows demand moved: stations that reckon get it for drivers to come (OCPP 2.1 I07), each at the EVSEs
  /// where it is what drivers in general pay.
  func showTariff(_ id: ID<Tariff>) throws(StoreFault) {
    guard let tariff = try books.tariffs.tariff(id)?.tariff else { return }
    for place in try books.tariffs.whereUsed(id) {
      guard let station = try books.stations.station(place.station), let link = try line(to: station.id),
        reckons(link), let evse = try books.stations.evse(station.id, number: place.evseNumber),
        try generalTariff(of: evse) == tariff
      else { continue }
      var kept = KeptStationTariff(
        station: station.id, evse: place.evseNumber, tariff: id, origin: "house", at: now)
      _ = try send(tariff, as: &kept, over: link, by: "house")
    }
  }

  private func send(
    _ tariff: Tariff, as kept: inout KeptStationTariff, over link: LiveLinks.Link, by who: String
  ) throws(StoreFault) -> CommandRecord {
    let record = try issue(
      .tariff(.setDefault(StationTariff(tariff), evse: kept.evse)), id: newID(), over: link, by: who, session: nil,
      respondTo: nil)
    let before = try books.stationTariffs.tariff(of: kept.station, evse: kept.evse)
    (kept.state, kept.name, kept.command, kept.updatedAt) = (.asked, before?.name, record.id, now)
    kept.dueAt = now + .seconds(settings.commandSeconds + Limits.firstDutyPauseSeconds)
    try books.stationTariffs.save(kept)
    return record
  }

  private func reckons(_ link: LiveLinks.Link) -> Bool {
    stationLink?.can(.keepsTariffs, version: link.version) == true
  }

  // MARK: What stations say

  func stationTariffAnswered(_ command: CommandRecord, _ outcome: CommandOutcome) throws(StoreFault) {
    guard var kept = try books.stationTariffs.tariff(command: command.id) else { return }
    (kept.command, kept.updatedAt, kept.dueAt) = (nil, now, nil)
    switch outcome {
    case .accepted:
      (kept.state, kept.answer, kept.attempts) = (.inForce, nil, 0)
      kept.name = command.detail["name"]?.string
    case .refused, .failed, .impossible: (kept.state, kept.answer) = (.refused, outcome.why)
    case .timedOut, .disconnected:
      kept.attempts += 1
      if kept.attempts < Limits.profileAttempts {
        kept.dueAt = isOnline(kept.station) ? nextTry(after: kept.attempts) : nil
        return try books.stationTariffs.save(kept)
      }
      (kept.state, kept.answer) = (.refused, outcome.why)
    }
    try books.stationTariffs.save(kept)
    try record(.stationTariffMoved(kept))
  }

  /// What the operator took away is not brought again.
  func stationTariffsCleared(_ command: CommandRecord, _ outcome: CommandOutcome) throws(StoreFault) {
    guard outcome.isYes else { return }
    let (evse, names) = (
      command.detail["evse"]?.int, command.detail["tariffs"]?.array?.compactMap(\.string) ?? []
    )
    for kept in try books.stationTariffs.list(of: command.station)
    where (evse.map { $0 == Int64(kept.evse) } ?? true) && (names.isEmpty || kept.name.map(names.contains) == true) {
      try books.stationTariffs.remove(of: kept.station, evse: kept.evse)
    }
  }

  /// By which tariff a station reckons a session, where it says that: another than the bill's shows its driver another price.
  func tariffTold(_ name: String, of session: Session) throws(StoreFault) {
    guard let own = session.tariff, StationTariff(own).name != name else { return }
    try noteOddity(
      "it reckons a session by another tariff than the bill", sample: "\(name) in place of \(own.ref)",
      of: session.station)
  }

  // MARK: What a driver is told

  /// With the price that this driver has, for a station that reckons or shows it (OCPP 2.1 I08, 2.0.1 I01). Nothing is
  /// said where the EVSEs that the driver may use have different ones: one answer stands for all of them.
  func priced(_ yes: Authorization, at station: ID<Station>) throws(StoreFault) -> Authorization {
    guard yes.verdict == .accepted, let holder = yes.holder else { return yes }
    let given = try books.stationTariffs.list(of: station).compactMap(\.name)
    let isShown = try showsTariffs(station)
    guard isShown || !given.isEmpty else { return yes }
    var tariffs: [Tariff] = []
    for evse in try books.stations.evses(of: station) where yes.evses?.contains(evse.number) ?? true {
      guard let connector = evse.connectors.first,
        let tariff = try tariff(of: connector, of: evse, for: holder, at: now)
      else { return yes }
      if !tariffs.contains(tariff) { tariffs.append(tariff) }
    }
    guard tariffs.count == 1 else { return yes }
    var told = yes
    if isShown { told.message = tariffs[0].message(in: yes.language) }
    let own = StationTariff(tariffs[0])
    // I08.FR.01: who pays what everybody pays there needs none.
    if given.contains(where: { $0 != own.name }), let link = links.link(of: station), reckons(link) {
      told.tariff = own
    }
    return told
  }

  /// The price of a session, in the language of whoever charges, for a station that shows it (I06).
  func priceMessage(of session: Session, in language: String?) throws(StoreFault) -> DriverMessage? {
    guard let tariff = session.tariff, try showsTariffs(session.station) else { return nil }
    return tariff.message(in: language)
  }

  private func showsTariffs(_ id: ID<Station>) throws(StoreFault) -> Bool {
    try books.device.value(Self.tariffsEnabled, of: id)?.value.value?.ciFolded == "true"
  }

  private static let tariffsEnabled = SettingName(component: "TariffCostCtrlr", variable: "Enabled", instance: "Tariff")

  /// What drivers in general pay at an EVSE.
  private func generalTariff(of evse: EVSE) throws(StoreFault) -> Tariff? {
    guard let connector = evse.connectors.first else { return nil }
    return Tariff.choose(from: try books.tariffs.tariffs(of: connector), for: .regular, at: now)
  }
}

extension StationTariff {
  /// Its name is its ref with a digest of all of it behind: another content has another name (OCPP 2.1 I08.FR.08), and the
  /// same one always the same.
  init(_ tariff: Tariff) {
    let digest = SHA256.digest(tariff.encoded()).prefix(8).map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    self.init(tariff, name: "\(tariff.ref).\(digest.joined())")
  }
}
