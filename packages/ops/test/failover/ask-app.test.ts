import { readFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { askApp } from '../../src/failover/survey/ask-app.ts';
import { makeCertificate, webServer } from '../doctor/front/web-server.ts';

const VIEW = { region: 'eu', writes: 'pass', regions: [{ name: 'us', reads: 'pass', writes: 'fail' }] };
const asked = { token: 'a-token', ca: undefined, timeoutMs: 500, signal: new AbortController().signal };
const detail: RequestListener = (_request, response) => void response.end(JSON.stringify(VIEW));

describe('askApp()', () => {
  it('trusts the issuers of caFile, and no other certificate', async () => {
    const certificate = makeCertificate(['localhost'], 30);
    const url = await webServer(detail, certificate);
    expect(await askApp(url, asked)).toEqual({ ok: false, why: 'unreachable' });
    const ca = await readFile(certificate.certFile, 'utf8');
    expect(await askApp(url, { ...asked, ca })).toMatchObject({ ok: true, view: { region: 'eu' } });
  });

  const HOSTILE: readonly (readonly [harm: string, handler: RequestListener, why: 'unreachable' | 'no-detail'])[] = [
    [
      'a body that does not end',
      (_request, response) => {
        const more = (): void => {
          while (!response.destroyed && response.write(' '.repeat(65_536)));
        };
        response.on('drain', more);
        more();
      },
      'unreachable',
    ],
    [
      'a byte now and then',
      (_request, response) => {
        const timer = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(timer));
      },
      'unreachable',
    ],
    ['no answer', () => {}, 'unreachable'],
    [
      'an answer that is cut',
      (_request, response) => {
        response.writeHead(200, { 'content-length': 99 }).write('{', () => response.destroy());
      },
      'unreachable',
    ],
    ['a redirect', (_request, response) => void response.writeHead(302, { location: '/other' }).end(), 'no-detail'],
    ['null', (_request, response) => void response.end('null'), 'no-detail'],
    ['a list', (_request, response) => void response.end('[]'), 'no-detail'],
    [
      'regions that are no list',
      (_request, response) => void response.end('{"region":"eu","writes":"pass","regions":{}}'),
      'no-detail',
    ],
    [
      'a region that is no text',
      (_request, response) => void response.end('{"region":1,"writes":"pass","regions":[]}'),
      'no-detail',
    ],
  ];
  for (const [harm, handler, why] of HOSTILE) {
    it(`takes ${harm} for ${why}`, async () => {
      expect(await askApp(await webServer(handler), asked)).toEqual({ ok: false, why });
    });
  }

  it('leaves out regions without a name, and believes no age and timeline that are no numbers', async () => {
    const regions = [
      null,
      1,
      {},
      { name: 'us', ageMs: '0', primary: { timeline: '9' } },
      { name: 'ap', primary: null },
    ];
    const url = await webServer((_request, response) => void response.end(JSON.stringify({ ...VIEW, regions })));
    const answer = await askApp(url, asked);
    expect(answer).toMatchObject({
      ok: true,
      view: { regions: [{ name: 'us', ageMs: undefined, timeline: undefined }, { name: 'ap' }] },
    });
  });
});
