import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

@MainActor @Suite struct CampaigningTests {
  private let house: HouseUnderTest
  private let names = ["CS-1", "CS-2", "CS-3"]

  init() throws {
    house = try HouseUnderTest().furnish()
    for name in names.dropFirst() { try house.addStation(name) }
    house.stations.answer = { _, _ in .accepted(answer: [:]) }
  }

  private func plan(_ adjust: (inout Campaign.Plan) -> Void = { _ in }) -> Campaign.Plan {
    var plan = Campaign.Plan()
    (plan.url, plan.waveSize, plan.attempts, plan.pauseMinutes) = ("https://files.example/fw.bin", 2, 2, 10)
    adjust(&plan)
    return plan
  }

  private func begin(_ plan: Campaign.Plan) async throws -> String {
    async let begun = house.csms.beginCampaign(
      "Spring", plan, at: names.map { StationIdentity($0)! }, by: "operator:anna")
    await house.settleAll()
    let id = try await begun.id
    house.settle()
    return id
  }

  private func connect() throws -> [Caller] { try names.map { try house.connect($0) } }

  private func states(_ id: String) throws -> [CampaignStation.State] {
    try house.books.campaigns.stations(of: id).sorted { $0.station.value < $1.station.value }.map(\.state)
  }

  private func tell(_ caller: Caller, _ step: FirmwareReport.Step, _ word: String) throws {
    try house.decide { [desk = caller.desk] () throws(TurnFault) in
      try desk.firmware(FirmwareReport(step, word: word, request: nil))
    }
  }

  private var updates: Int {
    house.stations.commands.count { if case .firmware(.update) = $0 { true } else { false } }
  }

  @Test func oneWaveFollowsTheOther() async throws {
    let callers = try connect()
    let id = try await begin(plan())
    #expect(try states(id) == [.running, .running, .waiting])
    try tell(callers[0], .installed, "Installed")
    house.pass(5)
    #expect(try states(id) == [.done, .running, .waiting])
    try tell(callers[1], .installed, "Installed")
    house.pass(2)
    #expect(try states(id) == [.done, .done, .running])
    try tell(callers[2], .installed, "Installed")
    house.pass(2)
    #expect(try house.books.campaigns.campaign(id)?.state == .done)
    #expect(try house.count("campaign.done") == 1)
  }

  @Test func aStationThatFailsIsTriedAgainAndThenGivenUp() async throws {
    let callers = try connect()
    let id = try await begin(plan { $0.waveSize = 1 })
    try tell(callers[0], .failed, "DownloadFailed")
    #expect(try states(id)[0] == .waiting)
    house.pass(599)
    #expect(updates == 1)
    house.pass(3)
    #expect(updates == 2)
    try tell(callers[0], .failed, "InstallationFailed")
    house.pass(2)
    #expect(try states(id) == [.failed, .running, .waiting])
    #expect(try house.books.campaigns.stations(of: id).first?.word == "InstallationFailed")
  }

  @Test func tooManyFailuresStopIt() async throws {
    let callers = try connect()
    let id = try await begin(
      plan {
        $0.attempts = 1
        $0.mostFailures = 1
      })
    try tell(callers[0], .failed, "InvalidSignature")
    house.pass(2)
    let campaign = try #require(try house.books.campaigns.campaign(id))
    #expect(campaign.state == .stopped)
    #expect(campaign.why == "1 stations failed")
    #expect(try states(id) == [.failed, .running, .stopped])
    try tell(callers[1], .installed, "Installed")
    #expect(try states(id)[1] == .done, "what is under way is heard of")
  }

  @Test func theOperatorStopsIt() async throws {
    _ = try connect()
    let id = try await begin(plan { $0.waveSize = 1 })
    async let stopped = house.csms.stopCampaign(id, by: "operator:anna")
    await house.settleAll()
    #expect(try await stopped.state == .stopped)
    house.pass(120)
    #expect(updates == 1)
    #expect(try states(id) == [.running, .stopped, .stopped])
  }

  /// It is 8:00 UTC, and 10:00 in Amsterdam.
  @Test func nothingBeginsAtTheWrongHourOfTheStation() async throws {
    _ = try connect()
    let id = try await begin(
      plan {
        $0.fromMinute = 11 * 60
        $0.toMinute = 12 * 60
      })
    #expect(try states(id) == [.waiting, .waiting, .waiting])
    house.pass(3_500, beat: 60)
    #expect(updates == 0)
    house.pass(240, beat: 60)
    #expect(try states(id) == [.running, .running, .waiting])
  }

  @Test func aStationThatIsAwayIsWaitedFor() async throws {
    let id = try await begin(plan())
    house.pass(120)
    #expect(try states(id) == [.waiting, .waiting, .waiting])
    _ = try connect()
    house.pass(61)
    #expect(try states(id) == [.running, .running, .waiting])
  }

  @Test func aRestartLosesNothing() async throws {
    _ = try connect()
    let id = try await begin(plan())
    try house.restart()
    let callers = try connect()
    house.pass(2)
    try tell(callers[0], .installed, "Installed")
    try tell(callers[1], .installed, "Installed")
    house.pass(62)
    #expect(try states(id) == [.done, .done, .running])
  }

  @Test(arguments: [(1_320, 300, 1_400, true), (1_320, 300, 299, true), (1_320, 300, 300, false), (60, 120, 90, true)])
  func aWindowMayGoOverMidnight(_ from: Int, _ to: Int, _ minute: Int, _ isAllowed: Bool) {
    #expect(
      plan {
        $0.fromMinute = from
        $0.toMinute = to
      }.allows(minute: minute) == isAllowed)
  }

  @Test func aPlanThatMakesNoSenseIsRefused() async throws {
    await #expect(throws: Refusal.self) { try await begin(plan { $0.file = "x" }) }
    await #expect(throws: Refusal.self) { try await begin(plan { $0.url = nil }) }
    await #expect(throws: Refusal.self) { try await begin(plan { $0.fromMinute = 1 }) }
  }
}
