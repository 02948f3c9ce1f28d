// What was said with stations, counted on the loop on which it is said.

import Domain
import Wire

/// Counters of one loop's stations, from its beginning on.
public struct StationFigures: Sendable {
  /// Frames of one action.
  fileprivate struct Frames: Sendable {
    var received = 0
    var receivedErrors = 0
    var sent = 0
    var sentErrors = 0
  }

  /// The declared actions.
  private let actions: [String]
  /// Places in `actions` by a hash that costs next to nothing, for a frame should not pay for being counted: where two
  /// meet, the later stands in the next free slot. Always half empty.
  private let slots: [Int8]
  /// Of each action; the last place counts all others.
  private var frames: [Frames]
  /// WebSocket closings by their code; 0: the connection ended without one.
  private var closings: [UInt16: Int] = [:]

  init(actions: some Sequence<String>) {
    self.actions = Set(actions).sorted()
    precondition(self.actions.count <= Self.slotCount / 2, "there are more actions than a table of figures holds")
    var slots = [Int8](repeating: -1, count: Self.slotCount)
    for (place, action) in self.actions.enumerated() {
      var slot = Self.slot(of: action)
      while slots[slot] >= 0 { slot = (slot + 1) % Self.slotCount }
      slots[slot] = Int8(place)
    }
    self.slots = slots
    frames = Array(repeating: Frames(), count: self.actions.count + 1)
  }

  private static let slotCount = 256

  private static func slot(of action: String) -> Int {
    let letters = action.utf8
    return (letters.count &* 37 &+ Int(letters.first ?? 0) &* 5 &+ Int(letters.last ?? 0)) % slotCount
  }

  private func place(of action: String) -> Int? {
    var slot = Self.slot(of: action)
    while slots[slot] >= 0 {
      if actions[Int(slots[slot])] == action { return Int(slots[slot]) }
      slot = (slot + 1) % Self.slotCount
    }
    return nil
  }

  /// A frame went over the wire: a call, or the answer to one of that action.
  mutating func count(_ action: String?, _ direction: LoggedFrame.Direction, isError: Bool) {
    let place = action.flatMap { self.place(of: $0) } ?? actions.count
    switch (direction, isError) {
    case (.received, false): frames[place].received += 1
    case (.received, true): frames[place].receivedErrors += 1
    case (.sent, false): frames[place].sent += 1
    case (.sent, true): frames[place].sentErrors += 1
    }
  }

  /// RFC 6455 §7.4: codes below 3000 have a meaning of their own, those above belong to applications.
  mutating func closed(_ code: UInt16?) {
    let code = code ?? 0
    closings[code < 1_016 ? code : code / 1_000 * 1_000, default: 0] += 1
  }

  /// The figures of several loops as one; both know the same actions.
  public static func + (one: StationFigures, other: StationFigures) -> StationFigures {
    var sum = one
    for (place, action) in other.actions.enumerated() {
      sum.frames[one.place(of: action) ?? one.actions.count] += other.frames[place]
    }
    sum.frames[one.actions.count] += other.frames[other.actions.count]
    sum.closings.merge(other.closings, uniquingKeysWith: +)
    return sum
  }

  public func write(into exposition: inout Exposition) {
    exposition.family(
      "ostler_ocpp_frames_total", .counter,
      "OCPP frames by the action of their call: calls and answers (ok), CALLERRORs and what cannot be read (error).")
    for (action, frames) in zip(actions + ["other"], frames) {
      for (direction, result, count) in [
        ("received", "ok", frames.received), ("received", "error", frames.receivedErrors), ("sent", "ok", frames.sent),
        ("sent", "error", frames.sentErrors),
      ] where count > 0 {
        exposition.sample(count, ["action": action, "direction": direction, "result": result])
      }
    }
    exposition.family(
      "ostler_websocket_closings_total", .counter,
      "Ended links of stations by close code; none: the connection ended without one; from 2000 on by thousands.")
    for (code, count) in closings.sorted(by: { $0.key < $1.key }) {
      exposition.sample(count, ["code": code == 0 ? "none" : "\(code)"])
    }
  }
}

extension StationFigures.Frames {
  fileprivate static func += (one: inout Self, other: Self) {
    one.received += other.received
    one.receivedErrors += other.receivedErrors
    one.sent += other.sent
    one.sentErrors += other.sentErrors
  }
}
