import Domain
import Testing
import Wire

/// What one station needs: the operator's word before the preset's, and numbers of its own.
struct StationQuirksTests {
  @Test func theOperatorsWordCountsBeforeThePresets() {
    var own = StationQuirks()
    own.pingSeconds = 0
    own.afterBoot = AfterBoot()
    own.afterBoot?.triggersStatus = false
    var preset = StationQuirks()
    preset.pingSeconds = 30
    preset.answerDelayMilliseconds = 1_000
    preset.afterBoot = AfterBoot()
    preset.afterBoot?.triggersStatus = true
    preset.afterBoot?.readsSettings = true
    let both = own.over(preset)
    #expect(both.pingSeconds == 0 && both.answerDelayMilliseconds == 1_000)
    #expect(both.afterBoot?.triggersStatus == false && both.afterBoot?.readsSettings == true)
  }

  @Test func everyMemberIsMergedWithThePreset() throws {
    // One of each, so that a member that is forgotten in the merge shows.
    let all: JSON = [
      "assumed_version": "1.6", "accepted_versions": ["1.6"], "ping_seconds": 1, "heartbeat_seconds": 2,
      "answer_delay_ms": 3, "retry_seconds": 5, "transfers": [["vendor": "v", "answer": "accepted"]],
      "settle_seconds": 4, "takes_any_answer_id": true, "time_zone": "Etc/UTC",
      "energy_factor": 1000, "starts_at_first_reading": true, "joined": [["evse": 1, "connectors": [1, 2]]],
      "free_vend": true, "free_vend_token": "T", "tag_length": 20, "start_tag": "S",
      "after_boot": [
        "trigger_boot": true, "trigger_status": true, "read_settings": true, "write_settings": true,
        "read_report": true, "keep_duties": false,
      ],
      "no_payments": true, "show_costs": true, "network": ["interface": "wireless0", "slot": 2, "fallbacks": [1]],
      "leave_alone_after_boot": true, "wanted_settings": [["key": "K", "value": "V"]],
    ]
    let preset = try StationQuirks.read(all)
    #expect(preset.oddities.isEmpty)
    #expect(StationQuirks().over(preset.value) == preset.value)
    // The one that says that there is no preset belongs to the operator alone.
    #expect(preset.value.json.object?.members.count == StationQuirks.shape().fields.count - 1)
  }

  @Test(
    arguments: [
      ("acme", "a", TransferVerdict.accepted(data: "pong")), ("Acme", "b", .rejected), ("ACME", nil, .rejected),
      ("other", "x", .unknownMessage), ("other", "y", .accepted(data: nil)), ("nobody", nil, .unknownVendor),
    ] as [(String, String?, TransferVerdict)])
  func vendorsDataAreAnsweredByTheRuleThatSaysMost(_ vendor: String, _ message: String?, _ verdict: TransferVerdict) {
    var quirks = StationQuirks()
    quirks.transfers = [
      TransferRule("Acme", .rejected), TransferRule("Acme", message: "a", data: "pong"),
      TransferRule("Other", message: "y"),
    ]
    #expect(quirks.verdict(onTransferOf: vendor, message: message) == verdict)
  }

  @Test func joinedConnectorsAreOneEVSEBothWays() {
    var quirks = StationQuirks()
    quirks.joined = [JoinedEVSE(1, [1, 2]), JoinedEVSE(2, [3])]
    var status = StatusReport(evse: 2, status: .charging)
    quirks.mend(&status)
    #expect((status.evse, status.connector) == (1, 2))
    var third = StatusReport(evse: 3, status: .charging)
    quirks.mend(&third)
    #expect((third.evse, third.connector) == (2, 1))
    var other = StatusReport(evse: 4, status: .charging)
    quirks.mend(&other)
    #expect((other.evse, other.connector) == (4, 1))
    #expect(quirks.number(ofEVSE: 1) == 1 && quirks.number(ofEVSE: 1, connector: 2) == 2)
    #expect(quirks.number(ofEVSE: 2) == 3 && quirks.number(ofEVSE: 4) == nil)
  }

  @Test func aFactorMendsEveryRegisterAndNothingElse() {
    var quirks = StationQuirks()
    quirks.energyFactor = Decimal(1_000)
    var report = MeterReport(
      evse: 1, transaction: 1,
      readings: [Reading(at: .epoch, register: Energy(tenthsOfWattHour: 70), power: Decimal(7_400))])
    quirks.mend(&report)
    #expect(report.readings.map(\.register) == [Energy(tenthsOfWattHour: 70_000)])
    #expect(report.readings.map(\.power) == [Decimal(7_400)])
    var stop = StopReport(
      transaction: 1, tag: nil, meterStop: Energy(tenthsOfWattHour: 15), at: nil, ending: .local, readings: [], raw: [:]
    )
    quirks.mend(&stop)
    #expect(stop.meterStop == Energy(tenthsOfWattHour: 15_000))
  }

  @Test(
    arguments: [
      ([.charging, .available], .charging), ([.unavailable, .available], .available), ([.faulted, .faulted], .faulted),
      ([.suspendedEV, .unavailable], .suspendedEV), ([], .unknown), ([.reserved, .available], .reserved),
    ] as [([EVSE.Status], EVSE.Status)])
  func theConnectorInUseSpeaksForItsEVSE(_ connectors: [EVSE.Status], _ status: EVSE.Status) {
    #expect(EVSE.Status(of: connectors) == status)
  }
}

struct StationPresetTests {
  private func presets() throws -> StationPresets {
    let json: JSON = [
      "presets": [
        ["name": "Acme", "vendor": "Acme", "because": "all of them", "quirks": ["ping_seconds": 0]],
        ["name": "Acme One", "vendor": "acme", "model": "One", "because": "this one", "quirks": [:]],
        [
          "name": "Acme One 2.9", "vendor": "Acme", "model": "One", "firmware": "2.9", "because": "its firmware",
          "quirks": ["answer_delay_ms": 1_000],
        ],
      ]
    ]
    return try StationPresets.read(json).value
  }

  @Test(
    arguments: [
      ("ACME Ltd", "Two", nil, "Acme"), ("Acme", "One Plus", "2.8", "Acme One"),
      ("acme", "ONE", "2.9.3", "Acme One 2.9"),
      ("Other", "One", "2.9", nil), ("", "", nil, nil),
    ] as [(String, String, String?, String?)])
  func theOneThatSaysMostOfAStationIsTaken(_ vendor: String, _ model: String, _ firmware: String?, _ name: String?)
    throws
  {
    let applied = try presets().preset(for: BootReport(vendor: vendor, model: model, firmwareVersion: firmware))
    #expect(applied?.name == name)
    if let applied {
      #expect(applied.because.contains(vendor) && applied.because.contains(": "))
    }
  }
}
