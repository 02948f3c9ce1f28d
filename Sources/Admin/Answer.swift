import Domain
import HTTP
import Wire

/// What a route answers: a whole response, a page of a list, or a stream that it feeds itself.
enum Answer {
  case response(Response)
  case page([JSON], next: String?)
  case stream(@MainActor (Responder) -> Void)

  /// What an audit says of it; a stream began well.
  var status: Status {
    switch self {
    case .response(let response): response.status
    case .page, .stream: .ok
    }
  }

  /// What a caller gets in one piece; nil of a stream.
  var whole: Response? {
    switch self {
    case .response(let response): return response
    case .page(let items, let next):
      let page: JSON = ["items": .array(items), "next_cursor": next.map { .string(Cursor.text(of: $0)) } ?? .null]
      return .json(page.bytes)
    case .stream: return nil
    }
  }

  static func json(_ json: JSON, status: Status = .ok, etag: ETag? = nil) -> Answer {
    var response = Response.json(json.bytes, status: status)
    if let etag { response.headers["ETag"] = etag.text }
    return .response(response)
  }

  /// A file to keep.
  static func file(_ bytes: Bytes, _ type: String, named name: String) -> Answer {
    let plain = name.map { (letter: Character) -> Character in
      let isPlain = letter.isASCII && (letter.isLetter || letter.isNumber || "-._".contains(letter))
      return isPlain ? letter : "_"
    }
    return .response(
      Response(
        .ok, headers: ["Content-Type": type, "Content-Disposition": "attachment; filename=\"\(String(plain))\""],
        body: bytes))
  }

  static var done: Answer { .response(.empty()) }
}

/// A place in a list, opaque to its reader.
nonisolated enum Cursor {
  static func text(of place: String) -> String { Bytes(utf8: place).base64URL }

  static func place(in text: String) -> String? { Bytes(base64URL: text).flatMap { String(utf8: $0) } }
}

nonisolated extension ETag {
  /// A thing whose every change has a later time.
  init(changed at: Timestamp) { self.init(version: at.milliseconds) }
}

// MARK: - How values are written

nonisolated extension JSON {
  static func text(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }
  static func whole(_ value: some BinaryInteger) -> JSON { .number(JSONNumber(value)) }
  static func whole(_ value: (some BinaryInteger)?) -> JSON { value.map { .number(JSONNumber($0)) } ?? .null }
  static func id<Of>(_ id: ID<Of>) -> JSON { .number(JSONNumber(id.value)) }
  static func id<Of>(_ id: ID<Of>?) -> JSON { id.map { .number(JSONNumber($0.value)) } ?? .null }
  static func time(_ time: Timestamp) -> JSON { .string(time.text) }
  static func time(_ time: Timestamp?) -> JSON { time.map { .string($0.text) } ?? .null }
  static func word(_ word: some RawRepresentable<String>) -> JSON { .string(word.rawValue) }
  static func word(_ word: (some RawRepresentable<String>)?) -> JSON { word.map { .string($0.rawValue) } ?? .null }
  static func list<T>(_ items: some Sequence<T>, _ shape: (T) -> JSON) -> JSON { .array(items.map(shape)) }

  /// In kWh.
  static func energy(_ energy: Energy) -> JSON { .string(energy.kilowattHours.description) }
  static func energy(_ energy: Energy?) -> JSON { energy.map { .energy($0) } ?? .null }
  /// In kW, of W.
  static func power(_ watts: Decimal?) -> JSON {
    watts.map { .string(($0 * Decimal(1, places: 3)).description) } ?? .null
  }
  static func decimal(_ value: Decimal?) -> JSON { value.map { .string($0.description) } ?? .null }

  static func cost(_ price: Price, _ currency: String) -> JSON {
    [
      "currency": .string(currency), "excl_vat": .string(price.beforeTax.decimal.text(places: 2)),
      "incl_vat": .text(price.afterTax?.decimal.text(places: 2)),
    ]
  }
  static func cost(_ price: Price?, _ currency: String) -> JSON { price.map { .cost($0, currency) } ?? .null }

  static func party(_ name: PartyID) -> JSON {
    ["country_code": .string(name.country), "party_id": .string(name.party)]
  }
}
