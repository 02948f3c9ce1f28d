import OCPP
import Wire

// What drivers do at a station, and what it makes of that: cards, cables, sessions and meter values.

extension StationModel {
  func place(_ connector: Int) -> Int? { outlets.firstIndex { $0.number == connector } }

  // MARK: Drivers

  /// A car is plugged in; with `tag`, its driver shows a card. Without effect where a car is already.
  public mutating func plugIn(_ connector: Int, tag: String? = nil, car: Car? = nil, at now: Moment) -> [Step] {
    guard let place = place(connector), outlets[place].car == nil, outlets[place].fault == nil else { return [] }
    outlets[place].car = car ?? .random(using: &random)
    outlets[place].arrivesAt = nil
    if case .invited(let invited, let parent, _) = outlets[place].phase {
      begin(place, tag: invited, parent: parent, now)
    } else if let tag {
      // The cable first, as people do: the house sees Preparing before the card.
      if isAccepted { for one in news(of: place, now) { add(one) } }
      show(tag, at: place, now)
    }
    return finish(now)
  }

  /// A card is shown: it begins a session, or ends the one that it or its group began.
  public mutating func present(_ tag: String, at connector: Int, at now: Moment) -> [Step] {
    guard let place = place(connector) else { return [] }
    show(tag, at: place, now)
    return finish(now)
  }

  /// The cable is taken out.
  public mutating func unplug(_ connector: Int, at now: Moment) -> [Step] {
    guard let place = place(connector) else { return [] }
    takeOut(place, now)
    return finish(now)
  }

  /// Ends the session at a connector; the cable stays in.
  public mutating func stop(
    _ connector: Int, because reason: V16.StopTransaction.Reason = .local, at now: Moment
  ) -> [Step] {
    guard let place = place(connector), let running = outlets[place].running else { return [] }
    end(place, because: reason, tag: reason == .local ? running.tag : nil, now)
    return finish(now)
  }

  private mutating func show(_ tag: String, at place: Int, _ now: Moment) {
    let outlet = outlets[place]
    guard outlet.fault == nil else { return }
    switch outlet.phase {
    case .free, .finishing:
      guard outlet.isUsable, outlet.expected?.isFor(tag) != false else { return }
      outlets[place].phase = .asking(tag: tag)
      ask(tag, at: outlet.number, now)
    case .charging(let running):
      if running.tag.ciFolded == tag.ciFolded {
        end(place, because: .local, tag: tag, now)
      } else {
        ask(tag, at: outlet.number, now)
      }
    case .asking, .invited: break
    }
  }

  mutating func takeOut(_ place: Int, _ now: Moment) {
    guard outlets[place].car != nil else { return }
    end(place, because: .evDisconnected, tag: nil, now)
    outlets[place].car = nil
    outlets[place].leavesAt = nil
    if outlets[place].phase == .finishing { outlets[place].phase = .free }
  }

  // MARK: May it charge?

  /// Asks the house, or decides alone where it is not there (OCPP 1.6 §3.5).
  mutating func ask(_ tag: String, at connector: Int, _ now: Moment) {
    guard isAccepted else { return decideAlone(tag, at: connector, now) }
    if settings.isOn("LocalPreAuthorize"), let info = remembered(tag, now), info.status == .accepted {
      return verdict(info, on: tag, at: connector, now)
    }
    // Where too much waits already, the driver is not left standing.
    if line.add(Outgoing(.authorize(tag: tag, connector: connector))) != nil { decideAlone(tag, at: connector, now) }
  }

  /// The connection is gone: whoever waits for a verdict gets the station's own.
  mutating func decideAlone(_ now: Moment) {
    for outlet in outlets {
      if case .asking(let tag) = outlet.phase { decideAlone(tag, at: outlet.number, now) }
    }
  }

  mutating func decideAlone(_ tag: String, at connector: Int, _ now: Moment) {
    var info = V16.IdTagInfo()
    if settings.isOn("LocalAuthorizeOffline"), let known = remembered(tag, now) {
      info = known
    } else if settings.isOn("AllowOfflineTxForUnknownId") {
      info.status = .accepted
    }
    decided(info, on: tag, at: connector, now)
  }

