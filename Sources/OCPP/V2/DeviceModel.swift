// OCPP 2.x: where in a station something is: its EVSEs, components and variables.

import Wire

// MARK: - Places

extension V2 {
  /// An EVSE of a station, or one of its connectors. Number 0 is the station itself.
  public struct EVSE: Payload {
    public var id = 0, connectorId: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("id", &id, w.natural)
      try w.visit("connectorId", &connectorId, w.natural)
    }
  }

  /// A part of a station. Letter case of names does not count.
  public struct Component: Payload {
    public var evse: EVSE?, name = "", instance: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("evse", &evse)
      try w.visit("name", &name, max: 50)
      try w.visit("instance", &instance, max: 50)
    }
  }

  /// Something about a component that can be read, and perhaps set.
  public struct Variable: Payload {
    public var name = "", instance: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("name", &name, max: 50)
      try w.visit("instance", &instance, max: 50)
    }
  }

  /// A variable, or with none of them, all of a component.
  public struct ComponentVariable: Payload {
    public var component = Component(), variable: Variable?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("component", &component)
      try w.visit("variable", &variable)
    }
  }

  /// Which of the four values of a variable is meant; `Actual` where none is named.
  public enum AttributeKind: String, Word {
    case actual = "Actual", target = "Target", minSet = "MinSet", maxSet = "MaxSet"
  }
}
