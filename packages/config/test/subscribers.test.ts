import { describe, expect, test } from 'vitest';
import { createSubscribers } from '../src/subscribers.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function setUp() {
  const failed: string[] = [];
  const subscribers = createSubscribers<string>(
    (news) => news[0],
    (news) => failed.push(news),
  );
  return { subscribers, failed };
}

/** A listener whose calls end when the test says so. */
function slow() {
  const heard: string[] = [];
  const ends: (() => void)[] = [];
  return {
    heard,
    listener: (news: string) => {
      heard.push(news);
      return new Promise<void>((resolve) => ends.push(resolve));
    },
    end: async () => {
      ends.shift()?.();
      await turn();
    },
  };
}

test('a listener is told at once, in order', () => {
  const { subscribers } = setUp();
  const heard: string[] = [];
  subscribers.add((news) => void heard.push(`first ${news}`));
  subscribers.add((news) => void heard.push(`second ${news}`));
  subscribers.notify('a1');
  expect(heard).toEqual(['first a1', 'second a1']);
});

test('an asynchronous listener never runs twice at once, and hears the latest of each topic', async () => {
  const { subscribers } = setUp();
  const { heard, listener, end } = slow();
  subscribers.add(listener);
  for (const news of ['a1', 'a2', 'b1', 'a3']) subscribers.notify(news);
  expect(heard).toEqual(['a1']);
  expect(subscribers.busy).toBe(1);
  await end();
  expect(heard).toEqual(['a1', 'a3']);
  await end();
  expect(heard).toEqual(['a1', 'a3', 'b1']);
  await end();
  expect(subscribers.busy).toBe(0);
});

describe('harms no other subscriber', () => {
  test.each<[string, () => void | Promise<void>]>([
    [
      'a listener that throws',
      () => {
        throw new Error('boom');
      },
    ],
    ['one that rejects', () => Promise.reject(new Error('boom'))],
  ])('%s', async (_, bad) => {
    const { subscribers, failed } = setUp();
    const heard: string[] = [];
    subscribers.add(bad);
    subscribers.add((news) => void heard.push(news));
    subscribers.notify('a1');
    await turn();
    subscribers.notify('a2');
    await turn();
    expect(heard).toEqual(['a1', 'a2']);
    expect(failed).toEqual(['a1', 'a2']);
  });

  test('one that hangs', async () => {
    const { subscribers } = setUp();
    const heard: string[] = [];
    subscribers.add(() => new Promise(() => {}));
    subscribers.add((news) => void heard.push(news));
    for (let n = 0; n < 1_000; n += 1) subscribers.notify(`a${n}`);
    expect(heard).toHaveLength(1_000);
    expect(subscribers.busy).toBe(1);
  });

  test('one that unsubscribes itself and another while it is told', () => {
    const { subscribers } = setUp();
    const heard: string[] = [];
    const remove = subscribers.add((news) => {
      heard.push(`first ${news}`);
      remove();
      removeLast();
    });
    subscribers.add((news) => void heard.push(`second ${news}`));
    const removeLast = subscribers.add((news) => void heard.push(`last ${news}`));
    subscribers.notify('a1');
    subscribers.notify('a2');
    expect(heard).toEqual(['first a1', 'second a1', 'second a2']);
  });

  test('one that tells news itself is told them when it has finished', () => {
    const { subscribers } = setUp();
    const heard: string[] = [];
    subscribers.add((news) => {
      heard.push(news);
      if (news === 'a1') subscribers.notify('a2');
      heard.push('end');
    });
    subscribers.notify('a1');
    expect(heard).toEqual(['a1', 'end', 'a2', 'end']);
  });

  test('one that unsubscribes while it is busy hears nothing more', async () => {
    const { subscribers } = setUp();
    const { heard, listener, end } = slow();
    const remove = subscribers.add(listener);
    subscribers.notify('a1');
    subscribers.notify('a2');
    remove();
    await end();
    expect(heard).toEqual(['a1']);
    expect(subscribers.busy).toBe(0);
  });
});
