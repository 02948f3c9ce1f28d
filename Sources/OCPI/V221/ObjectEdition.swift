import Domain
import Wire

/// OCPI 2.2.1 and 2.3.0, which spell nearly everything alike; the walks under `V221` say what differs.
public protocol ObjectEdition: OCPIEdition {
  /// The local clocks by which a CDR's tariff is read when it is priced again.
  var zones: ZoneLibrary { get }
}

extension ObjectEdition {
  public var routesMessages: Bool { true }
  public var namesSides: Bool { true }

  public static var operatorModules: [OCPIModule] {
    [
      // The text advises SENDER for one's own credentials endpoint (§6.2.2).
      OCPIModule(.credentials, .sender), OCPIModule(.locations, .sender), OCPIModule(.sessions, .sender),
      OCPIModule(.cdrs, .sender), OCPIModule(.tariffs, .sender), OCPIModule(.tokens, .receiver),
      OCPIModule(.commands, .receiver), OCPIModule(.chargingProfiles, .receiver),
      OCPIModule(.hubClientInfo, .receiver),
    ]
  }

  // MARK: Ours

  public func location(_ location: PublishedLocation, _ style: WriterOptions) throws(PushFault) -> Bytes {
    var fitting = Fitting(to: edition)
    return try strict(V221.Location(location.fitted(&fitting)), style)
  }

  public func evse(_ evse: PublishedEVSE, _ style: WriterOptions) throws(PushFault) -> Bytes {
    var fitting = Fitting(to: edition)
    let fitted = evse.fitted(&fitting)
    // Of whose plugs the version knows none: its location is told without it too.
    if fitted.connectors.isEmpty, !evse.connectors.isEmpty { throw .notWanted }
    return try strict(V221.EVSE(fitted), style)
  }

  public func connector(_ connector: PublishedConnector, _ style: WriterOptions) throws(PushFault) -> Bytes {
    var fitting = Fitting(to: edition)
    guard let fitted = connector.fitted(&fitting) else { throw .notWanted }
    return try strict(V221.Connector(fitted), style)
  }

  public func tariff(_ view: TariffView, _ style: WriterOptions) throws(PushFault) -> Bytes {
    try strict(
      V221.Tariff(view.version.tariff, party: view.party, updatedAt: view.version.updatedAt, in: edition), style)
  }

  public func session(_ view: SessionView, _ style: WriterOptions) throws(PushFault) -> Bytes {
    try strict(V221.Session(view, edition), style)
  }

  public func written(_ cdr: CDR, _ style: WriterOptions) throws(PushFault) -> WrittenCDR {
    var fitting = Fitting(to: edition)
    var record = V221.CDR(cdr, &fitting)
    Fitness.trim(&record, &fitting)
    let bytes = try strict(record, style)
    do throws(PushFault) { try CDRCheck.agree(bytes, of: cdr, zones, in: edition) } catch {
      // What the tariff comes to in this form is another amount: then the amount goes without it.
      guard let part = record.tariffs == nil ? nil : record.leaveOut("tariffs") else { throw error }
      fitting.lose(part)
      let bare = try strict(record, style)
      try CDRCheck.agree(bare, of: cdr, zones, in: edition)
      return WrittenCDR(bytes: bare, unsaid: fitting.unsaid)
    }
    return WrittenCDR(bytes: bytes, unsaid: fitting.unsaid)
  }

  public func unsaid(of object: PushObject) -> [String] {
    var fitting = Fitting(to: edition)
    switch object {
    case .location(let view): _ = PublishedLocation(view).fitted(&fitting)
    case .evse(let evse, of: _): _ = evse.fitted(&fitting)
    case .tariff(let view): view.version.tariff.lose(&fitting)
    case .cdr(let cdr): return (try? written(cdr, WriterOptions()))?.unsaid ?? []
    case .session, .tariffRemoved, .token, .invoice, .booking, .bookingLocation, .bookingLocationRemoved,
      .commandResult, .profileResult, .activeProfile:
      break
    }
    return fitting.unsaid
  }

  public func token(_ token: Token, of party: PartyID, _ style: WriterOptions) -> Bytes {
    // As the partner gave it: it asks to see what we hold, odd or not.
    V221.Token(token, party: party, edition).encoded(edition: edition, options: style)
  }

  public func answer(_ answer: CommandAnswer, _ style: WriterOptions) -> Bytes {
    V221.CommandResponse(answer).encoded(edition: edition, options: style)
  }

