import Wire

/// Why a CDR that another network sent should be looked at before it is paid. A doubt never refuses a CDR: OCPI has no
/// way to correct one but a credit CDR (2.2.1 §10.1), so the operator takes it up with the other network.
public struct CDRDoubt: Payload, Equatable {
  public enum Kind: String, Word {
    /// Its times or periods are not in order.
    case order
    /// Its periods do not sum to its energy or time.
    case energy, time
    /// Its parts do not sum to its total.
    case parts
    /// Priced by the tariff that it carries it costs something else.
    case tariff
    /// Priced by the tariff that was announced it costs something else.
    case announced
    /// Nothing tells why it costs anything.
    case unexplained
    /// It tells other energy than its session did.
    case session
    /// Another CDR of the same session is not credited.
    case twice
    /// What it takes back is not known, or is another amount.
    case credit
    /// Nothing shows that its driver was let in, or its token was not usable.
    case authorization
  }

  public var kind = Kind.order
  public var detail = ""

  public init() {}

  public init(_ kind: Kind, _ detail: String) { (self.kind, self.detail) = (kind, detail) }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("kind", &kind)
    try w.visit("detail", &detail, max: 500)
  }
}

/// What the house knows beside a CDR, to hold it against.
public struct CDRContext: Sendable {
  /// The tariff of its connector as it was announced when the session began.
  public var announced: Tariff?
  /// The location's local clock; nil where its name is not known here, and prices by the hour cannot be judged.
  public var zone: ZoneRules?
  public var session: RoamingSession?
  /// Another CDR of the same session that nobody took back.
  public var other: String?
  /// What a credit CDR takes back.
  public var credited: Price?
  public var isAuthorized: Bool

  public init(
    announced: Tariff? = nil, zone: ZoneRules? = nil, session: RoamingSession? = nil, other: String? = nil,
    credited: Price? = nil, isAuthorized: Bool
  ) {
    (self.announced, self.zone, self.session) = (announced, zone, session)
    (self.other, self.credited, self.isAuthorized) = (other, credited, isAuthorized)
  }
}

extension RoamingCDR {
  /// All that speaks against it.
  public func doubts(_ context: CDRContext) -> [CDRDoubt] {
    guard !isCredit else { return creditDoubts(context) }
    var doubts = orderDoubts() + sumDoubts()
    if let session = context.session, differs(session.energy, energy) {
      doubts.append(
        CDRDoubt(.session, "it tells \(energy) kWh, the session told \(session.energy) kWh when it was last heard of"))
    }
    if let other = context.other { doubts.append(CDRDoubt(.twice, "the session has the CDR \(other) too")) }
    if !context.isAuthorized {
      doubts.append(CDRDoubt(.authorization, "nobody asked us, and the token was not to be let in without asking"))
    }
    // A price needs periods in order.
    if doubts.contains(where: { $0.kind == .order }) { return doubts }
    return doubts + priceDoubts(context)
  }

  /// A credit CDR copies what it takes back; its total alone is negative (OCPI 2.2.1 §10.3.1).
  private func creditDoubts(_ context: CDRContext) -> [CDRDoubt] {
    guard let credited = context.credited else {
      return [CDRDoubt(.credit, "it takes back \(creditReference ?? "no CDR that it names"), which is not known")]
    }
    guard !differs(cost.beforeTax, Money.zero - credited.beforeTax) else {
      return [CDRDoubt(.credit, "it takes back \(cost.beforeTax) of \(credited.beforeTax)")]
    }
    return []
  }

  private func orderDoubts() -> [CDRDoubt] {
    var doubts: [CDRDoubt] = []
    if endedAt < startedAt { doubts.append(CDRDoubt(.order, "it ends before it begins")) }
    if periods.isEmpty {
      doubts.append(CDRDoubt(.order, "it has no charging periods"))
    } else if zip(periods, periods.dropFirst()).contains(where: { $1.startedAt < $0.startedAt }) {
      doubts.append(CDRDoubt(.order, "its charging periods are not in order"))
    } else if let first = periods.first, first.startedAt.wholeSecond != startedAt.wholeSecond {
      doubts.append(CDRDoubt(.order, "its first charging period begins at \(first.startedAt.text)"))
    }
    if periods.contains(where: { $0.volumes.values.contains(where: \.isNegative) }) {
      doubts.append(CDRDoubt(.order, "a charging period has less than nothing"))
    }
    let told = max(toldEnergy, energy.kilowattHours)
    if endedAt.seconds(since: startedAt) > Int64(Limits.sessionSeconds) || told > Limits.sessionEnergy.kilowattHours {
      doubts.append(CDRDoubt(.order, "it is longer or larger than a session can be"))
    }
    return doubts
  }

