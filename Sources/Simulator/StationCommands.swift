import OCPP
import Wire

// What the house asks of a station, answered as stations do (OCPP 1.6 §5). The answer leaves before what follows from
// it.

extension StationModel {
  mutating func obey(_ id: MessageID, _ action: String, _ payload: JSONTape.Element, _ now: Moment) {
    switch action {
    case V16.RemoteStartTransaction.action:
      answer(id, payload, now) { (model, call: V16.RemoteStartTransaction) in
        let brought = call.chargingProfile.map { StartProfile(number: $0.chargingProfileId, profile: $0.plain) }
        return model.remoteStart(call, with: brought, now)
      }
    case V16.RemoteStopTransaction.action: answer(id, payload, now) { $0.remoteStop($1, now) }
    case V16.Reset.action: answer(id, payload, now) { $0.reset($1, now) }
    case V16.UnlockConnector.action: answer(id, payload, now) { $0.unlock($1, now) }
    case V16.ChangeAvailability.action: answer(id, payload, now) { $0.changeAvailability($1) }
    case V16.ChangeConfiguration.action: answer(id, payload, now) { $0.changeConfiguration($1, now) }
    case V16.GetConfiguration.action: answer(id, payload, now) { $0.getConfiguration($1) }
    case V16.ClearCache.action: answer(id, payload, now) { $0.clearCache($1) }
    case V16.TriggerMessage.action: answer(id, payload, now) { $0.trigger($1, now) }
    case V16.DataTransfer.action: answer(id, payload, now) { $0.transfer($1) }
    case V16.SetChargingProfile.action:
      answer(id, payload, now) { (model, call: V16.SetChargingProfile) in model.set(call) }
    case V16.ClearChargingProfile.action:
      answer(id, payload, now) { (model, call: V16.ClearChargingProfile) in model.clear(call) }
    case V16.GetCompositeSchedule.action:
      answer(id, payload, now) { (model, call: V16.GetCompositeSchedule) in model.composite(call, now) }
    case V16.UpdateFirmware.action:
      answer(id, payload, now) { (model, call: V16.UpdateFirmware) in model.update(call, now) }
    case V16.SignedUpdateFirmware.action:
      answer(id, payload, now) { (model, call: V16.SignedUpdateFirmware) in model.update(call, now) }
    case V16.GetDiagnostics.action:
      answer(id, payload, now) { (model, call: V16.GetDiagnostics) in model.send(call, now) }
    case V16.GetLog.action:
      answer(id, payload, now) { (model, call: V16.GetLog) in model.send(call, now) }
    default: refuse(id, action, isKnown(action) ? .unsupportedAction(action) : .unknownAction(action))
    }
  }

  /// Whether its version has such a call, done here or not.
  func isKnown(_ action: String) -> Bool {
    Dialects.all.first { $0.edition == edition }?.calls.contains { $0.action == action } ?? false
  }

  /// Reads a call and answers it.
  mutating func answer<M: Message>(
    _ id: MessageID, _ payload: JSONTape.Element, _ now: Moment, _ decide: (inout StationModel, M) -> M.Reply
  ) where M.Reply: Verdict {
    do throws(Flaw) {
      let message = try M.read(payload, edition: edition).value
      // What `decide` wants done comes behind the answer.
      let place = steps.count
      let reply = decide(&self, message)
      steps.insert(.send(spoilt(Frame.encodeResult(id, reply, edition: edition))), at: place)
      tell(.asked(action: M.action, answer: reply.refusal ?? "Accepted"))
    } catch {
      refuse(id, M.action, .malformed(error))
    }
  }

  mutating func refuse(_ id: MessageID, _ action: String, _ fault: CallFault) {
    let code = fault.code.spelled(in: edition)
    steps.append(.send(Frame.encodeError(id, code: code, description: fault.description, details: fault.details)))
    tell(.asked(action: action, answer: code))
  }

  // MARK: Charging

  mutating func remoteStart(
    _ call: V16.RemoteStartTransaction, with brought: StartProfile?, _ now: Moment
  ) -> V16.YesOrNo {
    if brought != nil, has(.refusesStartProfile) || has(.refusesLimits) { return V16.YesOrNo(.rejected) }
    let wanted = outlets.indices.filter { call.connectorId == nil || outlets[$0].number == call.connectorId }
    let free = wanted.filter { outlets[$0].isFree && outlets[$0].expected?.isFor(call.idTag) != false }
    // A car that waits is served before an empty place.
    guard isOperative, let place = free.first(where: { outlets[$0].car != nil }) ?? free.first else {
      return V16.YesOrNo(.rejected)
    }
    outlets[place].startsWith = brought
    if settings.isOn("AuthorizeRemoteTxRequests") {
      outlets[place].phase = .asking(tag: call.idTag)
      ask(call.idTag, at: outlets[place].number, now)
    } else {
      invite(place, tag: call.idTag, parent: nil, now)
    }
    if outlets[place].car == nil {
      outlets[place].arrivesAt = profile.habits.plugsInAfterSeconds.map { now.time + .seconds($0) }
    }
    return V16.YesOrNo(.accepted)
  }

