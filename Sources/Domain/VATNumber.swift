import Wire

/// What a register says of a VAT number that a driver typed at a station, for an invoice (OCPP 2.1, VatNumberValidation).
public enum VATAnswer: Sendable, Equatable {
  case valid(Company)
  case invalid
  /// Nobody could be asked, for the reason that people read.
  case unknown(String)

  /// Whose number it is, as far as the register tells it.
  public struct Company: Sendable, Equatable {
    public var name: String
    public var address: String
    public var postalCode: String?
    public var city: String
    public var country: String

    public init(name: String, address: String, postalCode: String? = nil, city: String, country: String) {
      (self.name, self.address, self.postalCode, self.city, self.country) = (name, address, postalCode, city, country)
    }

    public var json: JSON {
      [
        "name": .string(name), "address": .string(address), "postal_code": .maybe(postalCode), "city": .string(city),
        "country": .string(country),
      ]
    }

    /// As the books keep it.
    public init(_ json: JSON) {
      self.init(
        name: json["name"]?.string ?? "", address: json["address"]?.string ?? "",
        postalCode: json["postal_code"]?.string, city: json["city"]?.string ?? "",
        country: json["country"]?.string ?? "")
    }
  }
}
