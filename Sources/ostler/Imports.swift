import ArgumentParser
import Wire

/// What `station import`, `token import` and `tariff import` share: a file, a rehearsal, and an outcome for each row.
struct ImportOptions: ParsableArguments {
  @Argument(help: "The file.") var file: String
  @Flag(help: "Change nothing, and say what would become of each row.") var dryRun = false
  @OptionGroup var remote: Remote

  /// Ends with an error where a row has one, after the others were done.
  func run(_ kind: String) async throws {
    guard let bytes = File.read(file), let text = String(utf8: bytes) else {
      throw Complaint("\(file) cannot be read as text")
    }
    let answer = try await remote.ask(.post, "/imports/\(kind)", [], ["text": .string(text), "dry_run": .bool(dryRun)])
    let rows = answer["rows"]?.array ?? []
    if remote.json {
      remote.show(answer)
    } else {
      remote.show(rows, ["line", "name", "outcome", "why"])
    }
    let failed = rows.count { $0["outcome"]?.string == "error" }
    guard failed > 0 else { return }
    throw Complaint("\(failed) of \(rows.count) rows have an error\(dryRun ? "" : "; the others were done")")
  }
}

extension Stations {
  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Add stations from a CSV file: ours, or SteVe's list of charge boxes.",
      discussion: "Columns: id, location, serial_number, evses, password.")
    @OptionGroup var options: ImportOptions

    func run() async throws { try await options.run("stations") }
  }
}

extension Tokens {
  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Add tokens from a CSV file: ours, or SteVe's list of OCPP tags.",
      discussion: "Columns: uid, contract_id, visual_number, group_id, valid, valid_until, type, issuer, language.")
    @OptionGroup var options: ImportOptions

    func run() async throws { try await options.run("tokens") }
  }
}

extension Tariffs {
  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Add tariffs from a JSON list, each as OCPI writes it.")
    @OptionGroup var options: ImportOptions

    func run() async throws { try await options.run("tariffs") }
  }
}
