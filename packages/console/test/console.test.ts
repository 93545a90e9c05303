import http from 'node:http';
import { createServer } from 'node:net';
import { live } from '@regionkit/core';
import { createEventParser } from '@regionkit/core/operator';
import express from 'express';
import { afterEach, describe, expect, it, test, vi } from 'vitest';
import { type Console, type ConsoleOptions, createConsole } from '../src/index.ts';
import type { Fleet, FleetEvent } from '../src/model/fleet.ts';
import {
  balancer,
  closeServer,
  fakeProcess,
  listen,
  type Name,
  NO_PORTS,
  regionsOn,
  TOKEN,
  topologyOf,
} from './helpers/doors.ts';

const closers: (() => unknown)[] = [];
const clean = (close: () => unknown): void => void closers.push(close);
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const NOWHERE = regionsOn(NO_PORTS);
const bearer = (token = TOKEN) => ({ authorization: `Bearer ${token}` });
const process_ = (region: Name) => fakeProcess(region, NOWHERE, clean);

async function serve(console: Console): Promise<string> {
  clean(() => console.close());
  const server = http.createServer(
    console.node((_request, response) => void response.writeHead(404).end('the app')) as http.RequestListener,
  );
  clean(() => closeServer(server));
  return `http://127.0.0.1:${await listen(server)}`;
}

/** A console over doors at these ports, and what its logger was told. */
async function start(ports: Partial<Record<Name, number>> = {}, options: Partial<ConsoleOptions<Name>> = {}) {
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const console = createConsole({
    regions: regionsOn({ ...NO_PORTS, ...ports }),
    token: TOKEN,
    logger: { info: say, warn: say, error: say },
    ...options,
  });
  const origin = await serve(console);
  const ask = (path: string, init: RequestInit = {}) => fetch(`${origin}${path}`, { redirect: 'manual', ...init });
  return { console, origin, ask, said };
}

/** What a page hears, until `enough` of it. */
async function hear(answer: Response, enough: (fleet: Fleet, events: readonly FleetEvent[]) => boolean) {
  const parser = createEventParser(8_388_608);
  const decoder = new TextDecoder();
  const events: FleetEvent[] = [];
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    for (const { event, data } of parser.push(decoder.decode(chunk, { stream: true }))) {
      if (event === 'event') events.push(JSON.parse(data));
      else {
        const fleet: Fleet = JSON.parse(data);
        if (enough(fleet, events)) return { fleet, events, text: data };
      }
    }
  }
  throw new Error('the stream ended');
}
const page = async ({ ask }: { ask: (path: string, init?: RequestInit) => Promise<Response> }) => {
  const leave = new AbortController();
  clean(() => leave.abort());
  const answer = await ask('/console/events', { headers: bearer(), signal: leave.signal });
  expect(answer.status).toBe(200);
  return { answer, leave: () => leave.abort() };
};
const states = ({ regions }: Fleet) =>
  Object.fromEntries(regions.map(({ name, why, processes }) => [name, why ?? processes.map(({ state }) => state)]));

describe('a token that turns bad while the console runs', () => {
  it('ends the pages that signed in with it', async () => {
    const token = live<string | readonly string[]>(TOKEN);
    const { answer } = await page(await start({}, { token }));
    token.set('another-token-of-32-bytes-or-more-');
    await expect(hear(answer, () => false)).rejects.toThrow('the stream ended');
  });

  it.each([
    ['a line break', `${TOKEN}\n`],
    ['a letter that no header carries', `${TOKEN}\u{1f511}`],
    ['a short one', 'short'],
  ])('is not sent, and the process goes on: %s', async (_name, bad) => {
    const sent = new Set<string | undefined>();
    const door = http.createServer(({ headers }, response) => {
      sent.add(headers.authorization);
      response.writeHead(401).end();
    });
    clean(() => closeServer(door));
    const token = live<string | readonly string[]>(TOKEN);
    const started = await start({ 'us-east-1': await listen(door) }, { token });
    const { answer } = await page(started);
    token.set(bad);
    await hear(answer, (fleet) => states(fleet)['us-east-1'] === 'wrong-token');
    expect([...sent].filter((each) => each !== `Bearer ${TOKEN}`)).toEqual(
      expect.not.arrayContaining([`Bearer ${bad}`]),
    );
    token.set([bad, TOKEN]);
    sent.clear();
    await vi.waitFor(() => expect([...sent]).toContain(`Bearer ${TOKEN}`), 5_000);
  });
});

