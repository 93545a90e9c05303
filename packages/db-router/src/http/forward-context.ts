import type { AnswerKind } from './answer-mark.ts';
import type { BodyFeed } from './body.ts';
import type { Client } from './client.ts';
import type { ForwardError, ForwardFailure } from './errors.ts';
import type { RawFields } from './headers.ts';
import type { Patience } from './patience.ts';
import type { ClientNames } from './slots.ts';

/** One request that is forwarded. */
export interface ForwardRequest {
  readonly method: string;
  /** In origin-form. */
  readonly target: string;
  readonly host: string | undefined;
  readonly client: Client;
  readonly clientNames: ClientNames;
  readonly to: string;
  readonly origin: string;
  /** When the request arrived at the gate. */
  readonly startedAtMs: number;
  readonly write: boolean;
  /** Whether the `X-Forwarded-*` fields of the request are trusted. */
  readonly trusted: boolean;
  /** Called when it has failed, before the failure is answered. */
  failed(error: ForwardError): void;
}

/** What is sent of a request besides its method and target. */
export interface SentRequest {
  readonly fields: RawFields;
  readonly body: ExchangeRequest['body'];
  readonly contentLength: string | undefined;
}

/** What sends a forward on, through whichever door its request came. */
export interface ForwardContext {
  /** A patience with the client of a forward. */
  patience(onOut: () => void): Patience;
  /** Starts the exchange and counts its end. Returns the failure if it cannot start. */
  send(forward: ForwardRequest, sent: SentRequest, sink: AnswerSink): Exchange | ForwardFailure;
  /** The head of an answer arrived. */
  answered(forward: ForwardRequest, status: number): void;
  /** Makes the error for a failure, and reports it to the router and in the events. */
  explain(forward: ForwardRequest, failure: ForwardFailure, cause: unknown): ForwardError;
}

/** One request to another region. */
export interface ExchangeRequest {
  readonly method: string;
  readonly target: string;
  readonly fields: string[];
  /** A feed is read while it is sent. */
  readonly body: BodyFeed | Buffer | undefined;
  /** How long the other region may accept nothing although data is ready. */
  readonly bodyTimeoutMs: number;
  /** The milliseconds until the whole exchange must have ended. */
  readonly deadlineMs: number;
  /** What an answer with these fields says about itself. Undefined if no gate has marked it. */
  kindOf(fields: RawFields): AnswerKind | undefined;
}

/** Receives the answer. After `fail` or `end` nothing more is called. */
export interface AnswerSink {
  /** A 1xx answer before the final one. */
  inform(status: number, fields: RawFields): void;
  /** `reason` has one byte for each character, as in a status line. Empty if there is no valid one. */
  head(status: number, reason: string, fields: RawFields): void;
  /** Returns false to pause until {@link Exchange.resume}. The chunk then belongs to the sink. */
  data(chunk: Buffer): boolean;
  end(): void;
  fail(failure: ForwardFailure, cause: unknown): void;
}

export interface Exchange {
  /** The sink can accept more. */
  resume(): void;
  /**
   * The client has disconnected. The other region sees a disconnect. The exchange fails with this reason, unless it has
   * ended.
   */
  abandon(): void;
  /** The answer arrived but could not be passed to the client. */
  breakOff(cause: unknown): void;
  /**
   * How much patience is left for the client, from 1 to 0. It is 0 for a client that has disconnected, and 1 if ending
   * the exchange would free no slot.
   */
  patience(): number;
  /** Ends it, because its client is slow and other requests need the slot. */
  giveUp(): void;
}
