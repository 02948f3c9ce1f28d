import Wire

/// What energy costs on the day-ahead market for a while.
public struct GridPrice: Sendable, Equatable {
  public var start: Timestamp
  /// Not included.
  public var until: Timestamp
  /// Per kWh, in the currency of the tariffs that follow it; below zero where there is too much of it.
  public var price: Decimal

  public init(start: Timestamp, until: Timestamp, price: Decimal) {
    (self.start, self.until, self.price) = (start, until, price)
  }

  /// A series of points with a price per MWh each. Each price holds until the next one begins, the last for as long as the
  /// one before it.
  /// - Throws: a `Flaw` whose path is the point's number.
  public static func series(_ points: [(start: Timestamp, price: Decimal)]) throws(Flaw) -> [GridPrice] {
    let points = points.sorted { $0.start < $1.start }
    guard points.count <= Limits.gridPrices else {
      throw Flaw(path: "", kind: .outOfRange, detail: "more than \(Limits.gridPrices) prices")
    }
    var prices: [GridPrice] = []
    for (index, point) in points.enumerated() {
      guard point.price.magnitude <= Limits.price else {
        throw Flaw(path: "\(index + 1)", kind: .outOfRange, detail: "\(point.price) is no price per MWh")
      }
      let length =
        index + 1 < points.count
        ? points[index + 1].start - point.start
        : index > 0 ? point.start - points[index - 1].start : Duration.seconds(3600)
      // A gap in the series is a gap: no price holds longer than an hour.
      let until = point.start + min(length, .seconds(3600))
      guard until > point.start else {
        throw Flaw(path: "\(index + 1)", kind: .outOfRange, detail: "\(point.start.text) has two prices")
      }
      let perKWh = (point.price * Decimal(1, places: 3)).rounded(toPlaces: Limits.pricePlaces, .halfUp)
      prices.append(GridPrice(start: point.start, until: until, price: perKWh))
    }
    return prices
  }
}
