import { fakeClock } from '@regionkit/core/testing';
import { describe, expect, it } from 'vitest';
import { createSilence, type Kept } from '../../src/monitor/silence.ts';

function setUp() {
  const clock = fakeClock();
  const told: string[] = [];
  const silence = createSilence({
    clock,
    timeoutMs: 1_000,
    watchSilent: (openedBeforeMs) => {
      told.push(`watch before ${openedBeforeMs}`);
      return () => void told.push('destroy');
    },
  });
  const fallSilent = (name: string, askedAtMs: number) => {
    let answer!: () => void;
    let fail!: (error: Error) => void;
    const answered = new Promise<void>((resolve, reject) => {
      answer = resolve;
      fail = reject;
    });
    const kept: Kept = { askedAtMs, answered, drop: () => void told.push(`drop ${name}`) };
    silence.keep(kept);
    return { answer, fail };
  };
  return { clock, told, silence, fallSilent };
}

describe('a connection that did not answer in time', () => {
  it('is dead, and those of its age with it, when it stays silent while a new one works', async () => {
    const { clock, told, silence, fallSilent } = setUp();
    fallSilent('old', 400);
    await clock.advance(5_000);
    expect(told).toEqual([]);
    silence.nodeAnswers();
    await clock.advance(500);
    silence.nodeAnswers();
    await clock.advance(499);
    expect(told).toEqual(['watch before 400']);
    await clock.advance(1);
    expect(told).toEqual(['watch before 400', 'drop old', 'destroy']);
    await clock.advance(5_000);
    expect(told).toHaveLength(3);
  });

  it.each(['answer', 'fail'] as const)('harms no other when it does %s after all', async (how) => {
    const { clock, told, silence, fallSilent } = setUp();
    const old = fallSilent('old', 400);
    silence.nodeAnswers();
    old[how](new Error('lost'));
    await clock.advance(5_000);
    expect(told).toEqual(['watch before 400', 'drop old']);
    silence.nodeAnswers();
    await clock.advance(5_000);
    expect(told).toHaveLength(2);
  });

  it('is the first of several: its age is that of the silence', async () => {
    const { clock, told, silence, fallSilent } = setUp();
    fallSilent('first', 400);
    const second = fallSilent('second', 900);
    second.answer();
    silence.nodeAnswers();
    await clock.advance(1_000);
    expect(told).toEqual(['drop second', 'watch before 400', 'drop first', 'destroy']);
  });

  it('is dropped on close, and nothing else', async () => {
    const { clock, told, silence, fallSilent } = setUp();
    fallSilent('old', 400);
    silence.nodeAnswers();
    silence.close();
    await clock.advance(5_000);
    expect(told).toEqual(['watch before 400', 'drop old']);
  });
});
