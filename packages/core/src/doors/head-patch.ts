import { validateHeaderValue } from 'node:http';
import type { Decision, NodeResponse, RequestOutcome, ResponseHead } from '../http/decision.ts';
import { afterHead } from './after-head.ts';
import { reportFailure } from './failure.ts';
import { onResponseEnd, responseEnd } from './response-end.ts';
import { wantsHead } from './wants-head.ts';

/** Header fields in the forms that `writeHead` accepts: an object, a flat array, or an array of pairs. */
type GivenHeaders = Readonly<Record<string, unknown>> | readonly unknown[];
type WriteHead = (status: number, message?: string, headers?: never) => NodeResponse;

/**
 * The head of a Node response: the fields that are set on the response itself. With HTTP/2 we must refuse bad values
 * ourselves.
 */
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

/** Never changes an array that the app has passed in and may use again. Node's `appendHeader` does. */
export function appendTo(response: NodeResponse, name: string, value: string | readonly string[]): void {
  const before = response.getHeader(name);
  if (before === undefined) response.setHeader(name, value);
  else response.setHeader(name, [before, value].flat().map(String));
}

/** What is known of the head so far. Status 0 means that there is none yet. */
interface Sent {
  status: number;
  at: number;
}

/** Runs the hooks of a decision for any answer, however it is written and however it ends. */
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
  // The client left during the decision. Report it now: no event follows.
  const end = responseEnd(response);
  if (end === 'under way') onResponseEnd(response, ended);
  else ended(end === 'cut short');
}

/**
 * Patches `writeHead`, because every way of writing a head goes through it: Node itself calls it for an implicit head,
 * over HTTP/2 too. So the hook loses no header of the app, and the app loses no header of the hook.
 */
function patchHead(response: NodeResponse, decision: Decision, sent: Sent): void {
  const original = response.writeHead as WriteHead;
  let isHooked = false;
  const writeHead = (given: number, message?: string | GivenHeaders, headers?: GivenHeaders): NodeResponse => {
    // Node refuses this head itself. The app may then try another one.
    if (sent.status !== 0 || response.headersSent || !(given >= 100 && given <= 999)) {
      return Reflect.apply(original, response, [given, message, headers]);
    }
    if (isHooked || !wantsHead(decision)) {
      original.call(response, given, message as string, headers as never);
    } else {
      const text = typeof message === 'string' ? message : undefined;
      setAll(response, headers ?? (typeof message === 'string' ? undefined : message));
      isHooked = true;
      try {
        decision.onHead?.(new NodeHead(response, given | 0));
      } catch (error) {
        reportFailure('onHead', error);
      }
      Reflect.apply(original, response, text === undefined ? [given] : [given, text]);
    }
    sent.status = given | 0;
    if (decision.onDone !== undefined) sent.at = performance.now();
    afterHead(decision);
    return response;
  };
  response.writeHead = writeHead as typeof response.writeHead;
}

/**
 * Sets the headers that were given to `writeHead`, as Node does: they replace earlier ones, and a name that is given
 * twice stays twice.
 */
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
