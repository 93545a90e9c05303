import { Buffer } from 'node:buffer';
import { check } from '@regionkit/core/kit';
import type { EpochStore } from '../history/epoch-store.ts';
import { awsFailureOf, nameOf } from './aws-failure.ts';
import { readTimeout } from './timeout.ts';
import { versionedStore } from './versioned-store.ts';

/** What is used of the class `S3` of `@aws-sdk/client-s3`. */
export interface S3Api {
  getObject(
    input: { Bucket: string; Key: string },
    options: { abortSignal: AbortSignal },
  ): Promise<{ Body?: unknown; ETag?: string | undefined }>;
  putObject(
    input: { Bucket: string; Key: string; Body: string; ContentType: string; IfMatch?: string; IfNoneMatch?: string },
    options: { abortSignal: AbortSignal },
  ): Promise<{ ETag?: string | undefined }>;
}

export interface S3EpochStoreOptions {
  /** `new S3({ region, … })` of `@aws-sdk/client-s3`. The app keeps it, and ends it. */
  readonly client: S3Api;
  readonly bucket: string;
  /** @default 'regionkit/epoch.json' */
  readonly key?: string;
  /** A call that takes longer has failed, with all attempts of the SDK. In milliseconds. @default 1_500 */
  readonly timeoutMs?: number;
}

const MAX_BYTES = 262_144;

/**
 * An object in one S3 bucket that all regions share, replaced by conditional writes (`If-Match`, `If-None-Match`): of two
 * processes that save at once, one is refused and loads again.
 *
 * Every process must use the same bucket: a replicated copy of it takes conditional writes of its own, and a process beside the
 * copy would not see the others. Best in a region that has no database. Needs `s3:GetObject`, `s3:PutObject`, and
 * `s3:ListBucket`: without the last one, S3 denies what does not exist yet.
 *
 * @example
 * ```ts
 * const epoch = s3EpochStore({ client: new S3({ region: 'eu-central-1' }), bucket: 'shop-epochs' });
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong; the message names it.
 */
export function s3EpochStore(options: S3EpochStoreOptions): EpochStore {
  check.object('s3EpochStore: options', options, ['client', 'bucket', 'key', 'timeoutMs']);
  const client = check.methods('s3EpochStore: client', options.client, ['getObject', 'putObject']);
  const object = {
    Bucket: check.string('s3EpochStore: bucket', options.bucket),
    Key: check.string('s3EpochStore: key', options.key ?? 'regionkit/epoch.json'),
  };
  return versionedStore('s3EpochStore', readTimeout('s3EpochStore', options), {
    read: async (abortSignal) => {
      try {
        const { Body, ETag } = await client.getObject(object, { abortSignal });
        return { value: await textOf(Body), version: ETag ?? '' };
      } catch (error) {
        if (nameOf(error) === 'NoSuchKey') return undefined;
        throw error;
      }
    },
    write: async (Body, version, abortSignal) => {
      const condition = version === undefined ? { IfNoneMatch: '*' } : { IfMatch: version };
      const input = { ...object, Body, ContentType: 'application/json', ...condition };
      const { ETag } = await client.putObject(input, { abortSignal });
      return ETag ?? '';
    },
    // Deleted since it was loaded.
    failureOf: (error) => (nameOf(error) === 'NoSuchKey' ? 'conflict' : awsFailureOf(error)),
  });
}

/** Reads no more than any router saves. */
async function textOf(body: unknown): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
