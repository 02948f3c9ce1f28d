import CSystem
import Glibc
import Wire

/// The books of the house, open for writing: the one writer, owned by the household. Reads that need not be part of a
/// turn go to `readers`.
public final class Store {
  public let books: Books
  public let readers: Readers
  private let folder: String
  /// Where the certificate authorities of the house lie.
  public let authorities: AuthorityFolder
  private var isLockedOut = false

  /// Opens the books of a folder, made where there are none, and brings them to the newest schema.
  /// - Parameter onDiskFailure: hears of a disk that failed once the books are open, whoever was reading or writing, on
  ///   the thread on which it happened. What was not answered by then must not be, so it does best to end the process.
  /// - Throws: `.corrupt` and `.newer` as `Migrations` says; the daemon then does not start.
  public convenience init(
    folder: String, onDiskFailure: @escaping @Sendable (StoreFault) -> Void = { _ in }
  ) throws(StoreFault) {
    try self.init(folder: folder, migrations: .house, onDiskFailure: onDiskFailure)
  }

  init(
    folder: String, migrations: Migrations, readTime: Duration = Limits.readTime,
    onDiskFailure: @escaping @Sendable (StoreFault) -> Void = { _ in }
  ) throws(StoreFault) {
    mkdir(folder, 0o700)
    self.folder = folder
    authorities = AuthorityFolder(data: folder)
    let file = Self.file(in: folder)
    books = Books(db: try migrations.open(file, isDurable: true))
    readers = try Readers(file: file, time: readTime, onDiskFailure: onDiskFailure)
    books.db.onDiskFailure = onDiskFailure
  }

  /// Where the books of a folder lie.
  public nonisolated static func file(in folder: String) -> String { folder + "/ostler.db" }

  /// Where a file of the house's own lies, in a folder that is made for the first.
  public func path(ofFile id: String) -> String {
    // A folder that is new is on disk only when the one above it is.
    if mkdir(folder + "/files", 0o700) == 0 { try? Backup.sync(folderOf: folder + "/files") }
    return "\(folder)/files/\(id)"
  }

  /// What the disk of the books has; nil where the system does not say.
  public var space: DiskSpace? {
    var space = statvfs()
    guard statvfs(folder, &space) == 0 else { return nil }
    let block = Int64(space.f_frsize)
    return DiskSpace(free: Int64(space.f_bavail) * block, all: Int64(space.f_blocks) * block)
  }

  // MARK: A turn

  /// False too after SQLite ended the transaction by itself; then the whole turn is lost.
  public var isInTransaction: Bool { books.db.isInTransaction }

  /// - Throws: `.busy` where another program holds the lock: at first after two seconds, then soon, until it lets go.
  public func begin() throws(StoreFault) {
    do { try books.db.begin() } catch {
      if error == .busy, !isLockedOut { beLockedOut(true) }
      throw error
    }
    if isLockedOut { beLockedOut(false) }
  }

  private func beLockedOut(_ isLockedOut: Bool) {
    self.isLockedOut = isLockedOut
    books.db.waitForLocks(milliseconds: isLockedOut ? Limits.lockedMilliseconds : Limits.lockMilliseconds)
  }

  /// On disk when it returns. After a fault nothing of the turn is.
  public func commit() throws(StoreFault) { try books.db.commit() }

  /// Brings the whole write-ahead log into the database file, so that who copies that file after the end has everything.
  /// What a reader still holds stays in the log, where the next start finds it.
  public func checkpointAll() throws(StoreFault) { try books.db.script("PRAGMA wal_checkpoint(TRUNCATE)") }

  /// On a full disk: brings the write-ahead log into the file, as far as there is room for it, so that the log can begin
  /// anew in the place that it has. It holds each page as often as it was changed, the file holds it once.
  public func makeRoom() { try? books.db.script("PRAGMA wal_checkpoint(PASSIVE)") }

  /// Gives back what is only needed under load: remembered rows, pages of the books, and what the allocator keeps for later.
  public func rest() {
    books.db.forget()
    ostler_give_back_pages()
    malloc_trim(0)
  }

  /// Undoes the turn, if one is open.
  public func rollback() { books.db.rollback() }

  /// Decides something within the turn; what it throws undoes what it wrote and nothing else. Where SQLite ended the
  /// whole transaction meanwhile, `isInTransaction` is false afterwards.
  public func savepoint<R, E: Error>(_ body: () throws(E) -> R) throws -> R { try books.db.savepoint(body) }
}

