import Domain
import Testing
import Wire

@testable import Export

@Suite struct DATEXTests {
  private func table(
    _ connectors: [Connector], country: String = "BEL", name: String = "Zoo"
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
      evses: [EVSEView(evse: evse, station: identity, tariffRefs: [:])],
      updatedAt: .epoch)
    return String(decoding: DATEX.table([view], of: party, name: "Ostler", at: .epoch), as: UTF8.self)
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

  @Test func eachConnectorHasTheFormatOfItsOwnCurrent() throws {
    let mixed = try table([connector(1, .cable, .ac3), connector(2, .cable, .dc), connector(3, .socket, .ac1)])
    for format in ["cableMode3", "cableMode4", "socket"] {
      #expect(mixed.contains("<egi:connectorFormat>\(format)</egi:connectorFormat>"), "\(format)")
    }
    #expect(!mixed.contains("egi:currentType"), "it gives both")
    #expect(try table([connector(1, .cable, .dc)]).contains("<egi:currentType>dc</egi:currentType>"))
    #expect(try table([connector(1, .socket, .ac3)]).contains("<egi:currentType>ac</egi:currentType>"))
  }

  @Test func whatXMLCannotHoldIsMarkedInEachOfOurTexts() throws {
    #expect(try table([], name: "a\u{1}b<&\"\u{FFFF}").contains("a?b&lt;&amp;&quot;?"))
    #expect(XML.escaped("a\u{1}b") == "a?b")
  }
}
