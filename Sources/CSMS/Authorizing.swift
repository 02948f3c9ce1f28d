import Domain
import Store
import Wire

// Who may charge (OCPP 1.6 §4.1, OCPI 2.2.1 §12): a token that we hold follows its whitelist, one that we do not hold
// is asked of the partners for which that is switched on, and a remote start's one-use alias stands for the token that
// it carries.

extension CSMS {
  /// May this token charge here? Answers now where the house knows, later where a partner must be asked.
  func authorize(_ shown: PresentedToken, at station: ID<Station>) throws(StoreFault) -> Eventually<Authorization> {
    switch try judge(shown, at: station) {
    case .known(let authorization):
      return .now(try priced(authorization, at: station))
    case .ask(let owners, let fallback, _):
      guard waitingAuthorizations < Limits.waitingAuthorizations, let partnerLink else { return .now(fallback) }
      let place = try locationRef(of: station)
      let ticket = Ticket<Authorization>()
      afterCommit {
        // Others of this turn may have taken the last places.
        guard self.waitingAuthorizations < Limits.waitingAuthorizations else { return ticket.redeem(fallback) }
        self.waitingAuthorizations += 1
        self.ask(
          owners, about: shown, at: station, place: place, through: partnerLink, otherwise: fallback, for: ticket)
      }
      return .later(ticket)
    }
  }

  /// The verdict on a start, which cannot wait: who had to be asked was asked a moment ago, or the token's own rule
  /// decides.
  func authorizeStart(_ tag: String, at station: ID<Station>) throws(StoreFault) -> Authorization {
    // An alias begins one session; shown again it is a copied card.
    if let alias = try books.tokens.alias(tag, at: station), alias.session != nil { return Authorization(.invalid) }
    return try authorizeAtOnce(PresentedToken(tag), at: station)
  }

  /// The verdict on a start that is told again: what began a session by remote start may still do so.
  func authorizeAgain(_ tag: String, of session: Session) throws(StoreFault) -> Authorization {
    let began = try books.tokens.alias(tag, at: session.station)?.session
    guard session.command != nil || began == session.id else { return try authorizeStart(tag, at: session.station) }
    return Authorization(.accepted, holder: session.holder, groupID: session.groupID)
  }

  /// The verdict on a new session: a token that may have so many at once has no more (OCPP 1.6 §7.2 ConcurrentTx), nor has
  /// one whose credit its running sessions may use up. Only here,
  /// because who shows a token again may mean to end its session.
  func once(_ verdict: Authorization) throws(StoreFault) -> Authorization {
    guard verdict.verdict == .accepted, let holder = verdict.holder, let token = try token(of: holder) else {
      return verdict
    }
    var refusal = verdict
    if let most = token.sessionsAtOnce, try books.sessions.countRunning(of: token) >= most {
      refusal.verdict = .concurrent
    } else if try isSpokenFor(token) {
      refusal.verdict = .noCredit
    }
    return refusal
  }

  /// The verdict on a tag that ends a session, or on one whose start is allowed to be looked at.
  func authorizeAtOnce(_ shown: PresentedToken, at station: ID<Station>) throws(StoreFault) -> Authorization {
    let judgement = try judge(shown, at: station)
    // What a remote start asked for is allowed by that, and what the house itself refuses no partner can allow.
    if case .known(let authorization) = judgement,
      authorization.verdict != .accepted || authorization.holder?.method == .command
    {
      return authorization
    }
    // Nobody was asked about a token of our own.
    if case .known(let authorization) = judgement, authorization.holder?.owner == nil { return authorization }
    // A partner's word of a moment ago names the contract and the reference that the CDR must carry.
    if var remembered = try books.authorizations.remembered(shown.uid, at: station, at: now) {
      if let token = try held(shown), case .some(let evses) = try reach(of: token, at: station) {
        (remembered.evses, remembered.transfers) = (evses, token.transfers)
      }
      return remembered
    }
    switch judgement {
    case .known(let authorization): return authorization
    case .ask(_, _, let verdict): return verdict
    }
  }

  private enum Judgement {
    case known(Authorization)
    /// These partners may know the tag. While they are silent `whenSilent` holds; a car that starts already gets
    /// `atStart`.
    case ask([PartnerTerms], whenSilent: Authorization, atStart: Authorization)
  }

