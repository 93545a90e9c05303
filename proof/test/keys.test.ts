import { describe, expect, it } from 'vitest';
import { checkHistory } from '../src/check/check.ts';
import { createLedgerPlan } from '../src/clients/ledger-plan.ts';
import type { Entry, OperationEntry, RowEntry } from '../src/history/entries.ts';
import { createRandom } from '../src/random.ts';
import type { Region } from '../src/regions.ts';
import { type HistoryBuilder, writeHistory, wrote } from './histories.ts';

const broken = (entries: readonly Entry[]): string[] => [...new Set(checkHistory(entries).map(({ rule }) => rule))];

/** `0/64` is 100: what lies beyond is not in timeline 2. */
const failover = (history: HistoryBuilder): void =>
  history.fault(
    { kind: 'failover', to: 'eu' },
    { promotions: [{ region: 'eu', parent: 1, timeline: 2, fork: '0/64' }] },
  );
const told = (history: HistoryBuilder, startMs: number, keys?: readonly string[]): void =>
  history.add({ type: 'told', from: 'us', startMs, ...(keys !== undefined && { keys }) });

let count = 0;
/** A request with the key `k`. Acknowledged for its own write, unless told otherwise. */
function once(
  history: HistoryBuilder,
  { place = {}, ...given }: Partial<OperationEntry> & { readonly place?: Partial<RowEntry> } = {},
): string {
  count += 1;
  const id = `ada-once-${count}`;
  const isOwn = given.performed === undefined;
  const received = [wrote(Number(place.lsn ?? 50) + 1, place.timeline)];
  return history.op('once', {
    id,
    once: 'k',
    performed: id,
    received,
    ...given,
    rows: isOwn ? [{ once: given.once ?? 'k', lsn: '50', ...place }] : [],
  });
}
/** Written on the old primary beyond the fork, and gone with it. */
const LOST = { survives: false, from: 'us', lsn: '150' } as const;
const NEW = { timeline: 2, lsn: '160' } as const;
const knew = (region: Region, timeline: number) => ({
  served: region,
  knew: [{ region, timeline, state: 'ready', forks: [] }],
});

