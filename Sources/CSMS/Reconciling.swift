import Domain
import Store
import Wire

// Which CDRs invoices ask for (OCPI 2.3.0, invoice reconciliation): partners that pay are told of ours, and what they tell of
// theirs is added up against our books.

extension CSMS {
  // MARK: Ours

  public func invoices(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<InvoiceRecord>
  {
    let (partner, owner) = (caller.terms.partner.id, caller.terms.ourParty.name)
    return try await answer { books throws(StoreFault) in
      let page = try books.invoices.page(query, of: partner)
      var records: [InvoiceRecord] = []
      var count = 0
      for invoice in page.items {
        let record = try books.invoices.record(of: invoice, owner: owner)
        count += record.cdrs.count
        // One of a month may list thousands: a page with many of those is cut short, and its link goes on from there.
        if !records.isEmpty, count > Limits.recordedCDRsPerPage { break }
        records.append(record)
      }
      return Page(items: records, total: page.total)
    }
  }

  /// A partner that is to pay it hears which CDRs it asks for.
  func invoiceMade(_ invoice: Invoice) throws(StoreFault) {
    guard invoice.payer.kind == .partner, let id = Int64(invoice.payer.id),
      let partner = try books.partners.partner(ID(id)), partner.takes(.invoices)
    else { return }
    try want(.invoices, "\(invoice.number)", of: partner.id, party: partner.party)
  }

  // MARK: Theirs

  public func invoice(
    _ id: String, of owner: PartyID, for caller: PartnerCaller
  ) async throws(PartnerFault) -> InvoiceRecord {
    let key = RoamingKey(partner: caller.terms.partner.id, party: owner, ref: id)
    return try await found { books throws(StoreFault) in try books.invoiceRecords.record(key) }
  }

  public func put(_ record: InvoiceRecord, from caller: PartnerCaller) async throws(PartnerFault) -> Bool {
    let partner = caller.terms.partner.id
    return try await partnerTurn { () throws(PartnerFault) in
      let key = RoamingKey(partner: partner, party: record.owner, ref: record.id)
      let held = try stored { () throws(StoreFault) in try self.books.invoiceRecords.record(key) }
      if held == record { return false }
      let count = try stored { () throws(StoreFault) in try self.books.invoiceRecords.count(of: partner) }
      guard held != nil || count < Limits.invoiceRecords else {
        throw .invalid("no more than \(Limits.invoiceRecords) records of yours are kept")
      }
      return try stored { () throws(StoreFault) in
        let isNew = try self.books.invoiceRecords.put(record, of: partner, at: self.now)
        try self.record(.roaming(.invoiceTold(partner, invoice: record.invoice, cdrs: record.cdrs.count)))
        return isNew
      }
    }
  }

  public func removeInvoice(
    _ id: String, of owner: PartyID, from caller: PartnerCaller
  ) async throws(PartnerFault) {
    let key = RoamingKey(partner: caller.terms.partner.id, party: owner, ref: id)
    try await partnerTurn { () throws(PartnerFault) in
      let held = try stored { () throws(StoreFault) in try self.books.invoiceRecords.record(key) }
      guard let held else { throw .unknownObject }
      try stored { () throws(StoreFault) in
        _ = try self.books.invoiceRecords.remove(key)
        try self.record(.roaming(.invoiceTakenBack(key.partner, invoice: held.invoice)))
      }
    }
  }
}