  /// The house's word.
  mutating func verdict(_ info: V16.IdTagInfo, on tag: String, at connector: Int, _ now: Moment) {
    remember(tag, info)
    decided(info, on: tag, at: connector, now)
  }

  private mutating func decided(_ info: V16.IdTagInfo, on tag: String, at connector: Int, _ now: Moment) {
    tell(.authorized(tag: tag, info.status))
    guard let place = place(connector) else { return }
    switch outlets[place].phase {
    case .asking(let asked) where asked == tag:
      if info.status == .accepted {
        invite(place, tag: tag, parent: info.parentIdTag, now)
      } else {
        outlets[place].phase = .free
      }
    case .charging(let running):
      // Tokens of one group stop each other's sessions (OCPP 1.6 §3.13).
      guard info.status == .accepted, let parent = info.parentIdTag,
        parent.ciFolded == running.parent?.ciFolded
      else { return }
      end(place, because: .local, tag: tag, now)
    case .free, .asking, .invited, .finishing: break
    }
  }

  mutating func remember(_ tag: String, _ info: V16.IdTagInfo) {
    guard settings.isOn("AuthorizationCacheEnabled") else { return }
    memory.removeAll { $0.tag == tag.ciFolded }
    memory.append((tag.ciFolded, info))
    if memory.count > Limits.rememberedTags { memory.removeFirst() }
  }

  private func remembered(_ tag: String, _ now: Moment) -> V16.IdTagInfo? {
    guard settings.isOn("AuthorizationCacheEnabled") else { return nil }
    return memory.first { $0.tag == tag.ciFolded && ($0.info.expiryDate.map { now.time < $0 } ?? true) }?.info
  }

  // MARK: Sessions

  /// Charging may begin: now, where a car is there, or when one comes.
  mutating func invite(_ place: Int, tag: String, parent: String?, _ now: Moment) {
    guard outlets[place].car == nil else { return begin(place, tag: tag, parent: parent, now) }
    let until = now.time + .seconds(settings.whole("ConnectionTimeOut"))
    outlets[place].phase = .invited(tag: tag, parent: parent, until: until)
  }

  private mutating func begin(_ place: Int, tag: String, parent: String?, _ now: Moment) {
    guard line.hasRoomForSession else {
      outlets[place].phase = .free
      return tell(.dropped(action: V16.StartTransaction.action))
    }
    sessions += 1
    let interval = settings.whole("MeterValueSampleInterval")
    outlets[place].leavesAt = nil
    outlets[place].phase = .charging(
      Outlet.Running(
        number: sessions, tag: tag, parent: parent, startedAt: now.time, meterStart: outlets[place].shownRegister,
        reckonedTo: now.time, sampleAt: interval > 0 ? now.time + .seconds(interval) : nil))
    var start = V16.StartTransaction()
    start.connectorId = outlets[place].number
    start.idTag = tag
    start.meterStart = V16.register(outlets[place].shownRegister)
    start.timestamp = now.time
    if let expected = outlets[place].expected, expected.isFor(tag) {
      start.reservationId = expected.reservation
      outlets[place].expected = nil
    }
    transactions2.begin(sessions, tag: tag, connector: outlets[place].number, at: now.time)
    if let brought = outlets[place].startsWith {
      outlets[place].startsWith = nil
      _ = keep(brought.profile, number: brought.number, at: outlets[place].number, for: sessions)
    }
    outlets[place].toldState(.charging)
    add(Outgoing(.start(session: sessions, start)))
    tell(.sessionStarted(connector: outlets[place].number, tag: tag))
  }

  /// The house gave the session its number, and says whether the driver may charge after all.
  mutating func confirmed(
    _ session: Int, _ start: V16.StartTransaction, _ reply: V16.StartTransaction.Reply, _ now: Moment
  ) {
    transactions[session] = reply.transactionId
    tell(.sessionConfirmed(connector: start.connectorId, transaction: reply.transactionId))
    remember(start.idTag, reply.idTagInfo)
    guard let place = place(start.connectorId), var running = outlets[place].running, running.number == session else {
      return
    }
    if reply.idTagInfo.status == .accepted {
      running.parent = reply.idTagInfo.parentIdTag ?? running.parent
      outlets[place].phase = .charging(running)
    } else if settings.isOn("StopTransactionOnInvalidId") {
      end(place, because: .deAuthorized, tag: nil, now)
    } else {
      running.pause = .byStation
      outlets[place].watts = 0
      outlets[place].phase = .charging(running)
    }
  }

