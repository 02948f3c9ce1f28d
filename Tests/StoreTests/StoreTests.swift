import Dispatch
import Domain
import Glibc
import Testing
import Wire

@testable import Store

@MainActor
@Suite struct StoreTests {
  private let scratch = Scratch()

  @Test func aReaderSeesNothingOfAnOpenTurnAndAllOfACommittedOne() async throws {
    let store = try Store(folder: scratch.folder)
    try store.begin()
    try store.books.settings.set("a", "1")
    #expect(try await store.readers.read { books throws(StoreFault) in try books.settings.value("a") } == nil)
    try store.commit()
    // Twice, so that each of the readers is asked.
    for _ in 1...Limits.readers {
      #expect(try await store.readers.read { books throws(StoreFault) in try books.settings.value("a") } == "1")
    }
  }

  @Test func oneQuestionReadsOneSnapshot() async throws {
    let store = try Store(folder: scratch.folder, migrations: .house, readTime: .seconds(60))
    let goOn = DispatchSemaphore(value: 0)
    try store.books.settings.set("a", "before")
    let (began, begin) = AsyncStream.makeStream(of: Void.self)
    async let seen = store.readers.read { books throws(StoreFault) in
      let first = try books.settings.value("a")
      begin.yield()
      goOn.wait()
      return try [first, books.settings.value("a")]
    }
    for await _ in began { break }
    try store.books.settings.set("a", "after")
    goOn.signal()
    #expect(try await seen == ["before", "before"])
    #expect(try await store.readers.read { books throws(StoreFault) in try books.settings.value("a") } == "after")
  }

  @Test func aQuestionPastItsTimeIsCutShortAndTheReaderLivesOn() async throws {
    let store = try Store(folder: scratch.folder, migrations: .house, readTime: .milliseconds(40))
    for _ in 1...Limits.readers {
      await #expect(throws: StoreFault.tooSlow) {
        try await store.readers.read { books throws(StoreFault) in
          let count: Int? = try books.db.value(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
          return count
        }
      }
    }
    for _ in 1...Limits.readers {
      #expect(try await store.readers.read { books throws(StoreFault) in try books.settings.value("a") } == nil)
    }
  }

  @Test func aSnapshotThatIsOldGetsNoFurtherQuestion() async throws {
    let store = try Store(folder: scratch.folder, migrations: .house, readTime: .zero)
    await #expect(throws: StoreFault.tooSlow) {
      try await store.readers.read { books throws(StoreFault) in try books.settings.value("a") }
    }
  }

  @Test func theFolderIsMadeForItsOwnerAlone() throws {
    let folder = scratch.folder + "/data"
    do { _ = try Store(folder: folder) }
    #expect(scratch.mode(of: folder) == 0o700)
    for name in ["ostler.db", "ostler.db-wal", "ostler.db-shm"] { unlink(folder + "/" + name) }
    rmdir(folder)
  }

  @Test func whatWasCommittedIsThereAfterARestart() throws {
    do {
      let store = try Store(folder: scratch.folder)
      try store.begin()
      try store.books.settings.set("a", "1")
      try store.commit()
      try store.begin()
      try store.books.settings.set("b", "1")
    }
    let store = try Store(folder: scratch.folder)
    #expect(try store.books.settings.all() == ["a": "1"])
  }

  @Test func settingsAreReplacedAndRemoved() throws {
    let settings = try scratch.books().settings
    #expect(try settings.value("a") == nil)
    try settings.set("a", "1")
    try settings.set("a", "2")
    #expect(try settings.value("a") == "2")
    try settings.set("a", nil)
    #expect(try settings.value("a") == nil)
  }
}
