import Wire

extension StationCommand {
  /// What a station may be asked to tell now (OCPP 1.6 §5.17 and its security extension, OCPP 2.0.1 F06). Which of these
  /// a version knows, its dialect says.
  public enum Trigger: String, Word {
    case boot, heartbeat, status, meterValues = "meter_values", transaction, firmware, diagnostics, log
    case certificate, v2gCertificate = "v2g_certificate", combinedCertificate = "combined_certificate"
    case publishFirmware = "publish_firmware"
  }

  /// What this asks a station to tell. Where somebody wrote the call by hand, only of what the house sees come in; all
  /// versions name it in one field.
  public var wanted: Trigger? {
    switch self {
    case .trigger(let message, _, _): return message
    case .raw(_, let payload):
      let actions: [String: Trigger] = [
        "BootNotification": .boot, "StatusNotification": .status, "MeterValues": .meterValues,
        "TransactionEvent": .transaction,
      ]
      return payload["requestedMessage"]?.string.flatMap { actions[$0] }
    default: return nil
    }
  }
}
