import type { RequestListener } from 'node:http';
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { doctor, findings, found } from '../plant.ts';
import { dnsServer } from './dns-server.ts';
import { endless, makeCertificate, pass, webServer } from './web-server.ts';

const twoOrigins = async (us: RequestListener, eu: RequestListener = pass) => ({
  us: { origin: await webServer(us) },
  eu: { origin: await webServer(eu) },
});

describe('regionkit doctor and the health path', () => {
  it('finds nothing where two regions answer', async () => {
    const ran = await doctor({ regions: await twoOrigins(pass) });
    expect(found(ran)).toEqual([]);
    expect(ran.exit).toBe(0);
  });

  const cases: readonly (readonly [fault: string, handler: RequestListener, found: string, evidence: RegExp])[] = [
    [
      'a redirect',
      (_request, response) => void response.writeHead(301, { location: 'https://127.0.0.1/health' }).end(),
      'fault health-path us',
      /^\/health of us redirects \(301\)/,
    ],
    [
      'an answer after 3 s',
      (_request, response) => void setTimeout(() => response.end('ok'), 3_000),
      'fault health-path us',
      /^\/health of us answered after [34](\.\d)? s; checkers wait 2 s\.$/,
    ],
    [
      'a long body',
      (_request, response) => void response.end('x'.repeat(6_000)),
      'warning health-path us',
      /^\/health of us answers with more than 5,120 bytes/,
    ],
    [
      'an endless body',
      (_request, response) => endless(response),
      'warning health-path us',
      /^\/health of us answers with more than 5,120 bytes/,
    ],
    [
      'a region that is out',
      (_request, response) => void response.writeHead(503).end(),
      'fault health-path us',
      /^\/health of us answers 503: DNS sends no clients there\.$/,
    ],
    [
      'a path that does not exist',
      (_request, response) => void response.writeHead(404).end(),
      'fault health-path us',
      /answers 404/,
    ],
    [
      'a clock an hour behind',
      (_request, response) => void response.setHeader('date', new Date(Date.now() - 3_600_000).toUTCString()).end('ok'),
      'fault clock-offset us',
      /^The clock of us is 60 min behind the clock of this machine\.$/,
    ],
  ];
  for (const [fault, handler, expected, evidence] of cases) {
    it(`finds ${fault}, and nothing else`, async () => {
      const ran = await doctor({ regions: await twoOrigins(handler) });
      expect(found(ran)).toEqual([expected]);
      expect(findings(ran)[0]?.evidence).toMatch(evidence);
    });
  }

  it('does not believe a server that answers no HTTP', async () => {
    const server = createServer((socket) => socket.on('error', () => {}).end('\u0000\u001b[2J\r\n\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const ran = await doctor({ regions: { us: { origin: `http://127.0.0.1:${port}` } } });
    expect(found(ran)).toEqual(['unknown health-path us']);
    expect(ran.exit).toBe(3);
  });

  it('finds that nobody listens', async () => {
    const ran = await doctor({ regions: { us: { origin: 'http://127.0.0.1:1' } } });
    expect(found(ran)).toEqual(['unknown health-path us']);
    expect(ran.exit).toBe(3);
  });

  it('finds a check on the global name', async () => {
    const origin = (await webServer(pass)).replace('127.0.0.1', 'localhost');
    const dns = await dnsServer({ localhost: { address: '127.0.0.1', ttl: 60 } });
    const ran = await doctor({ regions: { us: { origin } }, hosts: ['localhost'], front: { dnsServers: [dns] } });
    expect(found(ran)).toEqual(['fault health-path us']);
    expect(findings(ran)[0]?.evidence).toBe(
      '/health of us is asked by the global name localhost: any region may answer.',
    );
  });
});

describe('regionkit doctor and certificates', () => {
  const app = async (names: readonly string[], days: number, trusted = true) => {
    const certificate = makeCertificate(names, days);
    const dns = await dnsServer({ 'app.example.com': { address: '127.0.0.1', ttl: 60 } });
    return {
      regions: { eu: { origin: await webServer(pass, certificate) } },
      hosts: ['app.example.com'],
      front: { dnsServers: [dns] },
      ...(trusted && { caFile: certificate.certFile }),
    };
  };

  it('finds nothing in one for both names', async () => {
    expect(found(await doctor(await app(['localhost', 'app.example.com'], 90)))).toEqual([]);
  });

  it('finds one that ends in five days', async () => {
    const ran = await doctor(await app(['localhost', 'app.example.com'], 5));
    expect(found(ran)).toEqual(['warning tls-certificates eu', 'warning tls-certificates eu']);
    expect(findings(ran)[0]?.evidence).toBe('The certificate of eu for localhost ends in 5 d.');
  });

  it('finds one without the global name, which no health check sees', async () => {
    const ran = await doctor(await app(['localhost'], 90));
    expect(found(ran)).toEqual(['fault tls-certificates eu']);
    expect(findings(ran)[0]?.evidence).toBe('The certificate of eu for app.example.com is for other names.');
  });

  it('finds one that no client trusts', async () => {
    const ran = await doctor(await app(['localhost', 'app.example.com'], 90, false));
    expect(found(ran)).toEqual(['fault tls-certificates eu', 'fault tls-certificates eu']);
    expect(findings(ran)[0]?.evidence).toBe('The certificate of eu for localhost is self-signed.');
  });
});

describe('regionkit doctor and DNS', () => {
  const config = async (zone: Parameters<typeof dnsServer>[0], front = {}) => ({
    regions: { us: {}, eu: {} },
    hosts: ['app.example.com'],
    front: { ...front, dnsServers: [await dnsServer(zone)] },
  });

  it('says how long clients go on asking for a lost region', async () => {
    const ran = await doctor(await config({ 'app.example.com': { address: '192.0.2.1', ttl: 30 } }));
    expect(found(ran)).toEqual([]);
    expect(ran.records.at(-1)).toMatchObject({
      summary: expect.stringContaining(
        'DNS moves clients away from a lost region within 150 s: 3 checks, one every 30 s, then a TTL of 60 s.',
      ),
    });
  });

  it('finds a host that does not exist', async () => {
    const ran = await doctor(await config({}));
    expect(found(ran)).toEqual(['fault dns-names fleet']);
    expect(findings(ran)[0]?.evidence).toBe('app.example.com has no IPv4 address.');
  });

  it('finds a host without an IPv4 address', async () => {
    expect(found(await doctor(await config({ 'app.example.com': null })))).toEqual(['fault dns-names fleet']);
  });

  it('finds a TTL of an hour, and what it does to a failover', async () => {
    const ran = await doctor(await config({ 'app.example.com': { address: '192.0.2.1', ttl: 3_600 } }));
    expect(found(ran)).toEqual(['warning dns-ttl fleet', 'warning failover-time fleet']);
    expect(findings(ran)[1]?.evidence).toBe(
      'Clients leave a lost region after 3690 s: 3 checks, one every 30 s, then a TTL of 3600 s; the objective is 300 s.',
    );
  });

  it('says that DNS does not answer', async () => {
    const ran = await doctor({
      regions: { us: {} },
      hosts: ['app.example.com'],
      front: { dnsServers: ['127.0.0.1:1'] },
    });
    expect(found(ran)).toEqual(['unknown dns-names fleet']);
    expect(ran.exit).toBe(3);
  });
});

describe('regionkit doctor and Patroni', () => {
  const patroni =
    (body: string, status = 200): RequestListener =>
    (request, response) =>
      void response.writeHead(request.url === '/config' ? status : 404).end(body);
  const ask = async (handler: RequestListener) => doctor({ regions: { us: { patroni: await webServer(handler) } } });

  it('finds nothing where nothing is rewound', async () => {
    expect(found(await ask(patroni('{"ttl":30,"postgresql":{"use_pg_rewind":false}}')))).toEqual([]);
  });

  it('finds what destroys the last writes of an old primary', async () => {
    const ran = await ask(
      patroni('{"postgresql":{"use_pg_rewind":"on","remove_data_directory_on_diverged_timelines":true}}'),
    );
    expect(found(ran)).toEqual(['warning manager-rewinds us']);
    expect(findings(ran)[0]?.evidence).toBe(
      'Patroni of us has use_pg_rewind and remove_data_directory_on_diverged_timelines on.',
    );
  });

  it('finds two regions that have one agent', async () => {
    const one = await webServer(patroni('{}'));
    const ran = await doctor({ regions: { us: { patroni: one }, eu: { patroni: one } } });
    expect(found(ran)).toEqual(['fault plan-control-plane eu']);
    expect(findings(ran)[0]?.evidence).toMatch(/^us and eu have one Patroni REST API/);
  });

  for (const [what, handler] of [
    ['no JSON', patroni('<html>')],
    ['a list', patroni('[]')],
    ['null', patroni('{"postgresql":7}')],
    ['slots that are no list', patroni('{"ignore_slots":{"name":"a"}}')],
    ['a slot that is no text', patroni('{"ignore_slots":[{"name":[]}]}')],
    ['an option that is no boolean', patroni('{"postgresql":{"use_pg_rewind":{"toString":7,"valueOf":7}}}')],
    ['another status', patroni('{}', 503)],
  ] as const) {
    it(`says that ${what} is not known`, async () => {
      expect(found(await ask(handler))).toEqual(['unknown manager-rewinds us']);
    });
  }
});
