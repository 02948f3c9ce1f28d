// OCPP 2.x block C, Authorization: who may charge.

import Domain
import Wire

// MARK: - Authorize (C01 to C17)

extension V2 {
  /// May this token charge? With Plug & Charge it brings the contract certificate, or hashes of its chain.
  public struct Authorize: Message {
    public static let action = "Authorize"
    public var idToken = IdToken(), certificate: String?, iso15118CertificateHashData: [OCSPRequestData]?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("idToken", &idToken)
      try w.visit("certificate", &certificate, max: w.limit(5500, v21: 10000))
      try w.visit("iso15118CertificateHashData", &iso15118CertificateHashData, count: 1...4)
    }

    public struct Reply: Payload {
      public enum CertificateStatus: String, Word {
        case accepted = "Accepted", signatureError = "SignatureError", certificateExpired = "CertificateExpired"
        case certificateRevoked = "CertificateRevoked", noCertificateAvailable = "NoCertificateAvailable"
        case certChainError = "CertChainError", contractCancelled = "ContractCancelled"
      }

      public var idTokenInfo = IdTokenInfo(), certificateStatus: CertificateStatus?
      public var allowedEnergyTransfer: [Loose<EnergyTransferMode>]?
      public var tariff: Tariff?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("idTokenInfo", &idTokenInfo)
        try w.visit("certificateStatus", &certificateStatus)
        try w.visit("allowedEnergyTransfer", &allowedEnergyTransfer, count: 1..., since: .v21)
        try w.visit("tariff", &tariff, since: .v21)
      }
    }
  }
}

extension V2.Authorize {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    let received = call.received
    guard !call.message.hasCertificate else {
      return try station.authorize(call.message.contract).map { Reply($0, at: received) }
    }
    return try station.authorize(PresentedToken(call.idToken)).map { authorization in
      var reply = Reply()
      reply.idTokenInfo = V2.IdTokenInfo(authorization, at: received)
      reply.allowedEnergyTransfer = authorization.transferWords
      reply.tariff = authorization.tariffForDriver
      return reply
    }
  }
}

extension Authorization {
  /// It holds from now on, so nothing is said of when (I08.FR.09). What a station could not reckon is left out; the price
  /// is that of the bill all the same.
  var tariffForDriver: V2.Tariff? {
    var mine = tariff.flatMap { try? V2.Tariff($0) }
    mine?.validFrom = nil
    return mine
  }

  /// How the vehicle may exchange energy, where its token says that; nothing is said else (Q01.FR.01, Q01.FR.08).
  var transferWords: [Loose<V2.EnergyTransferMode>]? { transfers?.map { .known(V2.EnergyTransferMode($0)) } }
}

extension V2.IdTokenInfo {
  /// - Parameter now: when a station forgets what holds only once (C17.FR.01).
  init(_ authorization: Authorization, at now: Timestamp) {
    switch authorization.verdict {
    case .accepted: status = .accepted
    case .blocked: status = .blocked
    case .expired: status = .expired
    case .invalid: status = .invalid
    case .concurrent: status = .concurrentTx
    case .noCredit: status = .noCredit
    case .notHere: status = .notAtThisLocation
    case .wrongKind: status = .notAllowedTypeEVSE
    }
    evseId = authorization.evses
    cacheExpiryDateTime = authorization.holdsOnce ? now : authorization.validUntil
    chargingPriority = authorization.priority
    // A longer tag than a station can hold is no language that it knows.
    language1 = authorization.language.flatMap { $0.utf8.count <= 8 ? $0 : nil }
    groupIdToken = authorization.groupID.flatMap { V2.IdToken(group: $0) }
    personalMessage = authorization.message.map { V2.MessageContent($0) }
  }
}

extension V2.MessageContent {
  init(_ message: DriverMessage) {
    language = message.language.flatMap { $0.utf8.count <= 8 ? $0 : nil }
    content = message.text
  }
}

// MARK: - Tokens in the house's words

extension PresentedToken {
  init(_ token: V2.IdToken) {
    self.init(
      token.idToken, Self.means(token.type.text),
      additional: (token.additionalInfo ?? []).map { Additional(text: $0.additionalIdToken, kind: $0.type) })
  }

  /// 2.1 opened the list of kinds (appendix, IdTokenEnumStringType).
  private static let kinds: [(word: String, means: Means)] = [
    ("Central", .central), ("DirectPayment", .directPayment), ("eMAID", .emaid), ("EVCCID", .evccid),
    ("ISO14443", .iso14443), ("ISO15693", .iso15693), ("KeyCode", .keyCode), ("Local", .local),
    ("MacAddress", .macAddress), ("NoAuthorization", .nobody), ("VIN", .vin),
  ]

  private static func means(_ word: String) -> Means {
    let folded = word.ciFolded
    return kinds.first { $0.word.ciFolded == folded }?.means ?? .other
  }

  var word: String { Self.kinds.first { $0.means == means }?.word ?? "Central" }
}

extension V2.IdToken {
  /// The name of a group. One that no station can hold is left out: cut, it could name another group.
  init?(group: String) {
    guard group.unicodeScalars.count <= 36 else { return nil }
    idToken = group
    type = .known(.central)
  }

  /// What a station is told of whom it starts for: the token itself where it can hold it, else what stands for it.
  init(_ start: RemoteStart, _ edition: Edition) {
    let longest = edition < .v21 ? 36 : 255
    guard let token = start.token, !token.uid.isEmpty, token.uid.unicodeScalars.count <= longest else {
      idToken = start.tag
      type = .known(.central)
      return
    }
    idToken = token.uid
    let open = OpenWord<Kind>(token.word)
    // What 2.0.1 has no word for travels as an id of ours.
    type = edition < .v21 && open.word == nil ? .known(.central) : open
  }
}

// MARK: - ClearCache (C11)

extension V2 {
  /// The station forgets whom it let charge before.
  public struct ClearCache: Message {
    public static let action = "ClearCache"

    public init() {}
    public mutating func walk(_ w: inout some Walker) throws(Flaw) {}

    public typealias Reply = YesOrNo
  }
}
