import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { checkDrainOptions } from '../../packages/health/src/drain/options.ts';
import { TERRAFORM } from './folders.ts';

/** What an app has that sets none of them: `createDrain({ health })`, behind a balancer. */
const { notReadyForMs, graceMs, hookTimeoutMs } = checkDrainOptions({
  health: { drain: () => {}, close: async () => {} },
});
const seconds = [notReadyForMs, graceMs, hookTimeoutMs].map((ms) => ms / 1_000);
const read = (path: string): Promise<string> => readFile(`${TERRAFORM}/${path}`, 'utf8');

describe('the times of a drain', () => {
  it('of the module are those of an app that sets none', async () => {
    const variables = await read('modules/service/variables.tf');
    const defaults = ['not_ready_seconds', 'grace_seconds', 'hooks_seconds'].map((name) =>
      Number(new RegExp(`${name} += optional\\(number, (\\d+)\\)`).exec(variables)?.[1]),
    );
    expect(defaults).toEqual(seconds);
  });

  it('of the construct are the same', async () => {
    const source = await readFile(`${TERRAFORM}/../cdk/src/region-service.ts`, 'utf8');
    const [, ...defaults] = /drain = \{ notReady: (\d+), grace: (\d+), hooks: (\d+) \}/.exec(source) ?? [];
    expect(defaults.map(Number)).toEqual(seconds);
  });

  it('are on the page, and the checks of the balancer end before the app stops serving', async () => {
    const page = await read('README.md');
    const [notReady = 0, grace = 0, hooks = 0] = seconds;
    expect(page).toContain(`| \`service.drain\` | ${notReady} s + ${grace} s + ${hooks} s |`);
    expect(page).toContain(`| deregistration delay | ${notReady + grace} s |`);
    const [, twice] = /\| `service\.check_interval` × 2 \| (\d+) s \|/.exec(page) ?? [];
    expect(Number(twice)).toBeLessThan(notReady);
  });
});
