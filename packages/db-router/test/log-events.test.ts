import { createEvents, type Epoch, type Logger } from '@regionkit/core';
import { expect, it } from 'vitest';
import { ROUTER_EVENTS, type RouterEvents } from '../src/events.ts';
import { logEvents } from '../src/log-events.ts';

const epoch: Epoch = { system: '7', timeline: 2, owner: 'eu/0' };
/** What an operator is told of, how loudly, and of what in it. */
const TOLD: { readonly [E in keyof RouterEvents]?: readonly [keyof Logger, RouterEvents[E], string] } = {
  primary: [
    'info',
    { epoch, region: 'eu', missingForMs: 41.7 },
    'timeline 2 of eu/0 (system 7); there was none for 42',
  ],
  'primary-lost': ['warn', { state: 'no-primary' }, 'no primary (no-primary)'],
  fenced: ['warn', { node: 'us/0', by: epoch, clients: 3 }, 'us/0 is fenced; 3 connections'],
  'probe-failed': ['warn', { node: 'us/0', code: 'ECONNREFUSED' }, 'us/0 cannot be probed (ECONNREFUSED)'],
  'twin-primaries': ['error', { system: '7', timeline: 2, owners: ['ap/0', 'eu/0'] }, 'by ap/0 and eu/0'],
  'foreign-system': ['error', { node: 'us/0', system: '8' }, 'another database (system 8)'],
  unconfirmed: ['warn', { epoch }, 'timeline 2 of eu/0 (system 7) is not confirmed'],
  'epoch-reset': ['warn', { voided: epoch, reason: 'eu is the one' }, 'eu is the one'],
  'store-failed': ['error', { action: 'save' }, 'failed to save'],
  suspended: ['warn', {}, 'suspended'],
  'outcome-unknown': ['error', { node: 'us/0' }, 'a write on us/0'],
  'write-lost-suspected': ['error', { timeline: 1, lsn: '0/5', fork: '0/4' }, 'beyond the fork at 0/4'],
  'writes-paused': ['warn', { id: 'a', region: 'us', forMs: 41.7 }, 'paused by us for at most 42 ms'],
  'writes-resumed': ['info', { id: 'a', by: 'switched', pausedMs: 41.7 }, 'writes go on (switched) after 42 ms'],
  leak: ['warn', { node: 'us/0', why: 'in-transaction' }, 'us/0 leaked (in-transaction)'],
};

it('tells the logger in one line of what an operator should act on, and of nothing that happens all the time', () => {
  const lines: [keyof Logger, string][] = [];
  const on = (level: keyof Logger) => (message: string) => void lines.push([level, message]);
  const events = createEvents<RouterEvents>('db-router', ROUTER_EVENTS);
  logEvents(events, { info: on('info'), warn: on('warn'), error: on('error') }, () => {});
  for (const event of ROUTER_EVENTS) {
    const told = TOLD[event];
    events.emit(event, (told?.[1] ?? {}) as never);
    const [line, ...more] = lines.splice(0);
    expect(more).toEqual([]);
    if (told === undefined) expect([event, line]).toEqual([event, undefined]);
    else expect(line).toEqual([told[0], expect.stringMatching(/^db-router: [^\n]+$/)]);
    expect(line?.[1] ?? '').toContain(told?.[2] ?? '');
  }
});

it('without a logger tells what must not be missed, each with a code and where to hear of more', () => {
  const notices: [string, string][] = [];
  const events = createEvents<RouterEvents>('db-router', ROUTER_EVENTS);
  logEvents(events, undefined, (code, message) => void notices.push([code, message]));
  for (const event of ROUTER_EVENTS) events.emit(event, (TOLD[event]?.[1] ?? {}) as never);
  const [elsewhere] = notices.splice(
    notices.findIndex(([code]) => code === 'REGIONKIT_TOKEN_ENVIRONMENT'),
    1,
  );
  expect(elsewhere?.[1]).toMatch(/^db-router: a client brought a token of another environment/);
  expect(notices.map(([code]) => code).toSorted()).toEqual([
    'REGIONKIT_EPOCH_STORE',
    'REGIONKIT_FOREIGN_SYSTEM',
    'REGIONKIT_LEAK',
    'REGIONKIT_NODE_UNREACHABLE',
    'REGIONKIT_TWIN_PRIMARIES',
    'REGIONKIT_WRITE_LOST',
  ]);
  for (const [, message] of notices) expect(message).toMatch(/^db-router: .+ A logger gets each of them$/);
});

it('a primary that one region alone tells of is an error with a code; one that is only not confirmed yet has none', () => {
  const notices: string[] = [];
  const events = createEvents<RouterEvents>('db-router', ROUTER_EVENTS);
  logEvents(events, undefined, (code) => void notices.push(code));
  events.emit('unconfirmed', { epoch });
  expect(notices).toEqual([]);
  events.emit('unconfirmed', { epoch, claimedBy: 'eu' });
  expect(notices).toEqual(['REGIONKIT_UNPROVEN_PRIMARY']);
});
