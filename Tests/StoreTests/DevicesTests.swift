import Domain
import Testing
import Wire

@testable import Store

@Suite struct DeviceValuesTests {
  let house: SmallHouse
  private var values: DeviceValues { house.books.device }
  private var station: ID<Station> { house.station.id }

  init() throws { house = try SmallHouse() }

  private func value(_ name: String, _ value: String? = "1") -> DeviceValue {
    DeviceValue(SettingName(reading: name), value: value)
  }

  @Test func aValueComesBackAsItWasTold() throws {
    var whole = value("Connector#1/2.Current[x]", "16")
    whole.attribute = .most
    (whole.access, whole.kind, whole.unit) = (.readOnly, .decimal, "A")
    (whole.least, whole.most, whole.choices) = (Decimal(65, places: 1), Decimal(32), "a,b")
    whole.canBeMonitored = true
    try values.keep(whole, of: station, at: t(1))
    let kept = try #require(try values.value(SettingName(reading: "connector#1/2.current[X]"), .most, of: station))
    #expect(kept == KeptValue(value: whole, toldAt: t(1)))
    #expect(try values.value(whole.name, .actual, of: station) == nil)
    // News of the value alone leave what else is known of it.
    try values.set("20", of: whole.name, .most, isReadOnly: nil, station: station, at: t(2))
    whole.value = "20"
    #expect(try values.list(of: station, limit: 10) == [KeptValue(value: whole, toldAt: t(2))])
  }

  @Test func aListGoesOnAfterItsCursorAndIsSought() throws {
    for name in ["B.A", "A.B", "C_D.E", "A.B[1]"] { try values.keep(value(name, "x\(name)"), of: station, at: t(0)) }
    var seen: [String] = []
    var cursor: String?
    repeat {
      let page = try values.list(of: station, after: cursor, limit: 2)
      seen += page.map(\.value.name.description)
      cursor = page.count < 2 ? nil : page.last.map { "\($0.value.name) \($0.value.attribute.rawValue)" }
    } while cursor != nil
    #expect(seen == ["A.B", "A.B[1]", "B.A", "C_D.E"])
    #expect(try values.list(of: station, text: "c_d", limit: 10).map(\.value.name.description) == ["C_D.E"])
    #expect(try values.list(of: station, text: "xB", limit: 10).map(\.value.name.description) == ["B.A"])
  }

  @Test func aSecretIsNotKept() throws {
    try values.keep(value("SecurityCtrlr.BasicAuthPassword", "secret"), of: station, at: t(0))
    #expect(try values.list(of: station, limit: 10).map(\.value.value) == [nil])
  }

  @Test func pastTheBoundNewNamesAreNotKeptAndOldOnesMove() throws {
    try house.books.db.transaction { () throws(StoreFault) in
      for number in 1..<Limits.valuesPerStation {
        _ = try values.keep(value("A.B[\(number)]"), of: station, at: t(0))
      }
    }
    #expect(try values.keep(value("A.Last"), of: station, at: t(0)))
    #expect(try !values.keep(value("A.TooMany"), of: station, at: t(0)))
    #expect(try values.keep(value("A.Last", "2"), of: station, at: t(1)))
    #expect(try values.value(SettingName(reading: "A.Last"), of: station)?.value.value == "2")
    #expect(try values.value(SettingName(reading: "A.TooMany"), of: station) == nil)
  }

  @Test func whatWasToldBeforeIsForgotten() throws {
    try values.keep(value("A.Old"), of: station, at: t(0))
    try values.keep(value("A.New"), of: station, at: t(1))
    try values.forget(of: station, toldBefore: t(1))
    #expect(try values.list(of: station, limit: 10).map(\.value.name.description) == ["A.New"])
  }

  @Test func aTemplateComesBackAsItWasMadeAndChanged() throws {
    var template = SettingTemplate(
      name: "Yard", vendor: "Acme", model: nil, settings: [SettingName(reading: "A.B"): "1"], at: t(0))
    let id = try values.create(template)
    #expect(try values.template(id)?.settings == template.settings)
    #expect(throws: StoreFault.self) { try values.create(template) }
    template = try #require(try values.template(id))
    (template.model, template.settings) = ("Twin", [SettingName(reading: "C"): "2"])
    try values.update(template)
    #expect(try values.templates() == [template])
    try values.removeTemplate(id)
    #expect(try values.templates() == [])
  }

  @Test func whatAStationToldGoesWithIt() throws {
    try values.keep(value("A.B"), of: station, at: t(0))
    try house.books.stations.remove(station, at: t(1))
    #expect(try values.list(of: station, limit: 10) == [])
  }
}

