import { fakeClock } from '@regionkit/core/testing';
import { describe, expect, it } from 'vitest';
import type { Settings } from '../../src/options.ts';
import type { LiveTopology } from '../../src/topology/live-topology.ts';
import { createLooks } from '../../src/topology/looks.ts';
import type { PoolNode } from '../../src/topology/node.ts';
import { primary, wellStory } from '../support/model.ts';

const QUIET_MS = 5_000;
const ALERT_MS = 100;

/** Looks at nodes of a topology that stays `ready`, as one does whose documents still tell of the primary. */
function looksOf(
  writes: { isWriting(): boolean; isAlarmed(): boolean } = { isWriting: () => false, isAlarmed: () => false },
) {
  const destroyed: number[] = [];
  const codes: unknown[] = [];
  const { topology } = wellStory();
  const nodes = topology.nodes.map(({ index, id }) => ({ id, destroyAll: () => destroyed.push(index) }));
  const looks = createLooks({
    settings: { clock: fakeClock(), quietMs: QUIET_MS, alertMs: ALERT_MS } as unknown as Settings,
    nodes: nodes as unknown as readonly PoolNode[],
    live: { topology, take: () => {} } as unknown as LiveTopology,
    emit: (_event, payload) => void codes.push((payload as { code?: unknown }).code),
    holding: () => false,
    watched: () => false,
    writes: { ...writes, attached: () => {} },
  });
  return { looks, destroyed, codes };
}

describe('how often a node is looked at', () => {
  it('is each second while writes flow, and as if the primary were gone when a standby has let go of it', () => {
    const standbys = (isWriting: boolean, isAlarmed: boolean) => {
      const { looks } = looksOf({ isWriting: () => isWriting, isAlarmed: () => isAlarmed });
      expect(looks.paceMs(0)).toBe(QUIET_MS);
      return looks.paceMs(1);
    };
    expect(standbys(false, false)).toBe(QUIET_MS);
    expect(standbys(true, false)).toBeLessThan(1_000);
    expect(standbys(true, true)).toBe(ALERT_MS);
  });

  it('is soon after it has not answered, so that nobody waits for long on a connection to it', () => {
    const { looks, destroyed } = looksOf();
    expect(looks.paceMs(0)).toBe(QUIET_MS);
    looks.onFailure(0, new Error('no answer'));
    expect(looks.paceMs(0)).toBe(ALERT_MS);
    expect(looks.paceMs(1)).toBe(QUIET_MS);
    expect(destroyed).toEqual([]);
    looks.onFailure(0, new Error('no answer'));
    expect(destroyed).toEqual([0]);
    expect(looks.paceMs(0)).toBe(QUIET_MS);
  });

  it('is seldom again once it answers', () => {
    const { looks } = looksOf();
    looks.onFailure(0, new Error('no answer'));
    looks.onReading(0, primary(1), 0);
    expect(looks.paceMs(0)).toBe(QUIET_MS);
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
    const { looks, codes } = looksOf();
    looks.onFailure(0, error);
    expect(codes).toEqual([code]);
  });
});
