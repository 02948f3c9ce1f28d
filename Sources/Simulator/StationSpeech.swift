import OCPP
import Wire

// A station of OCPP 2.x. What happens at a station is the same in all versions, and the model thinks of it in the words of
// 1.6; here its messages are put into those of 2.0.1 and 2.1, and the house's back: a session becomes a transaction that
// the station names itself and tells in numbered events (OCPP 2.0.1 E).

extension StationProfile {
  /// Which version of the protocol a station speaks.
  public enum Version: String, Sendable, CaseIterable {
    case v16 = "1.6", v201 = "2.0.1", v21 = "2.1"

    var edition: Edition {
      switch self {
      case .v16: .v16
      case .v201: .v201
      case .v21: .v21
      }
    }

    var subprotocol: String { "ocpp\(rawValue)" }
  }
}

/// What a station of 2.x remembers of its transactions beside what the model does.
struct TransactionNames: Sendable {
  /// A transaction by the station's own number of its session.
  struct Named: Sendable {
    var name: String
    /// The number that its next event gets.
    var nextSeqNo = 0
    var token: V2.IdToken
    var remoteStart: Int?
    var connector: Int
  }

  private(set) var named: [Int: Named] = [:]
  /// What the house asked to begin, by the tag, until it does.
  var wishes: [String: (number: Int, token: V2.IdToken)] = [:]

  /// A session begins. Its name is never used again, also after the simulator was started anew.
  mutating func begin(_ session: Int, tag: String, connector: Int, at now: Timestamp) {
    let wish = wishes.removeValue(forKey: tag.ciFolded)
    var token = V2.IdToken()
    token.idToken = tag
    named[session] = Named(
      name: "\(String(now.milliseconds, radix: 36))-\(connector)-\(session)", token: wish?.token ?? token,
      remoteStart: wish?.number, connector: connector)
  }

  subscript(session: Int) -> Named? { named[session] }

  func session(named name: String) -> Int? { named.first { $0.value.name == name }?.key }

  mutating func takeSeqNo(of session: Int) -> Int {
    defer { named[session]?.nextSeqNo += 1 }
    return named[session]?.nextSeqNo ?? 0
  }

  /// The house has all of it.
  mutating func forget(_ session: Int) { named[session] = nil }
}

// MARK: - What the station says

extension StationModel {
  var edition: Edition { profile.version.edition }

  /// A message in the words of 2.x.
  func frame2(of open: CallLine.Open) -> Bytes {
    let outgoing = open.outgoing
    switch outgoing.content {
    case .boot:
      var boot = V2.BootNotification()
      boot.chargingStation.vendorName = profile.vendor
      boot.chargingStation.model = profile.model
      boot.chargingStation.serialNumber = profile.serialNumber
      boot.chargingStation.firmwareVersion = profile.firmwareVersion
      boot.reason = .known(outgoing.isTriggered ? .triggered : .powerUp)
      return Frame.encodeCall(open.id, boot, edition: edition)
    case .heartbeat: return Frame.encodeCall(open.id, V2.Heartbeat(), edition: edition)
    case .status(let status): return Frame.encodeCall(open.id, V2.StatusNotification(status), edition: edition)
    case .authorize(let tag, _):
      var authorize = V2.Authorize()
      authorize.idToken = transactions2.wishes[tag.ciFolded]?.token ?? V2.IdToken(tag)
      return Frame.encodeCall(open.id, authorize, edition: edition)
    case .start(let session, let start):
      var event = event(.started, of: session, at: start.timestamp, outgoing)
      let named = transactions2[session]
      event.triggerReason = .known(named?.remoteStart == nil ? .authorized : .remoteStart)
      event.transactionInfo.remoteStartId = named?.remoteStart
      event.transactionInfo.chargingState = .known(.charging)
      event.idToken = named?.token ?? V2.IdToken(start.idTag)
      event.evse = V2.EVSE.of(start.connectorId)
      event.reservationId = start.reservationId
      event.meterValue = [V2.MeterValue(register: start.meterStart, .begin, at: start.timestamp)]
      return Frame.encodeCall(open.id, event, edition: edition)
    case .meter(let session, let meter):
      let values = meter.meterValue.map { V2.MeterValue($0) }
      guard let session else {
        var meterValues = V2.MeterValues()
        meterValues.evseId = meter.connectorId
        meterValues.meterValue = values
        return Frame.encodeCall(open.id, meterValues, edition: edition)
      }
      var event = event(.updated, of: session, at: meter.meterValue.first?.timestamp ?? .epoch, outgoing)
      event.triggerReason = .known(outgoing.isTriggered ? .trigger : .meterValuePeriodic)
      event.meterValue = values
      return Frame.encodeCall(open.id, event, edition: edition)
    case .word(let action, let payload): return Frame.encodeCall(open.id, action: action, json: payload)
    case .shift(let session, let state, let at):
      var event = event(.updated, of: session, at: at, outgoing)
      event.triggerReason = .known(.chargingStateChanged)
      event.transactionInfo.chargingState = .known(state)
      return Frame.encodeCall(open.id, event, edition: edition)
    case .stop(let session, let stop):
      var event = event(.ended, of: session, at: stop.timestamp, outgoing)
      let reason = stop.reason?.word ?? .local
      event.triggerReason = .known(V2.trigger(of: reason))
      event.transactionInfo.stoppedReason = .known(V2.reason(reason))
      event.transactionInfo.chargingState = .known(reason == .evDisconnected ? .idle : .evConnected)
      event.idToken = stop.idTag.map { V2.IdToken($0) }
      event.meterValue = [V2.MeterValue(register: stop.meterStop, .end, at: stop.timestamp)]
      return Frame.encodeCall(open.id, event, edition: edition)
    }
  }