  public func result(_ result: CommandResult, message: String?, _ style: WriterOptions) -> Bytes {
    V221.CommandResult(result, message: message).encoded(edition: edition, options: style)
  }

  public func credentials(
    token: String, url: String, parties: [Party], _ style: WriterOptions
  ) throws(PushFault) -> Bytes {
    let roles = parties.map { party in
      let role: V221.Role =
        switch party.role {
        case .cpo: .cpo
        case .emsp: .emsp
        }
      let business = V221.BusinessDetails(name: party.businessName, website: party.website?.nonEmpty)
      return V221.CredentialsRole(role, party.name, business: business)
    }
    return try strict(V221.Credentials(token: token, url: url, roles: roles), style)
  }

  public func references(location: String, evse: String?, _ style: WriterOptions) throws(PushFault) -> Bytes {
    try strict(V221.LocationReferences(location: location, evses: evse.map { [$0] }), style)
  }

  public func answer(_ answer: PreferencesAnswer, _ style: WriterOptions) -> Bytes {
    JSON.string(answer.rawValue).bytes
  }

  public func answer(_ answer: ProfileAnswer, _ style: WriterOptions) -> Bytes {
    V221.ProfileResponse(answer).encoded(edition: edition, options: style)
  }

  public func result(_ result: ProfileResult, _ style: WriterOptions) throws(PushFault) -> Bytes {
    try strict(V221.ProfileOutcome(result), style)
  }

  public func activeProfile(_ schedule: ChargingProfile.Schedule, _ style: WriterOptions) throws(PushFault) -> Bytes {
    try strict(V221.ActiveProfile(schedule), style)
  }

  public func client(_ client: HubClient, _ style: WriterOptions) -> Bytes {
    client.encoded(edition: edition, options: style)
  }

  public func terminal(_ terminal: Terminal, _ style: WriterOptions) -> Bytes {
    terminal.encoded(edition: edition, options: style)
  }

  public func advice(_ advice: FinancialAdvice, _ style: WriterOptions) -> Bytes {
    advice.encoded(edition: edition, options: style)
  }

  public func invoice(_ record: InvoiceRecord, _ style: WriterOptions) throws(PushFault) -> Bytes {
    try strict(record, style)
  }

  // MARK: Partners'

  public func token(from json: JSON, of party: PartyID) throws(PartnerFault) -> (Token, TokenKey) {
    let token = try V221.Token.received(json, in: edition)
    try demand(token)
    return (token.plain, token.key)
  }

