import Domain
import OCPP
import Wire

/// One connector of a station with its meter, its cable and what goes on there.
struct Outlet: Sendable {
  typealias Status = V16.StatusNotification.Status

  enum Phase: Sendable, Equatable {
    case free
    /// A card was shown and the verdict is awaited.
    case asking(tag: String)
    /// Charging begins as soon as a car is plugged in.
    case invited(tag: String, parent: String?, until: Timestamp)
    case charging(Running)
    /// The session is over, the cable is still in.
    case finishing
  }

  /// A session as the station knows it.
  struct Running: Sendable, Equatable {
    enum Pause: Sendable, Equatable { case none, byCar, byStation, byLimit }

    /// The station's own number.
    let number: Int
    let tag: String
    var parent: String?
    let startedAt: Timestamp
    let meterStart: Int64
    var pause = Pause.none
    /// Until when the curve has been reckoned.
    var reckonedTo: Timestamp
    var sampleAt: Timestamp?
    /// What the house was told last of what it does; OCPP 2.x alone tells that.
    var toldState: V2.Transaction.ChargingState?
  }

  let number: Int
  var phase = Phase.free
  var car: Car?
  var isOperative = true
  /// What the house wants as soon as the session is over.
  var operativeAfterwards: Bool?
  var fault: V16.StatusNotification.ErrorCode?
  /// Wh, with the fraction that the display does not show.
  var register: Double
  /// Wh that flowed back.
  var returned = 0.0
  /// Below zero what flows back.
  var watts = 0.0
  /// W that the house's profiles allow; nil where they say nothing. And the lines that a car may use.
  var allowed: Double?
  var phases: UInt8 = 3
  /// A profile that came with a remote start, for the session that it begins.
  var startsWith: StartProfile?
  /// For whom it is kept free.
  var expected: Expected?
  /// Somebody comes with a car, or takes it away.
  var arrivesAt: Timestamp?
  var leavesAt: Timestamp?
  /// What the house was told last.
  var told: Status?
  /// The same in the words of 2.x.
  var toldAvailability: String?

  init(number: Int, register: Double) { (self.number, self.register) = (number, register) }

  var running: Running? { if case .charging(let running) = phase { running } else { nil } }
  var shownRegister: Int64 { Int64(register) }

  mutating func toldState(_ state: V2.Transaction.ChargingState) {
    guard case .charging(var running) = phase else { return }
    running.toldState = state
    phase = .charging(running)
  }

  /// Whether a session could begin here.
  var isUsable: Bool { isOperative && fault == nil }
  var isFree: Bool { phase == .free && isUsable }

  var status: Status {
    if fault != nil { return .faulted }
    switch phase {
    case .charging(let running):
      switch running.pause {
      case .none: return .charging
      case .byCar: return .suspendedEV
      case .byStation, .byLimit: return .suspendedEVSE
      }
    case .finishing: return isOperative ? .finishing : .unavailable
    case .asking, .invited: return .preparing
    case .free:
      guard isOperative else { return .unavailable }
      guard car == nil else { return .preparing }
      return expected == nil ? .available : .reserved
    }
  }

  /// Lets the current flow until now.
  mutating func reckon(to now: Timestamp, _ kind: StationProfile.Kind) {
    guard case .charging(var running) = phase, var car else {
      watts = 0
      return
    }
    guard now > running.reckonedTo else { return }
    if running.pause == .none {
      let begin = Double((running.reckonedTo - running.startedAt).wholeMilliseconds) / 1_000
      let end = Double((now - running.startedAt).wholeMilliseconds) / 1_000
      if let allowed, allowed < 0 {
        returned += car.giveBack(-allowed, at: kind, from: begin, to: end)
        watts = -car.gives(-allowed, at: kind)
      } else {
        register += car.charge(at: kind, upTo: allowed, from: begin, to: end)
        watts = car.watts(at: kind, upTo: allowed, seconds: end)
        if car.isFull { running.pause = .byCar }
      }
    }
    if running.pause != .none { watts = 0 }
    running.reckonedTo = now
    self.car = car
    phase = .charging(running)
  }

  /// What the meter shows now, as far as the house wants to know it.
  func samples(
    _ wanted: [V16.SampledValue.Measurand], _ kind: StationProfile.Kind, context: V16.SampledValue.Context,
    bothWays: Bool = false
  ) -> [V16.SampledValue] {
    func sample(
      _ measurand: V16.SampledValue.Measurand, _ value: String, _ unit: V16.SampledValue.Unit,
      phase: V16.SampledValue.Phase? = nil
    ) -> V16.SampledValue {
      var sample = V16.SampledValue()
      sample.value = value
      sample.context = .known(context)
      sample.measurand = .known(measurand)
      sample.unit = .known(unit)
      sample.phase = phase.map { .known($0) }
      sample.location = .known(measurand == .stateOfCharge ? .ev : .outlet)
      return sample
    }
    func tenths(_ value: Double) -> String { Decimal(Int64((value * 10).rounded()), places: 1).text(places: 1) }

    let lines: [V16.SampledValue.Phase?] = kind.isDC ? [nil] : [.l1, .l2, .l3]
    let volts = volts(kind)
    func amperes(on line: Int) -> Double {
      let taken = max(watts, 0)
      return kind.isDC ? taken / volts : line < phases ? taken / Double(phases) / volts : 0
    }
    var made: [V16.SampledValue] = []
    for measurand in wanted {
      switch measurand {
      case .energyImport:
        made.append(sample(measurand, String(shownRegister), .wattHours))
        if bothWays { made.append(sample(.energyExport, String(Int64(returned)), .wattHours)) }
      case .powerImport:
        made.append(sample(measurand, String(Int64(max(watts, 0).rounded())), .watts))
        if bothWays { made.append(sample(.powerExport, String(Int64(max(-watts, 0).rounded())), .watts)) }
      case .powerOffered:
        made.append(
          sample(measurand, String(Int64(running == nil ? 0 : max(0, min(kind.watts, allowed ?? kind.watts)))), .watts))
      case .currentImport:
        for (place, line) in lines.enumerated() {
          made.append(sample(measurand, tenths(amperes(on: place)), .amperes, phase: line))
        }
      case .voltage: for line in lines { made.append(sample(measurand, tenths(volts), .volts, phase: line)) }
      case .stateOfCharge:
        guard kind.isDC, let car else { continue }
        made.append(sample(measurand, String(Int((car.stateOfCharge * 100).rounded())), .percent))
      default: continue
      }
    }
    return made
  }
}

/// A profile that the house sent with a start.
struct StartProfile: Sendable, Equatable {
  let number: Int
  let profile: ChargingProfile
}

/// One connector as an observer sees it.
public struct ConnectorView: Sendable, Equatable {
  public let number: Int
  public let status: V16.StatusNotification.Status
  public let isPlugged: Bool
  /// Of the session that runs.
  public let tag: String?
  /// As the house numbered it; nil while it does not know.
  public let transaction: Int64?
  public let watts: Int
  /// Of the session that runs.
  public let wattHours: Int64
  public let registerWattHours: Int64
  /// Percent, where a car is there.
  public let stateOfCharge: Int?
}
