// OCPP 2.x block I, Tariff and Cost: the house's tariffs as a station computes with them. What it could only compute
// otherwise is refused here: a driver must not be shown another price than he is billed.

import Domain
import Wire

extension V2 {
  static func request(_ command: TariffCommand, _ edition: Edition) throws(Unspeakable) -> CommandRequest {
    switch command {
    case .setDefault(let given, let evse):
      var call = SetDefaultTariff()
      call.evseId = evse
      call.tariff = try V2.Tariff(given)
      // Its name stands for its content: where the station has the name, it has the tariff (I07.FR.04).
      return try CommandRequest(call, edition).content(with: "DuplicateTariffId")
    case .change(let given, let transaction):
      var call = ChangeTransactionTariff()
      call.transactionId = transaction
      call.tariff = try V2.Tariff(given)
      return try CommandRequest(call, edition)
    case .list(let evse):
      var call = GetTariffs()
      call.evseId = evse
      return try CommandRequest(call, edition, tellsRefusals: true, told: \.told)
    case .clear(let tariffs, let evse):
      var call = ClearTariffs()
      call.tariffIds = tariffs.isEmpty ? nil : tariffs
      call.evseId = evse
      return try CommandRequest(call, edition)
    case .showCost(let cost, let transaction):
      var call = CostUpdated()
      (call.totalCost, call.transactionId) = (cost, transaction)
      return try CommandRequest(call, edition)
    case .webPayment(let evse, let seconds):
      var call = NotifyWebPaymentStarted()
      (call.evseId, call.timeout) = (evse, seconds)
      return try CommandRequest(call, edition)
    }
  }
}

extension V2.GetTariffs.Reply {
  fileprivate var told: JSON {
    [
      "tariffs": .array(
        (tariffAssignments ?? []).map { assignment in
          [
            "tariff": .string(assignment.tariffId), "default": .bool(assignment.tariffKind.word == .defaultTariff),
            "valid_from": assignment.validFrom.map { .string($0.text) } ?? .null,
            "evses": .array((assignment.evseIds ?? []).map { .number(JSONNumber($0)) }),
            "tokens": .array((assignment.idTokens ?? []).map { .string($0) }),
          ]
        })
    ]
  }
}

// MARK: - A tariff of the house

extension V2.Tariff {
  init(_ given: StationTariff) throws(Unspeakable) {
    self.init()
    let tariff = given.tariff
    tariffId = given.name
    currency = tariff.currency
    description = tariff.text.map { texts in
      texts.prefix(10).map { V2.MessageContent(DisplayMessage.Text($0.text, language: $0.language)) }
    }
    validFrom = tariff.validFrom
    minCost = tariff.minimum.map { V2.Price($0) }
    maxCost = tariff.maximum.map { V2.Price($0) }
    var taxes: [Slot: Decimal?] = [:]
    for element in tariff.elements {
      for component in element.components {
        let slot = Slot(component.dimension, element.restrictions?.reservation)
        guard component.stepSize <= 1 || component.dimension == .flat else {
          throw Unspeakable("a station rounds to no steps; \(tariff.ref) has a step of \(component.stepSize)")
        }
        if let tax = taxes[slot], tax != component.vat {
          throw Unspeakable("a station taxes each part of a tariff alike; \(tariff.ref) has two rates for one")
        }
        taxes[slot] = component.vat
        try add(component, to: slot, when: element.restrictions)
      }
    }
  }

  /// Where a component of ours stands.
  private enum Slot: Hashable {
    case energy, charging, idle, fee, reserved, reservation

    init(_ dimension: Domain.Tariff.Dimension, _ reservation: Domain.Tariff.Restrictions.Reservation?) {
      switch (dimension, reservation) {
      case (.energy, _): self = .energy
      case (.time, nil): self = .charging
      case (.parkingTime, nil): self = .idle
      case (.flat, nil): self = .fee
      case (.time, _), (.parkingTime, _): self = .reserved
      case (.flat, _): self = .reservation
      }
    }
  }

  private mutating func add(
    _ component: Domain.Tariff.Component, to slot: Slot, when restrictions: Domain.Tariff.Restrictions?
  ) throws(Unspeakable) {
    let rates = component.vat.map { [V2.TaxRate(vat: $0)] }
    switch slot {
    case .energy:
      var price = V2.TariffEnergyPrice()
      (price.priceKwh, price.conditions) = (component.price, restrictions.flatMap { V2.TariffConditions($0) })
      var energy = energy ?? V2.TariffEnergy()
      energy.prices.append(price)
      energy.taxRates = rates
      self.energy = energy
    case .charging: chargingTime = try Self.timed(chargingTime, component, rates, restrictions)
    case .idle: idleTime = try Self.timed(idleTime, component, rates, restrictions)
    case .reserved: reservationTime = try Self.timed(reservationTime, component, rates, restrictions)
    case .fee: fixedFee = try Self.fixed(fixedFee, component, rates, restrictions)
    case .reservation: reservationFixed = try Self.fixed(reservationFixed, component, rates, restrictions)
    }
  }

