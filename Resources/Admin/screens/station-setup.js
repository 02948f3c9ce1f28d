// How a station is set up in the books: site, password, quirks, its EVSEs and connectors; and its removal.

import { get, patch, remove, replace } from '../api.js';
import { stationURLs } from '../actions.js';
import { locations, stations, tariffs } from '../books.js';
import { confirmDialog, copyBox, form, formDialog, secretDialog } from '../dialog.js';
import { short } from '../events.js';
import { fill, h, path } from '../dom.js';
import { none, number } from '../format.js';
import { changes, given } from '../forms.js';
import { t, word } from '../i18n.js';
import { go } from '../keys.js';
import { LiveTable } from '../table.js';
import { labelSection } from './labels.js';
import { supportSections } from './station-support.js';

// All that OCPI knows; the frequent ones first.
const standards = [
  'IEC_62196_T2', 'IEC_62196_T2_COMBO', 'CHADEMO', 'IEC_62196_T1', 'IEC_62196_T1_COMBO', 'DOMESTIC_F', 'TESLA_S',
  'SAE_J3400', 'GBT_AC', 'GBT_DC', 'MCS', 'CHAOJI', 'IEC_62196_T3A', 'IEC_62196_T3C', 'TESLA_R',
  'IEC_60309_2_single_16', 'IEC_60309_2_three_16', 'IEC_60309_2_three_32', 'IEC_60309_2_three_64',
  ...[...'ABCDEGHIJKLMNO'].map((letter) => `DOMESTIC_${letter}`),
  ...['5_20', '6_30', '6_50', '10_30', '10_50', '14_30', '14_50'].map((kind) => `NEMA_${kind}`),
  'PANTOGRAPH_BOTTOM_UP', 'PANTOGRAPH_TOP_DOWN',
];

export async function drawSetUp(place, state, { signal }) {
  await Promise.all([locations.ready(), tariffs.ready()]);
  if (signal.aborted) return;
  const { station } = state;
  const take = (fresh) => {
    state.station = fresh;
    stations.put(fresh);
    drawSetUp(place, state, { signal });
  };
  fill(place,
    h('section', null, h('h2', null, t('setup.connection')), stationURLs(station.id).map(
      (url) => copyBox(t('connect.url.full'), url)
    ),
      h('p', null, station.has_password ? t('setup.has_password') : t('setup.no_password'), ' ',
        h(
          'button',
          {
            type: 'button',
            on: { click: () => passwordDialog(station, () => take({ ...state.station, has_password: true })) },
          },
          t('setup.set_password')
        ))),
    h('section', null, h('h2', null, t('station.evses')), evseTable(station, take).element,
      h('p', null, h('button', { type: 'button', on: { click: () => addEVSE(station, take) } }, t('setup.evse.add')))),
    h('section', null, h('h2', null, t('setup.books')), booksForm(station, take)),
    labelSection(station, signal), supportSections(station, take),
    h('section', null, h('h2', null, t('setup.end')), h('p', null, t('setup.remove.text')), h('div.buttons', null,
      station.registration === 'rejected'
        ? h('button', { type: 'button', on: { click: () => register(station, 'accepted', take) } }, t('setup.accept'))
        : h('button', { type: 'button', on: { click: () => register(station, 'rejected', take) } }, t('setup.reject')),
      h('button.danger', { type: 'button', on: { click: () => removal(station) } }, t('setup.remove')))));
}

function register(station, registration, take) {
  formDialog({
    title: t(
      `setup.${registration}.title`, { station: station.id }
    ), intro: t(`setup.${registration}.text`), fields: [],
    submit: t(registration === 'accepted' ? 'setup.accept' : 'setup.reject'), danger: registration === 'rejected',
    send: () => patch(path`/stations/${station.id}`, { registration }, { match: station }), done: take,
  });
}

