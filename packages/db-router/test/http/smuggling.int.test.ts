import { describe, expect, test } from 'vitest';
import { ask } from './answer.ts';
import { raw } from './helpers.ts';
import { bodyOf, pair } from './pair.ts';

const SMUGGLED = 'GET /admin HTTP/1.1\r\nHost: a\r\n\r\n';

/** Requests that a proxy and a server behind it may cut in different places. `%` stands for the smuggled one. */
const corpus: Readonly<Record<string, string>> = {
  'CL.TE': `POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: ${SMUGGLED.length + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n%`,
  'TE.CL': 'POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n%\r\n0\r\n\r\n',
  'CL.CL': `POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n%`,
  'two equal lengths': `POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: ${SMUGGLED.length}\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n%`,
  'a list of lengths': `POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: ${SMUGGLED.length}, ${SMUGGLED.length}\r\n\r\n%`,
  'a signed length': `POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: +${SMUGGLED.length}\r\n\r\n%`,
  'a length in hex': 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0x22\r\n\r\n%',
  'chunked DELETE': `DELETE /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${SMUGGLED.length.toString(16)}\r\n%\r\n0\r\n\r\n`,
  'chunked GET': `GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${SMUGGLED.length.toString(16)}\r\n%\r\n0\r\n\r\n`,
  'chunked OPTIONS': `OPTIONS /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${SMUGGLED.length.toString(16)}\r\n%\r\n0\r\n\r\n`,
  'GET with a length': `GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n%`,
  'DELETE with a length': `DELETE /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n%`,
  'HEAD with a length': `HEAD /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n%`,
  'Transfer-Encoding in odd case': `POST /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\ntRANSFER-eNCODING: cHuNkEd\r\n\r\n${SMUGGLED.length.toString(16)}\r\n%\r\n0\r\n\r\n`,
  'an unknown Transfer-Encoding': `POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n%`,
  'chunked not last': `POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n%`,
  'chunked twice': `POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n%`,
  'identity, then chunked': `POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n%`,
  'a vertical tab before chunked': 'POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n%',
  'a space before the colon': `POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n%`,
  'obs-fold': `POST /a HTTP/1.1\r\nHost: a\r\nX-A: b\r\n Transfer-Encoding: chunked\r\nContent-Length: ${SMUGGLED.length}\r\nConnection: close\r\n\r\n%`,
  'obs-fold of the encoding': 'POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n%',
  'a bare LF': `POST /a HTTP/1.1\r\nHost: a\r\nX-A: b\nTransfer-Encoding: chunked\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n%`,
  'a bare CR': `POST /a HTTP/1.1\r\nHost: a\r\nX-A: b\rTransfer-Encoding: chunked\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n%`,
  'a NUL in a field': `POST /a HTTP/1.1\r\nHost: a\r\nX-A: b\0c\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n%`,
  'a chunk size with a space': 'POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0 \r\n\r\n%',
  'a chunk size too large': `POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n%`,
  'a chunk extension with a bare LF': `POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0;a=\n\r\n\r\n%`,
  'Connection names Transfer-Encoding': `POST /a HTTP/1.1\r\nHost: a\r\nConnection: close, Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n${SMUGGLED.length.toString(16)}\r\n%\r\n0\r\n\r\n`,
  'Connection names Content-Length': `POST /a HTTP/1.1\r\nHost: a\r\nConnection: close, Content-Length\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n%`,
  'Connection names our own field': `POST /a HTTP/1.1\r\nHost: a\r\nConnection: close, X-Region-Hop, Host\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n%`,
  'a trailer that frames': `POST /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${SMUGGLED.length.toString(16)}\r\n%\r\n0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
  'an upgrade to h2c': `POST /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n%`,
  'an absolute target': `POST http://evil.com/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n%`,
  'a target with a space': `POST /a HTTP/1.1 /b HTTP/1.1\r\nHost: a\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n%`,
  'two hosts': `POST /a HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n%`,
};

describe('a request that means to be two', () => {
  test.each(Object.entries(corpus))('is to the primary what it was to the gate: %s', async (_name, template) => {
    const decided: string[] = [];
    const seen: string[] = [];
    const bodies: string[] = [];
    const { eu } = await pair(
      (request, response) => {
        const { method, url, headers } = request;
        bodyOf(request).then(
          (body) => {
            seen.push(`${method} ${url}`);
            if (headers['x-region-hop'] === undefined) seen.push('without a mark');
            bodies.push(body.toString());
            response.end('done');
          },
          () => {},
        );
      },
      {
        isWrite: (request) => {
          const target = request.target.replace(/^http:\/\/[^/]*/, '');
          if (request.header('x-region-hop').length === 0) decided.push(`${request.method} ${target}`);
          return true;
        },
      },
    );
    const sent = template.replace('%', () => SMUGGLED);
    const answers = await raw(eu.port, sent, /HTTP\/1\.1 (?:[45]\d\d|200[\s\S]*HTTP\/1\.1)/);

    if (/^HTTP\/1\.1 (?:400|501)/.test(answers)) {
      expect(seen).toEqual([]);
    } else {
      expect(answers).toMatch(/^HTTP\/1\.1 200/);
      // What the gate itself took for a second request on its client's connection is one, and went through the gate.
      expect([...seen].sort()).toEqual([...decided].sort());
      expect(decided[0]).toMatch(/ \/a$/);
      for (const body of bodies) expect(['', SMUGGLED]).toContain(body);
    }

    // Whatever it was, the connections to the primary are in step: the next request gets its own answer.
    const next = await ask(eu.port, 'POST', '/next', ['Content-Length: 2'], 'ok');
    expect([next.status, next.body, seen.at(-1), bodies.at(-1)]).toEqual([200, 'done', 'POST /next', 'ok']);
  });
});