  private func judge(_ shown: PresentedToken, at station: ID<Station>) throws(StoreFault) -> Judgement {
    switch shown.means {
    case .directPayment where try needs(of: station).refusesPayments == true: return .known(Authorization(.notHere))
    // A start button is for everybody (OCPP 2.0.1 C02.FR.02), and at a terminal the money is sure already (2.1 C18).
    case .nobody, .directPayment: return .known(Authorization(.accepted, holder: try holderOfStranger(shown)))
    case .keyCode: return .known(try judgePIN(shown, at: station))
    case .unsaid, .iso14443, .iso15693, .central, .emaid, .macAddress, .evccid, .vin, .local, .other: break
    }
    if let alias = try books.tokens.alias(shown.uid, at: station), let session = try session(of: alias.command) {
      return .known(Authorization(.accepted, holder: session.holder, groupID: session.groupID))
    }
    let needs = try needs(of: station)
    // Under its own tag for remote starts a station starts for whoever it was asked to start for.
    let isStartTag = needs.startTag.map { Token.fold($0) == Token.fold(shown.uid) } ?? false
    if let waiting = try books.sessions.pending(of: station).first(where: { isStartTag || shown.isShown(by: $0.token) })
    {
      return .known(Authorization(.accepted, holder: waiting.holder, groupID: waiting.groupID))
    }
    if let token = try held(shown) { return try judge(token, at: station) }
    if needs.isFreeVend == true {
      // Whoever pays for all is on the bill, else whatever the station said.
      let payer = try needs.freeVendToken.flatMap { uid throws(StoreFault) in
        try books.tokens.tokens(folded: Token.fold(uid)).first { $0.isUsable(at: now) }
      }
      let holder = if let payer { try holder(of: payer, method: .whitelist) } else { try holderOfStranger(shown) }
      return .known(Authorization(.accepted, holder: holder, groupID: payer?.groupID))
    }
    let askable = try books.partners.all().filter { $0.state == .registered && $0.quirks.askUnknownTokens == true }
    guard !askable.isEmpty else {
      try books.tokens.noteUnknownTag(shown.uid, at: station, at: now)
      return .known(Authorization(.invalid))
    }
    return .ask(
      try askable.map { partner throws(StoreFault) in try terms(of: partner) }, whenSilent: Authorization(.invalid),
      atStart: Authorization(.invalid))
  }

  /// The token of the books that was shown. Our own comes before a partner's with the same uid: the operator can see and
  /// change ours.
  private func held(_ shown: PresentedToken) throws(StoreFault) -> Token? {
    var all: [Token] = []
    for spelling in shown.foldedUIDs { all += try books.tokens.tokens(folded: spelling) }
    if all.isEmpty, shown.means == .emaid { all = try books.tokens.tokens(contract: shown.uid) }
    all = all.filter { shown.canBe($0.kind) }
    if let mine = all.first(where: { $0.owner == nil }) { return mine }
    // One uid may be of a party that left and of one that came.
    for token in all { if let owner = token.owner, try books.partners.pays(owner) { return token } }
    return all.first
  }

  /// A PIN is looked up and nothing else: no partner is asked and no list shows it. Who guesses must wait ever longer
  /// (C04.FR.06).
  private func judgePIN(_ shown: PresentedToken, at station: ID<Station>) throws(StoreFault) -> Authorization {
    guard pins.pause(station, "keypad", at: now) == nil else { return Authorization(.invalid) }
    guard let token = try held(shown), case .known(let authorization) = try judge(token, at: station) else {
      afterCommit { self.pins.failed(station, "keypad", at: self.now) }
      return Authorization(.invalid)
    }
    afterCommit { self.pins.succeeded(station, "keypad") }
    return authorization
  }

