import Wire

/// A message on a station's display, and when it is shown.
public struct DisplayMessage: Sendable, Equatable {
  public enum Priority: String, Word {
    /// Nothing else is shown.
    case alone = "always_front"
    case first = "in_front"
    /// In turn with the others.
    case inTurn = "normal"
  }
  public enum Moment: String, Word { case charging, faulted, idle, unavailable, suspended, discharging }
  public enum Format: String, Word { case ascii, html, uri, utf8, qrCode = "qr_code" }

  public struct Text: Sendable, Equatable {
    public var text: String
    public var format: Format
    /// RFC 5646.
    public var language: String?

    public init(_ text: String, format: Format = .utf8, language: String? = nil) {
      (self.text, self.format, self.language) = (text, format, language)
    }
  }

  public var number: Int
  public var priority = Priority.inTurn
  /// Always where there is none.
  public var moment: Moment?
  public var from: Timestamp?
  public var to: Timestamp?
  /// It goes when that session does.
  public var transaction: String?
  /// Which of several displays.
  public var display: SettingName?
  public var text: Text
  /// The same in further languages (2.1).
  public var translations: [Text] = []

  public init(number: Int, text: Text) { (self.number, self.text) = (number, text) }
}

/// What a station tells of its display.
@MainActor
public protocol DisplayReports {
  func report(_ messages: [DisplayMessage], in part: ReportPart) throws(TurnFault)
}

/// What is asked of a station about its display.
public enum DisplayCommand: Sendable, Equatable {
  case show(DisplayMessage)
  case clear(Int)
  /// Those with these numbers, or all; `id` comes back with each part.
  case report(id: Int64, [Int], priority: DisplayMessage.Priority?, moment: DisplayMessage.Moment?)

  public var verb: String {
    switch self {
    case .show: "show-message"
    case .clear: "clear-message"
    case .report: "list-messages"
    }
  }

  public var detail: JSON {
    switch self {
    case .show(let message):
      [
        "message": .number(JSONNumber(message.number)), "text": .string(message.text.text),
        "priority": .string(message.priority.rawValue),
      ]
    case .clear(let number): ["message": .number(JSONNumber(number))]
    case .report(let id, let numbers, let priority, let moment):
      [
        "request": .number(JSONNumber(id)), "messages": .array(numbers.map { .number(JSONNumber($0)) }),
        "priority": .maybe(priority?.rawValue), "moment": .maybe(moment?.rawValue),
      ]
    }
  }
}
