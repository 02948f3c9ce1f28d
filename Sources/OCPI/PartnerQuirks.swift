import Domain
import HTTP
import Wire

/// What a partner's own ways mean for what we do: how objects are written for it, how its token stands in the header,
/// and where its addresses may lead.
extension PartnerQuirks {
  /// Whole seconds, because finer ones break parsers in the field.
  public var style: WriterOptions { WriterOptions(timestampFraction: .seconds, explicitNulls: explicitNulls ?? false) }

  /// The forms to try, in order: the one that is set, or first what worked before and then the other one. The text of
  /// 2.1.1 knows no base64.
  func forms(remembered: TokenForm?, version: String?) -> [TokenForm] {
    if let tokenForm { return [tokenForm] }
    let likely = remembered ?? (version == "2.1.1" ? .raw : .base64)
    return likely == .raw ? [.raw, .base64] : [.base64, .raw]
  }
}

extension PartnerTerms {
  /// Whether a command's result may go there: only to a host that the partner registered, and not in clear where it is
  /// registered with https, unless it is one on a private network.
  func mayAnswer(to text: String) -> Bool {
    guard let url = try? HTTPURL(text), url.scheme == .http || url.scheme == .https else { return false }
    let mayBePlain = partner.quirks.allowPrivate == true
    let known = ([partner.versionsURL].compactMap { $0 } + partner.endpoints.map(\.url)).compactMap { try? HTTPURL($0) }
    return known.contains { $0.host == url.host && (url.isSecure || !$0.isSecure || mayBePlain) }
  }

  /// Whom a message of ours goes to: the owner of the driver's token, or the only party behind the partner that has that
  /// part in it.
  func receiver(of body: Bytes, from voice: Voice = .ofOperator) -> PartyID? {
    guard hub != nil || counterparts(of: voice).count > 1 else { return counterparts(of: voice).first }
    // What is for everybody behind a hub is addressed to the hub: a broadcast (2.2.1 §4.2.3).
    guard let token = (try? JSON.parse(body))?["cdr_token"], let country = token["country_code"]?.string,
      let party = token["party_id"]?.string
    else { return hub }
    let owner = PartyID(country: country, party: party)
    return hub != nil || partner.roles.contains { $0.name == owner } ? owner : nil
  }

  /// The parties behind the partner that a voice of ours speaks to: its operators of stations, or all others. Where it
  /// has none of those, it is what it is.
  private func counterparts(of voice: Voice) -> [PartyID] {
    let fitting = partner.roles.filter { ($0.role == "CPO") == (voice == .ofProvider) }
    var names: [PartyID] = []
    for role in fitting.isEmpty ? partner.roles : fitting where !names.contains(role.name) { names.append(role.name) }
    return names
  }

  /// Who of us answers a request: the one that it names, or the one that has that part in it.
  func answerer(to named: PartyID?, isProvider: Bool) -> PartyID {
    if let named, ourParties.contains(where: { $0.name == named }) { return named }
    return isProvider ? (provider ?? ourParty).name : parties[0].name
  }

  /// Whose drivers they are where a version does not say it: those of the one party that it knows.
  var driversParty: PartyID {
    (partner.roles.first { $0.role == "EMSP" } ?? partner.roles.first)?.name ?? ourParty.name
  }

  /// Who of ours speaks of an object: the provider of drivers, or the operator that owns it, where the partner deals with
  /// several.
  func speaker(of body: Bytes, as voice: Voice = .ofOperator) -> PartyID {
    if voice == .ofProvider { return (provider ?? ourParty).name }
    guard parties.count > 1, let json = try? JSON.parse(body), let country = json["country_code"]?.string,
      let party = json["party_id"]?.string
    else { return ourParty.name }
    let owner = PartyID(country: country, party: party)
    return parties.contains { $0.name == owner } ? owner : ourParty.name
  }
}

/// As what we speak to a partner.
enum Voice { case ofOperator, ofProvider }

/// Which form of the Authorization header each partner took when it refused the other one. Kept in memory only: after a
/// restart one request is made twice.
@MainActor
final class LearnedForms: Sendable {
  private var forms: [ID<Partner>: PartnerQuirks.TokenForm] = [:]

  nonisolated init() {}

  subscript(partner: ID<Partner>) -> PartnerQuirks.TokenForm? {
    get { forms[partner] }
    set { forms[partner] = newValue }
  }
}
