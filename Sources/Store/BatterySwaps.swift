import Domain
import Wire

/// A swap as the books keep it.
nonisolated public struct KeptSwap: Sendable, Equatable {
  public let id: ID<KeptSwap>
  public let swap: BatterySwap
  public let at: Timestamp
}

/// Batteries that were put into stations and given out by them.
nonisolated public struct BatterySwaps {
  let db: Database

  /// False where it was told before: a station repeats what it got no answer to.
  @discardableResult
  public func insert(_ swap: BatterySwap, of station: ID<Station>, at now: Timestamp) throws(StoreFault) -> Bool {
    try db.run(
      """
      INSERT INTO battery_swap (station, request, step, token, batteries, at)
      SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (
        SELECT 1 FROM battery_swap WHERE station = ?1 AND request = ?2 AND step = ?3 AND token = ?4 AND batteries = ?5)
      """, station, swap.request, swap.step.rawValue, swap.token, JSON.array(swap.batteries.map(\.json)), now) > 0
  }

  /// Whether a station told of batteries in this slot.
  public func isSlot(_ evse: Int, of station: ID<Station>) throws(StoreFault) -> Bool {
    try db.value(
      """
      SELECT EXISTS (SELECT 1 FROM battery_swap, json_each(battery_swap.batteries) AS battery
        WHERE station = ?1 AND json_extract(battery.value, '$.evse') = ?2)
      """, station, evse) ?? false
  }

  /// The newest first, before a cursor.
  public func list(
    of station: ID<Station>, before cursor: ID<KeptSwap>? = nil, limit: Int
  ) throws(StoreFault) -> [KeptSwap] {
    try db.rows(
      "SELECT * FROM battery_swap WHERE station = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3", station,
      cursor?.value ?? .max, Limits.page(limit), as: KeptSwap.init(row:))
  }

  public func prune(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        "DELETE FROM battery_swap WHERE id IN (SELECT id FROM battery_swap ORDER BY id LIMIT ?2) AND at < ?1", time,
        Limits.prunedAtOnce))
  }
}

nonisolated extension KeptSwap {
  init(row: Row) throws(StoreFault) {
    id = try row.get("id")
    let kept: JSON = try row.get("batteries")
    swap = BatterySwap(
      request: try row.get("request"), step: try row.word("step"), token: try row.get("token"),
      batteries: (kept.array ?? []).map { BatterySwap.Battery($0) })
    at = try row.get("at")
  }
}

nonisolated extension BatterySwap.Battery {
  public var json: JSON {
    [
      "evse": .number(JSONNumber(evse)), "serial_number": .string(serialNumber),
      "state_of_charge": .string(stateOfCharge.description), "state_of_health": .string(stateOfHealth.description),
      "produced_at": producedAt.map { .string($0.text) } ?? .null, "info": info.map { .string($0) } ?? .null,
    ]
  }

  fileprivate init(_ json: JSON) {
    self.init(
      evse: Int(json["evse"]?.int ?? 0), serialNumber: json["serial_number"]?.string ?? "",
      stateOfCharge: json["state_of_charge"]?.string.flatMap { Decimal($0) } ?? .zero,
      stateOfHealth: json["state_of_health"]?.string.flatMap { Decimal($0) } ?? .zero,
      producedAt: json["produced_at"]?.string.flatMap { Timestamp($0) }, info: json["info"]?.string)
  }
}
