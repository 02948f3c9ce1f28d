import Wire

/// Facts about our drivers at other networks.
public enum RoamingEvent: Sendable, Equatable {
  case sessionStarted(ID<RoamingSession>, of: ID<Partner>)
  case sessionEnded(ID<RoamingSession>, of: ID<Partner>)
  /// Its operator told what its charging comes to.
  case planTold(ID<RoamingSession>, of: ID<Partner>)
  case cdrReceived(ID<RoamingCDR>, of: ID<Partner>, doubts: [CDRDoubt])
  /// The operator has looked at its doubts.
  case cdrSettled(ID<RoamingCDR>, note: String, by: String)
  /// Another content came under the id of a CDR that we have.
  case cdrConflict(ID<RoamingCDR>, of: ID<Partner>)
  /// A partner told which CDRs an invoice of its asks for, and that such a record was a mistake.
  case invoiceTold(ID<Partner>, invoice: String, cdrs: Int)
  case invoiceTakenBack(ID<Partner>, invoice: String)
  /// What became of a booking of one of our drivers, by its operator's word.
  case bookingTold(ID<RoamingBooking>, of: ID<Partner>, status: String)
  /// A session or CDR of a token that is not ours was refused.
  case strangerRefused(ID<Partner>, module: String, object: String, token: String)
  /// A partner asked whether our driver may charge.
  case authorized(ID<Token>, for: ID<Partner>, PartnerAuthorization.Allowed, location: String?)
  case commandSent(id: String, to: ID<Partner>, RoamingCommand.Verb, by: String)
  case commandEnded(id: String, of: ID<Partner>, phase: CommandRecord.Phase, answer: String)
  /// A list was read to its end; `gone` of what we knew was not in it.
  case pulled(ID<Partner>, PullModule, count: Int, gone: Int)
  case pullFailed(ID<Partner>, PullModule, why: String)
  /// The house found out by itself what a partner needs.
  case quirkLearned(ID<Partner>, what: String)

  /// Name, subject and the rest, as the log has them.
  var written: (kind: String, subject: String, body: JSON) {
    switch self {
    case .sessionStarted(let id, let partner):
      ("roaming.session_started", "roaming-session/\(id)", ["partner": number(partner.value)])
    case .sessionEnded(let id, let partner):
      ("roaming.session_ended", "roaming-session/\(id)", ["partner": number(partner.value)])
    case .planTold(let id, let partner):
      ("roaming.plan_told", "roaming-session/\(id)", ["partner": number(partner.value)])
    case .cdrReceived(let id, let partner, let doubts):
      (
        "roaming.cdr_received", "roaming-cdr/\(id)",
        ["partner": number(partner.value), "doubts": .array(doubts.map(\.json))]
      )
    case .cdrSettled(let id, let note, let by):
      ("roaming.cdr_settled", "roaming-cdr/\(id)", ["note": .string(note), "by": .string(by)])
    case .cdrConflict(let id, let partner):
      ("roaming.cdr_conflict", "roaming-cdr/\(id)", ["partner": number(partner.value)])
    case .invoiceTold(let partner, let invoice, let cdrs):
      (
        "roaming.invoice_told", "partner/\(partner)",
        ["invoice": .string(invoice), "cdrs": number(Int64(cdrs))]
      )
    case .invoiceTakenBack(let partner, let invoice):
      ("roaming.invoice_taken_back", "partner/\(partner)", ["invoice": .string(invoice)])
    case .bookingTold(let id, let partner, let status):
      (
        "roaming.booking_told", "roaming-booking/\(id)",
        ["partner": number(partner.value), "status": .string(status)]
      )
    case .strangerRefused(let partner, let module, let object, let token):
      (
        "roaming.stranger_refused", "partner/\(partner)",
        ["module": .string(module), "object": .string(object), "token": .string(token)]
      )
    case .authorized(let token, let partner, let allowed, let location):
      (
        "roaming.authorized", "token/\(token)",
        ["partner": number(partner.value), "allowed": .string(allowed.rawValue), "location": .maybe(location)]
      )
    case .commandSent(let id, let partner, let verb, let by):
      (
        "roaming.command_sent", "roaming-command/\(id)",
        ["partner": number(partner.value), "verb": .string(verb.rawValue), "by": .string(by)]
      )
    case .commandEnded(let id, let partner, let phase, let answer):
      (
        "roaming.command_ended", "roaming-command/\(id)",
        ["partner": number(partner.value), "phase": .string(phase.rawValue), "answer": .string(answer)]
      )
    case .pulled(let partner, let module, let count, let gone):
      (
        "roaming.pulled", "partner/\(partner)",
        ["module": .string(module.rawValue), "count": number(Int64(count)), "gone": number(Int64(gone))]
      )
    case .pullFailed(let partner, let module, let why):
      ("roaming.pull_failed", "partner/\(partner)", ["module": .string(module.rawValue), "why": .string(why)])
    case .quirkLearned(let partner, let what):
      ("partner.quirk_learned", "partner/\(partner)", ["what": .string(what)])
    }
  }
}

private func number(_ value: Int64) -> JSON { .number(JSONNumber(value)) }
