import { describe, expect, test } from 'vitest';
import { type Provenance, requestFields, responseFields } from '../../src/http/headers.ts';

const from = { httpVersion: '1.1', scheme: 'https', address: '203.0.113.7' } as const;
const ADDED = [
  ['X-Region-Hop', 'mark'],
  ['Via', '1.1 regionkit'],
  ['X-Forwarded-For', '203.0.113.7'],
  ['X-Forwarded-Host', 'app.example.com'],
  ['X-Forwarded-Proto', 'https'],
].flat();

type Given = Partial<Provenance['client'] & Omit<Provenance, 'client'>>;

function request(sent: readonly string[], given: Given = {}, length?: string): readonly string[] {
  const { host, trusted, ...client } = { host: 'app.example.com', trusted: false, ...given };
  return requestFields(sent, { client: { ...from, ...client }, host, trusted }, 'mark', length);
}

describe('requestFields()', () => {
  test('passes on what is for the other end, byte by byte and in order, behind what is ours', () => {
    const sent = [
      ['Authorization', 'Bearer x'],
      ['idempotency-key', '"8e03978e-40d5"'],
      ['Cookie', 'session=1; region-token=v1.a.b'],
      ['X-Region-Token', 'v1.a.b'],
      ['Origin', 'https://app.example.com'],
      ['X-Dup', '1'],
      ['x-dup', '2'],
      ['X-Bytes', '\u00e9\u00ff'],
      ['Accept-Encoding', 'br'],
    ].flat();
    const cookie = ['Cookie', 'session=1; region-token=v1.a.b'];
    expect(request(sent)).toEqual([...ADDED, ...cookie, ...sent.filter((text) => !cookie.includes(text))]);
  });

  test('drops what belongs to one connection, and what Connection names, but nothing that is ours to add', () => {
    const sent = [
      ['Connection', 'close, X-Secret, x-region-hop, Via, X-Forwarded-For, , transfer-encoding'],
      ['connection', 'TE'],
      ['X-Secret', '1'],
      ['Keep-Alive', 'timeout=5'],
      ['Proxy-Connection', 'keep-alive'],
      ['Proxy-Authorization', 'Basic x'],
      ['TE', 'trailers'],
      ['Trailer', 'Expires'],
      ['Transfer-Encoding', 'chunked'],
      ['Upgrade', 'h2c'],
      ['HTTP2-Settings', 'AAMAAABkAARAAAAAAAIAAAAA'],
      ['Expect', '100-continue'],
      ['Host', 'app.example.com'],
      ['Content-Length', '5'],
      ['X-Kept', '1'],
    ].flat();
    expect(request(sent)).toEqual([...ADDED, 'X-Kept', '1']);
  });

  test('replaces what a client says of where it came from', () => {
    const sent = [
      ['X-Region-Hop', 'forged'],
      ['X-Forwarded-For', '127.0.0.1'],
      ['X-Forwarded-Host', 'evil.com'],
      ['X-Forwarded-Proto', 'http'],
      ['X-Forwarded-Port', '1'],
      ['x-forwarded-prefix', '/admin'],
      ['Forwarded', 'for=127.0.0.1'],
    ].flat();
    expect(request(sent)).toEqual(ADDED);
  });

  test.each([
    'Authorization',
    'Cookie',
    'Origin',
    'X-Real-IP',
    'X-Region-Token',
    'Idempotency-Key',
    'Content-Type',
    'Content-Encoding',
    'Sec-Fetch-Site',
  ])('lets no client take away by Connection what the primary decides by: %s', (name) => {
    const sent = ['Connection', `close, ${name.toUpperCase()}`, name, 'x'];
    expect(request(sent)).toEqual([...ADDED, name, 'x']);
  });

  test.each([
    'X-Forwarded-For',
    'X-Forwarded-Host',
    'X-Forwarded-Proto',
    'X-Forwarded-Port',
    'Forwarded',
    'X-Authenticated-User',
    'X-Client-Cert',
  ])('lets no client take away by Connection what a trusted load balancer says: %s', (name) => {
    const value = name === 'X-Forwarded-For' ? '198.51.100.1' : 'said';
    const fields = request(['Connection', `close, ${name}`, name, value], { trusted: true, address: undefined });
    expect(fields[fields.indexOf(name) + 1]).toBe(value);
  });

  test('adds to what a trusted load balancer says', () => {
    const sent = [
      ['X-Forwarded-For', '198.51.100.1, 198.51.100.2'],
      ['X-Forwarded-Proto', 'https'],
      ['X-Forwarded-Port', '443'],
      ['Forwarded', 'for=198.51.100.1'],
    ].flat();
    expect(request(sent, { trusted: true, scheme: 'http', address: '10.0.0.1' })).toEqual(
      [
        ['X-Region-Hop', 'mark'],
        ['Via', '1.1 regionkit'],
        ['X-Forwarded-For', '198.51.100.1, 198.51.100.2, 10.0.0.1'],
        ['X-Forwarded-Host', 'app.example.com'],
        ['X-Forwarded-Proto', 'https'],
        ['X-Forwarded-Port', '443'],
        ['Forwarded', 'for=198.51.100.1'],
      ].flat(),
    );
  });

  test('joins the cookies of an HTTP/2 client, drops its pseudo-fields, and adds itself to Via', () => {
    const sent = [':method', 'POST', ':path', '/', 'cookie', 'a=1', 'cookie', 'b=2', 'via', '2.0 cdn', 'Via', '1.1 lb'];
    const fields = request(sent, { httpVersion: '2.0' });
    expect(fields.slice(2, 4)).toEqual(['Via', '2.0 cdn, 1.1 lb, 2.0 regionkit']);
    expect(fields.slice(-2)).toEqual(['Cookie', 'a=1; b=2']);
  });

  test('says how long the body is only when told, and nothing of an address or host it does not know', () => {
    expect(request([], { address: undefined, host: undefined }, '12')).toEqual([
      'X-Region-Hop',
      'mark',
      'Via',
      '1.1 regionkit',
      'X-Forwarded-Proto',
      'https',
      'Content-Length',
      '12',
    ]);
  });
});

describe('responseFields()', () => {
  test('keeps several Set-Cookie, Proxy-Status, encodings and lengths; drops what belongs to one connection', () => {
    const kept = [
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
      ['Content-Encoding', 'gzip'],
      ['Content-Length', '5'],
      ['Proxy-Status', 'cdn; error=dns_error'],
      ['Via', '1.1 lb'],
      ['Date', 'Thu, 01 Jan 2026 00:00:00 GMT'],
    ].flat();
    const dropped = [
      ['Connection', 'keep-alive, X-Internal'],
      ['X-Internal', '1'],
      ['Keep-Alive', 'timeout=5'],
      ['Transfer-Encoding', 'chunked'],
      ['Trailer', 'X-Checksum'],
      ['Upgrade', 'h2'],
      ['Proxy-Authenticate', 'Basic'],
      ['X-Region-Hop', 'v1.a.code'],
    ].flat();
    expect(responseFields([...dropped, ...kept])).toEqual(kept);
  });
});
