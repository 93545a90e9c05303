import type { Epoch } from '@regionkit/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Facts } from '../../src/topology/facts.ts';
import { localReport } from '../../src/topology/local-report.ts';
import { serverId } from '../../src/topology/writer.ts';
import { NODES, primary, SYSTEM, standby, story } from '../support/model.ts';

/** The servers: us writes timeline 1, eu was promoted to 2 by mistake. */
const US: Epoch = { system: SYSTEM, timeline: 1, owner: 'us/0', server: serverId('us') };
const EU: Epoch = { system: SYSTEM, timeline: 2, owner: 'eu/0', server: serverId('eu') };
const VOID = { id: 'a-void-of-an-operator', epochs: [EU] };
const OLD = primary(1, 1_000n, { server: 'us' });
const MISTAKE = primary(2, 1_000n, { server: 'eu' });

type Story = ReturnType<typeof story>;
const report = ({ store }: Story, self: string) =>
  localReport(store, self, { stale: false, probing: false, acceptedForMs: 1 });

/** A process in `self` that has accepted us, and then has seen the mistake. */
function process(self: string, nodes: readonly { id: string; region: string }[] = NODES): Story {
  const one = story({ self, coldStart: 'trust', writes: 'forward' }, nodes);
  const reaches = (id: string) => nodes.some((node) => node.id === id);
  if (reaches('us/0')) one.says('us/0', OLD);
  if (reaches('eu/0')) one.says('eu/0', standby(1, 900n, { server: 'eu before' }));
  if (reaches('ap/0')) one.says('ap/0', standby(1, 900n, { server: 'ap' }));
  one.take({
    type: 'document',
    region: 'us',
    primary: { epoch: US, position: 1_000n },
    observedAtMs: one.nowMs,
    atMs: one.nowMs,
  });
  if (reaches('eu/0')) one.says('eu/0', MISTAKE);
  else one.hears(2, 'eu/0', SYSTEM, EU.server);
  expect(one.topology.highest).toMatchObject({ timeline: 2 });
  return one;
}

/** The mistake is thrown away: its server is a standby again. */
function thrownAway(one: Story): void {
  one.says('eu/0', standby(1, 900n, { server: 'eu rebuilt' }));
}

const tell = (one: Story, given: Partial<Facts['documents'][number]> & { voids?: (typeof VOID)[] } = {}) =>
  one.take({
    type: 'document',
    region: 'us',
    primary: { epoch: US, position: 2_000n },
    observedAtMs: one.nowMs,
    atMs: one.nowMs,
    ...(given as object),
  });

