import Domain
import Wire

/// The objects of OCPI 2.2.1 and 2.3.0 as they stand on the wire: what 2.3.0 has beside 2.2.1 is marked. A text that people read is declared `cut`; every other text is
/// an id or a code, which is never changed: an object whose id does not fit is not sent.
public enum V221 {
  /// A text in one language (§17.2.2), degrees as text (§8.4.13), and a company (§8.4.2): the same in every version.
  public typealias DisplayText = LocalText
  public typealias GeoLocation = EVSEDetails.Place
  public typealias BusinessDetails = Company

  /// An amount before VAT and, where VAT applies, with it (§17.5); since 2.3.0 with each tax by itself.
  public struct Price: Payload {
    public var beforeTax = Decimal.zero
    public var afterTax: Decimal?
    public var taxes: [TaxAmount]?

    public init() {}

    public init(_ price: Domain.Price) {
      beforeTax = price.beforeTax.decimal
      afterTax = price.afterTax?.decimal
      if let named = price.taxes {
        taxes = named.isEmpty ? nil : named.map(TaxAmount.init)
      } else if let afterTax, afterTax != beforeTax {
        taxes = [TaxAmount(Domain.TaxAmount("VAT", percent: nil, amount: Money(rounding: afterTax - beforeTax)))]
      }
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      guard w.edition == .v230 else {
        try w.visit("excl_vat", &beforeTax)
        return try w.visit("incl_vat", &afterTax)
      }
      try w.visit("before_taxes", &beforeTax)
      try w.visit("taxes", &taxes)
    }
  }

  /// What one tax has of a price (2.3.0 §17.2.3).
  public struct TaxAmount: Payload {
    public var name = ""
    public var account: String?
    public var percentage: Decimal?
    public var amount = Decimal.zero

    public init() {}

    init(_ tax: Domain.TaxAmount) {
      (name, account, percentage) = (tax.name, tax.accountNumber?.nonEmpty, tax.percent)
      amount = tax.amount.decimal
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("name", &name, max: 255, cut: true)
      try w.visit("account_number", &account, max: 255, cut: true)
      try w.visit("percentage", &percentage)
      try w.visit("amount", &amount)
    }
  }

  /// The least or most that a session costs (§11.3.1); 2.3.0 has names of its own for the two amounts.
  public struct PriceLimit: Payload {
    public var beforeTax = Decimal.zero
    public var afterTax: Decimal?

    public init() {}

    init(_ price: Domain.Price) { (beforeTax, afterTax) = (price.beforeTax.decimal, price.afterTax?.decimal) }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      guard w.edition == .v230 else {
        try w.visit("excl_vat", &beforeTax)
        return try w.visit("incl_vat", &afterTax)
      }
      try w.visit("before_taxes", &beforeTax)
      try w.visit("after_taxes", &afterTax)
    }
  }

  public enum Role: String, Word {
    case other = "OTHER", cpo = "CPO", emsp = "EMSP", hub = "HUB", nap = "NAP", nsp = "NSP", scsp = "SCSP"
  }
}
