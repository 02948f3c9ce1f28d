// OCPP 2.x block O, Display Message.

import Domain
import Wire

// MARK: - SetDisplayMessage (O01, O02, O06)

extension V2 {
  /// Shows a message, or replaces the one of the same id.
  public struct SetDisplayMessage: Message {
    public static let action = "SetDisplayMessage"
    public var message = MessageInfo()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("message", &message) }

    public enum Status: String, Answering {
      case accepted = "Accepted", notSupportedMessageFormat = "NotSupportedMessageFormat", rejected = "Rejected"
      case notSupportedPriority = "NotSupportedPriority", notSupportedState = "NotSupportedState"
      case unknownTransaction = "UnknownTransaction", languageNotSupported = "LanguageNotSupported"

      public var since: Edition {
        self == .languageNotSupported ? .v21 : .first
      }
    }

    public typealias Reply = Answer<Status>
  }

  /// A message on a display, and when it is shown.
  public struct MessageInfo: Payload {
    /// Which of several displays.
    public var display: Component?
    public var id = 0, priority = Loose<MessagePriority>.known(.normalCycle), state: Loose<MessageState>?
    public var startDateTime: Timestamp?, endDateTime: Timestamp?
    /// The message goes when the session does.
    public var transactionId: String?
    public var message = MessageContent()
    /// The same in further languages.
    public var messageExtra: [MessageContent]?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("display", &display)
      try w.visit("id", &id, w.natural)
      try w.visit("priority", &priority)
      try w.visit("state", &state)
      try w.visit("startDateTime", &startDateTime)
      try w.visit("endDateTime", &endDateTime)
      try w.visit("transactionId", &transactionId, max: 36)
      try w.visit("message", &message)
      try w.visit("messageExtra", &messageExtra, count: 1...4, since: .v21)
    }
  }

  public enum MessagePriority: String, Word {
    case alwaysFront = "AlwaysFront", inFront = "InFront", normalCycle = "NormalCycle"
  }

  public enum MessageState: String, Word {
    case charging = "Charging", faulted = "Faulted", idle = "Idle", unavailable = "Unavailable"
    case suspended = "Suspended", discharging = "Discharging"

    public var since: Edition {
      switch self {
      case .suspended, .discharging: .v21
      default: .first
      }
    }
  }
}

// MARK: - GetDisplayMessages, NotifyDisplayMessages (O03, O04)

extension V2 {
  /// Which messages the station has; they come as NotifyDisplayMessages.
  public struct GetDisplayMessages: Message {
    public static let action = "GetDisplayMessages"
    public var id: [Int]?
    public var requestId = 0, priority: Loose<MessagePriority>?, state: Loose<MessageState>?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("id", &id, w.natural, count: 1...)
      try w.visit("requestId", &requestId)
      try w.visit("priority", &priority)
      try w.visit("state", &state)
    }

    public enum Status: String, Answering { case accepted = "Accepted", unknown = "Unknown" }

    public typealias Reply = Answer<Status>
  }

  /// A part of the messages that were asked for.
  public struct NotifyDisplayMessages: Message {
    public static let action = "NotifyDisplayMessages"
    public var messageInfo: [MessageInfo]?
    public var requestId = 0, tbc: Bool?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("messageInfo", &messageInfo, count: 1...)
      try w.visit("requestId", &requestId)
      try w.visit("tbc", &tbc)
    }

    public typealias Reply = Nothing
  }
}

// MARK: - ClearDisplayMessage (O05)

extension V2 {
  /// Takes back a message.
  public struct ClearDisplayMessage: Message {
    public static let action = "ClearDisplayMessage"
    public var id = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("id", &id, w.natural) }

    public enum Status: String, Answering {
      case accepted = "Accepted", unknown = "Unknown", rejected = "Rejected"

      public var since: Edition {
        self == .rejected ? .v21 : .first
      }
    }

    public typealias Reply = Answer<Status>
  }
}

// MARK: - What the house asks, and what stations tell

