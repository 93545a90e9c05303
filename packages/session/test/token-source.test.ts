import { requestView } from '@regionkit/core/testing';
import { describe, expect, it } from 'vitest';
import { bearer, cookie } from '../src/index.ts';

const fromBearer = (...authorization: string[]): readonly string[] =>
  bearer().read(requestView({ headers: { authorization } }));
const fromCookie = (...values: string[]): readonly string[] =>
  cookie('__Secure-session').read(requestView({ headers: { cookie: values } }));

describe('bearer()', () => {
  it('takes the credentials after the scheme, whose case and spaces do not matter', () => {
    expect(fromBearer('Bearer a.b.c')).toEqual(['a.b.c']);
    expect(fromBearer('bearer a.b.c')).toEqual(['a.b.c']);
    expect(fromBearer('BEARER   a.b.c')).toEqual(['a.b.c']);
  });

  it('leaves other schemes alone', () => {
    for (const other of ['Basic YTpi', 'DPoP a.b.c', 'Bearerx a.b.c', 'Token a', 'a.b.c', '']) {
      expect(fromBearer(other)).toEqual([]);
    }
    expect(fromBearer()).toEqual([]);
    expect(fromBearer('Basic YTpi', 'Basic YTpj')).toEqual([]);
  });

  it('passes on what is malformed, to be refused', () => {
    expect(fromBearer('Bearer')).toEqual(['']);
    expect(fromBearer('Bearer a b')).toEqual(['a b']);
    expect(fromBearer('Bearer "a.b.c"')).toEqual(['"a.b.c"']);
  });

  it('strips the scheme of each', () => {
    expect(fromBearer('Bearer a, bearer b')).toEqual(['a', 'b']);
    expect(fromBearer('Basic YTpi', 'Bearer a')).toEqual(['Basic YTpi', 'a']);
  });

  it('counts two credentials as two, however they are joined', () => {
    for (const two of [
      ['Bearer a', 'Bearer b'],
      ['Bearer a, Bearer b'],
      ['Bearer a,Bearer b'],
      ['Bearer a, b'],
      ['Basic YTpi', 'Bearer a'],
      ['Basic YTpi, Bearer a'],
      ['Bearer a', 'Bearer a'],
    ]) {
      expect(fromBearer(...two).length).toBeGreaterThan(1);
    }
  });
});

describe('cookie()', () => {
  it('takes the value, quoted or not', () => {
    expect(fromCookie('x=1; __Secure-session=a.b.c; y=2')).toEqual(['a.b.c']);
    expect(fromCookie('__Secure-session="a.b.c"')).toEqual(['a.b.c']);
  });

  it('is not confused by names that are almost its own', () => {
    expect(fromCookie('session=x; __secure-session=x; x__Secure-session=x; __Secure-session2=x')).toEqual([]);
    expect(fromCookie('x=__Secure-session=a')).toEqual([]);
  });

  it('counts two of the same name as two', () => {
    expect(fromCookie('__Secure-session=a; __Secure-session=b')).toEqual(['a', 'b']);
    expect(fromCookie('__Secure-session=a', '__Secure-session=b')).toEqual(['a', 'b']);
  });

  it('puts a token together that was cut into chunks, however many came in whatever order', () => {
    const read = (field: string, options = { chunks: true }) =>
      cookie('s', options).read(requestView({ headers: { cookie: field } }));
    expect(read('s.1=b; s.0=a; s.2=c; s.x=no; s.00=no')).toEqual(['abc']);
    expect(read('s.0=a; s.1=b; s.3=d')).toEqual(['ab']);
    expect(read('s.1=b; s.2=c')).toEqual([]);
    expect(read('s.0=a; s.1=; s.2=c')).toEqual(['a']);
    expect(read('s=whole')).toEqual(['whole']);
    expect(read('s=whole; s.0=a')).toEqual(['whole', 'a']);
    expect(read('s.0=a; s.1=b', { chunks: false })).toEqual([]);
    expect(read(Array.from({ length: 12 }, (_, at) => `s.${at}=${at % 10}`).join('; '))).toEqual(['01234567']);
  });

  it('takes a chunk with a twin for two tokens, unless they are equal', () => {
    const read = (field: string) => cookie('s', { chunks: true }).read(requestView({ headers: { cookie: field } }));
    expect(read('s.0=a; s.1=b; s.1=X')).toEqual(['ab', 'aX']);
    expect(read('s.0=a; s.0=a; s.1=b')).toEqual(['ab']);
  });

  it('refuses options that it does not have', () => {
    expect(() => cookie('s', { chunked: true } as never)).toThrow(/chunked/);
    expect(() => cookie('s', { chunks: 1 } as never)).toThrow(TypeError);
  });

  it('refuses a name that is none', () => {
    for (const bad of ['', 'a b', 'a=b', 'a;b', 'é']) expect(() => cookie(bad)).toThrow(RangeError);
  });
});
