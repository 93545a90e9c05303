import { expect, test } from 'vitest';
import { loadConfig, rotatingClient, rotatingPassword, type Source } from '../../src/index.ts';
import { during, fakeClock } from '../support.ts';

const refused = { code: '28P01' };

interface Login {
  readonly username?: string;
  readonly password: string;
}

/** A secret in the middle of a rotation: what each stage has, and how often it is read. */
async function setUp(stages: { current: string; pending?: string; previous?: string }) {
  const clock = fakeClock();
  const reads: string[] = [];
  const source: Source<Login, false> = {
    stages: ['pending', 'previous'],
    load: ({ stage }) => {
      reads.push(stage);
      const password = stages[stage];
      if (password === undefined) throw new Error('none');
      return { value: { username: 'app', password }, version: password };
    },
  };
  const config = await loadConfig({ clock, sources: { db: source } });
  reads.length = 0;
  const password = rotatingPassword(config.ref('db'), { clock });
  return { clock, config, password, reads, stages };
}

test('is the current password, and another when the value changes', async () => {
  const { config, password, stages } = await setUp({ current: 'first' });
  expect(await password()).toBe('first');
  stages.current = 'second';
  await config.refresh('db');
  expect(await password()).toBe('second');
  await config.close();
});

test('that was refused is looked for again: refreshed, pending, previous', async () => {
  const { config, password, reads } = await setUp({ current: 'first', pending: 'second', previous: 'zeroth' });
  expect(await password.retry(refused)).toBe(true);
  expect(await password()).toBe('second');
  expect(reads).toEqual(['current', 'pending']);
  expect(await password.retry(refused)).toBe(true);
  expect(await password()).toBe('zeroth');
  await config.close();
});

test('that was refused and has changed meanwhile is taken from the refresh, without asking for a stage', async () => {
  const { config, password, reads, stages } = await setUp({ current: 'first', pending: 'third' });
  stages.current = 'second';
  expect(await password.retry({ code: '28000' })).toBe(true);
  expect(await password()).toBe('second');
  expect(reads).toEqual(['current']);
  await config.close();
});

test('that several connections were refused with at the same time is found for all of them, by one look', async () => {
  const { clock, config, password, reads } = await setUp({ current: 'first', pending: 'second', previous: 'zeroth' });
  const connect = async (): Promise<string> => {
    for (;;) {
      const tried = await password();
      await new Promise((resolve) => setImmediate(resolve));
      if (tried === 'second') return tried;
      if (!(await password.retry(refused, tried))) return 'given up';
    }
  };
  const all = await during(clock, Promise.all(Array.from({ length: 50 }, connect)), 500);
  expect(new Set(all)).toEqual(new Set(['second']));
  expect(reads).toEqual(['current', 'pending']);
  await config.close();
});

test('is not looked for after any other error', async () => {
  const { config, password, reads } = await setUp({ current: 'first', pending: 'second' });
  for (const error of [{ code: '3D000' }, new Error('28P01'), undefined, null, 'x']) {
    expect(await password.retry(error)).toBe(false);
  }
  expect(reads).toEqual([]);
  await config.close();
});

test('is given up when every one there is was refused, within the budget', async () => {
  const { clock, config, password } = await setUp({ current: 'first' });
  const before = clock.now();
  expect(await during(clock, password.retry(refused), 500)).toBe(false);
  expect(clock.now() - before).toBeLessThanOrEqual(11_000);
  await config.close();
});

test('that is still on its way to this region is waited for', async () => {
  const { clock, config, password, stages } = await setUp({ current: 'first' });
  const retry = password.retry(refused);
  await clock.advance(2_000);
  stages.pending = 'second';
  expect(await during(clock, retry, 500)).toBe(true);
  expect(await password()).toBe('second');
  await config.close();
});

test('that is not the current one is tried first for a while only, and forgotten', async () => {
  const { clock, config, password } = await setUp({ current: 'first', pending: 'second' });
  await password.retry(refused);
  expect(await password()).toBe('second');
  await clock.advance(30_000);
  expect(await password()).toBe('first');
  await config.close();
});

test('can be found in a value of another shape', async () => {
  const config = await loadConfig({ sources: { key: { load: () => ({ value: { pass: 'word' } }) } } });
  const ref = config.ref('key');
  const password = rotatingPassword(ref, { pair: ({ pass }) => ({ password: pass }) });
  expect(await password()).toBe('word');
  await expect(rotatingPassword(ref)()).rejects.toThrow('the value has no password');
  await config.close();
});

test.each([
  [{ maxAttempts: 0 }, 'rotatingClient: maxAttempts must be an integer from 1 to 20; got 0'],
  [{ budgetMs: -1 }, 'rotatingClient: budgetMs must be an integer from 1'],
  [{ budget: 1 } as object, 'rotatingClient: options has no option "budget"'],
  [{ pair: 'user' as never }, 'rotatingClient: pair must be a function; got string'],
  [{ codes: '28P01' as never }, 'rotatingClient: codes must be a list of SQLSTATEs'],
  [{ clock: 5 as never }, 'rotatingClient: clock must be an object; got number'],
])('%j is refused', async (options, message) => {
  const { config } = await setUp({ current: 'first' });
  expect(() => rotatingClient(class {}, config.ref('db'), options)).toThrow(message);
  await config.close();
});
