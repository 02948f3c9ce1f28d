import Domain
import Wire

/// A value of a station's device model, and when the station told it.
nonisolated public struct KeptValue: Sendable, Equatable {
  public let value: DeviceValue
  public let toldAt: Timestamp
}

/// What the operator wants stations of a kind to be set to.
nonisolated public struct SettingTemplate: Sendable, Equatable {
  public let id: ID<SettingTemplate>
  public var name: String
  /// The stations that it is for; nil is any.
  public var vendor: String?
  public var model: String?
  public var settings: [SettingName: String]
  public let createdAt: Timestamp
  public var updatedAt: Timestamp

  public init(
    name: String, vendor: String?, model: String?, settings: [SettingName: String], at now: Timestamp
  ) {
    id = ID(0)
    (self.name, self.vendor, self.model, self.settings) = (name, vendor, model, settings)
    (createdAt, updatedAt) = (now, now)
  }
}

/// The stations' device models, and what they are compared with.
nonisolated public struct DeviceValues {
  let db: Database

  // MARK: Which are known

  /// Whether all that a station has with this firmware was told, or was asked for since `time`.
  public func isRead(_ station: ID<Station>, firmware: String?, askedSince time: Timestamp) throws(StoreFault) -> Bool {
    try db.value(
      """
      SELECT EXISTS (SELECT 1 FROM device_read WHERE station = ?1 AND firmware IS ?2 AND (is_whole OR asked_at > ?3))
      """, station, firmware, time) ?? false
  }

  /// It was asked for, or told wholly.
  public func wasRead(
    _ station: ID<Station>, firmware: String?, isWhole: Bool, at now: Timestamp
  ) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO device_read (station, firmware, asked_at, is_whole) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT (station) DO UPDATE SET firmware = excluded.firmware, asked_at = excluded.asked_at,
        is_whole = excluded.is_whole
      """, station, firmware, now, isWhole)
  }

  // MARK: Values

  /// In the order of their names, after a cursor; `text` is sought in names and values.
  public func list(
    of station: ID<Station>, text: String? = nil, after cursor: String? = nil, limit: Int
  ) throws(StoreFault) -> [KeptValue] {
    try db.rows(
      """
      SELECT * FROM device_value
      WHERE station = ?1 AND name || ' ' || attribute > ?2
        AND (?3 IS NULL OR name LIKE ?3 ESCAPE '\\' OR value LIKE ?3 ESCAPE '\\')
      ORDER BY name || ' ' || attribute LIMIT ?4
      """, station, cursor ?? "", text.map(pattern(containing:)), Limits.page(limit), as: KeptValue.init(row:))
  }

  public func value(
    _ name: SettingName, _ attribute: DeviceValue.Attribute = .actual, of station: ID<Station>
  ) throws(StoreFault) -> KeptValue? {
    try db.first(
      "SELECT * FROM device_value WHERE station = ?1 AND name = ?2 AND attribute = ?3", station, name.description,
      attribute.rawValue, as: KeptValue.init(row:))
  }

  /// What the station lets nobody read (OCPP 2.0.1 B07, mutability WriteOnly).
  public func writeOnly(of station: ID<Station>) throws(StoreFault) -> Set<SettingName> {
    Set(
      try db.rows(
        "SELECT * FROM device_value WHERE station = ?1 AND access = 'write_only'", station, as: KeptValue.init(row:)
      ).map(\.value.name))
  }

  /// All that the station told of it. Past `Limits.valuesPerStation` new names are not kept: false.
  @discardableResult
  public func keep(_ value: DeviceValue, of station: ID<Station>, at now: Timestamp) throws(StoreFault) -> Bool {
    let changed = try db.run(
      """
      INSERT INTO device_value (station, name, attribute, value, access, kind, unit, least, most, choices,
        can_be_monitored, told_at)
      SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12
      WHERE EXISTS (SELECT 1 FROM device_value WHERE station = ?1 AND name = ?2 AND attribute = ?3)
        OR (SELECT count(*) FROM device_value WHERE station = ?1) < ?13
      ON CONFLICT (station, name, attribute) DO UPDATE SET value = excluded.value, access = excluded.access,
        kind = coalesce(excluded.kind, kind), unit = coalesce(excluded.unit, unit),
        least = coalesce(excluded.least, least), most = coalesce(excluded.most, most),
        choices = coalesce(excluded.choices, choices),
        can_be_monitored = coalesce(excluded.can_be_monitored, can_be_monitored), told_at = excluded.told_at
      """,
      station, value.name.description, value.attribute.rawValue, value.isSecret ? nil : value.value,
      value.access.rawValue, value.kind?.rawValue, value.unit, value.least, value.most, value.choices,
      value.canBeMonitored, now, Limits.valuesPerStation)
    return changed > 0
  }

  /// Only the value is news; what else is known of it stays.
  public func set(
    _ value: String?, of name: SettingName, _ attribute: DeviceValue.Attribute, isReadOnly: Bool?,
    station: ID<Station>, at now: Timestamp
  ) throws(StoreFault) {
    let access = isReadOnly.map { $0 ? DeviceValue.Access.readOnly : .readWrite }
    let known = try self.value(name, attribute, of: station)?.value
    var kept = known ?? DeviceValue(name, attribute: attribute, value: nil)
    kept.value = value
    kept.access = access ?? kept.access
    try keep(kept, of: station, at: now)
  }

  /// A report of everything ended: what it did not tell is no longer there.
  public func forget(of station: ID<Station>, toldBefore time: Timestamp) throws(StoreFault) {
    try db.run("DELETE FROM device_value WHERE station = ?1 AND told_at < ?2", station, time)
  }

  // MARK: Templates

  public func templates() throws(StoreFault) -> [SettingTemplate] {
    try db.rows("SELECT * FROM setting_template ORDER BY name", as: SettingTemplate.init(row:))
  }

  public func template(_ id: ID<SettingTemplate>) throws(StoreFault) -> SettingTemplate? {
    try db.first("SELECT * FROM setting_template WHERE id = ?1", id, as: SettingTemplate.init(row:))
  }

  /// - Throws: `.constraint` where another one has its name.
  public func create(_ template: SettingTemplate) throws(StoreFault) -> ID<SettingTemplate> {
    ID(
      try db.insert(
        """
        INSERT INTO setting_template (name, vendor, model, settings, created_at, updated_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        """, template.name, template.vendor, template.model, template.storedSettings, template.createdAt,
        template.updatedAt))
  }

  public func update(_ template: SettingTemplate) throws(StoreFault) {
    try db.run(
      "UPDATE setting_template SET name = ?2, vendor = ?3, model = ?4, settings = ?5, updated_at = ?6 WHERE id = ?1",
      template.id, template.name, template.vendor, template.model, template.storedSettings, template.updatedAt)
  }

  public func removeTemplate(_ id: ID<SettingTemplate>) throws(StoreFault) {
    try db.run("DELETE FROM setting_template WHERE id = ?1", id)
  }
}

nonisolated extension KeptValue {
  init(row: Row) throws(StoreFault) {
    var kept = DeviceValue(try row.get("name"), attribute: try row.word("attribute"), value: try row.get("value"))
    kept.access = try row.word("access")
    kept.kind = try row.maybeWord("kind")
    kept.unit = try row.get("unit")
    kept.least = try row.get("least")
    kept.most = try row.get("most")
    kept.choices = try row.get("choices")
    kept.canBeMonitored = try row.get("can_be_monitored")
    value = kept
    toldAt = try row.get("told_at")
  }
}

nonisolated extension SettingTemplate {
  fileprivate var storedSettings: JSON {
    let members = settings.sorted { $0.key.folded < $1.key.folded }
    return .object(JSONObject(members.map { JSONObject.Member($0.key.description, .string($0.value)) }))
  }

  init(row: Row) throws(StoreFault) {
    id = try row.get("id")
    name = try row.get("name")
    vendor = try row.get("vendor")
    model = try row.get("model")
    let kept: JSON = try row.get("settings")
    settings = Dictionary(
      (kept.object?.members ?? []).map { (SettingName(reading: $0.key), $0.value.string ?? "") }
    ) { first, _ in first }
    createdAt = try row.get("created_at")
    updatedAt = try row.get("updated_at")
  }
}

nonisolated extension SettingName: Storable {
  func bind(to statement: OpaquePointer, at place: Int32) -> Int32 { description.bind(to: statement, at: place) }
  static func read(_ cell: Cell) throws(StoreFault) -> SettingName { SettingName(reading: try String.read(cell)) }
}
