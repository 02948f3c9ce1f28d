import OCPP
import Wire

// What a station of 2.x is asked beside charging: its settings and reports, local list, reservations, messages on its
// display, and the certificates that it trusts.

/// What it keeps of all that.
struct StationDuties: Sendable {
  var listVersion = 0
  var rules = ChargingRules()
  var displays: [Int: V2.MessageInfo] = [:]
  var roots: [V2.CertificateHashDataChain] = []
  /// Settings that change nothing here, where the house changed them.
  var values: [String: String] = [:]
  var jobs: [FileJob] = []
  /// The interval whose codes for paying are on the display.
  var codesShown: Int64?
  var prices = StationPrices()
  /// When the house was asked last for the values of a dynamic profile, by its number.
  var pulls: [Int: Timestamp] = [:]
}

/// A car is expected at an outlet.
struct Expected: Sendable, Equatable {
  let reservation: Int
  let tag: String
  let group: String?
  let until: Timestamp

  func isFor(_ tag: String) -> Bool { tag.ciFolded == self.tag.ciFolded || tag.ciFolded == group?.ciFolded }
}

extension StationModel {
  /// Answers what is not about charging itself.
  mutating func obeyDuty(_ id: MessageID, _ action: String, _ payload: JSONTape.Element, _ now: Moment) {
    switch action {
    case V2.GetVariables.action: answer(id, payload, now) { $0.variables($1) }
    case V2.SetVariables.action: answer(id, payload, now) { $0.set($1, now) }
    case V2.GetBaseReport.action: answer(id, payload, now) { $0.tellBase($1, now) }
    case V2.GetReport.action: answer(id, payload, now) { $0.tellSome($1, now) }
    case V2.SendLocalList.action: answer(id, payload, now) { $0.take($1) }
    case V2.GetLocalListVersion.action:
      answer(id, payload, now) { (model, _: V2.GetLocalListVersion) in
        var reply = V2.GetLocalListVersion.Reply()
        reply.versionNumber = model.duties.listVersion
        return reply
      }
    case V2.ReserveNow.action: answer(id, payload, now) { $0.reserve($1, now) }
    case V2.CancelReservation.action: answer(id, payload, now) { $0.cancel($1) }
    case V2.SetChargingProfile.action:
      answer(id, payload, now) { (model, call: V2.SetChargingProfile) in model.set(call) }
    case V2.ClearChargingProfile.action:
      answer(id, payload, now) { (model, call: V2.ClearChargingProfile) in model.clear(call) }
    case V2.GetChargingProfiles.action: answer(id, payload, now) { $0.tellProfiles($1) }
    case V2.GetCompositeSchedule.action:
      answer(id, payload, now) { (model, call: V2.GetCompositeSchedule) in model.composite(call, now) }
    case V2.UpdateFirmware.action:
      answer(id, payload, now) { (model, call: V2.UpdateFirmware) in model.update(call, now) }
    case V2.GetLog.action:
      answer(id, payload, now) { (model, call: V2.GetLog) in model.send(call, now) }
    case V2.SetDisplayMessage.action: answer(id, payload, now) { $0.show($1) }
    case V2.GetDisplayMessages.action: answer(id, payload, now) { $0.tellMessages($1) }
    case V2.ClearDisplayMessage.action:
      answer(id, payload, now) { (model, call: V2.ClearDisplayMessage) in
        V2.ClearDisplayMessage.Reply(model.duties.displays.removeValue(forKey: call.id) == nil ? .unknown : .accepted)
      }
    case V2.GetInstalledCertificateIds.action: answer(id, payload, now) { $0.installed($1) }
    case V2.DeleteCertificate.action: answer(id, payload, now) { $0.delete($1) }
    case V2.SetDefaultTariff.action:
      answer(id, payload, now) { (model, call: V2.SetDefaultTariff) in model.set(call) }
    case V2.ChangeTransactionTariff.action:
      answer(id, payload, now) { (model, call: V2.ChangeTransactionTariff) in model.change(call) }
    case V2.GetTariffs.action: answer(id, payload, now) { $0.tellTariffs($1) }
    case V2.ClearTariffs.action:
      answer(id, payload, now) { (model, call: V2.ClearTariffs) in model.clear(call) }
    case V2.UpdateDynamicSchedule.action:
      answer(id, payload, now) { (model, call: V2.UpdateDynamicSchedule) in model.update(call) }
    case V2.CostUpdated.action: answer(id, payload, now) { (_, _: V2.CostUpdated) in V2.Nothing() }
    default: refuse(id, action, isKnown(action) ? .unsupportedAction(action) : .unknownAction(action))
    }
  }

