import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../src/doctor/shape.ts';
import { ASKED_SHAPE } from '../../src/failover/survey/node-state.ts';
import { receiver, standby } from './fixtures.ts';

const state = (changes: object = {}) => ({ ...standby({ receiver }), monitor: true, ...changes });

describe('what a server says of its state', () => {
  it('is taken where it has the shape of the statement', () => {
    expect(ASKED_SHAPE(state())).toEqual(state());
    const hidden = { status: null, from: null, silentMs: null, timeoutMs: 60_000 };
    expect(ASKED_SHAPE(state({ receiver: hidden })).receiver).toEqual(hidden);
    const tails = [{ name: 'regionkit_tail_5', database: 'app', plugin: 'test_decoding' }];
    expect(ASKED_SHAPE(state({ tails })).tails).toEqual(tails);
  });

  for (const [harm, given] of [
    ['null', null],
    ['no member', {}],
    ['a position that is none', state({ position: '0/0; DROP' })],
    ['a transaction id that is none', state({ xmax: '-1' })],
    ['a role of recovery that is a text', state({ inRecovery: 'false' })],
    ['a receiver that is a text', state({ receiver: 'streaming' })],
    ['roles that are no list', state({ apps: { length: 1 } })],
    ['roles without end', state({ apps: Array.from({ length: 1_001 }, () => standby().apps[0]) })],
    ['the name of a slot that is none', state({ tails: [{ name: 'a\u001b[2J', database: 'app', plugin: 'x' }] })],
    ['no word on its rights', state({ monitor: undefined })],
  ] as const) {
    it(`is refused as a whole with ${harm}`, () => {
      expect(() => ASKED_SHAPE(given)).toThrow(ShapeError);
    });
  }
});
