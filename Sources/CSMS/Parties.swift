import Domain
import Store
import Wire

// Who we are: the operators of stations and providers of drivers that this house speaks for. Every change is an event.

extension CSMS {
  /// Adds a party of ours: another operator of stations, or a provider of drivers, also under a name that we have in
  /// another role.
  public func addParty(_ draft: Party, by who: String) async throws(Refusal) -> Party {
    try await turn { () throws(Refusal) in
      try self.check(draft)
      let all = try keep { () throws(StoreFault) in try self.books.parties.all() }
      guard all.count < Limits.parties else { throw .conflict("there are \(all.count) parties already") }
      if all.contains(where: { $0.name == draft.name && $0.role == draft.role }) {
        throw .conflict("\(draft.name) is a party of ours already")
      }
      return try keep { () throws(StoreFault) in
        let made = try self.books.parties.create(draft)
        if made.role == .emsp, !all.contains(where: { $0.role == .emsp }) { try self.introduce(made, by: who) }
        try self.record(.partyChanged(made.id, by: who))
        return made
      }
    }
  }

  /// Our first provider of drivers: partners that are invited and have not come yet will meet it beside our operator, as
  /// those do that are invited from now on. Who is registered already is not bothered: its page, `ostler partner provider`
  /// and PATCH make new tokens with it.
  private func introduce(_ provider: Party, by who: String) throws(StoreFault) {
    for partner in try books.partners.all() where partner.state == .invited && partner.provider == nil {
      guard try books.parties.party(partner.party)?.role == .cpo else { continue }
      var met = partner
      (met.provider, met.updatedAt) = (provider.id, time(after: partner.updatedAt))
      try books.partners.update(met)
      try record(.partnerChanged(partner.id, by: who))
    }
  }

  private func check(_ party: Party) throws(Refusal) {
    try checkText(party.businessName, "business_name", 1...Limits.nameLength)
    try checkText(party.website, "website", 1...255)
    guard PartyID(party.name.description) == party.name else {
      throw .invalid(field: "party_id", "a country code of two letters and a party id of three letters or digits")
    }
  }

  /// Changes what partners know of us. The name under which they know us is fixed while one of them is registered.
  public func changeParty(
    _ id: ID<Party>, by who: String, _ edit: @escaping @MainActor @Sendable (inout Party) throws(Refusal) -> Void
  ) async throws(Refusal) -> Party {
    try await turn { () throws(Refusal) in
      guard let old = try keep({ () throws(StoreFault) in try self.books.parties.party(id) }) else {
        throw .notFound("no such party")
      }
      var party = old
      try edit(&party)
      try self.check(party)
      if party.name != old.name {
        let isKnown = try keep { () throws(StoreFault) in
          try self.books.partners.all().contains {
            ($0.party == id || $0.provider == id) && ($0.state == .registered || $0.state == .paused)
          }
        }
        if isKnown {
          throw .conflict("a partner is registered with \(old.name): unregister it before the name changes")
        }
      }
      let changed = party
      try keep { () throws(StoreFault) in
        try self.books.parties.update(changed)
        try self.record(.partyChanged(id, by: who))
      }
      return changed
    }
  }

  /// What belongs to an operator belongs to a party of ours that is one.
  func checkOperator(_ id: ID<Party>) throws(Refusal) {
    let party = try keep { () throws(StoreFault) in try self.books.parties.party(id) }
    guard party?.role == .cpo else { throw .invalid(field: "party", "there is no such party that runs stations") }
  }

  /// Whose a place is; without one it is our first operator's.
  func owner(of place: ID<Location>?) throws(Refusal) -> ID<Party> {
    let location = try keep { () throws(StoreFault) in
      try place.flatMap { id throws(StoreFault) in try self.books.locations.location(id) }
    }
    return if let location { location.party } else { try ourParty().id }
  }

  func name(of party: ID<Party>) throws(Refusal) -> String {
    try keep { () throws(StoreFault) in try self.books.parties.party(party)?.name.description ?? "" }
  }

  /// Our first operator.
  func ourParty() throws(Refusal) -> Party {
    guard let party = try keep({ () throws(StoreFault) in try self.books.parties.cpo() }) else {
      throw .unavailable("no party of ours is in the books")
    }
    return party
  }
}
