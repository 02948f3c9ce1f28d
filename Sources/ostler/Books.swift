import ArgumentParser
import Domain
import OCPI
import Wire

/// `ostler token`: who may charge.
struct Tokens: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Drivers' tokens.",
    subcommands: [List.self, Add.self, Import.self, Block.self, Unblock.self, Remove.self, Unknown.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the tokens.")
    @OptionGroup var remote: Remote
    @Option(help: "ours or partners.") var owner: String?

    func run() async throws {
      remote.show(
        try await remote.list("/tokens", [("owner", owner)]),
        ["id", "uid", "type", "valid", "whitelist", "contract_id", "group_id", "owner.name"])
    }
  }

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Add a token of ours.")
    @Argument(help: "The uid, as the reader shows it.") var uid: String
    @Option(help: "RFID, APP_USER, AD_HOC_USER or OTHER.") var type = "RFID"
    @Option(help: "The contract, such as NL-OST-C12345.") var contract: String?
    @Option(help: "Tokens of one group stop each other's sessions.") var group: String?
    @OptionGroup var remote: Remote

    func run() async throws {
      var body: JSON = ["uid": .string(uid), "type": .string(type)]
      if let contract { body["contract_id"] = .string(contract) }
      if let group { body["group_id"] = .string(group) }
      remote.show(try await remote.ask(.post, "/tokens", [], body))
    }
  }

  struct Block: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Block a token.")
    @OptionGroup var token: TokenArgument

    func run() async throws { try await token.change(["valid": false]) }
  }

  struct Unblock: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Unblock a token.")
    @OptionGroup var token: TokenArgument

    func run() async throws { try await token.change(["valid": true]) }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Remove a token.")
    @OptionGroup var token: TokenArgument

    func run() async throws { try await token.remote.ask(.delete, "/tokens/\(try await token.id())") }
  }

  struct Unknown: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the tags that were shown and that nobody knows.")
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(try await remote.list("/unknown-tags"), ["uid", "station", "count", "last_at"])
    }
  }
}

/// One of our tokens, by its uid.
struct TokenArgument: ParsableArguments {
  @Argument(help: "The token's uid.") var uid: String
  @OptionGroup var remote: Remote

  func id() async throws -> Int64 {
    let found = try await remote.list("/tokens", [("owner", "ours")]).first { token in
      token["uid"]?.string.map(Token.fold) == Token.fold(uid)
    }
    guard let id = found?["id"]?.int else { throw Complaint("no token of ours has the uid \(uid)") }
    return id
  }

  func change(_ body: JSON) async throws {
    remote.show(try await remote.ask(.patch, "/tokens/\(try await id())", [], body))
  }
}

/// `ostler tariff`: what charging costs.
struct Tariffs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tariff", abstract: "Tariffs.",
    subcommands: [
      List.self, Show.self, ValidateTariffs.self, SimulateTariff.self, Add.self, Import.self, Change.self, Remove.self,
    ])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the tariffs.")
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(try await remote.list("/tariffs"), ["id", "tariff.id", "tariff.currency", "version", "updated_at"])
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show a tariff as OCPI writes it.")
    @Argument(help: "Its number in the list.") var id: Int
    @OptionGroup var remote: Remote

    func run() async throws {
      let answer = try await remote.ask(.get, "/tariffs/\(id)")
      // What stands around it is ours: without that it goes back in as it came.
      print((answer["tariff"] ?? answer).pretty)
    }
  }

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Add a tariff from a file.")
    @Argument(help: "A file with a tariff as OCPI writes it.") var file: String
    @Option(help: "Whose it is, such as BE*OST; our first operator's by default.") var party: String?
    @OptionGroup var remote: Remote

    func run() async throws {
      var tariff = try tariffIn(file)
      if let party {
        guard let ours = try await remote.party(party, as: "CPO") else {
          throw Complaint("\(party) is no party of ours that runs stations")
        }
        tariff["party"] = ours
      }
      remote.show(try await remote.ask(.post, "/tariffs", [], tariff))
    }
  }

  struct Change: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Make a new version of a tariff from a file.")
    @Argument(help: "Its number in the list.") var id: Int
    @Argument(help: "A file with a tariff as OCPI writes it.") var file: String
    @OptionGroup var remote: Remote

    func run() async throws { remote.show(try await remote.ask(.patch, "/tariffs/\(id)", [], try tariffIn(file))) }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Remove a tariff that no connector uses.")
    @Argument(help: "Its number in the list.") var id: Int
    @OptionGroup var remote: Remote

    func run() async throws { try await remote.ask(.delete, "/tariffs/\(id)") }
  }

  private static func tariffIn(_ file: String) throws -> JSON {
    let found = try Papers.tariffs(in: try PaperFile.read(file))
    guard let tariff = found.first, found.count == 1 else { throw Complaint("\(file) holds \(found.count) tariffs") }
    return tariff.json
  }
}

