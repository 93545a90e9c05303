import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Inject, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { regionKitErrorOf } from '@regionkit/core';

/**
 * Nest asks `error instanceof …`: true for our errors, and for those that an ORM has wrapped. All others pass by. With an
 * `HttpException` the app has decided what it answers, also if the cause is an error of ours.
 */
// biome-ignore lint/complexity/noStaticOnlyClass: `Catch` takes classes.
class AnyRegionKitError {
  static [Symbol.hasInstance](error: unknown): boolean {
    return !(error instanceof HttpException) && regionKitErrorOf(error) !== undefined;
  }
}

/**
 * Gives an error of regionkit its own answer: status, header fields (`Retry-After`, `X-Region-Hint`,
 * `WWW-Authenticate`) and a body of [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457). Nest's own filter would answer
 * 500, with the message. The module installs it; filters of the app see every other error. An answer 500 is a mistake
 * of the app, so it is also logged.
 */
export class RegionKitFilter implements ExceptionFilter {
  readonly #host: HttpAdapterHost;

  constructor(host: HttpAdapterHost) {
    this.#host = host;
  }

  async catch(error: unknown, host: ArgumentsHost): Promise<unknown> {
    const known = regionKitErrorOf(error);
    // GraphQL reports what a filter returns.
    if (known === undefined || host.getType<string>() !== 'http') return error;
    if (known.status === 500) new Logger(RegionKitFilter.name).error(known.message, known.stack);
    const { httpAdapter } = this.#host;
    const response: unknown = host.getArgByIndex(1);
    if (httpAdapter.isHeadersSent(response)) return httpAdapter.end(response);
    const answer = known.getResponse();
    for (const [name, value] of answer.headers) httpAdapter.setHeader(response, name, value);
    return httpAdapter.reply(response, await answer.text(), answer.status);
  }
}
Catch(AnyRegionKitError)(RegionKitFilter);
Inject(HttpAdapterHost)(RegionKitFilter, undefined, 0);
