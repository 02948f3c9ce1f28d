// OCPP 2.x: the replies that many messages share.

import Wire

extension V2 {
  /// The reply of the calls that are accepted or refused with a word, and perhaps a reason.
  public struct Answer<Status: Answering>: Verdict {
    public var status = Loose<Status>.other(""), statusInfo: StatusInfo?

    public init() {}

    public init(_ status: Status, _ statusInfo: StatusInfo? = nil) {
      self.status = .known(status)
      self.statusInfo = statusInfo
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("status", &status)
      try w.visit("statusInfo", &statusInfo)
    }

    public var refusal: String? { status.refusal }
  }

  /// Accepted or rejected, and nothing else.
  public typealias YesOrNo = Answer<GenericStatus>

  public enum GenericStatus: String, Answering { case accepted = "Accepted", rejected = "Rejected" }

  /// The words of an answer; some of them are a yes.
  public protocol Answering: Word {
    var isYes: Bool { get }
  }

  /// Why an answer is what it is.
  public struct StatusInfo: Payload {
    /// A word of the appendix of reason codes, or the vendor's own.
    public var reasonCode = "", additionalInfo: String?

    public init() {}

    public init(_ reasonCode: String, _ additionalInfo: String? = nil) {
      (self.reasonCode, self.additionalInfo) = (reasonCode, additionalInfo)
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("reasonCode", &reasonCode, max: 20)
      try w.visit("additionalInfo", &additionalInfo, max: w.limit(512, v21: 1024), cut: true)
    }
  }

  /// The reply of the calls that are only acknowledged.
  public struct Nothing: Verdict {
    public init() {}
    public mutating func walk(_ w: inout some Walker) throws(Flaw) {}
    public var refusal: String? { nil }
  }
}

extension V2.Answering {
  public var isYes: Bool { rawValue == "Accepted" }
}

extension Loose where W: V2.Answering {
  /// The station's word where it says no; nil is a yes.
  var refusal: String? { word?.isYes == true ? nil : text }
}
