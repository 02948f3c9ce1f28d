import Domain
import Store
import Wire

// What we ask of other networks' stations for our drivers (OCPI 2.2.1 §13, and §14 for charging profiles). Like a command
// to a station of ours it is on disk before it leaves, and its outcome is written down when it comes, or does not.

/// A wish of the operator, by what is in the books: the partner is whoever told us of it.
public enum RoamingWish: Sendable {
  case start(ID<Token>, at: ID<RoamingLocation>, evse: String?, connector: String?)
  case stop(ID<RoamingSession>)
  case reserve(ID<Token>, at: ID<RoamingLocation>, evse: String?, until: Timestamp)
  /// The command by which it was reserved.
  case cancel(String)
  case unlock(ID<RoamingLocation>, evse: String, connector: String)
  case setProfile(ID<RoamingSession>, ChargingProfile.Schedule)
  case clearProfile(ID<RoamingSession>)
  case activeProfile(ID<RoamingSession>, seconds: Int)
  case book(ID<Token>, at: ID<RoamingBookingLocation>, BookingPeriod, evse: String?)
  case changeBooking(ID<RoamingBooking>, BookingPeriod)
  case cancelBooking(ID<RoamingBooking>, because: Cancellation.Reason)
}

extension CSMS {
  public func command(_ wish: RoamingWish, by who: String) async throws(Refusal) -> RoamingCommandRecord {
    try await turn { () throws(Refusal) in
      let partner = try self.partner(of: wish)
      guard partner.state == .registered else { throw .conflict("the partner is \(partner.state.rawValue)") }
      let terms = try keep { () throws(StoreFault) in try self.terms(of: partner) }
      guard let provider = terms.provider else { throw .conflict("the partner does not know us as a provider") }
      guard let link = self.providerLink else { throw .unavailable("partners cannot be reached") }
      let id = self.newID()
      let (record, command) = try self.keepCommand(wish, id, terms: terms, provider: provider, by: who)
      self.afterCommit {
        link.send(command, id: id, terms: terms) { self.answered(id, of: partner.id, $0) }
      }
      return record
    }
  }

  private func keepCommand(
    _ wish: RoamingWish, _ id: String, terms: PartnerTerms, provider: Party, by who: String
  ) throws(Refusal) -> (RoamingCommandRecord, RoamingCommand) {
    var record = RoamingCommandRecord(
      id: id, partner: terms.partner.id, verb: wish.verb, detail: [:], session: wish.session, origin: who,
      dueAt: now + .seconds(Limits.roamingCommandSeconds), at: now)
    let fresh = record
    record.number = try keep { () throws(StoreFault) in try self.books.roamingCommands.insert(fresh) }
    let booking = try bookingCommand(wish, id: id, partner: terms.partner.id, provider: provider)
    let command =
      if let booking { booking } else {
        try self.command(wish, number: record.number, partner: terms.partner.id, provider: provider)
      }
    record.detail = command.detail
    let whole = record
    try keep { () throws(StoreFault) in
      try self.books.roamingCommands.setDetail(whole.detail, of: id)
      try self.record(.roaming(.commandSent(id: id, to: whole.partner, whole.verb, by: who)))
    }
    return (record, command)
  }

  private func command(
    _ wish: RoamingWish, number: Int64, partner: ID<Partner>, provider: Party
  ) throws(Refusal) -> RoamingCommand {
    switch wish {
    case .start(let token, let place, let evse, let connector):
      let location = try location(place, evse: evse)
      let (offered, reference) = try offer(token, at: location.key.ref, partner: partner, provider: provider)
      return .start(offered, location: location.key.ref, evse: evse, connector: connector, reference: reference)
    case .reserve(let token, let place, let evse, let until):
      let location = try location(place, evse: evse)
      guard until > now else { throw .invalid(field: "expires_at", "a time in the future is expected") }
      let (offered, reference) = try offer(token, at: location.key.ref, partner: partner, provider: provider)
      return .reserve(
        offered, location: location.key.ref, evse: evse, reservation: "\(number)", until: until, reference: reference)
    case .stop(let id): return .stop(session: try session(id).key.ref)
    case .cancel(let id):
      let reserved = try keep { () throws(StoreFault) in try self.books.roamingCommands.command(id) }
      guard let reserved, reserved.verb == .reserve else { throw .notFound("no such reservation") }
      return .cancel(reservation: "\(reserved.number)")
    case .unlock(let place, let evse, let connector):
      let location = try location(place, evse: evse)
      return .unlock(location: location.key.ref, evse: evse, connector: connector)
    case .setProfile(let id, let schedule):
      let running = try running(id)
      try check(schedule)
      return .setProfile(session: running.key.ref, schedule)
    case .clearProfile(let id): return .clearProfile(session: try running(id).key.ref)
    case .activeProfile(let id, let seconds):
      guard (1...Limits.compositeSeconds).contains(seconds) else {
        throw .invalid(field: "duration_s", "1 to \(Limits.compositeSeconds) seconds")
      }
      return .activeProfile(session: try running(id).key.ref, seconds: seconds)
    case .book, .changeBooking, .cancelBooking: preconditionFailure("bookings are made in CSMS/RoamingBookings.swift")
    }
  }

