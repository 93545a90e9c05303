import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveLocalhostNames } from '../src/localhost-names.ts';
import { REGIONS } from '../src/names.ts';
import { openRehearsal, type Pace, type Rehearsal } from '../src/rollout/rehearsal.ts';
import { BAD, FIRST, GOOD } from '../src/rollout/versions.ts';

/** The short form. `pnpm rehearse` plays every version, each with the same times. */
const PACE: Pace = { observe: '2s', interval: '100ms', 'min-samples': '1', 'failure-limit': '0' };
const [CRASH, , , MIGRATION] = BAD;
/** Whole in CI; an ordinary run, which must not take long, plays the version that is stopped first. */
const isWhole = process.env['REGIONKIT_WHOLE'] === '1';
const STOPPED = [
  { step: 'Deploy', version: CRASH, isQuick: true },
  { step: 'Test all regions after the migration', version: MIGRATION, isQuick: false },
].filter(({ isQuick }) => isQuick || isWhole);

let rehearsal: Rehearsal;
beforeAll(async () => {
  resolveLocalhostNames();
  rehearsal = await openRehearsal(() => {});
});
afterAll(() => rehearsal?.close());

describe('the pipeline, played against three regions', () => {
  it.each(STOPPED)('a bad version stops at the step "$step", in the first region', async ({ step, version }) => {
    if (version === undefined) throw new Error('no such version');
    const { jobs, stoppedAt, reached, running, requests } = await rehearsal.play(version, PACE);
    const said = JSON.stringify(jobs, undefined, 1);
    expect(stoppedAt, said).toBe(step);
    expect(jobs.map(({ outcome }) => outcome)).toEqual(['success', 'success', 'failure', 'skipped', 'skipped']);
    expect(reached).toEqual([]);
    expect(running).toEqual(Object.fromEntries(REGIONS.map((name) => [name, FIRST.version])));
    // The last step has tested that the previous version serves again.
    expect(jobs.find(({ id }) => id === 'first')?.steps.at(-1)).toMatchObject({
      name: 'Test that the previous version serves',
      outcome: 'success',
    });
    expect(requests).toBeGreaterThan(0);
  });

  if (isWhole)
    it('a good version reaches every region', async () => {
      const { jobs, running } = await rehearsal.play(GOOD, PACE);
      expect(
        jobs.map(({ outcome }) => outcome),
        JSON.stringify(jobs, undefined, 1),
      ).toEqual(Array(5).fill('success'));
      expect(running).toEqual(Object.fromEntries(REGIONS.map((name) => [name, GOOD.version])));
    });
}, 600_000);
