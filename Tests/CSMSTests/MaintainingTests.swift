import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

@MainActor @Suite struct MaintainingTests {
  private let house: HouseUnderTest
  private let identity = StationIdentity("CS-1")!

  init() throws {
    house = try HouseUnderTest().furnish()
    house.stations.answer = { command, _ in
      if case .firmware(.log) = command { .accepted(answer: ["file_name": "d.zip"]) } else { .accepted(answer: [:]) }
    }
  }

  private func update(_ url: String = "https://files.example/fw.bin") async throws -> StationJob {
    async let begun = house.csms.updateFirmware(of: identity, FirmwareDraft(url: url), by: "operator:anna")
    await house.settleAll()
    let job = try await begun.job
    house.settle()
    return job
  }

  private func log() async throws -> StationJob {
    async let begun = house.csms.getLog(of: identity, LogDraft(url: "https://files.example/in"), by: "operator:anna")
    await house.settleAll()
    let job = try await begun.job
    house.settle()
    return job
  }

  private func now(_ job: StationJob) throws -> StationJob { try #require(try house.books.jobs.job(job.id)) }

  private func tell(_ caller: Caller, _ step: FirmwareReport.Step, _ word: String, _ request: Int64? = nil) throws {
    try house.decide { [desk = caller.desk] () throws(TurnFault) in
      try desk.firmware(FirmwareReport(step, word: word, request: request))
    }
  }

  private func tellLog(_ caller: Caller, _ step: LogReport.Step, _ word: String, _ request: Int64? = nil) throws {
    try house.decide { [desk = caller.desk] () throws(TurnFault) in
      try desk.log(LogReport(step, word: word, request: request))
    }
  }

  @Test func firmwareGoesItsWayInTheStationsWords() async throws {
    let caller = try house.connect("CS-1")
    let job = try await update()
    #expect(try now(job).state == .sent)
    var seen: [StationJob.State] = []
    for (step, word) in [
      (FirmwareReport.Step.transferring, "Downloading"), (.downloaded, "Downloaded"), (.installing, "Installing"),
      (.installed, "Installed"),
    ] {
      try tell(caller, step, word)
      seen.append(try now(job).state)
      #expect(try now(job).word == word)
    }
    #expect(seen == [.transferring, .downloaded, .installing, .done])
    #expect(try house.count("job.done") == 1)
    try tell(caller, .failed, "InstallationFailed")
    #expect(try now(job).state == .done, "what is done stays done")
  }

  @Test func aFailureIsKeptAndALaterTryGoesOn() async throws {
    let caller = try house.connect("CS-1")
    let job = try await update()
    try tell(caller, .failed, "DownloadFailed")
    #expect(try now(job).state == .failed)
    try tell(caller, .transferring, "Downloading")
    #expect(try now(job).state == .transferring)
  }

  @Test func aReportWithANumberIsAboutThatJob() async throws {
    let caller = try house.connect("CS-1")
    let older = try await update()
    let newer = try await update("https://files.example/fw2.bin")
    #expect(try now(older).state == .cancelled)
    try tell(caller, .transferring, "Downloading", older.number)
    #expect(try now(newer).state == .sent)
    try tell(caller, .transferring, "Downloading", newer.number)
    #expect(try now(newer).state == .transferring)
  }

  @Test func otherFirmwareAfterTheBootSaysThatItIsInstalled() async throws {
    let caller = try house.connect("CS-1")
    let job = try await update()
    try tell(caller, .downloaded, "Downloaded")
    try house.decide { [desk = caller.desk] () throws(TurnFault) in
      _ = try desk.boot(BootReport(vendor: "Acme", model: "One", firmwareVersion: "2.0"))
    }
    #expect(try now(job).state == .done)
    #expect(try now(job).word == "it runs firmware 2.0")
  }

  @Test func aLogHasItsFilesName() async throws {
    let caller = try house.connect("CS-1")
    let job = try await log()
    #expect(try now(job).fileName == "d.zip")
    try tellLog(caller, .transferring, "Uploading")
    #expect(try now(job).state == .transferring)
    try tellLog(caller, .uploaded, "Uploaded")
    #expect(try now(job).state == .done)
  }

  @Test func aStationWithNothingToSendSaysSo() async throws {
    house.stations.answer = { _, _ in .accepted(answer: ["file_name": .null]) }
    _ = try house.connect("CS-1")
    let job = try await log()
    #expect(try now(job).state == .failed)
    #expect(try now(job).word == "the station has nothing to send")
  }

  @Test func aRefusalEndsTheJobInItsWords() async throws {
    house.stations.answer = { _, _ in .refused(word: "InvalidCertificate", answer: [:]) }
    _ = try house.connect("CS-1")
    let job = try await update()
    #expect(try now(job).state == .failed)
    #expect(try now(job).word == "InvalidCertificate")
  }

  @Test func aReportThatOvertakesTheAnswerCountsMore() async throws {
    house.stations.answer = { _, _ in nil }
    let caller = try house.connect("CS-1")
    let job = try await update()
    try tell(caller, .transferring, "Downloading")
    try house.stations.last.answer(.timedOut)
    house.settle()
    #expect(try now(job).state == .transferring)
  }

  @Test func silenceForADayIsAFailure() async throws {
    _ = try house.connect("CS-1")
    let job = try await update()
    house.pass(24 * 3_600 + 120, beat: 61)
    #expect(try now(job).state == .failed)
  }

  @Test(arguments: ["", "nonsense", "https://x/\u{7}", "https://" + String(repeating: "a", count: 512)])
  func anAddressThatIsNoneIsRefused(_ url: String) async throws {
    _ = try house.connect("CS-1")
    await #expect(throws: Refusal.self) { try await update(url) }
  }
}
