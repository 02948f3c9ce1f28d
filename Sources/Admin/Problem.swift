import HTTP
import Wire

/// Why a request is not done, as the caller gets it: RFC 9457, one word for programs and a sentence for people.
nonisolated struct Problem: Error, Equatable {
  enum Kind: String, CaseIterable {
    case malformed, invalid, unauthenticated, forbidden, csrf
    case wrongOrigin = "wrong-origin", setupRequired = "setup-required", setupLinkGone = "setup-link-gone"
    case secondFactor = "second-factor", tooManyAttempts = "too-many-attempts", insecurePage = "insecure-page",
      unknownHost = "unknown-host"
    case notFound = "not-found", methodNotAllowed = "method-not-allowed", conflict, stale
    case idempotencyMismatch = "idempotency-mismatch", idempotencyInProgress = "idempotency-in-progress"
    case unsupportedMediaType = "unsupported-media-type", unavailable, `internal`
    case callError = "call-error", callTimeout = "call-timeout", disconnected
  }

  var kind: Kind
  var detail: String
  /// The field that is wrong.
  var field: String?
  /// The station's own CALLERROR: `code`, `description`, `details`.
  var callError: JSON?
  /// Further fields of the answer's head, such as Retry-After.
  var headers = Headers()

  init(_ kind: Kind, _ detail: String, field: String? = nil) {
    (self.kind, self.detail, self.field) = (kind, detail, field)
  }

  static func invalid(_ field: String, _ detail: String) -> Problem { Problem(.invalid, detail, field: field) }

  /// Somebody who guesses waits.
  init(tooManyFor seconds: Int) {
    self.init(.tooManyAttempts, "try again in \(seconds) s")
    headers["Retry-After"] = "\(seconds)"
  }

  /// What a household's refusal is at this door.
  init(_ refusal: HouseRefusal) {
    switch refusal {
    case .notFound(let what): self.init(.notFound, what)
    case .conflict(let what): self.init(refusal == .changedMeanwhile ? .stale : .conflict, what)
    case .invalid(let field, let what): self.init(.invalid, what, field: field)
    case .unavailable(let why):
      self.init(.unavailable, "nothing was kept, try again: \(why)")
      headers["Retry-After"] = "1"
    }
  }

  var status: Status {
    switch kind {
    case .malformed: .badRequest
    case .invalid, .idempotencyMismatch: .unprocessable
    case .unauthenticated, .secondFactor: .unauthorized
    case .forbidden, .csrf, .wrongOrigin, .setupRequired, .insecurePage: .forbidden
    case .setupLinkGone: .gone
    case .tooManyAttempts: .tooManyRequests
    case .notFound: .notFound
    case .methodNotAllowed: .methodNotAllowed
    case .conflict, .idempotencyInProgress: .conflict
    case .stale: .preconditionFailed
    case .unsupportedMediaType: .unsupportedMediaType
    case .unknownHost: Status(rawValue: 421)
    case .unavailable: .unavailable
    case .internal: .internalError
    case .callError, .disconnected: Status(rawValue: 502)
    case .callTimeout: Status(rawValue: 504)
    }
  }

  private var title: String {
    switch kind {
    case .malformed: "The request is not well formed."
    case .invalid: "A field is wrong."
    case .unauthenticated: "Log in first."
    case .forbidden: "Your role does not allow this."
    case .csrf: "The CSRF token is missing or wrong."
    case .wrongOrigin: "The request comes from another site."
    case .setupRequired: "Nobody can log in yet."
    case .setupLinkGone: "The set-up link is no longer good."
    case .secondFactor: "A code is wanted."
    case .tooManyAttempts: "Too many failed logins."
    case .insecurePage: "This door is not encrypted."
    case .unknownHost: "This name is not ours."
    case .notFound: "There is no such thing."
    case .methodNotAllowed: "This path does not know that method."
    case .conflict: "The state of things does not allow this."
    case .stale: "Somebody else changed it."
    case .idempotencyMismatch: "The Idempotency-Key was used for another request."
    case .idempotencyInProgress: "A request with this Idempotency-Key is under way."
    case .unsupportedMediaType: "The body must be JSON."
    case .unavailable: "The house cannot decide this now."
    case .internal: "Something is wrong inside."
    case .callError: "The station answered with an error."
    case .callTimeout: "The station did not answer in time."
    case .disconnected: "The connection ended before the station answered."
    }
  }

  var json: JSON {
    var json: JSON = [
      "type": .string("urn:ostler:problem:\(kind.rawValue)"), "title": .string(title),
      "status": .number(JSONNumber(status.rawValue)), "detail": .string(detail),
    ]
    if let field { json["field"] = .string(field) }
    for member in callError?.object?.members ?? [] { json[member.key] = member.value }
    return json
  }

  var response: Response {
    var response = Response(status, headers: headers, body: json.bytes)
    response.headers["Content-Type"] = "application/problem+json"
    return response
  }
}
