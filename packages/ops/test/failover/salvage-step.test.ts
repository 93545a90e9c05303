import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { RunContext } from '../../src/failover/run-context.ts';
import type { RunLine } from '../../src/failover/run-file/line.ts';
import { salvage } from '../../src/failover/steps/salvage.ts';
import { proposal } from './fixtures.ts';

const line = (step: string, evidence: object, state: RunLine['state'] = 'done'): RunLine => ({
  step,
  state,
  atMs: 0,
  evidence: { says: 'said', ...evidence },
});

const prove = (lines: readonly RunLine[], discardTail = false) => {
  const plan = { ...proposal({ rebuild: true, discardTail }), target: 'eu/0' };
  return salvage.prove({ plan, file: { id: '20261130-044510-3f2a', lines } } as unknown as RunContext, undefined);
};

describe('the step before a rebuild', () => {
  const directory = mkdtempSync(join(tmpdir(), 'regionkit-step-'));
  writeFileSync(join(directory, 'summary.json'), '{}');
  afterAll(() => rmSync(directory, { recursive: true }));

  it.each([
    ['nothing is known', [], 'refused'],
    ['the loss was not excluded', [line('loss', { excluded: false })], 'refused'],
    ['nothing was lost', [line('loss', { excluded: true })], 'done'],
    ['the list is complete', [line('salvaged', { directory })], 'done'],
    ['the list is not complete', [line('salvaged', { directory }, 'unknown')], 'refused'],
    [
      'a later list is not complete',
      [line('salvaged', { directory }), line('salvaged', { directory }, 'unknown')],
      'refused',
    ],
    ['the list is gone', [line('salvaged', { directory: '/no/such' })], 'refused'],
    ['the tail was given up', [line('discard-tail', {})], 'done'],
  ] as const)('%s: %s', async (_what, lines, state) => {
    expect((await prove(lines)).state).toBe(state);
  });

  it('says what to do', async () => {
    const { vetoes } = await prove([]);
    expect(vetoes).toMatchObject([
      {
        id: 'rebuild-before-salvage',
        fix: expect.stringMatching(
          /^List them: regionkit salvage --run runs\/20261130-044510-3f2a\.ndjson --out DIR\. /,
        ),
      },
    ]);
    expect((await prove([], true)).state).toBe('done');
  });

  it('belongs to a failover with a rebuild', () => {
    const planned = (changes: Parameters<typeof proposal>[0]) =>
      salvage.isPlanned?.({ ...proposal(changes), target: 'eu/0' });
    expect(planned({ rebuild: true })).toBe(true);
    expect(planned({ rebuild: false })).toBe(false);
    expect(planned({ rebuild: true, mode: 'switchover' })).toBe(false);
  });
});
