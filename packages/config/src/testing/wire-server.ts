import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFaults, type FaultKind, type Faults } from './fault.ts';
import { type Input, type Operation, WireError } from './wire-error.ts';

/** One received request. */
export interface Call {
  readonly service: 'secretsmanager' | 'ssm';
  readonly operation: string;
  /** The parsed body. */
  readonly input: Input;
}

/** One region's endpoint. Both services use the AWS JSON 1.1 protocol; `X-Amz-Target` tells them apart. */
export interface WireServer {
  readonly url: string;
  readonly faults: Faults;
  readonly calls: Call[];
  /** The offset of the region's clock, in milliseconds. */
  skewMs: number;
  close(): Promise<void>;
}

export interface WireServerOptions {
  readonly region: string;
  readonly services: Readonly<Record<'secretsmanager' | 'AmazonSSM', Readonly<Record<string, Operation>>>>;
}

const MAX_BODY_BYTES = 1_048_576;
/** The largest difference between a signature's date and the server's clock. */
const MAX_SKEW_MS = 300_000;
const TYPE = 'application/x-amz-json-1.1';

export async function startWireServer({ region, services }: WireServerOptions): Promise<WireServer> {
  const faults = createFaults();
  const calls: Call[] = [];
  const running = { skewMs: 0 };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const serverNow = Date.now() + running.skewMs;
    response.setHeader('date', new Date(serverNow).toUTCString());
    const body = await readBody(request);
    const [service = '', operation = ''] = String(request.headers['x-amz-target'] ?? '').split('.');
    const known = service === 'secretsmanager' || service === 'AmazonSSM' ? services[service] : undefined;
    const run = known !== undefined && Object.hasOwn(known, operation) ? known[operation] : undefined;
    try {
      if (run === undefined) throw new WireError('UnknownOperationException', 'There is no such operation here.');
      const input = JSON.parse(body) as Input;
      calls.push({ service: service === 'AmazonSSM' ? 'ssm' : 'secretsmanager', operation, input });
      checkSignature(request, region, serverNow);
      const fault = faults.hit(operation, body);
      if (fault === undefined) answer(response, 200, run(input));
      else misbehave(fault, response, () => run(input));
    } catch (error) {
      const { type, status, message } =
        error instanceof WireError ? error : new WireError('InternalServiceError', 'Something broke.', 500);
      response.setHeader('x-amzn-errortype', type);
      answer(response, status, { __type: type, message, Message: message });
    }
  };

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  server.unref();
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    faults,
    calls,
    get skewMs() {
      return running.skewMs;
    },
    set skewMs(byMs) {
      running.skewMs = byMs;
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new RangeError('the request is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** As at AWS, a request must be signed for this region and with a clock close to the region's. */
function checkSignature(request: IncomingMessage, region: string, serverNow: number): void {
  const scope = /Credential=[^/]+\/\d{8}\/(?<region>[^/]+)\//.exec(request.headers.authorization ?? '')?.groups;
  if (scope === undefined) throw new WireError('MissingAuthenticationToken', 'The request is not signed.');
  if (scope['region'] !== region) {
    throw new WireError('InvalidSignatureException', `Credential should be scoped to a valid region: ${region}.`);
  }
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(request.headers['x-amz-date'])) ?? [];
  const signedAt = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (serverNow - signedAt > MAX_SKEW_MS) throw new WireError('InvalidSignatureException', 'Signature expired.');
  if (signedAt - serverNow > MAX_SKEW_MS) {
    throw new WireError('InvalidSignatureException', 'Signature not yet current.');
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': TYPE });
  response.end(JSON.stringify(body));
}

function misbehave(fault: FaultKind, response: ServerResponse, run: () => unknown): void {
  switch (fault) {
    case 'hang':
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'error':
      throw new WireError('InternalServiceError', 'An error occurred on the server side.', 500);
    case 'throttle':
      throw new WireError('ThrottlingException', 'Rate exceeded');
    case 'denied':
      throw new WireError('AccessDeniedException', 'The caller is not authorized to perform this operation.');
    case 'undecryptable':
      throw new WireError('DecryptionFailure', 'The protected secret text cannot be decrypted.');
    case 'expired-token':
      throw new WireError('ExpiredTokenException', 'The security token included in the request is expired');
    case 'redirect':
      response.writeHead(307, { location: 'http://127.0.0.1:9/' });
      response.end();
      return;
    case 'truncate': {
      const body = JSON.stringify(run());
      response.writeHead(200, { 'content-type': TYPE });
      response.end(body.slice(0, Math.floor(body.length / 2)));
      return;
    }
    case 'drip':
    case 'flood': {
      response.writeHead(200, { 'content-type': TYPE });
      const piece = fault === 'drip' ? ' ' : ' '.repeat(65_536);
      const timer = setInterval(
        () => {
          // Wait for a slow client, so that it does not fill our memory.
          if (!response.writableNeedDrain) response.write(piece);
        },
        fault === 'drip' ? 20 : 1,
      );
      timer.unref();
      response.on('close', () => clearInterval(timer));
    }
  }
}
