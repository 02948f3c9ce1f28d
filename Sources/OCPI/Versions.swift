import Domain
import HTTP
import Wire

/// A version that somebody speaks, and where its details are (2.2.1 §6.1.1; the same in every version).
public struct VersionEntry: Payload {
  public var version = ""
  public var url = ""

  public init() {}

  public init(version: String, url: String) { (self.version, self.url) = (version, url) }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("version", &version, max: 10)
    try w.visit("url", &url, max: 255)
  }
}

/// What somebody implements of a version (2.2.1 §6.2.1). Endpoints of 2.1.1 have no role.
public struct VersionDetails: Payload {
  public var version = ""
  public var endpoints: [Partner.Endpoint] = []

  public init() {}

  public init(version: String, endpoints: [Partner.Endpoint]) { (self.version, self.endpoints) = (version, endpoints) }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("version", &version, max: 10)
    try w.visit("endpoints", &endpoints, count: 1...)
  }
}

/// Where we are, from the outside. Built from the operator's word, never from a request's Host field.
public struct OurAddresses: Sendable {
  public let base: HTTPURL

  /// - Parameter publicURL: such as `https://charge.example.com`; everything of ours lies under `/ocpi` there.
  public init(publicURL: String) throws(HTTPURL.Flaw) { base = try HTTPURL(publicURL) }

  public var versions: String { base.appending("ocpi", "versions").description }

  public func details(_ edition: any OCPIEdition) -> String { base.appending("ocpi", edition.version).description }

  public func module(_ name: OCPIModule.Name, _ edition: any OCPIEdition) -> String {
    let url = base.appending("ocpi", edition.version, name.path).description
    // The text joins a command's name to this address without a slash (§13.2.1), and some partners do just that.
    return name == .commands ? url + "/" : url
  }

  /// The same on the side on which we provide drivers.
  func provider(_ name: OCPIModule.Name, _ edition: any OCPIEdition) -> String {
    name == .credentials
      ? module(name, edition) : base.appending("ocpi", edition.version, "emsp", name.path).description
  }

  func versionList(_ editions: Editions) -> Envelope {
    Envelope(
      list: editions.list.map { VersionEntry(version: $0.version, url: details($0)).encoded() })
  }

  /// What a partner finds of ours: as the operator and as the provider that it deals with.
  func details(of edition: any OCPIEdition, for terms: PartnerTerms) -> Envelope {
    var endpoints: [Partner.Endpoint] = []
    func isTold(_ own: OCPIModule) -> Bool {
      switch own.name {
      case .invoiceReconciliation: terms.partner.quirks.reconcilesInvoices ?? terms.has(own.name)
      case .bookings: terms.partner.quirks.takesBookings ?? terms.has(own.name)
      case .payments: terms.partner.quirks.takesPayments ?? true
      case .credentials, .locations, .sessions, .cdrs, .tariffs, .tokens, .commands, .chargingProfiles, .hubClientInfo:
        true
      }
    }
    if terms.isOperated || terms.provider == nil {
      endpoints += edition.modules.filter(isTold).map { own in
        endpoint(own, module(own.name, edition), edition)
      }
    }
    if terms.provider != nil {
      for own in edition.providerModules
      where isTold(own) && !endpoints.contains(where: { $0.isTaken(by: own, edition) }) {
        endpoints.append(endpoint(own, provider(own.name, edition), edition))
      }
    }
    return Envelope(data: VersionDetails(version: edition.version, endpoints: endpoints).encoded())
  }

  private func endpoint(_ own: OCPIModule, _ url: String, _ edition: any OCPIEdition) -> Partner.Endpoint {
    Partner.Endpoint(module: own.name.identifier, role: edition.namesSides ? own.side.rawValue : nil, url: url)
  }
}

extension PartnerTerms {
  /// Whether the partner has a module itself: of those that not every reader of 2.3.0 knows it is told then.
  fileprivate func has(_ name: OCPIModule.Name) -> Bool { partner.endpoints.contains { $0.module == name.rawValue } }
}

extension Partner.Endpoint {
  /// A module stands once for each side; without sides, as in 2.1.1, once at all.
  fileprivate func isTaken(by other: OCPIModule, _ edition: any OCPIEdition) -> Bool {
    guard module == other.name.identifier else { return false }
    return other.name == .credentials || !edition.routesMessages || role == other.side.rawValue
  }
}