  /// Tells the house something that nobody here waits for.
  mutating func say<M: Message>(_ message: M) {
    add(
      Outgoing(
        .word(action: M.action, payload: message.encoded(edition: edition, options: Frame.writerOptions)),
        isTriggered: true))
  }

  // MARK: Settings

  /// A variable of the device model: the setting of 1.6 that it stands for, or a value of its own.
  private struct Known {
    enum Value { case setting(String), fixed(String), free(String), secret }

    let component: String
    let name: String
    let instance: String?
    let value: Value

    init(_ component: String, _ name: String, _ instance: String, _ value: Value) {
      (self.component, self.name, self.instance, self.value) = (component, name, instance, value)
    }

    init(_ component: String, _ name: String, _ value: Value) {
      (self.component, self.name, instance, self.value) = (component, name, nil, value)
    }

    var key: String { "\(component).\(name)[\(instance ?? "")]" }

    func fits(_ component: V2.Component, _ variable: V2.Variable?) -> Bool {
      guard component.name.ciFolded == self.component.ciFolded, component.evse == nil else { return false }
      guard let variable else { return true }
      return variable.name.ciFolded == name.ciFolded && variable.instance?.ciFolded == instance?.ciFolded
    }
  }

  private var known: [Known] { edition >= .v21 ? Self.known + Self.known21 : Self.known }

  private static let known21 = [
    Known("WebPaymentsCtrlr", "Enabled", .free("false")), Known("WebPaymentsCtrlr", "URLTemplate", .free("")),
    Known("WebPaymentsCtrlr", "TOTPVersion", .free("v1")), Known("WebPaymentsCtrlr", "ValidityTime", .free("30")),
    Known("WebPaymentsCtrlr", "Length", .free("8")), Known("WebPaymentsCtrlr", "SharedSecret", .secret),
  ]

