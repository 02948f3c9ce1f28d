import Crypto
import Domain
import Store
import Wire

// Paying by phone without being anybody's driver (OCPP 2.1 C24, C25): the QR code on a station's display, and the start
// for somebody whose payment a provider has made sure of.

extension CSMS {
  /// Lets a station show QR codes with one-time passwords of a fresh secret.
  /// - Parameter url: the address in them, with `{chargingstationid}`, `{evse}`, `{totp}` and `{version}` in their places.
  /// - Parameter seconds: how long each is shown.
  public func showPaymentCodes(
    at identity: StationIdentity, url: String, seconds: Int, length: Int, by who: String
  ) async throws(Refusal) -> CommandRecord {
    let code = PaymentCode(secret: Secret.make(bytes: 24), seconds: seconds, length: length)
    let values = [
      ("URLTemplate", url), ("TOTPVersion", "v1"), ("ValidityTime", "\(seconds)"), ("Length", "\(length)"),
      ("SharedSecret", code.secret), ("Enabled", "true"),
    ]
    return try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      let controllers = try keep { () throws(StoreFault) in try self.paymentControllers(of: station.id) }
      let settings = controllers.flatMap { evse in
        values.map { name, value in
          SettingsCommand.Setting(
            SettingName(component: Self.paymentController, evse: evse, variable: name), value: value)
        }
      }
      let record = try self.issue(.settings(.set(settings)), to: station.id, by: who)
      try keep { () throws(StoreFault) in try self.books.paymentCodes.create(code, for: station.id, by: record.id) }
      return record
    }
  }

  private static let paymentController = "WebPaymentsCtrlr"

  /// Where codes are set up: in one place for the whole station, which is nil, or at each EVSE, as its device model tells
  /// (C25). All of them make their passwords of one secret, because a password proves only that its reader stands there.
  private func paymentControllers(of station: ID<Station>) throws(StoreFault) -> [Int?] {
    let wanted = Self.paymentController.ciFolded
    let told = try books.device.list(of: station, text: "SharedSecret", limit: Limits.evsesPerStation).map(\.value)
      .filter { $0.attribute == .actual && $0.name.component?.ciFolded == wanted && $0.name.connector == nil }
    return told.isEmpty ? [nil] : told.map(\.name.evse)
  }

  /// How the command that brought a secret ended.
  func paymentCodesAnswered(_ command: CommandRecord, _ outcome: CommandOutcome) throws(StoreFault) {
    // One that says no may have taken the secret before it came to what it did not like.
    if outcome.isYes { try books.paymentCodes.taken(by: command.id) }
  }

  /// Somebody read the code of an EVSE: the station hears that they are paying, once for each code.
  /// - Returns: the code of the EVSE's label, where its driver's page is; nil where the password is not that of now.
  public func scanned(
    _ password: String, at identity: StationIdentity, evse number: Int
  ) async throws(Refusal) -> String? {
    let now = now
    let found = try await read { books throws(StoreFault) -> (evse: EVSE, since: Int64)? in
      guard let station = try books.stations.station(identity), station.registration == .accepted,
        let since = try books.paymentCodes.codes(of: station.id).compactMap({
          $0.since(password, at: now.milliseconds / 1_000)
        }).max(),
        let evse = try books.stations.evses(of: station.id).first(where: { $0.number == number })
      else { return nil }
      return (evse, since)
    }
    guard let (evse, since) = found else { return nil }
    // Who read two codes cannot have the station told of them again and again.
    if scannedCodes[evse.id].map({ $0 < since }) ?? true {
      scannedCodes[evse.id] = since
      let notice = TariffCommand.webPayment(evse: number, seconds: Limits.webPaymentSeconds)
      // It need not hear of it (C25.FR.21).
      _ = try? await command(.tariff(notice), to: identity, by: "house")
    }
    if let label = try await codes(of: identity)?.first(where: { $0.evse == number }) { return label.code }
    return try await makeCodes(of: identity, fresh: false, by: "house").first { $0.evse == number }?.code
  }

  /// Starts a session for whoever paid, under the provider's own number of the payment (C24.FR.01, C25.FR.23).
  /// - Parameter limit: what the payment is good for (C24.FR.02).
  public func startSession(
    at identity: StationIdentity, evse number: Int?, paidBy reference: String, limit: SessionLimit?, by who: String
  ) async throws(Refusal) -> CommandRecord {
    guard (1...Limits.paymentReference).contains(reference.unicodeScalars.count) else {
      throw .invalid(field: "payment", "1 to \(Limits.paymentReference) characters")
    }
    if let flaw = limit?.flaw { throw .invalid(field: "limit", flaw) }
    return try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      let evse = try self.evseToStart(number, at: station)
      // A provider may tell of one payment twice.
      guard try keep({ () throws(StoreFault) in try !self.books.sessions.waitsOrRuns(paidBy: reference) }) else {
        throw .conflict("the payment \(reference) has a session already")
      }
      let shown = PresentedToken(reference, .directPayment)
      var holder = try keep { () throws(StoreFault) in try self.holderOfStranger(shown) }
      holder.method = .command
      let record = try self.remoteStart(holder, at: station, evse: evse, shown: shown, by: who, respondTo: nil)
      try keep { () throws(StoreFault) in try self.limitStarted(by: record, to: limit, by: who) }
      return record
    }
  }
}
