import Wire

/// What a driver shows at a station, and by which means (OCPP 2.0.1 C, IdTokenType). OCPP 1.6 tells the text alone.
public struct PresentedToken: Sendable, Equatable {
  public enum Means: String, Word {
    /// A station of OCPP 1.6 does not say.
    case unsaid
    case iso14443, iso15693
    /// A PIN that was typed (C04). It is a secret.
    case keyCode = "key_code"
    /// Made by a central system: ours, or an app's (C05).
    case central
    /// The contract of a vehicle that charges by plug and charge (C07).
    case emaid
    /// The vehicle's hardware address: Autocharge.
    case macAddress = "mac_address"
    case evccid, vin
    /// Made by the station itself, such as a parking ticket's number (C06).
    case local
    /// A start button: nobody is asked (C02).
    case nobody = "no_authorization"
    /// A payment terminal at the station made sure of the money (OCPP 2.1 C18).
    case directPayment = "direct_payment"
    /// A means that we do not know; its word was noted as an oddity.
    case other
  }

  public var uid: String
  public var means: Means
  /// More about the same driver, such as a card's visual number, each with the kind that the station gave it.
  public var additional: [Additional]

  public struct Additional: Sendable, Equatable {
    public var text: String
    public var kind: String

    public init(text: String, kind: String) { (self.text, self.kind) = (text, kind) }
  }

  public init(_ uid: String, _ means: Means = .unsaid, additional: [Additional] = []) {
    (self.uid, self.means, self.additional) = (uid, means, additional)
  }

  /// What a token of the books is shown as when we ask a station to start for it.
  public init(of token: TokenReference) {
    let means: Means =
      switch token.kind {
      case .rfid: .iso14443
      case .appUser, .adHocUser, .other: .central
      case .keyCode: .keyCode
      case .emaid: .emaid
      case .macAddress: .macAddress
      case .evccid: .evccid
      case .vin: .vin
      }
    self.init(token.uid, means)
  }

  /// Whether a token of that kind can be meant: what was typed is never a card, and a vehicle's address no app user.
  public func canBe(_ kind: Token.Kind) -> Bool {
    switch means {
    case .unsaid: true
    case .keyCode: kind == .keyCode
    case .macAddress: kind == .macAddress || kind == .other
    case .emaid: kind == .emaid || kind == .other || kind == .appUser || kind == .rfid
    case .evccid: kind == .evccid
    case .vin: kind == .vin
    case .iso14443, .iso15693, .central, .local, .other:
      kind == .rfid || kind == .appUser || kind == .adHocUser || kind == .other
    case .nobody, .directPayment: false
    }
  }

  /// The spellings under which the books may hold it, folded as `Token.fold` does: addresses are written with colons,
  /// with hyphens or bare, contract ids with and without hyphens (ISO 15118-2 annex H).
  public var foldedUIDs: [String] {
    let plain = Token.fold(uid)
    switch means {
    case .unsaid:
      // Autocharge over OCPP 1.6: the station writes `VID:` before the address.
      guard plain.hasPrefix("vid:") else { return [plain] }
      return [plain] + Self.spellings(of: String(plain.dropFirst(4)))
    case .macAddress, .evccid: return Self.spellings(of: plain)
    case .emaid, .vin:
      let bare = plain.filter { $0 != "-" }
      return bare == plain ? [plain] : [plain, bare]
    case .iso14443, .iso15693, .keyCode, .central, .local, .nobody, .directPayment, .other: return [plain]
    }
  }

  private static func spellings(of address: String) -> [String] {
    let bare = Array(address.filter { $0 != ":" && $0 != "-" })
    guard bare.count.isMultiple(of: 2), !bare.isEmpty else { return [address] }
    let pairs = stride(from: 0, to: bare.count, by: 2).map { String(bare[$0...$0 + 1]) }
    var all = [address]
    for one in [pairs.joined(), pairs.joined(separator: ":"), pairs.joined(separator: "-")] where !all.contains(one) {
      all.append(one)
    }
    return all
  }

  /// Under which kind the books name a driver whom nobody knows.
  public var kind: Token.Kind {
    switch means {
    case .iso14443, .iso15693: .rfid
    case .keyCode: .keyCode
    case .emaid: .emaid
    case .macAddress: .macAddress
    case .evccid: .evccid
    case .vin: .vin
    case .directPayment: .adHocUser
    case .unsaid, .central, .local, .nobody, .other: .other
    }
  }
}
