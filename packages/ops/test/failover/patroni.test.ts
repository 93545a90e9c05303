import type { RequestListener, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { checkConfig } from '../../src/config/check-config.ts';
import type { Adapter } from '../../src/failover/adapters/adapter.ts';
import { patroniAdapter } from '../../src/failover/adapters/patroni.ts';
import { drip, endless, webServer } from '../doctor/front/web-server.ts';
import { node, primary, proposal, standby } from './fixtures.ts';

const signal = new AbortController().signal;
const EVIL = '\u001b[2J\r\nok   \u202e';

/** The adapter, where the REST interfaces of us and eu are these. */
async function adapterOf(us: RequestListener, eu: RequestListener): Promise<Adapter> {
  const [inUs, inEu] = [await webServer(us), await webServer(eu)];
  return patroniAdapter(
    checkConfig(
      {
        regions: {
          us: { databases: ['postgres://ops@127.0.0.1:1/app'], patroni: inUs },
          eu: { databases: ['postgres://ops@127.0.0.1:2/app'], patroni: inEu },
        },
        failover: { adapter: 'patroni', patroniLogin: 'admin:secret' },
      },
      {},
    ),
  );
}

const promote = async (adapter: Adapter, mode: 'failover' | 'switchover' = 'switchover'): Promise<string> => {
  const plan = { ...proposal({ mode, target: 'eu/0' }), target: 'eu/0' };
  return (await adapter.promote(plan, signal).catch((error: Error) => error.message)) ?? 'promoted';
};

const member = (changes: object = {}) => ({ name: 'b', role: 'replica', host: '127.0.0.1', port: 2, ...changes });
const LEADER = member({ name: 'a', role: 'leader', port: 1 });
const CLUSTER = JSON.stringify({ members: [LEADER, member()] });

interface Posted {
  readonly path: string;
  readonly body: string;
  readonly login: string | undefined;
}

/** Answers `/cluster` with `cluster` and a POST with `order`, which it keeps. */
function rest(cluster: (response: ServerResponse) => void, order: (response: ServerResponse) => void) {
  const posted: Posted[] = [];
  const handler: RequestListener = async (request, response) => {
    if (request.method === 'GET') return cluster(response);
    let body = '';
    for await (const chunk of request) body += chunk;
    posted.push({ path: request.url as string, body, login: request.headers.authorization });
    order(response);
  };
  return { posted, handler };
}

const says = (body: string) => (response: ServerResponse) => void response.end(body);
const honest = () => rest(says(CLUSTER), says(''));

const HARM: readonly (readonly [harm: string, answer: (response: ServerResponse) => void])[] = [
  ['null', says('null')],
  ['a list', says('[]')],
  ['half a body', says('{"members": [')],
  ['an object without members', says('{}')],
  ['members that are no list', says('{"members": {"length": 1}}')],
  ['members that are no objects', says('{"members": [null, 7, [], "b"]}')],
  ['names that are no texts', says(JSON.stringify({ members: [member({ name: { toString: 7 } })] }))],
  ['a role that is no text', says(JSON.stringify({ members: [member({ role: { toString: 7, valueOf: 7 } })] }))],
  ['an endless body', endless],
  ['a body that drips', drip],
  ['a body that is cut', (response) => void response.write('{', () => response.destroy())],
];

describe('a Patroni REST interface that means harm', () => {
  for (const [harm, answer] of HARM) {
    it(`answers /cluster with ${harm}: the next one is asked`, async () => {
      const [us, eu] = [rest(answer, says('')), honest()];
      expect(await promote(await adapterOf(us.handler, eu.handler))).toBe('promoted');
      expect(us.posted).toEqual([]);
      expect(eu.posted).toEqual([
        { path: '/switchover', body: '{"leader":"a","candidate":"b"}', login: `Basic ${btoa('admin:secret')}` },
      ]);
    });
  }

  it('sends /cluster elsewhere: it is not followed, and the next one is asked', async () => {
    const met: unknown[] = [];
    const elsewhere = await webServer((request, response) => {
      met.push(request.url);
      response.end(CLUSTER);
    });
    const us = rest((response) => void response.writeHead(302, { location: elsewhere }).end(), says(''));
    expect(await promote(await adapterOf(us.handler, honest().handler))).toBe('promoted');
    expect(met).toEqual([]);
  });

  it('never names the candidate: nothing is promoted', async () => {
    const addresses = [{ host: { toString: 7 } }, { port: '2' }, { host: EVIL, api_url: `http://${EVIL}` }];
    const all = rest(says(JSON.stringify({ members: [LEADER, ...addresses.map(member)] })), says(''));
    expect(await promote(await adapterOf(all.handler, all.handler))).toBe('Patroni does not name the candidate');
    expect(all.posted).toEqual([]);
  });

  for (const mode of ['switchover', 'failover'] as const) {
    it(`sends a ${mode} elsewhere: the login is not sent there, and it counts as refused`, async () => {
      const met: unknown[] = [];
      const elsewhere = await webServer((request, response) => {
        met.push(request.headers.authorization);
        response.end();
      });
      const all = rest(says(CLUSTER), (response) => void response.writeHead(307, { location: elsewhere }).end());
      expect(await promote(await adapterOf(all.handler, all.handler), mode)).toBe('Patroni has refused it (307)');
      expect(all.posted.map(({ path }) => path)).toEqual([`/${mode}`]);
      expect(met).toEqual([]);
    });

    it(`answers a ${mode} with an endless body: it is not read to the end`, async () => {
      const all = rest(says(CLUSTER), endless);
      expect(await promote(await adapterOf(all.handler, all.handler), mode)).toBe('Patroni did not answer (TOO_LONG)');
    });

    it(`refuses a ${mode} with control characters: none is in the message`, async () => {
      const all = rest(says(CLUSTER), (response) => void response.writeHead(412).end(EVIL));
      expect(await promote(await adapterOf(all.handler, all.handler), mode)).toBe('Patroni has refused it (412)');
    });
  }

  it('has a member with control characters: they are sent back as JSON, and not printed', async () => {
    const members = [LEADER, member({ name: EVIL })];
    const all = rest(says(JSON.stringify({ members })), says(''));
    expect(await promote(await adapterOf(all.handler, all.handler))).toBe('promoted');
    expect(JSON.parse(all.posted[0]?.body as string)).toEqual({ leader: 'a', candidate: EVIL });
    expect(all.posted[0]?.body).not.toMatch(/\p{Cc}/u);
  });

  const OPTIONS: typeof HARM = [
    ['null', says('null')],
    ['options that are no object', says('{"postgresql": 7}')],
    ['an option that is no boolean', says('{"postgresql": {"use_pg_rewind": {"toString": 7, "valueOf": 7}}}')],
    ['an endless body', endless],
    ['a body that is cut', (response) => void response.write('{', () => response.destroy())],
  ];
  for (const [harm, answer] of OPTIONS) {
    it(`answers /config with ${harm}: nothing is promoted by it`, async () => {
      const all = rest(answer, says(''));
      const adapter = await adapterOf(all.handler, all.handler);
      const state = await adapter.survey(signal, Promise.resolve([]));
      expect(state?.refuses).toBe('none of its REST interfaces answers (regions[…].patroni)');
    });
  }
});

describe('the slot of a tail under Patroni', () => {
  const tail = { name: 'regionkit_tail_5', database: 'app', plugin: 'test_decoding' };
  const gone = [node('us/0', 'refused'), node('eu/0', standby({ tails: [tail] }))];
  const ignores = (...matchers: readonly object[]) => ({ postgresql: {}, ignore_slots: matchers });
  it.each([
    ['is dropped without ignore_slots', { postgresql: {} }, gone, [tail.name]],
    ['is dropped if another one is ignored', ignores({ name: 'regionkit_tail_6' }), gone, [tail.name]],
    ['is dropped if a matcher names another plugin', ignores({ name: tail.name, plugin: 'x' }), gone, [tail.name]],
    ['is left alone if it is ignored', ignores({ name: tail.name, type: 'logical' }), gone, []],
    ['is not there', { postgresql: {} }, [node('us/0', 'refused'), node('eu/0', standby())], []],
    [
      'is not there, says the primary, although its standby has the functions of a keeper',
      { postgresql: {} },
      [node('us/0', primary()), node('eu/0', standby({ tails: [tail] }))],
      [],
    ],
    [
      'is named once if two servers name it',
      { postgresql: {} },
      [...gone, node('ap/0', standby({ tails: [tail] }))],
      [tail.name],
    ],
  ])('%s', async (_what, config, nodes, expected) => {
    const all = rest(says(JSON.stringify(config)), says(''));
    const state = await (await adapterOf(all.handler, all.handler)).survey(signal, Promise.resolve(nodes));
    expect(state).toMatchObject({ rewinds: false, dropsSlots: expected });
  });
});
