import Domain
import Wire

/// One version of OCPI: the only place that knows how its objects are spelled. Behind it there is no version any more.
public protocol OCPIEdition: Sendable {
  /// As partners write it, such as `2.2.1`.
  var version: String { get }
  /// Whether requests of functional modules carry the OCPI-to and OCPI-from fields (since 2.2).
  var routesMessages: Bool { get }
  /// What we implement as a charge point operator.
  var modules: [OCPIModule] { get }

  // Ours, written strictly. `PushFault.unfit` names the field that the version cannot hold.
  func location(_ view: LocationView, _ style: WriterOptions) throws(PushFault) -> Bytes
  func evse(_ view: EVSEView, _ style: WriterOptions) throws(PushFault) -> Bytes
  /// Nil where the EVSE has no connector of that id.
  func connector(_ id: String, of view: EVSEView, _ style: WriterOptions) throws(PushFault) -> Bytes?
  func tariff(_ view: TariffView, _ style: WriterOptions) throws(PushFault) -> Bytes
  func session(_ view: SessionView, _ style: WriterOptions) throws(PushFault) -> Bytes
  /// The same bytes for the same CDR and style, always.
  func cdr(_ cdr: CDR, _ style: WriterOptions) throws(PushFault) -> Bytes
  /// A partner's token as we hold it.
  func token(_ token: Token, of party: PartyID, _ style: WriterOptions) -> Bytes
  func answer(_ answer: CommandAnswer, _ style: WriterOptions) -> Bytes
  func result(_ result: CommandResult, message: String?, _ style: WriterOptions) -> Bytes
  func credentials(token: String, url: String, party: Party, _ style: WriterOptions) throws(PushFault) -> Bytes
  /// Where a driver wants to charge, for a real-time authorization.
  func references(location: String, evse: String?, _ style: WriterOptions) throws(PushFault) -> Bytes

  // Partners', read leniently. `PartnerFault.invalid` names the field that cannot be read.
  func token(from json: JSON) throws(PartnerFault) -> (Token, TokenKey)
  /// The token with a PATCH applied to it; unchanged where the change is older than what we hold.
  func token(_ token: Token, under key: TokenKey, changedBy json: JSON) throws(PartnerFault) -> Token
  func command(_ name: String, from json: JSON) throws(PartnerFault) -> PartnerCommand
  func credentials(from json: JSON) throws(PartnerFault) -> PartnerCredentials
  /// Nil where the answer is no authorization.
  func authorization(from json: JSON) -> PartnerAuthorization?
}

/// A module with the side of it that somebody implements.
public struct OCPIModule: Sendable, Hashable {
  public enum Name: String, Sendable, CaseIterable {
    case credentials, locations, sessions, cdrs, tariffs, tokens, commands
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
  /// A command that we do not carry out.
  case unsupported
}

/// What a partner's credentials say, without their version.
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
  public init(zones: ZoneLibrary) { self.init([Edition221(zones: zones)]) }

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
  static func received(_ json: JSON) throws(PartnerFault) -> Self {
    do throws(Flaw) {
      let read = try Self.read(json)
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

/// An id that must come back unchanged one day: not empty, not longer than we may send it.
func demandID(_ name: String, _ text: String, max: Int) throws(PartnerFault) {
  guard !text.isEmpty else { throw .invalid("\(name) is empty") }
  guard text.unicodeScalars.count <= max else { throw .invalid("\(name) is longer than \(max) characters") }
  guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { throw .invalid("\(name) is not printable ASCII") }
}
