import { fakeClock } from '@regionkit/core/testing';
import { describe, expect, it } from 'vitest';
import { createWatcher } from '../../src/causality/watcher.ts';

describe('createWatcher()', () => {
  it('asks once for all who wait for a node, and wakes those whose position is reached', async () => {
    const clock = fakeClock();
    const asked: number[] = [];
    const watcher = createWatcher({ clock, onWatch: (index) => void asked.push(index) });
    let position = 0;
    const waiting = [1, 2, 3].map((lsn) => watcher.wait(0, () => position >= lsn, 100));
    expect(asked).toEqual([0]);
    expect(watcher.watches(0)).toBe(true);
    expect(watcher.watches(1)).toBe(false);
    position = 2;
    watcher.notify();
    expect(await waiting[0]).toBe(true);
    expect(await waiting[1]).toBe(true);
    await clock.advance(100);
    expect(await waiting[2]).toBe(false);
    expect(watcher.watches(0)).toBe(false);
    expect(clock.pending).toBe(0);
  });

  it('leaves nobody waiting when it is closed', async () => {
    const clock = fakeClock();
    const watcher = createWatcher({ clock, onWatch: () => {} });
    const waiting = watcher.wait(0, () => false, 1_000);
    watcher.close();
    expect(await waiting).toBe(false);
    expect(clock.pending).toBe(0);
  });
});
