import Wire

// Whether what an operator wrote of a place makes sense, beyond what its declaration bounds.

/// What is wrong with a field, for whoever wrote it.
public struct FieldFlaw: Sendable, Equatable {
  public let field: String
  public let why: String

  public init(_ field: String, _ why: String) { (self.field, self.why) = (field, why) }
}

extension LocationDetails {
  /// Nil where all of it makes sense.
  public var flaw: FieldFlaw? {
    for (place, hours) in (opening?.regular ?? []).enumerated() {
      guard let begin = TariffText.minutes(hours.begin), let end = TariffText.minutes(hours.end) else {
        return FieldFlaw("opening_times.regular_hours[\(place)]", "times as 08:00 and 18:30")
      }
      if begin >= end { return FieldFlaw("opening_times.regular_hours[\(place)]", "it ends after it begins") }
    }
    for span in (opening?.openings ?? []) + (opening?.closings ?? []) where span.begin >= span.end {
      return FieldFlaw("opening_times", "an exceptional period ends after it begins")
    }
    for place in related ?? [] where Coordinates(latitude: place.latitude, longitude: place.longitude) == nil {
      return FieldFlaw("related_locations", "degrees as decimal text")
    }
    let places = (parkingPlaces ?? []).map { $0.id.ciFolded }
    if Set(places).count < places.count || places.contains("") {
      return FieldFlaw("parking_places", "each has an id of its own")
    }
    let pictures =
      (images ?? []) + (parkingPlaces ?? []).flatMap { $0.images ?? [] }
      + [operatedBy, suboperator, owner].compactMap { $0?.logo }
    if let flaw = Image.flaw(of: pictures) { return flaw }
    let sites = [operatedBy, suboperator, owner].compactMap { $0?.website }
    return sites.allSatisfy(isWebAddress)
      ? nil : FieldFlaw("website", "an address that begins with https:// or http://")
  }
}

extension EVSEDetails {
  /// Nil where all of it makes sense.
  public var flaw: FieldFlaw? {
    if let coordinates,
      Coordinates(latitude: coordinates.latitude, longitude: coordinates.longitude) == nil
    {
      return FieldFlaw("coordinates", "degrees as decimal text")
    }
    for planned in schedule ?? [] {
      if let end = planned.end, end <= planned.begin { return FieldFlaw("status_schedule", "it ends after it begins") }
    }
    return Image.flaw(of: images ?? [])
  }
}

extension ConnectorDetails {
  /// Nil where all of it makes sense.
  public var flaw: FieldFlaw? {
    guard let terms, !isWebAddress(terms) else { return nil }
    return FieldFlaw("terms_and_conditions", "an address that begins with https:// or http://")
  }
}

extension Image {
  fileprivate static func flaw(of images: [Image]) -> FieldFlaw? {
    for image in images {
      guard ([image.url] + [image.thumbnail].compactMap { $0 }).allSatisfy(isWebAddress) else {
        return FieldFlaw("images", "an address that begins with https:// or http://")
      }
      guard !image.format.isEmpty, image.format.utf8.allSatisfy({ $0.isASCIIAlphanumeric }) else {
        return FieldFlaw("images", "a type such as png")
      }
    }
    return nil
  }
}

func isWebAddress(_ text: String) -> Bool {
  (text.hasPrefix("https://") || text.hasPrefix("http://")) && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
}

extension EVSE {
  /// Whether a text is an EVSE id as eMI3 makes them: country, operator, `E` and a name, such as `NL*OST*E0001`, with or
  /// without the stars (OCPI 2.2.1 §8.3.2).
  public static func isEMI3(_ text: String) -> Bool {
    var rest = text.uppercased()[...]
    func take(_ count: Int, _ fits: (Character) -> Bool) -> Bool {
      guard rest.count >= count, rest.prefix(count).allSatisfy(fits) else { return false }
      rest = rest.dropFirst(count)
      if rest.first == "*" { rest = rest.dropFirst() }
      return true
    }
    func isLetter(_ sign: Character) -> Bool { sign.isASCII && sign.isLetter }
    func isSign(_ sign: Character) -> Bool { sign.isASCII && (sign.isLetter || sign.isNumber) }
    guard take(2, isLetter), take(3, isSign), rest.first == "E" else { return false }
    rest = rest.dropFirst()
    return (1...31).contains(rest.count) && rest.allSatisfy { isSign($0) || $0 == "*" } && rest.contains(where: isSign)
  }
}
