import Domain
import HTTP
import Wire

/// OCPI 2.2.1 (second edition, with its corrections of 2026).
public struct Edition221: OCPIEdition {
  public let version = "2.2.1"
  public let routesMessages = true
  public let modules = [
    // The text advises SENDER for one's own credentials endpoint (§6.2.2).
    OCPIModule(.credentials, .sender), OCPIModule(.locations, .sender), OCPIModule(.sessions, .sender),
    OCPIModule(.cdrs, .sender), OCPIModule(.tariffs, .sender), OCPIModule(.tokens, .receiver),
    OCPIModule(.commands, .receiver),
  ]

  private let zones: ZoneLibrary

  /// - Parameter zones: the local clocks by which a CDR's tariff is read when it is priced again.
  public init(zones: ZoneLibrary) { self.zones = zones }

  // MARK: Ours

  public func location(_ view: LocationView, _ style: WriterOptions) throws(PushFault) -> Bytes {
    try strict(V221.Location(view), style)
  }

  public func evse(_ view: EVSEView, _ style: WriterOptions) throws(PushFault) -> Bytes {
    try strict(V221.EVSE(view), style)
  }

  public func connector(_ id: String, of view: EVSEView, _ style: WriterOptions) throws(PushFault) -> Bytes? {
    guard let connector = V221.EVSE(view).connectors.first(where: { $0.id.ciFolded == id.ciFolded }) else { return nil }
    return try strict(connector, style)
  }

  public func tariff(_ view: TariffView, _ style: WriterOptions) throws(PushFault) -> Bytes {
    try strict(V221.Tariff(view.version.tariff, party: view.party, updatedAt: view.version.updatedAt), style)
  }

  public func session(_ view: SessionView, _ style: WriterOptions) throws(PushFault) -> Bytes {
    try strict(V221.Session(view), style)
  }

  public func cdr(_ cdr: CDR, _ style: WriterOptions) throws(PushFault) -> Bytes {
    let bytes = try strict(V221.CDR(cdr), style)
    try CDRCheck.agree(bytes, zone: cdr.timeZone, zones)
    return bytes
  }

  public func token(_ token: Token, of party: PartyID, _ style: WriterOptions) -> Bytes {
    // As the partner gave it: it asks to see what we hold, odd or not.
    V221.Token(token, party: party).encoded(options: style)
  }

  public func answer(_ answer: CommandAnswer, _ style: WriterOptions) -> Bytes {
    V221.CommandResponse(answer).encoded(options: style)
  }

  public func result(_ result: CommandResult, message: String?, _ style: WriterOptions) -> Bytes {
    V221.CommandResult(result, message: message).encoded(options: style)
  }

  public func credentials(
    token: String, url: String, party: Party, _ style: WriterOptions
  ) throws(PushFault) -> Bytes {
    let role: V221.Role =
      switch party.role {
      case .cpo: .cpo
      case .emsp: .emsp
      }
    let business = V221.BusinessDetails(name: party.businessName, website: party.website?.nonEmpty)
    return try strict(
      V221.Credentials(token: token, url: url, roles: [V221.CredentialsRole(role, party.name, business: business)]),
      style)
  }

  public func references(location: String, evse: String?, _ style: WriterOptions) throws(PushFault) -> Bytes {
    try strict(V221.LocationReferences(location: location, evses: evse.map { [$0] }), style)
  }

  private func strict(_ object: some Payload, _ style: WriterOptions) throws(PushFault) -> Bytes {
    try Fitness.check(object)
    return object.encoded(options: style)
  }

  // MARK: Partners'

  public func token(from json: JSON) throws(PartnerFault) -> (Token, TokenKey) {
    let token = try V221.Token.received(json)
    try demand(token)
    return (token.plain, token.key)
  }

