import Domain
import HTTP
import Wire

/// The side of a version on which we provide drivers. What most versions share is written here once; an edition says
/// what it spells otherwise.
public protocol ProviderEdition: Sendable {
  /// What we implement as a provider.
  var providerModules: [OCPIModule] { get }
  /// Whether a PATCH has to say when the object changed (since 2.2).
  var stampsPatches: Bool { get }
  /// What objects must have that are pushed to us.
  var required: RequiredFields { get }

  /// A tariff as partners announce it.
  func tariff(from json: JSON) throws(PartnerFault) -> Tariff

  /// What a session's charging comes to. `.unknownObject` where the version has no words for it.
  func activeProfile(from json: JSON) throws(PartnerFault) -> ChargingProfile.Schedule

  // Ours, written strictly.
  func offered(_ token: OfferedToken, _ style: WriterOptions) throws(PushFault) -> Bytes
  func verdict(_ verdict: TokenVerdict, _ style: WriterOptions) throws(PushFault) -> Bytes
  /// The body of a command, whose result comes to `url`. `.unfit` where the version has no words for it.
  func command(_ command: RoamingCommand, respondTo url: String, _ style: WriterOptions) throws(PushFault) -> Bytes
  /// How a session is to be charged (2.2.1 §14.3.5). `.unfit` where the version has no words for it.
  func profile(_ schedule: ChargingProfile.Schedule, respondTo url: String, _ style: WriterOptions) throws(PushFault)
    -> Bytes
}

extension ProviderEdition {
  public var providerModules: [OCPIModule] { Self.driverModules }

  /// What every version has of a provider.
  static var driverModules: [OCPIModule] {
    [
      OCPIModule(.credentials, .sender), OCPIModule(.locations, .receiver), OCPIModule(.sessions, .receiver),
      OCPIModule(.cdrs, .receiver), OCPIModule(.tariffs, .receiver), OCPIModule(.tokens, .sender),
      OCPIModule(.commands, .sender),
    ]
  }

  public var stampsPatches: Bool { true }

  public var required: RequiredFields { .since221 }

  public func verdict(_ verdict: TokenVerdict, _ style: WriterOptions) throws(PushFault) -> Bytes {
    var json: JSON = ["allowed": .string(verdict.allowed.rawValue)]
    json["token"] = try tree(offered(verdict.token, style))
    if let place = verdict.place { json["location"] = place }
    if let reference = verdict.reference { json["authorization_reference"] = .string(reference) }
    if let info = verdict.note { json["info"] = info }
    return json.bytes
  }

  public func command(
    _ command: RoamingCommand, respondTo url: String, _ style: WriterOptions
  ) throws(PushFault) -> Bytes {
    var json: JSON = ["response_url": .string(url)]
    func put(_ name: String, _ text: String?) { if let text { json[name] = .string(text) } }
    switch command {
    case .start(let token, let location, let evse, let connector, let reference):
      json["token"] = try tree(offered(token, style))
      put("location_id", location)
      put("evse_uid", evse)
      put("connector_id", connector)
      put("authorization_reference", reference)
    case .stop(let session): put("session_id", session)
    case .reserve(let token, let location, let evse, let reservation, let until, let reference):
      json["token"] = try tree(offered(token, style))
      put("expiry_date", until.text(fraction: .seconds))
      put("reservation_id", reservation)
      put("location_id", location)
      put("evse_uid", evse)
      put("authorization_reference", reference)
    case .cancel(let reservation): put("reservation_id", reservation)
    case .unlock(let location, let evse, let connector):
      put("location_id", location)
      put("evse_uid", evse)
      put("connector_id", connector)
    case .setProfile(_, let schedule): return try profile(schedule, respondTo: url, style)
    case .book(let request, _):
      try Fitness.check(request, in: .v230)
      return request.encoded(edition: .v230, options: style)
    // The address says it all.
    case .clearProfile, .activeProfile: return []
    }
    return json.bytes
  }

