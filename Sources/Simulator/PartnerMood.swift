import Wire

/// How a virtual partner misbehaves, by name: what partners in the field really do.
public enum PartnerMood: String, Word {
  case well
  /// 503 to everything.
  case down
  /// It answers, seconds later.
  case slow
  /// 429, with a Retry-After.
  case busy = "429"
  case failing = "500"
  /// Its answers break off in the middle.
  case halfJSON = "half-json"
  /// Its links to the next page lead nowhere.
  case lyingLinks = "lying-links"
  /// What it shows as its token is encoded twice.
  case wrongBase64 = "wrong-base64"
  /// It sends everything twice.
  case duplicates
  /// It sends everything seconds later, and the first of two last.
  case late
}
