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
  case stationBooted(ID<Station>, vendor: String, model: String, firmware: String?)
  case stationFlapping(ID<Station>)
  case evseStatus(ID<EVSE>, of: ID<Station>, status: EVSE.Status, note: String?)
  case oddity(ID<Station>, what: String)
  case messageParked(ID<Station>, action: String, why: String)
  /// The operator is done with a parked message.
  case messageSettled(ID<Station>, action: String, by: String)
  case refusedAtTheDoor(StationIdentity, address: String, why: String)
  // Sessions
  case sessionPending(session: String)
  case sessionStarted(session: String)
  case sessionEnded(session: String)
  case sessionInvalid(session: String)
  case sessionSuperseded(session: String)
  case sessionClosed(session: String, because: String, by: String)
  case stopDiffers(session: String, what: String)
  case cdrMade(cdr: String, session: String)
  /// The operator lets a held one go.
  case cdrReleased(cdr: String, by: String)
  // Commands
  case commandSent(id: String, station: ID<Station>)
  case commandEnded(id: String, station: ID<Station>, phase: CommandRecord.Phase)
  // Roaming
  case partnerAdded(ID<Partner>, by: String)
  case partnerChanged(ID<Partner>, by: String)
  case partnerRegistered(ID<Partner>)
  case partnerUnregistered(ID<Partner>)
  case partnerStep(ID<Partner>, step: String, ok: Bool, detail: String)
  case tokenReceived(ID<Token>, from: ID<Partner>)
  case pushAcknowledged(ID<Partner>, module: String, object: String, milliseconds: Int)
  case pushFailed(ID<Partner>, module: String, object: String, why: String)
  case pushParked(ID<Partner>, module: String, object: String, why: String)
  // Books
  case partyChanged(ID<Party>, by: String)
  case locationChanged(ID<Location>, by: String)
  case locationRemoved(ID<Location>, by: String)
  case tokenChanged(ID<Token>, by: String)
  case tokenRemoved(ID<Token>, by: String)
  case tariffChanged(ID<Tariff>, by: String)
  case tariffRemoved(ID<Tariff>, by: String)
  case userChanged(name: String, by: String)
  case keyChanged(name: String, by: String)
  case loggedIn(user: String, address: String)
  case loginRefused(user: String, address: String)
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
  private var written: (kind: String, subject: String, body: JSON) {
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
    case .stationBooted(let id, let vendor, let model, let firmware):
      (
        "station.booted", "station/\(id)",
        ["vendor": .string(vendor), "model": .string(model), "firmware": firmware.map { .string($0) } ?? .null]
      )
    case .stationFlapping(let id): ("station.flapping", "station/\(id)", [:])
    case .evseStatus(let evse, let station, let status, let note):
      (
        "evse.status", "station/\(station)",
        ["evse": number(evse.value), "status": .string(status.rawValue), "note": note.map { .string($0) } ?? .null]
      )
    case .oddity(let id, let what): ("station.oddity", "station/\(id)", ["what": .string(what)])
    case .messageSettled(let id, let action, let by):
      ("station.settled", "station/\(id)", ["action": .string(action), "by": .string(by)])
    case .messageParked(let id, let action, let why):
      ("station.parked", "station/\(id)", ["action": .string(action), "why": .string(why)])
    case .refusedAtTheDoor(let identity, let address, let why):
      ("station.refused", "knock/\(identity)", ["address": .string(address), "why": .string(why)])
    case .sessionPending(let id): ("session.pending", "session/\(id)", [:])
    case .sessionStarted(let id): ("session.started", "session/\(id)", [:])
    case .sessionEnded(let id): ("session.ended", "session/\(id)", [:])
    case .sessionInvalid(let id): ("session.invalid", "session/\(id)", [:])
    case .sessionSuperseded(let id): ("session.superseded", "session/\(id)", [:])
    case .sessionClosed(let id, let why, let by):
      ("session.closed", "session/\(id)", ["because": .string(why), "by": .string(by)])
    case .stopDiffers(let id, let what): ("session.stop_differs", "session/\(id)", ["what": .string(what)])
    case .cdrReleased(let id, let by): ("cdr.released", "cdr/\(id)", ["by": .string(by)])
    case .cdrMade(let id, let session): ("cdr.made", "cdr/\(id)", ["session": .string(session)])
    case .commandSent(let id, let station): ("command.sent", "command/\(id)", ["station": number(station.value)])
    case .commandEnded(let id, let station, let phase):
      ("command.ended", "command/\(id)", ["station": number(station.value), "phase": .string(phase.rawValue)])
    case .partnerAdded(let id, let by): ("partner.added", "partner/\(id)", ["by": .string(by)])
    case .partnerChanged(let id, let by): ("partner.changed", "partner/\(id)", ["by": .string(by)])
    case .partnerRegistered(let id): ("partner.registered", "partner/\(id)", [:])
    case .partnerUnregistered(let id): ("partner.unregistered", "partner/\(id)", [:])
    case .partnerStep(let id, let step, let ok, let detail):
      ("partner.step", "partner/\(id)", ["step": .string(step), "ok": .bool(ok), "detail": .string(detail)])
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
    case .partyChanged(let id, let by): ("party.changed", "party/\(id)", ["by": .string(by)])
    case .locationChanged(let id, let by): ("location.changed", "location/\(id)", ["by": .string(by)])
    case .locationRemoved(let id, let by): ("location.removed", "location/\(id)", ["by": .string(by)])
    case .tokenChanged(let id, let by): ("token.changed", "token/\(id)", ["by": .string(by)])
    case .tokenRemoved(let id, let by): ("token.removed", "token/\(id)", ["by": .string(by)])
    case .tariffChanged(let id, let by): ("tariff.changed", "tariff/\(id)", ["by": .string(by)])
    case .tariffRemoved(let id, let by): ("tariff.removed", "tariff/\(id)", ["by": .string(by)])
    case .userChanged(let name, let by): ("user.changed", "user/\(name)", ["by": .string(by)])
    case .keyChanged(let name, let by): ("key.changed", "key/\(name)", ["by": .string(by)])
    case .loggedIn(let user, let address): ("user.login", "user/\(user)", ["address": .string(address)])
    case .loginRefused(let user, let address): ("user.login_refused", "user/\(user)", ["address": .string(address)])
    }
  }
}

private func number(_ value: Int64) -> JSON { .number(JSONNumber(value)) }