  private static let known: [Known] = [
    Known("OCPPCommCtrlr", "HeartbeatInterval", .setting("HeartbeatInterval")),
    Known("OCPPCommCtrlr", "WebSocketPingInterval", .setting("WebSocketPingInterval")),
    Known("OCPPCommCtrlr", "NetworkConfigurationPriority", .free("1")),
    Known("OCPPCommCtrlr", "MessageAttempts", "TransactionEvent", .setting("TransactionMessageAttempts")),
    Known("OCPPCommCtrlr", "MessageAttemptInterval", "TransactionEvent", .setting("TransactionMessageRetryInterval")),
    Known("OCPPCommCtrlr", "UnlockOnEVSideDisconnect", .fixed("true")),
    Known("AuthCtrlr", "AuthorizeRemoteStart", .setting("AuthorizeRemoteTxRequests")),
    Known("AuthCtrlr", "LocalAuthorizeOffline", .setting("LocalAuthorizeOffline")),
    Known("AuthCtrlr", "LocalPreAuthorize", .setting("LocalPreAuthorize")),
    Known("AuthCtrlr", "OfflineTxForUnknownIdEnabled", .setting("AllowOfflineTxForUnknownId")),
    Known("AuthCacheCtrlr", "Enabled", .setting("AuthorizationCacheEnabled")),
    Known("TxCtrlr", "EVConnectionTimeOut", .setting("ConnectionTimeOut")),
    Known("TxCtrlr", "StopTxOnInvalidId", .setting("StopTransactionOnInvalidId")),
    Known("TxCtrlr", "StopTxOnEVSideDisconnect", .fixed("true")),
    Known("SampledDataCtrlr", "TxUpdatedInterval", .setting("MeterValueSampleInterval")),
    Known("SampledDataCtrlr", "TxUpdatedMeasurands", .setting("MeterValuesSampledData")),
    Known("LocalAuthListCtrlr", "Enabled", .fixed("true")),
    Known("LocalAuthListCtrlr", "Entries", .fixed(String(Limits.rememberedTags))),
    Known("LocalAuthListCtrlr", "ItemsPerMessage", .fixed(String(Limits.rememberedTags))),
    Known("SmartChargingCtrlr", "Enabled", .fixed("true")),
    Known("SmartChargingCtrlr", "ProfileStackLevel", .fixed("9")),
    Known("SmartChargingCtrlr", "RateUnit", .fixed("A,W")),
    Known("SmartChargingCtrlr", "PeriodsPerSchedule", .fixed("24")),
    Known("SmartChargingCtrlr", "Entries", "ChargingProfiles", .fixed(String(Limits.keptDuties))),
    Known("ReservationCtrlr", "Enabled", .fixed("true")), Known("DisplayMessageCtrlr", "Enabled", .fixed("true")),
    Known("TariffCostCtrlr", "Enabled", "Cost", .fixed("true")), Known("TariffCostCtrlr", "Currency", .free("EUR")),
    Known("DeviceDataCtrlr", "ItemsPerMessage", "GetVariables", .fixed(String(Limits.askedKeys))),
    Known("DeviceDataCtrlr", "ItemsPerMessage", "SetVariables", .fixed(String(Limits.askedKeys))),
    Known("DeviceDataCtrlr", "ItemsPerMessage", "GetReport", .fixed(String(Limits.askedKeys))),
    Known("SecurityCtrlr", "BasicAuthPassword", .secret), Known("SecurityCtrlr", "SecurityProfile", .fixed("1")),
    Known("SecurityCtrlr", "OrganizationName", .free("Halyard")),
  ]

  private func value(of known: Known) -> String? {
    switch known.value {
    case .setting(let name): StationSettings.key(name).map { settings.value($0) }
    case .fixed(let value): value
    case .free(let value): duties.values[known.key] ?? value
    case .secret: nil
    }
  }

  private mutating func variables(_ call: V2.GetVariables) -> V2.GetVariables.Reply {
    var reply = V2.GetVariables.Reply()
    reply.getVariableResult = call.getVariableData.map { asked in
      var result = V2.GetVariableResult()
      (result.component, result.variable, result.attributeType) = (asked.component, asked.variable, asked.attributeType)
      guard let known = known.first(where: { $0.fits(asked.component, asked.variable) }) else {
        let isKnown = known.contains { $0.fits(asked.component, nil) }
        result.attributeStatus = .known(isKnown ? .unknownVariable : .unknownComponent)
        return result
      }
      guard asked.attributeType == nil || asked.attributeType?.word == .actual else {
        result.attributeStatus = .known(.notSupportedAttributeType)
        return result
      }
      result.attributeValue = value(of: known)
      result.attributeStatus = .known(result.attributeValue == nil ? .rejected : .accepted)
      return result
    }
    return reply
  }

  private mutating func set(_ call: V2.SetVariables, _ now: Moment) -> V2.SetVariables.Reply {
    var reply = V2.SetVariables.Reply()
    for asked in call.setVariableData {
      var result = V2.SetVariableResult()
      (result.component, result.variable, result.attributeType) = (asked.component, asked.variable, asked.attributeType)
      if let known = known.first(where: { $0.fits(asked.component, asked.variable) }) {
        result.attributeStatus = .known(set(known, to: asked.attributeValue, now))
      } else {
        let isKnown = known.contains { $0.fits(asked.component, nil) }
        result.attributeStatus = .known(isKnown ? .unknownVariable : .unknownComponent)
      }
      reply.setVariableResult.append(result)
    }
    duties.codesShown = nil
    lookAtCodes(now)
    return reply
  }

