import { defineRegions } from '@regionkit/core';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { checkOptions, type RegionRouterOptions } from '../src/options.ts';

const regions = defineRegions({
  self: 'us' as const,
  all: { us: { origin: 'https://us.example.com' }, eu: { origin: 'https://eu.example.com' } },
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
      holdWritesMs: 5_000,
      holdWritesMax: 1_000,
      maxViewAgeMs: 15_000,
      quietMs: 5_000,
      alertMs: 100,
      timeoutMs: 2_000,
      monotonicReads: false,
    });
    expect(checkOptions({ ...good(), token: { secret: SECRET } }).token?.maxAgeMs).toBe(60_000);
    expect(checkOptions({ ...good(), maxLagMs: 120_000, token: { secret: SECRET } }).token?.maxAgeMs).toBe(125_000);
    // A look that comes late by its jitter does not make the view old.
    expect(checkOptions({ ...good(), probe: { quietMs: 30_000 } }).maxViewAgeMs).toBe(35_000);
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
    ['a pipelining pool', { pools: { us: new pg.Pool({ pipeline: true }) } }, RangeError, /must not have pipeline/],
    ['a policy', { writes: 'anywhere' }, RangeError, /writes must be one of .*; got "anywhere"/],
    ['a negative lag', { maxLagMs: -1 }, RangeError, /maxLagMs must be an integer from 1/],
    ['a fraction', { holdWritesMs: 0.5 }, RangeError, /holdWritesMs must be an integer/],
    ['a string for a number', { tokenWaitMs: '100' }, TypeError, /tokenWaitMs must be an integer; got string/],
    [
      'a token that lives too short',
      { token: { secret: SECRET, maxAgeMs: 12_000 } },
      RangeError,
      /token.maxAgeMs must be an integer from 15000/,
    ],
    ['a plain object for regions', { regions: {} }, TypeError, /regions must be what defineRegions returns/],
    ['health itself for its view', { view: {} }, TypeError, /view must be a RegionView such as health\.view/],
    ['a view that must be young', { maxViewAgeMs: 1_000 }, RangeError, /maxViewAgeMs must be an integer from 7000/],
    ['a probe option', { probe: { quiet: 1 } }, TypeError, /probe has no option "quiet"/],
    ['a store without save', { epoch: { load: () => {} } }, TypeError, /epoch.save must be a function/],
    ['a cold start', { coldStart: 'hope' }, RangeError, /coldStart must be one of/],
  ])('refuses %s', (_name, wrong, type, message) => {
    const given = { ...good(), ...wrong } as never;
    expect(() => checkOptions(given)).toThrow(type);
    expect(() => checkOptions(given)).toThrow(message);
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

  it('refuses a secret that is too short when the router is made, and never shows it', async () => {
    const { createRegionRouter } = await import('../src/index.ts');
    expect(() => createRegionRouter({ ...good(), token: { secret: 'hush' } })).toThrow(
      /^createRegionRouter: token.secret must be at least 32/,
    );
  });
});
