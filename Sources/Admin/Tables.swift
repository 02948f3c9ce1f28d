// Lists of the API as CSV: what stands in each column. Sessions, CDRs, stations, tokens and invoices have tables of
// their own, because those are read back, or say more than the list.
extension Route {
  static func tables(of lists: [Route]) -> [Route] {
    let roaming = ["id", "ref", "party.country_code", "party.party_id", "partner.name"]
    let message = ["id", "at", "door", "peer", "direction", "action", "correlation", "error", "text"]
    let columns: [(list: String, columns: [String])] = [
      ("listAudit", ["id", "at", "who", "address", "operation", "path", "status"]),
      (
        "listUsers", ["id", "name", "role", "sites", "disabled", "second_factor", "logins", "created_at", "updated_at"]
      ),
      (
        "listDeliveries",
        ["id", "at", "first_seq", "last_seq", "events", "status", "why", "milliseconds", "taken"]
      ),
      (
        "listLetters", ["id", "to", "subject", "text", "state", "attempts", "why", "created_at", "next_at", "ended_at"]
      ),
      (
        "listCommands",
        ["id", "station", "verb", "detail", "origin", "phase", "answer", "session", "created_at", "updated_at"]
      ),
      (
        "listLocations",
        [
          "id", "ref", "party.country_code", "party.party_id", "name", "address", "city", "postal_code", "state",
          "country", "#latitude", "#longitude", "time_zone", "published", "parking_type", "always_open", "stations",
          "created_at", "updated_at",
        ]
      ),
      (
        "listDowntimes", ["id", "location", "station_id", "evse_id", "begins_at", "ends_at", "cause", "note", "origin"]
      ),
      ("listUnknownTags", ["uid", "station", "count", "last_at"]),
      (
        "listTariffs",
        [
          "id", "ref", "version", "party.country_code", "party.party_id", "tariff.currency", "connectors", "created_at",
          "updated_at", "tariff",
        ]
      ),
      (
        "listPartners",
        [
          "id", "name", "party.country_code", "party.party_id", "state", "version", "versions_url", "last_contact_at",
          "created_at", "updated_at",
        ]
      ),
      (
        "listPushes",
        ["partner.name", "module", "object", "state", "attempts", "next_at", "due_since", "last_error", "sent_at"]
      ),
      ("listMessages", message), ("showConversation", message),
      (
        "listRoamingLocations",
        roaming + [
          "name", "address", "city", "postal_code", "country", "#latitude", "#longitude", "time_zone", "evse_count",
          "available", "max_power", "standards", "updated_at", "seen_at", "gone_at",
        ]
      ),
      ("listRoamingTariffs", roaming + ["currency", "updated_at", "gone_at"]),
      (
        "listRoamingSessions",
        roaming + [
          "token", "contract_id", "status", "location", "evse", "connector", "authorization_reference", "started_at",
          "ended_at", "#energy_kwh", "cost.currency", "#cost.excl_vat", "#cost.incl_vat", "updated_at",
        ]
      ),
      (
        "listRoamingCDRs",
        roaming + [
          "session", "token", "contract_id", "location", "credit", "credits", "credited_by", "started_at", "ended_at",
          "#energy_kwh", "cost.currency", "#cost.excl_vat", "#cost.incl_vat", "doubts", "note", "settled_at",
          "received_at",
        ]
      ),
      ("listInvoiceRecords", roaming + ["invoice", "cdr_count", "updated_at", "received_at"]),
      (
        "listRoamingCommands",
        ["id", "partner.name", "verb", "detail", "session", "origin", "phase", "answer", "created_at", "updated_at"]
      ),
      ("listRoamingBookings", roaming + ["request_id", "status", "from", "to", "updated_at"]),
      ("listParked", ["id", "station", "action", "payload", "why", "count", "received_at"]),
      (
        "listReservations",
        [
          "id", "number", "station", "evse", "token", "contract_id", "group_id", "expires_at", "state", "answer",
          "origin", "partner_reference", "session", "created_at", "updated_at",
        ]
      ),
      (
        "listBookings",
        [
          "id", "number", "status", "why", "location.name", "station", "evse", "from", "to", "partner.name", "tokens",
          "request_id", "authorization_reference", "canceled", "reservation", "session", "created_at", "updated_at",
        ]
      ),
      (
        "listJobs",
        [
          "id", "number", "station", "kind", "state", "word", "url", "file_name", "campaign", "origin", "created_at",
          "updated_at",
        ]
      ),
      ("listFiles", ["id", "kind", "name", "state", "bytes", "origin", "created_at", "updated_at"]),
      ("listCampaigns", ["id", "name", "state", "why", "origin", "created_at", "updated_at"]),
      (
        "listBulkRuns",
        [
          "id", "plan.verb", "state", "stations", "tally.done", "tally.refused", "tally.failed", "tally.stopped",
          "origin", "created_at", "updated_at",
        ]
      ),
      ("listBulkRunStations", ["station", "state", "answer", "command", "updated_at"]),
      ("listSecurityEvents", ["type", "info", "at", "received_at", "alarming"]),
      (
        "listIssuedCertificates",
        ["serial", "purpose", "common_name", "issued_at", "expires_at", "issued_by", "revoked_at", "revoked_because"]
      ),
      (
        "listSettings",
        ["key", "attribute", "value", "access", "kind", "unit", "least", "most", "choices", "told_at"]
      ),
      (
        "listAlerts",
        [
          "id", "station", "number", "at", "key", "trigger", "value", "cause", "code", "info", "transaction", "monitor",
          "severity", "origin", "received_at", "ended_at", "ended_by",
        ]
      ),
      ("listStatusHistory", ["evse", "status", "at", "reason"]),
    ]
    return columns.map { name, columns in
      guard let list = lists.first(where: { $0.name == name }) else { preconditionFailure("there is no list \(name)") }
      return table(
        name.hasPrefix("list") ? "export\(name.dropFirst(4))" : "exportConversation", of: list, columns)
    }
  }
}
