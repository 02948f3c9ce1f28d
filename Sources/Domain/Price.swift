import Wire

/// An amount before tax and, where tax applies, after it, with what each tax has of the difference.
public struct Price: Payload {
  public var beforeTax = Money.zero
  public var afterTax: Money?
  /// One entry for each tax and rate; they sum to the difference. Nil where no tax applies, and in the limits of a
  /// tariff.
  public var taxes: [TaxAmount]?

  public init() {}

  public init(beforeTax: Money, afterTax: Money? = nil, taxes: [TaxAmount]? = nil) {
    (self.beforeTax, self.afterTax, self.taxes) = (beforeTax, afterTax, taxes)
  }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("excl_vat", &beforeTax)
    try w.visit("incl_vat", &afterTax)
    try w.visit("taxes", &taxes)
  }

  /// What is paid in the end.
  public var total: Money { afterTax ?? beforeTax }

  /// The two amounts without the list of taxes.
  public var amounts: Price { Price(beforeTax: beforeTax, afterTax: afterTax) }

  /// What a credit takes back.
  public var negated: Price {
    Price(
      beforeTax: -beforeTax, afterTax: afterTax.map { -$0 },
      taxes: taxes?.map { tax in
        var tax = tax
        tax.amount = -tax.amount
        return tax
      })
  }

  /// A tariff's limit where it is past the bound of prices: `Tariff.check` refuses such a one, and pricing holds it there.
  var held: Price {
    func held(_ money: Money) -> Money { Money(rounding: min(max(money.decimal, -Limits.price), Limits.price)) }
    return Price(beforeTax: held(beforeTax), afterTax: afterTax.map(held))
  }

  /// Both limits hold before tax and after tax, each for itself (OCPI 2.2.1 §11.3.1). Where a limit names only one of
  /// the two, the other one follows as far as the amount after tax would fall below the amount before tax. The taxes
  /// share what is left between the two amounts as they did before.
  func limited(from minimum: Price?, to maximum: Price?) -> Price {
    var before = beforeTax
    var after = total
    var isTaxed = afterTax != nil
    if let minimum {
      before = max(before, minimum.beforeTax)
      if let least = minimum.afterTax, least > after {
        after = least
        isTaxed = true
      }
      after = max(after, before)
    }
    if let maximum {
      before = min(before, maximum.beforeTax)
      if let most = maximum.afterTax, most < after { after = most }
      if !isTaxed { after = min(after, before) }
      before = min(before, after)
    }
    guard before != beforeTax || after != total else { return self }
    guard isTaxed else { return Price(beforeTax: before) }
    return Price(beforeTax: before, afterTax: after, taxes: TaxAmount.share(after - before, as: taxes ?? []))
  }
}

/// A tax that a tariff adds to prices without one of their own, such as a sales tax (OCPI 2.3.0 types, TaxAmount).
public struct Tax: Payload, Hashable {
  public var name = ""
  /// Of the business that remits it.
  public var accountNumber: String?
  public var percent = Decimal.zero

  public init() {}

  public init(_ name: String, percent: Decimal, accountNumber: String? = nil) {
    (self.name, self.percent, self.accountNumber) = (name, percent, accountNumber)
  }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("name", &name, max: 64)
    try w.visit("account_number", &accountNumber, max: 64)
    try w.visit("percentage", &percent)
  }

  /// Percent of a price's `vat`.
  static func vat(_ percent: Decimal) -> Tax { Tax(vatName, percent: percent) }
  static let vatName = "VAT"
}

/// What one tax has of a price (OCPI 2.3.0 types, TaxAmount).
public struct TaxAmount: Payload {
  public var name = ""
  public var accountNumber: String?
  public var percent: Decimal?
  public var amount = Money.zero

  public init() {}

  public init(_ name: String, percent: Decimal?, accountNumber: String? = nil, amount: Money) {
    (self.name, self.percent, self.accountNumber, self.amount) = (name, percent, accountNumber, amount)
  }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("name", &name, max: 64)
    try w.visit("account_number", &accountNumber, max: 64)
    try w.visit("percentage", &percent)
    try w.visit("amount", &amount)
  }

  /// The taxes with amounts that sum to a total: the largest takes what rounding leaves over.
  static func adjusted(_ taxes: [TaxAmount], to total: Money) -> [TaxAmount] {
    var settled = taxes
    guard let largest = settled.indices.max(by: { settled[$0].amount < settled[$1].amount }) else { return settled }
    let rest = total - settled.reduce(.zero) { $0 + $1.amount }
    settled[largest].amount = settled[largest].amount + rest
    return settled
  }

  /// The taxes in the proportions that they have, so that they sum to another total.
  fileprivate static func share(_ total: Money, as taxes: [TaxAmount]) -> [TaxAmount] {
    let sum = taxes.reduce(Int64(0)) { $0 + $1.amount.tenThousandths }
    guard sum > 0 else {
      if taxes.isEmpty { return total == .zero ? [] : [TaxAmount(Tax.vatName, percent: nil, amount: total)] }
      return adjusted(taxes, to: total)
    }
    let shares = taxes.map { tax in
      var tax = tax
      let exact = Ratio(Int128(tax.amount.tenThousandths) * Int128(total.tenThousandths), over: sum)
      tax.amount = Money(rounding: exact.rounded(toPlaces: 0, .halfUp) * Decimal(1, places: Money.places))
      return tax
    }
    return adjusted(shares, to: total)
  }
}
