import Wire

/// The bounds of the domain's own values. What is past one is refused by name at the door that it came through.
public enum Limits {
  /// Bytes of the picture of a floor plan, and pixels of each of its sides; a larger one is refused.
  public static let planBytes = 700_000
  public static let planPixels = 8_192
  /// Characters of the address of map tiles and of whose they are, and how fine tiles may be; what is past it is refused.
  public static let tileURL = 500
  public static let tileAttribution = 200
  public static let tileZoom = 1...22
  /// Points of a curve by which power follows the grid.
  public static let curvePoints = 20
  public static let tariffElements = 100
  public static let componentsPerElement = 20
  /// Wh or seconds.
  public static let stepSize = 1_000_000
  /// The highest stack level of a charging profile, and the most of anything that a station says it has room for; past it
  /// a profile is refused, and a station has said nothing.
  public static let stackLevel = stationCount
  public static let stationCount = Int(Int32.max)
  /// Shifts between charging and idle that one session keeps; a car that flutters longer stays as it was last.
  public static let sessionShifts = 2_000
  /// Gaps in the numbering of one transaction's events that are told apart; further ones are not listed.
  public static let transactionGaps = 100
  /// A price per kWh, per hour or once: at most this, with at most so many decimals. `Tariff.check` refuses what is
  /// past it, and pricing holds it at the bound, so that the exact arithmetic of a bill never leaves its 128 bits.
  public static let price = Decimal(1_000_000)
  public static let pricePlaces = 6
  /// Decimals of all that a tariff tells, which are those of OCPI (2.2.1 §17.4): more are refused when a tariff is
  /// written. One that is in the books with more is priced as it stands.
  public static let tariffPlaces = 4
  /// Percent, with at most so many decimals; refused and held as a price is.
  public static let vat = Decimal(100)
  public static let vatPlaces = 4
  /// W from which on a charging point's price is to be one per kWh (Regulation (EU) 2023/1804, article 5(4)).
  public static let fastChargingWatts = 50_000
  /// Rules of one price policy; more are refused. And seconds of its notice and of the time for which a price holds.
  public static let policyRules = 50
  public static let policySeconds = 7 * 86_400
  /// Prices of the grid that one request brings; more are refused.
  public static let gridPrices = 40_000
  /// Characters of a fault's code that is counted; a longer one is cut.
  public static let incidentCode = 50
  /// Readings, and idle spans, of a session that is tried on a tariff; more are refused.
  public static let trialReadings = 5_000
  /// Taxes that a tariff adds to its prices; more are refused, and pricing passes over them.
  public static let taxes = 5
  /// 400 days. A longer session is billed to here and its CDR waits for the operator.
  public static let sessionSeconds = 34_560_000
  /// 100 GWh. A session with more is billed to here and its CDR waits for the operator.
  public static let sessionEnergy = Energy(tenthsOfWattHour: 1_000_000_000_000)
  /// Bytes of a time zone file; the largest of IANA has 4 KB. A larger one is refused.
  public static let zoneFile = 262_144
  /// Characters of a time zone's name, as OCPI has it; a longer name is unknown.
  public static let zoneName = 255
  /// Seconds: very short sessions are judged as if they lasted this long, because clocks and meters are coarse.
  public static let shortestPlausibleSeconds = 60
  /// Percent of the rated power that still passes for a meter's tolerance.
  public static let meterTolerancePercent: Int64 = 115
  /// By so much a register may fall and count as rounded; more is a reset, and the CDR waits for the operator.
  public static let registerSlack = Energy(tenthsOfWattHour: 1_000)
  /// The least energy, by a station's power over the time, that tells in which unit its register is.
  public static let tellingEnergy = Energy(tenthsOfWattHour: 10_000)
  /// Settings that one station may be wanted to have; more are refused.
  public static let wantedSettings = 200
  /// Ways to connect that a station keeps: the highest number of one, and how many are named.
  public static let networkSlots = 20
  /// Characters that are kept of what a station says of itself and of its faults; OCPP allows far fewer. The message
  /// log has the message as it came.
  public static let stationWords = 255
  /// Stations of one campaign.
  public static let campaignStations = 20_000
  /// Stations of one bulk run; more are refused.
  public static let bulkStations = 20_000
  /// CDRs that one record of an invoice lists; more are refused.
  public static let recordedCDRs = 1_000_000
  /// Locations or tariffs that a partner's publishing rules name; more are refused.
  public static let publishedRefs = 5_000
  /// Minutes that a booking's terms may speak of, days ahead that can be booked, free periods that one calendar shows, tokens
  /// of one booking, and requests about it; more are refused, and later periods are not shown.
  public static let bookingMinutes = 43_200
  public static let bookingDays = 60
  public static let bookingWindows = 500
  public static let bookingTokens = 20
  public static let bookingRequests = 50
  /// Facilities, images, opening hours and the like of one place, each; more are refused.
  public static let listedDetails = 100
  /// Periods of one charging schedule; OCPP's own bound is 1,024, and no station in the field takes more.
  public static let schedulePeriods = 1_024
  /// Characters of prices on a display (OCPP 2.0.1 MessageContentType); what comes behind is left out.
  public static let displayedPrice = 512
  /// For how long a profile may hold without a connection, and how seldom its station may ask for its newest values: a week.
  public static let profileSeconds = 604_800
  /// The greatest rate of a charging profile, in A or W, charged or given back; a greater one is refused. The same for
  /// what its curves stand at, in hertz or the grid's signal.
  public static let rate = Decimal(10_000_000)
  /// Minutes between two pulls of a partner, and requests a minute, that the operator may set.
  public static let pullMinutes = 10_080
  public static let requestsPerMinute = 60_000
  /// By so much of a currency unit another network's CDR may differ from what we make it: bills round in their own ways.
  public static let cdrTolerance = Decimal(1, places: 2)
  /// Tries of one leg of a station's way to security profile 3, seconds between two, and seconds for which what the
  /// station must bring is awaited. Past the tries the walk has failed, with its reason.
  public static let profileWalkAttempts = 5
  public static let profileWalkPauseSeconds = 10
  public static let profileWalkPatienceSeconds = 300
  /// Circuits from an EVSE up to the site's supply; a deeper tree is refused.
  public static let circuitDepth = 10
  /// A per line that an EVSE gets at most as its fallback, where it may be without us for long.
  public static let fallbackAmperes = 16
  /// Seconds to spare below which a car that must leave waits for no turn any more.
  public static let tenseSeconds = 1_800
  /// A per line from which on a reading tells which lines a car uses.
  public static let tellingAmperes = 3
  /// Percent of an offer in A that a vehicle's schedule in W may come to, or the other way round, because voltages differ.
  public static let comparedPercent = 101
}
