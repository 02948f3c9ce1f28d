import OCPP
import Testing
import Wire

@testable import Simulator

/// Firmware that a virtual station fetches, and logs that it brings.
@Suite struct StationFilesTests {
  nonisolated static let versions = StationProfile.Version.allCases

  /// Both clocks run until all is told.
  private func run(_ stage: inout Stage) {
    for _ in 0..<6 {
      stage.after(2)
      stage.settle()
    }
  }

  private func words(_ stage: Stage, _ action: String) -> [String?] {
    stage.payloads(action).map { $0["status"]?.string }
  }

  private func update(_ stage: inout Stage, _ version: StationProfile.Version, _ url: String) {
    let time = JSON.string(stage.now.time.text)
    _ = stage.ask(
      "UpdateFirmware",
      version == .v16
        ? ["location": .string(url), "retrieveDate": time]
        : ["requestId": 6, "firmware": ["location": .string(url), "retrieveDateTime": time]])
  }

  @Test(arguments: versions)
  func firmwareIsFetchedAndInstalled(version: StationProfile.Version) {
    var stage = Stage.opened(Stage.profile { $0.version = version })
    update(&stage, version, "https://files.example/fw")
    #expect(stage.after(2).contains("fetch https://files.example/fw"))
    stage.settle()
    run(&stage)
    #expect(words(stage, "FirmwareStatusNotification") == ["Downloading"], "it waits for the file")
    stage.act { $0.transferred("https://files.example/fw", true, at: $1) }
    run(&stage)
    #expect(
      words(stage, "FirmwareStatusNotification") == ["Downloading", "Downloaded", "Installing", "Installed"])
    let numbers = stage.payloads("FirmwareStatusNotification").map { $0["requestId"]?.int }
    #expect(numbers.allSatisfy { $0 == (version == .v16 ? nil : 6) })
  }

  @Test(arguments: versions)
  func firmwareThatIsNotThereFails(version: StationProfile.Version) {
    var stage = Stage.opened(Stage.profile { $0.version = version })
    update(&stage, version, "https://files.example/fw")
    stage.after(2)
    stage.settle()
    stage.act { $0.transferred("https://files.example/fw", false, at: $1) }
    run(&stage)
    #expect(words(stage, "FirmwareStatusNotification") == ["Downloading", "DownloadFailed"])
    #expect(stage.model.nextWake(after: stage.now).instant.map { $0 > stage.now.instant + .seconds(60) } ?? true)
  }

  @Test func signedFirmwareIsToldUnderItsOwnNameAndNumberIn16() {
    var stage = Stage.opened(Stage.profile { $0.version = .v16 })
    let wish: JSON = [
      "requestId": 9,
      "firmware": [
        "location": "https://files.example/fw", "retrieveDateTime": .string(stage.now.time.text),
        "signingCertificate": "-----BEGIN", "signature": "aa",
      ],
    ]
    #expect(stage.ask("SignedUpdateFirmware", wish).first?.contains(#""Accepted""#) == true)
    #expect(stage.after(2).contains("fetch https://files.example/fw"))
    stage.settle()
    #expect(stage.ask("SignedUpdateFirmware", wish).first?.contains("AcceptedCanceled") == true)
    stage.after(2)
    stage.settle()
    stage.act { $0.transferred("https://files.example/fw", true, at: $1) }
    run(&stage)
    #expect(
      words(stage, "SignedFirmwareStatusNotification") == [
        "Downloading", "Downloading", "Downloaded", "SignatureVerified", "Installing", "Installed",
      ])
    #expect(stage.payloads("SignedFirmwareStatusNotification").allSatisfy { $0["requestId"]?.int == 9 })
    #expect(words(stage, "FirmwareStatusNotification").isEmpty)
  }

  @Test(arguments: versions)
  func aLogIsBroughtWhereTheHouseWantsIt(version: StationProfile.Version) throws {
    var stage = Stage.opened(Stage.profile { $0.version = version })
    let url = "https://files.example/up"
    let answer = stage.ask(
      "GetLog", ["logType": "DiagnosticsLog", "requestId": 7, "log": ["remoteLocation": .string(url)]])
    #expect(answer.first?.contains("SIM-1.log") == true)
    #expect(stage.after(2).contains("bring \(url)"))
    let file = try #require(stage.brought.first)
    #expect(file.name == "SIM-1.log" && file.text.contains("connector 1: Available"))
    stage.settle()
    stage.act { $0.transferred(url, true, at: $1) }
    run(&stage)
    #expect(words(stage, "LogStatusNotification") == ["Uploading", "Uploaded"])
    #expect(stage.payloads("LogStatusNotification").allSatisfy { $0["requestId"]?.int == 7 })
  }

  @Test func diagnosticsOf16AreBrought() {
    var stage = Stage.opened()
    _ = stage.ask("GetDiagnostics", ["location": "https://files.example/up"])
    #expect(stage.after(2).contains("bring https://files.example/up"))
    stage.settle()
    stage.act { $0.transferred("https://files.example/up", false, at: $1) }
    run(&stage)
    #expect(words(stage, "DiagnosticsStatusNotification") == ["Uploading", "UploadFailed"])
  }

  @Test func aSecondLogTakesThePlaceOfTheFirst() {
    var stage = Stage.opened(Stage.profile { $0.version = .v201 })
    for number in [1, 2] {
      let answer = stage.ask(
        "GetLog",
        [
          "logType": "SecurityLog", "requestId": .number(JSONNumber(number)),
          "log": ["remoteLocation": "https://files.example/\(number)"],
        ])
      #expect(answer.first?.contains(number == 1 ? #""Accepted""# : #""AcceptedCanceled""#) == true)
    }
    run(&stage)
    #expect(stage.payloads("LogStatusNotification").map { $0["requestId"]?.int } == [2])
  }
}
