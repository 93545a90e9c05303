import { expect, it } from 'vitest';
import { NoPrimaryError } from '../../src/errors.ts';
import { probeCode } from '../../src/monitor/probe-code.ts';

const coded = (code: string, message = 'x') => Object.assign(new Error(message), { code });

it.each([
  ['a server that refuses the login', Object.assign(coded('28P01'), { severity: 'FATAL' }), '28P01'],
  ['nobody there', coded('ECONNREFUSED'), 'ECONNREFUSED'],
  ['a certificate that is not trusted', coded('DEPTH_ZERO_SELF_SIGNED_CERT'), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['a name of two addresses', new AggregateError([coded('ECONNREFUSED')]), 'ECONNREFUSED'],
  ['TLS asked of a server without it', new Error('The server does not support SSL connections'), 'tls-not-supported'],
  ['TLS that breaks off', new Error('There was an error establishing an SSL connection'), 'tls-failed'],
  ['a connection that takes too long', new Error('timeout expired'), 'timeout'],
  ['a connection that is cut', new Error('Connection terminated unexpectedly'), 'connection-ended'],
  ['no password', new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'), 'login-failed'],
  ['readings of an engine that say something else', new TypeError('the reading has no system'), 'reading-malformed'],
  ['anything else', new Error('hunter2'), 'unknown'],
  ['a code that is text from outside', coded('<script>alert(1)</script>'), 'unknown'],
  ['nothing', undefined, 'unknown'],
])('probeCode() says in one word why a node cannot be asked: %s', (_name, error, code) => {
  expect(probeCode(error)).toBe(code);
});

it('NoPrimaryError says who was where, and names the databases when there are several', () => {
  const nodes = [
    { node: 'us/0', state: 'unreachable', timeline: 0, code: 'tls-not-supported' },
    { node: 'us/1', state: 'candidate', timeline: 1, system: '7' },
  ] as const;
  expect(new NoPrimaryError('no-primary', 'timed-out', undefined, nodes).message).toBe(
    'no primary can take a write (no-primary; waited for one): us/0 unreachable tls-not-supported, us/1 candidate',
  );
  const subscriber = { node: 'eu/0', state: 'candidate', timeline: 1, system: '8' } as const;
  expect(new NoPrimaryError('foreign-system', 'full', undefined, [nodes[1], subscriber]).message).toBe(
    'no primary can take a write (foreign-system; too many wait for one): us/1 candidate system 7, eu/0 candidate system 8',
  );
  const many = Array.from({ length: 30 }, () => nodes[1]);
  expect(new NoPrimaryError('no-primary', 'full', undefined, many).message.length).toBeLessThan(300);
});