  private func sumDoubts() -> [CDRDoubt] {
    var doubts: [CDRDoubt] = []
    let told = toldEnergy
    if (told - energy.kilowattHours).magnitude > Self.energyTolerance {
      doubts.append(CDRDoubt(.energy, "its periods sum to \(told) kWh, its total is \(energy) kWh"))
    }
    let seconds = max(endedAt.seconds(since: startedAt), 0)
    func hours(_ seconds: Int64) -> Decimal { Decimal(seconds).divided(by: 3_600, places: 4, rounding: .halfUp) }
    // It starts with its reservation, and its total time is that of the session (OCPI 2.2.1 §10.3.1); some count both.
    let session = seconds - min(seconds, periods.reservedSeconds(until: endedAt))
    if ![seconds, session].contains(where: { (hours($0) - time).magnitude <= Self.timeTolerance }) {
      doubts.append(CDRDoubt(.time, "its times tell \(hours(session)) h, its total is \(time) h"))
    }
    let parts = [fixedCost, energyCost, timeCost, parkingCost, reservationCost].compactMap { $0?.beforeTax }
    let sum = parts.reduce(Money.zero, +)
    // A least or greatest price moves the total away from its parts.
    let isBounded = tariffs.contains { $0.tariff.minimum != nil || $0.tariff.maximum != nil }
    if !parts.isEmpty, !isBounded, differs(sum, cost.beforeTax) {
      doubts.append(CDRDoubt(.parts, "its parts sum to \(sum), its total is \(cost.beforeTax)"))
    }
    return doubts
  }

  /// kWh.
  private var toldEnergy: Decimal { periods.reduce(Decimal.zero) { $0 + ($1.volumes["ENERGY"] ?? .zero) } }

  private func priceDoubts(_ context: CDRContext) -> [CDRDoubt] {
    guard let zone = context.zone else { return [] }
    let carried = tariff
    if carried == nil, context.announced == nil {
      let isFree = !differs(cost.beforeTax, .zero)
      return isFree ? [] : [CDRDoubt(.unexplained, "it costs \(cost.beforeTax), and no single tariff says why")]
    }
    var doubts: [CDRDoubt] = []
    if let carried, let doubt = doubt(.tariff, "by its own tariff", carried, zone) { doubts.append(doubt) }
    if let announced = context.announced, announced != carried, doubts.isEmpty,
      let doubt = doubt(.announced, "by the tariff that was announced", announced, zone)
    {
      doubts.append(doubt)
    }
    return doubts
  }

  /// The one tariff by which all of it was priced; nil where there are several, which no rule of OCPI sums up.
  private var tariff: Tariff? {
    let named = Set(periods.compactMap { $0.tariff?.ciFolded })
    guard named.count < 2 else { return nil }
    return (tariffs.first { $0.ref.ciFolded == named.first } ?? tariffs.first)?.tariff
  }

  private func doubt(_ kind: CDRDoubt.Kind, _ by: String, _ tariff: Tariff, _ zone: ZoneRules) -> CDRDoubt? {
    guard tariff.currency == currency else {
      return CDRDoubt(kind, "it is in \(currency), \(by) it were in \(tariff.currency)")
    }
    let plain = periods.plain(until: endedAt)
    // No CDR tells how a reservation ended that no session followed.
    let isReservationAlone = plain.allSatisfy { $0.activity == .reserved }
    let endings: [Hold.Ending?] = isReservationAlone ? [.expired, .cancelled] : [nil]
    let priced = endings.map { ending in
      Pricing.price(periods: plain, from: startedAt, to: endedAt, tariff: tariff, zone: zone, hold: ending).cost
        .beforeTax
    }
    guard priced.allSatisfy({ differs($0, cost.beforeTax) }) else { return nil }
    return CDRDoubt(kind, "it costs \(cost.beforeTax) \(currency), \(by) \(priced[0]) \(currency)")
  }

  private func differs(_ one: Money, _ other: Money) -> Bool {
    (one.decimal - other.decimal).magnitude > Limits.cdrTolerance
  }

  private func differs(_ one: Energy, _ other: Energy) -> Bool {
    (one.kilowattHours - other.kilowattHours).magnitude > Self.energyTolerance
  }

  /// kWh and hours that rounding may cost: ten units of the fourth decimal.
  private static let energyTolerance = Decimal(1, places: 3)
  private static let timeTolerance = Decimal(1, places: 3)
}
