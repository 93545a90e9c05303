import http from 'node:http';
import https from 'node:https';
import { check } from '@regionkit/core/kit';
import type { Check } from './check.ts';

/** How {@link httpCheck} asks. */
export interface HttpCheckOptions {
  /** @default 'GET' */
  readonly method?: 'GET' | 'HEAD' | 'OPTIONS';
  /** @default {} */
  readonly headers?: Readonly<Record<string, string>>;
  /** Which statuses pass. A redirect is an answer like any other: it is not followed. @default 200 to 299 */
  readonly expect?: (status: number) => boolean;
  /** @default none: every run opens a connection, since that is part of what can fail */
  readonly agent?: http.Agent;
}

/** Something answers at `url`. The body is not read. */
export function httpCheck(url: string, options: HttpCheckOptions = {}): Check {
  if (!URL.canParse(check.string('checks.http: url', url))) throw new TypeError('checks.http: url must be a URL');
  const { protocol } = new URL(url);
  check.oneOf('checks.http: url: scheme', protocol, ['http:', 'https:']);
  const { method = 'GET', headers = {}, expect = (status) => status >= 200 && status < 300, agent = false } = options;
  const client = protocol === 'https:' ? https : http;
  return (signal) =>
    new Promise((resolve, reject) => {
      const request = client.request(url, { method, headers, agent, signal });
      request.on('error', reject);
      request.on('response', (response) => {
        const { statusCode: status = 0 } = response;
        response.destroy();
        // What is thrown in a listener, or rejected there, would end the process.
        (async () => expect(status))().then(
          (expected) => resolve({ status: expected ? 'pass' : 'fail', message: `answered ${status}` }),
          reject,
        );
      });
      request.end();
    });
}
