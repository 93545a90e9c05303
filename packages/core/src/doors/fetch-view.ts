import type { RequestView } from '../http/decision.ts';
import { pathOf } from './node-view.ts';

const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i;

/** A fetch `Request` as a decider sees it: what the runtime has parsed, not what was sent. */
export class FetchView implements RequestView {
  readonly raw: Request;
  readonly #path: string | undefined;

  /** @param path the path below the mount point */
  constructor(request: Request, path?: string) {
    this.raw = request;
    this.#path = path;
  }

  get method(): string {
    return this.raw.method;
  }

  get target(): string {
    return targetOf(this.raw);
  }

  get path(): string {
    return this.#path ?? pathOf(this.target);
  }

  /** Some runtimes put the field in the URL alone; where both are, the field is what was sent. */
  get host(): string | undefined {
    const host = this.raw.headers.get('host') ?? ORIGIN.exec(this.raw.url)?.[1];
    return host === undefined || host === '' || host.includes(',') ? undefined : host;
  }

  /** A fetch `Request` does not say. */
  get httpVersion(): string {
    return '1.1';
  }

  get signal(): AbortSignal {
    return this.raw.signal;
  }

  /** Values sent separately come as one: `Headers` has joined them. */
  header(name: string): readonly string[] {
    const value = this.raw.headers.get(name);
    return value === null ? [] : [value];
  }
}

/** The origin-form of a request's URL. */
export function targetOf(request: Request): string {
  const target = request.url.replace(ORIGIN, '').replace(/#.*$/s, '');
  return target.startsWith('/') ? target : `/${target}`;
}
