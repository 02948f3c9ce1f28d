import OCPP
import Wire

// Files that a station fetches and brings: its firmware and its log, told word by word as it goes (OCPP 1.6 §4.4, §4.5,
// §5.9, §5.19, security whitepaper L01;
// OCPP 2.0.1 L01, N01).

/// A file under way: its words are told one after the other, and in the middle waits what comes of the transfer.
struct FileJob: Sendable {
  enum Kind: Sendable, Equatable {
    /// Firmware with a signature is told under a name of its own in 1.6.
    case firmware, signedFirmware
    /// A log under a number, and diagnostics of 1.6, which have none.
    case log, diagnostics
  }

  let kind: Kind
  /// Nil where the version gives jobs no number, and where there is no job.
  let request: Int?
  let url: String
  /// What is told next.
  var words: [String]
  /// And after that, where the file arrived.
  let wordsOfSuccess: [String]
  let wordOfFailure: String
  /// When the next word is due; nil while the transfer is under way.
  var at: Instant?
  /// What was told last.
  var told = "Idle"

  var isFirmware: Bool { kind != .log && kind != .diagnostics }
}

extension StationModel {
  // MARK: What the house asks

  mutating func update(_ call: V16.UpdateFirmware, _ now: Moment) -> V16.UpdateFirmware.Reply {
    _ = begin(.firmware, nil, call.location, ["Downloaded", "Installing", "Installed"], "DownloadFailed", now)
    return V16.UpdateFirmware.Reply()
  }

  mutating func update(_ call: V16.SignedUpdateFirmware, _ now: Moment) -> V16.SignedUpdateFirmware.Reply {
    let isReplaced = begin(
      .signedFirmware, Int(clamping: call.requestId), call.firmware.location,
      ["Downloaded", "SignatureVerified", "Installing", "Installed"], "DownloadFailed", now)
    var reply = V16.SignedUpdateFirmware.Reply()
    reply.status = .known(isReplaced ? .acceptedCanceled : .accepted)
    return reply
  }

  mutating func update(_ call: V2.UpdateFirmware, _ now: Moment) -> V2.UpdateFirmware.Reply {
    let verified = call.firmware.signature == nil ? [] : ["SignatureVerified"]
    let isReplaced = begin(
      .firmware, call.requestId, call.firmware.location, ["Downloaded"] + verified + ["Installing", "Installed"],
      "DownloadFailed", now)
    return V2.UpdateFirmware.Reply(isReplaced ? .acceptedCanceled : .accepted)
  }

  mutating func send(_ call: V16.GetDiagnostics, _ now: Moment) -> V16.GetDiagnostics.Reply {
    _ = begin(.diagnostics, nil, call.location, ["Uploaded"], "UploadFailed", now)
    var reply = V16.GetDiagnostics.Reply()
    reply.fileName = logName
    return reply
  }

  mutating func send(_ call: V16.GetLog, _ now: Moment) -> V16.GetLog.Reply {
    var reply = V16.GetLog.Reply()
    let isReplaced = begin(
      .log, Int(call.requestId), call.log.remoteLocation, ["Uploaded"], "UploadFailure", now)
    reply.status = .known(isReplaced ? .acceptedCanceled : .accepted)
    reply.filename = logName
    return reply
  }

  mutating func send(_ call: V2.GetLog, _ now: Moment) -> V2.GetLog.Reply {
    var reply = V2.GetLog.Reply()
    let isReplaced = begin(.log, call.requestId, call.log.remoteLocation, ["Uploaded"], "UploadFailure", now)
    reply.status = .known(isReplaced ? .acceptedCanceled : .accepted)
    reply.filename = logName
    return reply
  }

  private var logName: String { "\(profile.identity).log" }

