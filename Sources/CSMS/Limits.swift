/// The bounds of the household, and what happens at each.
public enum Limits {
  /// Errands that wait for a turn; past it a caller hears `.busy` and may try again.
  public nonisolated static let waitingErrands = 50_000
  /// Strangers that may knock at once; the next one hears 503 (HOUSE.md 7).
  public nonisolated static let knocks = 100
  /// Pushes under way at one partner; the others wait their turn.
  public nonisolated static let pushesPerPartner = 4
  /// Attempts and pauses of a push: doubling from the first pause to the longest, with jitter.
  public nonisolated static let firstPushPauseSeconds = 1
  public nonisolated static let longestPushPauseSeconds = 300
  /// Seconds after which a command's late result is of no use to a partner.
  public nonisolated static let resultLifeSeconds = 600
  /// Link changes of one station within a minute that make it "flapping".
  public nonisolated static let linksPerMinute = 6
  /// Authorizations that wait for a partner at once; past it a tag is decided locally.
  public nonisolated static let waitingAuthorizations = 2_000
}
