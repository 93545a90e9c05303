import { describe, expect, it } from 'vitest';
import { execute } from '../../src/failover/execute.ts';
import type { Evidence, RunLine } from '../../src/failover/run-file/line.ts';
import { sayOnce } from '../../src/failover/say-once.ts';
import { confirm, isAcceptedBefore } from '../../src/failover/steps/confirm.ts';
import { fence, revokedBy } from '../../src/failover/steps/fence.ts';
import { promote } from '../../src/failover/steps/promote.ts';
import { done, type FailoverStep, type StepFailure } from '../../src/failover/steps/step.ts';
import type { Finding } from '../../src/records/record.ts';
import { GONE, NOW_MS, node, proposal, situation, standby } from './fixtures.ts';

function memoryFile(lines: RunLine[] = []) {
  return {
    id: '20261130-044510-3f2a',
    lines,
    append: async (step: string, state: RunLine['state'], evidence: Evidence) =>
      void lines.push({ step, state, atMs: Date.now(), evidence }),
  };
}

const finding = (evidence: string): Finding => ({
  type: 'finding',
  id: 'scale-limited',
  level: 'warning',
  where: 'eu',
  evidence,
  fix: 'F',
});

describe('sayOnce()', () => {
  it('says again only what differs from what was said last, over all commands of a run', async () => {
    const said: string[] = [];
    const lines: RunLine[] = [];
    for (const evidence of ['one', 'one', 'two', 'one']) {
      // Each command reads the file again.
      const file = memoryFile(lines);
      await sayOnce({ file } as never, finding(evidence), (record) => void said.push((record as Finding).evidence));
    }
    expect(said).toEqual(['one', 'two', 'one']);
  });

  it('keeps apart what is about another region', async () => {
    const said: string[] = [];
    const file = memoryFile();
    for (const where of ['eu', 'ap', 'eu']) {
      await sayOnce(
        { file } as never,
        { ...finding('one'), where },
        (record) => void said.push((record as Finding).where),
      );
    }
    expect(said).toEqual(['eu', 'ap']);
  });
});

describe('execute(), with a step that is recorded', () => {
  async function resumed(now: boolean, before = false) {
    const recorded = { says: 'measured first', reached: before, changed: true };
    const file = memoryFile([{ step: 'fence', state: 'done', atMs: 1, evidence: recorded }]);
    const step: FailoverStep = {
      ...{ name: 'fence', changes: true, withinMs: 0, says: () => 'fence' },
      ...(fence.differs && { differs: fence.differs }),
      prove: async () => done('measured again', { reached: now, changed: false }),
    };
    const context = { file, plan: proposal(), signal: new AbortController().signal };
    await execute(context as never, [step], () => {});
    return file.lines.filter((line) => line.step === 'fence').map(({ evidence }) => evidence);
  }

  it('keeps the record while it is true', async () => {
    expect(await resumed(false)).toHaveLength(1);
  });

  it('records what has changed, and keeps what the step had changed', async () => {
    expect((await resumed(true)).at(-1)).toEqual({ says: 'measured again', reached: true, changed: true });
  });

  it('keeps the proof of a fence when the fenced region answers no more: its logins stay revoked', async () => {
    expect(await resumed(false, true)).toHaveLength(1);
  });

  it('records the timeline of a target that was promoted once more, because the apps are asked for it', () => {
    expect(promote.differs?.({ says: '', timeline: 2 }, { says: '', timeline: 3 })).toBe(true);
    expect(promote.differs?.({ says: '', timeline: 3 }, { says: '', timeline: 3 })).toBe(false);
  });
});

describe('promote', () => {
  /** Patroni rewinds what comes back. The hook of the fence has stopped the old primary, which had flushed this. */
  async function promoted(flushed: string): Promise<readonly string[]> {
    const manager = { name: 'Patroni', refuses: undefined, rewinds: true };
    const lines: RunLine[] = [
      { step: 'confirm', state: 'done', atMs: Date.now(), evidence: { says: '' } },
      { step: 'fence', state: 'started', atMs: 1, evidence: { says: '', flushed: { timeline: 1, position: flushed } } },
    ];
    const asked: string[] = [];
    const context = {
      adapter: { promote: async ({ target }: { readonly target: string }) => void asked.push(target) },
      plan: proposal({ adapter: 'patroni' }),
      signal: new AbortController().signal,
      survey: async () => ({ ...GONE, manager }),
      file: memoryFile(lines),
    };
    return promote.act?.(context as never).then(
      () => asked,
      (error: StepFailure) => error.vetoes?.map(({ id }) => id) ?? [],
    ) as Promise<readonly string[]>;
  }

  it('is not refused for writes that the stopped primary has, if the target has all that it had flushed', async () => {
    expect(await promoted('0/5000000')).toEqual(['eu/0']);
  });

  it('is refused if it had flushed more', async () => {
    expect(await promoted('0/5000001')).toEqual(['rebuild-before-salvage']);
  });
});

describe('the loss that was accepted when it was confirmed', () => {
  const loss = { excluded: false, bytes: undefined, windowMs: 20_000 };
  const recorded = { says: '', position: '0/5000000', loss };

  it.each([
    ['only time has passed', { position: '0/5000000', loss: { ...loss, windowMs: 90_000 } }, true],
    ['the target has received more', { position: '0/5000001', loss }, false],
    ['the old primary answers, and has more', { position: '0/5000000', loss: { ...loss, bytes: 7 } }, false],
    ['the target does not answer', { position: undefined, loss: undefined }, false],
  ])('%s', (_, now, expected) => {
    expect(isAcceptedBefore(recorded, now)).toBe(expected);
    expect(isAcceptedBefore(undefined, now)).toBe(false);
  });

  /** One minute after it was confirmed with 10 s of loss, which were accepted. */
  async function measuredAgain(position: string) {
    const later = NOW_MS + 60_000;
    const eu = standby({ nowMs: later, position });
    const now = situation([node('us/0', 'refused'), node('eu/0', eu), ...GONE.nodes.slice(2)]);
    const evidence = { says: '', position: '0/5000000', loss: { excluded: false, windowMs: 10_000 } };
    const file = memoryFile([{ step: 'confirm', state: 'done', atMs: Date.now() - 60_000, evidence }]);
    const plan = proposal({ acceptLoss: { kind: 'duration', ms: 10_000 } });
    return confirm.prove({ plan, file, survey: async () => now } as never, undefined);
  }

  it('is not asked for again by a run that goes on, although the last commit has grown older', async () => {
    expect(await measuredAgain('0/5000000')).toMatchObject({ state: 'done' });
  });

  it('is asked for again if the facts have changed', async () => {
    const proof = await measuredAgain('0/5000010');
    expect(proof.vetoes?.map(({ id }) => id)).toEqual(['loss-not-accepted']);
  });
});

describe('revokedBy()', () => {
  it('takes lists of names from the run file, and nothing else', () => {
    const evidence = { says: '', revokes: { 'us/0': ['app', 'web'], 'us/1': 'app', 'us/2': [7], 'us/3': null } };
    const file = memoryFile([{ step: 'fence', state: 'started', atMs: 1, evidence }]);
    expect([...revokedBy({ file } as never)]).toEqual([['us/0', ['app', 'web']]]);
  });
});
