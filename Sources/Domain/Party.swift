import Wire

/// One of our own parties: who we are towards partners. Every location, tariff, session and CDR belongs to one.
public struct Party: Sendable, Equatable {
  public enum Role: String, Word { case cpo = "CPO", emsp = "EMSP" }

  public var id: ID<Party>
  public var name: PartyID
  public var role: Role
  public var businessName: String
  public var website: String?

  public init(id: ID<Party>, name: PartyID, role: Role, businessName: String, website: String? = nil) {
    (self.id, self.name, self.role, self.businessName, self.website) = (id, name, role, businessName, website)
  }
}
