import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { inThisContext } from '../src/in-this-context.ts';

describe('inThisContext()', () => {
  const storage = new AsyncLocalStorage<string>();

  it('runs a function in the context in which it was made, each time, with what it is given', () => {
    const told: unknown[] = [];
    const tell = storage.run('of the caller', () =>
      inThisContext((...given: number[]) => void told.push([storage.getStore(), ...given])),
    );
    tell(1, 2);
    storage.run('of another request', () => tell(3));
    expect(told).toEqual([
      ['of the caller', 1, 2],
      ['of the caller', 3],
    ]);
  });

  it('gives an error of the function to who has called it', () => {
    const fail = inThisContext(() => {
      throw new TypeError('in there');
    });
    expect(fail).toThrow('in there');
  });
});
