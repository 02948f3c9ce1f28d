import Testing
import Wire

@testable import Domain

struct DetailsCheckTests {
  @Test(arguments: [
    ("NL*OST*E0001", true), ("NLOSTE0001", true), ("nl*ost*e12*1", true), ("DE*ABC*E1", true), ("NL*OST*P0001", false),
    ("NL*OST*E", false), ("NL*OST*E*", false), ("N1*OST*E1", false), ("NL*OS*E1", false), ("NL*OST*E-1", false),
    ("", false),
    ("NL*OST*E\(String(repeating: "1", count: 31))", true), ("NL*OST*E\(String(repeating: "1", count: 32))", false),
  ])
  func anEVSEIDHasCountryOperatorAndName(text: String, isOne: Bool) { #expect(EVSE.isEMI3(text) == isOne) }

  private func hours(_ begin: String, _ end: String) -> LocationDetails {
    var regular = OpeningHours.Regular()
    (regular.begin, regular.end) = (begin, end)
    var details = LocationDetails()
    details.opening = OpeningHours()
    details.opening?.regular = [regular]
    return details
  }

  @Test(arguments: [
    ("08:00", "20:00", true), ("00:00", "24:00", true), ("20:00", "08:00", false), ("8:00", "20:00", false),
    ("08:00", "25:00", false), ("", "20:00", false),
  ])
  func hoursAreTimesInOrder(begin: String, end: String, isFine: Bool) {
    #expect((hours(begin, end).flaw == nil) == isFine)
  }

  @Test func picturesLieOnTheWeb() {
    var image = Image()
    (image.url, image.format) = ("javascript:alert(1)", "png")
    var details = LocationDetails()
    details.images = [image]
    #expect(details.flaw?.field == "images")
    details.images?[0].url = "https://img.example/a.png"
    #expect(details.flaw == nil)
    details.owner = Company(name: "X", website: "ftp://x")
    #expect(details.flaw?.field == "website")
  }

  @Test func parkingPlacesAreToldApart() {
    var bay = ParkingPlace()
    bay.id = "A"
    var details = LocationDetails()
    details.parkingPlaces = [bay, bay]
    #expect(details.flaw?.field == "parking_places")
  }

  @Test func detailsComeBackFromTheBooksAsTheyWent() throws {
    var details = hours("08:00", "20:00")
    (details.facilities, details.helpPhone) = ([.cafe, .wifi], "+31201234567")
    #expect(try LocationDetails.read(details.encoded()).value == details)
    #expect(LocationDetails().encoded() == Array("{}".utf8))
  }

  @Test func rulesNameWhatIsSeenOrHidden() {
    var rules = PublishingRules()
    #expect(rules.shows(location: "L1"))
    rules.hiddenLocations = ["l1"]
    #expect(!rules.shows(location: "L1") && rules.shows(location: "L2") && rules.shows(tariff: "L1"))
    rules.onlyLocations = ["L1", "L3"]
    #expect(!rules.shows(location: "L1") && !rules.shows(location: "L2") && rules.shows(location: "L3"))
  }
}
