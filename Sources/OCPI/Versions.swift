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
    let url = base.appending("ocpi", edition.version, name.rawValue).description
    // The text joins a command's name to this address without a slash (§13.2.1), and some partners do just that.
    return name == .commands ? url + "/" : url
  }

  func versionList(_ editions: Editions) -> Envelope {
    Envelope(
      list: editions.list.map { VersionEntry(version: $0.version, url: details($0)).encoded() })
  }

  func details(of edition: any OCPIEdition) -> Envelope {
    let endpoints = edition.modules.map { own in
      Partner.Endpoint(module: own.name.rawValue, role: own.side.rawValue, url: module(own.name, edition))
    }
    return Envelope(data: VersionDetails(version: edition.version, endpoints: endpoints).encoded())
  }
}
