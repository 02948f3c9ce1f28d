import ArgumentParser
import Domain
import OCPI
import Wire

/// `ostler tariff validate`: what is wrong with tariffs in files.
struct ValidateTariffs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Check tariff files for what cannot be sold and what is rarely meant. Needs no daemon.")
  @Argument(help: "Files with tariffs as OCPI 2.1.1, 2.2.1 or 2.3.0 write them, one or a list.") var files: [String]
  @Option(
    help:
      "Check also how prices must be told in this country, by its three letters: the EU by AFIR, GBR by its own law.")
  var country: String?
  @Option(help: "kW of the strongest connector there; from 50 on more is asked.") var kilowatts = 50
  @Flag(help: "Print the flaws as JSON.") var json = false

  func validate() throws {
    if files.isEmpty { throw ValidationError("name at least one file") }
    if !(1...10_000).contains(kilowatts) { throw ValidationError("1 to 10000 kW are expected") }
    if let country, PriceDisplay(country: country.uppercased()) == nil {
      throw ValidationError("no rule of \(country) is known")
    }
  }

  func run() throws {
    var all: [(file: String, flaw: TariffFlaw)] = []
    for file in files {
      let written = try PaperFile.read(file)
      let tariffs: [PaperTariff]
      do { tariffs = try Papers.tariffs(in: written) } catch { throw Complaint("\(file): \(error.detail)") }
      guard !tariffs.isEmpty else { throw Complaint("\(file) holds no tariff") }
      for tariff in tariffs {
        let name = tariffs.count == 1 ? file : "\(file) \(tariff.json["id"]?.string ?? "")"
        all += flaws(of: tariff).map { (name, $0) }
      }
    }
    if json {
      let list = all.map { file, flaw -> JSON in
        [
          "file": .string(file), "severity": .string(flaw.severity.rawValue), "kind": .string(flaw.kind.rawValue),
          "path": .string(flaw.path), "text": .string(flaw.text),
        ]
      }
      print(JSON.array(list).pretty)
    } else {
      for (file, flaw) in all {
        let name = files.count > 1 ? "\(file): " : ""
        print("\(name)\(flaw.severity.rawValue): \(flaw.path): \(flaw.text)")
      }
      if all.isEmpty { print("nothing to complain about") }
    }
    if all.contains(where: { $0.flaw.severity == .error }) { throw ExitCode.failure }
  }

  private func flaws(of tariff: PaperTariff) -> [TariffFlaw] {
    do {
      let (read, oddities) = try tariff.read()
      let words = oddities.filter { $0.kind != .numberAsText }.map { oddity in
        TariffFlaw(.warning, .badForm, at: oddity.path, "\(oddity.raw) does not fit here (\(oddity.kind.rawValue))")
      }
      let display = country.flatMap { PriceDisplay(country: $0.uppercased()) }
      return words + read.check() + (display.map { read.displayFlaws(by: $0, watts: kilowatts * 1_000) } ?? [])
    } catch {
      return tariff.flawsOfForm().map { TariffFlaw(.error, .badForm, at: $0.path, $0.detail) }
    }
  }
}

