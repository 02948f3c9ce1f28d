import Domain
import HTTP
import Wire

/// One version of OCPI: the only place that knows how its objects are spelled. Behind it there is no version any more:
/// what is written are values of the house that can say all that any version can.
public protocol OCPIEdition: ProviderEdition {
  /// As partners write it, such as `2.2.1`.
  var version: String { get }
  /// Its place among the versions, for walks that several of them share.
  var edition: Edition { get }
  /// Whether requests of functional modules carry the OCPI-to and OCPI-from fields (since 2.2).
  var routesMessages: Bool { get }
  /// Whether endpoints are told with the interface that they are of (since 2.2).
  var namesSides: Bool { get }
  /// What we implement as a charge point operator.
  var modules: [OCPIModule] { get }

  // Ours, written strictly. `PushFault.unfit` names the field that the version cannot hold. What it has no words for is
  // left out, and named by `unsaid`.
  func location(_ location: PublishedLocation, _ style: WriterOptions) throws(PushFault) -> Bytes
  func evse(_ evse: PublishedEVSE, _ style: WriterOptions) throws(PushFault) -> Bytes
  func connector(_ connector: PublishedConnector, _ style: WriterOptions) throws(PushFault) -> Bytes
  func tariff(_ view: TariffView, _ style: WriterOptions) throws(PushFault) -> Bytes
  func session(_ view: SessionView, _ style: WriterOptions) throws(PushFault) -> Bytes
  /// The same bytes for the same CDR and style, always. What a bill may do without and does not fit is left out: the
  /// money goes.
  func written(_ cdr: CDR, _ style: WriterOptions) throws(PushFault) -> WrittenCDR
  /// What of this the version has no words for.
  func unsaid(of object: PushObject) -> [String]
  /// A token as we hold it.
  func token(_ token: Token, of party: PartyID, _ style: WriterOptions) -> Bytes
  func answer(_ answer: CommandAnswer, _ style: WriterOptions) -> Bytes
  func result(_ result: CommandResult, message: String?, _ style: WriterOptions) -> Bytes
  func credentials(token: String, url: String, parties: [Party], _ style: WriterOptions) throws(PushFault) -> Bytes
  /// Where a driver wants to charge, for a real-time authorization.
  func references(location: String, evse: String?, _ style: WriterOptions) throws(PushFault) -> Bytes
  func answer(_ answer: PreferencesAnswer, _ style: WriterOptions) -> Bytes
  func answer(_ answer: ProfileAnswer, _ style: WriterOptions) -> Bytes
  func result(_ result: ProfileResult, _ style: WriterOptions) throws(PushFault) -> Bytes
  func activeProfile(_ schedule: ChargingProfile.Schedule, _ style: WriterOptions) throws(PushFault) -> Bytes
  func client(_ client: HubClient, _ style: WriterOptions) -> Bytes
  func terminal(_ terminal: Terminal, _ style: WriterOptions) -> Bytes
  func advice(_ advice: FinancialAdvice, _ style: WriterOptions) -> Bytes
  func invoice(_ record: InvoiceRecord, _ style: WriterOptions) throws(PushFault) -> Bytes

  // Partners', read leniently. `PartnerFault.invalid` names the field that cannot be read. What the version leaves to
  // the address, such as whose an object is, comes from there.
  func token(from json: JSON, of party: PartyID) throws(PartnerFault) -> (Token, TokenKey)
  /// The token with a PATCH applied to it; unchanged where the change is older than what we hold.
  func token(_ token: Token, under key: TokenKey, changedBy json: JSON) throws(PartnerFault) -> Token
  /// - Parameter party: whose driver it is, where the version does not say it.
  func command(_ name: String, from json: JSON, of party: PartyID) throws(PartnerFault) -> PartnerCommand
  func credentials(from json: JSON) throws(PartnerFault) -> PartnerCredentials
  /// Nil where the answer is no authorization.
  func authorization(from json: JSON) -> PartnerAuthorization?
  /// Nil where they are of a kind that we do not know.
  func preferences(from json: JSON) throws(PartnerFault) -> ChargingPreferences?
  /// With where the result is awaited.
  func profile(from json: JSON) throws(PartnerFault) -> (ChargingProfile.Schedule, respondTo: String)
  func client(from json: JSON) throws(PartnerFault) -> HubClient
  func terminal(from json: JSON) throws(PartnerFault) -> Terminal
  func advice(from json: JSON) throws(PartnerFault) -> FinancialAdvice
  func invoice(from json: JSON) throws(PartnerFault) -> InvoiceRecord
}

