import Domain
import HTTP
import Synchronization
import Testing
import Wire

@testable import OCPI

/// Lists of partners, walked by links that may lie.
@Suite struct PageWalkTests {
  /// A partner with so many tariffs that answers as it pleases.
  final class Shelf: Sendable {
    let loopback: Loopback
    private let asked = Lines()
    var requests: [String] { asked.all }

    /// At most `page` on each, whatever is asked.
    init(
      count: Int, page: Int = 10, _ headers: @escaping @Sendable (String, Int, Int) -> Headers
    ) async throws {
      loopback = try await Loopback()
      let base = loopback.url
      loopback.serve { [asked] request, exchange in
        let offset = request.target["offset"].flatMap { Int($0) } ?? 0
        let limit = min(request.target["limit"].flatMap { Int($0) } ?? page, page)
        asked.add("\(offset) \(request.target["date_from"] ?? "-")")
        guard request.target.path == "/tariffs" else {
          return exchange.respond(.json(Envelope(.clientError).bytes(at: .epoch), status: .notFound))
        }
        let items = (offset..<max(offset, min(offset + limit, count))).map { number in
          Bytes(
            utf8: """
              {"country_code":"BE","party_id":"CPO","id":"T\(number)","currency":"EUR","elements":[{"price_components":\
              [{"type":"ENERGY","price":0.3,"step_size":1}]}],"last_updated":"2026-03-01T00:00:00Z"}
              """)
        }
        var response = Response.json(Envelope(list: items).bytes(at: .epoch))
        for field in headers(base, offset + items.count, items.count).fields {
          response.headers.add(field.name, field.value)
        }
        exchange.respond(response)
      }
    }

    var terms: PartnerTerms {
      var terms = ProviderEndpointsTests.House.terms()
      terms.partner.endpoints = [.init(module: "tariffs", role: "SENDER", url: "\(loopback.url)/tariffs")]
      terms.partner.quirks.allowPrivate = true
      return terms
    }

    func pull(_ terms: PartnerTerms? = nil, since: Timestamp? = nil, keeps: Bool = true) async throws -> (
      PullOutcome, [String]
    ) {
      let link = try OCPIDoor(publicURL: "https://us", http: loopback.http, zones: zones, frames: Frames()).link
      let came = Lines()
      let outcome = await link.pull(.tariffs, since: since, terms: terms ?? self.terms) { page in
        for tariff in page.tariffs { came.add(tariff.ref) }
        return keeps
      }
      return (outcome, came.all)
    }
  }

  private static let all = (0..<25).map { "T\($0)" }

  @Test func linksAreFollowedToTheEnd() async throws {
    let shelf = try await Shelf(count: 25) { base, next, _ in
      next < 25 ? ["Link": "<\(base)/tariffs?offset=\(next)>; rel=\"next\"", "X-Total-Count": "25"] : [:]
    }
    let (outcome, came) = try await shelf.pull(since: at("2026-01-01T00:00:00Z"))
    #expect(came == Self.all && outcome.isComplete && !outcome.hasLyingLinks && outcome.fault == nil)
    #expect(outcome.count == 25 && outcome.pages == 3)
    #expect(shelf.requests.first == "0 2026-01-01T00:00:00Z")
  }

  @Test(arguments: ["/nowhere?x=1", "http://198.51.100.7/tariffs?offset=10", "SELF", "ftp://x", "not a url"])
  func aLinkThatLiesIsLeftForOffsets(link: String) async throws {
    let shelf = try await Shelf(count: 25) { base, _, _ in
      let place = link == "SELF" ? "\(base)/tariffs?limit=100" : link.hasPrefix("/") ? base + link : link
      return ["Link": "<\(place)>; rel=\"next\"", "X-Total-Count": "25"]
    }
    let (outcome, came) = try await shelf.pull()
    #expect(came == Self.all && outcome.isComplete && outcome.hasLyingLinks)
  }

  @Test func aTotalThatSaysMoreIsBelievedWithoutALink() async throws {
    let shelf = try await Shelf(count: 25) { _, _, _ in ["X-Total-Count": "25", "X-Limit": "10"] }
    let (outcome, came) = try await shelf.pull()
    #expect(came == Self.all && outcome.isComplete && outcome.hasLyingLinks)
  }

  @Test func withoutAnyFieldAPageIsTheLast() async throws {
    let shelf = try await Shelf(count: 8) { _, _, _ in [:] }
    let (outcome, came) = try await shelf.pull()
    #expect(came.count == 8 && outcome.isComplete && shelf.requests.count == 1)
  }

