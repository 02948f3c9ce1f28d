/// Writing a payload as compact JSON, strictly as it is declared.
public struct WriterOptions: Sendable, Equatable {
  /// How fine time stamps are written; some stations and partners cannot read a fraction.
  public var timestampFraction: Timestamp.Fraction
  /// Optional fields without a value as null instead of leaving them out; some partners want every key.
  public var explicitNulls: Bool

  public init(timestampFraction: Timestamp.Fraction = .milliseconds, explicitNulls: Bool = false) {
    self.timestampFraction = timestampFraction
    self.explicitNulls = explicitNulls
  }
}

extension Payload {
  /// Compact JSON. What the declaration limits is the caller's duty: a long text is written whole unless declared
  /// `cut`.
  @inlinable public func encoded(edition: Edition = .any, options: WriterOptions = WriterOptions()) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(256)
    encode(into: &out, edition: edition, options: options)
    return out
  }

  /// Appends the compact JSON to bytes that may hold the start of a frame already.
  @inlinable public func encode(
    into out: inout [UInt8], edition: Edition = .any, options: WriterOptions = WriterOptions()
  ) {
    var writer = Writer(edition: edition, options: options)
    swap(&writer.out, &out)
    writer.object(self)
    swap(&writer.out, &out)
  }

  /// The payload as a tree.
  public var json: JSON { json() }

  public func json(edition: Edition = .any, options: WriterOptions = WriterOptions()) -> JSON {
    do {
      return try JSON.parse(encoded(edition: edition, options: options))
    } catch {
      preconditionFailure("a payload was written that is not within the limits of JSON: \(error)")
    }
  }
}

/// The walker that appends a payload to bytes.
public struct Writer: Walker {
  public let edition: Edition
  public let options: WriterOptions
  @usableFromInline var out: [UInt8] = []

  @usableFromInline init(edition: Edition, options: WriterOptions) {
    self.edition = edition
    self.options = options
  }

  @inlinable public mutating func field<V: WireValue>(_ name: StaticString, _ value: inout V, _ rule: FieldRule) {
    guard rule.isCarried(by: edition) else { return }
    key(name)
    value.wireWrite(rule, &self)
  }

  @inlinable public mutating func field<V: WireValue>(_ name: StaticString, _ value: inout V?, _ rule: FieldRule) {
    guard rule.isCarried(by: edition) else { return }
    guard let value else { return absent(name) }
    key(name)
    value.wireWrite(rule, &self)
  }

  @inlinable public mutating func list<V: WireValue>(_ name: StaticString, _ values: inout [V], _ rule: FieldRule) {
    guard rule.isCarried(by: edition) else { return }
    key(name)
    array(values, rule)
  }

  @inlinable public mutating func list<V: WireValue>(_ name: StaticString, _ values: inout [V]?, _ rule: FieldRule) {
    guard rule.isCarried(by: edition) else { return }
    guard let values else { return absent(name) }
    key(name)
    array(values, rule)
  }

  @inlinable mutating func object<P: Payload>(_ value: P) {
    var value = value
    out.append(UInt8(ascii: "{"))
    do {
      try value.walk(&self)
    } catch {
      preconditionFailure("a walk threw while it was written: \(error)")
    }
    out.append(UInt8(ascii: "}"))
  }

  @inlinable mutating func array<V: WireValue>(_ values: [V], _ rule: FieldRule) {
    out.append(UInt8(ascii: "["))
    for place in values.indices {
      if place > 0 { out.append(UInt8(ascii: ",")) }
      values[place].wireWrite(rule, &self)
    }
    out.append(UInt8(ascii: "]"))
  }

  @usableFromInline mutating func key(_ name: StaticString) {
    if out.last != UInt8(ascii: "{") { out.append(UInt8(ascii: ",")) }
    out.append(UInt8(ascii: "\""))
    out.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    out.append(UInt8(ascii: "\""))
    out.append(UInt8(ascii: ":"))
  }

  @usableFromInline mutating func absent(_ name: StaticString) {
    guard options.explicitNulls else { return }
    key(name)
    literal("null")
  }

  mutating func literal(_ text: StaticString) {
    out.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
}