/// `ostler session`: what happens and what happened.
struct Sessions: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "session", abstract: "Charging sessions.",
    subcommands: [List.self, Show.self, Stop.self, Limit.self, Close.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List sessions, the newest first.")
    @Option(help: "pending, active, completed, invalid or superseded.") var state: String?
    @Option(help: "A station's identity.") var station: String?
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(
        try await remote.list("/sessions", [("state", state), ("station", station)]),
        ["id", "state", "station", "evse", "token.uid", "energy_kwh", "started_at", "ended_at", "partner.name"])
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show one session with its timeline.")
    @Argument(help: "Its id.") var id: String
    @OptionGroup var remote: Remote

    func run() async throws { print(try await remote.ask(.get, "/sessions/\(id.percentEncoded)").pretty) }
  }

  struct Stop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Ask the station to stop a session.")
    @Argument(help: "Its id.") var id: String
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(try await remote.ask(.post, "/sessions/\(id.percentEncoded)/stop", [("wait", "30")]))
    }
  }

  struct Limit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "End a running session by itself at a cost, an energy, a time or a state of charge.")
    @Argument(help: "Its id.") var id: String
    @Option(help: "The most that it may cost, such as 25.00.") var cost: String?
    @Option(help: "kWh, such as 12.5.") var energy: String?
    @Option(help: "Minutes from its start.") var minutes: Int?
    @Option(help: "Percent of the battery.") var stateOfCharge: Int?
    @OptionGroup var remote: Remote

    func validate() throws {
      if let minutes, minutes < 1 { throw ValidationError("--minutes: at least 1") }
      if let stateOfCharge, !(1...100).contains(stateOfCharge) { throw ValidationError("--state-of-charge: 1 to 100") }
      if cost == nil, energy == nil, minutes == nil, stateOfCharge == nil {
        throw ValidationError("say at least one of --cost, --energy, --minutes and --state-of-charge")
      }
    }

    func run() async throws {
      var body: JSON = [:]
      if let cost { body["cost"] = .string(cost) }
      if let energy { body["energy_kwh"] = .string(energy) }
      if let minutes { body["seconds"] = .number(JSONNumber(minutes * 60)) }
      if let stateOfCharge { body["soc"] = .number(JSONNumber(stateOfCharge)) }
      remote.show(try await remote.ask(.patch, "/sessions/\(id.percentEncoded)/limit", [], body))
    }
  }

  struct Close: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "End a session that its station will not end, with its newest reading.")
    @Argument(help: "Its id.") var id: String
    @Option(help: "Why; it stands in the audit log.") var reason: String
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(try await remote.ask(.post, "/sessions/\(id.percentEncoded)/close", [], ["reason": .string(reason)]))
    }
  }
}

/// `ostler cdr`: the bills.
struct CDRs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cdr", abstract: "Charge detail records.",
    subcommands: [List.self, Show.self, Export.self, Release.self, Credit.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List charge detail records, the newest first.")
    @Option(help: "Of a month, such as 2026-10.") var month: String?
    @Option(help: "A station's identity.") var station: String?
    @Option(help: "A partner's number.") var partner: Int?
    @Flag(help: "Only those that wait for you, with the reason.") var held = false
    @OptionGroup var remote: Remote

    func run() async throws {
      let found = try await remote.list(
        "/cdrs",
        [
          ("month", month), ("station", station), ("partner", partner.map { "\($0)" }), ("held", held ? "true" : nil),
        ])
      remote.show(
        found,
        ["id", "station", "partner.name", "ended_at", "energy_kwh", "cost.currency", "cost.incl_vat", "held_because"])
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show one record in full, with what it costs and how its pushes stand.")
    @Argument(help: "Its id.") var id: String
    @OptionGroup var remote: Remote

    func run() async throws { print(try await remote.ask(.get, "/cdrs/\(id.percentEncoded)").pretty) }
  }

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Write the charge detail records of a month.")
    @Option(help: "Such as 2026-10.") var month: String
    @Option(help: "csv or json.") var format = "csv"
    @OptionGroup var remote: Remote

    func validate() throws {
      guard format == "csv" || format == "json" else { throw ValidationError("csv or json") }
    }

    func run() async throws {
      if format == "csv", !remote.json {
        let bytes = try await remote.download(.get, "/cdrs.csv", [("month", month)])
        print(String(decoding: bytes, as: UTF8.self), terminator: "")
      } else {
        print(JSON.array(try await remote.list("/cdrs", [("month", month)])).pretty)
      }
    }
  }

  struct Release: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Let a held record go to its partner, as it is.")
    @Argument(help: "Its id.") var id: String
    @OptionGroup var remote: Remote

    func run() async throws {
      try await remote.ask(.post, "/cdrs/\(id.percentEncoded)/release", [], [:])
    }
  }

  struct Credit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take a record back by a credit, which its partner gets as a record of its own.")
    @Argument(help: "Its id.") var id: String
    @Option(help: "The remark of the credit.") var reason: String?
    @Flag(help: "Bill the session once more, from all that is known of it by now.") var billAgain = false
    @OptionGroup var remote: Remote

    func run() async throws {
      var body: JSON = ["bill_again": .bool(billAgain)]
      if let reason { body["reason"] = .string(reason) }
      remote.show(try await remote.ask(.post, "/cdrs/\(id.percentEncoded)/credit", [], body))
    }
  }
}
