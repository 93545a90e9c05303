import type { AnswerKind } from './answer-mark.ts';
import type { BodyFeed } from './body.ts';
import type { Client } from './client.ts';
import type { ForwardError, ForwardFailure } from './errors.ts';
import type { RawFields } from './headers.ts';
import type { Patience } from './patience.ts';
import type { Takers } from './places.ts';

/** One request that is forwarded. */
export interface ForwardRequest {
  readonly method: string;
  /** In origin-form. */
  readonly target: string;
  readonly host: string | undefined;
  readonly client: Client;
  readonly takers: Takers;
  readonly to: string;
  readonly origin: string;
  /** When the request came to the gate. */
  readonly startedAtMs: number;
  readonly write: boolean;
  /** Whether the `X-Forwarded-*` of the request are to be believed. */
  readonly trusted: boolean;
  /** It failed: told before that is answered. */
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
  /** Starts the exchange; its end is counted. The failure is why it cannot be started. */
  send(forward: ForwardRequest, sent: SentRequest, sink: AnswerSink): Exchange | ForwardFailure;
  /** A head came back. */
  answered(forward: ForwardRequest, status: number): void;
  /** The error that a failure is answered with; told to the router and to the events. */
  explain(forward: ForwardRequest, failure: ForwardFailure, cause: unknown): ForwardError;
}

/** One request to another region. */
export interface ExchangeRequest {
  readonly method: string;
  readonly target: string;
  readonly fields: string[];
  /** A feed is read as it is sent. */
  readonly body: BodyFeed | Buffer | undefined;
  /** How long the other region may take nothing of a feed that is there. */
  readonly bodyTimeoutMs: number;
  /** Milliseconds left until the whole exchange must have ended. */
  readonly deadlineMs: number;
  /** What an answer with these fields says of itself: undefined when no gate has marked it. */
  kindOf(fields: RawFields): AnswerKind | undefined;
}

/** Who gets the answer. After `fail` or `end` nothing more is called. */
export interface AnswerSink {
  /** A 1xx answer before the real one. */
  inform(status: number, fields: RawFields): void;
  /** `reason` is one byte a character, as a status line is written; empty when it has none that can be. */
  head(status: number, reason: string, fields: RawFields): void;
  /** False when no more is wanted until {@link Exchange.resume}. The chunk is the sink's. */
  data(chunk: Buffer): boolean;
  end(): void;
  fail(failure: ForwardFailure, cause: unknown): void;
}

export interface Exchange {
  /** The sink can take more. */
  resume(): void;
  /** The client is gone: the other region sees it. Fails as such, unless it has ended. */
  abandon(): void;
  /** The answer came and could not be given to the client. */
  breakOff(cause: unknown): void;
  /** How much patience is left with the client, from 1 to 0: none with one that is gone. 1 while to end it frees no place. */
  patience(): number;
  /** Ends it, as its client keeps it waiting and others want its place. */
  giveUp(): void;
}
