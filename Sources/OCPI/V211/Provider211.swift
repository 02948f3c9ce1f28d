import Domain
import Wire

/// OCPI 2.1.1 where we provide the drivers: commands name no connector and no reference, a reservation is a number, and
/// nothing takes one back (mod_commands §3).
extension Edition211 {
  public func command(
    _ command: RoamingCommand, respondTo url: String, _ style: WriterOptions
  ) throws(PushFault) -> Bytes {
    var json: JSON = ["response_url": .string(url)]
    switch command {
    case .start(let token, let location, let evse, _, _):
      json["token"] = try tree(offered(token, style))
      json["location_id"] = .string(location)
      if let evse { json["evse_uid"] = .string(evse) }
    case .stop(let session): json["session_id"] = .string(session)
    case .reserve(let token, let location, let evse, let reservation, let until, _):
      guard let number = Int64(reservation) else { throw .unfit("reservation_id: \(reservation) is no number") }
      json["token"] = try tree(offered(token, style))
      json["expiry_date"] = .string(until.text(fraction: .seconds))
      json["reservation_id"] = .number(JSONNumber(number))
      json["location_id"] = .string(location)
      if let evse { json["evse_uid"] = .string(evse) }
    case .cancel: throw .unfit("OCPI 2.1.1 cannot take a reservation back")
    case .unlock(let location, let evse, let connector):
      json["location_id"] = .string(location)
      json["evse_uid"] = .string(evse)
      json["connector_id"] = .string(connector)
    case .setProfile(_, let schedule): return try profile(schedule, respondTo: url, style)
    case .clearProfile, .activeProfile: throw Self.knowsNoProfiles
    case .book: throw .unfit("OCPI 2.1.1 has no bookings")
    }
    return json.bytes
  }

  public func profile(
    _ schedule: ChargingProfile.Schedule, respondTo url: String, _ style: WriterOptions
  ) throws(PushFault) -> Bytes {
    throw Self.knowsNoProfiles
  }

  private static var knowsNoProfiles: PushFault { .unfit("OCPI 2.1.1 has no charging profiles") }
}
