import Wire

/// A stretch of a session in which nothing that a tariff can ask about changes. Its end is the next one's begin.
struct Segment: Equatable {
  /// Since the start of the session.
  var second: Int
  var seconds: Int
  var before: Energy
  var energy: Energy
  var activity: Session.Activity
  /// W and A, the highest within it.
  var power: Decimal?
  var current: Decimal?
}

/// Cuts a session wherever a component of its tariff can begin or cease to hold, and wherever the activity shifts. The
/// same cuts give the charging periods and the price.
enum Segmentation {
  static func segments(of usage: Usage, _ rates: Rates) -> [Segment] {
    let powers = usage.powers.isEmpty && !rates.powers.isEmpty ? usage.meanPowers : usage.powers
    let marks = marks(usage, rates, powers)
    var power = Follower(powers)
    var current = Follower(usage.currents)
    var shift = 0
    var segments: [Segment] = []
    for (from, to) in zip(marks, marks.dropFirst()) {
      while shift + 1 < usage.shifts.count, usage.shifts[shift + 1].second <= from.second { shift += 1 }
      segments.append(
        Segment(
          second: from.second, seconds: to.second - from.second, before: from.energy, energy: to.energy - from.energy,
          activity: usage.shifts[shift].activity, power: power.highest(from.second, to.second),
          current: current.highest(from.second, to.second)))
    }
    return segments
  }

  /// The cuts with the energy delivered by each, start and end included: ascending in both, and never two of the same.
  private static func marks(_ usage: Usage, _ rates: Rates, _ powers: [Usage.Sample]) -> [Usage.Point] {
    let end = usage.seconds
    var seconds = Set(usage.shifts.map(\.second))
    seconds.formUnion(rates.durations)
    if !rates.minutesOfDay.isEmpty {
      let moments = usage.zone.boundaries(minutesOfDay: rates.minutesOfDay, after: usage.start, before: usage.end)
      seconds.formUnion(moments.map { Int($0.seconds(since: usage.start)) })
    }
    seconds.formUnion(crossings(powers) { rates.load(power: $0, current: nil) })
    seconds.formUnion(crossings(usage.currents) { rates.load(power: nil, current: $0) })

    // An energy boundary falls on the nearest whole second, and there the energy is the boundary itself. It is kept off
    // the first and last second where there is room, so that no period lasts no time.
    var boundaries: [Usage.Point] = []
    for energy in rates.energies where energy > .zero && energy <= usage.energy {
      guard let second = usage.second(of: energy) else { continue }
      if energy == usage.energy, second >= end { continue }
      boundaries.append(Usage.Point(second: end < 2 ? second : min(max(second, 1), end - 1), energy: energy))
    }
    let taken = Set(boundaries.map(\.second))
    var marks = boundaries
    let plain = seconds.filter { $0 > 0 && $0 < end && !taken.contains($0) }.sorted()
    var cursor = 0
    for second in plain {
      while usage.points[cursor + 1].second < second { cursor += 1 }
      marks.append(Usage.Point(second: second, energy: usage.delivered(by: second, after: cursor)))
    }
    marks.append(Usage.Point(second: 0, energy: .zero))
    marks.append(Usage.Point(second: end, energy: usage.energy))
    marks.sort { ($0.second, $0.energy) < ($1.second, $1.energy) }
    var kept = [marks[0]]
    for mark in marks.dropFirst() where mark != kept[kept.count - 1] { kept.append(mark) }
    // A session without time or energy still has its one period.
    return kept.count > 1 ? kept : [marks[0], marks[0]]
  }

  /// Seconds at which a sample ends and the next one stands on another side of some condition.
  private static func crossings(_ samples: [Usage.Sample], _ place: (Decimal) -> Rates.Load) -> [Int] {
    zip(samples, samples.dropFirst()).filter { place($0.value) != place($1.value) }.map(\.0.second)
  }

  /// Follows a series of samples while segments go by in order.
  private struct Follower {
    private let samples: [Usage.Sample]
    private var at = 0

    init(_ samples: [Usage.Sample]) { self.samples = samples }

    mutating func highest(_ from: Int, _ to: Int) -> Decimal? {
      guard !samples.isEmpty else { return nil }
      while at + 1 < samples.count, samples[at].second <= from { at += 1 }
      var highest = samples[at].value
      var next = at
      while next + 1 < samples.count, samples[next].second < to {
        next += 1
        highest = max(highest, samples[next].value)
      }
      return highest
    }
  }
}
