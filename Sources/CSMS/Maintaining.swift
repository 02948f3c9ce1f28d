import Domain
import Store
import Wire

// Firmware for stations and logs from them (OCPP 1.6 §4.5, §5.9, §5.19 and its security extension; OCPP 2.0.1 L, N01):
// jobs that take a while. What the station says on the way moves them; by number where it names one.

/// New firmware, as the operator asks for it.
public struct FirmwareDraft: Sendable {
  public nonisolated var url: String
  /// A file of the house's own, in place of a url.
  public nonisolated var file: String?
  public nonisolated var retrieveAt: Timestamp?
  public nonisolated var installAt: Timestamp?
  public nonisolated var retries: Int?
  public nonisolated var retrySeconds: Int?
  public nonisolated var signature: String?
  public nonisolated var certificate: String?
  /// The file's checksum where a local controller shall offer it to the stations behind it, and not install it itself.
  public nonisolated var md5: String?

  public nonisolated init(url: String) { self.url = url }
}

/// A log, as the operator asks for it.
public struct LogDraft: Sendable {
  public nonisolated var kind = LogWish.Kind.diagnostics
  /// Where the station sends it; empty is the house's own door.
  public nonisolated var url: String
  public nonisolated var from: Timestamp?
  public nonisolated var to: Timestamp?
  public nonisolated var retries: Int?
  public nonisolated var retrySeconds: Int?

  public nonisolated init(url: String) { self.url = url }
}

extension CSMS {
  public func updateFirmware(
    of identity: StationIdentity, _ draft: FirmwareDraft, by who: String
  ) async throws(Refusal) -> (job: StationJob, command: CommandRecord) {
    try await turn { () throws(Refusal) in
      var draft = draft
      if let file = draft.file { draft.url = try self.addressToFetch(file) }
      return try self.updateFirmware(of: try self.known(identity), draft, campaign: nil, by: who)
    }
  }

