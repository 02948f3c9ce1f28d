import Domain
import Store
import Wire

// What operators of stations ask of us as the provider of drivers (OCPI 2.2.1 §12): our tokens, and whether one of them
// may charge.

extension CSMS: ProviderService {
  public func offeredTokens(
    _ query: PageQuery, for caller: PartnerCaller
  ) async throws(PartnerFault) -> Page<OfferedToken> {
    guard let provider = caller.terms.provider else { throw .unknownObject }
    let page = try await answer { books throws(StoreFault) in try books.tokens.offered(query) }
    return Page(items: page.items.map { OfferedToken(token: $0, party: provider.name) }, total: page.total)
  }

  public func authorize(
    _ question: TokenQuestion, for caller: PartnerCaller
  ) async throws(PartnerFault) -> TokenVerdict {
    guard let provider = caller.terms.provider else { throw .unknownToken }
    let partner = caller.terms.partner.id
    return try await partnerTurn { () throws(PartnerFault) in
      let held = try stored { () throws(StoreFault) in
        try self.books.tokens.token(question.uid, question.kind, owner: nil)
      }
      guard let token = held, token.kind.isOffered else { throw .unknownToken }
      return try stored { () throws(StoreFault) in
        var verdict = TokenVerdict(
          allowed: self.allows(token), token: OfferedToken(token: token, party: provider.name),
          location: question.location, evses: question.evses)
        if verdict.allowed == .allowed {
          let reference = self.newID()
          try self.books.roamingUses.remember(
            reference, of: token, for: partner, location: question.location, at: self.now)
          verdict.reference = reference
        } else {
          verdict.location = nil
          verdict.info = self.explanation(of: verdict.allowed)
        }
        try self.record(.roaming(.authorized(token.id, for: partner, verdict.allowed, location: question.location)))
        return verdict
      }
    }
  }

  private func allows(_ token: Token) -> PartnerAuthorization.Allowed {
    guard token.isValid else { return .blocked }
    guard token.isUsable(at: now) else { return .expired }
    if let credit = token.credit, credit <= .zero { return .noCredit }
    // It may charge at some places of ours, and at no one else's.
    return token.isValidAbroad ? .allowed : .notAllowed
  }

  private func explanation(of verdict: PartnerAuthorization.Allowed) -> String? {
    switch verdict {
    case .allowed: nil
    case .blocked: "This token is blocked."
    case .expired: "This token has expired."
    case .noCredit: "The credit of this token is used up."
    case .notAllowed: "This token may not charge here."
    }
  }

  /// A partner that asks without end must wait, and holds up nobody.
  public func pause(for caller: PartnerCaller) -> Int? {
    partnerPace.pause(caller.terms.partner.id, above: settings.partnerRequestsPerMinute, at: now)
  }

  // MARK: Telling them

  /// A token of ours changed, or is new: whoever has stations where our drivers charge hears of it.
  func tokenMoved(_ token: Token) throws(StoreFault) {
    guard token.owner == nil, token.kind.isOffered else { return }
    for partner in try books.partners.all() where partner.takesTokens {
      guard let provider = partner.provider else { continue }
      try want(.tokens, "\(token.id)", of: partner.id, party: provider)
    }
  }

  /// It is removed here. OCPI knows no removal of a token, so it is told as one that is not valid (2.2.1 §12.2.2); and
  /// as the books will not have it any more, the request is made now.
  func tokenRemoved(_ token: Token) throws(StoreFault) {
    guard token.owner == nil, token.kind.isOffered, let partnerLink else { return }
    var dead = token
    (dead.isValid, dead.updatedAt) = (false, time(after: token.updatedAt))
    for partner in try books.partners.all() where partner.takesTokens {
      guard let terms = try books.partners.terms(of: partner.id), let provider = terms.provider else { continue }
      do {
        let request = try partnerLink.request(
          for: .token(OfferedToken(token: dead, party: provider.name)), terms: terms)
        try want(.tokens, "\(token.id)", of: partner.id, party: provider.id, request: request)
      } catch let fault as StoreFault {
        throw fault
      } catch {
        log.warning("a token's end cannot be told", metadata: ["partner": "\(partner.name)", "cause": "\(error)"])
      }
    }
  }

  /// All of ours, for a partner that has just registered.
  func tellTokens(to partner: Partner) throws(StoreFault) {
    guard partner.takesTokens, let provider = partner.provider else { return }
    var query = PageQuery(limit: Limits.pulledAtOnce)
    while case let page = try books.tokens.offered(query), !page.items.isEmpty {
      for token in page.items { try want(.tokens, "\(token.id)", of: partner.id, party: provider) }
      query.offset += page.items.count
    }
  }

  // MARK: Whose it is

  /// The token of ours that a session or CDR speaks of; nil where there is none, or no more.
  func ourToken(
    _ told: TokenReference, reference: String?, terms: PartnerTerms
  ) throws(StoreFault) -> ID<Token>? {
    // In 2.1.1 nobody says whose it is.
    let isForeign = !told.country.isEmpty && terms.provider?.name != PartyID(country: told.country, party: told.party)
    guard !isForeign else { return nil }
    if !told.uid.isEmpty {
      if let token = try books.tokens.token(told.uid, told.kind, owner: nil), token.kind.isOffered { return token.id }
      if let token = try offered(uid: told.uid) { return token.id }
    }
    if let token = try books.tokens.ours(contract: told.contractID) { return token.id }
    // 2.1.1 has one field for whose it is, and some operators write the card's uid there.
    if told.uid.isEmpty, let token = try offered(uid: told.contractID) { return token.id }
    guard let reference else { return nil }
    return try books.roamingUses.authorized(reference, for: terms.partner.id)
  }

  /// One of ours with that uid, of whatever kind.
  private func offered(uid: String) throws(StoreFault) -> Token? {
    try books.tokens.tokens(folded: Token.fold(uid)).first { $0.owner == nil && $0.kind.isOffered }
  }
}

extension Token.Kind {
  /// Whether OCPI has a word for it: a PIN and a vehicle's address are between us and our own stations.
  nonisolated var isOffered: Bool {
    switch self {
    case .rfid, .appUser, .adHocUser, .other, .emaid: true
    case .keyCode, .macAddress, .evccid, .vin: false
    }
  }
}

extension Partner {
  /// Whether it has stations where our drivers charge, and takes our tokens.
  nonisolated var takesTokens: Bool {
    (state == .registered || state == .paused) && provider != nil
      && endpoints.contains { $0.module == "tokens" && $0.role != "SENDER" }
  }
}

/// How many requests somebody, or about something, came in this minute.
struct MinutePace<Key: Hashable> {
  private var minute: Int64 = 0
  private var counts: [Key: Int] = [:]

  /// Counts one. Seconds until the next minute where it is one too many.
  mutating func pause(_ key: Key, above most: Int, at now: Timestamp) -> Int? {
    if minute != now.milliseconds / 60_000 { (minute, counts) = (now.milliseconds / 60_000, [:]) }
    let count = counts[key] ?? 0
    guard count < most else { return Int(60 - now.milliseconds / 1_000 % 60) }
    counts[key] = count + 1
    return nil
  }
}
