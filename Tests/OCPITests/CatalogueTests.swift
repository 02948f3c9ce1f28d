import Domain
import Glibc
import Testing
import Wire

@testable import OCPI

/// The declared objects beside the catalogues of the official texts. Runs where OSTLER_REFERENCE names the folder with
/// `ocpi/catalogue-2.2.1.json` and its like; the catalogues themselves are not part of this project.
@Suite(.enabled(if: Catalogue.folder != nil)) struct CatalogueTests {
  @Test(arguments: [("2.2.1", Edition.v221), ("2.3.0", .v230)])
  func everyDeclaredFieldIsTheOneOfTheText(version: String, edition: Edition) throws {
    let catalogue = try Catalogue(version)
    var declared: [(String, Shape)] = [
      ("Credentials", V221.Credentials.shape(edition: edition)), ("Location", V221.Location.shape(edition: edition)),
      ("EVSE", V221.EVSE.shape(edition: edition)), ("Connector", V221.Connector.shape(edition: edition)),
      ("GeoLocation", V221.GeoLocation.shape(edition: edition)), ("Image", Image.shape(edition: edition)),
      ("BusinessDetails", V221.BusinessDetails.shape(edition: edition)), ("Hours", V221.Hours.shape(edition: edition)),
      ("RegularHours", OpeningHours.Regular.shape(edition: edition)),
      ("ExceptionalPeriod", OpeningHours.Span.shape(edition: edition)),
      ("EnergyMix", EnergyMix.shape(edition: edition)), ("EnergySource", EnergyMix.Source.shape(edition: edition)),
      ("EnvironmentalImpact", EnergyMix.Impact.shape(edition: edition)),
      ("StatusSchedule", EVSEDetails.PlannedStatus.shape(edition: edition)),
      ("AdditionalGeoLocation", RelatedPlace.shape(edition: edition)),
      ("Tariff", V221.Tariff.shape(edition: edition)), ("TariffElement", V221.TariffElement.shape(edition: edition)),
      ("PriceComponent", V221.PriceComponent.shape(edition: edition)),
      ("TariffRestrictions", V221.TariffRestrictions.shape(edition: edition)),
      ("Session", V221.Session.shape(edition: edition)), ("CDR", V221.CDR.shape(edition: edition)),
      ("CdrLocation", V221.CdrLocation.shape(edition: edition)), ("CdrToken", V221.CdrToken.shape(edition: edition)),
      ("SignedData", V221.SignedData.shape(edition: edition)),
      ("SignedValue", V221.SignedValue.shape(edition: edition)),
      ("ChargingPeriod", V221.ChargingPeriod.shape(edition: edition)),
      ("CdrDimension", V221.CdrDimension.shape(edition: edition)), ("Token", V221.Token.shape(edition: edition)),
      ("Price", V221.Price.shape(edition: edition)),
      ("LocationReferences", V221.LocationReferences.shape(edition: edition)),
      ("AuthorizationInfo", V221.AuthorizationInfo.shape(edition: edition)),
      ("StartSession", V221.StartSession.shape(edition: edition)),
      ("StopSession", V221.StopSession.shape(edition: edition)),
      ("UnlockConnector", V221.UnlockConnector.shape(edition: edition)),
      ("ReserveNow", V221.ReserveNow.shape(edition: edition)),
      ("CancelReservation", V221.CancelReservation.shape(edition: edition)),
      ("CommandResponse", V221.CommandResponse.shape(edition: edition)),
      ("CommandResult", V221.CommandResult.shape(edition: edition)),
      ("DisplayText", V221.DisplayText.shape(edition: edition)),
      ("SetChargingProfile", V221.SetProfile.shape(edition: edition)),
      ("ChargingProfile", V221.Profile.shape(edition: edition)),
      ("ChargingProfilePeriod", V221.Period.shape(edition: edition)),
      ("ActiveChargingProfile", V221.ActiveProfile.shape(edition: edition)),
      ("ChargingProfileResponse", V221.ProfileResponse.shape(edition: edition)),
      ("ActiveChargingProfileResult", V221.ProfileOutcome.shape(edition: edition)),
      ("ChargingPreferences", ChargingPreferences.shape(edition: edition)),
    ]
    if edition == .v230 {
      declared += [
        ("Parking", ParkingPlace.shape(edition: edition)), ("EVSEParking", EVSEDetails.Parking.shape(edition: edition)),
        ("PriceLimit", V221.PriceLimit.shape(edition: edition)), ("TaxAmount", V221.TaxAmount.shape(edition: edition)),
        ("Terminal", Terminal.shape(edition: edition)),
        ("FinancialAdviceConfirmation", FinancialAdvice.shape(edition: edition)),
      ]
    } else {
      declared.append(("CredentialsRole", V221.CredentialsRole.shape(edition: edition)))
    }
    for (name, shape) in declared { try catalogue.compare(shape, with: name) }
  }

  @Test func everyDeclaredFieldOf211IsTheOneOfTheText() throws {
    let catalogue = try Catalogue("2.1.1")
    let declared: [(String, Shape)] = [
      ("Credentials", V211.Credentials.shape(edition: .v211)), ("Location", V211.Location.shape(edition: .v211)),
      ("EVSE", V211.EVSE.shape(edition: .v211)), ("Connector", V211.Connector.shape(edition: .v211)),
      ("EnergyMix", V211.EnergyMix.shape(edition: .v211)),
      ("EnvironmentalImpact", V211.EnergyMix.Impact.shape(edition: .v211)),
      ("Session", V211.Session.shape(edition: .v211)), ("CDR", V211.CDR.shape(edition: .v211)),
      ("ChargingPeriod", V211.ChargingPeriod.shape(edition: .v211)),
      ("CdrDimension", V211.Dimension.shape(edition: .v211)), ("Tariff", V211.Tariff.shape(edition: .v211)),
      ("TariffElement", V211.Tariff.Element.shape(edition: .v211)),
      ("PriceComponent", V211.Tariff.Component.shape(edition: .v211)),
      ("TariffRestrictions", V211.Tariff.Restrictions.shape(edition: .v211)),
      ("Token", V211.Token.shape(edition: .v211)),
      ("LocationReferences", V211.LocationReferences.shape(edition: .v211)),
      ("CommandResponse", V211.CommandResponse.shape(edition: .v211)),
      ("StartSession", V211.StartSession.shape(edition: .v211)), ("ReserveNow", V211.ReserveNow.shape(edition: .v211)),
      ("UnlockConnector", V211.UnlockConnector.shape(edition: .v211)),
    ]
    for (name, shape) in declared { try catalogue.compare(shape, with: name) }
  }

  /// Small objects and large ones with all that an operator can write, in every version.
  @Test(arguments: Editions(zones: zones).list.map(\.version))
  func whatWeWriteIsWhatTheTextAsksFor(version: String) throws {
    let catalogue = try Catalogue(version)
    let edition = try #require(Editions(zones: zones)[version])
    for view in [Sample.location(), Sample.richLocation] {
      #expect(catalogue.judge(try edition.location(view, seconds).json, as: "Location") == [])
      let evse = try #require(PublishedLocation(view).evses.first)
      #expect(catalogue.judge(try edition.evse(evse, seconds).json, as: "EVSE") == [])
      #expect(catalogue.judge(try edition.connector(evse.connectors[0], seconds).json, as: "Connector") == [])
    }
    for view in [Sample.tariffView, Sample.richTariff] {
      #expect(catalogue.judge(try edition.tariff(view, seconds).json, as: "Tariff") == [])
    }
    #expect(catalogue.judge(try edition.session(Sample.session(), seconds).json, as: "Session") == [])
    #expect(catalogue.judge(try edition.cdr(Sample.cdr(), seconds).json, as: "CDR") == [])
    #expect(catalogue.judge(edition.token(Sample.token(), of: Sample.theirs, seconds).json, as: "Token") == [])
    let result = version == "2.1.1" ? "CommandResponse" : "CommandResult"
    #expect(catalogue.judge(edition.answer(CommandAnswer.rejected("no"), seconds).json, as: "CommandResponse") == [])
    for word in CommandResult.allCases {
      #expect(catalogue.judge(edition.result(word, message: "taken", seconds).json, as: result) == [])
    }
    let credentials = try edition.credentials(
      token: "abc", url: "https://charge.example.com/ocpi/versions", parties: [Sample.party], seconds)
    #expect(catalogue.judge(credentials.json, as: "Credentials") == [])
  }

  @Test(arguments: ["2.2.1", "2.3.0"]) func plansAreWhatTheTextAsksFor(version: String) throws {
    let catalogue = try Catalogue(version)
    let edition = try #require(Editions(zones: zones)[version])
    var schedule = ChargingProfile.Schedule()
    (schedule.unit, schedule.startsAt, schedule.seconds) = (.watts, at("2026-03-02T10:00:00Z"), 3_600)
    schedule.periods = [ChargingProfile.Period(start: 0, limit: 7_400)]
    let active = try edition.activeProfile(schedule, seconds).json
    #expect(catalogue.judge(active, as: "ActiveChargingProfile") == [])
    let told = try edition.result(ProfileResult(.active, .accepted, schedule: schedule), seconds).json
    #expect(catalogue.judge(told, as: "ActiveChargingProfileResult") == [])
    #expect(
      catalogue.judge(try edition.result(ProfileResult(.set, .rejected), seconds).json, as: "ChargingProfileResult")
        == [])
    #expect(
      catalogue.judge(edition.answer(ProfileAnswer.tooOften, seconds).json, as: "ChargingProfileResponse") == [])
  }
}