  public func token(_ token: Token, under key: TokenKey, changedBy json: JSON) throws(PartnerFault) -> Token {
    guard let change = json.object else { throw .invalid("the object is expected to be one") }
    guard let stamp = change["last_updated"], !stamp.isNull else { throw .invalid("last_updated is missing") }
    var merged = V221.Token(token, party: key.party, edition).json(edition: edition)
    for member in change.members { merged[member.key] = member.value }
    let next = try V221.Token.received(merged, in: edition)
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

  public func command(_ name: String, from json: JSON, of party: PartyID) throws(PartnerFault) -> PartnerCommand {
    switch name {
    case "START_SESSION":
      let start = try V221.StartSession.received(json, in: edition)
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
      let stop = try V221.StopSession.received(json, in: edition)
      return .stop(session: stop.session, respondTo: stop.responseURL)
    case "UNLOCK_CONNECTOR":
      let unlock = try V221.UnlockConnector.received(json, in: edition)
      return .unlock(
        location: unlock.location, evse: unlock.evse, connector: unlock.connector, respondTo: unlock.responseURL)
    case "RESERVE_NOW":
      let wish = try V221.ReserveNow.received(json, in: edition)
      try demand(wish.token)
      try demandID("reservation_id", wish.reservation, max: 36)
      return .reserve(
        ReserveWish(
          token: wish.token.plain, key: wish.token.key, location: wish.location, evse: wish.evse,
          reference: wish.reservation, expiresAt: wish.expiresAt,
          authorizationReference: wish.authorizationReference, respondTo: wish.responseURL))
    case "CANCEL_RESERVATION":
      let cancel = try V221.CancelReservation.received(json, in: edition)
      return .cancel(reservation: cancel.reservation, respondTo: cancel.responseURL)
    default:
      return .unsupported
    }
  }

  public func credentials(from json: JSON) throws(PartnerFault) -> PartnerCredentials {
    let read = try V221.Credentials.received(json.withoutLogos, in: edition)
    try demandCredentials(token: read.token, url: read.url)
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
    // Since 2.3.0 a hub is no role: the parties are told that it reaches, and its own id beside them (2.3.0 §7.2.3).
    if let hub = read.hub.flatMap({ PartyID($0) }) {
      roles.append(PartnerRegistration.Role(name: hub, role: V221.Role.hub.rawValue, businessName: "\(hub)"))
    }
    return PartnerCredentials(token: read.token, url: read.url, roles: roles)
  }

  public func authorization(from json: JSON) -> PartnerAuthorization? {
    // `token` is required by the text, and left out by partners that say no: the verdict alone is enough then.
    if let info = try? V221.AuthorizationInfo.received(json, in: edition) {
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

  public func preferences(from json: JSON) throws(PartnerFault) -> ChargingPreferences? {
    // A word that we do not know would be read as REGULAR, which the driver did not ask for.
    if let word = json["profile_type"], !word.isNull {
      guard word.string.flatMap(ChargingPreferences.Kind.init) != nil else { return nil }
    }
    return try ChargingPreferences.received(json, in: edition)
  }

  public func profile(from json: JSON) throws(PartnerFault) -> (ChargingProfile.Schedule, respondTo: String) {
    let wish = try V221.SetProfile.received(json, in: edition)
    try demandUnit(of: json)
    return (wish.profile.plain, wish.responseURL)
  }

  public func client(from json: JSON) throws(PartnerFault) -> HubClient {
    let client = try HubClient.received(json, in: edition) { $0 == "status" }
    try demandID("party_id", client.party, max: 3)
    try demandID("country_code", client.country, max: 2)
    try demandID("role", client.role, max: 10)
    return client
  }

  public func terminal(from json: JSON) throws(PartnerFault) -> Terminal {
    let terminal = try Terminal.received(json, in: edition)
    try demandID("terminal_id", terminal.id, max: 36)
    return terminal
  }

  public func advice(from json: JSON) throws(PartnerFault) -> FinancialAdvice {
    // A failed capture must not be read as money.
    let advice = try FinancialAdvice.received(json, in: edition) { $0 == "capture_status_code" }
    try demandID("id", advice.id, max: 36)
    try demandID("authorization_reference", advice.authorizationReference, max: 36)
    return advice
  }

  public func invoice(from json: JSON) throws(PartnerFault) -> InvoiceRecord {
    let record = try InvoiceRecord.received(json, in: edition)
    try demandID("country_code", record.country, max: 2)
    try demandID("party_id", record.party, max: 3)
    try demandID("id", record.id, max: 36)
    guard !record.invoice.isEmpty else { throw .invalid("invoice_id is empty") }
    guard !record.cdrs.isEmpty else { throw .invalid("cdrs is empty") }
    return record
  }

  /// In a unit that we do not know no limit is a limit: such a word is not passed over as others are.
  private func demandUnit(of json: JSON) throws(PartnerFault) {
    let word = json["charging_profile"]?["charging_rate_unit"]?.string ?? ""
    guard ChargingProfile.Schedule.Unit(rawValue: word) != nil else {
      throw .invalid("charging_profile.charging_rate_unit: \(word.excerpt) is neither A nor W")
    }
  }

  // MARK: Where we provide the drivers

  static var providerModulesSince22: [OCPIModule] { driverModules + [OCPIModule(.chargingProfiles, .sender)] }

  public func activeProfile(from json: JSON) throws(PartnerFault) -> ChargingProfile.Schedule {
    let active = try V221.ActiveProfile.received(json, in: edition)
    try demandUnit(of: json)
    var schedule = active.profile.plain
    schedule.startsAt = active.startsAt
    return schedule
  }

  public func profile(
    _ schedule: ChargingProfile.Schedule, respondTo url: String, _ style: WriterOptions
  ) throws(PushFault) -> Bytes {
    try strict(V221.SetProfile(schedule, respondTo: url), style)
  }

  public func tariff(from json: JSON) throws(PartnerFault) -> Tariff {
    try V221.Tariff.received(
      json.withoutCalendarEdges, in: edition, isClosed: V221.PriceComponent.isDimension
    ).plain().bounded()
  }

  public func offered(_ token: OfferedToken, _ style: WriterOptions) throws(PushFault) -> Bytes {
    try strict(V221.Token(token.token, party: token.party, edition), style)
  }
}
