import Domain
import HTTP
import Wire

/// What a partner is, and which of its addresses is which, where its version leaves both open: credentials of 2.1.1 name a
/// party without a role, and its endpoints have no side.
enum PartnerSides {
  typealias Side = PartnerQuirks.Side

  /// The roles of the one party that was told: as the operator says; an operator of stations where the partner deals with
  /// our provider alone; as its addresses say (`/ocpi/cpo/2.1.1/…` is how the text spells them); else a provider.
  static func roles(
    of told: [PartnerRegistration.Role], at endpoints: [Partner.Endpoint], for terms: PartnerTerms
  ) -> [PartnerRegistration.Role] {
    let side = terms.partner.quirks.side ?? (terms.isOperated ? side(of: endpoints) ?? .emsp : .cpo)
    return told.flatMap { role in
      side.roles.map { PartnerRegistration.Role(name: role.name, role: $0, businessName: role.businessName) }
    }
  }

  /// The same addresses with the interface that each is of: by its own words, or by what the partner is.
  static func sided(_ endpoints: [Partner.Endpoint], of roles: [PartnerRegistration.Role]) -> [Partner.Endpoint] {
    let names = Set(roles.map(\.role))
    return endpoints.map { endpoint in
      guard let module = OCPIModule.Name(rawValue: endpoint.module),
        let side = word(in: endpoint) ?? (names.count == 1 ? names.first.flatMap(Side.init(role:)) : nil)
      else { return endpoint }
      var sided = endpoint
      sided.role = interface(of: module, at: side)?.rawValue
      return sided
    }
  }

  /// What the addresses say together; nil where they say nothing.
  private static func side(of endpoints: [Partner.Endpoint]) -> Side? {
    let words = Set(endpoints.compactMap(word))
    return words.count > 1 ? .both : words.first
  }

  private static func word(in endpoint: Partner.Endpoint) -> Side? {
    guard let url = try? HTTPURL(endpoint.url) else { return nil }
    let parts = url.target.lowercased().split { "/?&=".contains($0) }
    if parts.contains("cpo") { return .cpo }
    return parts.contains("emsp") || parts.contains("msp") ? .emsp : nil
  }

  /// Which interface of a module somebody implements (2.1.1: the tables of interfaces of each module).
  private static func interface(of module: OCPIModule.Name, at side: Side) -> OCPIModule.Side? {
    switch module {
    case .locations, .sessions, .cdrs, .tariffs: side == .cpo ? .sender : .receiver
    case .tokens, .commands: side == .cpo ? .receiver : .sender
    case .credentials, .chargingProfiles, .hubClientInfo, .payments, .invoiceReconciliation, .bookings: nil
    }
  }
}

extension PartnerQuirks.Side {
  fileprivate var roles: [String] { self == .both ? [Self.cpo.rawValue, Self.emsp.rawValue] : [rawValue] }

  fileprivate init?(role: String) { self.init(rawValue: role) }
}
