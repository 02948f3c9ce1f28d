import ArgumentParser
import Domain
import Wire

// `ostler station …`: local lists, reservations, limits, firmware and logs.
extension Stations {
  struct LocalList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show a station's local list, or say whether the house keeps it.")
    @OptionGroup var station: StationArgument
    @Flag(inversion: .prefixedNo, help: "Keep it in step with the tokens.") var keep: Bool?
    @Flag(help: "Send it anew as a whole.") var send = false

    func run() async throws {
      let path = station.path + "/local-list"
      if let keep { try await station.remote.ask(.patch, path, [], ["keep": .bool(keep)]) }
      if send { return try await station.command("send-list", [:]) }
      station.remote.show(try await station.remote.ask(.get, path))
    }
  }

  struct Reserve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Hold an EVSE for a token.")
    @OptionGroup var station: StationArgument
    @Option(help: "The uid of the token.") var token: String
    @Option(help: "Which EVSE; any where it is not given.") var evse: Int?
    @Option(help: "Until when, as 2026-11-03T09:15:00Z.") var until: String

    func run() async throws {
      try await station.command(
        "reserve", ["token": .string(token), "evse": .maybe(evse), "expires_at": .string(until)])
    }
  }

  struct Limit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Limit what a station, or one of its EVSEs, gives.")
    @OptionGroup var station: StationArgument
    @Argument(help: "How much.") var limit: String
    @Option(help: "A (per phase) or W.") var unit = "A"
    @Option(help: "Which EVSE; the whole station where it is not given.") var evse: Int?

    func run() async throws {
      guard let number = JSONNumber(limit) else { throw ValidationError("\(limit) is no number") }
      // What the whole station may draw begins at a time, and what a session may with the session.
      var schedule: JSON = ["unit": .string(unit), "periods": [["start_s": 0, "limit": .number(number)]]]
      if evse == nil { schedule["starts_at"] = .string(Clock.system.now().text) }
      let profile: JSON = [
        "purpose": .string(evse == nil ? "station" : "any_session"), "stack_level": 0,
        "kind": .string(evse == nil ? "absolute" : "relative"), "schedule": schedule,
      ]
      try await station.command("set-profile", ["evse": .maybe(evse ?? 0), "profile": profile])
    }
  }

  struct Firmware: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Bring new firmware to a station.")
    @OptionGroup var station: StationArgument
    @Option(help: "Where the station gets it.") var url: String?
    @Option(help: "Or the id of a file of the house.") var file: String?
    @Option(help: "The file's MD5: a local controller offers it to the stations behind it, and does not install it.")
    var publish: String?

    func run() async throws {
      var body: JSON = ["url": url.map { .string($0) } ?? .null, "file": file.map { .string($0) } ?? .null]
      if let publish { body["md5"] = .string(publish) }
      try await station.command(publish == nil ? "update-firmware" : "publish-firmware", body)
    }
  }

  struct Log: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Have a station send its log.")
    @OptionGroup var station: StationArgument
    @Option(help: "diagnostics or security.") var kind = "diagnostics"
    @Option(help: "Where it is sent; the house's own door where it is not given.") var url: String?

    func run() async throws {
      try await station.command("get-log", ["kind": .string(kind), "url": url.map { .string($0) } ?? .null])
    }
  }
}
