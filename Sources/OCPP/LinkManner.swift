// How the link of a station is kept: what its version, its make and the operator ask for.

import Domain
import Wire

extension Link {
  /// How a station's link is kept; one object for all that are kept alike.
  final class Manner {
    let dialect: any Dialect
    /// Three heartbeats, as long as the station has not shown that it answers pings.
    let patience: Duration
    /// Milliseconds for which each answer is held back: some stations drop the line when one comes at once.
    let answerDelay: Int
    /// How long the station is left alone after its boot.
    let settle: Duration
    let takesAnyAnswerID: Bool
    /// The clock by which it writes times without a zone.
    let zone: ZoneRules

    init(_ guest: Admission.Guest, dialect: any Dialect, heartbeatSeconds: Int) {
      self.dialect = dialect
      settle = .seconds(guest.quirks.settleSeconds ?? 0)
      takesAnyAnswerID = guest.quirks.takesAnyAnswerID ?? false
      zone = guest.zone
      answerDelay = guest.quirks.answerDelayMilliseconds ?? 0
      // A stranger's place at the door is scarce, and it was told to come again sooner.
      patience =
        guest.station == nil
        ? OCPPLimits.strangersPatience
        : .seconds(3 * (guest.quirks.heartbeatSeconds ?? heartbeatSeconds))
    }

    func isLike(_ other: Manner) -> Bool {
      dialect.version == other.dialect.version && patience == other.patience && answerDelay == other.answerDelay
        && settle == other.settle && takesAnyAnswerID == other.takesAnyAnswerID && zone == other.zone
    }
  }
}