  private mutating func set(
    _ known: Known, to value: String, _ now: Moment
  ) -> V2.SetVariableResult.AttributeStatus {
    switch known.value {
    case .fixed: return .rejected
    case .free:
      duties.values[known.key] = value
      return .accepted
    // Taken; a password is shown with the next connection by whoever holds the profile.
    case .secret:
      if known.component == "WebPaymentsCtrlr" { duties.values[known.key] = value }
      return value.isEmpty ? .rejected : .accepted
    case .setting(let name):
      guard settings.change(name, to: value) == .accepted else { return .rejected }
      switch name {
      case "HeartbeatInterval": beat(now)
      case "MeterValueSampleInterval": resample(now)
      default: break
      }
      return .accepted
    }
  }

  private mutating func tellBase(_ call: V2.GetBaseReport, _ now: Moment) -> V2.GetBaseReport.Reply {
    guard call.reportBase != .summaryInventory else { return V2.GetBaseReport.Reply(.emptyResultSet) }
    tell(call.requestId, known, now)
    return V2.GetBaseReport.Reply(.accepted)
  }

  private mutating func tellSome(_ call: V2.GetReport, _ now: Moment) -> V2.GetReport.Reply {
    let wanted = (call.componentVariable ?? []).map { ($0.component, $0.variable) }
    let found = known.filter { one in wanted.isEmpty || wanted.contains { one.fits($0.0, $0.1) } }
    guard !found.isEmpty, call.componentCriteria?.contains(.problem) != true else {
      return V2.GetReport.Reply(.emptyResultSet)
    }
    tell(call.requestId, found, now)
    return V2.GetReport.Reply(.accepted)
  }

  /// A report in parts.
  private mutating func tell(_ request: Int, _ found: [Known], _ now: Moment) {
    let parts = stride(from: 0, to: found.count, by: Limits.reportedAtOnce).map {
      Array(found[$0..<min($0 + Limits.reportedAtOnce, found.count)])
    }
    for (number, part) in parts.enumerated() {
      var message = V2.NotifyReport()
      (message.requestId, message.generatedAt, message.seqNo) = (request, now.time, number)
      message.tbc = number < parts.count - 1
      message.reportData = part.map { known in
        var data = V2.ReportData()
        data.component.name = known.component
        (data.variable.name, data.variable.instance) = (known.name, known.instance)
        var attribute = V2.VariableAttribute()
        attribute.value = value(of: known)
        switch known.value {
        case .fixed: attribute.mutability = .known(.readOnly)
        case .secret: attribute.mutability = .known(.writeOnly)
        case .free, .setting: attribute.mutability = .known(.readWrite)
        }
        data.variableAttribute = [attribute]
        return data
      }
      say(message)
    }
  }

  // MARK: Who may charge

  private mutating func take(_ call: V2.SendLocalList) -> V2.SendLocalList.Reply {
    guard call.updateType == .full || call.versionNumber > duties.listVersion else {
      return V2.SendLocalList.Reply(.versionMismatch)
    }
    duties.listVersion = call.versionNumber
    for entry in call.localAuthorizationList ?? [] {
      var info = V16.IdTagInfo()
      if let told = entry.idTokenInfo { info = V16.IdTagInfo(told) }
      remember(entry.idToken.idToken, info)
    }
    return V2.SendLocalList.Reply(.accepted)
  }

  private mutating func reserve(_ call: V2.ReserveNow, _ now: Moment) -> V2.ReserveNow.Reply {
    let places = outlets.indices.filter { call.evseId == nil || outlets[$0].number == call.evseId }
    // The same number again is the same reservation, changed.
    for place in outlets.indices where outlets[place].expected?.reservation == call.id { outlets[place].expected = nil }
    guard !places.isEmpty, call.expiryDateTime > now.time else { return V2.ReserveNow.Reply(.rejected) }
    let free = places.first { outlets[$0].isFree && outlets[$0].car == nil && outlets[$0].expected == nil }
    guard let place = free else {
      let isFaulted = places.allSatisfy { outlets[$0].fault != nil }
      let isOut = places.allSatisfy { !outlets[$0].isOperative }
      return V2.ReserveNow.Reply(isFaulted ? .faulted : isOut ? .unavailable : .occupied)
    }
    outlets[place].expected = Expected(
      reservation: call.id, tag: call.idToken.idToken, group: call.groupIdToken?.idToken, until: call.expiryDateTime)
    return V2.ReserveNow.Reply(.accepted)
  }

