import type { NodeTarget, Operations } from '../config/check-config.ts';
import type { Resolved } from './resolve.ts';

/** What a layer is tested with. */
export interface SmokeContext {
  readonly config: Operations;
  readonly region: string;
  /** Where only this region answers. Undefined: the app is not known. */
  readonly origin: string | undefined;
  readonly nodes: readonly NodeTarget[];
  readonly resolved: Resolved;
  readonly ca: string | undefined;
  readonly expectVersion: string | undefined;
  /** The path of the app that writes and reads a row. */
  readonly path: string | undefined;
  readonly signal: AbortSignal;
}

export interface LayerResult {
  readonly state: 'done' | 'failed' | 'unknown';
  readonly says: string;
}

export const ok = (says: string): LayerResult => ({ state: 'done', says });
export const bad = (says: string): LayerResult => ({ state: 'failed', says });
export const unsure = (says: string): LayerResult => ({ state: 'unknown', says });

export interface Layer {
  readonly name: 'dns' | 'tls' | 'app' | 'read' | 'write';
  /** Whether it needs the origin of the app, or the databases. */
  readonly needs: 'origin' | 'databases';
  test(context: SmokeContext): Promise<LayerResult>;
}

/** Each question of a layer. */
export const TIMEOUT_MS = 5_000;
