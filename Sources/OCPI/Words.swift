import Domain
import Wire

/// A word of the house that not every version has.
protocol DatedWord: Word {
  /// The first version that has it.
  var introduced: Edition { get }
}

extension Connector.Standard: DatedWord {
  var introduced: Edition {
    switch self {
    case .mcs, .nacs: .v230
    case .chaoji, .domesticM, .domesticN, .domesticO, .gbtAC, .gbtDC, .nema520, .nema630, .nema650, .nema1030,
      .nema1050,
      .nema1430, .nema1450, .pantographUp, .pantographDown:
      .v221
    case .chademo, .domesticA, .domesticB, .domesticC, .domesticD, .domesticE, .domesticF, .domesticG, .domesticH,
      .domesticI, .domesticJ, .domesticK, .domesticL, .cee16, .cee3x16, .cee3x32, .cee3x64, .type1, .ccs1, .type2,
      .ccs2, .type3A, .type3C, .teslaRoadster, .tesla:
      .first
    }
  }
}

extension Connector.PowerType: DatedWord {
  var introduced: Edition {
    switch self {
    case .ac2, .ac2Split: .v221
    case .ac1, .ac3, .dc: .first
    }
  }
}

extension Facility: DatedWord {
  var introduced: Edition {
    switch self {
    case .bikeSharing, .tramStop, .metroStation, .parkingLot: .v221
    case .hotel, .restaurant, .cafe, .mall, .supermarket, .sport, .recreationArea, .nature, .museum, .busStop,
      .taxiStand,
      .trainStation, .airport, .carpoolParking, .fuelStation, .wifi:
      .first
    }
  }
}

extension Capability: DatedWord {
  var introduced: Edition {
    switch self {
    case .chargingProfile, .creditCard, .remoteStartStop, .reservable, .rfidReader, .unlock: .first
    case .chargingPreferences, .chipCard, .contactlessCard, .debitCard, .pedTerminal, .needsConnector, .tokenGroup:
      .v221
    }
  }
}

extension ParkingRestriction: DatedWord {
  var introduced: Edition {
    switch self {
    case .customers, .disabled, .evOnly, .motorcycles, .plugged: .first
    case .employees, .taxis, .tenants: .v230
    }
  }
}
