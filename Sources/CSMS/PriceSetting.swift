import Domain
import Store
import Wire

// The operator's prices. A change makes a new version; sessions keep the version that they began with, so no price
// moves under a running session.

extension CSMS {
  /// Adds a tariff; without a ref it gets one.
  /// - Parameter owner: the party of ours whose it is; our first operator where none is named.
  public func addTariff(
    _ draft: Tariff, of owner: ID<Party>? = nil, by who: String
  ) async throws(Refusal) -> TariffVersion {
    try await turn { () throws(Refusal) in
      let party = if let owner { owner } else { try self.ourParty().id }
      try self.checkOperator(party)
      var tariff = draft
      if tariff.ref.isEmpty { tariff.ref = self.newID() }
      try check(tariff)
      let new = tariff
      if try keep({ () throws(StoreFault) in try self.books.tariffs.tariff(new.ref, of: party) }) != nil {
        throw .conflict("there is a tariff \(new.ref) already")
      }
      return try keep { () throws(StoreFault) in
        let made = try self.books.tariffs.create(new, of: party, at: self.now)
        try self.record(.tariffChanged(made.id, by: who))
        try self.tariffMoved(made.id)
        return made
      }
    }
  }

  /// Gives a tariff new prices. Its ref never changes. `look` sees the version that holds, and may refuse.
  public func changeTariff(
    _ id: ID<Tariff>, to tariff: Tariff, by who: String,
    _ look: @escaping @MainActor @Sendable (TariffVersion) throws(Refusal) -> Void = { _ in }
  ) async throws(Refusal) -> TariffVersion {
    try await turn { () throws(Refusal) in
      let old = try self.tariff(id)
      try look(old)
      var next = tariff
      if next.ref.isEmpty { next.ref = old.tariff.ref }
      guard next.ref == old.tariff.ref else { throw .invalid(field: "id", "the id of a tariff never changes") }
      try check(next)
      let wish = next
      // The same once more is no change that anybody must hear of.
      guard wish != old.tariff else { return old }
      return try keep { () throws(StoreFault) in
        guard let changed = try self.books.tariffs.update(id, to: wish, at: self.time(after: old.updatedAt)) else {
          throw StoreFault.missing("the tariff")
        }
        try self.record(.tariffChanged(id, by: who))
        try self.tariffMoved(id)
        return changed
      }
    }
  }

  /// Removes a tariff that no connector uses.
  public func removeTariff(
    _ id: ID<Tariff>, by who: String,
    _ look: @escaping @MainActor @Sendable (TariffVersion) throws(Refusal) -> Void = { _ in }
  ) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let tariff = try self.tariff(id)
      try look(tariff)
      let users = try keep { () throws(StoreFault) in try self.books.tariffs.whereUsed(id) }
      if let user = users.first {
        throw .conflict("station \(user.station), EVSE \(user.evseNumber) uses it: give it another tariff first")
      }
      if let policy = try keep({ () throws(StoreFault) in try self.books.policies.live(of: id) }) {
        throw .conflict("the policy '\(policy.policy.name)' moves its price: pause it first")
      }
      try keep { () throws(StoreFault) in
        try self.books.tariffs.remove(id)
        try self.record(.tariffRemoved(id, by: who))
        try self.tariffRemoved(ref: tariff.tariff.ref, party: tariff.party)
      }
    }
  }

  private func tariff(_ id: ID<Tariff>) throws(Refusal) -> TariffVersion {
    guard let tariff = try keep({ () throws(StoreFault) in try self.books.tariffs.tariff(id) }) else {
      throw .notFound("no such tariff")
    }
    return tariff
  }
}

/// A tariff with an error cannot be sold; what is only rarely meant is the operator's to decide.
private func check(_ tariff: Tariff) throws(Refusal) {
  try checkText(tariff.ref, "id", 1...36)
  if let flaw = tariff.check().first(where: { $0.severity == .error }) { throw .invalid(field: flaw.path, flaw.text) }
}
