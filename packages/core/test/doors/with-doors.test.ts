import { expect, test } from 'vitest';
import { type Decider, type Decision, withDoors } from '../../src/index.ts';

const PASS: Decision = { action: 'next', reason: 'test' };
const ask = (door: { fetch(handler: () => Response): (request: Request) => Response | Promise<Response> }) =>
  door.fetch(() => new Response('x'))(new Request('https://app.example.com'));

test('doors are put on the decider itself', () => {
  const decider: Decider = { decide: () => PASS };
  expect(withDoors(decider)).toBe(decider);
});

test('a frozen decider gets its doors on an object that inherits from it', async () => {
  let asked = 0;
  const decider = Object.freeze({
    kind: 'gate' as const,
    mine: 7,
    decide: () => {
      asked += 1;
      return PASS;
    },
  });
  const door = withDoors(decider);
  await ask(door);
  expect([asked, door.kind, door.mine, Object.keys(decider)]).toEqual([1, 'gate', 7, ['kind', 'mine', 'decide']]);
});

test.each(['fetch', 'node', 'express', 'koa', 'fastify', 'hono'])(
  'a member of its own called %s is not lost',
  (name) => {
    const mine = () => 'mine';
    const decider = { decide: () => PASS, [name]: mine };
    expect(() => withDoors(decider)).toThrow(`withDoors: the decider has a member ${name}`);
    expect(decider[name as 'decide']).toBe(mine);
  },
);

test('one that has its doors may be given them again', async () => {
  const door = withDoors({ decide: () => PASS });
  expect(withDoors(door)).toBe(door);
  expect((await ask(withDoors(withDoors(Object.freeze({ decide: () => PASS }))))).status).toBe(200);
});
