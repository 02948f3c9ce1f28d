// Tables as workbooks (ECMA-376), of the few parts that every spreadsheet program reads.
import Wire

/// Writes a workbook of tables. A text is a text there by its type, so none of them is ever run as a formula; numbers
/// keep their digits, and times are times. A text that is longer than a cell is cut, with an ellipsis.
public struct XLSX: Sendable {
  private struct Sheet: Sendable {
    let name: String
    var rows = Bytes()
    var count = 0
    var width: Int
  }

  private var sheets: [Sheet] = []

  public init() {}

  /// Begins a table; a name has at most 31 characters and none of `[]:*?/\`, so others are replaced.
  public mutating func begin(_ name: String, columns: [String]) {
    let plain = name.map { "[]:*?/\\".contains($0) ? "-" : $0 }.prefix(31)
    sheets.append(Sheet(name: String(plain), width: columns.count))
    add(columns.map { .text($0) }, style: 1)
  }

  /// Adds a row to the table that was begun last.
  /// - Precondition: a table was begun, and the row has as many cells as its columns.
  public mutating func add(_ row: [CSV.Cell]) { add(row, style: 0) }

  private mutating func add(_ row: [CSV.Cell], style: Int) {
    precondition(!sheets.isEmpty, "no table was begun")
    precondition(row.count == sheets[sheets.count - 1].width, "a row of another width than its table")
    sheets[sheets.count - 1].count += 1
    var text = "<row r=\"\(sheets[sheets.count - 1].count)\">"
    for cell in row { text += Self.cell(cell, style: style) }
    sheets[sheets.count - 1].rows += Bytes(utf8: text + "</row>")
  }

  private static func cell(_ cell: CSV.Cell, style: Int) -> String {
    let mark = style == 0 ? "" : " s=\"\(style)\""
    return switch cell {
    case .text(let text):
      "<c t=\"inlineStr\"\(mark)><is><t xml:space=\"preserve\">\(XML.escaped(kept(text)))</t></is></c>"
    case .number(let number): "<c\(mark)><v>\(number)</v></c>"
    case .whole(let number): "<c\(mark)><v>\(number)</v></c>"
    // Days since the last of December 1899, as spreadsheets count.
    case .time(let time): "<c s=\"2\"><v>\(days(time))</v></c>"
    case .flag(let flag): "<c t=\"b\"\(mark)><v>\(flag ? 1 : 0)</v></c>"
    case .empty: "<c\(mark)/>"
    }
  }

  /// UTF-16 units that a cell can hold (Excel's bound; it takes a file with more for a damaged one).
  static let cellUnits = 32_767

  /// The text as a cell holds it: with every mark to be seen, no longer than a cell, and with no escape of the format's own
  /// (`_x000A_`, ECMA-376 part 1, 22.9.2.19) that the writer did not write.
  static func kept(_ told: String) -> String {
    var text = told.spelledOut(keepsLines: true)
    if text.utf16.count > cellUnits {
      var units = 0
      let end = text.unicodeScalars.indices.first { place in
        units += text.unicodeScalars[place].utf16.count
        return units > cellUnits - 1
      }
      text = String(text.unicodeScalars[..<(end ?? text.endIndex)]) + "…"
    }
    guard text.contains("_x") else { return text }
    return text.replacing(/_x(?=[0-9A-Fa-f]{4}_)/, with: "_x005F_x")
  }

  private static func days(_ time: Timestamp) -> Decimal {
    Decimal(time.milliseconds / 1_000 + 25_569 * 86_400).divided(by: Decimal(86_400), places: 9, rounding: .halfUp)
  }

  /// The whole workbook.
  public func finished() -> Bytes {
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>"
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    let package = "http://schemas.openxmlformats.org/package/2006"
    let type = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    var zip = Zip()
    let parts = sheets.indices.map {
      "<Override PartName=\"/xl/worksheets/sheet\($0 + 1).xml\" ContentType=\"\(type).worksheet+xml\"/>"
    }
    zip.add(
      "[Content_Types].xml",
      Bytes(
        utf8: head + "<Types xmlns=\"\(package)/content-types\">"
          + "<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
          + "<Default Extension=\"xml\" ContentType=\"application/xml\"/>"
          + "<Override PartName=\"/xl/workbook.xml\" ContentType=\"\(type).sheet.main+xml\"/>"
          + "<Override PartName=\"/xl/styles.xml\" ContentType=\"\(type).styles+xml\"/>\(parts.joined())</Types>"))
    zip.add(
      "_rels/.rels",
      Bytes(
        utf8: head + "<Relationships xmlns=\"\(package)/relationships\">"
          + "<Relationship Id=\"rId1\" Type=\"\(office)/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"))
    let names = sheets.enumerated().map { place, sheet in
      "<sheet name=\"\(XML.escaped(sheet.name))\" sheetId=\"\(place + 1)\" r:id=\"rId\(place + 1)\"/>"
    }
    zip.add(
      "xl/workbook.xml",
      Bytes(
        utf8: head + "<workbook xmlns=\"\(main)\" xmlns:r=\"\(office)\"><sheets>\(names.joined())</sheets></workbook>"))
    let targets = sheets.indices.map {
      "<Relationship Id=\"rId\($0 + 1)\" Type=\"\(office)/worksheet\" Target=\"worksheets/sheet\($0 + 1).xml\"/>"
    }
    zip.add(
      "xl/_rels/workbook.xml.rels",
      Bytes(
        utf8: head + "<Relationships xmlns=\"\(package)/relationships\">\(targets.joined())"
          + "<Relationship Id=\"rId\(sheets.count + 1)\" Type=\"\(office)/styles\" Target=\"styles.xml\"/></Relationships>"
      ))
    zip.add("xl/styles.xml", Bytes(utf8: head + Self.styles(main)))
    for (place, sheet) in sheets.enumerated() {
      let open = "\(head)<worksheet xmlns=\"\(main)\"><sheetViews><sheetView workbookViewId=\"0\">"
      let pane = "<pane ySplit=\"1\" topLeftCell=\"A2\" state=\"frozen\"/></sheetView></sheetViews><sheetData>"
      zip.add(
        "xl/worksheets/sheet\(place + 1).xml",
        Bytes(utf8: open + pane) + sheet.rows + Bytes(utf8: "</sheetData></worksheet>"))
    }
    return zip.finished()
  }

  /// Plain, bold, and a time.
  private static func styles(_ main: String) -> String {
    "<styleSheet xmlns=\"\(main)\"><fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Calibri\"/></font>"
      + "<font><b/><sz val=\"11\"/><name val=\"Calibri\"/></font></fonts>"
      + "<fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill>"
      + "<fill><patternFill patternType=\"gray125\"/></fill></fills><borders count=\"1\"><border/></borders>"
      + "<cellStyleXfs count=\"1\"><xf/></cellStyleXfs><cellXfs count=\"3\"><xf/><xf fontId=\"1\" applyFont=\"1\"/>"
      + "<xf numFmtId=\"22\" applyNumberFormat=\"1\"/></cellXfs></styleSheet>"
  }
}

/// Text within XML.
enum XML {
  /// Characters that XML 1.0 cannot hold at all become a question mark.
  static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "\t", "\n", "\r": escaped.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: escaped += "?"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
