import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// A day at a site whose cars could draw twice what its fuse carries: stations are told limits by profiles, follow late,
/// lose their line and come back, and the house dies now and then. What flows is known here.
@MainActor
final class LoadDay {
  private struct Box {
    let identity: String
    var caller: Caller?
    var returnsAt = Timestamp.epoch
    var transaction: Int64?
    var wattHours: Int64 = 0
    var endsAt = Timestamp.epoch
    /// What it allows a car now, and what it will from when on.
    var allowed: Decimal
    var next: (limit: Decimal, at: Timestamp)?
    var readAt = Timestamp.epoch
  }

  let house: HouseUnderTest
  private var random: Seeded
  private var boxes: [Box] = []
  private var seenCalls = 0
  private var excessSince: Timestamp?
  private(set) var longestExcess: Int64 = 0
  private(set) var sessions = 0
  private(set) var delivered: Int64 = 0
  private(set) var restarts = 0

  static let fuse = 64
  private static let fallback = 6

  init(seed: Int) throws {
    random = Seeded(seed)
    house = try HouseUnderTest()
    house.clock.now = Timestamp(seconds: 1_777_000_000)
    try house.furnish(evses: 1)
    for number in 2...4 { try house.addStation("CS-\(number)", evses: 1) }
    for card in 1...4 { try house.addToken("CARD-\(card)") }
    let now = house.now
    try house.write { books throws(StoreFault) in
      guard let place = try books.locations.first() else { return }
      let circuit = try books.circuits.create(
        Circuit(
          id: ID(0), location: place.id, name: "the supply", rated: Current(amperes: Self.fuse), createdAt: now,
          updatedAt: now))
      for number in 1...4 {
        guard let identity = StationIdentity("CS-\(number)"), let station = try books.stations.station(identity) else {
          continue
        }
        for evse in try books.stations.evses(of: station.id) {
          var outlet = KeptOutlet(evse: evse.id, station: station.id, number: evse.number, circuit: circuit.id)
          outlet.fallback = Current(amperes: Self.fallback)
          try books.circuits.keep(outlet)
        }
      }
    }
    boxes = (1...4).map { Box(identity: "CS-\($0)", allowed: Decimal(Self.fallback)) }
    house.stations.answer = { command, _ in
      switch command {
      case .capacity, .trigger: .accepted(answer: [:])
      default: nil
      }
    }
  }

  func run(hours: Int) throws {
    let end = house.now + .seconds(hours * 3_600)
    while house.now < end {
      house.clock.now += .seconds(5)
      for place in boxes.indices { try live(place) }
      house.csms.tick()
      house.settle()
      try answerCalls()
      house.settle()
      measure()
      if random.chance(1) {
        try house.restart()
        restarts += 1
        seenCalls = house.stations.calls.count
        for place in boxes.indices { boxes[place].caller = nil }
      }
    }
  }

  private func live(_ place: Int) throws {
    let now = house.now
    if let next = boxes[place].next, next.at <= now {
      (boxes[place].allowed, boxes[place].next) = (next.limit, nil)
    }
    guard let caller = boxes[place].caller else {
      guard now >= boxes[place].returnsAt else { return }
      boxes[place].caller = try house.connect(boxes[place].identity)
      return
    }
    if random.chance(1), boxes[place].transaction == nil || random.chance(300) {
      try caller.leave()
      boxes[place].caller = nil
      boxes[place].returnsAt = now + .seconds(random.number(10...600))
      return
    }
    if let transaction = boxes[place].transaction {
      boxes[place].wattHours += Int64(draw(place)) * 690 * 5 / 3_600
      if now >= boxes[place].endsAt {
        try caller.stop(transaction, meter: boxes[place].wattHours)
        delivered += boxes[place].wattHours
        (boxes[place].transaction, boxes[place].next) = (nil, nil)
        boxes[place].allowed = Decimal(Self.fallback)
      } else if now >= boxes[place].readAt {
        boxes[place].readAt = now + .seconds(60)
        try read(place, caller, transaction)
      }
    } else if random.chance(8) {
      boxes[place].transaction = try caller.start("CARD-\(place + 1)", evse: 1).transaction
      (boxes[place].wattHours, boxes[place].readAt) = (0, now + .seconds(10))
      boxes[place].endsAt = now + .seconds(random.number(1_800...10_000))
      sessions += 1
    }
  }

  /// Whole amperes, as stations cut them.
  private func draw(_ place: Int) -> Int {
    guard boxes[place].transaction != nil else { return 0 }
    let allowed = Int(boxes[place].allowed.rounded(toPlaces: 0, .down).asInt64(scaledBy: 0) ?? 0)
    return allowed < 6 ? 0 : min(allowed, 32)
  }

  private func read(_ place: Int, _ caller: Caller, _ transaction: Int64) throws {
    let current = Current(amperes: draw(place))
    let reading = Reading(
      at: house.now, register: Energy(tenthsOfWattHour: boxes[place].wattHours * 10), current: current.amperes,
      lineCurrents: LineCurrents(current, on: .all), raw: ["at": .string(house.now.text)])
    try house.decide { [desk = caller.desk] () throws(TurnFault) in
      try desk.meter(MeterReport(evse: 1, transaction: transaction, readings: [reading]))
    }
  }

  /// Stations say yes to profiles, and follow some seconds later.
  private func answerCalls() throws {
    while seenCalls < house.stations.calls.count {
      let call = house.stations.calls[seenCalls]
      seenCalls += 1
      guard let place = boxes.firstIndex(where: { $0.caller?.link == call.link }) else { continue }
      switch call.command {
      case .profile(.set(let profile, _, _)):
        if profile.purpose == .session, boxes[place].transaction != nil {
          boxes[place].next = (profile.schedule.periods[0].limit, house.now + .seconds(random.number(0...8)))
        }
        call.answer(.accepted(answer: .null))
      case .profile: call.answer(.accepted(answer: [:]))
      case .trigger(.meterValues, _, _): boxes[place].readAt = house.now
      default: break
      }
    }
  }

  private func measure() {
    let sum = boxes.indices.reduce(0) { $0 + draw($1) }
    guard sum > Self.fuse else { return excessSince = nil }
    let since = excessSince ?? house.now
    excessSince = since
    longestExcess = max(longestExcess, house.now.seconds(since: since) + 5)
  }
}

@MainActor @Suite struct LoadDayTests {
  @Test(arguments: 1...2) func halfADayOfChargingStaysWithinItsFuse(seed: Int) throws {
    let day = try LoadDay(seed: seed)
    try day.run(hours: 12)
    #expect(day.sessions > 10, "seed \(seed)")
    // A session begins by its station's default; until the others have gone down that may be too much.
    #expect(day.longestExcess <= 45, "seed \(seed): \(day.longestExcess) s")
    // A fifth of what the fuse could carry all the time is more than fair shares of the default would give.
    #expect(day.delivered > Int64(LoadDay.fuse * 690 * 12) / 5, "seed \(seed): \(day.delivered) Wh")
    #expect(day.restarts > 0, "seed \(seed)")
  }
}
