import Domain
import HTTP
import OCPI
import Wire

/// Where a conversation with the house stopped.
public struct PartnerFailure: Error, Equatable, Sendable, CustomStringConvertible {
  /// `versions`, `details`, `credentials`, or the module that was called.
  public let step: String
  public let reason: String

  public var description: String { "\(step): \(reason)" }
}

// The credentials handshake of OCPI 2.2.1 §7.1, from either end.

extension VirtualPartner {
  /// Registers at a house that gave us its versions address and a token A; with a house that we have already, the
  /// tokens are changed (PUT). `done` is called on the loop.
  public func register(
    _ versionsURL: String, tokenA: String, done: @escaping (Result<House, PartnerFailure>) -> Void
  ) {
    let isUpdate = house != nil
    let shown = isUpdate ? house?.token ?? tokenA : tokenA
    explore(versionsURL, token: shown) { [self] result in
      switch result {
      case .failure(let failure): done(.failure(failure))
      case .success(let endpoints): exchange(versionsURL, shown, endpoints, isUpdate: isUpdate, done)
      }
    }
  }

  private func exchange(
    _ versionsURL: String, _ token: String, _ endpoints: [Domain.Partner.Endpoint], isUpdate: Bool,
    _ done: @escaping (Result<House, PartnerFailure>) -> Void
  ) {
    let step = OCPIModule.Name.credentials.rawValue
    guard let url = endpoints.first(where: { $0.module.ciFolded == step })?.url else {
      return done(.failure(PartnerFailure(step: step, reason: "no credentials endpoint")))
    }
    // The house visits us with it before it answers.
    let offered = newToken()
    offeredToken = offered
    ask(isUpdate ? .put : .post, url, token: token, body: credentials(offered), step: step) { [self] result in
      offeredToken = nil
      switch result {
      case .failure(let failure): done(.failure(failure))
      case .success(let answer):
        guard let json = answer.object, let theirs = Self.credentials(in: json) else {
          return done(.failure(PartnerFailure(step: step, reason: "its credentials cannot be read")))
        }
        inboundToken = offered
        let made = House(
          versionsURL: theirs.url, token: theirs.token, endpoints: endpoints, party: party(of: theirs))
        house = made
        onEvent?(.registered)
        done(.success(made))
      }
    }
  }

  /// Leaves a house (DELETE credentials).
  public func unregister(done: @escaping (Result<Void, PartnerFailure>) -> Void) {
    let step = OCPIModule.Name.credentials.rawValue
    guard let house, let url = house.endpoints.first(where: { $0.module.ciFolded == step })?.url else {
      return done(.failure(PartnerFailure(step: step, reason: "not registered")))
    }
    ask(.delete, url, token: house.token, step: step) { [self] result in
      if case .success = result { forgetHouse() }
      done(result.map { _ in () })
    }
  }

  /// A house's versions and the details of ours among them.
  private func explore(
    _ versionsURL: String, token: String, done: @escaping (Result<[Domain.Partner.Endpoint], PartnerFailure>) -> Void
  ) {
    ask(.get, versionsURL, token: token, step: "versions") { [self] result in
      guard case .success(let answer) = result else { return done(result.map { _ in [] }) }
      let known = answer.list.compactMap { try? VersionEntry.read($0).value }
      guard let entry = known.first(where: { $0.version == profile.version }) else {
        let offered = known.map(\.version).joined(separator: ", ")
        return done(
          .failure(PartnerFailure(step: "versions", reason: "it offers \(offered.isEmpty ? "none" : offered)")))
      }
      ask(.get, entry.url, token: token, step: "details") { result in
        done(
          result.map { answer in
            (answer.object?["endpoints"]?.array ?? []).compactMap { try? Domain.Partner.Endpoint.read($0).value }
          })
      }
    }
  }

  // MARK: The house calls

