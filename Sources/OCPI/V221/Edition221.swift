import Domain
import Wire

/// OCPI 2.2.1 (second edition, with its corrections of 2026).
public struct Edition221: ObjectEdition {
  public let version = "2.2.1"
  public let edition = Edition.v221
  public let modules = Self.operatorModules
  public let providerModules = Self.providerModulesSince22
  public let zones: ZoneLibrary

  /// - Parameter zones: the local clocks by which a CDR's tariff is read when it is priced again.
  public init(zones: ZoneLibrary) { self.zones = zones }
}
