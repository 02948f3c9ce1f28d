// OCPP 2.x block B, Provisioning: the house's settings as variables of components, and back.

import Domain
import Wire

extension V2 {
  /// What stations tell of themselves: their device model, monitors, streams, displays, and what they know of people.
  static let deviceRoutes = [
    NotifyReport.route, NotifyMonitoringReport.route, NotifyEvent.route, OpenPeriodicEventStream.route,
    ClosePeriodicEventStream.route, NotifyPeriodicEventStream.route, NotifyDisplayMessages.route,
    NotifyCustomerInformation.route,
  ]

  /// What a command about settings becomes.
  static func request(_ command: SettingsCommand, _ edition: Edition) throws(Unspeakable) -> CommandRequest {
    switch command {
    case .set(let settings):
      var call = SetVariables()
      call.setVariableData = try settings.map { setting throws(Unspeakable) in try SetVariableData(setting) }
      return try CommandRequest(call, edition, tellsRefusals: true, told: \.told)
    case .report(let id, let inventory):
      var call = GetBaseReport()
      call.requestId = Int(id)
      switch inventory {
      case .full: call.reportBase = .fullInventory
      case .configuration: call.reportBase = .configurationInventory
      case .summary: call.reportBase = .summaryInventory
      }
      return try CommandRequest(call, edition)
    case .reportOf(let id, let names, let states):
      var call = GetReport()
      call.requestId = Int(id)
      call.componentVariable = names.isEmpty ? nil : names.map(ComponentVariable.init)
      call.componentCriteria = states.isEmpty ? nil : states.map(GetReport.Criterion.init)
      return try CommandRequest(call, edition)
    case .network(let slot, let profile, use: _):
      var call = SetNetworkProfile()
      call.configurationSlot = slot
      call.connectionData = try NetworkConnectionProfile(profile, edition)
      return try CommandRequest(call, edition)
    }
  }

  static func setConfiguration(key: String, value: String, _ edition: Edition) throws(Unspeakable) -> CommandRequest {
    try request(.set([SettingsCommand.Setting(SettingName(reading: key), value: value)]), edition)
  }

  static func getConfiguration(keys: [String], _ edition: Edition) throws(Unspeakable) -> CommandRequest {
    var call = GetVariables()
    call.getVariableData = try keys.map { key throws(Unspeakable) in try GetVariableData(SettingName(reading: key)) }
    return try CommandRequest(call, edition, tellsRefusals: true, told: \.told)
  }

  /// The command in as many calls as the station can take: it says itself how many items and bytes of a message it
  /// reads (B05.FR.11, B06.FR.05). Where that is not known, one item a call is always right. All that can be set is
  /// asked for as a report.
  static func pieces(
    of command: StationCommand, _ edition: Edition, limit: (SettingName) -> Int?
  ) -> [StationCommand] {
    func batches<Item>(
      _ items: [Item], _ action: String, by component: String = "DeviceDataCtrlr", _ size: (Item) -> Int
    ) -> [[Item]] {
      func most(_ what: String) -> Int? {
        limit(SettingName(component: component, variable: what, instance: action))
      }
      let (mostItems, mostBytes) = (max(1, most("ItemsPerMessage") ?? 1), most("BytesPerMessage") ?? .max)
      var batches: [[Item]] = []
      var bytes = 0
      for item in items {
        let size = size(item) + 1
        if batches.isEmpty || batches[batches.count - 1].count >= mostItems || bytes + size > mostBytes {
          batches.append([])
          bytes = envelopeBytes
        }
        batches[batches.count - 1].append(item)
        bytes += size
      }
      return batches
    }
    switch command {
    case .settings(.set(let settings)):
      return batches(settings, SetVariables.action) { (try? SetVariableData($0))?.encoded(edition: edition).count ?? 0 }
        .map { .settings(.set($0)) }
    case .getConfiguration(let keys):
      guard !keys.isEmpty else { return [.settings(.report(id: 0, .configuration))] }
      return batches(keys, GetVariables.action) {
        (try? GetVariableData(SettingName(reading: $0)))?.encoded(edition: edition).count ?? 0
      }.map { .getConfiguration(keys: $0) }
    case .monitoring(.set(let wishes)):
      return batches(wishes, SetVariableMonitoring.action, by: "MonitoringCtrlr") {
        SetMonitoringData($0).encoded(edition: edition).count
      }.map { .monitoring(.set($0)) }
    case .settings(.reportOf(let id, let names, let states)) where !names.isEmpty:
      return batches(names, GetReport.action) { ComponentVariable($0).encoded(edition: edition).count }
        .map { .settings(.reportOf(id: id, $0, states: states)) }
    case .profile(.clear(let filter)) where filter.isAll:
      // Something must be named (K10.FR.02), so each of the purposes that are ours is.
      var purposes = [Domain.ChargingProfile.Purpose.station, .anySession, .session]
      if edition >= .v21 { purposes += [.priority, .localGeneration] }
      return purposes.map { purpose in
        var part = ProfileFilter(purpose: purpose)
        part.isPart = true
        return .profile(.clear(part))
      }
    case .capacity(.all):
      return batches(capacityNames(edition), GetVariables.action) {
        GetVariableData(spelledOut: $0).encoded(edition: edition).count
      }.map { .capacity(.of($0)) }
    case .capacity(.each): return capacityNames(edition).map { .capacity(.of([$0])) }
    case .monitoring(.clear(let numbers)):
      return batches(numbers, ClearVariableMonitoring.action, by: "MonitoringCtrlr") { "\($0)".utf8.count }
        .map { .monitoring(.clear($0)) }
    default: return [command]
    }
  }

