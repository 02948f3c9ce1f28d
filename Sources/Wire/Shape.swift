// What a payload declares, as a value: for the comparison with the official schemas.

/// The fields of a payload in one edition.
public struct Shape: Sendable, Equatable {
  public struct Field: Sendable, Equatable {
    public var name: String
    public var required: Bool
    public var kind: Kind

    public init(_ name: String, required: Bool, _ kind: Kind) {
      self.name = name
      self.required = required
      self.kind = kind
    }
  }

  public indirect enum Kind: Sendable, Equatable {
    case string(max: Int?)
    case integer(least: Int64?, most: Int64?)
    case boolean
    case decimal(least: Int64?, most: Int64?)
    case timestamp
    case word([String])
    case object(Shape)
    case array(of: Kind, min: Int, max: Int?)
    /// Any JSON value.
    case any
    /// A payload inside itself: its shape is the one around it.
    case again(String)
  }

  public var fields: [Field]

  public init(_ fields: [Field]) { self.fields = fields }

  public subscript(name: String) -> Field? { fields.first { $0.name == name } }
}

extension Payload {
  /// What this payload declares for an edition.
  public static func shape(edition: Edition = .any) -> Shape {
    var outline = Outline(edition: edition)
    guard case .object(let shape) = outline.object(of: Self.self) else {
      preconditionFailure("a payload is an object")
    }
    return shape
  }
}

/// The walker that draws the shape. It visits fresh values, so what a walk declares must not depend on its values.
public struct Outline: Walker {
  public let edition: Edition
  private var fields: [Shape.Field] = []
  /// The payloads that are being drawn, so that one inside itself ends.
  private var open: [ObjectIdentifier] = []

  init(edition: Edition) { self.edition = edition }

  mutating func object<P: Payload>(of type: P.Type) -> Shape.Kind {
    guard !open.contains(ObjectIdentifier(type)) else { return .again("\(type)") }
    let outer = fields
    fields = []
    open.append(ObjectIdentifier(type))
    defer {
      fields = outer
      open.removeLast()
    }
    var value = P()
    do {
      try value.walk(&self)
    } catch {
      preconditionFailure("a walk threw while its shape was drawn: \(error)")
    }
    return .object(Shape(fields))
  }

  private mutating func add<V: WireValue>(_ name: StaticString, _ type: V.Type, required: Bool, _ rule: FieldRule) {
    guard rule.isCarried(by: edition) else { return }
    let kind = V.wireKind(rule, &self)
    fields.append(Shape.Field("\(name)", required: required, kind))
  }

  private mutating func addList<V: WireValue>(
    _ name: StaticString, _ type: V.Type, required: Bool, _ rule: FieldRule
  ) {
    guard rule.isCarried(by: edition) else { return }
    let element = V.wireKind(rule, &self)
    let most = rule.mostElements == .max ? nil : rule.mostElements
    fields.append(Shape.Field("\(name)", required: required, .array(of: element, min: rule.fewest, max: most)))
  }

  public mutating func field<V: WireValue>(_ name: StaticString, _ value: inout V, _ rule: FieldRule) {
    add(name, V.self, required: true, rule)
  }

  public mutating func field<V: WireValue>(_ name: StaticString, _ value: inout V?, _ rule: FieldRule) {
    add(name, V.self, required: rule.isExpected, rule)
  }

  public mutating func list<V: WireValue>(_ name: StaticString, _ values: inout [V], _ rule: FieldRule) {
    addList(name, V.self, required: true, rule)
  }

  public mutating func list<V: WireValue>(_ name: StaticString, _ values: inout [V]?, _ rule: FieldRule) {
    addList(name, V.self, required: false, rule)
  }
}
