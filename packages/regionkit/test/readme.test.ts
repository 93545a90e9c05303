import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** What an app on Express has already. */
const OF_THE_APP = /^(?:import express|const app = express|app\.use\(express|app\.(?:get|post)\()/;
const blocks = [...readFileSync(new URL('../README.md', import.meta.url), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```/gm)];
const linesOf = (at: number): readonly string[] =>
  (blocks[at]?.[1] ?? '').split('\n').filter((line) => line !== '' && !OF_THE_APP.test(line));

it('the app of the README needs ten lines', () => {
  expect(linesOf(0)).toHaveLength(10);
  expect(linesOf(0).at(-1)).toBe('kit.drain(app.listen(3000));');
});

it('a session takes two more: an option, and what reads it', () => {
  const more = (blocks[1]?.[1] ?? '')
    .split('\n')
    .filter((line) => line !== '' && !blocks[0]?.[1]?.includes(line.split(' //')[0] ?? ''));
  expect(more.map((line) => line.trim().split(/[:(]/)[0])).toEqual(['sessions', 'app.get']);
});
