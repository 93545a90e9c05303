import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Running } from '../../../core/test/doors/hosts/host.ts';
import { hosts } from '../../../core/test/doors/hosts/index.ts';
import { createOperatorDoor, type OperatorDoor } from '../../src/operator/index.ts';
import { threeRegions } from '../helpers/fixtures.ts';
import { bearer, fakeRouter, TOKEN } from '../helpers/operator.ts';

/** In a scope of its own, Fastify runs no hook for a path that is no route of the scope. */
const withoutScope = hosts.filter(({ name }) => name !== 'Fastify 5 in a prefixed scope');

describe.each(withoutScope)('the operator door in $name', ({ mount, start }) => {
  let door: OperatorDoor;
  let running: Running;
  let calls: readonly string[];

  beforeEach(async () => {
    const fake = fakeRouter();
    calls = fake.calls;
    const say = (): void => {};
    const logger = { info: say, warn: say, error: say };
    door = createOperatorDoor({ regions: threeRegions(), token: TOKEN, router: fake.router, logger });
    running = await start(door);
    fake.emit('primary', { region: 'b' });
  });
  afterEach(async () => {
    door.close();
    await running.close();
  });
  const at = (path: string): string => `${mount}/operator/${path}`;

  it('leaves the rest of the app alone', async () => {
    expect(await running.send({ path: `${mount}/hello` })).toMatchObject({ status: 200, body: 'hello' });
  });

  it('refuses a client without the token', async () => {
    for (const path of ['status', 'events', 'reset']) {
      const method = path === 'reset' ? 'POST' : 'GET';
      const answer = await running.send({ path: at(path), method, headers: bearer('x'.repeat(40)) });
      expect([answer.status, answer.all('www-authenticate')]).toEqual([401, ['Bearer']]);
    }
    expect(calls).toEqual([]);
  });

  it('shows the status, and carries out an order', async () => {
    const status = await running.send({ path: at('status'), headers: bearer() });
    expect([status.status, status.all('cache-control')]).toEqual([200, ['no-store, private']]);
    expect(JSON.parse(status.body)).toMatchObject({ format: 1, topology: { state: 'ready' } });
    const order = { path: at('reset'), method: 'POST', headers: { ...bearer(), 'Content-Type': 'text/x-plain' } };
    const answer = await running.send({ ...order, body: '{"reason":"a drill"}' });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { done: 'reset', state: 'ready' }]);
    expect((await running.send({ ...order, body: 'x'.repeat(9_000) })).status).toBe(413);
    expect(calls).toEqual(['reset a drill']);
  });

  it('streams the events until it is closed', async () => {
    const opened = running.open({ path: at('events'), headers: bearer() });
    await opened.headCame;
    const whole = running.send({ path: at('events'), headers: bearer() });
    const second = running.open({ path: at('events'), headers: bearer() });
    await second.headCame;
    opened.abandon();
    door.close();
    const answer = await whole;
    expect([answer.status, answer.all('content-type')]).toEqual([200, ['text/event-stream']]);
    expect(answer.body).toContain('"name":"primary"');
    expect(answer.body).toContain('event: status');
    expect((await running.send({ path: at('events'), headers: bearer() })).status).toBe(503);
  });
});
