import Wire

/// What is asked of a station about a person: what it knows, and that it forgets it (OCPP 2.0.1 N09, N10).
public struct CustomerCommand: Sendable, Equatable {
  /// Who it is about: one of the three.
  public enum Person: Sendable, Equatable {
    case token(uid: String, kind: String?)
    /// A name or number that the operator and the station agree on.
    case identifier(String)
    case certificate(JSON)
  }

  /// Comes back with each part of the report.
  public var id: Int64
  public var person: Person
  public var isTold: Bool
  public var isForgotten: Bool

  public init(id: Int64, person: Person, isTold: Bool, isForgotten: Bool) {
    (self.id, self.person, self.isTold, self.isForgotten) = (id, person, isTold, isForgotten)
  }

  public var verb: String { "customer-information" }

  public var detail: JSON {
    let uid: String? = if case .token(let uid, _) = person { uid } else { nil }
    return [
      "request": .number(JSONNumber(id)), "report": .bool(isTold), "clear": .bool(isForgotten), "token": .maybe(uid),
    ]
  }
}

/// What a station tells of a person.
@MainActor
public protocol CustomerReports {
  func report(customer text: String, in part: ReportPart) throws(TurnFault)
}
