import Domain
import Testing
import Wire

@testable import Admin

@MainActor @Suite struct PaceTests {
  private let t0 = Timestamp(seconds: 1_000)

  private func pace(failures: Int, account: String = "anna", address: String = "10.0.0.1") -> Pace {
    var pace = Pace()
    for _ in 0..<failures { pace.failed(account: account, address: address, at: t0) }
    return pace
  }

  @Test func theFirstFailuresCostNothing() {
    #expect(
      pace(failures: Limits.freeFailuresPerAccount - 1).pause(account: "anna", address: "10.0.0.2", at: t0) == nil)
  }

  @Test func eachFurtherFailureDoublesThePauseUpToTheLongest() {
    let free = Limits.freeFailuresPerAccount
    #expect(pace(failures: free).pause(account: "anna", address: "10.0.0.2", at: t0) == 2)
    #expect(pace(failures: free + 1).pause(account: "anna", address: "10.0.0.2", at: t0) == 3)
    #expect(pace(failures: free + 2).pause(account: "anna", address: "10.0.0.2", at: t0) == 5)
    #expect(
      pace(failures: free + 60).pause(account: "anna", address: "10.0.0.2", at: t0) == Limits.longestPauseSeconds + 1)
  }

  @Test func withinTheNetworkOfOneCustomerThereIsNoOtherAddress() {
    var pace = Pace()
    for host in 0..<Limits.freeFailuresPerAddress {
      pace.failed(account: "user\(host)", address: "2001:db8:0:7:\(host)::1", at: t0)
    }
    #expect(pace.pause(account: "somebody", address: "2001:db8:0:7::abcd", at: t0) != nil)
    #expect(pace.pause(account: "somebody", address: "2001:db8:0:8::1", at: t0) == nil)
  }

  @Test func whatIsTakenBackLeavesNoPause() {
    var pace = pace(failures: Limits.freeFailuresPerAccount - 1)
    pace.failed(account: "anna", address: "10.0.0.1", at: t0)
    #expect(pace.pause(account: "anna", address: "10.0.0.1", at: t0) != nil)
    pace.forgive(account: "anna", address: "10.0.0.1")
    #expect(pace.pause(account: "anna", address: "10.0.0.1", at: t0) == nil)
  }

  @Test func aPauseEnds() {
    let pace = pace(failures: Limits.freeFailuresPerAccount)
    #expect(pace.pause(account: "anna", address: "10.0.0.2", at: t0 + .seconds(1)) == nil)
  }

  @Test func anAddressThatTriesManyNamesIsSlowedDownToo() {
    var pace = Pace()
    for name in 0..<Limits.freeFailuresPerAddress { pace.failed(account: "user\(name)", address: "10.0.0.1", at: t0) }
    #expect(pace.pause(account: "somebody", address: "10.0.0.1", at: t0) != nil)
    #expect(pace.pause(account: "somebody", address: "10.0.0.2", at: t0) == nil)
  }

  @Test func successClearsTheAccount() {
    var pace = pace(failures: Limits.freeFailuresPerAccount)
    pace.succeeded(account: "anna", address: "10.0.0.1")
    #expect(pace.pause(account: "anna", address: "10.0.0.2", at: t0) == nil)
  }

  @Test func anOfficeMayLogInAsOftenAsItLikes() {
    var pace = Pace()
    for name in 0..<Limits.freeFailuresPerAddress * 3 {
      #expect(pace.pause(account: "user\(name)", address: "10.0.0.1", at: t0) == nil)
      pace.failed(account: "user\(name)", address: "10.0.0.1", at: t0)
      pace.succeeded(account: "user\(name)", address: "10.0.0.1")
    }
  }

  @Test func memoryIsBoundedAndTheOldestIsForgotten() {
    var pace = Pace()
    for _ in 0..<Limits.freeFailuresPerAccount { pace.failed(account: "first", address: "a", at: t0) }
    for name in 0..<Limits.rememberedFailures {
      pace.failed(account: "u\(name)", address: "b", at: t0 + .milliseconds(name + 1))
    }
    #expect(pace.pause(account: "first", address: "c", at: t0) == nil)
  }
}
