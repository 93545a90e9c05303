import http from 'node:http';
import https from 'node:https';
import { check } from '@regionkit/core/kit';
import type { Check } from './check.ts';

/** The options of {@link httpCheck}. */
export interface HttpCheckOptions {
  /** @default 'GET' */
  readonly method?: 'GET' | 'HEAD' | 'OPTIONS';
  /** @default {} */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Which statuses pass. Redirects are not followed; their status counts. @default 200 to 299
   * ([RFC 9110 section 15.3](https://www.rfc-editor.org/rfc/rfc9110#section-15.3))
   */
  readonly expect?: (status: number) => boolean;
  /** @default none: every run opens a connection, because that may fail too */
  readonly agent?: http.Agent;
}

/**
 * Checks that a server answers at `url`. The body is not read.
 *
 * @throws {TypeError | RangeError} `url` is no URL, or its scheme is not http or https.
 */
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
