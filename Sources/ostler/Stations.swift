import ArgumentParser
import Wire

/// `ostler station`: the stations, the strangers at the door, and what can be asked of them.
struct Stations: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "station", abstract: "Stations and what is asked of them.",
    subcommands: [
      List.self, Show.self, Add.self, Import.self, Remove.self, Knocks.self, Accept.self, Reject.self, Password.self,
      Security.self,
      Secure.self,
      Price.self,
      Start.self,
      Stop.self,
      Reset.self, Network.self, Unlock.self, Availability.self, Config.self, Trigger.self, ClearCache.self, Call.self,
      LocalList.self, Reserve.self, Limit.self, Firmware.self, Log.self,
      Labels.self,
    ])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the stations.")
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(
        try await remote.list("/stations"),
        ["id", "online", "registration", "vendor", "model", "location.name", "last_seen_at"])
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show one station.")
    @OptionGroup var station: StationArgument

    func run() async throws { station.remote.show(try await station.remote.ask(.get, station.path)) }
  }

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Add a station before it connects.")
    @OptionGroup var station: StationArgument
    @Option(help: "Its HTTP Basic password.") var password: String?
    @Option(help: "The id of its location.") var location: Int?
    @Option(help: "Its maker's serial number, which the CN of its client certificate may name.") var serialNumber:
      String?
    @Option(help: "The least security profile that is taken from it: 0, 1, 2 or 3.") var securityProfile: Int?

    func run() async throws {
      var body: JSON = ["id": .string(station.id)]
      if let password { body["password"] = .string(password) }
      if let serialNumber { body["serial_number"] = .string(serialNumber) }
      if let securityProfile { body["security_profile"] = .maybe(securityProfile) }
      if let location { body["location"] = .number(JSONNumber(location)) }
      station.remote.show(try await station.remote.ask(.post, "/stations", [], body))
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Remove a station; its sessions and bills stay.")
    @OptionGroup var station: StationArgument

    func run() async throws { try await station.remote.ask(.delete, station.path) }
  }

  struct Knocks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the unknown stations that knock.")
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(try await remote.list("/knocks"), ["id", "address", "vendor", "model", "has_password", "since"])
    }
  }

  struct Accept: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Let a knocking or rejected station in.")
    @OptionGroup var station: StationArgument
    @Option(help: "The id of its location.") var location: Int?

    func run() async throws {
      let knocking = try await station.remote.list("/knocks").contains { $0["id"]?.string == station.id }
      let body: JSON? = location.map { ["location": .number(JSONNumber($0))] }
      station.remote.show(
        knocking
          ? try await station.remote.ask(.post, "/knocks/\(station.id.percentEncoded)/accept", [], body)
          : try await station.remote.ask(.patch, station.path, [], ["registration": "accepted"]))
    }
  }

  struct Reject: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Keep a station out.")
    @OptionGroup var station: StationArgument

    func run() async throws {
      station.remote.show(try await station.remote.ask(.patch, station.path, [], ["registration": "rejected"]))
    }
  }

  struct Password: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Set the HTTP Basic password that a station must show.")
    @OptionGroup var station: StationArgument
    @Argument(help: "The password, or the hex digits of its bytes; without it one is made and printed once.")
    var password: String?
    @Flag(help: "Also give it to the connected station, as its AuthorizationKey.") var send = false

    func run() async throws {
      let body: JSON = ["password": password.map { .string($0) } ?? .null, "send": .bool(send)]
      let answer = try await station.remote.ask(.put, station.path + "/password", [], body)
      if let made = answer["password"]?.string { print(made) }
      if answer["undecided"]?.bool == true {
        throw Complaint("the station's answer was lost: both passwords are good until it connects again")
      }
    }
  }

  struct Security: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Set the least security profile that is taken from a station.",
      discussion: "0: nothing proves who it is; 1: password; 2: password over TLS; 3: client certificate.")
    @OptionGroup var station: StationArgument
    @Argument(help: "0, 1, 2 or 3.") var profile: Int

    func run() async throws {
      station.remote.show(
        try await station.remote.ask(.patch, station.path, [], ["security_profile": .maybe(profile)]))
    }
  }

  struct Secure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Bring a station from its password to a certificate of its own (security profile 3).",
      discussion: "Each step is shown as it is reached. Ended here, it goes on all the same; `--stop` ends it there.")
    @OptionGroup var station: StationArgument
    @Flag(help: "End it where it is.") var stop = false

    func run() async throws {
      let path = station.path + "/profile-walk"
      guard !stop else {
        try await station.remote.ask(.delete, path)
        return
      }
      var walk = try await station.remote.ask(.post, path)
      var shown: JSON?
      while true {
        let line: JSON = ["step": walk["step"] ?? .null, "reason": walk["reason"] ?? .null]
        if line != shown { station.remote.show(line) }
        shown = line
        switch walk["step"]?.string {
        case "done": return
        case "failed": throw Complaint(walk["reason"]?.string ?? "the station did not get there")
        default: try await Task.sleep(for: .seconds(1))
        }
        walk = try await station.remote.ask(.get, path)
      }
    }
  }

  struct Price: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "tariff", abstract: "Say by which tariff a station's connectors charge.")
    @OptionGroup var station: StationArgument
    @Argument(help: "The tariff's number in `ostler tariff list`; 0: none.") var tariff: Int
    @Option(help: "Which EVSE; all where it is not given.") var evse: Int?

    func run() async throws {
      let known = try await station.remote.ask(.get, station.path)["evses"]?.array ?? []
      let wanted = known.filter { one in evse.map { one["number"]?.int == Int64($0) } ?? true }
      guard !wanted.isEmpty else {
        throw Complaint(evse.map { "there is no EVSE \($0)" } ?? "it has told of no EVSE yet")
      }
      let number: JSON = tariff == 0 ? .null : .number(JSONNumber(tariff))
      var shown = JSON.null
      for one in wanted {
        let connectors = (one["connectors"]?.array ?? []).map { connector -> JSON in
          ["number": connector["number"] ?? .null, "tariff": number]
        }
        let place = "\(station.path)/evses/\(one["number"]?.int ?? 0)"
        shown = try await station.remote.ask(.patch, place, [], ["connectors": .array(connectors)])
      }
      station.remote.show(shown)
    }
  }

  // MARK: Commands

  struct Start: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Start a session.")
    @OptionGroup var station: StationArgument
    @Option(help: "The uid of the token.") var token: String
    @Option(help: "Which EVSE; the free one where it is not given.") var evse: Int?

    func run() async throws { try await station.command("start", ["token": .string(token), "evse": .maybe(evse)]) }
  }

  struct Stop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Stop a session of the station.")
    @OptionGroup var station: StationArgument
    @Option(help: "The session's id; the only one that runs where nothing is given.") var session: String?
    @Option(help: "The station's number of the transaction.") var transaction: Int?

    func run() async throws {
      var session = session
      if session == nil, transaction == nil {
        let running = try await station.remote.list("/sessions", [("station", station.id), ("state", "active")])
        guard running.count == 1 else {
          let ids = running.compactMap { $0["id"]?.string }.joined(separator: ", ")
          throw Complaint(
            running.isEmpty ? "no session runs there" : "several run there; choose one with --session: \(ids)")
        }
        session = running[0]["id"]?.string
      }
      try await station.command(
        "stop", ["session": session.map { .string($0) } ?? .null, "transaction": .maybe(transaction)])
    }
  }

  struct Reset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Restart the station.")
    @OptionGroup var station: StationArgument
    @Flag(help: "At once, without ending sessions in order.") var hard = false

    func run() async throws { try await station.command("reset", ["hard": .bool(hard)]) }
  }

  struct Network: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write how a station of OCPP 2 is to call, and let it call so.")
    @OptionGroup var station: StationArgument
    @Argument(help: "In which of its slots it keeps it.") var slot: Int
    @Argument(help: "The address, without the station's identity.") var url: String
    @Option(help: "The security profile: 0, 1, 2 or 3.") var securityProfile: Int
    @Option(help: "Over which interface, such as wired0 or wireless0.") var interface: String?
    @Option(name: .customLong("use"), help: "The slots that it is to try from then on, in this order, such as 2,1.")
    var order: String?
    @Flag(help: "Restart it once it knows that order.") var restart = false

    func validate() throws {
      guard order == nil || slots?.contains(slot) == true else {
        throw ValidationError("--use: slots as 2,1, with the one that is written among them")
      }
      guard order != nil || !restart else { throw ValidationError("--restart: only with --use") }
    }

    private var slots: [Int]? {
      let parts = order?.split(separator: ",").map { Int($0) }
      return parts?.contains(nil) == false ? parts?.compactMap(\.self) : nil
    }

    func run() async throws {
      let use: JSON? = slots.map { ["slots": .array($0.map { .maybe($0) }), "restart": .bool(restart)] }
      try await station.command(
        "network-profile",
        [
          "slot": .maybe(slot), "url": .string(url), "security_profile": .maybe(securityProfile),
          "interface": interface.map { .string($0) } ?? .null, "use": use ?? .null,
        ])
    }
  }

  struct Unlock: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Unlock the cable of an EVSE.")
    @OptionGroup var station: StationArgument
    @Option(help: "Which EVSE.") var evse = 1

    func run() async throws { try await station.command("unlock", ["evse": .maybe(evse)]) }
  }

  struct Availability: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take an EVSE, or the whole station, in or out of service.")
    @OptionGroup var station: StationArgument
    @Argument(help: "operative or inoperative.") var state: String
    @Option(help: "Which EVSE; the whole station where it is not given.") var evse: Int?

    func validate() throws {
      guard state == "operative" || state == "inoperative" else {
        throw ValidationError("<state>: operative or inoperative")
      }
    }

    func run() async throws {
      try await station.command("availability", ["evse": .maybe(evse), "operative": .bool(state == "operative")])
    }
  }

  struct Config: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The station's own settings.", subcommands: [Get.self, Set.self])

    struct Get: AsyncParsableCommand {
      static let configuration = CommandConfiguration(abstract: "Read settings; all where none is named.")
      @OptionGroup var station: StationArgument
      @Argument(help: "Keys.") var keys: [String] = []

      func run() async throws {
        try await station.command("get-configuration", ["keys": .array(keys.map { .string($0) })])
      }
    }

    struct Set: AsyncParsableCommand {
      static let configuration = CommandConfiguration(abstract: "Change a setting.")
      @OptionGroup var station: StationArgument
      @Argument(help: "The key.") var key: String
      @Argument(help: "Its value.") var value: String

      func run() async throws {
        try await station.command("set-configuration", ["key": .string(key), "value": .string(value)])
      }
    }
  }

  struct Trigger: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Ask the station for a message.")
    @OptionGroup var station: StationArgument
    @Argument(help: "boot, heartbeat, status or meter_values.") var what: String
    @Option(help: "Which EVSE.") var evse: Int?

    func run() async throws { try await station.command("trigger", ["what": .string(what), "evse": .maybe(evse)]) }
  }

  struct ClearCache: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "clear-cache", abstract: "Let the station forget the tokens that it remembers.")
    @OptionGroup var station: StationArgument

    func run() async throws { try await station.command("clear-cache", [:]) }
  }

  struct Call: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Send any OCPP call, as support staff do.")
    @OptionGroup var station: StationArgument
    @Argument(help: "The action, such as GetConfiguration.") var action: String
    @Argument(help: "The payload as JSON.") var payload = "{}"
    @Flag(help: "Send it as it is, also where it is not what the station's version declares.") var unchecked = false

    private var check: String { unchecked ? "off" : "on" }

    func run() async throws {
      let body: JSON
      do { body = try JSON.parse(payload) } catch { throw ValidationError("the payload is not JSON: \(error)") }
      let query = [("timeout", "30"), ("check", check)]
      // The station's own answer; its error is a complaint.
      station.remote.show(
        try await station.remote.ask(.post, "\(station.path)/ocpp/\(action.percentEncoded)", query, body))
    }
  }
}

/// Which station, and how its daemon is reached.
struct StationArgument: ParsableArguments {
  @Argument(help: "The station's identity.") var id: String
  @OptionGroup var remote: Remote

  var path: String { "/stations/\(id.percentEncoded)" }

  func validate() throws {
    guard !id.isEmpty else { throw ValidationError("<id>: a station's identity is not empty") }
  }

  /// Sends a command and waits for the station's own answer; a refusal fails.
  func command(_ verb: String, _ body: JSON) async throws {
    let given = JSONObject((body.object?.members ?? []).filter { !$0.value.isNull })
    try conclude(try await remote.ask(.post, "\(path)/commands/\(verb)", [("wait", "30")], .object(given)))
  }

  func conclude(_ record: JSON) throws {
    remote.show(record)
    switch record["phase"]?.string {
    case "accepted", "done": return
    case "sent": throw Complaint("the station has not answered yet")
    default: throw ExitCode.failure
    }
  }
}

extension JSON {
  static func maybe(_ number: Int?) -> JSON { number.map { .number(JSONNumber($0)) } ?? .null }
}
