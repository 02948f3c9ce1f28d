import Domain
import Store
import Wire

// The operator's bookkeeping of who may charge: our own tokens. Those of partners are the partners' to change.

extension CSMS {
  /// Adds a token of ours. Where the draft leaves them empty, its contract id is made of our party and the uid, and its
  /// issuer is our business name. A tag of that uid is no longer unknown.
  public func addToken(_ draft: Token, by who: String) async throws(Refusal) -> Token {
    try await turn { () throws(Refusal) in
      let provider = try keep { () throws(StoreFault) in try self.books.parties.provider() }
      let party = if let provider { provider } else { try self.ourParty() }
      var token = draft
      token.owner = nil
      if token.contractID.isEmpty { token.contractID = contractID(of: party.name, uid: token.uid) }
      if token.issuer.isEmpty { token.issuer = party.businessName }
      (token.createdAt, token.updatedAt) = (self.now, self.now)
      try check(token)
      let new = token
      if try keep({ () throws(StoreFault) in try self.books.tokens.token(new.uid, new.kind, owner: nil) }) != nil {
        throw .conflict("there is a token \(new.uid) of this type already")
      }
      return try keep { () throws(StoreFault) in
        let made = try self.books.tokens.create(new)
        try self.books.tokens.forgetUnknownTag(made.uid)
        try self.record(.tokenChanged(made.id, by: who))
        try self.tokenMoved(made)
        return made
      }
    }
  }

  /// Changes a token of ours; its uid and type never change.
  public func changeToken(
    _ id: ID<Token>, by who: String, _ edit: @escaping @MainActor @Sendable (inout Token) throws(Refusal) -> Void
  ) async throws(Refusal) -> Token {
    try await turn { () throws(Refusal) in
      let old = try self.ownToken(id)
      var token = old
      try edit(&token)
      (token.uid, token.kind, token.owner) = (old.uid, old.kind, old.owner)
      token.updatedAt = self.time(after: old.updatedAt)
      try check(token)
      let changed = token
      try keep { () throws(StoreFault) in
        try self.books.tokens.update(changed)
        try self.record(.tokenChanged(id, by: who))
        try self.tokenMoved(changed)
      }
      return changed
    }
  }

  /// Removes a token of ours. Sessions and CDRs keep their copy of it.
  public func removeToken(
    _ id: ID<Token>, by who: String, _ look: @escaping @MainActor @Sendable (Token) throws(Refusal) -> Void = { _ in }
  ) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let token = try self.ownToken(id)
      try look(token)
      try keep { () throws(StoreFault) in
        try self.books.tokens.remove(id)
        try self.record(.tokenRemoved(id, by: who))
        try self.tokenRemoved(token)
      }
    }
  }

  private func ownToken(_ id: ID<Token>) throws(Refusal) -> Token {
    guard let token = try keep({ () throws(StoreFault) in try self.books.tokens.token(id) }) else {
      throw .notFound("no such token")
    }
    guard token.owner == nil else { throw .conflict("this token belongs to a partner; only the partner can change it") }
    return token
  }
}

/// Lengths as OCPI 2.2.1 §12.3.2 has them.
private func check(_ token: Token) throws(Refusal) {
  try checkText(token.uid, "uid", 1...36)
  guard !token.foldedUID.isEmpty else { throw .invalid(field: "uid", "a uid is not only spaces") }
  try checkText(token.contractID, "contract_id", 1...36)
  try checkText(token.visualNumber, "visual_number", 1...64)
  try checkText(token.issuer, "issuer", 1...64)
  try checkText(token.groupID, "group_id", 1...36)
  try checkText(token.language, "language", 2...2)
}

/// An eMAID as far as a card's number allows: `NL-OST-C04A1B2C3`.
private func contractID(of party: PartyID, uid: String) -> String {
  let signs = uid.uppercased().unicodeScalars.filter { ("A"..."Z").contains($0) || ("0"..."9").contains($0) }.suffix(9)
  let instance = String(String.UnicodeScalarView(signs))
  return "\(party.country)-\(party.party)-C" + String(repeating: "0", count: max(0, 8 - instance.count)) + instance
}
