import Domain
import HTTP
import OCPI
import Wire

// What a partner asks of the house: its lists, tokens for its drivers, and commands (OCPI 2.2.1 §8, §12, §13).

extension VirtualPartner {
  /// Makes a token of one of our drivers; the house may ask for it from now on, and `pushToken` sends it there.
  /// - Parameter allowed: what we say when the house asks in real time.
  @discardableResult
  public func issueToken(
    _ uid: String, kind: V221.TokenType = .rfid, contractID: String? = nil, groupID: String? = nil,
    whitelist: V221.Token.Whitelist = .allowed, isValid: Bool = true,
    allowed: V221.AuthorizationInfo.Allowed = .allowed
  ) -> V221.Token {
    var token = V221.Token()
    (token.country, token.party) = (profile.party.country, profile.party.party)
    (token.uid, token.kind, token.groupID) = (uid, kind, groupID)
    token.contractID = contractID ?? "\(profile.party.country)-\(profile.party.party)-C\(uid.suffix(8))"
    token.issuer = profile.name
    (token.isValid, token.whitelist, token.updatedAt) = (isValid, whitelist, clock.now())
    desk.issue(token, allowed)
    return token
  }

  /// Sends a token to the house (PUT).
  public func pushToken(_ token: V221.Token, done: @escaping (Result<Void, PartnerFailure>) -> Void = { _ in }) {
    let step = OCPIModule.Name.tokens.rawValue
    guard let house, let url = house.endpoint(.tokens, .receiver).flatMap({ try? HTTPURL($0) }) else {
      return done(.failure(PartnerFailure(step: step, reason: "the house takes no tokens")))
    }
    let place = url.appending(token.country, token.party, token.uid).asking([("type", token.kind.rawValue)])
    ask(
      .put, place.description, token: house.token, body: desk.written(token), isRouted: true, step: step
    ) { done($0.map { _ in () }) }
  }

  /// Reads the house's list of locations, tariffs or sessions, page by page, into the books.
  /// - Parameter done: how many objects came.
  public func fetch(_ module: OCPIModule.Name, done: @escaping (Result<Int, PartnerFailure>) -> Void) {
    guard let house, let url = house.endpoint(module, .sender).flatMap({ try? HTTPURL($0) }) else {
      return done(.failure(PartnerFailure(step: module.rawValue, reason: "the house has no such list")))
    }
    // Sessions must not be asked for as a whole (§9.2.1.1).
    let first = module == .sessions ? url.asking([("date_from", Timestamp.epoch.text(fraction: .seconds))]) : url
    fetch(module, first, page: 1, sum: 0, done)
  }

  private func fetch(
    _ module: OCPIModule.Name, _ url: HTTPURL, page: Int, sum: Int,
    _ done: @escaping (Result<Int, PartnerFailure>) -> Void
  ) {
    guard let house else { return done(.failure(PartnerFailure(step: module.rawValue, reason: "not registered"))) }
    send(.get, url.description, token: house.token, isRouted: true, step: module.rawValue) { [self] result in
      switch result {
      case .failure(let failure): done(.failure(failure))
      case .success(let (response, answer)):
        do throws(PartnerDesk.Refusal) {
          for json in answer.list { try desk.fetched(json, of: module, at: clock.now()) }
        } catch {
          let reason = error.reply.envelope.message ?? ""
          return done(
            .failure(PartnerFailure(step: module.rawValue, reason: "an object that cannot be read: \(reason)")))
        }
        let count = sum + answer.list.count
        guard page < Limits.pages,
          let next = Self.nextPage(response.headers["Link"]).flatMap({ try? url.following($0) })
        else { return done(.success(count)) }
        fetch(module, next, page: page + 1, sum: count, done)
      }
    }
  }

  /// The address of `<…>; rel="next"`.
  private static func nextPage(_ link: String?) -> String? {
    guard let link, link.contains("next"), let open = link.firstIndex(of: "<"), let close = link.firstIndex(of: ">"),
      open < close
    else { return nil }
    return String(link[link.index(after: open)..<close])
  }

  // MARK: Commands

  /// START_SESSION for one of our drivers.
  /// - Returns: the command's id: its answer and its result are in the books under it, and told as events.
  @discardableResult
  public func startSession(
    location: String, evse: String? = nil, connector: String? = nil, token: V221.Token, reference: String? = nil
  ) -> String {
    let command = begin("START_SESSION")
    var start = V221.StartSession()
    (start.responseURL, start.token, start.location) = (command.responseURL, token, location)
    (start.evse, start.connector, start.authorizationReference) = (evse, connector, reference)
    return send(command, desk.words?.lowered(start).bytes ?? start.encoded(options: PartnerDesk.style))
  }

