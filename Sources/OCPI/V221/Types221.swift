import Domain
import Wire

/// The objects of OCPI 2.2.1 as they stand on the wire. A text that people read is declared `cut`; every other text is
/// an id or a code, which is never changed: an object whose id does not fit is not sent.
public enum V221 {
  /// A text in one language (§17.2.2).
  public struct DisplayText: Payload {
    public var language = ""
    public var text = ""

    public init() {}

    public init(_ text: String, language: String) { (self.language, self.text) = (language, text) }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("language", &language, max: 2)
      try w.visit("text", &text, max: 512, cut: true)
    }
  }

  /// An amount before VAT and, where VAT applies, with it (§17.5).
  public struct Price: Payload {
    public var beforeTax = Decimal.zero
    public var afterTax: Decimal?

    public init() {}

    public init(_ price: Domain.Price) {
      beforeTax = price.beforeTax.decimal
      afterTax = price.afterTax?.decimal
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("excl_vat", &beforeTax)
      try w.visit("incl_vat", &afterTax)
    }
  }

  /// WGS 84 degrees as text (§8.4.13).
  public struct GeoLocation: Payload {
    public var latitude = ""
    public var longitude = ""

    public init() {}

    public init(latitude: String, longitude: String) { (self.latitude, self.longitude) = (latitude, longitude) }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("latitude", &latitude, max: 10)
      try w.visit("longitude", &longitude, max: 11)
    }
  }

  /// A company as its drivers know it (§8.4.2).
  public struct BusinessDetails: Payload {
    public var name = ""
    public var website: String?

    public init() {}

    public init(name: String, website: String? = nil) { (self.name, self.website) = (name, website) }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("name", &name, max: 100, cut: true)
      try w.visit("website", &website, max: 255)
    }
  }

  public enum Role: String, Word {
    case other = "OTHER", cpo = "CPO", emsp = "EMSP", hub = "HUB", nap = "NAP", nsp = "NSP", scsp = "SCSP"
  }
}
