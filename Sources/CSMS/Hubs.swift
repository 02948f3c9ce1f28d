import Domain
import Store
import Wire

// What hubs tell of the parties that they connect (OCPI 2.2.1 §15), and what payment providers tell of their terminals and
// of what they captured (OCPI 2.3.0 payments).

extension CSMS {
  public func client(_ name: PartyID, for caller: PartnerCaller) async throws(PartnerFault) -> HubClient {
    let partner = caller.terms.partner.id
    return try await found { books throws(StoreFault) in try books.duties.client(name, of: partner) }
  }

  /// A party that a hub tells of may send us tokens and commands from now on, in its own name.
  public func put(_ client: HubClient, from caller: PartnerCaller) async throws(PartnerFault) -> Bool {
    let partner = caller.terms.partner.id
    return try await partnerTurn { () throws(PartnerFault) in
      let hasRoom = try stored { () throws(StoreFault) in
        if try self.books.duties.client(client.name, of: partner) != nil { return true }
        return try self.books.duties.clientCount(of: partner) < Limits.clientsPerHub
      }
      guard hasRoom else { throw .invalid("more than \(Limits.clientsPerHub) parties") }
      return try stored { () throws(StoreFault) in
        let isNew = try self.books.duties.keep(client, of: partner)
        if caller.terms.hub != nil, client.name != caller.terms.hub {
          try self.books.partners.meet(client.name, as: client.role, behind: partner)
        }
        try self.record(.hubClientTold(partner, client.name, client.status))
        return isNew
      }
    }
  }

  public func terminal(_ id: String, for caller: PartnerCaller) async throws(PartnerFault) -> Terminal {
    let partner = caller.terms.partner.id
    return try await found { books throws(StoreFault) in try books.duties.terminal(id, of: partner) }
  }

  public func put(_ terminal: Terminal, from caller: PartnerCaller) async throws(PartnerFault) -> Bool {
    let partner = caller.terms.partner.id
    return try await partnerTurn { () throws(PartnerFault) in
      let hasRoom = try stored { () throws(StoreFault) in
        if try self.books.duties.terminal(terminal.id, of: partner) != nil { return true }
        return try self.books.duties.terminalCount(of: partner) < Limits.terminalsPerPartner
      }
      guard hasRoom else { throw .invalid("more than \(Limits.terminalsPerPartner) terminals") }
      return try stored { () throws(StoreFault) in
        let isNew = try self.books.duties.keep(terminal, of: partner)
        try self.record(.terminalTold(partner, id: terminal.id))
        return isNew
      }
    }
  }

  public func advice(_ id: String, for caller: PartnerCaller) async throws(PartnerFault) -> FinancialAdvice {
    let partner = caller.terms.partner.id
    return try await found { books throws(StoreFault) in try books.duties.advice(id, of: partner) }
  }

  public func put(_ advice: FinancialAdvice, from caller: PartnerCaller) async throws(PartnerFault) -> Bool {
    let partner = caller.terms.partner.id
    return try await partnerTurn { () throws(PartnerFault) in
      try stored { () throws(StoreFault) in
        let session = try self.books.sessions.session(reference: advice.authorizationReference)?.id
        let isNew = try self.books.duties.keep(advice, of: partner, session: session)
        try self.record(
          .adviceTold(
            partner, id: advice.id, session: session, capture: advice.capture, amount: advice.beforeTax,
            currency: advice.currency))
        return isNew
      }
    }
  }
}
