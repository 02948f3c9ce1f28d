import CSystem
import Testing

@testable import Store

/// Pages of SQLite's files lie apart from all else that it holds.
@Suite struct PagesTests {
  // A page with what SQLite keeps beside it.
  private let pageBytes: Int32 = 4_368
  private let slotBytes = 4_416

  init() { ostler_sqlite_prepare() }

  private func distance(_ one: UnsafeMutableRawPointer, _ other: UnsafeMutableRawPointer) -> Int {
    abs(Int(bitPattern: one) - Int(bitPattern: other))
  }

  @Test func pagesLieSideBySideAndNothingElseDoes() throws {
    let pages = try (0..<3).map { _ in try #require(sqlite3_malloc(pageBytes)) }
    let small = try #require(sqlite3_malloc(100))
    let large = try #require(sqlite3_malloc(Int32(slotBytes) + 1))
    defer { (pages + [small, large]).forEach { sqlite3_free($0) } }
    for page in pages {
      #expect(distance(page, pages[0]) % slotBytes == 0)
      #expect(distance(page, pages[0]) < 16_384 * slotBytes)
      #expect(sqlite3_msize(page) == UInt64(slotBytes))
    }
    #expect(distance(small, pages[0]) % slotBytes != 0 || distance(small, pages[0]) > 16_384 * slotBytes)
    #expect(sqlite3_msize(large) >= UInt64(slotBytes) + 1)
  }

  @Test func whatGrowsOutOfItsPlaceKeepsItsBytes() throws {
    var block = try #require(sqlite3_malloc(pageBytes))
    for place in 0..<Int(pageBytes) {
      block.storeBytes(of: UInt8(truncatingIfNeeded: place), toByteOffset: place, as: UInt8.self)
    }
    for size in [Int32(slotBytes), 20_000, pageBytes] {
      block = try #require(sqlite3_realloc(block, size))
      #expect(
        (0..<Int(pageBytes)).allSatisfy {
          block.load(fromByteOffset: $0, as: UInt8.self) == UInt8(truncatingIfNeeded: $0)
        })
    }
    sqlite3_free(block)
  }

  @Test func whatIsGivenBackTakesNothingOfWhatIsInUse() throws {
    let pages = try (0..<100).map { _ in try #require(sqlite3_malloc(pageBytes)) }
    for (number, page) in pages.enumerated() {
      page.initializeMemory(as: UInt8.self, repeating: UInt8(number), count: Int(pageBytes))
    }
    for number in stride(from: 0, to: 90, by: 3) { sqlite3_free(pages[number]) }
    for number in 90..<100 { sqlite3_free(pages[number]) }
    ostler_give_back_pages()
    for number in 0..<90 where number % 3 != 0 {
      #expect(
        (0..<Int(pageBytes)).allSatisfy { pages[number].load(fromByteOffset: $0, as: UInt8.self) == UInt8(number) })
      sqlite3_free(pages[number])
    }
  }

  @Test func aHouseThatRestedReadsItsBooksAsBefore() throws {
    let house = try SmallHouse(isDurable: true)
    let events = try (0..<2_000).map {
      try house.books.events.append(.stationConnected(house.station.id, version: "1.6", address: "\($0)"), at: t(1)).seq
    }
    house.books.db.forget()
    ostler_give_back_pages()
    #expect(try house.books.events.after(0, limit: .max).count > 0)
    #expect(try house.books.events.lastSeq() == events.last)
  }
}