  public func token(_ token: Token, under key: TokenKey, changedBy json: JSON) throws(PartnerFault) -> Token {
    guard let change = json.object else { throw .invalid("the object is expected to be one") }
    guard let stamp = change["last_updated"], !stamp.isNull else { throw .invalid("last_updated is missing") }
    var merged = V221.Token(token, party: key.party).json
    for member in change.members { merged[member.key] = member.value }
    let next = try V221.Token.received(merged)
    try demand(next)
    guard next.uid.ciFolded == token.uid.ciFolded, next.key.party == key.party, next.key.kind == key.kind else {
      throw .invalid("uid, type, country_code and party_id name a token and cannot change")
    }
    guard next.updatedAt >= token.updatedAt else { return token }
    var result = next.plain
    (result.id, result.owner, result.uid) = (token.id, token.owner, token.uid)
    (result.validUntil, result.createdAt) = (token.validUntil, token.createdAt)
    return result
  }

  private func demand(_ token: V221.Token) throws(PartnerFault) {
    try demandID("uid", token.uid, max: 36)
    try demandID("contract_id", token.contractID, max: 36)
    try demandID("country_code", token.country, max: 2)
    try demandID("party_id", token.party, max: 3)
    if let group = token.groupID?.nonEmpty { try demandID("group_id", group, max: 36) }
  }

  public func command(_ name: String, from json: JSON) throws(PartnerFault) -> PartnerCommand {
    switch name {
    case "START_SESSION":
      let start = try V221.StartSession.received(json)
      try demand(start.token)
      if let reference = start.authorizationReference {
        try demandID("authorization_reference", reference, max: 36)
      }
      guard start.connector == nil || start.evse != nil else {
        throw .invalid("evse_uid is missing beside connector_id")
      }
      return .start(
        StartWish(
          token: start.token.plain, key: start.token.key, location: start.location, evse: start.evse,
          connector: start.connector, authorizationReference: start.authorizationReference,
          respondTo: start.responseURL))
    case "STOP_SESSION":
      let stop = try V221.StopSession.received(json)
      return .stop(session: stop.session, respondTo: stop.responseURL)
    case "UNLOCK_CONNECTOR":
      let unlock = try V221.UnlockConnector.received(json)
      return .unlock(
        location: unlock.location, evse: unlock.evse, connector: unlock.connector, respondTo: unlock.responseURL)
    default:
      return .unsupported
    }
  }

  public func credentials(from json: JSON) throws(PartnerFault) -> PartnerCredentials {
    let read = try V221.Credentials.received(json)
    guard (1...Limits.credentialsToken).contains(read.token.utf8.count),
      read.token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { throw .invalid("token is empty, too long, or holds a space or a character that is not ASCII") }
    guard (try? HTTPURL(read.url)) != nil else { throw .invalid("url is no http or https address") }
    guard (1...Limits.roles).contains(read.roles.count) else {
      throw .invalid("roles has to name between 1 and \(Limits.roles) parties")
    }
    var roles: [PartnerRegistration.Role] = []
    for (place, role) in read.roles.enumerated() {
      guard role.country.utf8.count == 2 else { throw .invalid("roles[\(place)].country_code is not two letters") }
      guard role.party.utf8.count == 3 else { throw .invalid("roles[\(place)].party_id is not three characters") }
      roles.append(
        PartnerRegistration.Role(
          name: PartyID(country: role.country, party: role.party), role: role.role.rawValue,
          businessName: role.business.name))
    }
    return PartnerCredentials(token: read.token, url: read.url, roles: roles)
  }

  public func authorization(from json: JSON) -> PartnerAuthorization? {
    // `token` is required by the text, and left out by partners that say no: the verdict alone is enough then.
    if let info = try? V221.AuthorizationInfo.received(json) {
      return PartnerAuthorization(
        allowed: info.allowed.plain, token: info.token.plain, key: info.token.key,
        authorizationReference: info.authorizationReference?.nonEmpty)
    }
    guard let word = json["allowed"]?.string, let allowed = V221.AuthorizationInfo.Allowed(rawValue: word) else {
      return nil
    }
    return PartnerAuthorization(
      allowed: allowed.plain, authorizationReference: json["authorization_reference"]?.string?.nonEmpty)
  }
}
