import Glibc
import Testing
import Wire

@testable import OCPI

/// The declared objects beside the catalogue of the official text. Runs where OSTLER_REFERENCE names the folder with
/// `ocpi/catalogue-2.2.1.json`; the catalogue itself is not part of this project.
@Suite(.enabled(if: Catalogue.folder != nil)) struct CatalogueTests {
  @Test func everyDeclaredFieldIsTheOneOfTheText() throws {
    let catalogue = try Catalogue("2.2.1")
    let declared: [(String, Shape)] = [
      ("Credentials", V221.Credentials.shape()), ("CredentialsRole", V221.CredentialsRole.shape()),
      ("Location", V221.Location.shape()), ("EVSE", V221.EVSE.shape()), ("Connector", V221.Connector.shape()),
      ("GeoLocation", V221.GeoLocation.shape()), ("BusinessDetails", V221.BusinessDetails.shape()),
      ("Hours", V221.Hours.shape()), ("Tariff", V221.Tariff.shape()), ("TariffElement", V221.TariffElement.shape()),
      ("PriceComponent", V221.PriceComponent.shape()), ("TariffRestrictions", V221.TariffRestrictions.shape()),
      ("Session", V221.Session.shape()), ("CDR", V221.CDR.shape()), ("CdrLocation", V221.CdrLocation.shape()),
      ("CdrToken", V221.CdrToken.shape()), ("ChargingPeriod", V221.ChargingPeriod.shape()),
      ("CdrDimension", V221.CdrDimension.shape()), ("Token", V221.Token.shape()), ("Price", V221.Price.shape()),
      ("LocationReferences", V221.LocationReferences.shape()), ("AuthorizationInfo", V221.AuthorizationInfo.shape()),
      ("StartSession", V221.StartSession.shape()), ("StopSession", V221.StopSession.shape()),
      ("UnlockConnector", V221.UnlockConnector.shape()), ("CommandResponse", V221.CommandResponse.shape()),
      ("CommandResult", V221.CommandResult.shape()), ("DisplayText", V221.DisplayText.shape()),
    ]
    for (name, shape) in declared { try catalogue.compare(shape, with: name) }
  }

  @Test func whatWeWriteIsWhatTheTextAsksFor() throws {
    let catalogue = try Catalogue("2.2.1")
    #expect(catalogue.judge(try edition.location(Sample.location(), seconds).json, as: "Location") == [])
    #expect(catalogue.judge(try edition.evse(Sample.evse(), seconds).json, as: "EVSE") == [])
    #expect(catalogue.judge(try edition.tariff(Sample.tariffView, seconds).json, as: "Tariff") == [])
    #expect(catalogue.judge(try edition.session(Sample.session(), seconds).json, as: "Session") == [])
    #expect(catalogue.judge(try edition.cdr(Sample.cdr(), seconds).json, as: "CDR") == [])
    #expect(catalogue.judge(edition.token(Sample.token(), of: Sample.theirs, seconds).json, as: "Token") == [])
    #expect(catalogue.judge(edition.answer(.rejected("no"), seconds).json, as: "CommandResponse") == [])
    #expect(catalogue.judge(edition.result(.evseOccupied, message: "taken", seconds).json, as: "CommandResult") == [])
    let credentials = try edition.credentials(
      token: "abc", url: "https://charge.example.com/ocpi/versions", party: Sample.party, seconds)
    #expect(catalogue.judge(credentials.json, as: "Credentials") == [])
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

  private func words(_ name: String) -> Set<String>? {
    enums[name]?["values"]?.array.map { Set($0.compactMap { $0["value"]?.string }) }
  }

  /// Every field that we declare exists and says the same, and every required field is declared.
  func compare(_ shape: Shape, with name: String) throws {
    let fields = try #require(types[name]?["fields"]?.array, "\(name) is in the catalogue")
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
      let limit = official["max_length"]?.int.map(Int.init) ?? (type == "URL" ? 255 : nil)
      switch kind {
      case .string(let max):
        #expect(["string", "CiString", "URL"].contains(type) && max == limit, "\(name).\(field.name)")
      case .timestamp: #expect(type == "DateTime", "\(name).\(field.name)")
      case .decimal: #expect(type == "number", "\(name).\(field.name)")
      case .integer: #expect(type == "int", "\(name).\(field.name)")
      case .boolean: #expect(type == "boolean", "\(name).\(field.name)")
      case .word(let ours): #expect(words(type) == Set(ours), "the words of \(name).\(field.name)")
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
    if let fields = types[type]?["fields"]?.array {
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