  @Test(arguments: [(99, 1), (100, 2), (101, 2), (250, 3)])
  func withoutAnyFieldAFullPageMayNotBeTheLast(count: Int, requests: Int) async throws {
    let shelf = try await Shelf(count: count, page: 1_000) { _, _, _ in [:] }
    let (outcome, came) = try await shelf.pull()
    #expect(came.count == count && outcome.isComplete && !outcome.hasLyingLinks)
    #expect(shelf.requests.count == requests)
    // One that says how much it gives at a time says all of it.
    let telling = try await Shelf(count: count, page: 100) { _, _, _ in ["X-Limit": "100"] }
    let once = try await telling.pull()
    #expect(once.0.isComplete && telling.requests.count == 1)
  }

  @Test func aPartnerThatIsKnownToLieIsAskedByOffsetFromTheBeginning() async throws {
    let shelf = try await Shelf(count: 25) { base, _, _ in ["Link": "<\(base)/x>; rel=\"next\"", "X-Limit": "10"] }
    var terms = shelf.terms
    terms.partner.quirks.pagesByOffset = true
    let (outcome, came) = try await shelf.pull(terms)
    #expect(came == Self.all && outcome.isComplete && !outcome.hasLyingLinks)
  }

  @Test func aListWithoutEndEnds() async throws {
    // It sends the same page whatever is asked, and a new link each time.
    let loopback = try await Loopback()
    let base = loopback.url
    let count = Mutex(0)
    loopback.serve { request, exchange in
      let number = count.withLock { count in
        count += 1
        return count
      }
      var response = Response.json(Envelope(list: [Bytes(utf8: "{\"id\":\"T1\"}")]).bytes(at: .epoch))
      response.headers["Link"] = "<\(base)/tariffs?page=\(number)>; rel=\"next\""
      exchange.respond(response)
    }
    var terms = ProviderEndpointsTests.House.terms()
    terms.partner.endpoints = [.init(module: "tariffs", role: "SENDER", url: "\(base)/tariffs")]
    terms.partner.quirks.allowPrivate = true
    let link = try OCPIDoor(publicURL: "https://us", http: loopback.http, zones: zones, frames: Frames()).link
    let outcome = await link.pull(.tariffs, since: nil, terms: terms) { _ in true }
    #expect(!outcome.isComplete && outcome.fault != nil && outcome.pages < 5)
  }

  @Test func whatCannotBeKeptEndsThePull() async throws {
    let shelf = try await Shelf(count: 25) { base, next, _ in ["Link": "<\(base)/tariffs?offset=\(next)>; rel=\"next\""]
    }
    let (outcome, _) = try await shelf.pull(keeps: false)
    #expect(!outcome.isComplete && outcome.fault != nil && shelf.requests.count == 1)
  }

  @Test func objectsThatCannotBeReadAreCountedAndNamed() async throws {
    let page = PulledPage(
      [json(#"{"id":"T1"}"#), json("3"), json(ProviderEndpointsTests.tariff("2.2.1"))], of: .tariffs,
      by: ProviderEndpointsTests.House.terms(), edition)
    #expect(page.tariffs.map(\.ref) == ["T1"] && page.flaws.count == 2 && page.unread == ["T1"])
    // And another party's is nobody's.
    let foreign = json(ProviderEndpointsTests.tariff("2.2.1").replacing("\"CPO\"", with: "\"XXX\""))
    let other = PulledPage([foreign], of: .tariffs, by: ProviderEndpointsTests.House.terms(), edition)
    #expect(other.tariffs.isEmpty && other.flaws.count == 1)
  }

  /// As PyPI `python-ocpi` writes what is not there.
  @Test func anObjectOfNothingButNullsIsNotThere() throws {
    let edition: any OCPIEdition = Edition221(zones: zones)
    let hollow = #""min_price":{"excl_vat":null,"incl_vat":null},"energy_mix":{"a":{"b":null}},"elements""#
    let told = json(ProviderEndpointsTests.tariff("2.2.1").replacing("\"elements\"", with: hollow))
    let page = PulledPage([told], of: .tariffs, by: ProviderEndpointsTests.House.terms(), edition)
    #expect(page.flaws.isEmpty && page.tariffs.map(\.ref) == ["T1"])
    #expect(page.tariffs.first?.tariff.minimum == nil && page.tariffs.first?.raw["min_price"] != nil)
    #expect(json(#"{"a":{},"b":[{"c":{"d":null}}],"e":{"f":{"g":null}}}"#).withoutHollow == json(#"{"a":{},"b":[{}]}"#))
  }

  @Test func theNextLinkIsFoundAmongOthers() {
    #expect(PageWalk.next(in: "<https://a/1>; rel=\"prev\", <https://a/2>; rel=\"next\"") == "https://a/2")
    #expect(PageWalk.next(in: "<https://a/2>;rel=next") == "https://a/2")
    #expect(PageWalk.next(in: "<https://a/1>; rel=\"prev\"") == nil)
    #expect(PageWalk.next(in: "nonsense") == nil)
  }
}
