import { AsyncLocalStorage } from 'node:async_hooks';
import { expect } from 'vitest';
import { type Decider, RegionKitError, rawRequest, type WithDoors } from '../../../src/index.ts';

/** One real framework, with the door mounted in it behind a CORS plugin and in front of the same small app. */
export interface Host {
  readonly name: string;
  /** Where the door is mounted. */
  readonly mount: '' | '/api';
  readonly transport: 'http' | 'http2' | 'fetch';
  start(door: WithDoors<Decider>): Promise<Running>;
}

export interface Running {
  send(request: Sent): Promise<Answer>;
  /** Sends a request whose client goes away once `abandon` is called. */
  open(request: Sent): { readonly headCame: Promise<void>; abandon(): void };
  close(): Promise<void>;
}

export interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  all(name: string): readonly string[];
  readonly body: string;
}

export const ORIGIN = 'https://shop.example';

/** What the scope of a decider holds while the app handles a request. */
export const store: AsyncLocalStorage<string> = new AsyncLocalStorage();

/** What the app has seen since it was last reset. */
export const app = { handled: 0, raw: undefined as object | undefined };

export function resetApp(): void {
  app.handled = 0;
  app.raw = undefined;
}

/** Every handler calls this first, with what its framework gave it. */
export function handling(given: unknown): void {
  app.handled += 1;
  app.raw = rawRequest(given);
}

export function refusal(): RegionKitError {
  return new RegionKitError('ERR_REFUSED', 'not here', {
    status: 503,
    headers: { 'Retry-After': '7', 'X-Region-Hint': 'us-east-1' },
  });
}

/** Waits for what comes about by itself, however busy the machine is. */
export const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 15_000 });

/** A body parser of the kind that calls back from an event and so leaves every asynchronous context. */
export function collect(
  stream: { on(event: 'data' | 'end', listener: (chunk: Buffer) => void): unknown },
  done: (body: string) => void,
): void {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk) => chunks.push(chunk));
  stream.on('end', () => done(Buffer.concat(chunks).toString()));
}
