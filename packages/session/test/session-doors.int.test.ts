import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  bearer,
  cookie,
  createSessionVerifier,
  type SessionVerifier,
  type SessionVerifierOptions,
} from '../src/index.ts';
import { hosts, ORIGIN, type Running } from './hosts.ts';
import { AUDIENCE, claims, craft, ISSUER, jwks } from './support.ts';

const nowSeconds = Math.floor(Date.now() / 1_000);
const token = (changes: Record<string, unknown> = {}): string =>
  craft(claims({ iat: nowSeconds - 60, exp: nowSeconds + 3_600, ...changes }));
const reader = token();
const admin = token({ sub: 'root', roles: ['admin', 'reader'] });
const expired = token({ iat: nowSeconds - 7_200, exp: nowSeconds - 3_600 });
const unlucky = token({ sub: 'unlucky' });

const PREFLIGHT = [`Origin: ${ORIGIN}`, 'Access-Control-Request-Method: GET'];

function verifier(more: Partial<SessionVerifierOptions<never>> = {}): SessionVerifier<never> {
  return createSessionVerifier<never>({
    keys: jwks,
    algorithms: ['RS256'],
    issuer: ISSUER,
    audience: AUDIENCE,
    from: [bearer(), cookie('__Secure-session')],
    isRevoked: async ({ sub }) => {
      if (sub === 'unlucky') throw new Error('the store is down');
      return false;
    },
    ...more,
  });
}

interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
  readonly bytes: string;
}

/** One request and its answer, byte for byte. */
function ask(port: number, method: string, path: string, fields: readonly string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('end', () => {
      const bytes = Buffer.concat(chunks).toString('latin1');
      const [head = '', ...rest] = bytes.split('\r\n\r\n');
      const [statusLine = '', ...lines] = head.split('\r\n');
      const headers = new Map<string, string[]>();
      for (const line of lines) {
        const name = line.slice(0, line.indexOf(':')).toLowerCase();
        headers.set(name, [...(headers.get(name) ?? []), line.slice(line.indexOf(':') + 1).trim()]);
      }
      resolve({ status: Number(statusLine.split(' ')[1]), headers, body: rest.join('\r\n\r\n'), bytes });
    });
    const lines = [`${method} ${path} HTTP/1.1`, 'Host: app.example.com', 'Connection: close', ...fields, '', ''];
    socket.write(Buffer.from(lines.join('\r\n'), 'latin1'));
  });
}

const problem = (status: number, code: string, detail: string): string =>
  JSON.stringify({ type: 'about:blank', status, code, detail });
const REFUSALS = [
  {
    name: 'no token',
    fields: [],
    status: 401,
    challenge: 'Bearer realm="api"',
    body: problem(401, 'ERR_SESSION_MISSING', 'this needs a session'),
  },
  {
    name: 'another scheme',
    fields: ['Authorization: Basic YTpi'],
    status: 401,
    challenge: 'Bearer realm="api"',
    body: problem(401, 'ERR_SESSION_MISSING', 'this needs a session'),
  },
  {
    name: 'a bad token',
    fields: [`Authorization: Bearer ${reader.slice(0, -8)}AAAAAAAA`],
    status: 401,
    challenge: 'Bearer realm="api", error="invalid_token", error_description="the session token is not valid"',
    body: problem(401, 'ERR_SESSION_INVALID', 'the session token is not valid'),
  },
  {
    name: 'hostile bytes instead of a token',
    fields: ['Authorization: Bearer evil"\\, error="x\x80\xff<script>'],
    status: 400,
    challenge:
      'Bearer realm="api", error="invalid_request", error_description="the request carries more than one session token"',
    body: problem(400, 'ERR_SESSION_AMBIGUOUS', 'the request carries more than one session token'),
  },
  {
    name: 'hostile bytes in a cookie',
    fields: ['Cookie: __Secure-session=evil"<script>\x80\xff'],
    status: 401,
    challenge: 'Bearer realm="api", error="invalid_token", error_description="the session token is not valid"',
    body: problem(401, 'ERR_SESSION_INVALID', 'the session token is not valid'),
  },
  {
    name: 'an expired token',
    fields: [`Authorization: Bearer ${expired}`],
    status: 401,
    challenge: 'Bearer realm="api", error="invalid_token", error_description="the session token has expired"',
    body: problem(401, 'ERR_SESSION_INVALID', 'the session token has expired'),
  },
  {
    name: 'a session without the role',
    fields: [`Cookie: __Secure-session=${reader}`],
    status: 403,
    challenge:
      'Bearer realm="api", error="insufficient_scope", error_description="the session lacks a role that this needs"',
    body: problem(403, 'ERR_SESSION_ROLE', 'the session lacks a role that this needs'),
  },
  ...[
    [
      'a token in the header and in the cookie',
      [`Authorization: Bearer ${admin}`, `Cookie: __Secure-session=${reader}`],
    ],
    ['two Authorization fields', [`Authorization: Bearer ${admin}`, `Authorization: Bearer ${reader}`]],
    ['two credentials in one field', [`Authorization: Bearer ${admin}, Bearer ${reader}`]],
    ['two cookies of the name', [`Cookie: __Secure-session=${admin}; __Secure-session=${reader}`]],
  ].map(([name, fields]) => ({
    name: name as string,
    fields: fields as string[],
    status: 400,
    challenge:
      'Bearer realm="api", error="invalid_request", error_description="the request carries more than one session token"',
    body: problem(400, 'ERR_SESSION_AMBIGUOUS', 'the request carries more than one session token'),
  })),
  {
    name: 'a revocation store that is down',
    fields: [`Authorization: Bearer ${unlucky}`],
    status: 503,
    challenge: undefined,
    body: problem(503, 'ERR_SESSION_UNAVAILABLE', 'sessions cannot be verified right now'),
  },
] as const;

