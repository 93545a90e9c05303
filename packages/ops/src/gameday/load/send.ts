import { setMaxListeners } from 'node:events';
import { ask, type HttpAnswer } from '../../http.ts';
import type { LoadRequest } from './load.ts';

const REQUEST_MS = 15_000;

export interface Sending {
  /** Where the rows of a place are written and read, with the path. */
  readonly urlOf: (place: string) => string;
  readonly ca: string | undefined;
  /** Ends what is under way. Each request has a listener on it while it is under way. */
  readonly signal: AbortSignal;
}

/** How the driver of a drill sends a request: each on a connection of its own. */
export function createSend({ urlOf, ca, signal }: Sending): (request: LoadRequest) => Promise<HttpAnswer> {
  setMaxListeners(0, signal);
  return ({ place, method, id, headers, body }) => {
    const url = urlOf(place);
    const query = id === undefined ? '' : `${url.includes('?') ? '&' : '?'}id=${id}`;
    return ask(`${url}${query}`, {
      method,
      headers,
      ...(body !== undefined && { body }),
      lookup: undefined,
      ca,
      timeoutMs: REQUEST_MS,
      signal,
    });
  };
}