  /// Bytes of a message beside its items: frame, id and action.
  private static let envelopeBytes = 120
}

// MARK: - Names

extension SettingName {
  init(_ component: V2.Component, _ variable: V2.Variable?) {
    self.init(
      component: component.name, componentInstance: component.instance, evse: component.evse?.id,
      connector: component.evse?.connectorId, variable: variable?.name ?? "*", instance: variable?.instance)
  }

  /// The variable that a bare word means: the names of OCPP 1.6 that everybody knows are understood here too.
  fileprivate func spelledOut() throws(Unspeakable) -> SettingName {
    guard component == nil else { return self }
    guard let known = Self.formerNames[variable.ciFolded] else {
      throw Unspeakable("this station names its settings Component.Variable; it has no setting \(variable)")
    }
    return known
  }

  private static let formerNames: [String: SettingName] = Dictionary(
    uniqueKeysWithValues: [
      ("HeartbeatInterval", "OCPPCommCtrlr.HeartbeatInterval"),
      ("WebSocketPingInterval", "OCPPCommCtrlr.WebSocketPingInterval"),
      ("ResetRetries", "OCPPCommCtrlr.ResetRetries"),
      ("TransactionMessageAttempts", "OCPPCommCtrlr.MessageAttempts[TransactionEvent]"),
      ("TransactionMessageRetryInterval", "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]"),
      ("UnlockConnectorOnEVSideDisconnect", "OCPPCommCtrlr.UnlockOnEVSideDisconnect"),
      ("ConnectionTimeOut", "TxCtrlr.EVConnectionTimeOut"),
      ("StopTransactionOnInvalidId", "TxCtrlr.StopTxOnInvalidId"),
      ("StopTransactionOnEVSideDisconnect", "TxCtrlr.StopTxOnEVSideDisconnect"),
      ("MaxEnergyOnInvalidId", "TxCtrlr.MaxEnergyOnInvalidId"),
      ("MeterValueSampleInterval", "SampledDataCtrlr.TxUpdatedInterval"),
      ("MeterValuesSampledData", "SampledDataCtrlr.TxUpdatedMeasurands"),
      ("StopTxnSampledData", "SampledDataCtrlr.TxEndedMeasurands"),
      ("ClockAlignedDataInterval", "AlignedDataCtrlr.Interval"),
      ("MeterValuesAlignedData", "AlignedDataCtrlr.Measurands"),
      ("StopTxnAlignedData", "AlignedDataCtrlr.TxEndedMeasurands"),
      ("AuthorizeRemoteTxRequests", "AuthCtrlr.AuthorizeRemoteStart"),
      ("LocalAuthorizeOffline", "AuthCtrlr.LocalAuthorizeOffline"),
      ("LocalPreAuthorize", "AuthCtrlr.LocalPreAuthorize"),
      ("AllowOfflineTxForUnknownId", "AuthCtrlr.OfflineTxForUnknownIdEnabled"),
      ("AuthorizationCacheEnabled", "AuthCacheCtrlr.Enabled"),
      ("LocalAuthListEnabled", "LocalAuthListCtrlr.Enabled"),
      ("LocalAuthListMaxLength", "LocalAuthListCtrlr.Entries"),
      ("SendLocalListMaxLength", "LocalAuthListCtrlr.ItemsPerMessage"),
      ("ChargeProfileMaxStackLevel", "SmartChargingCtrlr.ProfileStackLevel"),
      ("MaxChargingProfilesInstalled", "SmartChargingCtrlr.Entries[ChargingProfiles]"),
      ("AuthorizationKey", "SecurityCtrlr.BasicAuthPassword"), ("SecurityProfile", "SecurityCtrlr.SecurityProfile"),
      ("CpoName", "SecurityCtrlr.OrganizationName"),
      ("AdditionalRootCertificateCheck", "SecurityCtrlr.AdditionalRootCertificateCheck"),
      ("CertificateSignedMaxChainSize", "SecurityCtrlr.MaxCertificateChainSize"),
      ("ISO15118PnCEnabled", "ISO15118Ctrlr.PnCEnabled"),
      ("CentralContractValidationAllowed", "ISO15118Ctrlr.CentralContractValidationAllowed"),
      ("ContractValidationOffline", "ISO15118Ctrlr.ContractValidationOffline"),
    ].map { ($0.0.ciFolded, SettingName(reading: $0.1)) })
}

