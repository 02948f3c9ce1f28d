// OCPP 2.1 block C, Authorization: payment at the station.

import Domain
import Wire

// MARK: - NotifySettlement (C21, C22)

extension V2 {
  /// A payment terminal settled a session, or could not.
  public struct NotifySettlement: Message {
    public static let action = "NotifySettlement"
    public static let since = Edition.v21

    public enum Status: String, Word {
      case settled = "Settled", canceled = "Canceled", rejected = "Rejected", failed = "Failed"
    }

    public var transactionId: String?, pspRef = "", status = Loose<Status>.known(.rejected), statusInfo: String?
    public var settlementAmount = Decimal.zero, settlementTime = Timestamp.epoch, receiptId: String?
    public var receiptUrl: String?, vatCompany: Address?, vatNumber: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("transactionId", &transactionId, max: 36)
      try w.visit("pspRef", &pspRef, max: 255)
      try w.visit("status", &status)
      try w.visit("statusInfo", &statusInfo, max: 500)
      try w.visit("settlementAmount", &settlementAmount)
      try w.visit("settlementTime", &settlementTime)
      try w.visit("receiptId", &receiptId, max: 50)
      try w.visit("receiptUrl", &receiptUrl, max: 2000)
      try w.visit("vatCompany", &vatCompany)
      try w.visit("vatNumber", &vatNumber, max: 20)
    }

    public struct Reply: Payload {
      public var receiptUrl: String?, receiptId: String?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("receiptUrl", &receiptUrl, max: 2000)
        try w.visit("receiptId", &receiptId, max: 50)
      }
    }
  }

  /// Where an invoice goes.
  public struct Address: Payload {
    public var name = "", address1 = "", address2: String?, city = "", postalCode: String?, country = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("name", &name, max: 50)
      try w.visit("address1", &address1, max: 100)
      try w.visit("address2", &address2, max: 100)
      try w.visit("city", &city, max: 100)
      try w.visit("postalCode", &postalCode, max: 20)
      try w.visit("country", &country, max: 50)
    }
  }
}

// MARK: - NotifyWebPaymentStarted (C25)

extension V2 {
  /// Somebody scanned the QR code of an EVSE and is paying: the station waits so long.
  public struct NotifyWebPaymentStarted: Message {
    public static let action = "NotifyWebPaymentStarted"
    public static let since = Edition.v21
    public var evseId = 0, timeout = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("evseId", &evseId, 0...)
      try w.visit("timeout", &timeout)
    }

    public typealias Reply = Nothing
  }
}

// MARK: - VatNumberValidation

extension V2 {
  /// Is this a VAT number, and whose?
  public struct VatNumberValidation: Message {
    public static let action = "VatNumberValidation"
    public static let since = Edition.v21
    public var vatNumber = "", evseId: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("vatNumber", &vatNumber, max: 20)
      try w.visit("evseId", &evseId, 0...)
    }

    public struct Reply: Payload {
      public var company: Address?, statusInfo: StatusInfo?, vatNumber = "", evseId: Int?
      public var status = Loose<GenericStatus>.known(.rejected)

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("company", &company)
        try w.visit("statusInfo", &statusInfo)
        try w.visit("vatNumber", &vatNumber, max: 20)
        try w.visit("evseId", &evseId, 0...)
        try w.visit("status", &status)
      }
    }
  }
}

// MARK: - What they mean to the house

extension V2 {
  static let paymentRoutes = [NotifySettlement.route, VatNumberValidation.route]
}

extension V2.NotifySettlement {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    let state: Settlement.State =
      switch call.status.word {
      case .settled: .settled
      case .canceled: .canceled
      case .rejected: .rejected
      case .failed, nil: .failed
      }
    var reply = Reply()
    let receipt = try station.paid(
      Settlement(
        transaction: call.transactionId, reference: call.pspRef, state: state, amount: call.settlementAmount,
        at: call.plausible(call.settlementTime) ?? call.received, receiptURL: call.receiptUrl, note: call.statusInfo))
    // Where the terminal made one, that is the receipt (C21.FR.04).
    reply.receiptUrl = call.receiptUrl == nil ? receipt : nil
    return .reply(reply)
  }
}

extension V2.VatNumberValidation {
  /// Whoever keeps the register decides.
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    try station.company(ofVATNumber: call.vatNumber).map { answer in
      var reply = Reply()
      (reply.vatNumber, reply.evseId) = (call.vatNumber, call.evseId)
      switch answer {
      case .valid(let company):
        reply.status = .known(.accepted)
        reply.company = V2.Address(company)
      case .invalid: break
      case .unknown(let why): reply.statusInfo = V2.StatusInfo("NotSupported", why)
      }
      return reply
    }
  }
}

extension V2.Address {
  /// Nil where the register tells too little of it.
  init?(_ company: VATAnswer.Company) {
    guard !company.name.isEmpty, !company.address.isEmpty, !company.city.isEmpty else { return nil }
    self.init()
    func cut(_ text: String, _ most: Int) -> String { String(text.unicodeScalars.prefix(most)) }
    (name, address1) = (cut(company.name, 50), cut(company.address, 100))
    (city, country) = (cut(company.city, 100), cut(company.country, 50))
    postalCode = company.postalCode.map { cut($0, 20) }
  }
}