private func file(_ path: String) -> [UInt8]? {
  guard let handle = fopen(path, "rb") else { return nil }
  defer { fclose(handle) }
  var bytes: [UInt8] = []
  var part = [UInt8](repeating: 0, count: 65_536)
  while case let count = fread(&part, 1, part.count, handle), count > 0 { bytes += part[..<count] }
  return bytes
}

/// The official text's objects as data.
struct Catalogue {
  static var folder: String? { getenv("OSTLER_REFERENCE").map { String(cString: $0) } }

  let types: JSON
  let enums: JSON

  init(_ version: String) throws {
    let path = "\(Self.folder ?? "")/ocpi/catalogue-\(version).json"
    let json = try JSON.parse(try #require(file(path), "\(path) can be read"))
    types = json["types"] ?? .null
    enums = json["enums"] ?? .null
  }

  /// What the text of bookings calls its own types in some of its tables.
  private static let aliases = ["BookingTokens": "BookingToken", "TimeSlot": "Timeslot"]

  /// Also those that a release for one module adds.
  private func fields(_ name: String) -> [JSON]? {
    guard let type = types[Self.aliases[name] ?? name], let fields = type["fields"]?.array else { return nil }
    let added = type["extra_fields_in"]?.object?.members.flatMap { $0.value.array ?? [] } ?? []
    return fields + added
  }

  private func words(_ name: String) -> Set<String>? {
    enums[name]?["values"]?.array.map { Set($0.compactMap { $0["value"]?.string }) }
  }

  /// Every field that we declare exists and says the same, and every required field is declared.
  func compare(_ shape: Shape, with name: String) throws {
    let fields = try #require(self.fields(name), "\(name) is in the catalogue")
    for field in shape.fields {
      let official = fields.first { $0["name"]?.string == field.name }
      #expect(official != nil, "\(name).\(field.name) exists")
      guard let official, let card = official["card"]?.string, let type = official["type"]?.string else { continue }
      #expect(field.required == (card == "1" || card == "+"), "\(name).\(field.name) is required or not")
      var kind = field.kind
      if case .array(let element, let least, _) = kind {
        #expect(card == "*" || card == "+", "\(name).\(field.name) is a list")
        #expect((least > 0) == (card == "+"), "\(name).\(field.name) may be empty or not")
        kind = element
      } else {
        #expect(card == "1" || card == "?", "\(name).\(field.name) is one value")
      }
      // Some limits stand in the type's name.
      let base = String(type.prefix { $0 != "[" })
      let limit = official["max_length"]?.int.map(Int.init) ?? (type == "URL" ? 255 : nil)
      switch kind {
      case .string(let max):
        #expect(["string", "String", "CiString", "URL"].contains(base), "\(name).\(field.name)")
        #expect(limit == nil || max == limit, "\(name).\(field.name)")
      case .timestamp: #expect(type == "DateTime", "\(name).\(field.name)")
      case .decimal: #expect(type == "number", "\(name).\(field.name)")
      case .integer: #expect(type == "int", "\(name).\(field.name)")
      case .boolean: #expect(type == "boolean", "\(name).\(field.name)")
      // Words that only other versions have never leave: they are left out before, or refused by `Fitness`.
      case .word(let ours): #expect(words(type)?.isSubset(of: ours) == true, "the words of \(name).\(field.name)")
      case .object: #expect(types[type] != nil, "\(name).\(field.name)")
      case .any, .again, .array: Issue.record("\(name).\(field.name) is declared oddly")
      }
    }
    for field in fields where field["card"]?.string == "1" || field["card"]?.string == "+" {
      #expect(shape[field["name"]?.string ?? ""] != nil, "\(name).\(field["name"]?.string ?? "") is required")
    }
  }

  /// What is wrong with an object, by the catalogue alone.
  func judge(_ json: JSON, as type: String, _ limit: Int? = nil, _ path: String = "") -> [String] {
    if let fields = self.fields(type) {
      guard let object = json.object else { return ["\(path) is no object"] }
      var flaws: [String] = []
      for member in object.members {
        guard let field = fields.first(where: { $0["name"]?.string == member.key }) else {
          flaws.append("\(path).\(member.key) is unknown")
          continue
        }
        let card = field["card"]?.string ?? ""
        let inner = field["type"]?.string ?? ""
        let max = field["max_length"]?.int.map(Int.init)
        if card == "*" || card == "+" {
          guard let list = member.value.array, !list.isEmpty else {
            flaws.append("\(path).\(member.key) is no list, or empty")
            continue
          }
          for element in list { flaws += judge(element, as: inner, max, "\(path).\(member.key)[]") }
        } else {
          flaws += judge(member.value, as: inner, max, "\(path).\(member.key)")
        }
      }
      for field in fields
      where ["1", "+"].contains(field["card"]?.string) && object[field["name"]?.string ?? ""] == nil {
        flaws.append("\(path).\(field["name"]?.string ?? "") is missing")
      }
      return flaws
    }
    if let words = words(type) {
      return words.contains(json.string ?? "") ? [] : ["\(path): \(json.text) is no \(type)"]
    }
    switch type {
    case "DateTime":
      let text = json.string ?? ""
      return text.count == 20 && text.hasSuffix("Z") && Timestamp(text) != nil
        ? [] : ["\(path): \(json.text) is no DateTime"]
    case "number":
      guard let number = json.decimal, json.number != nil else { return ["\(path): \(json.text) is no number"] }
      return number.places <= 4 ? [] : ["\(path): \(number) has too many decimals"]
    case "int": return json.int == nil ? ["\(path): \(json.text) is no int"] : []
    case "boolean": return json.bool == nil ? ["\(path): \(json.text) is no boolean"] : []
    default:
      guard let text = json.string, !text.isEmpty else { return ["\(path): \(json.text) is no text"] }
      return text.unicodeScalars.count <= limit ?? 255 ? [] : ["\(path) is too long"]
    }
  }
}
