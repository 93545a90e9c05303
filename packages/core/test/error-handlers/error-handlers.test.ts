import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Controller, Get, Module } from '@nestjs/common';
import { HttpAdapterHost, NestFactory } from '@nestjs/core';
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { describe, expect, test } from 'vitest';
import { RegionKitError } from '../../src/index.ts';
import { expressHandler, fastifyHandler, honoHandler, koaHandler, RegionKitFilter } from './recipes.ts';

const hidden = new RegionKitError('ERR_NOT_PRIMARY_REGION', 'internals: pg-us:5432', {
  status: 503,
  headers: { 'Retry-After': '7', 'X-Region-Hint': 'us-east-1' },
});
/** As an ORM throws it. */
const wrapped = new Error('insert into orders failed', { cause: hidden });
const shown = new RegionKitError('ERR_SESSION_ROLE', 'the session lacks a role', { status: 403 });
const own = new Error('of the app: hunter2');
const ERRORS: Readonly<Record<string, Error>> = {
  '/hidden': hidden,
  '/wrapped': wrapped,
  '/shown': shown,
  '/own': own,
};
const fail = (path: string): never => {
  throw ERRORS[path] as Error;
};

interface Running {
  readonly server: http.Server;
  close?(): Promise<unknown>;
}

async function nest(): Promise<Running> {
  class Paths {}
  for (const path of Object.keys(ERRORS)) {
    Object.defineProperty(Paths.prototype, path, { value: () => fail(path), writable: true });
    Get(path)(Paths.prototype, path, Object.getOwnPropertyDescriptor(Paths.prototype, path) as PropertyDescriptor);
  }
  Controller()(Paths);
  class App {}
  Module({ controllers: [Paths] })(App);
  const app = await NestFactory.create(App, { logger: false });
  app.useGlobalFilters(new RegionKitFilter(app.get(HttpAdapterHost).httpAdapter));
  await app.init();
  return { server: app.getHttpServer(), close: () => app.close() };
}

const apps: readonly (readonly [name: string, start: () => Promise<Running>])[] = [
  [
    'Express',
    async () => {
      const app = express().set('env', 'test');
      app.use((request) => fail(request.path));
      app.use(expressHandler);
      return { server: http.createServer(app) };
    },
  ],
  [
    'Koa',
    async () => {
      const app = new Koa().use(koaHandler).use((context) => fail(context.path));
      app.silent = true;
      return { server: http.createServer(app.callback()) };
    },
  ],
  [
    'Fastify',
    async () => {
      const app = Fastify();
      app.setErrorHandler(fastifyHandler);
      app.get('/*', async (request) => fail(request.url));
      await app.ready();
      return { server: app.server };
    },
  ],
  [
    'Hono',
    async () => {
      const app = new Hono().all('*', (context) => fail(context.req.path));
      app.onError((error, context) => (error === own ? context.text('no', 500) : honoHandler(error, context)));
      return { server: createAdaptorServer({ fetch: app.fetch }) as http.Server };
    },
  ],
  ['Nest', nest],
];

describe.each(apps)("%s with an error handler of the app's own", (_name, start) => {
  const get = async (path: string): Promise<{ status: number; headers: Headers; body: string }> => {
    const { server, close } = await start();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
    const body = await response.text();
    await (close?.() ?? new Promise((resolve) => server.close(resolve)));
    return { status: response.status, headers: response.headers, body };
  };

  test.each(['/hidden', '/wrapped'])('keeps the fields of a refusal and shows no internals (%s)', async (path) => {
    const { status, headers, body } = await get(path);
    expect(status).toBe(503);
    expect([headers.get('retry-after'), headers.get('x-region-hint'), headers.get('cache-control')]).toEqual([
      '7',
      'us-east-1',
      'no-store',
    ]);
    expect(JSON.parse(body)).toEqual({ type: 'about:blank', status: 503, code: 'ERR_NOT_PRIMARY_REGION' });
  });

  test('shows the message of what may be shown', async () => {
    const { status, body } = await get('/shown');
    expect([status, JSON.parse(body).detail]).toEqual([403, 'the session lacks a role']);
  });

  test("leaves the app's own errors to what was there before", async () => {
    expect((await get('/own')).status).toBe(500);
  });
});

test('docs/errors.md has these very recipes', () => {
  const page = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
  const recipes = readFileSync(new URL('./recipes.ts', import.meta.url), 'utf8');
  const steps = recipes.split('\n').filter((line) => /\bknown\b|detail: message/.test(line));
  expect(steps.length).toBeGreaterThanOrEqual(18);
  for (const step of steps) expect(page).toContain(step.trim().replace(' as 503', ''));
});
