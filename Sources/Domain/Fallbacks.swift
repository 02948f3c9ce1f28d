import Wire

/// What stations on some circuits allow by themselves, added up: nobody can tell them less while their lines are lost, so
/// all of it together must fit each circuit, line by line, beside the loads that are assumed in it and below it.
public struct Fallbacks: Sendable {
  /// Where they come to more than there is.
  public struct Excess: Sendable, Equatable {
    public var circuit: Circuit
    /// What they come to, and what the circuit has for them, on the line on which they miss it by most.
    public var sum: Current
    public var room: Current

    public var current: Current { sum - room }
  }

  private let circuits: [ID<Circuit>: Circuit]
  private var room: [ID<Circuit>: LineCurrents] = [:]
  private var sums: [ID<Circuit>: LineCurrents] = [:]

  public init(of outlets: [Outlet] = [], on circuits: [Circuit]) {
    self.circuits = Dictionary(uniqueKeysWithValues: circuits.map { ($0.id, $0) })
    for circuit in circuits { room[circuit.id] = LineCurrents(circuit.usable, on: circuit.lines) }
    for circuit in circuits {
      for above in path(from: circuit.id) {
        room[above.id] = (room[above.id] ?? .zero) - LineCurrents(circuit.assumedLoad, on: circuit.lines)
      }
    }
    for outlet in outlets {
      let current = LineCurrents(outlet.fallback, on: lines(of: outlet))
      for above in path(from: outlet.circuit) { sums[above.id] = (sums[above.id] ?? .zero) + current }
    }
  }

  /// The lines of an outlet that its circuit and all above it have.
  public func lines(of outlet: Outlet) -> Lines {
    path(from: outlet.circuit).reduce(outlet.lines) { $0.intersection($1.lines) }
  }

  /// On the way from an outlet's circuit up, the first on which there is too much; on all circuits where none is said.
  public func excesses(above start: ID<Circuit>? = nil) -> [Excess] {
    let looked = start.map { path(from: $0) } ?? circuits.values.sorted { $0.id.value < $1.id.value }
    return looked.compactMap { circuit in
      let (sum, room) = (sums[circuit.id] ?? .zero, room[circuit.id] ?? .zero)
      let worst = (0..<3).filter { sum[$0] > .zero }.max { sum[$0] - room[$0] < sum[$1] - room[$1] }
      guard let worst, sum[worst] > room[worst] else { return nil }
      return Excess(circuit: circuit, sum: sum[worst], room: room[worst])
    }
  }

  /// What each of some outlets can have of what the others leave: an equal share of each circuit above it.
  fileprivate func share(for outlets: [Outlet]) -> Current {
    var counts: [ID<Circuit>: SIMD3<Int>] = [:]
    for outlet in outlets {
      let lines = lines(of: outlet)
      for above in path(from: outlet.circuit) {
        for line in 0..<3 where lines.has(line) { counts[above.id, default: .zero][line] += 1 }
      }
    }
    var share = Int.max
    for (id, count) in counts {
      let left = (room[id] ?? .zero) - (sums[id] ?? .zero)
      for line in 0..<3 where count[line] > 0 { share = min(share, max(0, left[line].tenthsOfAmpere) / count[line]) }
    }
    return Current(tenthsOfAmpere: share)
  }

  private func path(from circuit: ID<Circuit>) -> [Circuit] {
    var path: [Circuit] = []
    var next: ID<Circuit>? = circuit
    while let id = next, let circuit = circuits[id], path.count < Limits.circuitDepth {
      path.append(circuit)
      next = circuit.parent
    }
    return path
  }
}

/// The fallback that outlets can have without ever being too many together, beside those of which the operator said what
/// they have: nothing where that would be below the least that a car takes.
public func safeFallback(of outlets: [Outlet], beside fixed: [Outlet] = [], on circuits: [Circuit]) -> Current {
  guard !outlets.isEmpty else { return .zero }
  let share = min(
    Fallbacks(of: fixed, on: circuits).share(for: outlets), Current(amperes: Limits.fallbackAmperes))
  let least = outlets.map(\.least).max() ?? .zero
  return share < least ? .zero : share
}