extension V2.Component {
  init(_ name: SettingName) {
    self.init()
    self.name = name.component ?? ""
    instance = name.componentInstance
    if let number = name.evse {
      var evse = V2.EVSE()
      (evse.id, evse.connectorId) = (number, name.connector)
      self.evse = evse
    }
  }
}

extension V2.Variable {
  init(_ name: SettingName) {
    self.init()
    (self.name, instance) = (name.variable, name.instance)
  }
}

extension V2.ComponentVariable {
  /// `Component.*` is all of a component, as a bare word is.
  init(_ name: SettingName) {
    self.init()
    if name.component == nil {
      component.name = name.variable
      component.instance = name.instance
    } else {
      component = V2.Component(name)
      variable = name.variable == "*" ? nil : V2.Variable(name)
    }
  }
}

extension DeviceValue.Attribute {
  init(_ kind: Loose<V2.AttributeKind>?) {
    switch kind?.word {
    case .actual, nil: self = .actual
    case .target: self = .target
    case .minSet: self = .least
    case .maxSet: self = .most
    }
  }

  /// Actual is what is meant where none is named.
  fileprivate var kind: Loose<V2.AttributeKind>? {
    switch self {
    case .actual: nil
    case .target: .known(.target)
    case .least: .known(.minSet)
    case .most: .known(.maxSet)
    }
  }
}

extension V2.SetVariableData {
  fileprivate init(_ setting: SettingsCommand.Setting) throws(Unspeakable) {
    self.init()
    let name = try setting.name.spelledOut()
    (component, variable) = (V2.Component(name), V2.Variable(name))
    attributeType = setting.attribute.kind
    attributeValue = setting.value
  }
}

extension V2.GetVariableData {
  fileprivate init(_ name: SettingName) throws(Unspeakable) { self.init(spelledOut: try name.spelledOut()) }

  init(spelledOut name: SettingName) {
    self.init()
    (component, variable) = (V2.Component(name), V2.Variable(name))
  }
}

extension V2.GetReport.Criterion {
  fileprivate init(_ state: SettingsCommand.ComponentState) {
    switch state {
    case .active: self = .active
    case .available: self = .available
    case .enabled: self = .enabled
    case .problem: self = .problem
    }
  }
}

// MARK: - What the station answered, in the house's words

