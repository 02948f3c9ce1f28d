import Wire

/// Every fact of the house. Each is appended to the event log in the commit that makes it true; the live page, pushes,
/// webhooks, the audit view and exports are cursors over that log.
public enum Event: Sendable, Equatable {
  // Stations
  case stationKnocked(StationIdentity, address: String)
  case stationAdded(ID<Station>, by: String)
  case stationChanged(ID<Station>, by: String)
  case stationRemoved(ID<Station>, by: String)
  case stationConnected(ID<Station>, version: String, address: String)
  case stationDisconnected(ID<Station>, reason: String)
  case stationBooted(ID<Station>, vendor: String, model: String, firmware: String?, reason: BootReport.Reason? = nil)
  case stationFlapping(ID<Station>)
  /// Its make is known to need something, and that holds from now on.
  case presetApplied(ID<Station>, String)
  /// A station said yes to a remote stop, and the session goes on.
  case stopIgnored(session: String)
  case evseStatus(ID<EVSE>, of: ID<Station>, status: EVSE.Status, note: String?)
  case oddity(ID<Station>, what: String)
  /// A vendor's own message, of one of the vendors that the operator named.
  case dataReceived(ID<Station>, vendor: String, message: String?, data: JSON)
  case messageParked(ID<Station>, action: String, why: String)
  /// The operator is done with a parked message.
  case messageSettled(ID<Station>, action: String, by: String)
  /// `certificate` is the serial number of the one that was shown.
  case refusedAtTheDoor(StationIdentity, address: String, why: String, certificate: String?)
  // How stations prove who they are, and we to them
  /// It came in better secured than before, and from now on nothing less is taken from it.
  case stationSecured(ID<Station>, SecurityProfile)
  /// Which key holds now, and why.
  case stationKeySettled(ID<Station>, isNew: Bool, why: String)
  /// Nobody knows whether it took its new key: both are good.
  case stationKeyUndecided(ID<Station>, why: String)
  /// A TLS handshake failed; `certificate` is the serial number of the one that was shown, `station` whose it seems.
  case tlsRefused(ID<Station>?, address: String, why: String, certificate: String?)
  /// Days are whole ones that are left; 0 and less: it has expired.
  case certificateExpires(of: String, serial: String, days: Int)
  case certificateReplaced(door: String)
  /// A door's new certificate cannot be used, so the old one stays.
  case certificateUnusable(door: String, why: String)
  case certificate(CertificateEvent)
  // What stations tell of themselves
  /// All parts of a report came, but for those that are missing.
  case stationReported(ID<Station>, what: String, request: Int64, missing: Int)
  case stationAlert(ID<Station>, name: String, value: String, severity: Int?, isOver: Bool)
  /// The operator has seen it.
  case alertSettled(ID<Station>, name: String, by: String)
  case gridControlTurned(ID<Station>, control: String, isRunning: Bool)
  case batterySwapped(ID<Station>, step: String, token: String, batteries: [String])
  case paymentSettled(ID<Station>, session: String?, Settlement)
  /// It reckons by a tariff that it was given, or does not.
  case stationTariffMoved(KeptStationTariff)
  case settingTemplateChanged(id: Int64, name: String, by: String)
  // Sessions
  case sessionPending(session: String)
  case sessionStarted(session: String)
  case sessionEnded(session: String)
  case sessionInvalid(session: String)
  case sessionSuperseded(session: String)
  case sessionClosed(session: String, because: String, by: String)
  /// It ends by itself at these limits.
  case sessionLimited(session: String, SessionLimit, by: String)
  case stopDiffers(session: String, what: String)
  /// Events of its transaction are missing: their numbers.
  case sessionGap(session: String, missing: String)
  case cdrMade(cdr: String, session: String)
  /// The operator took one back by a credit.
  case cdrCredited(cdr: String, credit: String, by: String)
  /// The operator lets a held one go.
  case cdrReleased(cdr: String, by: String)
  // Commands
  case commandSent(id: String, station: ID<Station>)
  case commandEnded(id: String, station: ID<Station>, phase: CommandRecord.Phase)
  // Roaming
  case listMoved(LocalListState)
  case reservationMoved(Reservation)
  case bookingMoved(Booking)
  /// What can be booked at a location, or how.
  case bookingLocationChanged(ID<Location>, ref: String, by: String)
  case profileMoved(KeptProfile)
  case jobMoved(StationJob)
  case chargingTold(ChargingNotice)
  case fileMoved(StoredFile, by: String)
  case campaignMoved(Campaign, by: String)
  case bulkRunMoved(BulkRun, by: String)
  case partnerAdded(ID<Partner>, by: String)
  case partnerChanged(ID<Partner>, by: String)
  case partnerRegistered(ID<Partner>)
  case partnerUnregistered(ID<Partner>)
  case partnerStep(ID<Partner>, HandshakeStep)
  /// Something about it that the operator should know, for the first time.
  case partnerNoted(ID<Partner>, what: String)
  /// How a partner's driver wants to be charged.
  case preferencesTold(session: String, ChargingPreferences.Kind)
  case hubClientTold(ID<Partner>, PartyID, HubClient.Status)
  case terminalTold(ID<Partner>, id: String)
  /// What a payment provider captured.
  case adviceTold(
    ID<Partner>, id: String, session: String?, capture: FinancialAdvice.Capture, amount: Decimal, currency: String)
  case tokenReceived(ID<Token>, from: ID<Partner>)
  case pushAcknowledged(ID<Partner>, module: String, object: String, milliseconds: Int)
  case pushFailed(ID<Partner>, module: String, object: String, why: String)
  case pushParked(ID<Partner>, module: String, object: String, why: String)
  case roaming(RoamingEvent)
  // Books
  case partyChanged(ID<Party>, by: String)
  case locationChanged(ID<Location>, by: String)
  /// A time in which outages do not count was written down, or taken back.
  case downtimeChanged(ID<Downtime>, by: String)
  /// Its circuits, or what hangs on them.
  case wiringChanged(ID<Location>, by: String)
  /// What must be reserved on a circuit has been more than it carries for a while; and it is not any more.
  case circuitOver(ID<Location>, circuit: String, by: Current)
  case circuitWithin(ID<Location>, circuit: String)
  /// What a meter told of a circuit is over and nothing newer came; and it speaks again, or was taken away.
  case meterSilent(ID<Location>, circuit: String)
  case meterHeard(ID<Location>, circuit: String)
  case locationRemoved(ID<Location>, by: String)
  case tokenChanged(ID<Token>, by: String)
  case tokenRemoved(ID<Token>, by: String)
  case tariffChanged(ID<Tariff>, by: String)
  case tariffRemoved(ID<Tariff>, by: String)
  case policyChanged(Int64, state: String, by: String)
  case userChanged(name: String, by: String)
  case keyChanged(name: String, by: String)
  case loggedIn(user: String, address: String)
  case loginRefused(user: String, address: String)
  // The house itself
  /// Something needs a person, and they were told; it is over, and they were told that too.
  case alarmRaised(Alarm)
  case alarmEnded(Alarm)
  case alarmTested(by: String)
  case alarmRulesChanged(by: String)
  /// Written once it could be again.
  case couldNotWrite(because: String, since: Timestamp)
  /// The books are those of a backup.
  case booksRestored(from: String)
}

