import Domain
import Store
import Wire

// What the house does by itself once a station has booted, or has returned without a boot: each step is a switch of the
// station, and none of them hurries it.

extension CSMS {
  /// An accepted station booted. What waits for it is done one call after the other, so that it has one of them to answer.
  func afterBoot(of station: ID<Station>) {
    guard let link = links.link(of: station)?.id, links.isFree(link),
      let needs = try? books.stations.station(station)?.needs, needs.isLeftAloneAfterBoot != true
    else { return }
    let habits = needs.afterBoot ?? AfterBoot()
    let writes = habits.writesSettings != false && needs.wantedSettings?.isEmpty == false
    let isAnythingAsked = [habits.triggersStatus, habits.readsSettings, habits.readsReport].contains(true)
    guard writes || isAnythingAsked else { return }
    links.beginAfterBoot(on: link)
    Task {
      if habits.triggersStatus == true { await self.triggerStatuses(of: station) }
      if habits.readsReport == true { await self.readReport(of: station) }
      if habits.readsSettings == true { _ = await self.readSettings(of: station) }
      if writes { _ = await self.writeSettings(of: station) }
      self.links.endAfterBoot(on: link)
    }
  }

  /// Some stations return without a boot and tell nothing: once they have settled they are asked, once. One that comes and
  /// goes is left alone, because calls would only shorten its next stay.
  func askTheSilent() {
    let silent = links.takeSilent(at: now)
    guard !silent.isEmpty else { return }
    note { () throws(StoreFault) in
      for station in silent.compactMap({ self.links[$0]?.station }) {
        try self.noteOddity("came back without a BootNotification", sample: "", of: station)
      }
    }
    for link in silent {
      guard let station = links[link]?.station, !links.isFlapping(station, at: now),
        (try? line(to: station)) != nil, let needs = try? books.stations.station(station)?.needs,
        needs.isLeftAloneAfterBoot != true, needs.afterBoot?.triggersBoot != false
      else { continue }
      let habits = needs.afterBoot ?? AfterBoot()
      tell(.trigger(.boot, evse: nil), on: link) { _ in
        guard habits.triggersStatus != false else { return }
        Task { await self.triggerStatuses(of: station) }
      }
    }
  }

  /// Asks for all that the station's device model says (OCPP 2.0.1 B07); the parts come later and are kept as they come.
  func readReport(of station: ID<Station>) async {
    if case .refused(let word, _) = await ask(.settings(.report(id: 0, .full)), of: station) {
      note { () throws(StoreFault) in
        try self.noteOddity("a report of its device model was refused", sample: word, of: station)
      }
    }
  }

  /// Asks for the statuses at once; a station that refuses that for the whole of it is asked for each EVSE.
  func triggerStatuses(of station: ID<Station>) async {
    switch await ask(.trigger(.status, evse: nil), of: station) {
    case .accepted, .timedOut, .disconnected: return
    case .refused, .failed, .impossible: break
    }
    let evses = (try? books.stations.evses(of: station)) ?? []
    for evse in evses.prefix(Limits.triggersAtOnce) {
      if case .disconnected = await ask(.trigger(.status, evse: evse.number), of: station) { return }
    }
  }

  /// Something that the house asks of a station by itself: written down as every command, and waited for.
  func ask(_ command: StationCommand, of station: ID<Station>) async -> CommandOutcome {
    let ticket = Ticket<CommandOutcome>()
    do {
      _ = try await turn { () throws(Refusal) in try self.issue(command, to: station, by: "house", ticket: ticket) }
    } catch {
      return .disconnected
    }
    return await withCheckedContinuation { waiting in ticket.whenRedeemed { waiting.resume(returning: $0) } }
  }
}
