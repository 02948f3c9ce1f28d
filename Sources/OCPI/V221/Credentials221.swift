import Domain
import Wire

extension V221 {
  /// How to reach a platform and who is behind it (§7.3.1).
  public struct Credentials: Payload {
    public var token = ""
    /// Its versions endpoint.
    public var url = ""
    /// Country and party id of the hub through which it speaks, in one word.
    public var hub: String?
    public var roles: [CredentialsRole] = []

    public init() {}

    public init(token: String, url: String, roles: [CredentialsRole]) {
      (self.token, self.url, self.roles) = (token, url, roles)
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("token", &token, max: 64)
      try w.visit("url", &url, max: 255)
      try w.visit("hub_party_id", &hub, max: 5, since: .v230)
      try w.visit("roles", &roles, count: 1...Limits.roles)
    }
  }

  /// A party that a platform speaks for (§7.4.1).
  public struct CredentialsRole: Payload {
    public var role = Role.other
    public var business = BusinessDetails()
    public var party = ""
    public var country = ""

    public init() {}

    public init(_ role: Role, _ name: PartyID, business: BusinessDetails) {
      (self.role, self.business, party, country) = (role, business, name.party, name.country)
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("role", &role)
      try w.visit("business_details", &business)
      try w.visit("party_id", &party, max: 3)
      try w.visit("country_code", &country, max: 2)
    }
  }
}