describe('a void that travels', () => {
  it('goes out with the report of the process in which the operator spoke', () => {
    const one = process('us');
    thrownAway(one);
    one.take({ type: 'reset', id: VOID.id, atMs: one.nowMs });
    expect(report(one, 'us').voids).toEqual([VOID]);
  });

  it('stays at home where nothing is written in its place, where its server is not known, and without an id', () => {
    const nothing = process('us');
    nothing.fails('us/0');
    thrownAway(nothing);
    nothing.take({ type: 'reset', id: VOID.id, atMs: nothing.nowMs });
    expect(report(nothing, 'us').voids).toBeUndefined();
    const nameless = story({ coldStart: 'trust' });
    nameless.says('us/0', OLD);
    nameless.hears(2, 'eu/0');
    nameless.take({ type: 'reset', id: VOID.id, atMs: nameless.nowMs });
    expect(report(nameless, 'us').voids).toBeUndefined();
  });

  it('ends the wait of a process of another region, and goes on from there', () => {
    const one = process('ap');
    thrownAway(one);
    expect(one.topology.state).not.toBe('ready');
    tell(one, { voids: [VOID] });
    expect(one.topology).toMatchObject({ state: 'ready', primary: { region: 'us', epoch: { timeline: 1 } } });
    expect(report(one, 'ap').voids).toEqual([VOID]);
    expect(one.told('epoch-void')).toMatchObject([{ id: VOID.id, state: 'taken' }]);
  });

  it('is for a process that reaches its own region alone, too', () => {
    const one = process('ap', [{ id: 'ap/0', region: 'ap' }]);
    tell(one);
    expect(one.topology.state).not.toBe('ready');
    tell(one, { voids: [VOID] });
    expect(one.topology).toMatchObject({ state: 'ready', primary: { region: 'us' } });
  });

  it('is not taken while what is void is seen to write, here or by its own region', () => {
    const sees = process('ap');
    tell(sees, { voids: [VOID] });
    expect(sees.topology.highest).toMatchObject({ timeline: 2 });
    const hears = process('ap', [{ id: 'ap/0', region: 'ap' }]);
    hears.take({
      type: 'document',
      region: 'eu',
      primary: { epoch: EU, position: 1n },
      observedAtMs: hears.nowMs,
      atMs: hears.nowMs,
    });
    tell(hears, { voids: [VOID] });
    expect(hears.topology.primary).toMatchObject({ region: 'eu' });
    expect(report(hears, 'ap').voids).toBeUndefined();
  });

  it('is not taken where nothing is seen to write in its place, or two servers', () => {
    const nothing = process('ap', [{ id: 'ap/0', region: 'ap' }]);
    tell(nothing, { primary: undefined, voids: [VOID] });
    expect(nothing.topology.highest).toMatchObject({ timeline: 2 });
    const two = process('ap');
    two.says('eu/0', primary(1, 5n, { server: 'eu again' }));
    tell(two, { voids: [VOID] });
    expect(two.topology.highest).toMatchObject({ timeline: 2 });
  });

  it('is not taken where a standby alone has shown the epoch: no server of it is known here. An operator must speak there', () => {
    const one = story({ self: 'ap', coldStart: 'trust', writes: 'forward' }, [{ id: 'ap/0', region: 'ap' }]);
    one.says('ap/0', standby(2, 900n, { server: 'ap' }));
    one.says('ap/0', standby(1, 900n, { server: 'ap rebuilt' }));
    tell(one);
    for (let told = 0; told < 3; told += 1) {
      one.later(1_000);
      tell(one, { voids: [VOID] });
      expect(one.topology).toMatchObject({ state: 'no-primary', highest: { timeline: 2, owner: '' } });
    }
    one.take({ type: 'reset', id: 'said-in-this-process', atMs: one.nowMs });
    tell(one);
    expect(one.topology).toMatchObject({ state: 'ready', primary: { region: 'us', epoch: { timeline: 1 } } });
  });

  it('is not taken of another database', () => {
    const one = process('ap');
    thrownAway(one);
    tell(one, { voids: [{ id: VOID.id, epochs: [{ ...EU, system: '9' }] }] });
    expect(report(one, 'ap').voids).toBeUndefined();
  });

  it('ends for good when the very server that was void is seen to write: the fence is back', () => {
    const one = process('ap');
    thrownAway(one);
    tell(one, { voids: [VOID] });
    expect(one.topology.primary).toMatchObject({ region: 'us' });
    one.says('eu/0', MISTAKE);
    expect(one.topology.highest).toMatchObject({ timeline: 2 });
    expect(one.topology.primary?.region).not.toBe('us');
    one.says('eu/0', standby(1, 900n, { server: 'eu rebuilt' }));
    tell(one, { voids: [VOID] });
    expect(one.topology.primary).toBeUndefined();
    expect(one.told('epoch-void')).toMatchObject([{ state: 'taken' }, { state: 'ended' }]);
  });

  it('makes no process accept a primary that it would not have accepted', () => {
    const newcomer = story({ self: 'ap', coldStart: 'confirm', writes: 'forward' });
    newcomer.says('us/0', OLD);
    newcomer.hears(2, 'eu/0', SYSTEM, EU.server);
    tell(newcomer, { voids: [VOID] });
    expect(newcomer.topology.accepted).toBe(false);
  });

  it('does not cover the next promotion, which makes the timeline again', () => {
    const one = process('ap');
    thrownAway(one);
    tell(one, { voids: [VOID] });
    one.later(1);
    one.says('eu/0', standby(1, 2_500n, { server: 'eu rebuilt' }));
    one.fails('us/0');
    one.says('eu/0', primary(2, 3_000n, { server: 'eu rebuilt', fork: 2_900n }));
    expect(one.topology).toMatchObject({ state: 'ready', primary: { region: 'eu', epoch: { timeline: 2 } } });
  });
});

