import Domain
import HTTP
import Wire

/// OCPI 2.1.1 (with its corrections). It knows one party on each side, so that requests carry no routing and objects
/// no owner; modules that came later are refused.
public struct Edition211: OCPIEdition {
  public let version = "2.1.1"
  public let edition = Edition.v211
  public let routesMessages = false
  public let namesSides = false
  public let stampsPatches = false
  public let required = RequiredFields.before220
  public let modules = [
    OCPIModule(.credentials, .receiver), OCPIModule(.locations, .sender), OCPIModule(.sessions, .sender),
    OCPIModule(.cdrs, .sender), OCPIModule(.tariffs, .sender), OCPIModule(.tokens, .receiver),
    OCPIModule(.commands, .receiver),
  ]
  private let zones: ZoneLibrary

  /// - Parameter zones: the local clocks by which a CDR's tariff is read when it is priced again.
  public init(zones: ZoneLibrary) { self.zones = zones }

  // MARK: Ours

  public func location(_ location: PublishedLocation, _ style: WriterOptions) throws(PushFault) -> Bytes {
    var fitting = Fitting(to: edition)
    return try strict(V211.Location(location.fitted(&fitting)), style)
  }

  public func evse(_ evse: PublishedEVSE, _ style: WriterOptions) throws(PushFault) -> Bytes {
    var fitting = Fitting(to: edition)
    let fitted = evse.fitted(&fitting)
    // Of whose plugs the version knows none: its location is told without it too.
    if fitted.connectors.isEmpty, !evse.connectors.isEmpty { throw .notWanted }
    return try strict(V211.EVSE(fitted), style)
  }

  public func connector(_ connector: PublishedConnector, _ style: WriterOptions) throws(PushFault) -> Bytes {
    var fitting = Fitting(to: edition)
    guard let fitted = connector.fitted(&fitting) else { throw .notWanted }
    return try strict(V211.Connector(fitted), style)
  }

  public func tariff(_ view: TariffView, _ style: WriterOptions) throws(PushFault) -> Bytes {
    try strict(try V211.Tariff(view.version.tariff, updatedAt: view.version.updatedAt), style)
  }

  public func session(_ view: SessionView, _ style: WriterOptions) throws(PushFault) -> Bytes {
    var fitting = Fitting(to: edition)
    return try strict(V211.Session(view, &fitting), style)
  }

  public func written(_ cdr: CDR, _ style: WriterOptions) throws(PushFault) -> WrittenCDR {
    // Its own form holds too little to be priced again: the same bill is held against the form of 2.2.1, which does.
    _ = try Edition221(zones: zones).written(cdr, style)
    var fitting = Fitting(to: edition)
    var record = V211.CDR(cdr, &fitting)
    Fitness.trim(&record, &fitting)
    if cdr.authorizationReference != nil { fitting.lose("authorization_reference") }
    if cdr.totals.cost.afterTax != nil { fitting.lose("costs with VAT") }
    if cdr.signedData != nil { fitting.lose("signed_data") }
    if cdr.isCredit { fitting.lose("that a CDR is a credit, and of which one") }
    return WrittenCDR(bytes: try strict(record, style), unsaid: fitting.unsaid)
  }

  public func unsaid(of object: PushObject) -> [String] {
    var fitting = Fitting(to: edition)
    switch object {
    case .location(let view):
      let place = PublishedLocation(view)
      _ = place.fitted(&fitting)
      place.loseFor211(&fitting)
      if !view.location.isPublished { fitting.lose("that a location is not published; its EVSEs are told as REMOVED") }
    case .evse(let evse, of: _):
      _ = evse.fitted(&fitting)
      evse.loseFor211(&fitting)
    case .tariff(let view):
      view.version.tariff.lose(&fitting)
      view.version.tariff.loseFor211(&fitting)
    case .session(let view):
      _ = V211.Session(view, &fitting)
      if view.session.authorizationReference != nil { fitting.lose("authorization_reference") }
      if view.cost?.afterTax != nil { fitting.lose("costs with VAT") }
    case .cdr(let cdr): return (try? written(cdr, WriterOptions()))?.unsaid ?? []
    case .tariffRemoved, .token, .invoice, .booking, .bookingLocation, .bookingLocationRemoved, .commandResult,
      .profileResult, .activeProfile:
      break
    }
    return fitting.unsaid
  }

