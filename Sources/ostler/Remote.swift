import ArgumentParser
import HTTP
import Net
import Wire

#if canImport(Glibc)
  import Glibc
#endif

/// How a command speaks to the daemon: over the socket in its data folder, which only its owner can open.
struct Remote: ParsableArguments {
  @Option(help: "The daemon's data folder; else OSTLER_DATA, else where a daemon without --data keeps it.") var data:
    String?
  @Flag(help: "Print the answer as JSON.") var json = false

  /// Asks the daemon. An error of its API ends the command with the daemon's own words.
  @discardableResult
  func ask(_ method: HTTP.Method, _ path: String, _ query: [(String, String?)] = [], _ body: JSON? = nil) async throws
    -> JSON
  {
    let bytes = try await download(method, path, query, body)
    guard !bytes.isEmpty else { return .null }
    do { return try JSON.parse(bytes) } catch { throw Complaint("the daemon's answer is not JSON") }
  }

  /// As `ask`, for answers that are not JSON.
  func download(
    _ method: HTTP.Method, _ path: String, _ query: [(String, String?)] = [], _ body: JSON? = nil,
    isAtRoot: Bool = false
  ) async throws -> Bytes {
    let socket = try folder() + "/ostler.sock"
    let loop = try EventLoop(label: "command")
    let client = await loop.run { loop in LoopBound(Client(loop: loop, tls: nil), loop: loop) }
    var url = "http://localhost" + (isAtRoot ? "" : "/api/v1") + path
    let asked = query.compactMap { name, value in value.map { "\(name)=\($0.percentEncoded)" } }
    if !asked.isEmpty { url += "?" + asked.joined(separator: "&") }
    var request = ClientRequest(method, try HTTPURL(url))
    if let body {
      request.headers["Content-Type"] = "application/json"
      request.body = body.bytes
    }
    var options = ClientOptions()
    options.via = .unix(socket)
    options.limits.wholeDeadline = .seconds(120)
    options.limits.firstByteDeadline = .seconds(120)
    options.limits.bodyBytes = 256 << 20
    let handle = await loop.run { _ in client.value.handle }
    let response: ClientResponse
    do { response = try await handle.send(request, options) } catch {
      throw Complaint("no daemon answers at \(socket): is it running, and is this its data folder? (\(error))")
    }
    guard response.status.isSuccess else {
      let problem = try? JSON.parse(response.body)
      let field = problem?["field"]?.string.map {
        ArgumentHint.argument(for: $0, in: Array(CommandLine.arguments.dropFirst())) ?? $0
      }
      // The title says the same in general words.
      let words = [field, problem?["detail"]?.string ?? problem?["title"]?.string].compactMap { $0 }
      throw Complaint(words.isEmpty ? "the daemon answered \(response.status)" : words.joined(separator: ": "))
    }
    return response.body
  }

  /// All pages of a list.
  func list(_ path: String, _ query: [(String, String?)] = []) async throws -> [JSON] {
    var items: [JSON] = []
    var cursor: String?
    repeat {
      let page = try await ask(.get, path, query + [("limit", "200"), ("cursor", cursor)])
      items += page["items"]?.array ?? []
      cursor = page["next_cursor"]?.string
    } while cursor != nil
    return items
  }

  /// The id of a party of ours by its name, such as `BE*OST`; nil where none of that role has it.
  func party(_ name: String, as role: String) async throws -> JSON? {
    try await list("/parties").first { one in
      let known = "\(one["country_code"]?.string ?? "")*\(one["party_id"]?.string ?? "")"
      return one["role"]?.string == role && known == name.uppercased()
    }?["id"]
  }

  private func folder() throws -> String {
    try Configuration(flags: data.map { ["data": $0] } ?? [:], environment: Environment.all, file: nil).data
  }

  // MARK: Showing

  /// One thing, as lines of name and value or as JSON.
  func show(_ thing: JSON) {
    guard !json, case .object(let object) = thing else { return print(thing.pretty) }
    for line in Self.lines(object) { print(line) }
  }

  /// A line for each member; what a member holds stands below it, further in.
  private static func lines(_ object: JSONObject) -> [String] {
    let shown = object.members.filter { !$0.value.isNull && $0.value != [] && $0.value != [:] }
    let width = shown.map(\.key.count).max() ?? 0
    return shown.flatMap { member -> [String] in
      let below = inner(member.value)
      if !below.isEmpty { return [member.key] + below.map { "  \($0)" } }
      let text = member.value.array.map { $0.map(plain).joined(separator: ", ") } ?? plain(member.value)
      return [member.key + String(repeating: " ", count: width - member.key.count + 2) + text]
    }
  }

  /// The lines of an object, or of a list of them; none of anything else.
  private static func inner(_ value: JSON) -> [String] {
    if let object = value.object { return lines(object) }
    guard let items = value.array, items.contains(where: { $0.object != nil }) else { return [] }
    return items.flatMap { item -> [String] in
      let each = item.object.map { lines($0) } ?? [plain(item)]
      return each.enumerated().map { ($0.offset == 0 ? "- " : "  ") + $0.element }
    }
  }

  /// Many things, as a table of the named columns or as JSON.
  func show(_ things: [JSON], _ columns: [String]) {
    guard !json else { return print(JSON.array(things).pretty) }
    let rows =
      [columns.map { $0.uppercased() }] + things.map { thing in columns.map { Self.plain(Self.find($0, in: thing)) } }
    let widths = columns.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    for row in rows {
      let cells = zip(row, widths).map { cell, width in cell + String(repeating: " ", count: width - cell.count) }
      print(cells.joined(separator: "  ").trimmingEnd)
    }
  }

  /// `cost.incl_vat` is a member of a member.
  private static func find(_ column: String, in thing: JSON) -> JSON {
    column.split(separator: ".").reduce(thing) { $0[String($1)] ?? .null }
  }

  /// A terminal obeys control characters; a station must not speak to it.
  private static func plain(_ value: JSON) -> String {
    let text = value.string ?? (value.isNull ? "" : value.text)
    return String(String.UnicodeScalarView(text.unicodeScalars.filter { !$0.properties.generalCategory.isUnprintable }))
  }
}

extension String {
  fileprivate var trimmingEnd: Substring {
    guard let last = lastIndex(where: { $0 != " " }) else { return "" }
    return self[...last]
  }
}