it('no void of another region unfences anything while what it calls void is seen to write', () => {
  const server = fc.constantFrom('eu', 'us', 'other');
  const epoch = fc.record({
    system: fc.constantFrom(SYSTEM, '9'),
    timeline: fc.integer({ min: 1, max: 3 }),
    owner: fc.constantFrom('eu/0', 'us/0', 'ap/0'),
    server: server.map(serverId),
  });
  const hostile = fc.array(
    fc.record({
      id: fc.string({ minLength: 16, maxLength: 16 }),
      epochs: fc.array(epoch, { minLength: 1, maxLength: 4 }),
    }),
    {
      minLength: 1,
      maxLength: 6,
    },
  );
  let offered = 0;
  fc.assert(
    fc.property(hostile, fc.constantFrom('us', 'eu', 'ap'), fc.boolean(), (voids, from, isAlone) => {
      const one = process('ap', isAlone ? [{ id: 'ap/0', region: 'ap' }] : NODES);
      const alive = (): void =>
        isAlone
          ? one.take({
              type: 'document',
              region: 'eu',
              primary: { epoch: EU, position: 1n },
              observedAtMs: one.nowMs,
              atMs: one.nowMs,
            })
          : one.says('eu/0', MISTAKE);
      alive();
      for (const told of voids) {
        offered += 1;
        one.take({
          type: 'document',
          region: from,
          voids: [told],
          observedAtMs: one.nowMs,
          atMs: one.nowMs,
          ...(from === 'eu' && isAlone ? { primary: { epoch: EU, position: 1n } } : {}),
        });
        one.take({
          type: 'siblings',
          siblings: [
            {
              process: 'p'.repeat(16),
              database: { role: 'unknown', forks: [], voids: [told] },
              observedAtMs: one.nowMs,
            },
          ],
          atMs: one.nowMs,
        });
        expect(one.topology.highest).toMatchObject({ timeline: expect.toSatisfy((timeline: number) => timeline >= 2) });
        expect(one.topology.primary?.region ?? 'eu').toBe('eu');
      }
    }),
    { numRuns: 200 },
  );
  expect(offered).toBeGreaterThan(200);
});

/** A process of us, before anything was promoted. The database of eu answers no more, and its region says what it writes. */
function promotedUnseen(one: Story, server: string): void {
  const promoted: Epoch = { system: SYSTEM, timeline: 2, owner: 'eu/0', server: serverId(server) };
  one.fails('eu/0', 'ETIMEDOUT');
  one.fails('ap/0', 'ETIMEDOUT');
  for (const region of ['eu', 'ap']) {
    one.take({
      type: 'document',
      region,
      highest: promoted,
      measured: true,
      measuredEpoch: promoted,
      ...(region === 'eu' && { primary: { epoch: promoted, position: 2_200n } }),
      observedAtMs: one.nowMs,
      atMs: one.nowMs,
    });
  }
  one.says('us/0', primary(1, 2_000n, { server: 'us' }));
}

const isBelieved = (one: Story): boolean =>
  one.topology.highest?.timeline === 2 && one.topology.primary?.region !== 'us';

const startedInUs = (): Story => {
  const one = story({ self: 'us', coldStart: 'trust', writes: 'forward' });
  one.says('us/0', OLD);
  one.says('eu/0', standby(1, 900n, { server: 'eu before' }));
  one.says('ap/0', standby(1, 900n, { server: 'ap' }));
  return one;
};

describe('what is not void', () => {
  it('a promotion that did not happen yet, whatever a hostile region said of it before', () => {
    const epoch = fc.record({
      system: fc.constant(SYSTEM),
      timeline: fc.integer({ min: 1, max: 3 }),
      owner: fc.constantFrom('eu/0', 'us/0', 'ap/0'),
      server: fc.constantFrom('eu', 'us', 'ap', 'made up').map(serverId),
    });
    const hostile = fc.array(fc.array(epoch, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(hostile, (all) => {
        const one = startedInUs();
        all.forEach(
          (epochs, at) => void tell(one, { region: 'ap', voids: [{ id: `void-${at}`.padEnd(16), epochs }] } as never),
        );
        promotedUnseen(one, 'eu');
        expect(isBelieved(one)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('a later promotion of another server under the same name, though only documents tell of it', () => {
    const one = process('us');
    thrownAway(one);
    tell(one, { voids: [VOID] });
    expect(one.topology).toMatchObject({ state: 'ready', primary: { region: 'us' } });
    one.later(60_000);
    one.says('eu/0', standby(1, 1_500n, { server: 'eu rebuilt' }));
    promotedUnseen(one, 'eu rebuilt');
    expect(isBelieved(one)).toBe(true);
  });

  it('what other processes tell does not displace what an operator said here, and changes nothing', () => {
    const one = process('us');
    thrownAway(one);
    one.take({ type: 'reset', id: VOID.id, atMs: one.nowMs });
    const { generation } = one.store.facts.nodes[0] as { readonly generation: number };
    for (let at = 0; at < 36; at += 1) {
      const epochs = [0, 1, 2, 3].map((each) => ({
        ...EU,
        timeline: 900 + at * 4 + each,
        server: `server-${at}-${each}`,
      }));
      tell(one, { region: 'ap', voids: [{ id: `void-${at}`.padEnd(16), epochs }] } as never);
    }
    expect(report(one, 'us').voids).toEqual([VOID]);
    expect(one.store.facts.nodes[0]?.generation).toBe(generation);
    one.hears(2, 'eu/0', SYSTEM, EU.server);
    expect(one.topology).toMatchObject({ state: 'ready', primary: { region: 'us' } });
  });
});
