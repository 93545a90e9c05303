import { validateHeaderValue } from 'node:http';
import type { Decision, NodeResponse, RequestOutcome, ResponseHead } from '../http/decision.ts';
import { reportFailure } from './failure.ts';
import { onResponseEnd, responseEnd } from './response-end.ts';

/** Header fields as `writeHead` takes them: an object, a flat array, or an array of pairs. */
type GivenHeaders = Readonly<Record<string, unknown>> | readonly unknown[];
type WriteHead = (status: number, message?: string) => NodeResponse;

/** The head of a Node response: what is set on the response itself. HTTP/2 leaves it to us to refuse a bad value. */
class NodeHead implements ResponseHead {
  readonly status: number;
  readonly #response: NodeResponse;

  constructor(response: NodeResponse, status: number) {
    this.#response = response;
    this.status = status;
  }

  get(name: string): readonly string[] {
    const value = this.#response.getHeader(name);
    if (value === undefined) return [];
    return Array.isArray(value) ? value.map(String) : [String(value)];
  }

  set(name: string, value: string): void {
    validateHeaderValue(name, value);
    this.#response.setHeader(name, value);
  }

  append(name: string, value: string): void {
    validateHeaderValue(name, value);
    appendTo(this.#response, name, value);
  }
}

/** Unlike Node's `appendHeader`, never grows an array that the app has passed in and may use again. */
export function appendTo(response: NodeResponse, name: string, value: string | readonly string[]): void {
  const before = response.getHeader(name);
  if (before === undefined) response.setHeader(name, value);
  else response.setHeader(name, [before, value].flat().map(String));
}

/** What is known of the head so far: a status of 0 is none. */
interface Sent {
  status: number;
  at: number;
}

/** Lets the hooks of a decision see the answer, however it is given and however it ends. */
export function watchAnswer(
  response: NodeResponse,
  decision: Decision,
  by: RequestOutcome['by'],
  startedAt: number,
): void {
  if (decision.onHead === undefined && decision.onDone === undefined) return;
  const sent: Sent = { status: response.headersSent ? response.statusCode : 0, at: startedAt };
  if (!response.headersSent) patchHead(response, decision, sent);
  if (decision.onDone === undefined) return;

  const ended = (aborted: boolean): void => {
    const now = performance.now();
    const headMs = (sent.status === 0 ? now : sent.at) - startedAt;
    try {
      decision.onDone?.({ status: sent.status, headMs, durationMs: now - startedAt, aborted, by });
    } catch (error) {
      reportFailure('onDone', error);
    }
  };
  // A client that left while it was being decided about is told of at once: nothing else will tell.
  const end = responseEnd(response);
  if (end === 'under way') onResponseEnd(response, ended);
  else ended(end === 'cut short');
}

/**
 * The head is caught where every way of writing it comes by (`writeHead`, which Node calls itself for an implicit head,
 * over HTTP/2 too), so nothing the app sets can be lost to the hook's headers, nor the hook's to those of the app.
 */
function patchHead(response: NodeResponse, decision: Decision, sent: Sent): void {
  const hasHook = decision.onHead !== undefined;
  const original = response.writeHead as WriteHead;
  const writeHead = (given: number, message?: string | GivenHeaders, headers?: GivenHeaders): NodeResponse => {
    // What Node is going to refuse, it refuses by itself: the app may then try another head.
    if (sent.status !== 0 || response.headersSent || !(given >= 100 && given <= 999)) {
      return Reflect.apply(original, response, [given, message, headers]);
    }
    if (!hasHook) {
      Reflect.apply(original, response, [given, message, headers]);
    } else {
      const text = typeof message === 'string' ? message : undefined;
      setAll(response, headers ?? (typeof message === 'string' ? undefined : message));
      sent.status = given | 0;
      try {
        decision.onHead?.(new NodeHead(response, sent.status));
      } catch (error) {
        reportFailure('onHead', error);
      }
      Reflect.apply(original, response, text === undefined ? [given] : [given, text]);
    }
    sent.status = given | 0;
    sent.at = performance.now();
    return response;
  };
  response.writeHead = writeHead as typeof response.writeHead;
}

/** Sets what `writeHead` was given as Node would: it replaces what was set before; a name given twice stays twice. */
function setAll(response: NodeResponse, headers: GivenHeaders | undefined): void {
  if (headers === undefined || headers === null) return;
  if (!Array.isArray(headers)) {
    for (const name of Object.keys(headers)) {
      if (name) response.setHeader(name, (headers as Record<string, string>)[name] as string);
    }
    return;
  }
  const pairs = Array.isArray(headers[0]) ? headers : inPairs(headers);
  const seen = new Set<string>();
  for (const [name, value] of pairs as readonly [string, string][]) {
    if (!name) continue;
    const field = String(name).toLowerCase();
    if (seen.has(field)) appendTo(response, name, value);
    else response.setHeader(name, value);
    seen.add(field);
  }
}

function inPairs(flat: readonly unknown[]): readonly (readonly unknown[])[] {
  if (flat.length % 2 !== 0) {
    throw Object.assign(new TypeError("The argument 'headers' is invalid: a name without a value"), {
      code: 'ERR_INVALID_ARG_VALUE',
    });
  }
  const pairs: unknown[][] = [];
  for (let at = 0; at < flat.length; at += 2) pairs.push([flat[at], flat[at + 1]]);
  return pairs;
}
