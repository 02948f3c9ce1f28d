import Domain
import HTTP
import OCPI
import Wire

// What a partner with stations does by itself: it asks whether a driver may charge, tells the house of sessions, their
// plans and CDRs, and sends the results of what it was asked for.

extension VirtualPartner {
  /// Asks the house in real time whether its driver may charge here.
  public func authorize(
    _ uid: String, evse: String? = nil, done: @escaping (Result<JSON, PartnerFailure>) -> Void
  ) {
    let step = OCPIModule.Name.tokens.rawValue
    guard let house, let url = house.endpoint(.tokens, .sender).flatMap({ try? HTTPURL($0) }) else {
      return done(.failure(PartnerFailure(step: step, reason: "the house has no drivers")))
    }
    var place: JSON = ["location_id": .string(OperatorDesk.location)]
    if let evse { place["evse_uids"] = [.string(evse)] }
    ask(
      .post, url.appending(uid, "authorize").asking([("type", "RFID")]).description, token: house.token,
      body: place.bytes, isRouted: true, step: step
    ) { result in
      done(result.map { $0.object ?? .null })
    }
  }

  /// One of the house's drivers begins to charge; nil where this partner has no stations.
  /// - Returns: the session's id.
  @discardableResult
  public func beginSession(uid: String, evse: String = "SIM-E1", reference: String? = nil) -> String? {
    guard let house else { return nil }
    let held = stations?.tokens[Token.fold(uid)]
    let owner = house.party
    let token =
      held ?? [
        "country_code": .string(owner?.country ?? ""), "party_id": .string(owner?.party ?? ""), "uid": .string(uid),
        "type": "RFID", "contract_id": .string(uid), "auth_id": .string(uid),
      ]
    guard let session = stations?.begin(token: token, evse: evse, reference: reference, at: clock.now()) else {
      return nil
    }
    tell(session)
    fulfilBooking(by: session)
    return session.id
  }

  /// A booking that the house has made here is taken back.
  public func takeBack(_ booking: String, because reason: Cancellation.Reason) {
    guard let told = stations?.bookings?.takeBack(booking, because: reason, at: clock.now()) else { return }
    run([.tellBooking(told), .tellBookingLocation])
  }

  private func fulfilBooking(by session: OperatorDesk.HeldSession) {
    if let told = stations?.bookings?.fulfil(by: session) { run([.tellBooking(told)]) }
  }

  /// It has taken so much by now.
  public func charge(_ kWh: Decimal, in session: String) {
    if let session = stations?.charged(kWh, in: session, at: clock.now()) { tell(session) }
  }

  /// It ends: the house gets the session, and then the CDR until it is taken.
  public func endSession(_ id: String) {
    guard let (session, cdr) = stations?.end(id, at: clock.now()) else { return }
    tell(session)
    send(cdr: cdr, attempts: Limits.cdrAttempts)
  }

  private func tell(_ session: OperatorDesk.HeldSession) {
    guard let house, let desk = stations, let url = house.endpoint(.sessions, .receiver).flatMap({ try? HTTPURL($0) })
    else { return }
    let place = url.appending(profile.party.country, profile.party.party, session.id)
    send(.put, place.description, desk.json(session).bytes, module: .sessions) { _ in }
  }

  /// The same bytes until the house has them.
  private func send(cdr: JSON, attempts: Int) {
    guard let house, let url = house.endpoint(.cdrs, .receiver) else { return }
    send(.post, url, cdr.bytes, module: .cdrs) { [weak self] result in
      guard let self else { return }
      switch result {
      case .success: onEvent?(.cdrTaken(cdr["id"]?.string ?? ""))
      case .failure where attempts > 1:
        loop.schedule(after: Limits.cdrPause) { [weak self] in self?.send(cdr: cdr, attempts: attempts - 1) }
      case .failure(let failure): onEvent?(.failed("\(failure)"))
      }
    }
  }

  /// Does what follows an answer.
  func run(_ errands: [OperatorDesk.Errand]) {
    for errand in errands {
      switch errand {
      case .result(let url, let word):
        let body: JSON = ["result": .string(word)]
        send(.post, url, body.bytes, module: .commands) { _ in }
      case .outcome(let url, let body): send(.post, url, body.bytes, module: .chargingProfiles) { _ in }
      case .plan(let id):
        guard let desk = stations, let session = desk.sessions[id],
          let url = house?.endpoint(.chargingProfiles, .sender).flatMap({ try? HTTPURL($0) })
        else { continue }
        let body = desk.activeProfile(of: session).bytes
        send(.put, url.appending(id).description, body, module: .chargingProfiles) { _ in }
      case .begin(let token, let evse, let reference):
        if let session = stations?.begin(token: token, evse: evse, reference: reference, at: clock.now()) {
          onEvent?(.began(session.id))
          tell(session)
          fulfilBooking(by: session)
        }
      case .tellBookingLocation:
        if let offer = stations?.bookings?.offer(at: clock.now()) {
          put(offer, at: [Endpoints.bookingLocationWords[0], OperatorBookings.place])
        }
      case .tellBooking(let booking):
        let id = booking["id"]?.string ?? ""
        put(booking, at: [id])
        onEvent?(.booking(id, booking["reservation_status"]?.string.flatMap { .init(rawValue: $0) } ?? .unknown))
      case .end(let session): endSession(session)
      }
    }
  }

  private func put(_ object: JSON, at place: [String]) {
    guard var url = house?.endpoint(.bookings, .receiver).flatMap({ try? HTTPURL($0) }) else { return }
    for part in [profile.party.country, profile.party.party] + place { url = url.appending(part) }
    send(.put, url.description, object.bytes, module: .bookings) { _ in }
  }

  /// Sends as its mood has it: once, twice, or later.
  private func send(
    _ method: HTTP.Method, _ url: String, _ body: Bytes, module: OCPIModule.Name,
    done: @escaping (Result<PartnerAnswer, PartnerFailure>) -> Void
  ) {
    guard let house else { return }
    func once(_ done: @escaping (Result<PartnerAnswer, PartnerFailure>) -> Void) {
      ask(method, url, token: house.token, body: body, isRouted: true, step: module.rawValue, done: done)
    }
    switch mood {
    case .duplicates:
      once(done)
      once { _ in }
    case .late:
      once(done)
      loop.schedule(after: moodSpan) { [weak self] in
        guard self?.house != nil else { return }
        self?.ask(method, url, token: house.token, body: body, isRouted: true, step: module.rawValue) { _ in }
      }
    case .well, .down, .slow, .busy, .failing, .halfJSON, .lyingLinks, .wrongBase64: once(done)
    }
  }
}
