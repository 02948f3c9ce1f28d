import Wire

/// How many digits a currency has after the point. CDRs carry four decimals; what somebody pays is rounded to these.
public enum Currency {
  /// Digits of the minor unit (ISO 4217); two where the code is not known.
  public static func digits(of code: String) -> Int {
    if without.contains(code) { return 0 }
    return thousandths.contains(code) ? 3 : 2
  }

  private static let without: Set = [
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF",
    "XPF",
  ]
  private static let thousandths: Set = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]
}

extension Money {
  /// What is paid of it in that currency: rounded half-up to its digits, the one rounding of bills.
  public func payable(in currency: String) -> Money {
    Money(rounding: decimal.rounded(toPlaces: Currency.digits(of: currency), .halfUp))
  }

  public static prefix func - (money: Money) -> Money { Money(tenThousandths: -money.tenThousandths) }
}
