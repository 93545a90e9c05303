import { describe, expect, it } from 'vitest';
import { checkHistory } from '../src/check/check.ts';
import { readFlags } from '../src/flags.ts';
import { explain, holds, summarise, summaryLine, totalLine } from '../src/summary.ts';
import { writeHistory, wrote } from './histories.ts';

describe('summarise', () => {
  const history = writeHistory();
  history.op('append', { received: [wrote(150)], rows: [{ survives: false }] });
  history.fault(
    { kind: 'failover', to: 'eu' },
    { promotions: [{ region: 'eu', parent: 1, timeline: 2, fork: '0/64' }] },
  );
  history.op('list', { entries: [], sent: [wrote(150)], announced: 'lost' });
  history.op('set', { outcome: 'not-sent' });
  const entries = history.entries({ timeline: 2 });

  it('counts what a run was worth', () => {
    const summary = summarise(entries, checkHistory(entries));
    expect(summary).toMatchObject({
      lost: 1,
      saidLost: 1,
      saidUnknown: 0,
      failovers: 1,
      outcomes: { 'not-sent': 1 },
      violations: {},
    });
    expect(holds(summary)).toBe(true);
    expect(summaryLine(summary)).toContain('every promise held');
    expect(totalLine([summary, summary], 1)).toContain('3 seeds: every promise held in 2, 0 broke one, 1 could not');
  });

  it('shows the requests behind a broken promise', () => {
    const broken = [...entries.slice(0, -1)];
    const told = broken.map((entry) =>
      entry.type === 'operation' && entry.announced ? { ...entry, announced: undefined } : entry,
    );
    const all = [...told, entries.at(-1)] as typeof entries;
    const violations = checkHistory(all);
    const summary = summarise(all, violations);
    expect(holds(summary)).toBe(false);
    expect(summaryLine(summary)).toContain('BROKEN: 1 lost-silently');
    expect(explain(all, violations)[0]).toContain('lost-silently ada-');
    expect(explain(all, violations).length).toBeGreaterThan(2);
  });
});

describe('readFlags', () => {
  it('reads seeds and minutes', () => {
    expect(readFlags(['--', '--seeds', '3-5', '--minutes', '0.7'])).toMatchObject({ seeds: [3, 4, 5], minutes: 0.7 });
    expect(readFlags([])).toMatchObject({ seeds: [1], minutes: 1, mutants: false });
  });

  it.each([
    [['--seed', 'x'], /--seed/],
    [['--seeds', '5-3'], /--seeds/],
    [['--seeds', '1-3', '--out', 'x'], /--out/],
    [['--minutes', '0'], /--minutes/],
    [['--profile', 'nothing'], /--profile is one of everything/],
    [['--mutant', 'nothing'], /--mutant is one of token-ignored/],
    [['--what'], /what/],
  ])('says what is wrong with %j', (given, says) => {
    expect(readFlags(given)).toMatch(says);
  });
});