  private func session(_ id: ID<RoamingSession>) throws(Refusal) -> KeptRoamingSession {
    let session = try keep { () throws(StoreFault) in try self.books.roamingUses.session(id) }
    guard let session else { throw .notFound("no such session") }
    return session
  }

  private func running(_ id: ID<RoamingSession>) throws(Refusal) -> KeptRoamingSession {
    let session = try session(id)
    guard !session.isOver else { throw .conflict("the session is over") }
    return session
  }

  /// A plan that OCPI has words for: limits, and nothing of phases or of energy that flows back (§14.4.2).
  private func check(_ schedule: ChargingProfile.Schedule) throws(Refusal) {
    var profile = ChargingProfile()
    (profile.purpose, profile.schedule) = (.session, schedule)
    profile.kind = schedule.startsAt == nil ? .relative : .absolute
    if let flaw = profile.flaw { throw .invalid(field: "schedule", flaw) }
    guard schedule.periods.allSatisfy({ $0.phases == nil && $0.bidirectional == nil }) else {
      throw .invalid(field: "schedule", "OCPI knows limits alone: no phases, and nothing that flows back")
    }
  }

  private func location(_ id: ID<RoamingLocation>, evse: String?) throws(Refusal) -> KeptRoamingLocation {
    guard let location = try keep({ () throws(StoreFault) in try self.books.roamingPlaces.location(id) }) else {
      throw .notFound("no such location")
    }
    guard evse.map({ location.hasEVSE($0) }) ?? true else {
      throw .invalid(field: "evse", "the location has no such EVSE")
    }
    return location
  }

  /// The token goes with the command, and with it a reference by which its session and CDR are known again.
  func offer(
    _ id: ID<Token>, at location: String, partner: ID<Partner>, provider: Party
  ) throws(Refusal) -> (OfferedToken, String) {
    let held = try keep { () throws(StoreFault) in try self.books.tokens.token(id) }
    guard let token = held, token.owner == nil, token.kind.isOffered else { throw .notFound("no such token of ours") }
    guard token.isUsable(at: now) else { throw .conflict("the token is blocked or expired") }
    let reference = newID()
    try keep { () throws(StoreFault) in
      try self.books.roamingUses.remember(reference, of: token, for: partner, location: location, at: self.now)
    }
    return (OfferedToken(token: token, party: provider.name), reference)
  }

  private func partner(of wish: RoamingWish) throws(Refusal) -> Partner {
    let id = try keep { () throws(StoreFault) -> ID<Partner>? in
      switch wish {
      case .start(_, let place, _, _), .reserve(_, let place, _, _), .unlock(let place, _, _):
        return try self.books.roamingPlaces.location(place)?.key.partner
      case .stop(let session), .setProfile(let session, _), .clearProfile(let session), .activeProfile(let session, _):
        return try self.books.roamingUses.session(session)?.key.partner
      case .cancel(let command): return try self.books.roamingCommands.command(command)?.partner
      case .book(_, let place, _, _): return try self.books.roamingBookings.place(place)?.key.partner
      case .changeBooking(let booking, _), .cancelBooking(let booking, _):
        return try self.books.roamingBookings.booking(booking)?.key.partner
      }
    }
    guard let id else { throw .notFound("nobody told us of that") }
    return try partner(id)
  }

  // MARK: How it went

  /// What the operator of the station said at once.
  private func answered(_ id: String, of partner: ID<Partner>, _ answer: Result<RoamingCommand.Answer, RoamingFault>) {
    insist { () throws(StoreFault) in
      switch answer {
      case .success(let answer) where answer.booking != nil:
        guard let booking = answer.booking, let command = try self.books.roamingCommands.command(id) else { return }
        do throws(PartnerFault) { try self.receive(booking, of: partner) } catch {
          if case .unavailable(let why) = error { throw .missing(why) }
          try self.move(id, of: partner, .failed, ["why": .string("\(error)")])
          return
        }
        try self.decide(command, by: booking)
      case .success(let answer) where answer.isYes:
        let wait = min(max(answer.timeout ?? Limits.roamingCommandSeconds, 0), Limits.longestRoamingCommandSeconds)
        try self.move(
          id, of: partner, .accepted, ["answer": .string(answer.word), "message": .text(answer.message)],
          dueAt: self.now + .seconds(wait + Limits.roamingGraceSeconds))
      case .success(let answer):
        try self.move(
          id, of: partner, .refused, ["answer": .string(answer.word), "message": .text(answer.message)])
      case .failure(.refused(let why)): try self.move(id, of: partner, .refused, ["why": .string(why)])
      case .failure(.impossible(let why)): try self.move(id, of: partner, .failed, ["why": .string(why)])
      case .failure(.silent(let why)):
        // It may have been heard: its result may still come.
        try self.move(
          id, of: partner, .sent, ["why": .string(why)], dueAt: self.now + .seconds(Limits.roamingCommandSeconds))
      }
    }
  }

