export { ForwardError, type ForwardErrorCode } from './errors.ts';
export type { WriteGateEvents } from './events.ts';
export { createWriteGate, type WriteGate } from './gate.ts';
export type { Hop } from './hop.ts';
export type { ForwardOptions, TokenOptions, WriteGateOptions } from './options.ts';
export type { ForwardOutcome, ProxyErrorType } from './proxy-status.ts';
export type { GateReason } from './ruling.ts';
