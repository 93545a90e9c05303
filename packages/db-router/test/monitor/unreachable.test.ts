import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { createUnreachable } from '../../src/monitor/unreachable.ts';

const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
const slow = new Error('timeout expired');
const password = Object.assign(new pg.DatabaseError('no', 2, 'error'), { code: '28P01', severity: 'FATAL' });

describe('createUnreachable()', () => {
  type Said = 'primary' | 'standby' | Error | undefined;
  it.each<[string, readonly Said[], { cause: unknown; isInVain: boolean; isShutOut: boolean }]>([
    ['nobody was asked yet', [undefined, undefined], { cause: undefined, isInVain: false, isShutOut: false }],
    ['all answer', ['standby', 'primary'], { cause: undefined, isInVain: false, isShutOut: false }],
    [
      'a port is closed, another not asked',
      [refused, undefined],
      { cause: refused, isInVain: false, isShutOut: false },
    ],
    ['every node is slow', [slow, slow], { cause: slow, isInVain: false, isShutOut: false }],
    ['a port is closed, another slow', [refused, slow], { cause: refused, isInVain: false, isShutOut: false }],
    ['every port is closed', [refused, refused], { cause: refused, isInVain: true, isShutOut: false }],
    [
      'a password is wrong, another not asked',
      [password, undefined],
      { cause: password, isInVain: false, isShutOut: false },
    ],
    ['every password is wrong', [password, password], { cause: password, isInVain: true, isShutOut: true }],
    ['that of the primary is wrong', ['standby', password], { cause: password, isInVain: true, isShutOut: false }],
    ['that of a standby is wrong', ['primary', password], { cause: password, isInVain: false, isShutOut: false }],
    ['the primary is down', ['standby', refused], { cause: refused, isInVain: false, isShutOut: false }],
    [
      'a password is wrong, the primary down',
      ['standby', refused, password],
      { cause: password, isInVain: false, isShutOut: false },
    ],
  ])('%s', (_name, said, expected) => {
    const unreachable = createUnreachable(said.length);
    said.forEach((what, index) => {
      if (what instanceof Error) unreachable.onFailure(index, what);
      else if (what !== undefined) unreachable.onAnswer(index, what === 'standby');
    });
    const { cause, isInVain, isShutOut } = unreachable;
    expect({ cause, isInVain, isShutOut }).toEqual(expected);
  });

  it('waits for what has answered once', () => {
    const unreachable = createUnreachable(1);
    unreachable.onAnswer(0, false);
    unreachable.onFailure(0, refused);
    expect(unreachable).toMatchObject({ isInVain: false, cause: refused });
  });
});
