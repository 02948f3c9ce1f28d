import Wire

/// What one event said, as far as the course of its session depends on it.
public struct TransactionMoment: Sendable, Equatable {
  public var seqNo: Int
  public var phase: TransactionReport.Phase
  public var at: Timestamp
  public var chargingState: TransactionReport.ChargingState?
  /// It named the token that was allowed to charge.
  public var identifies: Bool
  public var ending: Session.Ending?

  public init(
    seqNo: Int, phase: TransactionReport.Phase, at: Timestamp, chargingState: TransactionReport.ChargingState? = nil,
    identifies: Bool = false, ending: Session.Ending? = nil
  ) {
    (self.seqNo, self.phase, self.at) = (seqNo, phase, at)
    (self.chargingState, self.identifies, self.ending) = (chargingState, identifies, ending)
  }
}

/// The course of a transaction, told by its events in the order of their seqNo, in whatever order they came.
public struct TransactionStory: Sendable, Equatable {
  /// A session counts from where somebody may charge (OCPI 2.2.1 §9.4.4, ACTIVE): from the first event or, where the car
  /// was plugged in before anybody was known, from when somebody was.
  public private(set) var startedAt: Timestamp
  /// When and why it ended; nil while it has not.
  public private(set) var end: (at: Timestamp, ending: Session.Ending)?
  /// What the vehicle did.
  public private(set) var shifts: [Session.Shift] = []
  /// Energy flowed at some time.
  public private(set) var hasCharged = false
  /// A vehicle was connected at some time, as far as charging states say it; and whether any of them was told.
  public private(set) var sawVehicle = false
  public private(set) var saysStates = false
  /// The numbers that are not there, of those between its begin and the newest.
  public private(set) var missing: [ClosedRange<Int>] = []
  /// Its begin was told.
  public private(set) var hasBegin = false

  /// All from begin to end was told.
  public var isWhole: Bool { hasBegin && end != nil && missing.isEmpty }

  /// - Precondition: there is one moment at least.
  public init(_ moments: [TransactionMoment]) {
    precondition(!moments.isEmpty, "a story of nothing")
    // Two with one number are told in the order of their times.
    let ordered = moments.sorted { ($0.seqNo, $0.at) < ($1.seqNo, $1.at) }
    startedAt = ordered[0].at
    if let known = ordered.firstIndex(where: \.identifies),
      !ordered[..<known].contains(where: { $0.chargingState == .charging })
    {
      startedAt = ordered[known].at
    }
    for (place, moment) in ordered.enumerated() {
      if moment.phase == .started { hasBegin = true }
      if moment.phase == .ended { end = (moment.at, moment.ending ?? .other) }
      if let state = moment.chargingState {
        saysStates = true
        if state != .idle { sawVehicle = true }
      }
      if let state = moment.chargingState, shifts.count < Limits.sessionShifts {
        if state == .charging { hasCharged = true }
        if let activity = state.activity(hasCharged: hasCharged), activity != (shifts.last?.activity ?? .charging) {
          shifts.append(Session.Shift(at: max(moment.at, shifts.last?.at ?? startedAt), activity: activity))
        }
      }
      guard place > 0, missing.count < Limits.transactionGaps else { continue }
      let before = ordered[place - 1].seqNo
      // Numbers are the station's own, up to the greatest that there is.
      if moment.seqNo > before, moment.seqNo - 1 > before { missing.append(before + 1...moment.seqNo - 1) }
    }
  }

  public static func == (one: TransactionStory, other: TransactionStory) -> Bool {
    one.startedAt == other.startedAt && one.end?.at == other.end?.at && one.end?.ending == other.end?.ending
      && one.shifts == other.shifts && one.hasCharged == other.hasCharged && one.missing == other.missing
      && one.hasBegin == other.hasBegin
  }
}

extension TransactionReport.ChargingState {
  /// What the vehicle does, for the bill; nil where this says nothing about it: before energy flowed nothing is paused.
  public func activity(hasCharged: Bool) -> Session.Activity? {
    switch self {
    // Our own pause costs no parking.
    case .charging, .suspendedEVSE: .charging
    case .suspendedEV: .idle
    case .connected, .idle: hasCharged ? .idle : nil
    }
  }

  /// What its EVSE shows.
  public func status(hasCharged: Bool) -> EVSE.Status {
    switch self {
    case .charging: .charging
    case .suspendedEV: .suspendedEV
    case .suspendedEVSE: .suspendedEVSE
    case .connected, .idle: hasCharged ? .finishing : .preparing
    }
  }
}
