import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

@MainActor @Suite struct FilingTests {
  private let house: HouseUnderTest

  init() throws {
    house = try HouseUnderTest().furnish()
    house.csms.fileBase = "http://house.example/files/"
    house.stations.answer = { _, _ in .accepted(answer: ["file_name": "d.zip"]) }
  }

  private func expect(_ kind: StoredFile.Kind = .firmware) async throws -> (file: StoredFile, url: String) {
    async let expected = house.csms.expectFile(kind, name: "fw.bin", by: "operator:anna")
    await house.settleAll()
    return try await expected
  }

  private func pass(_ url: String, _ way: FileWay) throws -> FilePass? {
    let secret = String(url.split(separator: "/").last ?? "")
    return try house.decide { [csms = house.csms] () throws(TurnFault) in try csms.pass(secret, way) }
  }

  private func bring(_ pass: FilePass) throws {
    try house.decide { [csms = house.csms] () throws(TurnFault) in try csms.arrived(pass, bytes: 9) }
  }

  @Test func anAddressIsGoodForOneWayAndOneFile() async throws {
    let (file, url) = try await expect()
    #expect(url.hasPrefix("http://house.example/files/"))
    #expect(try pass(url, .fetch) == nil)
    #expect(try pass("http://house.example/files/guess", .bring) == nil)
    let brought = try #require(try pass(url, .bring))
    #expect(brought.file == file.id)
    try bring(brought)
    #expect(try house.books.files.file(file.id)?.state == .here)
    #expect(try house.books.files.file(file.id)?.bytes == 9)
    #expect(try pass(url, .bring) == nil, "what was brought is brought once")
    #expect(try house.events.suffix(2) == ["file.awaited", "file.here"])
  }

  @Test func anAddressIsGoodForAWeek() async throws {
    let (_, url) = try await expect()
    house.clock.now += .seconds(7 * 86_400 + 1)
    #expect(try pass(url, .bring) == nil)
  }

  @Test func firmwareIsFetchedByAnAddressOfItsOwn() async throws {
    let (file, url) = try await expect()
    try bring(try #require(try pass(url, .bring)))
    _ = try house.connect("CS-1")
    var draft = FirmwareDraft(url: "")
    draft.file = file.id
    let given = draft
    async let begun = house.csms.updateFirmware(of: StationIdentity("CS-1")!, given, by: "operator:anna")
    await house.settleAll()
    let job = try await begun.job
    #expect(job.file == file.id)
    #expect(job.url != url)
    #expect(try pass(job.url, .fetch)?.file == file.id)
    #expect(try pass(job.url, .fetch) != nil, "a station may try again")
  }

  @Test func aLogComesToTheHouseWhereNobodyNamesAnotherPlace() async throws {
    _ = try house.connect("CS-1")
    async let begun = house.csms.getLog(of: StationIdentity("CS-1")!, LogDraft(url: ""), by: "operator:anna")
    await house.settleAll()
    let job = try await begun.job
    house.settle()
    try bring(try #require(try pass(job.url, .bring)))
    let done = try #require(try house.books.jobs.job(job.id))
    #expect(done.state == .done)
    #expect(done.word == "the file is here")
    #expect(try house.books.files.file(done.file ?? "")?.kind == .log)
  }

  @Test func aFileIsRemovedWithItsAddresses() async throws {
    let (file, url) = try await expect()
    try bring(try #require(try pass(url, .bring)))
    async let address = house.csms.fetchFile(file.id)
    await house.settleAll()
    let fetch = try await address
    async let removed: Void = house.csms.removeFile(file.id, by: "operator:anna")
    await house.settleAll()
    try await removed
    #expect(try pass(fetch, .fetch) == nil)
    #expect(try house.books.files.file(file.id)?.state == .gone)
  }

  @Test func logsAreKeptAsLongAsEvents() async throws {
    let (log, url) = try await expect(.log)
    try bring(try #require(try pass(url, .bring)))
    let (firmware, other) = try await expect()
    try bring(try #require(try pass(other, .bring)))
    house.clock.now += .seconds(91 * 86_400)
    house.pass(61)
    #expect(try house.books.files.file(log.id)?.state == .gone)
    #expect(try house.books.files.file(firmware.id)?.state == .here)
  }
}