@Suite struct ReportsTests {
  @Test func aReportIsCountedCutAndPruned() throws {
    let house = try SmallHouse()
    let (reports, station) = (house.books.reports, house.station.id)
    let id = try reports.begin(.customer, isWhole: false, of: station, command: "c1", at: t(0))
    let long = String(repeating: "é", count: Limits.reportCharacters - 1)
    try reports.took(id, parts: 1, missing: 0, adding: long, endedAt: nil)
    try reports.took(id, parts: 3, missing: 1, adding: "xyz", endedAt: t(5))
    let report = try #require(try reports.report(id, of: station))
    #expect(report.parts == 3 && report.missing == 1 && report.endedAt == t(5))
    #expect(report.text == long + "x")
    #expect(try reports.report(id, of: ID(station.value + 1)) == nil)
    // A number that was given is not given again.
    #expect(try reports.prune(before: t(1)).removed == 1)
    #expect(try reports.begin(.settings, isWhole: true, of: station, command: "c2", at: t(9)) == id + 1)
  }
}

@Suite struct MonitorsTests {
  @Test func alertsArePruned() throws {
    let house = try SmallHouse()
    let (monitors, station) = (house.books.monitors, house.station.id)
    for second in [0, 10] as [Int64] {
      let alert = Alert(number: 1, at: t(second), name: SettingName(reading: "A.B"), trigger: .alerting, value: "1")
      try monitors.keep(alert, of: station, at: t(second))
    }
    #expect(try monitors.pruneAlerts(before: t(10)).removed == 1)
    #expect(try monitors.alerts(limit: 10).map(\.receivedAt) == [t(10)])
  }

  @Test func anAlertThatIsRepeatedIsOne() throws {
    let house = try SmallHouse()
    let (monitors, station) = (house.books.monitors, house.station.id)
    let alert = Alert(number: 1, at: t(0), name: SettingName(reading: "A.B"), trigger: .alerting, value: "1")
    #expect(try monitors.keep(alert, of: station, at: t(0)))
    #expect(try !monitors.keep(alert, of: station, at: t(5)))
    #expect(try monitors.alerts(limit: 10).count == 1)
  }

  @Test func anEndedMonitorEndsItsOwnAlertsAlone() throws {
    let house = try SmallHouse()
    let (monitors, station) = (house.books.monitors, house.station.id)
    let name = SettingName(reading: "A.B")
    for number in [7, 8, nil] {
      var alert = Alert(number: 1, at: t(0), name: name, trigger: .change, value: "1")
      alert.monitor = number
      try monitors.keep(alert, of: station, at: t(0))
    }
    try monitors.ended(SettingName(reading: "a.b"), monitor: 7, of: station, at: t(1))
    #expect(try monitors.alerts(isOpen: true, limit: 10).map(\.alert.monitor) == [8])
    try monitors.ended(name, monitor: nil, of: station, at: t(2))
    #expect(try monitors.alerts(isOpen: true, limit: 10) == [])
  }

  @Test func streamsAreBounded() throws {
    let house = try SmallHouse()
    let (monitors, station) = (house.books.monitors, house.station.id)
    for number in 1...Limits.streamsPerStation {
      #expect(
        try monitors.open(ValueStream(number: number, monitor: 1, seconds: nil, values: 5), of: station, at: t(0)))
    }
    let oneMore = ValueStream(number: 0, monitor: 1, seconds: nil, values: 5)
    #expect(try !monitors.open(oneMore, of: station, at: t(0)))
    try monitors.close(1, of: station)
    #expect(try monitors.open(oneMore, of: station, at: t(0)))
  }
}

@Suite struct GridAndSwapTests {
  @Test func swapsComeBackAndArePruned() throws {
    let house = try SmallHouse()
    let (swaps, station) = (house.books.swaps, house.station.id)
    let battery = BatterySwap.Battery(
      evse: 2, serialNumber: "B-1", stateOfCharge: Decimal(875, places: 1), stateOfHealth: Decimal(99),
      producedAt: t(-5), info: "x")
    let swap = BatterySwap(request: 4, step: .timedOut, token: "04A1", batteries: [battery])
    var next = swap
    next.request = 5
    #expect(try swaps.insert(swap, of: station, at: t(0)))
    #expect(try swaps.insert(next, of: station, at: t(10)))
    #expect(try !swaps.insert(swap, of: station, at: t(20)), "its answer was lost")
    #expect(try swaps.list(of: station, limit: 10).map(\.swap) == [next, swap])
    #expect(try swaps.prune(before: t(10)).removed == 1)
    #expect(try swaps.list(of: station, limit: 10).map(\.at) == [t(10)])
  }

  @Test func controlsOfAKindAreForgottenTogether() throws {
    let house = try SmallHouse()
    let (grid, station) = (house.books.grid, house.station.id)
    for (id, kind, isDefault) in [("a", "VoltVar", true), ("b", "VoltVar", false), ("c", "WattVar", false)] {
      try grid.keep(GridControl(id: id, kind: kind, isDefault: isDefault, settings: [:]), of: station, at: t(0))
    }
    try grid.forget(id: nil, kind: "voltvar", isDefault: false, of: station)
    #expect(try grid.list(of: station).map(\.control.id) == ["a", "c"])
    try grid.forget(id: "a", kind: nil, isDefault: false, of: station)
    #expect(try grid.list(of: station).map(\.control.id) == ["c"])
    #expect(try grid.setRunning("c", true, of: station))
    #expect(try !grid.setRunning("a", true, of: station))
    try grid.setSuperseded("c", of: station)
    #expect(try grid.list(of: station).first?.isRunning == false)
  }
}
