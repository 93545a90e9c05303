import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Decider, DeciderKind, Decision } from '../../src/index.ts';

const PASS: Decision = { action: 'next', reason: 'test' };
const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
afterEach(() => void warned.mockClear());

// What was told is remembered for the process: each test has a process of its own.
let core: typeof import('../../src/index.ts');
beforeEach(async () => {
  vi.resetModules();
  core = await import('../../src/index.ts');
});

/** One request through doors that were mounted apart. */
async function through(...kinds: (DeciderKind | undefined)[]): Promise<void> {
  const doors = kinds.map((kind) => core.withDoors<Decider>({ ...(kind && { kind }), decide: () => PASS }));
  let handler = (_request: Request): Response | Promise<Response> => new Response('x');
  for (const door of doors.toReversed()) handler = door.fetch(handler);
  await handler(new Request('https://app.example.com'));
}

test.each<[DeciderKind[], DeciderKind]>([
  [['gate', 'session'], 'session'],
  [['gate', 'affinity'], 'affinity'],
  [['session', 'health', 'affinity', 'gate'], 'health'],
])('doors mounted apart as %j: a warning names %s, once', async (kinds, late) => {
  await through(...kinds);
  await through(...kinds);
  const ours = warned.mock.calls.filter(([message]) => String(message).startsWith(`a door of kind ${late} `));
  expect(ours.map(([, more]) => more)).toEqual([{ code: 'REGIONKIT_ORDER' }]);
});

test('a door that answers, behind one of a later kind: a warning names it', async () => {
  const answers = core.withDoors<Decider>({
    kind: 'session',
    decide: () => ({ action: 'respond', reason: 'test', status: 401, headers: [] }),
  });
  const gate = core.withDoors<Decider>({ kind: 'gate', decide: () => PASS });
  const handler = gate.fetch(answers.fetch(() => new Response('x')));
  expect((await handler(new Request('https://app.example.com'))).status).toBe(401);
  expect(warned).toHaveBeenCalledWith(expect.stringMatching(/^a door of kind session /), { code: 'REGIONKIT_ORDER' });
});

test.each([
  [['health', 'affinity', 'session', 'gate']],
  [['affinity', undefined, 'gate']],
  // The session of one route, behind those of the app.
  [['session', 'gate', 'session']],
  [['gate', 'gate']],
] as (DeciderKind | undefined)[][][])('doors mounted as %j: nothing to say', async (kinds) => {
  await through(...kinds);
  expect(warned).not.toHaveBeenCalled();
});

test('what composes in the right order says nothing, and a request that cannot be written on harms nothing else', () => {
  const steps = (['health', 'session', 'gate'] as const).map((kind): Decider => ({ kind, decide: () => PASS }));
  const view = { raw: Object.freeze({}) } as never;
  expect(core.compose(...steps).decide(view)).toMatchObject({ action: 'next' });
  expect(warned).not.toHaveBeenCalled();
});
