import Domain
import Glibc
import Wire

@testable import Store

/// A folder that goes when the test is over, and books in it.
final class Scratch {
  let folder: String
  private var opened: Books?

  init() {
    var template = Array("/tmp/ostler-store-XXXXXX".utf8CString)
    precondition(mkdtemp(&template) != nil, "no folder for the test")
    folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    opened = nil
    guard let directory = opendir(folder) else { return }
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      unlink(folder + "/" + name)
    }
    closedir(directory)
    rmdir(folder)
  }

  var file: String { Store.file(in: folder) }

  /// Books of the newest schema. Durable ones are the house's own, which remember rows; others need not survive a power
  /// cut.
  func books(isDurable: Bool = false) throws(StoreFault) -> Books {
    if let opened { return opened }
    let books = Books(db: try Migrations.house.open(file, isDurable: isDurable))
    opened = books
    return books
  }

  func mode(of path: String) -> mode_t {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
  }
}

/// A moment, in seconds after the tests' beginning of time.
func t(_ seconds: Int64) -> Timestamp { Timestamp(seconds: 1_780_000_000 + seconds) }

/// A small house: one party, one location, one station with one EVSE and a priced connector, one partner with one
/// driver.
struct SmallHouse {
  let scratch = Scratch()
  let books: Books
  let party: Party
  let location: Location
  let station: Station
  let evse: EVSE
  let tariff: TariffVersion
  let partner: Partner
  var connector: Connector { evse.connectors[0] }
  var role: PartnerRole { partner.roles[0] }

  init(isDurable: Bool = false) throws(StoreFault) {
    books = try scratch.books(isDurable: isDurable)
    party = try books.parties.create(
      Party(id: ID(0), name: PartyID(country: "NL", party: "OST"), role: .cpo, businessName: "Ostler Test"))
    location = try books.locations.create(.sample(of: party.id, ref: "LOC1"))
    station = try books.stations.create(.sample("CS-1", at: location.id))
    tariff = try books.tariffs.create(.sample("T1"), of: party.id, at: t(0))
    evse = try books.stations.create(.sample(1, of: station.id, uid: "evse-1", tariff: tariff.id))
    partner = try books.partners.create(.sample("Roamer", with: party.id))
  }

  var place: Session.Place {
    Session.Place(party: party.id, location: location.id, station: station.id, evse: evse.id, connector: connector.id)
  }

  var ours: Session.Holder {
    Session.Holder(token: .sample("04AABBCC", of: party.name), owner: nil, method: .whitelist)
  }

  var theirs: Session.Holder {
    Session.Holder(
      token: .sample("DE-1", of: role.name), owner: role.id, groupID: "G", method: .authRequest, reference: "REF-1")
  }

  /// A session that runs; `id` should sort by time as UUIDv7 does.
  func running(_ id: String, _ transaction: Int64, holder: Session.Holder? = nil, at start: Timestamp = t(0)) -> Session
  {
    .started(
      id: id, place: place, holder: holder ?? ours, tariff: tariff.tariff, at: start,
      meter: Energy(tenthsOfWattHour: 1_000), transaction: transaction, received: start)
  }
}

extension Location {
  static func sample(of party: ID<Party>, ref: String, at time: Timestamp = t(0)) -> Location {
    Location(
      id: ID(0), party: party, ref: ref, name: "Yard", address: "Dam 1", city: "Amsterdam", country: "NLD",
      coordinates: Coordinates(latitude: "52.373100", longitude: "4.892600")!, timeZone: "Europe/Amsterdam",
      parkingType: .onStreet, createdAt: time, updatedAt: time)
  }
}

extension Station {
  static func sample(_ identity: String, at location: ID<Location>?) -> Station {
    Station(
      id: ID(0), identity: StationIdentity(identity)!, location: location, registration: .accepted, createdAt: t(0),
      updatedAt: t(0))
  }
}

extension EVSE {
  static func sample(_ number: Int, of station: ID<Station>, uid: String, tariff: ID<Tariff>? = nil) -> EVSE {
    EVSE(
      id: ID(0), station: station, number: number, uid: uid, status: .available, statusSince: t(0),
      connectors: [Connector(id: ID(0), number: 1, tariff: tariff, updatedAt: t(0))], updatedAt: t(0))
  }
}

extension Tariff {
  static func sample(_ ref: String, perKWh price: String = "0.30") -> Tariff {
    var tariff = Tariff()
    tariff.ref = ref
    tariff.elements = [Element([Component(.energy, price: Decimal(price)!, vat: Decimal(21))])]
    return tariff
  }
}

extension Partner {
  static func sample(_ name: String, with party: ID<Party>) -> Partner {
    let role = PartnerRole(
      id: ID(0), partner: ID(0), name: PartyID(country: "DE", party: "ABC"), role: "EMSP", businessName: name)
    return Partner(
      id: ID(0), name: name, party: party, state: .registered,
      endpoints: [Endpoint(module: "cdrs", role: "RECEIVER", url: "https://example.org/cdrs")], roles: [role],
      outboundToken: "secret", createdAt: t(0), updatedAt: t(0))
  }
}

extension TokenReference {
  static func sample(_ uid: String, of party: PartyID) -> TokenReference {
    TokenReference(party: party, uid: uid, kind: .rfid, contractID: "NL-OST-C1")
  }
}

extension Token {
  static func sample(_ uid: String, owner: ID<PartnerRole>? = nil, at time: Timestamp = t(0)) -> Token {
    Token(
      id: ID(0), owner: owner, uid: uid, kind: .rfid, contractID: "C-\(uid)", issuer: "Issuer", createdAt: time,
      updatedAt: time)
  }
}
