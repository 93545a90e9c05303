import http from 'node:http';
import https from 'node:https';

/**
 * How one look ended. A 2xx or a 3xx passes, and no redirect is followed.
 * - `refused`: no connection: nobody listens, or there is no such host.
 * - `connect-timeout`, `status-timeout`: not in time.
 * - `broken`: the connection ended, or what came was no HTTP, before there was a status.
 * - `bad-status`: any other.
 * - `no-match`: the search string did not come within the first 5,120 bytes, or not in time.
 */
export type LookReason =
  | 'passed'
  | 'refused'
  | 'connect-timeout'
  | 'status-timeout'
  | 'broken'
  | 'bad-status'
  | 'no-match';

/** How long each step of a look may take. */
export interface Allowances {
  readonly connectMs: number;
  /** From the connection to the status. */
  readonly statusMs: number;
  /** From the status to the search string. */
  readonly bodyMs: number;
}

export interface LookOptions {
  readonly allowances: Allowances;
  readonly searchString?: string | undefined;
  /** Ends the look; how it ended is of no interest then. */
  readonly signal: AbortSignal;
}

const BODY_BYTES = 5_120;
const HEADERS = { 'user-agent': 'Amazon-Route53-Health-Check-Service (simulated by @regionkit/lab)', accept: '*/*' };

/** One look at an endpoint, over a connection of its own. Never rejects, and keeps no process alive. */
export function look(url: URL, { allowances, searchString, signal }: LookOptions): Promise<LookReason> {
  return new Promise((resolve) => {
    // Route 53 checks no certificate.
    const tls = { rejectUnauthorized: false };
    const request =
      url.protocol === 'https:'
        ? https.request(url, { agent: false, headers: HEADERS, ...tls })
        : http.request(url, { agent: false, headers: HEADERS });
    let timer: NodeJS.Timeout | undefined;
    let step = 0;
    let connected = false;

    const finish = (reason: LookReason): void => {
      clearTimeout(timer);
      step += 1;
      signal.removeEventListener('abort', cancel);
      resolve(reason);
      request.destroy();
    };
    const cancel = (): void => finish('broken');
    const allow = (ms: number, orElse: LookReason): void => {
      clearTimeout(timer);
      step += 1;
      const current = step;
      const late = (): void => {
        if (step === current) finish(orElse);
      };
      // After a turn of the event loop: if this process was busy, what arrived in time has not been read yet.
      timer = setTimeout(() => setImmediate(late), ms).unref();
    };

    signal.addEventListener('abort', cancel);
    allow(allowances.connectMs, 'connect-timeout');
    request.on('socket', (socket) => {
      socket.unref();
      socket.once('connect', () => {
        connected = true;
        allow(allowances.statusMs, 'status-timeout');
      });
    });
    request.on('error', () => finish(connected ? 'broken' : 'refused'));
    request.on('response', (response) => {
      const { statusCode = 0 } = response;
      if (statusCode < 200 || statusCode > 399) return finish('bad-status');
      // The body is read, up to the limit, even where nothing is looked for in it: an answer cut off looks like a fault.
      if (searchString === undefined) resolve('passed');
      allow(allowances.bodyMs, 'no-match');
      let body = Buffer.alloc(0);
      response.on('data', (chunk: Buffer) => {
        body = Buffer.concat([body, chunk]).subarray(0, BODY_BYTES);
        if (searchString !== undefined && body.includes(searchString)) finish('passed');
        else if (body.length === BODY_BYTES) finish('no-match');
      });
      response.on('end', () => finish('no-match'));
      response.on('error', () => finish('no-match'));
    });
    request.end();
  });
}
