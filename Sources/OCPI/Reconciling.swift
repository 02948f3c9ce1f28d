import Domain
import HTTP
import Wire

/// Which CDRs invoices ask for (2.3.0 §15): ours to partners are listed, theirs to us are taken, at the operator's door and at
/// the provider's alike.
extension Endpoints {
  func invoices(_ asked: Asked) async throws(PartnerFault) -> Reply {
    let query = try Self.query(asked.request.target)
    let page = try await service.invoices(query, for: asked.caller)
    return await list(page, query, asked, .invoiceReconciliation) { record throws(PushFault) in
      try asked.edition.invoice(record, asked.style)
    }
  }

  func showInvoice(_ asked: Asked) async throws(PartnerFault) -> Reply {
    let record = try await service.invoice(asked.segment("invoice"), of: try owner(asked), for: asked.caller)
    do throws(PushFault) { return Reply(Envelope(data: try asked.edition.invoice(record, asked.style))) } catch {
      throw .unavailable("The record cannot be written in this version: \(error)")
    }
  }

  func postInvoice(_ asked: Asked) async throws(PartnerFault) -> Reply {
    guard let json = body(asked) else { return Self.notJSON }
    let record = try asked.edition.invoice(from: json)
    guard asked.caller.terms.isPartner(record.owner) else {
      throw .invalid("\(record.owner) is not one of your parties")
    }
    return Reply(Envelope(), status: try await service.put(record, from: asked.caller) ? .created : .ok)
  }

  func putInvoice(_ asked: Asked) async throws(PartnerFault) -> Reply {
    let owner = try owner(asked)
    guard let json = body(asked) else { return Self.notJSON }
    let record = try asked.edition.invoice(from: json)
    guard record.owner == owner else { throw .invalid("country_code and party_id are not those of the address") }
    guard record.id.ciFolded == asked.segment("invoice").ciFolded else {
      throw .invalid("id is not the one of the address")
    }
    return Reply(Envelope(), status: try await service.put(record, from: asked.caller) ? .created : .ok)
  }

  func removeInvoice(_ asked: Asked) async throws(PartnerFault) -> Reply {
    try await service.removeInvoice(asked.segment("invoice"), of: try owner(asked), from: asked.caller)
    return Reply(Envelope())
  }

  private func owner(_ asked: Asked) throws(PartnerFault) -> PartyID {
    let party = PartyID(country: asked.segment("country"), party: asked.segment("party"))
    guard asked.caller.terms.isPartner(party) else { throw .foreignParty(party) }
    return party
  }
}
