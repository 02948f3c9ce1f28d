import CResources
import HTTP
import Wire

/// The page's files as they travel inside the binary, found by exact name: no path from outside reaches a file system.
nonisolated struct Assets: Sendable {
  struct Asset: Sendable {
    let bytes: [UInt8]
    let type: String
    let tag: ETag

    func response(for request: Request) -> Response {
      Response(.ok, headers: ["Content-Type": type, "Cache-Control": "no-cache"], body: bytes).tagged(tag, for: request)
    }
  }

  private let byPath: [String: Asset]
  let index: Asset?

  init() { (byPath, index) = (Self.all, Self.all["index.html"]) }

  private static let all: [String: Asset] = {
    var found: [String: Asset] = [:]
    func add(_ path: String, _ type: String, _ bytes: [UInt8]) {
      found[path] = Asset(bytes: bytes, type: type, tag: ETag(of: bytes))
    }
    for (path, bytes) in resources() {
      let ending = path.split(separator: ".").last.map(String.init) ?? ""
      guard let type = types[ending] else { continue }
      if path.hasPrefix("Admin/") {
        add(String(path.dropFirst("Admin/".count)), type, ending == "js" ? lean(bytes) : bytes)
      } else if path.hasPrefix("i18n/") {
        add(path, type, bytes)
        for part in parts(of: bytes) { add("\(path.dropLast(".json".count))/\(part.name).json", type, part.words) }
      }
    }
    return found
  }()

  /// A module without the lines that are a comment and without its indentation, which are for those who read the
  /// source: a sixth of what a browser would load. No text of a module goes over several lines, so no line begins
  /// within one.
  static func lean(_ module: [UInt8]) -> [UInt8] {
    let newline = UInt8(ascii: "\n"), space = UInt8(ascii: " ")
    var lean: [UInt8] = []
    lean.reserveCapacity(module.count)
    for line in module.split(separator: newline) {
      let code = line.drop { $0 == space }
      if code.isEmpty || code.starts(with: Array("//".utf8)) { continue }
      lean += code
      lean.append(newline)
    }
    return lean
  }

  /// What the first screen says; a name that ends in a dot is a family.
  private static let firstWords = WordList([
    "attention.", "chart.", "col.cost", "col.count", "col.detail", "col.duration", "col.energy", "col.partner",
    "col.power", "col.since", "col.start", "col.state", "col.station", "col.token", "col.what", "col.where",
    "command.accepted", "command.done", "command.failed", "command.refused", "command.sent", "commands.dock", "duty.",
    "error.", "event.", "evse.", "file.", "job.", "jump.button", "jump.title", "keys.title",
    "knock.region", "kpi.", "list.", "live.", "missing.", "module.", "money.", "nav.", "overview.",
    "role.administrator", "role.operator", "role.owner", "role.support", "role.viewer",
    "session.active", "session.completed", "session.invalid", "session.pending", "session.superseded", "sessions.ours",
    "sessions.removed", "shell.", "table.", "time.",
    "token_type.", "who.",
  ])

  /// What the way in says.
  private static let entryWords = WordList([
    "copied", "copy", "copy.", "dialog.", "error.", "form.", "login.", "problem.", "setup.again", "setup.differ",
    "setup.password.hint", "setup.submit", "setup.text", "setup.title", "waiting.",
  ])

  /// A language in parts: what is said first, what is said at the way in, and all but the first.
  private static func parts(of words: [UInt8]) -> [(name: String, words: [UInt8])] {
    let members = (try? JSON.parse(words))?.object?.members ?? []
    func part(_ isIn: (String) -> Bool) -> [UInt8] {
      JSON.object(JSONObject(members.filter { isIn($0.key) })).bytes
    }
    return [
      ("first", part(firstWords.contains)), ("entry", part(entryWords.contains)),
      ("other", part { !firstWords.contains($0) }),
    ]
  }

  /// Words by name, and families of them by what stands before their first dot.
  private struct WordList {
    private let words: Set<String>

    init(_ words: Set<String>) { self.words = words }

    func contains(_ key: String) -> Bool {
      if words.contains(key) { return true }
      guard let dot = key.utf8.firstIndex(of: UInt8(ascii: ".")) else { return false }
      return words.contains(String(key[...dot]))
    }
  }

  /// The file of that name, such as `js/app.js` or `i18n/de.json`.
  subscript(path: [String]) -> Asset? { byPath[path.joined(separator: "/")] }

  /// The OpenAPI document.
  static let document: (bytes: [UInt8], tag: ETag)? = resources().first { $0.path == "openapi.json" }.map {
    ($0.bytes, ETag(of: $0.bytes))
  }

  static func isFile(_ name: String) -> Bool {
    name.contains(".") && types[name.split(separator: ".").last.map(String.init) ?? ""] != nil
  }

  private static let types = [
    "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
    "json": "application/json", "svg": "image/svg+xml", "png": "image/png", "ico": "image/x-icon",
    "woff2": "font/woff2",
    "webmanifest": "application/manifest+json", "txt": "text/plain; charset=utf-8",
  ]

  private static func resources() -> [(path: String, bytes: [UInt8])] {
    var count = 0
    let table = UnsafeBufferPointer(start: ostler_resources(&count), count: count)
    return table.map { entry in
      (String(cString: entry.path), Array(UnsafeBufferPointer(start: entry.start, count: entry.end - entry.start)))
    }
  }
}

extension API {
  private static let pagesOfTheirOwn = ["c": "drive.html", "status": "status.html"]

  /// The page: its files by name, and for every other path that a person may have in the address line, the page itself.
  func page(_ request: Request) async throws -> Response {
    guard request.method == .get || request.method == .head else { throw Problem(.notFound, "no such path") }
    if request.path != ["index.html"], let asset = assets[request.path] { return asset.response(for: request) }
    // A station's identity may have a dot; a file that is asked for has an ending that we know.
    let asksForFile = request.path != ["index.html"] && Assets.isFile(request.path.last ?? "")
    guard !asksForFile else { throw Problem(.notFound, "no such path: \(request.target.path)") }
    if let token = request.target["setup"] {
      guard try await house.isSetupLink(token) else {
        return .text("This set-up link was used or is too old. `ostler setup-link` makes a new one.\n", status: .gone)
      }
    } else if try await !knowsUsers() {
      return .text("Open the set-up link that the daemon printed, or run `ostler setup-link`.\n", status: .forbidden)
    }
    // A label leads to a page of its own, which knows nothing of users.
    if let own = Self.pagesOfTheirOwn[request.path.first ?? ""], let asset = assets[[own]] {
      return asset.response(for: request)
    }
    guard let index = assets.index else { throw Problem(.notFound, "this binary carries no page") }
    if request.path == ["map"], let origin = try await house.mapTiles()?.origin {
      // Not kept by browsers: they would go on with the policy that came with the page when they kept it.
      return Response(
        .ok, headers: ["Content-Type": index.type, "Content-Security-Policy": Self.contentPolicy(tiles: origin)],
        body: index.bytes)
    }
    return index.response(for: request)
  }
}
