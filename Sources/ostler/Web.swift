import Domain
import HTTP
import Wire

/// The way out to services of the web, through the client that guards its addresses.
struct Web: WebLink {
  let http: ClientHandle

  /// Bytes of an answer. OCSP answers and contract certificates are far below it; the revocation list of a large authority
  /// is not, and one that is cut off or refused hides whom it revoked.
  private static let answerBytes = 8 << 20

  func ask(_ request: WebRequest, done: @escaping @MainActor @Sendable (WebAnswer) -> Void) {
    Task {
      let answer = await answer(to: request)
      await MainActor.run { done(answer) }
    }
  }

  private func answer(to request: WebRequest) async -> WebAnswer {
    guard let url = try? HTTPURL(request.url), url.scheme == .http || url.scheme == .https else {
      return .failed("this is no URL of the web")
    }
    var headers: Headers = ["Accept": request.accept]
    if !request.body.isEmpty { headers["Content-Type"] = request.contentType }
    for (name, value) in request.headers { headers[name] = value }
    if let token = request.token { headers["Authorization"] = "Bearer \(token)" }
    var options = ClientOptions(allowPrivate: request.allowsPrivate)
    options.limits.wholeDeadline = .seconds(request.seconds)
    options.limits.bodyBytes = Self.answerBytes
    do {
      let response = try await http.send(
        ClientRequest(request.body.isEmpty ? .get : .post, url, headers: headers, body: request.body), options)
      return .answered(status: Int(response.status.rawValue), body: response.body)
    } catch {
      return .failed("\(error)")
    }
  }
}
