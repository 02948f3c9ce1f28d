import Domain
import HTTP
import Wire

/// Makes one request to a partner: header fields, the address guard, the other form of the token where the first is
/// refused, and both sides of it in the conversation log.
struct PartnerClient: Sendable {
  let http: ClientHandle
  let log: ConversationLog
  let clock: Clock
  let learned = LearnedForms()

  struct Call: Sendable {
    var method: HTTP.Method
    var url: String
    var body: Bytes = []
    var module: String
    var partner: Partner
    /// Which credentials token to show.
    var token: String
    /// Nil for configuration modules, and for versions without routing.
    var routing: Routing?
    /// For the whole request.
    var seconds: Int
  }

  func send(_ call: Call) async throws(PartnerCallFault) -> PartnerReply {
    let url: HTTPURL
    do throws(HTTPURL.Flaw) { url = try HTTPURL(call.url) } catch { throw .badURL(call.url.excerpt) }
    guard url.scheme == .http || url.scheme == .https else { throw .badURL(call.url.excerpt) }
    let forms = call.partner.quirks.forms(
      remembered: await learned[call.partner.id], version: call.partner.quirks.version ?? call.partner.version)
    let first = try await send(call, to: url, forms[0])
    guard forms.count > 1, first.isUnrecognized else { return first }
    let second = try await send(call, to: url, forms[1])
    guard second.isRecognized else { return first }
    await remember(forms[1], for: call.partner.id)
    return second
  }

  @MainActor private func remember(_ form: PartnerQuirks.TokenForm, for partner: ID<Partner>) {
    learned[partner] = form
  }

  private func send(
    _ call: Call, to url: HTTPURL, _ form: PartnerQuirks.TokenForm
  ) async throws(PartnerCallFault) -> PartnerReply {
    let ids = MessageIDs(at: clock.now())
    var headers: Headers = ["Authorization": TokenHeader.value(call.token, form), "Accept": "application/json"]
    if !call.body.isEmpty { headers["Content-Type"] = "application/json" }
    ids.write(to: &headers)
    call.routing?.write(to: &headers)
    var options = ClientOptions(allowPrivate: call.partner.quirks.allowPrivate ?? false)
    options.limits.wholeDeadline = .seconds(call.seconds)
    options.limits.bodyBytes = Limits.answerBytes
    log.note(
      .sent, peer: call.partner.name, module: call.module, ids: ids, line: "\(call.method.rawValue) \(url)",
      headers: headers, body: call.body)
    let begin = Instant.now()
    do throws(ClientFault) {
      let response = try await http.send(ClientRequest(call.method, url, headers: headers, body: call.body), options)
      let reply = PartnerReply(
        status: response.status, headers: response.headers, body: response.body, url: response.url, form: form,
        milliseconds: Int((Instant.now() - begin).wholeMilliseconds), receivedAt: clock.now())
      log.note(
        .received, peer: call.partner.name, module: call.module, ids: ids, line: "\(response.status.rawValue)",
        headers: response.headers, body: response.body, isError: !reply.isSuccess)
      return reply
    } catch {
      log.note(
        .received, peer: call.partner.name, module: call.module, ids: ids, line: "(no answer: \(error))", body: [],
        isError: true)
      throw .http(error)
    }
  }
}

/// A partner's answer with all that decides what it means.
public struct PartnerReply: Sendable {
  public let status: HTTP.Status
  public let headers: Headers
  public let body: Bytes
  public let url: HTTPURL
  let form: PartnerQuirks.TokenForm
  public let milliseconds: Int
  let receivedAt: Timestamp?
  public let answer: PartnerAnswer

  init(
    status: HTTP.Status, headers: Headers = Headers(), body: Bytes, url: HTTPURL,
    form: PartnerQuirks.TokenForm = .base64,
    milliseconds: Int = 0, receivedAt: Timestamp? = nil
  ) {
    (self.status, self.headers, self.body, self.url) = (status, headers, body, url)
    (self.form, self.milliseconds, self.receivedAt) = (form, milliseconds, receivedAt)
    answer = PartnerAnswer(body)
  }

  /// HTTP 2xx with an OCPI 1xxx.
  public var isSuccess: Bool {
    guard status.isSuccess, case .envelope(let code, _, _) = answer else { return false }
    return code.isSuccess
  }

  /// The partner does not know our token, in this form at least. Some answer 403 to the form that they do not expect.
  var isUnrecognized: Bool { status == .unauthorized || status == .forbidden }

  /// The partner knew who asked. A fault of its own shows nothing: some stumble over a token in the other form (HTTP 500,
  /// or 200 with a 3000), and that form must not be taken for the right one.
  var isRecognized: Bool {
    guard !isUnrecognized, status.rawValue < 500 else { return false }
    guard case .envelope(let code, _, _) = answer else { return true }
    return code.isSuccess || code.isClientError
  }

  /// Such as `HTTP 404, an HTML page`.
  public var summary: String { "HTTP \(status.rawValue), \(answer.summary)" }

  /// Seconds that the partner wants us to wait, also where it names the moment (RFC 9110 §10.2.3): by its own clock, if
  /// it says what that shows.
  var retryAfter: Int? {
    guard let text = headers["Retry-After"] else { return nil }
    let now = headers["Date"].flatMap { Timestamp(httpDate: $0) } ?? receivedAt
    let until = Timestamp(httpDate: text).flatMap { until in now.map { until.seconds(since: $0) } }
    return (Int64(text) ?? until).map { Int(min(max($0, 0), Int64(Limits.retryAfterSeconds))) }
  }
}

/// Why there is no answer at all.
public enum PartnerCallFault: Error, Equatable, Sendable, CustomStringConvertible {
  case badURL(String)
  case http(ClientFault)

  public var description: String {
    switch self {
    case .badURL(let text): "\(text) is no http or https address"
    case .http(let fault): fault.description
    }
  }
}