  /// Ends what runs at an outlet; without effect where nothing does.
  mutating func end(_ place: Int, because reason: V16.StopTransaction.Reason, tag: String?, _ now: Moment) {
    outlets[place].reckon(to: now.time, profile.kind)
    guard let running = outlets[place].running else { return }
    var stop = V16.StopTransaction()
    stop.idTag = tag
    stop.meterStop = V16.register(outlets[place].shownRegister)
    stop.timestamp = now.time
    stop.reason = .known(reason)
    add(Outgoing(.stop(session: running.number, stop)))
    outlets[place].phase = outlets[place].car == nil ? .free : .finishing
    outlets[place].watts = 0
    (outlets[place].allowed, outlets[place].phases) = (nil, 3)
    duties.rules.forget(running.number)
    outlets[place].leavesAt = profile.habits.leavesAfterSeconds.map { now.time + .seconds($0) }
    if let operative = outlets[place].operativeAfterwards {
      (outlets[place].isOperative, outlets[place].operativeAfterwards) = (operative, nil)
    }
    tell(
      .sessionEnded(
        connector: outlets[place].number, transaction: transactions[running.number],
        wattHours: outlets[place].shownRegister - running.meterStart, reason))
  }

  // MARK: Time

  /// Whoever comes, goes, or waited too long; and the meter values that are due.
  mutating func lookAtOutlets(_ now: Moment) {
    for place in outlets.indices {
      if let at = outlets[place].arrivesAt, at <= now.time {
        outlets[place].arrivesAt = nil
        if outlets[place].car == nil, outlets[place].fault == nil {
          outlets[place].car = .random(using: &random)
          if case .invited(let tag, let parent, _) = outlets[place].phase {
            begin(place, tag: tag, parent: parent, now)
          }
        }
      }
      if let at = outlets[place].leavesAt, at <= now.time {
        outlets[place].leavesAt = nil
        takeOut(place, now)
      }
      if case .invited(_, _, let until) = outlets[place].phase, until <= now.time { outlets[place].phase = .free }
      sample(place, now)
    }
  }

  private mutating func sample(_ place: Int, _ now: Moment) {
    guard var running = outlets[place].running, let due = running.sampleAt, due <= now.time else { return }
    let interval = Duration.seconds(settings.whole("MeterValueSampleInterval"))
    // After a long sleep the meter goes on from now; it does not make up values for the time that it slept.
    let next = due + interval
    running.sampleAt = interval > .zero ? (next > now.time ? next : now.time + interval) : nil
    outlets[place].phase = .charging(running)
    if let meter = meterValues(place, context: .periodic, now) {
      add(Outgoing(.meter(session: running.number, meter)))
    }
  }

  /// Takes effect for sessions that run.
  mutating func resample(_ now: Moment) {
    let interval = settings.whole("MeterValueSampleInterval")
    for place in outlets.indices {
      guard var running = outlets[place].running else { continue }
      running.sampleAt = interval > 0 ? now.time + .seconds(interval) : nil
      outlets[place].phase = .charging(running)
    }
  }

  /// Nil where the house wants to know nothing.
  func meterValues(_ place: Int, context: V16.SampledValue.Context, _ now: Moment) -> V16.MeterValues? {
    var value = V16.MeterValue()
    value.timestamp = now.time
    value.sampledValue = outlets[place].samples(
      settings.sampled, profile.kind, context: context, bothWays: profile.metersBothWays)
    guard !value.sampledValue.isEmpty else { return nil }
    var meter = V16.MeterValues()
    meter.connectorId = outlets[place].number
    meter.meterValue = [value]
    return meter
  }
}

extension V16 {
  /// A register in the words of a message.
  fileprivate static func register(_ wattHours: Int64) -> Register { Register(Decimal(wattHours)) }
}
