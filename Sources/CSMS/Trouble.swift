import Domain
import Store
import Wire

/// Why the house cannot write: a full disk, a lock of another program. Stations and partners then hear that they may try
/// again, reading goes on, and a beat of the clock finds out when it is over.
public struct Trouble: Equatable, Sendable {
  public let fault: StoreFault
  public let since: Timestamp
  /// When it was last said in the log.
  var saidAt: Timestamp
}

extension CSMS {
  /// A turn was lost as a whole. It is said at once, and while it goes on once a minute: a log that tells of each turn
  /// would fill the disk for good.
  func turnFailed(_ fault: StoreFault, errands: Int) {
    let isTrouble =
      switch fault {
      case .full, .busy, .ended, .io: true
      default: false
      }
    // An end that SQLite made by itself follows another fault, and says less.
    let isNew = trouble == nil || (fault != .ended && trouble?.fault != fault)
    if isTrouble, isNew { trouble = Trouble(fault: fault, since: trouble?.since ?? now, saidAt: now) }
    guard !isTrouble || isNew || abs(now - (trouble?.saidAt ?? .epoch)) >= .seconds(Limits.troubleSeconds) else {
      return
    }
    trouble?.saidAt = now
    log.error("turn failed", metadata: ["errands": "\(errands)", "cause": "\(fault)"])
  }

  /// Tries to write that nothing could be written; once that is on disk, it is over.
  func lookForTheEndOfTrouble() {
    guard let trouble else { return }
    if trouble.fault == .full { store.makeRoom() }
    note { () throws(StoreFault) in
      try self.record(.couldNotWrite(because: "\(trouble.fault)", since: trouble.since))
      self.afterCommit {
        self.log.notice(
          "turns are kept again", metadata: ["after": "\(trouble.fault)", "since": "\(trouble.since.text)"])
        self.trouble = nil
        self.pacing.hasNews = true
      }
    }
  }
}

private func abs(_ duration: Duration) -> Duration { duration < .zero ? .zero - duration : duration }
