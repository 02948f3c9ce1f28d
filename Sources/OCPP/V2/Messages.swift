// OCPP 2.x: every message of 2.0.1 and 2.1, by functional block. Each says since when it is one.

extension V2 {
  /// What the house sends to stations.
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

  /// What stations send to the house.
  public static let stationCalls: [any Message.Type] = [
    SignCertificate.self, SecurityEventNotification.self,
    BootNotification.self, NotifyReport.self,
    Authorize.self, NotifySettlement.self, VatNumberValidation.self,
    TransactionEvent.self,
    StatusNotification.self, Heartbeat.self,
    ReservationStatusUpdate.self,
    MeterValues.self,
    NotifyPriorityCharging.self, PullDynamicScheduleUpdate.self, ReportChargingProfiles.self,
    NotifyChargingLimit.self, ClearedChargingLimit.self, NotifyEVChargingNeeds.self, NotifyEVChargingSchedule.self,
    FirmwareStatusNotification.self, PublishFirmwareStatusNotification.self,
    Get15118EVCertificate.self, GetCertificateStatus.self, GetCertificateChainStatus.self,
    LogStatusNotification.self, NotifyCustomerInformation.self, OpenPeriodicEventStream.self,
    ClosePeriodicEventStream.self, NotifyPeriodicEventStream.self, NotifyMonitoringReport.self, NotifyEvent.self,
    NotifyDisplayMessages.self,
    DataTransfer.self,
    ReportDERControl.self, NotifyDERStartStop.self, NotifyDERAlarm.self,
    BatterySwap.self,
  ]
}
