import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { createContext } from '../../src/kit/index.ts';

test('a value is there across every await, and nowhere else', async () => {
  const context = createContext<string>();
  expect(context.get()).toBeUndefined();
  const seen = await context.run('outer', async () => {
    const before = context.get();
    const inner = await context.run('inner', async () => {
      await new Promise((turn) => setImmediate(turn));
      return context.get();
    });
    await Promise.resolve();
    return [before, inner, context.get()];
  });
  expect(seen).toEqual(['outer', 'inner', 'outer']);
  expect(context.get()).toBeUndefined();
});

test('contexts know nothing of each other, however they are nested', () => {
  const [one, two, three] = [createContext<number>(), createContext<number>(), createContext<number>()];
  const values = () => [one.get(), two.get(), three.get()];
  one.run(1, () => {
    expect(values()).toEqual([1, undefined, undefined]);
    two.run(2, () => {
      three.run(3, () => {
        expect(values()).toEqual([1, 2, 3]);
        one.run(4, () => expect(values()).toEqual([4, 2, 3]));
        two.run(5, () => expect(values()).toEqual([1, 5, 3]));
        expect(values()).toEqual([1, 2, 3]);
      });
      expect(values()).toEqual([1, 2, undefined]);
    });
  });
  expect(values()).toEqual([undefined, undefined, undefined]);
});

test('simultaneous calls do not mix', async () => {
  const context = createContext<number>();
  const each = async (value: number): Promise<number | undefined> => {
    for (let turn = 0; turn < 3; turn += 1) await new Promise((next) => setImmediate(next));
    return context.get() === value ? value : undefined;
  };
  const numbers = Array.from({ length: 20 }, (_, at) => at);
  expect(await Promise.all(numbers.map((value) => context.run(value, () => each(value))))).toEqual(numbers);
});

test('what a call throws gets out, and the value is gone', () => {
  const context = createContext<number>();
  const bug = new Error('a bug');
  expect(() =>
    context.run(1, () => {
      throw bug;
    }),
  ).toThrow(bug);
  expect(context.get()).toBeUndefined();
});

test('a job that starts the next one inside itself does not keep the values of those before it', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const [jobs, other] = [createContext<object>(), createContext<object>()];
  const values: WeakRef<object>[] = [];
  const value = (left: number): object => {
    const made = { left };
    values.push(new WeakRef(made));
    return made;
  };
  // Each begins in the context of the one before it.
  const kept = await new Promise<number>((done) => {
    const check = (): void => {
      collect();
      done(values.filter((ref) => ref.deref() !== undefined).length);
    };
    const start = (left: number): void => {
      void jobs.run(value(left), () =>
        other.run({}, () => setImmediate(() => (left === 0 ? setImmediate(check) : start(left - 1)))),
      );
    };
    start(50);
  });
  expect(kept).toBeLessThan(5);
});
