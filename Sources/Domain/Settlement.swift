import Wire

/// What a payment terminal made of the money for a session (OCPP 2.1 C21, C22).
public struct Settlement: Sendable, Equatable {
  public enum State: String, Word {
    case settled
    /// Nothing was to be paid.
    case canceled
    case rejected, failed
  }

  /// As the station names it; nil where it belongs to no session.
  public var transaction: String?
  /// The payment provider's own.
  public var reference: String
  public var state: State
  /// In the currency of the station, taxes included.
  public var amount: Decimal
  public var at: Timestamp
  public var receiptURL: String?
  /// The station's words.
  public var note: String?

  public init(
    transaction: String?, reference: String, state: State, amount: Decimal, at: Timestamp, receiptURL: String? = nil,
    note: String? = nil
  ) {
    self.transaction = transaction
    self.reference = reference
    self.state = state
    self.amount = amount
    self.at = at
    self.receiptURL = receiptURL
    self.note = note
  }
}

@MainActor
public protocol PaymentReports {
  func paid(_ settlement: Settlement) throws(TurnFault) -> String?
  /// Is this a VAT number, and whose? Whoever keeps the register is asked.
  func company(ofVATNumber number: String) throws(TurnFault) -> Eventually<VATAnswer>
}
