import { expect, test } from 'vitest';
import { createAudience } from '../../src/kit/index.ts';

test('an audience is told in the order it came', () => {
  const audience = createAudience<number>();
  const heard: string[] = [];
  audience.join((news) => heard.push(`a${news}`));
  audience.join((news) => heard.push(`b${news}`));
  audience.tell(1);
  expect(heard).toEqual(['a1', 'b1']);
  expect(audience.size).toBe(2);
});

test('a listener that throws or rejects harms nobody', async () => {
  const audience = createAudience<number>();
  const heard: number[] = [];
  audience.join(() => {
    throw new Error('a bug');
  });
  audience.join((async () => {
    throw new Error('a late bug');
  }) as () => void);
  audience.join((news) => heard.push(news));
  audience.tell(1);
  // An unhandled rejection would fail the run.
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toEqual([1]);
});

test('who comes or goes while the news is told changes nothing of this telling', () => {
  const audience = createAudience<number>();
  const heard: string[] = [];
  const again = (): void => {
    heard.push('again');
    offAgain();
    offAgain = audience.join(again);
    offLast();
  };
  let offAgain = audience.join(again);
  const offLast = audience.join(() => heard.push('last'));
  audience.tell(1);
  expect(heard).toEqual(['again', 'last']);
  audience.tell(2);
  expect(heard).toEqual(['again', 'last', 'again']);
});

test('one function that joins twice sits twice', () => {
  const audience = createAudience<number>();
  let heard = 0;
  const listener = (): void => {
    heard += 1;
  };
  const off = audience.join(listener);
  audience.join(listener);
  audience.tell(1);
  expect(heard).toBe(2);
  off();
  off();
  audience.tell(2);
  expect(heard).toBe(3);
});
