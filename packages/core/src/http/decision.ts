import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

/** A request as Node's http, https or http2 compatibility API gives it. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;
/** Its response. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** What a decider sees of a request: the same on every door, and nothing that reads the body. */
export interface RequestView {
  readonly method: string;
  /** The request target in origin-form, as it was sent, before any mount was stripped; as parsed on a pure fetch handler. */
  readonly target: string;
  /** The path below the mount point, without the query. */
  readonly path: string;
  /** The `Host` field, or `:authority` on HTTP/2; undefined when it is missing or was sent twice. */
  readonly host: string | undefined;
  /** Every value of a field, in the order it was sent; empty when there is none. `name` in lower case. */
  header(name: string): readonly string[];
  /** Such as `1.1` or `2.0`; a pure fetch handler is not told and says `1.1`. */
  readonly httpVersion: string;
  /** Aborted when the client goes away before the answer has ended. */
  readonly signal: AbortSignal;
  /** Node's own request, or the fetch `Request`: the object that stands for this request, for a `WeakMap`. */
  readonly raw: object;
}

/** The head of an answer, about to be written. Field names are case-insensitive. */
export interface ResponseHead {
  readonly status: number;
  /** Every value of a field; empty when there is none. */
  get(name: string): readonly string[];
  set(name: string, value: string): void;
  /** Adds a value beside those already there: `Set-Cookie`, `Vary`. */
  append(name: string, value: string): void;
}

/** How a request ended. */
export interface RequestOutcome {
  /** The status that was sent; 0 if the head never was. */
  readonly status: number;
  /** From the arrival of the request to its head, in milliseconds; to its end, if the head never was sent. */
  readonly headMs: number;
  readonly durationMs: number;
  /** The client went away before the answer had ended. */
  readonly aborted: boolean;
  /** Who answered: the app, a decider, or another region. */
  readonly by: 'handler' | 'respond' | 'proxy';
}

/** What may be wanted of the answer, whoever gives it. What a hook throws is dropped. */
export interface AnswerHooks {
  /** Called once when the head is written: what the handler has done is known by then. */
  onHead?(head: ResponseHead): void;
  /** Called once when the request has ended, even if its head never was written. */
  onDone?(outcome: RequestOutcome): void;
}

/** Let the request through, and be told of its answer. */
export interface NextDecision extends AnswerHooks {
  readonly action: 'next';
  readonly reason: string;
  /** Runs the rest of the request, for an `AsyncLocalStorage` that must cover the handler. Calls `run` exactly once. */
  scope?<T>(run: () => T): T;
}

/** Answer the request here and now. */
export interface RespondDecision extends AnswerHooks {
  readonly action: 'respond';
  readonly reason: string;
  readonly status: number;
  /**
   * Replace what was set before, except `Set-Cookie`, `Vary` and `Access-Control-Expose-Headers`, which are added. No
   * `Content-Length`: the door knows it.
   */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: string | Uint8Array;
}

/** Hand the whole request over, before its body was read. Neither method rejects: what fails is answered. */
export interface ProxyDecision extends AnswerHooks {
  readonly action: 'proxy';
  readonly reason: string;
  node(request: NodeRequest, response: NodeResponse): Promise<void>;
  fetch(request: Request): Promise<Response>;
}

/** What to do with a request. `reason` is of a closed set of the decider's. */
export type Decision = NextDecision | RespondDecision | ProxyDecision;

/** The place of a decider in the one right order: health, affinity, session, gate. */
export type DeciderKind = 'health' | 'affinity' | 'session' | 'gate';

/** A function from a request to what is done with it: all the policy there is; the doors carry it out. */
export interface Decider {
  /** Lets `compose` keep the order. A decider of the user's own has none and stays where it is put. */
  readonly kind?: DeciderKind;
  /**
   * May return at once (the usual case) or later. If it throws or rejects, `affinity`, `health` and deciders without a
   * kind let the request continue; `session` and `gate` answer 503.
   */
  decide(request: RequestView): Decision | Promise<Decision>;
}