function removal(station) {
  confirmDialog({
    title: t(
      'setup.remove.title', { station: station.id }
    ), text: t('setup.remove.text'), type: station.id, submit: t('setup.remove'),
    send: () => remove(path`/stations/${station.id}`),
    done: () => {
      stations.drop(station.id);
      go('/stations');
    },
  });
}

function passwordDialog(station, done) {
  formDialog({
    title: t('setup.set_password'), intro: t('setup.password.text'), submit: t('setup.set_password'),
    fields: [
      {
        name: 'password', label: t('field.basic'), mono: true, minlength: 16, maxlength: 40,
        optional: t('setup.password.optional'), hint: t('field.basic.hint'),
      },
      {
        name: 'send', label: t('setup.password.send'), type: 'check', value: station.online, disabled: !station.online,
        hint: t('setup.password.send.hint'),
      },
    ],
    send: (values) => replace(path`/stations/${station.id}/password`, values, { seconds: 60 }),
    done: ({ password, undecided }) => {
      done();
      const text = t(undecided ? 'setup.password.undecided' : 'setup.password.new.text', { station: station.id });
      if (password) {
        secretDialog({
          title: t('setup.password.new'), text,
          secrets: [{ label: t('field.basic'), value: password }],
        });
      }
    },
  });
}

function inBooks(station) {
  const q = station.quirks ?? {};
  return {
    location: station.location ? String(station.location.id) : null, assumed_version: q.assumed_version ?? null, ping_seconds: q.ping_seconds ?? null,
    security_profile: String(station.security_profile), serial_number: station.serial_number ?? null,
    heartbeat_seconds: q.heartbeat_seconds ?? null, answer_delay_ms: q.answer_delay_ms ?? null, tag_length: q.tag_length ?? null, free_vend: q.free_vend ?? false,
    no_payments: q.no_payments ?? false,
    network_interface: q.network?.interface ?? null, network_slot: q.network?.slot ?? null,
  };
}

/// Null where nothing of it is set.
function network(place) { return Object.values(place).some((value) => value !== null && value !== '') ? place : null; }

function booksForm(station, take) {
  const before = inBooks(station);
  let match = station;
  return form({
    submit: t('save'),
    fields: [
      {
        name: 'location', label: t('field.site'), type: 'select', value: before.location,
        options: [
          { value: '', label: t('field.site.none') },
          ...locations.list().map((s) => ({ value: String(s.id), label: s.name }))
        ],
      },
      {
        name: 'security_profile', label: t('field.profile'), type: 'select', required: true,
        value: before.security_profile, hint: t('field.profile.hint'),
        options: [0, 1, 2, 3].map((n) => ({ value: String(n), label: t(`profile.${n}`) })),
      },
      {
        name: 'serial_number', label: t('field.serial'), value: before.serial_number, mono: true,
        hint: t('field.serial.hint'),
      },
      {
        name: 'heartbeat_seconds', label: t('quirk.heartbeat'), type: 'number', min: 1, value: before.heartbeat_seconds,
        hint: t('quirk.heartbeat.hint'), optional: t('quirk.default'),
      },
      {
        name: 'ping_seconds', label: t('quirk.ping'), type: 'number', min: 0, value: before.ping_seconds,
        hint: t('quirk.ping.hint'), optional: t('quirk.default'),
      },
      {
        name: 'answer_delay_ms', label: t('quirk.delay'), type: 'number', min: 0, max: 10000, value: before.answer_delay_ms,
        hint: t('quirk.delay.hint'), optional: t('quirk.default'),
      },
      {
        name: 'tag_length', label: t('quirk.tag'), type: 'number', min: 1, max: 36, value: before.tag_length,
        hint: t('quirk.tag.hint'), optional: t('quirk.default'),
      },
      {
        name: 'assumed_version', label: t('quirk.version'), value: before.assumed_version,
        hint: t('quirk.version.hint'), optional: t('quirk.default'),
      },
      {
        name: 'network_interface', label: t('network.interface'), type: 'select', value: before.network_interface, cls: 'half',
        hint: t('quirk.network.hint'),
        options: ['', 'wired0', 'wired1', 'wired2', 'wired3', 'wireless0', 'wireless1', 'wireless2', 'wireless3']
          .map((value) => ({ value, label: value || t('quirk.default') })),
      },
      {
        name: 'network_slot', label: t('network.slot'), type: 'number', min: 0, max: 20, value: before.network_slot, cls: 'half',
        optional: t('quirk.default'),
      },
      { name: 'free_vend', label: t('quirk.free'), type: 'check', value: before.free_vend, hint: t('quirk.free.hint') },
      { name: 'no_payments', label: t('quirk.no_payments'), type: 'check', value: before.no_payments, hint: t('quirk.no_payments.hint') },
    ],
    send: ({
      location, security_profile: profile, serial_number: serial, network_interface: over, network_slot: slot, ...quirks
    }) => patch(path`/stations/${station.id}`, {
      ...changes(
        { location: location ? Number(location) : null, security_profile: Number(profile), serial_number: serial },
        {
          location: station.location?.id ?? null, security_profile: station.security_profile,
          serial_number: station.serial_number,
        }
      ),
      quirks: {
        ...quirks, free_vend: quirks.free_vend || null, no_payments: quirks.no_payments || null,
        network: network({ ...match.quirks?.network, interface: over || null, slot: slot ?? null }),
      },
    }, { match }),
    fresh: async () => {
      match = await get(path`/stations/${station.id}`);
      return { values: inBooks(match) };
    },
    done: take,
  });
}

