import Wire

/// The most energy that any schedule could give the cars of a plan, by somebody who knows all that will come: a maximum
/// flow from cars through quarters of an hour and the circuits to the supply. Each line is asked for itself, a car may
/// take less than its least and needs no time to start, so that no real schedule reaches more.
struct BestSchedule {
  private(set) var wattHours = 0.0

  init(of plan: ModelSite.Plan, slotSeconds: Int = 900) {
    for line in 0..<3 { wattHours += Self.flow(plan, line, slotSeconds) }
  }

  /// What comes over one line, in Wh.
  private static func flow(_ plan: ModelSite.Plan, _ line: Int, _ slot: Int) -> Double {
    let slots = (plan.seconds + slot - 1) / slot
    let branches = plan.branches.count
    var graph = FlowGraph(nodes: 2 + slots * (1 + branches))
    for number in 0..<slots {
      graph.connect(2 + number, 1, plan.supply * 10 * slot)
      for branch in 0..<branches {
        graph.connect(2 + slots * (1 + branch) + number, 2 + number, plan.branches[branch] * 10 * slot)
      }
    }
    for (outlet, visits) in plan.visits.enumerated() {
      let into = branches == 0 ? 2 : 2 + slots * (1 + outlet % branches)
      for visit in visits where ModelSite.lines(of: outlet).prefix(visit.phases).contains(line) {
        let car = graph.add()
        // Wh over 23 V for a tenth of an ampere.
        graph.connect(0, car, Int((visit.wattHours * 3_600 / 23 / Double(visit.phases)).rounded(.up)))
        let end = min(visit.departs, plan.seconds)
        for number in stride(from: visit.arrives / slot, to: min(slots, (end + slot - 1) / slot), by: 1) {
          let overlap = min(end, (number + 1) * slot) - max(visit.arrives, number * slot)
          if overlap > 0 { graph.connect(car, into + number, overlap * visit.most) }
        }
      }
    }
    return Double(graph.most(from: 0, to: 1)) * 23 / 3_600
  }
}

/// Dinic's maximum flow.
private struct FlowGraph {
  private var heads: [[Int]]
  private var ends: [Int] = []
  private var left: [Int] = []
  private var level: [Int] = []
  private var at: [Int] = []

  init(nodes: Int) { heads = Array(repeating: [], count: nodes) }

  mutating func add() -> Int {
    heads.append([])
    return heads.count - 1
  }

  mutating func connect(_ from: Int, _ to: Int, _ capacity: Int) {
    heads[from].append(ends.count)
    ends.append(to)
    left.append(capacity)
    heads[to].append(ends.count)
    ends.append(from)
    left.append(0)
  }

  mutating func most(from source: Int, to sink: Int) -> Int {
    var sum = 0
    while rank(source, sink) {
      at = Array(repeating: 0, count: heads.count)
      while case let gift = push(source, sink, .max), gift > 0 { sum += gift }
    }
    return sum
  }

  private mutating func rank(_ source: Int, _ sink: Int) -> Bool {
    level = Array(repeating: -1, count: heads.count)
    level[source] = 0
    var queue = [source]
    var first = 0
    while first < queue.count {
      let node = queue[first]
      first += 1
      for edge in heads[node] where left[edge] > 0 && level[ends[edge]] < 0 {
        level[ends[edge]] = level[node] + 1
        queue.append(ends[edge])
      }
    }
    return level[sink] >= 0
  }

  private mutating func push(_ node: Int, _ sink: Int, _ most: Int) -> Int {
    if node == sink { return most }
    var sum = 0
    while at[node] < heads[node].count, sum < most {
      let edge = heads[node][at[node]]
      if left[edge] > 0, level[ends[edge]] == level[node] + 1 {
        let gift = push(ends[edge], sink, min(most - sum, left[edge]))
        left[edge] -= gift
        left[edge ^ 1] += gift
        sum += gift
        if sum == most { return sum }
      }
      at[node] += 1
    }
    return sum
  }
}