  public func token(_ token: Token, of party: PartyID, _ style: WriterOptions) -> Bytes {
    V211.Token(token).encoded(edition: edition, options: style)
  }

  public func answer(_ answer: CommandAnswer, _ style: WriterOptions) -> Bytes {
    V211.CommandResponse(V211.CommandResponse.Result(answer)).encoded(edition: edition, options: style)
  }

  public func result(_ result: CommandResult, message: String?, _ style: WriterOptions) -> Bytes {
    V211.CommandResponse(V211.CommandResponse.Result(result)).encoded(edition: edition, options: style)
  }

  public func credentials(
    token: String, url: String, parties: [Party], _ style: WriterOptions
  ) throws(PushFault) -> Bytes {
    guard let party = parties.first else { throw .unfit("no party of ours is named") }
    var credentials = V211.Credentials()
    (credentials.token, credentials.url) = (token, url)
    (credentials.party, credentials.country) = (party.name.party, party.name.country)
    credentials.business = Company(name: party.businessName, website: party.website?.nonEmpty)
    return try strict(credentials, style)
  }

  public func references(location: String, evse: String?, _ style: WriterOptions) throws(PushFault) -> Bytes {
    var references = V211.LocationReferences()
    (references.location, references.evses) = (location, evse.map { [$0] })
    return try strict(references, style)
  }

  // Modules that came with 2.2: no route leads to them, and no endpoint of a partner asks for them.

  public func answer(_ answer: PreferencesAnswer, _ style: WriterOptions) -> Bytes { JSON.null.bytes }
  public func answer(_ answer: ProfileAnswer, _ style: WriterOptions) -> Bytes { JSON.null.bytes }

  public func result(_ result: ProfileResult, _ style: WriterOptions) throws(PushFault) -> Bytes { throw .notWanted }

  public func activeProfile(_ schedule: ChargingProfile.Schedule, _ style: WriterOptions) throws(PushFault) -> Bytes {
    throw .notWanted
  }

  public func client(_ client: HubClient, _ style: WriterOptions) -> Bytes { JSON.null.bytes }
  public func terminal(_ terminal: Terminal, _ style: WriterOptions) -> Bytes { JSON.null.bytes }
  public func advice(_ advice: FinancialAdvice, _ style: WriterOptions) -> Bytes { JSON.null.bytes }
  public func invoice(_ record: InvoiceRecord, _ style: WriterOptions) throws(PushFault) -> Bytes { throw .notWanted }

  public func preferences(from json: JSON) throws(PartnerFault) -> ChargingPreferences? { throw .unknownObject }

  public func profile(from json: JSON) throws(PartnerFault) -> (ChargingProfile.Schedule, respondTo: String) {
    throw .unknownObject
  }

  public func client(from json: JSON) throws(PartnerFault) -> HubClient { throw .unknownObject }
  public func terminal(from json: JSON) throws(PartnerFault) -> Terminal { throw .unknownObject }
  public func advice(from json: JSON) throws(PartnerFault) -> FinancialAdvice { throw .unknownObject }
  public func invoice(from json: JSON) throws(PartnerFault) -> InvoiceRecord { throw .unknownObject }

  // MARK: Partners'

  public func token(from json: JSON, of party: PartyID) throws(PartnerFault) -> (Token, TokenKey) {
    let token = try V211.Token.received(json, in: edition)
    try demand(token)
    return (token.plain, TokenKey(party: party, uid: token.uid, kind: token.plain.kind))
  }