  private func judge(_ token: Token, at station: ID<Station>) throws(StoreFault) -> Judgement {
    guard token.isValid else { return .known(Authorization(.blocked)) }
    guard token.isUsable(at: now) else { return .known(Authorization(.expired)) }
    if let credit = token.credit, credit <= .zero {
      var refusal = Authorization(.noCredit)
      refusal.holdsOnce = true
      return .known(refusal)
    }
    var local = try accepted(token, by: .whitelist, at: station)
    // Where it may not charge no partner can allow it.
    guard local.verdict == .accepted else { return .known(local) }
    local.holdsOnce = token.credit != nil
    guard let owner = token.owner else { return .known(local) }
    guard let role = try books.partners.role(owner), let partner = try books.partners.partner(role.partner) else {
      return .known(Authorization(.invalid))
    }
    // Nobody would pay for what its drivers charge.
    guard try books.partners.pays(owner) else { return .known(Authorization(.invalid)) }
    if partner.state == .paused { return .known(token.whitelist == .never ? Authorization(.invalid) : local) }
    switch token.whitelist {
    case .always: return .known(local)
    case .allowed: return .ask([try terms(of: partner)], whenSilent: Authorization(.invalid), atStart: local)
    case .allowedOffline: return .ask([try terms(of: partner)], whenSilent: local, atStart: local)
    case .never:
      return .ask([try terms(of: partner)], whenSilent: Authorization(.invalid), atStart: Authorization(.invalid))
    }
  }

  /// The yes to a token, as far as it may charge at this station.
  private func accepted(
    _ token: Token, by method: Authorization.Method, reference: String? = nil, at station: ID<Station>
  ) throws(StoreFault) -> Authorization {
    var yes = Authorization(
      .accepted, holder: try holder(of: token, method: method, reference: reference), groupID: token.groupID,
      validUntil: token.validUntil, language: token.language, priority: token.priority)
    switch try reach(of: token, at: station) {
    case .all: break
    case .some(let evses): yes.evses = evses
    case .none: return Authorization(.notHere)
    case .wrongKind: return Authorization(.wrongKind)
    }
    yes.transfers = token.transfers
    return yes
  }

  private func reach(of token: Token, at station: ID<Station>) throws(StoreFault) -> TokenReach {
    guard token.places != nil || token.transfers != nil, let place = try self.station(station) else { return .all }
    return token.reach(at: place, evses: try books.stations.evses(of: station))
  }

  /// Refuses, in words, a token that may not be charged with at an EVSE, or at any of the station.
  func requireUsable(_ token: Token, at station: Station, evse: Int?) throws(Refusal) {
    guard token.isUsable(at: now) else { throw .conflict("the token is blocked or expired") }
    if let owner = token.owner, try !keep({ () throws(StoreFault) in try self.books.partners.pays(owner) }) {
      throw .conflict("nobody would pay for it: the partner whose token it is has left, or names its party no longer")
    }
    let reach = try keep { () throws(StoreFault) in try self.reach(of: token, at: station.id) }
    switch reach {
    case .all: return
    case .some(let evses): if evse.map(evses.contains) ?? true { return }
    case .none: break
    case .wrongKind: throw .conflict("the token may not charge at EVSEs of this kind")
    }
    throw .conflict("the token may charge at other places only")
  }

  /// Asks all at once; the first yes wins and names the owner, the last no or the last silence decides otherwise.
  private func ask(
    _ owners: [PartnerTerms], about shown: PresentedToken, at station: ID<Station>, place: String?,
    through link: any PartnerLink, otherwise fallback: Authorization, for ticket: Ticket<Authorization>
  ) {
    let tag = shown.uid
    // A card, unless the station says what else it is.
    let kind = shown.means == .unsaid ? .rfid : shown.kind
    let poll = Poll(waitingFor: owners.count)
    for terms in owners {
      link.authorize(
        uid: tag, kind: kind, location: place, evse: nil, terms: terms, deadline: settings.authorizationSeconds
      ) { answer in
        guard let decisive = poll.hear(answer) else { return }
        // A new turn, which reads the state again: minutes may have passed on a busy day.
        self.waitingAuthorizations -= 1
        self.note { () throws(StoreFault) in
          let verdict = try self.verdict(
            on: tag, answer: decisive.answer, of: terms, at: station, otherwise: fallback)
          if decisive.answer != nil {
            try self.books.authorizations.remember(
              verdict, station: station, tag: tag, until: self.now + .seconds(Limits.rememberedSeconds))
          }
          let told = try self.priced(verdict, at: station)
          self.afterCommit { ticket.redeem(told) }
        } onFault: {
          ticket.redeem(fallback)
        }
      }
    }
  }

