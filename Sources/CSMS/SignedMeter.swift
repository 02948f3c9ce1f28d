import Crypto
import Domain
import Store
import Wire

/// What the signatures of a session's readings are worth. It reads books and decides nothing, so lists can ask it on a
/// reader's own queue. A verdict is not kept: a key that becomes known later counts for what is there already.
nonisolated public struct SignedMeter {
  let books: Books

  public init(books: Books) { self.books = books }

  /// A signed reading, and what its signature is worth.
  public struct Judged: Sendable {
    public let kept: KeptSignature
    public let verdict: SignedReading.Verdict
  }

  public func readings(of session: Session) throws(StoreFault) -> [Judged] {
    let key = try books.signedReadings.key(of: session.evse)
    return try books.signedReadings.list(of: session.id, limit: Limits.signaturesShown).map {
      Judged(kept: $0, verdict: Self.verdict(on: $0.signed, knowing: key))
    }
  }

  /// What the CDR carries of them: the first and the last, which are what a bill stands on (OCPI 2.2.1 §10.4.6); nil where
  /// the meter signs nothing.
  func evidence(for session: Session) throws(StoreFault) -> CDR.SignedData? {
    guard let (first, last) = try books.signedReadings.ends(of: session.id) else { return nil }
    var data = CDR.SignedData()
    data.encodingMethod = first.signed.format.isEmpty ? "unknown" : String(first.signed.format.prefix(36))
    data.encodingVersion = OCMF(first.signed.data)?.version.flatMap { Int($0.prefix { $0 != "." }) }
    let key = try books.signedReadings.key(of: session.evse)
    // The field has room for no longer one.
    data.publicKey = (key ?? first.signed.key).flatMap { (1...512).contains($0.count) ? $0 : nil }
    let chosen = last == first ? [first] : [first, last]
    data.values = chosen.enumerated().map { place, kept in
      var value = CDR.SignedValue()
      value.nature =
        switch kept.context {
        case .begin: "Start"
        case .end: "End"
        default: place == 0 ? "Start" : "End"
        }
      let text = kept.signed.data
      value.plain = OCMF(text)?.readings ?? (kept.signed.isBinary ? "" : text)
      value.signed = kept.signed.isBinary ? text : Bytes(utf8: text).base64
      return value
    }
    return data
  }

  /// The key on file counts alone; without one, the key that came along says at least whether the data are whole.
  static func verdict(on reading: SignedReading, knowing key: String?) -> SignedReading.Verdict {
    guard let ocmf = OCMF(reading.data) else { return .unknownFormat }
    if let key {
      guard let key = MeterKey(key) else { return .noKey }
      return ocmf.isSigned(by: key).map { $0 ? .verified : .wrong } ?? .unknownFormat
    }
    guard let key = reading.key.flatMap({ MeterKey($0) }) else { return .noKey }
    return ocmf.isSigned(by: key).map { $0 ? .consistent : .wrong } ?? .unknownFormat
  }
}

extension CSMS {
  /// The public key of an EVSE's meter, from its type plate or the maker's portal; nil forgets it.
  public func setMeterKey(
    _ key: String?, of number: Int, at identity: StationIdentity, by who: String
  ) async throws(Refusal) {
    if let key, MeterKey(key) == nil {
      throw .invalid(field: "key", "a public key as PEM, hex or base64")
    }
    try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      guard
        let evse = try keep({ () throws(StoreFault) in try self.books.stations.evse(station.id, number: number) })
      else { throw .notFound("the station has no EVSE \(number)") }
      try keep { () throws(StoreFault) in
        try self.books.signedReadings.setKey(key, of: evse.id, at: self.now)
        try self.record(.stationChanged(station.id, by: who))
      }
    }
  }
}