function evseTable(station, take) {
  const rows = station.evses.flatMap(
    (evse) => (evse.connectors.length ? evse.connectors : [null]).map((connector) => ({ evse, connector }))
  );
  const edit = (row) => connectorDialog(station, row.evse, row.connector, take);
  const table = new LiveTable({
    caption: t('station.evses'), key: ({ evse, connector }) => `${evse.number}/${connector?.number}`, open: edit,
    name: ({ evse }) => `${station.id} ${evse.number}`,
    actions: (row) => [
      { label: t('setup.connector.change'), key: 'e', run: () => edit(row) },
      { label: t('setup.connector.add'), key: 'n', run: () => connectorDialog(station, row.evse, null, take) },
      { label: t('setup.evse.change'), key: 'i', run: () => evseDialog(station, row.evse, take) },
    ],
    columns: [
      {
        id: 'evse', label: t('col.evse'), head: true,
        cell: ({ evse }) => `${evse.number}${evse.physical_reference ? ` · ${evse.physical_reference}` : ''}`,
      },
      { id: 'id', label: t('col.evse_id'), cell: ({ evse }) => h('span.id', null, evse.evse_id ?? none) },
      { id: 'uid', label: t('col.uid'), cell: ({ evse }) => h('span.id', { title: evse.uid }, short(evse.uid)) },
      { id: 'connector', label: t('col.connector'), num: true, cell: ({ connector }) => connector?.number ?? none },
      {
        id: 'standard', label: t('col.plug'),
        cell: ({ connector: c }) => (c ? `${word('standard', c.standard)} · ${word('format', c.format)}` : none),
      },
      {
        id: 'power', label: t('col.rated'),
        cell: ({ connector: c }) => (
          c ? `${number(c.rated_power / 1000, 1)} kW · ${word('power', c.power_type)} · ${number(c.max_voltage)} V · ${number(c.max_amperage)} A` : none
        ),
      },
      {
        id: 'tariff', label: t('col.tariff'),
        cell: ({ connector: c }) => (c?.tariff ? h('a', { href: path`/tariffs/${c.tariff.id}` }, c.tariff.ref) : none),
      },
      {
        id: 'assumed', label: t('col.confirmed'),
        cell: ({ connector: c }) => (
          c ? (c.assumed ? h('span.mute', null, t('station.assumed.short')) : t('yes')) : none
        ),
      },
    ],
  });
  table.show(rows);
  return table;
}

