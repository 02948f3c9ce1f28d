import Domain
import Export
import Store
import Wire

/// The words of a paper in the language of who reads it, from the page's own texts.
nonisolated struct PaperWords: Sendable {
  private let words: JSON
  private let fallback: JSON

  init(_ assets: Assets, language: String) {
    func load(_ language: String) -> JSON {
      assets[["i18n", "\(language).json"]].flatMap { try? JSON.parse($0.bytes) } ?? [:]
    }
    fallback = load("en")
    words = language == "en" ? fallback : load(language)
  }

  subscript(_ key: String) -> String { words[key]?.string ?? fallback[key]?.string ?? key }

  subscript(_ key: String, _ values: [String: String]) -> String {
    values.reduce(self[key]) { text, value in text.replacing("{\(value.key)}", with: value.value) }
  }
}

/// An invoice as pages of A4: who asks whom for what, one line a session, taxes, and how it is paid.
nonisolated struct InvoicePaper {
  private enum Edge {
    static let left = 56.0, right = PDF.width - 56, top = 64.0, bottom = PDF.height - 96
  }
  private static let row = 16.0
  /// Right edges of what is right-aligned, left edges of the rest.
  private enum Column {
    static let date = Edge.left, place = Edge.left + 96, token = Edge.left + 250, energy = Edge.right - 78,
      amount = Edge.right
  }

  private let invoice: Invoice
  private let words: PaperWords
  private let zone: ZoneRules
  private var document: PDF
  private var y = Edge.top
  private var pages = 0

  init(_ invoice: Invoice, crediting: String?, words: PaperWords, zone: ZoneRules) {
    (self.invoice, self.words, self.zone) = (invoice, words, zone)
    document = PDF(title: invoice.name)
    beginPage()
    writeHead(crediting)
    writeColumns()
  }

  /// One session.
  mutating func add(_ cdr: CDR) {
    if y > Edge.bottom {
      beginPage()
      writeColumns()
    }
    let sign = invoice.credits == nil ? cdr.totals.cost.beforeTax : -cdr.totals.cost.beforeTax
    let place = cdr.place.name ?? cdr.place.station
    document.text(zone.moment(cdr.startedAt), x: Column.date, y: y, size: 9)
    document.text(PDF.fitted(place, to: 146, size: 9), x: Column.place, y: y, size: 9)
    document.text(PDF.fitted(cdr.token.uid, to: 110, size: 9), x: Column.token, y: y, size: 9, grey: 0.35)
    let energy = cdr.totals.energy.kilowattHours.rounded(toPlaces: 2, .halfUp)
    document.text((cdr.isCredit ? -energy : energy).text(places: 2), x: Column.energy, y: y, size: 9, side: .right)
    let digits = Currency.digits(of: invoice.currency)
    document.text(sign.decimal.text(places: digits), x: Column.amount, y: y, size: 9, side: .right)
    y += Self.row
  }

  /// The sums and the whole document.
  mutating func finished() -> Bytes {
    let below = [
      invoice.company.payment.map { words["paper.payment", ["payment": $0]] }, invoice.company.note,
    ].compactMap(\.self).flatMap { PDF.lines($0, width: Edge.right - Edge.left, size: 9) }
    let height = Double(invoice.taxes.count + 3) * Self.row + 48
    if y + height > Edge.bottom { beginPage() }
    document.line(fromX: Edge.left, y: y - 8, toX: Edge.right)
    y += 8
    writeSum(words["paper.net"], invoice.net)
    for tax in invoice.taxes {
      let name = tax.percent.map { "\(tax.name) \($0) %" } ?? tax.name
      writeSum(PDF.fitted(name, to: 140), tax.amount)
    }
    document.line(fromX: Edge.right - 220, y: y - 10, toX: Edge.right)
    y += 4
    writeSum(words["paper.total", ["currency": invoice.currency]], invoice.total, weight: .bold)
    y += Self.row
    for text in below {
      if y > Edge.bottom { beginPage() }
      document.text(text, x: Edge.left, y: y, size: 9, grey: 0.25)
      y += 13
    }
    return document.finished()
  }

  private mutating func writeSum(_ name: String, _ amount: Money, weight: PDF.Weight = .plain) {
    document.text(name, x: Edge.right - 220, y: y, weight: weight)
    document.text(
      amount.decimal.text(places: Currency.digits(of: invoice.currency)), x: Edge.right, y: y, weight: weight,
      side: .right)
    y += Self.row
  }

  private mutating func beginPage() {
    document.beginPage()
    pages += 1
    y = Edge.top
    let foot: [String?] = [
      invoice.company.name, invoice.company.vatID.map { words["paper.vat_id", ["id": $0]] }, invoice.company.email,
    ]
    document.line(fromX: Edge.left, y: PDF.height - 60, toX: Edge.right, grey: 0.8)
    document.text(
      PDF.fitted(foot.compactMap(\.self).joined(separator: " · "), to: 380, size: 8), x: Edge.left,
      y: PDF.height - 46, size: 8, grey: 0.4)
    document.text(
      words["paper.page", ["name": invoice.name, "n": "\(pages)"]], x: Edge.right, y: PDF.height - 46, size: 8,
      side: .right, grey: 0.4)
  }

  private mutating func writeHead(_ crediting: String?) {
    document.text(
      PDF.fitted(invoice.company.name, to: 300, size: 14, weight: .bold), x: Edge.left, y: y, size: 14, weight: .bold)
    var right = y
    for line in invoice.company.address.split(whereSeparator: \.isNewline).prefix(5) {
      document.text(
        PDF.fitted(String(line), to: 180, size: 9), x: Edge.right, y: right, size: 9, side: .right, grey: 0.25)
      right += 13
    }
    y = max(y + 40, right + 20)
    document.text(PDF.fitted(invoice.payer.name, to: 300, size: 11), x: Edge.left, y: y, size: 11)
    if invoice.payer.id != invoice.payer.name {
      document.text(PDF.fitted(invoice.payer.id, to: 300, size: 9), x: Edge.left, y: y + 15, size: 9, grey: 0.35)
    }
    y += 52
    let title = invoice.credits == nil ? "paper.invoice" : "paper.credit"
    document.text(words[title, ["name": invoice.name]], x: Edge.left, y: y, size: 18, weight: .bold)
    y += 22
    var facts = [
      words["paper.month", ["month": invoice.month]],
      words["paper.date", ["date": String(zone.moment(invoice.createdAt).prefix(10))]],
    ]
    if let crediting { facts.append(words["paper.credits", ["name": crediting]]) }
    document.text(facts.joined(separator: " · "), x: Edge.left, y: y, size: 10, grey: 0.25)
    y += 32
  }

  private mutating func writeColumns() {
    func head(_ key: String, _ x: Double, _ side: PDF.Side = .left) {
      document.text(words[key], x: x, y: y, size: 8, weight: .bold, side: side, grey: 0.35)
    }
    head("col.start", Column.date)
    head("col.site", Column.place)
    head("col.token", Column.token)
    head("paper.energy", Column.energy, .right)
    head("paper.amount", Column.amount, .right)
    document.line(fromX: Edge.left, y: y + 5, toX: Edge.right)
    y += Self.row + 2
  }
}

nonisolated extension ZoneRules {
  /// `2026-11-03 10:15` on its clock.
  func moment(_ time: Timestamp) -> String {
    String((time + .seconds(offset(at: time))).text.prefix(16)).replacing("T", with: " ")
  }
}
