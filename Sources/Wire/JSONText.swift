// JSON as text, for what is kept word for word and seldom read.

/// A JSON value as the text that somebody sent, but for the space between its parts. It is checked, and becomes a tree
/// only where somebody asks: evidence is written a thousand times for each time that it is read.
public struct JSONText: Sendable, Equatable {
  /// UTF-8.
  public let bytes: [UInt8]

  public static let null = JSONText(JSON.null)

  /// A part of a document that is indexed already.
  public init(_ element: JSONTape.Element) { bytes = compact(element.raw) }

  public init(_ json: JSON) { bytes = json.bytes }

  /// Text that was kept before.
  public init(parsing bytes: [UInt8]) throws(JSONFault) { self.init(try JSONTape(bytes).root) }

  public var text: String { String(decoding: bytes, as: UTF8.self) }

  public var json: JSON { document.json }

  /// The last member of that name; nil when there is none or this is no object.
  public subscript(name: StaticString) -> JSONTape.Element? { document[name] }

  private var document: JSONTape.Element {
    do { return try JSONTape(bytes).root } catch { preconditionFailure("it was checked before it was kept: \(error)") }
  }
}

extension JSONText: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
  public init(arrayLiteral elements: JSON...) { self.init(.array(elements)) }
  public init(dictionaryLiteral elements: (String, JSON)...) {
    self.init(.object(JSONObject(elements.map { JSONObject.Member($0.0, $0.1) })))
  }
}

/// A checked document without the space between its parts.
private func compact(_ document: ArraySlice<UInt8>) -> [UInt8] {
  document.withUnsafeBufferPointer { document in
    [UInt8](unsafeUninitializedCapacity: document.count) { text, count in
      var isInString = false
      var isEscaped = false
      for byte in document {
        if isInString {
          if isEscaped {
            isEscaped = false
          } else if byte == UInt8(ascii: "\\") {
            isEscaped = true
          } else if byte == UInt8(ascii: "\"") {
            isInString = false
          }
        } else if byte <= 0x20 {
          continue
        } else if byte == UInt8(ascii: "\"") {
          isInString = true
        }
        text[count] = byte
        count += 1
      }
    }
  }
}