describe('the promises of once()', () => {
  it('hold when retries get the answer of the first request, and a lost write is told or done again', () => {
    const history = writeHistory();
    const first = once(history);
    once(history, { performed: first, received: [wrote(60)] });
    once(history, { once: 'again', place: LOST });
    once(history, { once: 'told', place: LOST });
    failover(history);
    once(history, { performed: first, received: [wrote(170, 2)], ...knew('eu', 2) });
    once(history, { once: 'again', place: NEW, ...knew('eu', 2) });
    told(history, 10_000, ['told']);
    expect(checkHistory(history.entries({ timeline: 2 }))).toEqual([]);
  });

  it('are broken by two writes of one key in one data directory, also in an abandoned one', () => {
    for (const place of [{ lsn: '50' }, LOST]) {
      const history = writeHistory();
      once(history, { place });
      once(history, { place });
      failover(history);
      told(history, 10_000, place === LOST ? ['k'] : []);
      expect(broken(history.entries({ timeline: 2 }))).toEqual(['key-done-twice']);
    }
  });

  it('hold if a region leaves two data directories, with a lost write of the key in each', () => {
    const history = writeHistory();
    once(history, { place: { ...LOST, reading: 1 } });
    failover(history);
    once(history, { place: { ...LOST, ...NEW, reading: 2, lsn: '190' } });
    history.add({ type: 'told', from: 'us', reading: 1, startMs: 10_000, keys: ['k'] });
    history.fault(
      { kind: 'failover', to: 'ap' },
      { promotions: [{ region: 'ap', parent: 2, timeline: 3, fork: '0/B0' }] },
    );
    history.add({ type: 'told', from: 'us', reading: 2, startMs: 20_000, keys: ['k'] });
    expect(checkHistory(history.entries({ timeline: 3 }))).toEqual([]);
    const untold = history.entries({ timeline: 3 }).filter((entry) => entry.type !== 'told' || entry.reading === 1);
    expect(broken(untold)).toEqual(['key-lost-untold']);
  });

  it('are broken by the answer of no write, and by the one of another key', () => {
    const history = writeHistory();
    const other = once(history, { once: 'other' });
    once(history, { performed: other });
    expect(broken(history.entries())).toEqual(['key-answered-otherwise']);
    const empty = writeHistory();
    empty.op('once', { once: 'k', rows: [{ once: 'k' }] });
    expect(broken(empty.entries())).toEqual(['key-answered-otherwise']);
  });

  it('are broken by the answer of a write that the history of the new primary does not have', () => {
    const history = writeHistory();
    const lost = once(history, { place: LOST });
    failover(history);
    told(history, 10_000, ['k']);
    once(history, { performed: lost, received: [wrote(170, 2)], ...knew('eu', 2) });
    expect(broken(history.entries({ timeline: 2 }))).toEqual(['key-answered-from-lost']);
  });

  it('are broken by a lost write that no list tells, unless its client sent it again', () => {
    for (const [isRedone, keys, rules] of [
      [false, [], ['key-lost-untold']],
      [false, undefined, []],
      [true, [], []],
    ] as const) {
      const history = writeHistory();
      once(history, { place: LOST });
      failover(history);
      if (isRedone) once(history, { place: NEW });
      told(history, 10_000, keys);
      expect(broken(history.entries({ timeline: 2 }))).toEqual(rules);
    }
  });

  it('say nothing of a write that no client was told of', () => {
    const history = writeHistory();
    once(history, { outcome: 'unknown', status: 0, failure: 'left', received: [], place: LOST });
    failover(history);
    told(history, 10_000, []);
    expect(broken(history.entries({ timeline: 2 }))).toEqual([]);
  });

  it('are broken by a list that tells what is not lost, or was done again before', () => {
    const kept = writeHistory();
    once(kept);
    failover(kept);
    told(kept, 10_000, ['k']);
    expect(broken(kept.entries({ timeline: 2 }))).toEqual(['key-told-falsely']);
    const redone = writeHistory();
    once(redone, { place: LOST });
    failover(redone);
    once(redone, { place: NEW });
    told(redone, 10_000, ['k']);
    expect(broken(redone.entries({ timeline: 2 }))).toEqual(['key-told-falsely']);
  });
});

describe('createLedgerPlan', () => {
  const outcomes = ['ok', 'unknown', 'not-sent'] as const;
  const play = (seed: string) => {
    const random = createRandom(`outcomes ${seed}`);
    const plan = createLedgerPlan('us-keys', createRandom(seed));
    return Array.from({ length: 500 }, () => {
      const step = plan.next('us');
      const outcome = random.pick(outcomes);
      plan.heard?.({ ...step, outcome } as unknown as OperationEntry);
      return { ...step, outcome };
    });
  };

  it('sends a key again until it is answered, and answered ones long after', () => {
    const steps = play('a').filter(({ kind }) => kind === 'once');
    const left = new Set<string>();
    let repeated = 0;
    const settled = new Set<string>();
    for (const { once: key = '', outcome } of steps) {
      if (settled.has(key)) repeated += 1;
      else for (const open of left) expect(open).toBe(key);
      if (outcome === 'ok') {
        settled.add(key);
        left.delete(key);
      } else if (!settled.has(key)) left.add(key);
    }
    expect(settled.size).toBeGreaterThan(50);
    expect(repeated).toBeGreaterThan(20);
    expect(play('a')).toEqual(play('a'));
  });

  it('does not always wait for the answer', () => {
    const left = play('b').filter(({ patienceMs }) => patienceMs !== undefined);
    expect(left.length).toBeGreaterThan(20);
  });
});
