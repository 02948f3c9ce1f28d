import Domain

/// How far a new house is on its way to sessions that are paid.
nonisolated public struct FirstRun: Sendable, Equatable {
  public var hasStations: Bool
  /// A site that partners see; the first one stands nowhere until somebody says where it is.
  public var hasPlaces: Bool
  public var hasTokens: Bool
  public var hasTariffs: Bool
  /// Connectors without a tariff: sessions there are free.
  public var freeConnectors: Int
  public var hasSessions: Bool
  public var hasPartners: Bool

  public init(_ books: Books) throws(StoreFault) {
    let db = books.db
    hasStations = try books.stations.count() > 0
    hasPlaces = try db.value("SELECT EXISTS (SELECT 1 FROM location WHERE published)") ?? false
    hasTokens = try !books.tokens.list(TokenFilter(isOurs: true), limit: 1).isEmpty
    hasTariffs = try !books.tariffs.list(limit: 1).isEmpty
    freeConnectors = try db.value("SELECT count(*) FROM connector WHERE tariff IS NULL") ?? 0
    hasSessions = try !books.sessions.list(limit: 1).isEmpty
    hasPartners = try !books.partners.all().isEmpty
  }

  /// Whether nothing is open but what can wait.
  public var isOver: Bool { hasStations && hasPlaces && hasTariffs && freeConnectors == 0 && hasSessions }
}
