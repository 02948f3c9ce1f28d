import ArgumentParser

/// The command line: one program that is the daemon, and that speaks to a running one.
@main
struct Ostler: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ostler",
    abstract: "Runs charging stations (OCPP) and shares them with roaming partners (OCPI).",
    version: Version.text,
    subcommands: [
      Serve.self, Demo.self, CheckConfig.self, SetupLink.self, Users.self, APIKeys.self, Stations.self, Tokens.self,
      Tariffs.self, Prices.self, Sites.self, Circuits.self, Invoices.self, Parties.self, Partners.self, Roaming.self,
      Authority.self, Sessions.self, CDRs.self, BackUp.self,
      RestoreBackup.self, Doctor.self, SupportBundle.self, Sim.self,
    ])
}

enum Version {
  static let text = "0.1.0"
}
