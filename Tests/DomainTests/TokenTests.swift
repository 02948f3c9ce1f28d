import Testing
import Wire

@testable import Domain

@Suite struct TokenTests {
  private let now = at("2026-06-01T10:00:00Z")

  private func token(_ uid: String, isValid: Bool = true, until: Timestamp? = nil) -> Token {
    Token(
      id: ID(1), uid: uid, kind: .rfid, contractID: "C", issuer: "Ostler", isValid: isValid, validUntil: until,
      createdAt: now,
      updatedAt: now)
  }

  @Test(arguments: [("04A2B3", "04a2b3"), (" 04 A2 B3 ", "04A2B3"), ("04a2b3", "04A2b3")])
  func spellingsOfOneCardFoldAlike(_ one: String, _ other: String) {
    #expect(Token.fold(one) == Token.fold(other))
    #expect(token(one).foldedUID == token(other).foldedUID)
    #expect(token(one).uid == one, "kept as it was received")
  }

  @Test(arguments: [("04A2B3", "04A2B4"), ("04-A2", "04A2"), ("a", "a0")])
  func otherCardsDoNot(_ one: String, _ other: String) { #expect(Token.fold(one) != Token.fold(other)) }

  @Test func itIsUsableUntilItEndsAndWhileItIsValid() {
    #expect(token("a").isUsable(at: now))
    #expect(!token("a", isValid: false).isUsable(at: now))
    #expect(token("a", until: now + .milliseconds(1)).isUsable(at: now))
    #expect(!token("a", until: now).isUsable(at: now))
  }

  // MARK: Places

  private static let station = Station(
    id: ID(7), identity: StationIdentity("CP-1")!, location: ID(3), registration: .accepted, createdAt: .epoch,
    updatedAt: .epoch)
  private static let here = Self.station.identity
  private static let elsewhere = StationIdentity("CP-2")!

  @Test(
    arguments: [
      (nil, TokenReach.all), ([TokenPlace(location: ID(3))], .all), ([TokenPlace(location: ID(4))], .none),
      ([TokenPlace(station: Self.here)], .all), ([TokenPlace(station: Self.elsewhere)], .none),
      ([TokenPlace(station: Self.here, evse: 2)], .some([2])),
      ([TokenPlace(station: Self.here, evse: 2), TokenPlace(station: Self.here, evse: 1)], .all),
      ([TokenPlace(station: Self.elsewhere, evse: 1)], .none),
      ([TokenPlace(location: ID(4)), TokenPlace(station: Self.here, evse: 1)], .some([1])),
      ([TokenPlace(station: Self.here, evse: 9)], .some([9])), ([], .none),
    ] as [([TokenPlace]?, TokenReach)])
  func itMayChargeAtThePlacesThatAreNamed(_ places: [TokenPlace]?, _ reach: TokenReach) {
    var token = token("a")
    token.places = places
    #expect(token.reach(at: Self.station, evses: [evse(1), evse(2)]) == reach)
    #expect(token.isValidAbroad == (places == nil))
  }

  private func evse(_ number: Int, _ kind: Connector.PowerType? = nil, isAssumed: Bool = false) -> EVSE {
    let connector = kind.map {
      Connector(id: ID(1), number: 1, powerType: $0, isAssumed: isAssumed, updatedAt: .epoch)
    }
    return EVSE(
      id: ID(Int64(number)), station: ID(1), number: number, uid: "\(number)", status: .available, statusSince: .epoch,
      connectors: connector.map { [$0] } ?? [], updatedAt: .epoch)
  }

  @Test(
    arguments: [
      (nil, nil, TokenReach.all), ([.acThreePhases], nil, .some([1])), ([.dc], nil, .some([2])),
      ([.dcBidirectional, .acOnePhase], nil, .all), ([.wireless], nil, .all),
      ([.dc], [TokenPlace(station: Self.here, evse: 1)], .wrongKind),
      ([.dc], [TokenPlace(station: Self.here, evse: 2)], .some([2])), ([.dc], [TokenPlace(location: ID(4))], .none),
    ] as [([EnergyTransfer]?, [TokenPlace]?, TokenReach)])
  func itMayChargeInTheWaysThatAreNamed(
    _ transfers: [EnergyTransfer]?, _ places: [TokenPlace]?, _ reach: TokenReach
  ) {
    var token = token("a")
    (token.transfers, token.places) = (transfers, places)
    #expect(token.reach(at: Self.station, evses: [evse(1, .ac3), evse(2, .dc)]) == reach)
  }

  @Test func aKindThatIsNotKnownKeepsNobodyAway() {
    var token = token("a")
    token.transfers = [.dc]
    #expect(token.reach(at: Self.station, evses: [evse(1, .ac3)]) == .wrongKind)
    #expect(token.reach(at: Self.station, evses: [evse(1, .ac3, isAssumed: true)]) == .all)
    #expect(token.reach(at: Self.station, evses: [evse(1)]) == .all)
    #expect(token.reach(at: Self.station, evses: []) == .all)
    #expect(token.allows(.dc) && !token.allows(.acOnePhase) && !token.allows(nil))
    token.transfers = nil
    #expect(token.allows(nil) && token.allows(.dc))
  }

  @Test func aPlaceIsALocationOrAStation() {
    #expect(TokenPlace(location: ID(1)).isWhole && TokenPlace(station: Self.here, evse: 1).isWhole)
    var place = TokenPlace()
    #expect(!place.isWhole)
    place.evse = 1
    #expect(!place.isWhole)
    place = TokenPlace(location: ID(1))
    place.station = "CP-1"
    #expect(!place.isWhole)
  }
}
