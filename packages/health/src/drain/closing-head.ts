import type { ServerResponse } from 'node:http';

type WriteHead = (this: ServerResponse, ...given: unknown[]) => ServerResponse;

/**
 * Adds `Connection: close` ([RFC 9112 section 9.6](https://www.rfc-editor.org/rfc/rfc9112#section-9.6)) to the head of
 * `response` if `isLast` is true when the head is written. Node does this itself unless the app set the field: for
 * example a proxy that copies `keep-alive` from its upstream, or an event stream. Client and server would then both
 * keep a connection that is about to end.
 */
export function closeAtHead(response: ServerResponse, isLast: () => boolean): void {
  const writeHead = response.writeHead as unknown as WriteHead;
  const corrected: WriteHead = function (...given) {
    if (given[0] === 101 || !isLast()) return writeHead.apply(this, given);
    if (this.hasHeader('connection') && !isUpgrade(this.getHeader('connection'))) this.setHeader('Connection', 'close');
    return writeHead.apply(this, given.map(withClose));
  };
  response.writeHead = corrected as unknown as ServerResponse['writeHead'];
}

/** The fields that were given to `writeHead`, in each of its forms: an object, alternating names and values, pairs. */
function withClose(given: unknown): unknown {
  if (typeof given !== 'object' || given === null) return given;
  if (!Array.isArray(given)) {
    return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, fieldValue(name, value)]));
  }
  if (given.some(Array.isArray)) {
    return given.map((pair: readonly unknown[]) => [pair[0], fieldValue(pair[0], pair[1])]);
  }
  return given.map((value: unknown, at) => (at % 2 === 1 ? fieldValue(given[at - 1], value) : value));
}

function fieldValue(name: unknown, value: unknown): unknown {
  return typeof name === 'string' && name.toLowerCase() === 'connection' && !isUpgrade(value) ? 'close' : value;
}

function isUpgrade(value: unknown): boolean {
  return /\bupgrade\b/i.test(String(value));
}