  /// Its examples of a PATCH say no time (mod_tokens §2.2.3): then the change is from now.
  public func token(_ token: Token, under key: TokenKey, changedBy json: JSON) throws(PartnerFault) -> Token {
    guard let change = json.object else { throw .invalid("the object is expected to be one") }
    var merged = V211.Token(token).json(edition: edition)
    for member in change.members { merged[member.key] = member.value }
    let next = try V211.Token.received(merged, in: edition)
    try demand(next)
    guard next.uid.ciFolded == token.uid.ciFolded, next.plain.kind == key.kind else {
      throw .invalid("uid and type name a token and cannot change")
    }
    guard next.updatedAt >= token.updatedAt else { return token }
    var result = next.plain
    (result.id, result.owner, result.uid) = (token.id, token.owner, token.uid)
    (result.groupID, result.validUntil, result.createdAt) = (token.groupID, token.validUntil, token.createdAt)
    return result
  }

  private func demand(_ token: V211.Token) throws(PartnerFault) {
    try demandID("uid", token.uid, max: 36)
    try demandID("auth_id", token.authID, max: 36)
  }

  public func command(_ name: String, from json: JSON, of party: PartyID) throws(PartnerFault) -> PartnerCommand {
    switch name {
    case "START_SESSION":
      let start = try V211.StartSession.received(json, in: edition)
      try demand(start.token)
      let token = start.token.plain
      return .start(
        StartWish(
          token: token, key: TokenKey(party: party, uid: token.uid, kind: token.kind), location: start.location,
          evse: start.evse, connector: nil, authorizationReference: nil, respondTo: start.responseURL))
    case "STOP_SESSION":
      let stop = try V221.StopSession.received(json, in: edition)
      return .stop(session: stop.session, respondTo: stop.responseURL)
    case "UNLOCK_CONNECTOR":
      let unlock = try V211.UnlockConnector.received(json, in: edition)
      return .unlock(
        location: unlock.location, evse: unlock.evse, connector: unlock.connector, respondTo: unlock.responseURL)
    case "RESERVE_NOW":
      let wish = try V211.ReserveNow.received(json, in: edition)
      try demand(wish.token)
      let token = wish.token.plain
      return .reserve(
        ReserveWish(
          token: token, key: TokenKey(party: party, uid: token.uid, kind: token.kind), location: wish.location,
          evse: wish.evse, reference: String(wish.reservation), expiresAt: wish.expiresAt,
          authorizationReference: nil, respondTo: wish.responseURL))
    default:
      return .unsupported
    }
  }

  /// The one party behind it is told without a role.
  public func credentials(from json: JSON) throws(PartnerFault) -> PartnerCredentials {
    let read = try V211.Credentials.received(json.withoutLogos, in: edition)
    try demandCredentials(token: read.token, url: read.url)
    guard read.country.utf8.count == 2 else { throw .invalid("country_code is not two letters") }
    guard read.party.utf8.count == 3 else { throw .invalid("party_id is not three characters") }
    let name = PartyID(country: read.country, party: read.party)
    return PartnerCredentials(
      token: read.token, url: read.url,
      roles: [PartnerRegistration.Role(name: name, role: "", businessName: read.business.name)])
  }

  /// The token is not told: it is the one that was asked about (mod_tokens §3.1).
  public func authorization(from json: JSON) -> PartnerAuthorization? {
    guard let word = json["allowed"]?.string, let allowed = PartnerAuthorization.Allowed(rawValue: word) else {
      return nil
    }
    return PartnerAuthorization(allowed: allowed)
  }

  // MARK: Where we provide the drivers

  public func activeProfile(from json: JSON) throws(PartnerFault) -> ChargingProfile.Schedule { throw .unknownObject }

  public func tariff(from json: JSON) throws(PartnerFault) -> Tariff {
    try V211.Tariff.received(json, in: edition, isClosed: V221.PriceComponent.isDimension).plain.bounded()
  }

  public func offered(_ token: OfferedToken, _ style: WriterOptions) throws(PushFault) -> Bytes {
    try strict(V211.Token(token.token), style)
  }

  public func verdict(_ verdict: TokenVerdict, _ style: WriterOptions) throws(PushFault) -> Bytes {
    var json: JSON = ["allowed": .string(verdict.allowed.rawValue)]
    if let place = verdict.place { json["location"] = place }
    if let info = verdict.note { json["info"] = info }
    return json.bytes
  }
}
