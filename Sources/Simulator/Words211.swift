import Domain
import OCPI
import Wire

/// OCPI 2.1.1 for a provider of drivers whose books are kept in the words of 2.2.1: what it is told is lifted, what it says is
/// lowered. Objects of 2.1.1 have no owner but their address, and some fields have other names.
struct Words211: Sendable {
  /// Whose drivers they are.
  let party: PartyID

  // MARK: What the house says

  /// - Parameters:
  ///   - path: below the version's address.
  ///   - house: whose bills they are: those have no party in their address.
  ///   - isPart: of a PATCH: what is not there is not added.
  func lifted(_ json: JSON, at path: [String], of house: PartyID?, isPart: Bool = false) -> JSON {
    let owner = path.count > 3 ? PartyID(country: path[1], party: path[2]) : house
    switch (path.first, path.count) {
    case ("locations", 5): return evse(json)
    case ("locations", 6): return connector(json)
    case ("locations", _): return location(json, of: owner, isPart)
    case ("tariffs", _): return owned(json, by: owner)
    case ("sessions", _): return session(json, of: owner)
    case ("cdrs", _): return cdr(json, of: owner)
    case ("commands", 1):
      // Nobody says how long the result may take.
      var answer = json
      answer["timeout"] = json["timeout"] ?? 30
      return answer
    case ("commands", _):
      // The answer that came late has the words of the first one.
      return json["result"] == "UNKNOWN_SESSION" ? ["result": "FAILED"] : json
    default: return json
    }
  }

  private func location(_ json: JSON, of owner: PartyID?, _ isPart: Bool) -> JSON {
    var place = owned(json, by: owner)
    if let evses = json["evses"]?.array { place["evses"] = .array(evses.map(evse)) }
    guard !isPart else { return place }
    place["publish"] = true
    place["time_zone"] = json["time_zone"] ?? "UTC"
    return place
  }

  private func evse(_ json: JSON) -> JSON {
    var evse = json
    if let connectors = json["connectors"]?.array { evse["connectors"] = .array(connectors.map(connector)) }
    return evse
  }

  private func connector(_ json: JSON) -> JSON {
    var connector = renamed(json, ["voltage": "max_voltage", "amperage": "max_amperage"])
    if let tariff = json["tariff_id"], !tariff.isNull { connector["tariff_ids"] = [tariff] }
    return connector
  }

  private func session(_ json: JSON, of owner: PartyID?) -> JSON {
    var session = driven(
      owned(renamed(json, ["start_datetime": "start_date_time", "end_datetime": "end_date_time"]), by: owner))
    if let place = json["location"] {
      let evse = place["evses"]?[0]
      session["location_id"] = place["id"]
      session["evse_uid"] = evse?["uid"] ?? "#NA"
      session["connector_id"] = evse?["connectors"]?[0]?["id"] ?? "#NA"
    }
    return session
  }

  private func cdr(_ json: JSON, of owner: PartyID?) -> JSON {
    var cdr = driven(owned(renamed(json, ["stop_date_time": "end_date_time"]), by: owner))
    if let tariffs = json["tariffs"]?.array { cdr["tariffs"] = .array(tariffs.map { owned($0, by: owner) }) }
    guard let place = json["location"] else { return cdr }
    let evse = place["evses"]?[0]
    let plug = evse?["connectors"]?[0]
    var spot: JSON = [:]
    for name in ["id", "name", "address", "city", "postal_code", "country", "coordinates"] { spot[name] = place[name] }
    spot["evse_uid"] = evse?["uid"] ?? "#NA"
    spot["evse_id"] = evse?["evse_id"] ?? "#NA"
    spot["connector_id"] = plug?["id"] ?? "#NA"
    for name in ["standard", "format", "power_type"] { spot["connector_\(name)"] = plug?[name] }
    cdr["cdr_location"] = spot
    return cdr
  }

  /// With the driver and the cost of a session or a bill.
  private func driven(_ json: JSON) -> JSON {
    var use = json
    if let driver = json["auth_id"] {
      use["cdr_token"] = [
        "country_code": .string(party.country), "party_id": .string(party.party), "uid": driver, "type": "RFID",
        "contract_id": driver,
      ]
    }
    if let cost = json["total_cost"], cost.object == nil, !cost.isNull { use["total_cost"] = ["excl_vat": cost] }
    return use
  }

  private func owned(_ json: JSON, by owner: PartyID?) -> JSON {
    guard let owner else { return json }
    var owned = json
    (owned["country_code"], owned["party_id"]) = (.string(owner.country), .string(owner.party))
    return owned
  }

  private func renamed(_ json: JSON, _ names: [String: String]) -> JSON {
    var renamed = json
    for (old, new) in names { if let value = json[old] { renamed[new] = value } }
    return renamed
  }

  // MARK: What the partner says

  /// A token, whether it stands alone or in a command.
  func lowered(_ token: V221.Token) -> JSON {
    var json = plain(token)
    json["auth_id"] = json["contract_id"]
    if token.kind != .rfid { json["type"] = "OTHER" }
    return without(
      ["country_code", "party_id", "contract_id", "group_id", "default_profile_type", "energy_contract"], json)
  }

  /// A verdict names no token, and no reference.
  func lowered(_ verdict: V221.AuthorizationInfo) -> JSON {
    without(["token", "authorization_reference"], plain(verdict))
  }

  func lowered(_ start: V221.StartSession) -> JSON {
    var json = without(["connector_id", "authorization_reference"], plain(start))
    json["token"] = lowered(start.token)
    return json
  }

  private func plain(_ object: some Payload) -> JSON {
    (try? JSON.parse(object.encoded(options: PartnerDesk.style))) ?? .null
  }

  private func without(_ names: Set<String>, _ json: JSON) -> JSON {
    var rest: JSON = [:]
    for member in json.object?.members ?? [] where !names.contains(member.key) { rest[member.key] = member.value }
    return rest
  }
}