/// An event with its place in the log.
public struct LoggedEvent: Sendable, Equatable {
  /// Counts up without reuse; what every cursor resumes by.
  public var seq: Int64
  public var at: Timestamp
  public var kind: String
  public var subject: String
  public var body: JSON

  public init(seq: Int64, at: Timestamp, kind: String, subject: String, body: JSON) {
    (self.seq, self.at, self.kind, self.subject, self.body) = (seq, at, kind, subject, body)
  }
}

extension Event {
  /// Its name in the log, such as `session.started`.
  public var kind: String { written.kind }
  /// What it is about, such as `session/0193…` or `station/7`.
  public var subject: String { written.subject }
  /// The rest of it.
  public var body: JSON { written.body }

  /// How the log writes it: one line a fact, so that a new one cannot be forgotten here.
  public var written: (kind: String, subject: String, body: JSON) {
    switch self {
    case .stationKnocked(let identity, let address):
      ("station.knocked", "knock/\(identity)", ["address": .string(address)])
    case .stationAdded(let id, let by): ("station.added", "station/\(id)", ["by": .string(by)])
    case .stationChanged(let id, let by): ("station.changed", "station/\(id)", ["by": .string(by)])
    case .stationRemoved(let id, let by): ("station.removed", "station/\(id)", ["by": .string(by)])
    case .stationConnected(let id, let version, let address):
      ("station.connected", "station/\(id)", ["version": .string(version), "address": .string(address)])
    case .stationDisconnected(let id, let reason):
      ("station.disconnected", "station/\(id)", ["reason": .string(reason)])
    case .stationBooted(let id, let vendor, let model, let firmware, let reason):
      (
        "station.booted", "station/\(id)",
        [
          "vendor": .string(vendor), "model": .string(model), "firmware": .maybe(firmware),
          "reason": .maybe(reason?.rawValue),
        ]
      )
    case .presetApplied(let id, let name): ("station.preset", "station/\(id)", ["preset": .string(name)])
    case .stopIgnored(let id): ("session.stop_ignored", "session/\(id)", [:])
    case .stationFlapping(let id): ("station.flapping", "station/\(id)", [:])
    case .evseStatus(let evse, let station, let status, let note):
      (
        "evse.status", "station/\(station)",
        ["evse": number(evse.value), "status": .string(status.rawValue), "note": note.map { .string($0) } ?? .null]
      )
    case .dataReceived(let id, let vendor, let message, let data):
      (
        "station.data_received", "station/\(id)",
        ["vendor": .string(vendor), "message": .maybe(message), "data": data]
      )
    case .oddity(let id, let what): ("station.oddity", "station/\(id)", ["what": .string(what)])
    case .stationReported(let id, let what, let request, let missing):
      (
        "station.reported", "station/\(id)",
        ["what": .string(what), "request": number(request), "missing": number(Int64(missing))]
      )
    case .stationAlert(let id, let name, let value, let severity, let isOver):
      (
        "station.alert", "station/\(id)",
        [
          "name": .string(name), "value": .string(value), "severity": severity.map { number(Int64($0)) } ?? .null,
          "over": .bool(isOver),
        ]
      )
    case .alertSettled(let id, let name, let by):
      ("station.alert_settled", "station/\(id)", ["name": .string(name), "by": .string(by)])
    case .gridControlTurned(let id, let control, let isRunning):
      ("station.grid_control", "station/\(id)", ["control": .string(control), "running": .bool(isRunning)])
    case .batterySwapped(let id, let step, let token, let batteries):
      (
        "station.battery_swapped", "station/\(id)",
        ["step": .string(step), "token": .string(token), "batteries": .array(batteries.map { .string($0) })]
      )
    case .paymentSettled(let id, let session, let settlement):
      (
        "station.payment_settled", "station/\(id)",
        [
          "session": .maybe(session), "transaction": .maybe(settlement.transaction),
          "reference": .string(settlement.reference), "state": .string(settlement.state.rawValue),
          "amount": .string(settlement.amount.description), "at": .string(settlement.at.text),
          "receipt_id": .maybe(settlement.receiptID), "receipt_url": .maybe(settlement.receiptURL),
          "note": .maybe(settlement.note), "vat_number": .maybe(settlement.vatNumber),
        ]
      )
    case .stationTariffMoved(let kept):
      (
        "station.tariff", "station/\(kept.station)",
        [
          "evse": number(Int64(kept.evse)), "tariff": number(kept.tariff.value), "name": .maybe(kept.name),
          "state": .string(kept.state.rawValue), "why": .maybe(kept.answer),
        ]
      )
    case .settingTemplateChanged(let id, let name, let by):
      ("settings.template", "template/\(id)", ["name": .string(name), "by": .string(by)])
    case .messageSettled(let id, let action, let by):
      ("station.settled", "station/\(id)", ["action": .string(action), "by": .string(by)])
    case .messageParked(let id, let action, let why):
      ("station.parked", "station/\(id)", ["action": .string(action), "why": .string(why)])
    case .refusedAtTheDoor(let identity, let address, let why, let certificate):
      (
        "station.refused", "knock/\(identity)",
        ["address": .string(address), "why": .string(why), "certificate": certificate.map { .string($0) } ?? .null]
      )
    case .stationSecured(let id, let profile):
      ("station.secured", "station/\(id)", ["profile": number(Int64(profile.rawValue))])
    case .stationKeySettled(let id, let isNew, let why):
      ("station.key_settled", "station/\(id)", ["new": .bool(isNew), "why": .string(why)])
    case .stationKeyUndecided(let id, let why): ("station.key_undecided", "station/\(id)", ["why": .string(why)])
    case .tlsRefused(let id, let address, let why, let certificate):
      (
        "tls.refused", id.map { "station/\($0)" } ?? "address/\(address)",
        ["address": .string(address), "why": .string(why), "certificate": certificate.map { .string($0) } ?? .null]
      )
    case .certificateExpires(let owner, let serial, let days):
      ("certificate.expires", "certificate/\(serial)", ["of": .string(owner), "days": number(Int64(days))])
    case .certificateReplaced(let door): ("certificate.replaced", "door/\(door)", [:])
    case .certificateUnusable(let door, let why): ("certificate.unusable", "door/\(door)", ["why": .string(why)])
    case .certificate(let event): event.written
    case .sessionPending(let id): ("session.pending", "session/\(id)", [:])
    case .sessionStarted(let id): ("session.started", "session/\(id)", [:])
    case .sessionEnded(let id): ("session.ended", "session/\(id)", [:])
    case .sessionInvalid(let id): ("session.invalid", "session/\(id)", [:])
    case .sessionSuperseded(let id): ("session.superseded", "session/\(id)", [:])
    case .sessionClosed(let id, let why, let by):
      ("session.closed", "session/\(id)", ["because": .string(why), "by": .string(by)])
    case .sessionLimited(let id, let limit, let by):
      ("session.limited", "session/\(id)", ["limit": limit.json, "by": .string(by)])
    case .stopDiffers(let id, let what): ("session.stop_differs", "session/\(id)", ["what": .string(what)])
    case .sessionGap(let id, let missing): ("session.gap", "session/\(id)", ["missing": .string(missing)])
    case .cdrReleased(let id, let by): ("cdr.released", "cdr/\(id)", ["by": .string(by)])
    case .cdrCredited(let id, let credit, let by):
      ("cdr.credited", "cdr/\(id)", ["credit": .string(credit), "by": .string(by)])
    case .cdrMade(let id, let session): ("cdr.made", "cdr/\(id)", ["session": .string(session)])
    case .commandSent(let id, let station): ("command.sent", "command/\(id)", ["station": number(station.value)])
    case .commandEnded(let id, let station, let phase):
      ("command.ended", "command/\(id)", ["station": number(station.value), "phase": .string(phase.rawValue)])
    case .listMoved(let list):
      (
        "list.\(list.phase.rawValue)", "station/\(list.station)",
        ["version": .maybe(list.version), "left_out": number(Int64(list.leftOut)), "why": .maybe(list.why)]
      )
    case .reservationMoved(let reservation):
      (
        "reservation.\(reservation.state.rawValue)", "reservation/\(reservation.id)",
        [
          "station": number(reservation.station.value), "evse": .maybe(reservation.evse),
          "why": .maybe(reservation.answer),
        ]
      )
    case .bookingMoved(let booking):
      (
        "booking.\(booking.status.rawValue.ciFolded)", "booking/\(booking.id)",
        [
          "location": number(booking.location.value), "from": .string(booking.period.start.text),
          "to": .string(booking.period.end.text), "why": .maybe(booking.why),
        ]
      )
    case .bookingLocationChanged(let location, let ref, let by):
      ("booking_location.changed", "location/\(location)", ["ref": .string(ref), "by": .string(by)])
    case .profileMoved(let profile):
      (
        "profile.\(profile.state.rawValue)", "profile/\(profile.number)",
        ["station": number(profile.station.value), "evse": number(Int64(profile.evse)), "why": .maybe(profile.answer)]
      )
    case .jobMoved(let job):
      (
        "job.\(job.state.rawValue)", "job/\(job.id)",
        ["station": number(job.station.value), "kind": .string(job.kind.rawValue), "word": .maybe(job.word)]
      )
    case .chargingTold(let notice):
      (
        "station.charging_told", "station/\(notice.station)",
        [
          "what": .string(notice.kind.rawValue), "evse": number(Int64(notice.evse)), "source": .string(notice.source),
          "told": notice.body,
        ]
      )
    case .fileMoved(let file, let by):
      ("file.\(file.state.rawValue)", "file/\(file.id)", ["name": .string(file.name), "by": .string(by)])
    case .campaignMoved(let campaign, let by):
      (
        "campaign.\(campaign.state.rawValue)", "campaign/\(campaign.id)",
        ["name": .string(campaign.name), "why": .maybe(campaign.why), "by": .string(by)]
      )
    case .bulkRunMoved(let run, let by):
      ("bulk.\(run.state.rawValue)", "bulk/\(run.id)", ["verb": .string(run.plan.verb.rawValue), "by": .string(by)])
    case .partnerAdded(let id, let by): ("partner.added", "partner/\(id)", ["by": .string(by)])
    case .partnerChanged(let id, let by): ("partner.changed", "partner/\(id)", ["by": .string(by)])
    case .partnerRegistered(let id): ("partner.registered", "partner/\(id)", [:])
    case .partnerUnregistered(let id): ("partner.unregistered", "partner/\(id)", [:])
    case .partnerStep(let id, let step):
      (
        "partner.step", "partner/\(id)",
        [
          "step": .string(step.name), "ok": .bool(step.ok), "detail": .string(step.detail),
          "request": .maybe(step.request), "answer": .maybe(step.answer), "advice": .maybe(step.advice),
        ]
      )
    case .partnerNoted(let id, let what): ("partner.noted", "partner/\(id)", ["what": .string(what)])
    case .preferencesTold(let session, let kind):
      ("session.preferences", "session/\(session)", ["profile_type": .string(kind.rawValue)])
    case .hubClientTold(let id, let party, let status):
      (
        "partner.hub_client", "partner/\(id)",
        ["party": .string(party.description), "status": .string(status.rawValue)]
      )
    case .terminalTold(let partner, let id): ("partner.terminal", "partner/\(partner)", ["terminal": .string(id)])
    case .adviceTold(let partner, let id, let session, let capture, let amount, let currency):
      (
        "partner.financial_advice", session.map { "session/\($0)" } ?? "partner/\(partner)",
        [
          "partner": number(partner.value), "advice": .string(id), "capture": .string(capture.rawValue),
          "amount": .string(amount.description), "currency": .string(currency),
        ]
      )
    case .tokenReceived(let id, let partner): ("token.received", "token/\(id)", ["partner": number(partner.value)])
    case .pushAcknowledged(let id, let module, let object, let milliseconds):
      (
        "push.acknowledged", "partner/\(id)",
        ["module": .string(module), "object": .string(object), "milliseconds": number(Int64(milliseconds))]
      )
    case .pushFailed(let id, let module, let object, let why):
      ("push.failed", "partner/\(id)", ["module": .string(module), "object": .string(object), "why": .string(why)])
    case .pushParked(let id, let module, let object, let why):
      ("push.parked", "partner/\(id)", ["module": .string(module), "object": .string(object), "why": .string(why)])
    case .roaming(let event): event.written
    case .partyChanged(let id, let by): ("party.changed", "party/\(id)", ["by": .string(by)])
    case .locationChanged(let id, let by): ("location.changed", "location/\(id)", ["by": .string(by)])
    case .downtimeChanged(let id, let by): ("downtime.changed", "downtime/\(id)", ["by": .string(by)])
    case .wiringChanged(let id, let by): ("location.wiring", "location/\(id)", ["by": .string(by)])
    case .circuitOver(let id, let circuit, let excess):
      ("circuit.over", "location/\(id)", ["circuit": .string(circuit), "amperes": .string(excess.description)])
    case .circuitWithin(let id, let circuit): ("circuit.within", "location/\(id)", ["circuit": .string(circuit)])
    case .meterSilent(let id, let circuit): ("meter.silent", "location/\(id)", ["circuit": .string(circuit)])
    case .meterHeard(let id, let circuit): ("meter.heard", "location/\(id)", ["circuit": .string(circuit)])
    case .locationRemoved(let id, let by): ("location.removed", "location/\(id)", ["by": .string(by)])
    case .tokenChanged(let id, let by): ("token.changed", "token/\(id)", ["by": .string(by)])
    case .tokenRemoved(let id, let by): ("token.removed", "token/\(id)", ["by": .string(by)])
    case .tariffChanged(let id, let by): ("tariff.changed", "tariff/\(id)", ["by": .string(by)])
    case .tariffRemoved(let id, let by): ("tariff.removed", "tariff/\(id)", ["by": .string(by)])
    case .policyChanged(let id, let state, let by):
      ("price_policy.changed", "price-policy/\(id)", ["state": .string(state), "by": .string(by)])
    case .userChanged(let name, let by): ("user.changed", "user/\(name)", ["by": .string(by)])
    case .keyChanged(let name, let by): ("key.changed", "key/\(name)", ["by": .string(by)])
    case .loggedIn(let user, let address): ("user.login", "user/\(user)", ["address": .string(address)])
    case .loginRefused(let user, let address): ("user.login_refused", "user/\(user)", ["address": .string(address)])
    case .alarmRaised(let alarm): ("alarm.raised", "alarm/\(alarm.key)", alarm.body)
    case .alarmEnded(let alarm): ("alarm.ended", "alarm/\(alarm.key)", alarm.body)
    case .alarmTested(let by): ("alarm.test", "alarm/test", ["by": .string(by)])
    case .alarmRulesChanged(let by): ("alarm.rules_changed", "alarm/rules", ["by": .string(by)])
    case .couldNotWrite(let why, let since):
      ("house.could_not_write", "house", ["because": .string(why), "since": .string(since.text)])
    case .booksRestored(let file): ("house.books_restored", "house", ["from": .string(file)])
    }
  }
}

extension Alarm {
  fileprivate var body: JSON {
    [
      "kind": .string(kind.rawValue), "about": .string(subject), "since": .string(since.text),
      "detail": detail.map { .string($0) } ?? .null,
    ]
  }
}

private func number(_ value: Int64) -> JSON { .number(JSONNumber(value)) }
