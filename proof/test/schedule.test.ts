import { describe, expect, it } from 'vitest';
import { othersThan, REGIONS } from '../src/regions.ts';
import { PROFILES } from '../src/schedule/choices.ts';
import { type Fault, type FaultKind, describe as inWords } from '../src/schedule/fault.ts';
import { EVENTS_PER_MINUTE, makeSchedule } from '../src/schedule/schedule.ts';
import { after, beginning, canTakeOver, primaryIsLost, recovery, type World } from '../src/schedule/world.ts';

const SEEDS = Array.from({ length: 200 }, (_, seed) => seed);

/** Every fault of a schedule with the world it befell. */
function walk(seed: number): { readonly before: World; readonly fault: Fault }[] {
  let world = beginning(REGIONS[0]);
  const { faults, recovery: repairs } = makeSchedule({ seed, minutes: 1 });
  return [...faults.map(({ fault }) => fault), ...repairs].map((fault) => {
    const before = world;
    world = after(world, fault);
    return { before, fault };
  });
}

const STEPS = SEEDS.flatMap(walk);

describe('makeSchedule', () => {
  it('is the same each time', () => {
    expect(makeSchedule({ seed: 7, minutes: 1 })).toEqual(makeSchedule({ seed: 7, minutes: 1 }));
    expect(makeSchedule({ seed: 7, minutes: 1 })).not.toEqual(makeSchedule({ seed: 8, minutes: 1 }));
  });

  it('has a fixed number of faults a minute, in order', () => {
    for (const minutes of [0.5, 1, 2]) {
      const { faults } = makeSchedule({ seed: 3, minutes });
      expect(faults).toHaveLength(minutes * EVENTS_PER_MINUTE);
      expect(faults.map(({ atMs }) => atMs)).toEqual(faults.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
      expect(faults.at(-1)?.atMs).toBeLessThan(minutes * 60_000 + 4_000);
    }
  });

  it('draws the profile from the seed, and takes another if told to', () => {
    const drawn = new Set(SEEDS.map((seed) => makeSchedule({ seed, minutes: 0.1 }).profile));
    expect([...drawn].toSorted()).toEqual([...PROFILES].toSorted());
    expect(makeSchedule({ seed: 1, minutes: 0.1, profile: 'twins' }).profile).toBe('twins');
  });

  it('fails over only when the primary is out of reach, and only to a standby that can take over', () => {
    let failovers = 0;
    for (const { before, fault } of STEPS) {
      if (fault.kind !== 'failover') continue;
      failovers += 1;
      expect(primaryIsLost(before)).toBe(true);
      expect(canTakeOver(before, fault.to)).toBe(true);
    }
    expect(failovers).toBeGreaterThan(100);
  });

  it('promotes beside a primary that lives and is in sight, and leaves that as it is', () => {
    let found = 0;
    for (const { before, fault } of STEPS) {
      if (fault.kind !== 'promote-beside') continue;
      found += 1;
      expect(primaryIsLost(before)).toBe(false);
      expect(before.nodes[fault.to]).toMatchObject({ role: 'standby', status: 'up', replay: 'normal' });
      expect(after(before, fault).nodes[before.primary]).toMatchObject({ role: 'abandoned', status: 'up' });
    }
    expect(found).toBeGreaterThan(50);
  });

  it('never promotes two at once unless it is about twins', () => {
    for (const seed of SEEDS) {
      const { profile, faults } = makeSchedule({ seed, minutes: 1 });
      if (profile !== 'twins') expect(faults.map(({ fault }) => fault.kind)).not.toContain('twins');
    }
  });

  it('switches over only between two that are up and in sight of each other', () => {
    for (const { before, fault } of STEPS) {
      if (fault.kind !== 'switchover') continue;
      expect(primaryIsLost(before)).toBe(false);
      expect(before.nodes[fault.to]).toMatchObject({ role: 'standby', status: 'up', replay: 'normal' });
    }
  });

  it('pauses the writes before about half of the switchovers, if every app can be told', () => {
    let pauses = 0;
    for (const { before, fault } of STEPS) {
      if (fault.kind !== 'switchover' || fault.paused !== true) continue;
      pauses += 1;
      expect(Object.values(before.apps)).toEqual(['running', 'running', 'running']);
      expect(before.network).toBeUndefined();
    }
    expect(pauses).toBeGreaterThan(50);
  });

  it('restarts one process, a region and the fleet around pauses, in them and before, where every app can be told', () => {
    const found = new Map<string, number>();
    for (const { before, fault } of STEPS) {
      if (fault.kind !== 'pause' && fault.kind !== 'switchover') continue;
      if (fault.kind === 'switchover' && fault.restart === undefined) continue;
      const how = `${fault.kind} ${fault.restart ?? 'none'}${fault.early === true ? ' early' : ''}`;
      found.set(how, (found.get(how) ?? 0) + 1);
      expect(Object.values(before.apps)).toEqual(['running', 'running', 'running']);
      expect(before.network).toBeUndefined();
      expect(after(before, fault).apps).toEqual(before.apps);
    }
    const kinds = ['process', 'process early', 'region', 'region early', 'fleet'];
    expect([...found.keys()].toSorted()).toEqual(
      ['pause none', ...kinds.flatMap((how) => [`pause ${how}`, `switchover ${how}`])].toSorted(),
    );
  });

  it('leaves a pause the time it takes, so that a history with pauses lasts no longer', () => {
    for (const seed of SEEDS) {
      const { faults } = makeSchedule({ seed, minutes: 1, profile: 'pauses' });
      expect(faults.length).toBeLessThan(EVENTS_PER_MINUTE);
      for (const [index, { atMs, fault }] of faults.entries()) {
        const next = faults[index + 1];
        if (fault.kind === 'pause' && next !== undefined) expect(next.atMs - atMs).toBeGreaterThan(8_000);
      }
    }
  });

  it('starts only what is down, thaws only what is frozen, heals only what is broken', () => {
    for (const { before, fault } of STEPS) {
      if (fault.kind === 'start-node') expect(before.nodes[fault.region].status).toBe('down');
      if (fault.kind === 'thaw-node') expect(before.nodes[fault.region].status).toBe('frozen');
      if (fault.kind === 'kill-node') expect(before.nodes[fault.region].status).not.toBe('down');
      if (fault.kind === 'heal') expect(before.network?.region).toBe(fault.region);
      if (fault.kind === 'start-app') expect(before.apps[fault.region]).toBe('dead');
      if (fault.kind === 'continue-app') expect(before.apps[fault.region]).toBe('stopped');
      if (fault.kind === 'rejoin') expect(before.nodes[before.primary].status).toBe('up');
    }
  });

  it('brings the old primary back as it was in many runs, and rebuilds it in many', () => {
    const kinds = new Map<string, number>();
    for (const { before, fault } of STEPS) {
      if (!('region' in fault) || before.nodes[fault.region].role !== 'abandoned') continue;
      kinds.set(fault.kind, (kinds.get(fault.kind) ?? 0) + 1);
    }
    expect(kinds.get('start-node')).toBeGreaterThan(50);
    expect(kinds.get('thaw-node')).toBeGreaterThan(5);
    expect(kinds.get('rejoin')).toBeGreaterThan(50);
  });

  it('does everything it can do somewhere in 200 seeds', () => {
    const done = new Set(STEPS.map(({ fault }) => fault.kind));
    const all: FaultKind[] = [
      'kill-node',
      'start-node',
      'freeze-node',
      'thaw-node',
      'restart-behind',
      'pause-replay',
      'resume-replay',
      'slow-replay',
      'normal-replay',
      'end-sessions',
      'rejoin',
      'isolate',
      'partition',
      'drop',
      'mute',
      'latency',
      'reset',
      'heal',
      'failover',
      'promote-beside',
      'switchover',
      'twins',
      'settle-twins',
      'stop-app',
      'continue-app',
      'kill-app',
      'start-app',
      'end-apps',
      'start-apps',
      'deploy',
      'clock-step',
      'pause',
    ];
    expect([...done].toSorted()).toEqual(all.toSorted());
  });
});

describe('recovery', () => {
  it('leaves one primary, two standbys of it, every app running and no fault, whatever went before', () => {
    for (const seed of SEEDS) {
      let world = beginning(REGIONS[0]);
      for (const { fault } of makeSchedule({ seed, minutes: 1 }).faults) world = after(world, fault);
      for (const fault of recovery(world)) world = after(world, fault);
      expect(world.network).toBeUndefined();
      expect(world.twin).toBeUndefined();
      expect(Object.values(world.apps)).toEqual(['running', 'running', 'running']);
      expect(world.nodes[world.primary]).toMatchObject({ role: 'primary', status: 'up' });
      for (const region of othersThan(world.primary)) {
        expect(world.nodes[region]).toEqual({ role: 'standby', status: 'up', replay: 'normal' });
      }
    }
  });
});

describe('describe', () => {
  it('says a fault in a few words', () => {
    expect(inWords({ kind: 'partition', region: 'us', from: 'ap' })).toBe('partition us from ap');
    expect(inWords({ kind: 'failover', to: 'eu' })).toBe('failover to eu');
    expect(inWords({ kind: 'switchover', to: 'eu', paused: true })).toBe('switchover to eu paused');
    expect(inWords({ kind: 'pause', restart: 'region', in: 'ap', early: true })).toBe(
      'pause restart region in ap early',
    );
    expect(inWords({ kind: 'slow-replay', region: 'eu', delayMs: 400 })).toBe('slow-replay eu 400 ms');
  });
});
