import Domain
import Store
import Wire

// Money that was taken at a station: the operator finds it beside the session.

extension CSMS {
  /// The address of the receipt, where the operator makes them (OCPP 2.1 C21.FR.03).
  func paid(_ settlement: Settlement, at station: ID<Station>) throws(StoreFault) -> String? {
    let paidFor = try session(of: settlement, at: station)
    switch try books.settlements.keep(settlement, of: station, session: paidFor, at: now) {
    case .isNew, .changed: try record(.paymentSettled(station, session: paidFor, settlement))
    // The station had no answer to it: it is the same payment.
    case .repeated: break
    }
    if let paidFor { try lookWhetherPaid(paidFor, at: station) }
    guard settlement.state == .settled, let pattern = settings.receiptURL, let session = paidFor else { return nil }
    let url = pattern.replacing("{session}", with: session.percentEncoded)
      .replacing("{reference}", with: settlement.reference.percentEncoded)
    return url.utf8.count <= Limits.receiptURL ? url : nil
  }

  /// By the station's name for the session, else by the payment's reference (C19.FR.02, C22).
  private func session(of settlement: Settlement, at station: ID<Station>) throws(StoreFault) -> String? {
    if let name = settlement.transaction { return try books.transactions.transaction(name, of: station)?.session }
    guard !settlement.reference.isEmpty, let session = try books.sessions.session(reference: settlement.reference),
      session.station == station, session.owner == nil
    else { return nil }
    return session.id
  }

  /// What a terminal took for a session is what the session costs; where it is not, somebody must look at it. Nothing is
  /// said before both are known.
  func lookWhetherPaid(_ session: String, at station: ID<Station>) throws(StoreFault) {
    guard let paid = try books.settlements.paid(for: session), let cdr = try books.cdrs.cdr(session: session)?.cdr
    else { return }
    let cost = cdr.totals.cost.total
    guard paid.payable(in: cdr.currency) != cost.payable(in: cdr.currency) else { return }
    try noteOddity(
      "what was paid at the station is not what the session costs",
      sample: "\(session): paid \(paid), costs \(cost) \(cdr.currency)", of: station)
  }
}

extension StationDesk {
  func paid(_ settlement: Settlement) throws(TurnFault) -> String? {
    try served { house, station throws(StoreFault) in try house.paid(settlement, at: station) } ?? nil
  }
}
