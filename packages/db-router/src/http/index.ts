export { ForwardError, type ForwardErrorCode } from './errors.ts';
export type { WriteGateEvents } from './events.ts';
export type { ForwardOptions } from './forward-options.ts';
export { createWriteGate, type WriteGate } from './gate.ts';
export type { Hop } from './hop.ts';
export type { WriteGateOptions } from './options.ts';
export type { ForwardOutcome, ProxyErrorType } from './proxy-status.ts';
export type { GateReason } from './ruling.ts';
export type { TokenCookieOptions, TokenOptions } from './token-options.ts';
