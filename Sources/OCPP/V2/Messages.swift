// OCPP 2.x: what 2.0.1 and 2.1 let a central system say, by functional block. Each says since when it is a message.

extension V2 {
  /// What the house sends to stations; what they send stands in the routes.
  public static let houseCalls: [any Message.Type] = [
    CertificateSigned.self,
    SetNetworkProfile.self, SetVariables.self, GetVariables.self, Reset.self, GetBaseReport.self, GetReport.self,
    ClearCache.self, NotifyWebPaymentStarted.self,
    SendLocalList.self, GetLocalListVersion.self,
    GetTransactionStatus.self,
    RequestStartTransaction.self, RequestStopTransaction.self, UnlockConnector.self, TriggerMessage.self,
    ChangeAvailability.self,
    ReserveNow.self, CancelReservation.self,
    CostUpdated.self, SetDefaultTariff.self, GetTariffs.self, ClearTariffs.self, ChangeTransactionTariff.self,
    UsePriorityCharging.self, UpdateDynamicSchedule.self, SetChargingProfile.self, GetCompositeSchedule.self,
    GetChargingProfiles.self, ClearChargingProfile.self,
    UpdateFirmware.self, PublishFirmware.self, UnpublishFirmware.self,
    InstallCertificate.self, DeleteCertificate.self, GetInstalledCertificateIds.self,
    GetLog.self, CustomerInformation.self, GetPeriodicEventStream.self, AdjustPeriodicEventStream.self,
    SetMonitoringBase.self, SetMonitoringLevel.self, SetVariableMonitoring.self, ClearVariableMonitoring.self,
    GetMonitoringReport.self,
    SetDisplayMessage.self, GetDisplayMessages.self, ClearDisplayMessage.self,
    DataTransfer.self,
    NotifyAllowedEnergyTransfer.self, AFRRSignal.self,
    SetDERControl.self, ClearDERControl.self, GetDERControl.self,
    RequestBatterySwap.self,
  ]
}