  func tree(_ bytes: Bytes) throws(PushFault) -> JSON {
    do { return try JSON.parse(bytes) } catch { throw .unfit("an object of ours cannot be read back: \(error)") }
  }
}

extension TokenVerdict {
  /// The location and those of its EVSEs at which the driver may charge.
  var place: JSON? {
    guard let location else { return nil }
    var place: JSON = ["location_id": .string(location)]
    if !evses.isEmpty { place["evse_uids"] = .array(evses.map { .string($0) }) }
    return place
  }

  var note: JSON? { info.map { ["language": "en", "text": .string($0)] } }
}

extension RoamingCommand {
  /// How it is asked for, and where its result is awaited.
  struct Form {
    var module: OCPIModule.Name
    var method: HTTP.Method
    /// Of the operator's interfaces.
    var side = OCPIModule.Side.receiver
    /// Behind the address of the module there.
    var place: String
    /// Behind our own, before its id.
    var resultPlace: String
    var query: [(String, String)] = []
  }

  var form: Form {
    func command(_ name: String) -> Form { Form(module: .commands, method: .post, place: name, resultPlace: name) }
    func profile(_ method: HTTP.Method, _ session: String) -> Form {
      Form(module: .chargingProfiles, method: method, place: session, resultPlace: Self.resultPlace)
    }
    switch self {
    case .start: return command("START_SESSION")
    case .stop: return command("STOP_SESSION")
    case .reserve: return command("RESERVE_NOW")
    case .cancel: return command("CANCEL_RESERVATION")
    case .unlock: return command("UNLOCK_CONNECTOR")
    case .setProfile(let session, _): return profile(.put, session)
    case .clearProfile(let session): return profile(.delete, session)
    case .activeProfile(let session, let seconds):
      var form = profile(.get, session)
      form.query = [("duration", "\(seconds)")]
      return form
    case .book: return Form(module: .bookings, method: .post, side: .sender, place: "", resultPlace: Self.resultPlace)
    }
  }

  /// Where results about profiles are awaited, beside the sessions whose plans are told.
  static let resultPlace = "results"
}

// MARK: - Read leniently, in every version

extension TokenQuestion {
  /// - Parameter body: LocationReferences, or nothing (2.2.1 §12.2.2.2).
  init(uid: String, kind: Token.Kind, body: JSON?) throws(PartnerFault) {
    self.init(uid: uid, kind: kind)
    guard let body, !body.isNull else { return }
    let told = try Told(body)
    location = try told.maybeText("location_id", max: 39)
    evses = try told.texts("evse_uids")
  }
}

extension RoamingCommand.Answer {
  /// A request for a booking is answered with the booking.
  init(booking json: JSON) throws(PartnerFault) {
    let told = try Told(json)
    let party = PartyID(country: try told.text("country_code", max: 2), party: try told.text("party_id", max: 3))
    let booking = try ToldBookings.booking(json, of: party)
    self.init(word: booking.status, booking: booking)
  }

  init(from json: JSON) throws(PartnerFault) {
    let told = try Told(json)
    self.init(
      word: try told.text("result", max: 36).uppercased(), timeout: try told.maybeWhole("timeout"),
      message: json.message)
  }
}

extension RoamingCommand.Result {
  /// Not wrapped in an envelope by the text, and wrapped by some.
  init(from json: JSON) throws(PartnerFault) {
    let inner = json["result"] == nil ? json["data"] ?? json : json
    self.init(word: try Told(inner).text("result", max: 36).uppercased(), message: inner.message)
  }
}

extension JSON {
  /// What is said to people: one text, or one in each language.
  fileprivate var message: String? {
    let texts = self["message"].map { $0.array ?? [$0] } ?? []
    return texts.lazy.compactMap { $0["text"]?.string ?? $0.string }.first.map(\.excerpt)
  }
}
