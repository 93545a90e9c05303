import { Readable } from 'node:stream';
import { isLoopback } from '@regionkit/core/kit';
import { SourceError } from '../failure.ts';
import { isAwsHost } from './partitions.ts';

/** The largest accepted answer. Twenty secrets of 64 KB fit, with every byte escaped. */
const MAX_ANSWER_BYTES = 16_777_216;

/** The part of an outgoing request that the SDK shows us. */
interface Outgoing {
  readonly protocol?: string;
  readonly hostname?: string;
  readonly port?: number;
}

/** The part of a command's middleware stack that the guard needs. Every command of the SDK has it. */
interface Guarded {
  readonly middlewareStack: {
    add(middleware: never, options: never): void;
  };
}

/** Tells where a guarded command was sent, if not to AWS. */
export interface Guard {
  readonly endpoint: string | undefined;
}

type Next = (args: { readonly request: unknown }) => Promise<{ response?: unknown }>;

/**
 * Lets a command go only to AWS or to this machine. TLS is required, except to this machine. This holds wherever the
 * endpoint was configured: the SDK also reads it from the environment and from profiles. The guard also limits the size
 * of the answer, which the SDK does not.
 */
export function guard(command: Guarded): Guard {
  let endpoint: string | undefined;
  const outgoing = (next: Next) => (args: { readonly request: unknown }) => {
    const { protocol, hostname = '', port } = args.request as Outgoing;
    if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback(hostname))) {
      throw new SourceError('refused');
    }
    if (!isAwsHost(hostname)) endpoint = `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`;
    return next(args);
  };
  const incoming = (next: Next) => async (args: { readonly request: unknown }) => {
    const result = await next(args);
    const response = result.response as { body?: unknown } | undefined;
    if (response?.body instanceof Readable) response.body = bounded(response.body);
    return result;
  };
  command.middlewareStack.add(
    outgoing as never,
    { step: 'build', priority: 'low', name: 'regionkitEndpoint' } as never,
  );
  command.middlewareStack.add(
    incoming as never,
    { step: 'deserialize', priority: 'low', name: 'regionkitAnswerSize' } as never,
  );
  return {
    get endpoint() {
      return endpoint;
    },
  };
}

function bounded(body: Readable): Readable {
  return Readable.from(
    (async function* () {
      let bytes = 0;
      for await (const chunk of body as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) throw new SourceError('invalid', 'too-large');
        yield chunk;
      }
    })(),
    { objectMode: false },
  );
}