  private func event(
    _ type: V2.TransactionEvent.EventType, of session: Int, at time: Timestamp, _ outgoing: Outgoing
  ) -> V2.TransactionEvent {
    var event = V2.TransactionEvent()
    event.eventType = .known(type)
    event.timestamp = time
    event.seqNo = outgoing.seqNo
    event.offline = outgoing.isOffline ? true : nil
    event.transactionInfo.transactionId = outgoing.transaction
    let place = outlets.first { $0.running?.number == session }?.number
    event.transactionInfo.tariffId = place.flatMap { duties.prices.tariff(of: session, at: $0) }
    return event
  }

  /// What is told of an outlet: a status where it is taken or free now, and what its session does.
  mutating func news(of place: Int, isTriggered: Bool = false, _ now: Moment) -> [Outgoing] {
    let status = tellStatus(of: place, now)
    guard edition > .v16 else { return [Outgoing(.status(status), isTriggered: isTriggered)] }
    var news: [Outgoing] = []
    let word = V2.StatusNotification(status).connectorStatus.text
    if isTriggered || outlets[place].toldAvailability != word {
      outlets[place].toldAvailability = word
      news.append(Outgoing(.status(status), isTriggered: isTriggered))
    }
    if let running = outlets[place].running, let state = V2.Transaction.ChargingState(status.status.word),
      running.toldState != state
    {
      if running.toldState != nil { news.append(Outgoing(.shift(session: running.number, state, at: now.time))) }
      outlets[place].toldState(state)
    }
    return news
  }

  // MARK: What the house answers

  mutating func answered2(_ outgoing: Outgoing, _ payload: JSONTape.Element, _ now: Moment) throws(Flaw) {
    switch outgoing.content {
    case .boot:
      let reply = try V2.BootNotification.Reply.read(payload, edition: edition).value
      var plain = V16.BootNotification.Reply()
      plain.currentTime = reply.currentTime
      plain.interval = reply.interval
      switch reply.status {
      case .accepted: plain.status = .accepted
      case .pending: plain.status = .pending
      case .rejected: plain.status = .rejected
      }
      booted(plain, now)
    case .authorize(let tag, let connector):
      let info = try V2.Authorize.Reply.read(payload, edition: edition).value.idTokenInfo
      verdict(V16.IdTagInfo(info), on: tag, at: connector, now)
    case .start(let session, let start):
      var plain = V16.StartTransaction.Reply()
      plain.transactionId = Int64(session)
      // Silence about the token is no refusal.
      plain.idTagInfo.status = .accepted
      if let info = try V2.TransactionEvent.Reply.read(payload, edition: edition).value.idTokenInfo {
        plain.idTagInfo = V16.IdTagInfo(info)
      }
      confirmed(session, start, plain, now)
    case .stop(let session, let stop):
      let info = try V2.TransactionEvent.Reply.read(payload, edition: edition).value.idTokenInfo
      if let tag = stop.idTag, let info { remember(tag, V16.IdTagInfo(info)) }
      transactions2.forget(session)
      duties.prices.sessions[session] = nil
      if let transaction = transactions.removeValue(forKey: session) {
        tell(.stopAcknowledged(transaction: transaction))
      }
    case .word(action: V2.PullDynamicScheduleUpdate.action, let sent): try pulled(sent, payload, now)
    case .heartbeat, .status, .meter, .shift, .word: break
    }
  }

  // MARK: What the house asks

