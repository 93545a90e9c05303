import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ask, type RunningServer, startServer, twoFreePorts, until } from 'example-support';
import { afterEach, describe, expect, it } from 'vitest';

const running: RunningServer[] = [];

async function start(name: string, port: number, environment: Record<string, string> = {}): Promise<RunningServer> {
  const server = startServer(new URL(`../src/${name}.ts`, import.meta.url), `http://127.0.0.1:${port}`, {
    ...environment,
    PORT: String(port),
  });
  running.push(server);
  await server.ready('/', 'any');
  return server;
}

describe('each package alone', { timeout: 120_000 }, () => {
  afterEach(async () => {
    await Promise.all(running.splice(0).map((server) => server.end('SIGKILL')));
  });

  it('affinity leads a browser home to its region, once', async () => {
    const [usPort, euPort] = await twoFreePorts();
    const origins = { US_ORIGIN: `http://127.0.0.1:${usPort}`, EU_ORIGIN: `http://127.0.0.1:${euPort}` };
    const us = await start('affinity', usPort, { ...origins, REGION: 'us-east-1' });
    const browser = { host: 'app.localhost', accept: 'text/html', 'sec-fetch-mode': 'navigate' };

    const first = await ask(us.origin, { headers: browser });
    expect(first.text).toBe('hello from us-east-1\n');
    expect(first.headers['set-cookie']).toEqual([expect.stringMatching(/^region=us-east-1;/)]);

    const led = await ask(`${us.origin}/page`, { headers: { ...browser, cookie: 'region=eu-west-1' } });
    expect(led.status).toBe(307);
    expect(led.headers.location).toBe(`${origins.EU_ORIGIN}/page`);
    const hop = led.headers['set-cookie']?.[0]?.split(';')[0];
    const back = await ask(`${us.origin}/page`, { headers: { ...browser, cookie: `region=eu-west-1; ${hop}` } });
    expect(back.text).toBe('hello from us-east-1\n');
  });

  it('session signs a token, and knows who brings it', async () => {
    const [port] = await twoFreePorts();
    const { origin } = await start('session', port);
    const { text: token } = await ask(`${origin}/sign-in`, { method: 'POST' });

    const known = await ask(origin, { headers: { authorization: `Bearer ${token}` } });
    expect(known.text).toBe('hello alice\n');
    const nobody = await ask(origin);
    expect(nobody.status).toBe(401);
    expect(nobody.headers['www-authenticate']).toBe('Bearer realm="api"');
    // Not the end of it: one signature of 256 ends as any other two characters do.
    const at = token.lastIndexOf('.') + 1;
    const other = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
    const tampered = await ask(origin, { headers: { authorization: `Bearer ${other}` } });
    expect(tampered.status).toBe(401);
  });

  it('health says what the region can do by what it depends on, and drains', async () => {
    const upstream = createServer((request, response) => response.writeHead(request.url === '/ill' ? 500 : 200).end());
    upstream.listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    const [wellPort, illPort] = await twoFreePorts();
    const [well, ill] = await Promise.all([
      start('health', wellPort, { UPSTREAM_URL: `${url}/well`, NOT_READY_FOR_MS: '100' }),
      start('health', illPort, { UPSTREAM_URL: `${url}/ill` }),
    ]);

    await until(
      () => ask(`${well.origin}/health`),
      ({ status }) => status === 200,
    );
    const readyz = await until(
      () => ask(`${ill.origin}/readyz`),
      ({ status }) => status === 200,
    );
    expect(readyz.status).toBe(200);
    expect((await ask(`${ill.origin}/health`)).status).toBe(503);
    expect((await ask(`${ill.origin}/livez`)).status).toBe(200);
    expect((await ask(ill.origin)).text).toBe('hello\n');

    expect(await well.end('SIGTERM')).toBe(0);
    upstream.close();
  });
});
