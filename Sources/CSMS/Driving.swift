import Crypto
import Domain
import Store
import Wire

// What a driver does without being anybody's user: a label's code leads to an EVSE, a token or PIN begins a session, and
// a ticket proves afterwards whose browser began it.

/// An EVSE as its driver's page knows it.
nonisolated public struct DrivenEVSE: Sendable {
  public let station: Station
  public let evse: EVSE
  public let location: Location?
  /// What a session that begins now would cost by.
  public let tariff: Tariff?
  /// The session that is there now.
  public let session: Session?
}

extension CSMS {
  nonisolated private static let statusSetting = "public_status"

  /// Whether everybody may see what is free.
  public func isStatusPublic() async throws(Refusal) -> Bool {
    try await read { books throws(StoreFault) in try books.settings.value(Self.statusSetting) } == "on"
  }

  /// - Parameter look: looks at how it is so far, and refuses where the change was made for something else.
  public func setStatusPublic(
    _ isOn: Bool, looking look: @escaping @MainActor @Sendable (Bool) throws(Refusal) -> Void = { _ in }
  ) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      try look(keep { () throws(StoreFault) in try self.books.settings.value(Self.statusSetting) } == "on")
      try keep { () throws(StoreFault) in try self.books.settings.set(Self.statusSetting, isOn ? "on" : nil) }
    }
  }

  /// Gives every EVSE of a station a code, where it has none.
  /// - Parameter fresh: The old codes end, for labels that somebody stole or photographed.
  public func makeCodes(
    of identity: StationIdentity, fresh: Bool, by who: String
  ) async throws(Refusal) -> [(evse: Int, code: String)] {
    try await turn { () throws(Refusal) in
      guard let station = try keep({ () throws(StoreFault) in try self.books.stations.station(identity) }) else {
        throw .notFound("no station \(identity)")
      }
      return try keep { () throws(StoreFault) in
        var codes: [(evse: Int, code: String)] = []
        for evse in try self.books.stations.evses(of: station.id) {
          if fresh { try self.books.driverPages.remove(of: evse.id) }
          if let code = try self.books.driverPages.code(of: evse.id) {
            codes.append((evse.number, code))
          } else {
            // 50 bits: nobody finds one by trying.
            let code = String(Base32.encode(randomBytes(7)).lowercased().prefix(10))
            try self.books.driverPages.create(code, for: evse.id, at: self.now)
            codes.append((evse.number, code))
          }
        }
        return codes
      }
    }
  }

  public func codes(of identity: StationIdentity) async throws(Refusal) -> [(evse: Int, code: String)]? {
    try await read { books throws(StoreFault) in
      guard let station = try books.stations.station(identity) else { return nil }
      var codes: [(evse: Int, code: String)] = []
      for evse in try books.stations.evses(of: station.id) {
        if let code = try books.driverPages.code(of: evse.id) { codes.append((evse.number, code)) }
      }
      return codes
    }
  }

  public func driven(_ code: String) async throws(Refusal) -> DrivenEVSE? {
    let now = now
    return try await read { books throws(StoreFault) in
      guard let id = try books.driverPages.evse(code: code), let evse = try books.stations.evse(id),
        let station = try books.stations.station(evse.station), station.registration == .accepted
      else { return nil }
      let tariffs = try evse.connectors.first.map { connector throws(StoreFault) in
        try books.tariffs.tariffs(of: connector)
      }
      return DrivenEVSE(
        station: station, evse: evse,
        location: try station.location.flatMap { id throws(StoreFault) in try books.locations.location(id) },
        tariff: Tariff.choose(from: tariffs ?? [], for: .regular, at: now),
        session: try books.sessions.running(at: evse))
    }
  }

  /// Begins a session for whoever stands there.
  /// - Parameter secret: What they typed: the uid or the printed number of one of our tokens, or a PIN. Nil on a station
  ///   where any car charges without.
  /// - Returns: The ticket; nil where nobody has such a token.
  public func drive(_ code: String, with secret: String?) async throws(Refusal) -> (ticket: String, command: String)? {
    guard let place = try await driven(code) else { throw .notFound("no such place") }
    let needs = place.station.needs
    let typed: String
    if let secret {
      typed = secret
    } else if needs.isFreeVend == true, let uid = needs.freeVendToken {
      typed = uid
    } else {
      throw .conflict("a token or a PIN is needed here")
    }
    let token = try await read { books throws(StoreFault) -> Token? in
      let byUID = try books.tokens.tokens(folded: Token.fold(typed)).first { $0.owner == nil && $0.isValid }
      if let byUID { return byUID }
      return try books.tokens.ours(visualNumber: typed)
    }
    guard let token else { return nil }
    let record = try await startSession(
      at: place.station.identity, evse: place.evse.number, token: token.id, by: "driver:\(code)")
    let ticket = Secret.make(bytes: 18)
    let kept = DriverTicket(digest: TokenDigest.of(ticket), evse: place.evse.id, command: record.id, createdAt: now)
    try await turn { () throws(Refusal) in
      try keep { () throws(StoreFault) in try self.books.driverPages.keep(kept) }
    }
    return (ticket, record.id)
  }

  /// The command that a ticket began, and its session once there is one.
  public func driving(_ ticket: String) async throws(Refusal) -> (command: CommandRecord, session: Session?)? {
    let digest = TokenDigest.of(ticket)
    return try await read { books throws(StoreFault) in
      guard let kept = try books.driverPages.ticket(digest), let command = try books.commands.command(kept.command)
      else { return nil }
      return (command.record, try books.sessions.session(command: kept.command))
    }
  }
}
