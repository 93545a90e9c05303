import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHistory } from '../../src/history/timeline-history.ts';

describe('parseHistory()', () => {
  it('reads the forks of a history of several promotions, with the comments of the server', () => {
    const file = '1\t0/3015398\tno recovery target specified\n\n# a comment\n3\t2/A0000000\tbefore 2026-01-01\n';
    expect(parseHistory(file, 's', 4)).toEqual([
      { system: 's', parent: 1, child: 3, lsn: 0x3015398n },
      { system: 's', parent: 3, child: 4, lsn: 0x2_a000_0000n },
    ]);
  });

  it.each([
    ['nothing', ''],
    ['another file', 'START WAL LOCATION: 0/2000028 (file 000000010000000000000002)'],
    ['timelines that go back', '3\t0/1\tx\n2\t0/2\tx\n'],
    ['a timeline above its own', '9\t0/1\tx\n'],
  ])('reads no fork in %s', (_name, file) => {
    expect(parseHistory(file, 's', 4)).toEqual([]);
  });

  it('throws at no text, and names only forks that lead up to the timeline', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 2, max: 99 }), (text, child) => {
        for (const fork of parseHistory(text, 's', child)) expect(fork.parent).toBeLessThan(fork.child);
      }),
    );
  });
});
