// OCPP 1.6: gathers the routes of its profiles and finds its words for the house's commands. It decides nothing.

import Domain
import Wire

/// OCPP 1.6 JSON.
public struct Dialect16: Dialect {
  public let version = "1.6"
  public let subprotocol = "ocpp1.6"
  public let edition = Edition.v16
  public let routes = Routes([V16.coreRoutes])

  public init() {}

  public func request(for command: StationCommand) throws(Unspeakable) -> CommandRequest {
    switch command {
    case .remoteStart(let evse, let tag):
      var call = V16.RemoteStartTransaction()
      call.connectorId = evse
      call.idTag = tag
      return try CommandRequest(call, edition)
    case .remoteStop(let transaction):
      var call = V16.RemoteStopTransaction()
      call.transactionId = transaction
      return try CommandRequest(call, edition)
    case .reset(let hard):
      var call = V16.Reset()
      call.type = hard ? .hard : .soft
      return try CommandRequest(call, edition)
    case .unlock(let evse):
      var call = V16.UnlockConnector()
      call.connectorId = evse
      return try CommandRequest(call, edition)
    case .setAvailability(let evse, let operative):
      var call = V16.ChangeAvailability()
      call.connectorId = evse
      call.type = operative ? .operative : .inoperative
      return try CommandRequest(call, edition)
    case .setConfiguration(let key, let value):
      var call = V16.ChangeConfiguration()
      call.key = key
      call.value = value
      return try CommandRequest(call, edition)
    case .getConfiguration(let keys):
      var call = V16.GetConfiguration()
      call.key = keys.isEmpty ? nil : keys
      return try CommandRequest(call, edition)
    case .clearCache:
      return try CommandRequest(V16.ClearCache(), edition)
    case .trigger(let trigger, let evse):
      var call = V16.TriggerMessage()
      switch trigger {
      case .boot: call.requestedMessage = .bootNotification
      case .heartbeat: call.requestedMessage = .heartbeat
      case .status: call.requestedMessage = .statusNotification
      case .meterValues: call.requestedMessage = .meterValues
      }
      call.connectorId = evse
      return try CommandRequest(call, edition)
    case .transferData(let vendor, let message, let data):
      var call = V16.DataTransfer()
      call.vendorId = vendor
      call.messageId = message
      call.data = data.map { FreeData(.string($0)) }
      return try CommandRequest(call, edition)
    case .raw(let action, let payload):
      return try CommandRequest(raw: action, payload)
    }
  }

  public func bootAnswer(_ reply: any Payload) -> Bool? {
    (reply as? V16.BootNotification.Reply).map { $0.status == .accepted }
  }
}