extension V2 {
  static func settings(told answer: JSON, to action: String, with payload: JSON, _ edition: Edition) -> JSON? {
    switch action {
    case GetVariables.action: return (try? GetVariables.Reply.read(answer, edition: edition).value)?.told
    case SetVariables.action:
      guard let asked = try? SetVariables.read(payload, edition: edition).value,
        let said = try? SetVariables.Reply.read(answer, edition: edition).value
      else { return nil }
      // Some that were set take effect with the next start of the station: they are read then.
      let taken = said.setVariableResult.filter { $0.attributeStatus.word == .accepted }.map {
        (SettingName($0.component, $0.variable), DeviceValue.Attribute($0.attributeType))
      }
      let values: [JSON] = asked.setVariableData.compactMap { data in
        let (name, attribute) = (SettingName(data.component, data.variable), DeviceValue.Attribute(data.attributeType))
        guard taken.contains(where: { $0 == name && $1 == attribute }) else { return nil }
        return [
          "key": .string(name.description), "value": .string(data.attributeValue),
          "attribute": .string(attribute.rawValue),
        ]
      }
      return ["settings": .array(values)]
    default: return nil
    }
  }
}

extension V2.SetVariables.Reply {
  fileprivate var told: JSON {
    [
      "settings": .array(
        setVariableResult.map { result in
          var json: JSON = [
            "key": .string(SettingName(result.component, result.variable).description),
            "accepted": .bool(result.attributeStatus.refusal == nil), "status": .string(result.attributeStatus.text),
          ]
          let attribute = DeviceValue.Attribute(result.attributeType)
          if attribute != .actual { json["attribute"] = .string(attribute.rawValue) }
          if let why = result.attributeStatusInfo { json["reason"] = .string(why.words) }
          return json
        })
    ]
  }
}

extension V2.GetVariables.Reply {
  fileprivate var told: JSON {
    let isKnown: (V2.GetVariableResult) -> Bool = { $0.attributeStatus.refusal == nil }
    return [
      "settings": .array(
        getVariableResult.filter(isKnown).map { result in
          let name = SettingName(result.component, result.variable)
          var json: JSON = [
            "key": .string(name.description),
            "value": name.isSecret ? "(hidden)" : result.attributeValue.map { .string($0) } ?? .null,
          ]
          let attribute = DeviceValue.Attribute(result.attributeType)
          if attribute != .actual { json["attribute"] = .string(attribute.rawValue) }
          return json
        }),
      "unknown": .array(
        getVariableResult.filter { !isKnown($0) }.map { result in
          [
            "key": .string(SettingName(result.component, result.variable).description),
            "status": .string(result.attributeStatus.text),
          ]
        }),
    ]
  }
}

extension V2.StatusInfo {
  /// For people: the code, and what was added to it.
  var words: String { additionalInfo.map { "\(reasonCode): \($0)" } ?? reasonCode }
}

// MARK: - Network profiles (B09)

extension V2.NetworkConnectionProfile {
  fileprivate init(_ profile: NetworkProfile, _ edition: Edition) throws(Unspeakable) {
    self.init()
    // Required before 2.1, which agrees on the version when connecting.
    ocppVersion = edition < .v21 ? .ocpp20 : nil
    ocppTransport = .json
    ocppCsmsUrl = profile.url
    messageTimeout = profile.messageTimeoutSeconds
    securityProfile = profile.securityProfile.rawValue
    ocppInterface = Interface(profile.interface, edition)
    guard edition >= .v21 || (profile.identity == nil && profile.password == nil) else {
      throw Unspeakable("OCPP 2.0.1 gives no identity and no password with a network profile")
    }
    (identity, basicAuthPassword) = (profile.identity, profile.password)
    if let point = profile.apn {
      var apn = V2.APN()
      (apn.apn, apn.apnUserName, apn.apnPassword) = (point.name, point.user, point.password)
      apn.simPin = point.simPIN
      self.apn = apn
    }
  }
}

extension V2.NetworkConnectionProfile.Interface {
  /// Before 2.1 there is no word for any: a station that comes over another network than its first cable needs the
  /// operator to say so.
  init(_ interface: NetworkProfile.Interface, _ edition: Edition) {
    switch interface {
    case .wired0: self = .wired0
    case .wired1: self = .wired1
    case .wired2: self = .wired2
    case .wired3: self = .wired3
    case .wireless0: self = .wireless0
    case .wireless1: self = .wireless1
    case .wireless2: self = .wireless2
    case .wireless3: self = .wireless3
    case .any: self = edition < .v21 ? .wired0 : .any
    }
  }
}
