import { fakeClock } from '@regionkit/core/testing';
import { describe, expect, it } from 'vitest';
import type { PoolNode } from '../../src/connection/node.ts';
import { createProbeSchedule } from '../../src/monitor/probe-schedule.ts';
import type { Settings } from '../../src/options.ts';
import type { LiveTopology } from '../../src/topology/live-topology.ts';
import { primary, wellStory } from '../support/model.ts';

const QUIET_MS = 5_000;
const ALERT_MS = 100;

/** Looks at nodes of a topology that stays `ready`, as one does whose documents still tell of the primary. */
function scheduleOf(
  writes: { isWriting(): boolean; isAlarmed(): boolean } = { isWriting: () => false, isAlarmed: () => false },
  { holds = false, alertMs = ALERT_MS } = {},
) {
  const clock = fakeClock();
  const missing: { missingSinceMs?: number } = {};
  const destroyed: number[] = [];
  const codes: unknown[] = [];
  const { topology } = wellStory();
  const nodes = topology.nodes.map(({ index, id }) => ({ id, destroyAll: () => destroyed.push(index) }));
  const schedule = createProbeSchedule({
    settings: { clock, intervalMs: QUIET_MS, alertIntervalMs: alertMs, random: () => 0.5 } as unknown as Settings,
    nodes: nodes as unknown as readonly PoolNode[],
    live: { topology, store: missing, apply: () => {} } as unknown as LiveTopology,
    emit: (_event, payload) => void codes.push((payload as { code?: unknown }).code),
    holding: () => holds,
    watched: () => false,
    writes: { ...writes, attached: () => {} },
  });
  return { schedule, clock, missing, destroyed, codes, topology };
}

describe('how often a node is looked at', () => {
  it('is each second while writes flow, and as if the primary were gone when a standby has let go of it', () => {
    const standbys = (isWriting: boolean, isAlarmed: boolean) => {
      const { schedule } = scheduleOf({ isWriting: () => isWriting, isAlarmed: () => isAlarmed });
      expect(schedule.paceMs(0)).toBe(QUIET_MS);
      return schedule.paceMs(1);
    };
    expect(standbys(false, false)).toBe(QUIET_MS);
    expect(standbys(true, false)).toBeLessThan(1_000);
    expect(standbys(true, true)).toBe(ALERT_MS);
  });

  it('is soon after it has not answered, so that nobody waits for long on a connection to it', () => {
    const { schedule, destroyed } = scheduleOf();
    expect(schedule.paceMs(0)).toBe(QUIET_MS);
    schedule.onFailure(0, new Error('no answer'));
    expect(schedule.paceMs(0)).toBe(ALERT_MS);
    expect(schedule.paceMs(1)).toBe(QUIET_MS);
    expect(destroyed).toEqual([]);
    schedule.onFailure(0, new Error('no answer'));
    expect(destroyed).toEqual([0]);
    expect(schedule.paceMs(0)).toBe(QUIET_MS);
  });

  it('is seldom again once it answers', () => {
    const { schedule } = scheduleOf();
    schedule.onFailure(0, new Error('no answer'));
    schedule.onReading(0, primary(1), 0);
    expect(schedule.paceMs(0)).toBe(QUIET_MS);
  });
});

