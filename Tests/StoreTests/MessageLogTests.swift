import Domain
import Testing
import Wire

@testable import Store

@Suite struct MessageLogTests {
  private let scratch = Scratch()

  /// A log that writes when it is told to.
  private func log() throws(StoreFault) -> MessageLog {
    try MessageLog(folder: scratch.folder, gatherTime: .seconds(3_600))
  }

  private func frame(
    _ number: Int, door: String = "ocpp", peer: String = "CS-1", _ direction: LoggedFrame.Direction = .received,
    action: String? = "Heartbeat", text: String = "[]", isError: Bool = false
  ) -> LoggedFrame {
    LoggedFrame(
      at: t(Int64(number)), door: door, peer: peer, direction: direction, action: action, correlation: "m\(number)",
      text: Bytes(utf8: text), isError: isError)
  }

  private func times(_ log: MessageLog, _ filter: MessageFilter, limit: Int = 10) async throws -> [Timestamp] {
    try await log.search(filter, limit: limit).messages.map(\.at)
  }

  @Test func framesAreFoundByWhatTheyAre() async throws {
    let log = try log()
    log.record(frame(1))
    log.record(frame(2, .sent, action: nil, text: "[3,\"m1\",{\"currentTime\":\"…\"}]"))
    log.record(frame(3, peer: "CS-2", action: "StatusNotification", text: "100% Übel"))
    log.record(frame(4, door: "ocpi", peer: "Roamer", .sent, action: "cdrs", isError: true))
    await log.flush()
    #expect(try await times(log, MessageFilter()) == [t(4), t(3), t(2), t(1)])
    #expect(try await times(log, MessageFilter(door: "ocpi")) == [t(4)])
    #expect(try await times(log, MessageFilter(peer: "CS-1")) == [t(2), t(1)])
    #expect(try await times(log, MessageFilter(peer: "CS-1", direction: .sent)) == [t(2)])
    #expect(try await times(log, MessageFilter(action: "StatusNotification")) == [t(3)])
    #expect(try await times(log, MessageFilter(onlyErrors: true)) == [t(4)])
    #expect(try await times(log, MessageFilter(since: t(3))) == [t(4), t(3)])
    #expect(try await times(log, MessageFilter(text: "CURRENTtime")) == [t(2)])
    #expect(try await times(log, MessageFilter(text: "100%")) == [t(3)])
    #expect(try await times(log, MessageFilter(text: "_0%")) == [])
    let first = try #require(try await log.search(MessageFilter(peer: "CS-1"), limit: 9).messages.last)
    #expect(first.correlation == "m1")
    #expect(first.direction == .received)
    #expect(first.action == "Heartbeat")
    #expect(!first.isError)
  }

  @Test func aSearchGoesOnFromItsCursor() async throws {
    let log = try log()
    for number in 1...5 { log.record(frame(number, peer: number.isMultiple(of: 2) ? "even" : "odd")) }
    await log.flush()
    let first = try await log.search(MessageFilter(peer: "odd"), limit: 2)
    #expect(first.messages.map(\.at) == [t(5), t(3)])
    let second = try await log.search(MessageFilter(peer: "odd"), before: first.next, limit: 2)
    #expect(second.messages.map(\.at) == [t(1)])
    #expect(second.next == nil)
    #expect(try await log.search(MessageFilter(), limit: 0).messages.count == 1, "a page has at least one")
  }

  @Test func anEmptyLogHasAnEmptyPage() async throws {
    let page = try await log().search(MessageFilter(since: t(0)), limit: 5)
    #expect(page.messages.isEmpty)
    #expect(page.next == nil)
  }

  @Test func whatIsTooLongIsCutBetweenCharacters() async throws {
    let log = try log()
    log.record(frame(1, text: "x" + String(repeating: "é", count: Limits.frameBytes)))
    var odd = frame(2)
    odd.text = [0x41, 0x00, 0xFF, 0x42]
    log.record(odd)
    await log.flush()
    let found = try await log.search(MessageFilter(), limit: 2).messages
    #expect(found[1].text.utf8.count == Limits.frameBytes - 1)
    #expect(found[1].text.hasSuffix("é"))
    #expect(found[0].text == "A\u{FFFD}\u{FFFD}B")
  }

  @Test func tooManyFramesAreDroppedAndCounted() async throws {
    let log = try log()
    for number in 0..<Limits.waitingFrames { log.record(frame(number)) }
    #expect(log.droppedCount == 0)
    log.record(frame(-1))
    log.record(frame(-2))
    #expect(log.droppedCount == 2)
    await log.flush()
    log.record(frame(7))
    #expect(log.droppedCount == 2, "there is room again")
  }

  @Test func tooManyBytesAreDroppedAndCounted() async throws {
    let log = try log()
    let large = String(repeating: "x", count: Limits.frameBytes)
    for number in 0..<(Limits.waitingFrameBytes / Limits.frameBytes) { log.record(frame(number, text: large)) }
    #expect(log.droppedCount == 0)
    log.record(frame(-1, text: "x"))
    #expect(log.droppedCount == 1)
  }

  @Test func oldFramesGo() async throws {
    let log = try log()
    for number in 1...10 { log.record(frame(number)) }
    await log.flush()
    try await log.prune(before: t(8), maxBytes: .max)
    #expect(try await times(log, MessageFilter()) == [t(10), t(9), t(8)])
    // Ids are not used again, so that a cursor stays true.
    try await log.prune(before: t(99), maxBytes: .max)
    log.record(frame(20))
    await log.flush()
    #expect(try await log.search(MessageFilter(), limit: 1).messages[0].id == 11)
  }

  @Test func theOldestGoWhereTheFileIsTooLarge() async throws {
    let log = try log()
    let text = String(repeating: "x", count: 1_000)
    for number in 0..<(Limits.prunedAtOnce + 2_000) { log.record(frame(number, text: text)) }
    await log.flush()
    try await log.prune(before: t(-1), maxBytes: 5_000_000)
    let left = try await log.search(MessageFilter(), limit: 1_000)
    #expect(left.messages.first?.at == t(Int64(Limits.prunedAtOnce + 1_999)))
    let db = try Database(file: scratch.folder + "/messages.db", access: .read)
    let rows: Int? = try db.value("SELECT count(*) FROM message")
    #expect(rows == 2_000)
    let pages: Int? = try db.value("PRAGMA page_count")
    #expect(try #require(pages) * 4096 < 5_000_000, "the file shrinks with it")
  }

  @Test func theFileIsItsOwnersAlone() throws {
    _ = try log()
    #expect(scratch.mode(of: scratch.folder + "/messages.db") == 0o600)
  }
}
