import http from 'node:http';
import https from 'node:https';

/**
 * The result of one health check. Status 2xx and 3xx pass. Redirects are not followed.
 * - `refused`: no connection, because no server listens or the host does not exist
 * - `connect-timeout`, `status-timeout`: too late
 * - `broken`: the connection ended, or sent something that is not HTTP, before the status
 * - `bad-status`: any other status
 * - `no-match`: the search string was not within the first 5,120 bytes, or came too late
 */
export type HealthCheckReason =
  | 'passed'
  | 'refused'
  | 'connect-timeout'
  | 'status-timeout'
  | 'broken'
  | 'bad-status'
  | 'no-match';

/** The longest time for each step of a check. */
export interface Allowances {
  readonly connectMs: number;
  /** From the connection to the status. */
  readonly statusMs: number;
  /** From the status to the search string. */
  readonly bodyMs: number;
}

export interface HealthCheckOptions {
  readonly allowances: Allowances;
  readonly searchString?: string | undefined;
  /** Ends the check. Its result is not used then. */
  readonly signal: AbortSignal;
}

const BODY_BYTES = 5_120;
const HEADERS = { 'user-agent': 'Amazon-Route53-Health-Check-Service (simulated by @regionkit/lab)', accept: '*/*' };

/** Checks an endpoint once, over a new connection. Never rejects, and does not keep the process alive. */
export function checkHealth(
  url: URL,
  { allowances, searchString, signal }: HealthCheckOptions,
): Promise<HealthCheckReason> {
  return new Promise((resolve) => {
    // Route 53 does not check certificates.
    const tls = { rejectUnauthorized: false };
    const request =
      url.protocol === 'https:'
        ? https.request(url, { agent: false, headers: HEADERS, ...tls })
        : http.request(url, { agent: false, headers: HEADERS });
    let timer: NodeJS.Timeout | undefined;
    let step = 0;
    let connected = false;

    const finish = (reason: HealthCheckReason): void => {
      clearTimeout(timer);
      step += 1;
      signal.removeEventListener('abort', cancel);
      resolve(reason);
      request.destroy();
    };
    const cancel = (): void => finish('broken');
    const allow = (ms: number, orElse: HealthCheckReason): void => {
      clearTimeout(timer);
      step += 1;
      const current = step;
      const late = (): void => {
        if (step === current) finish(orElse);
      };
      // Give the event loop one turn: if this process was busy, data that arrived in time has not been read yet.
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
      // Read the body up to the limit even without a search string: a truncated answer counts as a failure in the app.
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
