import ArgumentParser
import Wire

/// `ostler site`: the places where stations stand.
struct Sites: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "site", abstract: "Sites, which OCPI calls locations.",
    subcommands: [List.self, Show.self, Add.self, Remove.self, Load.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the sites.")
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(
        try await remote.list("/locations"),
        ["id", "ref", "name", "address", "city", "country", "time_zone", "published"])
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show a site.")
    @OptionGroup var site: SiteArgument

    func run() async throws { site.remote.show(try await site.remote.ask(.get, site.path)) }
  }

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Add a site.")
    @Argument(help: "Its name.") var name: String
    @Option(help: "Street and number.") var address: String
    @Option(help: "Town.") var city: String
    @Option(help: "Country by its three letters, such as NLD.") var country: String
    @Option(parsing: .unconditional, help: "Degrees north, such as 52.01 or -33.87.") var latitude: String
    @Option(parsing: .unconditional, help: "Degrees east, such as 4.36 or -0.13.") var longitude: String
    @Option(help: "Such as Europe/Amsterdam.") var timeZone: String
    @Flag(help: "Partners and drivers may know it.") var published = false
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(
        try await remote.ask(
          .post, "/locations", [],
          [
            "name": .string(name), "address": .string(address), "city": .string(city), "country": .string(country),
            "latitude": .string(latitude), "longitude": .string(longitude), "time_zone": .string(timeZone),
            "published": .bool(published),
          ]))
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Remove a site at which no station stands.")
    @OptionGroup var site: SiteArgument

    func run() async throws { try await site.remote.ask(.delete, site.path) }
  }

  struct Load: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show how the power of a site is shared now, and why.")
    @OptionGroup var site: SiteArgument

    func run() async throws { site.remote.show(try await site.remote.ask(.get, site.path + "/load")) }
  }
}

struct SiteArgument: ParsableArguments {
  @Argument(help: "The number of the site in the list.") var id: Int
  @OptionGroup var remote: Remote

  var path: String { "/locations/\(id)" }
}

extension Stations {
  /// What is stuck on a station: a page for each EVSE with the code that leads drivers to it.
  struct Labels: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Write the labels of a station's EVSEs as PDF.")
    @OptionGroup var station: StationArgument
    @Option(help: "The file.") var output: String
    @Option(help: "The address under which drivers reach the page; else the public URL of the house.") var base: String?
    @Option(help: "en, de, nl or fr.") var language = "en"

    func run() async throws {
      try await station.remote.ask(.post, station.path + "/codes", [], [:])
      let paper = try await station.remote.download(
        .get, station.path + "/labels", [("base", base), ("language", language)])
      try File.write(paper, to: output)
    }
  }
}

/// `ostler circuit`: the wiring of a site, by which its power is shared.
struct Circuits: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "circuit", abstract: "The wiring of a site.", subcommands: [List.self, Show.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the circuits of a site.")
    @OptionGroup var site: SiteArgument

    func run() async throws {
      site.remote.show(
        try await site.remote.list(site.path + "/circuits"), ["id", "name", "parent", "lines", "rated_a", "usable_a"])
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show a circuit and what flows there.")
    @Argument(help: "Its number in the list.") var id: Int
    @OptionGroup var remote: Remote

    func run() async throws { remote.show(try await remote.ask(.get, "/circuits/\(id)")) }
  }
}

/// `ostler party`: who we are towards partners.
struct Parties: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "party", abstract: "Who we are towards partners.", subcommands: [List.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List our parties.")
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(
        try await remote.list("/parties"), ["id", "role", "country_code", "party_id", "business_name", "website"])
    }
  }
}

/// `ostler invoice`: what payers owe by the month.
struct Invoices: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "invoice", abstract: "Invoices and credit notes.",
    subcommands: [List.self, Show.self, Month.self, Close.self, Export.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List invoices, the newest first.")
    @Option(help: "Such as 2026-11.") var month: String?
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(try await remote.list("/invoices", [("month", month)]), Invoices.columns)
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show an invoice.")
    @Argument(help: "Its number.") var number: Int
    @OptionGroup var remote: Remote

    func run() async throws { remote.show(try await remote.ask(.get, "/invoices/\(number)")) }
  }

  struct Month: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show what is owed for a month that is not closed.")
    @Argument(help: "Such as 2026-11.") var month: String
    @OptionGroup var remote: Remote

    func run() async throws {
      let shown = try await remote.ask(.get, "/months/\(month.percentEncoded)")
      if remote.json { remote.show(shown) } else { remote.show(shown["drafts"]?.array ?? [], Invoices.columns) }
    }
  }

  struct Close: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Close a month: its invoices are made and numbered.")
    @Argument(help: "Such as 2026-11.") var month: String
    @OptionGroup var remote: Remote

    func run() async throws {
      let made = try await remote.ask(.post, "/months/\(month.percentEncoded)/close")
      if remote.json { remote.show(made) } else { remote.show(made["invoices"]?.array ?? [], Invoices.columns) }
    }
  }

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write the invoices of a month as CSV to standard output, a line for each.")
    @Option(help: "Such as 2026-11.") var month: String
    @OptionGroup var remote: Remote

    func run() async throws {
      let table = try await remote.download(.get, "/invoices.csv", [("month", month)])
      print(String(decoding: table, as: UTF8.self), terminator: "")
    }
  }

  private static let columns = [
    "name", "month", "payer_kind", "payer_name", "sessions", "energy_kwh", "currency", "total",
  ]
}
