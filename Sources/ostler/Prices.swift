import ArgumentParser
import Domain
import Export
import HTTP
import Wire

/// `ostler price`: prices that follow demand.
struct Prices: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "price", abstract: "Prices that follow demand.",
    subcommands: [
      List.self, Show.self, Add.self, Change.self, Preview.self, Set.self, Moves.self, Remove.self, Grid.self,
      Energy.self,
    ])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the policies.")
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(
        try await remote.list("/price-policies"),
        ["id", "policy.name", "tariff", "state", "price", "planned.price", "planned.at", "trouble"])
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show a policy with its rules.")
    @Argument(help: "Its number in the list.") var id: Int
    @OptionGroup var remote: Remote

    func run() async throws { print(try await remote.ask(.get, "/price-policies/\(id)").pretty) }
  }

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Add a policy from a file, as a draft.")
    @Argument(help: "A file with the rules, as `price show` prints them under `policy`.") var file: String
    @Option(help: "The number of the tariff that it moves.") var tariff: Int
    @OptionGroup var remote: Remote

    func run() async throws {
      let body: JSON = ["tariff": .number(JSONNumber(tariff)), "policy": try PaperFile.read(file)]
      remote.show(try await remote.ask(.post, "/price-policies", [], body))
    }
  }

  struct Change: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Give a policy other rules from a file.")
    @Argument(help: "Its number in the list.") var id: Int
    @Argument(help: "A file with the rules.") var file: String
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(
        try await remote.ask(.patch, "/price-policies/\(id)", [], ["policy": try PaperFile.read(file)]))
    }
  }

  struct Preview: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "What a policy would have earned and moved in a time that is past.")
    @Argument(help: "Its number in the list.") var id: Int
    @Option(help: "The begin, a whole quarter of an hour; 60 days before the end by default.") var from: String?
    @Option(help: "The end; now by default.") var to: String?
    @Option(help: "Which share of the energy moves where a price doubles: an assumption, 0.2 by default.")
    var elasticity: String?
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(
        try await remote.ask(
          .get, "/price-policies/\(id)/preview", [("from", from), ("to", to), ("elasticity", elasticity)]))
    }
  }

  struct Set: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Follow a policy in the books alone (dry_run), for drivers (live), or not (paused, draft).")
    @Argument(help: "Its number in the list.") var id: Int
    @Argument(help: "draft, dry_run, live or paused.") var state: String
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(try await remote.ask(.patch, "/price-policies/\(id)", [], ["state": .string(state)]))
    }
  }

  struct Moves: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List what a policy did, or would have done, and why.")
    @Argument(help: "Its number in the list.") var id: Int
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(
        try await remote.list("/price-policies/\(id)/moves"),
        [
          "at", "kind", "live", "price", "begins", "version", "why.occupancy_percent", "why.grid_price",
          "why.surplus_kw", "why.rules",
        ])
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Remove a policy that is not live.")
    @Argument(help: "Its number in the list.") var id: Int
    @OptionGroup var remote: Remote

    func run() async throws { try await remote.ask(.delete, "/price-policies/\(id)") }
  }

  struct Grid: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Keep day-ahead prices of an area from a CSV file: a time and a price per MWh a line.")
    @Argument(help: "The area, such as NL.") var area: String
    @Argument(help: "The file.") var file: String
    @OptionGroup var remote: Remote

    func run() async throws {
      guard let bytes = File.read(file) else { throw Complaint("\(file) cannot be read") }
      let series: PriceSeries
      do throws(PriceSeries.Flaw) {
        series = try PriceSeries(
          String(decoding: bytes, as: UTF8.self), per: .MWh, mostPoints: Domain.Limits.gridPrices)
      } catch {
        throw Complaint("\(file)\(error.line.map { ", line \($0)" } ?? ""): \(error.why)")
      }
      let points: [JSON] = series.points.map { point in
        ["start": .string(point.at.text), "price_per_mwh": .string("\(point.price)")]
      }
      remote.show(try await remote.ask(.put, "/grid-prices/\(area.percentEncoded)", [], ["items": .array(points)]))
    }
  }
  /// What energy costs the house.
  struct Energy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "energy", abstract: "What a kWh costs the house.",
      subcommands: [List.self, Keep.self, Forget.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
      static let configuration = CommandConfiguration(abstract: "List the prices of energy.")
      @OptionGroup var span: EnergySpan
      @OptionGroup var remote: Remote

      func run() async throws {
        remote.show(
          try await remote.ask(.get, "/energy-prices", span.query)["items"]?.array ?? [],
          ["begins_at", "price_per_kwh", "currency", "area"])
      }
    }

    struct Keep: AsyncParsableCommand {
      static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Keep prices from a CSV file with the columns begins_at and price_per_kwh, or one price from now on.",
        discussion: """
          A price holds until the next one begins. With --area it is what comes beside the day-ahead price there, which \
          `price grid` keeps. What was used since then is priced anew.
          """)
      @Argument(help: "The file, or a price per kWh before tax such as 0.2145.") var what: String
      @Option(help: "From when a single price holds, a whole quarter of an hour; else from the last one.") var from:
        String?
      @Option(help: "The area of the grid whose price is added, such as NL.") var area: String?
      @Option(help: "Such as EUR; else the house's.") var currency: String?
      @Option(help: "The number of the site; else every one without prices of its own.") var site: Int?
      @OptionGroup var remote: Remote

      func run() async throws {
        var body: JSON = [:]
        if let site { body["location"] = .number(JSONNumber(site)) }
        if let area { body["area"] = .string(area) }
        if let currency { body["currency"] = .string(currency) }
        if Decimal(what) != nil {
          let now = Timestamp.now()
          let quarter = Timestamp(milliseconds: now.milliseconds - now.milliseconds % 900_000)
          body["values"] = [["begins_at": .string(from ?? quarter.text), "price_per_kwh": .string(what)]]
        } else {
          guard let bytes = File.read(what) else { throw Complaint("\(what) cannot be read") }
          body["csv"] = .string(String(decoding: bytes, as: UTF8.self))
        }
        remote.show(try await remote.ask(.post, "/energy-prices", [], body))
      }
    }

    struct Forget: AsyncParsableCommand {
      static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove the prices that begin in a time.")
      @OptionGroup var span: EnergySpan
      @OptionGroup var remote: Remote

      func validate() throws {
        if span.from == nil { throw ValidationError("say from when on, with --from") }
      }

      func run() async throws { try await remote.ask(.delete, "/energy-prices", span.query) }
    }
  }
}

/// Whose prices of energy, and of when.
struct EnergySpan: ParsableArguments {
  @Option(help: "The number of the site; else those that hold everywhere.") var site: Int?
  @Option(help: "The begin, such as 2026-11-01T00:00:00Z.") var from: String?
  @Option(help: "The end.") var to: String?

  var query: [(String, String?)] { [("location", site.map(String.init)), ("from", from), ("to", to)] }
}
