// OCPP 2.x block P, Data Transfer: what vendors agree among themselves.

import Domain
import Wire

// MARK: - DataTransfer (P01, P02)

extension V2 {
  /// Both ways.
  public struct DataTransfer: Message {
    public static let action = "DataTransfer"
    public var messageId: String?, data: JSON?, vendorId = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("messageId", &messageId, max: 50)
      try w.visit("data", &data)
      try w.visit("vendorId", &vendorId, max: 255)
    }

    public struct Reply: Verdict {
      public enum Status: String, Answering {
        case accepted = "Accepted", rejected = "Rejected", unknownMessageId = "UnknownMessageId"
        case unknownVendorId = "UnknownVendorId"
      }

      public var status = Loose<Status>.known(.rejected), statusInfo: StatusInfo?, data: JSON?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("status", &status)
        try w.visit("statusInfo", &statusInfo)
        try w.visit("data", &data)
      }

      public var refusal: String? { status.refusal }
    }
  }
}

extension V2.DataTransfer {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    var reply = Reply()
    switch try station.transfer(vendor: call.vendorId, message: call.messageId, data: call.data) {
    case .accepted(let data):
      reply.status = .known(.accepted)
      reply.data = data.map { .string($0) }
    case .rejected: reply.status = .known(.rejected)
    case .unknownVendor: reply.status = .known(.unknownVendorId)
    case .unknownMessage: reply.status = .known(.unknownMessageId)
    }
    return .reply(reply)
  }
}

extension V2 {
  static func transferData(
    vendor: String, message: String?, data: String?, _ edition: Edition
  ) throws(Unspeakable) -> CommandRequest {
    var call = DataTransfer()
    call.vendorId = vendor
    call.messageId = message
    call.data = data.map { .string($0) }
    return try CommandRequest(call, edition)
  }
}
