import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/doctor/checks.ts';
import { findAlone } from '../../src/doctor/find-alone.ts';
import type { Fleet } from '../../src/doctor/fleet.ts';
import type { ExaminedRegion, Front } from '../../src/doctor/front/front.ts';
import { gapsOf, type Source } from '../../src/doctor/gaps.ts';
import { evidenceOf, fleetOf, foundIn, NOW_MS, STANDBY } from './fleet.ts';

const silent = { why: 'refused' } as const;
const seen: ExaminedRegion['health'] = {
  ok: true,
  value: { status: 200, headMs: 1, body: '', isLonger: false, dateMs: NOW_MS, askedAtMs: NOW_MS, uncertainMs: 0 },
};
const unseen: ExaminedRegion['health'] = { ok: false, why: 'refused' };
const front = (changes: Partial<Front>): { readonly front: Front } => ({
  front: { regions: [], certificates: [], hosts: [], ...changes },
});
const region = (health: ExaminedRegion['health'], warnings?: ExaminedRegion['warnings']): ExaminedRegion => ({
  region: 'us',
  host: 'us.example.com',
  health,
  warnings,
});
const host = (addresses: Front['hosts'][number]['addresses']): Front['hosts'][number] => ({
  host: 'app.example.com',
  isGlobal: true,
  addresses,
});
const certificate = (why: 'refused' | 'certificate'): Front['certificates'][number] => ({
  region: 'us',
  name: 'us.example.com',
  certificate: { ok: false, why },
});
const token = { healthToken: 'x'.repeat(32) };
const tail = {
  slot: 'regionkit_tail_5',
  database: 'app',
  exists: true,
  usable: true,
  lost: false,
  heldBytes: 0,
  tickedMs: NOW_MS,
  showsTicks: true,
  readable: true,
};

describe('a check that runs alone', () => {
  const nothing = fleetOf({ 'us/0': silent, 'eu/0': silent, 'ap/0': silent });

  // It reads the configuration, and asks nothing.
  const BARE = ['plan-control-plane', 'cannot-fence'];

  it.each(CHECKS.map(({ id }) => id))('%s does not pass where nothing answered', (id) => {
    const check = CHECKS.find((one) => one.id === id);
    if (check === undefined) throw new Error('there is no such check');
    const levels = findAlone(check, nothing).map(({ level }) => level);
    expect(levels.includes('unknown')).toBe(!BARE.includes(id));
  });
});

