import { describe, expect, it } from 'vitest';
import { countWrite } from '../../src/http/write-count.ts';
import { collect } from './collect.ts';

function setUp() {
  const state = { underWay: 0 };
  const count = () => {
    state.underWay += 1;
    return () => {
      state.underWay -= 1;
    };
  };
  return { state, count };
}

describe('countWrite()', () => {
  it('counts a write from its begin to its end, once', () => {
    const { state, count } = setUp();
    const { begin, onDone } = countWrite(count);
    expect(state.underWay).toBe(0);
    begin();
    begin();
    expect(state.underWay).toBe(1);
    onDone();
    onDone();
    expect(state.underWay).toBe(0);
  });

  it('counts no write whose client has left before it begins', () => {
    const { state, count } = setUp();
    const { begin, onDone } = countWrite(count);
    onDone();
    begin();
    expect(state.underWay).toBe(0);
  });

  it('ends a write that nothing can end any more, and no other one', async () => {
    const { state, count } = setUp();
    const kept = countWrite(count);
    kept.begin();
    countWrite(count).begin();
    expect(state.underWay).toBe(2);
    const collected = async (): Promise<number> => {
      await collect();
      return state.underWay;
    };
    await expect.poll(collected, { timeout: 60_000 }).toBe(1);
    kept.onDone();
    expect(state.underWay).toBe(0);
  });
});
