import ArgumentParser
import Wire

/// The argument of a command that is meant by a field of the API: whoever typed `--time-zone` is not to look for
/// `time_zone`.
enum ArgumentHint {
  /// The argument as the command's usage writes it, `--time-zone` or `<name>`; nil where the command has none for it.
  /// - Parameters:
  ///   - field: as the API names it, such as `time_zone` or `$.quirks.token_form`.
  ///   - words: the command line without the program's name.
  static func argument(for field: String, in words: [String]) -> String? {
    let path = field.drop { $0 == "$" || $0 == "." || $0 == "/" }
    guard let first = path.split(whereSeparator: { ".[/".contains($0) }).first else { return nil }
    let wanted = String(first.map { $0 == "_" ? "-" : $0 })
    let known = arguments(of: words)
    if let same = known.first(where: { $0.name == wanted }) { return same.shown }
    // The command line is shorter where nothing else can be meant: `--contract` for `contract_id`, `--site` for `sites`.
    let parts = Set(wanted.split(separator: "-").map(String.init)).subtracting(["id"])
    let near = known.filter { parts.contains($0.name) || $0.name + "s" == wanted }
    return near.count == 1 ? near[0].shown : nil
  }

  /// The arguments of the command that the words lead to, from the description that `--experimental-dump-help` gives.
  private static func arguments(of words: [String]) -> [(name: String, shown: String)] {
    guard let whole = try? JSON.parse(Bytes(utf8: Ostler._dumpHelp())), var command = whole["command"] else {
      return []
    }
    for word in words {
      guard let next = command["subcommands"]?.array?.first(where: { $0["commandName"]?.string == word }) else { break }
      command = next
    }
    return (command["arguments"]?.array ?? []).flatMap { argument -> [(name: String, shown: String)] in
      if argument["kind"]?.string == "positional" {
        return argument["valueName"]?.string.map { [(name: $0, shown: "<\($0)>")] } ?? []
      }
      return (argument["names"]?.array ?? []).compactMap { each in
        guard each["kind"]?.string == "long", let name = each["name"]?.string else { return nil }
        return (name: name, shown: "--\(name)")
      }
    }
  }
}