describe('gapsOf()', () => {
  const CASES: readonly (readonly [says: string, source: Source, fleet: Fleet, where: readonly string[]])[] = [
    ['all servers answer', 'servers', fleetOf(), []],
    ['a server does not', 'servers', fleetOf({ 'eu/0': silent }), ['eu/0']],
    ['a role without pg_monitor', 'servers', fleetOf({ 'eu/0': { role: { name: 'x', monitor: false } } }), ['eu/0']],
    ['no databases', 'servers', fleetOf({}, {}, { nodes: [] }), ['fleet']],
    ['one server answers', 'a-server', fleetOf({ 'us/0': silent, 'ap/0': silent }), []],
    ['the primary answers', 'primary', fleetOf({ 'eu/0': silent }), []],
    ['it does not', 'primary', fleetOf({ 'us/0': silent }), ['fleet']],
    ['there is none', 'primary', fleetOf({ 'us/0': { ...STANDBY } }), ['fleet']],
    ['no tail keeper', 'tail', fleetOf(), ['fleet']],
    ['a tail keeper', 'tail', fleetOf({ 'us/0': { tail } }), []],
    ['one that may not be read', 'tail', fleetOf({ 'us/0': { tail: { ...tail, readable: false } } }), ['us/0']],
    ['one that shows no ticks', 'tail', fleetOf({ 'us/0': { tail: { ...tail, showsTicks: false } } }), ['us/0']],
    ['no manager', 'managers', fleetOf(), []],
    [
      'a silent one',
      'managers',
      fleetOf({}, {}, { managers: [{ region: 'us', facts: { ok: false, why: 'refused' } }] as never }),
      ['us'],
    ],
    ['no origin', 'health', fleetOf(), ['fleet']],
    ['a region that answers', 'health', fleetOf({}, {}, front({ regions: [region(seen)] })), []],
    ['one that does not', 'health', fleetOf({}, {}, front({ regions: [region(unseen)] })), ['us']],
    ['no health token', 'detail', fleetOf({}, {}, front({ regions: [region(seen)] })), ['fleet']],
    ['one that is refused', 'detail', fleetOf({}, token, front({ regions: [region(seen)] })), ['us']],
    ['one that is not', 'detail', fleetOf({}, token, front({ regions: [region(seen, {})] })), []],
    ['no https', 'certificates', fleetOf(), ['fleet']],
    [
      'a certificate that could not be read',
      'certificates',
      fleetOf({}, {}, front({ certificates: [certificate('refused')], regions: [region(seen)] })),
      ['us'],
    ],
    [
      'one that is a finding',
      'certificates',
      fleetOf({}, {}, front({ certificates: [certificate('certificate')] })),
      [],
    ],
    ['no host', 'dns', fleetOf(), ['fleet']],
    [
      'DNS does not answer',
      'dns',
      fleetOf({}, {}, front({ hosts: [host({ ok: false, why: 'timed-out' })] })),
      ['fleet'],
    ],
    [
      'a name without address is a finding',
      'dns',
      fleetOf({}, {}, front({ hosts: [host({ ok: false, why: 'no-such-host' })] })),
      [],
    ],
    ['a TTL', 'ttl', fleetOf({}, {}, front({ hosts: [host({ ok: true, value: { ipv4: 1, ttlSeconds: 60 } })] })), []],
    [
      'none',
      'ttl',
      fleetOf({}, {}, front({ hosts: [host({ ok: true, value: { ipv4: 1, ttlSeconds: undefined } })] })),
      ['fleet'],
    ],
    ['no operator token', 'doors', fleetOf(), ['fleet']],
    [
      'no door answers',
      'doors',
      fleetOf({}, { operatorToken: 'x'.repeat(40) }, { silentDoors: [{ region: 'us', why: 'refused' }] }),
      ['us'],
    ],
    ['the sum of the pools', 'pools', fleetOf({}, { app: { processes: 2, poolMax: 10 } }), []],
    ['no pools', 'pools', fleetOf(), ['fleet']],
    [
      'a process that hides them',
      'pools',
      fleetOf({}, {}, { processes: [{ region: 'us', id: 'a', pools: undefined }] }),
      ['us'],
    ],
    ['clocks', 'clocks', fleetOf({}, {}, front({ regions: [region(seen)] })), []],
    [
      'a clock that is missing',
      'clocks',
      fleetOf({ 'eu/0': silent }, {}, front({ regions: [region(unseen)] })),
      ['eu/0', 'us'],
    ],
  ];

  it.each(CASES)('%s (%s)', (_, source, fleet, where) => {
    const gaps = gapsOf(fleet, [source]);
    expect(gaps.map((gap) => gap.where)).toEqual(where);
    for (const { evidence } of gaps) expect(evidence).toMatch(/^\S.*\.$/);
  });

  // A note where no role may be able to give the right.
  it.each(CASES.filter(([, , , where]) => where.some((place) => place !== 'fleet')))(
    'and a full run does not end with 0: %s (%s)',
    (says, _, fleet, where) => {
      const found = foundIn(fleet);
      for (const place of where) {
        const levels = says === 'one that shows no ticks' ? 'note' : '(?:unknown|fault|warning)';
        expect(found, place).toContainEqual(expect.stringMatching(new RegExp(`^${levels} \\S+ ${place}$`)));
      }
    },
  );

  it('names each place once', () => {
    expect(gapsOf(fleetOf({ 'us/0': silent }), ['servers', 'clocks']).map(({ where }) => where)).toEqual(['us/0']);
  });
});

describe('all checks together', () => {
  it('say that a certificate could not be read where the region answers, and leave the rest to its health path', () => {
    const certificates = [certificate('refused')];
    expect(foundIn(fleetOf({}, {}, front({ certificates, regions: [region(seen)] })))).toEqual([
      'unknown tls-certificates us',
    ]);
    expect(foundIn(fleetOf({}, {}, front({ certificates, regions: [region(unseen)] })))).toEqual([
      'unknown health-path us',
    ]);
  });

  it('say that a health token is not accepted', () => {
    const fleet = fleetOf({}, token, front({ regions: [region(seen)] }));
    expect(foundIn(fleet)).toEqual(['unknown secrets-differ us']);
    expect(evidenceOf(fleet)).toEqual(['us did not show the detail of its health, so its secrets were not compared.']);
    expect(foundIn(fleetOf({}, {}, front({ regions: [region(seen)] })))).toEqual([]);
  });
});
