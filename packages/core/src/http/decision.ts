import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

/** A request of Node's http, https or http2 compatibility API. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;
/** Its response. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** A request as a decider sees it. It is the same in every framework, and nothing in it reads the body. */
export interface RequestView {
  readonly method: string;
  /**
   * The request target in origin-form, as it was sent and before a mount removed a prefix. In a pure fetch handler: as
   * parsed by the runtime.
   */
  readonly target: string;
  /** The path below the mount point, without the query. */
  readonly path: string;
  /** The `Host` field, or `:authority` on HTTP/2. Undefined if it is missing or was sent twice. */
  readonly host: string | undefined;
  /** Returns every value of a field in the order of arrival; empty if there is none. `name` is in lower case. */
  header(name: string): readonly string[];
  /** For example `1.1` or `2.0`. A pure fetch handler does not know it and has `1.1`. */
  readonly httpVersion: string;
  /** Aborted if the client disconnects before the answer has ended. */
  readonly signal: AbortSignal;
  /** Node's own request, or the fetch `Request`. It identifies the request: use it as key of a `WeakMap`. */
  readonly raw: object;
}

/** The head of an answer that is about to be written. Field names are case-insensitive. */
export interface ResponseHead {
  readonly status: number;
  /** Returns every value of a field; empty if there is none. */
  get(name: string): readonly string[];
  set(name: string, value: string): void;
  /** Adds a value to the existing ones, for `Set-Cookie` and `Vary`. */
  append(name: string, value: string): void;
}

/** How a request ended. */
export interface RequestOutcome {
  /** The status that was sent; 0 if no head was sent. */
  readonly status: number;
  /** Milliseconds from the arrival of the request to its head, or to its end if no head was sent. */
  readonly headMs: number;
  readonly durationMs: number;
  /** The client disconnected before the answer had ended. */
  readonly aborted: boolean;
  /** Who answered: the app, a decider, or another region. */
  readonly by: 'handler' | 'respond' | 'proxy';
}

/** Hooks on the answer, of this decider or of any handler after it. Errors of a hook are ignored. */
export interface AnswerHooks {
  /**
   * Asked when the head is written, before `onHead`. False: there is nothing to add. `onHead` is not called then, and
   * the head of the app is written as it is, which is cheaper. Asked again if Node refuses the head of the app. An
   * error counts as true. @default true
   */
  wantsHead?(): boolean;
  /**
   * With `onHead`: called once when a head was accepted, also if `wantsHead` said no. A head that Node refuses does not
   * count.
   */
  afterHead?(): void;
  /** Called once when the head is written. The handler has run by then. */
  onHead?(head: ResponseHead): void;
  /** Called once when the request has ended, even if no head was written. */
  onDone?(outcome: RequestOutcome): void;
}

/** Lets the request pass, with hooks on its answer. */
export interface NextDecision extends AnswerHooks {
  readonly action: 'next';
  readonly reason: string;
  /**
   * Runs the rest of the request in an `AsyncLocalStorage` that must cover the handler. Must call `run` exactly once.
   */
  scope?<T>(run: () => T): T;
}

/** Answers the request at once. */
export interface RespondDecision extends AnswerHooks {
  readonly action: 'respond';
  readonly reason: string;
  readonly status: number;
  /**
   * They replace headers that were set before. `Set-Cookie`, `Vary` and `Access-Control-Expose-Headers` are added
   * instead. Leave out `Content-Length`: the door sets it.
   */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: string | Uint8Array;
}

/** Forwards the whole request before its body was read. Neither method rejects: a failure becomes an answer. */
export interface ProxyDecision extends AnswerHooks {
  readonly action: 'proxy';
  readonly reason: string;
  node(request: NodeRequest, response: NodeResponse): Promise<void>;
  fetch(request: Request): Promise<Response>;
}

/** What to do with a request. `reason` is from a closed set of the decider. */
export type Decision = NextDecision | RespondDecision | ProxyDecision;

/** The place of a decider in the required order: health, affinity, session, gate. */
export type DeciderKind = 'health' | 'affinity' | 'session' | 'gate';

/** A function from a request to a decision. It contains all the policy; the doors only carry it out. */
export interface Decider {
  /** Used by `compose` to sort. Your own deciders have no kind and keep their place. */
  readonly kind?: DeciderKind;
  /**
   * Returns at once (the usual case) or later. If it throws or rejects, the request continues for `affinity`, `health`
   * and deciders without a kind, and gets 503 for `session` and `gate`.
   */
  decide(request: RequestView): Decision | Promise<Decision>;
}