  mutating func obey2(_ id: MessageID, _ action: String, _ payload: JSONTape.Element, _ now: Moment) {
    switch action {
    case V2.RequestStartTransaction.action:
      answer(id, payload, now) { (model, call: V2.RequestStartTransaction) in
        var plain = V16.RemoteStartTransaction()
        plain.connectorId = call.evseId
        plain.idTag = call.idToken.idToken
        let brought = call.chargingProfile.flatMap { profile in
          profile.plain.map { StartProfile(number: profile.id, profile: $0) }
        }
        if model.transactions2.wishes.count >= Limits.rememberedTags { model.transactions2.wishes = [:] }
        model.transactions2.wishes[plain.idTag.ciFolded] = (call.remoteStartId, call.idToken)
        var reply = V2.RequestStartTransaction.Reply()
        reply.status = .known(model.remoteStart(plain, with: brought, now).refusal == nil ? .accepted : .rejected)
        return reply
      }
    case V2.RequestStopTransaction.action:
      answer(id, payload, now) { (model, call: V2.RequestStopTransaction) in
        var plain = V16.RemoteStopTransaction()
        plain.transactionId = model.transactions2.session(named: call.transactionId).map { Int64($0) } ?? -1
        return V2.YesOrNo(model.remoteStop(plain, now).refusal == nil ? .accepted : .rejected)
      }
    case V2.GetTransactionStatus.action:
      answer(id, payload, now) { (model, call: V2.GetTransactionStatus) in
        var reply = V2.GetTransactionStatus.Reply()
        reply.messagesInQueue = model.line.hasKept { call.transactionId == nil || $0.transaction == call.transactionId }
        reply.ongoingIndicator = call.transactionId.map { name in
          let session = model.transactions2.session(named: name)
          return model.outlets.contains { $0.running.map { $0.number == session } ?? false }
        }
        return reply
      }
    case V2.Reset.action:
      answer(id, payload, now) { (model, call: V2.Reset) in
        guard call.evseId == nil, call.type != .immediateAndResume else { return V2.Reset.Reply(.rejected) }
        // Whoever charges is not disturbed (B12.FR.01).
        guard call.type == .immediate || model.outlets.allSatisfy({ $0.running == nil }) else {
          model.resetsOnceIdle = true
          return V2.Reset.Reply(.scheduled)
        }
        model.reset(isHard: call.type == .immediate, now)
        return V2.Reset.Reply(.accepted)
      }
    case V2.UnlockConnector.action:
      answer(id, payload, now) { (model, call: V2.UnlockConnector) in
        guard let place = model.place(call.evseId), call.connectorId == 1 else {
          return V2.UnlockConnector.Reply(.unknownConnector)
        }
        if model.outlets[place].running != nil { return V2.UnlockConnector.Reply(.ongoingAuthorizedTransaction) }
        return V2.UnlockConnector.Reply(model.profile.kind.isDC ? .unlockFailed : .unlocked)
      }
    case V2.ChangeAvailability.action:
      answer(id, payload, now) { (model, call: V2.ChangeAvailability) in
        var plain = V16.ChangeAvailability()
        plain.connectorId = call.evse?.id ?? 0
        plain.type = call.operationalStatus == .operative ? .operative : .inoperative
        switch model.changeAvailability(plain).status.word {
        case .accepted: return V2.ChangeAvailability.Reply(.accepted)
        case .scheduled: return V2.ChangeAvailability.Reply(.scheduled)
        case .rejected, nil: return V2.ChangeAvailability.Reply(.rejected)
        }
      }
    case V2.ClearCache.action:
      answer(id, payload, now) { (model, _: V2.ClearCache) in
        V2.YesOrNo(model.clearCache(V16.ClearCache()).refusal == nil ? .accepted : .rejected)
      }
    case V2.TriggerMessage.action: answer(id, payload, now) { $0.trigger2($1, now) }
    case V2.DataTransfer.action:
      answer(id, payload, now) { (model, call: V2.DataTransfer) in
        var reply = V2.DataTransfer.Reply()
        if call.vendorId != model.profile.vendor {
          reply.status = .known(.unknownVendorId)
        } else {
          reply.status = .known(call.messageId == nil ? .accepted : .unknownMessageId)
        }
        return reply
      }
    default: obeyDuty(id, action, payload, now)
    }
  }

  private mutating func trigger2(_ call: V2.TriggerMessage, _ now: Moment) -> V2.TriggerMessage.Reply {
    let places = outlets.indices.filter { call.evse == nil || outlets[$0].number == call.evse?.id }
    guard !places.isEmpty else { return V2.TriggerMessage.Reply(.rejected) }
    switch call.requestedMessage {
    case .bootNotification:
      if !line.hasWaiting(\.isBoot) { add(Outgoing(.boot, isTriggered: true)) }
    case .heartbeat: add(Outgoing(.heartbeat, isTriggered: true))
    case .statusNotification:
      for place in places { for one in news(of: place, isTriggered: true, now) { add(one) } }
    case .meterValues, .transactionEvent:
      for place in places {
        let session = outlets[place].running?.number
        if call.requestedMessage == .transactionEvent, session == nil { continue }
        guard let meter = meterValues(place, context: .trigger, now) else { continue }
        add(Outgoing(.meter(session: session, meter), isTriggered: true))
      }
    case .logStatusNotification: tellJob(.log)
    case .firmwareStatusNotification: tellJob(.firmware)
    case .signChargingStation, .signV2G, .signCombined, .signV2G20, .publishFirmwareStatusNotification,
      .customTrigger:
      return V2.TriggerMessage.Reply(.notImplemented)
    }
    return V2.TriggerMessage.Reply(.accepted)
  }
}

