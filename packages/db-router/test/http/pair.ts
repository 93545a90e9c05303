import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach } from 'vitest';
import { createWriteGate, type ForwardError, type WriteGate, type WriteGateOptions } from '../../src/http/index.ts';
import { listen, type Name, type Running, regionsOf, SECRET, type StubRouter, stubRouter } from './helpers.ts';

export type Options = Partial<Omit<WriteGateOptions<Name>, 'router' | 'forward'>> & {
  readonly forward?: Partial<NonNullable<WriteGateOptions<Name>['forward']>>;
};

/** Two regions on this machine: the primary's runs `app`; the other forwards to it. */
export interface Pair {
  readonly us: Running;
  readonly eu: Running;
  readonly usRouter: StubRouter;
  readonly euRouter: StubRouter;
  readonly usGate: WriteGate;
  readonly euGate: WriteGate;
  /** Every forward of `eu` that failed. */
  readonly failures: ForwardError[];
}

const closing: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** Closed when the test ends. */
export async function started(server: Promise<Running>): Promise<Running> {
  const running = await server;
  closing.push(() => running.close());
  return running;
}

/** A gate of `self`, closed when the test ends. */
export function gateOf(
  self: Name,
  origins: Readonly<Record<Name, string>>,
  options: Options = {},
): { gate: WriteGate; router: StubRouter; failures: ForwardError[] } {
  const router = stubRouter(self);
  router.regions = regionsOf(self, origins);
  const gate = createWriteGate({ ...options, router, forward: { secret: SECRET, ...options.forward } });
  const failures: ForwardError[] = [];
  gate.on('forward-failed', ({ error }) => failures.push(error));
  closing.push(() => gate.close());
  return { gate, router, failures };
}

export async function pair(
  app: (request: IncomingMessage, response: ServerResponse, gate: WriteGate) => void,
  options: Options = {},
): Promise<Pair> {
  const [us, eu] = await Promise.all([started(listen(createServer())), started(listen(createServer()))]);
  const origins = { 'us-east-1': us.origin, 'eu-west-1': eu.origin };
  const primary = gateOf('us-east-1', origins, options);
  const edge = gateOf('eu-west-1', origins, options);
  us.server.on(
    'request',
    primary.gate.node((request, response) => app(request as never, response as never, primary.gate)),
  );
  eu.server.on(
    'request',
    edge.gate.node((_request, response) => response.end('served in eu')),
  );
  return {
    us,
    eu,
    usRouter: primary.router,
    euRouter: edge.router,
    usGate: primary.gate,
    euGate: edge.gate,
    failures: edge.failures,
  };
}

/** A region that is no gate of ours: its primary is whatever answers at `us`. */
export async function edgeOf(
  us: string,
  options: Options = {},
): Promise<Pick<Pair, 'eu' | 'euGate' | 'euRouter' | 'failures'>> {
  const eu = await started(listen(createServer()));
  const { gate, router, failures } = gateOf('eu-west-1', { 'us-east-1': us, 'eu-west-1': eu.origin }, options);
  eu.server.on(
    'request',
    gate.node((_request, response) => response.end('served in eu')),
  );
  return { eu, euGate: gate, euRouter: router, failures };
}

/** The whole body of a message. */
export function bodyOf(message: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => resolve(Buffer.concat(chunks)));
    message.on('error', reject);
  });
}