  public func resulted(
    _ command: String, _ result: RoamingCommand.Result, from caller: PartnerCaller
  ) async throws(PartnerFault) {
    let partner = caller.terms.partner.id
    try await partnerTurn { () throws(PartnerFault) in
      let held = try stored { () throws(StoreFault) in try self.books.roamingCommands.command(command) }
      guard let held, held.partner == partner else { throw .unknownObject }
      try stored { () throws(StoreFault) in
        let isNews = try self.move(
          command, of: partner, result.isYes ? .done : .refused,
          ["result": .string(result.word), "message": .text(result.message)])
        guard isNews, result.isYes, let schedule = result.schedule, let session = held.session else { return }
        try self.keepPlan(schedule, of: session)
      }
    }
  }

  /// Results that nobody told in time: also those that a restart made nobody wait for.
  func endOverdueCommands() throws(StoreFault) {
    for command in try books.roamingCommands.overdue(at: now, limit: Limits.dutiesAtOnce) {
      let why = command.phase == .sent ? "no answer; whether it was heard is not known" : "no result came"
      try move(command.id, of: command.partner, .failed, ["why": .string(why)])
    }
  }

  /// False where it had ended already.
  @discardableResult
  func move(
    _ id: String, of partner: ID<Partner>, _ phase: CommandRecord.Phase, _ answer: JSON, dueAt: Timestamp? = nil
  ) throws(StoreFault) -> Bool {
    guard try books.roamingCommands.move(id, phase, answer: answer, dueAt: dueAt ?? now, at: now) else { return false }
    guard phase != .sent else { return true }
    let word = (answer["result"] ?? answer["answer"] ?? answer["why"])?.string ?? ""
    try record(.roaming(.commandEnded(id: id, of: partner, phase: phase, answer: word)))
    if phase != .accepted { afterCommit { self.roamingWatches.removeValue(forKey: id)?.forEach { $0.resume() } } }
    return true
  }

  /// Waits for a command's end, at most so many seconds.
  public func roamingOutcome(of id: String, within seconds: Int) async {
    guard (try? books.roamingCommands.command(id)?.phase.isOpen) == true else { return }
    let watch = RoamingWatch()
    roamingWatches[id, default: []].append(watch)
    Task {
      try? await Task.sleep(for: .seconds(seconds))
      watch.resume()
    }
    await watch.wait()
    roamingWatches[id]?.removeAll { $0 === watch }
    if roamingWatches[id]?.isEmpty == true { roamingWatches[id] = nil }
  }
}

/// Somebody who waits for the end of a command, or for the end of patience.
final class RoamingWatch {
  private var waiting: CheckedContinuation<Void, Never>?
  private var isOver = false

  func wait() async {
    guard !isOver else { return }
    await withCheckedContinuation { waiting = $0 }
  }

  func resume() {
    isOver = true
    waiting?.resume()
    waiting = nil
  }
}

extension RoamingWish {
  fileprivate var verb: RoamingCommand.Verb {
    switch self {
    case .start: .start
    case .stop: .stop
    case .reserve: .reserve
    case .cancel: .cancel
    case .unlock: .unlock
    case .setProfile: .setProfile
    case .clearProfile: .clearProfile
    case .activeProfile: .activeProfile
    case .book: .book
    case .changeBooking: .changeBooking
    case .cancelBooking: .cancelBooking
    }
  }

  /// The session that it is about.
  fileprivate var session: ID<RoamingSession>? {
    switch self {
    case .stop(let session), .setProfile(let session, _), .clearProfile(let session), .activeProfile(let session, _):
      session
    case .start, .reserve, .cancel, .unlock, .book, .changeBooking, .cancelBooking: nil
    }
  }
}

extension CommandRecord.Phase {
  nonisolated public var isOpen: Bool { self == .sent || self == .accepted }
}

extension JSON {
  nonisolated fileprivate static func text(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }
}
