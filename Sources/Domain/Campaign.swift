import Wire

/// New firmware for many stations: in waves, at the hours that the operator allows, each station tried a few times, and
/// stopped by itself where too many fail.
public struct Campaign: Sendable, Equatable {
  public enum State: String, Word { case running, stopped, done }

  public var id: String
  public var name: String
  public var state: State
  /// Why it stopped, where it did so by itself.
  public var why: String?
  public var plan: Plan
  public var origin: String
  public var createdAt: Timestamp
  public var updatedAt: Timestamp

  public init(id: String, name: String, plan: Plan, origin: String, at now: Timestamp) {
    (self.id, self.name, self.plan, self.origin) = (id, name, plan, origin)
    (state, createdAt, updatedAt) = (.running, now, now)
  }

  /// How it is done; its walk is its form in the books and in the API.
  public struct Plan: Payload, Equatable {
    /// A file of the house, or an address elsewhere: one of them.
    public var file: String?
    public var url: String?
    public var signature: String?
    public var certificate: String?
    /// Stations of one wave; the next begins when it is over.
    public var waveSize = 10
    /// Minutes of the day at the station between which updates begin; both absent is at any time. From 22:00 to 05:00 is
    /// 1320 to 300.
    public var fromMinute: Int?
    public var toMinute: Int?
    /// Tries at one station, and minutes between them.
    public var attempts = 3
    public var pauseMinutes = 60
    /// Stations whose failure stops the campaign.
    public var mostFailures: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("file", &file, max: 36)
      try w.visit("url", &url, max: 512)
      try w.visit("signature", &signature, max: 800)
      try w.visit("certificate", &certificate, max: 5_500)
      try w.visit("wave_size", &waveSize, 1...Limits.campaignStations)
      try w.visit("from_minute", &fromMinute, 0...1_439)
      try w.visit("to_minute", &toMinute, 0...1_439)
      try w.visit("attempts", &attempts, 1...10)
      try w.visit("pause_minutes", &pauseMinutes, 1...10_080)
      try w.visit("most_failures", &mostFailures, 1...Limits.campaignStations)
    }

    /// What does not fit together, for whoever wrote it; nil where all does.
    public var flaw: String? {
      if (file == nil) == (url == nil) { return "give a file or a url" }
      if (fromMinute == nil) != (toMinute == nil) { return "from_minute and to_minute go together" }
      if (signature == nil) != (certificate == nil) { return "a signature and its certificate go together" }
      return nil
    }

    /// Whether an update may begin at that minute of the station's day.
    public func allows(minute: Int) -> Bool {
      guard let fromMinute, let toMinute, fromMinute != toMinute else { return true }
      return fromMinute < toMinute
        ? (fromMinute..<toMinute).contains(minute) : minute >= fromMinute || minute < toMinute
    }
  }
}

/// One station of a campaign.
public struct CampaignStation: Sendable, Equatable {
  public enum State: String, Word {
    case waiting, running, done, failed
    /// The campaign was stopped before its turn.
    case stopped

    public var isOpen: Bool { self == .waiting || self == .running }
  }

  public var campaign: String
  public var station: ID<Station>
  /// Counted from 0.
  public var wave: Int
  public var state: State
  public var attempts: Int
  /// Its newest job.
  public var job: String?
  /// The station's word, or the reason.
  public var word: String?
  public var dueAt: Timestamp?
  public var updatedAt: Timestamp

  public init(campaign: String, station: ID<Station>, wave: Int, at now: Timestamp) {
    (self.campaign, self.station, self.wave, dueAt, updatedAt) = (campaign, station, wave, now, now)
    (state, attempts) = (.waiting, 0)
  }
}
