import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (page: string): string => readFileSync(new URL(`../${page}`, import.meta.url), 'utf8');
const readme = read('README.md');
const figures = read('docs/figures.md');

/** What the README says, and the line of the figures as last run from which it comes. */
const SAID: readonly (readonly [says: (figure: number) => string, line: RegExp])[] = [
  [(ms) => `| ${ms} ms at the 95th percentile of 20 drills |`, /held, p95Ms: ([\d.,]+)/],
  [(ms) => `| ${ms.toFixed(0)} ms with 150 writes a second,`, /fence: Reached: 150 writes a second, ms: ([\d.,]+)/],
  [(ms) => `, ${ms.toFixed(0)} ms with 10 |`, /fence: Reached: 10 writes a second, ms: ([\d.,]+)/],
  [
    (ratio) => `| ${ratio} of the throughput of`,
    /replica, 32 in flight: (?:Reached|\*\*Missed\*\*|\*Not decided\*): regionkit read, opsPerSecond × pg pool.query: ([\d.,]+)/,
  ],
  [(ms) => `| ${ms.toFixed(1)} ms more than a direct call`, /p50Ms over direct call: ([\d.,]+)/],
  [
    (bytes) => `| ${(bytes / 1_000).toFixed(0)} KB compressed |`,
    /router: Reached: @regionkit\/db-router, gzipBytes: ([\d.,]+)/,
  ],
];

describe('the figures of the README', () => {
  it.each(SAID)('%s %s stands in the figures as last run', (says, line) => {
    const [, figure = ''] = line.exec(figures) ?? [];
    expect(figure).not.toBe('');
    expect(readme).toContain(says(Number(figure.replaceAll(',', '').replace(/\.$/, ''))));
  });
});