  private func verdict(
    on tag: String, answer: PartnerAuthorization?, of terms: PartnerTerms, at station: ID<Station>,
    otherwise fallback: Authorization
  ) throws(StoreFault) -> Authorization {
    guard let answer else { return fallback }
    switch answer.allowed {
    case .allowed:
      guard let token = try tokenOfPartner(tag, told: answer, terms: terms) else { return fallback }
      return try accepted(token, by: .authRequest, reference: answer.authorizationReference, at: station)
    case .blocked: return Authorization(.blocked)
    case .noCredit: return Authorization(.noCredit)
    case .expired: return Authorization(.expired)
    case .notAllowed: return Authorization(.invalid)
    }
  }

  /// The token that the partner spoke of: the one it sent, which we keep from now on, or the one that we hold.
  private func tokenOfPartner(_ tag: String, told answer: PartnerAuthorization, terms: PartnerTerms) throws(StoreFault)
    -> Token?
  {
    if var token = answer.token, let key = answer.key,
      let role = terms.partner.roles.first(where: { $0.name == key.party })
    {
      token.owner = role.id
      if case .created(let id) = try books.tokens.put(token) { try record(.tokenReceived(id, from: terms.partner.id)) }
      return token
    }
    let roles = Set(terms.partner.roles.map(\.id))
    return try books.tokens.tokens(folded: Token.fold(tag)).first { $0.owner.map(roles.contains) ?? false }
  }

  private func locationRef(of station: ID<Station>) throws(StoreFault) -> String? {
    guard let location = try self.station(station)?.location else { return nil }
    return try books.locations.location(location)?.ref
  }

  // MARK: Holders

  func holder(
    of token: Token, method: Authorization.Method, reference: String? = nil
  ) throws(StoreFault) -> Session.Holder {
    let role = try token.owner.flatMap { owner throws(StoreFault) in try books.partners.role(owner) }
    let name = if let role { role.name } else { try cpo().name }
    return Session.Holder(
      token: TokenReference(party: name, uid: token.uid, kind: token.kind, contractID: token.contractID),
      owner: token.owner,
      groupID: token.groupID, method: method, reference: reference)
  }

  /// What stands for whoever shows nothing.
  static let startButton = "start-button"

  /// Somebody whom nobody knows: a station may charge them all the same, and the books must say who it was.
  func holderOfStranger(_ tag: String) throws(StoreFault) -> Session.Holder {
    try holderOfStranger(PresentedToken(tag))
  }

  func holderOfStranger(_ shown: PresentedToken) throws(StoreFault) -> Session.Holder {
    let uid =
      switch shown.means {
      case .nobody: Self.startButton
      // What somebody typed wrongly may be most of what is right.
      case .keyCode: "PIN"
      case .unsaid, .iso14443, .iso15693, .central, .emaid, .macAddress, .evccid, .vin, .local, .directPayment, .other:
        String(shown.uid.unicodeScalars.prefix(36))
      }
    // Money is collected by the whole of a payment's reference (OCPP 2.1 C21.FR.05), which is longer than a uid may be.
    let payment = shown.means == .directPayment ? String(shown.uid.unicodeScalars.prefix(Limits.paymentReference)) : nil
    return Session.Holder(
      token: TokenReference(party: try cpo().name, uid: uid, kind: shown.kind, contractID: uid), owner: nil,
      method: .whitelist, reference: payment)
  }

  /// The party of ours that runs the stations.
  func cpo() throws(StoreFault) -> Party {
    guard let party = try books.parties.cpo() else { throw StoreFault.missing("a party of ours") }
    return party
  }
}

/// Counts the answers to one question that went to several partners.
private final class Poll {
  private var open: Int
  private var isDecided = false
  private var lastNo: PartnerAuthorization?

  init(waitingFor count: Int) { open = count }

  struct Decision { let answer: PartnerAuthorization? }

  /// The decision, once: at the first yes, or when all have answered.
  func hear(_ answer: PartnerAuthorization?) -> Decision? {
    open -= 1
    guard !isDecided else { return nil }
    if answer?.allowed == .allowed || open == 0 {
      isDecided = true
      return Decision(answer: answer ?? lastNo)
    }
    lastNo = answer ?? lastNo
    return nil
  }
}
