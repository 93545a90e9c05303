import { describe, expect, it } from 'vitest';
import { checkHistory, type Operation } from '../src/checker.ts';

let clock = 0;
const operation = (given: Partial<Operation>): Operation => {
  clock += 10;
  return { client: 'a', kind: 'write', startedAtMs: clock, endedAtMs: clock + 5, outcome: 'ok', status: 200, ...given };
};
const write = (ref: string, given: Partial<Operation> = {}) => operation({ ref, ...given });
const read = (seen: readonly string[], given: Partial<Operation> = {}) => operation({ kind: 'read', seen, ...given });

describe('checkHistory', () => {
  it('finds nothing in a history in which every client saw its own writes', () => {
    const findings = checkHistory([write('1'), read(['1']), write('2'), read(['1', '2'])], ['1', '2']);
    expect(findings).toMatchObject({
      requests: 4,
      ok: 4,
      failed: 0,
      writesAcknowledged: 2,
      staleReads: 0,
      lost: [],
      duplicated: [],
    });
  });

  it('counts a read that missed a write its own client had been acknowledged', () => {
    expect(checkHistory([write('1'), read([])], ['1']).staleReads).toBe(1);
  });

  it('does not ask a read to see a write that was still under way, another client’s, or one not acknowledged', () => {
    const during = read([]);
    const history = [write('1', { startedAtMs: during.startedAtMs, endedAtMs: during.startedAtMs + 1 }), during];
    expect(checkHistory(history, ['1']).staleReads).toBe(0);
    expect(checkHistory([write('2'), read([], { client: 'b' })], ['2']).staleReads).toBe(0);
    expect(checkHistory([write('3', { outcome: 'unknown' }), read([])], []).staleReads).toBe(0);
  });

  it('counts an acknowledged write that is gone, and whether its client was told', () => {
    const told = checkHistory([write('1'), read([], { lossAnnounced: true })], []);
    expect(told).toMatchObject({ lost: ['1'], lostUnannounced: [], staleReads: 0 });
    expect(checkHistory([write('1'), read([])], []).lostUnannounced).toEqual(['1']);
  });

  it('counts a write that is there twice, and one that is there against the word of its answer', () => {
    const findings = checkHistory([write('1'), write('2', { outcome: 'not-done' })], ['1', '1', '2']);
    expect(findings).toMatchObject({ duplicated: ['1'], doneAgainstWord: ['2'] });
  });

  it('lets a refused write be sent again', () => {
    const history = [write('1', { outcome: 'not-done' }), write('1')];
    expect(checkHistory(history, ['1'])).toMatchObject({ doneAgainstWord: [], duplicated: [], lost: [] });
    expect(checkHistory(history, ['1', '1']).duplicated).toEqual(['1']);
  });
});