/// With whose it is, where several parties of ours have tariffs.
function tariffName({ ref, party }) {
  const name = ({ country_code: country, party_id: id }) => `${country}*${id}`;
  return new Set(tariffs.list().map((one) => name(one.party))).size > 1 ? `${ref} (${name(party)})` : ref;
}

function connectorDialog(station, evse, connector, take) {
  const c = connector ?? {
    number: Math.max(0, ...evse.connectors.map((one) => one.number)) + 1, standard: 'IEC_62196_T2', format: 'SOCKET',
    power_type: 'AC_3_PHASE', max_voltage: 400, max_amperage: 32, max_power: null, tariff: null,
  };
  const options = (family, values) => values.map((value) => ({ value, label: word(family, value) }));
  formDialog({
    title: t('setup.connector.title', { evse: evse.number, connector: c.number }), submit: t('save'),
    fields: [
      {
        name: 'standard', label: t('col.plug'), type: 'select', required: true, value: c.standard,
        options: options('standard', standards),
      },
      {
        name: 'format', label: t('field.format'), type: 'select', required: true, value: c.format,
        options: options('format', ['SOCKET', 'CABLE']),
      },
      {
        name: 'power_type', label: t('field.power_type'), type: 'select', required: true, value: c.power_type,
        options: options('power', ['AC_1_PHASE', 'AC_2_PHASE', 'AC_2_PHASE_SPLIT', 'AC_3_PHASE', 'DC']),
      },
      {
        name: 'max_voltage', label: t('field.voltage'), type: 'number', required: true, min: 1, value: c.max_voltage,
        hint: t('field.voltage.hint'),
      },
      {
        name: 'max_amperage', label: t('field.amperage'), type: 'number', required: true, min: 1, value: c.max_amperage,
      },
      {
        name: 'max_power', label: t('field.max_power'), type: 'number', min: 1, value: c.max_power,
        hint: t('field.max_power.hint'),
      },
      {
        name: 'tariff', label: t('col.tariff'), type: 'select', value: c.tariff ? String(c.tariff.id) : '',
        options: [
          { value: '', label: t('field.tariff.none') },
          ...tariffs.list().map((one) => ({ value: String(one.id), label: tariffName(one) }))
        ],
      },
    ],
    send: (values) => {
      const wanted = { ...values, tariff: values.tariff ? Number(values.tariff) : null };
      return patch(path`/stations/${station.id}/evses/${evse.number}`, {
        connectors: [{ number: c.number, ...(connector ? changes(wanted, { ...c, tariff: c.tariff?.id ?? null }) : wanted) }],
      }, { match: station });
    },
    done: take,
  });
}

function evseDialog(station, evse, take) {
  formDialog({
    title: t('setup.evse.title', { evse: evse.number }), submit: t('save'),
    fields: [
      { name: 'evse_id', label: t('col.evse_id'), value: evse.evse_id, mono: true, hint: t('field.evse_id.hint') },
      {
        name: 'physical_reference', label: t('field.physical'), value: evse.physical_reference,
        hint: t('field.physical.hint'),
      },
    ],
    send: (values) => patch(path`/stations/${station.id}/evses/${evse.number}`, values, { match: station }), done: take,
  });
}

function addEVSE(station, take) {
  formDialog({
    title: t('setup.evse.add'), submit: t('setup.evse.add'),
    fields: [
      {
        name: 'number', label: t('field.evse_number'), type: 'number', required: true, min: 1,
        value: Math.max(0, ...station.evses.map((e) => e.number)) + 1,
      },
      { name: 'physical_reference', label: t('field.physical'), hint: t('field.physical.hint') },
    ],
    send: ({ number: n, ...values }) => patch(
      path`/stations/${station.id}/evses/${n}`, given(values), { match: station }
    ), done: take,
  });
}
