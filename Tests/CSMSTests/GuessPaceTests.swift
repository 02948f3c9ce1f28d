@testable import CSMS
import Domain
import Testing
import Wire

@MainActor @Suite struct GuessPaceTests {
  private let start = Timestamp(seconds: 1_000)
  private let station = ID<Station>(1)

  @Test func afterSomeFreeGuessesEachFurtherOneDoublesThePause() {
    var pace = GuessPace()
    for _ in 1..<Limits.freeGuesses { pace.failed(station, "a", at: start) }
    #expect(pace.pause(station, "a", at: start) == nil)
    var pauses: [Int?] = []
    for _ in 0..<8 {
      pace.failed(station, "a", at: start)
      pauses.append(pace.pause(station, "a", at: start))
    }
    #expect(pauses == [2, 3, 5, 9, 17, 33, 61, 61])
    #expect(pace.pause(station, "a", at: start + .seconds(Limits.longestGuessPauseSeconds)) == nil)
  }

  @Test func theStationItselfAndOthersAreNotMadeToWait() {
    var pace = GuessPace()
    for _ in 0..<30 { pace.failed(station, "a", at: start) }
    #expect(pace.pause(station, "b", at: start) == nil)
    #expect(pace.pause(ID(2), "a", at: start) == nil)
    pace.succeeded(station, "a")
    #expect(pace.pause(station, "a", at: start) == nil)
  }

  @Test func atItsBoundTheOldestIsForgottenAndNobodyElse() {
    var pace = GuessPace()
    for _ in 0..<30 { pace.failed(station, "old", at: start) }
    for _ in 0..<30 { pace.failed(station, "a", at: start + .seconds(1)) }
    for number in 2..<Limits.rememberedGuessers { pace.failed(station, "\(number)", at: start + .seconds(2)) }
    #expect(pace.pause(station, "old", at: start) != nil)
    pace.failed(station, "one more", at: start + .seconds(2))
    #expect(pace.pause(station, "old", at: start) == nil)
    #expect(pace.pause(station, "a", at: start + .seconds(2)) != nil)
  }

  @Test func anotherAddressOfTheSameNetworkIsNoOther() {
    var pace = GuessPace()
    for host in 0..<30 { pace.failed(station, "2001:db8::\(host)", at: start) }
    #expect(pace.pause(station, "2001:db8::ffff", at: start) != nil)
    #expect(pace.pause(station, "2001:db8:0:1::1", at: start) == nil)
  }
}
