/// Finds what a method and a path mean: literal segments first, then captures, then a rest of any length.
///
///     router.add(.get, "/api/v1/stations/{id}", showStation)
///     router.add(.get, "/ui/{file...}", sendFile)
///
/// A trailing slash means the same path (partners' libraries add and drop it as they like), without a redirect.
public struct Router<Action> {
  /// The captured segments of a match, by the names in its pattern.
  public struct Captures: Sendable, Equatable {
    fileprivate var values: [(name: String, value: String)] = []
    /// What `{rest...}` took.
    public fileprivate(set) var rest: [String] = []

    public subscript(name: String) -> String? { values.first { $0.name == name }?.value }
    public static func == (a: Captures, b: Captures) -> Bool {
      a.rest == b.rest && a.values.elementsEqual(b.values) { $0 == $1 }
    }
  }

  public enum Match {
    case found(Action, Captures)
    case notFound
    /// 405, with what `Allow` should say.
    case wrongMethod(allow: [Method])
  }

  fileprivate struct Node {
    /// Indices into `nodes`.
    var literals: [String: Int] = [:]
    var capture: Int?
    var rest: [Method: Route] = [:]
    var here: [Method: Route] = [:]
  }

  fileprivate struct Route {
    let names: [String]
    let action: Action
  }

  private var nodes = [Node()]

  public init() {}

  /// - Precondition: the pattern is not taken yet, and its rest capture comes last.
  public mutating func add(_ method: Method, _ pattern: String, _ action: Action) {
    var node = 0
    var names: [String] = []
    let parts = pattern.split(separator: "/")
    for (index, part) in parts.enumerated() {
      if part.hasPrefix("{"), part.hasSuffix("...}") {
        precondition(index == parts.count - 1, "a rest capture ends its pattern: \(pattern)")
        precondition(nodes[node].rest[method] == nil, "two routes for \(method.rawValue) \(pattern)")
        nodes[node].rest[method] = Route(names: names, action: action)
        return
      }
      if part.hasPrefix("{"), part.hasSuffix("}") {
        names.append(String(part.dropFirst().dropLast()))
        precondition(names.count <= HTTPLimits.captures, "too many captures: \(pattern)")
        let next = nodes[node].capture ?? newNode()
        nodes[node].capture = next
        node = next
      } else {
        let next = nodes[node].literals[String(part)] ?? newNode()
        nodes[node].literals[String(part)] = next
        node = next
      }
    }
    precondition(nodes[node].here[method] == nil, "two routes for \(method.rawValue) \(pattern)")
    nodes[node].here[method] = Route(names: names, action: action)
  }

  private mutating func newNode() -> Int {
    nodes.append(Node())
    return nodes.count - 1
  }

  /// HEAD is answered by the GET route; the server leaves the body out.
  public func match(_ method: Method, _ target: Target) -> Match {
    var allowed: Set<Method> = []
    var taken: [String] = []
    let wanted = method == .head ? .get : method
    if let (route, rest) = find(0, target.segments[...], wanted, &taken, &allowed) {
      var captures = Captures(rest: rest)
      for (name, value) in zip(route.names, taken) { captures.values.append((name, value)) }
      return .found(route.action, captures)
    }
    if allowed.isEmpty { return .notFound }
    if allowed.contains(.get) { allowed.insert(.head) }
    return .wrongMethod(allow: Method.allCases.filter(allowed.contains))
  }

  // The depth is bounded by the longest pattern, not by the path.
  private func find(
    _ index: Int, _ segments: ArraySlice<String>, _ method: Method, _ taken: inout [String],
    _ allowed: inout Set<Method>
  ) -> (Route, rest: [String])? {
    let node = nodes[index]
    if let segment = segments.first {
      if let next = node.literals[segment],
        let found = find(next, segments.dropFirst(), method, &taken, &allowed)
      {
        return found
      }
      if let next = node.capture {
        taken.append(segment)
        if let found = find(next, segments.dropFirst(), method, &taken, &allowed) { return found }
        taken.removeLast()
      }
    } else {
      if let route = node.here[method] { return (route, []) }
      allowed.formUnion(node.here.keys)
    }
    if let route = node.rest[method] { return (route, Array(segments)) }
    allowed.formUnion(node.rest.keys)
    return nil
  }
}

extension Router: Sendable where Action: Sendable {}
extension Router.Node: Sendable where Action: Sendable {}
extension Router.Route: Sendable where Action: Sendable {}
