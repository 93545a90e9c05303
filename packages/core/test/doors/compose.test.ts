import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  compose,
  type Decider,
  type DeciderKind,
  type Decision,
  type NextDecision,
  withDoors,
} from '../../src/index.ts';
import { requestView } from '../../src/testing/index.ts';

const asked: string[] = [];
const step = (name: string, kind?: DeciderKind, decision: Decision = { action: 'next', reason: name }): Decider => ({
  ...(kind && { kind }),
  decide: () => {
    asked.push(name);
    return decision;
  },
});
const order = async (...deciders: Decider[]): Promise<string[]> => {
  asked.splice(0);
  await compose(...deciders).decide(requestView());
  return [...asked];
};

describe('compose()', () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  afterEach(() => void warn.mockClear());

  test('refuses what is no decider, such as a door or a router, instead of passing every request by it', () => {
    expect(() => compose(step('a'), withDoors(step('b')).express() as never)).toThrow(
      'compose: decider 2 must be an object; got function',
    );
    expect(() => compose({ read: () => {} } as never)).toThrow('compose: decider 1: decide must be a function');
  });

  test('asks in the order it was given, when that is the right one, and says nothing', async () => {
    expect(
      await order(step('h', 'health'), step('a', 'affinity'), step('s', 'session'), step('x'), step('g', 'gate')),
    ).toEqual(['h', 'a', 's', 'x', 'g']);
    expect(await order(step('h1', 'health'), step('h2', 'health'))).toEqual(['h1', 'h2']);
    expect(warn).not.toHaveBeenCalled();
  });

  test('puts a wrong order right, says so once, and leaves who has no kind in place', async () => {
    const whole = compose(step('g', 'gate'), step('x'), step('s', 'session'), step('y'), step('h', 'health'));
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledWith(
      'compose: deciders run in the order health, affinity, session, gate; they were given as gate, session, health',
      { code: 'REGIONKIT_ORDER' },
    );
    asked.splice(0);
    await whole.decide(requestView());
    await whole.decide(requestView());
    expect(asked).toEqual(['h', 'x', 's', 'y', 'g', 'h', 'x', 's', 'y', 'g']);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  test('asks nobody behind the one that answers', async () => {
    const tea: Decision = { action: 'respond', reason: 'tea', status: 418, headers: [] };
    expect(await order(step('h', 'health'), step('a', 'affinity', tea), step('g', 'gate'))).toEqual(['h', 'a']);
  });

  test('decides at once when all of it does, and later only when one is late', () => {
    const late: Decider = { decide: async () => ({ action: 'next', reason: 'late' }) };
    expect(compose(step('h'), step('a')).decide(requestView())).toMatchObject({ action: 'next' });
    expect(compose(step('h'), late, step('a')).decide(requestView())).toBeInstanceOf(Promise);
  });

  test('is one decision of its own only where there is something to join', () => {
    const plain: NextDecision = { action: 'next', reason: 'plain' };
    const hooked: NextDecision = { action: 'next', reason: 'hooked', onHead: () => {} };
    const tea: Decision = { action: 'respond', reason: 'tea', status: 418, headers: [] };
    const decide = (...decisions: Decision[]): unknown =>
      compose(...decisions.map((decision) => step('', undefined, decision))).decide(requestView());
    expect(decide()).toMatchObject({ action: 'next' });
    expect(decide(plain, plain)).toMatchObject({ action: 'next' });
    expect(Object.keys(decide(plain, plain) as object)).toEqual(['action', 'reason']);
    expect(decide(plain, hooked, plain)).toBe(hooked);
    expect(decide(plain, tea)).toBe(tea);
    expect(decide(hooked, tea)).toMatchObject({ action: 'respond', reason: 'tea', status: 418 });
  });

  test('follows the kind of the one that fails', async () => {
    const failing = (kind?: DeciderKind): Decider => ({
      ...(kind && { kind }),
      decide: () => {
        throw new Error('a bug');
      },
    });
    expect(await compose(failing('health'), step('a'), failing('gate')).decide(requestView())).toMatchObject({
      action: 'respond',
      status: 503,
    });
    expect(await compose(failing('affinity'), failing()).decide(requestView())).toMatchObject({ action: 'next' });
  });

  test('keeps the hooks of every decider apart: one that throws harms no other', async () => {
    const heard: string[] = [];
    const hooked = (name: string): Decider =>
      step(name, undefined, {
        action: 'next',
        reason: name,
        onHead: () => {
          heard.push(`${name} head`);
          throw new Error('a bug');
        },
        onDone: () => {
          heard.push(`${name} done`);
          throw new Error('a bug');
        },
      });
    const decision = (await compose(hooked('a'), hooked('b')).decide(requestView())) as NextDecision;
    const head = { status: 200, get: () => [], set: () => {}, append: () => {} };
    decision.onHead?.(head);
    decision.onDone?.({ status: 200, headMs: 1, durationMs: 2, aborted: false, by: 'handler' });
    expect(heard).toEqual(['b head', 'a head', 'a done', 'b done']);
  });

  test('asks every hook once whether it wants the head, and calls those that do', () => {
    const heard: string[] = [];
    const hooked = (name: string, wants: boolean): Decider =>
      step(name, undefined, {
        action: 'next',
        reason: name,
        wantsHead: () => {
          heard.push(`${name}?`);
          return wants;
        },
        onHead: () => void heard.push(name),
      });
    const head = { status: 200, get: () => [], set: () => {}, append: () => {} };
    const decide = (...deciders: Decider[]) => compose(...deciders).decide(requestView()) as NextDecision;
    const mixed = decide(hooked('a', true), hooked('b', false));
    expect(mixed.wantsHead?.()).toBe(true);
    mixed.onHead?.(head);
    expect(heard.splice(0)).toEqual(['a?', 'b?', 'a']);
    expect(decide(hooked('a', false), hooked('b', false)).wantsHead?.()).toBe(false);
    heard.splice(0);
    // A caller that does not ask loses nothing.
    decide(hooked('a', true), hooked('b', false)).onHead?.(head);
    expect(heard).toEqual(['a?', 'b?', 'a']);
  });

  test('composes compositions', async () => {
    const inner = compose(step('s', 'session'), step('g', 'gate'));
    expect(await order(step('h', 'health'), inner)).toEqual(['h', 's', 'g']);
  });
});

test('withDoors() adds to the decider itself, which keeps what it has', () => {
  let pinned = 0;
  const decider = {
    get pinned() {
      return pinned;
    },
    decide: (): Decision => ({ action: 'next', reason: 'x' }),
  };
  const door = withDoors(decider);
  pinned = 7;
  expect(door).toBe(decider);
  expect(door.pinned).toBe(7);
});
