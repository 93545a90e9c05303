import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { rawRequest } from '../../src/index.ts';

const node = new IncomingMessage(new Socket());
node.httpVersion = '1.1';
const web = new Request('https://app.example.com/');

// The real frameworks are in the conformance suite.
test.each([
  ['a Node request', node, node],
  ['a fetch request', web, web],
  ["Koa's context", { req: node, request: { req: node } }, node],
  ["Koa's request", { req: node }, node],
  ["Fastify's request", { raw: node }, node],
  ["Hono's context", { req: { raw: web } }, web],
  ["Hono's context on Node", { env: { incoming: node, outgoing: {} }, req: { raw: web } }, node],
  ["Hono's request", { raw: web }, web],
])('rawRequest() finds the request in %s', (_what, given, raw) => {
  expect(rawRequest(given)).toBe(raw);
});

test.each([undefined, null, 7, 'x', {}, [], () => {}, { req: null }, { raw: 7 }, { req: { raw: {} } }, { env: null }])(
  'rawRequest() finds none in %j',
  (given) => {
    expect(rawRequest(given)).toBeUndefined();
  },
);