describe('how often a node is pinged', () => {
  const NEVER = Number.POSITIVE_INFINITY;
  /** A write waits, and the primary has been missing for so long. */
  const whenHeld = async (missingForMs = 0, alertMs = ALERT_MS) => {
    const { schedule, clock, missing } = scheduleOf(undefined, { holds: true, alertMs });
    missing.missingSinceMs = clock.now();
    await clock.advance(missingForMs);
    return schedule;
  };

  it('is every 5 ms while a write waits, and only a standby', async () => {
    const schedule = await whenHeld();
    expect(schedule.pingMs(0)).toBe(NEVER);
    expect(schedule.pingMs(1)).toBe(5);
    expect(schedule.paceMs(1)).toBe(25);
  });

  it('is never without a write that waits, or while there is a primary', async () => {
    const { schedule, clock, missing } = scheduleOf();
    missing.missingSinceMs = clock.now();
    expect(schedule.pingMs(1)).toBe(NEVER);
    expect(scheduleOf(undefined, { holds: true }).schedule.pingMs(1)).toBe(NEVER);
  });

  it('is rare in a long outage, and ends after a minute', async () => {
    expect((await whenHeld(10_000)).pingMs(1)).toBe(5);
    expect((await whenHeld(20_000)).pingMs(1)).toBe(10);
    expect((await whenHeld(60_000)).pingMs(1)).toBe(NEVER);
  });

  it('follows the option, and is never less than 5 ms', async () => {
    expect((await whenHeld(0, 1_000)).pingMs(1)).toBe(50);
    expect((await whenHeld(0, 40)).pingMs(1)).toBe(5);
    // The next probe is due earlier.
    expect((await whenHeld(0, 20)).pingMs(1)).toBe(NEVER);
  });

  it('is never for a standby so far away that a ping and then a probe take longer than to wait for the probe', async () => {
    const farAway = async (rttMs: number) => {
      const { schedule, clock, missing, topology } = scheduleOf(undefined, { holds: true });
      missing.missingSinceMs = clock.now();
      Object.assign(topology.nodes[1] as object, { rttMs });
      return schedule.pingMs(1);
    };
    expect(await farAway(9)).toBe(5);
    expect(await farAway(11)).toBe(NEVER);
  });
});

describe('how long a node is asked on one connection', () => {
  /** How old a connection may be when the primary has been missing for so long. */
  const afterMissing = async (seconds: number): Promise<number> => {
    const { schedule, clock, missing } = scheduleOf();
    missing.missingSinceMs = clock.now();
    await clock.advance(seconds * 1_000);
    return schedule.maxConnectionMs();
  };

  it('is a minute while there is a primary, and at first without one: a promotion shows itself on what is open', async () => {
    expect(scheduleOf().schedule.maxConnectionMs()).toBe(60_000);
    expect(await afterMissing(0)).toBe(60_000);
    expect(await afterMissing(1)).toBe(60_000);
  });

  it('is a few seconds without a primary, because the name of its successor may lead there only now', async () => {
    for (const seconds of [3, 5, 20]) {
      expect(await afterMissing(seconds)).toBeGreaterThanOrEqual(2_000);
      expect(await afterMissing(seconds)).toBeLessThanOrEqual(3_000);
    }
  });

  it('grows with a long outage, up to the usual minute', async () => {
    expect(await afterMissing(80)).toBe(10_000);
    expect(await afterMissing(3_600)).toBe(60_000);
  });

  it('is the usual again once a primary is known', async () => {
    const { schedule, clock, missing } = scheduleOf();
    missing.missingSinceMs = clock.now();
    await clock.advance(5_000);
    expect(schedule.maxConnectionMs()).toBeLessThan(60_000);
    delete missing.missingSinceMs;
    expect(schedule.maxConnectionMs()).toBe(60_000);
  });
});

describe('why a node cannot be asked', () => {
  it.each([
    ['timeout', new Error('timeout expired')],
    ['timeout', new Error('Connection terminated due to connection timeout')],
    ['connection-ended', new Error('Connection terminated unexpectedly')],
    ['login-failed', new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string')],
    ['ECONNREFUSED', Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' })],
    ['28P01', Object.assign(new Error('password authentication failed'), { code: '28P01', severity: 'FATAL' })],
    ['unknown', new Error('something of the app')],
    ['unknown', 'no error at all'],
  ])('is said as %s, also where node-postgres gives no code', (code, error) => {
    const { schedule, codes } = scheduleOf();
    schedule.onFailure(0, error);
    expect(codes).toEqual([code]);
  });
});
