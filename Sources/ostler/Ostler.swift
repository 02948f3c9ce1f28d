import ArgumentParser
import Dispatch

/// The program. What must be settled before there is a second thread is settled here: from then on the main actor itself
/// runs on the threads of libdispatch.
@main
enum Program {
  static func main() {
    let words = CommandLine.arguments.dropFirst()
    // What is wrong with them is told when all of them are read.
    if words.first == "serve", let daemon = try? Serve.parse(Array(words.dropFirst())) { daemon.settleMemory() }
    Task {
      await Ostler.main()
      Ostler.exit()
    }
    dispatchMain()
  }
}

/// The command line: one program that is the daemon, and that speaks to a running one.
struct Ostler: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ostler",
    abstract: "Runs charging stations (OCPP) and shares them with roaming partners (OCPI).",
    version: Version.text,
    subcommands: [
      Serve.self, Demo.self, CheckConfig.self, SetupLink.self, Users.self, APIKeys.self, Stations.self, Tokens.self,
      Tariffs.self, Prices.self, Sites.self, Circuits.self, Invoices.self, Parties.self, Partners.self, Roaming.self,
      Bookings.self,
      Authority.self, Sessions.self, CDRs.self, BackUp.self,
      RestoreBackup.self, Doctor.self, SupportBundle.self, Sim.self,
    ])
}

enum Version {
  static let text = "0.1.0"
}
