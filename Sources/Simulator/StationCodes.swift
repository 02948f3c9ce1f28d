import Crypto
import Wire

// The code on a station's display by which somebody pays who is nobody's driver (OCPP 2.1 C25): a new one for each interval.

extension StationModel {
  /// Until when the codes of now are shown; nil where none is.
  func codesEnd(after now: Moment) -> Timestamp? {
    code.map { Timestamp(seconds: ($0.interval(at: now) + 1) * Int64($0.seconds)) }
  }

  mutating func lookAtCodes(_ now: Moment) {
    guard let code else {
      duties.codesShown = nil
      return
    }
    let interval = code.interval(at: now)
    guard interval != duties.codesShown else { return }
    duties.codesShown = interval
    for outlet in outlets {
      let words = [
        "chargingstationid": profile.identity, "evse": String(outlet.number), "totp": code.text(in: interval),
        "version": setting("TOTPVersion") ?? "v1",
      ]
      var url = setting("URLTemplate") ?? ""
      for (name, word) in words { url.replace("{\(name)}", with: word) }
      tell(.code(connector: outlet.number, url: url))
    }
  }

  /// What the house set it up for; nil unless that is whole.
  private var code: PaymentCode? {
    guard !duties.values.isEmpty, setting("Enabled") == "true", let secret = setting("SharedSecret"),
      let seconds = setting("ValidityTime").flatMap({ Int($0) }), Limits.codeSeconds.contains(seconds),
      let length = setting("Length").flatMap({ Int($0) }), Limits.codeLength.contains(length)
    else { return nil }
    return PaymentCode(secret: secret, seconds: seconds, length: length)
  }

  private func setting(_ name: String) -> String? { duties.values["WebPaymentsCtrlr.\(name)[]"] }
}

extension PaymentCode {
  fileprivate func interval(at now: Moment) -> Int64 { now.time.milliseconds / 1_000 / Int64(seconds) }
}
