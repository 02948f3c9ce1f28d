import Domain
import Store
import Wire

// Money that was taken at a station: the operator finds it beside the session. And VAT numbers for the invoices.

extension CSMS {
  /// The address of the receipt, where the operator makes them (OCPP 2.1 C21.FR.03).
  func paid(_ settlement: Settlement, at station: ID<Station>) throws(StoreFault) -> String? {
    let kept = try settlement.transaction.flatMap { name throws(StoreFault) in
      try books.transactions.transaction(name, of: station)
    }
    try record(.paymentSettled(station, session: kept?.session, settlement))
    guard settlement.state == .settled, let pattern = settings.receiptURL, let session = kept?.session else {
      return nil
    }
    let url = pattern.replacing("{session}", with: session.percentEncoded)
      .replacing("{reference}", with: settlement.reference.percentEncoded)
    return url.utf8.count <= Limits.receiptURL ? url : nil
  }

  /// Asks the register that the operator named: a GET of its URL with the number in the place of `{number}`, or behind it.
  func company(ofVATNumber number: String) -> Eventually<VATAnswer> {
    guard let base = settings.vatRegisterURL else {
      return .now(.unknown("no register of VAT numbers is set up (vat_register_url)"))
    }
    guard (2...20).contains(number.utf8.count), number.utf8.allSatisfy(Self.isOfVATNumber) else {
      return .now(.invalid)
    }
    guard let webLink, waitingQuestions < Limits.waitingQuestions else {
      return .now(.unknown("too many questions wait for the register of VAT numbers"))
    }
    let url = base.contains("{number}") ? base.replacing("{number}", with: number) : base + number
    let request = WebRequest(
      url: url, accept: "application/json", allowsPrivate: settings.allowsPrivateVATRegister,
      seconds: settings.responderSeconds)
    let ticket = Ticket<VATAnswer>()
    afterCommit {
      self.waitingQuestions += 1
      webLink.ask(request) { answer in
        self.waitingQuestions -= 1
        ticket.redeem(VATAnswer(answer, about: number))
      }
    }
    return .later(ticket)
  }

  /// Letters and digits, and what some countries write between them.
  private static func isOfVATNumber(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "+"),
      UInt8(ascii: "*"):
      true
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "."): true
    default: false
    }
  }
}

extension VATAnswer {
  /// What a register answered, in the words of the European one (VIES) or as the README describes it.
  init(_ answer: WebAnswer, about number: String) {
    switch answer {
    case .failed(let why): self = .unknown("the register of VAT numbers: \(why)")
    case .answered(404, _): self = .invalid
    case .answered(let status, let body):
      let json = (try? JSON.parse(body)) ?? .null
      guard status == 200, let isValid = (json["valid"] ?? json["isValid"])?.bool else {
        self = .unknown("the register of VAT numbers answered \(status)")
        return
      }
      guard isValid else {
        self = .invalid
        return
      }
      // VIES tells name and address as one text with lines.
      let lines = (json["address"]?.string ?? "").split(whereSeparator: \.isNewline).map { String($0) }
      self = .valid(
        Company(
          name: json["name"]?.string ?? "", address: lines.first ?? "", postalCode: json["postal_code"]?.string,
          city: json["city"]?.string ?? lines.dropFirst().joined(separator: " "),
          country: json["country"]?.string ?? json["countryCode"]?.string ?? String(number.prefix(2))))
    }
  }
}

extension StationDesk {
  func paid(_ settlement: Settlement) throws(TurnFault) -> String? {
    try served { house, station throws(StoreFault) in try house.paid(settlement, at: station) } ?? nil
  }

  func company(ofVATNumber number: String) throws(TurnFault) -> Eventually<VATAnswer> {
    guard station != nil else { return .now(.unknown("the station is not accepted yet")) }
    return house.company(ofVATNumber: number)
  }
}