  /// STOP_SESSION.
  @discardableResult
  public func stopSession(_ session: String) -> String {
    let command = begin("STOP_SESSION")
    var stop = V221.StopSession()
    (stop.responseURL, stop.session) = (command.responseURL, session)
    return send(command, stop.encoded(options: PartnerDesk.style))
  }

  /// UNLOCK_CONNECTOR.
  @discardableResult
  public func unlock(location: String, evse: String, connector: String) -> String {
    let command = begin("UNLOCK_CONNECTOR")
    var unlock = V221.UnlockConnector()
    (unlock.responseURL, unlock.location) = (command.responseURL, location)
    (unlock.evse, unlock.connector) = (evse, connector)
    return send(command, unlock.encoded(options: PartnerDesk.style))
  }

  private struct Beginning {
    let id: String
    let name: String
    let responseURL: String
  }

  private func begin(_ name: String) -> Beginning {
    let now = clock.now()
    let id = desk.newID(at: now)
    // A long demo forgets its first commands; their results are then answered with 404.
    if desk.books.commands.count >= Limits.heldObjects { desk.books.commands.removeFirst() }
    desk.books.commands.append(PartnerBooks.SentCommand(id: id, name: name, sentAt: now))
    let url = base?.appending(profile.version, "commands", name, id).description ?? ""
    return Beginning(id: id, name: name, responseURL: url)
  }

  private func send(_ command: Beginning, _ body: Bytes) -> String {
    let step = OCPIModule.Name.commands.rawValue
    guard let house, let url = house.endpoint(.commands, .receiver).flatMap({ try? HTTPURL($0) }) else {
      failed(command, "the house takes no commands")
      return command.id
    }
    ask(
      .post, url.appending(command.name).description, token: house.token, body: body, isRouted: true, step: step
    ) { [self] result in
      switch result {
      case .failure(let failure): failed(command, failure.reason)
      case .success(let answer):
        let json = answer.object.map { desk.words?.lifted($0, at: [step], of: house.party) ?? $0 }
        guard let json, let response = try? V221.CommandResponse.read(json).value else {
          return failed(command, "its answer cannot be read")
        }
        note(command) { $0.answer = response.result }
        onEvent?(.commandAnswered(id: command.id, name: command.name, response.result))
      }
    }
    return command.id
  }

  private func failed(_ command: Beginning, _ why: String) {
    note(command) { $0.fault = why }
    onEvent?(.commandFailed(id: command.id, name: command.name, why: why))
  }

  private func note(_ command: Beginning, _ change: (inout PartnerBooks.SentCommand) -> Void) {
    guard let place = desk.books.commands.lastIndex(where: { $0.id == command.id }) else { return }
    change(&desk.books.commands[place])
  }

  // MARK: One request

  /// Sends, and takes only a success for one.
  func ask(
    _ method: HTTP.Method, _ url: String, token: String, body: Bytes = [], isRouted: Bool = false, step: String,
    done: @escaping (Result<PartnerAnswer, PartnerFailure>) -> Void
  ) {
    send(method, url, token: token, body: body, isRouted: isRouted, step: step) { done($0.map { $0.1 }) }
  }

  private func send(
    _ method: HTTP.Method, _ text: String, token: String, body: Bytes = [], isRouted: Bool, step: String,
    done: @escaping (Result<(ClientResponse, PartnerAnswer), PartnerFailure>) -> Void
  ) {
    guard let url = try? HTTPURL(text), url.scheme == .http || url.scheme == .https else {
      return done(.failure(PartnerFailure(step: step, reason: "\(text) is no http or https address")))
    }
    var headers: Headers = [
      "Authorization": TokenHeader.value(mood == .wrongBase64 ? Bytes(utf8: token).base64 : token, .base64),
      "Accept": "application/json",
    ]
    if !body.isEmpty { headers["Content-Type"] = "application/json" }
    MessageIDs(at: clock.now()).write(to: &headers)
    if isRouted, profile.version != "2.1.1" { Routing(to: house?.party, from: profile.party).write(to: &headers) }
    client.send(ClientRequest(method, url, headers: headers, body: body), ClientOptions(allowPrivate: true)) { result in
      switch result {
      case .failure(let fault): done(.failure(PartnerFailure(step: step, reason: "\(fault)")))
      case .success(let response):
        let answer = PartnerAnswer(response.body)
        guard response.status.isSuccess, case .envelope(let code, _, _) = answer, code.isSuccess else {
          let reason = "HTTP \(response.status.rawValue), \(answer.summary)"
          return done(.failure(PartnerFailure(step: step, reason: reason)))
        }
        done(.success((response, answer)))
      }
    }
  }
}
