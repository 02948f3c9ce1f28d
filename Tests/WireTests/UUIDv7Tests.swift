import Testing
import Wire

struct UUIDv7Tests {
  /// The example of RFC 9562, A.6, from its own time and random bits.
  @Test func theExampleOfTheRFCIsMade() {
    struct Fixed: RandomNumberGenerator {
      var words: [UInt64] = [0xCC3, 0x18C4_DC0C_0C07_398F]
      mutating func next() -> UInt64 { words.removeFirst() }
    }
    var random = Fixed()
    #expect(
      UUIDv7.make(at: Timestamp(milliseconds: 1_645_557_742_000), random: &random)
        == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
  }

  @Test func laterIdsSortAfterEarlierOnes() {
    var random = Seeded(7)
    let start = Timestamp(milliseconds: 1_795_341_731_000)
    let ids = (0..<100).map { UUIDv7.make(at: start + .milliseconds($0), random: &random) }
    #expect(ids == ids.sorted())
    #expect(Set(ids).count == 100)
    for id in ids {
      let letters = Array(id)
      #expect(letters.count == 36)
      #expect([8, 13, 18, 23].allSatisfy { letters[$0] == "-" })
      #expect(letters[14] == "7")
      #expect("89ab".contains(letters[19]))
      #expect(id == id.lowercased())
    }
  }
}
