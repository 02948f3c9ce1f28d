import Wire

/// One step of a registration, for the person who watches it: what was asked and answered, and where it failed, what to
/// change before it is tried again. Tokens are blanked out.
public struct HandshakeStep: Sendable, Equatable {
  /// `versions`, `details`, `credentials`, `registered`, `unregister`.
  public var name: String
  public var ok: Bool
  public var detail: String
  /// Method and address, with the body where there is one.
  public var request: String?
  /// The status, with the body.
  public var answer: String?
  /// What to change, where it failed.
  public var advice: String?

  public init(
    _ name: String, ok: Bool, _ detail: String, request: String? = nil, answer: String? = nil, advice: String? = nil
  ) {
    (self.name, self.ok, self.detail) = (name, ok, detail)
    (self.request, self.answer, self.advice) = (request, answer, advice)
  }
}
