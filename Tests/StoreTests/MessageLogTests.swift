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

  /// All pages of a search.
  private func everything(_ log: MessageLog, _ filter: MessageFilter, limit: Int) async throws -> [KeptMessage] {
    var page = try await log.search(filter, limit: limit)
    var all = page.messages
    while let next = page.next {
      page = try await log.search(filter, before: next, limit: limit)
      all += page.messages
    }
    return all
  }

  private func open() throws(StoreFault) -> Database {
    try Database(file: scratch.folder + "/messages.db", access: .write(isDurable: false))
  }

  private func rows(_ sql: StaticString) throws(StoreFault) -> [Int] {
    try open().rows(sql) { (row) throws(StoreFault) in try row.get("value") }
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
    let large = frame(0, text: String(repeating: "x", count: Limits.frameBytes))
    let count = Limits.waitingFrameBytes / FrameBatch.size(of: large)
    for _ in 0..<count { log.record(large) }
    #expect(log.droppedCount == 0)
    log.record(large)
    #expect(log.droppedCount == 1)
    log.record(frame(1))
    #expect(log.droppedCount == 1, "a small one still has room")
    await log.flush()
    for _ in 0..<count { log.record(large) }
    #expect(log.droppedCount == 1, "all the room is there again")
  }

  @Test func framesThatTheDiskRefusesAreCountedAndMakeRoom() async throws {
    let log = try log()
    let db = try open()
    try db.script("DROP TABLE batch_peer")
    for number in 0..<Limits.waitingFrames { log.record(frame(number)) }
    await log.flush()
    #expect(log.droppedCount == Limits.waitingFrames)
    #expect(try await times(log, MessageFilter()) == [])
    try db.script("CREATE TABLE batch_peer (peer BLOB, first INTEGER, PRIMARY KEY (peer, first)) WITHOUT ROWID")
    for number in 0..<Limits.waitingFrames { log.record(frame(number)) }
    await log.flush()
    #expect(log.droppedCount == Limits.waitingFrames)
    let newest = try await log.search(MessageFilter(), limit: 1).messages[0]
    #expect(newest.id == Int64(Limits.waitingFrames), "numbers that were not written are free")
  }

  // MARK: Batches

  @Test(arguments: [
    (1, [1]), (Limits.batchFrames, [Limits.batchFrames]), (Limits.batchFrames + 1, [Limits.batchFrames, 1]),
  ])
  func aBatchHasSoManyFrames(recorded: Int, counts: [Int]) async throws {
    let log = try log()
    for number in 0..<recorded { log.record(frame(number)) }
    await log.flush()
    #expect(try rows("SELECT count AS value FROM batch ORDER BY first") == counts)
    let found = try await everything(log, MessageFilter(), limit: 300)
    #expect(found.map(\.at) == (0..<recorded).reversed().map { t(Int64($0)) })
    #expect(found.map(\.id) == (1...recorded).reversed().map { Int64($0) })
  }

  @Test(arguments: [-1, 0, 1])
  func aBatchHasSoManyBytes(past: Int) {
    // Frames that fill a batch to its last byte and so many past it.
    let empty = FrameBatch.size(of: frame(0, text: ""))
    var batch = FrameBatch()
    var sizes: [Int] = []
    let room = Limits.batchBytes - batch.size
    while sizes.reduce(0, +) + empty + Limits.frameBytes <= room - empty { sizes.append(empty + Limits.frameBytes) }
    sizes.append(room - sizes.reduce(0, +) + past)
    for (place, size) in sizes.enumerated() {
      let isLast = place == sizes.count - 1
      #expect(batch.hasRoom(for: size) == (!isLast || past <= 0))
      if batch.hasRoom(for: size) {
        batch.append(frame(place, text: String(repeating: "x", count: size - empty)), bytes: size)
      }
    }
    #expect(batch.count == (past <= 0 ? sizes.count : sizes.count - 1))
  }

  @Test func aSearchGoesAcrossBatchesFromTheMiddleOfOne() async throws {
    let log = try log()
    for batch in 0..<4 {
      for number in 0..<10 { log.record(frame(batch * 10 + number, isError: number.isMultiple(of: 3))) }
      await log.flush()
    }
    #expect(try rows("SELECT first AS value FROM batch ORDER BY first") == [1, 11, 21, 31])
    for cursor in 1...42 {
      let page = try await log.search(MessageFilter(), before: Int64(cursor), limit: 15)
      #expect(page.messages.map(\.id) == (1...40).reversed().filter { $0 < cursor }.prefix(15).map { Int64($0) })
    }
    for limit in [1, 2, 7, 10, 11, 40] {
      #expect(
        try await everything(log, MessageFilter(), limit: limit).map(\.id) == (1...40).reversed().map { Int64($0) })
      #expect(
        try await everything(log, MessageFilter(onlyErrors: true), limit: limit).map(\.at)
          == (0..<40).reversed().filter { ($0 % 10).isMultiple(of: 3) }.map { t(Int64($0)) })
      #expect(
        try await everything(log, MessageFilter(since: t(15)), limit: limit).map(\.at)
          == (15..<40).reversed().map { t(Int64($0)) })
    }
  }

  @Test func aPeerIsFoundInSmallBatchesAndInCrowds() async throws {
    let log = try log()
    var wanted: [Timestamp] = []
    var number = 0
    // One peer, as many as get a row each, one more, and as many as a batch holds: the wanted one in every second.
    for peers in [1, Limits.fewPeers, Limits.fewPeers + 1, Limits.batchFrames, 2, Limits.fewPeers + 1, 1] {
      for hasWanted in [true, false] {
        for peer in 1...peers {
          let isWanted = hasWanted && peer == peers / 2 + 1
          if isWanted { wanted.append(t(Int64(number))) }
          log.record(frame(number, peer: isWanted ? "wanted" : "CS-\(peer)"))
          number += 1
        }
        await log.flush()
      }
    }
    #expect(try rows("SELECT count(*) AS value FROM batch_crowd") == [6])
    #expect(try rows("SELECT count(DISTINCT first) AS value FROM batch_peer") == [8])
    for limit in [1, 3, 100] {
      #expect(
        try await everything(log, MessageFilter(peer: "wanted"), limit: limit).map(\.at) == wanted.reversed())
    }
    #expect(try await everything(log, MessageFilter(peer: "nobody"), limit: 10).isEmpty)
    try await log.prune(before: t(Int64(number + 1)), maxBytes: .max)
    #expect(try rows("SELECT count(*) AS value FROM batch_peer UNION ALL SELECT count(*) FROM batch_crowd") == [0, 0])
  }

  @Test func aPeerIsFoundBehindMoreBatchesThanOneLookLists() async throws {
    let log = try log()
    log.record(frame(0, peer: "early"))
    await log.flush()
    for number in 1...(Limits.batchesPerLook + 50) {
      log.record(frame(number, peer: "busy"))
      await log.flush()
    }
    #expect(try await everything(log, MessageFilter(peer: "early"), limit: 10).map(\.at) == [t(0)])
    #expect(try await everything(log, MessageFilter(peer: "busy"), limit: 1_000).count == Limits.batchesPerLook + 50)
    #expect(try await everything(log, MessageFilter(), limit: 1_000).count == Limits.batchesPerLook + 51)
  }

  @Test func framesOfAllKindsComeBackAsTheyWent() async throws {
    let log = try log()
    var random = Seeded(20_260)
    var sent: [LoggedFrame] = []
    for number in 0..<10_000 {
      sent.append(random.frame(number))
      log.record(sent[number])
      if random.below(1_500) == 0 { await log.flush() }
    }
    await log.flush()
    let found = try await everything(log, MessageFilter(), limit: 777)
    let expected = zip(sent, Int64(1)...).map { frame, id in
      KeptMessage(
        id: id, at: frame.at, door: frame.door, peer: frame.peer, direction: frame.direction, action: frame.action,
        correlation: frame.correlation, isError: frame.isError, text: frame.text.withUnsafeBytes(\.readable))
    }
    #expect(found.reversed() == expected, "seed 20260")
    for peer in Set(sent.map(\.peer)).sorted().prefix(3) {
      let filter = MessageFilter(peer: peer, direction: .sent)
      #expect(
        try await everything(log, filter, limit: 50).map(\.at)
          == sent.reversed().filter { $0.peer == peer && $0.direction == .sent }.map(\.at))
    }
  }

  @Test func fieldsAreCutBetweenCharactersAndStillFound() async throws {
    let log = try log()
    let long = "x" + String(repeating: "é", count: 200)
    log.record(frame(1, peer: long, action: long))
    await log.flush()
    let found = try await log.search(MessageFilter(peer: long, action: long), limit: 1).messages
    #expect(found.map(\.peer) == ["x" + String(repeating: "é", count: 127)])
  }

  // MARK: Damage

  @Test func aDamagedBatchIsAFaultAndGoesWithItsTime() async throws {
    let log = try log()
    for number in 1...3 { log.record(frame(number)) }
    await log.flush()
    try open().script("UPDATE batch SET frames = substr(frames, 1, length(frames) - 1)")
    await #expect {
      try await log.search(MessageFilter(peer: "CS-1"), limit: 1)
    } throws: { fault in
      if case StoreFault.corrupt = fault { true } else { false }
    }
    try await log.prune(before: t(9), maxBytes: .max)
    #expect(try await times(log, MessageFilter(peer: "CS-1")) == [], "its peer's row leads nowhere")
    log.record(frame(10))
    await log.flush()
    #expect(try await log.search(MessageFilter(peer: "CS-1"), limit: 9).messages.map(\.id) == [4])
  }

  @Test func noDamageEndsTheProcess() throws {
    var random = Seeded(7)
    var batch = FrameBatch()
    for number in 0..<20 {
      let frame = random.frame(number)
      batch.append(frame, bytes: FrameBatch.size(of: frame))
    }
    let whole = batch.frames
    #expect(whole.withUnsafeBytes { FrameReader($0)?.count } == 20)
    #expect(Bytes().withUnsafeBytes { FrameReader($0) == nil })
    #expect(Bytes([2]).withUnsafeBytes { FrameReader($0) == nil }, "another version")
    let test = FrameTest(MessageFilter(door: "ocpp", text: "a"))
    for _ in 0..<20_000 {
      var bytes = whole
      for _ in 0...random.below(3) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
      if random.below(3) == 0 { bytes.removeLast(random.below(bytes.count)) }
      bytes.withUnsafeBytes { bytes in
        guard let frames = FrameReader(bytes) else { return }
        for index in 0..<frames.count {
          _ = test.passes(frames[index])
          _ = frames[index].correlation?.readable
        }
        _ = Speakers(of: frames)
      }
    }
  }

  // MARK: Pruning

  @Test func framesPastTheirTimeAreRemoved() async throws {
    let log = try log()
    for number in 1...10 {
      log.record(frame(number))
      await log.flush()
    }
    try await log.prune(before: t(8), maxBytes: .max)
    #expect(try await times(log, MessageFilter()) == [t(10), t(9), t(8)])
    #expect(try await times(log, MessageFilter(peer: "CS-1")) == [t(10), t(9), t(8)])
    // Ids are not used again, so that a cursor stays true.
    try await log.prune(before: t(99), maxBytes: .max)
    log.record(frame(20))
    await log.flush()
    #expect(try await log.search(MessageFilter(), limit: 1).messages[0].id == 11)
  }

  @Test func aBatchGoesWhenItsLastFrameIsOld() async throws {
    let log = try log()
    for number in 1...6 {
      log.record(frame(number))
      if number.isMultiple(of: 3) { await log.flush() }
    }
    try await log.prune(before: t(3), maxBytes: .max)
    #expect(try await times(log, MessageFilter()).count == 6)
    try await log.prune(before: t(5), maxBytes: .max)
    #expect(try await times(log, MessageFilter()) == [t(6), t(5), t(4)])
    #expect(try await log.search(MessageFilter(), before: 4, limit: 5).messages.isEmpty, "a cursor into what is gone")
  }

  @Test func numbersAreNotUsedAgainAfterARestartOfAnEmptyLog() async throws {
    do {
      let log = try log()
      for number in 1...5 { log.record(frame(number)) }
      await log.flush()
      try await log.prune(before: t(99), maxBytes: .max)
    }
    let log = try log()
    log.record(frame(6))
    await log.flush()
    #expect(try await log.search(MessageFilter(), limit: 5).messages.map(\.id) == [6])
  }

  @Test func theOldestGoWhereTheFileIsTooLarge() async throws {
    let log = try log()
    let text = String(repeating: "x", count: 1_000)
    let count = 15_000
    for number in 0..<count { log.record(frame(number, text: text)) }
    await log.flush()
    try await log.prune(before: t(-1), maxBytes: 5_000_000)
    let left = try await everything(log, MessageFilter(), limit: 1_000)
    #expect(left.first?.at == t(Int64(count - 1)))
    #expect(
      left.map(\.id) == ((count - left.count + 1)...count).reversed().map { Int64($0) }, "none between is missing")
    #expect((4_000..<5_000).contains(left.count), "and no more went than had to")
    let pages = try #require(try rows("SELECT page_count AS value FROM pragma_page_count").first)
    #expect(pages * 4096 <= 5_000_000, "the file shrinks with it")
  }

  @Test func anOlderLogGoesOnWithItsNumbers() async throws {
    do {
      let db = try Migrations(
        application: Migrations.messages.application, steps: Array(Migrations.messages.steps.prefix(1))
      ).open(scratch.folder + "/messages.db", isDurable: false)
      try db.script(
        """
        INSERT INTO message (at, door, peer, direction, is_error, text)
        VALUES (1, 'ocpp', 'CS-1', 'in', 0, '[]'), (2, 'ocpp', 'CS-1', 'in', 0, '[]')
        """)
    }
    let log = try log()
    #expect(try await log.search(MessageFilter(), limit: 5).messages.isEmpty)
    log.record(frame(1))
    await log.flush()
    #expect(try await log.search(MessageFilter(), limit: 5).messages.map(\.id) == [3])
  }

  @Test func theFileIsItsOwnersAlone() throws {
    _ = try log()
    #expect(scratch.mode(of: scratch.folder + "/messages.db") == 0o600)
  }
}

/// Frames of all kinds, the same ones for the same seed.
private struct Seeded: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    // SplitMix64.
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    return bits ^ bits >> 31
  }

  mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

  mutating func frame(_ number: Int) -> LoggedFrame {
    let words = ["", "Heartbeat", "MeterValues", "ñandú", "☂\u{1F50C}", String(repeating: "w", count: 255)]
    let length = below(20) == 0 ? below(3_000) : below(120)
    let peer = below(2) == 0 ? "CS-\(below(5))" : "CS-\(below(5_000))"
    return LoggedFrame(
      at: t(Int64(number)), door: below(4) == 0 ? "ocpi" : "ocpp", peer: peer,
      direction: below(2) == 0 ? .sent : .received, action: below(3) == 0 ? nil : words[below(words.count)],
      correlation: below(3) == 0 ? nil : words[below(words.count)],
      text: (0..<length).map { _ in UInt8(below(256)) }, isError: below(10) == 0)
  }
}