  private static func timed(
    _ before: V2.TariffTime?, _ component: Domain.Tariff.Component, _ rates: [V2.TaxRate]?,
    _ restrictions: Domain.Tariff.Restrictions?
  ) throws(Unspeakable) -> V2.TariffTime {
    // Our price is that of an hour, theirs that of a minute.
    guard let millionths = component.price.asInt64(scaledBy: 6), millionths % 60 == 0 else {
      throw Unspeakable("\(component.price) an hour is no decimal amount a minute")
    }
    var price = V2.TariffTimePrice()
    price.priceMinute = Decimal(millionths / 60, places: 6)
    price.conditions = restrictions.flatMap { V2.TariffConditions($0) }
    var time = before ?? V2.TariffTime()
    time.prices.append(price)
    time.taxRates = rates
    return time
  }

  private static func fixed(
    _ before: V2.TariffFixed?, _ component: Domain.Tariff.Component, _ rates: [V2.TaxRate]?,
    _ restrictions: Domain.Tariff.Restrictions?
  ) throws(Unspeakable) -> V2.TariffFixed {
    var price = V2.TariffFixedPrice()
    price.priceFixed = component.price
    if let restrictions {
      guard !restrictions.dependsOnTheSession else {
        throw Unspeakable("a station knows a fee when the session begins, and it may not depend on what follows")
      }
      price.conditions = V2.TariffConditionsFixed(restrictions)
    }
    var fixed = before ?? V2.TariffFixed()
    fixed.prices.append(price)
    fixed.taxRates = rates
    return fixed
  }
}

extension V2.Price {
  fileprivate init(_ price: Domain.Price) {
    self.init()
    (exclTax, inclTax) = (price.beforeTax.decimal, price.afterTax?.decimal)
  }
}

extension V2.TaxRate {
  fileprivate init(vat: Decimal) {
    self.init()
    (type, tax) = ("VAT", vat)
  }
}

extension V2.TariffConditions {
  /// Nil where nothing restricts the price but that it is for a reservation.
  fileprivate init?(_ restrictions: Domain.Tariff.Restrictions) {
    self.init()
    (startTimeOfDay, endTimeOfDay) = (restrictions.startTime, restrictions.endTime)
    (validFromDate, validToDate) = (restrictions.startDate, restrictions.endDate)
    dayOfWeek = restrictions.weekdays?.map { V2.DayOfWeek($0) }
    (minCurrent, maxCurrent) = (restrictions.minCurrent, restrictions.maxCurrent)
    // Ours are in kWh and kW.
    minEnergy = restrictions.minKWh.map { $0 * Decimal(1_000) }
    maxEnergy = restrictions.maxKWh.map { $0 * Decimal(1_000) }
    minPower = restrictions.minPower.map { $0 * Decimal(1_000) }
    maxPower = restrictions.maxPower.map { $0 * Decimal(1_000) }
    (minTime, maxTime) = (restrictions.minDuration, restrictions.maxDuration)
    if self == V2.TariffConditions() { return nil }
  }
}

extension V2.TariffConditionsFixed {
  fileprivate init?(_ restrictions: Domain.Tariff.Restrictions) {
    self.init()
    (startTimeOfDay, endTimeOfDay) = (restrictions.startTime, restrictions.endTime)
    (validFromDate, validToDate) = (restrictions.startDate, restrictions.endDate)
    dayOfWeek = restrictions.weekdays?.map { V2.DayOfWeek($0) }
    if self == V2.TariffConditionsFixed() { return nil }
  }
}

extension V2.DayOfWeek {
  fileprivate init(_ day: Domain.Tariff.Restrictions.Weekday) {
    switch day {
    case .monday: self = .monday
    case .tuesday: self = .tuesday
    case .wednesday: self = .wednesday
    case .thursday: self = .thursday
    case .friday: self = .friday
    case .saturday: self = .saturday
    case .sunday: self = .sunday
    }
  }
}

extension Domain.Tariff.Restrictions {
  fileprivate var dependsOnTheSession: Bool {
    minKWh != nil || maxKWh != nil || minCurrent != nil || maxCurrent != nil || minPower != nil || maxPower != nil
      || minDuration != nil || maxDuration != nil
  }
}