describe.each(hosts)('on $name', (host) => {
  const sessions = verifier();
  const start = (of: SessionVerifier<never>): Promise<Running> =>
    host.start({ sessions: of, open: of.optional(), any: of.require(), admin: of.require('admin') });
  let running: Running;
  beforeAll(async () => {
    running = await start(sessions);
  });
  afterAll(async () => {
    await running.close();
    await sessions.close();
  });
  const get = (path: string, ...fields: string[]): Promise<Answer> => ask(running.port, 'GET', path, fields);

  it.each([
    [`Authorization: Bearer ${admin}`, `Cookie: __Secure-session=${admin}`],
    [`Authorization: Bearer ${admin}`, `Authorization: Bearer ${admin}`],
    [`Authorization: Bearer ${admin}, Bearer ${admin}`],
    [`Cookie: __Secure-session=${admin}; __Secure-session=${admin}`],
  ])('takes the same token twice for one', async (...fields) => {
    const answer = await get('/admin', ...fields);
    expect([answer.status, answer.body.includes('root')]).toEqual([200, true]);
  });

  it.each(REFUSALS)('$name: $status, to the byte', async ({ fields, status, challenge, body }) => {
    const answer = await get('/admin', ...fields);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('www-authenticate')).toEqual(challenge === undefined ? undefined : [challenge]);
    expect(answer.headers.get('retry-after')).toEqual(status === 503 ? ['1'] : undefined);
    expect(answer.headers.get('cache-control')).toEqual(['no-store']);
    expect(answer.headers.get('content-type')).toEqual(['application/problem+json']);
    expect(answer.headers.get('content-length')).toEqual([String(body.length)]);
    expect(answer.headers.get('set-cookie')).toBeUndefined();
    expect(answer.body).toBe(body);
    expect(answer.bytes).not.toMatch(/evil|<script|\\x80|eyJ|store is down|alice|unlucky/);
  });

  it('lets a session with the role in, from the header or the cookie', async () => {
    for (const field of [`Authorization: bearer  ${admin}`, `Cookie: a=b; __Secure-session=${admin}`]) {
      const answer = await get('/admin', field);
      expect([answer.status, answer.body.includes('root')]).toEqual([200, true]);
      expect(answer.headers.get('www-authenticate')).toBeUndefined();
    }
  });

  it('lets any session in where any will do', async () => {
    expect((await get('/any', `Authorization: Bearer ${reader}`)).body).toContain('alice');
    expect((await get('/any')).status).toBe(401);
  });

  it('ignores a token in the query', async () => {
    expect((await get(`/any?access_token=${reader}`)).status).toBe(401);
  });

  it('lets everybody in where a session is optional, as who they are', async () => {
    expect((await get('/open')).body).toContain('nobody');
    expect((await get('/open', 'Authorization: Bearer nonsense')).body).toContain('nobody');
    expect((await get('/open', `Authorization: Bearer ${unlucky}`)).body).toContain('nobody');
    expect((await get('/open', `Authorization: Bearer ${reader}`)).body).toContain('alice');
  });

  it('answers by the default error handler when a handler asks for a session that is not there', async () => {
    const missing = await get('/of');
    expect([missing.status, missing.headers.get('www-authenticate')]).toEqual([401, ['Bearer realm="api"']]);
    const bad = await get('/of', `Authorization: Bearer ${expired}`);
    expect([bad.status, bad.headers.get('www-authenticate')?.[0]]).toEqual([401, expect.stringContaining('expired')]);
    expect((await get('/of', `Authorization: Bearer ${unlucky}`)).status).toBe(503);
    expect((await get('/of', `Authorization: Bearer ${reader}`)).body).toContain('alice');
  });

  it('refuses OPTIONS with the two fields of a preflight, as any other request without a session', async () => {
    const answer = await ask(running.port, 'OPTIONS', '/admin', PREFLIGHT);
    expect([answer.status, answer.body]).toEqual([401, expect.not.stringContaining('preflight')]);
    expect((await get('/admin', ...PREFLIGHT)).status).toBe(401);
  });

  it("hands preflights to the handler with preflight: 'pass', and nothing that only looks like one", async () => {
    const open = verifier({ preflight: 'pass' });
    const host = await start(open);
    try {
      const options = (...fields: string[]) => ask(host.port, 'OPTIONS', '/admin', fields);
      expect((await options(...PREFLIGHT)).body).toContain('preflight');
      for (const field of PREFLIGHT) expect((await options(field)).status).toBe(401);
      expect((await ask(host.port, 'GET', '/admin', PREFLIGHT)).status).toBe(401);
    } finally {
      await host.close();
      await open.close();
    }
  });

  it('lets a script of another origin read the challenge, beside what the app exposes', async () => {
    const exposed = async (...fields: string[]): Promise<string> =>
      ((await get('/admin', ...fields)).headers.get('access-control-expose-headers') ?? []).join(', ').toLowerCase();
    const cross = await exposed(`Origin: ${ORIGIN}`);
    expect(cross).toContain('www-authenticate');
    if (host.cors) expect(cross).toContain('x-own');
    expect(await exposed(`Origin: ${ORIGIN}`, `Authorization: Bearer ${unlucky}`)).toContain('retry-after');
    expect(await exposed()).not.toContain('www-authenticate');
  });
});
