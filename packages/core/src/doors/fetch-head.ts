import type { RespondDecision, ResponseHead } from '../http/decision.ts';
import { isAdditive } from './head-rules.ts';

/**
 * The head of a fetch `Response`. The first change copies the response: the headers of a response from `fetch` are
 * immutable, and a response object that an app uses again must not collect cookies of other clients.
 */
export class FetchHead implements ResponseHead {
  #response: Response;
  #rebuilt = false;

  constructor(response: Response) {
    this.#response = response;
  }

  /** The response with all changes. */
  get response(): Response {
    return this.#response;
  }

  get status(): number {
    return this.#response.status;
  }

  get(name: string): readonly string[] {
    if (name.toLowerCase() === 'set-cookie') return this.#response.headers.getSetCookie();
    const value = this.#response.headers.get(name);
    return value === null ? [] : [value];
  }

  set(name: string, value: string): void {
    this.#writable().set(name, value);
  }

  append(name: string, value: string): void {
    this.#writable().append(name, value);
  }

  #writable(): Headers {
    if (!this.#rebuilt) {
      this.#response = new Response(this.#response.body, this.#response);
      this.#rebuilt = true;
    }
    return this.#response.headers;
  }
}

/**
 * Makes the response of a decision. `before` holds headers that are already set. They stay unless the decision sets
 * them too.
 */
export function toResponse({ status, headers, body }: RespondDecision, method: string, before?: Headers): Response {
  const merged = new Headers(before);
  for (const [name, value] of headers) {
    if (isAdditive(name)) merged.append(name, value);
    else merged.set(name, value);
  }
  if (body !== undefined) merged.set('content-length', String(Buffer.byteLength(body)));
  return new Response(method === 'HEAD' ? null : (body ?? null), { status, headers: merged });
}

/** Adds the headers that were set before to `response`, unless it sets them itself. */
export function onTopOf(before: Headers, response: Response): Response {
  const merged = new Headers(before);
  for (const name of response.headers.keys()) merged.delete(name);
  for (const [name, value] of response.headers) merged.append(name, value);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers: merged });
}
