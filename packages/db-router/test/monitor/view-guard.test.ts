import { fakeClock } from '@regionkit/core/testing';
import { describe, expect, it } from 'vitest';
import { createViewGuard } from '../../src/monitor/view-guard.ts';
import type { Reading } from '../../src/topology/readings.ts';
import { liveTopology } from '../support/live-topology.ts';
import { NODES, primary, RULES, standby } from '../support/model.ts';

const TIMEOUT_MS = 2_000;

/** A primary in `us` with two standbys attached, all well, and probes that are answered when the test says so. */
function guarded() {
  const clock = fakeClock();
  const live = liveTopology(clock);
  const open = NODES.map((): (() => void)[] => []);
  let renewed = 0;
  let suspended = false;
  /** When the regions that it cannot probe were last heard. */
  let heardAtMs = Number.POSITIVE_INFINITY;
  const guard = createViewGuard({
    clock,
    live,
    maxViewAgeMs: RULES.maxViewAgeMs,
    timeoutMs: TIMEOUT_MS,
    wasSuspended: () => {
      const was = suspended;
      suspended = false;
      return was;
    },
    onSuspended: () => {},
    probe: (index) => new Promise((resolve) => open[index]?.push(resolve)),
    isHeardSince: (atMs) => heardAtMs >= atMs,
    onRenewed: () => {
      renewed += 1;
    },
  });
  const said = (index: number, reading: Reading, rttMs = 0): void =>
    live.apply({ type: 'reading', node: index, reading, sentAtMs: clock.now() - rttMs, atMs: clock.now() });
  const settle = async (index: number): Promise<void> => {
    for (const resolve of open[index]?.splice(0) ?? []) resolve();
    await clock.advance(0);
  };
  const answers = (index: number, reading: Reading): Promise<void> => {
    said(index, reading);
    return settle(index);
  };
  const fails = (index: number): Promise<void> => {
    live.apply({ type: 'failed', node: index, code: 'ETIMEDOUT', atMs: clock.now() });
    return settle(index);
  };
  const us = (senders: number | undefined) => primary(1, 1_000n, { server: 'us', senders });
  const other = standby(1, 1_000n, { server: 'a standby' });
  said(0, us(2));
  said(1, other);
  said(2, other);
  /** It was not suspended: no node was looked at for a while. */
  const growsOld = async (): Promise<void> => {
    await clock.advance(RULES.maxViewAgeMs + 1);
    expect(guard.isStale()).toBe(true);
  };
  /** The third node is silent, and nothing is believed until it has failed. */
  const waitsForSilent = async (senders: number | undefined): Promise<void> => {
    await answers(0, us(senders));
    await answers(1, other);
    await clock.advance(TIMEOUT_MS);
    expect(guard.isStale()).toBe(true);
    await fails(2);
    expect(guard.isStale()).toBe(false);
  };
  const suspend = (): void => {
    suspended = true;
    guard.checkSuspension();
  };
  const told = { clock, guard, suspend, said, answers, fails, us, other, growsOld, waitsForSilent };
  const hearsRegions = (atMs: number): void => {
    heardAtMs = atMs;
  };
  return { ...told, hearsRegions, renewals: () => renewed };
}