  public func getLog(
    of identity: StationIdentity, _ draft: LogDraft, by who: String
  ) async throws(Refusal) -> (job: StationJob, command: CommandRecord) {
    try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      guard self.isOnline(station.id) else { throw .conflict("the station is not connected") }
      var (url, file) = (draft.url, nil as String?)
      if url.isEmpty {
        let expected = try self.expectFile(
          .log, name: "\(draft.kind.rawValue) \(identity)", station: station.id, by: who)
        (url, file) = (expected.url, expected.file.id)
      }
      try checkAddress(url)
      // A station puts the name of its file behind it (OCPP 2.0.1 N01.FR.27, .28).
      guard !url.contains("#"), !(url.contains("?") && url.hasSuffix("/")) else {
        throw .invalid(field: "url", "an address for logs has no fragment, and no query that ends with a slash")
      }
      let address = url
      return try self.begin(
        draft.kind == .security ? .security : .diagnostics, at: station, url: url, file: file, campaign: nil, by: who,
        request: [
          "from": .maybe(draft.from), "to": .maybe(draft.to), "retries": .maybe(draft.retries),
          "retry_seconds": .maybe(draft.retrySeconds),
        ]
      ) { number in
        var wish = LogWish(request: number, kind: draft.kind, url: address)
        (wish.from, wish.to, wish.retries, wish.retrySeconds) = (
          draft.from, draft.to, draft.retries, draft.retrySeconds
        )
        return .firmware(.log(wish))
      }
    }
  }

  // MARK: Within a turn

  func updateFirmware(
    of station: Station, _ draft: FirmwareDraft, campaign: String?, by who: String
  ) throws(Refusal) -> (job: StationJob, command: CommandRecord) {
    try checkAddress(draft.url)
    guard (draft.signature == nil) == (draft.certificate == nil) else {
      throw .invalid(field: "signature", "a signature and its certificate go together")
    }
    if let md5 = draft.md5, md5.utf8.count != 32 || Bytes(hex: md5) == nil {
      throw .invalid(field: "md5", "32 hexadecimal digits")
    }
    let retrieveAt = draft.retrieveAt ?? now
    return try begin(
      .firmware, at: station, url: draft.url, file: draft.file, campaign: campaign, by: who,
      request: [
        "retrieve_at": .string(retrieveAt.text), "install_at": .maybe(draft.installAt),
        "retries": .maybe(draft.retries), "retry_seconds": .maybe(draft.retrySeconds),
        "signed": .bool(draft.signature != nil), "md5": draft.md5.map { .string($0) } ?? .null,
      ]
    ) { number in
      var wish = FirmwareWish(request: number, url: draft.url, retrieveAt: retrieveAt)
      (wish.installAt, wish.retries, wish.retrySeconds) = (draft.installAt, draft.retries, draft.retrySeconds)
      (wish.signature, wish.certificate) = (draft.signature, draft.certificate)
      return .firmware(draft.md5.map { .publish(wish, md5: $0) } ?? .update(wish))
    }
  }

  private func begin(
    _ kind: StationJob.Kind, at station: Station, url: String, file: String?, campaign: String?, by who: String,
    request: JSON,
    _ command: (Int64) -> StationCommand
  ) throws(Refusal) -> (job: StationJob, command: CommandRecord) {
    let link = try openLine(to: station.id)
    return try keep { () throws(StoreFault) in
      // A station does one of a kind at a time, and the newest is the one that it does.
      for older in try books.jobs.open(of: station.id) where (older.kind == .firmware) == (kind == .firmware) {
        try move(older, to: .cancelled, word: "another one took its place")
      }
      var job = try books.jobs.create(
        StationJob(
          id: newID(), number: 0, station: station.id, kind: kind, url: url, file: file, request: request,
          campaign: campaign, origin: who, at: now))
      let record = try issue(
        command(job.number), id: newID(), over: link, by: who, session: nil, respondTo: nil)
      job.command = record.id
      try books.jobs.save(job)
      try self.record(.jobMoved(job))
      return (job, record)
    }
  }

  func move(
    _ job: StationJob, to state: StationJob.State, word: String?, fileName: String? = nil
  ) throws(StoreFault) {
    guard job.state != state || job.word != word else { return }
    var job = job
    (job.state, job.word, job.updatedAt) = (state, word, now)
    job.fileName = fileName ?? job.fileName
    try books.jobs.save(job)
    try record(.jobMoved(job))
    try campaignHears(of: job)
  }

  /// A station brought its log to the house's own door.
  func logArrived(_ file: StoredFile) throws(StoreFault) {
    guard let station = file.station,
      let job = try books.jobs.newest(of: station, isFirmware: false), job.file == file.id, job.state.isOpen
    else { return }
    try move(job, to: .done, word: "the file is here")
  }

  /// Those of which nothing was heard for a long time.
  func endSilentJobs() throws(StoreFault) {
    for job in try books.jobs.silent(since: now - .seconds(settings.jobHours * 3_600)) {
      try move(job, to: .failed, word: "the station said nothing more within \(settings.jobHours) h")
    }
  }

  // MARK: What the station says

  func jobAnswered(_ command: CommandRecord, _ outcome: CommandOutcome) throws(StoreFault) {
    guard let job = try books.jobs.job(command: command.id, of: command.station), job.state.isOpen else { return }
    switch outcome {
    case .accepted(let answer):
      guard job.kind != .firmware else { return }
      if let name = answer["file_name"]?.string, !name.isEmpty {
        var job = job
        job.fileName = name
        try books.jobs.save(job)
      } else if job.kind == .diagnostics, job.state == .sent {
        // OCPP 1.6 §5.9: without a file's name there is nothing to be sent.
        try move(job, to: .failed, word: "the station has nothing to send")
      }
    case .refused, .failed, .timedOut, .disconnected, .impossible:
      // The station's reports can overtake its answer; then it works on it whatever became of the answer.
      if job.state == .sent { try move(job, to: .failed, word: outcome.why) }
    }
  }

  func firmwareTold(_ report: FirmwareReport, by station: ID<Station>) throws(StoreFault) {
    guard let job = try job(report.request, at: station, isFirmware: true) else { return }
    let word = report.info.map { "\(report.word): \($0)" } ?? report.word
    switch report.step {
    case .idle: break
    case .transferring: try move(job, to: .transferring, word: word)
    case .downloaded: try move(job, to: .downloaded, word: word)
    case .installing: try move(job, to: .installing, word: word)
    case .installed: try move(job, to: .done, word: word)
    case .failed: try move(job, to: .failed, word: word)
    }
  }

  func logTold(_ report: LogReport, by station: ID<Station>) throws(StoreFault) {
    guard let job = try job(report.request, at: station, isFirmware: false) else { return }
    let word = report.info.map { "\(report.word): \($0)" } ?? report.word
    switch report.step {
    case .idle: break
    case .transferring: try move(job, to: .transferring, word: word)
    case .uploaded: try move(job, to: .done, word: word)
    case .failed: try move(job, to: .failed, word: word)
    case .cancelled: try move(job, to: .cancelled, word: word)
    }
  }

  /// The job that a report is about. One that failed may go on: stations report each of their tries.
  private func job(_ number: Int64?, at station: ID<Station>, isFirmware: Bool) throws(StoreFault) -> StationJob? {
    let meant =
      if let number, number > 0 { try books.jobs.job(number: number, of: station) } else {
        try books.jobs.newest(of: station, isFirmware: isFirmware)
      }
    guard let meant, (meant.kind == .firmware) == isFirmware, meant.state.isOpen || meant.state == .failed else {
      return nil
    }
    return meant
  }

  /// It booted with other firmware: some say nothing else of an update that succeeded.
  func firmwareChanged(to version: String, at station: ID<Station>) throws(StoreFault) {
    guard let job = try books.jobs.newest(of: station, isFirmware: true) else { return }
    switch job.state {
    case .downloaded, .installing: try move(job, to: .done, word: "it runs firmware \(version)")
    case .sent, .transferring, .done, .failed, .cancelled: break
    }
  }
}

extension StationDesk {
  func firmware(_ report: FirmwareReport) throws(TurnFault) {
    try keeping { () throws(StoreFault) in
      guard let station else { return }
      try house.firmwareTold(report, by: station)
    }
  }

  func log(_ report: LogReport) throws(TurnFault) {
    try keeping { () throws(StoreFault) in
      guard let station else { return }
      try house.logTold(report, by: station)
    }
  }
}

private func checkAddress(_ url: String) throws(Refusal) {
  guard (8...Limits.addressLength).contains(url.utf8.count), url.contains("://"),
    url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
  else {
    throw .invalid(field: "url", "an address such as https://host/file, of at most \(Limits.addressLength) bytes")
  }
}

extension JSON {
  fileprivate static func maybe(_ number: Int?) -> JSON { number.map { .number(JSONNumber($0)) } ?? .null }
  fileprivate static func maybe(_ time: Timestamp?) -> JSON { time.map { .string($0.text) } ?? .null }
}
