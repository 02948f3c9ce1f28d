// Why a station's call gets a CALLERROR, and how each version spells it.

import Domain
import Wire

/// Why a call is answered with a CALLERROR. Everything else is a positive reply.
public enum CallFault: Error, Equatable, Sendable {
  case unknownAction(String)
  /// An action of this version that is not done here (OCPP-J 1.6 §4.2.3, OCPP 2.0.1 part 4 §4.3).
  case unsupportedAction(String)
  /// A payload that cannot be read: the flaw names the field.
  case malformed(Flaw)
  /// A frame that cannot be read, but whose id could be recovered.
  case unreadable(String)
  /// A frame of which not even the id can be read.
  case noCall(String)
  /// The station is rejected, or not accepted yet and was not asked for this (OCPP 1.6 §4.2.1, OCPP 2.0.1 B02.FR.09,
  /// B03.FR.07).
  case notAccepted
  /// The house could not keep what it decided: the station tries again.
  case unavailable(TurnFault)
  /// The house did not answer in time.
  case overdue

  public var code: ErrorCode {
    switch self {
    case .unknownAction: .notImplemented
    case .unsupportedAction: .notSupported
    case .malformed(let flaw): ErrorCode(flaw.kind)
    case .unreadable: .formation
    case .noCall: .framework
    case .notAccepted: .security
    case .unavailable, .overdue: .internalError
    }
  }

  /// For a person: names the field, where there is one.
  public var description: String {
    switch self {
    case .unknownAction(let action): "the action \(action) is not known here"
    case .unsupportedAction(let action): "the action \(action) is not supported here"
    case .malformed(let flaw): flaw.path.isEmpty ? "the payload: \(flaw.detail)" : "\(flaw.path): \(flaw.detail)"
    case .unreadable(let why), .noCall(let why): why
    case .notAccepted: "only BootNotification is heard until the station is accepted"
    case .unavailable(.busy): "too much waits here; try again"
    case .unavailable(.storage): "this could not be stored; try again"
    case .unavailable(.closing): "the service is closing; try again"
    case .overdue: "no answer in time; try again"
    }
  }

  /// The field, for programs.
  public var details: JSON {
    if case .malformed(let flaw) = self, !flaw.path.isEmpty { return ["field": .string(flaw.path)] }
    return [:]
  }
}

/// The codes of the CALLERRORs that we send, by their meaning.
public enum ErrorCode: Sendable, CaseIterable {
  case notImplemented, notSupported, internalError, formation, framework, property, occurrence, type, security

  init(_ kind: Flaw.Kind) {
    switch kind {
    case .missing, .duplicateKey: self = .occurrence
    case .wrongType: self = .type
    case .outOfRange, .forbiddenText: self = .property
    case .malformed: self = .formation
    }
  }

  /// As the edition spells it. The two odd ones of 1.6 are to stay as they are (OCPP-J 1.6 errata §5.1, §5.2).
  public func spelled(in edition: Edition) -> String {
    switch self {
    case .notImplemented: "NotImplemented"
    case .notSupported: "NotSupported"
    case .internalError: "InternalError"
    case .formation: edition <= .v16 ? "FormationViolation" : "FormatViolation"
    case .framework: edition <= .v16 ? "GenericError" : "RpcFrameworkError"
    case .property: "PropertyConstraintViolation"
    case .occurrence: edition <= .v16 ? "OccurenceConstraintViolation" : "OccurrenceConstraintViolation"
    case .type: "TypeConstraintViolation"
    case .security: "SecurityError"
    }
  }
}

extension Edition {
  /// OCPP 1.6.
  public static let v16 = Edition(160)
}