  /// True where it takes the place of one that was under way.
  private mutating func begin(
    _ kind: FileJob.Kind, _ request: Int?, _ url: String, _ success: [String], _ failure: String, _ now: Moment
  ) -> Bool {
    let count = duties.jobs.count
    var job = FileJob(
      kind: kind, request: request, url: url, words: [], wordsOfSuccess: success, wordOfFailure: failure,
      at: now.instant + Limits.jobStep)
    job.words = [job.isFirmware ? "Downloading" : "Uploading"]
    duties.jobs.removeAll { $0.isFirmware == job.isFirmware }
    duties.jobs.append(job)
    return duties.jobs.count <= count
  }

  // MARK: What the house wants to hear again

  /// How a job stands now; with none it is idle (OCPP 1.6 §5.17, OCPP 2.0.1 F06, L01.FR.20).
  mutating func tellJob(_ kind: FileJob.Kind) {
    let idle = FileJob(kind: kind, request: nil, url: "", words: [], wordsOfSuccess: [], wordOfFailure: "", at: nil)
    let job = duties.jobs.first { $0.kind == kind } ?? idle
    tell(job.told, of: job)
  }

  // MARK: How it goes on

  /// With the clock: the words that are due. Behind the first one the file itself is on its way.
  mutating func lookAtJobs(_ now: Moment) {
    for place in duties.jobs.indices {
      guard let due = duties.jobs[place].at, due <= now.instant else { continue }
      let job = duties.jobs[place]
      let word = duties.jobs[place].words.removeFirst()
      tell(word, of: job)
      duties.jobs[place].told = word
      duties.jobs[place].at = now.instant + Limits.jobStep
      guard word == "Downloading" || word == "Uploading" else { continue }
      duties.jobs[place].at = nil
      steps.append(
        job.isFirmware ? .fetch(job.url) : .bring(job.url, name: logName, body: log(now)))
    }
    duties.jobs.removeAll { $0.words.isEmpty && $0.at != nil }
  }

  /// A file arrived, or did not.
  public mutating func transferred(_ url: String, _ isDone: Bool, at now: Moment) -> [Step] {
    for place in duties.jobs.indices where duties.jobs[place].url == url && duties.jobs[place].at == nil {
      duties.jobs[place].words = isDone ? duties.jobs[place].wordsOfSuccess : [duties.jobs[place].wordOfFailure]
      duties.jobs[place].at = now.instant + Limits.jobStep
    }
    return finish(now)
  }

  private mutating func tell(_ word: String, of job: FileJob) {
    switch (job.kind, edition > .v16) {
    case (.firmware, true):
      var message = V2.FirmwareStatusNotification()
      (message.status, message.requestId) = (Loose(word), job.request)
      say(message)
    case (.firmware, false):
      var message = V16.FirmwareStatusNotification()
      message.status = Loose(word)
      say(message)
    case (.signedFirmware, _):
      var message = V16.SignedFirmwareStatusNotification()
      (message.status, message.requestId) = (Loose(word), job.request.map { Int64($0) })
      say(message)
    case (.log, true):
      var message = V2.LogStatusNotification()
      (message.status, message.requestId) = (Loose(word), job.request)
      say(message)
    case (.log, false):
      var message = V16.LogStatusNotification()
      (message.status, message.requestId) = (Loose(word), job.request.map { Int64($0) })
      say(message)
    case (.diagnostics, _):
      var message = V16.DiagnosticsStatusNotification()
      message.status = Loose(word)
      say(message)
    }
  }

  /// What a technician would want to read.
  private func log(_ now: Moment) -> Bytes {
    var lines = [
      "\(now.time.text) \(profile.vendor) \(profile.model) \(profile.serialNumber) firmware \(profile.firmwareVersion)"
    ]
    for view in connectors {
      lines.append(
        "connector \(view.number): \(view.status.rawValue), \(view.watts) W, register \(view.registerWattHours) Wh")
    }
    for rule in duties.rules.rules {
      lines.append("profile \(rule.number) at \(rule.place): \(rule.profile.json.text)")
    }
    return Bytes(utf8: lines.joined(separator: "\n") + "\n")
  }
}
