import HTTP
import Net

/// Where the doors are for those who come: what is printed, shown on the page and told to partners.
struct OpenAddresses: Sendable {
  let publicURL: String
  let page: String
  let stations: String
  /// Where stations bring and fetch files.
  let files: String
  let listeners: [String]

  init(_ bound: [Doors.Bound], _ configuration: Configuration) {
    func address(of room: DoorKeeper.Room) -> String? {
      bound.first { $0.rooms.contains(room) }.map { "\($0.isTLS ? "https" : "http")://\($0.address)" }
    }
    page =
      configuration.pageDoor == nil ? configuration.publicURL ?? address(of: .page) ?? "" : address(of: .page) ?? ""
    publicURL = configuration.publicURL ?? address(of: .partners) ?? page
    let base =
      configuration.stationDoor == nil ? configuration.publicURL ?? address(of: .stations) : address(of: .stations)
    stations = (base ?? "").replacingScheme("http", by: "ws") + "/ocpp/"
    files = (base ?? "") + "/files/"
    listeners = bound.map {
      "\($0.isTLS ? "tls" : "tcp")://\($0.address) (\($0.rooms.map(\.rawValue).sorted().joined(separator: ", ")))"
    }
  }
}

extension String {
  /// `wss://…` of `https://…`.
  fileprivate func replacingScheme(_ old: String, by new: String) -> String {
    hasPrefix(old) ? new + dropFirst(old.count) : self
  }
}
