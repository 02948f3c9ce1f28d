import Domain
import Wire

/// OCPI 2.3.0 with its modules for payments and bookings, and with invoice reconciliation as the second edition of its core
/// has it.
public struct Edition230: ObjectEdition {
  public let version = "2.3.0"
  public let edition = Edition.v230
  public let modules =
    Self.operatorModules + [
      OCPIModule(.payments, .receiver), OCPIModule(.invoiceReconciliation, .sender),
      OCPIModule(.invoiceReconciliation, .receiver), OCPIModule(.bookings, .sender),
    ]
  public let providerModules =
    Self.providerModulesSince22 + [OCPIModule(.invoiceReconciliation, .receiver), OCPIModule(.bookings, .receiver)]
  public let zones: ZoneLibrary

  /// - Parameter zones: the local clocks by which a CDR's tariff is read when it is priced again.
  public init(zones: ZoneLibrary) { self.zones = zones }
}
