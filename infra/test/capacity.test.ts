import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { planScale } from '../../packages/ops/src/failover/scale.ts';
import { tasksOf } from '../cdk/src/capacity.ts';
import { TERRAFORM } from './folders.ts';

/** The arithmetic of `runbooks/scale-up.md`, step 1. The constructs, the module and the command must have the same. */
const page = (path: string): Promise<string> =>
  readFile(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
const MAX = 1_000;

const minimum = (peaks: readonly number[]): readonly number[] =>
  Object.values(tasksOf(Object.fromEntries(peaks.map((peak, at) => [`region-${at}`, { peak, max: MAX }])))).map(
    ({ min }) => min,
  );

/** The most that `regionkit failover` asks for in each region, whichever other region is lost. */
const asked = (peaks: readonly number[]): readonly number[] => {
  const regions = peaks.map((peak, at) => ({ name: `region-${at}`, capacity: { current: 0, peak, max: MAX } }));
  const targets = regions.flatMap(({ name }) => planScale(regions, name));
  return regions.map(({ name }) =>
    Math.max(...targets.filter(({ region }) => region === name).map((one) => one.wanted)),
  );
};

describe('the capacity for the loss of a region', () => {
  it.each([[[6, 4, 2]], [[3.2, 5.1]], [[1.1, 2.2, 3.3, 4.4]], [[10, 10, 10]], [[1, 9.5]]])(
    'is the same before the loss (constructs) and at the loss (command), of peaks %j',
    (peaks) => {
      expect(minimum(peaks)).toEqual(asked(peaks));
    },
  );

  it('is the one that the tests of the Terraform module demand', async () => {
    const tests = await readFile(`${TERRAFORM}/examples/three-regions/three-regions.tftest.hcl`, 'utf8');
    const peaks = [...tests.matchAll(/^ +peak_tasks += (\d+)$/gm)].map(([, peak]) => Number(peak));
    const [, second, first] =
      /wanted\["eu-west-1"\] == (\d+) && module\.capacity\.wanted\["us-east-1"\] == (\d+)/.exec(tests) ?? [];
    expect(peaks).toHaveLength(3);
    expect(minimum(peaks).slice(0, 2)).toEqual([Number(first), Number(second)]);
    const module = await readFile(`${TERRAFORM}/modules/capacity/main.tf`, 'utf8');
    expect(module).toContain('ceil(region.peak + max(local.others[name]...))');
  });

  it('is that of the example in the runbook', async () => {
    const [, current, own, lost, , wanted] =
      /Example: (\d+) processes now, own peak ([\d.]+), lost region's peak ([\d.]+): max\(\d+, round up ([\d.]+)\) = (\d+)\./.exec(
        await page('runbooks/scale-up.md'),
      ) ?? [];
    const [target] = planScale(
      [
        { name: 'lost', capacity: { current: 0, peak: Number(lost), max: MAX } },
        { name: 'own', capacity: { current: Number(current), peak: Number(own), max: MAX } },
      ],
      'lost',
    );
    expect(target?.wanted).toBe(Number(wanted));
  });

  it.each([2, 3, 4, 5, 6])(
    'is twice what one region needs, with %d equal regions: the page says so',
    async (regions) => {
      const all = 60;
      const sum = minimum(Array<number>(regions).fill(all / regions)).reduce((total, one) => total + one, 0);
      const [, factor] =
        /n equal regions together: ([\d.]+) times one region/.exec(await page('runbooks/one-region.md')) ?? [];
      expect(sum / all).toBe(Number(factor));
    },
  );
});
