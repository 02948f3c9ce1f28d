import CSMS
import Domain
import HTTP
import Store
import Wire

// What is asked of stations. A command is on disk before it leaves; its answer here is where it stands.
extension Route {
  static let commands: [Route] = [
    Route("command", .post, "/stations/{id}/commands/{verb}", .help, isCommand: true) { try await $0.command($1) },
    Route("listCommands", .get, "/stations/{id}/commands", .look) { try await $0.listCommands($1) },
    Route("getCommand", .get, "/commands/{id}", .look) { try await $0.showCommand($1) },
  ]
}

extension API {
  /// What support may ask of a station: what helps a driver, and what only looks. The rest changes a station for good.
  static let verbsOfSupport: Set = [
    "start", "stop", "unlock", "reset", "availability", "trigger", "get-configuration", "get-log", "clear-cache",
    "report", "composite-schedule", "get-profiles", "list-version", "list-messages", "list-certificates",
    "monitoring-report", "transaction-status", "capacity", "streams",
  ]

  fileprivate func command(_ call: Call) async throws -> Answer {
    let identity = try call.identity()
    var fields = try call.fields()
    let seconds = try call.wait()
    let verb = call.text("verb")
    guard call.caller.role >= .operator || Self.verbsOfSupport.contains(verb) else {
      throw Problem(.forbidden, "\(verb) needs the role operator; yours is \(call.caller.role.rawValue)")
    }
    let record: CommandRecord
    switch verb {
    case "start":
      let (uid, id) = try (fields.maybeText("token"), fields.maybeID("token_id", of: Token.self))
      let (evse, payment) = try (fields.maybeWhole("evse"), fields.maybeText("payment"))
      let limit = try fields.maybeLimit("limit")
      if let payment {
        guard uid == nil, id == nil else { throw Problem.invalid("payment", "give a token or a payment") }
        try fields.finish()
        record = try await house.startSession(at: identity, evse: evse, paidBy: payment, limit: limit, by: call.by)
        break
      }
      let profile: ChargingProfile? = try fields.maybePayload("profile")
      try fields.finish()
      record = try await house.startSession(
        at: identity, evse: evse, token: try await token(uid: uid, id: id), profile: profile, limit: limit, by: call.by)
    case "payment-codes":
      let (seconds, length) = try (fields.maybeWhole("seconds") ?? 30, fields.maybeWhole("length") ?? 8)
      try fields.finish()
      record = try await showPaymentCodes(at: identity, seconds: seconds, length: length, by: call.by)
    case "stop":
      let (session, transaction) = try (fields.maybeText("session"), fields.maybeTransaction("transaction"))
      try fields.finish()
      if let session {
        record = try await house.stopSession(session, by: call.by)
      } else if let transaction {
        record = try await house.command(.remoteStop(transaction), to: identity, by: call.by)
      } else {
        throw Problem.invalid("session", "give a session or a transaction")
      }
    case "station-tariff":
      let id: ID<Tariff>? = try fields.maybeID("tariff", of: Tariff.self)
      let evse = try fields.maybeWhole("evse") ?? 0
      try fields.finish()
      guard let id else { throw Problem.invalid("tariff", "the id of a tariff is expected") }
      record = try await house.setTariff(id, at: identity, evse: evse, by: call.by)
    case "session-tariff":
      let id: ID<Tariff>? = try fields.maybeID("tariff", of: Tariff.self)
      let (session, transaction) = try (fields.maybeText("session"), fields.maybeText("transaction"))
      try fields.finish()
      guard session != nil || transaction != nil else {
        throw Problem.invalid("session", "give a session, or the station's name for it")
      }
      record = try await house.tellTariff(of: session, named: transaction, id, at: identity, by: call.by)
    case "apply-settings":
      let template: ID<SettingTemplate>? = try fields.maybeID("template", of: SettingTemplate.self)
      try fields.finish()
      guard let template else { throw Problem.invalid("template", "the id of a template is expected") }
      record = try await house.applySettings(template, to: identity, by: call.by)
    default:
      if let asked = try await duty(verb, of: identity, &fields, by: call.by) {
        record = asked
        break
      }
      var known = try SecurityCommand(verb, &fields, house: house).map { StationCommand.security($0) }
      if known == nil { known = try StationCommand(deviceVerb: verb, &fields) }
      if known == nil { known = try StationCommand(verb, &fields) }
      guard let command = known else { throw Problem(.notFound, "no such verb: \(verb)") }
      try fields.finish()
      if case .display(.show(let message)) = command {
        record = try await house.show(message, at: identity, by: call.by)
        break
      }
      record = try await house.command(command, to: identity, by: call.by)
    }
    return try await told(record, of: identity, within: seconds)
  }

