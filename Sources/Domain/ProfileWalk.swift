import Wire

/// A station on its way to security profile 3: what is done next, and whether it may be. Each step may be repeated, so
/// that a restart or a lost connection costs one repetition; none lowers anything.
public struct ProfileWalk: Sendable, Equatable {
  public enum Step: String, Word {
    /// Our root is installed, so that the station knows our doors.
    case installRoot = "install_root"
    /// It is told to ask for a certificate.
    case askForRequest = "ask_for_request"
    /// Its request is awaited; what comes is signed and sent by the duty that answers all requests.
    case awaitRequest = "await_request"
    case awaitAcceptance = "await_acceptance"
    case setProfile = "set_profile"
    /// Only where a station keeps several ways to us.
    case preferProfile = "prefer_profile"
    case restart
    /// It comes in with the certificate.
    case awaitReturn = "await_return"
    case done
    case failed
  }

  public let station: ID<Station>
  public let startedAt: Timestamp
  public let by: String
  public private(set) var step: Step
  /// How often this step was tried.
  public private(set) var attempts: Int
  /// When the step is done, or done again; nil while its command is out, and at the end.
  public private(set) var dueAt: Timestamp?
  /// Upper-case hex, of the certificate that it was sent.
  public private(set) var serial: String?
  /// Why the step was not done the last time, or why the walk ended.
  public private(set) var reason: String?
  public private(set) var changedAt: Timestamp

  public init(station: ID<Station>, by: String, at now: Timestamp) {
    self.init(
      station: station, startedAt: now, by: by, step: .installRoot, attempts: 0, dueAt: now, serial: nil, reason: nil,
      changedAt: now)
  }

  /// As the books have it.
  public init(
    station: ID<Station>, startedAt: Timestamp, by: String, step: Step, attempts: Int, dueAt: Timestamp?,
    serial: String?, reason: String?, changedAt: Timestamp
  ) {
    (self.station, self.startedAt, self.by, self.step) = (station, startedAt, by, step)
    (self.attempts, self.dueAt, self.serial, self.reason) = (attempts, dueAt, serial, reason)
    self.changedAt = changedAt
  }

  public var isOpen: Bool { step != .done && step != .failed }

  /// The step's command goes out.
  public mutating func sent(at now: Timestamp) {
    attempts += 1
    (dueAt, changedAt) = (nil, now)
  }

  /// What a station said that a new setting needs before it counts.
  public enum Need: Sendable { case nothing, preference, restart }

  /// The station did what the step asks.
  public mutating func succeeded(needs need: Need = .nothing, at now: Timestamp) {
    switch step {
    case .installRoot: begin(.askForRequest, at: now)
    case .askForRequest: wait(in: .awaitRequest, at: now)
    case .setProfile:
      switch need {
      // It ends the connection by itself and returns (1.6 security whitepaper A05).
      case .nothing: wait(in: .awaitReturn, at: now)
      case .preference: begin(.preferProfile, at: now)
      case .restart: begin(.restart, at: now)
      }
    case .preferProfile: begin(.restart, at: now)
    case .restart: wait(in: .awaitReturn, at: now)
    case .awaitRequest, .awaitAcceptance, .awaitReturn, .done, .failed: break
    }
  }

  /// Its request was signed, and the certificate is on its way.
  public mutating func signed(_ serial: String, at now: Timestamp) {
    guard step == .askForRequest || step == .awaitRequest || step == .awaitAcceptance else { return }
    self.serial = serial
    wait(in: .awaitAcceptance, at: now)
  }

  /// It took the certificate.
  public mutating func tookCertificate(_ serial: String, at now: Timestamp) {
    guard step == .awaitAcceptance, serial == self.serial else { return }
    begin(.setProfile, at: now)
  }

  /// It came in with a certificate. That it took it is plain then, also where its answer was lost.
  public mutating func cameIn(with serial: String, at now: Timestamp) {
    guard serial == self.serial else { return }
    switch step {
    case .awaitAcceptance: begin(.setProfile, at: now)
    // The setting ends the connection of some stations before they answer.
    case .setProfile where attempts > 0: (step, dueAt, reason, changedAt) = (.done, nil, nil, now)
    case .preferProfile, .restart, .awaitReturn: (step, dueAt, reason, changedAt) = (.done, nil, nil, now)
    case .installRoot, .askForRequest, .awaitRequest, .setProfile, .done, .failed: break
    }
  }

  /// The connection or the daemon was lost, or the station did not answer: the step is done again.
  public mutating func interrupted(_ why: String, at now: Timestamp) {
    switch step {
    case .installRoot, .askForRequest, .setProfile, .preferProfile: again(step, because: why, at: now)
    // A restart ends the connection, and often its own answer with it.
    case .restart: wait(in: .awaitReturn, at: now)
    case .awaitRequest, .awaitAcceptance, .awaitReturn, .done, .failed: break
    }
  }

  /// Nothing came of waiting: what leads to it is done again.
  public mutating func waitedInVain(at now: Timestamp) {
    switch step {
    case .awaitRequest: again(.askForRequest, because: "the station sent no request that could be signed", at: now)
    case .awaitAcceptance: again(.askForRequest, because: "the station did not take its certificate", at: now)
    case .awaitReturn: again(.restart, because: "the station did not come in with its certificate", at: now)
    case .installRoot, .askForRequest, .setProfile, .preferProfile, .restart, .done, .failed: break
    }
  }

  /// The station is away: the step waits for it.
  public mutating func postpone(at now: Timestamp) { dueAt = now + .seconds(Limits.profileWalkPauseSeconds) }

  /// It cannot or will not: nothing helps but a person.
  public mutating func fail(_ why: String, at now: Timestamp) {
    guard isOpen else { return }
    (step, dueAt, reason, changedAt) = (.failed, nil, why, now)
  }

  /// A new leg of the way, with its own count of attempts.
  private mutating func begin(_ next: Step, at now: Timestamp) {
    (step, attempts, dueAt, reason, changedAt) = (next, 0, now, nil, now)
  }

  private mutating func wait(in next: Step, at now: Timestamp) {
    (step, dueAt, changedAt) = (next, now + .seconds(Limits.profileWalkPatienceSeconds), now)
  }

  private mutating func again(_ next: Step, because why: String, at now: Timestamp) {
    guard attempts < Limits.profileWalkAttempts else { return fail(why, at: now) }
    (step, reason, changedAt) = (next, why, now)
    dueAt = now + .seconds(Limits.profileWalkPauseSeconds)
  }
}
