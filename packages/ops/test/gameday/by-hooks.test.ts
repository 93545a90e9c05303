import { expect, it } from 'vitest';
import { byHooks } from '../../src/gameday/remote/by-hooks.ts';
import type { OpsRecord } from '../../src/records/record.ts';
import { startHookServer } from '../failover/hook-server.ts';

type Answer = (event: string) => Promise<number>;

async function drill(answer: Answer, abort = new AbortController()) {
  const events: string[] = [];
  await using hooks = await startHookServer(async (event) => {
    events.push(event);
    return answer(event);
  });
  const hook = { command: undefined, webhook: hooks.url, timeoutMs: 60_000 };
  const records: OpsRecord[] = [];
  const failed = await byHooks(
    {
      config: { gameday: { inject: [hook], end: [hook], holdMs: 0 } },
      start: { id: 'd', scenario: 's' },
      emit: (record) => void records.push(record as OpsRecord),
      signal: abort.signal,
    },
    {
      inject: async (_where, _says, act) => void (await act()),
      until: async () => {},
      mark: () => {},
      pause: async () => abort.signal.throwIfAborted(),
    },
    [],
    [],
  ).then(
    () => undefined,
    (error: Error) => error,
  );
  const steps = records.flatMap((one) => (one.type === 'step' ? [`${one.name} ${one.state}`] : []));
  return { events, failed, steps, text: JSON.stringify(records) };
}

it('ends the fault although a person interrupts the hook that ends it', async () => {
  const abort = new AbortController();
  let ended = 0;
  const ran = await drill(async (event) => {
    if (event === 'end') {
      abort.abort();
      await new Promise((resolve) => setImmediate(resolve));
      ended += 1;
    }
    return 200;
  }, abort);
  expect([ran.events, ended, ran.steps]).toEqual([['inject', 'end'], 1, ['end done']]);
});

it('tries the end once more after a failure', async () => {
  let ends = 0;
  const ran = await drill(async (event) => {
    if (event === 'end') ends += 1;
    return event === 'end' && ends === 1 ? 500 : 200;
  });
  expect(ran).toMatchObject({ events: ['inject', 'end', 'end'], failed: undefined, steps: ['end done'] });
});

it('says clearly that the fault may still be in place, also if the drill was interrupted', async () => {
  const broken: Answer = async (event) => (event === 'end' ? 500 : 200);
  const ran = await drill(broken);
  expect(ran).toMatchObject({ events: ['inject', 'end', 'end'], steps: ['end failed'] });
  expect(ran.failed?.message).toMatch(/may still be in place. End it by hand/);
  const abort = new AbortController();
  const interrupted = await drill(async (event) => {
    if (event === 'inject') abort.abort();
    return broken(event);
  }, abort);
  expect(interrupted.steps).toEqual(['end failed']);
  expect(interrupted.text).toContain('End it by hand');
});

it('ends the fault also if the hooks that cause it have failed', async () => {
  const ran = await drill(async (event) => (event === 'inject' ? 500 : 200));
  expect(ran.events).toEqual(['inject', 'end']);
  expect(ran.failed?.message).toMatch(/gameday\.inject/);
});
