// OCPP 2.x: gathers the routes of its blocks and finds its words for the house's commands. It decides nothing.

import Domain
import Wire

/// OCPP 2.0.1 or 2.1 JSON: one dialect in two editions.
public final class Dialect2: Dialect {
  public static let v201 = Dialect2("2.0.1", .v201)
  public static let v21 = Dialect2("2.1", .v21)

  public let version: String
  public let subprotocol: String
  public let edition: Edition
  public let routes = Routes([
    V2.coreRoutes, V2.securityRoutes, V2.deviceRoutes, V2.reservationRoutes, V2.chargingRoutes, V2.firmwareRoutes,
    V2.certificateRoutes, V2.gridRoutes, V2.swapRoutes, V2.paymentRoutes,
  ])
  public let calls: [any Message.Type]
  public let hearsOnlyTheAccepted = true
  public let transactionActions: Set = [V2.TransactionEvent.action]

  private init(_ version: String, _ edition: Edition) {
    self.version = version
    self.edition = edition
    subprotocol = "ocpp\(version)"
    calls = V2.houseCalls.filter { $0.since <= edition }
  }

  /// A group of commands, or one, to the block that has its words.
  public func request(for command: StationCommand) throws(Unspeakable) -> CommandRequest {
    switch command {
    case .remoteStart(let start): try V2.remoteStart(start, edition)
    case .remoteStop(let transaction): try V2.remoteStop(transaction, edition)
    case .reset(let kind, let evse): try V2.reset(kind, evse: evse, edition)
    case .unlock(let evse, let connector): try V2.unlock(evse: evse, connector: connector, edition)
    case .setAvailability(let evse, let connector, let operative):
      try V2.setAvailability(evse: evse, connector: connector, operative: operative, edition)
    case .setConfiguration(let key, let value): try V2.setConfiguration(key: key, value: value, edition)
    case .getConfiguration(let keys): try V2.getConfiguration(keys: keys, edition)
    case .settings(let command): try V2.request(command, edition)
    case .monitoring(let command): try V2.request(command, edition)
    case .display(let command): try V2.request(command, edition)
    case .customer(let command): try V2.request(command, edition)
    case .grid(let command): try V2.request(command, edition)
    case .swap(let command): try V2.request(command, edition)
    case .tariff(let command): try V2.request(command, edition)
    case .clearCache: try CommandRequest(V2.ClearCache(), edition)
    case .trigger(let trigger, let evse, let connector):
      try V2.trigger(trigger, evse: evse, connector: connector, edition)
    case .transferData(let vendor, let message, let data):
      try V2.transferData(vendor: vendor, message: message, data: data, edition)
    case .transactionStatus(let transaction): try V2.transactionStatus(transaction, edition)
    case .capacity(let question): try V2.capacity(question, edition)
    case .list(let command): try V2.request(command, edition)
    case .reservation(let command): try V2.request(command, edition)
    case .profile(let command): try V2.request(command, edition)
    case .firmware(let command): try V2.request(command, edition)
    case .security(let command): try V2.security(command, edition)
    case .raw(let action, let payload): try CommandRequest(raw: action, payload, edition, calls)
    }
  }

  public func pieces(of command: StationCommand, limit: (SettingName) -> Int?) -> [StationCommand] {
    V2.pieces(of: command, edition, limit: limit)
  }

  public func settings(told answer: JSON, to action: String, with payload: JSON) -> JSON? {
    V2.settings(told: answer, to: action, with: payload, edition)
  }

  public func bootAnswer(_ reply: any Payload) -> Station.Registration? {
    switch (reply as? V2.BootNotification.Reply)?.status {
    case .accepted: .accepted
    case .pending: .pending
    case .rejected: .rejected
    case nil: nil
    }
  }

  /// What a station that is not accepted yet may send because we asked for it (B02.FR.09).
  public func invited(by action: String, _ payload: Bytes) -> [String] {
    switch action {
    case V2.TriggerMessage.action:
      (try? V2.TriggerMessage.read(payload, edition: edition)).map { [$0.value.wanted] } ?? []
    case V2.GetBaseReport.action, V2.GetReport.action: [V2.NotifyReport.action]
    default: []
    }
  }
}

extension V2 {
  /// What the messages of every station mean to the house.
  static let coreRoutes = [
    BootNotification.route, Heartbeat.route, StatusNotification.route, Authorize.route, TransactionEvent.route,
    MeterValues.route, DataTransfer.route,
  ]
}