/// `ostler tariff simulate`: what a session would cost, and whether a partner's CDR costs what it says.
struct SimulateTariff: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Price a session or a CDR by a tariff file. Needs no daemon.",
    discussion: """
      The session is given by --session FILE (JSON as POST /tariffs/{id}/simulate takes it, or a CDR of any version), \
      or by --start with --minutes or --end, --kwh and so on. A CDR brings its tariffs along; --tariff prices it by \
      another one. What a CDR says and its periods do not give is listed, and the command then fails.
      """)
  @Option(help: "A file with the tariff as OCPI writes it.") var tariff: String?
  @Option(help: "A file with the session, or a CDR.") var session: String?
  @Option(help: "When it starts, as 2026-11-03T09:15:00Z.") var start: String?
  @Option(help: "When it ends.") var end: String?
  @Option(help: "How long it lasts, instead of --end.") var minutes: Int?
  @Option(help: "kWh that it takes.") var kwh: String = "0"
  @Option(help: "kW that the car draws.") var power: String?
  @Option(help: "A that the car draws, over all phases.") var current: String?
  @Option(help: "Minutes at its end in which the car asks for no power.") var idleMinutes: Int = 0
  @Option(help: "Minutes before it in which the EVSE was held.") var reservedMinutes: Int?
  @Option(help: "How the reservation ended: used, cancelled or expired.") var reservation: String?
  @Option(help: "IANA time zone of the place; UTC by default.") var zone: String?
  @Flag(help: "Print the bill as JSON.") var json = false

  func run() throws {
    let paper = try session.map(PaperFile.read)
    if let paper, Papers.isCDR(paper) { return try price(cdr: paper) }
    guard let file = tariff else { throw ValidationError("name the tariff by --tariff") }
    let tariff = try readTariff(file)
    let trial = if let paper { try Self.trial(in: paper) } else { try trialOfFlags() }
    let zone = try Self.rules(self.zone ?? trial.timeZone)
    let bill: Bill
    do { bill = try trial.bill(by: tariff, zone: zone) } catch { throw Complaint("\(error.path): \(error.detail)") }
    show(bill, in: tariff.currency, differences: nil)
  }

  private func price(cdr paper: JSON) throws {
    let cdr: PaperCDR
    do { cdr = try Papers.cdr(in: paper) } catch { throw Complaint("\(error.path): \(error.detail)") }
    let tariff: Tariff
    if let file = self.tariff {
      tariff = try readTariff(file)
    } else {
      guard let own = cdr.tariffs.first else { throw Complaint("it has no tariff: name one by --tariff") }
      do { tariff = try own.read().tariff } catch { throw Complaint("tariffs[0].\(error.path): \(error.detail)") }
    }
    let bill = cdr.bill(by: tariff, zone: try Self.rules(zone ?? cdr.timeZone))
    let differences = cdr.differences(to: bill.totals)
    show(bill, in: cdr.currency.isEmpty ? tariff.currency : cdr.currency, differences: differences)
    if !differences.isEmpty { throw ExitCode.failure }
  }

  // MARK: Reading

  private func readTariff(_ file: String) throws -> Tariff {
    do {
      let all = try Papers.tariffs(in: try PaperFile.read(file))
      guard let first = all.first else { throw Complaint("\(file) holds no tariff") }
      return try first.read().tariff
    } catch let flaw as Flaw { throw Complaint("\(file): \(flaw.path) \(flaw.detail)") }
  }

  private static func trial(in paper: JSON) throws -> TariffTrial {
    do { return try TariffTrial.read(paper).value } catch { throw Complaint("\(error.path): \(error.detail)") }
  }

  private func trialOfFlags() throws -> TariffTrial {
    guard let start = start.flatMap({ Timestamp($0) }) else {
      throw ValidationError("--start is a time as 2026-11-03T09:15:00Z")
    }
    var trial = TariffTrial()
    trial.start = start
    if let minutes {
      guard (0...600_000).contains(minutes) else { throw ValidationError("--minutes is 0 to 600000") }
      trial.end = start + .seconds(minutes * 60)
    } else if let end {
      guard let time = Timestamp(end) else { throw ValidationError("--end is a time as 2026-11-03T09:15:00Z") }
      trial.end = time
    } else if reservation == nil || reservation == "used" {
      throw ValidationError("--minutes or --end says how long it lasts")
    } else {
      trial.end = start
    }
    func number(_ text: String?, _ name: String) throws -> Decimal? {
      guard let text else { return nil }
      guard let value = Decimal(text), !value.isNegative else { throw ValidationError("\(name) is a number") }
      return value
    }
    trial.energy = try number(kwh, "--kwh") ?? .zero
    let idleFrom = trial.end - .seconds(min(max(idleMinutes, 0), 600_000) * 60)
    if power != nil || current != nil {
      var moment = TariffTrial.Moment()
      moment.at = max(idleFrom, start + .seconds(1))
      (moment.kW, moment.amperes) = (try number(power, "--power"), try number(current, "--current"))
      trial.readings = [moment]
    }
    if idleMinutes > 0 {
      var span = TariffTrial.Span()
      (span.from, span.to) = (max(idleFrom, start), trial.end)
      trial.idle = [span]
    }
    if let reservedMinutes { trial.reservedFrom = start - .seconds(min(max(reservedMinutes, 0), 600_000) * 60) }
    if let reservation {
      guard let ending = Hold.Ending(rawValue: reservation) else {
        throw ValidationError("--reservation is used, cancelled or expired")
      }
      trial.reservation = ending
    }
    return trial
  }

  private static func rules(_ name: String?) throws -> ZoneRules {
    guard let name else { return .utc }
    guard let rules = SystemZones(folder: Environment["OSTLER_TZDIR"]).library[name] else {
      throw Complaint("the time zone \(name) is not on this machine")
    }
    return rules
  }

  // MARK: Showing

  private func show(
    _ bill: Bill, in currency: String, differences: [(name: String, written: Price, priced: Price)]?
  ) {
    var report = bill.report(in: currency)
    if let differences {
      report["differences"] = .array(
        differences.map { difference -> JSON in
          [
            "field": .string(difference.name), "written": .string(Self.text(difference.written)),
            "priced": .string(Self.text(difference.priced)),
          ]
        })
    }
    guard !json else { return print(report.pretty) }
    for period in bill.periods {
      let power = period.maxPower.map { ", up to \($0 * Decimal(1, places: 3)) kW" } ?? ""
      print("\(period.start.text)  \(period.seconds) s \(period.activity.rawValue)  \(period.energy) kWh\(power)")
    }
    for line in bill.lines {
      let unit = line.dimension == .energy ? " kWh" : line.dimension == .flat ? "" : " h"
      let billed = (line.quantity + line.rounding).rounded(toPlaces: 4, .halfUp)
      let place = "elements[\(line.element)].price_components[\(line.component)]"
      print(
        "\(line.isReservation ? "reservation " : "")\(line.dimension.rawValue)  \(billed)\(unit) at \(line.unitPrice)"
          + "  \(Self.text(line.cost))  \(place)")
    }
    print("total  \(currency) \(Self.text(bill.totals.cost))")
    for difference in differences ?? [] {
      print(
        "differs: \(difference.name) is \(Self.text(difference.written)), its periods give \(Self.text(difference.priced))"
      )
    }
  }

  private static func text(_ price: Price) -> String {
    let before = price.beforeTax.decimal.text(places: 2)
    return price.afterTax.map { "\(before) without tax, \($0.decimal.text(places: 2)) with it" } ?? before
  }
}

/// Files with what OCPI exchanges.
enum PaperFile {
  static func read(_ file: String) throws -> JSON {
    guard let bytes = File.read(file) else { throw Complaint("\(file) cannot be read") }
    do { return try JSON.parse(bytes) } catch { throw Complaint("\(file) is not JSON: \(error)") }
  }
}