describe('after a stall', () => {
  it('believes nothing until every node has answered or failed', async () => {
    const { guard, suspend, answers, us, other, renewals } = guarded();
    expect(guard.isStale()).toBe(false);
    suspend();
    await answers(0, us(2));
    await answers(1, other);
    expect(guard.isStale()).toBe(true);
    await answers(2, other);
    expect(guard.isStale()).toBe(false);
    expect(renewals()).toBe(1);
  });

  it('goes on with a primary that has answered and kept its standbys, though a node is in a black hole', async () => {
    const { clock, guard, answers, fails, us, other, growsOld, renewals } = guarded();
    await growsOld();
    await answers(0, us(2));
    await answers(1, other);
    await clock.advance(TIMEOUT_MS / 4);
    expect(guard.isStale()).toBe(false);
    expect(renewals()).toBe(1);
    await fails(2);
    expect(renewals()).toBe(1);
  });

  it('does not go around in circles while the node stays silent for longer than a view may be old', async () => {
    const { clock, guard, suspend, answers, us, other } = guarded();
    clock.suspend(60_000);
    suspend();
    await answers(0, us(2));
    await answers(1, other);
    await clock.advance(TIMEOUT_MS - 1);
    expect(guard.isStale()).toBe(true);
    await clock.advance(1);
    expect(guard.isStale()).toBe(false);
  });

  it.each([0, 1])('does not count it as held by %i of its two standbys, before and after', async (senders) => {
    const { said, us, growsOld, waitsForSilent } = guarded();
    said(0, us(senders));
    await growsOld();
    await waitsForSilent(senders);
  });

  it('gives a node the time to open its connection anew', async () => {
    const { clock, guard, said, answers, us, other, growsOld } = guarded();
    await clock.advance(500);
    // Averaged with the ones before: 100 ms.
    said(2, other, 500);
    await growsOld();
    await answers(0, us(2));
    await answers(1, other);
    await clock.advance(799);
    expect(guard.isStale()).toBe(true);
    await clock.advance(1);
    expect(guard.isStale()).toBe(false);
  });

  it.each([
    ['a standby has let go of it', 1],
    ['it does not say how many it has', undefined],
  ])('waits for the silent node when %s', async (_name, senders) => {
    const { suspend, waitsForSilent } = guarded();
    suspend();
    await waitsForSilent(senders);
  });

  it('waits for no node that was silent before', async () => {
    const { clock, guard, answers, fails, us, other, growsOld } = guarded();
    await fails(2);
    await growsOld();
    await answers(0, us(1));
    await answers(1, other);
    await clock.advance(TIMEOUT_MS / 4);
    expect(guard.isStale()).toBe(false);
  });

  it('waits for the primary, however long it takes', async () => {
    const { clock, guard, suspend, answers, us, other } = guarded();
    suspend();
    await answers(1, other);
    await answers(2, other);
    await clock.advance(TIMEOUT_MS);
    expect(guard.isStale()).toBe(true);
    await answers(0, us(2));
    expect(guard.isStale()).toBe(false);
  });

  it('believes no report of a region that it cannot probe from before: each is asked again', async () => {
    const { clock, guard, hearsRegions, suspend, answers, us, other, renewals } = guarded();
    hearsRegions(clock.now());
    clock.suspend(4_000);
    suspend();
    for (const [index, reading] of [us(2), other, other].entries()) await answers(index, reading);
    expect(guard.isStale()).toBe(true);
    // Its own nodes are known again, and the other regions are told so: otherwise each would wait for the other.
    expect(guard.isProbing()).toBe(false);
    await clock.advance(100);
    expect(renewals()).toBe(0);
    hearsRegions(clock.now());
    await clock.advance(25);
    expect(guard.isStale()).toBe(false);
    expect(renewals()).toBe(1);
  });

  it('goes on without a region that is not heard in time', async () => {
    const { clock, guard, hearsRegions, suspend, answers, us, other } = guarded();
    hearsRegions(Number.NEGATIVE_INFINITY);
    suspend();
    for (const [index, reading] of [us(2), other, other].entries()) await answers(index, reading);
    await clock.advance(TIMEOUT_MS - 1);
    expect(guard.isStale()).toBe(true);
    await clock.advance(1);
    expect(guard.isStale()).toBe(false);
  });

  it('waits for no region when what it knows of its nodes has only grown old', async () => {
    const { guard, hearsRegions, growsOld, answers, us, other } = guarded();
    hearsRegions(Number.NEGATIVE_INFINITY);
    await growsOld();
    for (const [index, reading] of [us(2), other, other].entries()) await answers(index, reading);
    expect(guard.isStale()).toBe(false);
  });

  it('counts no answer from before it was suspended again', async () => {
    const { guard, suspend, answers, us, other, renewals } = guarded();
    suspend();
    await answers(0, us(2));
    suspend();
    await answers(1, other);
    await answers(2, other);
    expect(guard.isStale()).toBe(true);
    await answers(0, us(2));
    expect(renewals()).toBe(1);
  });
});
