// OCPP 1.6: gathers the routes of its profiles and finds its words for the house's commands. It decides nothing.

import Domain
import Wire

/// OCPP 1.6 JSON.
public final class Dialect16: Dialect {
  public let version = "1.6"
  public let subprotocol = "ocpp1.6"
  public let edition = Edition.v16
  public let transactionField: String? = "transactionId"
  public let transactionActions: Set = [V16.StartTransaction.action, V16.StopTransaction.action]
  public let settingKeys = V16.coreKeys
  public let routes = Routes([V16.coreRoutes, V16.firmwareRoutes, V16.securityRoutes])

  public let calls = [
    V16.coreCalls, V16.localAuthCalls, V16.reservationCalls, V16.smartChargingCalls, V16.firmwareCalls,
    V16.triggerCalls, V16.securityCalls,
  ].flatMap { $0 }

  public init() {}

  /// A group of commands, or one, to the profile that has its words.
  public func request(for command: StationCommand) throws(Unspeakable) -> CommandRequest {
    switch command {
    case .remoteStart(let start): try V16.remoteStart(start)
    case .remoteStop(let transaction): try V16.remoteStop(transaction)
    case .reset(let kind, let evse): try V16.reset(kind, evse: evse)
    // A connector of 1.6 is an EVSE with one connector.
    case .unlock(let evse, _): try V16.unlock(evse: evse)
    case .setAvailability(let evse, _, let operative): try V16.setAvailability(evse: evse, operative: operative)
    case .setConfiguration(let key, let value): try V16.setConfiguration(key: key, value: value)
    case .getConfiguration(let keys): try V16.getConfiguration(keys: keys)
    case .settings(let command): try V16.request(command)
    case .monitoring: throw Unspeakable("a station of OCPP 1.6 has no monitors")
    case .display: throw Unspeakable("a station of OCPP 1.6 shows no messages")
    case .grid: throw Unspeakable("a station of OCPP 1.6 has no grid controls")
    case .swap: throw Unspeakable("a station of OCPP 1.6 swaps no batteries")
    case .tariff: throw Unspeakable("a station of OCPP 1.6 knows no tariffs and no costs")
    case .customer: throw Unspeakable("a station of OCPP 1.6 tells nothing of its customers")
    case .clearCache: try CommandRequest(V16.ClearCache(), .v16)
    case .trigger(let trigger, let evse, _): try V16.trigger(trigger, evse: evse)
    case .transactionStatus: throw Unspeakable("OCPP 1.6 cannot be asked about a transaction")
    case .transferData(let vendor, let message, let data):
      try V16.transferData(vendor: vendor, message: message, data: data)
    case .capacity(let question): try V16.capacity(question)
    case .list(let command): try V16.request(command)
    case .reservation(let command): try V16.request(command)
    case .profile(let command): try V16.request(command)
    case .firmware(let command): try V16.request(command)
    case .security(let command): try V16.security(command)
    case .raw(let action, let payload): try CommandRequest(raw: action, payload, edition, calls)
    }
  }

  public func pieces(of command: StationCommand, limit: (SettingName) -> Int?) -> [StationCommand] {
    V16.pieces(of: command, limit: limit)
  }

  public func settings(told answer: JSON, to action: String, with payload: JSON) -> JSON? {
    V16.settings(told: answer, to: action, with: payload)
  }

  public func bootAnswer(_ reply: any Payload) -> Station.Registration? {
    switch (reply as? V16.BootNotification.Reply)?.status {
    case .accepted: .accepted
    case .pending: .pending
    case .rejected: .rejected
    case nil: nil
    }
  }
}
