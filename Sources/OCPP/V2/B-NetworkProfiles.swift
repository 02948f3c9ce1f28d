// OCPP 2.x block B, Provisioning: where and how a station connects.

import Wire

// MARK: - SetNetworkProfile (B09)

extension V2 {
  /// A way to connect, put into one of the station's slots; `OCPPCommCtrlr.NetworkConfigurationPriority` says which
  /// slots
  /// are tried.
  public struct SetNetworkProfile: Message {
    public static let action = "SetNetworkProfile"
    public var configurationSlot = 0, connectionData = NetworkConnectionProfile()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("configurationSlot", &configurationSlot)
      try w.visit("connectionData", &connectionData)
    }

    public enum Status: String, Answering { case accepted = "Accepted", rejected = "Rejected", failed = "Failed" }

    public typealias Reply = Answer<Status>
  }

  /// A way for the station to call in.
  public struct NetworkConnectionProfile: Payload {
    public enum Version: String, Word {
      case ocpp12 = "OCPP12", ocpp15 = "OCPP15", ocpp16 = "OCPP16", ocpp20 = "OCPP20", ocpp201 = "OCPP201"
      case ocpp21 = "OCPP21"

      public var since: Edition {
        switch self {
        case .ocpp201, .ocpp21: .v21
        default: .first
        }
      }
    }
    public enum Transport: String, Word { case json = "JSON", soap = "SOAP" }
    public enum Interface: String, Word {
      case wired0 = "Wired0", wired1 = "Wired1", wired2 = "Wired2", wired3 = "Wired3", wireless0 = "Wireless0"
      case wireless1 = "Wireless1", wireless2 = "Wireless2", wireless3 = "Wireless3", `any` = "Any"

      public var since: Edition {
        self == .`any` ? .v21 : .first
      }
    }

    public var apn: APN?
    /// 2.1 ignores it: the version is agreed on when connecting.
    public var ocppVersion: Version?
    public var ocppTransport = Transport.json
    /// Without the identity of the station.
    public var ocppCsmsUrl = ""
    /// Seconds.
    public var messageTimeout = 0
    public var securityProfile = 0, ocppInterface = Interface.wired0, vpn: VPN?, identity: String?
    public var basicAuthPassword: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("apn", &apn)
      try w.visit("ocppVersion", &ocppVersion, expected: w.edition < .v21)
      try w.visit("ocppTransport", &ocppTransport)
      try w.visit("ocppCsmsUrl", &ocppCsmsUrl, max: w.limit(512, v21: 2000))
      try w.visit("messageTimeout", &messageTimeout)
      try w.visit("securityProfile", &securityProfile, w.natural)
      try w.visit("ocppInterface", &ocppInterface)
      try w.visit("vpn", &vpn)
      try w.visit("identity", &identity, max: 48, since: .v21)
      try w.visit("basicAuthPassword", &basicAuthPassword, max: 64, since: .v21)
    }
  }

  /// Of a mobile network.
  public struct APN: Payload {
    public enum ApnAuthentication: String, Word { case chap = "CHAP", none = "NONE", pap = "PAP", auto = "AUTO" }

    public var apn = "", apnUserName: String?, apnPassword: String?, simPin: Int?, preferredNetwork: String?
    public var useOnlyPreferredNetwork: Bool?, apnAuthentication = ApnAuthentication.auto

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("apn", &apn, max: w.limit(512, v21: 2000))
      try w.visit("apnUserName", &apnUserName, max: w.limit(20, v21: 50))
      try w.visit("apnPassword", &apnPassword, max: w.limit(20, v21: 64))
      try w.visit("simPin", &simPin)
      try w.visit("preferredNetwork", &preferredNetwork, max: 6)
      try w.visit("useOnlyPreferredNetwork", &useOnlyPreferredNetwork)
      try w.visit("apnAuthentication", &apnAuthentication)
    }
  }

  /// The tunnel through which it goes.
  public struct VPN: Payload {
    public enum Kind: String, Word { case ikev2 = "IKEv2", ipsec = "IPSec", l2TP = "L2TP", pptp = "PPTP" }

    public var server = "", user = "", group: String?, password = "", key = "", type = Kind.ikev2

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("server", &server, max: w.limit(512, v21: 2000))
      try w.visit("user", &user, max: w.limit(20, v21: 50))
      try w.visit("group", &group, max: w.limit(20, v21: 50))
      try w.visit("password", &password, max: w.limit(20, v21: 64))
      try w.visit("key", &key, max: 255)
      try w.visit("type", &type)
    }
  }
}
