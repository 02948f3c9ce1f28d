import ArgumentParser
import Wire

/// `ostler roaming`: our drivers at other networks.
struct Roaming: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "roaming", abstract: "Our drivers at other networks.",
    subcommands: [
      Locations.self, Tariffs.self, Sessions.self, CDRs.self, Settle.self, Invoices.self, Invoice.self, Prefer.self,
      SetProfile.self, ClearProfile.self, ActiveProfile.self, Start.self, Stop.self, Reserve.self, Cancel.self,
      Unlock.self, Bookings.self, BookingPlaces.self, Book.self, ChangeBooking.self, CancelBooking.self, Commands.self,
    ])

  struct Locations: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Find locations of other networks.")
    @Argument(help: "Words in the name, address, city, or an id on a box.") var words: String?
    @Option(help: "A partner's number.") var partner: Int?
    @Option(help: "south,west,north,east in degrees.") var within: String?
    @Option(help: "W that a connector gives at least.") var power: Int?
    @Option(help: "A connector's standard, such as IEC_62196_T2_COMBO.") var standard: String?
    @Flag(help: "Only those with a free EVSE.") var available = false
    @OptionGroup var remote: Remote

    func run() async throws {
      let found = try await remote.list(
        "/roaming/locations",
        [
          ("q", words), ("partner", partner.map { "\($0)" }), ("within", within), ("power", power.map { "\($0)" }),
          ("standard", standard), ("available", available ? "true" : nil),
        ])
      remote.show(found, ["id", "partner.name", "name", "city", "available", "evse_count", "max_power", "ref"])
    }
  }

  struct Tariffs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List tariffs of other networks.")
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(
        try await remote.list("/roaming/tariffs"), ["id", "partner.name", "ref", "currency", "updated_at"])
    }
  }

  struct Sessions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List what our drivers do at other networks.")
    @Flag(help: "Only those that are not over.") var open = false
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(
        try await remote.list("/roaming/sessions", [("open", open ? "true" : nil)]),
        ["id", "partner.name", "token", "status", "started_at", "energy_kwh", "cost.excl_vat", "ref"])
    }
  }

  struct CDRs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "cdrs", abstract: "List what other networks want to be paid.")
    @Flag(help: "Only those with doubts that nobody has settled.") var doubtful = false
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(
        try await remote.list("/roaming/cdrs", [("doubtful", doubtful ? "true" : nil)]),
        ["id", "partner.name", "token", "ended_at", "energy_kwh", "cost.excl_vat", "doubts", "ref"])
    }
  }

  struct Settle: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Say that you have looked at a CDR's doubts.")
    @Argument(help: "Its number in the list.") var id: Int
    @Argument(help: "What you found.") var note: String
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(try await remote.ask(.post, "/roaming/cdrs/\(id)/settle", [], ["note": .string(note)]))
    }
  }

  struct Invoices: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List which CDRs other networks' invoices ask for (OCPI 2.3.0).")
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(
        try await remote.list("/roaming/invoices"),
        ["id", "partner.name", "invoice", "cdr_count", "updated_at", "ref"])
    }
  }

  struct Invoice: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Add up an invoice's CDRs by our books, and show what is missing there.")
    @Argument(help: "Its number in the list.") var id: Int
    @OptionGroup var remote: Remote

    func run() async throws { print(try await remote.ask(.get, "/roaming/invoices/\(id)").pretty) }
  }

  struct Prefer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Ask another network to charge a session as its driver prefers.")
    @Argument(help: "The session's number in the list.") var session: Int
    @Argument(help: "CHEAP, FAST, GREEN or REGULAR.") var kind: String
    @Option(help: "When the car leaves, such as 2026-11-03T09:15:00Z.") var departs: String?
    @Option(help: "kWh that it needs.") var kwh: String?
    @OptionGroup var remote: Remote

    func run() async throws {
      var body: JSON = ["kind": .string(kind.uppercased())]
      if let departs { body["departs_at"] = .string(departs) }
      if let kwh { body["energy_kwh"] = .string(kwh) }
      remote.show(try await remote.ask(.put, "/roaming/sessions/\(session)/preferences", [], body))
    }
  }

  struct SetProfile: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say how much a session at another network may draw, and when.")
    @Argument(help: "The session's number in the list.") var session: Int
    @Argument(help: "From which second on how much, such as 0=11000 3600=3700.") var periods: [String]
    @Option(help: "A (per phase) or W.") var unit = "W"
    @Option(help: "When it begins, such as 2026-11-03T09:15:00Z; with the session where it is not given.")
    var starts: String?
    @Option(help: "For how many seconds; for good where it is not given.") var seconds: Int?
    @Option(help: "Below this the car does better not to charge.") var least: String?
    @OptionGroup var command: RoamingArguments

    func run() async throws {
      var schedule: JSON = ["unit": .string(unit), "periods": .array(try periods.map(Self.period))]
      if let starts { schedule["starts_at"] = .string(starts) }
      if let seconds { schedule["duration_s"] = .number(JSONNumber(seconds)) }
      if let least { schedule["least_rate"] = .number(try Self.number(least)) }
      try await command.send("set-profile", ["session": .number(JSONNumber(session)), "schedule": schedule])
    }

    private static func period(_ text: String) throws -> JSON {
      let parts = text.split(separator: "=", omittingEmptySubsequences: false)
      guard parts.count == 2, let start = Int(parts[0]) else {
        throw ValidationError("\(text): a second and a limit are expected, such as 0=11000")
      }
      return ["start_s": .number(JSONNumber(start)), "limit": .number(try number(String(parts[1])))]
    }

    private static func number(_ text: String) throws -> JSONNumber {
      guard let number = JSONNumber(text) else { throw ValidationError("\(text) is no number") }
      return number
    }
  }

  struct ClearProfile: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take back what was said of how a session at another network is charged.")
    @Argument(help: "The session's number in the list.") var session: Int
    @OptionGroup var command: RoamingArguments

    func run() async throws { try await command.send("clear-profile", ["session": .number(JSONNumber(session))]) }
  }

  struct ActiveProfile: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Ask what a session at another network comes to by all that limits it.")
    @Argument(help: "The session's number in the list.") var session: Int
    @Option(help: "For how many seconds from now.") var seconds = 86_400
    @OptionGroup var command: RoamingArguments

    func run() async throws {
      try await command.send(
        "active-profile",
        ["session": .number(JSONNumber(session)), "duration_s": .number(JSONNumber(seconds))])
    }
  }

  struct Start: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Start a session at another network's station.")
    @Argument(help: "The location's number in the list.") var location: Int
    @Argument(help: "The uid of a token of ours.") var token: String
    @Option(help: "The uid of an EVSE there.") var evse: String?
    @Option(help: "The id of a connector there.") var connector: String?
    @OptionGroup var command: RoamingArguments

    func run() async throws {
      try await command.send(
        "start",
        [
          "location": .number(JSONNumber(location)), "token": .string(token),
          "evse": evse.map { .string($0) } ?? .null, "connector": connector.map { .string($0) } ?? .null,
        ])
    }
  }

  struct Stop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Stop a session at another network's station.")
    @Argument(help: "The session's number in the list.") var session: Int
    @OptionGroup var command: RoamingArguments

    func run() async throws { try await command.send("stop", ["session": .number(JSONNumber(session))]) }
  }

  struct Reserve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Reserve at another network's station.")
    @Argument(help: "The location's number in the list.") var location: Int
    @Argument(help: "The uid of a token of ours.") var token: String
    @Argument(help: "Until when, such as 2026-11-03T09:15:00Z.") var until: String
    @Option(help: "The uid of an EVSE there.") var evse: String?
    @OptionGroup var command: RoamingArguments

    func run() async throws {
      try await command.send(
        "reserve",
        [
          "location": .number(JSONNumber(location)), "token": .string(token), "expires_at": .string(until),
          "evse": evse.map { .string($0) } ?? .null,
        ])
    }
  }

  struct Cancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Give a reservation back.")
    @Argument(help: "The command by which it was made.") var reservation: String
    @OptionGroup var command: RoamingArguments

    func run() async throws { try await command.send("cancel", ["command": .string(reservation)]) }
  }

  struct Unlock: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Free the cable at another network's station.")
    @Argument(help: "The location's number in the list.") var location: Int
    @Argument(help: "The uid of the EVSE there.") var evse: String
    @Argument(help: "The id of its connector.") var connector: String
    @OptionGroup var command: RoamingArguments

    func run() async throws {
      try await command.send(
        "unlock",
        ["location": .number(JSONNumber(location)), "evse": .string(evse), "connector": .string(connector)])
    }
  }

  struct Commands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List what was asked of other networks.")
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(
        try await remote.list("/roaming/commands"),
        ["id", "partner.name", "verb", "phase", "answer", "origin", "created_at"])
    }
  }
}

/// How long to wait for a command's end.
struct RoamingArguments: ParsableArguments {
  @Option(help: "Seconds to wait for its end.") var wait = 30
  @OptionGroup var remote: Remote

  func send(_ verb: String, _ body: JSON) async throws {
    remote.show(try await remote.ask(.post, "/roaming/commands/\(verb)", [("wait", "\(wait)")], body))
  }
}
