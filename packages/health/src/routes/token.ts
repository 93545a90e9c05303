import { isLive, type Live, type RequestView } from '@regionkit/core';
import { equalInConstantTime, type Secrets } from '@regionkit/core/kit';

const MIN_BYTES = 16;

/** Whether a request carries the token, compared in constant time. */
export function createTokenCheck(token: Secrets | Live<Secrets> | undefined): (request: RequestView) => boolean {
  if (token === undefined) return () => false;
  const live: Live<Secrets> | undefined = isLive(token) ? token : undefined;
  const list = (given: Secrets): readonly string[] => (typeof given === 'string' ? [given] : given);
  let source = live === undefined ? (token as Secrets) : live.current;
  let tokens = list(source);
  if (tokens.length === 0 || !tokens.every((each) => typeof each === 'string')) {
    throw new TypeError('createHealth: token must be a token or a list of tokens');
  }
  if (!tokens.every(isLongEnough)) throw new RangeError(`createHealth: token must be at least ${MIN_BYTES} bytes long`);
  const update = (from: Live<Secrets>): void => {
    try {
      if (from.current === source) return;
      source = from.current;
      // A live value that turns bad opens nothing: a short one could be guessed.
      tokens = list(source).filter((each) => typeof each === 'string' && isLongEnough(each));
    } catch {
      // So does one that cannot be read, as that of a secret that has expired.
      tokens = [];
    }
  };
  return (request) => {
    const given = request.header('authorization');
    if (given.length !== 1) return false;
    const match = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(given[0] as string)?.[1];
    if (match === undefined) return false;
    if (live !== undefined) update(live);
    return tokens.some((each) => equalInConstantTime(each, match));
  };
}

function isLongEnough(token: string): boolean {
  return Buffer.byteLength(token) >= MIN_BYTES;
}
