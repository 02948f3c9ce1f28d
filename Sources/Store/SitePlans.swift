import Domain
import Wire

/// Floor plans of sites, and where on them stations stand. A plan is small and belongs to its site, so it lies in the
/// books: it is backed up, restored and removed with it.
nonisolated public struct SitePlans {
  let db: Database

  public func plan(of location: ID<Location>) throws(StoreFault) -> SitePlan? {
    try db.first("SELECT * FROM site_plan WHERE location = ?1", location, as: SitePlan.init(row:))
  }

  public func has(_ location: ID<Location>) throws(StoreFault) -> Bool {
    try db.value("SELECT 1 FROM site_plan WHERE location = ?1", location) == 1
  }

  /// Keeps a plan, in the place of an older one; pins stay where they are.
  public func keep(_ plan: SitePlan, of location: ID<Location>) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO site_plan (location, type, width, height, image, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
      ON CONFLICT (location) DO UPDATE SET type = excluded.type, width = excluded.width, height = excluded.height,
        image = excluded.image, updated_at = excluded.updated_at
      """, location, plan.type.rawValue, plan.width, plan.height, plan.image, plan.updatedAt)
  }

  public func remove(of location: ID<Location>) throws(StoreFault) {
    try db.run("DELETE FROM site_plan WHERE location = ?1", location)
  }

  /// The pins of the stations that stand at the site now.
  public func pins(of location: ID<Location>) throws(StoreFault) -> [PlanPin] {
    try db.rows(
      """
      SELECT plan_pin.* FROM plan_pin JOIN station ON station.id = plan_pin.station
      WHERE plan_pin.location = ?1 AND station.location = ?1 ORDER BY plan_pin.station
      """, location, as: PlanPin.init(row:))
  }

  public func place(_ pin: PlanPin, at location: ID<Location>) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO plan_pin (station, location, x, y) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT (station) DO UPDATE SET location = excluded.location, x = excluded.x, y = excluded.y
      """, pin.station, location, pin.x, pin.y)
  }

  public func removePin(of station: ID<Station>) throws(StoreFault) {
    try db.run("DELETE FROM plan_pin WHERE station = ?1", station)
  }
}

nonisolated extension SitePlan {
  init(row: Row) throws(StoreFault) {
    try self.init(
      type: row.word("type"), width: row.get("width"), height: row.get("height"), image: row.get("image"),
      updatedAt: row.get("updated_at"))
  }
}

nonisolated extension PlanPin {
  init(row: Row) throws(StoreFault) {
    try self.init(station: row.get("station"), x: row.get("x"), y: row.get("y"))
  }
}
