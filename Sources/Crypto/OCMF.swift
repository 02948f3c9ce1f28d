// OCMF (Open Charge Metering Format 1.x): a meter's readings with its signature, in one line of text.
import CSystem
import Wire

/// `OCMF|{readings}|{signature}`, taken apart and otherwise untouched.
public struct OCMF: Sendable, Equatable {
  /// The readings as they were signed, to the letter.
  public let readings: String
  /// Such as `ECDSA-secp256r1-SHA256`.
  public let method: String
  let signature: Bytes

  public init?(_ text: String) {
    let text = Substring(text).drop { $0 == " " || $0 == "\n" || $0 == "\r" }
    guard text.hasPrefix("OCMF|"), let end = text.lastRange(of: "|{") else { return nil }
    let start = text.index(text.startIndex, offsetBy: 5)
    guard start < end else { return nil }
    readings = String(text[start..<end])
    let tail = text[text.index(after: end)...]
    guard let object = try? JSON.parse(String(tail)), let data = object["SD"]?.string,
      (try? JSON.parse(readings))?.object != nil
    else { return nil }
    method = object["SA"]?.string ?? "ECDSA-secp256r1-SHA256"
    let read = object["SE"]?.string?.ciFolded == "base64" ? Bytes(base64: data) : Bytes(hex: data)
    guard let read else { return nil }
    signature = read
  }

  /// The version of the format that the meter's gateway names.
  public var version: String? { (try? JSON.parse(readings))?["FV"]?.string }

  /// Whether the owner of that key signed these readings; nil where this method is not known here.
  public func isSigned(by key: MeterKey) -> Bool? {
    guard let (curve, digest) = Self.parts(of: method), let key = key.publicKey(on: curve) else { return nil }
    return key.verify(signature, of: Bytes(utf8: readings), digest)
  }

  /// `ECDSA-<curve>-<digest>`; curves in OpenSSL's names.
  private static func parts(of method: String) -> (curve: String, HashAlgorithm)? {
    let parts = method.split(separator: "-").map { String($0).ciFolded }
    guard parts.count == 3, parts[0] == "ecdsa" else { return nil }
    let digest: HashAlgorithm
    switch parts[2] {
    case "sha256": digest = .sha256
    case "sha384": digest = .sha384
    case "sha512": digest = .sha512
    default: return nil
    }
    switch parts[1] {
    case "secp192r1": return ("prime192v1", digest)
    case "secp256r1": return ("prime256v1", digest)
    case "secp192k1", "secp256k1", "secp384r1", "secp521r1": return (parts[1], digest)
    case "brainpool256r1", "brainpoolp256r1": return ("brainpoolP256r1", digest)
    case "brainpool384r1", "brainpoolp384r1": return ("brainpoolP384r1", digest)
    default: return nil
    }
  }
}

/// A meter's public key in whatever way it was told: PEM, or the bytes of a SubjectPublicKeyInfo or of a bare point, as
/// hex or base64.
public struct MeterKey: Sendable, Equatable {
  private let bytes: Bytes

  public init?(_ text: String) {
    let plain = text.filter { !$0.isWhitespace }
    let read = PEM.blocks("PUBLIC KEY", in: text).first ?? Bytes(hex: plain) ?? Bytes(base64: plain)
    guard let read, (33...Limits.meterKeyBytes).contains(read.count) else { return nil }
    // OCPP 2.0.1 wants the text of the key in base64 once more (part 2 §2.44).
    if let inner = String(utf8: read), inner != text, let key = MeterKey(inner) { self = key } else { bytes = read }
  }

  /// Nil where it is no key on that curve.
  func publicKey(on curve: String) -> PublicKey? {
    if let whole = try? PublicKey(der: bytes) { return whole }
    return point(on: curve)
  }

  /// An uncompressed or compressed point alone, with the words around it that say on which curve it lies.
  private func point(on curve: String) -> PublicKey? {
    defer { ERR_clear_error() }
    guard bytes.first.map({ (2...4).contains($0) }) ?? false, let name = OBJ_txt2obj(curve, 0) else { return nil }
    defer { ASN1_OBJECT_free(name) }
    let ecPublicKey: Bytes = [0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]
    let kind = DER.sequence(ecPublicKey, encoded { i2d_ASN1_OBJECT(name, $0) })
    // No bits of the last byte are unused.
    return try? PublicKey(der: DER.sequence(kind, DER.element(0x03, [0] + bytes)))
  }
}

extension Substring {
  /// Where a text stands for the last time.
  fileprivate func lastRange(of text: String) -> Index? {
    var found: Index?
    var rest = self[...]
    while let range = rest.firstRange(of: text) {
      found = range.lowerBound
      rest = self[range.upperBound...]
    }
    return found
  }
}
