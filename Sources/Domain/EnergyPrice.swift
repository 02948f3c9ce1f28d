import Wire

/// What a kWh costs the house from a moment on, before tax: a price of its own, and where an area is named that of the grid
/// there besides, so that a flat contract, a series and a contract by the market are one thing.
public struct EnergyPrice: Sendable, Equatable {
  /// A whole quarter of an hour.
  public var beginsAt: Timestamp
  public var currency: String
  /// Per kWh.
  public var price: Decimal
  /// Whose day-ahead price is added.
  public var area: String?

  public init(beginsAt: Timestamp, currency: String, price: Decimal, area: String? = nil) {
    (self.beginsAt, self.currency, self.price, self.area) = (beginsAt, currency, price, area)
  }
}

/// The prices of one place over a time, in order.
public struct EnergyPrices: Sendable {
  private let prices: [EnergyPrice]
  private let grids: [String: [GridPrice]]

  /// - Parameters:
  ///   - prices: in the order of their begin.
  ///   - grids: of each area that a price names, in their order.
  public init(_ prices: [EnergyPrice], grids: [String: [GridPrice]]) {
    (self.prices, self.grids) = (prices, grids)
  }

  /// What a kWh costs at that moment; nil where nobody said so, or where the grid's price of then is not known.
  public func price(at time: Timestamp) -> (currency: String, perKWh: Decimal)? {
    guard let held = Self.last(of: prices, { $0.beginsAt <= time }) else { return nil }
    guard let area = held.area else { return (held.currency, held.price) }
    guard let grid = Self.last(of: grids[area] ?? [], { $0.start <= time }), time < grid.until else { return nil }
    return (held.currency, held.price + grid.price)
  }

  /// The last of an ordered list for which something holds that held for all before it.
  private static func last<Item>(of items: [Item], _ holds: (Item) -> Bool) -> Item? {
    var (low, high) = (0, items.count)
    while low < high {
      let middle = (low + high) / 2
      if holds(items[middle]) { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? items[low - 1] : nil
  }

  /// What the energy of one quarter costs, rounded once: the cost of a longer time is the sum of its quarters.
  public func cost(of energy: Energy, in quarter: Int64) -> (currency: String, cost: Money)? {
    guard let (currency, perKWh) = price(at: Quarter.start(quarter)),
      let cost = Money(read: energy.kilowattHours * perKWh)
    else { return nil }
    return (currency, cost)
  }
}
