import { defineRegions, fakeView } from '@regionkit/core';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { createRegionRouter } from '../src/index.ts';
import { checkOptions, type RegionRouterOptions } from '../src/options.ts';
import { postgresReadings } from '../src/topology/readings.ts';

const regions = defineRegions({
  self: 'us' as const,
  all: { us: { origin: 'https://us.example.com' }, eu: { origin: 'https://eu.example.com' } },
});
/** Its clients lack what 8.22 added. */
const poolOfOldPg = new pg.Pool({
  Client: class {
    query(): void {}
  } as never,
});
const SECRET = 'a secret that is at least thirty-two bytes';
const good = (): RegionRouterOptions<'us' | 'eu'> => ({
  regions,
  pools: { us: new pg.Pool(), eu: [new pg.Pool(), new pg.Pool()] },
});

describe('checkOptions()', () => {
  it('fills in the defaults, and names nodes by region and place', () => {
    const settings = checkOptions(good());
    expect(settings.nodes.map(({ id }) => id)).toEqual(['us/0', 'eu/0', 'eu/1']);
    expect(settings).toMatchObject({
      writes: 'reject',
      coldStart: 'confirm',
      maxLagMs: 10_000,
      tokenWaitMs: 100,
      onBehind: 'forward',
      hold: { timeoutMs: 5_000, max: 1_000 },
      maxViewAgeMs: 15_000,
      intervalMs: 5_000,
      alertIntervalMs: 100,
      timeoutMs: 2_000,
      monotonicReads: false,
    });
    expect(checkOptions({ ...good(), token: { secret: SECRET } }).token?.maxAgeMs).toBe(60_000);
    expect(checkOptions({ ...good(), maxLagMs: 120_000, token: { secret: SECRET } }).token?.maxAgeMs).toBe(125_000);
    // A look that comes late by its jitter does not make the view old.
    expect(checkOptions({ ...good(), probe: { intervalMs: 30_000 } }).maxViewAgeMs).toBe(35_000);
  });

  const pool = new pg.Pool();
  it.each([
    ['a misspelt option', { wirtes: 'forward' }, TypeError, /has no option "wirtes"/],
    ['no pool', { pools: {} }, RangeError, /pools must hold at least one pool/],
    [
      'a region that is not there',
      { pools: { mars: pool } },
      RangeError,
      /pools\['mars'\] must be a region of the map/,
    ],
    ['a pool that is none', { pools: { us: {} } }, TypeError, /pools\['us'\] must be a pg Pool/],
    ['the same pool twice', { pools: { us: pool, eu: pool } }, RangeError, /the same one was given twice/],
    ['a pool of pg 8.16', { pools: { us: poolOfOldPg } }, RangeError, /pools\['us'\] must come from pg 8.22 or newer/],
    ['a pipelining pool', { pools: { us: new pg.Pool({ pipeline: true }) } }, RangeError, /must not have pipeline/],
    ['a policy', { writes: 'anywhere' }, RangeError, /writes must be one of .*; got "anywhere"/],
    ['a negative lag', { maxLagMs: -1 }, RangeError, /maxLagMs must be an integer from 1/],
    ['a fraction', { hold: { timeoutMs: 0.5 } }, RangeError, /hold.timeoutMs must be an integer/],
    [
      'a misspelt part of an option',
      { hold: { timeout: 5 } },
      TypeError,
      /hold has no option "timeout"; it takes timeoutMs, max/,
    ],
    [
      'an option of an earlier version',
      { holdWritesMs: 5 },
      TypeError,
      /has no option "holdWritesMs"; it takes .*\bhold\b/,
    ],
    ['a number for a group', { hold: 5 }, TypeError, /hold must be an object; got number/],
    ['null for a group', { probe: null }, TypeError, /probe must be an object; got null/],
    ['a string for a number', { tokenWaitMs: '100' }, TypeError, /tokenWaitMs must be an integer; got string/],
    [
      'a token that lives too short',
      { token: { secret: SECRET, maxAgeMs: 12_000 } },
      RangeError,
      /token.maxAgeMs must be an integer from 15000/,
    ],
    [
      'an empty environment',
      { token: { secret: SECRET, environment: '' } },
      RangeError,
      /token.environment must not be empty/,
    ],
    [
      'an environment that is none',
      { token: { secret: SECRET, environment: 1 } },
      TypeError,
      /token.environment must be a string/,
    ],
    [
      'an environment with a space',
      { token: { secret: SECRET, environment: 'my app' } },
      RangeError,
      /token.environment must be 1 to 64 letters, digits.*; got "my app"/,
    ],
    ['a plain object for regions', { regions: {} }, TypeError, /regions must be what defineRegions returns/],
    ['health itself for its view', { view: {} }, TypeError, /view must be a RegionView such as health\.view/],
    ['a view that must be young', { maxViewAgeMs: 1_000 }, RangeError, /maxViewAgeMs must be an integer from 7000/],
    ['a probe option', { probe: { quiet: 1 } }, TypeError, /probe has no option "quiet"/],
    ['a store without save', { epoch: { load: () => {} } }, TypeError, /epoch.save must be a function/],
    ['readings that are none', { readings: 5 }, TypeError, /readings must be an object; got number/],
    ['readings without parse', { readings: { sql: 'x' } }, TypeError, /readings.parse must be a function/],
    [
      'readings that ask for no position',
      { readings: { ...postgresReadings, seenPositionSql: '' } },
      RangeError,
      /readings.seenPositionSql must not be empty/,
    ],
    ['a logger that cannot log', { logger: {} }, TypeError, /logger.info must be a function; got undefined/],
    ['a clock that is none', { clock: Date }, TypeError, /clock must be an object; got function/],
    ['a number for random', { random: 0.5 }, TypeError, /random must be a function; got number/],
    [
      'a remote pool without one',
      { pools: { us: pool }, writes: 'remote-pool' },
      RangeError,
      /writes must be "forward" or "reject" while pools holds none of another region; got "remote-pool"/,
    ],
    [
      'forward with its own pool alone and no view, which could never take a write',
      { pools: { us: pool }, writes: 'forward' },
      TypeError,
      /view must be set: with writes: "forward"/,
    ],
    [
      'a pool where pools by region belong',
      { pools: pool },
      TypeError,
      /pools must be an object of pools by region, such as \{ 'us': pool \}; got a pool/,
    ],
    ['a cold start', { coldStart: 'hope' }, RangeError, /coldStart must be one of/],
  ])('refuses %s', (_name, wrong, type, message) => {
    const given = { ...good(), ...wrong } as never;
    expect(() => checkOptions(given)).toThrow(type);
    expect(() => checkOptions(given)).toThrow(message);
  });

  it('takes a region without a database of its own, and one region that has no other to write to', () => {
    expect(checkOptions({ ...good(), pools: { eu: pool }, writes: 'remote-pool' }).nodes).toHaveLength(1);
    const one = defineRegions({ self: 'us', all: { us: { origin: 'https://us.example.com' } } });
    expect(checkOptions({ regions: one, pools: { us: pool }, writes: 'remote-pool' }).nodes).toHaveLength(1);
  });

  it.each([
    ['forward without a token', { writes: 'forward' }, ['REGIONKIT_NO_TOKEN']],
    ['forward with one', { writes: 'forward', token: { secret: SECRET } }, []],
    ['a policy under which the client goes elsewhere itself', { writes: 'reject' }, []],
    ['its own pool alone and no view', { pools: { us: pool }, writes: 'reject' }, ['REGIONKIT_NO_VIEW']],
    ['its own pool alone', { pools: { us: pool }, writes: 'reject', view: fakeView(regions) }, []],
  ] as const)('says what %s goes without', async (_name, given, expected) => {
    const warnings: (string | undefined)[] = [];
    const onWarning = (warning: Error & { code?: string }) => {
      // No server is there: that is told as well.
      if (warning.code !== 'REGIONKIT_NODE_UNREACHABLE') warnings.push(warning.code);
    };
    process.on('warning', onWarning);
    await createRegionRouter({ ...good(), ...given }).close({ pools: true });
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', onWarning);
    expect(warnings).toEqual(expected);
  });

  it('does not compile with a region that is not on the map', () => {
    const given: RegionRouterOptions<'us' | 'eu'> = {
      regions,
      // @ts-expect-error there is no region of that name
      pools: { mars: new pg.Pool() },
    };
    expect(() => checkOptions(given)).toThrow(RangeError);
    // @ts-expect-error a policy is one of three
    expect(() => checkOptions({ ...good(), writes: 'somewhere' })).toThrow(RangeError);
  });

  it('refuses a secret that is too short when the router is made, and never shows it', () => {
    expect(() => createRegionRouter({ ...good(), token: { secret: 'hush' } })).toThrow(
      /^createRegionRouter: token.secret must be at least 32/,
    );
  });
});
