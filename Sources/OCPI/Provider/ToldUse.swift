import Domain
import Wire

/// How another operator's tariffs, sessions and CDRs are read.
enum ToldUse {
  /// - Parameter read: how the version spells a tariff.
  static func tariff(
    _ json: JSON, of party: PartyID, _ read: (JSON) throws(PartnerFault) -> Tariff
  ) throws(PartnerFault) -> RoamingTariff {
    let told = try Told(json)
    return RoamingTariff(
      party: try ToldPlaces.owner(of: told, party), ref: try told.id("id"), tariff: try read(json),
      updatedAt: try told.time("last_updated"), raw: json)
  }

  static func session(_ json: JSON, of party: PartyID) throws(PartnerFault) -> RoamingSession {
    let told = try Told(json)
    var session = RoamingSession(
      party: try ToldPlaces.owner(of: told, party), ref: try told.id("id"), token: try token(told),
      method: try told.text("auth_method", max: 36), status: try told.text("status", max: 36).uppercased(),
      startedAt: try told.time("start_date_time", "start_datetime"), energy: try told.energy("kwh"),
      currency: try told.text("currency", max: 3), updatedAt: try told.time("last_updated"), raw: json)
    session.endedAt = try told.maybeTime("end_date_time", "end_datetime")
    session.authorizationReference = try told.maybeText("authorization_reference", "authorization_id", max: 36)
    (session.location, session.evse, session.connector) = try place(told)
    session.cost = try told.maybePrice("total_cost")
    return session
  }

  /// A session with a PATCH applied: charging periods come behind those that are there (OCPI 2.2.1 §9.2.2.3). Before 2.2 a
  /// change, which needs no time stamp there, replaces every field that it has (2.1.1 mod_sessions §2.2.3).
  static func session(_ held: JSON, patchedBy change: JSON, needsStamp: Bool) throws(PartnerFault) -> JSON {
    _ = try ToldPlaces.stamp(of: try Told(change), isPatch: true, needsStamp: needsStamp)
    var next = held.patched(by: change)
    guard needsStamp else { return next }
    if let more = change["charging_periods"]?.array, let before = held["charging_periods"]?.array {
      guard before.count + more.count <= Limits.toldItems else { throw .invalid("charging_periods are too many") }
      next["charging_periods"] = .array(before + more)
    }
    return next
  }

  static func cdr(
    _ json: JSON, of party: PartyID, _ read: (JSON) throws(PartnerFault) -> Tariff
  ) throws(PartnerFault) -> RoamingCDR {
    let told = try Told(json)
    let owner: PartyID
    if let country = try told.maybeText("country_code", max: 2), let id = try told.maybeText("party_id", max: 3) {
      owner = PartyID(country: country, party: id)
    } else {
      owner = party
    }
    var cdr = RoamingCDR(
      party: owner, ref: try told.id("id", max: 39), token: try token(told),
      method: try told.text("auth_method", max: 36), startedAt: try told.time("start_date_time"),
      endedAt: try told.time("end_date_time", "stop_date_time"), currency: try told.text("currency", max: 3),
      cost: try told.price("total_cost"), energy: try told.energy("total_energy"), time: try told.number("total_time"),
      updatedAt: try told.time("last_updated"), raw: json)
    cdr.session = try told.maybeText("session_id", max: 36)
    cdr.isCredit = told.maybeFlag("credit") ?? false
    cdr.creditReference = try told.maybeText("credit_reference_id", max: 39)
    cdr.authorizationReference = try told.maybeText("authorization_reference", "authorization_id", max: 36)
    (cdr.location, cdr.evse, cdr.connector) = try place(told)
    for tariff in try told.list("tariffs") {
      // One that cannot be read prices nothing; the CDR is a CDR all the same.
      guard let plain = try? read(tariff.json) else { continue }
      cdr.tariffs.append(
        RoamingTariff(
          party: owner, ref: plain.ref, tariff: plain, updatedAt: try tariff.maybeTime("last_updated") ?? .epoch,
          raw: tariff.json))
    }
    for period in try told.list("charging_periods") {
      var volumes: [String: Decimal] = [:]
      for dimension in try period.list("dimensions") {
        volumes[try dimension.text("type", max: 36).uppercased()] = try dimension.number("volume")
      }
      cdr.periods.append(
        RoamingPeriod(
          startedAt: try period.time("start_date_time"), volumes: volumes, tariff: try period.maybeText("tariff_id")))
    }
    cdr.fixedCost = try told.maybePrice("total_fixed_cost")
    cdr.energyCost = try told.maybePrice("total_energy_cost")
    cdr.timeCost = try told.maybePrice("total_time_cost")
    cdr.parkingCost = try told.maybePrice("total_parking_cost")
    cdr.reservationCost = try told.maybePrice("total_reservation_cost")
    cdr.parkingTime = try told.maybeNumber("total_parking_time")
    return cdr
  }

  /// A token as sessions and CDRs name it; in 2.1.1 by the contract alone.
  private static func token(_ told: Told) throws(PartnerFault) -> TokenReference {
    guard let token = try told.maybeObject("cdr_token") else {
      let contract = try told.text("auth_id", max: 36)
      return TokenReference(party: PartyID(country: "", party: ""), uid: "", kind: .other, contractID: contract)
    }
    return TokenReference(
      party: PartyID(
        country: try token.maybeText("country_code", max: 2) ?? "", party: try token.maybeText("party_id", max: 3) ?? ""
      ),
      uid: try token.text("uid", max: 36), kind: Token.Kind(rawValue: try token.text("type").uppercased()) ?? .other,
      contractID: try token.maybeText("contract_id", max: 36) ?? "")
  }

  /// Location, EVSE and connector: as ids in a session, as a place of its own in a CDR, as a location with the one EVSE
  /// and connector that matter in 2.1.1.
  private static func place(_ told: Told) throws(PartnerFault) -> (String?, String?, String?) {
    if let place = try told.maybeObject("cdr_location") {
      return (
        try place.maybeText("id", max: 39), try place.maybeText("evse_uid", max: 39),
        try place.maybeText("connector_id", max: 36)
      )
    }
    if let place = try told.maybeObject("location") {
      let evse = try place.list("evses").first
      return (
        try place.maybeText("id", max: 39), try evse?.maybeText("uid", max: 39),
        try evse?.list("connectors").first?.maybeText("id", max: 36)
      )
    }
    return (
      try told.maybeText("location_id", max: 39), try told.maybeText("evse_uid", max: 39),
      try told.maybeText("connector_id", max: 36)
    )
  }
}