// MARK: - The words

extension V2.IdToken {
  /// A card.
  fileprivate init(_ tag: String) {
    self.init()
    idToken = tag
  }
}

extension V2.EVSE {
  /// A connector of the model is an EVSE with one connector.
  fileprivate static func of(_ connector: Int) -> V2.EVSE {
    var evse = V2.EVSE()
    evse.id = connector
    evse.connectorId = 1
    return evse
  }
}

extension V2.StatusNotification {
  fileprivate init(_ status: V16.StatusNotification) {
    self.init()
    timestamp = status.timestamp ?? .epoch
    evseId = status.connectorId
    connectorId = 1
    switch status.status.word {
    case .available: connectorStatus = .known(.available)
    case .preparing, .charging, .suspendedEV, .suspendedEVSE, .finishing: connectorStatus = .known(.occupied)
    case .reserved: connectorStatus = .known(.reserved)
    case .faulted: connectorStatus = .known(.faulted)
    case .unavailable, nil: connectorStatus = .known(.unavailable)
    }
  }
}

extension V2.Transaction.ChargingState {
  fileprivate init?(_ status: V16.StatusNotification.Status?) {
    switch status {
    case .charging: self = .charging
    case .suspendedEV: self = .suspendedEV
    case .suspendedEVSE: self = .suspendedEVSE
    case .available, .preparing, .finishing, .reserved, .unavailable, .faulted, nil: return nil
    }
  }
}

extension V16.IdTagInfo {
  init(_ info: V2.IdTokenInfo) {
    self.init()
    switch info.status {
    case .accepted: status = .accepted
    case .blocked, .noCredit: status = .blocked
    case .expired: status = .expired
    case .concurrentTx: status = .concurrentTx
    case .invalid, .notAllowedTypeEVSE, .notAtThisLocation, .notAtThisTime, .unknown: status = .invalid
    }
    expiryDate = info.cacheExpiryDateTime
    parentIdTag = info.groupIdToken?.idToken
  }
}

extension V2 {
  fileprivate static func reason(_ reason: V16.StopTransaction.Reason) -> Transaction.StoppedReason {
    switch reason {
    case .emergencyStop: .emergencyStop
    case .evDisconnected: .evDisconnected
    case .hardReset: .immediateReset
    case .softReset, .reboot: .reboot
    case .local: .local
    case .other: .other
    case .powerLoss: .powerLoss
    case .remote, .unlockCommand: .remote
    case .deAuthorized: .deAuthorized
    }
  }

  fileprivate static func trigger(of reason: V16.StopTransaction.Reason) -> TransactionEvent.TriggerReason {
    switch reason {
    case .emergencyStop, .powerLoss, .other: .abnormalCondition
    case .evDisconnected: .evDeparted
    case .hardReset, .softReset, .reboot: .resetCommand
    case .local: .stopAuthorized
    case .remote: .remoteStop
    case .unlockCommand: .unlockCommand
    case .deAuthorized: .deauthorized
    }
  }
}

extension V2.MeterValue {
  fileprivate init(register: Register, _ context: V2.SampledValue.Context, at time: Timestamp) {
    self.init()
    timestamp = time
    var sample = V2.SampledValue()
    sample.value = Measured(register.wattHours)
    sample.context = .known(context)
    sample.measurand = .known(.energyImport)
    sample.unitOfMeasure = V2.UnitOfMeasure(unit: "Wh")
    sampledValue = [sample]
  }

  fileprivate init(_ value: V16.MeterValue) {
    self.init()
    timestamp = value.timestamp
    sampledValue = value.sampledValue.map { plain in
      var sample = V2.SampledValue()
      sample.value = Measured(Decimal(plain.value))
      sample.context = plain.context.map { Loose($0.text) }
      sample.measurand = plain.measurand.map { Loose($0.text) }
      sample.phase = plain.phase.map { Loose($0.text) }
      sample.location = plain.location.map { Loose($0.text) }
      sample.unitOfMeasure = plain.unit.map { V2.UnitOfMeasure(unit: $0.text) }
      return sample
    }
  }
}

extension V2.UnitOfMeasure {
  fileprivate init(unit: String) {
    self.init()
    self.unit = unit
  }
}