  /// The token that a remote start is for: one that we hold, by its id or by its uid.
  func token(uid: String?, id: ID<Token>?) async throws -> ID<Token> {
    if let id {
      // Cards of the whole house would be read by counting.
      guard SiteScope.current == nil else { throw Problem.invalid("token_id", "name the token by its uid") }
      return id
    }
    guard let uid else { throw Problem.invalid("token", "give a token's uid or its token_id") }
    let folded = Token.fold(uid)
    let found = try await house.read { books throws(StoreFault) in try books.tokens.tokens(folded: folded) }
    guard let token = found.first else { throw Problem.invalid("token", "nobody knows a token \(uid)") }
    return token.id
  }

  /// 202 while it is on its way; where the caller waits, 200 with the outcome.
  func told(_ record: CommandRecord, of identity: StationIdentity, within seconds: Int) async throws -> Answer {
    var record = record
    if seconds > 0, let outcome = try await house.outcome(of: record.id, within: seconds) { record = outcome }
    let id = record.id
    let session = try await house.read { books throws(StoreFault) in try books.commands.command(id)?.session }
    return .json(record.json(of: identity, session: session), status: record.phase == .sent ? .accepted : .ok)
  }

  fileprivate func listCommands(_ call: Call) async throws -> Answer {
    let (identity, limit, cursor) = try (call.identity(), call.limit(), call.cursor())
    let found = try await house.read { books throws(StoreFault) in
      try books.stations.station(identity).map { station throws(StoreFault) in
        try books.commands.list(of: station.id, before: cursor, limit: limit)
      }
    }
    guard let found else { throw Problem(.notFound, "no station \(identity)") }
    return .page(
      found.map { $0.record.json(of: identity, session: $0.session) },
      next: found.count < limit ? nil : found.last?.record.id)
  }

  fileprivate func showCommand(_ call: Call) async throws -> Answer {
    let (id, seconds) = try (call.text("id"), call.wait())
    if seconds > 0 { _ = try await house.outcome(of: id, within: seconds) }
    let found = try await house.read { books throws(StoreFault) in
      try books.commands.command(id).map { command throws(StoreFault) in
        (command, try books.stations.station(command.record.station)?.identity)
      }
    }
    guard let (command, identity) = found else { throw Problem(.notFound, "no such command") }
    return .json(command.record.json(of: identity, session: command.session))
  }
}

extension StationCommand {
  /// A verb with its fields; nil for a verb that nobody knows.
  fileprivate init?(_ verb: String, _ fields: inout Fields) throws(Problem) {
    switch verb {
    case "reset":
      let (kind, hard) = try (fields.maybeWord("kind") as Reset?, fields.maybeFlag("hard"))
      self = .reset(kind ?? (hard == true ? .hard : .soft), evse: try fields.maybeWhole("evse"))
    case "unlock": self = .unlock(evse: try fields.whole("evse"), connector: try fields.maybeWhole("connector"))
    case "availability":
      self = .setAvailability(
        evse: try fields.maybeWhole("evse") ?? 0, connector: try fields.maybeWhole("connector"),
        operative: try fields.flag("operative"))
    case "set-configuration": self = .setConfiguration(key: try fields.text("key"), value: try fields.text("value"))
    case "get-configuration": self = .getConfiguration(keys: try fields.maybeTexts("keys") ?? [])
    case "clear-cache": self = .clearCache
    case "trigger":
      self = .trigger(
        try fields.word("what"), evse: try fields.maybeWhole("evse"), connector: try fields.maybeWhole("connector"))
    case "transaction-status": self = .transactionStatus(try fields.maybeText("transaction"))
    case "data-transfer":
      self = .transferData(
        vendor: try fields.text("vendor"), message: try fields.maybeText("message"), data: try fields.maybeText("data"))
    default: return nil
    }
  }
}

nonisolated extension CommandRecord {
  /// The identity is nil where the station was removed since.
  func json(of station: StationIdentity?, session: String?) -> JSON {
    [
      "id": .string(id), "station": .text(station?.text), "verb": .string(verb), "detail": detail,
      "origin": .string(origin),
      "phase": .word(phase), "answer": answer, "session": .text(session), "created_at": .time(createdAt),
      "updated_at": .time(updatedAt),
    ]
  }
}
