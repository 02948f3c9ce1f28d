import Wire

/// A reading as a meter itself signed it (OCMF and others). Nothing of it is changed: its letters are what was signed.
public struct SignedReading: Payload, Hashable {
  /// Such as `OCMF`; empty where the station does not say.
  public var format = ""
  /// The station's word for the method of signing.
  public var method: String?
  /// The key that came with it, as it came.
  public var key: String?
  /// What the meter signed, with its signature: as text, or in base64 where it is none.
  public var data = ""
  public var isBinary = false

  public init() {}

  public init(format: String, method: String? = nil, key: String? = nil, data: String, isBinary: Bool = false) {
    (self.format, self.method, self.key, self.data) = (format, method, key, data)
    self.isBinary = isBinary
    if format.isEmpty, data.hasPrefix("OCMF|") { self.format = "OCMF" }
    if format.isEmpty, data.hasPrefix("AP;") { self.format = "Alfen" }
  }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("format", &format)
    try w.visit("method", &method)
    try w.visit("key", &key)
    try w.visit("data", &data)
    try w.visit("binary", &isBinary)
  }

  /// What a signature is worth.
  public enum Verdict: String, Word {
    /// The key that is on file for this meter made it.
    case verified
    /// A key that came along made it: the data are whole, and whose they are is the station's word.
    case consistent
    /// Another key made it, or somebody changed the data.
    case wrong
    /// No key is known.
    case noKey = "no_key"
    /// A format, or a method, that is not understood here.
    case unknownFormat = "unknown_format"
  }
}
