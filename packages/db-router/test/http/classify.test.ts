import { describe, expect, test } from 'vitest';
import { classifyFailure, plainCause } from '../../src/http/classify.ts';

const coded = (code: string): Error => Object.assign(new Error('x'), { code });

describe('classifyFailure()', () => {
  test.each([
    ['ECONNREFUSED', 'connection_refused'],
    ['UND_ERR_CONNECT_TIMEOUT', 'connection_timeout'],
    ['ETIMEDOUT', 'connection_timeout'],
    ['ENOTFOUND', 'dns_error'],
    ['EAI_AGAIN', 'dns_error'],
    ['CERT_HAS_EXPIRED', 'tls_certificate_error'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls_certificate_error'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'tls_certificate_error'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls_certificate_error'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls_certificate_error'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls_protocol_error'],
    ['EHOSTUNREACH', 'destination_unavailable'],
  ])('%s before a byte was sent is not-sent, as %s', (code, proxyError) => {
    expect(classifyFailure(coded(code), { sent: false, answered: false })).toEqual({
      code: 'ERR_FORWARD_UNREACHABLE',
      outcome: 'not-sent',
      proxyError,
    });
  });

  test('looks into an error that has one for each address', () => {
    const error = new AggregateError([coded('ECONNREFUSED'), coded('EHOSTUNREACH')]);
    expect(classifyFailure(error, { sent: false, answered: false }).proxyError).toBe('connection_refused');
  });

  test.each([
    ['ECONNRESET', 'ERR_FORWARD_INTERRUPTED'],
    ['EPIPE', 'ERR_FORWARD_INTERRUPTED'],
    ['UND_ERR_SOCKET', 'ERR_FORWARD_INTERRUPTED'],
    ['ECONNREFUSED', 'ERR_FORWARD_INTERRUPTED'],
    ['UND_ERR_HEADERS_TIMEOUT', 'ERR_FORWARD_TIMEOUT'],
    ['UND_ERR_HEADERS_OVERFLOW', 'ERR_FORWARD_BAD_ANSWER'],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'ERR_FORWARD_BAD_ANSWER'],
    ['', 'ERR_FORWARD_INTERRUPTED'],
  ])('%s after a byte was sent is unknown', (code, expected) => {
    expect(classifyFailure(coded(code), { sent: true, answered: false })).toMatchObject({
      code: expected,
      outcome: 'unknown',
    });
    expect(classifyFailure(coded(code), { sent: true, answered: true })).toMatchObject({
      code: 'ERR_FORWARD_INCOMPLETE',
      outcome: 'unknown',
    });
  });

  test('takes anything for an error', () => {
    for (const error of [undefined, null, 'x', {}, { code: 7 }]) {
      expect(classifyFailure(error, { sent: true, answered: false }).outcome).toBe('unknown');
      expect(classifyFailure(error, { sent: false, answered: false }).outcome).toBe('not-sent');
    }
  });
});

describe('plainCause()', () => {
  test('keeps the code and nothing that was sent or received', () => {
    const secret = Object.assign(new Error('10.0.0.7 said hunter2'), {
      code: 'ECONNRESET',
      data: 'hunter2',
      socket: {},
    });
    expect(JSON.stringify({ ...plainCause(secret), text: String(plainCause(secret)) })).toBe(
      '{"text":"Error: ECONNRESET"}',
    );
    expect(plainCause(new Error('hunter2'))).toBeUndefined();
  });

  test("knows the parser's error by its name", () => {
    const error = Object.assign(new Error('x'), { name: 'HTTPParserError', code: undefined, data: 'SSH-2.0' });
    expect(plainCause(error)?.message).toBe('HTTPParserError');
    expect(classifyFailure(error, { sent: true, answered: false }).code).toBe('ERR_FORWARD_BAD_ANSWER');
  });
});