extension V2 {
  static func request(_ command: DisplayCommand, _ edition: Edition) throws(Unspeakable) -> CommandRequest {
    switch command {
    case .show(let message):
      var call = SetDisplayMessage()
      call.message = try MessageInfo(message, edition)
      return try CommandRequest(call, edition)
    case .clear(let number):
      var call = ClearDisplayMessage()
      call.id = number
      return try CommandRequest(call, edition)
    case .report(let id, let numbers, let priority, let moment):
      var call = GetDisplayMessages()
      call.requestId = Int(id)
      call.id = numbers.isEmpty ? nil : numbers
      call.priority = priority.map { .known(MessagePriority($0)) }
      call.state = moment.map { .known(MessageState($0)) }
      return try CommandRequest(call, edition)
    }
  }
}

extension V2.NotifyDisplayMessages {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    let messages = (call.messageInfo ?? []).map(\.plain)
    try station.report(messages, in: ReportPart(request: Int64(call.requestId), number: nil, isLast: call.tbc != true))
    return .reply(Reply())
  }
}

extension V2.MessageInfo {
  fileprivate init(_ message: DisplayMessage, _ edition: Edition) throws(Unspeakable) {
    self.init()
    guard edition >= .v21 || message.translations.isEmpty else {
      throw Unspeakable("OCPP 2.0.1 shows a message in one language")
    }
    display = message.display.map { V2.Component($0) }
    id = message.number
    priority = .known(V2.MessagePriority(message.priority))
    state = message.moment.map { .known(V2.MessageState($0)) }
    (startDateTime, endDateTime, transactionId) = (message.from, message.to, message.transaction)
    self.message = V2.MessageContent(message.text)
    messageExtra = message.translations.isEmpty ? nil : message.translations.map { V2.MessageContent($0) }
  }

  fileprivate var plain: DisplayMessage {
    var plain = DisplayMessage(number: id, text: message.plain)
    plain.translations = (messageExtra ?? []).map(\.plain)
    plain.priority = priority.word?.plain ?? .inTurn
    plain.moment = state?.word?.plain
    (plain.from, plain.to, plain.transaction) = (startDateTime, endDateTime, transactionId)
    plain.display = display.map { SettingName($0, nil) }
    return plain
  }
}

extension V2.MessageContent {
  init(_ text: DisplayMessage.Text) {
    self.init()
    (content, language) = (text.text, text.language)
    switch text.format {
    case .ascii: format = .known(.ascii)
    case .html: format = .known(.html)
    case .uri: format = .known(.uri)
    case .utf8: format = .known(.utf8)
    case .qrCode: format = .known(.qrCode)
    }
  }

  fileprivate var plain: DisplayMessage.Text {
    let format: DisplayMessage.Format =
      switch self.format.word {
      case .ascii: .ascii
      case .html: .html
      case .uri: .uri
      case .utf8, nil: .utf8
      case .qrCode: .qrCode
      }
    return DisplayMessage.Text(content, format: format, language: language)
  }
}

extension V2.MessagePriority {
  fileprivate init(_ priority: DisplayMessage.Priority) {
    switch priority {
    case .alone: self = .alwaysFront
    case .first: self = .inFront
    case .inTurn: self = .normalCycle
    }
  }

  fileprivate var plain: DisplayMessage.Priority {
    switch self {
    case .alwaysFront: .alone
    case .inFront: .first
    case .normalCycle: .inTurn
    }
  }
}

extension V2.MessageState {
  fileprivate init(_ moment: DisplayMessage.Moment) {
    switch moment {
    case .charging: self = .charging
    case .faulted: self = .faulted
    case .idle: self = .idle
    case .unavailable: self = .unavailable
    case .suspended: self = .suspended
    case .discharging: self = .discharging
    }
  }

  fileprivate var plain: DisplayMessage.Moment {
    switch self {
    case .charging: .charging
    case .faulted: .faulted
    case .idle: .idle
    case .unavailable: .unavailable
    case .suspended: .suspended
    case .discharging: .discharging
    }
  }
}
