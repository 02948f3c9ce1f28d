import Wire

/// Which CDRs an invoice asks for, told beside the invoice itself (OCPI 2.3.0 §15, invoice reconciliation): whoever pays can
/// add up the same.
public struct InvoiceRecord: Payload, Equatable {
  public var country = ""
  public var party = ""
  public var id = ""
  /// As the paper is called.
  public var invoice = ""
  public var cdrs: [String] = []
  public var updatedAt = Timestamp(milliseconds: 0)

  public init() {}

  public init(of owner: PartyID, id: String, invoice: String, cdrs: [String], updatedAt: Timestamp) {
    (country, party) = (owner.country, owner.party)
    (self.id, self.invoice, self.cdrs, self.updatedAt) = (id, invoice, cdrs, updatedAt)
  }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("country_code", &country, max: 2)
    try w.visit("party_id", &party, max: 3)
    try w.visit("id", &id, max: 36)
    try w.visit("invoice_id", &invoice, max: 255)
    // The ids of CDRs have 39 characters by their own chapter and 36 by this one.
    try w.visit("cdrs", &cdrs, max: 39, count: 1...Limits.recordedCDRs)
    try w.visit("last_updated", &updatedAt)
  }

  /// Whose it is.
  public var owner: PartyID { PartyID(country: country, party: party) }
}