  private mutating func cancel(_ call: V2.CancelReservation) -> V2.CancelReservation.Reply {
    guard let place = outlets.firstIndex(where: { $0.expected?.reservation == call.reservationId }) else {
      return V2.YesOrNo(.rejected)
    }
    outlets[place].expected = nil
    return V2.YesOrNo(.accepted)
  }

  // MARK: Time

  /// With the clock: reservations whose time is over.
  mutating func lookAtReservations(_ now: Moment) {
    for place in outlets.indices {
      guard let expected = outlets[place].expected, expected.until <= now.time else { continue }
      outlets[place].expected = nil
      var message = V2.ReservationStatusUpdate()
      (message.reservationId, message.reservationUpdateStatus) = (expected.reservation, .known(.expired))
      say(message)
    }
  }

  // MARK: Displays and certificates

  private mutating func show(_ call: V2.SetDisplayMessage) -> V2.SetDisplayMessage.Reply {
    if let name = call.message.transactionId, transactions2.session(named: name) == nil {
      return V2.SetDisplayMessage.Reply(.unknownTransaction)
    }
    guard duties.displays.count < Limits.keptDuties || duties.displays[call.message.id] != nil else {
      return V2.SetDisplayMessage.Reply(.rejected)
    }
    duties.displays[call.message.id] = call.message
    return V2.SetDisplayMessage.Reply(.accepted)
  }

  private mutating func tellMessages(_ call: V2.GetDisplayMessages) -> V2.GetDisplayMessages.Reply {
    let found = duties.displays.values.filter { message in
      (call.id?.contains(message.id) ?? true) && (call.priority.map { $0 == message.priority } ?? true)
        && (call.state.map { $0 == message.state } ?? true)
    }
    guard !found.isEmpty else { return V2.GetDisplayMessages.Reply(.unknown) }
    var message = V2.NotifyDisplayMessages()
    (message.requestId, message.messageInfo) = (call.requestId, found.sorted { $0.id < $1.id })
    say(message)
    return V2.GetDisplayMessages.Reply(.accepted)
  }

  /// It was made with one root of its maker's.
  private func installed(_ call: V2.GetInstalledCertificateIds) -> V2.GetInstalledCertificateIds.Reply {
    var reply = V2.GetInstalledCertificateIds.Reply()
    let found = duties.roots.filter { root in call.certificateType?.contains(root.certificateType) ?? true }
    reply.status = .known(found.isEmpty ? .notFound : .accepted)
    reply.certificateHashDataChain = found.isEmpty ? nil : found
    return reply
  }

  private mutating func delete(_ call: V2.DeleteCertificate) -> V2.DeleteCertificate.Reply {
    let wanted = call.certificateHashData
    guard let place = duties.roots.firstIndex(where: { $0.certificateHashData.isSame(as: wanted) }) else {
      return V2.DeleteCertificate.Reply(.notFound)
    }
    duties.roots.remove(at: place)
    return V2.DeleteCertificate.Reply(.accepted)
  }

  static func makersRoot() -> V2.CertificateHashDataChain {
    var chain = V2.CertificateHashDataChain()
    chain.certificateType = .known(.manufacturerRoot)
    chain.certificateHashData.issuerNameHash = String(repeating: "a7", count: 32)
    chain.certificateHashData.issuerKeyHash = String(repeating: "5e", count: 32)
    chain.certificateHashData.serialNumber = "1"
    return chain
  }
}

extension V2.CertificateHashData {
  fileprivate func isSame(as other: Self) -> Bool {
    issuerNameHash.ciFolded == other.issuerNameHash.ciFolded && issuerKeyHash.ciFolded == other.issuerKeyHash.ciFolded
      && serialNumber.ciFolded == other.serialNumber.ciFolded
  }
}