  /// The credentials module where the house calls us.
  func credentials(_ request: Request, _ exchange: Exchange, isRegistered: Bool) {
    func refuse(_ code: Envelope.Code, _ message: String, _ status: HTTP.Status = .ok) {
      respond(.init(Envelope(code, message), status: status), to: request, exchange)
    }
    switch request.method {
    case .get, .head:
      respond(.init(Envelope(data: credentials(inboundToken ?? profile.tokenA))), to: request, exchange)
    case .post where isRegistered: refuse(.clientError, "You are registered already: use PUT.", .methodNotAllowed)
    case .put where !isRegistered: refuse(.clientError, "You are not registered: use POST.", .methodNotAllowed)
    case .post, .put:
      guard let json = try? JSON.parse(request.body) else {
        return refuse(.invalid, "The body is no JSON.", .badRequest)
      }
      guard let theirs = Self.credentials(in: json) else {
        return refuse(.invalid, "token, url or parties are missing")
      }
      welcome(theirs, request, exchange)
    case .delete:
      guard isRegistered else { return refuse(.clientError, "You are not registered.", .methodNotAllowed) }
      respond(.init(), to: request, exchange)
      forgetHouse()
    case .patch, .options: refuse(.clientError, "This address does not know that method.", .methodNotAllowed)
    }
  }

  /// Before a registration is answered the house is visited with the token that it gave.
  private func welcome(_ theirs: Theirs, _ request: Request, _ exchange: Exchange) {
    explore(theirs.url, token: theirs.token) { [self] result in
      switch result {
      case .failure(let failure):
        respond(.init(Envelope(.cannotUseYourAPI, "\(failure)")), to: request, exchange)
      case .success(let endpoints):
        let token = newToken()
        inboundToken = token
        house = House(
          versionsURL: theirs.url, token: theirs.token, endpoints: endpoints, party: party(of: theirs))
        respond(.init(Envelope(data: credentials(token)), .registered), to: request, exchange)
      }
    }
  }

  private func forgetHouse() {
    (house, inboundToken) = (nil, nil)
    onEvent?(.unregistered)
  }

  // MARK: Small things

  private func credentials(_ token: String) -> Bytes {
    let business: JSON = ["name": .string(profile.name)]
    let party: JSON = ["country_code": .string(profile.party.country), "party_id": .string(profile.party.party)]
    var credentials: JSON = ["token": .string(token), "url": .string(versionsURL)]
    var owner = party
    owner["business_details"] = business
    if profile.version == "2.1.1" {
      for member in owner.object?.members ?? [] { credentials[member.key] = member.value }
      return credentials.bytes
    }
    // Since 2.3.0 a hub is no role: it has an id of its own beside the parties for which it speaks.
    let isOldHub = profile.role == .hub && profile.version != "2.3.0"
    let roles =
      switch profile.role {
      case .provider: ["EMSP"]
      case .stations: ["CPO"]
      case .hub: isOldHub ? ["HUB"] : ["CPO", "EMSP"]
      }
    if profile.role == .hub, !isOldHub {
      credentials["hub_party_id"] = .string(profile.party.country + profile.party.party)
    }
    credentials["roles"] = .array(
      roles.map { role in
        var shown = owner
        shown["role"] = .string(role)
        return shown
      })
    return credentials.bytes
  }

  /// A house's credentials in any version.
  private struct Theirs {
    let token: String
    let url: String
    let parties: [(role: String, name: PartyID)]
  }

  private static func credentials(in json: JSON) -> Theirs? {
    guard let token = json["token"]?.string, let url = json["url"]?.string else { return nil }
    let parties = (json["roles"]?.array ?? [json]).compactMap { role -> (role: String, name: PartyID)? in
      guard let country = role["country_code"]?.string, let party = role["party_id"]?.string else { return nil }
      return (role["role"]?.string ?? "", PartyID(country: country, party: party))
    }
    return parties.isEmpty ? nil : Theirs(token: token, url: url, parties: parties)
  }

  /// The side of the house that this partner deals with.
  private func party(of theirs: Theirs) -> PartyID? {
    let wanted = profile.role == .stations ? "EMSP" : "CPO"
    return (theirs.parties.first { $0.role == wanted } ?? theirs.parties.first)?.name
  }

  private func newToken() -> String {
    (0..<2).map { _ in
      let word = String(random.next(), radix: 16)
      return String(repeating: "0", count: 16 - word.count) + word
    }.joined()
  }
}
