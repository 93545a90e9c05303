import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** What a function answers in the format of payload 2.0. */
interface Result {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

export interface HttpApi {
  readonly origin: string;
  /** What the container wrote, for a test that failed. */
  readonly output: string;
  close(): Promise<void>;
}

/**
 * An HTTP API with one function behind it, as AWS runs it: the container is frozen (SIGSTOP) whenever no request is under
 * way. It differs in one thing: requests at the same time share the container, where Lambda starts another.
 */
export async function startHttpApi(
  origin: string,
  environment: NodeJS.ProcessEnv,
  handler = '../src/handler.ts',
): Promise<HttpApi> {
  const container = fork(fileURLToPath(new URL('container.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx', '-C', '@regionkit/source'],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      AWS_LAMBDA_FUNCTION_NAME: 'notes',
      HANDLER: handler,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [container.stdout, container.stderr]) stream?.on('data', (chunk) => (output += chunk));
  await once(container, 'message');
  container.kill('SIGSTOP');
  const invoke = createInvoker(container);

  const server = createServer(async (request, response) => {
    const { statusCode, headers = {}, cookies = [], body = '', isBase64Encoded } = await invoke(await eventOf(request));
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (cookies.length > 0) response.setHeader('set-cookie', cookies);
    response.writeHead(statusCode).end(Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'));
  });
  server.listen(Number(new URL(origin).port), '127.0.0.1');
  await once(server, 'listening');
  return {
    origin,
    get output() {
      return output;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      container.kill('SIGKILL');
      if (container.exitCode === null && container.signalCode === null) await once(container, 'exit');
    },
  };
}

/** Thaws the container for a request, and freezes it again after the last answer. */
function createInvoker(container: ChildProcess): (event: object) => Promise<Result> {
  const waiting = new Map<number, (result: Result) => void>();
  let last = 0;
  container.on('message', ({ id, result }: { id: number; result: Result }) => {
    waiting.get(id)?.(result);
    waiting.delete(id);
    if (waiting.size === 0) container.kill('SIGSTOP');
  });
  return (event) =>
    new Promise((resolve) => {
      last += 1;
      waiting.set(last, resolve);
      container.kill('SIGCONT');
      container.send({ id: last, event });
    });
}

/** A request as an HTTP API passes it on, in the format of payload 2.0. */
async function eventOf(request: IncomingMessage): Promise<object> {
  const { method = 'GET', url = '/', headers } = request;
  const [rawPath = '/', rawQueryString = ''] = url.split('?');
  const { cookie, ...others } = headers;
  const body = await text(request);
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    ...(cookie !== undefined && { cookies: cookie.split('; ') }),
    headers: Object.fromEntries(Object.entries(others).map(([name, value]) => [name, String(value)])),
    requestContext: {
      accountId: '123456789012',
      apiId: 'a1b2c3d4e5',
      authentication: null,
      authorizer: {},
      domainName: headers.host,
      domainPrefix: 'a1b2c3d4e5',
      http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '192.0.2.7', userAgent: headers['user-agent'] },
      requestId: 'JKJaXmPLvHcESHA=',
      routeKey: '$default',
      stage: '$default',
      time: '30/Nov/2026:12:00:00 +0000',
      timeEpoch: 1_796_040_000_000,
    },
    ...(body !== '' && { body }),
    isBase64Encoded: false,
  };
}
