// Written by `make resources`: one array for each file of Resources/ that the binary carries, and their list.
static const unsigned char file_Admin_actions_js[] = {
#embed "../../Resources/Admin/actions.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_api_js[] = {
#embed "../../Resources/Admin/api.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_app_js[] = {
#embed "../../Resources/Admin/app.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_bookings_js[] = {
#embed "../../Resources/Admin/bookings.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_books_js[] = {
#embed "../../Resources/Admin/books.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_bulk_view_js[] = {
#embed "../../Resources/Admin/bulk-view.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_bulk_js[] = {
#embed "../../Resources/Admin/bulk.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_chart_js[] = {
#embed "../../Resources/Admin/chart.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_circuit_signals_js[] = {
#embed "../../Resources/Admin/circuit-signals.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_closing_js[] = {
#embed "../../Resources/Admin/closing.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_commands_js[] = {
#embed "../../Resources/Admin/commands.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_dialog_js[] = {
#embed "../../Resources/Admin/dialog.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_discounts_js[] = {
#embed "../../Resources/Admin/discounts.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_dom_js[] = {
#embed "../../Resources/Admin/dom.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_downtimes_js[] = {
#embed "../../Resources/Admin/downtimes.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_drive_css[] = {
#embed "../../Resources/Admin/drive.css" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_drive_html[] = {
#embed "../../Resources/Admin/drive.html" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_drive_js[] = {
#embed "../../Resources/Admin/drive.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_editing_js[] = {
#embed "../../Resources/Admin/editing.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_events_js[] = {
#embed "../../Resources/Admin/events.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_favicon_svg[] = {
#embed "../../Resources/Admin/favicon.svg" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_floor_plan_js[] = {
#embed "../../Resources/Admin/floor-plan.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_format_js[] = {
#embed "../../Resources/Admin/format.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_forms_js[] = {
#embed "../../Resources/Admin/forms.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_i18n_js[] = {
#embed "../../Resources/Admin/i18n.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_imports_js[] = {
#embed "../../Resources/Admin/imports.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_index_html[] = {
#embed "../../Resources/Admin/index.html" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_jump_js[] = {
#embed "../../Resources/Admin/jump.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_key_sheet_js[] = {
#embed "../../Resources/Admin/key-sheet.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_keys_js[] = {
#embed "../../Resources/Admin/keys.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_knocks_js[] = {
#embed "../../Resources/Admin/knocks.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_land_json[] = {
#embed "../../Resources/Admin/land.json" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_land_txt[] = {
#embed "../../Resources/Admin/land.txt" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_lists_js[] = {
#embed "../../Resources/Admin/lists.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_live_missed_js[] = {
#embed "../../Resources/Admin/live-missed.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_live_stream_js[] = {
#embed "../../Resources/Admin/live-stream.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_live_worker_js[] = {
#embed "../../Resources/Admin/live-worker.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_live_js[] = {
#embed "../../Resources/Admin/live.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_map_view_js[] = {
#embed "../../Resources/Admin/map-view.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_menu_js[] = {
#embed "../../Resources/Admin/menu.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_pager_js[] = {
#embed "../../Resources/Admin/pager.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_partner_actions_js[] = {
#embed "../../Resources/Admin/partner-actions.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_partner_papers_js[] = {
#embed "../../Resources/Admin/partner-papers.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_price_actions_js[] = {
#embed "../../Resources/Admin/price-actions.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_price_rules_js[] = {
#embed "../../Resources/Admin/price-rules.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_rest_css[] = {
#embed "../../Resources/Admin/rest.css" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_rest_js[] = {
#embed "../../Resources/Admin/rest.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_roaming_bookings_js[] = {
#embed "../../Resources/Admin/roaming-bookings.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_roaming_session_js[] = {
#embed "../../Resources/Admin/roaming-session.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_account_js[] = {
#embed "../../Resources/Admin/screens/account.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_alarms_js[] = {
#embed "../../Resources/Admin/screens/alarms.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_analytics_compare_js[] = {
#embed "../../Resources/Admin/screens/analytics-compare.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_analytics_js[] = {
#embed "../../Resources/Admin/screens/analytics.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_api_docs_js[] = {
#embed "../../Resources/Admin/screens/api-docs.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_authority_js[] = {
#embed "../../Resources/Admin/screens/authority.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_bulk_run_js[] = {
#embed "../../Resources/Admin/screens/bulk-run.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_campaign_js[] = {
#embed "../../Resources/Admin/screens/campaign.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_campaigns_js[] = {
#embed "../../Resources/Admin/screens/campaigns.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_cdr_js[] = {
#embed "../../Resources/Admin/screens/cdr.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_cdrs_js[] = {
#embed "../../Resources/Admin/screens/cdrs.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_checkup_js[] = {
#embed "../../Resources/Admin/screens/checkup.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_effect_js[] = {
#embed "../../Resources/Admin/screens/effect.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_energy_js[] = {
#embed "../../Resources/Admin/screens/energy.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_entry_js[] = {
#embed "../../Resources/Admin/screens/entry.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_first_run_js[] = {
#embed "../../Resources/Admin/screens/first-run.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_invoices_js[] = {
#embed "../../Resources/Admin/screens/invoices.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_labels_js[] = {
#embed "../../Resources/Admin/screens/labels.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_map_js[] = {
#embed "../../Resources/Admin/screens/map.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_messages_js[] = {
#embed "../../Resources/Admin/screens/messages.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_overview_js[] = {
#embed "../../Resources/Admin/screens/overview.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_partner_js[] = {
#embed "../../Resources/Admin/screens/partner.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_partners_js[] = {
#embed "../../Resources/Admin/screens/partners.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_people_js[] = {
#embed "../../Resources/Admin/screens/people.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_price_js[] = {
#embed "../../Resources/Admin/screens/price.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_prices_js[] = {
#embed "../../Resources/Admin/screens/prices.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_reports_js[] = {
#embed "../../Resources/Admin/screens/reports.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_roaming_js[] = {
#embed "../../Resources/Admin/screens/roaming.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_session_js[] = {
#embed "../../Resources/Admin/screens/session.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_sessions_js[] = {
#embed "../../Resources/Admin/screens/sessions.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_settings_js[] = {
#embed "../../Resources/Admin/screens/settings.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_site_load_js[] = {
#embed "../../Resources/Admin/screens/site-load.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_site_js[] = {
#embed "../../Resources/Admin/screens/site.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_sites_js[] = {
#embed "../../Resources/Admin/screens/sites.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_station_anything_js[] = {
#embed "../../Resources/Admin/screens/station-anything.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_station_configuration_js[] = {
#embed "../../Resources/Admin/screens/station-configuration.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_station_device_js[] = {
#embed "../../Resources/Admin/screens/station-device.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_station_duties_js[] = {
#embed "../../Resources/Admin/screens/station-duties.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_station_money_js[] = {
#embed "../../Resources/Admin/screens/station-money.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_station_security_js[] = {
#embed "../../Resources/Admin/screens/station-security.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_station_setup_js[] = {
#embed "../../Resources/Admin/screens/station-setup.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_station_support_js[] = {
#embed "../../Resources/Admin/screens/station-support.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_station_js[] = {
#embed "../../Resources/Admin/screens/station.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_stations_js[] = {
#embed "../../Resources/Admin/screens/stations.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_tariff_js[] = {
#embed "../../Resources/Admin/screens/tariff.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_tariffs_js[] = {
#embed "../../Resources/Admin/screens/tariffs.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_templates_js[] = {
#embed "../../Resources/Admin/screens/templates.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_tokens_js[] = {
#embed "../../Resources/Admin/screens/tokens.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_screens_webhooks_js[] = {
#embed "../../Resources/Admin/screens/webhooks.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_series_js[] = {
#embed "../../Resources/Admin/series.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_session_columns_js[] = {
#embed "../../Resources/Admin/session-columns.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_session_wishes_js[] = {
#embed "../../Resources/Admin/session-wishes.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_shell_js[] = {
#embed "../../Resources/Admin/shell.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_sorter_js[] = {
#embed "../../Resources/Admin/sorter.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_states_rest_js[] = {
#embed "../../Resources/Admin/states-rest.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_states_js[] = {
#embed "../../Resources/Admin/states.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_station_statuses_js[] = {
#embed "../../Resources/Admin/station-statuses.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_status_html[] = {
#embed "../../Resources/Admin/status.html" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_status_js[] = {
#embed "../../Resources/Admin/status.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_style_css[] = {
#embed "../../Resources/Admin/style.css" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_table_js[] = {
#embed "../../Resources/Admin/table.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_tariff_view_js[] = {
#embed "../../Resources/Admin/tariff-view.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_tariff_words_js[] = {
#embed "../../Resources/Admin/tariff-words.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_theme_js[] = {
#embed "../../Resources/Admin/theme.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_views_js[] = {
#embed "../../Resources/Admin/views.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Admin_zones_js[] = {
#embed "../../Resources/Admin/zones.js" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0001_house_sql[] = {
#embed "../../Resources/Migrations/0001_house.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0002_numbered_sql[] = {
#embed "../../Resources/Migrations/0002_numbered.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0003_security_sql[] = {
#embed "../../Resources/Migrations/0003_security.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0004_indexes_sql[] = {
#embed "../../Resources/Migrations/0004_indexes.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0005_duties_sql[] = {
#embed "../../Resources/Migrations/0005_duties.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0006_files_sql[] = {
#embed "../../Resources/Migrations/0006_files.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0007_certificates_sql[] = {
#embed "../../Resources/Migrations/0007_certificates.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0008_signatures_sql[] = {
#embed "../../Resources/Migrations/0008_signatures.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0009_transactions_sql[] = {
#embed "../../Resources/Migrations/0009_transactions.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0010_devices_sql[] = {
#embed "../../Resources/Migrations/0010_devices.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0011_grid_sql[] = {
#embed "../../Resources/Migrations/0011_grid.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0012_prepaid_sql[] = {
#embed "../../Resources/Migrations/0012_prepaid.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0013_needs_sql[] = {
#embed "../../Resources/Migrations/0013_needs.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0014_forwarding_sql[] = {
#embed "../../Resources/Migrations/0014_forwarding.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0015_bills_sql[] = {
#embed "../../Resources/Migrations/0015_bills.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0016_usage_sql[] = {
#embed "../../Resources/Migrations/0016_usage.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0017_price_policies_sql[] = {
#embed "../../Resources/Migrations/0017_price_policies.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0018_roaming_sql[] = {
#embed "../../Resources/Migrations/0018_roaming.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0019_places_sql[] = {
#embed "../../Resources/Migrations/0019_places.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0020_load_sql[] = {
#embed "../../Resources/Migrations/0020_load.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0021_people_sql[] = {
#embed "../../Resources/Migrations/0021_people.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0022_invoices_sql[] = {
#embed "../../Resources/Migrations/0022_invoices.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0023_drivers_sql[] = {
#embed "../../Resources/Migrations/0023_drivers.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0024_webhooks_sql[] = {
#embed "../../Resources/Migrations/0024_webhooks.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0025_limits_sql[] = {
#embed "../../Resources/Migrations/0025_limits.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0026_keeping_sql[] = {
#embed "../../Resources/Migrations/0026_keeping.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0027_invoice_records_sql[] = {
#embed "../../Resources/Migrations/0027_invoice_records.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0028_insight_sql[] = {
#embed "../../Resources/Migrations/0028_insight.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0029_plans_sql[] = {
#embed "../../Resources/Migrations/0029_plans.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0030_sites_of_people_sql[] = {
#embed "../../Resources/Migrations/0030_sites_of_people.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0031_alarms_sql[] = {
#embed "../../Resources/Migrations/0031_alarms.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0032_token_places_sql[] = {
#embed "../../Resources/Migrations/0032_token_places.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0033_fuse_alarm_sql[] = {
#embed "../../Resources/Migrations/0033_fuse_alarm.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0034_roaming_profiles_sql[] = {
#embed "../../Resources/Migrations/0034_roaming_profiles.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0035_token_transfers_sql[] = {
#embed "../../Resources/Migrations/0035_token_transfers.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0036_bookings_sql[] = {
#embed "../../Resources/Migrations/0036_bookings.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0037_payment_codes_sql[] = {
#embed "../../Resources/Migrations/0037_payment_codes.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0038_booking_pulls_sql[] = {
#embed "../../Resources/Migrations/0038_booking_pulls.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0039_saved_views_sql[] = {
#embed "../../Resources/Migrations/0039_saved_views.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0040_status_time_sql[] = {
#embed "../../Resources/Migrations/0040_status_time.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0041_walk_command_sql[] = {
#embed "../../Resources/Migrations/0041_walk_command.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0042_found_by_index_sql[] = {
#embed "../../Resources/Migrations/0042_found_by_index.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0043_remembered_power_sql[] = {
#embed "../../Resources/Migrations/0043_remembered_power.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0044_price_anchor_sql[] = {
#embed "../../Resources/Migrations/0044_price_anchor.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0045_retired_ports_sql[] = {
#embed "../../Resources/Migrations/0045_retired_ports.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0046_repeats_sql[] = {
#embed "../../Resources/Migrations/0046_repeats.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0047_usual_priority_sql[] = {
#embed "../../Resources/Migrations/0047_usual_priority.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0048_slot_keys_sql[] = {
#embed "../../Resources/Migrations/0048_slot_keys.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0049_tariff_push_sql[] = {
#embed "../../Resources/Migrations/0049_tariff_push.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0050_returned_energy_sql[] = {
#embed "../../Resources/Migrations/0050_returned_energy.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0051_settlements_sql[] = {
#embed "../../Resources/Migrations/0051_settlements.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0052_station_tariffs_sql[] = {
#embed "../../Resources/Migrations/0052_station_tariffs.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0053_device_read_sql[] = {
#embed "../../Resources/Migrations/0053_device_read.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0054_circuit_numbers_sql[] = {
#embed "../../Resources/Migrations/0054_circuit_numbers.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0055_tombstones_sql[] = {
#embed "../../Resources/Migrations/0055_tombstones.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0056_bulk_runs_sql[] = {
#embed "../../Resources/Migrations/0056_bulk_runs.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_0057_where_it_happened_sql[] = {
#embed "../../Resources/Migrations/0057_where_it_happened.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_messages_0001_messages_sql[] = {
#embed "../../Resources/Migrations/messages/0001_messages.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_Migrations_messages_0002_batches_sql[] = {
#embed "../../Resources/Migrations/messages/0002_batches.sql" suffix(, 0) if_empty(0)
};
static const unsigned char file_i18n_de_json[] = {
#embed "../../Resources/i18n/de.json" suffix(, 0) if_empty(0)
};
static const unsigned char file_i18n_en_json[] = {
#embed "../../Resources/i18n/en.json" suffix(, 0) if_empty(0)
};
static const unsigned char file_i18n_fr_json[] = {
#embed "../../Resources/i18n/fr.json" suffix(, 0) if_empty(0)
};
static const unsigned char file_i18n_nl_json[] = {
#embed "../../Resources/i18n/nl.json" suffix(, 0) if_empty(0)
};
static const unsigned char file_openapi_json[] = {
#embed "../../Resources/openapi.json" suffix(, 0) if_empty(0)
};
static const unsigned char file_station_presets_json[] = {
#embed "../../Resources/station-presets.json" suffix(, 0) if_empty(0)
};
#define FILES(FILE) \
  FILE("Admin/actions.js", file_Admin_actions_js) \
  FILE("Admin/api.js", file_Admin_api_js) \
  FILE("Admin/app.js", file_Admin_app_js) \
  FILE("Admin/bookings.js", file_Admin_bookings_js) \
  FILE("Admin/books.js", file_Admin_books_js) \
  FILE("Admin/bulk-view.js", file_Admin_bulk_view_js) \
  FILE("Admin/bulk.js", file_Admin_bulk_js) \
  FILE("Admin/chart.js", file_Admin_chart_js) \
  FILE("Admin/circuit-signals.js", file_Admin_circuit_signals_js) \
  FILE("Admin/closing.js", file_Admin_closing_js) \
  FILE("Admin/commands.js", file_Admin_commands_js) \
  FILE("Admin/dialog.js", file_Admin_dialog_js) \
  FILE("Admin/discounts.js", file_Admin_discounts_js) \
  FILE("Admin/dom.js", file_Admin_dom_js) \
  FILE("Admin/downtimes.js", file_Admin_downtimes_js) \
  FILE("Admin/drive.css", file_Admin_drive_css) \
  FILE("Admin/drive.html", file_Admin_drive_html) \
  FILE("Admin/drive.js", file_Admin_drive_js) \
  FILE("Admin/editing.js", file_Admin_editing_js) \
  FILE("Admin/events.js", file_Admin_events_js) \
  FILE("Admin/favicon.svg", file_Admin_favicon_svg) \
  FILE("Admin/floor-plan.js", file_Admin_floor_plan_js) \
  FILE("Admin/format.js", file_Admin_format_js) \
  FILE("Admin/forms.js", file_Admin_forms_js) \
  FILE("Admin/i18n.js", file_Admin_i18n_js) \
  FILE("Admin/imports.js", file_Admin_imports_js) \
  FILE("Admin/index.html", file_Admin_index_html) \
  FILE("Admin/jump.js", file_Admin_jump_js) \
  FILE("Admin/key-sheet.js", file_Admin_key_sheet_js) \
  FILE("Admin/keys.js", file_Admin_keys_js) \
  FILE("Admin/knocks.js", file_Admin_knocks_js) \
  FILE("Admin/land.json", file_Admin_land_json) \
  FILE("Admin/land.txt", file_Admin_land_txt) \
  FILE("Admin/lists.js", file_Admin_lists_js) \
  FILE("Admin/live-missed.js", file_Admin_live_missed_js) \
  FILE("Admin/live-stream.js", file_Admin_live_stream_js) \
  FILE("Admin/live-worker.js", file_Admin_live_worker_js) \
  FILE("Admin/live.js", file_Admin_live_js) \
  FILE("Admin/map-view.js", file_Admin_map_view_js) \
  FILE("Admin/menu.js", file_Admin_menu_js) \
  FILE("Admin/pager.js", file_Admin_pager_js) \
  FILE("Admin/partner-actions.js", file_Admin_partner_actions_js) \
  FILE("Admin/partner-papers.js", file_Admin_partner_papers_js) \
  FILE("Admin/price-actions.js", file_Admin_price_actions_js) \
  FILE("Admin/price-rules.js", file_Admin_price_rules_js) \
  FILE("Admin/rest.css", file_Admin_rest_css) \
  FILE("Admin/rest.js", file_Admin_rest_js) \
  FILE("Admin/roaming-bookings.js", file_Admin_roaming_bookings_js) \
  FILE("Admin/roaming-session.js", file_Admin_roaming_session_js) \
  FILE("Admin/screens/account.js", file_Admin_screens_account_js) \
  FILE("Admin/screens/alarms.js", file_Admin_screens_alarms_js) \
  FILE("Admin/screens/analytics-compare.js", file_Admin_screens_analytics_compare_js) \
  FILE("Admin/screens/analytics.js", file_Admin_screens_analytics_js) \
  FILE("Admin/screens/api-docs.js", file_Admin_screens_api_docs_js) \
  FILE("Admin/screens/authority.js", file_Admin_screens_authority_js) \
  FILE("Admin/screens/bulk-run.js", file_Admin_screens_bulk_run_js) \
  FILE("Admin/screens/campaign.js", file_Admin_screens_campaign_js) \
  FILE("Admin/screens/campaigns.js", file_Admin_screens_campaigns_js) \
  FILE("Admin/screens/cdr.js", file_Admin_screens_cdr_js) \
  FILE("Admin/screens/cdrs.js", file_Admin_screens_cdrs_js) \
  FILE("Admin/screens/checkup.js", file_Admin_screens_checkup_js) \
  FILE("Admin/screens/effect.js", file_Admin_screens_effect_js) \
  FILE("Admin/screens/energy.js", file_Admin_screens_energy_js) \
  FILE("Admin/screens/entry.js", file_Admin_screens_entry_js) \
  FILE("Admin/screens/first-run.js", file_Admin_screens_first_run_js) \
  FILE("Admin/screens/invoices.js", file_Admin_screens_invoices_js) \
  FILE("Admin/screens/labels.js", file_Admin_screens_labels_js) \
  FILE("Admin/screens/map.js", file_Admin_screens_map_js) \
  FILE("Admin/screens/messages.js", file_Admin_screens_messages_js) \
  FILE("Admin/screens/overview.js", file_Admin_screens_overview_js) \
  FILE("Admin/screens/partner.js", file_Admin_screens_partner_js) \
  FILE("Admin/screens/partners.js", file_Admin_screens_partners_js) \
  FILE("Admin/screens/people.js", file_Admin_screens_people_js) \
  FILE("Admin/screens/price.js", file_Admin_screens_price_js) \
  FILE("Admin/screens/prices.js", file_Admin_screens_prices_js) \
  FILE("Admin/screens/reports.js", file_Admin_screens_reports_js) \
  FILE("Admin/screens/roaming.js", file_Admin_screens_roaming_js) \
  FILE("Admin/screens/session.js", file_Admin_screens_session_js) \
  FILE("Admin/screens/sessions.js", file_Admin_screens_sessions_js) \
  FILE("Admin/screens/settings.js", file_Admin_screens_settings_js) \
  FILE("Admin/screens/site-load.js", file_Admin_screens_site_load_js) \
  FILE("Admin/screens/site.js", file_Admin_screens_site_js) \
  FILE("Admin/screens/sites.js", file_Admin_screens_sites_js) \
  FILE("Admin/screens/station-anything.js", file_Admin_screens_station_anything_js) \
  FILE("Admin/screens/station-configuration.js", file_Admin_screens_station_configuration_js) \
  FILE("Admin/screens/station-device.js", file_Admin_screens_station_device_js) \
  FILE("Admin/screens/station-duties.js", file_Admin_screens_station_duties_js) \
  FILE("Admin/screens/station-money.js", file_Admin_screens_station_money_js) \
  FILE("Admin/screens/station-security.js", file_Admin_screens_station_security_js) \
  FILE("Admin/screens/station-setup.js", file_Admin_screens_station_setup_js) \
  FILE("Admin/screens/station-support.js", file_Admin_screens_station_support_js) \
  FILE("Admin/screens/station.js", file_Admin_screens_station_js) \
  FILE("Admin/screens/stations.js", file_Admin_screens_stations_js) \
  FILE("Admin/screens/tariff.js", file_Admin_screens_tariff_js) \
  FILE("Admin/screens/tariffs.js", file_Admin_screens_tariffs_js) \
  FILE("Admin/screens/templates.js", file_Admin_screens_templates_js) \
  FILE("Admin/screens/tokens.js", file_Admin_screens_tokens_js) \
  FILE("Admin/screens/webhooks.js", file_Admin_screens_webhooks_js) \
  FILE("Admin/series.js", file_Admin_series_js) \
  FILE("Admin/session-columns.js", file_Admin_session_columns_js) \
  FILE("Admin/session-wishes.js", file_Admin_session_wishes_js) \
  FILE("Admin/shell.js", file_Admin_shell_js) \
  FILE("Admin/sorter.js", file_Admin_sorter_js) \
  FILE("Admin/states-rest.js", file_Admin_states_rest_js) \
  FILE("Admin/states.js", file_Admin_states_js) \
  FILE("Admin/station-statuses.js", file_Admin_station_statuses_js) \
  FILE("Admin/status.html", file_Admin_status_html) \
  FILE("Admin/status.js", file_Admin_status_js) \
  FILE("Admin/style.css", file_Admin_style_css) \
  FILE("Admin/table.js", file_Admin_table_js) \
  FILE("Admin/tariff-view.js", file_Admin_tariff_view_js) \
  FILE("Admin/tariff-words.js", file_Admin_tariff_words_js) \
  FILE("Admin/theme.js", file_Admin_theme_js) \
  FILE("Admin/views.js", file_Admin_views_js) \
  FILE("Admin/zones.js", file_Admin_zones_js) \
  FILE("Migrations/0001_house.sql", file_Migrations_0001_house_sql) \
  FILE("Migrations/0002_numbered.sql", file_Migrations_0002_numbered_sql) \
  FILE("Migrations/0003_security.sql", file_Migrations_0003_security_sql) \
  FILE("Migrations/0004_indexes.sql", file_Migrations_0004_indexes_sql) \
  FILE("Migrations/0005_duties.sql", file_Migrations_0005_duties_sql) \
  FILE("Migrations/0006_files.sql", file_Migrations_0006_files_sql) \
  FILE("Migrations/0007_certificates.sql", file_Migrations_0007_certificates_sql) \
  FILE("Migrations/0008_signatures.sql", file_Migrations_0008_signatures_sql) \
  FILE("Migrations/0009_transactions.sql", file_Migrations_0009_transactions_sql) \
  FILE("Migrations/0010_devices.sql", file_Migrations_0010_devices_sql) \
  FILE("Migrations/0011_grid.sql", file_Migrations_0011_grid_sql) \
  FILE("Migrations/0012_prepaid.sql", file_Migrations_0012_prepaid_sql) \
  FILE("Migrations/0013_needs.sql", file_Migrations_0013_needs_sql) \
  FILE("Migrations/0014_forwarding.sql", file_Migrations_0014_forwarding_sql) \
  FILE("Migrations/0015_bills.sql", file_Migrations_0015_bills_sql) \
  FILE("Migrations/0016_usage.sql", file_Migrations_0016_usage_sql) \
  FILE("Migrations/0017_price_policies.sql", file_Migrations_0017_price_policies_sql) \
  FILE("Migrations/0018_roaming.sql", file_Migrations_0018_roaming_sql) \
  FILE("Migrations/0019_places.sql", file_Migrations_0019_places_sql) \
  FILE("Migrations/0020_load.sql", file_Migrations_0020_load_sql) \
  FILE("Migrations/0021_people.sql", file_Migrations_0021_people_sql) \
  FILE("Migrations/0022_invoices.sql", file_Migrations_0022_invoices_sql) \
  FILE("Migrations/0023_drivers.sql", file_Migrations_0023_drivers_sql) \
  FILE("Migrations/0024_webhooks.sql", file_Migrations_0024_webhooks_sql) \
  FILE("Migrations/0025_limits.sql", file_Migrations_0025_limits_sql) \
  FILE("Migrations/0026_keeping.sql", file_Migrations_0026_keeping_sql) \
  FILE("Migrations/0027_invoice_records.sql", file_Migrations_0027_invoice_records_sql) \
  FILE("Migrations/0028_insight.sql", file_Migrations_0028_insight_sql) \
  FILE("Migrations/0029_plans.sql", file_Migrations_0029_plans_sql) \
  FILE("Migrations/0030_sites_of_people.sql", file_Migrations_0030_sites_of_people_sql) \
  FILE("Migrations/0031_alarms.sql", file_Migrations_0031_alarms_sql) \
  FILE("Migrations/0032_token_places.sql", file_Migrations_0032_token_places_sql) \
  FILE("Migrations/0033_fuse_alarm.sql", file_Migrations_0033_fuse_alarm_sql) \
  FILE("Migrations/0034_roaming_profiles.sql", file_Migrations_0034_roaming_profiles_sql) \
  FILE("Migrations/0035_token_transfers.sql", file_Migrations_0035_token_transfers_sql) \
  FILE("Migrations/0036_bookings.sql", file_Migrations_0036_bookings_sql) \
  FILE("Migrations/0037_payment_codes.sql", file_Migrations_0037_payment_codes_sql) \
  FILE("Migrations/0038_booking_pulls.sql", file_Migrations_0038_booking_pulls_sql) \
  FILE("Migrations/0039_saved_views.sql", file_Migrations_0039_saved_views_sql) \
  FILE("Migrations/0040_status_time.sql", file_Migrations_0040_status_time_sql) \
  FILE("Migrations/0041_walk_command.sql", file_Migrations_0041_walk_command_sql) \
  FILE("Migrations/0042_found_by_index.sql", file_Migrations_0042_found_by_index_sql) \
  FILE("Migrations/0043_remembered_power.sql", file_Migrations_0043_remembered_power_sql) \
  FILE("Migrations/0044_price_anchor.sql", file_Migrations_0044_price_anchor_sql) \
  FILE("Migrations/0045_retired_ports.sql", file_Migrations_0045_retired_ports_sql) \
  FILE("Migrations/0046_repeats.sql", file_Migrations_0046_repeats_sql) \
  FILE("Migrations/0047_usual_priority.sql", file_Migrations_0047_usual_priority_sql) \
  FILE("Migrations/0048_slot_keys.sql", file_Migrations_0048_slot_keys_sql) \
  FILE("Migrations/0049_tariff_push.sql", file_Migrations_0049_tariff_push_sql) \
  FILE("Migrations/0050_returned_energy.sql", file_Migrations_0050_returned_energy_sql) \
  FILE("Migrations/0051_settlements.sql", file_Migrations_0051_settlements_sql) \
  FILE("Migrations/0052_station_tariffs.sql", file_Migrations_0052_station_tariffs_sql) \
  FILE("Migrations/0053_device_read.sql", file_Migrations_0053_device_read_sql) \
  FILE("Migrations/0054_circuit_numbers.sql", file_Migrations_0054_circuit_numbers_sql) \
  FILE("Migrations/0055_tombstones.sql", file_Migrations_0055_tombstones_sql) \
  FILE("Migrations/0056_bulk_runs.sql", file_Migrations_0056_bulk_runs_sql) \
  FILE("Migrations/0057_where_it_happened.sql", file_Migrations_0057_where_it_happened_sql) \
  FILE("Migrations/messages/0001_messages.sql", file_Migrations_messages_0001_messages_sql) \
  FILE("Migrations/messages/0002_batches.sql", file_Migrations_messages_0002_batches_sql) \
  FILE("i18n/de.json", file_i18n_de_json) \
  FILE("i18n/en.json", file_i18n_en_json) \
  FILE("i18n/fr.json", file_i18n_fr_json) \
  FILE("i18n/nl.json", file_i18n_nl_json) \
  FILE("openapi.json", file_openapi_json) \
  FILE("station-presets.json", file_station_presets_json)