extension OCPIEdition {
  public func location(_ view: LocationView, _ style: WriterOptions) throws(PushFault) -> Bytes {
    try location(PublishedLocation(view), style)
  }

  public func cdr(_ cdr: CDR, _ style: WriterOptions) throws(PushFault) -> Bytes { try written(cdr, style).bytes }

  /// Checked and written.
  func strict(_ object: some Payload, _ style: WriterOptions) throws(PushFault) -> Bytes {
    try Fitness.check(object, in: edition)
    return object.encoded(edition: edition, options: style)
  }

  /// The code for a token that is not there: 2.1.1 has none of its own (2.1.1 status_codes, client errors).
  var unknownToken: Envelope.Code { edition < .v221 ? .clientError : .unknownToken }

  func has(_ name: OCPIModule.Name, _ side: OCPIModule.Side) -> Bool { modules.contains(OCPIModule(name, side)) }
}

/// A CDR as a version writes it, and what of it that version has no words for.
public struct WrittenCDR: Sendable {
  public let bytes: Bytes
  public let unsaid: [String]
}

/// The versions, in their order.
extension Edition {
  static let v211 = Edition(211), v221 = Edition(221), v230 = Edition(230)
}

/// A module with the side of it that somebody implements.
public struct OCPIModule: Sendable, Hashable {
  public enum Name: String, Sendable, CaseIterable {
    case credentials, locations, sessions, cdrs, tariffs, tokens, commands
    case chargingProfiles = "chargingprofiles", hubClientInfo = "hubclientinfo", payments
    case invoiceReconciliation = "invoicereconciliation"
    case bookings = "booking"
  }
  public enum Side: String, Sendable { case sender = "SENDER", receiver = "RECEIVER" }

  public let name: Name
  public let side: Side

  public init(_ name: Name, _ side: Side) { (self.name, self.side) = (name, side) }
}

/// A partner's wish for one of our stations.
public enum PartnerCommand: Sendable {
  case start(StartWish)
  case stop(session: String, respondTo: String)
  case unlock(location: String, evse: String, connector: String, respondTo: String)
  case reserve(ReserveWish)
  case cancel(reservation: String, respondTo: String)
  /// A command that we do not know.
  case unsupported
}

/// What a partner's credentials say, without their version. A hub that stands behind a partner is one of its roles.
public struct PartnerCredentials: Sendable, Equatable {
  public var token: String
  public var url: String
  public var roles: [PartnerRegistration.Role]

  public init(token: String, url: String, roles: [PartnerRegistration.Role]) {
    (self.token, self.url, self.roles) = (token, url, roles)
  }
}

/// The editions that we speak, the newest last.
public struct Editions: Sendable {
  public let list: [any OCPIEdition]

  public init(_ list: [any OCPIEdition]) { self.list = list }

  /// All of them.
  /// - Parameter zones: the local clocks by which tariffs are read.
  public init(zones: ZoneLibrary) {
    self.init([Edition211(zones: zones), Edition221(zones: zones), Edition230(zones: zones)])
  }

  public subscript(version: String) -> (any OCPIEdition)? { list.first { $0.version == version } }

  /// The newest one that the other side has too.
  public func highest(among versions: [String]) -> (any OCPIEdition)? {
    list.last { versions.contains($0.version) }
  }
}

// MARK: - Reading

