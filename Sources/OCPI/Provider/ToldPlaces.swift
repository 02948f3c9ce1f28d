import Domain
import Wire

/// How another operator's locations are read, and how its changes of one, of an EVSE or of a connector make the next.
enum ToldPlaces {
  /// - Parameter party: whose it is by the address; OCPI 2.1.1 does not say it in the object.
  static func location(_ json: JSON, of party: PartyID) throws(PartnerFault) -> RoamingLocation {
    let told = try Told(json)
    var location = RoamingLocation(
      party: try owner(of: told, party), ref: try told.id("id", max: 39), updatedAt: try told.time("last_updated"),
      raw: json)
    location.name = try told.maybeText("name")
    location.address = try told.maybeText("address") ?? ""
    location.city = try told.maybeText("city") ?? ""
    location.postalCode = try told.maybeText("postal_code", max: 10)
    location.country = try told.maybeText("country", max: 3) ?? ""
    location.timeZone = try told.maybeText("time_zone") ?? ""
    let place = try told.object("coordinates")
    location.latitude = try place.number("latitude")
    location.longitude = try place.number("longitude")
    guard location.latitude.magnitude <= 90, location.longitude.magnitude <= 180 else {
      throw .invalid("coordinates are nowhere on earth")
    }
    for evse in try told.list("evses") { location.evses.append(try Self.evse(evse)) }
    return location
  }

  private static func evse(_ told: Told) throws(PartnerFault) -> RoamingEVSE {
    var evse = RoamingEVSE(
      uid: try told.id("uid", max: 39), evseID: try told.maybeText("evse_id", max: 48),
      status: try told.text("status", max: 36).uppercased(), capabilities: try told.texts("capabilities"))
    for connector in try told.list("connectors") { evse.connectors.append(try Self.connector(connector)) }
    return evse
  }

  private static func connector(_ told: Told) throws(PartnerFault) -> RoamingConnector {
    let type = try told.text("power_type", max: 36).uppercased()
    var tariffs = try told.texts("tariff_ids")
    if let tariff = try told.maybeText("tariff_id") { tariffs.append(tariff) }
    let phases = type == "AC_3_PHASE" ? 3 : type.hasPrefix("AC_2_PHASE") ? 2 : 1
    let volts = try told.maybeWhole("max_voltage", "voltage") ?? 0
    let amperes = try told.maybeWhole("max_amperage", "amperage") ?? 0
    let (watts, overflow) = volts.multipliedReportingOverflow(by: amperes)
    guard (0...Limits.toldWatts).contains(watts), !overflow else { throw .invalid("a connector is stronger than any") }
    return RoamingConnector(
      id: try told.id("id"), standard: try told.text("standard", max: 36), format: try told.text("format", max: 36),
      powerType: type, maxPower: try told.maybeWhole("max_electric_power") ?? watts * phases, tariffs: tariffs)
  }

  /// The party that an object names, which must be the one of its address.
  static func owner(of told: Told, _ party: PartyID) throws(PartnerFault) -> PartyID {
    guard let country = try told.maybeText("country_code", max: 2), let id = try told.maybeText("party_id", max: 3)
    else { return party }
    let named = PartyID(country: country, party: id)
    guard named == party else { throw .invalid("country_code and party_id are not those of the address") }
    return named
  }

  // MARK: Changes

  /// The location that a PUT or PATCH of one of its parts leaves behind.
  static func location(
    _ held: JSON, evse uid: String, connector id: String?, changedBy change: JSON, isPatch: Bool, needsStamp: Bool
  ) throws(PartnerFault) -> JSON {
    let told = try Told(change)
    let stamp = try stamp(of: told, isPatch: isPatch, needsStamp: needsStamp)
    var location = held
    var evses = held["evses"]?.array ?? []
    let place = evses.firstIndex { named($0, "uid", uid) }
    if let id {
      guard let place else { throw .unknownObject }
      try demandSame(told, "id", id, isPatch: isPatch)
      let connectors = try changed(evses[place]["connectors"]?.array ?? [], "id", id, by: change, isPatch)
      evses[place]["connectors"] = .array(connectors)
      raise(&evses[place], to: stamp)
    } else {
      try demandSame(told, "uid", uid, isPatch: isPatch)
      evses = try changed(evses, "uid", uid, by: change, isPatch)
    }
    location["evses"] = .array(evses)
    raise(&location, to: stamp)
    return location
  }

  /// The place that can be booked which a PUT or PATCH of its calendar leaves behind.
  static func location(
    _ held: JSON, calendar id: String, changedBy change: JSON, isPatch: Bool
  ) throws(PartnerFault) -> JSON {
    let told = try Told(change)
    let stamp = try told.time("last_updated")
    try demandSame(told, "id", id, isPatch: isPatch)
    var location = held
    location["calendars"] = .array(try changed(held["calendars"]?.array ?? [], "id", id, by: change, isPatch))
    raise(&location, to: stamp)
    return location
  }

  /// A PATCH of a whole location. What it says of EVSEs is said of each by itself: partners do not agree whether a list
  /// replaces or adds, and an EVSE that is gone says so by its status.
  static func location(_ held: JSON, patchedBy change: JSON, needsStamp: Bool) throws(PartnerFault) -> JSON {
    let told = try Told(change)
    let stamp = try stamp(of: told, isPatch: true, needsStamp: needsStamp)
    var next = held.patched(by: change)
    if let changes = change["evses"]?.array {
      var evses = held["evses"]?.array ?? []
      for change in changes {
        guard let uid = change["uid"]?.string else { throw .invalid("evses: uid is missing") }
        evses = try changed(evses, "uid", uid, by: change, evses.contains { named($0, "uid", uid) })
      }
      next["evses"] = .array(evses)
    }
    raise(&next, to: stamp)
    return next
  }

  private static func changed(
    _ list: [JSON], _ key: String, _ id: String, by change: JSON, _ isPatch: Bool
  ) throws(PartnerFault) -> [JSON] {
    var list = list
    guard let place = list.firstIndex(where: { named($0, key, id) }) else {
      guard !isPatch else { throw .unknownObject }
      guard list.count < Limits.toldItems else { throw .invalid("no more of these are kept") }
      return list + [change]
    }
    list[place] = isPatch ? list[place].patched(by: change) : change
    return list
  }

  private static func named(_ json: JSON, _ key: String, _ id: String) -> Bool {
    json[key]?.string?.ciFolded == id.ciFolded
  }

  private static func demandSame(_ told: Told, _ key: String, _ id: String, isPatch: Bool) throws(PartnerFault) {
    let named = isPatch ? try told.maybeText(key) : try told.text(key)
    guard named == nil || named?.ciFolded == id.ciFolded else { throw .invalid("\(key) is not the one of the address") }
  }

  /// When it changed. A PATCH has to say it since 2.2 (§4.1.5).
  static func stamp(of told: Told, isPatch: Bool, needsStamp: Bool) throws(PartnerFault) -> Timestamp? {
    if isPatch, !needsStamp { return try told.maybeTime("last_updated") }
    return try told.time("last_updated")
  }

  /// A change of a part is a change of the whole.
  private static func raise(_ json: inout JSON, to stamp: Timestamp?) {
    guard let stamp, (json["last_updated"]?.string.flatMap { Timestamp($0) } ?? .epoch) < stamp else { return }
    json["last_updated"] = .string(stamp.text(fraction: .seconds))
  }
}
