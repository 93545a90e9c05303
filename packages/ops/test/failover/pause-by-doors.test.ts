import { describe, expect, it } from 'vitest';
import type { RunLine } from '../../src/failover/run-file/line.ts';
import { pause as pauseStep, resumeWrites } from '../../src/failover/steps/pause.ts';
import type { Doors, OrderResult } from '../../src/operator/ask-doors.ts';
import { pauseByDoors, resumeByDoors } from '../../src/operator/pause-by-doors.ts';

const refused = (reason: string): OrderResult => ({ outcome: 'refused', why: `not paused: ${reason}`, reason });
const paused = (drained: boolean): OrderResult => ({
  outcome: 'done',
  state: 'ready',
  pause: { drained, underWay: drained ? 0 : 2, leftMs: 20_000, waitingFor: [] },
});
const SILENT: OrderResult = { outcome: 'not-met', why: 'timed-out' };

/** Two processes of `us`. `answers`: to each order of a pause. */
function doorsOf(answers: OrderResult[], resumed: OrderResult = { outcome: 'done', state: 'ready' }) {
  const orders: string[] = [];
  const processes = ['a', 'b'].map((id, pid) => ({ id, pid, host: 'h', region: 'us', state: 'ready' }));
  const doors: Doors = {
    ask: async () => [{ region: 'us', processes: processes as never, why: undefined }],
    order: async ({ id }, { action }) => {
      orders.push(`${action} ${id}`);
      return action === 'pause' ? (answers.shift() as OrderResult) : resumed;
    },
  };
  return { doors, orders };
}

const ask = (doors: Doors, given: { isAgain?: boolean; isFencing?: boolean } = {}): Promise<string> =>
  pauseByDoors(doors, { region: 'us', timeoutMs: 30_000, reason: 'r', isAgain: false, isFencing: false, ...given });

describe('pauseByDoors()', () => {
  it('holds what one process has paused and drained', async () => {
    const { doors, orders } = doorsOf([paused(true)]);
    expect(await ask(doors)).toMatch(/holds the writes of all regions for 20 s, and none is under way/);
    expect(orders).toEqual(['pause a']);
  });

  it('fails after writes that did not drain, and again while the router lets writes flow', async () => {
    const { doors, orders } = doorsOf([paused(false), refused('too-soon')]);
    await expect(ask(doors)).rejects.toThrow(/2 writes did not end under the pause; writes go on/);
    expect(orders).toEqual(['pause a', 'resume a']);
    await expect(ask(doors, { isAgain: true })).rejects.toThrow(/writes go on; .* in 60 s at the latest/);
  });

  it('ends a pause of an earlier attempt that nothing has proved, and fails with the time to wait', async () => {
    const { doors, orders } = doorsOf([refused('already-paused')]);
    await expect(ask(doors, { isAgain: true })).rejects.toThrow(/it was ended; .* in 60 s at the latest/);
    expect(orders).toEqual(['pause a', 'resume a', 'resume b']);
  });

  it('does not end the pause of another person', async () => {
    const { doors, orders } = doorsOf([refused('already-paused')]);
    await expect(ask(doors)).rejects.toThrow(/no process of us has paused the writes/);
    expect(orders).toEqual(['pause a']);
  });

  it('ends what a process may have paused whose answer did not come', async () => {
    const { doors, orders } = doorsOf([SILENT, refused('already-paused')]);
    await expect(ask(doors)).rejects.toThrow(/it was ended/);
    expect(orders).toEqual(['pause a', 'pause b', 'resume a', 'resume b']);
    const silent = doorsOf([SILENT, SILENT]);
    await expect(ask(silent.doors)).rejects.toThrow(/no process of us has paused/);
    expect(silent.orders).toEqual(['pause a', 'pause b', 'resume a', 'resume b']);
  });

  it('goes on without a primary only once the fence has begun', async () => {
    const none = (): OrderResult[] => [refused('no-primary'), refused('no-primary')];
    await expect(ask(doorsOf(none()).doors, { isAgain: true })).rejects.toThrow(/no process of us has paused/);
    expect(await ask(doorsOf(none()).doors, { isAgain: true, isFencing: true })).toMatch(/the fence has begun/);
  });
});

describe('resumeByDoors()', () => {
  it.each<[OrderResult, boolean]>([
    [{ outcome: 'done', state: 'ready' }, true],
    [SILENT, false],
  ])('%j', async (answer, isKnown) => {
    expect(await resumeByDoors(doorsOf([], answer).doors, 'us', 'r')).toMatchObject({ isKnown });
  });
  it('knows nothing of processes that were not met', async () => {
    const doors: Doors = { ask: async () => [], order: async () => SILENT };
    expect(await resumeByDoors(doors, 'us', 'r')).toMatchObject({ isKnown: false });
  });
});

describe('the step pause', () => {
  const line = (step: string, state: RunLine['state'], agoMs: number): RunLine => ({
    step,
    state,
    atMs: Date.now() - agoMs,
    evidence: { says: '' },
  });
  const contextOf = (lines: readonly RunLine[]) => {
    const hooks = { pause: [{}], resume: [] };
    return { config: { operatorToken: 'x', failover: { pauseSeconds: 30, hooks } }, file: { lines, id: '1' } } as never;
  };
  it.each<[string, string, RunLine[]]>([
    ['done', 'a pause that is on', [line('pause', 'started', 10_000), line('pause', 'done', 5_000)]],
    ['not-yet', 'a pause that has ended', [line('pause', 'started', 31_000), line('pause', 'done', 25_000)]],
    ['not-yet', 'a clock that went back', [line('pause', 'started', -60_000), line('pause', 'done', -60_000)]],
    [
      'done',
      'a pause that has ended after the fence',
      [line('pause', 'started', 99_000), line('pause', 'done', 98_000), line('fence', 'done', 90_000)],
    ],
    [
      'not-yet',
      'a pause that has ended before the fence was done',
      [line('pause', 'started', 99_000), line('pause', 'done', 98_000), line('fence', 'failed', 90_000)],
    ],
    ['not-yet', 'no pause', [line('pause', 'started', 1_000), line('pause', 'failed', 500)]],
  ])('is %s: %s', async (state, _says, lines) => {
    expect(await pauseStep.prove(contextOf(lines), undefined)).toMatchObject({ state });
  });
  it('resume-writes is unknown if no process was met', async () => {
    const proof = (isKnown: boolean) => resumeWrites.prove(contextOf([]), { says: '', isKnown });
    expect([(await proof(true)).state, (await proof(false)).state]).toEqual(['done', 'unknown']);
  });
  it('of hooks alone has no known end', async () => {
    const lines = [line('pause', 'started', 99_000), line('pause', 'done', 98_000)];
    const context = contextOf(lines) as { config: { operatorToken?: string } };
    delete context.config.operatorToken;
    expect(await pauseStep.prove(context as never, undefined)).toMatchObject({ state: 'done' });
  });
});
