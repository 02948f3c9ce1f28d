// OCPP 1.6 Core: the names of the settings that every station has.

extension V16 {
  /// The keys of the Core profile (§9.1), those first that others depend on.
  static let coreKeys = [
    "SupportedFeatureProfiles", "NumberOfConnectors", "GetConfigurationMaxKeys", "HeartbeatInterval",
    "MeterValuesSampledData", "MeterValuesSampledDataMaxLength", "MeterValueSampleInterval", "MeterValuesAlignedData",
    "MeterValuesAlignedDataMaxLength", "ClockAlignedDataInterval", "StopTxnSampledData", "StopTxnSampledDataMaxLength",
    "StopTxnAlignedData", "StopTxnAlignedDataMaxLength", "AuthorizeRemoteTxRequests", "LocalAuthorizeOffline",
    "LocalPreAuthorize", "AllowOfflineTxForUnknownId", "AuthorizationCacheEnabled", "ConnectionTimeOut",
    "MinimumStatusDuration", "StopTransactionOnEVSideDisconnect", "StopTransactionOnInvalidId", "MaxEnergyOnInvalidId",
    "UnlockConnectorOnEVSideDisconnect", "TransactionMessageAttempts", "TransactionMessageRetryInterval",
    "ResetRetries", "ConnectorPhaseRotation", "ConnectorPhaseRotationMaxLength", "BlinkRepeat", "LightIntensity",
    "WebSocketPingInterval",
  ]
}
