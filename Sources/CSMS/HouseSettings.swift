import Domain

/// How this house is run: what the operator may set, with the defaults that fit most.
public struct HouseSettings: Sendable {
  /// Whether strangers may knock, or hear 404. By default they may on a loopback listener only.
  public enum Strangers: String, Sendable { case knock, refuse, knockOnLoopback = "loopback" }

  public nonisolated var strangers = Strangers.knockOnLoopback
  /// The least security profile that is taken from any station. Where it is not set, stations on other machines must
  /// prove themselves over TLS, and those on this one need not.
  public nonisolated var lowestSecurityProfile: SecurityProfile?
  /// The O that a station's certificate must have: the operator's name.
  public nonisolated var certificateOrganization = "Ostler"
  /// Days for which our authority certifies a station, and how many before the end it is told to ask for the next
  /// certificate; 0 is never.
  public nonisolated var stationCertificateDays = 365
  public nonisolated var certificateRenewalDays = 30
  /// The names under which the stations' door shows a certificate of our own authority; none where it shows another.
  public nonisolated var stationDoorHosts: [String] = []
  /// Seconds for a responder or the provider of contract certificates to answer. Stations wait 30 s and more for us.
  public nonisolated var responderSeconds = 20
  /// Whether responders that certificates name may be on private networks.
  public nonisolated var allowsPrivateResponders = false
  /// Where contract certificates are asked for; nil: nowhere, and stations are told so.
  public nonisolated var contractProviderURL: String?
  public nonisolated var contractProviderToken: String?
  public nonisolated var allowsPrivateContractProvider = false
  /// Where VAT numbers are looked up that drivers type at stations, with `{number}` in its place; nil: nowhere.
  public nonisolated var vatRegisterURL: String?
  public nonisolated var allowsPrivateVATRegister = false
  /// Where drivers find receipts of what stations settled, with `{session}` and `{reference}` in their places; nil: the
  /// stations' terminals make them.
  public nonisolated var receiptURL: String?
  /// Where whoever read the code on a station's display pays, with `{station}` and `{evse}` in their places; nil: they are
  /// led to the EVSE's own page.
  public nonisolated var paymentURL: String?
  /// Seconds between two messages to a station about what one of its sessions costs; 0 is none but its answers.
  public nonisolated var costSeconds = 60
  /// How many requests a partner may make in a minute; above that it is answered 429.
  public nonisolated var partnerRequestsPerMinute = Limits.partnerRequestsPerMinute
  /// Seconds between the heartbeats of an accepted station.
  public nonisolated var heartbeatSeconds = 300
  /// Seconds until a pending station asks again.
  public nonisolated var pendingSeconds = 30
  /// Seconds that a station's answer to a command may take.
  public nonisolated var commandSeconds = 30
  /// Seconds in which the car must come after an accepted remote start.
  public nonisolated var connectionSeconds = 180
  /// Seconds between a lost link and "offline".
  public nonisolated var offlineSeconds = 5
  /// Seconds that stations have to return after a start of the daemon before they count as offline.
  public nonisolated var returnSeconds = 60
  /// Seconds that a partner may take to authorize a token.
  public nonisolated var authorizationSeconds = 8
  /// Seconds between two updates of one running session at its partner.
  public nonisolated var sessionUpdateSeconds = 1
  /// Seconds between two pulls of a partner's list for what changed, and between two of the whole list; 0: never.
  public nonisolated var pullSeconds = 900
  public nonisolated var wholePullSeconds = 86_400
  /// Hours after which firmware or a log of which the station says nothing more has failed.
  public nonisolated var jobHours = 24
  /// Hours that a superseded session waits for its late stop.
  public nonisolated var lateStopHours = 24
  /// Days for which events, finished commands and settled oddments are kept, and for which readings are.
  public nonisolated var eventDays = 90
  public nonisolated var readingDays = 400
  /// Days for which bills and the status history are kept: ten years.
  public nonisolated var billDays = 3_653
  /// Seconds for which a set-up link is good.
  public nonisolated var setupLinkSeconds = 1_800
  /// Vendors whose own messages (DataTransfer) are taken and told as events; others hear that nobody knows them.
  public nonisolated var dataVendors: Set<String> = []
  /// Whether published locations and tariffs are open to everybody, as OCPI and as DATEX II.
  public nonisolated var publishesOpenData = false
  /// What a bill is in where no tariff says it.
  public nonisolated var currency = "EUR"

  public nonisolated init() {}
}
