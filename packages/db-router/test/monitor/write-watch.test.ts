import { fakeClock } from '@regionkit/core/testing';
import { describe, expect, it } from 'vitest';
import { createWriteWatch } from '../../src/monitor/write-watch.ts';

function watch() {
  const clock = fakeClock();
  const probes: number[] = [];
  const watching = createWriteWatch(clock, () => probes.push(clock.now()));
  return { clock, probes, watching };
}

describe('createWriteWatch()', () => {
  it('has every node probed at the first write after a while, and not for each write', async () => {
    const { clock, probes, watching } = watch();
    expect(watching.isWriting()).toBe(false);
    for (let write = 0; write < 100; write += 1) {
      watching.wrote();
      await clock.advance(50);
    }
    expect(probes).toHaveLength(1);
    expect(watching.isWriting()).toBe(true);
    await clock.advance(2_001);
    expect(watching.isWriting()).toBe(false);
    watching.wrote();
    expect(probes).toHaveLength(2);
  });

  it('takes one standby less behind a write for a sign, and one more for none', async () => {
    const { clock, probes, watching } = watch();
    for (const senders of [2, 2, 3, undefined, 3]) watching.attached(0, senders);
    expect(probes).toEqual([]);
    expect(watching.isAlarmed()).toBe(false);
    watching.attached(0, 2);
    watching.attached(0, 2);
    expect(probes).toHaveLength(1);
    expect(watching.isAlarmed()).toBe(true);
    await clock.advance(3_001);
    expect(watching.isAlarmed()).toBe(false);
  });

  it('has every node probed when the region of the primary does not answer, and not for each request', async () => {
    const { clock, probes, watching } = watch();
    for (let request = 0; request < 100; request += 1) {
      watching.unreached();
      await clock.advance(50);
    }
    expect(probes).toHaveLength(1);
    expect(watching.isAlarmed()).toBe(true);
    await clock.advance(3_001);
    expect(watching.isAlarmed()).toBe(false);
    watching.unreached();
    expect(probes).toHaveLength(2);
  });

  it('compares the standbys of one node only', () => {
    const { probes, watching } = watch();
    watching.attached(0, 2);
    watching.attached(1, 0);
    expect(probes).toEqual([]);
  });
});
