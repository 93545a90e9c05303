import type { RequestView } from '../http/decision.ts';
import { pathOf } from './node-view.ts';

const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i;

/** A fetch `Request` as a decider sees it: parsed by the runtime, not the bytes that were sent. */
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

  /** Some runtimes put the host only into the URL. If there is a field too, the field is what the client sent. */
  get host(): string | undefined {
    const host = this.raw.headers.get('host') ?? ORIGIN.exec(this.raw.url)?.[1];
    return host === undefined || host === '' || host.includes(',') ? undefined : host;
  }

  /** A fetch `Request` does not contain the version. */
  get httpVersion(): string {
    return '1.1';
  }

  get signal(): AbortSignal {
    return this.raw.signal;
  }

  /** Repeated fields arrive as one value, because `Headers` joins them. */
  header(name: string): readonly string[] {
    const value = this.raw.headers.get(name);
    return value === null ? [] : [value];
  }
}

/** The URL of a request in origin-form. */
export function targetOf(request: Request): string {
  const target = request.url.replace(ORIGIN, '').replace(/#.*$/s, '');
  return target.startsWith('/') ? target : `/${target}`;
}
