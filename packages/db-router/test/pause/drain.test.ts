import type { ProcessPause } from '@regionkit/core';
import { describe, expect, it } from 'vitest';
import { judgeRegion, judgeSiblings } from '../../src/pause/drain.ts';

const EPOCH = { system: '1', timeline: 1, owner: 'us/0' };
const says = (process: string, underWay: number, observedAtMs = 100, leftMs = 5_000): ProcessPause => ({
  process,
  observedAtMs,
  pause: { id: 'a', epoch: EPOCH, leftMs, underWay },
});
const unaware = (process: string): ProcessPause => ({ process, observedAtMs: 100 });

describe('judgeRegion()', () => {
  it.each<[what: string, processes: readonly ProcessPause[], expected: number | undefined, waits: readonly string[]]>([
    ['every process is paused and has nothing', [says('p', 0), says('q', 0)], undefined, []],
    ['one still writes', [says('p', 0), says('q', 2)], undefined, ['q under-way 2']],
    ['one knows of no pause', [says('p', 0), unaware('q')], undefined, ['q not-paused 0']],
    ['the pause has ended in one', [says('p', 0, 100, 0)], undefined, ['p not-paused 0']],
    ['none answers', [], undefined, ['undefined no-answer 0']],
    ['as many as there are', [says('p', 0), says('q', 0)], 2, []],
    ['fewer than there are', [says('p', 0)], 2, ['undefined no-answer 0']],
  ])('when %s', (_what, processes, expected, waits) => {
    const { waitingFor } = judgeRegion({ region: 'eu', processes, expected });
    expect(waitingFor.map(({ process, why, underWay }) => `${process} ${why} ${underWay}`)).toEqual(waits);
  });

  it('adds up what is under way', () => {
    const processes = [says('p', 2), says('q', 3), unaware('r')];
    expect(judgeRegion({ region: 'eu', processes, expected: undefined }).underWay).toBe(5);
  });
});

describe('judgeSiblings()', () => {
  const judge = (processes: readonly ProcessPause[], quietSinceMs: number | undefined, expected?: number) =>
    judgeSiblings({ region: 'us', processes, expected }, quietSinceMs).waitingFor.map(({ process, why }) =>
      [process, why].join(' '),
    );

  it('needs none: the process that asks may be the only one', () => {
    expect(judge([], 50)).toEqual([]);
    expect(judge([], 50, 1)).toEqual([' no-answer']);
  });

  it('asks again after the last forward has ended elsewhere', () => {
    expect(judge([says('p', 0, 100)], undefined)).toEqual(['p under-way']);
    expect(judge([says('p', 0, 100)], 150)).toEqual(['p under-way']);
    expect(judge([says('p', 0, 150)], 150)).toEqual([]);
    expect(judge([says('p', 1, 200)], 150)).toEqual(['p under-way']);
  });
});
