import { describe, expect, it } from 'vitest';
import type { Transaction } from '../../src/statements/open-transaction.ts';
import { runTick } from '../../src/tail/run-tick.ts';

/** A server with a row of `regionkit.tail`. `drops`: whether it still finds the slot above its limit. */
function server(drops: boolean) {
  const row = { isDropped: false };
  const query = async (text: string) => {
    if (text.startsWith('SELECT regionkit.tail_drop')) return { rows: [{ done: drops }] };
    if (text.includes('dropped_at = EXCLUDED.dropped_at')) row.isDropped = true;
    else if (text.includes('SET dropped_at = NULL')) row.isDropped = false;
    else throw new Error(`not expected: ${text}`);
    return { rows: [] };
  };
  return { row, tx: { query } as unknown as Transaction };
}

const plan = {
  facts: {
    ...{ timeline: 1, hasLock: true, isLogical: true, target: undefined, missing: ['eu'], wasDropped: false },
    slot: { confirmed: 100n, heldBytes: 2_000, isOurs: true, isActive: false, isLost: false },
    ...{ hasOtherLimits: false, promotion: undefined },
  },
  decision: { action: 'drop', why: 'held' },
  ...{ timeline: 1, names: ['eu'], maxHeldBytes: 1_000, dueMs: 20_000, notesLimits: false },
} as const;

describe('a tick that drops the slot', () => {
  it('records that, and says so', async () => {
    const { row, tx } = server(true);
    const { status, told } = await runTick(tx, plan);
    expect(row.isDropped).toBe(true);
    expect(status).toMatchObject({ state: 'dropped', why: 'held' });
    expect(told).toEqual([['dropped', { timeline: 1, why: 'held', heldBytes: 2_000 }]]);
  });

  it('records no drop if the server has kept the slot', async () => {
    const { row, tx } = server(false);
    const { status, told } = await runTick(tx, plan);
    expect(row.isDropped).toBe(false);
    expect(status).toMatchObject({ state: 'keeping' });
    expect(told).toEqual([]);
  });
});
