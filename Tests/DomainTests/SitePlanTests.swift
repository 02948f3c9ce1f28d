import Testing
import Wire

@testable import Domain

@Suite struct SitePlanTests {
  private let time = Timestamp(seconds: 1_793_700_000)

  private func png(width: Int, height: Int) -> Bytes {
    func word(_ value: Int) -> Bytes { (0..<4).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
    let head: Bytes = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]
    return head + word(width) + word(height) + [8, 2, 0, 0, 0]
  }

  /// An application segment, then the frame header.
  private let jpeg: Bytes =
    [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xFF, 0xC2, 0, 11, 8, 0x01, 0x2C, 0x02, 0x58, 1, 1, 0x11, 0]

  @Test func aPNGSaysItsSize() throws {
    let plan = try #require(SitePlan(image: png(width: 800, height: 600), at: time))
    #expect(plan.type == .png && plan.width == 800 && plan.height == 600)
  }

  @Test func aJPEGSaysItsSizeBehindItsSegments() throws {
    let plan = try #require(SitePlan(image: jpeg, at: time))
    #expect(plan.type == .jpeg && plan.width == 600 && plan.height == 300)
  }

  @Test func aPictureOfAnotherKindIsNone() {
    for text in ["", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "GIF89a", "\u{89}PNG"] {
      #expect(SitePlan(image: Bytes(utf8: text), at: time) == nil, "\(text)")
    }
  }

  @Test func aPictureThatEndsAnywhereIsNone() {
    // Up to the last byte that says the size.
    for picture in [png(width: 8, height: 8).prefix(24), jpeg.prefix(18)] {
      for count in 0..<picture.count { #expect(SitePlan(image: Bytes(picture.prefix(count)), at: time) == nil) }
    }
  }

  @Test(arguments: [(0, false), (1, true), (8_192, true), (8_193, false)])
  func aSideHasABound(_ side: Int, isTaken: Bool) {
    #expect((SitePlan(image: png(width: side, height: 1), at: time) != nil) == isTaken)
    #expect((SitePlan(image: png(width: 1, height: side), at: time) != nil) == isTaken)
  }

  @Test func soManyBytesAndNoMore() {
    let small = png(width: 1, height: 1)
    let most = small + Bytes(repeating: 0, count: Limits.planBytes - small.count)
    #expect(SitePlan(image: most, at: time) != nil)
    #expect(SitePlan(image: most + [0], at: time) == nil)
  }
}
