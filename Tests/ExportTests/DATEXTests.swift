import Domain
import Testing
import Wire

@testable import Export

@Suite struct DATEXTests {
  private func table(
    _ connectors: [Connector], country: String = "BEL", name: String = "Zoo", tariffs: [Tariff] = [],
    as write: (DATEX.Source) -> Bytes = DATEX.table
  ) throws -> String {
    let identity = try #require(StationIdentity("BOX1"))
    let party = PartyID(country: "NL", party: "OST")
    let evse = EVSE(
      id: ID(1), station: ID(1), number: 1, uid: "E1", status: .available, statusSince: .epoch, connectors: connectors,
      updatedAt: .epoch)
    let location = Location(
      id: ID(1), party: ID(1), ref: "L1", name: name, address: "Weg 1", city: "Gent", country: country,
      coordinates: .nullIsland, timeZone: "Europe/Brussels", createdAt: .epoch, updatedAt: .epoch)
    let view = LocationView(
      location: location, party: party, operatorName: "Ostler",
      evses: [
        EVSEView(
          evse: evse, station: identity,
          tariffRefs: Dictionary(uniqueKeysWithValues: connectors.map { ($0.id, tariffs.map(\.ref)) }))
      ],
      updatedAt: .epoch)
    let versions = tariffs.enumerated().map { number, tariff in
      TariffVersion(
        id: ID(Int64(number + 1)), party: ID(1), version: 3, tariff: tariff, createdAt: .epoch, updatedAt: .epoch)
    }
    let source = DATEX.Source(
      [view], tariffs: Dictionary(uniqueKeysWithValues: versions.map { ($0.tariff.ref, $0) }), of: party,
      operatorName: "Ostler", at: .epoch)
    return String(decoding: write(source), as: UTF8.self)
  }

  private func connector(_ number: Int, _ format: Connector.Format, _ type: Connector.PowerType) -> Connector {
    Connector(id: ID(Int64(number)), number: number, format: format, powerType: type, updatedAt: .epoch)
  }

  @Test func aSiteStandsInItsOwnCountryAndNotInItsOperators() throws {
    let text = try table([connector(1, .cable, .ac3)])
    #expect(text.contains("<locx:countryCode>BE</locx:countryCode>"))
    #expect(text.contains("<com:country>nl</com:country>"))
    #expect(try table([], country: "XXX").contains("<locx:countryCode>NL</locx:countryCode>"))
  }

  @Test func eachConnectorHasTheFormatOfItsOwnCurrentAndThePointThatOfTheStrongest() throws {
    var strong = connector(2, .cable, .dc)
    strong.maxPower = 150_000
    let mixed = try table([connector(1, .cable, .ac3), strong, connector(3, .socket, .ac1)])
    for format in ["cableMode3", "otherCable", "socket"] {
      #expect(mixed.contains("<aegi:connectorFormat>\(format)</aegi:connectorFormat>"), "\(format)")
    }
    #expect(mixed.contains("<aegi:currentType>dc</aegi:currentType>"))
    #expect(try table([connector(1, .socket, .ac3)]).contains("<aegi:currentType>ac</aegi:currentType>"))
  }

  private func tariff(_ ref: String, _ kind: Tariff.Kind?, _ elements: [Tariff.Element]) -> Tariff {
    var tariff = Tariff()
    (tariff.ref, tariff.kind, tariff.elements) = (ref, kind, elements)
    return tariff
  }

  private func prices(_ text: String) -> [Substring] {
    text.split(separator: "<aegi:energyPrice>").dropFirst().map { $0.split(separator: "</aegi:energyPrice>")[0] }
  }

  @Test func whoComesWithoutAContractReadsTheWholePriceAndWhenItHolds() throws {
    var night = Tariff.Restrictions()
    (night.startTime, night.endTime, night.weekdays) = ("22:00", "06:00", [.saturday, .sunday])
    (night.minKWh, night.maxDuration) = (10, 5_400)
    let all = [
      tariff("CONTRACT", .regular, [.init([.init(.energy, price: 1, vat: 21)])]),
      tariff(
        "AD-HOC", .adHoc,
        [
          .init([.init(.energy, price: Decimal(25, places: 2), vat: 21)], when: night),
          .init([.init(.energy, price: Decimal(50, places: 2), vat: 21), .init(.parkingTime, price: 6, vat: 21)]),
        ]),
    ]
    let text = try table([connector(1, .cable, .dc), connector(2, .cable, .ac3)], tariffs: all)
    #expect(text.contains("<aegi:energyRate id=\"E1-AD-HOC\"><aegi:ratePolicy>adHoc</aegi:ratePolicy>"))
    #expect(!text.contains("CONTRACT"))
    let told = prices(text)
    #expect(told.count == 3, "the same tariff of both connectors stands there once")
    // 0.3025 and 0.605 with tax: the two decimals that there are, and what they leave out in words.
    #expect(told[0].contains("<aegi:value>0.30</aegi:value>") && told[0].contains("exactly 0.3025 EUR"))
    #expect(told[0].contains("<com:startTimeOfPeriod>22:00:00</com:startTimeOfPeriod>"))
    #expect(told[0].contains("<com:applicableDay>saturday</com:applicableDay>"))
    #expect(
      told[0].contains("<aegi:toMinute>90</aegi:toMinute>") && told[0].contains("<aegi:fromKWh>10</aegi:fromKWh>"))
    #expect(told[1].contains("<aegi:value>0.61</aegi:value>") && told[1].contains("pricePerKWh"))
    #expect(told[2].contains("<aegi:value>0.12</aegi:value>") && told[2].contains("pricePerMinute"))
    #expect(told.allSatisfy { $0.contains("<aegi:taxIncluded>true</aegi:taxIncluded>") })
    let status = try table([connector(1, .cable, .dc)], tariffs: all, as: DATEX.status)
    #expect(prices(status) == told)
    #expect(
      status.contains(
        "<aegi:energyRateReference id=\"E1-AD-HOC\" targetClass=\"aegi:EnergyRate\"></aegi:energyRateReference>"))
  }

  @Test func aTariffWithoutPricesIsFreeAndOneWithoutTaxesSaysSo() throws {
    let free = try table([connector(1, .cable, .dc)], tariffs: [tariff("F", nil, [.init([.init(.energy, price: 0)])])])
    #expect(prices(free).count == 1 && free.contains("<aegi:priceType>free</aegi:priceType>"))
    let once = try table([connector(1, .cable, .dc)], tariffs: [tariff("F", nil, [.init([.init(.flat, price: 5)])])])
    #expect(once.contains("<aegi:priceType>flatRate</aegi:priceType>"))
    #expect(once.contains("<aegi:taxIncluded>false</aegi:taxIncluded>"))
  }

  @Test func whatXMLCannotHoldIsMarkedInEachOfOurTexts() throws {
    #expect(try table([], name: "a\u{1}b<&\"\u{FFFF}").contains("a?b&lt;&amp;&quot;?"))
    #expect(XML.escaped("a\u{1}b") == "a?b")
  }
}