  mutating func remoteStop(_ call: V16.RemoteStopTransaction, _ now: Moment) -> V16.YesOrNo {
    let place = outlets.indices.first { place in
      outlets[place].running.map { transactions[$0.number] == call.transactionId } ?? false
    }
    guard let place else { return V16.YesOrNo(.rejected) }
    if has(.ignoresStop) { return V16.YesOrNo(.accepted) }
    end(place, because: .remote, tag: nil, now)
    return V16.YesOrNo(.accepted)
  }

  private mutating func unlock(_ call: V16.UnlockConnector, _ now: Moment) -> V16.UnlockConnector.Reply {
    var reply = V16.UnlockConnector.Reply()
    // A cable that hangs at the station has no lock (§5.18).
    guard let place = place(call.connectorId), !profile.kind.isDC else {
      reply.status = .known(.notSupported)
      return reply
    }
    end(place, because: .unlockCommand, tag: nil, now)
    reply.status = .known(.unlocked)
    return reply
  }

  private mutating func reset(_ call: V16.Reset, _ now: Moment) -> V16.YesOrNo {
    reset(isHard: call.type == .hard, now)
    return V16.YesOrNo(.accepted)
  }

  // MARK: Availability

  mutating func changeAvailability(_ call: V16.ChangeAvailability) -> V16.ChangeAvailability.Reply {
    var reply = V16.ChangeAvailability.Reply()
    let operative = call.type == .operative
    let places = outlets.indices.filter { call.connectorId == 0 || outlets[$0].number == call.connectorId }
    guard !places.isEmpty else {
      reply.status = .known(.rejected)
      return reply
    }
    var isScheduled = false
    for place in places {
      if !operative, outlets[place].running != nil {
        outlets[place].operativeAfterwards = false
        isScheduled = true
      } else {
        (outlets[place].isOperative, outlets[place].operativeAfterwards) = (operative, nil)
      }
    }
    if call.connectorId == 0 { isOperative = operative }
    reply.status = .known(isScheduled ? .scheduled : .accepted)
    return reply
  }

  // MARK: Configuration

  private mutating func changeConfiguration(
    _ call: V16.ChangeConfiguration, _ now: Moment
  ) -> V16.ChangeConfiguration.Reply {
    var reply = V16.ChangeConfiguration.Reply()
    let status = settings.change(call.key, to: call.value)
    reply.status = .known(status)
    if status == .accepted {
      switch StationSettings.key(call.key)?.name {
      case "HeartbeatInterval": beat(now)
      case "MeterValueSampleInterval": resample(now)
      case _: break
      }
    }
    return reply
  }

  private func getConfiguration(_ call: V16.GetConfiguration) -> V16.GetConfiguration.Reply {
    var reply = V16.GetConfiguration.Reply()
    let names = (call.key ?? []).prefix(Limits.askedKeys)
    let known = names.isEmpty ? StationSettings.keys : names.compactMap { StationSettings.key($0) }
    reply.configurationKey = known.map { key in
      var value = V16.GetConfiguration.KeyValue()
      value.key = key.name
      value.readonly = key.rule == .fixed
      value.value = settings.value(key)
      return value
    }
    let unknown = names.filter { StationSettings.key($0) == nil }
    reply.unknownKey = unknown.isEmpty ? nil : Array(unknown)
    return reply
  }

  mutating func clearCache(_ call: V16.ClearCache) -> V16.YesOrNo {
    guard settings.isOn("AuthorizationCacheEnabled") else { return V16.YesOrNo(.rejected) }
    memory = []
    return V16.YesOrNo(.accepted)
  }

  // MARK: Triggers

  private mutating func trigger(_ call: V16.TriggerMessage, _ now: Moment) -> V16.TriggerMessage.Reply {
    var reply = V16.TriggerMessage.Reply()
    let places = outlets.indices.filter { call.connectorId == nil || outlets[$0].number == call.connectorId }
    guard !places.isEmpty else {
      reply.status = .known(.rejected)
      return reply
    }
    reply.status = .known(.accepted)
    switch call.requestedMessage {
    case .bootNotification:
      if !line.hasWaiting(\.isBoot) { add(Outgoing(.boot, isTriggered: true)) }
    case .heartbeat:
      add(Outgoing(.heartbeat, isTriggered: true))
    case .statusNotification:
      if call.connectorId == nil { add(Outgoing(.status(stationStatus(now)), isTriggered: true)) }
      for place in places { add(Outgoing(.status(tellStatus(of: place, now)), isTriggered: true)) }
    case .meterValues:
      for place in places {
        guard let meter = meterValues(place, context: .trigger, now) else { continue }
        add(Outgoing(.meter(session: outlets[place].running?.number, meter), isTriggered: true))
      }
    case .diagnostics: tellJob(.diagnostics)
    case .firmware: tellJob(.firmware)
    }
    return reply
  }

  private func transfer(_ call: V16.DataTransfer) -> V16.DataTransfer.Reply {
    var reply = V16.DataTransfer.Reply()
    if call.vendorId != profile.vendor {
      reply.status = .known(.unknownVendorId)
    } else {
      reply.status = .known(call.messageId == nil ? .accepted : .unknownMessageId)
    }
    return reply
  }
}
