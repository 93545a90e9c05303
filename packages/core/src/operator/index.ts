/**
 * Internal tools of the `@regionkit` packages for what only operators reach: the token, and server-sent events. For other packages
 * there is no promise of compatibility between minor versions.
 */

export { createEventParser, type EventParser, type ServerSentEvent } from './event-parser.ts';
export { createRefusals } from './refusals.ts';
export { PRIVATE_FIELDS, streamOnFetch, streamOnNode } from './sinks.ts';
export { createStreams, type Sink, type StreamLog, type Streams, type StreamsOptions } from './streams.ts';
export { createTokenCheck, type TokenRules, tokenToSend } from './token-check.ts';