/// The books through one connection: the writer's within a turn, or a reader's within a snapshot.
nonisolated public struct Books {
  public let db: Database

  public var settings: Settings { Settings(db: db) }
  public var parties: Parties { Parties(db: db) }
  public var locations: Locations { Locations(db: db) }
  /// Stations with their EVSEs and connectors.
  public var stations: Stations { Stations(db: db) }
  /// How stations prove who they are.
  public var security: StationSecurity { StationSecurity(db: db) }
  public var certificates: Certificates { Certificates(db: db) }
  public var securityEvents: SecurityEvents { SecurityEvents(db: db) }
  public var profileWalks: ProfileWalks { ProfileWalks(db: db) }
  /// What stations were asked to tell, and what they told.
  public var reports: Reports { Reports(db: db) }
  public var device: DeviceValues { DeviceValues(db: db) }
  public var monitors: Monitors { Monitors(db: db) }
  public var displays: DisplayMessages { DisplayMessages(db: db) }
  public var grid: GridControls { GridControls(db: db) }
  public var swaps: BatterySwaps { BatterySwaps(db: db) }
  public var tokens: Tokens { Tokens(db: db) }
  public var authorizations: Authorizations { Authorizations(db: db) }
  public var tariffs: Tariffs { Tariffs(db: db) }
  public var sessions: Sessions { Sessions(db: db) }
  public var signedReadings: SignedReadings { SignedReadings(db: db) }
  public var limits: SessionLimits { SessionLimits(db: db) }
  public var transactions: Transactions { Transactions(db: db) }
  public var cdrs: CDRs { CDRs(db: db) }
  public var policies: PricePolicies { PricePolicies(db: db) }
  public var usage: UsageBooks { UsageBooks(db: db) }
  /// What energy costs the house, and what fails at stations.
  public var energyCosts: EnergyCosts { EnergyCosts(db: db) }
  public var incidents: Incidents { Incidents(db: db) }
  public var partners: Partners { Partners(db: db) }
  /// Our drivers at other networks.
  public var roamingPlaces: RoamingPlaces { RoamingPlaces(db: db) }
  public var roamingTariffs: RoamingTariffs { RoamingTariffs(db: db) }
  public var roamingUses: RoamingUses { RoamingUses(db: db) }
  public var invoiceRecords: InvoiceRecords { InvoiceRecords(db: db) }
  public var roamingCommands: RoamingCommands { RoamingCommands(db: db) }
  public var pulls: Pulls { Pulls(db: db) }
  public var pushes: PushQueue { PushQueue(db: db) }
  public var commands: Commands { Commands(db: db) }
  public var events: Events { Events(db: db) }
  public var parked: ParkedMessages { ParkedMessages(db: db) }
  public var users: Users { Users(db: db) }
  public var audit: AuditBook { AuditBook(db: db) }
  public var invoices: Invoices { Invoices(db: db) }
  public var webhooks: Webhooks { Webhooks(db: db) }
  /// What was told to a person, and the letters that do it.
  public var alarms: Alarms { Alarms(db: db) }
  public var driverPages: DriverPages { DriverPages(db: db) }
  public var paymentCodes: PaymentCodes { PaymentCodes(db: db) }
  public var keys: Keys { Keys(db: db) }
  public var capacities: Capacities { Capacities(db: db) }
  /// The local authorization list, and where each station's stands.
  public var lists: LocalLists { LocalLists(db: db) }
  public var reservations: Reservations { Reservations(db: db) }
  public var bookings: Bookings { Bookings(db: db) }
  public var roamingBookings: RoamingBookings { RoamingBookings(db: db) }
  /// What partners wish for their sessions, and what hubs and payment providers told.
  public var duties: PartnerDuties { PartnerDuties(db: db) }
  /// Charging profiles.
  public var profiles: Profiles { Profiles(db: db) }
  /// Firmware and logs.
  public var jobs: Jobs { Jobs(db: db) }
  /// Files of the house's own.
  public var files: Files { Files(db: db) }
  public var campaigns: Campaigns { Campaigns(db: db) }
  /// The wiring of sites, and what flows there.
  public var circuits: Circuits { Circuits(db: db) }
  /// Filters that users gave names.
  public var savedViews: SavedViews { SavedViews(db: db) }
  /// Floor plans of sites.
  public var sitePlans: SitePlans { SitePlans(db: db) }
  /// Times that do not count in reports of uptime.
  public var downtimes: Downtimes { Downtimes(db: db) }
  /// What a kilowatt hour costs the climate.
  public var carbon: Carbon { Carbon(db: db) }
  public var analytics: Analytics { Analytics(db: db) }
  public var attention: Attention { Attention(db: db) }
}

/// Bytes of a disk.
nonisolated public struct DiskSpace: Sendable, Equatable {
  public var free: Int64
  public var all: Int64

  public init(free: Int64, all: Int64) { (self.free, self.all) = (free, all) }
}

/// What a pruning did.
nonisolated public struct Pruned: Equatable, Sendable {
  public let removed: Int
  /// More is left that is old enough: come again in another turn.
  public let isMoreLeft: Bool

  init(removed: Int) { (self.removed, isMoreLeft) = (removed, removed >= Limits.prunedAtOnce) }
}