describe('the files of the page', () => {
  it('need no token, and hold no word of the setup', async () => {
    const { ask } = await start();
    for (const path of ['/console/', '/console/console.js', '/console/console.css', '/console/icon.svg']) {
      const answer = await ask(path);
      expect(answer.status).toBe(200);
      const body = await answer.text();
      expect(body.length).toBeGreaterThan(50);
      for (const word of [TOKEN, 'us-east-1', '127.0.0.1']) expect(body).not.toContain(word);
    }
  });

  it('are under a policy that allows nothing but these files, and no frame', async () => {
    const { headers } = await (await start()).ask('/console/');
    const policy = headers.get('content-security-policy')?.split('; ');
    expect(policy).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ]);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store, private');
    expect(headers.get('set-cookie')).toBeNull();
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  it('have no script and no style inside, and the script imports nothing', async () => {
    const { ask } = await start();
    const html = await (await ask('/console/')).text();
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/i);
    expect(await (await ask('/console/console.js')).text()).not.toMatch(/\bimport\s*[({*"']|innerHTML|\beval\(/);
  });

  it('are also below a mount: the page names its files by relative addresses', async () => {
    const { console } = await start();
    const app = express();
    app.use('/admin', console.express());
    const server = app.listen(0, '127.0.0.1');
    clean(() => server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    const answer = await fetch(`${origin}/admin/console`);
    expect(answer.url).toBe(`${origin}/admin/console/`);
    expect((await fetch(new URL('console.js', answer.url))).status).toBe(200);
  });

  it('are what there is: another path, another method, and the app behind', async () => {
    const { ask } = await start();
    expect((await ask('/console/no-such-file')).status).toBe(404);
    expect((await ask('/console/__proto__')).status).toBe(404);
    const posted = await ask('/console/', { method: 'POST' });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect((await ask('/console/events', { method: 'HEAD', headers: bearer() })).status).toBe(405);
    expect(await (await ask('/consoles')).text()).toBe('the app');
    expect(await (await ask('/console/', { method: 'HEAD' })).text()).toBe('');
  });

  it('do not exist without a token', async () => {
    const { ask } = await start({}, { token: undefined });
    expect(await (await ask('/console/')).text()).toBe('the app');
    expect(await (await ask('/console/events', { headers: bearer('') })).text()).toBe('the app');
  });
});

describe('the token of a listener', () => {
  it('accepts a client only with the token in the Authorization field', async () => {
    const { ask, said } = await start();
    for (const headers of [
      {},
      bearer('x'.repeat(40)),
      { cookie: `token=${TOKEN}` },
      { authorization: `Basic ${TOKEN}` },
    ]) {
      const answer = await ask(`/console/events?token=${TOKEN}`, { headers: headers as Record<string, string> });
      expect([answer.status, await answer.text()]).toEqual([401, '']);
    }
    expect(said).toEqual(['console: a request had no valid token; 1 since the start']);
    expect((await page({ ask })).answer.headers.get('cache-control')).toBe('no-store, private');
  });

  it('is a bounded number of pages', async () => {
    const { ask } = await start({}, { maxListeners: 1 });
    const { leave } = await page({ ask });
    expect((await ask('/console/events', { headers: bearer() })).status).toBe(503);
    leave();
    await expect
      .poll(
        async () => {
          const again = await ask('/console/events', { headers: bearer() });
          await again.body?.cancel();
          return again.status;
        },
        { timeout: 60_000 },
      )
      .toBe(200);
  });

  it('goes by a live token', async () => {
    const token = live<string>(TOKEN);
    const { ask } = await start({}, { token });
    token.set('n'.repeat(40));
    expect((await ask('/console/events', { headers: bearer() })).status).toBe(401);
  });

  it('asks no door while no page is open', async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    clean(() => server.close());
    const running = await start({ 'us-east-1': await listen(server) });
    await running.ask('/console/');
    await running.ask('/console/events');
    expect(connections).toBe(0);
    await page(running);
    await expect.poll(() => connections, { timeout: 60_000 }).toBeGreaterThan(0);
  });
});

describe('what a page hears', () => {
  it('is what each process of each region knows, also of several behind one address', async () => {
    const [us, eu, eu2] = [process_('us-east-1'), process_('eu-west-1'), process_('eu-west-1')];
    eu2.knows(topologyOf('eu-west-1', 2), { holding: 3 });
    const ports = [await listen(eu.server), await listen(eu2.server)];
    const running = await start({ 'us-east-1': await listen(us.server), 'eu-west-1': await balancer(ports, clean) });
    const { answer } = await page(running);
    const { fleet } = await hear(answer, ({ regions }) => {
      const [first, second, third] = regions;
      return first?.processes.length === 1 && second?.processes.length === 2 && third?.why === 'refused';
    });
    const knows = fleet.regions.flatMap(({ processes }) =>
      processes.map(({ region, primary }) => [region, primary?.region]),
    );
    expect(knows.toSorted()).toEqual([
      ['eu-west-1', 'eu-west-1'],
      ['eu-west-1', 'us-east-1'],
      ['us-east-1', 'us-east-1'],
    ]);
    expect(fleet.regions[1]?.processes.map(({ holding }) => holding).toSorted()).toEqual([0, 3]);
  });

  it('has an event of every process once, also when its stream is opened again', async () => {
    const us = process_('us-east-1');
    us.emit('node', { node: 'first', from: 'replica', to: 'primary' });
    const running = await start({ 'us-east-1': await listen(us.server) });
    const { answer } = await page(running);
    await hear(answer, (_fleet, events) => events.length === 1);
    us.server.closeAllConnections();
    us.emit('node', { node: 'second', from: 'replica', to: 'primary' });
    const { answer: again } = await page(running);
    const { events } = await hear(again, (_fleet, sofar) => sofar.some(({ text }) => text.startsWith('second')));
    expect(events.map(({ name, region, text }) => [name, region, text])).toEqual([
      ['node', 'us-east-1', 'first was replica and is primary'],
      ['node', 'us-east-1', 'second was replica and is primary'],
    ]);
  });

  it('folds hundreds of held writes into one event with a count', async () => {
    const us = process_('us-east-1');
    const running = await start({ 'us-east-1': await listen(us.server) });
    const { answer } = await page(running);
    for (let at = 0; at < 300; at += 1) us.emit('hold-ended', { heldMs: at, by: 'primary' });
    const { events } = await hear(answer, (_fleet, sofar) => sofar.at(-1)?.times === 300);
    expect(events.length).toBeLessThan(10);
  });

  it('tells that a process died, and that it is back', async () => {
    const us = process_('us-east-1');
    const port = await listen(us.server);
    const running = await start({ 'us-east-1': port });
    const { answer } = await page(running);
    let isDead = false;
    const heard = hear(answer, ({ regions }) => {
      if (!isDead && regions[0]?.processes.length === 1) us.die();
      isDead ||= regions[0]?.processes.length === 1;
      return regions[0]?.why === 'refused';
    });
    expect((await heard).fleet.regions[0]?.processes).toMatchObject([{ isGone: true }]);
    const other = process_('us-east-1');
    await listen(other.server, port);
    const { answer: again } = await page(running);
    const { fleet } = await hear(again, ({ regions }) => regions[0]?.why === undefined);
    expect(fleet.regions[0]?.processes.map(({ isGone }) => isGone === true).toSorted()).toEqual([false, true]);
  });

  it('has the drill that runs, and none where the function fails', async () => {
    let fails = false;
    const drill = () => {
      if (fails) throw new Error('x');
      return { scenario: 'region-loss', state: 'running', objectiveMs: 5_000, phases: [] };
    };
    const running = await start({}, { drill });
    const { answer } = await page(running);
    const { fleet } = await hear(answer, () => true);
    expect(fleet.drill).toMatchObject({ scenario: 'region-loss' });
    fails = true;
    const { answer: again } = await page(running);
    expect((await hear(again, () => true)).fleet.drill).toBeUndefined();
  });

  it('ends when the console is closed', async () => {
    const running = await start();
    const { answer } = await page(running);
    running.console.close();
    await answer.text();
    expect((await running.ask('/console/')).status).toBe(503);
  });
});

describe('a door that is none', () => {
  const answers: readonly (readonly [name: string, answer: http.RequestListener, why: string])[] = [
    ['refuses the token', (_q, s) => void s.writeHead(401).end(), 'wrong-token'],
    ['has no place', (_q, s) => void s.writeHead(503).end(), 'full'],
    ['is an app', (_q, s) => void s.writeHead(200, { 'content-type': 'text/html' }).end('<h1>'), 'no-door'],
    ['leads elsewhere', (_q, s) => void s.writeHead(307, { location: 'http://127.0.0.1:9/' }).end(), 'no-door'],
    [
      'never ends an event',
      (_q, s) => {
        s.writeHead(200, { 'content-type': 'text/event-stream' });
        const more = (): void => {
          while (!s.destroyed && s.write(`data: ${'x'.repeat(100_000)}`));
          s.once('drain', more);
        };
        more();
      },
      'no-door',
    ],
    ['hangs up', (q) => void q.socket.destroy(), 'refused'],
  ];
  for (const [name, answer, why] of answers) {
    it(`and ${name} is shown as ${why}, and stops nothing`, async () => {
      const server = http.createServer(answer);
      clean(() => closeServer(server));
      const eu = process_('eu-west-1');
      const running = await start({ 'us-east-1': await listen(server), 'eu-west-1': await listen(eu.server) });
      const { answer: stream } = await page(running);
      const { fleet } = await hear(stream, (now) => {
        const seen = states(now);
        return seen['us-east-1'] === why && Array.isArray(seen['eu-west-1']) && seen['eu-west-1'].length > 0;
      });
      expect(states(fleet)['eu-west-1']).toEqual(['ready']);
    });
  }
});

describe('options', () => {
  const regions = NOWHERE;
  const bad: readonly (readonly [options: object, message: string])[] = [
    [{ token: 'short' }, 'createConsole: token must be at least 32 bytes long'],
    [{ path: 'console' }, 'createConsole: path must be a path such as /console'],
    [{ path: '/console/' }, 'createConsole: path must be a path such as /console'],
    [{ maxListeners: 0 }, 'createConsole: maxListeners must be an integer from 1'],
    [{ drill: {} }, 'createConsole: drill must be a function'],
    [{ door: () => 'nowhere' }, 'door of us-east-1 must be an address'],
    [{ door: () => 'https://me:secret@app.example.com' }, 'door of us-east-1 must be an address'],
    [{ doors: () => '' }, 'createConsole: options has no option "doors"'],
  ];
  for (const [options, message] of bad) {
    it(`are checked: ${message}`, () => {
      expect(() => createConsole({ regions, token: TOKEN, ...options } as never)).toThrow(message);
    });
  }

  it('send the token nowhere in the clear, except on this machine', () => {
    const production = { ...regions, development: false };
    const make = (address: string) => () => createConsole({ regions: production, token: TOKEN, door: () => address });
    expect(make('http://10.0.0.7:9000/operator')).toThrow('door of us-east-1 must use https');
    expect(make('http://127.0.0.1.example.com/operator')).toThrow('must use https');
    for (const address of [
      'https://10.0.0.7:9000/operator',
      'http://127.0.0.1:9000/operator',
      'http://[::1]/operator',
    ]) {
      expect(make(address)).not.toThrow();
    }
  });
});

test('a fetch handler has the same console', async () => {
  const us = process_('us-east-1');
  const port = await listen(us.server);
  const console = createConsole({
    regions: regionsOn({ ...NO_PORTS, 'us-east-1': port }),
    token: TOKEN,
    logger: { info: () => {}, warn: () => {}, error: () => {} },
  });
  clean(() => console.close());
  const handle = console.fetch(() => new Response('the app'));
  const ask = async (path: string, init?: RequestInit) => handle(new Request(`https://app.example.com${path}`, init));
  expect(await (await ask('/orders')).text()).toBe('the app');
  expect((await ask('/console/')).status).toBe(200);
  expect((await ask('/console/events')).status).toBe(401);
  const { answer } = await page({ ask });
  const { fleet } = await hear(answer, ({ regions }) => regions[0]?.processes.length === 1);
  expect(fleet.regions[0]?.processes[0]).toMatchObject({ region: 'us-east-1', state: 'ready' });
});
