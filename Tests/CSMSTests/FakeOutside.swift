import Domain
import Testing
import Wire

/// Stations as the house reaches them: calls are recorded, and answered as the test says, when it says.
@MainActor
final class FakeStations: StationLink {
  final class Call {
    let command: StationCommand
    let link: LinkID
    let deadline: Int
    let hidden: Set<SettingName>
    private var done: (@MainActor (CommandOutcome) -> Void)?

    fileprivate init(
      _ command: StationCommand, _ link: LinkID, _ deadline: Int, _ hidden: Set<SettingName>,
      _ done: @escaping @MainActor (CommandOutcome) -> Void
    ) {
      (self.command, self.link, self.deadline, self.hidden, self.done) = (command, link, deadline, hidden, done)
    }

    /// Also twice, or long after.
    @MainActor
    func answer(_ outcome: CommandOutcome) { done?(outcome) }

    fileprivate func forget() { done = nil }
  }

  private(set) var calls: [Call] = []
  private(set) var closed: [(link: LinkID, code: UInt16, reason: String)] = []
  /// How a call is answered at once; nil waits for the test.
  var answer: (StationCommand, LinkID) -> CommandOutcome? = { _, _ in nil }

  var commands: [StationCommand] { calls.map(\.command) }
  /// EVSE and tag of each remote start.
  var starts: [String] {
    commands.compactMap { if case .remoteStart(let start) = $0 { "\(start.evse ?? 0) \(start.tag)" } else { nil } }
  }
  var last: Call { get throws { try #require(calls.last) } }

  nonisolated func call(
    _ command: StationCommand, on link: LinkID, deadline seconds: Int, hiding names: Set<SettingName>,
    done: @escaping @MainActor @Sendable (CommandOutcome) -> Void
  ) {
    MainActor.assumeIsolated {
      let call = Call(command, link, seconds, names, done)
      calls.append(call)
      if let outcome = answer(command, link) { call.answer(outcome) }
    }
  }

  nonisolated func close(_ link: LinkID, code: UInt16, reason: String) {
    MainActor.assumeIsolated { closed.append((link, code, reason)) }
  }

  private(set) var registered: [(link: LinkID, as: Station.Registration)] = []
  var accepted: [LinkID] { registered.filter { $0.as == .accepted }.map(\.link) }

  nonisolated func registered(_ link: LinkID, as registration: Station.Registration) {
    MainActor.assumeIsolated { registered.append((link, registration)) }
  }

  private(set) var forwards: [(link: LinkID, to: Forwarding?)] = []

  nonisolated func forward(_ link: LinkID, to follower: Forwarding?) {
    MainActor.assumeIsolated { forwards.append((link, follower)) }
  }

  nonisolated func can(_ ability: StationAbility, version: String) -> Bool {
    ability == .keepsLimits ? version != "2.0.1" : version.hasSuffix("2.1")
  }
  nonisolated func calls(version: String) -> [String] { ["Reset"] }
  nonisolated func settingKeys(version: String) -> [String] { ["HeartbeatInterval", "Lamp", "Colour", "Sound"] }

  /// What is wrong with each call that is written by hand.
  var flaw: CallFlaw?

  nonisolated func flaw(in payload: JSON, of action: String, version: String) -> CallFlaw? {
    MainActor.assumeIsolated { flaw }
  }

  /// How a command becomes several calls.
  var split: (StationCommand) -> [StationCommand] = { [$0] }

  nonisolated func pieces(
    of command: StationCommand, version: String, limit: (SettingName) -> Int?
  ) -> [StationCommand] {
    MainActor.assumeIsolated { split(command) }
  }

  /// The house died: nobody hears the answers any more.
  func forgetCallers() { calls.forEach { $0.forget() } }

  func clear() {
    calls = []
    closed = []
  }
}

/// Partners as the house reaches them: each has a mood, and remembers what it was sent.
@MainActor
final class FakePartners: PartnerLink {
  enum Mood {
    case accepts
    case refuses(String)
    case fails(after: Int?)
    /// Is there, and fails over this object.
    case stumbles
    /// Takes it, and the answer is lost.
    case acceptsSilently
    /// Does not answer until the test says so.
    case hangs
  }

  final class Sent {
    let at: Timestamp
    let partner: ID<Partner>
    let request: PushRequest
    let token: String?
    private var done: (@MainActor (PushOutcome) -> Void)?

    fileprivate init(
      at: Timestamp, partner: ID<Partner>, request: PushRequest, token: String?,
      done: @escaping @MainActor (PushOutcome) -> Void
    ) {
      (self.at, self.partner, self.request, self.token, self.done) = (at, partner, request, token, done)
    }

    @MainActor
    func answer(_ outcome: PushOutcome) {
      let waiting = done
      done = nil
      waiting?(outcome)
    }

    fileprivate func forget() { done = nil }

    var isOpen: Bool { done != nil }
    var body: JSON { (try? JSON.parse(request.body)) ?? .null }
  }

  final class Question {
    let uid: String
    let partner: ID<Partner>
    let deadline: Int
    private var done: (@MainActor (PartnerAuthorization?) -> Void)?

    fileprivate init(
      _ uid: String, _ partner: ID<Partner>, _ deadline: Int,
      _ done: @escaping @MainActor (PartnerAuthorization?) -> Void
    ) {
      (self.uid, self.partner, self.deadline, self.done) = (uid, partner, deadline, done)
    }

    @MainActor
    func answer(_ answer: PartnerAuthorization?) {
      let waiting = done
      done = nil
      waiting?(answer)
    }

    @MainActor
    func answer(
      _ allowed: PartnerAuthorization.Allowed, token: Token? = nil, key: TokenKey? = nil, reference: String? = nil
    ) {
      answer(PartnerAuthorization(allowed: allowed, token: token, key: key, authorizationReference: reference))
    }

    fileprivate func forget() { done = nil }
  }

  var clock = FakeClock()
  var mood: (PartnerTerms, PushRequest) -> Mood = { _, _ in .accepts }
  private(set) var sent: [Sent] = []
  private(set) var questions: [Question] = []
  /// What a registration ends with.
  var registration: Result<PartnerRegistration, RegistrationFault> = .failure(
    RegistrationFault(step: "versions", reason: "unset"))
  private(set) var registrations: [(token: String, offered: String, terms: PartnerTerms)] = []
  var unregistration: Result<Void, RegistrationFault> = .success(())
  /// Requests are numbered as they are built, so that a CDR that is built twice is found by its bytes.
  private var built = 0
  var unfit: (PushObject) -> PushFault? = { _ in nil }
  /// What the partners' version has no words for, in every location.
  var unsaid: [String] = []

  func sent(_ module: String) -> [Sent] { sent.filter { $0.request.module == module } }
  var modules: [String] { sent.map(\.request.module) }
  func clear() { sent = [] }

  func forgetCallers() {
    sent.forEach { $0.forget() }
    questions.forEach { $0.forget() }
  }

  nonisolated func request(for object: PushObject, terms: PartnerTerms) throws(PushFault) -> PushRequest {
    let result: Result<PushRequest, PushFault> = MainActor.assumeIsolated {
      if let fault = unfit(object) { return .failure(fault) }
      built += 1
      var request = Self.request(object, terms, number: built)
      if case .location = object { request.unsaid = unsaid }
      return .success(request)
    }
    return try result.get()
  }

  private static func request(_ object: PushObject, _ terms: PartnerTerms, number: Int) -> PushRequest {
    func make(_ method: String, _ module: String, _ id: String, _ body: JSON) -> PushRequest {
      let root = terms.partner.endpoints.first { $0.module == module }?.url ?? "https://nowhere/\(module)"
      return PushRequest(method: method, url: "\(root)/\(id)", body: body.bytes, module: module)
    }
    switch object {
    case .location(let view):
      let shown = PublishedLocation(view)
      return make(
        "PUT", "locations", view.location.ref,
        [
          "name": .string(view.location.name), "publish": .bool(shown.isPublished),
          "statuses": .array(shown.evses.map { .string($0.status.rawValue) }),
        ])
    case .evse(let evse, of: _):
      return make("PATCH", "evses", evse.uid, ["status": .string(evse.status.rawValue)])
    case .tariff(let view): return make("PUT", "tariffs", view.version.tariff.ref, [:])
    case .tariffRemoved(let ref, _): return make("DELETE", "tariffs", ref, [:])
    case .session(let view):
      return make(
        "PUT", "sessions", view.session.id,
        [
          "state": .string(view.session.state.rawValue), "kwh": .string(view.session.energy.description),
          "updated": .string(view.session.updatedAt.text),
        ])
    case .cdr(let cdr):
      return make(
        "POST", "cdrs", cdr.id,
        [
          "id": .string(cdr.id), "session": .string(cdr.session), "kwh": .string(cdr.totals.energy.description),
          "built": .number(JSONNumber(number)),
        ])
    case .token(let offered):
      return make(
        "PUT", "tokens", offered.token.uid,
        ["valid": .bool(offered.token.isValid), "party": .string(offered.party.description)])
    case .invoice(let record):
      return make(
        "POST", "invoicereconciliation", "",
        [
          "id": .string(record.id), "invoice_id": .string(record.invoice),
          "cdrs": .array(record.cdrs.map { .string($0) }),
        ])
    case .booking(let booking):
      return make("PUT", "booking", booking.id, ["status": .string(booking.status.rawValue), "booking": booking.json])
    case .bookingLocation(let place): return make("PUT", "booking", place.id, place.json)
    case .bookingLocationRemoved(let ref, _, _): return make("PATCH", "booking", ref, ["status": "REMOVED"])
    case .profileResult(let url, let result):
      return PushRequest(
        method: "POST", url: url, body: (["result": .string(result.result.rawValue)] as JSON).bytes,
        module: "chargingprofiles")
    case .activeProfile(let session, let schedule):
      return make(
        "PUT", "chargingprofiles", session,
        ["limits": .array(schedule.periods.map { .number(JSONNumber($0.limit)) })])
    case .commandResult(let url, let result, let message):
      return PushRequest(
        method: "POST", url: url,
        body: (["result": .string(result.rawValue), "message": message.map { .string($0) } ?? .null] as JSON).bytes,
        module: "commands")
    }
  }

  nonisolated func send(
    _ request: PushRequest, terms: PartnerTerms, done: @escaping @MainActor @Sendable (PushOutcome) -> Void
  ) {
    MainActor.assumeIsolated {
      let one = Sent(
        at: clock.now, partner: terms.partner.id, request: request, token: terms.partner.outboundToken, done: done)
      sent.append(one)
      switch mood(terms, request) {
      case .accepts: one.answer(.accepted(milliseconds: 5))
      case .refuses(let why): one.answer(.refused(why))
      case .fails(let after): one.answer(.retry(after: after, why: "down"))
      case .stumbles: one.answer(.failed("HTTP 200, 3000"))
      case .acceptsSilently: one.answer(.retry(after: nil, why: "no answer"))
      case .hangs: break
      }
    }
  }

  nonisolated func authorize(
    uid: String, kind: Token.Kind, location: String?, evse: String?, terms: PartnerTerms, deadline seconds: Int,
    done: @escaping @MainActor @Sendable (PartnerAuthorization?) -> Void
  ) {
    MainActor.assumeIsolated { questions.append(Question(uid, terms.partner.id, seconds, done)) }
  }

  nonisolated func register(
    versionsURL: String, with tokenA: String, offering token: String, terms: PartnerTerms,
    step: @escaping @Sendable (HandshakeStep) -> Void
  ) async throws(RegistrationFault) -> PartnerRegistration {
    let result = await hear(tokenA, token, terms)
    return try result.get()
  }

  private func hear(_ tokenA: String, _ token: String, _ terms: PartnerTerms) -> Result<
    PartnerRegistration, RegistrationFault
  > {
    registrations.append((tokenA, token, terms))
    return registration
  }

  nonisolated func unregister(terms: PartnerTerms) async throws(RegistrationFault) { try await unregistration.get() }
}

/// Other networks' stations as the house reaches them: commands wait for the test's answer, lists are what it says.
@MainActor
final class FakeNetworks: ProviderLink {
  final class Asked {
    let command: RoamingCommand
    let id: String
    private var done: (@MainActor (Result<RoamingCommand.Answer, RoamingFault>) -> Void)?

    fileprivate init(
      _ command: RoamingCommand, _ id: String,
      _ done: @escaping @MainActor (Result<RoamingCommand.Answer, RoamingFault>) -> Void
    ) {
      (self.command, self.id, self.done) = (command, id, done)
    }

    @MainActor
    func answer(_ answer: Result<RoamingCommand.Answer, RoamingFault>) {
      let waiting = done
      done = nil
      waiting?(answer)
    }
  }

  struct Pulled: Equatable {
    let module: PullModule
    let since: Timestamp?
  }

  private(set) var asked: [Asked] = []
  private(set) var pulls: [Pulled] = []
  /// What a list has, page by page, and how the pull of it ends.
  var pages: (PullModule) -> [PulledPage] = { _ in [] }
  var outcome: (PullModule) -> PullOutcome = { _ in
    var outcome = PullOutcome()
    outcome.isComplete = true
    return outcome
  }

  func clear() { pulls = [] }

  nonisolated func prefer(
    _ preferences: ChargingPreferences, in session: String, terms: PartnerTerms
  ) async throws(RoamingFault) -> PreferencesAnswer {
    guard preferences.kind != .green else { throw .refused("2001: no") }
    return .departureRequired
  }

  nonisolated func send(
    _ command: RoamingCommand, id: String, terms: PartnerTerms,
    done: @escaping @MainActor @Sendable (Result<RoamingCommand.Answer, RoamingFault>) -> Void
  ) {
    MainActor.assumeIsolated { asked.append(Asked(command, id, done)) }
  }

  nonisolated func probe(
    versionsURL: String, with token: String, terms: PartnerTerms, step: @escaping @Sendable (HandshakeStep) -> Void
  ) async throws(RegistrationFault) {
    step(HandshakeStep("versions", ok: false, "HTTP 401", advice: "the token"))
    throw RegistrationFault(step: "versions", reason: "HTTP 401")
  }

  nonisolated func pull(
    _ module: PullModule, since: Timestamp?, terms: PartnerTerms,
    take: @escaping @MainActor @Sendable (PulledPage) async -> Bool
  ) async -> PullOutcome {
    let (pages, outcome) = await begin(module, since)
    var ended = outcome
    for page in pages {
      guard await take(page) else {
        ended.fault = "not kept"
        ended.isComplete = false
        return ended
      }
      ended.count += page.count
    }
    return ended
  }

  private func begin(_ module: PullModule, _ since: Timestamp?) -> ([PulledPage], PullOutcome) {
    pulls.append(Pulled(module: module, since: since))
    return (pages(module), outcome(module))
  }
}
