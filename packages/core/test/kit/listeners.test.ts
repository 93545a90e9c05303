import { expect, test } from 'vitest';
import { createListeners } from '../../src/kit/index.ts';

test('an audience is told in the order it came', () => {
  const audience = createListeners<number>();
  const heard: string[] = [];
  audience.add((news) => heard.push(`a${news}`));
  audience.add((news) => heard.push(`b${news}`));
  audience.notify(1);
  expect(heard).toEqual(['a1', 'b1']);
  expect(audience.size).toBe(2);
});

test('a listener that throws or rejects harms nothing else', async () => {
  const audience = createListeners<number>();
  const heard: number[] = [];
  audience.add(() => {
    throw new Error('a bug');
  });
  audience.add((async () => {
    throw new Error('a late bug');
  }) as () => void);
  audience.add((news) => heard.push(news));
  audience.notify(1);
  // An unhandled rejection would fail the run.
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toEqual([1]);
});

test('who comes or goes while the news is told changes nothing of this telling', () => {
  const audience = createListeners<number>();
  const heard: string[] = [];
  const again = (): void => {
    heard.push('again');
    offAgain();
    offAgain = audience.add(again);
    offLast();
  };
  let offAgain = audience.add(again);
  const offLast = audience.add(() => heard.push('last'));
  audience.notify(1);
  expect(heard).toEqual(['again', 'last']);
  audience.notify(2);
  expect(heard).toEqual(['again', 'last', 'again']);
});

test('one function that joins twice sits twice', () => {
  const audience = createListeners<number>();
  let heard = 0;
  const listener = (): void => {
    heard += 1;
  };
  const off = audience.add(listener);
  audience.add(listener);
  audience.notify(1);
  expect(heard).toBe(2);
  off();
  off();
  audience.notify(2);
  expect(heard).toBe(3);
});