extension Payload {
  /// Reads an object of a partner: lenient, but what is missing or cannot be converted is named (2001). A broken time
  /// stamp is refused too: every one that partners send decides about order or validity.
  /// - Parameter isClosed: the fields, by their path, whose words are all that there are. Another one is refused there,
  ///   where it would be read as one of them and might mean its opposite.
  static func received(
    _ json: JSON, in edition: Edition, isClosed: (String) -> Bool = { _ in false }
  ) throws(PartnerFault) -> Self {
    do throws(Flaw) {
      let read = try Self.read(json.withoutHollow, edition: edition)
      if let odd = read.oddities.first(where: { $0.kind == .unknownWord && isClosed($0.path) }) {
        throw Flaw(path: odd.path, kind: .wrongType, detail: "\(odd.raw.excerpt) is no word of this field")
      }
      if let odd = read.oddities.first(where: { $0.kind == .badTimestamp }) {
        throw Flaw(path: odd.path, kind: .wrongType, detail: "\(odd.raw.excerpt) is no time stamp")
      }
      return read.value
    } catch {
      let place = error.path.isEmpty ? "the object" : error.path
      throw .invalid(error.kind == .missing ? "\(place) is missing" : "\(place): \(error.detail.excerpt)")
    }
  }
}

extension Tariff {
  /// The tariff of a partner, with no more prices than pricing, which goes through all of them, should meet.
  func bounded() throws(PartnerFault) -> Tariff {
    guard elements.count <= Domain.Limits.tariffElements else {
      throw .invalid("elements are more than \(Domain.Limits.tariffElements)")
    }
    guard elements.allSatisfy({ $0.components.count <= Domain.Limits.componentsPerElement }) else {
      throw .invalid("price_components are more than \(Domain.Limits.componentsPerElement)")
    }
    return self
  }
}

/// An id that must come back unchanged one day: not empty, not longer than we may send it.
func demandID(_ name: String, _ text: String, max: Int) throws(PartnerFault) {
  guard !text.isEmpty else { throw .invalid("\(name) is empty") }
  guard text.unicodeScalars.count <= max else { throw .invalid("\(name) is longer than \(max) characters") }
  guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { throw .invalid("\(name) is not printable ASCII") }
}

extension JSON {
  /// Whether it is an object of nothing but nulls: so some programs write an optional object that is not there.
  var isHollow: Bool {
    guard let members = object?.members, !members.isEmpty else { return false }
    return members.allSatisfy { $0.value.isNull || $0.value.isHollow }
  }

  /// The same without the objects in it that are not there.
  var withoutHollow: JSON {
    switch self {
    case .array(let items): .array(items.map(\.withoutHollow))
    case .object(let object):
      .object(
        JSONObject(object.members.filter { !$0.value.isHollow }.map { .init($0.key, $0.value.withoutHollow) }))
    case .null, .bool, .number, .string: self
    }
  }

  /// A tariff without bounds of its validity that lie outside every calendar: it has none.
  var withoutCalendarEdges: JSON {
    var plain = self
    for (name, late) in [("start_date_time", false), ("end_date_time", true)]
    where self[name]?.string?.isBeyondCalendar == late { plain[name] = .none }
    return plain
  }

  /// Credentials without the pictures in them: one that is described badly is no reason to refuse a partner.
  var withoutLogos: JSON {
    var plain = self
    if var business = self["business_details"], business.object != nil {
      business["logo"] = .none
      plain["business_details"] = business
    }
    if let roles = self["roles"]?.array { plain["roles"] = .array(roles.map(\.withoutLogos)) }
    return plain
  }
}

extension String {
  /// Whether it is a moment after all years that can be read here (true), or before them (false); nil for anything else.
  var isBeyondCalendar: Bool? {
    guard let year = Int(prefix(4)), !WireLimits.years.contains(year), Timestamp("2000\(dropFirst(4))") != nil else {
      return nil
    }
    return year > WireLimits.years.upperBound
  }
}

/// A credentials token and a versions URL that can be used.
func demandCredentials(token: String, url: String) throws(PartnerFault) {
  guard (1...Limits.credentialsToken).contains(token.utf8.count), token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
  else { throw .invalid("token is empty, too long, or holds a space or a character that is not ASCII") }
  guard (try? HTTPURL(url)) != nil else { throw .invalid("url is no http or https address") }
}
