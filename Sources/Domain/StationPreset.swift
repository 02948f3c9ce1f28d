import Wire

/// What the stations of one make are known to need, and why. It applies by itself once a station says its make in a boot,
/// and whatever the operator writes for that station counts before it.
public struct StationPreset: Payload {
  public var name = ""
  /// How the vendor's name begins, in any letter case.
  public var vendor = ""
  /// How the model's name and the firmware's version begin; any where it is absent.
  public var model: String?
  public var firmware: String?
  /// What was seen in the field, for people.
  public var because = ""
  public var quirks = StationQuirks()

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("name", &name, max: 100)
    try w.visit("vendor", &vendor, max: 50)
    try w.visit("model", &model, max: 50)
    try w.visit("firmware", &firmware, max: 50)
    try w.visit("because", &because, max: 500)
    try w.visit("quirks", &quirks)
  }

  public func matches(_ report: BootReport) -> Bool {
    func begins(_ text: String?, _ start: String?) -> Bool { start.map((text ?? "").ciHasPrefix) ?? true }
    return begins(report.vendor, vendor) && begins(report.model, model) && begins(report.firmwareVersion, firmware)
  }

  /// How much of a station it names: the one that says more of it is taken.
  fileprivate var precision: Int {
    (firmware.map { 10_000 + $0.utf8.count } ?? 0) + (model.map { 100 + $0.utf8.count } ?? 0) + vendor.utf8.count
  }
}

/// All presets that the house knows.
public struct StationPresets: Payload {
  public var presets: [StationPreset] = []

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("presets", &presets) }

  /// The preset for a station that booted so; nil where its make needs nothing.
  public func preset(for report: BootReport) -> AppliedPreset? {
    guard let preset = presets.filter({ $0.matches(report) }).max(by: { $0.precision < $1.precision }) else {
      return nil
    }
    var applied = AppliedPreset()
    applied.name = preset.name
    let words = [report.vendor, report.model, preset.firmware == nil ? nil : report.firmwareVersion].compactMap(\.self)
    applied.because = "it said \(words.joined(separator: " ")) when it booted: \(preset.because)"
    applied.quirks = preset.quirks
    return applied
  }
}

/// The preset that a station has, and why.
public struct AppliedPreset: Payload {
  public var name = ""
  public var because = ""
  public var quirks = StationQuirks()

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("name", &name)
    try w.visit("because", &because)
    try w.visit("quirks", &quirks)
  }
}
