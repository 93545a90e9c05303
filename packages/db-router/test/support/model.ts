import type { Input, Rules } from '../../src/topology/facts.ts';
import type { Reading } from '../../src/topology/readings.ts';
import { nothingKnown, reduce, type TopologyEvent, type TopologyStore } from '../../src/topology/reduce.ts';
import { serverId } from '../../src/topology/writer.ts';

export const SYSTEM = '7000000000000000001';

export const RULES: Rules = {
  self: 'us',
  regions: ['us', 'eu', 'ap'],
  maxLagMs: 10_000,
  maxViewAgeMs: 15_000,
  coldStart: 'confirm',
  writes: 'reject',
  asksSiblings: false,
};

export const NODES = [
  { id: 'us/0', region: 'us' },
  { id: 'eu/0', region: 'eu' },
  { id: 'ap/0', region: 'ap' },
] as const;

/** What a primary on `timeline` says. */
export function primary(timeline: number, position = 1_000n, more: Partial<Reading> = {}): Reading {
  return {
    system: SYSTEM,
    server: `primary-${timeline}`,
    inRecovery: false,
    readOnly: false,
    timeline,
    timelineAtLeast: undefined,
    position,
    fork: undefined,
    streaming: false,
    segmentBytes: 16 * 1024 * 1024,
    ...more,
  };
}

/** What a standby that follows `timeline` says. */
export function standby(timeline: number | undefined, position = 1_000n, more: Partial<Reading> = {}): Reading {
  return {
    ...primary(1, position),
    server: 'standby',
    inRecovery: true,
    timeline,
    timelineAtLeast: timeline ?? 1,
    streaming: true,
    ...more,
  };
}

/** A reducer with a clock of its own, so that a test reads as a story. */
export function story(rules: Partial<Rules> = {}, nodes: readonly { id: string; region: string }[] = NODES) {
  const all: Rules = { ...RULES, ...rules };
  let nowMs = 1_000;
  let store: TopologyStore = nothingKnown(nodes, all, { store: false, nowMs });
  const events: TopologyEvent[] = [];
  const take = (input: Input): void => {
    const { next, events: told } = reduce(store, input, all);
    store = next;
    events.push(...told);
  };
  const tick = (): number => {
    nowMs += 1;
    return nowMs;
  };
  const indexOf = (id: string): number => nodes.findIndex((node) => node.id === id);
  return {
    take,
    says: (id: string, reading: Reading, rttMs = 1) => {
      const sentAtMs = nowMs;
      nowMs += rttMs - 1;
      take({ type: 'reading', node: indexOf(id), reading, sentAtMs, atMs: tick() });
    },
    fails: (id: string, code = 'ECONNREFUSED') => take({ type: 'failed', node: indexOf(id), code, atMs: tick() }),
    hears: (timeline: number, owner: string, system = SYSTEM, server?: string) => {
      const epoch = { system, timeline, owner, ...(server !== undefined && { server }) };
      take({ type: 'epoch', epoch, from: 'token', atMs: tick() });
    },
    /** What a server is called in documents and tokens. */
    serverOf: serverId,
    document: (region: string, document: Partial<Input & { type: 'document' }>) =>
      take({ type: 'document', region, observedAtMs: nowMs, atMs: tick(), ...document }),
    later: (ms: number) => {
      nowMs += ms;
      take({ type: 'tick', atMs: nowMs });
    },
    get nowMs() {
      return nowMs;
    },
    get topology() {
      return store.topology;
    },
    get store() {
      return store;
    },
    stateOf: (id: string) => store.topology.nodes[indexOf(id)]?.state,
    node: (id: string) => store.topology.nodes[indexOf(id)],
    told: (event: string) => events.filter(([name]) => name === event).map(([, payload]) => payload),
  };
}

/** A primary in `us`, standbys elsewhere, all well. */
export function wellStory(rules: Partial<Rules> = {}) {
  const told = story(rules);
  told.says('us/0', primary(1, 1_000n, { server: 'us' }));
  told.says('eu/0', standby(1, 1_000n, { server: 'eu' }));
  told.says('ap/0', standby(1, 1_000n, { server: 'ap' }));
  return told;
}
