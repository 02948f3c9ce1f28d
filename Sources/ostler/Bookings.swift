import ArgumentParser
import Domain
import Wire

/// `ostler booking`: what can be booked at our stations, and who has booked it.
struct Bookings: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "booking", abstract: "Bookings of charging places.",
    subcommands: [List.self, Show.self, Add.self, Cancel.self, Places.self, Place.self, Open.self, Close.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the bookings, newest first.")
    @Flag(help: "Only those that stand.") var open = false
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(
        try await remote.list("/bookings", [("open", open ? "true" : nil)]),
        ["id", "status", "from", "to", "station", "evse", "partner.name", "tokens", "why"])
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show a booking with its terms and requests.")
    @Argument(help: "Its id.") var id: String
    @OptionGroup var remote: Remote

    func run() async throws { remote.show(try await remote.ask(.get, "/bookings/\(id)")) }
  }

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Book for a driver of ours.")
    @Argument(help: "The number of the place in `ostler booking places`.") var place: Int
    @Argument(help: "The uid of a token of ours.") var token: String
    @Option(help: "From when, such as 2026-11-03T09:15:00Z.") var from: String
    @Option(help: "Until when.") var to: String
    @Option(help: "The uid of an EVSE; any that is free where it is not given.") var evse: String?
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(
        try await remote.ask(
          .post, "/bookings", [],
          [
            "booking_location": .number(JSONNumber(place)), "token": .string(token), "from": .string(from),
            "to": .string(to), "evse_uid": evse.map { .string($0) } ?? .null,
          ]))
    }
  }

  struct Cancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Take a booking back; its partner is told why.")
    @Argument(help: "Its id.") var id: String
    @Option(help: "POWER_OUTAGE, BROKEN_CHARGER, FULL, BLOCKED or UNKNOWN.") var reason = "UNKNOWN"
    @OptionGroup var remote: Remote

    func run() async throws { remote.show(try await remote.ask(.delete, "/bookings/\(id)", [("reason", reason)])) }
  }

  struct Places: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List what can be booked.")
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(
        try await remote.list("/booking-locations"),
        ["id", "ref", "location.name", "open", "evses", "rules.slot_minutes", "terms.noshow_timeout"])
    }
  }

  struct Place: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show what can be booked, with what is free.")
    @Argument(help: "Its number.") var id: Int
    @OptionGroup var remote: Remote

    func run() async throws { remote.show(try await remote.ask(.get, "/booking-locations/\(id)")) }
  }

  struct Open: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Open EVSEs of a site for bookings.")
    @Argument(help: "The number of the site.") var site: Int
    @Option(help: "The number of an EVSE in the API; repeat it for several. None: all of the site.") var evse: [Int] =
      []
    @Option(help: "Minutes: bookings begin and last by whole steps of this.") var slot = 30
    @Option(help: "Days ahead that can be booked.") var days = 14
    @Option(help: "Minutes after which a place is given away to which nobody came.") var noShow: Int?
    @OptionGroup var remote: Remote

    func run() async throws {
      var body: JSON = [
        "location": .number(JSONNumber(site)), "evses": .array(evse.map { .number(JSONNumber($0)) }),
        "rules": ["slot_minutes": .number(JSONNumber(slot)), "days_ahead": .number(JSONNumber(days))],
      ]
      if let noShow { body["terms"] = ["noshow_timeout": .number(JSONNumber(noShow))] }
      remote.show(try await remote.ask(.post, "/booking-locations", [], body))
    }
  }

  struct Close: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "End bookings of a place; what is booked stays.")
    @Argument(help: "Its number.") var id: Int
    @OptionGroup var remote: Remote

    func run() async throws { try await remote.ask(.delete, "/booking-locations/\(id)") }
  }
}

// `ostler roaming …`: our drivers' bookings at other networks.
extension Roaming {
  struct Bookings: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List what our drivers have booked at other networks.")
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(
        try await remote.list("/roaming/bookings"), ["id", "partner.name", "ref", "status", "from", "to", "updated_at"])
    }
  }

  struct BookingPlaces: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List what can be booked at other networks.")
    @Option(help: "The number of a location there.") var location: Int?
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(
        try await remote.list("/roaming/booking-locations", [("location", location.map { "\($0)" })]),
        ["id", "partner.name", "ref", "location_ref", "updated_at"])
    }
  }

  struct Book: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Book at another network for a driver of ours.")
    @Argument(help: "The number of the place in `ostler roaming booking-places`.") var place: Int
    @Argument(help: "The uid of a token of ours.") var token: String
    @Option(help: "From when, such as 2026-11-03T09:15:00Z.") var from: String
    @Option(help: "Until when.") var to: String
    @Option(help: "The uid of an EVSE there.") var evse: String?
    @OptionGroup var command: RoamingArguments

    func run() async throws {
      try await command.send(
        "book",
        [
          "booking_location": .number(JSONNumber(place)), "token": .string(token), "from": .string(from),
          "to": .string(to), "evse": evse.map { .string($0) } ?? .null,
        ])
    }
  }

  struct ChangeBooking: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Ask for another time of a booking at another network.")
    @Argument(help: "Its number in `ostler roaming bookings`.") var booking: Int
    @Option(help: "From when, such as 2026-11-03T09:15:00Z.") var from: String
    @Option(help: "Until when.") var to: String
    @OptionGroup var command: RoamingArguments

    func run() async throws {
      try await command.send(
        "change-booking", ["booking": .number(JSONNumber(booking)), "from": .string(from), "to": .string(to)])
    }
  }

  struct CancelBooking: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Give a booking at another network up.")
    @Argument(help: "Its number in `ostler roaming bookings`.") var booking: Int
    @Option(help: "TRAFFIC, BROKEN_VEHICLE, NO_CANCELED or UNKNOWN.") var reason = "NO_CANCELED"
    @OptionGroup var command: RoamingArguments

    func run() async throws {
      try await command.send(
        "cancel-booking", ["booking": .number(JSONNumber(booking)), "reason": .string(reason)])
    }
  }
}
