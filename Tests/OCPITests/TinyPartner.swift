import HTTP
import Wire

@testable import OCPI

/// A tiny partner: its versions, its details, its credentials endpoint. What it answers can be bent.
final class TinyPartner: Sendable {
  struct Ways: Sendable {
    var versions =
      "[{\"version\":\"2.1.1\",\"url\":\"BASE/old\"},{\"version\":\"2.2.1\",\"url\":\"BASE/details/\"},{\"version\":7}]"
    var details = """
      {"version":"2.2.1","endpoints":[{"identifier":"credentials","role":"RECEIVER","url":"BASE/cred"},
      {"identifier":"Locations","role":"receiver","url":"BASE/loc"},
      {"identifier":"cdrs","role":"RECEIVER","url":"ftp://x"},
      {"identifier":"tokens","role":"SENDER"}]}
      """
    var credentials = """
      {"token":"token-theirs","url":"BASE/versions","roles":[{"role":"EMSP","party_id":"ABC","country_code":"DE",
      "business_details":{"name":"ABC"}}]}
      """
    var credentialsStatus = HTTP.Status.ok
    var detailsStatus = HTTP.Status.ok
    var acceptsRawOnly = false
    var redirects = false
  }

  let loopback: Loopback
  private let heard = Lines()
  var requests: [String] { heard.all }

  init(_ ways: Ways = Ways(), token: String) async throws {
    loopback = try await Loopback()
    let base = loopback.url
    loopback.serve { [heard] request, exchange in
      let path = request.target.path
      heard.add("\(request.method.rawValue) \(path)")
      let shown = ways.acceptsRawOnly ? "Token \(token)" : TokenHeader.value(token, .base64)
      guard request.headers["Authorization"] == shown else {
        return exchange.respond(.text("who?", status: ways.acceptsRawOnly ? .forbidden : .unauthorized))
      }
      func answer(_ text: String, _ status: HTTP.Status = .ok) {
        let data = Bytes(utf8: text.split(separator: "BASE", omittingEmptySubsequences: false).joined(separator: base))
        exchange.respond(.json(Envelope(data: data).bytes(at: .epoch), status: status))
      }
      switch path {
      case "/versions" where ways.redirects:
        exchange.respond(Response(HTTP.Status(rawValue: 307), headers: ["Location": "/versions/"]))
      case "/versions", "/versions/": answer(ways.versions)
      case "/details/", "/details": answer(ways.details, ways.detailsStatus)
      case "/cred": answer(ways.credentials, ways.credentialsStatus)
      default: exchange.respond(.text("<html>lost</html>", status: .notFound))
      }
    }
  }
}
